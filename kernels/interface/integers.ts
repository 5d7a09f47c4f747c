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
   * `requantize` in whole numbers alone, as machines without floats do it (Jacob et al. 2018, section 2.2, with the two roundings
   * of gemmlowp and of TFLite): y[i, j] = clamp(scaled(acc + bias[j], multipliers[j], shifts[j]) + zeroPoint, low, high).
   * `scaled(x, m, s)` is x·m·2^(s - 31) rounded twice. First h = ⌊(x·2^max(s, 0)·m + 2³⁰)/2³¹⌋, the nearest whole number, of two
   * the larger. Then h·2^min(s, 0) to the nearest whole number, of two the one farther from 0. acc + bias[j] and x·2^max(s, 0)
   * wrap as int32 does, nothing after them. Multipliers are from 0 to 2³¹ - 1, shifts from -31 to 30.
   */
  readonly requantizeWhole: (
    rows: number,
    cols: number,
    acc: Int32Array,
    bias: Int32Array,
    multipliers: Int32Array,
    shifts: Int32Array,
    zeroPoint: number,
    low: number,
    high: number,
    y: Int8Array,
  ) => void;
  /**
   * `addInt8` in whole numbers (TFLite's ADD): with `scaled` of `requantizeWhole`, y = clamp(scaled(scaled((a - aZeroPoint)·2²⁰,
   * aMultiplier, aShift) + scaled((b - bZeroPoint)·2²⁰, bMultiplier, bShift), multiplier, shift) + zeroPoint, -128, 127). All
   * shifts are from -31 to 0, so that nothing wraps. TFLite's multipliers are of aScale/t, bScale/t and t/(2²⁰·scale), where t =
   * 2·max(aScale, bScale).
   */
  readonly addInt8Whole: (
    n: number,
    a: Int8Array,
    aZeroPoint: number,
    aMultiplier: number,
    aShift: number,
    b: Int8Array,
    bZeroPoint: number,
    bMultiplier: number,
    bShift: number,
    multiplier: number,
    shift: number,
    zeroPoint: number,
    y: Int8Array,
  ) => void;
  /**
   * `addInt8` by factors of 21 bits with one rounding (XNNPACK's): y = clamp(⌊(a·aMultiplier + b·bMultiplier + bias)/2^shift⌋ +
   * zeroPoint, -128, 127), where the sum has 32 bits and the shift is from 0 to 30. With a bias of 2^(shift - 1) -
   * aZeroPoint·aMultiplier - bZeroPoint·bMultiplier halves go up.
   */
  readonly addInt8Shifted: (
    n: number,
    a: Int8Array,
    aMultiplier: number,
    b: Int8Array,
    bMultiplier: number,
    bias: number,
    shift: number,
    zeroPoint: number,
    y: Int8Array,
  ) => void;
  /** y = table[q + 128], of 256 numbers: any function of one int8 number. `y` may be `q`. */
  readonly lookUp: (n: number, q: Int8Array, table: Int8Array, y: Int8Array) => void;
  /**
   * Each row of x [rows, cols] in a format of its own. With low and high its least and its greatest number, and 0:
   * scale = fr((high - low)/255), zeroPoint = clamp(roundHalfEven(-128 - fr(low/scale)), -128, 127), and q as `quantize` makes it.
   * A scale below 2⁻¹⁰⁰ is 1 with the zero point 0. In a row with a NaN or an infinity the scale is NaN, and the zero point and q are
   * 0. (high - low) is rounded to float32 once, so that it may become infinite: then too the scale is NaN.
   */
  readonly quantizeRows: (
    rows: number,
    cols: number,
    x: Float32Array,
    scales: Float32Array,
    zeroPoints: Int32Array,
    q: Int8Array,
  ) => void;
  /**
   * Sums of products of what `quantizeRows` made as real numbers: y[i, j] = fr(fr(fr(acc[i, j] - zeroPoints[r]·sums[j])·
   * fr(rowScales[r]·scales[j])) + bias[j]), r = ⌊i/each⌋, and without the last step where `bias` is null. The difference wraps
   * as int32 does.
   */
  readonly dequantizeRows: (
    rows: number,
    each: number,
    cols: number,
    acc: Int32Array,
    rowScales: Float32Array,
    zeroPoints: Int32Array,
    sums: Int32Array,
    scales: Float32Array,
    bias: Float32Array | null,
    y: Float32Array,
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
