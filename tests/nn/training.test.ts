import { afterEach, describe, expect, test } from 'vitest';
import {
  Adam,
  cpu,
  Dense,
  Dropout,
  dropout,
  fromData,
  l1,
  l1l2,
  l2,
  ones,
  Random,
  reference,
  Sequential,
  SGD,
  setBackend,
  tensor,
} from '../../src/index.ts';
import { expectClose, list, noise } from './tools.ts';

/**
 * Whole training runs against the formulas, written out here in float64 without the library: forward, backward and
 * Adam in plain loops. float64 models must agree to 1e-9; float32 ones, which round, to 2e-4 in the loss.
 */
interface LayerState {
  w: number[][];
  b: number[];
}

type Matrix = number[][];
const zip = (a: Matrix, f: (value: number, i: number, j: number) => number): Matrix =>
  a.map((row, i) => row.map((value, j) => f(value, i, j)));

/** One step of a network with relu between the layers; returns the loss before the step. */
function makeStep(layers: LayerState[], kind: 'mse' | 'softmax', penalty: { l1: number; l2: number }, rate: number) {
  const moments = layers.map(({ w, b }) => ({
    mw: zip(w, () => 0),
    vw: zip(w, () => 0),
    mb: b.map(() => 0),
    vb: b.map(() => 0),
  }));
  let [p1, p2] = [1, 1];
  return (x: Matrix, y: Matrix): number => {
    const inputs = [x];
    layers.forEach(({ w, b }, l) => {
      const z = inputs[l]!.map((row) =>
        b.map((bias, j) => row.reduce((sum, value, i) => sum + value * w[i]![j]!, 0) + bias),
      );
      inputs.push(l === layers.length - 1 ? z : zip(z, (value) => Math.max(value, 0)));
    });
    const z = inputs.at(-1)!;
    const n = x.length;
    let loss = 0;
    let g: Matrix;
    if (kind === 'mse') {
      const outputs = z[0]!.length;
      for (const [i, row] of z.entries())
        for (const [j, value] of row.entries()) loss += (value - y[i]![j]!) ** 2 / (n * outputs);
      g = zip(z, (value, i, j) => (2 * (value - y[i]![j]!)) / (n * outputs));
    } else {
      const p = z.map((row) => {
        const e = row.map((value) => Math.exp(value - Math.max(...row)));
        const sum = e.reduce((a, c) => a + c, 0);
        return e.map((value) => value / sum);
      });
      for (const [i, row] of p.entries())
        for (const [j, value] of row.entries()) loss -= (y[i]![j]! * Math.log(value)) / n;
      g = zip(p, (value, i, j) => (value - y[i]![j]!) / n);
    }
    [p1, p2] = [p1 * 0.9, p2 * 0.999];
    const move = (w: number, gradient: number, m: number, v: number): [number, number, number] => {
      const [m2, v2] = [0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient * gradient];
      return [w - (((rate * Math.sqrt(1 - p2)) / (1 - p1)) * m2) / (Math.sqrt(v2) + 1e-7), m2, v2];
    };
    for (let l = layers.length - 1; l >= 0; l--) {
      const { w, b } = layers[l]!;
      const state = moments[l]!;
      const input = inputs[l]!;
      const before = g;
      g = input.map((row, i) =>
        row.map((value, k) => (l > 0 && value <= 0 ? 0 : before[i]!.reduce((sum, d, j) => sum + d * w[k]![j]!, 0))),
      );
      for (const row of w) for (const value of row) loss += penalty.l1 * Math.abs(value) + penalty.l2 * value * value;
      for (const [k, row] of w.entries()) {
        for (const [j, value] of row.entries()) {
          const gradient = input.reduce((sum, inputRow, i) => sum + inputRow[k]! * before[i]![j]!, 0);
          const full = gradient + penalty.l1 * Math.sign(value) + 2 * penalty.l2 * value;
          [row[j], state.mw[k]![j], state.vw[k]![j]] = move(value, full, state.mw[k]![j]!, state.vw[k]![j]!);
        }
      }
      for (const [j, value] of b.entries()) {
        const gradient = before.reduce((sum, row) => sum + row[j]!, 0);
        [b[j], state.mb[j], state.vb[j]] = move(value, gradient, state.mb[j]!, state.vb[j]!);
      }
    }
    return loss;
  };
}

const runs = [
  { name: '1-10-1 with mse', sizes: [1, 10, 1], kind: 'mse', l1: 0, l2: 0 },
  { name: '6-5-4-3 with softmax', sizes: [6, 5, 4, 3], kind: 'softmax', l1: 0, l2: 0 },
  { name: '6-5-4-3 with softmax, L1 and L2', sizes: [6, 5, 4, 3], kind: 'softmax', l1: 0.003, l2: 0.01 },
  { name: '4-8-2 with mse and L2', sizes: [4, 8, 2], kind: 'mse', l1: 0, l2: 0.02 },
] as const;

function compare(
  { sizes, kind, l1: first, l2: second }: (typeof runs)[number],
  dtype: 'float32' | 'float64',
  tolerance: number,
): void {
  const draw = noise(sizes.length * 7 + sizes[0]);
  const rule = first === 0 && second === 0 ? {} : { kernelRegularizer: l1l2({ l1: first, l2: second }) };
  const last = kind === 'softmax' ? 'softmax' : 'linear';
  const layers = sizes.slice(1).map((units, i) => {
    const isLast = i === sizes.length - 2;
    return new Dense(units, {
      activation: isLast ? last : 'relu',
      ...rule,
      ...(i === 0 && { inputShape: [sizes[0]] }),
    });
  });
  const model = new Sequential(layers, { seed: 3, dtype });
  model.compile({
    optimizer: new Adam({ learningRate: 0.01 }),
    loss: kind === 'mse' ? 'mse' : 'categoricalCrossentropy',
  });
  const states = layers.map(({ kernel, bias }) => ({
    w: kernel.toArray() as number[][],
    b: bias!.toArray() as number[],
  }));
  const n = 16;
  const x = Array.from({ length: n }, () => list(sizes[0], draw).map(Math.fround));
  const y = Array.from({ length: n }, (_, i) => {
    const outputs = sizes.at(-1)!;
    return kind === 'mse'
      ? list(outputs, draw).map(Math.fround)
      : Array.from({ length: outputs }, (_, j) => Number(j === i % outputs));
  });
  const step = makeStep(states, kind, { l1: first, l2: second }, 0.01);
  const wanted = Array.from({ length: 50 }, () => step(x, y));
  const [tx, ty] = [tensor(x, { dtype }), tensor(y, { dtype })];
  const got = Array.from({ length: 50 }, () => model.trainOnBatch(tx, ty).loss!);
  expectClose(got, wanted, tolerance, 'loss');
  expect(wanted.at(-1)).toBeLessThan(wanted[0]!);
  if (dtype === 'float64') {
    for (const [i, layer] of layers.entries())
      expectClose(layer.kernel.data, states[i]!.w.flat(), 1e-8, layer.name, 1e-6);
  }
}

afterEach(() => {
  setBackend(cpu);
});

describe('fifty steps with Adam equal the formulas', () => {
  test.each(runs)('$name in float64, to 1e-9', (run) => compare(run, 'float64', 1e-9));

  describe.each([
    ['cpu', cpu],
    ['reference', reference],
  ] as const)('in float32 with %s', (_name, table) => {
    test.each(runs)('$name, to 2e-4 in the loss', (run) => {
      setBackend(table);
      compare(run, 'float32', 2e-4);
    });
  });
});

describe('penalties and dropout in training', () => {
  test('an activity penalty is divided by the batch size', () => {
    const model = new Sequential([
      new Dense(2, { inputShape: [1], useBias: false, kernelInitializer: 'ones', activityRegularizer: l1(0.5) }),
    ]);
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const x = tensor([[1], [-2], [3], [4]]);
    // Outputs are [x, x], so the mse against themselves is 0 and what is left is 0.5·Σ|x|·2/4.
    expect(
      model.evaluate(
        x,
        tensor([
          [1, 1],
          [-2, -2],
          [3, 3],
          [4, 4],
        ]),
      ).loss,
    ).toBeCloseTo((0.5 * 20) / 4, 6);
  });

  test('bias penalties count, and L2 has no half', () => {
    const model = new Sequential([
      new Dense(1, {
        inputShape: [1],
        kernelInitializer: 'ones',
        biasInitializer: 'ones',
        biasRegularizer: l2(0.25),
        kernelRegularizer: l2(2),
      }),
    ]);
    model.compile({ optimizer: new SGD({ learningRate: 0.1 }), loss: 'mse' });
    const [x, y] = [tensor([[1]]), tensor([[2]])];
    expect(model.evaluate(x, y).loss).toBeCloseTo(2.25, 6);
    model.trainOnBatch(x, y);
    const [kernel, bias] = model.getWeights();
    expect(kernel!.item()).toBeCloseTo(1 - 0.1 * 4, 6);
    expect(bias!.item()).toBeCloseTo(1 - 0.1 * 0.5, 6);
  });

  test('dropout in training is the mask of the generator at the training step, and nothing in predict', () => {
    const model = new Sequential(
      [
        new Dropout(0.4, { inputShape: [50], name: 'drop' }),
        new Dense(50, { useBias: false, kernelInitializer: 'zeros' }),
      ],
      { seed: 9 },
    );
    model.compile({ optimizer: new SGD({ learningRate: 1 }), loss: 'mse' });
    const x = ones([1, 50]);
    const random = new Random(9, 'drop/dropout');
    for (let step = 0; step < 3; step++) {
      model.setWeights([fromData(new Float32Array(2500), [50, 50])]);
      model.trainOnBatch(x, x);
      // From zero weights the first step moves row i by its dropped-out input times 2/50.
      const expected = dropout(x, 0.4, random).data;
      const kernel = model.getWeights()[0]!.data;
      for (let i = 0; i < 50; i++) expect(kernel[i * 50]! * 25).toBeCloseTo(expected[i]!, 5);
    }
    expect(model.predict(x).data).toEqual(model.predict(x).data);
  });
});
