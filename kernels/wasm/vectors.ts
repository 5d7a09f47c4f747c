import {
  type Binary,
  binary,
  type Code,
  type FloatComparisons,
  floatComparisons,
  type IntegerComparisons,
  instruction,
  integerComparisons,
  type LaneAccess,
  type Load,
  laneAccess,
  load,
  type ReplaceLane,
  replaceLane,
  type Store,
  simd,
  store,
  type Ternary,
  ternary,
  type Unary,
  unary,
  type Value,
  type WithLane,
  withLane,
} from './code.ts';

/** Instructions on vectors of 128 bits, by the names and opcodes of the core specification 2.0, appendix A.7. */

const shuffle = (bytes: readonly number[], x: Value, y: Value): Code =>
  instruction(simd(0x0d), [x, y], (out) => {
    for (const byte of bytes) out.byte(byte);
  });

interface V128 {
  readonly load: Load;
  /** Eight bytes, widened to eight lanes of 16 bits. */
  readonly load8x8S: Load;
  readonly load8Splat: Load;
  readonly load32Splat: Load;
  readonly load64Splat: Load;
  /** The rest of the lanes 0. */
  readonly load32Zero: Load;
  readonly load64Zero: Load;
  readonly store: Store;
  readonly not: Unary;
  readonly and: Binary;
  /** x & ~y. */
  readonly andnot: Binary;
  readonly or: Binary;
  readonly xor: Binary;
  /** (mask & x) | (~mask & y), as (x, y, mask). */
  readonly bitselect: Ternary;
  readonly anyTrue: Unary;
  readonly load8Lane: LaneAccess;
  readonly load32Lane: LaneAccess;
  readonly load64Lane: LaneAccess;
  readonly store8Lane: LaneAccess;
  readonly store16Lane: LaneAccess;
  readonly store32Lane: LaneAccess;
  readonly store64Lane: LaneAccess;
  /** Byte i of the result is byte bytes[i] of x, or bytes[i] - 16 of y. */
  readonly shuffle8: (bytes: readonly number[], x: Value, y: Value) => Code;
  /** The same for four lanes of 32 bits. */
  readonly shuffle32: (lanes: readonly number[], x: Value, y: Value) => Code;
}

export const v128: V128 = {
  load: load(simd(0x00)),
  load8x8S: load(simd(0x01)),
  load8Splat: load(simd(0x07)),
  load32Splat: load(simd(0x09)),
  load64Splat: load(simd(0x0a)),
  load32Zero: load(simd(0x5c)),
  load64Zero: load(simd(0x5d)),
  store: store(simd(0x0b)),
  not: unary(simd(0x4d)),
  and: binary(simd(0x4e)),
  andnot: binary(simd(0x4f)),
  or: binary(simd(0x50)),
  xor: binary(simd(0x51)),
  bitselect: ternary(simd(0x52)),
  anyTrue: unary(simd(0x53)),
  load8Lane: laneAccess(simd(0x54)),
  load32Lane: laneAccess(simd(0x56)),
  load64Lane: laneAccess(simd(0x57)),
  store8Lane: laneAccess(simd(0x58)),
  store16Lane: laneAccess(simd(0x59)),
  store32Lane: laneAccess(simd(0x5a)),
  store64Lane: laneAccess(simd(0x5b)),
  shuffle8: shuffle,
  shuffle32: (lanes, x, y) =>
    shuffle(
      lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]),
      x,
      y,
    ),
};

/** What every vector type has; `shape` counts i8x16, i16x8, i32x4, i64x2, f32x4, f64x2 from 0. */
interface Lanes {
  readonly splat: Unary;
  readonly abs: Unary;
  readonly neg: Unary;
  readonly add: Binary;
  readonly sub: Binary;
  readonly mul: Binary;
}

/** Integer vectors lay out their instructions alike, 32 apart from i8x16's at 0x60 on (which has no mul). */
interface IntegerLanes extends Lanes, IntegerComparisons {
  readonly shl: Binary;
  readonly shrS: Binary;
  readonly shrU: Binary;
  readonly minS: Binary;
  readonly maxS: Binary;
  /** Half of the lanes of the next narrower type, widened. */
  readonly extendLowS: Unary;
  readonly extendHighS: Unary;
  readonly extendLowU: Unary;
  readonly extendHighU: Unary;
}

const integerLanes = (shape: number): IntegerLanes => {
  const at = simd(0x60 + 0x20 * shape);
  return {
    ...integerComparisons(simd(0x23 + 10 * shape)),
    splat: unary(simd(0x0f + shape)),
    abs: unary(at),
    neg: unary(at + 0x01),
    extendLowS: unary(at + 0x07),
    extendHighS: unary(at + 0x08),
    extendLowU: unary(at + 0x09),
    extendHighU: unary(at + 0x0a),
    shl: binary(at + 0x0b),
    shrS: binary(at + 0x0c),
    shrU: binary(at + 0x0d),
    add: binary(at + 0x0e),
    sub: binary(at + 0x11),
    mul: binary(at + 0x15),
    minS: binary(at + 0x16),
    maxS: binary(at + 0x18),
  };
};

export const i8x16: IntegerLanes & { readonly narrowI16x8S: Binary; readonly swizzle: Binary } = {
  ...integerLanes(0),
  swizzle: binary(simd(0x0e)),
  narrowI16x8S: binary(simd(0x65)),
};

export const i16x8: IntegerLanes & { readonly narrowI32x4S: Binary; readonly addSatS: Binary } = {
  ...integerLanes(1),
  narrowI32x4S: binary(simd(0x85)),
  addSatS: binary(simd(0x8f)),
};

interface I32x4 extends IntegerLanes {
  readonly extractLane: WithLane;
  readonly replaceLane: ReplaceLane;
  /** Lane i is the sum of the products of lanes 2i and 2i + 1 of 16 bits. */
  readonly dotI16x8S: Binary;
  readonly truncSatF32x4S: Unary;
  readonly truncSatF64x2SZero: Unary;
}

export const i32x4: I32x4 = {
  ...integerLanes(2),
  extractLane: withLane(simd(0x1b)),
  replaceLane: replaceLane(simd(0x1c)),
  dotI16x8S: binary(simd(0xba)),
  truncSatF32x4S: unary(simd(0xf8)),
  truncSatF64x2SZero: unary(simd(0xfc)),
};

interface I64x2 extends Lanes, Pick<IntegerLanes, 'shl' | 'shrS' | 'shrU' | 'extendLowS' | 'extendLowU'> {
  readonly extendHighS: Unary;
  readonly extendHighU: Unary;
  /** Products of 64 bits of the lower, or upper, two lanes of 32. */
  readonly extmulLowU: Binary;
  readonly extmulHighU: Binary;
}

export const i64x2: I64x2 = {
  ...integerLanes(3),
  extmulLowU: binary(simd(0xde)),
  extmulHighU: binary(simd(0xdf)),
};

/** Float vectors: the comparisons from `comparisons` on, the arithmetic from `at` on. */
interface FloatLanes extends Lanes, FloatComparisons {
  readonly extractLane: WithLane;
  readonly replaceLane: ReplaceLane;
  readonly sqrt: Unary;
  readonly div: Binary;
  /** NaN if either is, and -0 below +0: Math.min and Math.max. */
  readonly min: Binary;
  readonly max: Binary;
  /** y < x ? y : x. */
  readonly pmin: Binary;
  /** x < y ? y : x. */
  readonly pmax: Binary;
}

const floatLanes = (splat: number, lane: number, comparisons: number, at: number): FloatLanes => ({
  ...floatComparisons(simd(comparisons)),
  splat: unary(simd(splat)),
  extractLane: withLane(simd(lane)),
  replaceLane: replaceLane(simd(lane + 1)),
  abs: unary(simd(at)),
  neg: unary(simd(at + 1)),
  sqrt: unary(simd(at + 3)),
  add: binary(simd(at + 4)),
  sub: binary(simd(at + 5)),
  mul: binary(simd(at + 6)),
  div: binary(simd(at + 7)),
  min: binary(simd(at + 8)),
  max: binary(simd(at + 9)),
  pmin: binary(simd(at + 10)),
  pmax: binary(simd(at + 11)),
});

interface F32x4 extends FloatLanes {
  /** The nearest integer, half to even. */
  readonly nearest: Unary;
  readonly convertI32x4S: Unary;
  /** Two doubles rounded into lanes 0 and 1; lanes 2 and 3 are 0. */
  readonly demoteF64x2Zero: Unary;
  /** x·y + z with one rounding or with two, as the machine likes. */
  readonly relaxedMadd: Ternary;
}

export const f32x4: F32x4 = {
  ...floatLanes(0x13, 0x1f, 0x41, 0xe0),
  nearest: unary(simd(0x6a)),
  convertI32x4S: unary(simd(0xfa)),
  demoteF64x2Zero: unary(simd(0x5e)),
  relaxedMadd: ternary(simd(0x105)),
};

interface F64x2 extends FloatLanes {
  readonly promoteLowF32x4: Unary;
  readonly convertLowI32x4S: Unary;
  readonly convertLowI32x4U: Unary;
}

export const f64x2: F64x2 = {
  ...floatLanes(0x14, 0x21, 0x47, 0xec),
  promoteLowF32x4: unary(simd(0x5f)),
  convertLowI32x4S: unary(simd(0xfe)),
  convertLowI32x4U: unary(simd(0xff)),
};
