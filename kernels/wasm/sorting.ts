import type { SortingKernels } from '../interface/sorting.ts';
import { type AddFunction, advance, doWhile, forRange, type Local, select, when } from './assembler.ts';
import type { Code, Value } from './code.ts';
import type { Engine } from './engine.ts';
import * as f64 from './instructions/f64.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';
import { growingScratch } from './scratch.ts';

/**
 * The radix sort of cpu/sorting.ts for float32: its digits are counted while the keys are made, and the counts become
 * addresses. A key with its place is one item of eight bytes, moved as a double, which keeps all bits.
 */

/** Rows up to here are sorted by insertion. */
const SHORT = 32;
/** Bytes of the counts of four digits. */
const COUNTS = 4096;
/** Scratch beyond it would stay in the heap: such rows are sorted in TypeScript. */
const MOST_SCRATCH: number = 2 ** 24;

const SIGN: number = -0x80000000;
const MAGNITUDE = 0x7fffffff;

/** The key of the float of bits b, in the order of unsigned integers; zeros have one key, and so have NaNs. */
const keyOf = (b: Local, magnitude: Local): Code =>
  select(
    -1,
    select(SIGN, i32.xor(b, i32.or(i32.sub(0, i32.shrU(b, 31)), SIGN)), i32.eqz(magnitude)),
    i32.gtS(magnitude, 0x7f800000),
  );

/** The bits of a key. */
const bitsOf = (k: Local): Code => i32.xor(k, i32.or(i32.sub(i32.shrU(k, 31), 1), SIGN));

/** Adds (rows, n, x, y, scratch): y are the sorted rows or, with `asPlaces`, where in x their numbers are. */
function writeSort(func: AddFunction, asPlaces: boolean): void {
  const shift = asPlaces ? 3 : 2;
  const bytes = 1 << shift;
  const load = asPlaces ? f64.load : i32.load;
  const store = asPlaces ? f64.store : i32.store;
  func('iiiii', ([rows, n, x, y, scratch], locals) => {
    const [row, first, from, to, end, p, q, i] = locals('iiiiiiii');
    const [b, magnitude, k, count, start, isShared, hasNegativeZero] = locals('iiiiiii');
    const [item] = locals(asPlaces ? 'd' : 'i');
    const slot = (digit: number): Code =>
      i32.add(i32.add(scratch, 1024 * digit), i32.shl(i32.and(i32.shrU(k, 8 * digit), 255), 2));
    const bump = (at: Local, by: Value): Code => i32.store(at, i32.add(i32.load(at), by));

    const makeKeys = [
      memory.fill(scratch, 0, COUNTS),
      hasNegativeZero.set(0),
      q.set(first),
      forRange(i, 0, n, 1, [
        b.set(i32.load(i32.add(x, i32.shl(i, 2)))),
        magnitude.set(i32.and(b, MAGNITUDE)),
        hasNegativeZero.set(i32.or(hasNegativeZero, i32.eq(b, SIGN))),
        k.set(keyOf(b, magnitude)),
        i32.store(q, k),
        asPlaces ? i32.store(q, i, 4) : [],
        advance(q, bytes),
        when(
          i32.gtS(n, SHORT),
          [0, 1, 2, 3].map((digit) => [p.set(slot(digit)), bump(p, 1)]),
        ),
      ]),
    ];
    const insert = forRange(p, i32.add(first, bytes), end, bytes, [
      item.set(load(p)),
      k.set(i32.load(p)),
      q.set(p),
      whileTrue(i32.and(i32.gtS(q, first), i32.ltU(k, i32.load(i32.sub(q, bytes)))), [
        store(q, load(i32.sub(q, bytes))),
        advance(q, -bytes),
      ]),
      store(q, item),
    ]);
    const pass = (digit: number): Code => [
      start.set(to),
      isShared.set(0),
      p.set(i32.add(scratch, 1024 * digit)),
      forRange(i, 0, 256, 1, [
        count.set(i32.load(p)),
        isShared.set(i32.or(isShared, i32.eq(count, n))),
        i32.store(p, start),
        advance(start, i32.shl(count, shift)),
        advance(p, 4),
      ]),
      when(i32.eqz(isShared), [
        end.set(i32.add(from, i32.shl(n, shift))),
        forRange(p, from, end, bytes, [
          k.set(i32.load(p)),
          i.set(slot(digit)),
          q.set(i32.load(i)),
          i32.store(i, i32.add(q, bytes)),
          store(q, load(p)),
        ]),
        i.set(from),
        from.set(to),
        to.set(i),
      ]),
    ];
    const writeRow = forRange(i, 0, n, 1, [
      q.set(i32.add(y, i32.shl(i, 2))),
      p.set(i32.add(from, i32.shl(i, shift))),
      asPlaces ? i32.store(q, i32.load(p, 4)) : [k.set(i32.load(p)), i32.store(q, bitsOf(k))],
    ]);
    /** Zeros with their signs, in the order in which they stand in x. */
    const signZeros = when(hasNegativeZero, [
      q.set(y),
      whileTrue(i32.load(q), advance(q, 4)),
      end.set(i32.add(x, i32.shl(n, 2))),
      forRange(p, x, end, 4, [
        b.set(i32.load(p)),
        when(i32.eqz(i32.and(b, MAGNITUDE)), [i32.store(q, b), advance(q, 4)]),
      ]),
    ]);
    return [
      first.set(i32.add(scratch, COUNTS)),
      forRange(row, 0, rows, 1, [
        makeKeys,
        end.set(i32.add(first, i32.shl(n, shift))),
        from.set(first),
        to.set(end),
        when(i32.gtS(n, SHORT), [0, 1, 2, 3].map(pass), insert),
        writeRow,
        asPlaces ? [] : signZeros,
        advance(x, i32.shl(n, 2)),
        advance(y, i32.shl(n, 2)),
      ]),
    ];
  });
}

const whileTrue = (condition: Value, body: Code): Code => when(condition, doWhile(condition, body));

export function sorting(engine: Engine): Partial<SortingKernels> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const values = engine.kernel((func) => writeSort(func, false));
  const places = engine.kernel((func) => writeSort(func, true));
  /** Scratch for rows of n items of some bytes; 0 where they are too many. */
  const room = (n: number, bytes: number): number => {
    const needed = COUNTS + 2 * n * bytes;
    return needed > MOST_SCRATCH ? 0 : scratch(needed);
  };
  return {
    sort: (rows, n, x, y) => {
      const at = x instanceof Float32Array ? room(n, 4) : 0;
      if (at === 0) engine.orElse.sort(rows, n, x, y);
      else args.done(values.fn(rows, n, args.read(x, rows * n), args.write(y, rows * n), at));
    },
    argsort: (rows, n, x, indices) => {
      const at = x instanceof Float32Array ? room(n, 8) : 0;
      if (at === 0) engine.orElse.argsort(rows, n, x, indices);
      else args.done(places.fn(rows, n, args.read(x, rows * n), args.write(indices, rows * n), at));
    },
  };
}
