import { checkCount, checkOneOf, checkRange, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { elementsOf } from '../base/shape.ts';
import { placesAt } from '../graph/channels.ts';
import { type Kernel, maskAll } from './masks.ts';
import { rankOf } from './ranking.ts';

/**
 * What is pruned at a time:
 *
 * - `weights`: each by itself.
 * - `{ n, m }`: of every m weights in a row along what a unit sums over (the inputs of a dense layer, taps and channels of a
 *   convolution) at least m - n, so that n stay; of those left over at the end, fewer than m, n stay too.
 * - `{ block: [rows, columns], pooling }`: whole blocks of a kernel as the matrix [all axes but the last, the last], ranked by
 *   the mean (default) or the largest of their scores, a weight pruned before counting 0. Blocks at the edges are smaller.
 * - `panels` and `quads`: blocks [1, 16] and [1, 4], which `toSparse` finds. The last panel of a row may be narrower. Of a
 *   layer of up to 16 units a panel is a whole row, all that it reads of an input.
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

export interface TargetOptions {
  /** Share of the kernels' weights that is zero afterwards, in [0, 1); biases are never pruned. */
  readonly sparsity?: number;
  /** Or their number; with scope `layer` or `unit` that of each. Of pattern { n, m } neither: as many as it lets go. */
  readonly count?: number;
  /** Default `weights`. */
  readonly pattern?: WeightPattern;
  /** Default `global`. */
  readonly scope?: WeightScope;
}

/** What is to be zero, and what is ranked among each other. */
export interface Target {
  /** How many of so many weights. */
  readonly zeros: (total: number) => number;
  readonly pattern: WeightPattern;
  readonly scope: WeightScope;
}

const isLines = (pattern: WeightPattern): pattern is { readonly n: number; readonly m: number } =>
  typeof pattern === 'object' && 'm' in pattern;

/**
 * What options ask for. `field` names the share where a count cannot be given in its place. Throws ValueError where they do not
 * fit together.
 */
export function targetOf(op: string, options: TargetOptions, field?: string): Target {
  const { sparsity, count, pattern = 'weights', scope = 'global' } = options;
  checkPattern(op, pattern, scope);
  if (sparsity !== undefined && count !== undefined)
    throw new ValueError(op, 'count', 'left out where sparsity is given', count);
  if (count !== undefined) {
    checkCount(op, 'count', count, 0);
    const zeros = (total: number): number => {
      if (count < total || total === 0) return count;
      const whose = { global: 'the network', layer: 'a layer', unit: 'a unit' }[scope];
      throw new ValueError(op, 'count', `below the ${total} weights of ${whose}`, count);
    };
    return { zeros, pattern, scope };
  }
  if (isLines(pattern) && sparsity === undefined) return { zeros: () => Infinity, pattern, scope };
  const share = field ?? 'sparsity';
  if (sparsity === undefined && field === undefined)
    throw new ValueError(op, share, 'a share in [0, 1), or count given in its place', sparsity);
  if (sparsity! >= 2 && sparsity! < 100)
    throw new ValueError(op, share, 'in [0, 1)', sparsity, `It is a share: write ${sparsity! / 100}`);
  checkRange(op, share, sparsity!, 'in [0, 1)');
  const room = isLines(pattern) ? (pattern.m - pattern.n) / pattern.m : 1;
  if (isLines(pattern) && sparsity! > room)
    throw new ValueError(op, share, `at most ${room}, which ${pattern.n} of ${pattern.m} let go`, sparsity);
  return { zeros: (total) => Math.round(sparsity! * total), pattern, scope };
}

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

/** A kernel as a matrix [all axes but the last, the last] in blocks, row by row. */
interface Grid {
  readonly kernel: Kernel;
  readonly columns: number;
  readonly rows: number;
  readonly height: number;
  readonly width: number;
  /** Blocks side by side. */
  readonly across: number;
  readonly count: number;
  /** What the blocks of all kernels before it count. */
  readonly base: number;
}

const SIZES = { weights: [1, 1], quads: [1, 4], panels: [1, 16] } as const;

function gridsOf(kernels: readonly Kernel[], pattern: WeightPattern): Grid[] {
  const [height, width] =
    typeof pattern === 'string' ? SIZES[pattern] : isLines(pattern) ? SIZES.weights : pattern.block;
  let base = 0;
  return kernels.map((kernel) => {
    const { shape } = kernel;
    const columns = shape.at(-1) ?? 1;
    const rows = columns === 0 ? 0 : elementsOf(shape) / columns;
    const across = Math.ceil(columns / width);
    const grid = { kernel, columns, rows, height, width, across, count: Math.ceil(rows / height) * across, base };
    base += grid.count;
    return grid;
  });
}

/** Shows the places of the weights of a block, row by row. */
function eachPlace({ rows, columns, height, width, across }: Grid, block: number, see: (place: number) => void): void {
  const top = Math.floor(block / across) * height;
  const left = (block % across) * width;
  for (let row = top; row < Math.min(rows, top + height); row++)
    for (let column = left; column < Math.min(columns, left + width); column++) see(row * columns + column);
}

/** Of each unit the places of the weights that it sums over, in order. */
function linesOf({ shape, unitAxis }: Kernel): Int32Array[] {
  return Array.from({ length: shape.at(unitAxis) ?? 1 }, (_, unit) => placesAt(shape, unitAxis, unit));
}

/** Blocks of all kernels one after another. */
interface Blocks {
  readonly scores: Float64Array;
  readonly sizes: Int32Array;
  /** Weights that were not pruned before. */
  readonly living: Int32Array;
  /** 1 where a block stays whatever its score. */
  readonly stays: Uint8Array;
}

function blocksOf(grids: readonly Grid[], scores: ReadonlyMap<string, Float64Array>, pattern: WeightPattern): Blocks {
  const n = grids.reduce((sum, { count }) => sum + count, 0);
  const isLargest = typeof pattern === 'object' && 'block' in pattern && pattern.pooling === 'max';
  const blocks = {
    scores: new Float64Array(n),
    sizes: new Int32Array(n),
    living: new Int32Array(n),
    stays: new Uint8Array(n),
  };
  for (const grid of grids) {
    const { alive, key } = grid.kernel;
    const own = scores.get(key)!;
    for (let block = 0; block < grid.count; block++) {
      let size = 0;
      let living = 0;
      let sum = 0;
      let most = -Infinity;
      eachPlace(grid, block, (i) => {
        size++;
        if (alive?.[i] === 0) return;
        living++;
        const score = rankOf(own[i]!);
        sum += score;
        most = Math.max(most, score);
      });
      const at = grid.base + block;
      const pooled = isLargest || size === 1 ? most : sum / size;
      blocks.scores[at] = rankOf(pooled);
      blocks.sizes[at] = size;
      blocks.living[at] = living;
    }
    if (isLines(pattern)) for (const line of linesOf(grid.kernel)) keepBest(line, grid.base, blocks, pattern);
  }
  return blocks;
}

/** Of every m blocks of a line the best n stay. */
function keepBest(
  line: Int32Array,
  base: number,
  blocks: Blocks,
  { n, m }: { readonly n: number; readonly m: number },
) {
  const { scores, living, stays } = blocks;
  for (let start = 0; start < line.length; start += m) {
    const group = [...line.subarray(start, start + m)].map((i) => base + i).filter((i) => living[i]! > 0);
    group.sort((p, q) => scores[q]! - scores[p]! || q - p);
    for (const i of group.slice(0, n)) stays[i] = 1;
  }
}

/**
 * Masks the weights of the least score, until as many are zero as the target says: to the weight, or as near as whole blocks
 * come. Of equals the lower index goes, and weights pruned before count. Two things go before it: of every kernel, and with
 * scope `unit` of every unit, the best stays, which is among those that { n, m } keeps, and no weight comes back to life.
 */
export function maskLeast(
  kernels: readonly Kernel[],
  scores: ReadonlyMap<string, Float64Array>,
  { zeros, pattern, scope }: Target,
): void {
  const grids = gridsOf(kernels, pattern);
  const blocks = blocksOf(grids, scores, pattern);
  const wholes = grids.map(({ count, base }) => Int32Array.from({ length: count }, (_, i) => base + i));
  const groups =
    scope === 'global'
      ? [wholes]
      : scope === 'layer'
        ? wholes.map((whole) => [whole])
        : grids.flatMap(({ kernel, base }) => linesOf(kernel).map((line) => [line.map((i) => base + i)]));
  const gone = new Uint8Array(blocks.scores.length);
  for (const group of groups) for (const block of leastOf(group, blocks, zeros)) gone[block] = 1;
  const masks = grids.map((grid) => {
    const { kernel, base, count } = grid;
    const { alive: before, values } = kernel;
    const alive = before === null ? new Uint8Array(values.length).fill(1) : Uint8Array.from(before);
    for (let block = 0; block < count; block++)
      if (gone[base + block] === 1)
        eachPlace(grid, block, (i) => {
          alive[i] = 0;
        });
    return [kernel, alive] as const;
  });
  maskAll(masks);
}

/** The blocks to prune of those that are ranked among each other; each part of them keeps its best. */
function leastOf(parts: readonly Int32Array[], blocks: Blocks, zeros: Target['zeros']): number[] {
  const { scores, sizes, living, stays } = blocks;
  const candidates: number[] = [];
  let total = 0;
  let dead = 0;
  for (const part of parts) {
    let best = -1;
    for (const block of part) {
      total += sizes[block]!;
      dead += sizes[block]! - living[block]!;
      if (living[block]! > 0 && !(best >= 0 && scores[block]! < scores[best]!)) best = block;
    }
    for (const block of part) if (living[block]! > 0 && block !== best && stays[block] === 0) candidates.push(block);
  }
  let left = zeros(total) - dead;
  // Sorted numbers find the score at which it is decided, far faster than blocks are sorted
  const sorted = new Float64Array(candidates.length);
  candidates.forEach((block, i) => {
    sorted[i] = scores[block]!;
  });
  sorted.sort();
  const livingTo = (score: number): number =>
    candidates.reduce((sum, block) => (scores[block]! <= score ? sum + living[block]! : sum), 0);
  let low = 0;
  for (let high = sorted.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (livingTo(sorted[middle]!) > left) high = middle;
    else low = middle + 1;
  }
  if (low === sorted.length) return candidates;
  const least = candidates.filter((block) => scores[block]! < sorted[low]!);
  for (const block of least) left -= living[block]!;
  for (const block of candidates) {
    if (scores[block] !== sorted[low]) continue;
    if (left < living[block]! / 2) break; // it would not come nearer
    left -= living[block]!;
    least.push(block);
  }
  return least;
}
