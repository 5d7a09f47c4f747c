import type { Numbers } from './listing.ts';
import type { Numbers as Held } from './storage.ts';

/** Pieces of C. */

/** Lines with those that are null left out. */
export const joined = (...lines: readonly (string | null)[]): string =>
  lines.filter((line) => line !== null).join('\n');

/** Lines for a block, moved to the right; lines of the preprocessor stay. */
export const indented = (text: string): string => text.replace(/^(?=[^\n#])/gm, '  ');

/** A name as C takes it. */
export const identifier = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '') || 'value';

/** Text inside of a comment, which cannot end it, nor go on to another line. */
export const commented = (text: string): string =>
  text
    .replace(/[^\x20-\x7e]/g, '?')
    .replaceAll('\\', '/')
    .replaceAll('*/', '* /')
    .replaceAll('/*', '/ *');

/**
 * A float32 number as C reads it: the fewest digits that are it, and are not near half of the way to another. What is not finite
 * has a name of math.h.
 */
export function float(x: number): string {
  if (Number.isNaN(x)) return 'NAN';
  if (!Number.isFinite(x)) return x > 0 ? 'INFINITY' : '-INFINITY';
  for (let digits = 1; digits < 9; digits++) {
    const text = x.toPrecision(digits);
    const near = Number(text);
    const step = Math.abs(near) * 2 ** -50;
    if (Math.fround(near - step) === x && Math.fround(near + step) === x) return written(text);
  }
  return written(x.toPrecision(9));
}

const written = (text: string): string => `${/[.e]/.test(text) ? text : `${text}.0`}f`;

/** A whole number of int32, of which the least is no literal. */
export const integer = (x: number): string => (x === -(2 ** 31) ? '(-2147483647 - 1)' : String(x));

/** What C calls the numbers of an array. */
export function typeOf(array: Numbers | Held): string {
  if (array instanceof Int8Array) return 'int8_t';
  if (array instanceof Uint8Array) return 'uint8_t';
  if (array instanceof Int16Array) return 'int16_t';
  if (array instanceof Uint16Array) return 'uint16_t';
  if (array instanceof Int32Array) return 'int32_t';
  return 'float';
}

/** Numbers that code only reads. */
export function constant(name: string, array: Numbers | Held): string {
  const isReal = array instanceof Float32Array;
  const numbers = Array.from(array, (x) => (isReal ? float(x) : integer(x)));
  const rows: string[] = [];
  let row = '';
  for (const number of numbers) {
    if (row.length + number.length > 116) {
      rows.push(row);
      row = '';
    }
    row += `${row === '' ? '' : ' '}${number},`;
  }
  rows.push(row);
  return `static const WHITTLE_FLASH ${typeOf(array)} ${name}[${numbers.length}] = {\n${indented(rows.join('\n'))}\n};`;
}

const BYTES: Readonly<Record<string, number>> = {
  int8_t: 1,
  uint8_t: 1,
  int16_t: 2,
  uint16_t: 2,
  int32_t: 4,
  float: 4,
};

/** What each array of constants in a text takes. */
export const bytesOfConstants = (text: string): number[] =>
  Array.from(
    text.matchAll(/^static const WHITTLE_FLASH (\w+) \w+\[(\d+)\] = \{$/gm),
    ([, type, length]) => BYTES[type!]! * Number(length),
  );

/** Whole numbers in the fewest bytes that hold all of them. */
export function narrowed(numbers: readonly Int32Array[]): (Int8Array | Int16Array | Int32Array)[] {
  const most = numbers.reduce((max, each) => each.reduce((m, x) => Math.max(m, x, -1 - x), max), 0);
  const Class = most < 128 ? Int8Array : most < 32768 ? Int16Array : Int32Array;
  return numbers.map((each) => Class.from(each));
}
