import { describe, expect, test } from 'vitest';
import {
  Adam,
  cpu,
  Dense,
  type DenseOptions,
  Dropout,
  dropout,
  type FloatDType,
  type Kernels,
  l1l2,
  ones,
  Random,
  reference,
  Sequential,
  setBackend,
  tensor,
} from '../../src/index.ts';
import { expectClose, list, noise, of, rows } from '../nn/tools.ts';
import { PlainNetwork, type PlainOptions } from './plain-network.ts';

const SAMPLES = 16;
const STEPS = 50;

interface Run {
  readonly name: string;
  readonly plain: PlainOptions;
  readonly rate?: number;
  /** Sparse labels instead of one-hot rows. */
  readonly sparse?: boolean;
}

const softmax = { sizes: [6, 5, 4, 3], loss: 'crossentropy', rate: 0.01 } as const;
const regression = { sizes: [1, 10, 1], loss: 'mse', rate: 0.02 } as const;
const runs: Run[] = [
  { name: 'a 1-10-1 network', plain: regression },
  { name: 'a 6-5-4-3 softmax network', plain: softmax },
  { name: 'a 6-5-4-3 softmax network with integer labels', plain: softmax, sparse: true },
  { name: 'L1 and L2 on kernels', plain: { ...softmax, kernel: [0.01, 0.02] } },
  { name: 'L2 on kernels and biases', plain: { ...regression, kernel: [0, 0.01], bias: [0, 0.03] } },
  { name: 'L1 on biases', plain: { ...regression, bias: [0.02, 0] } },
  { name: 'L1 and L2 on the activity of a layer', plain: { ...softmax, activity: [0.03, 0.05] } },
  { name: 'dropout', plain: softmax, rate: 0.4 },
  {
    name: 'dropout and all regularizers',
    plain: { ...regression, kernel: [0.01, 0.01], activity: [0, 0.1] },
    rate: 0.2,
  },
];

function build({ plain, rate, sparse = false }: Run, dtype: FloatDType): Sequential {
  const rule = (pair?: readonly [number, number]) => l1l2({ l1: pair?.[0] ?? 0, l2: pair?.[1] ?? 0 });
  const { sizes, loss, kernel, bias, activity } = plain;
  const layers = sizes.slice(1).map((units, i) => {
    const isLast = i === sizes.length - 2;
    const options: DenseOptions = {
      activation: !isLast ? 'relu' : loss === 'mse' ? 'linear' : 'softmax',
      ...(kernel && { kernelRegularizer: rule(kernel) }),
      ...(bias && { biasRegularizer: rule(bias) }),
      ...(activity && i === 0 && { activityRegularizer: rule(activity) }),
      ...(i === 0 && { inputShape: [sizes[0]!] }),
    };
    return new Dense(units, options);
  });
  const [first, ...rest] = layers as [Dense, ...Dense[]];
  const all = rate === undefined ? layers : [first, new Dropout(rate, { name: 'drop' }), ...rest];
  const model = new Sequential(all, { seed: 11, dtype });
  const name = sparse ? 'sparseCategoricalCrossentropy' : 'categoricalCrossentropy';
  model.compile({ optimizer: new Adam({ learningRate: plain.rate }), loss: loss === 'mse' ? 'mse' : name });
  return model;
}

/** Samples that a network can learn something from. */
function data({ plain: { sizes, loss } }: Run): { x: number[]; y: number[] } {
  const draw = noise(5);
  const [inputs, outputs] = [sizes[0]!, sizes.at(-1)!];
  const x = list(SAMPLES * inputs, () => Math.fround(draw()));
  const y = rows(x, inputs).flatMap((row) => {
    const s = row.reduce((a, b) => a + b, 0);
    if (loss === 'mse') return [Math.fround(3 * s * s - s + 1)];
    return Array.from({ length: outputs }, (_, j) => Number(j === (s < -0.5 ? 0 : s < 0.5 ? 1 : 2)));
  });
  return { x, y };
}

function losses(run: Run, dtype: FloatDType): { ours: number[]; wanted: number[]; ourEnd: number[]; end: number[] } {
  const model = build(run, dtype);
  const { x, y } = data(run);
  const { sizes } = run.plain;
  const [n, k] = [sizes[0]!, sizes.at(-1)!];
  const plain = new PlainNetwork(
    run.plain,
    model.getWeights().map((w) => [...w.data]),
  );
  const classes = rows(y, k).map((row) => row.indexOf(1));
  const targets = run.sparse === true ? tensor(Int32Array.from(classes)) : of(y, [SAMPLES, k], dtype);
  const ours: number[] = [];
  const wanted: number[] = [];
  const random = new Random(11, 'drop/dropout');
  for (let step = 0; step < STEPS; step++) {
    random.step = step;
    const keep = run.rate === undefined ? null : dropout(ones([SAMPLES, sizes[1]!], 'float64'), run.rate, random);
    ours.push(model.trainOnBatch(of(x, [SAMPLES, n], dtype), targets).loss!);
    wanted.push(plain.step(rows(x, n), rows(y, k), keep === null ? undefined : rows(keep.data, sizes[1]!)));
  }
  return {
    ours,
    wanted,
    ourEnd: model.getWeights().flatMap((w) => [...w.data]),
    end: plain.parameters.flat(),
  };
}

describe('training equals loops over plain numbers, step by step:', () => {
  test.each(runs)('$name in float64', (run) => {
    const { ours, wanted, ourEnd, end } = losses(run, 'float64');
    expectClose(ours, wanted, 1e-9, 'loss of step');
    expectClose(ourEnd, end, 1e-8, 'weight', 0.1);
    if (run.rate === undefined) expect(wanted.at(-1)).toBeLessThan(wanted[0]!); // it did learn
  });

  const tables: [string, Kernels][] = [
    ['reference', reference],
    ['cpu', cpu],
  ];
  test.each(runs.flatMap((run) => tables.map(([name, table]) => ({ ...run, table: name, kernels: table }))))(
    '$name in float32 with the $table table',
    ({ kernels, ...run }) => {
      const before = setBackend(kernels);
      try {
        const { ours, wanted } = losses(run, 'float32');
        expectClose(ours, wanted, 2e-4, 'loss of step');
      } finally {
        setBackend(before);
      }
    },
  );

  test('the mask of dropout zeroes its share and scales the rest', () => {
    const keep = dropout(ones([1000, 10], 'float64'), 0.4, new Random(11, 'drop/dropout')).data;
    const dead = keep.filter((value) => value === 0).length;
    expect(Math.abs(dead / 10000 - 0.4)).toBeLessThan(0.02);
    expectClose([...keep].filter((value) => value !== 0).slice(0, 3), [1 / 0.6, 1 / 0.6, 1 / 0.6], 1e-7);
  });
});
