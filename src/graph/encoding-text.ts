import type { Encoding, EncodingName, EncodingOf } from './encoding.ts';

type TextOf<E extends EncodingName> = (encoding: EncodingOf<E>) => string;

const itself = ({ type }: Encoding): string => type;

/** One row an encoding: as the format of weights that it is, where it is one. */
const TEXTS: { readonly [E in EncodingName]: TextOf<E> } = {
  float32: itself,
  float64: itself,
  float16: itself,
  bfloat16: itself,
  int32: itself,
  palette: () => 'a palette',
  hashed: itself,
  int8: itself,
  sparse: itself,
  sparseInt8: () => 'int8',
  fixed: ({ values }) => `fixed${8 * values.BYTES_PER_ELEMENT}`,
  levels: ({ bits, zeroPoints }) => {
    if (zeroPoints !== null) return `uint${bits}`;
    return bits === 1 ? 'binary' : bits === 2 ? 'ternary' : `int${bits}`;
  },
};

/** What messages call the numbers of a weight. */
export const encodingText = (encoding: Encoding): string => (TEXTS[encoding.type] as TextOf<EncodingName>)(encoding);
