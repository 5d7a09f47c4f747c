/**
 * Pieces of WebAssembly code. A piece is a function that writes its own bytes. Operands are pieces too, so that an
 * expression reads as a formula, `f32x4.add(sum, f32x4.mul(a, b))`, and is written as the stack machine wants it:
 * operands first, then the instruction. Nothing here checks types; `new WebAssembly.Module` does.
 */

/** Bytes in the order in which they are written. */
export class Writer {
  private bytes = new Uint8Array(256);
  private length = 0;

  byte(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = value;
  }

  append(more: Uint8Array): void {
    this.reserve(more.length);
    this.bytes.set(more, this.length);
    this.length += more.length;
  }

  /** Unsigned LEB128. */
  u32(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  /** Signed LEB128: the last byte's bit 6 is the sign. */
  s32(value: number): void {
    let rest = value | 0;
    for (; rest < -0x40 || rest > 0x3f; rest >>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest & 0x7f);
  }

  text(value: string): void {
    this.u32(value.length); // names here are ASCII
    for (let i = 0; i < value.length; i++) this.byte(value.charCodeAt(i));
  }

  /** What was written, with its length before it. */
  sized(write: (out: Writer) => void): void {
    const part = new Writer();
    write(part);
    this.u32(part.length);
    this.append(part.finish());
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.length + more));
    larger.set(this.bytes);
    this.bytes = larger;
  }
}

/** A piece of code: an expression leaves one value, a statement none. */
export type Code = (out: Writer) => void;
/** An operand; a number is an i32 constant. */
export type Value = Code | number;

/** Writes an operand. */
export const write = (out: Writer, value: Value): void => {
  if (typeof value === 'number') {
    out.byte(0x41);
    out.s32(value);
  } else value(out);
};

// Ways to make an instruction ----------------------------------------------------------------------------------------

/** Opcodes above 0xff stand for a prefix and a LEB128 number: 0xfd begins SIMD, 0xfc bulk memory. */
const SIMD = 0x10000;
export const simd = (n: number): number => SIMD + n;

function opcode(out: Writer, op: number): void {
  if (op < SIMD) out.byte(op);
  else {
    out.byte(0xfd);
    out.u32(op - SIMD);
  }
}

export type Unary = (x: Value) => Code;
export type Binary = (x: Value, y: Value) => Code;
export type Ternary = (x: Value, y: Value, z: Value) => Code;
export type Load = (address: Value, offset?: number) => Code;
export type Store = (address: Value, value: Value, offset?: number) => Code;
export type WithLane = (lane: number, x: Value) => Code;
export type LaneAccess = (lane: number, at: Value, x: Value, offset?: number) => Code;
export type ReplaceLane = (lane: number, x: Value, value: Value) => Code;

/** Operands, then the opcode, then what belongs to it. */
export const instruction =
  (op: number, operands: readonly Value[], immediates?: (out: Writer) => void): Code =>
  (out) => {
    for (const operand of operands) write(out, operand);
    opcode(out, op);
    immediates?.(out);
  };
export const unary =
  (op: number): Unary =>
  (x) =>
    instruction(op, [x]);
export const binary =
  (op: number): Binary =>
  (x, y) =>
    instruction(op, [x, y]);
export const ternary =
  (op: number): Ternary =>
  (x, y, z) =>
    instruction(op, [x, y, z]);
/** An address has an alignment hint, here always 2⁰, which every processor in use ignores, and a constant offset. */
const address =
  (offset: number, lane?: number) =>
  (out: Writer): void => {
    out.byte(0);
    out.u32(offset);
    if (lane !== undefined) out.byte(lane);
  };
export const load =
  (op: number): Load =>
  (at, offset = 0) =>
    instruction(op, [at], address(offset));
export const store =
  (op: number): Store =>
  (at, value, offset = 0) =>
    instruction(op, [at, value], address(offset));
export const withLane =
  (op: number): WithLane =>
  (lane, x) =>
    instruction(op, [x], (out) => out.byte(lane));
export const replaceLane =
  (op: number): ReplaceLane =>
  (lane, x, value) =>
    instruction(op, [x, value], (out) => out.byte(lane));
export const laneAccess =
  (op: number) =>
  (lane: number, at: Value, x: Value, offset = 0): Code =>
    instruction(op, [at, x], address(offset, lane));

interface Comparisons {
  readonly eq: Binary;
  readonly ne: Binary;
}

/** Six comparisons of floats in a row from opcode `at`. */
export interface FloatComparisons extends Comparisons {
  readonly lt: Binary;
  readonly gt: Binary;
  readonly le: Binary;
  readonly ge: Binary;
}

export const floatComparisons = (at: number): FloatComparisons => ({
  eq: binary(at),
  ne: binary(at + 1),
  lt: binary(at + 2),
  gt: binary(at + 3),
  le: binary(at + 4),
  ge: binary(at + 5),
});

/** Ten comparisons of integers, S signed and U unsigned, in a row from opcode `at`. */
export interface IntegerComparisons extends Comparisons {
  readonly ltS: Binary;
  readonly ltU: Binary;
  readonly gtS: Binary;
  readonly gtU: Binary;
  readonly leS: Binary;
  readonly leU: Binary;
  readonly geS: Binary;
  readonly geU: Binary;
}

export const integerComparisons = (at: number): IntegerComparisons => ({
  eq: binary(at),
  ne: binary(at + 1),
  ltS: binary(at + 2),
  ltU: binary(at + 3),
  gtS: binary(at + 4),
  gtU: binary(at + 5),
  leS: binary(at + 6),
  leU: binary(at + 7),
  geS: binary(at + 8),
  geU: binary(at + 9),
});
