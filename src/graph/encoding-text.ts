import type { Encoding } from './encoding.ts';

/** What messages call the numbers of a weight: as the format of weights that they are in, where it is one. */
export function encodingText(encoding: Encoding): string {
  switch (encoding.type) {
    case 'levels': {
      const { bits, zeroPoints } = encoding;
      if (zeroPoints !== null) return `uint${bits}`;
      return bits === 1 ? 'binary' : bits === 2 ? 'ternary' : `int${bits}`;
    }
    case 'fixed':
      return `fixed${8 * encoding.values.BYTES_PER_ELEMENT}`;
    case 'sparseInt8':
      return 'int8';
    default:
      return encoding.type;
  }
}
