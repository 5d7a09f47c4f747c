import {
  type Binary,
  type Code,
  instruction,
  type Load,
  loading,
  operation,
  SIMD,
  type Store,
  type StoreLane,
  storing,
  storingLane,
  type Ternary,
  type Unary,
  type Value,
} from '../code.ts';

/** Instructions on vectors of 128 bits, by the names and opcodes of the core specification 2.0, appendix A.7. */

export const load: Load = loading(SIMD + 0x00);
/** Eight bytes, widened to eight lanes of 16 bits. */
export const load8x8S: Load = loading(SIMD + 0x01);
export const load32Splat: Load = loading(SIMD + 0x09);
export const load64Splat: Load = loading(SIMD + 0x0a);
/** The rest of the lanes 0. */
export const load32Zero: Load = loading(SIMD + 0x5c);
export const load64Zero: Load = loading(SIMD + 0x5d);
export const store: Store = storing(SIMD + 0x0b);
export const and: Binary = operation(SIMD + 0x4e);
/** x & ~y. */
export const andnot: Binary = operation(SIMD + 0x4f);
export const or: Binary = operation(SIMD + 0x50);
export const xor: Binary = operation(SIMD + 0x51);
/** (mask & x) | (~mask & y), as (x, y, mask). */
export const bitselect: Ternary = operation(SIMD + 0x52);
/** Whether any bit is set, as an i32. */
export const anyTrue: Unary = operation(SIMD + 0x53);
export const store8Lane: StoreLane = storingLane(SIMD + 0x58);
export const store16Lane: StoreLane = storingLane(SIMD + 0x59);
export const store32Lane: StoreLane = storingLane(SIMD + 0x5a);
export const store64Lane: StoreLane = storingLane(SIMD + 0x5b);

const shuffle = (bytes: number, lanes: readonly number[], x: Value, y: Value): Code => {
  const places = lanes.flatMap((lane) => Array.from({ length: bytes }, (_, i) => bytes * lane + i));
  return instruction(SIMD + 0x0d, [x, y], ...places);
};
/** Four of the lanes of 32 bits of x, 0 to 3, and of y, 4 to 7. */
export const shuffle32 = (lanes: readonly number[], x: Value, y: Value): Code => shuffle(4, lanes, x, y);
/** Eight of the lanes of 16 bits of x, 0 to 7, and of y, 8 to 15. */
export const shuffle16 = (lanes: readonly number[], x: Value, y: Value): Code => shuffle(2, lanes, x, y);
/** Sixteen of the lanes of 8 bits of x, 0 to 15, and of y, 16 to 31. */
export const shuffle8 = (lanes: readonly number[], x: Value, y: Value): Code => shuffle(1, lanes, x, y);
