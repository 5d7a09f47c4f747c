import type { TypedArray } from '../../kernels/arrays.ts';
import { ShapeError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { MAX_RANK, type Shape, size } from '../base/shape.ts';
import { arrayOf, checkDType, type DType, dtypeOf } from '../memory/dtype.ts';
import { eachTime } from '../memory/recorder.ts';
import { kernelsFor, run } from '../memory/runtime.ts';
import { empty, type NestedArray, sizeFor, Tensor } from './tensor.ts';

/**
 * A tensor from a number, nested arrays or a typed array (copied). Numbers become float32, booleans bool, typed arrays
 * keep their type, unless `dtype` says otherwise. `shape` regroups the elements. Throws ShapeError for ragged arrays.
 *
 * @example
 * tensor([[1, 2], [3, 4]]); // [[1. 2.] [3. 4.]]
 * tensor(Float64Array.of(1, 2, 3, 4), { shape: [2, 2] }).dtype; // float64
 * tensor([true, false]).dtype; // bool
 * tensor([1, 0], { dtype: 'int32' }); // [1 0]
 */
export function tensor(
  values: NestedArray | TypedArray | Tensor,
  options: { shape?: Shape; dtype?: DType } = {},
): Tensor {
  checkOptions('tensor', options, 'shape dtype', 'Write { shape: $ }');
  if (values instanceof Tensor) {
    const { shape = values.shape, dtype = values.dtype } = options;
    return tensor(values.data, { shape, dtype });
  }
  if (ArrayBuffer.isView(values)) {
    const dtype = options.dtype ?? dtypeOf(values);
    checkDType('tensor', dtype);
    const shape = [...(options.shape ?? [values.length])];
    const count = sizeFor('tensor', shape, values);
    const y = empty(shape, dtype, count);
    run.kernels.convert(count, values, dtype === 'bool', y.storage.array);
    return y;
  }
  const shape: number[] = [];
  for (let level: NestedArray = values; Array.isArray(level); level = level[0] as NestedArray) {
    shape.push(level.length);
    if (level.length === 0 || shape.length > MAX_RANK) break; // an array may contain itself
  }
  const numbers = new Float64Array(size('tensor', shape));
  let at = 0;
  let booleans = 0;
  const walk = (level: NestedArray, axis: number): void => {
    if (Array.isArray(level)) {
      if (level.length !== shape[axis]) throw new ShapeError('tensor', [], 'the nested arrays are ragged');
      for (const inner of level) walk(inner, axis + 1);
    } else {
      if (axis !== shape.length) throw new ShapeError('tensor', [], 'the nested arrays are ragged');
      if (typeof level !== 'number' && typeof level !== 'boolean') {
        throw new ValueError('tensor', 'every element', 'a number or boolean', level);
      }
      if (typeof level === 'boolean') booleans++;
      numbers[at++] = Number(level);
    }
  };
  walk(values, 0);
  const dtype = options.dtype ?? (booleans > 0 && booleans === at ? 'bool' : 'float32');
  return tensor(numbers, { shape: options.shape ?? shape, dtype });
}

function filled(op: string, shape: Shape, value: number, dtype: DType): Tensor {
  checkDType(op, dtype);
  if (!Array.isArray(shape)) throw new ValueError(op, 'shape', 'a list of sizes', shape);
  if (typeof value !== 'number') throw new ValueError(op, 'value', 'a number by itself', value);
  const y = empty([...shape], dtype, size(op, shape));
  const { array } = y.storage;
  if (array instanceof Float32Array || array instanceof Float64Array) kernelsFor(dtype).fill(y.size, value, array);
  else {
    const one = arrayOf(dtype, 1);
    run.kernels.convert(1, Float64Array.of(value), dtype === 'bool', one);
    eachTime(() => y.storage.array.fill(one[0]!, 0, y.size));
  }
  return y;
}

/**
 * A tensor of one repeated value.
 *
 * @example
 * full([2, 2], 0.5); // [[0.5 0.5] [0.5 0.5]]
 */
export function full(shape: Shape, value: number, dtype: DType = 'float32'): Tensor {
  return filled('full', shape, value, dtype);
}

/**
 * A tensor of zeros.
 *
 * @example
 * zeros([2, 3]); // [[0. 0. 0.] [0. 0. 0.]]
 * zeros([2], 'int32'); // [0 0]
 */
export function zeros(shape: Shape, dtype: DType = 'float32'): Tensor {
  return filled('zeros', shape, 0, dtype);
}

/**
 * A tensor of ones.
 *
 * @example
 * ones([2, 2]); // [[1. 1.] [1. 1.]]
 * ones([2], 'bool').dtype; // bool
 */
export function ones(shape: Shape, dtype: DType = 'float32'): Tensor {
  return filled('ones', shape, 1, dtype);
}

/**
 * A scalar tensor.
 *
 * @example
 * scalar(3); // 3.0
 * scalar(3).shape; // []
 */
export function scalar(value: number, dtype: DType = 'float32'): Tensor {
  return full([], value, dtype);
}

/**
 * start, start + step, ... below `stop` (above it where `step` is negative), as NumPy counts them: ceil((stop - start)/step) numbers.
 *
 * @example
 * arange(0, 10, 3); // [0. 3. 6. 9.]
 * arange(3, 0, -1, 'int32'); // [3 2 1]
 */
export function arange(start: number, stop: number, step = 1, dtype: DType = 'float32'): Tensor {
  if (!Number.isFinite(step) || step === 0) throw new ValueError('arange', 'step', 'finite and not 0', step);
  const length = Math.max(0, Math.ceil((stop - start) / step));
  const numbers = new Float64Array(size('arange', [length])).map((_, i) => start + i * step);
  return tensor(numbers, { dtype });
}

/**
 * `count` numbers from `start` to `stop`, both included: start + i·step with one rounding of the step, as NumPy's.
 *
 * @example
 * linspace(0, 6, 4); // [0. 2. 4. 6.]
 */
export function linspace(start: number, stop: number, count: number, dtype: DType = 'float32'): Tensor {
  size('linspace', [count]);
  return tensor(evenly(start, stop, count), { dtype });
}

/** The numbers of `linspace`. */
export function evenly(start: number, stop: number, count: number): Float64Array {
  const last = Math.max(1, count - 1);
  const step = (stop - start) / last;
  // The last is `stop` itself: the formula may miss it by a rounding.
  return new Float64Array(count).map((_, i) => (i === last ? stop : i * step + start));
}

/**
 * The n×n identity.
 *
 * @example
 * eye(2); // [[1. 0.] [0. 1.]]
 */
export function eye(n: number, dtype: DType = 'float32'): Tensor {
  const y = zeros([n, n], dtype);
  eachTime(() => {
    for (let i = 0; i < n; i++) y.storage.array[i * (n + 1)] = 1;
  });
  return y;
}
