/**
 * Pieces of WebAssembly code. A piece is a function that writes its own bytes. Operands are pieces
 * too, so that an expression reads as a formula, `f32x4.add(sum, f32x4.mul(a, b))`, and is written as the stack machine
 * wants it: operands first, then the instruction. Nothing here checks types; `new WebAssembly.Module` does.
 */

/** Bytes in the order in which they are written. */
export class Writer {
  private readonly bytes: number[] = [];

  byte(value: number): void {
    this.bytes.push(value);
  }

  /** Unsigned LEB128: seven bits a byte, the lowest first; bit 7 says that more follow. */
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

  /** What `body` writes, with its length before it: in five bytes, however small it is, which are filled in afterwards. */
  sized(body: () => void): void {
    const at = this.bytes.push(0x80, 0x80, 0x80, 0x80, 0);
    body();
    const length = this.bytes.length - at;
    for (let i = 0; i < 5; i++) this.bytes[at - 5 + i]! |= (length >>> (7 * i)) & 0x7f;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.bytes);
  }
}

type Piece = (out: Writer) => void;
/** A piece of code, or a list of pieces: an expression leaves one value, a statement none. */
export type Code = Piece | readonly Value[];
/** An operand; a number is an i32 constant. */
export type Value = Code | number;

export function write(out: Writer, value: Value): void {
  if (typeof value === 'number') {
    out.byte(0x41);
    out.s32(value);
  } else if (typeof value === 'function') value(out);
  else for (const part of value) write(out, part);
}

// Ways to make an instruction ----------------------------------------------------------------------------------------

/** Opcodes from here on are those of vectors, which stand behind a prefix. */
export const SIMD = 0x100;

/** Operands, then the opcode, then what belongs to it. */
export const instruction =
  (op: number, operands: readonly Value[] = [], ...immediates: readonly number[]): Piece =>
  (out) => {
    write(out, operands);
    if (op < SIMD) out.byte(op);
    else {
      out.byte(0xfd);
      out.u32(op - SIMD);
    }
    for (const immediate of immediates) out.u32(immediate);
  };

export type Unary = (x: Value) => Code;
export type Binary = (x: Value, y: Value) => Code;
export type Ternary = (x: Value, y: Value, z: Value) => Code;
export type Load = (address: Value, offset?: number) => Code;
export type Store = (address: Value, value: Value, offset?: number) => Code;
export type StoreLane = (lane: number, address: Value, value: Value, offset?: number) => Code;

/** An instruction with nothing but operands. */
export const operation =
  (op: number) =>
  (...operands: readonly Value[]): Code =>
    instruction(op, operands);

/** An address has an alignment hint, here always 2⁰, which every processor in use ignores, and a constant offset. */
export const loading =
  (op: number): Load =>
  (address, offset = 0) =>
    instruction(op, [address], 0, offset);
export const storing =
  (op: number): Store =>
  (address, value, offset = 0) =>
    instruction(op, [address, value], 0, offset);
export const storingLane =
  (op: number): StoreLane =>
  (lane, address, value, offset = 0) =>
    instruction(op, [address, value], 0, offset, lane);

/** A number as it lies in memory, after the opcode of a constant. */
export const constantOf =
  (op: number, value: Float32Array | Float64Array): Code =>
  (out) => {
    out.byte(op);
    for (const byte of new Uint8Array(value.buffer)) out.byte(byte);
  };
