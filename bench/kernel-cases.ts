import { normal, oneHot } from './data.ts';
import { packedOperands, quantization } from './integer-cases.ts';
import {
  CLASSES,
  COLS,
  type KernelCase,
  kernelCase,
  MATRIX,
  type Make,
  N,
  PARAMETERS,
  positive,
  ROWS,
} from './kernel-case.ts';
import { packedLevels } from './levels.ts';

const UNARY = [
  ...(['neg', 'abs', 'sign', 'round', 'floor', 'ceil', 'square', 'reciprocal', 'sqrt', 'rsqrt'] as const),
  ...(['exp', 'expm1', 'log', 'log1p', 'sin', 'cos'] as const),
] as const;
const ACTIVATIONS = [
  'erf',
  'tanh',
  'sigmoid',
  'softplus',
  'silu',
  'gelu',
  'geluTanh',
  'hardSwish',
  'relu',
  'relu6',
] as const;
const POSITIVE: readonly string[] = ['sqrt', 'rsqrt', 'log', 'log1p', 'reciprocal'];
const BINARY = ['add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum'] as const;
const COMPARISONS = ['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual'] as const;
const REDUCTIONS = ['prod', 'max', 'min', 'logSumExp'] as const;

function elementwise(): KernelCase[] {
  return [
    ...[...UNARY, ...ACTIVATIONS].map((op) =>
      kernelCase(op, `${N}`, N, (k, { hold, floats }) => {
        const x = hold(POSITIVE.includes(op) ? positive(N, 1) : normal(N, 1));
        const y = floats(N);
        return { call: () => k[op](N, x, y), y };
      }),
    ),
    ...(['leakyRelu', 'elu'] as const).map((op) =>
      kernelCase(op, `${N}`, N, (k, { hold, floats }) => {
        const x = hold(normal(N, 1));
        const y = floats(N);
        return { call: () => k[op](N, x, 0.2, y), y };
      }),
    ),
    kernelCase('clip', `${N}`, N, (k, { hold, floats }) => {
      const x = hold(normal(N, 1));
      const y = floats(N);
      return { call: () => k.clip(N, x, -1, 1, y), y };
    }),
    ...(['reluGrad', 'relu6Grad', 'tanhGrad', 'sigmoidGrad'] as const).map((op) =>
      kernelCase(op, `${N}`, N, (k, { hold, floats }) => {
        const x = hold(normal(N, 1));
        const g = hold(normal(N, 2));
        const y = floats(N);
        return { call: () => k[op](N, x, g, y), y };
      }),
    ),
    ...BINARY.map((op) =>
      kernelCase(op, MATRIX, N, (k, { hold, floats }) => {
        const a = hold(positive(N, 1));
        const b = hold(normal(N, 2));
        const y = floats(N);
        return { call: () => k[op](ROWS, COLS, a, COLS, 1, b, COLS, 1, y), y };
      }),
    ),
    kernelCase('add', `${MATRIX} + bias`, N, (k, { hold, floats }) => {
      const a = hold(normal(N, 1));
      const bias = hold(normal(COLS, 2));
      const y = floats(N);
      return { call: () => k.add(ROWS, COLS, a, COLS, 1, bias, 0, 1, y), y };
    }),
    ...COMPARISONS.map((op) =>
      kernelCase(op, MATRIX, N, (k, { hold }) => {
        const a = hold(normal(N, 1));
        const b = hold(normal(N, 2));
        const y = hold(new Uint8Array(N));
        return { call: () => k[op](ROWS, COLS, a, COLS, 1, b, COLS, 1, y), y };
      }),
    ),
    kernelCase('select', `${N}`, N, (k, { hold, floats }) => {
      const condition = hold(Uint8Array.from(normal(N, 3), (x) => (x > 0 ? 1 : 0)));
      const a = hold(normal(N, 1));
      const b = hold(normal(N, 2));
      const y = floats(N);
      return { call: () => k.select(N, condition, a, 1, b, 1, y), y };
    }),
    kernelCase('fill', `${N}`, N, (k, { floats }) => {
      const y = floats(N);
      return { call: () => k.fill(N, 0.5, y), y };
    }),
  ];
}

function reductions(): KernelCase[] {
  // Along a row, and down the columns, as the gradient of a bias is.
  const axes = [
    [MATRIX, ROWS, COLS, 1],
    [`rows ${MATRIX}`, 1, ROWS, COLS],
  ] as const;
  const along = (
    outer: number,
    inner: number,
    op: 'sum' | 'variance' | (typeof REDUCTIONS)[number],
    n: number,
  ): Make => {
    return (k, { hold, floats }) => {
      const x = hold(normal(N, 1));
      const y = floats(outer * inner);
      if (op === 'sum' || op === 'variance') return { call: () => k[op](outer, n, inner, x, n, y), y };
      return { call: () => k[op](outer, n, inner, x, y), y };
    };
  };
  return [
    ...axes.flatMap(([size, outer, n, inner]) =>
      (['sum', 'variance', ...REDUCTIONS] as const).map((op) => kernelCase(op, size, N, along(outer, inner, op, n))),
    ),
    ...(['argmax', 'argmin'] as const).map((op) =>
      kernelCase(op, MATRIX, N, (k, { hold }) => {
        const x = hold(normal(N, 1));
        const y = hold(new Int32Array(ROWS));
        return { call: () => k[op](ROWS, COLS, 1, x, y), y };
      }),
    ),
    kernelCase('topK', `5 of ${MATRIX}`, N, (k, { hold, floats }) => {
      const x = hold(normal(N, 1));
      const y = floats(5 * ROWS);
      const indices = hold(new Int32Array(5 * ROWS));
      return { call: () => k.topK(ROWS, COLS, 5, x, y, indices), y };
    }),
  ];
}

function sorting(): KernelCase[] {
  const long = 100_000;
  return [
    ...([MATRIX, `${long}`] as const).flatMap((size) => {
      const [rows, cols] = size === MATRIX ? [ROWS, COLS] : [1, long];
      return [
        kernelCase('sort', size, rows * cols, (k, { hold, floats }) => {
          const x = hold(normal(rows * cols, 1));
          const y = floats(rows * cols);
          return { call: () => k.sort(rows, cols, x, y), y };
        }),
        kernelCase('argsort', size, rows * cols, (k, { hold }) => {
          const x = hold(normal(rows * cols, 1));
          const y = hold(new Int32Array(rows * cols));
          return { call: () => k.argsort(rows, cols, x, y), y };
        }),
      ];
    }),
    kernelCase('searchSorted', `${N} in ${N}`, N, (k, { hold }) => {
      const sorted = hold(normal(N, 1).sort());
      const x = hold(normal(N, 2));
      const y = hold(new Int32Array(N));
      return { call: () => k.searchSorted(N, sorted, N, x, false, y), y };
    }),
    kernelCase('distinct', `${N}`, N, (k, { hold }) => {
      const x = hold(normal(N, 1).map((value) => Math.round(8 * value)));
      const order = new Int32Array(N);
      k.argsort(1, N, x, order);
      const sorted = hold(order);
      const indices = hold(new Int32Array(N));
      const y = hold(new Int32Array(N));
      const counts = hold(new Int32Array(N));
      return { call: () => k.distinct(N, x, sorted, indices, y, counts), y };
    }),
    kernelCase('cumprodGrad', MATRIX, N, (k, { hold, floats }) => {
      const x = hold(positive(N, 1));
      const g = hold(normal(N, 2));
      const y = floats(N);
      return { call: () => k.cumprodGrad(ROWS, COLS, 1, x, g, y), y };
    }),
    ...(['cumsum', 'cumprod'] as const).flatMap((op) =>
      [[MATRIX, ROWS, COLS, 1] as const, [`rows ${MATRIX}`, 1, ROWS, COLS] as const].map(([size, outer, n, inner]) =>
        kernelCase(op, size, N, (k, { hold, floats }) => {
          const x = hold(normal(N, 1));
          const y = floats(N);
          return { call: () => k[op](outer, n, inner, x, y), y };
        }),
      ),
    ),
  ];
}

function rows(): KernelCase[] {
  const n = ROWS * CLASSES;
  const size = `${ROWS}x${CLASSES}`;
  return [
    ...(['softmax', 'logSoftmax'] as const).flatMap((op) =>
      [COLS, CLASSES].map((cols) =>
        kernelCase(op, `${ROWS}x${cols}`, ROWS * cols, (k, { hold, floats }) => {
          const x = hold(normal(ROWS * cols, 1));
          const y = floats(ROWS * cols);
          return { call: () => k[op](ROWS, cols, x, y), y };
        }),
      ),
    ),
    kernelCase('softmaxCrossEntropy', size, n, (k, { hold, floats }) => {
      const z = hold(normal(n, 1));
      const t = hold(oneHot(ROWS, CLASSES));
      const p = floats(n);
      const y = floats(ROWS);
      return { call: () => k.softmaxCrossEntropy(ROWS, CLASSES, z, t, p, y), y };
    }),
    kernelCase('softmaxCrossEntropyGrad', size, n, (k, { hold, floats }) => {
      const p = hold(positive(n, 1));
      const t = hold(oneHot(ROWS, CLASSES));
      const g = hold(normal(ROWS, 2));
      const y = floats(n);
      return { call: () => k.softmaxCrossEntropyGrad(ROWS, CLASSES, p, t, g, y), y };
    }),
    kernelCase('standardize', MATRIX, N, (k, { hold, floats }) => {
      const x = hold(normal(N, 1));
      const y = floats(N);
      return { call: () => k.standardize(ROWS, COLS, x, 1e-3, y), y };
    }),
    kernelCase('standardizeGrad', MATRIX, N, (k, { hold, floats }) => {
      const x = hold(normal(N, 1));
      const g = hold(normal(N, 2));
      const y = floats(N);
      return { call: () => k.standardizeGrad(ROWS, COLS, x, 1e-3, g, y), y };
    }),
  ];
}

function optimizers(): KernelCase[] {
  const on = (n: number, op: 'sgd' | 'adam' | 'rmsprop' | 'adagrad'): Make => {
    return (k, { hold, floats }) => {
      const y = hold(normal(n, 1));
      const g = hold(normal(n, 2));
      const m = floats(n);
      const v = floats(n);
      const s = (...scalars: number[]): Float32Array => hold(Float32Array.from(scalars));
      const sgd = s(0.01, 0.9);
      const adam = s(0.001, 1e-7, 0.9, 0.1, 0.999, 0.001, 0);
      const rmsprop = s(0.001, 0.9, 0.1, 1e-7, 0);
      const adagrad = s(0.01, 1e-7);
      const calls = {
        sgd: () => k.sgd(n, y, g, m, false, sgd),
        adam: () => k.adam(n, y, g, m, v, null, adam),
        rmsprop: () => k.rmsprop(n, y, g, v, null, rmsprop),
        adagrad: () => k.adagrad(n, y, g, v, adagrad),
      };
      return { call: calls[op], y };
    };
  };
  const map = (op: 'softThreshold' | 'groupThreshold' | 'hardThreshold'): Make => {
    return (k, { hold, floats }) => {
      const n = PARAMETERS[0];
      const first = normal(n, 1).map(Math.abs);
      const y = hold(first.slice());
      const sorted = floats(n);
      const s = hold(Float32Array.of(0, 0, 0, 0, 0, 0, 0, 1e-3));
      const calls = {
        softThreshold: () => k.softThreshold(n, y, s),
        groupThreshold: () => k.groupThreshold(n, y, 4, s),
        hardThreshold: () => {
          y.set(first); // what it leaves is 0 or 1, and sorted at once
          k.hardThreshold(n, y, n >> 1, sorted);
        },
      };
      return { call: calls[op], y };
    };
  };
  const shared = (op: 'sumByCode' | 'takeByCode' | 'tieByCode'): Make => {
    return (k, { hold }) => {
      const n = PARAMETERS[0];
      const y = hold(normal(n, 1));
      const centroids = hold(normal(32, 2));
      const codes = Int32Array.from({ length: n }, (_, i) => Math.imul(i, 2654435761) >>> 27);
      const work = new Float64Array(64);
      const calls = {
        sumByCode: () => k.sumByCode(n, 32, y, codes, null, false, centroids, work),
        takeByCode: () => k.takeByCode(n, centroids, codes, null, y),
        tieByCode: () => k.tieByCode(n, 32, y, codes, null, work),
      };
      return { call: calls[op], y: op === 'sumByCode' ? centroids : y };
    };
  };
  return [
    ...(['sumByCode', 'takeByCode', 'tieByCode'] as const).map((op) =>
      kernelCase(op, `${PARAMETERS[0]}`, PARAMETERS[0], shared(op)),
    ),
    ...(['softThreshold', 'groupThreshold', 'hardThreshold'] as const).map((op) =>
      kernelCase(op, `${PARAMETERS[0]}`, PARAMETERS[0], map(op)),
    ),
    ...PARAMETERS.map((n) => kernelCase('adam', `${n}`, n, on(n, 'adam'))),
    ...(['sgd', 'rmsprop', 'adagrad'] as const).map((op) =>
      kernelCase(op, `${PARAMETERS[0]}`, PARAMETERS[0], on(PARAMETERS[0], op)),
    ),
  ];
}

function random(): KernelCase[] {
  const key = (): Uint32Array => Uint32Array.of(1, 2, 3, 4);
  return [
    kernelCase('philox', `${N}`, N, (k) => {
      const state = key();
      const y = new Uint32Array(N);
      return { call: () => k.philox(N, state, y), y: new Int32Array(y.buffer) };
    }),
    ...(['uniform', 'normal'] as const).map((op) =>
      kernelCase(op, `${N}`, N, (k, { floats }) => {
        const state = key();
        const y = floats(N);
        return { call: () => k[op](N, state, y), y };
      }),
    ),
    kernelCase('dropout', `${N}`, N, (k, { hold, floats }) => {
      const x = hold(normal(N, 1));
      const state = key();
      const y = floats(N);
      return { call: () => k.dropout(N, x, 0.2, state, y), y };
    }),
  ];
}

function movement(): KernelCase[] {
  const side = 64;
  return [
    kernelCase('stridedCopy', `transpose ${side}x${side}`, N, (k, { hold, floats }) => {
      const x = hold(normal(N, 1));
      const y = floats(N);
      const shape = [side, side];
      return { call: () => k.stridedCopy(shape, x, 0, [1, side], y, 0, [side, 1]), y };
    }),
    ...(['gather', 'scatterAdd'] as const).map((op) =>
      kernelCase(op, `${MATRIX} rows`, N, (k, { hold, floats }) => {
        const indices = hold(Int32Array.from({ length: ROWS }, (_, i) => (7 * i) % ROWS));
        const x = hold(normal(N, 1));
        const y = floats(N);
        if (op === 'gather') return { call: () => k.gather(1, ROWS, COLS, ROWS, x, indices, y), y };
        return { call: () => k.scatterAdd(1, ROWS, COLS, ROWS, x, indices, y), y };
      }),
    ),
    kernelCase('oneHot', MATRIX, N, (k, { hold, floats }) => {
      const labels = hold(Int32Array.from({ length: ROWS }, (_, i) => (7 * i) % COLS));
      const y = floats(N);
      return { call: () => k.oneHot(ROWS, COLS, labels, y), y };
    }),
    kernelCase('convert', `${N} float32 to int32`, N, (k, { hold }) => {
      const x = hold(normal(N, 1).map((v) => 100 * v));
      const y = hold(new Int32Array(N));
      return { call: () => k.convert(N, x, false, y), y };
    }),
  ];
}

function batchedProduct(): KernelCase {
  const batch = 8;
  const n = 32;
  const size = n * n;
  return kernelCase('gemmStridedBatched', `${batch} of ${n}x${n}x${n}`, 3 * batch * size, (k, { hold, floats }) => {
    const a = hold(normal(batch * size, 1));
    const b = hold(normal(batch * size, 2));
    const y = floats(batch * size);
    return { call: () => k.gemmStridedBatched(batch, n, n, n, a, size, false, b, size, false, y), y };
  });
}

/** One case or more for every kernel but those that have rows of their own: gemm, gemmInt8, and what works on images. */
export const kernelCases: readonly KernelCase[] = [
  ...elementwise(),
  ...reductions(),
  ...rows(),
  ...sorting(),
  ...optimizers(),
  ...random(),
  ...movement(),
  ...quantization(),
  ...packedOperands(),
  ...packedLevels(),
  batchedProduct(),
];
