import { type Binary, operation, SIMD, type Unary } from '../code.ts';

/** Instructions on sixteen integers of 8 bits, by the names and opcodes of the core specification 2.0, appendix A.7. */

export const splat: Unary = operation(SIMD + 0x0f);
export const abs: Unary = operation(SIMD + 0x60);
/** Two vectors, saturated. */
export const narrowI16x8S: Binary = operation(SIMD + 0x65);
/** From signed ones to bytes from 0 to 255. */
export const narrowI16x8U: Binary = operation(SIMD + 0x66);
export const minS: Binary = operation(SIMD + 0x76);
export const maxS: Binary = operation(SIMD + 0x78);
