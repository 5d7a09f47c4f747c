import { expect, test } from 'vitest';
import {
  Adagrad,
  Adam,
  AdamW,
  Dense,
  Dropout,
  EarlyStopping,
  RMSprop,
  Sequential,
  SGD,
  tensor,
} from '../../src/index.ts';

/** What callers in JavaScript write when they have no wish: every option there, and undefined. */
function unset<T extends object>(names: readonly string[]): T {
  return Object.fromEntries(names.map((name) => [name, undefined])) as T;
}

const COMMON = ['learningRate', 'clipNorm', 'globalClipNorm', 'clipValue'];
const ADAM = [...COMMON, 'beta1', 'beta2', 'epsilon', 'epsilonMode', 'amsgrad', 'weightDecay'];

test.each([
  ['SGD', new SGD(unset([...COMMON, 'momentum', 'nesterov'])), new SGD()],
  ['Adam', new Adam(unset(ADAM)), new Adam()],
  ['AdamW', new AdamW(unset(ADAM)), new AdamW()],
  ['RMSprop', new RMSprop(unset([...COMMON, 'rho', 'momentum', 'epsilon'])), new RMSprop()],
  ['Adagrad', new Adagrad(unset([...COMMON, 'initialAccumulator', 'epsilon'])), new Adagrad()],
])('options of %s that are undefined are the defaults', (_, given, plain) => {
  expect(given.config()).toEqual(plain.config());
});

test('so are those of a model, a layer and a callback', () => {
  const model = new Sequential(
    [new Dense(2, unset(['activation', 'useBias', 'kernelInitializer', 'name', 'inputShape']))],
    unset(['seed', 'dtype', 'blank']),
  );
  model.build([3]);
  const plain = new Sequential([new Dense(2)]);
  plain.build([3]);
  expect(model.getWeights().map((w) => [...w.data])).toEqual(plain.getWeights().map((w) => [...w.data]));
  expect([model.layers[0]!.name, model.dtype]).toEqual(['dense', 'float32']);
  expect(new Dropout(0.5, unset(['training', 'name'])).options.training ?? false).toBe(false);
  expect(new EarlyStopping(unset(['monitor', 'patience', 'minDelta', 'mode'])).best).toBeNull();
});

test('a tensor of a tensor keeps shape and type unless options say otherwise', () => {
  const flags = tensor([[true, false]]);
  const copy = tensor(flags, unset(['shape', 'dtype']));
  expect([copy.dtype, copy.shape, [...copy.data]]).toEqual(['bool', [1, 2], [1, 0]]);
});
