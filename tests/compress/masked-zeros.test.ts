/** What a mask covers is 0 after every step, whatever moves weights, and wherever a network goes in between. */
import { describe, expect, test } from 'vitest';
import {
  Adagrad,
  Adam,
  AdamW,
  BatchNorm,
  type Callback,
  Conv2D,
  cloneModel,
  cpu,
  Dense,
  decodeNetwork,
  EarlyStopping,
  encodeNetwork,
  Flatten,
  fromData,
  fromNetwork,
  l1l2,
  loadModel,
  type Metric,
  type Model,
  maxNorm,
  type Optimizer,
  type OptimizerOptions,
  Proximal,
  type ProximalOptions,
  PruningSchedule,
  prune,
  pruneNeurons,
  RMSprop,
  reference,
  Sequential,
  SGD,
  saveModel,
  setBackend,
  stepDecay,
  type Tensor,
  toNetwork,
  wasm,
} from '../../src/index.ts';
import { noise } from '../nn/tools.ts';
import { FIVE, tenClasses, trained } from './five-networks.ts';

type Make = (common: OptimizerOptions) => Optimizer;
const OPTIMIZERS: Readonly<Record<string, Make>> = {
  SGD: (common) => new SGD(common),
  'SGD, momentum': (common) => new SGD({ ...common, momentum: 0.9 }),
  'SGD, nesterov': (common) => new SGD({ ...common, momentum: 0.9, nesterov: true }),
  Adam: (common) => new Adam(common),
  'Adam, amsgrad': (common) => new Adam({ ...common, amsgrad: true }),
  'Adam, paper': (common) => new Adam({ ...common, epsilonMode: 'paper', beta1: 0 }),
  'Adam, weight decay': (common) => new Adam({ ...common, weightDecay: 0.5 }),
  AdamW: (common) => new AdamW({ ...common, weightDecay: 0.1, amsgrad: true }),
  RMSprop: (common) => new RMSprop(common),
  'RMSprop, momentum': (common) => new RMSprop({ ...common, momentum: 0.9 }),
  Adagrad: (common) => new Adagrad(common),
};
const CLIPS: readonly OptimizerOptions[] = [
  {},
  { clipNorm: 0.1 },
  { globalClipNorm: 0.1 },
  { clipValue: 0.01 },
  { clipNorm: 0.5, globalClipNorm: 0.5, clipValue: 0.1 },
];
const PROXIMAL: readonly (ProximalOptions | null)[] = [
  null,
  { lambda: 0.01 },
  { lambda: 0.05, groups: 'row' },
  { lambda: 0.05, groups: 'column' },
  { lambda: 0.05, groups: 'channel' },
  { sparsity: 0.3, map: 'minimal' },
  { sparsity: 0.3, map: 'minimal', groups: 'column' },
];
const wrapped = (optimizer: Optimizer, options: ProximalOptions | null): Optimizer =>
  options === null ? optimizer : new Proximal(optimizer, options);

const draw = noise(17);
const SAMPLES = 24;
const numbers = Float32Array.from({ length: SAMPLES * 16 }, draw);
const labels = fromData(Int32Array.from({ length: SAMPLES }, (_, i) => i % 3));
const samples = (dtype: 'float32' | 'float64'): Tensor =>
  fromData(dtype === 'float32' ? numbers : Float64Array.from(numbers), [SAMPLES, 4, 4, 1]);

function network(dtype: 'float32' | 'float64' = 'float32'): Sequential {
  const layers = [
    new Conv2D(4, 2, { activation: 'relu', inputShape: [4, 4, 1], kernelConstraint: maxNorm(2, [0, 1, 2]) }),
    new BatchNorm({ momentum: 0.5 }),
    new Flatten(),
    new Dense(8, { activation: 'tanh', kernelRegularizer: l1l2({ l1: 0.001, l2: 0.001 }) }),
    new Dense(3, { activation: 'softmax' }),
  ];
  return new Sequential(layers, { seed: 6, dtype });
}

const compiled = (model: Model, optimizer: Optimizer, replay = true): Model => {
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'], replay });
  return model;
};

/** Fails unless all that masks cover is +0, in weights and in what the optimizer keeps for them. Says how much that is. */
function deadIn(model: Model, withSlots = true): number {
  let count = 0;
  const weights = model.weights.filter(({ isStatistic }) => !isStatistic);
  const slots = model.isCompiled && withSlots ? model.optimizer.state(weights).slots : [];
  weights.forEach(({ name, value, mask }, w) => {
    mask?.data.forEach((bit, i) => {
      if (bit !== 0) return;
      count++;
      if (!Object.is(value.data[i], 0)) expect.fail(`${name}[${i}] is ${value.data[i]}`);
      for (const [slot, t] of Object.entries(slots[w] ?? {}))
        if (t.data[i] !== 0) expect.fail(`${slot} of ${name}[${i}] is ${t.data[i]}`);
    });
  });
  return count;
}

/** Looks after every step and every epoch; a mask that came after a step has not been held by one yet. */
class Watch implements Callback {
  seen = 0;
  onBatchEnd(_batch: number, _logs: unknown, model: Model): void {
    this.seen = Math.max(this.seen, deadIn(model));
  }
  onEpochEnd(_epoch: number, _logs: unknown, model: Model): void {
    deadIn(model, false);
  }
  onTrainEnd(model: Model): void {
    deadIn(model, false);
  }
}

const fit = { batchSize: 8, shuffle: true } as const;

describe.each(Object.keys(OPTIMIZERS))('%s', (name) => {
  const make = OPTIMIZERS[name]!;
  const first = Object.keys(OPTIMIZERS).indexOf(name);
  // Every optimizer and every map meets both types, repeated and not, and each way of clipping
  const cases = PROXIMAL.map((options, p) => {
    const i = first + p;
    const dtype: 'float32' | 'float64' = i % 4 < 2 ? 'float32' : 'float64';
    return { replay: i % 2 === 0, dtype, options, clip: CLIPS[i % CLIPS.length]! };
  });

  test.each(cases)('repeated $replay, in $dtype, clipped by $clip, wrapped in $options', (each) => {
    const { replay, dtype, options, clip } = each;
    const x = samples(dtype);
    const optimizer = wrapped(make({ learningRate: 0.05, ...clip }), options);
    const model = compiled(network(dtype), optimizer, replay);
    model.fit(x, labels, { ...fit, epochs: 1 }); // moments of all weights are alive when the first are pruned
    const schedule = new PruningSchedule({ finalSparsity: 0.6, end: 7, frequency: 2 });
    const watch = new Watch();
    model.fit(x, labels, { ...fit, epochs: 3, callbacks: [watch, schedule] });
    const dead = deadIn(model);
    expect(dead).toBe(Math.round(0.6 * (16 + 288 + 24)));
    expect(watch.seen).toBe(dead);

    const others: Readonly<Record<string, Model>> = {
      'from a file': loadModel(saveModel(model)),
      clone: cloneModel(model),
      'from a network file': compiled(
        fromNetwork(decodeNetwork(encodeNetwork(toNetwork(model))).network, { seed: 1, dtype }),
        wrapped(make({ learningRate: 0.05, ...clip }), options),
        replay,
      ),
    };
    for (const [which, other] of Object.entries(others)) {
      expect(deadIn(other), which).toBe(dead);
      other.fit(x, labels, { ...fit, epochs: 1, callbacks: [watch] });
      expect(deadIn(other), which).toBe(dead);
    }
  });
});

describe('weights that were better before', () => {
  /** A figure that is the worse the later it is. */
  const worsening = (): Metric => {
    let calls = 0;
    return { name: 'worse', create: () => ({ update: () => {}, result: () => calls++ }) };
  };

  test.each(PROXIMAL)('EarlyStopping brings them back with the mask they had, and zeros under it: %j', (options) => {
    const model = network();
    const optimizer = wrapped(new SGD({ learningRate: 0.05, momentum: 0.9 }), options);
    model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: [worsening()] });
    const early = new EarlyStopping({ monitor: 'worse', mode: 'min', patience: 3, restoreBestWeights: true });
    const schedule = new PruningSchedule({ finalSparsity: 0.6, begin: 1, end: 11, frequency: 1 });
    const x = samples('float32');
    const history = model.fit(x, labels, { ...fit, epochs: 9, callbacks: [new Watch(), schedule, early] });
    expect([history.epochs.length, early.bestEpoch]).toEqual([4, 0]);
    const dead = deadIn(model, false);
    expect(dead).toBe(Math.round(schedule.sparsityAt(3) * 328)); // as after the three steps of the first epoch
    model.fit(x, labels, { ...fit, epochs: 1, callbacks: [new Watch()] });
    expect(deadIn(model)).toBe(dead);
  });
});

test.each([
  ['reference', reference],
  ['cpu', cpu],
  ['wasm', wasm()],
] as const)('with a schedule of the learning rate, on %s', (_, table) => {
  const before = setBackend(table);
  try {
    const optimizer = new Adam({ learningRate: stepDecay(0.1, 4, 0.5), weightDecay: 0.1 });
    const model = prune(compiled(network(), new SGD()), { sparsity: 0.5 });
    compiled(model, new Proximal(optimizer, { lambda: 0.1, groups: 'column' }));
    const watch = new Watch();
    model.fit(samples('float32'), labels, { ...fit, epochs: 3, callbacks: [watch] });
    expect(watch.seen).toBe(164);
  } finally {
    setBackend(before ?? cpu);
  }
});

describe.each(Object.keys(FIVE))('of %s', (name) => {
  test.each([null, { lambda: 0.05 }, { lambda: 0.05, groups: 'column' }] as const)(
    'masks of weights and of neurons hold: %j',
    (options) => {
      const model = trained(name);
      const [x, y] = tenClasses(model);
      for (const masked of [
        prune(model, { sparsity: 0.7, scope: 'layer' }),
        pruneNeurons(model, { amount: 0.3, mask: true, scope: 'layer' }),
      ]) {
        const dead = deadIn(masked);
        expect(dead).toBeGreaterThan(20);
        compiled(masked, wrapped(new AdamW({ learningRate: 0.02, weightDecay: 0.1 }), options));
        masked.fit(x, y, { epochs: 2, batchSize: 10, callbacks: [new Watch()] });
        expect(deadIn(masked)).toBe(dead);
      }
    },
  );
});
