import { floats } from '../autograd/operands.ts';
import { kernelsFor } from '../memory/runtime.ts';
import { flat, type Tensor } from '../tensor/tensor.ts';

const zero32: Float32Array = new Float32Array(1);
const zero64: Float64Array = new Float64Array(1);

/** Sets the elements of `t` to +0 where the bool tensor `mask` is 0, in place; NaN and infinities too. */
export function applyMask(t: Tensor, mask: Tensor): void {
  const data = floats('mask', t);
  const zero = t.dtype === 'float64' ? zero64 : zero32;
  kernelsFor(t.dtype).select(t.size, flat('mask', mask) as Uint8Array, data, 1, zero, 0, data);
}
