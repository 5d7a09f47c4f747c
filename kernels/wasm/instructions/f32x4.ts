import { type Binary, operation, SIMD, type Ternary, type Unary } from '../code.ts';

/** Instructions on four floats of 32 bits, by the names and opcodes of the core specification 2.0, appendix A.7. */

export const splat: Unary = operation(SIMD + 0x13);
export const eq: Binary = operation(SIMD + 0x41);
export const ne: Binary = operation(SIMD + 0x42);
export const lt: Binary = operation(SIMD + 0x43);
export const gt: Binary = operation(SIMD + 0x44);
export const le: Binary = operation(SIMD + 0x45);
export const ge: Binary = operation(SIMD + 0x46);
/** Two doubles rounded into lanes 0 and 1; lanes 2 and 3 are 0. */
export const demoteF64x2Zero: Unary = operation(SIMD + 0x5e);
export const ceil: Unary = operation(SIMD + 0x67);
export const floor: Unary = operation(SIMD + 0x68);
/** The nearest integer, half to even. */
export const nearest: Unary = operation(SIMD + 0x6a);
export const abs: Unary = operation(SIMD + 0xe0);
export const neg: Unary = operation(SIMD + 0xe1);
export const sqrt: Unary = operation(SIMD + 0xe3);
export const add: Binary = operation(SIMD + 0xe4);
export const sub: Binary = operation(SIMD + 0xe5);
export const mul: Binary = operation(SIMD + 0xe6);
export const div: Binary = operation(SIMD + 0xe7);
/** NaN if either is, and -0 below +0: Math.min and Math.max. */
export const min: Binary = operation(SIMD + 0xe8);
export const max: Binary = operation(SIMD + 0xe9);
/** y < x ? y : x. */
export const pmin: Binary = operation(SIMD + 0xea);
/** x < y ? y : x. */
export const pmax: Binary = operation(SIMD + 0xeb);
export const convertI32x4S: Unary = operation(SIMD + 0xfa);
/** x·y + z with one rounding or with two, as the machine likes. */
export const relaxedMadd: Ternary = operation(SIMD + 0x105);
