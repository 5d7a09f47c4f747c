import type { ArrayOf, ElementType } from './kernels.ts';

/** A class of typed arrays: of zeros, or over a part of a buffer. */
export interface ArrayClass<T> {
  new (length: number): T;
  new (buffer: ArrayBufferLike, at: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

export const ARRAYS: { readonly [T in ElementType]: ArrayClass<ArrayOf[T]> } = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int8: Int8Array,
  uint8: Uint8Array,
};
