import { type Binary, type Code, instruction, operation, SIMD, type Unary, type Value } from '../code.ts';

/** Instructions on four integers of 32 bits, by the names and opcodes of the core specification 2.0, appendix A.7. */

export const splat: Unary = operation(SIMD + 0x11);
export const ne: Binary = operation(SIMD + 0x38);
export const gtS: Binary = operation(SIMD + 0x3b);
export const geU: Binary = operation(SIMD + 0x40);
/** As unsigned ones: that of -2³¹ is 2³¹. */
export const abs: Unary = operation(SIMD + 0xa0);
/** The sign of lane i as bit i of an i32. */
export const bitmask: Unary = operation(SIMD + 0xa4);
/** Half of the lanes of the next narrower type, widened. */
export const extendLowS: Unary = operation(SIMD + 0xa7);
export const extendHighS: Unary = operation(SIMD + 0xa8);
export const extendLowU: Unary = operation(SIMD + 0xa9);
export const shl: Binary = operation(SIMD + 0xab);
export const shrS: Binary = operation(SIMD + 0xac);
export const shrU: Binary = operation(SIMD + 0xad);
export const add: Binary = operation(SIMD + 0xae);
export const sub: Binary = operation(SIMD + 0xb1);
export const mul: Binary = operation(SIMD + 0xb5);
export const minS: Binary = operation(SIMD + 0xb6);
export const maxS: Binary = operation(SIMD + 0xb8);
/** Lane i is the sum of the products of lanes 2i and 2i + 1 of 16 bits. */
export const dotI16x8S: Binary = operation(SIMD + 0xba);
export const truncSatF32x4S: Unary = operation(SIMD + 0xf8);

export const replaceLane = (lane: number, x: Value, value: Value): Code => instruction(SIMD + 0x1c, [x, value], lane);
