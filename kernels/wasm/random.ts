import type { RandomKernels } from '../interface/random.ts';
import { type AddFunction, advance, countDown, type Local, type Locals, type NewLocals } from './assembler.ts';
import type { Code, Value } from './code.ts';
import type { Engine, Slot } from './engine.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as f64x2 from './instructions/f64x2.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as i64x2 from './instructions/i64x2.ts';
import * as v128 from './instructions/v128.ts';
import { logPair, polynomial } from './math.ts';
import { storeFirst } from './stores.ts';
import { transposed } from './transposed.ts';
import { COS, SIN } from './trigonometry.ts';
import { Work } from './work.ts';

/**
 * Philox4x32-10 (Salmon et al. 2011), four blocks at a time: vector w holds word w of each. The key, stream and step are
 * read from memory in every call, so that a recorded step is repeated with another step number.
 */

const integer = (work: Work, value: number): Local => work.constant(`i32 ${value}`, () => i32x4.splat(value));

/** The ten rounds, on counters c and key k. */
function rounds(locals: NewLocals, work: Work, [c0, c1, c2, c3]: Locals, k0: Local, k1: Local): Code {
  const [low0, high0, low2, high2] = locals('vvvv');
  const multiply = (c: Local, factor: number, low: Local, high: Local): Code => [
    low.set(i64x2.extmulLowU(c, integer(work, factor))),
    high.set(i64x2.extmulHighU(c, integer(work, factor))),
  ];
  const words = (half: 0 | 1, low: Local, high: Local): Code =>
    v128.shuffle32([half, half + 2, half + 4, half + 6], low, high);
  const [count] = locals('i');
  return [
    count.set(10),
    countDown(count, 1, 1, [
      multiply(c0, 0xd2511f53, low0, high0),
      multiply(c2, 0xcd9e8d57, low2, high2),
      c0.set(v128.xor(v128.xor(words(1, low2, high2), c1), k0)),
      c1.set(words(0, low2, high2)),
      c2.set(v128.xor(v128.xor(words(1, low0, high0), c3), k1)),
      c3.set(words(0, low0, high0)),
      k0.set(i32x4.add(k0, integer(work, 0x9e3779b9))),
      k1.set(i32x4.add(k1, integer(work, 0xbb67ae85))),
    ]),
  ];
}

/** The parameters of every kernel, which uses what it needs of them. */
interface Params {
  readonly x: Local;
  readonly scale: Local;
  readonly threshold: Local;
}

/** What becomes of the words: `words` of vectors by word, `element` of vectors as they are stored, the v-th at x + 16v. */
interface Change {
  readonly words?: (work: Work, words: Locals) => Code;
  readonly element?: (work: Work, word: Local, v: number, params: Params) => Code;
}

/** Adds (n, address of key, stream and step, x, y, scale, threshold). */
function addRandom(func: AddFunction, { words = () => [], element = (_, word) => word }: Change): void {
  func('iiiifi', ([n, random, x, y, scale, threshold], locals) => {
    const work = new Work(locals);
    const c = locals('vvvv');
    const [block, k0, k1] = locals('vvv');
    const { prepare, columns } = transposed(locals, c);
    const own = work.apart();
    const elements = own.inTurn(4, (one, v) => element(one, c[v]!, v, { x, scale, threshold }));
    const turn = [
      c[0].set(block),
      [k0, k1, c[1], c[2]].map((part, i) => part.set(v128.load32Splat(random, 4 * i))),
      c[3].set(i32x4.splat(0)),
      rounds(locals, work, c, k0, k1),
      words(work, c),
      prepare,
      columns.map((column, i) => c[i]!.set(column)),
      own.finish(elements.map((value, v) => c[v]!.set(value))),
      storeFirst(n, y, c),
      block.set(i32x4.add(block, integer(work, 4))),
      advance(x, 64),
      advance(y, 64),
    ];
    return [
      work.prepare,
      [1, 2, 3].map((lane) => block.set(i32x4.replaceLane(lane, block, lane))),
      countDown(n, 16, 1, turn),
    ];
  });
}

const top24 = (word: Value): Code => i32x4.shrU(word, 8);

/**
 * Box & Muller 1958, as `reference/math.ts` has it: the even words become radius·cos, the odd ones radius·sin, each
 * rounded once. All of the angle but the polynomials is exact in float32.
 */
function boxMuller(work: Work, even: Local, odd: Local): Code {
  const u = work.step(f32x4.convertI32x4S(i32x4.sub(top24(even), integer(work, -1))));
  const quarters = work.step(f32x4.mul(f32x4.convertI32x4S(top24(odd)), work.f32(2 ** -22)));
  const nearest = work.step(f32x4.nearest(quarters));
  const within = work.step(f32x4.sub(quarters, nearest));
  const quadrant = work.step(i32x4.truncSatF32x4S(nearest));
  const isOdd = work.step(i32x4.shrS(i32x4.shl(quadrant, 31), 31));
  /** Bit 1 of q as the sign of a double. */
  const sign = (q: Value): Local => work.step(i32x4.shl(i32x4.shrU(q, 1), 31));
  const sinSign = sign(quadrant);
  const cosSign = sign(i32x4.add(quadrant, integer(work, 1)));
  const half = (x: Local, i: number): Code => (i === 0 ? x : v128.shuffle32([2, 3, 2, 3], x, x));
  const cosines: Local[] = [];
  const sines = work.inTurn(2, (pair, i) => {
    const fraction = pair.step(f64x2.mul(f64x2.promoteLowF32x4(half(u, i)), pair.f64(2 ** -24)));
    const radius = pair.step(f64x2.sqrt(f64x2.mul(pair.f64(-2), logPair(pair, fraction))));
    const w = pair.step(f64x2.promoteLowF32x4(half(within, i)));
    const z = pair.step(f64x2.mul(w, w));
    const cos = polynomial(pair, z, COS);
    const sin = pair.step(f64x2.mul(polynomial(pair, z, SIN), w));
    const swaps = pair.step((i === 0 ? i64x2.extendLowS : i64x2.extendHighS)(isOdd));
    const signed = (x: Code, negative: Local): Code =>
      v128.xor(x, i64x2.shl((i === 0 ? i64x2.extendLowU : i64x2.extendHighU)(negative), 32));
    const rounded = (x: Code): Code => f32x4.demoteF64x2Zero(f64x2.mul(radius, x));
    cosines.push(pair.step(rounded(signed(v128.bitselect(sin, cos, swaps), cosSign))));
    return rounded(signed(v128.bitselect(cos, sin, swaps), sinSign));
  });
  return work.finish(
    odd.set(v128.shuffle32([0, 1, 4, 5], sines[0]!, sines[1]!)),
    even.set(v128.shuffle32([0, 1, 4, 5], cosines[0]!, cosines[1]!)),
  );
}

/** Random numbers. */
export function random(engine: Engine): RandomKernels<Float32Array> {
  const { args } = engine;
  const slotOf = (change: Change): Slot => engine.kernel((func) => addRandom(func, change));
  const fill = <Y extends Float32Array | Uint32Array>(
    change: Change,
  ): ((n: number, state: Uint32Array, y: Y) => void) => {
    const slot = slotOf(change);
    return (n, state, y) => args.done(slot.fn(n, args.read(state, 4), 0, args.write(y, n), 0, 0));
  };
  const dropout = slotOf({
    element: (work, word, v, { x, scale, threshold }) => {
      const by = work.constant('scale', () => f32x4.splat(scale));
      const least = work.constant('threshold', () => i32x4.splat(threshold));
      return v128.and(f32x4.mul(v128.load(x, 16 * v), by), i32x4.geU(word, least));
    },
  });
  return {
    philox: fill({}),
    uniform: fill({ element: (work, word) => f32x4.mul(f32x4.convertI32x4S(top24(word)), work.f32(2 ** -24)) }),
    normal: fill({ words: (work, [a, b, c, d]) => [boxMuller(work.apart(), a, b), boxMuller(work.apart(), c, d)] }),
    dropout: (n, x, rate, state, y) => {
      const xAt = args.read(x, n);
      const threshold = Math.floor(rate * 4294967296);
      args.done(dropout.fn(n, args.read(state, 4), xAt, args.write(y, n), 1 / (1 - rate), threshold));
    },
  };
}
