import { type Binary, operation, SIMD, type Unary } from '../code.ts';

/** Instructions on two integers of 64 bits, by the names and opcodes of the core specification 2.0, appendix A.7. */

/** Half of the lanes of the next narrower type, widened. */
export const extendLowS: Unary = operation(SIMD + 0xc7);
export const extendHighS: Unary = operation(SIMD + 0xc8);
export const extendLowU: Unary = operation(SIMD + 0xc9);
export const extendHighU: Unary = operation(SIMD + 0xca);
export const shl: Binary = operation(SIMD + 0xcb);
export const shrU: Binary = operation(SIMD + 0xcd);
export const add: Binary = operation(SIMD + 0xce);
export const sub: Binary = operation(SIMD + 0xd1);
/** Products of 64 bits of the lower, or upper, two lanes of 32. */
export const extmulLowS: Binary = operation(SIMD + 0xdc);
export const extmulHighS: Binary = operation(SIMD + 0xdd);
export const extmulLowU: Binary = operation(SIMD + 0xde);
export const extmulHighU: Binary = operation(SIMD + 0xdf);
