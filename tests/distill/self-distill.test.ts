import { describe, expect, test } from 'vitest';
import {
  BatchNorm,
  Conv2D,
  cpu,
  Dense,
  Dropout,
  encodeNetwork,
  Flatten,
  fromData,
  MaxPool2D,
  Sequential,
  selfDistill,
  setBackend,
  type Tensor,
  toNetwork,
  wasm,
} from '../../src/index.ts';
import { normal, threeClasses, values } from '../compress/tools.ts';

const deep = (seed: number, ending: 'softmax' | 'sigmoid' | 'linear' = 'softmax', units = 3): Sequential =>
  new Sequential(
    [
      new Dense(12, { activation: 'relu', inputShape: [5], name: 'first' }),
      new Dropout(0.1),
      new Dense(10, { activation: 'relu', name: 'second' }),
      new Dense(8, { activation: 'tanh', name: 'third' }),
      new Dense(units, { activation: ending, name: 'end' }),
    ],
    { seed },
  );
const [x, y] = threeClasses(60);
const exits = ['first', 'second'];
const once = { x, y, exits, epochs: 4, batchSize: 16 };

describe('self-distillation', () => {
  test('learns: the output and each exit get better, and the given model stays as it was', () => {
    const model = deep(1);
    const before = model.getWeights().map(values);
    const { model: own, history } = selfDistill(model, { ...once, epochs: 60, validationData: [x, y] });
    const { accuracy, val_accuracy, exit0_loss, exit1_loss } = history.history;
    expect(accuracy!.at(-1)!).toBeGreaterThan(0.9);
    expect(val_accuracy!.at(-1)!).toBeGreaterThan(0.9);
    for (const losses of [exit0_loss!, exit1_loss!]) expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
    expect(model.getWeights().map(values)).toEqual(before);
    expect(own.weights.map(({ name, shape }) => [name, shape])).toEqual(
      model.weights.map(({ name, shape }) => [name, shape]),
    );
    expect(encodeNetwork(toNetwork(own)).length).toBe(encodeNetwork(toNetwork(model)).length);
  });

  test('is the same replayed and step by step, in JavaScript and WebAssembly', () => {
    const weights = (replay: boolean, table: typeof cpu): number[][] => {
      const model = deep(1);
      model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', replay });
      const before = setBackend(table);
      try {
        return selfDistill(model, once).model.getWeights().map(values);
      } finally {
        setBackend(before);
      }
    };
    const wanted = weights(true, wasm());
    expect(weights(false, wasm())).toEqual(wanted);
    expect(weights(true, cpu)).toEqual(wanted);
  });

  test('the exits do not pull at the output: it learns from labels alone where nothing is shared', () => {
    // The exit reads the input's own layer, which is frozen, so that all that it could reach is the output's answer.
    const weights = (alpha: number, features: number): number[] => {
      const model = deep(2);
      model.layer('first').trainable = false;
      return values(
        selfDistill(model, { ...once, exits: ['first'], alpha, features })
          .model.getWeights()
          .at(-2)!,
      );
    };
    expect(weights(1, 1)).toEqual(weights(0, 0));
  });

  test('keeps exits as further outputs that say what the model says', () => {
    const { model, exits: early } = selfDistill(deep(1), { ...once, epochs: 60, keepExits: true });
    expect(early!.outputCount).toBe(3);
    const [end, ...others] = early!.predict<Tensor[]>(x);
    expect(values(end!)).toEqual(values(model.predict(x)));
    for (const other of others) {
      expect(other.shape).toEqual([60, 3]);
      const right = Array.from(y.data).filter((label, i) => {
        const row = values(other).slice(3 * i, 3 * i + 3);
        expect(row.reduce((p, q) => p + q, 0)).toBeCloseTo(1, 5);
        return row.indexOf(Math.max(...row)) === label;
      });
      expect(right.length).toBeGreaterThan(50);
    }
  });

  test('takes images, labels that do not exclude each other, and numbers', () => {
    const images = normal([24, 8, 8, 2], 1);
    const labels = fromData(Int32Array.from({ length: 24 }, (_, i) => i % 3));
    const network = new Sequential(
      [
        new Conv2D(4, 3, { padding: 'same', inputShape: [8, 8, 2], name: 'conv' }),
        new BatchNorm(),
        new MaxPool2D({ name: 'pool' }),
        new Conv2D(6, 3, { activation: 'relu', name: 'last' }),
        new Flatten(),
        new Dense(3, { activation: 'softmax' }),
      ],
      { seed: 1 },
    );
    const { history } = selfDistill(network, { x: images, y: labels, exits: ['conv', 'pool'], epochs: 2 });
    expect(history.history.loss!.every(Number.isFinite)).toBe(true);
    const hot = fromData(
      Float32Array.from({ length: 60 }, (_, i) => i % 2),
      [60, 1],
    );
    expect(selfDistill(deep(1, 'sigmoid', 1), { ...once, y: hot }).history.history.accuracy).toHaveLength(4);
    expect(selfDistill(deep(1, 'linear', 1), { ...once, y: normal([60, 1]) }).history.history.mse).toHaveLength(4);
  });

  test('refuses what does not fit', () => {
    const refusal =
      (options: object): (() => unknown) =>
      () =>
        selfDistill(deep(1), { ...once, ...options });
    expect(refusal({ exits: [] })).toThrow(/exits must be a list with a name of a layer at least/);
    expect(refusal({ exits: ['fist'] })).toThrow(
      /selfDistill: exits\[0\] must be one of the values.*Did you mean first\?/,
    );
    expect(refusal({ temperature: 0 })).toThrow(/temperature must be positive/);
    expect(refusal({ features: -1 })).toThrow(/features must be at least 0/);
    expect(refusal({ y: y.data.slice(0, 3) })).toThrow(/same number of samples/);
    expect(refusal({ exit: [] })).toThrow(/Did you mean exits\?/);
  });
});
