/** Arithmetic of quantized networks. */
export interface IntegerKernels {
  /**
   * B[k, n] as `gemmInt8` reads it, once for many products: packed[⌈n/16⌉][⌈k/2⌉][16][2], panels of 16 columns in which
   * two rows lie side by side; zeros where n or k end. `packed` holds at least 32·⌈n/16⌉·⌈k/2⌉ numbers.
   */
  readonly packInt8: (k: number, n: number, b: Int8Array, packed: Int8Array) => void;
  /** C[m, n] = A[m, k]·B[k, n] in int32, B packed by `packInt8`; exact for k ≤ 131,071. */
  readonly gemmInt8: (m: number, n: number, k: number, a: Int8Array, packed: Int8Array, c: Int32Array) => void;
  /** q = clamp(roundHalfEven(x/scale) + zeroPoint, -128, 127), x/scale in float32; NaN gives the zero point. */
  readonly quantize: (n: number, x: Float32Array, scale: number, zeroPoint: number, q: Int8Array) => void;
  /** Symmetric, one scale a column: q[i, j] = clamp(roundHalfEven(x[i, j]/scales[j]), -127, 127). */
  readonly quantizeColumns: (rows: number, cols: number, x: Float32Array, scales: Float32Array, q: Int8Array) => void;
  /** y = (q - zeroPoint)·scale. */
  readonly dequantize: (n: number, q: Int8Array, scale: number, zeroPoint: number, y: Float32Array) => void;
  /**
   * y[i, j] = clamp(roundHalfEven(fr(fr(acc + bias[j])·scales[j])) + zeroPoint, low, high). `low` is the
   * zero point for a fused relu, else -128; `high` the code of 6 for a relu6, else 127. NaN gives 0.
   */
  readonly requantize: (
    rows: number,
    cols: number,
    acc: Int32Array,
    bias: Int32Array,
    scales: Float32Array,
    zeroPoint: number,
    low: number,
    high: number,
    y: Int8Array,
  ) => void;
  /**
   * The sum of two values of any formats in another: `quantize` of the sum, rounded, of what `dequantize` makes of both.
   */
  readonly addInt8: (
    n: number,
    a: Int8Array,
    aScale: number,
    aZeroPoint: number,
    b: Int8Array,
    bScale: number,
    bZeroPoint: number,
    scale: number,
    zeroPoint: number,
    y: Int8Array,
  ) => void;
  /** y[i, j] = fr(fr(acc[i, j] + bias[j])·scales[j]): a quantized layer's result as real numbers. */
  readonly dequantizeColumns: (
    rows: number,
    cols: number,
    acc: Int32Array,
    bias: Int32Array,
    scales: Float32Array,
    y: Float32Array,
  ) => void;
}
