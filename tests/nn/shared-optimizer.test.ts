/** Steps are counted for each parameter: what one optimizer moves together need not have begun together. */
import { describe, expect, test } from 'vitest';
import {
  Adagrad,
  Adam,
  type AdamOptions,
  AdamW,
  Dense,
  digest,
  loadModel,
  type Optimizer,
  parameter,
  RMSprop,
  Sequential,
  SGD,
  saveModel,
  type Tensor,
} from '../../src/index.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.ts';
import { list, noise, of } from './tools.ts';

const rate = { learningRate: 0.05 };
const KINDS: Readonly<Record<string, () => Optimizer>> = {
  Adam: () => new Adam(rate),
  'Adam in paper mode': () => new Adam({ ...rate, epsilonMode: 'paper' }),
  'Adam with amsgrad': () => new Adam({ ...rate, amsgrad: true }),
  AdamW: () => new AdamW({ ...rate, weightDecay: 0.1 }),
  RMSprop: () => new RMSprop({ ...rate, momentum: 0.5 }),
  Adagrad: () => new Adagrad(rate),
  'SGD with momentum': () => new SGD({ ...rate, momentum: 0.9 }),
};
const kinds = Object.keys(KINDS);

const draw = noise(71);
const N = 9;
const x = of(list(N * 3, draw), [N, 3], 'float32');
const y = of(list(N * 2, draw), [N, 2], 'float32');

function network(optimizer: Optimizer, seed: number, replay = true): Sequential {
  const model = new Sequential([new Dense(4, { activation: 'tanh', inputShape: [3] }), new Dense(2)], { seed });
  model.compile({ optimizer, loss: 'mse', replay });
  return model;
}

const train = (model: Sequential, steps: number): void => {
  for (let i = 0; i < steps; i++) model.trainOnBatch(x, y);
};

/** Freezes layers as a mask says, and trains: 0 is frozen. */
const PHASES: readonly (readonly [trains: readonly [0 | 1, 0 | 1], steps: number])[] = [
  [[1, 1], 5],
  [[0, 1], 6],
  [[1, 1], 4],
  [[1, 0], 5],
  [[1, 1], 7],
];
function thawAndFreeze(model: Sequential, phases = PHASES): void {
  for (const [trains, steps] of phases) {
    model.layers.forEach((layer, i) => {
      layer.trainable = trains[i] === 1;
    });
    train(model, steps);
  }
}

describe('an optimizer that several models share', () => {
  test.each(kinds)('%s moves each as one of its own would', (kind) => {
    const shared = KINDS[kind]!();
    const models = [1, 2].map((seed) => network(shared, seed));
    const alone = [1, 2].map((seed) => network(KINDS[kind]!(), seed));
    for (const [which, steps] of [
      [0, 12],
      [1, 5],
      [0, 1],
      [1, 9],
      [0, 6],
    ] as const) {
      train(models[which]!, steps);
      train(alone[which]!, steps);
    }
    expect(models.map(digest)).toEqual(alone.map(digest));
    expect(models.map(({ replayStatus }) => replayStatus.isReplaying)).toEqual([true, true]);
    expect(models[0]!.replayStatus.replayed).toBeGreaterThan(10); // once they moved, with the heap
    expect(shared.iterations).toBe(33);
  });

  test('has one schedule, by the steps of all', () => {
    const learningRate = (step: number): number => (step < 3 ? 1 : 0);
    const shared = new SGD({ learningRate });
    const [first, second] = [network(shared, 1), network(shared, 2)];
    train(first, 3);
    const before = digest(second);
    train(second, 2);
    expect(digest(second)).toBe(before);
  });
});

describe('parameters that begin later', () => {
  test.each(kinds)('%s moves each by its own count, whichever step together', (kind) => {
    const sizes = [3, 1, 2, 4];
    const dtypes = ['float32', 'float32', 'float64', 'float32'] as const;
    const start = sizes.map((n) => list(n, draw));
    const make = (): Tensor[] => start.map((values, i) => parameter(of(values, [sizes[i]!], dtypes[i]!)));
    const [together, apart] = [make(), make()];
    const optimizer = KINDS[kind]!();
    const own = sizes.map(() => KINDS[kind]!());
    const turns = [[0, 1], [1], [1, 0, 2], [2], [0, 3], [0, 1, 2, 3], [3, 1], [3, 1], [2, 0], [0, 1, 2, 3]];
    for (const turn of turns) {
      const pulls = turn.map((i) => of(list(sizes[i]!, draw), [sizes[i]!], dtypes[i]!));
      optimizer.apply(
        turn.map((i) => together[i]!),
        pulls,
      );
      turn.forEach((i, j) => {
        own[i]!.apply([apart[i]!], [pulls[j]!]);
      });
    }
    expect(together.map(({ data }) => [...data])).toEqual(apart.map(({ data }) => [...data]));
    expect(optimizer.iterations).toBe(turns.length);
  });

  test('make a first step of the learning rate, after however many of others', () => {
    const [old, late] = [0, 0].map((value) => parameter(of([value], [1], 'float32'))) as [Tensor, Tensor];
    const optimizer = new Adam({ learningRate: 0.25 });
    const pull = of([3], [1], 'float32');
    for (let i = 0; i < 200; i++) optimizer.apply([old], [pull]);
    optimizer.apply([old, late], [pull, pull]);
    expect(late.data[0]).toBeCloseTo(-0.25, 6);
  });

  test('one parameter given twice counts once a step', () => {
    const [p, q] = [0, 0].map(() => parameter(of([1], [1], 'float32'))) as [Tensor, Tensor];
    const [twice, once] = [new Adam(rate), new Adam(rate)];
    const pull = of([2], [1], 'float32');
    for (let i = 0; i < 2; i++) twice.apply([p, p], [pull, pull]);
    once.apply([q], [pull]);
    expect(twice.state([p]).scalars.power1).toBe(0.9 * 0.9);
    expect(once.state([q]).scalars.power1).toBe(0.9);
  });

  test.each(kinds)('%s repeats recorded steps of layers that freeze and thaw to the bit', (kind) => {
    const [replayed, eager] = [network(KINDS[kind]!(), 3), network(KINDS[kind]!(), 3, false)];
    for (const model of [replayed, eager]) thawAndFreeze(model);
    expect(digest(replayed)).toBe(digest(eager));
    expect(replayed.replayStatus.replayed).toBeGreaterThan(8);
    expect(replayed.replayStatus.isReplaying).toBe(true);
  });
});

describe('counts that differ', () => {
  const half = PHASES.slice(0, 3);
  const rest = PHASES.slice(3);
  const metadataOf = (bytes: Uint8Array): Record<string, unknown> & { optimizer: Record<string, unknown> } =>
    JSON.parse(decodeSafetensors(bytes).metadata.get('training')!);
  const thawed = (options: AdamOptions = {}): Sequential => {
    const model = network(new Adam({ ...rate, ...options }), 3);
    thawAndFreeze(model, half);
    return model;
  };

  test('go on after a restoration', () => {
    const model = thawed();
    const { optimizer, weights } = model;
    const [state, values] = [optimizer.state(weights), model.getWeights()];
    expect(state.powers?.map((own) => own === null)).toEqual([true, true, false, false]); // the first two are in the scalars
    thawAndFreeze(model, rest);
    const wanted = digest(model);
    for (let i = 0; i < 2; i++) {
      optimizer.restore(weights, state);
      expect(optimizer.state(weights)).toEqual(state);
      model.setWeights(values);
      thawAndFreeze(model, rest);
      expect(digest(model)).toBe(wanted);
    }
  });

  test('go on from a file, and in one that holds a single count', () => {
    const whole = thawed({ amsgrad: true });
    const bytes = saveModel(whole);
    const parts = loadModel(bytes) as Sequential;
    expect(saveModel(parts)).toEqual(bytes);
    for (const model of [whole, parts]) thawAndFreeze(model, rest);
    expect(digest(parts)).toBe(digest(whole));
    const alike = network(new Adam(rate), 3);
    train(alike, 4);
    expect(Object.keys(metadataOf(saveModel(alike)).optimizer)).not.toContain('powers');
    const { powers } = metadataOf(bytes).optimizer as { powers: Record<string, number[]> };
    expect(powers).toEqual({ 'dense_1/kernel': powers['dense_1/bias'], 'dense_1/bias': powers['dense_1/bias'] });
  });

  test.each<[string, unknown]>([
    ['of another number', { 'dense_1/bias': [0.5] }],
    ['above 1', { 'dense_1/bias': [0.5, 1.5] }],
    ['below 0', { 'dense_1/bias': [-0.5, 0.5] }],
    ['that are no numbers', { 'dense_1/bias': ['0.5', 0.5] }],
    ['that are no list', { 'dense_1/bias': 0.5 }],
    ['of no weight', { 'dense_2/bias': [0.5, 0.5] }],
    ['in a list', [[0.5, 0.5]]],
  ])('in a file, powers %s, are refused', (_name, powers) => {
    const { tensors, metadata } = decodeSafetensors(saveModel(thawed()));
    const training = metadataOf(saveModel(thawed()));
    training.optimizer.powers = powers;
    const text = JSON.stringify(training);
    const bytes = encodeSafetensors(tensors, { ...Object.fromEntries(metadata), training: text });
    expect(() => loadModel(bytes)).toThrow(/model file: .*(powers|dense_)/);
  });

  test('a state whose powers do not fit changes nothing', () => {
    const { optimizer, weights } = thawed();
    const before = optimizer.state(weights);
    const { slotsVersion } = optimizer;
    for (const powers of [
      [null, null, null, [0.5]],
      [null, null, null, [2, 0.5]],
    ])
      expect(() => optimizer.restore(weights, { ...before, powers })).toThrow('Adam: powers[3] must be 2 numbers');
    const scalars = { ...before.scalars, power1: Number.NaN };
    expect(() => optimizer.restore(weights, { ...before, scalars })).toThrow('Adam: scalars.power1');
    expect(optimizer.state(weights)).toEqual(before);
    expect(optimizer.slotsVersion).toBe(slotsVersion);
  });
});
