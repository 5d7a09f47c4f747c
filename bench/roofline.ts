/**
 * What this machine can do at most in 128-bit lanes, on one core (the roofline of Williams et al. 2009): arithmetic by a
 * WebAssembly loop that touches no memory, bandwidth by a copy that fits no cache.
 */
export interface Peak {
  /** The faster of the two below, which shares are taken of; null without WebAssembly SIMD. */
  readonly gflops: number | null;
  /** Separate products and sums. */
  readonly mulAdd: number | null;
  /** Fused products and sums; null where relaxed SIMD is missing. */
  readonly fused: number | null;
  /** GOP/s: products of pairs of 16-bit integers, summed to 32 bits, which is what int8 kernels do; null as `gflops`. */
  readonly integers: number | null;
  /** GB/s, read and written bytes together. */
  readonly bandwidth: number;
}

const LANES = 4;
const TIMES = 500;
/**
 * Chains enough to hide the latency of every unit; with two constants they fill 14 of the 15 registers that V8 has to
 * give. The loop is not unrolled: V8 reorders the steps of a longer body and then reaches three quarters of it (Node 20).
 */
const CHAINS = 12;

// Byte codes: WebAssembly core specification 2.0 and the relaxed SIMD proposal.
const GET = 0x20;
const SET = 0x21;
const TEE = 0x22;
const END = 0x0b;
type Arithmetic = 'mulAdd' | 'fused' | 'integers';

/** What a lane does in a step of a chain: products and sums counted one by one. */
const OPERATIONS: Readonly<Record<Arithmetic, number>> = { mulAdd: 1, fused: 2, integers: 4 };

/** Of each element type: its code, and how a vector of it is made of one number, added and read. */
const FLOATS = { type: 0x7d, splat: [0xfd, 0x13], add: [0xfd, 0xe4, 0x01], firstLane: [0xfd, 0x1f, 0x00] };
const INTEGERS = { type: 0x7f, splat: [0xfd, 0x11], add: [0xfd, 0xae, 0x01], firstLane: [0xfd, 0x1b, 0x00] };
const MUL = [0xfd, 0xe6, 0x01];
const MADD = [0xfd, 0x85, 0x02];
const DOT = [0xfd, 0xba, 0x01];

/** Parameters: rounds, a factor, a summand; then the two as vectors, then the chains. */
const ROUNDS = 0;
const FACTOR = 1;
const SUMMAND = 2;
const M = 3;
const D = 4;
const CHAIN = 5;

/** One step of each chain. Separately, half of them multiply and half of them add; else all do both. */
function steps(kind: Arithmetic): number[] {
  return Array.from({ length: CHAINS }, (_, i) => {
    const chain = CHAIN + i;
    if (kind === 'integers') return [GET, chain, GET, M, ...DOT, GET, D, ...INTEGERS.add, SET, chain];
    if (kind === 'fused') return [GET, chain, GET, M, GET, D, ...MADD, SET, chain];
    return i % 2 === 0 ? [GET, chain, GET, M, ...MUL, SET, chain] : [GET, chain, GET, D, ...FLOATS.add, SET, chain];
  }).flat();
}

const leb = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >> 7)]);
const sized = (bytes: readonly number[]): number[] => [...leb(bytes.length), ...bytes];

/** A module that exports `run(rounds, factor, summand)`, which returns what its chains come to. */
function moduleBytes(kind: Arithmetic): Uint8Array<ArrayBuffer> {
  const { type, splat, add, firstLane } = kind === 'integers' ? INTEGERS : FLOATS;
  const chains = Array.from({ length: CHAINS }, (_, i) => CHAIN + i);
  const body = [
    ...[1, CHAINS + 2, 0x7b], // locals: M, D and the chains are vectors
    ...[GET, FACTOR, ...splat, SET, M, GET, SUMMAND, ...splat, SET, D],
    ...chains.flatMap((chain) => [GET, M, SET, chain]),
    ...[0x03, 0x40], // loop
    ...steps(kind),
    ...[GET, ROUNDS, 0x41, 1, 0x6b, TEE, ROUNDS, 0x0d, 0], // rounds - 1; again while it is not 0
    END,
    ...[GET, M, ...chains.flatMap((chain) => [GET, chain, ...add]), ...firstLane],
    END,
  ];
  const signature = [1, 0x60, 3, 0x7f, type, type, 1, type]; // (i32, f32, f32) -> f32, or all i32
  const name = [1, 3, ...new TextEncoder().encode('run'), 0, 0];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, ...sized(signature)],
    ...[3, ...sized([1, 0])],
    ...[7, ...sized(name)],
    ...[10, ...sized([1, ...sized(body)])],
  ]);
}

/**
 * Operations a second of a loop that does nothing else, by 1e9; null where the engine does not know its instructions, or
 * compiles none.
 */
function arithmetic(kind: Arithmetic): number | null {
  const run = compiled(moduleBytes(kind));
  if (run === null) return null;
  const rounds = 500_000;
  const operations = rounds * CHAINS * LANES * OPERATIONS[kind];
  // 1 and 0 keep chains of floats at 1; 0 and 1 set those of integers to 1: the loop may last as long as it likes.
  const [factor, summand] = kind === 'integers' ? [0, 1] : [1, 0];
  let best = Number.POSITIVE_INFINITY;
  let total = 0;
  // Often enough to meet a moment without load.
  for (let i = 0; i < TIMES; i++) {
    const start = performance.now();
    total += run(rounds, factor, summand);
    best = Math.min(best, performance.now() - start);
  }
  if (total !== TIMES * (CHAINS + factor)) throw new Error(`roofline: the chains come to ${total}`);
  return operations / best / 1e6;
}

type Run = (rounds: number, factor: number, summand: number) => number;

function compiled(bytes: Uint8Array<ArrayBuffer>): Run | null {
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(bytes)) return null;
  try {
    return (new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as unknown as { readonly run: Run }).run;
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return null; // a page's policy may refuse it
    throw error;
  }
}

function bandwidth(): number {
  const from = new Float64Array(2 ** 22);
  const to = new Float64Array(2 ** 22);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 8; i++) {
    from.fill(i);
    const start = performance.now();
    to.set(from);
    best = Math.min(best, performance.now() - start);
  }
  return (2 * from.byteLength) / best / 1e6;
}

/** Takes about a second. */
export function measurePeak(): Peak {
  const mulAdd = arithmetic('mulAdd');
  const fused = arithmetic('fused');
  return {
    gflops: mulAdd === null ? null : Math.max(mulAdd, fused ?? 0),
    ...{ mulAdd, fused, integers: arithmetic('integers'), bandwidth: bandwidth() },
  };
}
