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

/** The first `n` codes of packed ones, a byte each. */
export const unpackedCodes = (packed: Uint8Array, bits: LevelCodeBits, n: number): Uint8Array =>
  new Uint8Array(n).map((_, i) => codeAt(packed, bits, i));

/** Whether all bits behind code n - 1 are 0. */
export const endsInZeros = (packed: Uint8Array, bits: LevelCodeBits, n: number): boolean =>
  (n * bits) % 8 === 0 || packed.at(-1)! >> ((n * bits) % 8) === 0;

/** Which of the scales, [groups, units], is that of number i. */
export const groupAt = (group: number, units: number, i: number): number =>
  Math.floor(Math.floor(i / units) / group) * units + (i % units);

/** The code that stands for 0 at number i. Of one bit none does, and this is the one for 1. */
export const zeroCode = ({ bits, group, zeroPoints }: Grouped, units: number, i: number): number =>
  zeroPoints?.[groupAt(group, units, i)] ?? 2 ** (bits - 1);
export type Grouped = Pick<EncodingOf<'levels'>, 'bits' | 'group' | 'zeroPoints'>;

/** Whether number i is 0. */
export const isZeroLevel = (encoding: EncodingOf<'levels'>, units: number, i: number): boolean =>
  encoding.bits > 1 && codeAt(encoding.values, encoding.bits, i) === zeroCode(encoding, units, i);

/** The levels of a weight of this shape, row by row. */
export function levelsOf(encoding: EncodingOf<'levels'>, shape: Shape): Int32Array {
  const { values, bits } = encoding;
  const units = shape.at(-1) ?? 1;
  const levels = new Int32Array(elementsOf(shape));
  for (let i = 0; i < levels.length; i++) {
    const code = codeAt(values, bits, i);
    levels[i] = bits === 1 ? 2 * code - 1 : code - zeroCode(encoding, units, i);
  }
  return levels;
}
