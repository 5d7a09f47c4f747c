import { FormatError } from '../base/errors.ts';
import { DATE_FORMATS } from './dates.ts';
import {
  type ColumnSpec,
  featuresOf,
  LARGEST,
  MISSING_CATEGORY,
  OTHER_CATEGORY,
  type Scaling,
  scalerOf,
} from './encodings.ts';
import type { TargetSpec } from './targets.ts';
import type { Fitted } from './transforming.ts';
import { shown } from './words.ts';

/** Checks a value of JSON, and says where it stands if it is no good. */
type Check<T> = (value: unknown, path: string) => T;

function fail(path: string, problem: string): never {
  throw new FormatError('table encoder', path === '' ? 'JSON' : path, problem);
}

const text: Check<string> = (value, path) => (typeof value === 'string' ? value : fail(path, 'must be a string'));
const flag: Check<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : fail(path, 'must be true or false');
const number: Check<number> = (value, path) =>
  typeof value === 'number' && Number.isFinite(value) ? value : fail(path, 'must be a finite number');
const positive: Check<number> = (value, path) =>
  number(value, path) > 0 ? (value as number) : fail(path, 'must be positive');

const oneOf =
  <const T extends string | number>(...allowed: readonly T[]): Check<T> =>
  (value, path) =>
    allowed.includes(value as T)
      ? (value as T)
      : fail(path, `must be ${allowed.map((v) => JSON.stringify(v)).join(' or ')}`);

const orNull =
  <T>(check: Check<T>): Check<T | null> =>
  (value, path) =>
    value === null ? null : check(value, path);

const list =
  <T>(check: Check<T>): Check<T[]> =>
  (value, path) =>
    Array.isArray(value) ? Array.from(value, (item, i) => check(item, `${path}[${i}]`)) : fail(path, 'must be a list');

/** Different texts. */
const names: Check<string[]> = (value, path) => {
  const found = list(text)(value, path);
  return new Set(found).size === found.length ? found : fail(path, 'holds a text twice');
};

/** An object with these fields and no others. */
const object =
  <T extends object>(fields: { readonly [K in keyof T]-?: Check<T[K]> }): Check<T> =>
  (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(path, 'must be an object');
    const at = (field: string): string => (path === '' ? field : `${path}.${field}`);
    for (const field of Object.keys(value))
      if (!Object.hasOwn(fields, field)) fail(at(field.slice(0, 60)), 'this reader does not know the field');
    const given = value as Readonly<Record<string, unknown>>;
    const taken = Object.entries<Check<unknown>>(fields).map(([field, check]) => {
      if (!Object.hasOwn(given, field)) fail(at(field), 'is missing');
      return [field, check(given[field], at(field))];
    });
    return Object.fromEntries(taken) as T;
  };

/** Objects whose `field` says which they are. */
const either =
  <T extends object>(field: string, kinds: Readonly<Record<string, Check<T>>>): Check<T> =>
  (value, path) => {
    const kind = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
    const at = path === '' ? field : `${path}.${field}`;
    const word = oneOf(...Object.keys(kinds))(kind, typeof value === 'object' && value !== null ? at : path);
    return kinds[word]!(value, path);
  };

const scaling = object<Scaling>({ center: list(number), scale: list(positive) });
const numeric = { name: text, fill: orNull(number), marked: flag, scaling: orNull(scaling) };

const column = either<ColumnSpec>('kind', {
  number: object({ kind: oneOf('number'), ...numeric }),
  date: object({ kind: oneOf('date'), format: oneOf(...DATE_FORMATS), ...numeric }),
  category: object({
    kind: oneOf('category'),
    name: text,
    numeric: flag,
    categories: names,
    fill: orNull(text),
    other: orNull(text),
    scaling: orNull(scaling),
  }),
});

const target = either<TargetSpec>('task', {
  classification: object({
    task: oneOf('classification'),
    name: text,
    reason: text,
    numbers: orNull(list(number)),
    classes: names,
  }),
  regression: object({
    task: oneOf('regression'),
    name: text,
    reason: text,
    scaling: orNull(scaling),
    dtype: oneOf('float32', 'float64'),
  }),
});

const encoder = object<Fitted & { format: string; version: number }>({
  format: oneOf('whittle-table-encoder'),
  version: oneOf(1),
  missing: oneOf('error', 'mean', 'median', 'frequent', 'category'),
  unknown: oneOf('zeros', 'error'),
  odd: oneOf('error', 'missing'),
  clip: orNull(positive),
  unlabelled: oneOf('error', 'skip'),
  dtype: oneOf('float32', 'float64'),
  columns: list(column),
  target: orNull(target),
  ignored: names,
});

/** What `toJSON` of an encoder gave. Throws FormatError, which names the field, for anything else. */
export function readEncoder(json: unknown): Fitted {
  const { format: _, version: __, ...fitted } = encoder(json, '');
  const { columns, target: predicted, ignored, clip } = fitted;
  for (const [i, spec] of columns.entries()) {
    const path = `columns[${i}]`;
    if (spec.kind === 'category')
      for (const field of ['fill', 'other'] as const) {
        const category = spec[field];
        if (category !== null && !spec.categories.includes(category))
          fail(`${path}.${field}`, 'is none of the categories');
      }
    const width = featuresOf(spec).length;
    if (width === 0) fail(`${path}.categories`, 'is empty');
    checkWidth(spec.scaling, width, path);
    if (spec.kind === 'category') {
      const stray = spec.categories.find((category) => spec.numeric && !isPlain(category));
      if (stray !== undefined) fail(`${path}.categories`, `${shown(stray)} is no number as JavaScript writes it`);
    } else if (spec.fill !== null) {
      if (!fits(spec.fill, spec.scaling, 0, clip)) fail(`${path}.fill`, 'is past the range of float32');
      if (spec.kind === 'date' && Math.abs(spec.fill) > LAST_DAY) fail(`${path}.fill`, 'is no day');
    }
    for (let k = spec.kind === 'category' ? 0 : 1; k < width; k++)
      if (!fits(0, spec.scaling, k, clip) || !fits(1, spec.scaling, k, clip))
        fail(`${path}.scaling.scale[${k}]`, 'makes numbers past the range of float32');
  }
  if (columns.length === 0) fail('columns', 'is empty');
  names(columns.flatMap(featuresOf), 'columns');
  names([...columns.map(({ name }) => name), ...ignored, ...(predicted === null ? [] : [predicted.name])], 'columns');
  if (predicted?.task === 'classification' && predicted.classes.length < 2)
    fail('target.classes', 'holds fewer than 2');
  if (predicted?.task === 'classification' && predicted.numbers !== null) {
    const { numbers, classes } = predicted;
    if (new Set(numbers).size !== classes.length || numbers.length !== classes.length)
      fail('target.numbers', 'must be another number for each class');
  }
  if (predicted?.task === 'regression') {
    checkWidth(predicted.scaling, 1, 'target');
    const {
      center: [center],
      scale: [scale],
    } = predicted.scaling ?? { center: [0], scale: [1] };
    if (!Number.isFinite(Math.abs(center!) + LARGEST * scale!))
      fail('target.scaling', 'makes numbers past the range of float64');
  }
  return fitted;
}

/** Days from 1970 that there are, to either side. */
const LAST_DAY = 1e8;

/** A category of numbers: one as JavaScript writes it, or what stands for gaps and others. */
const isPlain = (category: string): boolean =>
  [MISSING_CATEGORY, OTHER_CATEGORY].includes(category) ||
  (Number.isFinite(Number(category)) && String(Number(category)) === category);

/** Whether the k-th feature of a column is finite for a number. */
const fits = (x: number, given: Scaling | null, k: number, clip: number | null): boolean =>
  Math.abs(scalerOf(given, k, clip)(x)) <= LARGEST;

function checkWidth(given: Scaling | null, width: number, path: string): void {
  for (const [field, numbers] of Object.entries(given ?? {}) as [string, readonly number[]][])
    if (numbers.length !== width) fail(`${path}.scaling.${field}`, `holds ${numbers.length} numbers, not ${width}`);
}
