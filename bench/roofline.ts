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
const SPLAT = [0xfd, 0x13];
const ADD = [0xfd, 0xe4, 0x01];
const MUL = [0xfd, 0xe6, 0x01];
const MADD = [0xfd, 0x85, 0x02];
const FIRST_LANE = [0xfd, 0x1f, 0x00];

/** Parameters: rounds, a factor, a summand; then the two as vectors, then the chains. */
const ROUNDS = 0;
const FACTOR = 1;
const SUMMAND = 2;
const M = 3;
const D = 4;
const CHAIN = 5;

/** One step of each chain; half of them multiply and half of them add, or all do both. */
function steps(fused: boolean): number[] {
  return Array.from({ length: CHAINS }, (_, i) => {
    const chain = CHAIN + i;
    if (fused) return [GET, chain, GET, M, GET, D, ...MADD, SET, chain];
    return i % 2 === 0 ? [GET, chain, GET, M, ...MUL, SET, chain] : [GET, chain, GET, D, ...ADD, SET, chain];
  }).flat();
}

const leb = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >> 7)]);
const sized = (bytes: readonly number[]): number[] => [...leb(bytes.length), ...bytes];

/** A module that exports `run(rounds, factor, summand)`, which returns what its chains come to. */
function moduleBytes(fused: boolean): Uint8Array<ArrayBuffer> {
  const chains = Array.from({ length: CHAINS }, (_, i) => CHAIN + i);
  const body = [
    ...[1, CHAINS + 2, 0x7b], // locals: M, D and the chains are vectors
    ...[GET, FACTOR, ...SPLAT, SET, M, GET, SUMMAND, ...SPLAT, SET, D],
    ...chains.flatMap((chain) => [GET, M, SET, chain]),
    ...[0x03, 0x40], // loop
    ...steps(fused),
    ...[GET, ROUNDS, 0x41, 1, 0x6b, TEE, ROUNDS, 0x0d, 0], // rounds - 1; again while it is not 0
    END,
    ...[GET, M, ...chains.flatMap((chain) => [GET, chain, ...ADD]), ...FIRST_LANE],
    END,
  ];
  const type = [1, 0x60, 3, 0x7f, 0x7d, 0x7d, 1, 0x7d]; // (i32, f32, f32) -> f32
  const name = [1, 3, ...Buffer.from('run'), 0, 0];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, ...sized(type)],
    ...[3, ...sized([1, 0])],
    ...[7, ...sized(name)],
    ...[10, ...sized([1, ...sized(body)])],
  ]);
}

/** GFLOP/s of a loop that does nothing else; null where the engine does not know its instructions. */
function arithmetic(fused: boolean): number | null {
  const bytes = moduleBytes(fused);
  if (!WebAssembly.validate(bytes)) return null;
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as unknown as {
    run(rounds: number, factor: number, summand: number): number;
  };
  const rounds = 500_000;
  const flops = rounds * CHAINS * LANES * (fused ? 2 : 1);
  let best = Number.POSITIVE_INFINITY;
  let total = 0;
  // 1 and 0 keep the chains at 1: the loop may last as long as it likes. Often enough to meet a moment without load.
  for (let i = 0; i < TIMES; i++) {
    const start = performance.now();
    total += run(rounds, 1, 0);
    best = Math.min(best, performance.now() - start);
  }
  if (total !== TIMES * (CHAINS + 1)) throw new Error(`roofline: the chains come to ${total}`);
  return flops / best / 1e6;
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

/** Takes less than a second. */
export function measurePeak(): Peak {
  const mulAdd = arithmetic(false);
  const fused = arithmetic(true);
  return { gflops: mulAdd === null ? null : Math.max(mulAdd, fused ?? 0), mulAdd, fused, bandwidth: bandwidth() };
}
