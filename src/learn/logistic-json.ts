import { FormatError, WhittleError } from '../base/errors.ts';
import type { Label } from './estimator.ts';
import { type Learned, outputsOf } from './logistic-fit.ts';
import { type FilledLogisticOptions, filledOptions, type LogisticRegressionOptions } from './logistic-options.ts';

/** With the classes and the number of features that it was learned from. */
export interface LearnedClasses extends Learned {
  readonly classes: readonly Label[];
  readonly features: number;
}

const NAME = 'LogisticRegression';
const FIELDS = ['type', 'options', 'classes', 'coefficients', 'intercept', 'iterations', 'converged'];

/** Options as JSON: weights by a map of labels as pairs, since a label may be a number. */
export function optionsToJSON(options: FilledLogisticOptions): Readonly<Record<string, unknown>> {
  const { classWeight } = options;
  return { ...options, classWeight: classWeight instanceof Map ? [...classWeight] : classWeight };
}

/** Options of a file that may hold anything. Throws FormatError. */
export function optionsFrom(json: unknown): FilledLogisticOptions {
  const fields = record('json', json);
  if (fields.type !== NAME) throw new FormatError(NAME, 'type', `is not "${NAME}"`);
  for (const field of Object.keys(fields))
    if (!FIELDS.includes(field)) throw new FormatError(NAME, field.slice(0, 60), 'is no field of it');
  const options = record('options', fields.options);
  const { classWeight } = options;
  if (Array.isArray(classWeight) && !classWeight.every((pair) => Array.isArray(pair) && pair.length === 2))
    throw new FormatError(NAME, 'options.classWeight', 'is no list of pairs');
  const given = Array.isArray(classWeight) ? { ...options, classWeight: new Map(classWeight) } : options;
  try {
    return filledOptions(NAME, given as LogisticRegressionOptions);
  } catch (error) {
    if (error instanceof WhittleError) throw new FormatError(NAME, 'options', error.message);
    throw error;
  }
}

/** What was learned, of a file that may hold anything. Throws FormatError. */
export function learnedFrom(
  json: unknown,
): Learned & { readonly classes: readonly Label[]; readonly features: number } {
  const fields = record('json', json);
  const classes = classesFrom(fields.classes);
  const outputs = outputsOf(classes.length);
  const intercept = numbersFrom('intercept', fields.intercept);
  if (intercept.length !== outputs)
    throw new FormatError(NAME, 'intercept', `has ${intercept.length} numbers, not ${outputs}`);
  const { coefficients: rows, iterations, converged } = fields;
  if (!Array.isArray(rows) || rows.length !== outputs)
    throw new FormatError(NAME, 'coefficients', `is no list of ${outputs} rows`);
  const parts = Array.from(rows, (row, i) => numbersFrom(`coefficients[${i}]`, row));
  const features = parts[0]!.length;
  if (features === 0 || parts.some(({ length }) => length !== features))
    throw new FormatError(NAME, 'coefficients', 'has no rows of one length');
  const coefficients = new Float64Array(outputs * features);
  parts.forEach((part, i) => {
    coefficients.set(part, i * features);
  });
  if (!(typeof iterations === 'number' && Number.isSafeInteger(iterations) && iterations >= 0))
    throw new FormatError(NAME, 'iterations', 'is no count');
  if (typeof converged !== 'boolean') throw new FormatError(NAME, 'converged', 'is neither true nor false');
  return { classes, features, coefficients, intercept, iterations, converged };
}

/** At least two labels of one type, in their order. */
function classesFrom(value: unknown): Label[] {
  const isLabel = (each: unknown): boolean =>
    typeof each === 'string' || typeof each === 'boolean' || Number.isFinite(each);
  if (!Array.isArray(value) || value.length < 2 || !Array.from(value).every(isLabel))
    throw new FormatError(NAME, 'classes', 'is no list of at least two classes');
  const labels = value as Label[];
  const areInOrder = labels.every(
    (label, i) => i === 0 || (typeof label === typeof labels[i - 1] && labels[i - 1]! < label),
  );
  if (!areInOrder) throw new FormatError(NAME, 'classes', 'is not in order, or of several types');
  return [...labels];
}

function record(field: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FormatError(NAME, field, 'is no object');
  return value as Readonly<Record<string, unknown>>;
}

function numbersFrom(field: string, value: unknown): Float64Array {
  if (!Array.isArray(value) || !Array.from(value).every((each) => Number.isFinite(each)))
    throw new FormatError(NAME, field, 'is no list of finite numbers');
  return Float64Array.from(value as number[]);
}
