import { FormatError, WhittleError } from '../base/errors.ts';
import type { Label } from './estimator.ts';

/** Fields of JSON, of which nothing is known. */
export type Fields = Readonly<Record<string, unknown>>;

/** The fields of the JSON of an estimator, `names` with blanks between them, beside `type`. Throws FormatError for anything else. */
export function fieldsOf(type: string, json: unknown, names: string): Fields {
  if (Object(json).type !== type) throw new FormatError(type, 'type', `is not "${type}"`);
  return checkFields(type, 'JSON', json, `type ${names}`);
}

/** An object with these fields, each of them and no other. Throws FormatError for anything else. */
export function checkFields(type: string, place: string, json: unknown, names: string): Fields {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new FormatError(type, place, 'is no object');
  const known = names.split(' ').filter((name) => name !== '');
  const stray = Object.keys(json).find((field) => !known.includes(field));
  if (stray !== undefined)
    throw new FormatError(
      type,
      stray.slice(0, 60),
      `is no field of it${known.length > 0 ? `, which has ${known.join(', ')}` : ''}`,
    );
  const missing = known.find((field) => !Object.hasOwn(json, field));
  if (missing !== undefined) throw new FormatError(type, missing, 'is missing');
  return json as Fields;
}

/** Finite numbers, `length` of them where it is said. */
export function numbersIn(type: string, field: string, value: unknown, length?: number): Float64Array {
  if (!Array.isArray(value) || !Array.from(value).every((x) => Number.isFinite(x)))
    throw new FormatError(type, field, 'is no list of finite numbers');
  if (length !== undefined && value.length !== length)
    throw new FormatError(type, field, `holds ${value.length} numbers, not ${length}`);
  return Float64Array.from(value as number[]);
}

/** Classes in their order, each once: numbers that rise, texts by code units, or false and true. */
export function classesIn(type: string, field: string, value: unknown): readonly Label[] {
  const isLabel = (each: unknown): boolean =>
    typeof each === 'string' || typeof each === 'boolean' || Number.isFinite(each);
  if (!Array.isArray(value) || value.length === 0 || !Array.from(value).every(isLabel))
    throw new FormatError(type, field, 'is no list of numbers, texts or booleans');
  const classes = [...(value as Label[])];
  if (classes.some((each, i) => i > 0 && !(typeof each === typeof classes[0] && classes[i - 1]! < each)))
    throw new FormatError(type, field, 'are not in order, or not of one type');
  return classes;
}

/** What a constructor makes of fields: its errors say what is wrong with `field`. */
export function madeOf<T>(type: string, field: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof WhittleError) throw new FormatError(type, field, `does not fit: ${error.message}`);
    throw error;
  }
}

/** An integer of at least `least`. */
export function countIn(type: string, field: string, value: unknown, least = 1): number {
  if (!Number.isSafeInteger(value) || Number(value) < least)
    throw new FormatError(type, field, `is no integer of at least ${least}`);
  return Number(value);
}

export function flagIn(type: string, field: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new FormatError(type, field, 'is neither true nor false');
  return value;
}
