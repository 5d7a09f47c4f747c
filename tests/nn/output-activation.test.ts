import { describe, expect, test } from 'vitest';
import { activationBefore } from '../../src/graph/rewrite.ts';
import {
  Activation,
  Dense,
  Dropout,
  distill,
  Flatten,
  measure,
  Sequential,
  type Tensor,
  toNetwork,
} from '../../src/index.ts';
import { expectClose, labels, list, mean, noise, of, rows } from './tools.ts';

const draw = noise(31);
const N = 12;
const x = of(list(N * 3, draw), [N, 3], 'float32');
const y = labels(Array.from({ length: N }, (_, i) => i % 4));

const softmax = (): Dense => new Dense(4, { activation: 'softmax', inputShape: [3] });
const logits = (): Dense => new Dense(4, { inputShape: [3] });
const ENDS: Readonly<
  Record<string, readonly [layers: () => (Dense | Dropout | Activation | Flatten)[], name: string]>
> = {
  'Dense(softmax)': [() => [softmax()], 'softmax'],
  'Dense, Activation(softmax)': [() => [logits(), new Activation('softmax')], 'softmax'],
  'Dense(relu), Dropout, Dense(softmax)': [
    () => [
      new Dense(5, { activation: 'relu', inputShape: [3] }),
      new Dropout(0.1),
      new Dense(4, { activation: 'softmax' }),
    ],
    'softmax',
  ],
  'Dense(softmax), Dropout': [() => [softmax(), new Dropout(0.5)], 'softmax'],
  'Dense(softmax), Dropout, Dropout': [() => [softmax(), new Dropout(0.5), new Dropout(0.2)], 'softmax'],
  'Dense(softmax), Dropout(0)': [() => [softmax(), new Dropout(0)], 'softmax'],
  'Dense(softmax), Flatten': [() => [softmax(), new Flatten()], 'linear'],
  'Dense(softmax) with a penalty, Dropout': [
    () => [new Dense(4, { activation: 'softmax', activityRegularizer: 'l2', inputShape: [3] }), new Dropout(0.5)],
    'softmax',
  ],
  'Dense, Dropout': [() => [logits(), new Dropout(0.5)], 'linear'],
};

const modelOf = (layers: () => ConstructorParameters<typeof Sequential>[0], seed = 5): Sequential => {
  const model = new Sequential(layers(), { seed });
  model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  return model;
};

/** Of probabilities, as the loss takes them: clipped. */
const crossentropy = (probabilities: Tensor): number =>
  mean(
    rows(probabilities.data, 4).map((row, i) => {
      const total = Math.max(
        1e-7,
        row.reduce((a, b) => a + b, 0),
      );
      return -Math.log(Math.min(1 - 1e-7, Math.max(1e-7, row[i % 4]! / total)));
    }),
  );

describe('the activation of the outputs is one answer for model, network, loss and measurement', () => {
  test.each(Object.keys(ENDS))('%s', (name) => {
    const [layers, activation] = ENDS[name]!;
    const model = modelOf(layers);
    expect(model.lastActivation).toBe(activation);
    const network = toNetwork(model);
    expect(activationBefore(network, network.outputs[0]!, false).name).toBe(activation);
    const targets = of(list(N * 4, draw), [N, 4], 'float32'); // neither labels nor one-hot rows
    const { scoreName } = measure(model, { samples: [x, targets], latency: false });
    expect(scoreName).toBe('accuracy'); // the loss says that they are classes
    const bare = measure(toNetwork(model), { samples: [x, targets], latency: false }).scoreName;
    expect(bare).toBe(activation === 'softmax' ? 'accuracy' : 'r2');
  });
});

describe('a model that ends in Dense(softmax), Dropout', () => {
  test('is evaluated on logits, as without the Dropout', () => {
    const model = modelOf(ENDS['Dense(softmax), Dropout']![0]);
    const plain = modelOf(ENDS['Dense(softmax)']![0]);
    for (const own of [model, plain])
      own.setWeights([of([60, ...list(11, draw)], [3, 4], 'float32'), of([0, 0, 0, 0], [4], 'float32')]);
    plain.setWeights(model.getWeights());
    expect(model.evaluate(x, y)).toEqual(plain.evaluate(x, y));
  });

  test('trains on the probabilities that Dropout leaves, which are its outputs then', () => {
    const model = modelOf(ENDS['Dense(softmax), Dropout']![0]);
    const dropped = model.forward(x, { training: true, step: 0 });
    expect([...dropped.data].filter((p) => p === 0).length).toBeGreaterThan(5);
    const wanted = crossentropy(dropped);
    expectClose([model.trainOnBatch(x, y).loss!], [wanted], 1e-5);
  });

  test('trains on logits where Dropout drops nothing', () => {
    const model = modelOf(ENDS['Dense(softmax), Dropout(0)']![0]);
    const plain = modelOf(ENDS['Dense(softmax)']![0]);
    for (let i = 0; i < 3; i++) expect(model.trainOnBatch(x, y)).toEqual(plain.trainOnBatch(x, y));
  });

  test('teaches by its logits, and cannot be taught', () => {
    const teacher = modelOf(ENDS['Dense(softmax), Dropout']![0]);
    const plain = modelOf(ENDS['Dense(softmax)']![0]);
    const student = modelOf(ENDS['Dense(softmax)']![0], 8);
    const options = { student, x, y, epochs: 2 };
    expect(distill({ ...options, teacher }).history).toEqual(distill({ ...options, teacher: plain }).history);
    expect(() => distill({ ...options, teacher: plain, student: teacher })).toThrow(
      "distill: Dropout after the student's softmax hides its logits in training: put it before",
    );
  });
});

test('a Dropout that drops outside training too ends in no activation', () => {
  const model = modelOf(() => [softmax(), new Dropout(0.5, { training: true })]);
  expect(model.lastActivation).toBe('linear');
});
