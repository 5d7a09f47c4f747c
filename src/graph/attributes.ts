import { ValueError } from '../base/errors.ts';
import { ACTIVATIONS, type ActivationSpec, activationOf } from './activation.ts';

/** What an attribute may be. It reads a user's value and a file's alike: objects of JSON may be Maps. */
export interface Attribute<T> {
  /** In the words of an error. */
  readonly wanted: string;
  /** What a missing one is; none where it has to be given. */
  readonly usual?: T;
  /** Whether a missing one stays away. Default false. */
  readonly isOptional?: boolean;
  /** The attribute in its one form, or undefined for a value that cannot be one. */
  readonly read: (value: unknown) => T | undefined;
}

export type Schema<A> = { readonly [F in keyof A]-?: Attribute<Required<A>[F]> };

/** Ends the reading with an error about a field. */
export type Refusal = (field: string, wanted: string, value: unknown) => never;

/** Refuses fields of something in a network: `node "hidden"`. `op` is who asks, for errors. */
export const refusing =
  (what: string, op = 'network'): Refusal =>
  (field, wanted, value) => {
    throw new ValueError(op, `${what} ${field}`, wanted, value);
  };

/** The fields of a plain object or of an object of JSON; null for anything else. */
export function fieldsOf(value: unknown): ReadonlyMap<string, unknown> | null {
  if (value instanceof Map) return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return new Map(Object.entries(value).filter(([, field]) => field !== undefined));
}

/** Attributes of `schema` out of anything. Calls `refuse` for a field that is missing, wrong or not known. */
export function readAttributes<A extends object>(schema: Schema<A>, given: unknown, refuse: Refusal): A {
  const fields = fieldsOf(given);
  if (fields === null) return refuse('attributes', 'an object', given);
  const result: Record<string, unknown> = {};
  for (const [field, { wanted, usual, isOptional = false, read }] of Object.entries<Attribute<unknown>>(schema)) {
    if (isOptional && !fields.has(field)) continue;
    const value = fields.has(field) ? read(fields.get(field)) : usual;
    result[field] = value === undefined ? refuse(field, wanted, fields.get(field)) : value;
  }
  for (const field of fields.keys())
    if (!Object.hasOwn(schema, field)) refuse(field, 'left out: it is not known', fields.get(field));
  return result as A;
}

export const number = (wanted: string, holds: (x: number) => boolean): Attribute<number> => ({
  wanted,
  read: (value) => (Number.isFinite(value) && holds(value as number) ? (value as number) : undefined),
});

export const count: Attribute<number> = number('an integer of at least 0', (n) => Number.isSafeInteger(n) && n >= 0);

export const flag = (usual: boolean): Attribute<boolean> => ({
  wanted: 'true or false',
  usual,
  read: (value) => (typeof value === 'boolean' ? value : undefined),
});

const optional = <T>({ wanted, read }: Attribute<T>): Attribute<T> => ({
  wanted: `${wanted}, or left out`,
  isOptional: true,
  read,
});

/** This one value, or none. */
const only = <T>(wanted: string, own: T): Attribute<T> =>
  optional({ wanted, read: (value) => (value === own ? own : undefined) });

export const mark: Attribute<true> = only('true', true);

/** Of what makes int8 of means: see `MeanRule`. */
export const meanRule: Attribute<'multiplier'> = only("'multiplier'", 'multiplier');

/** Of what makes int8 of sums: see `IntegerRule`. */
export const rule: Attribute<'multiplier' | 'xnnpack'> = optional({
  wanted: "'multiplier' or 'xnnpack'",
  read: (value) => (value === 'multiplier' || value === 'xnnpack' ? value : undefined),
});

/** Of a dropout: what it does instead of dropping. */
export const noise: Attribute<'added' | 'factor' | 'alpha'> = optional({
  wanted: 'added or factor or alpha',
  read: (value) => (value === 'added' || value === 'factor' || value === 'alpha' ? value : undefined),
});

/** Of noise that is added. */
export const deviation: Attribute<number> = optional(number('at least 0', (x) => x >= 0));

/** Sizes of axes. */
export const sizes: Attribute<readonly number[]> = optional({
  wanted: 'a list of integers of at least 1',
  read: (value) =>
    Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 1) ? [...value] : undefined,
});

export const fraction: Attribute<number> = number('from 0 to 1', (x) => x >= 0 && x <= 1);

const isWhole = (low: number, high: number) => (n: number) => Number.isInteger(n) && n >= low && n <= high;

/** Of a kernel that is read as whole numbers: see `FakeKernel`. */
export const kernelBits: Attribute<number> = optional(number('an integer from 2 to 8', isWhole(2, 8)));

/** Of a format whose scale is trained. */
export const zeroPoint: Attribute<number> = optional(number('an integer from -128 to 127', isWhole(-128, 127)));

/** Whatever our own code made it: no file and no user can give it. */
export const made = <T>(): Attribute<T> => ({ wanted: 'given', read: (value) => value as T });

export const activation: Attribute<ActivationSpec> = {
  wanted: `one of ${ACTIVATIONS.join(', ')}, or { name, alpha? }`,
  usual: { name: 'linear' },
  read: (value) => {
    const fields: object = typeof value === 'string' ? { name: value } : Object.fromEntries(fieldsOf(value) ?? []);
    const spec = fields as ActivationSpec;
    const { name, alpha, ...others } = spec;
    const isNumber = alpha === undefined || Number.isFinite(alpha);
    return isNumber && ACTIVATIONS.includes(name) && Object.keys(others).length === 0 ? activationOf(spec) : undefined;
  },
};
