import { ValueError, WhittleError } from '../../kernels/errors.ts';

export { LimitError, StateError, show, ValueError, WhittleError } from '../../kernels/errors.ts';

/** A shape as messages show it: [2, 3]. */
export const listed = (shape: readonly (number | string)[]): string => `[${shape.join(', ')}]`;

/** 11274 as 11,274. */
export const grouped = (n: number): string => n.toLocaleString('en');

/**
 * Operands whose shapes do not fit together, or do not fit the operation.
 *
 * @example
 * let told: unknown;
 * try {
 *   add(zeros([2, 3]), zeros([2]));
 * } catch (error) {
 *   if (error instanceof ShapeError) told = error.shapes;
 * }
 * told; // [ [ 2, 3 ], [ 2 ] ]
 */
export class ShapeError extends WhittleError {
  readonly shapes: readonly (readonly number[])[];
  constructor(op: string, shapes: readonly (readonly number[])[], problem: string, remedy?: string) {
    super('Shape', op, problem, shapes.map(listed), remedy);
    this.shapes = shapes;
  }
}

/**
 * Operands of an element type that the operation does not take.
 *
 * @example
 * mean(tensor([true, false])); // throws DTypeError
 * mean(cast(tensor([true, false]), 'float32')); // 0.5
 */
export class DTypeError extends WhittleError {
  readonly dtypes: readonly string[];
  constructor(op: string, dtypes: readonly string[], problem: string, remedy?: string) {
    super('DType', op, problem, dtypes, remedy);
    this.dtypes = dtypes;
  }
}

/**
 * A gradient that cannot be computed: no scalar loss, a cut graph, a value changed since it was used.
 *
 * @example
 * const w = parameter(tensor([1, 2]));
 * backward(square(w)); // throws GradientError
 * backward(sum(square(w)));
 * w.grad; // [2. 4.]
 */
export class GradientError extends WhittleError {
  constructor(op: string, problem: string) {
    super('Gradient', op, problem);
  }
}

/**
 * A tensor of a finished step was touched.
 *
 * @example
 * step(() => tensor([1])).toArray(); // throws DisposedError
 * step(() => keep(tensor([1]))).toArray(); // [ 1 ]
 */
export class DisposedError extends WhittleError {
  constructor(op: string, problem: string) {
    super('Disposed', op, problem);
  }
}

/** What a number may have to be, in the words of the error. */
const RANGES = {
  positive: (x: number): boolean => x > 0,
  'at least 0': (x: number): boolean => x >= 0,
  'between 0 and 1': (x: number): boolean => x >= 0 && x <= 1,
  'in [0, 1)': (x: number): boolean => x >= 0 && x < 1,
  'a positive integer': (x: number): boolean => x > 0 && Number.isSafeInteger(x),
};

/** A remedy for an object where a value stands that is no option. */
export const byItself = (field: string, value: unknown): string | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? `Give ${field} by itself, in no object`
    : undefined;

/** Throws ValueError unless `value` is finite and in the range. */
export function checkRange(op: string, field: string, value: number, range: keyof typeof RANGES): void {
  if (!Number.isFinite(value) || !RANGES[range](value))
    throw new ValueError(op, field, range, value, byItself(field, value));
}

/** Throws ValueError unless `value` is one of the texts. */
export function checkOneOf(op: string, field: string, value: string, texts: readonly string[]): void {
  if (!texts.includes(value)) throw new ValueError(op, field, texts.join(' or '), value);
}

/** Throws ValueError unless `value` is true or false. */
export function checkFlag(op: string, field: string, value: boolean): void {
  if (typeof value !== 'boolean') throw new ValueError(op, field, 'true or false', value);
}

/** Throws ValueError unless `value` is a text. */
export function checkText(op: string, field: string, value: string): void {
  if (typeof value !== 'string') throw new ValueError(op, field, 'a text', value);
}

/** Throws ValueError unless `value` are bytes of a file, and says how to come by them. */
export function checkBytes(op: string, field: string, value: Uint8Array, requirement = 'a Uint8Array'): void {
  if (value instanceof Uint8Array) return;
  const remedy = 'Give new Uint8Array(buffer), of a file new Uint8Array(await file.arrayBuffer())';
  throw new ValueError(op, field, requirement, value, remedy);
}

/** Throws ValueError unless `value` is an integer of at least `least`. */
export function checkCount(op: string, field: string, value: number, least = 1, most: number = Infinity): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new ValueError(op, field, `an integer ${range}`, value);
}

/**
 * Bytes or text that are not what they claim to be. `offset` is a byte position where known; row and column of a CSV
 * file are part of `field`.
 *
 * @example
 * let told: unknown;
 * try {
 *   readCSV('rooms,price\n3,200\n4\n');
 * } catch (error) {
 *   if (error instanceof FormatError) told = [error.format, error.field];
 * }
 * told; // [ 'csv', 'line 3' ]
 */
export class FormatError extends WhittleError {
  readonly format: string;
  readonly field: string;
  readonly offset: number | undefined;
  constructor(format: string, field: string, problem: string, offset?: number) {
    super('Format', format, `${field}: ${problem}${offset === undefined ? '' : ` (at byte ${offset})`}`);
    this.format = format;
    this.field = field;
    this.offset = offset;
  }
}

/** What something thrown says. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
