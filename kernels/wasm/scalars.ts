import {
  type Binary,
  binary,
  type Code,
  type FloatComparisons,
  floatComparisons,
  type IntegerComparisons,
  instruction,
  integerComparisons,
  type Load,
  load,
  type Store,
  store,
  type Unary,
  unary,
  type Value,
  write,
} from './code.ts';

/** Instructions on numbers and memory, by the names and opcodes of the core specification 2.0, appendix A.7. */

const floatBytes = (size: 4 | 8, value: number): Uint8Array => {
  const view = new DataView(new ArrayBuffer(size));
  if (size === 4) view.setFloat32(0, value, true);
  else view.setFloat64(0, value, true);
  return new Uint8Array(view.buffer);
};

interface I32 extends IntegerComparisons {
  readonly load: Load;
  readonly load8S: Load;
  readonly load8U: Load;
  readonly store: Store;
  readonly store8: Store;
  readonly eqz: Unary;
  readonly add: Binary;
  readonly sub: Binary;
  readonly mul: Binary;
  readonly divS: Binary;
  readonly and: Binary;
  readonly or: Binary;
  readonly xor: Binary;
  readonly shl: Binary;
  readonly shrS: Binary;
  readonly shrU: Binary;
  readonly wrapI64: Unary;
  readonly reinterpretF32: Unary;
}

export const i32: I32 = {
  ...integerComparisons(0x46),
  load: load(0x28),
  load8S: load(0x2c),
  load8U: load(0x2d),
  store: store(0x36),
  store8: store(0x3a),
  eqz: unary(0x45),
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  divS: binary(0x6d),
  and: binary(0x71),
  or: binary(0x72),
  xor: binary(0x73),
  shl: binary(0x74),
  shrS: binary(0x75),
  shrU: binary(0x76),
  wrapI64: unary(0xa7),
  reinterpretF32: unary(0xbc),
};

interface I64 {
  readonly mul: Binary;
  readonly shrU: Binary;
  readonly extendI32S: Unary;
  readonly extendI32U: Unary;
}

export const i64: I64 = {
  mul: binary(0x7e),
  shrU: binary(0x88),
  extendI32S: unary(0xac),
  extendI32U: unary(0xad),
};

interface Float extends FloatComparisons {
  readonly const: (value: number) => Code;
  readonly load: Load;
  readonly store: Store;
  readonly abs: Unary;
  readonly neg: Unary;
  readonly sqrt: Unary;
  readonly add: Binary;
  readonly sub: Binary;
  readonly mul: Binary;
  readonly div: Binary;
  readonly min: Binary;
  readonly max: Binary;
  readonly convertI32S: Unary;
}

const float = (constant: number, access: number, comparisons: number, at: number, convert: number): Float => ({
  ...floatComparisons(comparisons),
  const: (value) => (out) => {
    out.byte(constant);
    out.append(floatBytes(constant === 0x43 ? 4 : 8, value));
  },
  load: load(access),
  store: store(access + 14),
  abs: unary(at),
  neg: unary(at + 1),
  sqrt: unary(at + 6),
  add: binary(at + 7),
  sub: binary(at + 8),
  mul: binary(at + 9),
  div: binary(at + 10),
  min: binary(at + 11),
  max: binary(at + 12),
  convertI32S: unary(convert),
});

export const f32: Float & { readonly demoteF64: Unary; readonly reinterpretI32: Unary } = {
  ...float(0x43, 0x2a, 0x5b, 0x8b, 0xb2),
  demoteF64: unary(0xb6),
  reinterpretI32: unary(0xbe),
};

export const f64: Float & { readonly promoteF32: Unary } = {
  ...float(0x44, 0x2b, 0x61, 0x99, 0xb7),
  promoteF32: unary(0xbb),
};

/** condition ? x : y, both computed. */
export const select = (x: Value, y: Value, condition: Value): Code => instruction(0x1b, [x, y, condition]);

/** Copies `count` bytes; the two areas may overlap. */
export const memoryCopy = (to: Value, from: Value, count: Value): Code => bulk(0x0a, [to, from, count], [0, 0]);

/** Sets `count` bytes. */
export const memoryFill = (to: Value, byte: Value, count: Value): Code => bulk(0x0b, [to, byte, count], [0]);

const bulk =
  (op: number, operands: readonly Value[], immediates: readonly number[]): Code =>
  (out) => {
    for (const operand of operands) write(out, operand);
    for (const byte of [0xfc, op, ...immediates]) out.byte(byte);
  };
