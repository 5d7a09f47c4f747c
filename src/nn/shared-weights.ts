import { DTypeError, StateError } from '../base/errors.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { type EncodingOf, MOST_CENTROIDS, type Stored } from '../graph/encoding.ts';
import { bucketAt, signAt } from '../graph/hashed.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import type { Parameter } from './parameter.ts';
import { gathered, type SharedGradient, type Sharing, toMembers } from './sharing.ts';

/** Codes of a palette are bytes. */

/** Which numbers are one, as codes below `count` say it. */
export const sharedBy = (
  codes: ArrayLike<number>,
  shape: Shape,
  count: number,
  gradient: SharedGradient = 'sum',
  seed: number | null = null,
): Sharing => ({ codes: fromData(Int32Array.from(codes), shape), count, gradient, seed });

/** Which numbers are one by their places, in so many buckets, with signs. */
export function hashedBy(seed: number, shape: Shape, buckets: number): Sharing {
  const codes = Int32Array.from({ length: elementsOf(shape) }, (_, i) => {
    const bucket = bucketAt(seed, i, buckets);
    return signAt(seed, i) < 0 ? -1 - bucket : bucket;
  });
  return sharedBy(codes, shape, buckets, 'sum', seed);
}

/** Which numbers are one by how a weight is held; null where each is by itself. */
export function sharingOf({ shape, encoding }: Stored, gradient: SharedGradient = 'sum'): Sharing | null {
  if (encoding.type === 'palette') return sharedBy(encoding.values, shape, encoding.centroids.length, gradient);
  return encoding.type === 'hashed' ? hashedBy(encoding.seed, shape, encoding.values.length) : null;
}

/** A shared weight as networks hold it, each number the mean of those that are one; `alive` where nothing is pruned. */
export function sharedStored(weight: Parameter, alive: Uint8Array | null): Stored {
  const { shape, value, mask, name } = weight;
  const sharing = weight.sharing!;
  const means = gathered({ value, mask, sharing }, value, true).data as Float32Array;
  if (sharing.seed !== null)
    return { shape, encoding: { type: 'hashed', values: means.slice(), seed: sharing.seed }, mask: null };
  const { codes, used, hasZero } = membersOf(sharing, alive);
  const centroids = hasZero || used.every((bit) => bit === 0) ? [0] : [];
  const codeOf = Uint32Array.from(used, (bit, c) => (bit === 0 ? 0 : centroids.push(means[c]!) - 1));
  if (centroids.length > MOST_CENTROIDS)
    throw new StateError('toNetwork', `${name} has ${centroids.length} numbers that are shared: a palette holds 256`);
  const values = Uint8Array.from(codes, (code, i) => (alive?.[i] === 0 ? 0 : codeOf[code]!));
  const encoding: EncodingOf<'palette'> = { type: 'palette', values, centroids: Float32Array.from(centroids) };
  return { shape, encoding, mask: alive };
}

/** Which centroids have members, and whether there are numbers that belong to none. */
function membersOf({ codes: { data }, count }: Sharing, alive: ArrayLike<number> | null) {
  const codes = data as Int32Array;
  const used = new Uint8Array(count);
  let hasZero = false;
  codes.forEach((code, i) => {
    if (alive?.[i] === 0) hasZero = true;
    else used[code] = 1;
  });
  return { codes, used, hasZero };
}

/** Throws StateError for a mask that a shared weight cannot have. */
export function checkPrunable(op: string, { name, sharing }: Parameter, alive: ArrayLike<number>): void {
  if (sharing === null) return;
  if (sharing.seed !== null)
    throw new StateError(op, `${name} is hashed, and its numbers cannot be pruned: unshare(model) first`);
  const { used, hasZero } = membersOf(sharing, alive);
  const count = used.reduce((sum, bit) => sum + bit, 0);
  if (hasZero && count === MOST_CENTROIDS)
    throw new StateError(
      op,
      `${name} has 256 numbers that are shared, with the 0 of what is pruned it would be 257: share it in 255 at most`,
    );
}

/** Throws for a weight whose numbers nothing could keep one: by its type, its constraint or its mask. */
export function checkShareable(op: string, { name, dtype, constraint, mask }: Parameter, isHashed: boolean): void {
  if (dtype !== 'float32')
    throw new DTypeError(op, [dtype], `${name} cannot be shared: shared numbers are held in float32`);
  if (constraint !== null && (isHashed || constraint.elementwise !== true)) {
    const why = isHashed ? 'and its hashed numbers would have signs' : 'which does not say that it is elementwise';
    throw new StateError(
      op,
      `${name} has the constraint ${constraint.name}, ${why}: numbers that are one cannot follow it`,
    );
  }
  if (isHashed && mask !== null && Array.prototype.includes.call(mask.data, 0))
    throw new StateError(op, `${name} is pruned, and hashed numbers cannot be: leave its layer out`);
}

/** Writes to a weight what its buckets begin as: sums of members, with signs, over the root of their count. */
export function spreadBuckets({ value }: Parameter, sharing: Sharing): void {
  const members = new Float64Array(sharing.count);
  for (const code of sharing.codes.data as Int32Array) members[code < 0 ? -1 - code : code]!++;
  const own = { value, mask: null, sharing };
  const buckets = gathered(own, value, false);
  const sums = buckets.storage.array;
  for (let c = 0; c < sharing.count; c++) sums[c] = sums[c]! / Math.sqrt(members[c]!);
  toMembers(own, buckets, value);
}

/** A weight's sharing, with its numbers brought together; null makes each one by itself. */
export function share(op: string, weight: Parameter, sharing: Sharing | null): void {
  if (sharing !== null) checkShareable(op, weight, sharing.seed !== null);
  weight.sharing = sharing;
  weight.value.storage.version++;
  weight.prune();
}

/** Codes with one of their own for what is pruned: masks may go then. */
export function withoutMask(weight: Parameter): Sharing | null {
  const alive: Tensor | null = weight.mask;
  if (weight.sharing === null || alive === null) return weight.sharing;
  return sharingOf(sharedStored(weight, Uint8Array.from(alive.data)), weight.sharing.gradient);
}
