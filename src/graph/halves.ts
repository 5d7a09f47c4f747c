import { powerOfTwo } from './powers.ts';

/** Floats of 16 bits as their bits: binary16 of IEEE 754, and bfloat16, the upper half of a float32. */

const scratch = new Float32Array(1);
const bitsOf = new Uint32Array(scratch.buffer);

/** The nearest binary16, ties to the even one: infinite from 65520 on. A NaN is 0x7e00. */
export function toFloat16(x: number): number {
  scratch[0] = x;
  const sign = (bitsOf[0]! >>> 16) & 0x8000;
  const size = Math.abs(scratch[0]);
  if (Number.isNaN(size)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  // Below 2⁻¹⁴ a step is 2⁻²⁴; above, 2⁻¹⁰ of the power of two at or below the number
  const exponent = Math.max(((bitsOf[0]! >>> 23) & 0xff) - 127, -14);
  const steps = size / powerOfTwo(exponent - 10) + 2 ** 52 - 2 ** 52; // half to even
  return sign | (((exponent + 14) << 10) + steps);
}

/** The number that the bits of a binary16 are. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * powerOfTwo(exponent - 25));
}

/** The nearest bfloat16, ties to the even one. A NaN is 0x7fc0. */
export function toBfloat16(x: number): number {
  scratch[0] = x;
  if (Number.isNaN(x)) return 0x7fc0;
  const bits = bitsOf[0]!;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}
