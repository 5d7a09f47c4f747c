import type { Kernels } from '../kernels.ts';
import { type Assembler, doWhile, type Frame, type Local, sequence, when } from './assembler.ts';
import type { Code, Value } from './code.ts';
import type { Engine } from './engine.ts';
import { logPair, polynomial } from './math.ts';
import { i32 } from './scalars.ts';
import { storeFirst } from './stores.ts';
import { f32x4, f64x2, i32x4, i64x2, v128 } from './vectors.ts';
import { Work } from './work.ts';

/**
 * Philox4x32-10 (Salmon et al. 2011), four blocks at a time: vector w holds word w of each. The key, stream and step are
 * read from memory in every call, so that a recorded step is repeated with another step number.
 */

const PARAMS = ['n', 'random', 'x', 'y', 'scale', 'threshold'] as const;
type Params = Readonly<Record<(typeof PARAMS)[number], Local>>;
type Four = readonly [Local, Local, Local, Local];

const four = (frame: Frame): Four => frame.locals('v128', 4) as [Local, Local, Local, Local];

/** The ten rounds, on counters c and key k. */
function rounds(frame: Frame, work: Work, [c0, c1, c2, c3]: Four, k0: Local, k1: Local): Code {
  const count = frame.local('i32');
  const products = (c: Local, factor: number): { low: Local; high: Local; set: Code } => {
    const by = work.prepared(i32x4.splat(factor));
    const [low, high] = frame.locals('v128', 2) as [Local, Local];
    return { low, high, set: sequence(low.set(i64x2.extmulLowU(c, by)), high.set(i64x2.extmulHighU(c, by))) };
  };
  const [first, second] = [products(c0, 0xd2511f53), products(c2, 0xcd9e8d57)];
  const words = ({ low, high }: typeof first, half: 0 | 1): Code =>
    v128.shuffle32([half, half + 2, half + 4, half + 6], low, high);
  const weyl = (k: Local, step: number): Code => k.set(i32x4.add(k, work.prepared(i32x4.splat(step))));
  return sequence(
    count.set(10),
    doWhile(
      count.tee(i32.sub(count, 1)),
      first.set,
      second.set,
      c0.set(v128.xor(v128.xor(words(second, 1), c1), k0)),
      c1.set(words(second, 0)),
      c2.set(v128.xor(v128.xor(words(first, 1), c3), k1)),
      c3.set(words(first, 0)),
      weyl(k0, 0x9e3779b9),
      weyl(k1, 0xbb67ae85),
    ),
  );
}

/** Rows become columns. */
function transpose(frame: Frame, [a, b, c, d]: Four): Code {
  const [low0, low1, high0, high1] = four(frame);
  return sequence(
    low0.set(v128.shuffle32([0, 4, 1, 5], a, b)),
    low1.set(v128.shuffle32([0, 4, 1, 5], c, d)),
    high0.set(v128.shuffle32([2, 6, 3, 7], a, b)),
    high1.set(v128.shuffle32([2, 6, 3, 7], c, d)),
    a.set(v128.shuffle32([0, 1, 4, 5], low0, low1)),
    b.set(v128.shuffle32([2, 3, 6, 7], low0, low1)),
    c.set(v128.shuffle32([0, 1, 4, 5], high0, high1)),
    d.set(v128.shuffle32([2, 3, 6, 7], high0, high1)),
  );
}

/** What becomes of the words: `words` of vectors by word, `elements` of vectors as they are stored, the v-th at x + 16v. */
interface Change {
  readonly words?: (work: Work, words: Four) => Code;
  readonly element?: (work: Work, word: Local, v: number) => Code;
}

function addRandom(assembler: Assembler, name: string, write: (work: Work, params: Params) => Change): void {
  assembler.func(
    name,
    PARAMS,
    (params, frame) => {
      const { n, random, x, y } = params;
      const work = new Work(frame);
      const { words = () => sequence(), element = (_, word) => word } = write(work, params);
      const c = four(frame);
      const [block, k0, k1] = frame.locals('v128', 3) as [Local, Local, Local];
      const own = work.apart();
      const turn = sequence(
        c[0].set(block),
        ...[k0, k1, c[1], c[2]].map((part, i) => part.set(v128.load32Splat(random, 4 * i))),
        c[3].set(i32x4.splat(0)),
        rounds(frame, work, c, k0, k1),
        words(work.apart(), c),
        transpose(frame, c),
        own.finish(...own.inTurn(4, (one, v) => element(one, c[v]!, v)).map((value, v) => c[v]!.set(value))),
        storeFirst(n, y, c),
        block.set(i32x4.add(block, work.prepared(i32x4.splat(4)))),
        x.set(i32.add(x, 64)),
        y.set(i32.add(y, 64)),
      );
      return sequence(
        work.prepare,
        ...[1, 2, 3].map((lane) => block.set(i32x4.replaceLane(lane, block, lane))),
        when(n, doWhile(i32.gtS(n.tee(i32.sub(n, 16)), 0), turn)),
      );
    },
    { types: { scale: 'f32' } },
  );
}

const top24 = (word: Value): Code => i32x4.shrU(word, 8);

const SIN = [
  -0.0000035564661659354845, 0.0001604292875004429, -0.0046817525888474334, 0.07969262615478058, -0.6459640975042751,
  1.5707963267948906,
];
const COS = [0.0009033629817820331, -0.020859936030824297, 0.2536691825964867, -1.233700539564779, 0.999999999943938];

/**
 * Box & Muller 1958, as `reference/math.ts` has it: the even words become radius·cos, the odd ones radius·sin, each
 * rounded once. All of the angle but the polynomials is exact in float32.
 */
function boxMuller(work: Work, even: Local, odd: Local): Code {
  const u = work.step(f32x4.convertI32x4S(i32x4.sub(top24(even), work.prepared(i32x4.splat(-1)))));
  const quarters = work.step(f32x4.mul(f32x4.convertI32x4S(top24(odd)), work.f32(2 ** -22)));
  const nearest = work.step(f32x4.nearest(quarters));
  const within = work.step(f32x4.sub(quarters, nearest));
  const quadrant = work.step(i32x4.truncSatF32x4S(nearest));
  const isOdd = work.step(i32x4.shrS(i32x4.shl(quadrant, 31), 31));
  /** Bit 1 of q as the sign of a double. */
  const sign = (q: Value): Local => work.step(i32x4.shl(i32x4.shrU(q, 1), 31));
  const [sinSign, cosSign] = [sign(quadrant), sign(i32x4.add(quadrant, work.prepared(i32x4.splat(1))))];
  const half = (x: Local, i: number): Code => (i === 0 ? x : v128.shuffle32([2, 3, 2, 3], x, x));
  const cosines: Local[] = [];
  const sines = work.inTurn(2, (pair, i) => {
    const fraction = pair.step(f64x2.mul(f64x2.promoteLowF32x4(half(u, i)), pair.f64(2 ** -24)));
    const radius = pair.step(f64x2.sqrt(f64x2.mul(pair.f64(-2), logPair(pair, fraction))));
    const w = pair.step(f64x2.promoteLowF32x4(half(within, i)));
    const z = pair.step(f64x2.mul(w, w));
    const [cos, sin] = [polynomial(pair, z, COS), pair.step(f64x2.mul(polynomial(pair, z, SIN), w))];
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

const NAMES = ['philox', 'uniform', 'dropout', 'normal'] as const;

const WRITERS: Readonly<Record<(typeof NAMES)[number], (work: Work, params: Params) => Change>> = {
  philox: () => ({}),
  uniform: () => ({ element: (work, word) => f32x4.mul(f32x4.convertI32x4S(top24(word)), work.f32(2 ** -24)) }),
  dropout: (work, { x, scale, threshold }) => {
    const [by, least] = [work.prepared(f32x4.splat(scale)), work.prepared(i32x4.splat(threshold))];
    return { element: (_, word, v) => v128.and(f32x4.mul(v128.load(x, 16 * v), by), i32x4.geU(word, least)) };
  },
  normal: () => ({
    words: (work, [a, b, c, d]) => sequence(boxMuller(work.apart(), a, b), boxMuller(work.apart(), c, d)),
  }),
};

/** Random numbers, each kernel a module of its own. */
export function random(engine: Engine): Pick<Kernels, (typeof NAMES)[number]> {
  const { heap } = engine;
  const slots = Object.fromEntries(
    NAMES.map((name) => [name, engine.module([name], (assembler) => addRandom(assembler, name, WRITERS[name]))[name]]),
  );
  const fill =
    (name: (typeof NAMES)[number]) =>
    (n: number, state: Uint32Array, y: Float32Array | Uint32Array): void => {
      slots[name]!.fn(n, heap.read(state, 4), 0, heap.write(y, n), 0, 0);
      heap.done();
    };
  return {
    philox: fill('philox'),
    uniform: fill('uniform'),
    normal: fill('normal'),
    dropout: (n, x, rate, state, y) => {
      const [xAt, stateAt] = [heap.read(x, n), heap.read(state, 4)];
      const yAt = heap.write(y, n);
      slots.dropout!.fn(n, stateAt, xAt, yAt, 1 / (1 - rate), Math.floor(rate * 4294967296));
      heap.done();
    },
  };
}
