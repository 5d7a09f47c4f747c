import { describe, expect, test } from 'vitest';
import {
  Dense,
  Dropout,
  DTypeError,
  digest,
  fromData,
  type Layer,
  ones,
  reshape,
  Sequential,
  ShapeError,
  StateError,
  slice,
  type Tensor,
  transpose,
  ValueError,
  zeros,
} from '../../src/index.ts';
import { list, noise, of } from './tools.ts';

const make = (): Sequential =>
  new Sequential([new Dense(2, { name: 'first', inputShape: [3] }), new Dense(1, { name: 'last', useBias: false })]);

describe('a model keeps no hold of what it is given and gives none of its own:', () => {
  test('the list of layers', () => {
    const layers: Layer[] = [new Dense(2, { inputShape: [3] })];
    const model = new Sequential(layers);
    layers.push(new Dense(1));
    expect(model.layers.length).toBe(1);
    expect(model.outputShape).toEqual([2]);
  });

  test('the shape of samples', () => {
    const shape = [3];
    const model = new Sequential([new Dense(2)]);
    model.build(shape);
    shape[0] = 9;
    expect(model.inputShape).toEqual([3]);
    expect(model.predict(zeros([1, 3])).shape).toEqual([1, 2]);
  });

  test('weights, read and set', () => {
    const model = make();
    const before = digest(model);
    for (const w of model.getWeights()) w.storage.array.fill(9);
    expect(digest(model)).toBe(before);
    const given = model.getWeights().map((w) => ones(w.shape));
    model.setWeights(given);
    for (const w of given) w.storage.array.fill(9);
    expect(model.getWeights().map((w) => [...w.data])).toEqual([Array(6).fill(1), [1, 1], [1, 1]]);
  });
});

test('weights are set from views, and pruned ones stay 0', () => {
  const model = make();
  const kernel = model.weights[0]!.value;
  model.weights[0]!.mask = fromData(Uint8Array.of(1, 0, 1, 1, 0, 1), [3, 2], 'bool');
  const [, bias, last] = model.getWeights() as [Tensor, Tensor, Tensor];
  const wide = of([0, 1, 2, 3, 4, 5, 6, 7], [8], 'float32');
  model.setWeights([reshape(slice(wide, [[1, 7]]), [3, 2]), bias, last]);
  expect([...kernel.data]).toEqual([1, 0, 3, 4, 0, 6]);
  model.setWeights([transpose(of([1, 2, 3, 4, 5, 6], [2, 3], 'float32')), bias, last]);
  expect([...kernel.data]).toEqual([1, 0, 2, 5, 0, 6]);
});

describe('what does not fit is shown first, and what it should fit second:', () => {
  const [kernel, bias, last] = make().getWeights() as [Tensor, Tensor, Tensor];

  test.each<[string, (model: Sequential) => unknown, new (...args: never[]) => Error, string]>([
    ['another number of weights', (m) => m.setWeights([kernel]), StateError, 'setWeights: got 1 tensors for 3 weights'],
    [
      'a weight of another shape',
      (m) => m.setWeights([kernel, zeros([4]), last]),
      ShapeError,
      'setWeights: first/bias does not fit, got [4] and [2]',
    ],
    [
      'a weight of another type',
      (m) => m.setWeights([kernel, bias, zeros([2, 1], 'float64')]),
      DTypeError,
      'setWeights: last/kernel does not fit, got float64 and float32',
    ],
    [
      'samples of another shape',
      (m) => m.predict(zeros([5, 4])),
      ShapeError,
      'predict: samples do not have the shape the model was built for, [3], got [4]',
    ],
    [
      'samples of another type',
      (m) => m.forward(zeros([5, 3], 'float64')),
      DTypeError,
      'forward: the input is not of the type of the model, got float64 and float32. cast() it?',
    ],
    ['no batch axis', (m) => m.forward(zeros([])), ShapeError, 'forward: needs a batch axis, got []'],
    ['no batch axis to predict', (m) => m.predict(zeros([])), ShapeError, 'predict: needs a batch axis, got []'],
    ['a layer by name', (m) => m.layer('nope'), ValueError, 'layer: the layer must be one of first, last, got "nope"'],
    ['a layer by index', (m) => m.layer(2), ValueError, 'layer: the layer must be one of first, last, got 2'],
    ['a layer before the first', (m) => m.layer(-3), ValueError, 'one of first, last, got -3'],
  ])('%s', (_what, use, kind, message) => {
    const model = make();
    const before = digest(model);
    expect(() => use(model)).toThrow(kind);
    expect(() => use(model)).toThrow(message);
    expect(digest(model)).toBe(before);
  });

  test('in a list of layers', () => {
    const dense = (name = ''): Dense => new Dense(1, { name });
    expect(() => new Sequential([])).toThrow('Sequential: needs at least one layer');
    expect(() => new Sequential([dense('a'), dense(), dense('a')])).toThrow(
      'Sequential: layer name must be unique, got "a"',
    );
    const layer = dense('mine');
    expect(() => new Sequential([layer, layer])).toThrow('Sequential: layer mine is given twice');
    new Sequential([layer]).build([2]);
    expect(() => new Sequential([dense(), layer]).build([2])).toThrow(
      'Sequential: layer mine already belongs to a model',
    );
  });
});

test('names left open skip those that were given, wherever they stand', () => {
  const names = (...layers: Layer[]): string[] => new Sequential(layers).layers.map(({ name }) => name);
  expect(names(new Dense(1), new Dense(1), new Dense(1))).toEqual(['dense', 'dense_1', 'dense_2']);
  expect(names(new Dense(1), new Dense(1, { name: 'dense' }))).toEqual(['dense_1', 'dense']);
  expect(names(new Dense(1, { name: 'dense_1' }), new Dense(1), new Dense(1))).toEqual(['dense_1', 'dense', 'dense_2']);
  expect(names(new Dropout(0.1), new Dense(1), new Dropout(0.1))).toEqual(['dropout', 'dense', 'dropout_1']);
});

test.each([
  [999, '999'],
  [1000, '1,000'],
  [12_345, '12,345'],
  [1_234_567, '1,234,567'],
])('a summary writes %i parameters as %s', (count, written) => {
  const layer = new Dense(1, { inputShape: [count], useBias: false });
  expect(new Sequential([layer], { blank: true }).summary().split('\n')).toEqual([
    'Layer (type)   Output shape  Parameters',
    '---------------------------------------',
    `dense (dense)  [batch, 1]    ${written.padStart(10)}`,
    '---------------------------------------',
    `Parameters: ${written}, trainable: ${written}`,
  ]);
});

test('a batch that is refused puts no recorded step out', () => {
  const draw = noise(62);
  const [x, y] = [of(list(12, draw), [4, 3], 'float32'), of(list(4, draw), [4, 1], 'float32')];
  const model = new Sequential([new Dense(1, { inputShape: [3] })]);
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  for (let i = 0; i < 3; i++) model.trainOnBatch(x, y);
  for (let n = 1; n < 20; n++) {
    for (const shape of [[n, 3, 1], [n, 4], [n]])
      expect(() => model.trainOnBatch(zeros(shape), zeros([n, 1]))).toThrow(ShapeError);
  }
  model.trainOnBatch(x, y);
  expect(model.replayStatus).toMatchObject({ isReplaying: true, eager: 2, recorded: 1, replayed: 2 });
});
