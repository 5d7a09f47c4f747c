import { describe, expect, test } from 'vitest';
import {
  abs,
  binaryCrossentropy,
  categoricalCrossentropy,
  Dense,
  hinge,
  huber,
  klDivergence,
  type Loss,
  type LossName,
  l2,
  less,
  meanAbsoluteError,
  meanSquaredError,
  mul,
  Sequential,
  SGD,
  ShapeError,
  sparseCategoricalCrossentropy,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  ValueError,
  valueAndGrad,
  where,
} from '../../src/index.ts';
import { lossOf } from '../../src/nn/losses.ts';
import { expectClose, labels, list, mean, noise, of, rows } from './tools.ts';

type Row = (t: number[], p: number[]) => number;

const replaced = (p: number[], at: number, value: number): number[] => p.map((v, i) => (i === at ? value : v));
const clamp = (p: number): number => Math.min(1 - 1e-7, Math.max(1e-7, p));
const softmaxOf = (z: number[]): number[] => {
  const top = Math.max(...z);
  const e = z.map((v) => Math.exp(v - top));
  return e.map((v) => v / e.reduce((a, b) => a + b, 0));
};
const logSumExp = (z: number[]): number => {
  const top = Math.max(...z);
  return top + Math.log(z.reduce((a, v) => a + Math.exp(v - top), 0));
};
const sigmoidOf = (z: number): number => 1 / (1 + Math.exp(-z));
const each =
  (f: (t: number, p: number) => number): Row =>
  (t, p) =>
    mean(t.map((v, i) => f(v, p[i]!)));
const dot = (t: number[], f: (i: number) => number): number => t.reduce((a, v, i) => a + v * f(i), 0);
const smooth = (t: number[], s: number): number[] => t.map((v) => v * (1 - s) + s / t.length);

const bce = (s: number): Row =>
  each((t, p) => {
    const y = t * (1 - s) + s / 2;
    return -(y * Math.log(clamp(p)) + (1 - y) * Math.log(1 - clamp(p)));
  });
const bceLogits = (s: number): Row =>
  each((t, z) => {
    const y = t * (1 - s) + s / 2;
    return Math.max(z, 0) - z * y + Math.log1p(Math.exp(-Math.abs(z)));
  });
const cce =
  (s: number): Row =>
  (t, p) => {
    const total = p.reduce((a, b) => a + b, 0);
    return -dot(smooth(t, s), (i) => Math.log(clamp(p[i]! / total)));
  };
const cceLogits =
  (s: number): Row =>
  (t, z) =>
    -dot(smooth(t, s), (i) => z[i]! - logSumExp(z));

const draw = noise(1);
const [n, k] = [6, 4];
const wild = list(n * k, () => 3 * draw());
const other = list(n * k, () => 3 * draw());
const bits = list(n * k, () => Number(draw() > 0));
const chances = list(n * k, () => (draw() + 1) / 2);
const simplex = rows(wild, k).flatMap(softmaxOf);
const simplex2 = rows(other, k).flatMap(softmaxOf);
const classes = list(n, () => Math.floor(((draw() + 1) / 2) * k));
const oneHot = classes.flatMap((c) => Array.from({ length: k }, (_, j) => Number(j === c)));

const cases: [string, Loss, Row, number[], number[]][] = [
  ['mse', meanSquaredError(), each((t, p) => (t - p) ** 2), wild, other],
  ['mae', meanAbsoluteError(), each((t, p) => Math.abs(t - p)), wild, other],
  ...[1, 0.3].map((d): (typeof cases)[0] => {
    const f = each((t, p) => (Math.abs(t - p) <= d ? (t - p) ** 2 / 2 : d * Math.abs(t - p) - (d * d) / 2));
    return [`huber ${d}`, huber({ delta: d }), f, wild, other];
  }),
  ['hinge on 0 and 1', hinge(), each((t, p) => Math.max(0, 1 - (2 * t - 1) * p)), bits, other],
  ['hinge on -1 and 1', hinge(), each((t, p) => Math.max(0, 1 - t * p)), bits.map((b) => 2 * b - 1), other],
  ['klDivergence', klDivergence(), (t, p) => dot(t, (i) => Math.log(t[i]! / p[i]!)), simplex, simplex2],
  ...[0, 0.1].flatMap((s): typeof cases => {
    const options = { labelSmoothing: s, fromLogits: true };
    return [
      [`binaryCrossentropy ${s}`, binaryCrossentropy({ labelSmoothing: s }), bce(s), bits, chances],
      [`binaryCrossentropy ${s} on logits`, binaryCrossentropy(options), bceLogits(s), bits, other],
      [`categoricalCrossentropy ${s}`, categoricalCrossentropy({ labelSmoothing: s }), cce(s), simplex, chances],
      [`categoricalCrossentropy ${s} on logits`, categoricalCrossentropy(options), cceLogits(s), simplex, other],
    ];
  }),
];

describe('losses', () => {
  test.each(cases)('%s is its formula, one number a sample', (_name, loss, row, t, p) => {
    const wanted = rows(t, k).map((r, i) => row(r, p.slice(i * k, i * k + k)));
    const losses = loss.call(of(t, [n, k]), of(p, [n, k]));
    expect(losses.shape).toEqual([n]);
    expectClose(losses.data, wanted, 1e-12, _name);
    expectClose(loss.call(of(t, [n, k], 'float32'), of(p, [n, k], 'float32')).data, wanted, 2e-5, _name);
  });

  test.each(cases)('%s of sequences is the mean over the steps of each sample', (_name, loss, row, t, p) => {
    const steps = 3;
    const each = rows(t, k).map((r, i) => row(r, p.slice(i * k, i * k + k)));
    const shape = [n / steps, steps, k];
    const losses = loss.call(of(t, shape), of(p, shape));
    expect(losses.shape).toEqual([n / steps]);
    expectClose(losses.data, rows(each, steps).map(mean), 1e-12, _name);
  });

  test.each(cases)('the gradient of %s agrees with central differences', (_name, loss, row, t, p) => {
    const prediction = of(p, [n, k]);
    const { grads } = valueAndGrad(() => sum(loss.call(of(t, [n, k]), prediction)), [prediction]);
    const total = (q: number[]): number => rows(t, k).reduce((a, r, i) => a + row(r, q.slice(i * k, i * k + k)), 0);
    const h = 1e-6;
    p.forEach((value, i) => {
      const difference = (total(replaced(p, i, value + h)) - total(replaced(p, i, value - h))) / (2 * h);
      expect(Math.abs(grads[0]!.data[i]! - difference)).toBeLessThan(1e-7 * Math.max(1, Math.abs(difference)));
    });
  });

  test.each([
    [{}, chances, cce],
    [{ fromLogits: true }, other, cceLogits],
  ] as const)('sparse labels mean one-hot rows (%o)', (options, p, row) => {
    for (const s of [0, 0.2]) {
      const loss = sparseCategoricalCrossentropy({ ...options, labelSmoothing: s });
      const wanted = rows(oneHot, k).map((r, i) => row(s)(r, p.slice(i * k, i * k + k)));
      expectClose(loss.call(labels(classes), of(p, [n, k])).data, wanted, 1e-12);
      const column = tensor(Int32Array.from(classes), { shape: [n, 1] });
      expectClose(loss.call(column, of(p, [n, k])).data, wanted, 1e-12);
    }
  });

  test.each([0, 0.1])('sparse labels of sequences mean one-hot rows, smoothed by %d', (labelSmoothing) => {
    const steps = 3;
    const shape = [n / steps, steps];
    for (const [fromLogits, row, p] of [
      [false, cce(labelSmoothing), chances],
      [true, cceLogits(labelSmoothing), other],
    ] as const) {
      const each = rows(oneHot, k).map((r, i) => row(r, p.slice(i * k, i * k + k)));
      const loss = sparseCategoricalCrossentropy({ fromLogits, labelSmoothing });
      const found = loss.call(tensor(Int32Array.from(classes), { shape }), of(p, [...shape, k]));
      expectClose(found.data, rows(each, steps).map(mean), 1e-12);
    }
  });

  test.each([-1, k, 1000])('the sparse label %i is refused', (label) => {
    const loss = sparseCategoricalCrossentropy();
    expect(() => loss.call(labels([0, label]), of(chances.slice(0, 2 * k), [2, k]))).toThrow(
      expect.objectContaining({ name: expect.stringMatching(/Error$/), code: expect.any(String) }),
    );
  });

  test('float labels are refused by the sparse loss', () => {
    expect(() => sparseCategoricalCrossentropy().call(of([0, 1], [2]), of(chances.slice(0, 8), [2, 4]))).toThrow(
      /int32/,
    );
  });

  test.each(['mse', 'mae', 'huber', 'hinge', 'klDivergence', 'binaryCrossentropy'] as const)(
    '%s refuses (4, 1) against (4), naming both',
    (name) => {
      const loss = lossOf(name);
      const error = thrown(() => loss.call(of([0, 1, 1, 0], [4]), of(list(4, draw), [4, 1])));
      expect(error).toBeInstanceOf(ShapeError);
      expect((error as ShapeError).message).toMatch(/\[4\] and \[4, 1\]/);
    },
  );

  test('an unknown loss and options out of range are refused with the good ones', () => {
    const model = new Sequential([new Dense(1, { inputShape: [2] })]);
    expect(() => model.compile({ loss: 'nope' as LossName })).toThrow(/loss must be one of mse, mae/);
    expect(() => categoricalCrossentropy({ labelSmoothing: 1 })).toThrow(ValueError);
    expect(() => huber({ delta: 0 })).toThrow(ValueError);
  });
});

describe('saturated predictions', () => {
  const extreme = [1000, -1000, 88, -104, 1e30, -1e30, 0, 20];
  test.each(['float32', 'float64'] as const)('give finite losses and gradients from logits, %s', (dtype) => {
    for (const loss of [binaryCrossentropy, categoricalCrossentropy]) {
      for (const target of [0, 1]) {
        const z = of(extreme, [4, 2], dtype);
        const t = of(
          extreme.map((_, i) => (i % 2 === target ? 1 : 0)),
          [4, 2],
          dtype,
        );
        const { value, grads } = valueAndGrad(() => sum(loss({ fromLogits: true }).call(t, z)), [z]);
        expect(Number.isFinite(value.item())).toBe(true);
        expect([...grads[0]!.data].every((g) => Math.abs(g) <= 1)).toBe(true);
      }
    }
  });

  test.each(['float32', 'float64'] as const)('give finite losses and gradients from probabilities, %s', (dtype) => {
    const p = [0, 1, 1, 0, 0, 0, 1, 1, 1e-40, 1, 0.5, 0.5];
    for (const loss of [binaryCrossentropy(), categoricalCrossentropy(), klDivergence()]) {
      const y = of(p, [6, 2], dtype);
      const t = of([1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 0, 1], [6, 2], dtype);
      const { value, grads } = valueAndGrad(() => sum(loss.call(t, y)), [y]);
      expect(Number.isFinite(value.item())).toBe(true);
      expect([...grads[0]!.data].every(Number.isFinite)).toBe(true);
    }
  });

  test('a saturated last layer still learns: training works on its logits', () => {
    const cases = [
      ['softmax', 'categoricalCrossentropy', [1, 0]],
      ['sigmoid', 'binaryCrossentropy', [1, 1]],
    ] as const;
    for (const [activation, loss, target] of cases) {
      const model = new Sequential([new Dense(2, { activation, inputShape: [1], useBias: false })]);
      model.build([1]);
      model.setWeights([of([-300, 300], [1, 2], 'float32')]);
      model.compile({ optimizer: new SGD({ learningRate: 1 }), loss });
      const logs = model.trainOnBatch(of([1], [1, 1], 'float32'), of(target, [1, 2], 'float32'));
      expect(Number.isFinite(logs.loss)).toBe(true);
      expect(logs.loss).toBeGreaterThan(100); // clipped probabilities would give 16
      expect(model.getWeights()[0]!.data[0]).toBeGreaterThan(-300);
    }
  });
});

/** One SGD step of rate 1 on a linear layer with this loss: the gradient of kernel and bias. */
function gradientOf(activation: 'softmax' | 'sigmoid', loss: Loss, x: number[], y: Tensor, kernel: number[]): number[] {
  const model = new Sequential([new Dense(k, { activation, inputShape: [3] })], { dtype: 'float64' });
  model.setWeights([
    of(kernel, [3, k]),
    of(
      list(k, () => 0),
      [k],
    ),
  ]);
  model.compile({ optimizer: new SGD({ learningRate: 1 }), loss });
  model.trainOnBatch(of(x, [n, 3]), y);
  const [w, b] = model.getWeights();
  return [...kernel.map((v, i) => v - w!.data[i]!), ...Array.from(b!.data, (v) => -v)];
}

describe('a last layer of', () => {
  const x = list(n * 3, draw);
  const kernel = list(3 * k, draw);
  const logits = rows(x, 3).map((r) => Array.from({ length: k }, (_, j) => dot(r, (i) => kernel[i * k + j]!)));
  /** Xᵀ·error and the column sums of error. */
  const analytic = (error: number[][]): number[] => [
    ...Array.from({ length: 3 * k }, (_, at) =>
      error.reduce((a, e, row) => a + x[row * 3 + Math.floor(at / k)]! * e[at % k]!, 0),
    ),
    ...Array.from({ length: k }, (_, j) => error.reduce((a, e) => a + e[j]!, 0)),
  ];

  test('softmax has the gradient (p - y)/n', () => {
    const error = logits.map((z, r) => softmaxOf(z).map((p, j) => (p - oneHot[r * k + j]!) / n));
    const wanted = analytic(error);
    expectClose(gradientOf('softmax', categoricalCrossentropy(), x, of(oneHot, [n, k]), kernel), wanted, 1e-10);
    expectClose(gradientOf('softmax', sparseCategoricalCrossentropy(), x, labels(classes), kernel), wanted, 1e-10);
  });

  test('sigmoid has the gradient (p - y)/(n·k)', () => {
    const error = logits.map((z, r) => z.map((v, j) => (sigmoidOf(v) - bits[r * k + j]!) / (n * k)));
    expectClose(gradientOf('sigmoid', binaryCrossentropy(), x, of(bits, [n, k]), kernel), analytic(error), 1e-10);
  });

  test('softmax has its activity penalty on probabilities, though training works on logits', () => {
    const options = { activation: 'softmax', inputShape: [3], activityRegularizer: l2(0.5) } as const;
    const model = new Sequential([new Dense(k, options)], { dtype: 'float64' });
    model.setWeights([
      of(kernel, [3, k]),
      of(
        list(k, () => 0),
        [k],
      ),
    ]);
    model.compile({ loss: 'categoricalCrossentropy' });
    const p = logits.flatMap(softmaxOf);
    const penalty = (0.5 * p.reduce((a, v) => a + v * v, 0)) / n;
    const own = mean(logits.map((z, r) => cceLogits(0)(oneHot.slice(r * k, r * k + k), z)));
    expectClose([model.evaluate(of(x, [n, 3]), of(oneHot, [n, k])).loss!], [own + penalty], 1e-12);
  });

  test('smoothed labels are the targets of that gradient', () => {
    const error = logits.map((z, r) => softmaxOf(z).map((p, j) => (p - (oneHot[r * k + j]! * 0.8 + 0.2 / k)) / n));
    const loss = categoricalCrossentropy({ labelSmoothing: 0.2 });
    expectClose(gradientOf('softmax', loss, x, of(oneHot, [n, k]), kernel), analytic(error), 1e-10);
  });
});

describe('a loss of the user', () => {
  /** Overshooting costs three times as much. */
  const asymmetric = (yTrue: Tensor, yPred: Tensor): Tensor => {
    const error = sub(yPred, yTrue);
    return square(where(less(error, 0), error, mul(error, 3)));
  };

  test('is called with (yTrue, yPred)', () => {
    const model = new Sequential([new Dense(1, { inputShape: [1], useBias: false })], { dtype: 'float64' });
    model.setWeights([of([2], [1, 1])]);
    model.compile({ optimizer: new SGD({ learningRate: 0.01 }), loss: asymmetric });
    const [x, y] = [of([1, 1], [2, 1]), of([1, 4], [2, 1])]; // predictions 2 and 2: errors 1 and -2
    expect(model.evaluate(x, y).loss).toBe((9 + 4) / 2);
    expect(model.trainOnBatch(x, y).loss).toBe((9 + 4) / 2);
    expectClose(model.getWeights()[0]!.data, [2 - 0.01 * ((18 - 4) / 2)], 1e-12);
  });

  test('may return a scalar, and gets probabilities behind a softmax', () => {
    const model = new Sequential([new Dense(2, { inputShape: [1], activation: 'softmax' })], { dtype: 'float64' });
    let seen = 0;
    model.compile({
      optimizer: 'sgd',
      loss: (t, p) => {
        seen = p.data[0]! + p.data[1]!;
        return sum(abs(sub(t, p)));
      },
    });
    expect(model.trainOnBatch(of([1], [1, 1]), of([1, 0], [1, 2])).loss).toBeGreaterThan(0);
    expect(seen).toBeCloseTo(1, 12);
  });
});

function thrown(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  return null;
}
