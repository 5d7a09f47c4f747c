import type { FloatArray, TypedArray } from '../../kernels/kernels.ts';
import { DTypeError } from '../base/errors.ts';

/** Element types. `bool` is a byte that is 0 or 1. */
export type DType = 'float32' | 'float64' | 'int32' | 'int8' | 'uint8' | 'bool';

/** Element types that gradients flow through. */
export type FloatDType = 'float32' | 'float64';

export const DTYPES: readonly DType[] = ['float32', 'float64', 'int32', 'int8', 'uint8', 'bool'];

/** Bytes of one element. */
export function bytesOf(dtype: DType): number {
  return dtype === 'float64' ? 8 : dtype === 'float32' || dtype === 'int32' ? 4 : 1;
}

/** A typed array of `length` elements over a buffer, or over a new one filled with zeros. */
export function arrayOf(dtype: DType, length: number, buffer?: ArrayBuffer): TypedArray {
  const memory = buffer ?? new ArrayBuffer(length * bytesOf(dtype));
  switch (dtype) {
    case 'float32':
      return new Float32Array(memory, 0, length);
    case 'float64':
      return new Float64Array(memory, 0, length);
    case 'int32':
      return new Int32Array(memory, 0, length);
    case 'int8':
      return new Int8Array(memory, 0, length);
    case 'uint8':
    case 'bool':
      return new Uint8Array(memory, 0, length);
    default: // plain JavaScript may pass anything
      throw new DTypeError('tensor', [String(dtype)], `the element types are ${DTYPES.join(', ')}`);
  }
}

/** The element type of a typed array; a Uint8Array is `uint8`. Throws DTypeError for arrays of other types. */
export function dtypeOf(array: TypedArray): DType {
  if (array instanceof Float32Array) return 'float32';
  if (array instanceof Float64Array) return 'float64';
  if (array instanceof Int32Array) return 'int32';
  if (array instanceof Int8Array) return 'int8';
  if (array instanceof Uint8Array) return 'uint8';
  throw new DTypeError('tensor', [(array as object).constructor.name], 'no element type lies in such an array');
}

export function isFloat(dtype: DType): dtype is FloatDType {
  return dtype === 'float32' || dtype === 'float64';
}

/** Narrows an array to floats. Throws DTypeError naming the operation. */
export function asFloats(op: string, array: TypedArray): FloatArray {
  if (array instanceof Float32Array || array instanceof Float64Array) return array;
  throw new DTypeError(op, [dtypeOf(array)], 'needs float32 or float64', 'cast() first?');
}
