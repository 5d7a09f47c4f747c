import type { TypedArray } from '../../kernels/arrays.ts';
import type { Convolution, Window } from '../../kernels/interface/convolution.ts';
import type { LevelBits } from '../../kernels/interface/levels.ts';
import type { SparseWidth } from '../../kernels/interface/sparse.ts';
import { levelWords, packedBytes, packedLength, pairedRows, panelsLength } from '../../kernels/packing.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { type Draw, GUARD } from './draw.ts';

const LEVEL_BITS: readonly LevelBits[] = [2, 4, 8, 16];

/** What a kernel is called with, and which of its arguments it writes. Every array ends in guard elements. */
export interface Call {
  readonly args: readonly unknown[];
  readonly written: readonly number[];
}

const gemm = (d: Draw): Call => {
  const [m, n] = d.pick([
    [d.size(), d.size()] as const,
    [d.size(), d.size()] as const,
    [1, 150 + d.below(200)] as const,
  ]);
  const k = d.pick([d.size(), d.size(), 255, 256, 257, 300]);
  const bias = d.bool() ? d.floats(n) : null;
  const args = [
    m,
    n,
    k,
    d.floats(m * k),
    d.bool(),
    d.floats(k * n),
    d.bool(),
    bias,
    d.pick(['linear', 'relu', 'relu6']),
    d.floats(m * n),
    d.below(4) === 0,
  ];
  return { args, written: [9] };
};

const unary = (d: Draw): Call => {
  const n = d.size();
  return { args: [n, d.floats(n), d.floats(n)], written: [2] };
};

const withParameter = (d: Draw): Call => {
  const n = d.size();
  return { args: [n, d.floats(n), d.floats(1)[0], d.floats(n)], written: [3] };
};

/** Of shared weights: which centroid each number is, or whose negative. */
const signedCodes = (d: Draw, n: number, count: number): Int32Array =>
  Int32Array.from({ length: n + GUARD }, () => (d.bool() ? d.below(count) : -1 - d.below(count)));

const alive = (d: Draw, n: number): Uint8Array | null =>
  d.bool() ? null : Uint8Array.from({ length: n + GUARD }, () => d.below(2));

/** Of an output and its gradient. */
const gradient = (d: Draw): Call => {
  const n = d.size();
  return { args: [n, d.floats(n), d.floats(n), d.floats(n)], written: [3] };
};

const operand = (d: Draw, rows: number, cols: number): [Float32Array, number, number] => {
  const [row, col] = d.pick([
    [cols, 1],
    [cols, 1],
    [cols, 1],
    [0, 1],
    [1, 0],
    [0, 0],
    [cols + 3, 1],
    [1, 1],
    [cols, 0], // a column of a matrix as wide
    [cols + 3, 0],
  ] as const);
  return [d.floats(rows * row + cols), row, col];
};

const binary = (d: Draw): Call => {
  const [rows, cols] = [d.size(), d.size()];
  return {
    args: [rows, cols, ...operand(d, rows, cols), ...operand(d, rows, cols), d.floats(rows * cols)],
    written: [8],
  };
};

const comparison = (d: Draw): Call => {
  const { args, written } = binary(d);
  const c = (args[8] as Float32Array).length;
  return { args: [...args.slice(0, 8), new Uint8Array(c).fill(7)], written };
};

const reductionOf = (d: Draw, least: number): Call => {
  const [outer, length, inner] = d.pick([
    [1, d.size(), d.size()],
    [d.size(), d.size(), 1],
    [d.below(9), d.below(20), d.below(9)],
  ] as const);
  const n = Math.max(length, least);
  return { args: [outer, n, inner, d.floats(outer * n * inner), d.floats(outer * inner)], written: [4] };
};

const reduction = (d: Draw): Call => reductionOf(d, 1);

const divided = (d: Draw): Call => {
  const { args } = reductionOf(d, 0);
  return { args: [...args.slice(0, 4), d.pick([1, args[1], 3.7]), args[4]], written: [5] };
};

const first = (d: Draw): Call => {
  const { args } = reduction(d);
  const y = args[4] as Float32Array;
  return { args: [...args.slice(0, 4), d.int32(y.length, 100)], written: [4] };
};

const rowwise = (d: Draw): Call => {
  const [rows, n] = [d.below(20), d.size()];
  return { args: [rows, n, d.floats(rows * n), d.floats(rows * n)], written: [3] };
};

/** Rows of any type, at times longer than insertion takes; half of them with many numbers that are equal, or all but the last. */
const toSort = (d: Draw): readonly [rows: number, n: number, x: TypedArray] => {
  const [rows, n] = [d.below(5), d.pick([d.size(), d.size(), 300 + d.below(700)])];
  const count = rows * n;
  const floats = d.bool() ? d.floats(count) : d.floats(count).map((x) => (Number.isFinite(x) ? Math.round(x) : x));
  const x = d.pick<() => TypedArray>([
    () => floats,
    () => floats,
    () => Float64Array.from(floats, (value) => value * d.pick([1, 1, 1 + 2 ** -40])),
    () => d.int32(count, d.pick([5, 1000, 4294967295])),
    () => d.int8(count),
    () => Uint8Array.from(d.int8(count)),
  ])();
  // one number among equal ones: a digit that all but one share
  if (n > 1 && d.below(4) === 0) for (let at = 0; at < rows * n; at += n) x.fill(x[at]!, at, at + n - 1 - d.below(2));
  return [rows, n, x];
};

const scan = (d: Draw): Call => {
  const [outer, n, inner] = d.pick([
    [1, d.size(), d.pick([d.size(), 600])],
    [d.size(), d.size(), 1],
    [d.below(5), d.below(20), d.below(20)],
  ] as const);
  const count = outer * n * inner;
  return { args: [outer, n, inner, d.floats(count), d.floats(count)], written: [4] };
};

const targets = (d: Draw, rows: number, n: number): Float32Array => {
  const t = d.floats(rows * n);
  if (d.bool())
    for (let i = 0; i < rows; i++) for (let j = 0, hot = d.below(n); j < n; j++) t[i * n + j] = j === hot ? 1 : 0;
  return t;
};

const random = (d: Draw): Call => {
  const n = d.size();
  return { args: [n, d.words(4), d.floats(n)], written: [2] };
};

/** Strides of an array with its axes in any order, half of the time with gaps after some, and its size. */
function inAnyOrder(d: Draw, shape: readonly number[]): [number[], number] {
  const gap = d.bool() ? 3 : 1;
  const strides = shape.map(() => 0);
  let step = 1;
  for (const axis of shape.map((_, i) => i).sort(() => d.pick([-1, 1]))) {
    strides[axis] = step;
    step *= shape[axis]! + d.below(gap);
  }
  return [strides, step];
}

/** Numbers and a scale; half of the time many of them lie halfway between two codes. */
const numbersToQuantize = (d: Draw, n: number): [Float32Array, number] => {
  const scale = d.pick([0.5, 1, 2, d.floats(1)[0]!]);
  return d.bool()
    ? [d.floats(n), scale]
    : [Float32Array.from(d.int8(n), (x) => x * 0.5 * scale * d.pick([1, 3])), scale];
};

/** Multipliers from 0 to 2³¹ - 1 and shifts from `least` to `most`, often at an end; half of the time what a network has. */
function factors(d: Draw, n: number, least: number, most: number): { multipliers: Int32Array; shifts: Int32Array } {
  const isUsual = d.bool();
  const multiplier = (): number =>
    isUsual ? 2 ** 30 + d.below(2 ** 30) : d.pick([0, 1, 2 ** 30, 2 ** 30 + 1, 2 ** 31 - 1, d.below(2 ** 31)]);
  const shift = (): number =>
    isUsual ? d.pick([-9, -8, -7, -1]) : d.pick([least, 0, most, least + d.below(most - least + 1)]);
  return {
    multipliers: Int32Array.from({ length: n + GUARD }, multiplier),
    shifts: Int32Array.from({ length: n + GUARD }, shift),
  };
}

/** A convolution of any kind: its x, kernel and y, and a bias of as many numbers as the result has channels, or null. */
function convolution(d: Draw, result: 'y' | 'x' | 'kernel') {
  const split = d.below(4) === 0 ? d.pick([2, 3, 4, 5, 8, 12, 13, 33]) : 0; // each channel by itself
  const groups = split || d.pick([1, 1, 1, 2, 3, 8]);
  const few = [1, 1, 2, 3, 4, 7];
  const channels = split || groups * (groups === 1 ? d.pick([...few, d.below(36), 32]) : d.pick([1, 1, 2, 3, 5]));
  const units = split || groups * (groups === 1 ? d.pick([...few, d.below(36), 16, 17, 32]) : d.pick([1, 1, 2, 3, 18]));
  const axis = () => {
    const taps = d.pick([1, 1, 2, 3, 3, 3, 4, 5]);
    const [stride, dilation] = [d.pick([1, 1, 1, 2, 2, 3]), d.pick([1, 1, 1, 2, 3])];
    const reach = (taps - 1) * dilation + 1;
    const [before, behind] = d.pick([
      [0, 0],
      [reach >> 1, (reach - 1) >> 1],
      [d.below(reach), d.below(reach)],
      [d.below(2 * reach), d.below(reach)],
    ] as const);
    const length = d.pick([reach, d.below(8), d.below(15)]);
    const positions = Math.max(0, Math.floor((length + before + behind - reach) / stride) + 1);
    return { taps, stride, dilation, before, length, positions };
  };
  const square = axis();
  const [y, x] = d.pick([
    [square, square],
    [axis(), axis()],
    [{ taps: 1, stride: 1, dilation: 1, before: 0, length: 1, positions: 1 }, axis()],
  ] as const);
  const s: Convolution = {
    batch: d.pick([1, 1, 2, 3, d.below(2)]),
    height: y.length,
    width: x.length,
    outHeight: y.positions,
    outWidth: x.positions,
    kernelHeight: y.taps,
    kernelWidth: x.taps,
    strideY: y.stride,
    strideX: x.stride,
    dilationY: y.dilation,
    dilationX: x.dilation,
    padTop: y.before,
    padLeft: x.before,
    channels,
    units,
    groups,
  };
  const kernel = d.floats((y.taps * x.taps * channels * units) / groups);
  return {
    s,
    x: d.floats(s.batch * s.height * s.width * channels),
    kernel,
    y: d.floats(s.batch * s.outHeight * s.outWidth * units),
    bias: d.bool() ? d.floats(result === 'y' ? units : channels) : null,
    activation: d.pick(['linear', 'relu', 'relu6']),
  };
}

/** The same of integers, its kernel packed. */
function integerConvolution(d: Draw) {
  const { s, x, kernel, y } = convolution(d, 'y');
  const packed = new Int8Array(packedLength(s) + GUARD);
  reference.packConvInt8(s, d.int8(kernel.length), packed);
  return { s, x: d.int8(x.length - GUARD), zeroPoint: d.below(256) - 128, packed, y: d.int8(y.length - GUARD) };
}

/** A matrix [k, n] of which some numbers are held: none, all, or a share of each panel's rows. */
function sparseMatrix(d: Draw, k: number, n: number, width: SparseWidth = d.pick([1, 4, 16] as const)) {
  const share = d.pick([0, 1, d.below(100) / 100, 0.1]);
  const starts = [0];
  const rows: number[] = [];
  for (let p = 0; p * width < n; p++) {
    for (let row = 0; row < k; row++) if (d.below(1000) < share * 1000) rows.push(row);
    starts.push(rows.length);
  }
  const values = d.floats(rows.length * width);
  const panels = Math.ceil(n / width);
  for (let p = 0; p < panels; p++)
    for (let i = starts[p]!; i < starts[p + 1]!; i++)
      for (let j = n - p * width; j < width; j++) values[i * width + j] = 0;
  return { width, starts: Int32Array.from(starts), rows: Int32Array.from(rows), values };
}

function sparseInt8(d: Draw, k: number, n: number): [Int32Array, Int32Array, Int8Array] {
  const { starts, rows, values } = sparseMatrix(d, k, n, 16);
  const bytes = d.int8(values.length).map((q, i) => (values[i] === 0 ? 0 : q));
  const paired = pairedRows(starts, rows, bytes);
  return [paired.starts, paired.rows, paired.values];
}

/** A convolution of one group. */
function whole(d: Draw, result: 'y' | 'x') {
  let drawn = convolution(d, result);
  while (drawn.s.groups !== 1) drawn = convolution(d, result);
  const { s } = drawn;
  return { ...drawn, terms: s.kernelHeight * s.kernelWidth * s.channels };
}

/** What batchNorm takes; half of the time mean and variance are those of x. */
function columnsToNormalize(d: Draw) {
  const [rows, n] = [d.size(), d.size()];
  const [x, mean, variance] = [d.floats(rows * n), d.floats(n), d.squares(n)];
  if (d.bool()) {
    reference.sum(1, rows, n, x, rows, mean);
    reference.variance(1, rows, n, x, rows, variance);
  }
  const gamma = d.bool() ? d.floats(n) : null;
  return { rows, n, x, mean, variance, gamma, epsilon: d.pick([1e-3, 1e-5, 0]) };
}

/** A pool's window, which always has a tap inside, and channels: often of four taps, side by side or overlapping. */
function pool(d: Draw): { s: Window; channels: number; x: Float32Array; y: () => Float32Array } {
  const axis = () => {
    const [taps, stride] = d.pick([
      [2, 2],
      [2, 2],
      [2, 1],
      [3, 2],
      [3, 3],
      [1, 1],
      [1 + d.below(5), 1 + d.below(4)],
    ] as const);
    const dilation = taps === 1 ? 1 : d.pick([1, 1, 1, 2]);
    const reach = (taps - 1) * dilation + 1;
    const [before, behind] = [d.pick([0, d.below(dilation)]), d.pick([0, d.below(dilation)])];
    const length = reach + d.pick([0, d.below(8), d.below(20)]);
    const isSame = dilation === 1 && d.bool();
    const positions = isSame ? Math.ceil(length / stride) : Math.floor((length + before + behind - reach) / stride) + 1;
    const pad = isSame ? Math.max(0, (positions - 1) * stride + reach - length) >> 1 : before;
    return { taps, stride, dilation, length, positions: d.below(20) === 0 ? 0 : positions, pad };
  };
  const [down, across] = d.pick([
    [axis(), axis()],
    [{ taps: 1, stride: 1, dilation: 1, length: 1, positions: 1, pad: 0 }, axis()],
  ] as const);
  const s = {
    batch: d.pick([1, 2, 3, 0]),
    height: down.length,
    width: across.length,
    outHeight: down.positions,
    outWidth: across.positions,
    kernelHeight: down.taps,
    kernelWidth: across.taps,
    strideY: down.stride,
    strideX: across.stride,
    dilationY: down.dilation,
    dilationX: across.dilation,
    padTop: down.pad,
    padLeft: across.pad,
  };
  const channels = d.pick([1, 2, 3, 4, 5, 7, 8, 13, 16, d.below(3)]);
  const x = d.floats(s.batch * s.height * s.width * channels);
  if (d.bool()) for (let i = 0; i < x.length; i++) x[i] = d.pick([x[i]!, 0, -0, 1]); // equal taps, and zeros
  return { s, channels, x, y: () => d.floats(s.batch * s.outHeight * s.outWidth * channels) };
}

/** One row for each kernel that `cpu` or `wasm()` replaces. */
export const cases: Readonly<Record<string, (d: Draw) => Call>> = {
  gemm,
  gemmStridedBatched: (d) => {
    const [batch, m, n, k] = [d.below(4), d.below(20), d.below(20), d.below(40)];
    const [aStride, bStride] = [d.pick([0, m * k, m * k + 5]), d.pick([0, n * k, n * k + 3])];
    const a = d.floats(batch * aStride + m * k);
    const b = d.floats(batch * bStride + n * k);
    return {
      args: [batch, m, n, k, a, aStride, d.bool(), b, bStride, d.bool(), d.floats(batch * m * n)],
      written: [10],
    };
  },
  conv2d: (d) => {
    const { s, x, kernel, bias, activation, y } = convolution(d, 'y');
    return { args: [s, x, kernel, bias, activation, y], written: [5] };
  },
  packPanels: (d) => {
    const [k, n] = [d.size(), d.size()];
    return { args: [k, n, d.floats(k * n), d.floats(panelsLength(k, n))], written: [3] };
  },
  gemmPanels: (d) => {
    const [m, n] = d.pick([
      [d.size(), d.size()] as const,
      [d.size(), d.size()] as const,
      [1, 150 + d.below(200)] as const,
    ]);
    const k = d.pick([d.size(), d.size(), 255, 256, 257, 300]);
    const packed = d.floats(panelsLength(k, n));
    reference.packPanels(k, n, d.floats(k * n), packed);
    const bias = d.bool() ? d.floats(n) : null;
    const activation = d.pick(['linear', 'relu', 'relu6']);
    return { args: [m, n, k, d.floats(m * k), packed, bias, activation, d.floats(m * n)], written: [7] };
  },
  conv2dPanels: (d) => {
    const { s, x, kernel, bias, activation, y, terms } = whole(d, 'y');
    const packed = d.floats(panelsLength(terms, s.units));
    reference.packPanels(terms, s.units, kernel, packed);
    return { args: [s, x, packed, bias, activation, y], written: [5] };
  },
  gemmSparse: (d) => {
    const [m, n, k] = [d.pick([1, d.size(), d.size()]), d.size(), d.size()];
    const { width, starts, rows, values } = sparseMatrix(d, k, n);
    const bias = d.bool() ? d.floats(n) : null;
    const activation = d.pick(['linear', 'relu', 'relu6']);
    const args = [m, n, k, d.floats(m * k), width, starts, rows, values, bias, activation, d.floats(m * n)];
    return { args, written: [10] };
  },
  gemmSparseGrad: (d) => {
    const [m, n, k] = [d.pick([1, d.size(), d.size()]), d.size(), d.size()];
    const { width, starts, rows, values } = sparseMatrix(d, k, n);
    return { args: [m, n, k, d.floats(m * n), width, starts, rows, values, d.floats(m * k)], written: [8] };
  },
  conv2dSparse: (d) => {
    const { s, x, terms, bias, activation, y } = whole(d, 'y');
    const { width, starts, rows, values } = sparseMatrix(d, terms, s.units);
    return { args: [s, x, width, starts, rows, values, bias, activation, y], written: [8] };
  },
  conv2dSparseGrad: (d) => {
    const { s, x, terms, y } = whole(d, 'x');
    const { width, starts, rows, values } = sparseMatrix(d, terms, s.units);
    return { args: [s, y, width, starts, rows, values, x], written: [6] };
  },
  gemmSparseInt8: (d) => {
    const [m, n, k] = [d.pick([1, d.size(), d.size()]), d.size(), d.size()];
    return { args: [m, n, k, d.int8(m * k), ...sparseInt8(d, k, n), d.int32(m * n, 100)], written: [7] };
  },
  conv2dSparseInt8: (d) => {
    const { s, x, y, terms } = whole(d, 'y');
    const zeroPoint = d.below(256) - 128;
    const sums = d.int32(y.length - GUARD, 100);
    return { args: [s, d.int8(x.length - GUARD), zeroPoint, ...sparseInt8(d, terms, s.units), sums], written: [6] };
  },
  packConvInt8: (d) => {
    const { s, kernel } = convolution(d, 'y');
    return { args: [s, d.int8(kernel.length), d.int8(packedLength(s))], written: [2] };
  },
  conv2dInt8: (d) => {
    const { s, x, zeroPoint, packed, y } = integerConvolution(d);
    return { args: [s, x, zeroPoint, packed, d.int32(y.length - GUARD, 100)], written: [4] };
  },
  conv2dRequantized: (d) => {
    const { s, x, zeroPoint, packed, y } = integerConvolution(d);
    const to = d.below(256) - 128;
    const low = d.pick([-128, to]);
    const scales = d.floats(s.units).map((scale) => (Number.isFinite(scale) ? scale : d.pick([1e-3, 1e-5, 0.5])));
    const bias = d.int32(s.units, d.pick([1e5, 4294967295]));
    return { args: [s, x, zeroPoint, packed, bias, scales, to, low, d.pick([127, 127, 100]), y], written: [9] };
  },
  maxPoolInt8: (d) => {
    const { s, channels, x, y } = pool(d);
    return { args: [s, channels, d.int8(x.length - GUARD), d.int8(y().length - GUARD)], written: [3] };
  },
  avgPoolInt8: (d) => {
    const { s, channels, x, y } = pool(d);
    const zeroPoint = d.below(256) - 128;
    const result = d.int8(y().length - GUARD);
    const ratio = d.pick([1, 0.5, 2.3, d.floats(1)[0]!]);
    return {
      args: [s, channels, d.int8(x.length - GUARD), zeroPoint, ratio, d.below(256) - 128, result],
      written: [6],
    };
  },
  avgPoolInt8Whole: (d) => {
    const { s, channels, x, y } = pool(d);
    return { args: [s, channels, d.int8(x.length - GUARD), d.int8(y().length - GUARD)], written: [3] };
  },
  conv2dTransposed: (d) => {
    const { s, x, kernel, bias, activation, y } = convolution(d, 'x');
    return { args: [s, y, kernel, bias, activation, x], written: [5] };
  },
  conv2dKernelGrad: (d) => {
    const { s, x, kernel, y } = convolution(d, 'kernel');
    return { args: [s, x, y, kernel], written: [3] };
  },
  maxPool: (d) => {
    const { s, channels, x, y } = pool(d);
    return { args: [s, channels, x, y()], written: [3] };
  },
  maxPoolGrad: (d) => {
    const { s, channels, x, y } = pool(d);
    const maxima = y();
    if (d.below(8) > 0) reference.maxPool(s, channels, x, maxima);
    return { args: [s, channels, x, maxima, y(), d.bool(), d.floats(x.length - GUARD)], written: [6] };
  },
  avgPool: (d) => {
    const { s, channels, x, y } = pool(d);
    return { args: [s, channels, x, y()], written: [3] };
  },
  avgPoolGrad: (d) => {
    const { s, channels, x, y } = pool(d);
    return { args: [s, channels, y(), x], written: [3] };
  },
  batchNorm: (d) => {
    const { rows, n, x, mean, variance, gamma, epsilon } = columnsToNormalize(d);
    const beta = d.bool() ? d.floats(n) : null;
    return { args: [rows, n, x, mean, variance, gamma, beta, epsilon, d.floats(rows * n)], written: [8] };
  },
  batchNormGrad: (d) => {
    const { rows, n, x, mean, variance, gamma, epsilon } = columnsToNormalize(d);
    const results = [d.floats(rows * n), d.floats(n), d.floats(n)];
    return { args: [rows, n, x, mean, variance, gamma, epsilon, d.floats(rows * n), ...results], written: [8, 9, 10] };
  },
  standardize: (d) => {
    const [rows, n] = [d.below(20), d.size()];
    return { args: [rows, n, d.floats(rows * n), d.pick([1e-3, 1e-5, 0]), d.floats(rows * n)], written: [4] };
  },
  standardizeGrad: (d) => {
    const [rows, n] = [d.below(20), d.size()];
    const [x, dy, dx] = [d.floats(rows * n), d.floats(rows * n), d.floats(rows * n)];
    return { args: [rows, n, x, d.pick([1e-3, 1e-5, 0]), dy, dx], written: [5] };
  },
  gemmInt8: (d) => {
    const [m, n, k] = d.pick([
      [d.size(), d.size(), d.pick([d.size(), 256, 257, 300])],
      [1 + d.below(6), d.below(40), d.pick([511, 512, 513, 1030])],
      [125 + d.below(8), d.below(20), d.below(20)],
    ] as const);
    const packed = new Int8Array(packedBytes(k, n) + GUARD);
    reference.packInt8(k, n, d.int8(k * n), packed);
    return { args: [m, n, k, d.int8(m * k), packed, d.int32(m * n, 100)], written: [5] };
  },
  packLevels: (d) => {
    const [bits, k, n] = [d.pick(LEVEL_BITS), d.size(), d.size()];
    const levels = d.int32(k * n, d.pick([2 ** bits, 4294967295])); // beyond their bits they are cut
    return { args: [bits, k, n, levels, d.int32(levelWords(bits, k, n), 1e9)], written: [4] };
  },
  gemmLevels: (d) => {
    const [m, n] = [d.pick([1, 1, d.size()]), d.size()];
    const k = d.pick([d.size(), d.size(), 255, 256, 257, 300]);
    const bits = d.pick(LEVEL_BITS);
    const words = d.int32(levelWords(bits, k, n), 4294967295);
    reference.packLevels(bits, k, n, d.int32(k * n, 2 ** bits), words);
    const group = d.pick([1, 8, 16, 32, 32, 64, 128, 1 + d.below(40), k + d.below(9) + 1]);
    const scales = d.floats(Math.ceil(k / group) * n);
    if (d.bool()) for (let i = 0; i < scales.length; i++) scales[i] = Math.abs(scales[i]!) || 0.01;
    const bias = d.bool() ? d.floats(n) : null;
    const epilogue = d.pick(['linear', 'relu', 'relu6']);
    const args = [m, n, k, d.floats(m * k), bits, words, group, scales, bias, epilogue, d.floats(m * n)];
    return { args, written: [10] };
  },
  oneHot: (d) => {
    const [n, depth] = [d.size(), d.size()];
    const labels = Int32Array.from({ length: n }, () => (d.below(8) === 0 ? d.bits() | 0 : d.below(depth + 2) - 1));
    return { args: [n, depth, labels, d.floats(n * depth)], written: [3] };
  },
  scatterAdd: (d) => {
    const [outer, length, inner, count] = [d.below(5), 1 + d.below(9), d.below(90), d.below(12)];
    const indices = Int32Array.from({ length: count }, () => d.below(length));
    const [x, y] = [d.floats(outer * count * inner), d.floats(outer * length * inner)];
    return { args: [outer, length, inner, count, x, indices, y], written: [6] };
  },
  addInt8: (d) => {
    const n = d.size();
    const scale = (): number => d.pick([0.5, 1, 0.03, d.floats(1)[0]!]);
    const zeroPoint = (): number => d.below(256) - 128;
    const [a, b] = [d.int8(n), d.int8(n)];
    return {
      args: [n, a, scale(), zeroPoint(), b, scale(), zeroPoint(), scale(), zeroPoint(), d.int8(n)],
      written: [9],
    };
  },
  requantizeWhole: (d) => {
    const [rows, cols, zeroPoint] = [d.size(), d.size(), d.below(256) - 128];
    const acc = d.int32(rows * cols, d.pick([3e4, 4294967295]));
    for (let i = 0; i < acc.length; i++)
      if (d.below(8) === 0) acc[i] = d.pick([-(2 ** 31), 2 ** 31 - 1, 2 ** 30, 0, -1, 1]);
    const bias = d.bool() ? new Int32Array(cols + GUARD) : d.int32(cols, 4294967295);
    const { multipliers, shifts } = factors(d, cols, -31, 30);
    const [low, high] = [d.pick([-128, zeroPoint]), d.pick([127, 127, 100])];
    const args = [rows, cols, acc, bias, multipliers, shifts, zeroPoint, low, high, d.int8(rows * cols)];
    return { args, written: [9] };
  },
  addInt8Whole: (d) => {
    const n = d.size();
    const operand = (): number[] => [d.pick([-128, 127, d.below(256) - 128]), ...factor()];
    const factor = (): number[] => {
      const { multipliers, shifts } = factors(d, 1, -31, 0);
      return [multipliers[0]!, d.pick([0, -1, shifts[0]!])];
    };
    const scaled = [...factor().slice(0, 1), d.pick([-20, -19, -18, -21, ...factor().slice(1)])];
    const args = [n, d.int8(n), ...operand(), d.int8(n), ...operand(), ...scaled, d.below(256) - 128, d.int8(n)];
    return { args, written: [12] };
  },
  addInt8Shifted: (d) => {
    const n = d.size();
    const shift = d.pick([13, 20, 30, 1, 0]);
    const operand = (): [Int8Array, number] => [d.int8(n), d.pick([2 ** 21 - 1, 2 ** 20, 0, d.below(2 ** 21)])];
    const [a, first] = operand();
    const [b, second] = operand();
    const bias = d.pick([2 ** 30, -(2 ** 30), (2 ** shift) >> 1, d.below(2 ** 30) - 2 ** 29]);
    return { args: [n, a, first, b, second, bias, shift, d.below(256) - 128, d.int8(n)], written: [8] };
  },
  lookUp: (d) => {
    const n = d.pick([d.size(), 200 + d.size()]);
    return { args: [n, d.int8(n), d.int8(256), d.int8(n)], written: [3] };
  },
  quantizeRows: (d) => {
    const [rows, cols] = [d.size(), d.size()];
    const [x] = numbersToQuantize(d, rows * cols);
    for (let i = 0; i < rows; i++) {
      // Rows of one sign, of zeros, tiny, and with what is no number at any place.
      const of = d.pick([null, null, Math.abs, (v: number) => -Math.abs(v), () => 0, (v: number) => v * 1e-33]);
      const other = d.pick([null, null, null, Number.NaN, Infinity, -Infinity, 3e38, -3e38]);
      if (of !== null) for (let j = 0; j < cols; j++) x[i * cols + j] = of(x[i * cols + j]!);
      if (other !== null && cols > 0) x[i * cols + d.below(cols)] = other;
    }
    return { args: [rows, cols, x, d.floats(rows), d.int32(rows, 100), d.int8(rows * cols)], written: [3, 4, 5] };
  },
  dequantizeRows: (d) => {
    const [rows, cols, each] = [d.size(), d.size(), d.pick([1, 1, 2, 3, 1 + d.size()])];
    const formats = Math.ceil(rows / each);
    const acc = d.int32(rows * cols, d.pick([3e4, 4294967295]));
    const zeroPoints = Int32Array.from(d.int8(formats));
    const sums = d.int32(cols, d.pick([3e4, 4294967295]));
    const bias = d.bool() ? d.floats(cols) : null;
    const columns = [sums, d.floats(cols), bias];
    return {
      args: [rows, each, cols, acc, d.floats(formats), zeroPoints, ...columns, d.floats(rows * cols)],
      written: [9],
    };
  },
  conv2dTransposedInt8: (d) => {
    const { s, x, kernel, y } = convolution(d, 'x');
    const [from, weights] = [d.int8(y.length - GUARD), d.int8(kernel.length - GUARD)];
    return { args: [s, from, d.below(256) - 128, weights, d.int32(x.length - GUARD, 100)], written: [4] };
  },
  packInt8: (d) => {
    const [k, n] = [d.size(), d.size()];
    return { args: [k, n, d.int8(k * n), d.int8(packedBytes(k, n))], written: [3] };
  },
  neg: unary,
  abs: unary,
  sign: unary,
  round: unary,
  floor: unary,
  ceil: unary,
  square: unary,
  reciprocal: unary,
  sqrt: unary,
  rsqrt: unary,
  exp: unary,
  expm1: unary,
  log: unary,
  log1p: unary,
  sin: unary,
  cos: unary,
  erf: unary,
  tanh: unary,
  sigmoid: unary,
  softplus: unary,
  silu: unary,
  gelu: unary,
  geluTanh: unary,
  hardSwish: unary,
  relu: unary,
  relu6: unary,
  leakyRelu: withParameter,
  elu: withParameter,
  clip: (d) => {
    const n = d.size();
    return { args: [n, d.floats(n), d.floats(1)[0], d.floats(1)[0], d.floats(n)], written: [4] };
  },
  reluGrad: gradient,
  relu6Grad: gradient,
  tanhGrad: gradient,
  sigmoidGrad: gradient,
  fill: (d) => {
    const n = d.size();
    return { args: [n, d.floats(1)[0], d.floats(n)], written: [2] };
  },
  add: binary,
  sub: binary,
  mul: binary,
  div: binary,
  maximum: binary,
  minimum: binary,
  equal: comparison,
  notEqual: comparison,
  less: comparison,
  lessEqual: comparison,
  greater: comparison,
  greaterEqual: comparison,
  select: (d) => {
    const [n, aStride, bStride] = [d.size(), d.below(2), d.below(2)];
    const condition = Uint8Array.from({ length: n + GUARD }, () => d.pick([0, 1, 255]));
    return { args: [n, condition, d.floats(n), aStride, d.floats(n), bStride, d.floats(n)], written: [6] };
  },
  sum: divided,
  variance: divided,
  max: reduction,
  min: reduction,
  logSumExp: reduction,
  argmax: first,
  argmin: first,
  topK: (d) => {
    const [rows, n] = [d.below(9), d.size()];
    const k = d.pick([d.below(n + 1), n, Math.min(n, 1 + d.below(4))]);
    return {
      args: [rows, n, k, d.floats(rows * n), d.floats(rows * k), d.int32(rows * k, 100)],
      written: [4, 5],
    };
  },
  softmax: rowwise,
  logSoftmax: rowwise,
  softmaxCrossEntropy: (d) => {
    const [rows, n] = [d.below(20), d.size()];
    return {
      args: [rows, n, d.floats(rows * n), targets(d, rows, n), d.floats(rows * n), d.floats(rows)],
      written: [4, 5],
    };
  },
  softmaxCrossEntropyGrad: (d) => {
    const [rows, n] = [d.below(20), d.size()];
    return {
      args: [rows, n, d.floats(rows * n), targets(d, rows, n), d.floats(rows), d.floats(rows * n)],
      written: [5],
    };
  },
  cumsum: scan,
  cumprod: scan,
  sort: (d) => {
    const [rows, n, x] = toSort(d);
    return { args: [rows, n, x, x.slice().fill(7)], written: [3] };
  },
  argsort: (d) => {
    const [rows, n, x] = toSort(d);
    return { args: [rows, n, x, d.int32(rows * n, 100)], written: [3] };
  },
  sgd: (d) => {
    const n = d.size();
    const velocity = d.bool() ? d.floats(n) : null;
    return { args: [n, d.floats(n), d.floats(n), velocity, d.bool(), d.floats(2)], written: [1, 3] };
  },
  adam: (d) => {
    const n = d.size();
    const s = d.squares(7);
    s[6] = d.pick([0, -0, s[6] as number]);
    const vMax = d.bool() ? d.squares(n) : null;
    return { args: [n, d.floats(n), d.floats(n), d.floats(n), d.squares(n), vMax, s], written: [1, 3, 4, 5] };
  },
  rmsprop: (d) => {
    const n = d.size();
    const velocity = d.bool() ? d.floats(n) : null;
    return { args: [n, d.floats(n), d.floats(n), d.squares(n), velocity, d.squares(5)], written: [1, 3, 4] };
  },
  adagrad: (d) => {
    const n = d.size();
    return { args: [n, d.floats(n), d.floats(n), d.squares(n), d.squares(2)], written: [1, 3] };
  },
  softThreshold: (d) => {
    const n = d.size();
    return { args: [n, d.floats(n), d.bool() ? d.floats(8) : d.squares(8)], written: [1] };
  },
  groupThreshold: (d) => {
    const n = d.size();
    const s = d.bool() ? d.floats(8) : d.squares(8);
    return { args: [n, d.squares(n), d.pick([0, 1, Math.sqrt(1 + d.size())]), s], written: [1] };
  },
  hardThreshold: (d) => {
    const n = 1 + d.size();
    const norms = d.bool() ? d.squares(n) : Float32Array.from(d.int8(n), Math.abs); // with many equal ones
    return { args: [n, norms, d.below(n), d.floats(n)], written: [1, 3] };
  },
  sumByCode: (d) => {
    const [n, count] = [d.size(), 1 + d.below(9)];
    const x = d.bool() ? d.floats(n) : d.squares(n);
    const args = [n, count, x, signedCodes(d, n, count), alive(d, n), d.bool(), d.floats(count)];
    return { args: [...args, new Float64Array(2 * count + GUARD).fill(7)], written: [6, 7] };
  },
  tieByCode: (d) => {
    const [n, count] = [d.size(), 1 + d.below(9)];
    const [codes, w] = [signedCodes(d, n, count), d.floats(n)];
    if (d.bool()) w.set(Float32Array.from(codes, (code) => (code < 0 ? code : code + 1))); // tied already
    return { args: [n, count, w, codes, alive(d, n), new Float64Array(2 * count + GUARD).fill(7)], written: [2, 5] };
  },
  takeByCode: (d) => {
    const [n, count] = [d.size(), 1 + d.below(9)];
    return { args: [n, d.floats(count), signedCodes(d, n, count), alive(d, n), d.floats(n)], written: [4] };
  },
  stridedCopy: (d) => {
    const most = d.pick([7, 7, 4]);
    const shape = d.bool()
      ? [d.size(), d.size()]
      : Array.from({ length: d.below(most === 4 ? 8 : 5) }, () => d.below(most));
    const [yStrides, size] = inAnyOrder(d, shape);
    if (d.below(8) === 0) yStrides[d.below(shape.length)] = 0; // the last of what is written to one place stays
    yStrides.length = shape.length;
    const far = 8 * shape.reduce((sum, n) => sum + n, 0);
    const [xStrides, reach] = d.bool() ? inAnyOrder(d, shape) : [shape.map(() => d.below(17) - 8), far];
    const sizes = [far + reach, size + 3] as const;
    const numbers = d.pick<(n: number) => TypedArray>([
      (n) => d.floats(n),
      (n) => d.int8(n),
      (n) => d.int8(n),
      (n) => d.int32(n, 1000),
    ]);
    const [x, y] = [numbers(sizes[0]), numbers(sizes[1])];
    return { args: [shape, x, far, xStrides, y, 3, yStrides], written: [4] };
  },
  gather: (d) => {
    const [outer, length, inner, count] = [d.below(5), 1 + d.below(9), d.below(90), d.below(12)];
    const indices = Int32Array.from({ length: count }, () => d.below(length));
    const [x, y] = [outer * length * inner, outer * count * inner];
    const arrays = d.below(4) === 0 ? [d.int8(x), indices, d.int8(y)] : [d.floats(x), indices, d.floats(y)];
    return { args: [outer, length, inner, count, ...arrays], written: [6] };
  },
  convert: (d) => {
    const n = d.size();
    const numbers = (): TypedArray =>
      d.pick<() => TypedArray>([
        () => d.floats(n),
        () => d.int8(n),
        () => d.int32(n, 1000),
        () => d.int32(n, 2 ** 32),
      ])();
    const x = numbers();
    if (x instanceof Float32Array && d.bool()) for (let i = 0; i < n; i++) x[i] = x[i]! * 1e9;
    if (d.below(4) === 0) return { args: [n, x, true, new Uint8Array(n + GUARD).fill(7)], written: [3] };
    return { args: [n, x, false, numbers()], written: [3] };
  },
  philox: (d) => {
    const n = d.size();
    return { args: [n, d.words(4), d.words(n)], written: [2] };
  },
  uniform: random,
  normal: random,
  dropout: (d) => {
    const n = d.size();
    const [state, words] = [d.words(4), new Uint32Array(n + 1)];
    reference.philox(n + 1, state, words);
    const atThreshold = Math.min(words[d.below(n + 1)]! + d.below(2), 2 ** 32 - 1) / 2 ** 32;
    const between = Math.min(words[d.below(n + 1)]! + 0.6, 2 ** 32 - 1) / 2 ** 32; // the threshold is rounded down
    const rate = d.pick([0, 0.1, 0.5, 0.999, 1 - 2 ** -32, atThreshold, between]);
    return { args: [n, d.floats(n), rate, state, d.floats(n)], written: [4] };
  },
  quantize: (d) => {
    const n = d.size();
    const [x, scale] = numbersToQuantize(d, n);
    return { args: [n, x, scale, d.below(256) - 128, d.int8(n)], written: [4] };
  },
  quantizeColumns: (d) => {
    const [rows, cols] = [d.size(), d.size()];
    const [x, scale] = numbersToQuantize(d, rows * cols);
    const scales = d.bool() ? d.floats(cols) : new Float32Array(cols).fill(scale);
    return { args: [rows, cols, x, scales, d.int8(rows * cols)], written: [4] };
  },
  dequantize: (d) => {
    const n = d.size();
    return { args: [n, d.int8(n), d.floats(1)[0], d.below(256) - 128, d.floats(n)], written: [4] };
  },
  dequantizeColumns: (d) => {
    const [rows, cols] = [d.size(), d.size()];
    const acc = d.int32(rows * cols, d.pick([3e4, 4294967295]));
    return { args: [rows, cols, acc, d.int32(cols, 4294967295), d.floats(cols), d.floats(rows * cols)], written: [5] };
  },
  requantize: (d) => {
    const [rows, cols, zeroPoint] = [d.size(), d.size(), d.below(256) - 128];
    const acc = d.int32(rows * cols, d.pick([3e4, 4294967295]));
    const low = d.pick([-128, zeroPoint]);
    const high = d.pick([127, 127, 100]);
    return {
      args: [rows, cols, acc, d.int32(cols, 4294967295), d.floats(cols), zeroPoint, low, high, d.int8(rows * cols)],
      written: [8],
    };
  },
};

export const isArray = (x: unknown): x is TypedArray | Uint32Array => ArrayBuffer.isView(x) && !(x instanceof DataView);

export const copyOf = (args: readonly unknown[]): unknown[] => args.map((x) => (isArray(x) ? x.slice() : x));

/** The first index where the bits differ, any NaN equal to any NaN; -1 if they agree. */
export function firstDifference(x: ArrayLike<number>, y: ArrayLike<number>): number {
  for (let i = 0; i < Math.max(x.length, y.length); i++) if (!Object.is(x[i], y[i])) return i;
  return -1;
}
