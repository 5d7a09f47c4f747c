import {
  type ArrayOf,
  ARRAYS as BY_ELEMENT,
  type ElementType,
  type FloatArray,
  type TypedArray,
} from '../../kernels/arrays.ts';
import { DTypeError } from '../base/errors.ts';

/** Element types. `bool` is a byte that is 0 or 1. */
export type DType = 'float32' | 'float64' | 'int32' | 'int8' | 'uint8' | 'bool';

/** Element types that gradients flow through. */
export type FloatDType = 'float32' | 'float64';

export const DTYPES: readonly DType[] = ['float32', 'float64', 'int32', 'int8', 'uint8', 'bool'];

/** Throws DTypeError for what is no element type: of JavaScript's callers, and from files. */
export function checkDType(op: string, dtype: DType): void {
  if (DTYPES.includes(dtype)) return;
  throw new DTypeError(op, [String(dtype)], `the element types are ${DTYPES.join(', ')}`);
}

/** Throws DTypeError for what models do not compute with. */
export function checkFloatDType(op: string, dtype: FloatDType): void {
  if (dtype === 'float32' || dtype === 'float64') return;
  throw new DTypeError(
    op,
    [String(dtype)],
    'dtype must be float32 or float64',
    'quantize() makes int8 of a trained model',
  );
}

/** What memory holds: elements of tensors, or the words of a random generator's state. */
export type StorageType = DType | 'uint32';

/** Bytes of one element. */
export function bytesOf(type: StorageType): number {
  return type === 'float64' ? 8 : type === 'float32' || type === 'int32' || type === 'uint32' ? 4 : 1;
}

/** What an array of this type holds in a heap of kernels. */
export function elementOf(type: DType): Exclude<ElementType, 'uint32'>;
export function elementOf(type: StorageType): ElementType;
export function elementOf(type: StorageType): ElementType {
  return type === 'bool' ? 'uint8' : type;
}

const ARRAYS = { ...BY_ELEMENT, bool: Uint8Array };

/** A typed array of `length` elements over a buffer, or over a new one filled with zeros. */
export function arrayOf<T extends StorageType>(dtype: T, length: number, buffer?: ArrayBuffer): ArrayOfStorage<T> {
  const array = new ARRAYS[dtype](buffer ?? new ArrayBuffer(length * bytesOf(dtype)), 0, length);
  return array as ArrayOfStorage<T>;
}

export type ArrayOfStorage<T extends StorageType> = T extends keyof ArrayOf ? ArrayOf[T] : Uint8Array;

/** The element type of a typed array; a Uint8Array is `uint8`. Throws DTypeError for arrays of other types. */
export function dtypeOf(array: TypedArray): DType {
  const found = DTYPES.find((dtype) => array instanceof ARRAYS[dtype]);
  if (found !== undefined) return found;
  throw new DTypeError('tensor', [array.constructor.name], 'no element type lies in such an array');
}

export function isFloat(dtype: DType): dtype is FloatDType {
  return dtype === 'float32' || dtype === 'float64';
}

/** Narrows an array to floats. Throws DTypeError naming the operation. */
export function asFloats(op: string, array: TypedArray): FloatArray {
  if (array instanceof Float32Array || array instanceof Float64Array) return array;
  throw new DTypeError(op, [dtypeOf(array)], 'needs float32 or float64', 'cast() first?');
}
