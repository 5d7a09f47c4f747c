import { elementsOf, type Shape } from '../base/shape.ts';
import {
  DENSE_OF,
  type DenseStored,
  type Encoding,
  type EncodingName,
  type EncodingOf,
  isSparse,
  type Stored,
} from './encoding.ts';
import { type Graph, mapWeights } from './graph.ts';
import { fromFloat16 } from './halves.ts';
import { hashedNumbers } from './hashed.ts';
import { groupAt, levelsOf } from './levels.ts';
import { powerOfTwo } from './powers.ts';
import { eachHeld, zerosLike } from './sparse.ts';

type Decode<E extends EncodingName> = (encoding: EncodingOf<E>, shape: Shape) => Float32Array | Float64Array | null;

/** One row an encoding: the real numbers that it stands for; null where they depend on more. */
const DECODED: { readonly [E in EncodingName]: Decode<E> } = {
  float32: ({ values }) => values,
  float64: ({ values }) => values,
  int8: ({ values, scales }) => Float32Array.from(values, (q, i) => q * scales[i % scales.length]!),
  int32: () => null,
  levels: (encoding, shape) => {
    const { scales, group } = encoding;
    const units = shape.at(-1) ?? 1;
    return Float32Array.from(levelsOf(encoding, shape), (level, i) => level * scales[groupAt(group, units, i)]!);
  },
  fixed: ({ values, fraction }) => {
    const step = powerOfTwo(-fraction);
    return Float32Array.from(values, (q) => q * step);
  },
  float16: ({ values }) => Float32Array.from(values, fromFloat16),
  bfloat16: ({ values }) => new Float32Array(Uint32Array.from(values, (bits) => bits << 16).buffer),
  palette: ({ values, centroids }) => Float32Array.from(values, (code) => centroids[code]!),
  hashed: (encoding, shape) => hashedNumbers(encoding, elementsOf(shape)),
  sparse: (encoding, shape) => decodeWeight(densified({ shape, encoding, mask: null })),
  sparseInt8: (encoding, shape) => decodeWeight(densified({ shape, encoding, mask: null })),
};

/** Encodings that stand for float32 numbers by themselves. */
export const isFloat32 = ({ type }: Encoding): boolean => type !== 'float64' && type !== 'int32';

/**
 * The real numbers of a weight; null for a bias of integers, whose unit depends on its product.
 *
 * @example
 * const encoding = { type: 'int8', values: Int8Array.of(-2, 0, 3, 4), scales: Float32Array.of(0.5, 0.25) } as const;
 * decodeWeight({ shape: [2, 2], encoding, mask: null }); // Float32Array(4) [ -1, 0, 1.5, 1 ]
 */
export function decodeWeight({ encoding, shape }: Stored): Float32Array | Float64Array | null {
  const decode = DECODED[encoding.type] as Decode<EncodingName>;
  return decode(encoding, shape);
}

/** A weight as float32 numbers; for one that stands for such (`isFloat32`). Its mask stays. */
export const asFloat32 = (weight: Stored): Stored => ({
  ...weight,
  encoding: { type: 'float32', values: decodeWeight(weight) as Float32Array },
});

/** A weight with all its numbers in place of those that a sparse encoding holds, the others masked; any other as it is. */
export function densified(weight: Stored): DenseStored {
  const { shape, encoding, mask } = weight;
  if (!isSparse(encoding)) return { shape, encoding, mask };
  const n = elementsOf(shape);
  const values = zerosLike(encoding.values, n);
  const alive = zerosLike(new Uint8Array(), n);
  eachHeld(encoding, shape.at(-1) ?? 1, (place, i) => {
    values[place] = encoding.values[i]!;
    alive[place] = mask?.[place] ?? 1;
  });
  return {
    shape,
    encoding: {
      type: DENSE_OF[encoding.type],
      values,
      ...('scales' in encoding && { scales: encoding.scales }),
    } as DenseStored['encoding'],
    mask: alive,
  };
}

/** The network with all numbers of its weights: itself where it has them. */
export const withDenseWeights = (graph: Graph<Stored>): Graph<DenseStored> =>
  [...graph.weights.values()].some(({ encoding }) => isSparse(encoding))
    ? mapWeights(graph, densified)
    : (graph as Graph<DenseStored>);
