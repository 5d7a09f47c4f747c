import { type Code, instruction, type Value, Writer, write } from './code.ts';
import { i32 } from './scalars.ts';

/**
 * A small assembler for WebAssembly (core specification 2.0): functions in, bytes out.
 *
 * A module is a row of sections, each with its number and length: signatures, the imported memory, which signature each
 * function has, exports, code. Integers are LEB128: seven bits a byte, the lowest first.
 */

export type Type = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';
const TYPES: Readonly<Record<Type, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** A local variable: read it by naming it. */
export interface Local extends Code {
  set(value: Value): Code;
  /** Sets it and leaves the value. */
  tee(value: Value): Code;
  readonly type: Type;
}

function localAt(index: number, type: Type): Local {
  const access =
    (opcode: number) =>
    (out: Writer): void => {
      out.byte(opcode);
      out.u32(index);
    };
  const assign =
    (opcode: number) =>
    (value: Value): Code =>
    (out) => {
      write(out, value);
      access(opcode)(out);
    };
  return Object.assign(access(0x20), { set: assign(0x21), tee: assign(0x22), type });
}

// Control ------------------------------------------------------------------------------------------------------------

export const sequence =
  (...parts: readonly Code[]): Code =>
  (out) => {
    for (const part of parts) part(out);
  };

const NO_RESULT = 0x40;

export const when =
  (condition: Value, then: Code, otherwise?: Code): Code =>
  (out) => {
    write(out, condition);
    out.byte(0x04);
    out.byte(NO_RESULT);
    then(out);
    if (otherwise !== undefined) {
      out.byte(0x05);
      otherwise(out);
    }
    out.byte(0x0b);
  };

/** Runs the parts once, then again as long as the condition holds. */
export const doWhile =
  (condition: Value, ...parts: readonly Code[]): Code =>
  (out) => {
    out.byte(0x03);
    out.byte(NO_RESULT);
    for (const part of parts) part(out);
    write(out, condition);
    out.byte(0x0d);
    out.byte(0);
    out.byte(0x0b);
  };

/** for (i = from; i < to; i += step), signed; `to` and `step` are read again each time round. */
export const forRange = (i: Local, from: Value, to: Value, step: Value, ...parts: readonly Code[]): Code =>
  sequence(i.set(from), when(i32.ltS(i, to), doWhile(i32.ltS(i.tee(i32.add(i, step)), to), ...parts)));

// Modules ------------------------------------------------------------------------------------------------------------

/** A function of a module; called with its arguments. */
export type Callee = (...operands: readonly Value[]) => Code;

/** What a function's body is written with, besides its parameters. */
export interface Frame {
  local(type: Type): Local;
  locals(type: Type, count: number): Local[];
}

/** The memory that a module imports as `env.memory`: its limits must cover those of the one it is given. */
export interface MemoryImport {
  readonly maximum: number;
  readonly shared: boolean;
}

interface Definition {
  readonly name: string;
  readonly params: readonly Type[];
  readonly result: Type | null;
  readonly locals: readonly Type[];
  readonly body: Code;
}

export class Assembler {
  private readonly functions: Definition[] = [];

  /**
   * Adds a function, exported under its name. Parameters are i32 unless `types` says otherwise. `write` returns the body,
   * which leaves a value if there is a `result`.
   */
  func<K extends string>(
    name: string,
    params: readonly K[],
    write: (params: Readonly<Record<K, Local>>, frame: Frame) => Code,
    { types, result = null }: { types?: Readonly<Partial<Record<K, Type>>>; result?: Type | null } = {},
  ): Callee {
    const signature = params.map((param): Type => types?.[param] ?? 'i32');
    const named = Object.fromEntries(params.map((param, i) => [param, localAt(i, signature[i]!)])) as Record<K, Local>;
    const locals: Type[] = [];
    const local = (type: Type): Local => localAt(params.length + locals.push(type) - 1, type);
    const body = write(named, { local, locals: (type, count) => Array.from({ length: count }, () => local(type)) });
    const index = this.functions.push({ name, params: signature, result, locals, body }) - 1;
    return (...operands) => instruction(0x10, operands, (out) => out.u32(index));
  }

  /** The module's bytes. */
  assemble(memory: MemoryImport): Uint8Array<ArrayBuffer> {
    const out = new Writer();
    for (const byte of [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) out.byte(byte); // "\0asm", version 1
    const { functions } = this;
    const section = (id: number, count: number, body: (part: Writer) => void): void => {
      out.byte(id);
      out.sized((part) => {
        part.u32(count);
        body(part);
      });
    };
    section(1, functions.length, (part) => {
      for (const { params, result } of functions) {
        part.byte(0x60);
        part.u32(params.length);
        for (const type of params) part.byte(TYPES[type]);
        part.u32(result === null ? 0 : 1);
        if (result !== null) part.byte(TYPES[result]);
      }
    });
    section(2, 1, (part) => {
      part.text('env');
      part.text('memory');
      part.byte(2);
      part.byte(memory.shared ? 3 : 1); // with a maximum, which shared memory must have
      part.u32(0);
      part.u32(memory.maximum);
    });
    section(3, functions.length, (part) => {
      for (let i = 0; i < functions.length; i++) part.u32(i);
    });
    section(7, functions.length, (part) => {
      functions.forEach(({ name }, i) => {
        part.text(name);
        part.byte(0);
        part.u32(i);
      });
    });
    section(10, functions.length, (part) => {
      for (const { locals, body } of functions) {
        part.sized((code) => {
          code.u32(locals.length);
          for (const type of locals) {
            code.u32(1);
            code.byte(TYPES[type]);
          }
          body(code);
          code.byte(0x0b);
        });
      }
    });
    return out.finish();
  }
}
