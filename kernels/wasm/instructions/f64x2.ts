import { type Binary, type Code, instruction, operation, SIMD, type Ternary, type Unary, type Value } from '../code.ts';

/** Instructions on two floats of 64 bits, by the names and opcodes of the core specification 2.0, appendix A.7. */

export const splat: Unary = operation(SIMD + 0x14);
export const eq: Binary = operation(SIMD + 0x47);
export const lt: Binary = operation(SIMD + 0x49);
export const gt: Binary = operation(SIMD + 0x4a);
export const le: Binary = operation(SIMD + 0x4b);
export const ge: Binary = operation(SIMD + 0x4c);
export const promoteLowF32x4: Unary = operation(SIMD + 0x5f);
export const abs: Unary = operation(SIMD + 0xec);
export const neg: Unary = operation(SIMD + 0xed);
export const sqrt: Unary = operation(SIMD + 0xef);
export const add: Binary = operation(SIMD + 0xf0);
export const sub: Binary = operation(SIMD + 0xf1);
export const mul: Binary = operation(SIMD + 0xf2);
export const div: Binary = operation(SIMD + 0xf3);
/** NaN if either is, and -0 below +0: Math.min and Math.max. */
export const min: Binary = operation(SIMD + 0xf4);
export const max: Binary = operation(SIMD + 0xf5);
/** y < x ? y : x. */
export const pmin: Binary = operation(SIMD + 0xf6);
/** x < y ? y : x. */
export const pmax: Binary = operation(SIMD + 0xf7);

/** x·y + z with one rounding or with two, as the machine likes. */
export const relaxedMadd: Ternary = operation(SIMD + 0x107);

export const extractLane = (lane: number, x: Value): Code => instruction(SIMD + 0x21, [x], lane);
