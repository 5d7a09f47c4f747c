import { FormatError } from '../../base/errors.ts';
import { JsonObject, type JsonValue } from '../../io/json.ts';

export const FORMAT = 'keras model';

const isNumber = (value: JsonValue): value is number => Number.isFinite(value);
const isText = (value: JsonValue): value is string => typeof value === 'string';
const isFlag = (value: JsonValue): value is boolean => typeof value === 'boolean';
/** As it is written in JavaScript: batch_input_shape is batchInputShape. */
const camel = (field: string): string => field.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** An object of the JSON of a Keras model. Fields have Python's names, and are found under JavaScript's too; null is as left out. */
export class Config {
  readonly path: string;
  private readonly fields: JsonObject;

  constructor(value: JsonValue | undefined, path: string) {
    this.path = path;
    if (!(value instanceof JsonObject)) throw new FormatError(FORMAT, path, 'must be an object');
    this.fields = value;
  }

  fail(field: string, problem: string): never {
    throw new FormatError(FORMAT, `${this.path}.${field.slice(0, 60)}`, problem);
  }

  get(field: string): JsonValue | undefined {
    return this.fields.get(field) ?? this.fields.get(camel(field)) ?? undefined;
  }

  has(field: string): boolean {
    return this.get(field) !== undefined;
  }

  private checked<T extends JsonValue>(
    field: string,
    holds: (value: JsonValue) => value is T,
    wanted: string,
    usual: T | undefined,
  ): T {
    const value = this.get(field);
    if (value === undefined) return usual ?? this.fail(field, 'is missing');
    return holds(value) ? value : this.fail(field, `must be ${wanted}`);
  }

  text(field: string, usual?: string): string {
    return this.checked(field, isText, 'a string', usual);
  }

  number(field: string, usual?: number): number {
    return this.checked(field, isNumber, 'a finite number', usual);
  }

  flag(field: string, usual: boolean): boolean {
    return this.checked(field, isFlag, 'true or false', usual);
  }

  list(field: string): JsonValue[] {
    return this.checked(field, Array.isArray, 'a list', undefined);
  }

  texts(field: string): string[] {
    return this.list(field).map((item) => (isText(item) ? item : this.fail(field, 'must be strings')));
  }

  /** Integers of at least 0. */
  counts(field: string): number[] {
    const isCount = (n: JsonValue): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
    return this.list(field).map((n) => (isCount(n) ? n : this.fail(field, 'must be integers of at least 0')));
  }

  /** Numbers, one an axis: a number alone counts for every axis. */
  perAxis(field: string, axes: number, usual: number | readonly number[] = 1): number[] {
    const value = this.get(field) ?? (typeof usual === 'number' ? usual : [...usual]);
    const list = Array.isArray(value) ? value : Array<JsonValue>(axes).fill(value);
    if (list.length !== axes || !list.every(isNumber)) return this.fail(field, `must be a number or a list of ${axes}`);
    return list;
  }

  inner(field: string): Config {
    return new Config(this.get(field), `${this.path}.${field}`);
  }

  objects(field: string): Config[] {
    return this.list(field).map((item, i) => new Config(item, `${this.path}.${field}[${i}]`));
  }

  /** The fields that are set, for what is only to be named. */
  names(): string[] {
    return [...this.fields.keys()].filter((name) => this.has(name));
  }
}
