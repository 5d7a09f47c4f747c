import type { Shape } from '../base/shape.ts';
import { elementsOf } from '../base/shape.ts';
import type { DenseStored, EncodingOf } from '../graph/encoding.ts';
import { type Grouped, unpackedCodes, zeroCode } from '../graph/levels.ts';
import { zerosLike } from '../graph/sparse.ts';
import type { Weights } from './sparse-code.ts';

/** Encodings that have a number, or a code of one, for each of a weight's. */
export type Numbered = Exclude<DenseStored['encoding'], EncodingOf<'hashed'>>;

/** What tells which number or code is 0. */
type Zeroed =
  | ({ readonly type: 'levels' } & Grouped)
  | Pick<EncodingOf<'palette'>, 'type' | 'centroids'>
  | { readonly type: Exclude<Numbered['type'], 'levels' | 'palette'> };

/** The numbers or codes, one for each of the weight's. */
export const numbersOf = (encoding: Numbered, shape: Shape): Weights =>
  encoding.type === 'levels' ? unpackedCodes(encoding.values, encoding.bits, elementsOf(shape)) : encoding.values;

/** What stands for 0 at place i; -1 for codes none of which does. */
export function zeroIn(encoding: Zeroed, units: number): (i: number) => number {
  if (encoding.type === 'levels') return encoding.bits === 1 ? () => -1 : (i) => zeroCode(encoding, units, i);
  const zero = encoding.type === 'palette' ? encoding.centroids.indexOf(0) : 0;
  return () => zero;
}

/** Which numbers are not 0, as bytes 0 or 1. The -0 of floats counts as a number, so that nothing is lost. */
export function nonZeroIn(numbers: Weights, zeroAt: (i: number) => number): Uint8Array {
  const bits = new Uint8Array(numbers.length);
  for (let i = 0; i < bits.length; i++) bits[i] = Object.is(numbers[i], zeroAt(i)) ? 0 : 1;
  return bits;
}

/** `n` numbers: those held at their places, and 0 elsewhere. Null where codes would have to be 0, none of which is. */
export function filled<T extends Weights>(
  held: T,
  places: Int32Array,
  n: number,
  zeroAt: (i: number) => number,
): T | null {
  if (places.length < n && zeroAt(0) < 0) return null;
  const numbers = zerosLike(held, n);
  for (let i = 0; i < n; i++) numbers[i] = zeroAt(i);
  for (let i = 0; i < places.length; i++) numbers[places[i]!] = held[i]!;
  return numbers;
}
