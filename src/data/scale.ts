import { described } from '../base/described.ts';
import { checkRange, FormatError, ShapeError, StateError, ValueError } from '../base/errors.ts';
import { checkNone, checkOptions } from '../base/options.ts';
import { size } from '../base/shape.ts';
import { arrayOf, asFloats, isFloat } from '../memory/dtype.ts';
import { tensor } from '../tensor/create.ts';
import { fromData, type Tensor, type Values } from '../tensor/tensor.ts';
import { checkConstant } from './split.ts';
import { tensorOf } from './values.ts';

/** A fitted scaler as JSON, for saving beside a model. */
export type ScalerJSON = {
  readonly type: 'StandardScaler' | 'MinMaxScaler';
  readonly center: readonly number[];
  readonly scale: readonly number[];
  readonly featureRange: readonly [number, number];
};

const FIELDS = ['type', 'center', 'scale', 'featureRange'];

/**
 * Moves and stretches each column of [rows, columns]: y = (x - center)/scale·(high - low) + low. Statistics
 * and arithmetic are float64, rounded once to the type of the input, float32 for arrays and integers. A constant column has scale 1. NaN, infinities
 * and results past the type are refused with row and column, counted from 0.
 *
 * Fit on the training set only; what is measured on the test set must not be known in training.
 */
abstract class Scaler {
  readonly kind = 'transformer';
  /** What it was made with, defaults filled in. */
  abstract readonly options: object;
  protected abstract readonly type: ScalerJSON['type'];
  protected abstract measure(values: Columns): { center: Float64Array; scale: Float64Array };
  /** Smallest and largest value that a fitted column gets, or [0, 1] where that says nothing. */
  protected readonly range: readonly [low: number, high: number];
  #center: Float64Array | undefined;
  #scale: Float64Array | undefined;

  constructor(range: readonly [number, number]) {
    this.range = range;
  }

  /** Measures the columns. Throws ShapeError for 0 rows. */
  fit(x: Values): this {
    const op = `${this.type}.fit`;
    const columns = columnsOf(op, x);
    if (columns.rows === 0) throw new ShapeError(op, [[0, columns.width]], 'needs at least one row');
    for (let i = 0; i < columns.data.length; i++) checkNumber(op, columns.data[i]!, i, columns.width);
    const { center, scale } = this.measure(columns);
    center.forEach((value, column) => {
      if (!Number.isFinite(value)) throw new ValueError(op, `the center of column ${column}`, 'finite', value);
    });
    this.#center = center;
    this.#scale = scale;
    return this;
  }

  /** With the options that are not defaults. */
  toString(): string {
    return described(this.type, this.options, { featureRange: [0, 1] });
  }

  transform(x: Values): Tensor {
    const [low, high] = this.range;
    return this.map('transform', x, (value, center, scale) => ((value - center) / scale) * (high - low) + low);
  }

  fitTransform(x: Values): Tensor {
    return this.fit(x).transform(x);
  }

  /** Names of the columns: those given, or x0, x1, ... */
  featureNames(names?: readonly string[]): string[] {
    return featureNamesOf(`${this.type}.featureNames`, this.fitted('featureNames').center.length, names);
  }

  inverseTransform(y: Values): Tensor {
    const [low, high] = this.range;
    return this.map('inverseTransform', y, (value, center, scale) => ((value - low) / (high - low)) * scale + center);
  }

  /** What is subtracted from each column: its mean (StandardScaler) or its minimum (MinMaxScaler). */
  get center(): readonly number[] {
    return Array.from(this.fitted('center').center);
  }

  /** What each column is divided by: its standard deviation or its maximum minus minimum; 1 where that is 0. */
  get scale(): readonly number[] {
    return Array.from(this.fitted('scale').scale);
  }

  toJSON(): ScalerJSON {
    return { type: this.type, center: this.center, scale: this.scale, featureRange: this.range };
  }

  /** Takes over what `toJSON` gave. Throws FormatError for anything else. */
  protected restore(json: Readonly<Record<string, unknown>>): this {
    if (json.type !== this.type) throw new FormatError('scaler', 'type', `is not "${this.type}"`);
    for (const field of Object.keys(json)) {
      if (!FIELDS.includes(field)) throw new FormatError('scaler', field.slice(0, 60), 'is no field of a scaler');
    }
    const range = numbers('featureRange', json.featureRange);
    if (range.length !== 2 || range.some((value, i) => value !== this.range[i])) {
      throw new FormatError('scaler', 'featureRange', `is not that of a ${this.type}`);
    }
    const center = numbers('center', json.center);
    const scale = numbers('scale', json.scale);
    if (center.length === 0 || center.length !== scale.length) {
      throw new FormatError('scaler', 'scale', `has ${scale.length} columns, center has ${center.length}`);
    }
    if (!scale.every((s) => s > 0)) throw new FormatError('scaler', 'scale', 'holds a number that is not positive');
    this.#center = center;
    this.#scale = scale;
    return this;
  }

  private fitted(op: string): { center: Float64Array; scale: Float64Array } {
    if (this.#center === undefined || this.#scale === undefined) {
      throw new StateError(`${this.type}.${op}`, 'the scaler is not fitted. Call fit() first');
    }
    return { center: this.#center, scale: this.#scale };
  }

  private map(name: string, x: Values, f: (value: number, center: number, scale: number) => number): Tensor {
    const op = `${this.type}.${name}`;
    const { center, scale } = this.fitted(name);
    const { data, rows, width } = columnsOf(op, x);
    if (width !== center.length) throw new ShapeError(op, [[rows, width]], `was fitted to ${center.length} columns`);
    const y = arrayOf(data instanceof Float64Array ? 'float64' : 'float32', data.length);
    for (let i = 0; i < data.length; i++) {
      const column = i % width;
      checkNumber(op, data[i]!, i, width);
      y[i] = f(data[i]!, center[column]!, scale[column]!);
      checkNumber(op, y[i]!, i, width, 'the result');
    }
    return fromData(y, [rows, width]);
  }
}

/**
 * Mean 0 and standard deviation 1 in every column; the deviation divides by the number of rows.
 *
 * @example
 * const scaler = new StandardScaler().fit([[1, 10], [3, 30]]);
 * scaler.transform([[5, 20]]); // [[3. 0.]]
 * const again = StandardScaler.fromJSON(JSON.parse(JSON.stringify(scaler))); // beside the model
 * again.scale; // [ 1, 10 ]
 */
export class StandardScaler extends Scaler {
  protected readonly type = 'StandardScaler';
  readonly options: Readonly<Record<never, never>> = {};

  constructor(...none: readonly never[]) {
    super([0, 1]);
    checkNone('StandardScaler', none);
  }

  /** One that is not fitted. */
  clone(): StandardScaler {
    return new StandardScaler();
  }

  static fromJSON(json: unknown): StandardScaler {
    return new StandardScaler().restore(record(json));
  }

  protected measure({ data, rows, width }: Columns): { center: Float64Array; scale: Float64Array } {
    const center = new Float64Array(width);
    for (let i = 0; i < data.length; i++) center[i % width]! += data[i]!;
    for (let column = 0; column < width; column++) center[column]! /= rows;
    // Two passes with the correction for the rounding of the mean (Chan, Golub, LeVeque 1983, formula 1.7).
    const squares = new Float64Array(width);
    const drift = new Float64Array(width);
    const constant = new Uint8Array(width).fill(1);
    for (let i = 0; i < data.length; i++) {
      const column = i % width;
      const d = data[i]! - center[column]!;
      squares[column]! += d * d;
      drift[column]! += d;
      // A rounded mean may leave a tiny deviation, so a constant column is told by its values.
      if (data[i] !== data[column]) constant[column] = 0;
    }
    const scale = squares.map((sum, column) => {
      const deviation = Math.sqrt(Math.max(0, sum - (drift[column]! * drift[column]!) / rows) / rows);
      return checkScale('StandardScaler.fit', column, constant[column] === 1 ? 0 : deviation);
    });
    return { center, scale };
  }
}

/**
 * Every column from `featureRange[0]` to `featureRange[1]`, by default 0 to 1.
 *
 * @example
 * const scaler = new MinMaxScaler({ featureRange: [-1, 1] }).fit([[0, 1], [4, 5]]);
 * scaler.transform([[8, 5]]); // [[3. 1.]]
 * scaler.inverseTransform([[0, 1]]); // [[2. 5.]]
 */
export class MinMaxScaler extends Scaler {
  protected readonly type = 'MinMaxScaler';

  constructor(options: { featureRange?: readonly [number, number] } = {}) {
    if (new.target === MinMaxScaler) checkOptions('MinMaxScaler', options, 'featureRange');
    const { featureRange = [0, 1] } = options;
    const [low, high] = Array.isArray(featureRange) ? featureRange : [0, 0];
    if (featureRange?.length !== 2 || !isRange(low, high)) {
      throw new ValueError('MinMaxScaler', 'featureRange', 'two finite numbers, the smaller first', featureRange);
    }
    super([low, high]);
  }

  get options(): { readonly featureRange: readonly [number, number] } {
    return { featureRange: this.range };
  }

  /** One with the same range that is not fitted. */
  clone(): MinMaxScaler {
    return new MinMaxScaler(this.options);
  }

  static fromJSON(json: unknown): MinMaxScaler {
    const fields = record(json);
    const [low = 0, high = 0] = numbers('featureRange', fields.featureRange);
    if (!isRange(low, high)) {
      throw new FormatError('scaler', 'featureRange', 'is not two numbers, the smaller first');
    }
    return new MinMaxScaler({ featureRange: [low, high] }).restore(fields);
  }

  protected measure({ data, width }: Columns): { center: Float64Array; scale: Float64Array } {
    const low = Float64Array.from(data.subarray(0, width));
    const high = low.slice();
    for (let i = width; i < data.length; i++) {
      const column = i % width;
      if (data[i]! < low[column]!) low[column] = data[i]!;
      if (data[i]! > high[column]!) high[column] = data[i]!;
    }
    return {
      center: low,
      scale: high.map((top, column) => checkScale('MinMaxScaler.fit', column, top - low[column]!)),
    };
  }
}

/** Names of so many features, those given or x0, x1, ... Throws ValueError for another number of names, and for what are no texts. */
export function featureNamesOf(op: string, count: number, names?: readonly string[]): string[] {
  if (names === undefined) return Array.from({ length: count }, (_, i) => `x${i}`);
  if (!Array.isArray(names) || names.length !== count || !names.every((name) => typeof name === 'string'))
    throw new ValueError(op, 'names', `a list of ${count} texts`, names);
  return [...names];
}

/**
 * Labels [rows], whole numbers of any type, as float32 [rows, classes] with a 1 in the column of the label.
 *
 * @example
 * oneHotLabels([2, 0], 3); // [[0. 0. 1.] [1. 0. 0.]]
 */
export function oneHotLabels(given: Values, classes: number): Tensor {
  const op = 'oneHotLabels';
  const labels = tensorOf(op, 'labels', given);
  if (labels.rank !== 1) throw new ShapeError(op, [labels.shape], 'needs labels of shape [rows]');
  checkRange(op, 'classes', classes, 'a positive integer');
  const rows = labels.size;
  const y = new Float32Array(size(op, [rows, classes]));
  const { data } = labels;
  for (let row = 0; row < rows; row++) {
    const label = data[row]!;
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new ValueError(op, `label ${row}`, `a whole number from 0 to ${classes - 1}`, label);
    }
    y[row * classes + label] = 1;
  }
  return fromData(y, [rows, classes]);
}

interface Columns {
  readonly data: Float32Array | Float64Array;
  readonly rows: number;
  readonly width: number;
}

function columnsOf(op: string, given: Values): Columns {
  const x = tensorOf(op, 'the samples', given);
  const [rows, width] = x.shape;
  if (x.rank !== 2 || rows === undefined || width === undefined || width === 0) {
    throw new ShapeError(op, [x.shape], 'needs [rows, columns] with at least one column');
  }
  checkConstant(op, x);
  const { data } = isFloat(x.dtype) ? x : tensor(x, { dtype: 'float32' });
  return { data: asFloats(op, data), rows, width };
}

const isRange = (low: number, high: number): boolean =>
  Number.isFinite(low) && Number.isFinite(high) && Number.isFinite(high - low) && high > low;

function checkNumber(op: string, value: number, at: number, width: number, what = 'the value'): void {
  // x - x is 0 for numbers and NaN for NaN and the infinities.
  if (value - value === 0) return;
  const place = `${what} in row ${Math.floor(at / width)}, column ${at % width}`;
  throw new ValueError(op, place, 'finite', value);
}

/** 1 for a constant column. Throws ValueError for a spread past float64. */
function checkScale(op: string, column: number, spread: number): number {
  if (!Number.isFinite(spread)) throw new ValueError(op, `the spread of column ${column}`, 'finite', spread);
  return spread > 0 ? spread : 1;
}

function record(json: unknown): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null) throw new FormatError('scaler', 'json', 'is no object');
  return json as Readonly<Record<string, unknown>>;
}

function numbers(field: string, value: unknown): Float64Array {
  if (!Array.isArray(value) || !Array.from(value).every((x) => Number.isFinite(x))) {
    throw new FormatError('scaler', field, 'is no list of finite numbers');
  }
  return Float64Array.from(value as number[]);
}
