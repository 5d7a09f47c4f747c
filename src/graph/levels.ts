import { elementsOf, type Shape } from '../base/shape.ts';
import type { EncodingOf, LevelCodeBits } from './encoding.ts';

/** Bytes of so many codes. */
export const codeBytes = (bits: LevelCodeBits, n: number): number => Math.ceil((n * bits) / 8);

/** Codes in a byte array, the first in the lowest bits. */
export function packedCodes(codes: ArrayLike<number>, bits: LevelCodeBits): Uint8Array {
  const packed = new Uint8Array(codeBytes(bits, codes.length));
  for (let i = 0; i < codes.length; i++) {
    const at = i * bits;
    packed[at >> 3]! |= codes[i]! << (at & 7);
  }
  return packed;
}

/** Code i of packed ones. */
export const codeAt = (packed: Uint8Array, bits: LevelCodeBits, i: number): number =>
  (packed[(i * bits) >> 3]! >> ((i * bits) & 7)) & (2 ** bits - 1);

/** The levels of a weight of this shape, row by row. */
export function levelsOf(encoding: EncodingOf<'levels'>, shape: Shape): Int32Array {
  const { values, bits, group, zeroPoints } = encoding;
  const units = shape.at(-1) ?? 1;
  const levels = new Int32Array(elementsOf(shape));
  for (let i = 0; i < levels.length; i++) {
    const code = codeAt(values, bits, i);
    const zero = zeroPoints?.[Math.floor(Math.floor(i / units) / group) * units + (i % units)] ?? 2 ** (bits - 1);
    levels[i] = bits === 1 ? 2 * code - 1 : code - zero;
  }
  return levels;
}
