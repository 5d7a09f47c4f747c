import { StateError } from '../base/errors.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { asFloat32, densified } from '../graph/decode.ts';
import {
  type DenseName,
  type DenseStored,
  type Encoding,
  type EncodingOf,
  MOST_CENTROIDS,
  type Stored,
} from '../graph/encoding.ts';
import { hashedNumbers } from '../graph/hashed.ts';
import { packedCodes, unpackedCodes, zeroCode } from '../graph/levels.ts';

type Numbers = Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array;

/** A part of a weight of this shape. */
interface Part {
  readonly shape: Shape;
  /** Of an array with a number for each of the weight's. */
  readonly pick: <T extends Numbers>(values: T) => T;
  /** Whether it is a part of the last axis. */
  readonly isOfColumns: boolean;
  /** Of an array [..., columns] what belongs to the columns that stay. */
  readonly pickColumns: <T extends Numbers>(perColumn: T) => T;
}
type Picked<E extends DenseName> = (encoding: EncodingOf<E>, part: Part) => Encoding;

/** One row an encoding: itself for the numbers of a part, to the bit; float32 where places would say other numbers. */
const PICKED: { readonly [E in DenseName]: Picked<E> } = {
  float32: (encoding, { pick }) => ({ ...encoding, values: pick(encoding.values) }),
  float64: (encoding, { pick }) => ({ ...encoding, values: pick(encoding.values) }),
  int8: (encoding, { pick, pickColumns }) => ({
    ...encoding,
    values: pick(encoding.values),
    scales: pickColumns(encoding.scales),
  }),
  int32: (encoding, { pick }) => ({ ...encoding, values: pick(encoding.values) }),
  levels: (encoding, part) => {
    const { values, bits } = encoding;
    const codes = packedCodes(part.pick(unpackedCodes(values, bits, elementsOf(part.shape))), bits);
    return { ...encoding, values: codes, ...(part.isOfColumns ? columnsOf : regrouped)(encoding, part) };
  },
  fixed: (encoding, { pick }) => ({ ...encoding, values: pick(encoding.values) }),
  float16: (encoding, { pick }) => ({ ...encoding, values: pick(encoding.values) }),
  bfloat16: (encoding, { pick }) => ({ ...encoding, values: pick(encoding.values) }),
  palette: (encoding, { pick }) => ({ ...encoding, values: pick(encoding.values) }),
  hashed: (encoding, { shape, pick }) => ({
    type: 'float32',
    values: pick(hashedNumbers(encoding, elementsOf(shape))),
  }),
};

type Groups = Pick<EncodingOf<'levels'>, 'group' | 'scales' | 'zeroPoints'>;

const columnsOf = ({ group, scales, zeroPoints }: Groups, { pickColumns }: Part): Groups => ({
  group,
  scales: pickColumns(scales),
  zeroPoints: zeroPoints && pickColumns(zeroPoints),
});

/**
 * The groups of the rows that stay. They have one size, and each has rows of one old group, or numbers would have to be
 * rounded anew: so whole groups can go, or as many rows of each. They are no more than they were, since scales take bytes.
 */
function regrouped({ group, scales, zeroPoints }: Groups, { shape, pick }: Part): Groups {
  const units = shape.at(-1) ?? 1;
  const places = pick(Int32Array.from({ length: elementsOf(shape) }, (_, i) => i));
  const rows = places.filter((_, i) => i % units === 0);
  const old = rows.map((place) => Math.floor(place / units / group));
  const size = Math.max(1, old.filter((each) => each === old[0]).length);
  const stay = old.filter((_, row) => row % size === 0);
  const isExact = old.every((each, row) => each === stay[Math.floor(row / size)]);
  if (!isExact || stay.length * units > scales.length)
    throw new StateError(
      'network',
      `rows of a weight in groups of ${group} cannot go, since those left make no groups of one size: prune before quantizing`,
    );
  const pickGroups = <T extends Float32Array | Uint8Array>(perGroup: T): T => {
    const left = new (perGroup.constructor as new (n: number) => T)(stay.length * units);
    stay.forEach((from, to) => {
      left.set(perGroup.subarray(from * units, (from + 1) * units), to * units);
    });
    return left;
  };
  return { group: size, scales: pickGroups(scales), zeroPoints: zeroPoints && pickGroups(zeroPoints) };
}

/** The weight at the indices `stay` of an axis, which is counted from the end, with all its numbers. */
export function pickStored(weight: Stored, axis: number, stay: readonly number[]): Stored {
  const { shape, encoding, mask } = densified(weight);
  const at = shape.length + axis;
  const inner = shape.slice(at + 1).reduce((product, n) => product * n, 1);
  const length = shape[at]!;
  const pick = <T extends Numbers>(values: T): T => {
    const outer = values.length / (length * inner);
    const result = new (values.constructor as new (n: number) => T)(outer * stay.length * inner);
    for (let o = 0; o < outer; o++) {
      stay.forEach((i, j) => {
        const from = (o * length + i) * inner;
        result.set(values.subarray(from, from + inner), (o * stay.length + j) * inner);
      });
    }
    return result;
  };
  const picked = PICKED[encoding.type] as Picked<DenseName>;
  const isOfColumns = axis === -1;
  const pickColumns = <T extends Numbers>(perColumn: T): T => (isOfColumns ? pick(perColumn) : perColumn);
  const alive = mask && pick(mask);
  return {
    shape: shape.map((n, k) => (k === at ? stay.length : n)),
    encoding: picked(encoding, { shape, pick, isOfColumns, pickColumns }) as Encoding,
    mask: alive === null || alive.every((bit) => bit === 1) ? null : alive,
  };
}

/** A weight of which any number can be 0 if there is such a form: a palette with a 0, and in place of what shares it float32. */
function withZero(weight: DenseStored): DenseStored {
  const { encoding } = weight;
  if (encoding.type === 'hashed') return asFloat32(weight) as DenseStored;
  if (encoding.type !== 'palette' || encoding.centroids.includes(0)) return weight;
  if (encoding.centroids.length === MOST_CENTROIDS) return asFloat32(weight) as DenseStored;
  return { ...weight, encoding: { ...encoding, centroids: Float32Array.of(...encoding.centroids, 0) } };
}

/**
 * The weight with 0 at some places, which are masked. A palette gets a 0 if it has none; where it is full it becomes float32, and
 * so does a hashed weight. Throws StateError for codes of one bit, none of which is 0.
 */
export function maskedStored(weight: Stored, places: Iterable<number>): Stored {
  const { shape, encoding, mask } = withZero(densified(weight));
  const n = elementsOf(shape);
  const isLevels = encoding.type === 'levels';
  const zero = encoding.type === 'palette' ? encoding.centroids.indexOf(0) : 0;
  const values = isLevels ? unpackedCodes(encoding.values, encoding.bits, n) : encoding.values.slice();
  const alive = mask?.slice() ?? new Uint8Array(n).fill(1);
  for (const i of places) {
    if (isLevels && encoding.bits === 1)
      throw new StateError('network', 'a weight of one bit has no 0: prune before quantizing');
    values[i] = isLevels ? zeroCode(encoding, shape.at(-1) ?? 1, i) : zero;
    alive[i] = 0;
  }
  const held = isLevels ? packedCodes(values, encoding.bits) : values;
  return { shape, encoding: { ...encoding, values: held } as Encoding, mask: alive };
}
