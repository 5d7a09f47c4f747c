import { type AddFunction, advance, type Callee, countDown, when } from './assembler.ts';
import type { Code } from './code.ts';
import * as i16x8 from './instructions/i16x8.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';

/**
 * Adds (to, pitch, from, xRow, rows, count, zeroPoint), which copies rows of `count` int8 codes, widened to 16 bits, without
 * their zero point: what is outside of an image in its frame is 0 then, as everywhere.
 */
export const addWidenRows = (func: AddFunction): Callee =>
  func('iiiiiii', ([to, pitch, from, xRow, rows, count, zeroPoint], locals) => {
    const [left, at, place] = locals('iii');
    const [zero, codes] = locals('vv');
    const load = (offset: number): Code => i16x8.sub(v128.load8x8S(at, offset), zero);
    const step = (numbers: number, store: Code): Code => [store, advance(at, numbers), advance(place, 2 * numbers)];
    const rest = [v128.store64Lane, v128.store32Lane, v128.store16Lane].map((store, i) => {
      const numbers = 4 >> i;
      return when(i32.and(left, numbers), step(numbers, [codes.set(load(0)), store(0, place, codes)]));
    });
    const sixteen = [0, 8].map((number) => v128.store(place, load(number), 2 * number));
    const row = [
      left.set(count),
      at.set(from),
      place.set(to),
      countDown(left, 16, 16, step(16, sixteen)),
      when(i32.and(left, 8), step(8, v128.store(place, load(0)))),
      rest,
    ];
    return [zero.set(i16x8.splat(zeroPoint)), countDown(rows, 1, 1, row, advance(from, xRow), advance(to, pitch))];
  });

/** Adds (to, from, other, bytes): `bytes` of numbers of 16 bits, each with that of the other; goes on to the end of a vector. */
export const addPairRows = (func: AddFunction): Callee =>
  func('iiii', ([to, from, other, bytes], locals) => {
    const [x, y] = locals('vv');
    const pairs = (first: number): Code =>
      v128.shuffle16(
        [0, 1, 2, 3].flatMap((i) => [first + i, 8 + first + i]),
        x,
        y,
      );
    return countDown(
      bytes,
      16,
      1,
      x.set(v128.load(from)),
      y.set(v128.load(other)),
      v128.store(to, pairs(0)),
      v128.store(to, pairs(4), 16),
      advance(from, 16),
      advance(other, 16),
      advance(to, 32),
    );
  });
