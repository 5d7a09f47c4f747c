/**
 * A ladder for study: C = A·B in plain JavaScript, one idea a rung. A is [m, k], B [k, n], C [m, n], row-major.
 *
 * | rung         | what changes                                    | why it is faster, or not                             |
 * | ------------ | ----------------------------------------------- | ---------------------------------------------------- |
 * | naive        | -                                               | one chain of additions, each waiting for the last    |
 * | loopOrder    | i-k-j: B and C are walked along their rows      | fewer cache lines; but a load and a store for each step |
 * | tiledExact   | a tile of 4x2 sums in registers, A and B packed | loads shared, eight chains; rounding is now the limit |
 * | tiledFloat64 | a tile of 2x4 sums of doubles, B packed         | no conversion inside the loop                        |
 *
 * Packing and tiles after Goto & van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication".
 */
import { loopOrder } from './loop-order.ts';
import { naive } from './naive.ts';
import { tiledExact } from './tiled-exact.ts';
import { tiledFloat64 } from './tiled-float64.ts';

/** C = A·B. Arrays may be longer than the sizes say; k = 0 gives zeros. */
export type GemmRung = (m: number, n: number, k: number, a: Float32Array, b: Float32Array, c: Float32Array) => void;

export interface GemmStep {
  readonly name: string;
  readonly gemm: GemmRung;
  /** Whether it equals `reference` bit for bit. The others stay within k·2⁻²⁴·|A||B|. */
  readonly exact: boolean;
  readonly explanation: string;
}

/**
 * The rungs, from the plain loops to tiles of doubles.
 *
 * @example
 * const c = new Float32Array(1);
 * for (const { gemm } of gemmLadder) gemm(1, 1, 2, Float32Array.of(1, 2), Float32Array.of(3, 4), c); // time each
 * c; // Float32Array(1) [ 11 ]
 * gemmLadder.filter(({ exact }) => exact).map(({ name }) => name); // [ 'loopOrder', 'tiledExact' ]
 */
export const gemmLadder: readonly GemmStep[] = [
  {
    name: 'naive',
    gemm: naive,
    exact: false,
    explanation:
      'Three loops, one sum. Each addition waits for the one before it, and two numbers are loaded for every product.',
  },
  {
    name: 'loopOrder',
    gemm: loopOrder,
    exact: true,
    explanation:
      'The same loops as i-k-j. Memory is read in order and additions no longer wait; but C is loaded, rounded and stored at every step, which costs more than it saves: 0.8 to 0.95 of naive up to 512, Node 20.',
  },
  {
    name: 'tiledExact',
    gemm: tiledExact,
    exact: true,
    explanation:
      'A tile of 4x2 cells stays in registers over the loop of k, and A and B are packed in the order in which it reads them. Every product and sum is rounded to float32, which is two conversions each and the limit.',
  },
  {
    name: 'tiledFloat64',
    gemm: tiledFloat64,
    exact: false,
    explanation:
      'A tile of 2x4 cells whose sums are doubles, rounded once at the end: without the conversions it is faster and more accurate, and its bits are not those of float32 arithmetic.',
  },
];
