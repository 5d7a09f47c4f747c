/** `fit` with `accumulate`: several batches make one step. */
import { describe, expect, test } from 'vitest';
import {
  Adam,
  type Callback,
  Dense,
  Dropout,
  digest,
  type FitOptions,
  maxNorm,
  type Optimizer,
  prune,
  Sequential,
  SGD,
  shareWeights,
  ValueError,
} from '../../src/index.ts';
import { expectClose, list, noise, of } from './tools.ts';

const draw = noise(31);
const N = 52;
const inputs = list(N * 4, draw);
const targets = list(N * 2, draw);

interface Way {
  readonly optimizer: () => Optimizer;
  readonly replay?: boolean;
  readonly dtype?: 'float32' | 'float64';
  readonly layers?: () => (Dense | Dropout)[];
  readonly change?: (model: Sequential) => Sequential;
}

const usual = (): Dense[] => [
  new Dense(7, { activation: 'tanh', inputShape: [4], kernelRegularizer: 'l2', activityRegularizer: 'l2' }),
  new Dense(2, { kernelConstraint: maxNorm(1) }),
];

function trained(way: Way, options: FitOptions): Sequential {
  const { optimizer, replay = true, dtype = 'float32', layers = usual, change = (model) => model } = way;
  const model = change(new Sequential(layers(), { seed: 6, dtype }));
  model.compile({ optimizer: optimizer(), loss: 'mse', metrics: ['mae'], replay });
  model.fit(of(inputs, [N, 4], dtype), of(targets, [N, 2], dtype), { epochs: 5, ...options });
  return model;
}

const optimizers: [string, () => Optimizer][] = [
  ['SGD', () => new SGD({ learningRate: 0.2, momentum: 0.9 })],
  ['SGD with clipping', () => new SGD({ learningRate: 0.2, globalClipNorm: 0.1 })],
  ['Adam', () => new Adam({ learningRate: 0.02, epsilon: 1e-3 })],
];

describe('batches whose gradients are accumulated', () => {
  // 52 samples: groups of 4 batches of 5, the last of 12 samples in batches of 5, 5 and 2; or of 13; or one group alone
  test.each(optimizers.flatMap(([name, make]) => [5, 13, 20].map((batchSize) => [name, batchSize, make] as const)))(
    'make the step of one batch of their samples: %s, batches of %i',
    (_, batchSize, optimizer) => {
      const accumulate = batchSize === 20 ? 9 : 4;
      const way = { optimizer, dtype: 'float64' } as const;
      const large = trained(way, { batchSize: batchSize * accumulate });
      const small = trained(way, { batchSize, accumulate });
      expect(small.optimizer.iterations).toBe(large.optimizer.iterations);
      expect(small.steps).toBe(5 * Math.ceil(N / batchSize));
      small.weights.forEach(({ value, name }, i) => {
        expectClose(value.data, large.weights[i]!.value.data, 1e-11, name, 1);
      });
      const single = trained({ optimizer }, { batchSize, accumulate });
      single.weights.forEach(({ value, name }, i) => {
        expectClose(value.data, large.weights[i]!.value.data, 1e-4, name, 1);
      });
    },
  );

  test('count the weights of samples and classes as one batch does', () => {
    const sampleWeight = of(
      Array.from({ length: N }, (_, i) => i % 3),
      [N],
      'float64',
    );
    const way = { optimizer: () => new SGD({ learningRate: 0.3 }), dtype: 'float64' } as const;
    const large = trained(way, { batchSize: 20, sampleWeight });
    const small = trained(way, { batchSize: 5, accumulate: 4, sampleWeight });
    small.weights.forEach(({ value }, i) => {
      expectClose(value.data, large.weights[i]!.value.data, 1e-11, '', 1);
    });
  });

  test.each([1, 2, 3, 4, 11])('give the same bits with replay and without: %i together', (accumulate) => {
    const layers = (): (Dense | Dropout)[] => [
      new Dense(7, { activation: 'relu', inputShape: [4] }),
      new Dropout(0.3),
      new Dense(2),
    ];
    const way = { optimizer: () => new Adam(), layers };
    const repeated = trained(way, { batchSize: 5, accumulate });
    const eager = trained({ ...way, replay: false }, { batchSize: 5, accumulate });
    expect(digest(repeated)).toBe(digest(eager));
    const { recorded, replayed } = repeated.replayStatus;
    expect(replayed).toBeGreaterThan(20);
    expect(recorded).toBeLessThanOrEqual(5);
    if (accumulate === 1) expect(digest(repeated)).toBe(digest(trained(way, { batchSize: 5 })));
  });

  test('keep masks and what is shared', () => {
    const way = {
      optimizer: () => new Adam({ learningRate: 0.05 }),
      change: (m: Sequential) => prune(m, { sparsity: 0.6 }),
    };
    const masked = trained(way as Way, { batchSize: 5, accumulate: 3 });
    expect([...masked.weights[0]!.value.data].filter((w) => w === 0).length).toBeGreaterThan(10);
    expect(digest(masked)).toBe(digest(trained({ ...way, replay: false } as Way, { batchSize: 5, accumulate: 3 })));
    const layers = (): Dense[] => [new Dense(7, { activation: 'tanh', inputShape: [4] }), new Dense(2)];
    const shared = trained({ ...way, layers, change: (m: Sequential) => shareWeights(m, { clusters: 4 }) } as Way, {
      batchSize: 5,
      accumulate: 3,
    });
    expect(new Set(shared.weights[0]!.value.data).size).toBeLessThanOrEqual(4);
  });

  test('drop other units in each batch', () => {
    const layers = (): (Dense | Dropout)[] => [new Dropout(0.5), new Dense(2, { inputShape: [4] })];
    const same = (): Sequential => {
      const model = new Sequential(layers(), { seed: 6 });
      model.build([4]);
      model.compile({ optimizer: new SGD({ learningRate: 1 }), loss: 'mse' });
      return model;
    };
    const one = Array.from({ length: 4 }, (_, i) => inputs.slice(0, 4)[i]!);
    const x = of([...one, ...one], [2, 4], 'float32');
    const y = of([...targets.slice(0, 2), ...targets.slice(0, 2)], [2, 2], 'float32');
    const losses: number[] = [];
    const note: Callback = { onBatchEnd: (_, { loss }) => void losses.push(loss!) };
    same().fit(x, y, { batchSize: 1, accumulate: 2, shuffle: false, callbacks: [note] });
    expect(losses[0]).not.toBe(losses[1]);
  });

  test('leave out the batches in which a layer did not train yet', () => {
    const ways = [true, false].map((replay) => {
      const thaw: Callback = {
        onEpochBegin: (_, m) => {
          m.layers[0]!.trainable = false;
        },
        onBatchEnd: (batch, _, m) => {
          if (batch === 1) m.layers[0]!.trainable = true;
        },
      };
      const options = { batchSize: 5, accumulate: 4, shuffle: false, callbacks: [thaw] };
      return trained({ optimizer: () => new SGD({ learningRate: 0.1 }), replay }, { ...options, epochs: 3 });
    });
    expect(digest(ways[0]!)).toBe(digest(ways[1]!));
  });

  test('nor those of an earlier group', () => {
    const model = new Sequential([new Dense(2, { inputShape: [4], useBias: false })], { seed: 6, dtype: 'float64' });
    model.compile({ optimizer: new SGD({ learningRate: 0.1 }), loss: 'mse' });
    const x = of(inputs.slice(0, 16), [4, 4], 'float64');
    const y = of(targets.slice(0, 8), [4, 2], 'float64');
    const still = (from: number, to: number): Callback => ({
      onBatchBegin: (batch, m) => {
        m.layers[0]!.trainable = !(batch >= from && batch < to);
      },
    });
    const options = { batchSize: 1, accumulate: 2, shuffle: false };
    model.fit(x, y, { ...options, callbacks: [still(2, 3)] }); // the second group trains on its last sample alone
    const other = new Sequential([new Dense(2, { inputShape: [4], useBias: false })], { seed: 6, dtype: 'float64' });
    other.compile({ optimizer: new SGD({ learningRate: 0.1 }), loss: 'mse' });
    other.fit(of(inputs.slice(0, 8), [2, 4], 'float64'), of(targets.slice(0, 4), [2, 2], 'float64'), options);
    other.optimizer.learningRate = 0.05; // half of the group
    other.fit(of(inputs.slice(12, 16), [1, 4], 'float64'), of(targets.slice(6, 8), [1, 2], 'float64'), options);
    expectClose(model.weights[0]!.value.data, other.weights[0]!.value.data, 1e-12, '', 1);
  });

  test('are as many as an integer says', () => {
    for (const accumulate of [0, -1, 1.5, Number.NaN, '2' as never])
      expect(() => trained({ optimizer: () => new SGD() }, { accumulate })).toThrow(ValueError);
  });
});
