import type { EncodingName, EncodingOf, Stored } from './encoding.ts';

type Decode<E extends EncodingName> = (encoding: EncodingOf<E>) => Float32Array | Float64Array | null;

/** One row an encoding: the real numbers that it stands for; null where they depend on more. */
const DECODED: { readonly [E in EncodingName]: Decode<E> } = {
  float32: ({ values }) => values,
  float64: ({ values }) => values,
  int8: ({ values, scales }) => Float32Array.from(values, (q, i) => q * scales[i % scales.length]!),
  int32: () => null,
};

/** The real numbers of a weight; null for a bias of integers, whose unit depends on its product. */
export function decodeWeight({ encoding }: Stored): Float32Array | Float64Array | null {
  const decode = DECODED[encoding.type] as Decode<EncodingName>;
  return decode(encoding);
}
