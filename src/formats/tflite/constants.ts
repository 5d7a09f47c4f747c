import { FormatError, LimitError } from '../../base/errors.ts';
import { type Shape, size } from '../../base/shape.ts';
import { isScale } from '../../graph/check.ts';
import type { Stored } from '../../graph/encoding.ts';
import { permuted } from '../arrange.ts';
import { FORMAT, type TensorOf } from './tensor.ts';

/** What constants can be: IEEE 754 binary16 as its bits, and int64 as the nearest that a double has. */
interface Arrays {
  readonly float32: Float32Array<ArrayBuffer>;
  readonly float16: Uint16Array<ArrayBuffer>;
  readonly int8: Int8Array<ArrayBuffer>;
  readonly int32: Int32Array<ArrayBuffer>;
}
type ArrayName = keyof Arrays;
type Values = Arrays[ArrayName];

/** Numbers that a file holds. */
export interface Constant {
  readonly shape: Shape;
  readonly type: ArrayName;
  readonly values: Values;
  /** Of int8: one for all, or one for each index of the axis. */
  readonly scales: readonly number[];
  readonly axis: number;
  /** Whether the file makes real numbers of it before it reads it. */
  readonly isReal: boolean;
}

const CLASSES: { readonly [A in ArrayName]: new (buffer: ArrayBuffer) => Arrays[A] } = {
  float32: Float32Array,
  float16: Uint16Array,
  int8: Int8Array,
  int32: Int32Array,
};
const WIDTHS: { readonly [A in ArrayName]: number } = { float32: 4, float16: 2, int8: 1, int32: 4 };

/** Takes constants out of a file, and counts what it copies: tensors may share a buffer, but not all of them a large one. */
export class Constants {
  private left: number;
  private readonly most: number;

  constructor(fileSize: number) {
    this.most = 8 * fileSize + 1024;
    this.left = this.most;
  }

  /** Throws LimitError where so many bytes more are too many. */
  spend(bytes: number): void {
    this.left -= bytes;
    if (this.left < 0)
      throw new LimitError(
        FORMAT,
        'the bytes of all constants, as often as they are read,',
        this.most - this.left,
        this.most,
      );
  }

  /** Throws FormatError for numbers that are not those of the tensor's shape, and names a type that no weight has. */
  read({ path, table, type, data }: TensorOf): Constant {
    const fail = (problem: string): never => {
      throw new FormatError(FORMAT, path, problem);
    };
    const { shape, quantization } = table;
    const n = size(FORMAT, shape);
    if (!Object.hasOwn(CLASSES, type)) return fail(`holds numbers of the type ${type}, which no weight has`);
    const kind = type as ArrayName;
    if (data.length !== n * WIDTHS[kind]) fail(`holds ${data.length} bytes for ${n} numbers of the type ${type}`);
    this.spend(data.length);
    const bytes = new Uint8Array(data.length);
    bytes.set(data);
    const { scale: scales = [], zeroPoint = [], quantizedDimension: axis = 0 } = quantization ?? {};
    if (kind === 'int8') {
      if (scales.length !== 1 && scales.length !== shape[axis])
        fail(`has ${scales.length} scales, and along axis ${axis} of [${shape.join(', ')}] one each or one for all`);
      const wrong = scales.find((scale) => !isScale(scale));
      if (wrong !== undefined) fail(`has the scale ${wrong}, which is not positive and finite`);
      const zero = zeroPoint.find((z) => z !== 0);
      if (zero !== undefined) fail(`has the zero point ${zero}: integers of weights stand for numbers around 0`);
    }
    return { shape, type: kind, values: new CLASSES[kind](bytes.buffer), scales, axis, isReal: false };
  }
}

/** As many scales as units, from one for all. */
const spread = (scales: readonly number[], units: number): Float32Array =>
  Float32Array.from({ length: units }, (_, j) => scales[scales.length === 1 ? 0 : j]!);

/**
 * A constant as a weight with its axes in another order, in an encoding of its own type. Scales must go along what becomes the last
 * axis, or be one.
 */
export function weightOf({ shape, type, values, scales, axis }: Constant, order: readonly number[]): Stored | null {
  const own = order.map((from) => shape[from]!);
  const numbers = permuted(values, shape, order);
  const isAlong = scales.length === 1 || axis === order.at(-1);
  const encodings: { readonly [A in ArrayName]: () => Stored['encoding'] | null } = {
    float32: () => ({ type: 'float32', values: numbers as Float32Array }),
    float16: () => ({ type: 'float16', values: numbers as Uint16Array }),
    int32: () => ({ type: 'int32', values: numbers as Int32Array }),
    int8: () =>
      isAlong ? { type: 'int8', values: numbers as Int8Array, scales: spread(scales, own.at(-1) ?? 1) } : null,
  };
  const encoding = encodings[type]();
  return encoding && { shape: own, encoding, mask: null };
}
