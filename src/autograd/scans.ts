import type { FloatArray } from '../../kernels/arrays.ts';
import { normalizeAxis } from '../base/shape.ts';
import { isFloat } from '../memory/dtype.ts';
import { kernelsFor } from '../memory/runtime.ts';
import { checkTensors, empty, type Tensor } from '../tensor/tensor.ts';
import { cast, flip, reshape } from './movement.ts';
import { floats, floatType, reduceLayout } from './operands.ts';
import { type Pullback, record } from './tape.ts';

/** A running sum or product along an axis of x, or of all its elements in a row. */
function scan(
  op: 'cumsum' | 'cumprod',
  x: Tensor,
  axis: number | undefined,
  pullback: (x: Tensor, axis: number) => Pullback,
): Tensor {
  checkTensors(op, x);
  const t = axis === undefined ? reshape(x, [x.size]) : x;
  const at = normalizeAxis(op, axis === undefined ? 0 : axis, t.rank);
  if (!isFloat(t.dtype)) return cast(scan(op, cast(t, 'float64'), at, pullback), 'int32');
  const { x: from, outer, n, inner } = reduceLayout(op, t, [at]);
  const y = empty(t.shape, t.dtype, t.size);
  kernelsFor(t.dtype)[op](outer, n, inner, from, y.storage.array as FloatArray);
  return record(op, y, [t, pullback(t, at)]);
}

/**
 * Running sums along `axis`, of x's shape; without an axis of the flattened tensor, as a vector. Numbers are added in order
 * in one float64, of which each result is a rounding (NumPy adds in the type of x). Integers and bool give int32, in which
 * sums beyond its range are its ends. After a NaN all is NaN, and after infinities of both signs.
 *
 * @example
 * const x = tensor([[1, 2], [3, 4]]);
 * cumsum(x, 1); // [[1. 3.] [3. 7.]]
 * cumsum(x); // [ 1. 3. 6. 10.]
 */
export function cumsum(x: Tensor, axis?: number): Tensor {
  // x[i] is in every sum from i on: dx = the running sum of g from the end.
  return scan('cumsum', x, axis, (_, at) => (g) => flip(cumsum(flip(g, [at]), at), [at]));
}

/**
 * Running products along `axis`, of x's shape; without an axis of the flattened tensor, as a vector. Numbers are multiplied
 * in order in one float64, of which each result is a rounding. Integers and bool give int32, in which products beyond its
 * range are its ends. The gradient is exact where elements are 0.
 *
 * @example
 * const growth = tensor([2, 0.5, 3]);
 * cumprod(growth); // [2. 1. 3.]
 */
export function cumprod(x: Tensor, axis?: number): Tensor {
  return scan('cumprod', x, axis, (t, at) => (g) => {
    const dtype = floatType('cumprod', t, g);
    const { x: from, outer, n, inner } = reduceLayout('cumprod', t, [at]);
    const dx = empty(t.shape, dtype, t.size);
    kernelsFor(dtype).cumprodGrad(outer, n, inner, from, floats('cumprod', g), dx.storage.array as FloatArray);
    return dx;
  });
}
