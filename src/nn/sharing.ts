import { floats } from '../autograd/operands.ts';
import { allocate } from '../memory/arena.ts';
import { kernelsFor } from '../memory/runtime.ts';
import { empty, flat, type Tensor } from '../tensor/tensor.ts';

/** How the gradients of numbers that are one become its gradient: their sum, which it is, or the mean over the members. */
export type SharedGradient = 'sum' | 'mean';

/**
 * Which numbers of a weight are one: those of a cluster, by their codes. They begin as one, and get one gradient in every step
 * (Han et al. 2016, section 3), so that they move together, to the bit. Numbers that are pruned are members of none.
 */
export interface Sharing {
  /** int32, of the weight's shape: number i is centroid c = codes[i], or where codes[i] < 0 minus centroid c = -1 - codes[i]. */
  readonly codes: Tensor;
  /** Centroids; some may have no members. */
  readonly count: number;
  readonly gradient: SharedGradient;
  /** Of hashed weights, whose codes follow from it; null for all others. */
  readonly seed: number | null;
}

/** A weight that is shared, with its mask. */
interface Shared {
  readonly value: Tensor;
  readonly mask: Tensor | null;
  readonly sharing: Sharing;
}

/** A weight, shared or not, or a tensor by itself. */
type Moved = Tensor | (Omit<Shared, 'sharing'> & { readonly sharing: Sharing | null });

const sharedOf = (trained: Moved | undefined): Shared | null =>
  trained !== undefined && 'sharing' in trained && trained.sharing !== null ? (trained as Shared) : null;

const aliveOf = ({ mask }: Shared): Uint8Array | null => mask && (flat('share', mask) as Uint8Array);

/** Of numbers of the weight's shape a number for each centroid, [count]: the sum, or the mean, over its members. */
export function gathered(own: Shared, t: Tensor, isMean: boolean): Tensor {
  const { codes, count } = own.sharing;
  const y = empty([count], t.dtype);
  const work = allocate('float64', 2 * count).array as Float64Array;
  const array = flat('share', codes) as Int32Array;
  kernelsFor(t.dtype).sumByCode(
    t.size,
    count,
    floats('share', t),
    array,
    aliveOf(own),
    isMean,
    floats('share', y),
    work,
  );
  return y;
}

/** Writes to numbers of the weight's shape those of their centroids. */
export function toMembers(own: Shared, centroids: Tensor, to: Tensor): Tensor {
  const array = flat('share', own.sharing.codes) as Int32Array;
  kernelsFor(to.dtype).takeByCode(to.size, floats('share', centroids), array, aliveOf(own), floats('share', to));
  return to;
}

/** Gradients as clipping sees them: of a shared weight those of its centroids. */
export const centroidGradients = (trained: readonly Moved[], gradients: readonly Tensor[]): readonly Tensor[] =>
  gradients.map((g, i) => {
    const own = sharedOf(trained[i]);
    return own === null ? g : gathered(own, g, own.sharing.gradient === 'mean');
  });

/** The gradient of each number: of a shared weight that of its centroid. */
export function memberGradient(trained: Moved, g: Tensor): Tensor {
  const own = sharedOf(trained);
  return own === null ? g : toMembers(own, g, empty(own.value.shape, g.dtype));
}

/**
 * Brings members back together: each becomes their mean, in float64, rounded once. Those that are one already stay, to the bit,
 * which is what a step of any elementwise optimizer leaves.
 */
export function tie(trained: Moved): void {
  const own = sharedOf(trained);
  if (own === null) return;
  const { value, sharing } = own;
  const work = allocate('float64', 2 * sharing.count).array as Float64Array;
  const codes = flat('share', sharing.codes) as Int32Array;
  kernelsFor(value.dtype).tieByCode(value.size, sharing.count, floats('share', value), codes, aliveOf(own), work);
}
