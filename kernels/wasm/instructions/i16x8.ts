import { type Binary, operation, SIMD, type Unary } from '../code.ts';

/** Instructions on eight integers of 16 bits, by the names and opcodes of the core specification 2.0, appendix A.7. */

export const splat: Unary = operation(SIMD + 0x10);
/** Half of the lanes of the next narrower type, widened. */
export const extendLowS: Unary = operation(SIMD + 0x87);
export const extendLowU: Unary = operation(SIMD + 0x89);
/** Two vectors, saturated. */
export const narrowI32x4S: Binary = operation(SIMD + 0x85);
export const sub: Binary = operation(SIMD + 0x91);
