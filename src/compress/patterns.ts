import { checkCount, checkOneOf, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import type { Kernel } from './masks.ts';

/**
 * What is pruned at a time:
 *
 * - `weights`: each by itself.
 * - `{ n, m }`: of every m weights in a row along what a unit sums over (the inputs of a dense layer, taps and channels of a
 *   convolution) at least m - n, so that n stay; of those left over at the end, fewer than m, n stay too.
 * - `{ block: [rows, columns], pooling }`: whole blocks of a kernel as the matrix [all axes but the last, the last], ranked by
 *   the mean (default) or the largest of their scores, a weight pruned before counting 0. Blocks at the edges are smaller.
 * - `panels` and `quads`: blocks [1, 16] and [1, 4], which `toSparse` finds. The last panel of a row may be narrower.
 */
export type WeightPattern =
  | 'weights'
  | 'panels'
  | 'quads'
  | { readonly n: number; readonly m: number }
  | { readonly block: readonly [rows: number, columns: number]; readonly pooling?: BlockPooling };

export type BlockPooling = 'mean' | 'max';

/** Whether weights are ranked over all layers together, or in each layer by itself, as neurons are. */
export type PruningScope = 'global' | 'layer';

/** The same, or among the weights that a unit sums over, as Wanda is published; for patterns `weights` and `{ n, m }`. */
export type WeightScope = PruningScope | 'unit';

/** How much is pruned of weights that are ranked among each other. */
export interface Target {
  /** Their number afterwards, of so many. */
  readonly of: (total: number) => number;
  readonly pattern: WeightPattern;
  readonly scope: WeightScope;
}

const isLines = (pattern: WeightPattern): pattern is { readonly n: number; readonly m: number } =>
  typeof pattern === 'object' && 'm' in pattern;

/** The share of weights that a pattern lets go. */
export const roomOf = (pattern: WeightPattern): number => (isLines(pattern) ? 1 - pattern.n / pattern.m : 1);

/** Throws ValueError for a pattern that is none, and for a scope that does not fit it. */
export function checkPattern(op: string, pattern: WeightPattern, scope: WeightScope): void {
  checkOneOf(op, 'scope', scope, ['global', 'layer', 'unit']);
  const isObject = typeof pattern === 'object' && pattern !== null;
  if (isObject && 'block' in pattern) {
    checkOptions(`${op}: pattern`, pattern, 'block pooling');
    const { block, pooling = 'mean' } = pattern;
    if (!Array.isArray(block) || block.length !== 2)
      throw new ValueError(op, 'block', 'a list of two, [rows, columns]', block);
    block.forEach((size: number, i) => {
      checkCount(op, `block[${i}]`, size);
    });
    checkOneOf(op, 'pooling', pooling, ['mean', 'max']);
  } else if (isObject && isLines(pattern)) {
    checkOptions(`${op}: pattern`, pattern, 'n m');
    checkCount(op, 'n', pattern.n);
    checkCount(op, 'm', pattern.m, pattern.n + 1);
  } else if (pattern !== 'weights' && pattern !== 'panels' && pattern !== 'quads')
    throw new ValueError(op, 'pattern', 'weights, panels, quads, { n, m } or { block: [rows, columns] }', pattern);
  if (scope === 'unit' && pattern !== 'weights' && !isLines(pattern))
    throw new ValueError(op, 'scope', 'global or layer where blocks are pruned, which units share', scope);
}

/** Kernel by kernel what stays alive. Weights pruned before stay so, and count. */
export function chosen(
  _kernels: readonly Kernel[],
  _scores: ReadonlyMap<string, Float64Array>,
  _target: Target,
): Uint8Array[] {
  throw new Error('not written yet');
}
