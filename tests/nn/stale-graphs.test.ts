import { describe, expect, test } from 'vitest';
import {
  Adam,
  assign,
  backward,
  cloneModel,
  Dense,
  digest,
  EarlyStopping,
  GradientError,
  loadModel,
  mean,
  mul,
  PruningSchedule,
  prune,
  pruneNeurons,
  Sequential,
  SGD,
  saveModel,
  square,
  sum,
  type Tensor,
  toNetwork,
} from '../../src/index.ts';
import { list, noise, of } from './tools.ts';

const draw = noise(41);
const x = of(list(18, draw), [6, 3], 'float32');
const y = of(list(12, draw), [6, 2], 'float32');

function network(learningRate = 0.1): Sequential {
  const model = new Sequential(
    [
      new Dense(4, { activation: 'tanh', inputShape: [3], biasInitializer: 'ones' }),
      new Dense(2, { biasInitializer: 'ones' }),
    ],
    { seed: 2 },
  );
  model.compile({ optimizer: new SGD({ learningRate }), loss: 'mse' });
  return model;
}

const parametersOf = (model: Sequential): Tensor[] => model.weights.map(({ value }) => value);

/** Σp² of a parameter alone: backward needs the numbers of this one. */
const lossOf = (p: Tensor): Tensor => sum(square(p));

/** Everything that writes the numbers of these parameters, and how a model is made ready for it. */
const writers: Readonly<Record<string, { prepare?: (m: Sequential) => void; write: (m: Sequential) => void }>> = {
  setWeights: { write: (m) => m.setWeights(m.getWeights().map((w) => mul(w, 2))) },
  'assign()': { write: (m) => parametersOf(m).forEach((p) => void assign(p, mul(p, 2))) },
  'apply of an optimizer': { write: (m) => new SGD().apply(parametersOf(m), m.getWeights()) },
  'minimize of an optimizer': {
    write: (m) => void new Adam().minimize(() => mean(square(m.forward(x))), parametersOf(m)),
  },
  'a first step': { write: (m) => void m.trainOnBatch(x, y) },
  'a step that is recorded': {
    prepare: (m) => void m.trainOnBatch(x, y),
    write: (m) => {
      m.trainOnBatch(x, y);
      expect(m.replayStatus).toMatchObject({ recorded: 1, replayed: 0 });
    },
  },
  'a step that repeats another': {
    prepare: (m) => {
      for (let i = 0; i < 3; i++) m.trainOnBatch(x, y);
    },
    write: (m) => {
      m.trainOnBatch(x, y);
      expect(m.replayStatus.isReplaying).toBe(true);
    },
  },
  fit: { write: (m) => void m.fit(x, y) },
  'a fit that fails after a step': {
    write: (m) => {
      const fail = (): void => {
        throw new Error('mine');
      };
      expect(() => m.fit(x, y, { callbacks: [{ onBatchEnd: fail }] })).toThrow('mine');
    },
  },
  'best weights that come back': {
    write: (m) => {
      m.optimizer.learningRate = 0; // steps that write the same numbers again
      const stopping = new EarlyStopping({ monitor: 'loss', restoreBestWeights: true });
      stopping.onTrainBegin(m);
      stopping.onEpochEnd(0, { loss: 1 }, m);
      m.setWeights(m.getWeights().map((w) => mul(w, 2)));
      const between = parametersOf(m).map(lossOf);
      stopping.onTrainEnd(m);
      for (const loss of between) expect(() => backward(loss)).toThrow(GradientError);
    },
  },
};

describe('backward refuses a graph whose parameters were overwritten by', () => {
  test.each(Object.keys(writers))('%s', (name) => {
    const { prepare, write } = writers[name]!;
    for (const model of [network(), prune(network(), { sparsity: 0.5 })]) {
      prepare?.(model);
      const losses = [...parametersOf(model).map(lossOf), mean(square(model.forward(x)))];
      write(model);
      for (const loss of losses) {
        expect(() => backward(loss)).toThrow(GradientError);
        expect(() => backward(loss)).toThrow(/assigned new numbers/);
      }
      expect(parametersOf(model).every(({ grad }) => grad === null)).toBe(true);
    }
  });

  test('pruning while training, be it the first or a later one', () => {
    const model = network();
    const schedule = new PruningSchedule({ initialSparsity: 0.3, finalSparsity: 0.6, end: 1, frequency: 1 });
    const kernels = parametersOf(model).filter(({ rank }) => rank === 2);
    for (const pruning of [
      () => schedule.onTrainBegin(model),
      () => schedule.onBatchEnd(0, { loss: 0 }, model),
      // Nothing is left to prune, and the graph is refused all the same: it is the write that counts.
      () => schedule.onTrainBegin(model),
    ]) {
      const losses = [...kernels.map(lossOf), mean(square(model.forward(x)))];
      const bias = lossOf(model.weights[1]!.value);
      pruning();
      for (const loss of losses) expect(() => backward(loss)).toThrow(GradientError);
      expect(() => backward(bias)).not.toThrow(); // biases are never pruned
    }
    expect(kernels.every(({ grad }) => grad === null)).toBe(true);
  });
});

/** What leaves a model as it was. */
const readers: Readonly<Record<string, (m: Sequential) => void>> = {
  predict: (m) => void m.predict(x),
  evaluate: (m) => void m.evaluate(x, y),
  getWeights: (m) => void m.getWeights(),
  digest: (m) => void digest(m),
  'a copy that is trained': (m) => void cloneModel(m).fit(x, y),
  'a pruned copy': (m) => void prune(m, { sparsity: 0.5 }).fit(x, y),
  'a copy with fewer neurons': (m) => void pruneNeurons(m, { layer: 0, amount: 2 }),
  'a file and the model of it': (m) => void loadModel(saveModel(m)).fit(x, y),
  'a network of its numbers': (m) => void toNetwork(m),
  'a state of the optimizer that is restored': (m) =>
    m.optimizer.restore(parametersOf(m), m.optimizer.state(parametersOf(m))),
  'compile()': (m) => m.compile({ loss: 'mse' }),
  'a fit of no epochs': (m) => void m.fit(x, y, { epochs: 0 }),
  'a training in which all layers are frozen, whose weights move': (m) => {
    for (const layer of m.layers) layer.trainable = false;
    for (let i = 0; i < 4; i++) m.trainOnBatch(x, y);
  },
};

describe('backward gives the gradient of a graph that was made before', () => {
  test.each(Object.keys(readers))('%s', (name) => {
    const model = network();
    const losses = parametersOf(model).map(lossOf);
    readers[name]!(model);
    for (const loss of losses) backward(loss);
    for (const { grad, data } of parametersOf(model)) expect([...grad!.data]).toEqual(Array.from(data, (v) => 2 * v));
  });

  test('a step that trains other weights', () => {
    const model = network();
    model.layer(0).trainable = false;
    const [frozen, trained] = [model.weights[0]!.value, model.weights[2]!.value].map(
      (p) => [p, lossOf(p)] as const,
    ) as [[Tensor, Tensor], [Tensor, Tensor]];
    for (let i = 0; i < 4; i++) model.trainOnBatch(x, y);
    expect(model.replayStatus.isReplaying).toBe(true);
    backward(frozen[1]);
    expect([...frozen[0].grad!.data]).toEqual(Array.from(frozen[0].data, (v) => 2 * v));
    expect(() => backward(trained[1])).toThrow(GradientError);
  });
});
