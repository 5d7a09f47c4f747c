import { FormatError } from '../base/errors.ts';
import { readAttributes } from '../graph/attributes.ts';
import { FACTS } from '../graph/facts.ts';
import type { Attributes, Op, QuantizationParams } from '../graph/graph.ts';
import { JsonObject, type JsonValue, parseJson } from './json.ts';

type Plain = number | boolean | string | readonly number[];

const isNumber = (n: JsonValue): n is number => Number.isFinite(n);

const isText = (value: JsonValue): value is string => typeof value === 'string';
const isFlag = (value: JsonValue): value is boolean => typeof value === 'boolean';

const isSame = (held: JsonValue, own: unknown): boolean =>
  Array.isArray(held) && Array.isArray(own)
    ? held.length === own.length && held.every((item, i) => item === own[i])
    : held === own;

/** The fields of one object of JSON that came from a file, each taken once and checked; what is left over is an error. */
export class Fields {
  private readonly path: string;
  private readonly entries: JsonObject;
  private readonly format: string;

  constructor(value: JsonValue | undefined, path: string, format: string) {
    this.path = path;
    this.format = format;
    if (!(value instanceof JsonObject)) throw new FormatError(format, path, 'must be an object');
    this.entries = value;
  }

  /** The fields of a JSON text, which stands in the file under `place`. */
  static parse(text: string, path: string, format: string, place: string = path): Fields {
    const value = parseJson(text, (problem, at) => new FormatError(format, place, `${problem}, at character ${at}`));
    return new Fields(value, path, format);
  }

  has(field: string): boolean {
    return this.entries.has(field);
  }

  /** Takes the field if it is null. */
  isNull(field: string): boolean {
    return this.entries.get(field) === null && this.entries.delete(field);
  }

  /** The fields of an object inside this one. */
  inner(field: string): Fields {
    return new Fields(this.take(field), `${this.path}.${field}`, this.format);
  }

  /** The fields not taken yet, to be checked by somebody else. */
  others(): ReadonlyMap<string, JsonValue> {
    return this.entries;
  }

  fail(field: string, problem: string): never {
    throw new FormatError(this.format, `${this.path}.${field}`, problem);
  }

  take(field: string): JsonValue {
    const value = this.entries.get(field);
    if (value === undefined) return this.fail(field, 'is missing');
    this.entries.delete(field);
    return value;
  }

  done(): void {
    for (const field of this.entries.keys()) this.fail(field.slice(0, 60), 'this reader does not know the field');
  }

  private checked<T extends JsonValue>(field: string, holds: (value: JsonValue) => value is T, wanted: string): T {
    const value = this.take(field);
    return holds(value) ? value : this.fail(field, `must be ${wanted}`);
  }

  text(field: string): string {
    return this.checked(field, isText, 'a string');
  }

  number(field: string): number {
    return this.checked(field, isNumber, 'a finite number');
  }

  count(field: string): number {
    const value = this.number(field);
    return Number.isSafeInteger(value) && value >= 0 ? value : this.fail(field, 'must be a non-negative integer');
  }

  flag(field: string): boolean {
    return this.checked(field, isFlag, 'true or false');
  }

  texts(field: string): string[] {
    return this.list(field).map((item) => (isText(item) ? item : this.fail(field, 'must be strings')));
  }

  numbers(field: string): number[] {
    return this.list(field).map((n) => (isNumber(n) ? n : this.fail(field, 'must be finite numbers')));
  }

  objects(field: string): Fields[] {
    return this.list(field).map((item, i) => new Fields(item, `${this.path}.${field}[${i}]`, this.format));
  }

  list(field: string): JsonValue[] {
    return this.checked(field, Array.isArray, 'a list');
  }
}

// No methods: a program without them goes without these

/** The fields not taken yet, as numbers, booleans, strings and lists of numbers. */
export function restOf(fields: Fields): Record<string, Plain> {
  const result: Record<string, Plain> = Object.create(null);
  for (const [field, value] of fields.others()) {
    if (Array.isArray(value) && value.every(isNumber)) result[field] = [...value];
    else if (isNumber(value) || typeof value === 'boolean' || typeof value === 'string') result[field] = value;
    else fields.fail(field.slice(0, 60), 'must be a finite number, boolean or string, or a list of numbers');
  }
  return result;
}

/** Takes all that is left: it must be what a thing that was made of it says of itself. */
export function checkSame(fields: Fields, own: Readonly<Record<string, unknown>>): void {
  const said = Object.entries(own);
  for (const [field] of said) if (!fields.has(field)) fields.fail(field, 'is missing');
  for (const [field, value] of said)
    if (!isSame(fields.take(field), value)) fields.fail(field, `must be ${JSON.stringify(value)}`);
  fields.done();
}

/** The attributes of an operation, and nothing else. */
export function takeAttributes<K extends Op>(op: K, fields: Fields): Attributes[K] {
  const refuse = (field: string, wanted: string): never => fields.fail(field, `must be ${wanted}`);
  return readAttributes<Attributes[K]>(FACTS[op].attributes, fields.others(), refuse);
}

/** Scale and zero point, and nothing else. */
export function takeParams(fields: Fields): QuantizationParams {
  const params = { scale: fields.number('scale'), zeroPoint: fields.number('zeroPoint') };
  fields.done();
  return params;
}
