/** Arrays of floating-point numbers. One table serves one element type, so that V8 compiles its loops for one. */
export type FloatArray = Float32Array | Float64Array;

/** Any array a tensor may hold. */
export type TypedArray = FloatArray | Int32Array | Int8Array | Uint8Array;

/** Element types of arrays in a heap, and the arrays. */
export interface ArrayOf {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly int32: Int32Array;
  readonly uint32: Uint32Array;
  readonly int8: Int8Array;
  readonly uint8: Uint8Array;
}
export type ElementType = keyof ArrayOf;

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
