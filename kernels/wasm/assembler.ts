import { type Code, instruction, operation, type Ternary, type Value, Writer, write } from './code.ts';
import * as i32 from './instructions/i32.ts';

/**
 * A small assembler for WebAssembly (core specification 2.0): functions in, bytes out.
 *
 * A module is a row of sections, each with its number and length: signatures, the imported memory and functions, which
 * signature each function has, exports, code.
 */

/** A local variable: read it by naming it. */
export interface Local {
  (out: Writer): void;
  readonly set: (value: Value) => Code;
  /** Sets it and leaves the value. */
  readonly tee: (value: Value) => Code;
}

const localAt = (index: number): Local =>
  Object.assign(instruction(0x20, [], index), {
    set: (value: Value) => instruction(0x21, [value], index),
    tee: (value: Value) => instruction(0x22, [value], index),
  });

/** Local variables to be named: as many as were asked for, up to sixteen. */
// biome-ignore format: four by four
export type Locals = [
  Local, Local, Local, Local,  Local, Local, Local, Local,
  Local, Local, Local, Local,  Local, Local, Local, Local,
];

/** Makes local variables, which begin as 0: one for each letter, i for i32, l for i64, f for f32, d for f64 and v for v128. */
export type NewLocals = (types: string) => Locals;
const TYPES: Readonly<Record<string, number>> = { i: 0x7f, l: 0x7e, f: 0x7d, d: 0x7c, v: 0x7b };

// Control ------------------------------------------------------------------------------------------------------------

const END = instruction(0x0b);
const NO_RESULT = 0x40;

export const when = (condition: Value, then: Code, otherwise?: Code): Code => [
  instruction(0x04, [condition], NO_RESULT),
  then,
  otherwise === undefined ? [] : [instruction(0x05), otherwise],
  END,
];

/** Runs the parts once, then again as long as the condition holds. */
export const doWhile = (condition: Value, ...parts: readonly Code[]): Code => [
  instruction(0x03, [], NO_RESULT),
  parts,
  instruction(0x0d, [condition], 0),
  END,
];

/** for (i = from; i < to; i += step), signed; `to` and `step` are read again each time round. */
export const forRange = (i: Local, from: Value, to: Value, step: Value, ...parts: readonly Code[]): Code => [
  i.set(from),
  when(i32.ltS(i, to), doWhile(i32.ltS(i.tee(i32.add(i, step)), to), parts)),
];

/** for (; left >= least; left -= step), signed. */
export const countDown = (left: Local, step: number, least: number, ...parts: readonly Code[]): Code =>
  when(i32.geS(left, least), doWhile(i32.geS(left.tee(i32.sub(left, step)), least), parts));

/** x += value */
export const advance = (x: Local, value: Value): Code => x.set(i32.add(x, value));

/** condition ? x : y, as (x, y, condition), both computed. */
export const select: Ternary = operation(0x1b);

/** Signed. */
export const min = (x: Value, y: Value): Code => select(x, y, i32.ltS(x, y));

// Modules ------------------------------------------------------------------------------------------------------------

/** A function of a module; called with its arguments. */
export type Callee = (...operands: readonly Value[]) => Code;

/** Adds a function to a module: its parameters, by a letter each, and what writes its body. It returns nothing. */
export type AddFunction = (params: string, write: (params: Locals, locals: NewLocals) => Code) => Callee;

/** The memory that a module imports: its limits must cover those of the one it is given. */
interface MemoryImport {
  readonly maximum: number;
  readonly shared: boolean;
}

/** Writes a module: adds functions, which may call imported ones by their place. The last is exported, as `run`. */
export type WriteModule = (func: AddFunction, imported: (index: number) => Callee) => void;

/** The bytes of a module. It imports functions of the given parameters as `env.0`, `env.1`, ..., then the memory. */
export function assemble(
  add: WriteModule,
  { maximum, shared }: MemoryImport,
  imports: readonly { readonly params: string }[] = [],
): Uint8Array<ArrayBuffer> {
  const functions = imports.map(({ params }) => ({ params, locals: '', body: [] as Code }));
  const callee =
    (index: number): Callee =>
    (...operands) =>
      instruction(0x10, operands, index);
  const func: AddFunction = (params, write) => {
    let types = '';
    const locals: NewLocals = (more) => {
      const first = types.length;
      types += more;
      return Array.from(more, (_, i) => localAt(first + i)) as Locals;
    };
    const body = write(locals(params), locals);
    return callee(functions.push({ params, locals: types.slice(params.length), body }) - 1);
  };
  add(func, callee);

  const out = new Writer();
  const list = <T>(items: Iterable<T>, each: (item: T, i: number) => void): void => {
    const all = [...items];
    out.u32(all.length);
    all.forEach(each);
  };
  const text = (value: string): void => list(value, (letter) => out.byte(letter.charCodeAt(0)));
  const section = <T>(id: number, items: readonly T[], each: (item: T, i: number) => void): void => {
    out.byte(id);
    out.sized(() => list(items, each));
  };
  for (const byte of [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) out.byte(byte); // "\0asm", version 1
  section(1, functions, ({ params }) => {
    out.byte(0x60);
    list(params, (type) => out.byte(TYPES[type]!));
    out.byte(0); // results
  });
  section(2, [...imports, null], (called, i) => {
    text('env');
    text(`${i}`);
    // A function has a signature; memory a maximum, which shared memory must have.
    for (const value of called === null ? [2, shared ? 3 : 1, 0, maximum] : [0, i]) out.u32(value);
  });
  const own = functions.slice(imports.length);
  section(3, own, (_, i) => out.u32(imports.length + i));
  section(7, functions.slice(-1), () => {
    text('run');
    out.byte(0);
    out.u32(functions.length - 1);
  });
  section(10, own, ({ locals, body }) =>
    out.sized(() => {
      list(locals, (type) => {
        out.u32(1);
        out.byte(TYPES[type]!);
      });
      write(out, [body, END]);
    }),
  );
  return out.finish();
}
