/**
 * The kernel interface: plain synchronous functions over flat, row-major, contiguous arrays.
 *
 * A kernel takes sizes as integers and writes into an output that the caller supplies. It allocates nothing, checks
 * nothing and knows no shapes. Arrays may be longer than the sizes say. A size of 0 is legal and writes nothing,
 * unless the kernel says otherwise. An output may be the same array as an input of the same size for the elementwise
 * kernels, and for no other.
 *
 * `reference` defines what each kernel computes, to the bit; `cpu` equals it. NaN payloads are not defined.
 */

/** Arrays of floating-point numbers. One table serves one element type, so that V8 compiles its loops for one. */
export type FloatArray = Float32Array | Float64Array;

/** Any array a tensor may hold. */
export type TypedArray = FloatArray | Int32Array | Int8Array | Uint8Array;

/** y[i] = f(x[i]) for i < n. */
export type UnaryKernel<F extends FloatArray> = (n: number, x: F, y: F) => void;

/** y[i] = f(x[i], parameter). */
export type ParameterKernel<F extends FloatArray> = (n: number, x: F, parameter: number, y: F) => void;

/**
 * c[i·cols + j] = f(a[i·aRow + j·aCol], b[i·bRow + j·bCol]) for i < rows, j < cols. Column strides are 0 or 1; row
 * strides are any number: a bias is (0, 1), a column (1, 0), a scalar (0, 0), a whole operand (cols, 1).
 */
export type BinaryKernel<F extends FloatArray, C = F> = (
  rows: number,
  cols: number,
  a: F,
  aRow: number,
  aCol: number,
  b: F,
  bRow: number,
  bCol: number,
  c: C,
) => void;

/** y[o·inner + i] = f over r < n of x[(o·n + r)·inner + i]: reduces the middle of three axes. */
export type ReduceKernel<F extends FloatArray, Y = F> = (outer: number, n: number, inner: number, x: F, y: Y) => void;

/** Each of `rows` rows of `n` numbers is transformed on its own. */
export type RowKernel<F extends FloatArray> = (rows: number, n: number, x: F, y: F) => void;

/** What gemm may apply to each finished cell. */
export type Epilogue = 'linear' | 'relu';

export interface FloatKernels<F extends FloatArray> {
  // Matrix products ---------------------------------------------------------------------------------------------
  /**
   * C[m, n] = activation(op(A)·op(B) + bias). A is [m, k], or [k, m] when transA; B is [k, n], or [n, k] when transB;
   * bias is [n] or null. Adds over k in order, each product and each sum rounded; bias after the sum. k = 0 gives +0.
   * With `accumulate` (default false) the sum starts from C instead of +0.
   */
  readonly gemm: (
    m: number,
    n: number,
    k: number,
    a: F,
    transA: boolean,
    b: F,
    transB: boolean,
    bias: F | null,
    activation: Epilogue,
    c: F,
    accumulate?: boolean,
  ) => void;
  /** `batch` products C_i = op(A_i)·op(B_i): matrix i starts at i·aStride, i·bStride and i·m·n (a stride of 0 shares one). */
  readonly gemmStridedBatched: (
    batch: number,
    m: number,
    n: number,
    k: number,
    a: F,
    aStride: number,
    transA: boolean,
    b: F,
    bStride: number,
    transB: boolean,
    c: F,
  ) => void;

  // Elementwise, one operand ------------------------------------------------------------------------------------
  readonly neg: UnaryKernel<F>;
  readonly abs: UnaryKernel<F>;
  /** -1, 0 or 1; keeps ±0 and NaN. */
  readonly sign: UnaryKernel<F>;
  readonly square: UnaryKernel<F>;
  readonly reciprocal: UnaryKernel<F>;
  readonly sqrt: UnaryKernel<F>;
  /** 1/√x. */
  readonly rsqrt: UnaryKernel<F>;
  readonly exp: UnaryKernel<F>;
  /** eˣ - 1, accurate near 0. */
  readonly expm1: UnaryKernel<F>;
  readonly log: UnaryKernel<F>;
  /** log(1 + x), accurate near 0. */
  readonly log1p: UnaryKernel<F>;
  readonly erf: UnaryKernel<F>;
  readonly tanh: UnaryKernel<F>;
  readonly sigmoid: UnaryKernel<F>;
  /** log(1 + eˣ), stable for every x. */
  readonly softplus: UnaryKernel<F>;
  /** x·sigmoid(x). */
  readonly silu: UnaryKernel<F>;
  /** x·Φ(x), by erf. */
  readonly gelu: UnaryKernel<F>;
  /** x/2·(1 + tanh(√(2/π)(x + 0.044715x³))). */
  readonly geluTanh: UnaryKernel<F>;
  /** x·clip(x/6 + 1/2, 0, 1). */
  readonly hardSwish: UnaryKernel<F>;
  /** x < 0 ? 0 : x; keeps -0 and NaN. */
  readonly relu: UnaryKernel<F>;
  /** x < 0 ? slope·x : x. */
  readonly leakyRelu: ParameterKernel<F>;
  /** x < 0 ? alpha·(eˣ - 1) : x. */
  readonly elu: ParameterKernel<F>;
  /** min(max(x, low), high); NaN stays. */
  readonly clip: (n: number, x: F, low: number, high: number, y: F) => void;
  /** dx = y > 0 ? g : 0, where y is relu's output. */
  readonly reluGrad: (n: number, y: F, g: F, dx: F) => void;
  /** dx = g·(1 - y²), every operation rounded, where y is tanh's output. */
  readonly tanhGrad: (n: number, y: F, g: F, dx: F) => void;
  /** dx = g·(y·(1 - y)), every operation rounded, where y is sigmoid's output. */
  readonly sigmoidGrad: (n: number, y: F, g: F, dx: F) => void;

  // Elementwise, two operands -----------------------------------------------------------------------------------
  readonly add: BinaryKernel<F>;
  readonly sub: BinaryKernel<F>;
  readonly mul: BinaryKernel<F>;
  readonly div: BinaryKernel<F>;
  /** C's pow: pow(x, 0) = pow(1, y) = 1; a negative base with a fractional exponent is NaN. */
  readonly pow: BinaryKernel<F>;
  /** NaN if either is; +0 above -0. */
  readonly maximum: BinaryKernel<F>;
  readonly minimum: BinaryKernel<F>;
  readonly equal: BinaryKernel<F, Uint8Array>;
  readonly notEqual: BinaryKernel<F, Uint8Array>;
  readonly less: BinaryKernel<F, Uint8Array>;
  readonly lessEqual: BinaryKernel<F, Uint8Array>;
  readonly greater: BinaryKernel<F, Uint8Array>;
  readonly greaterEqual: BinaryKernel<F, Uint8Array>;
  /** y[i] = condition[i] ? a[i·aStride] : b[i·bStride]; strides are 0 or 1. */
  readonly select: (n: number, condition: Uint8Array, a: F, aStride: number, b: F, bStride: number, y: F) => void;

  // Reductions --------------------------------------------------------------------------------------------------
  /**
   * Sums over eight float64 lanes (element r goes to lane r mod 8), divides by `divisor` in float64, rounds once.
   * A mean is a sum divided by n.
   */
  readonly sum: (outer: number, n: number, inner: number, x: F, divisor: number, y: F) => void;
  /** Σ(x - mean)²/divisor, two passes, float64 inside. */
  readonly variance: (outer: number, n: number, inner: number, x: F, divisor: number, y: F) => void;
  /** Product in float64, in order, rounded once. */
  readonly prod: ReduceKernel<F>;
  /** NaN wins; a maximum that is zero is +0. n ≥ 1. */
  readonly max: ReduceKernel<F>;
  /** NaN wins; -0 below +0. n ≥ 1. */
  readonly min: ReduceKernel<F>;
  /** m + log Σ e^(x - m), m = max. All -Inf gives -Inf, any +Inf gives +Inf, NaN wins. n ≥ 1. */
  readonly logSumExp: ReduceKernel<F>;
  /** Index of the first maximum; of the first NaN if there is one. n ≥ 1. */
  readonly argmax: ReduceKernel<F, Int32Array>;
  readonly argmin: ReduceKernel<F, Int32Array>;
  /** The k largest of each row, falling, ties by lower index; NaN counts as largest. 0 ≤ k ≤ n. */
  readonly topK: (rows: number, n: number, k: number, x: F, values: F, indices: Int32Array) => void;

  // Rows: softmax and its loss ----------------------------------------------------------------------------------
  /** e^(x - max)/Σ. A row of all -Inf, or with +Inf or NaN, gives NaN. */
  readonly softmax: RowKernel<F>;
  /** x - max - log Σ e^(x - max). */
  readonly logSoftmax: RowKernel<F>;
  /**
   * loss[i] = Σⱼ -t[i,j]·log softmax(z[i])[j], and the softmax itself into p[rows, n]. Terms with t = 0 are left out
   * (0·∞ counts as 0).
   */
  readonly softmaxCrossEntropy: (rows: number, n: number, z: F, t: F, p: F, loss: F) => void;
  /** dz[i,j] = p[i,j]·(g[i]·Σt[i]) - t[i,j]·g[i], each product and the difference rounded; Σt by the sum rule. */
  readonly softmaxCrossEntropyGrad: (rows: number, n: number, p: F, t: F, g: F, dz: F) => void;

  // Moving numbers ----------------------------------------------------------------------------------------------
  readonly fill: (n: number, value: number, y: F) => void;

  // Optimizer steps: in place on w and the state. `s` holds the scalars of this step, made in float64 by the caller
  // and rounded into an array of the element type, so that a recorded step can be repeated with new ones. ---------
  /**
   * s = [learningRate, momentum]. Without `velocity` (null): w -= lr·g. With it: v = momentum·v - lr·g, and
   * w += v, or with nesterov w += momentum·v - lr·g. (Keras's form: Sutskever et al. 2013.)
   */
  readonly sgd: (n: number, w: F, g: F, velocity: F | null, nesterov: boolean, s: F) => void;
  /**
   * Kingma & Ba 2015, Algorithm 1, in the order of section 2's last paragraph: s = [lr_t, eps_t, beta1, 1 - beta1,
   * beta2, 1 - beta2, decay]. m = b1·m + c1·g; v = b2·v + c2·g²; w = w - decay·w - lr_t·m/(√v + eps_t), every
   * operation rounded. decay = 0 leaves w as it is before the step. With `vMax` (AMSGrad, Reddi et al. 2018):
   * vMax = maximum(vMax, v) replaces v under the root.
   */
  readonly adam: (n: number, w: F, g: F, m: F, v: F, vMax: F | null, s: F) => void;
  /** s = [learningRate, rho, 1 - rho, epsilon, momentum]. v = rho·v + (1 - rho)g²; step = lr·g/√(v + eps); with
   *  `velocity`: velocity = momentum·velocity + step, w -= velocity. Without: w -= step. (Keras's form.) */
  readonly rmsprop: (n: number, w: F, g: F, v: F, velocity: F | null, s: F) => void;
  /** s = [learningRate, epsilon]. v += g²; w -= lr·g/√(v + eps). Duchi et al. 2011, Keras's form. */
  readonly adagrad: (n: number, w: F, g: F, v: F, s: F) => void;

  // Random: `random` = [key0, key1, stream, step]; element i of the result depends on these and i only. -------------
  /** [0, 1): (word >>> 8)·2⁻²⁴. */
  readonly uniform: (n: number, random: Uint32Array, y: F) => void;
  /** Standard normal by Box and Muller; |z| ≤ 5.77. Elements 2i and 2i+1 come from words 2i and 2i+1. */
  readonly normal: (n: number, random: Uint32Array, y: F) => void;
  /** Inverted dropout: y = word ≥ floor(rate·2³²) ? x·fr(1/(1 - rate)) : 0. Its gradient is itself on g. 0 ≤ rate < 1. */
  readonly dropout: (n: number, x: F, rate: number, random: Uint32Array, y: F) => void;
}

/** Kernels that serve any element type: they move numbers and never compute with them. */
export interface MoveKernels {
  /** y[yOffset + Σ iₐ·yStridesₐ] = x[xOffset + Σ iₐ·xStridesₐ] over every index of `shape`. Strides may be 0 or negative. */
  readonly stridedCopy: <T extends TypedArray>(
    shape: readonly number[],
    x: T,
    xOffset: number,
    xStrides: readonly number[],
    y: T,
    yOffset: number,
    yStrides: readonly number[],
  ) => void;
  /** y[o, j, i] = x[o, indices[j], i]: x is [outer, length, inner], y is [outer, count, inner]. */
  readonly gather: <T extends TypedArray>(
    outer: number,
    length: number,
    inner: number,
    count: number,
    x: T,
    indices: Int32Array,
    y: T,
  ) => void;
  /** Adjoint of gather: y[o, indices[j], i] += x[o, j, i], j in order. y is not cleared first. Floats only. */
  readonly scatterAdd: <T extends FloatArray>(
    outer: number,
    length: number,
    inner: number,
    count: number,
    x: T,
    indices: Int32Array,
    y: T,
  ) => void;
  /** y[i, j] = j == labels[i] ? 1 : 0 for j < depth; the row of a label outside 0 ... depth - 1 is 0. */
  readonly oneHot: (n: number, depth: number, labels: Int32Array, y: FloatArray) => void;
  /**
   * y[i] = x[i] as y's type. Float to integer truncates toward zero and saturates, NaN gives 0; anything to bool
   * (`bool` true, y Uint8Array) gives x ≠ 0.
   */
  readonly convert: (n: number, x: TypedArray, bool: boolean, y: TypedArray) => void;
}

/** Integer arithmetic of quantized networks, and the bits of the random generator. */
export interface IntegerKernels {
  /** Philox4x32-10 words: word i is word i & 3 of block i >> 2, counter (block, stream, step, 0). Salmon et al. 2011. */
  readonly philox: (n: number, random: Uint32Array, y: Uint32Array) => void;
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
   * y[i, j] = clamp(roundHalfEven(clamp(fr(fr(acc + bias[j])·scales[j]), ±1024)) + zeroPoint, low, 127). `low` is the
   * zero point for a fused relu, else -128.
   */
  readonly requantize: (
    rows: number,
    cols: number,
    acc: Int32Array,
    bias: Int32Array,
    scales: Float32Array,
    zeroPoint: number,
    low: number,
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

/** Memory that a table of kernels computes in: arrays made here are used where they lie, others are copied for a call. */
export interface KernelHeap {
  /** An array of zeros. Throws LimitError past the limit. */
  allocate<T extends ElementType>(type: T, length: number): ArrayOf[T];
  /** Gives the memory of an array made by `allocate` back. */
  release(array: ArrayOf[ElementType]): void;
  /** Address of a block of zeros; 0 where there is no room yet: it is made at the next `hold`. Throws LimitError. */
  tryAllocateBytes(bytes: number): number;
  releaseBytes(address: number): void;
  view<T extends ElementType>(type: T, address: number, length: number): ArrayOf[T];
  has(array: ArrayOf[ElementType]): boolean;
  /** Between `hold` and `letGo` operations hold arrays of the heap. They nest. */
  hold(): void;
  letGo(): void;
  /** Growing detaches every array of the heap: their owners are called to make new ones at the same addresses. */
  readonly onGrow: Set<() => void>;
  /** What gives an array of the heap, whatever growths come between; null for other arrays. */
  lasting(array: ArrayOf[ElementType]): (() => ArrayOf[ElementType]) | null;
  /** Counts growths. */
  readonly generation: number;
  readonly counters: () => HeapCounters;
}

export interface HeapCounters {
  /** Of the memory. */
  readonly bytes: number;
  /** Of it, given away. */
  readonly used: number;
  readonly blocks: number;
  readonly growths: number;
  /** Arrays that were copied for a call. */
  readonly staged: number;
}

/** A kernel call as a call of a compiled function with numbers alone. */
export interface LinkedCall {
  readonly fn: (...operands: number[]) => number;
  /** The type of each operand by a letter: i for int32, f for float32, d for float64. */
  readonly params: string;
  readonly operands: readonly number[];
}

/** A whole table for float32: what `setBackend` takes. */
export interface Kernels extends FloatKernels<Float32Array>, MoveKernels, IntegerKernels {
  /** The table's own memory, if it has one. */
  readonly heap?: KernelHeap;
  /** What a call of one of this table's kernels comes down to, without making it; null if it cannot be said so. */
  readonly link?: (kernel: AnyKernel, args: readonly unknown[]) => readonly LinkedCall[] | null;
  /** One function that makes the calls that `link` gave, in turn. */
  readonly join?: (calls: readonly LinkedCall[]) => () => void;
}

/** Some kernel, when it does not matter which. */
export type AnyKernel = (...args: readonly never[]) => void;

/** A whole table for float64: `reference64`, used for gradient checks and exact golden runs. */
export interface Kernels64 extends FloatKernels<Float64Array>, MoveKernels {}
