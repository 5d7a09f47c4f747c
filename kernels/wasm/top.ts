import type { ReductionKernels } from '../interface/reductions.ts';
import { type AddFunction, advance, type Callee, doWhile, forRange, type Local, select, when } from './assembler.ts';
import type { Code, Value } from './code.ts';
import type { Engine } from './engine.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as i64 from './instructions/i64.ts';
import * as v128 from './instructions/v128.ts';
import { growingScratch } from './scratch.ts';

/**
 * The largest of a row by a heap of the best so far (Williams 1964), whose root is the last of them: most numbers are compared
 * with the root alone, sixteen at a time. An entry of the heap is an integer of 64 bits that has the order of numbers in its
 * upper half and of their places, the first as the largest, in its lower.
 */

/** Of number j of the row at x. All bits below the sign are turned in negative numbers; zeros are equal, and NaN is above all. */
function entryOf(x: Local, j: Local, bits: Local): Code {
  const order = select(i32.sub(1 << 31, bits), bits, i32.ltS(bits, 0));
  const isNotNumber = i32.ltU(0x7f800000, i32.and(bits, 0x7fffffff));
  const upper = [bits.set(i32.load(i32.add(x, i32.shl(j, 2)))), i64.extendI32U(select(0x7fffffff, order, isNotNumber))];
  return i64.or(i64.shl(upper, i64.extendI32U(32)), i64.extendI32U(i32.xor(j, -1)));
}

/** The place of an entry's number in its row. */
const placeOf = (at: Value): Code => i32.xor(i32.load(at), -1);

/** Adds (heap, bytes, from): lets an entry sink until neither of those below it is smaller. */
const addSink = (func: AddFunction): Callee =>
  func('iii', ([heap, bytes, from], locals) => {
    const [below, end, isHigher, to] = locals('iiii');
    const [entry, least] = locals('ll');
    const look = [
      below.set(i32.add(heap, i32.add(i32.shl(i32.sub(to, heap), 1), 8))),
      isHigher.set(i32.ltS(below, end)),
    ];
    return [
      end.set(i32.add(heap, bytes)),
      to.set(i32.add(heap, from)),
      entry.set(i64.load(to)),
      look,
      when(
        isHigher,
        doWhile(
          isHigher,
          when(
            i32.and(i32.ltS(i32.add(below, 8), end), i64.ltS(i64.load(below, 8), i64.load(below))),
            advance(below, 8),
          ),
          isHigher.set(i64.ltS(least.tee(i64.load(below)), entry)),
          when(isHigher, [i64.store(to, least), to.set(below), look]),
        ),
      ),
      i64.store(to, entry),
    ];
  });

/** Adds (rows, n, k, x, values, indices, heap), k ≥ 1. */
function writeTopK(func: AddFunction): void {
  const sink = addSink(func);
  func('iiiiiii', ([rows, n, k, x, values, indices, heap], locals) => {
    const [i, j, at, bits, bytes, stop] = locals('iiiiii');
    const [entry] = locals('l');
    const [root] = locals('v');
    const place = (array: Local): Code => i32.add(array, i32.shl(j, 2));
    const lookAtRoot = root.set(v128.load32Splat(i32.add(x, i32.shl(placeOf(heap), 2))));
    /** NaN is not behind the root either. */
    const isBehind = [0, 16, 32, 48]
      .map((offset): Code => f32x4.le(v128.load(place(x), offset), root))
      .reduce((p, q) => v128.and(p, q));
    const take = [
      entry.set(entryOf(x, j, bits)),
      when(i64.ltS(i64.load(heap), entry), [i64.store(heap, entry), sink(heap, bytes, 0), lookAtRoot]),
    ];
    return [
      bytes.set(i32.shl(k, 3)),
      forRange(i, 0, rows, 1, [
        forRange(j, 0, k, 1, i64.store(i32.add(heap, i32.shl(j, 3)), entryOf(x, j, bits))),
        at.set(i32.shl(i32.shrU(k, 1), 3)),
        when(at, doWhile(at, advance(at, -8), sink(heap, bytes, at))),
        lookAtRoot,
        j.set(k),
        when(
          i32.ltS(j, n),
          doWhile(i32.ltS(j, n), [
            stop.set(i32.add(j, 16)),
            when(i32.gtS(stop, n), stop.set(n)),
            when(i32.eq(i32x4.bitmask(isBehind), 15), j.set(stop), doWhile(i32.ltS(j.tee(i32.add(j, 1)), stop), take)),
          ]),
        ),
        // The root, behind all that are left, goes to their end.
        at.set(i32.sub(bytes, 8)),
        when(
          at,
          doWhile(at, [
            entry.set(i64.load(i32.add(heap, at))),
            i64.store(i32.add(heap, at), i64.load(heap)),
            i64.store(heap, entry),
            sink(heap, at, 0),
            advance(at, -8),
          ]),
        ),
        forRange(j, 0, k, 1, [
          at.set(placeOf(i32.add(heap, i32.shl(j, 3)))),
          i32.store(place(indices), at),
          i32.store(place(values), i32.load(i32.add(x, i32.shl(at, 2)))),
        ]),
        advance(x, i32.shl(n, 2)),
        advance(values, i32.shl(k, 2)),
        advance(indices, i32.shl(k, 2)),
      ]),
    ];
  });
}

export function top(engine: Engine): Pick<ReductionKernels<Float32Array>, 'topK'> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const topK = engine.kernel(writeTopK);
  return {
    topK: (rows, n, k, x, values, indices) => {
      if (k === 0) return;
      const heap = scratch(8 * k);
      if (heap === 0) return engine.orElse.topK(rows, n, k, x, values, indices);
      const xAt = args.read(x, rows * n);
      const valuesAt = args.write(values, rows * k);
      args.done(topK.fn(rows, n, k, xAt, valuesAt, args.write(indices, rows * k), heap));
    },
  };
}
