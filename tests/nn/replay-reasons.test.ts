import { describe, expect, test } from 'vitest';
import {
  Activation,
  type CompileOptions,
  Dense,
  Dropout,
  Flatten,
  type Layer,
  type Loss,
  meanSquaredError,
  type OptimizerName,
  ones,
  type ReplayStatus,
  Sequential,
  SGD,
} from '../../src/index.ts';

/** After four steps of one kind: the first is eager, the second recorded, the others are repeated if they may be. */
function statusAfter(options: CompileOptions, layers: readonly Layer[] = []): ReplayStatus {
  const model = new Sequential([...layers, new Flatten(), new Dense(2)]);
  model.compile(options);
  const [x, y] = [ones([4, 2, 3]), ones([4, 2])];
  for (let i = 0; i < 4; i++) model.trainOnBatch(x, y);
  return model.replayStatus;
}
const repeated = { isReplaying: true, reason: 'the step repeats a recorded one', eager: 2, recorded: 1, replayed: 2 };

/** A layer that does not say that it is replayable. */
class Mine extends Dense {
  override readonly replayable = false as true;
}
class MySGD extends SGD {
  override readonly name = 'SGD';
}

describe('steps are repeated', () => {
  test.each<[string, Layer]>([
    ['Dense', new Dense(3)],
    ['Activation', new Activation('tanh')],
    ['Dropout', new Dropout(0.5)],
    ['Dropout of 0', new Dropout(0)],
    ['Dropout of 1', new Dropout(1)],
    ['Flatten', new Flatten()],
  ])('with %s', (_name, layer) => {
    expect(statusAfter({ optimizer: 'sgd', loss: 'mse' }, [layer])).toEqual(repeated);
  });

  test.each<OptimizerName>(['sgd', 'adam', 'adamW', 'rmsprop', 'adagrad'])('with %s', (optimizer) => {
    expect(statusAfter({ optimizer, loss: 'mse' })).toEqual(repeated);
  });

  test('unless something stands against it, which is told by its name, the first thing first', () => {
    const loss: Loss = { ...meanSquaredError(), name: 'mine', replayable: false };
    const mine = (): Layer[] => [new Dropout(0.1), new Mine(3, { name: 'first' })];
    const reasons: [CompileOptions, string][] = [
      [{ loss, optimizer: new MySGD(), replay: false }, 'compile was told replay: false'],
      [{ loss, optimizer: new MySGD() }, 'the loss mine does not say that it is replayable'],
      [{ loss: 'mse', optimizer: new MySGD() }, "the optimizer SGD is none of the library's"],
      [{ loss: 'mse' }, 'layer first does not say that it is replayable'],
    ];
    for (const [options, reason] of reasons) {
      expect(statusAfter(options, mine())).toEqual({ isReplaying: false, reason, eager: 4, recorded: 0, replayed: 0 });
    }
  });
});

test('a status is of its moment: later steps do not change it, nor does what is written into it', () => {
  const model = new Sequential([new Dense(1, { inputShape: [3] })]);
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const seen: ReplayStatus[] = [];
  for (let i = 0; i < 4; i++) {
    model.trainOnBatch(ones([2, 3]), ones([2, 1]));
    seen.push(model.replayStatus);
  }
  expect(seen.map(({ eager, recorded, replayed }) => [eager, recorded, replayed])).toEqual([
    [1, 0, 0],
    [2, 1, 0],
    [2, 1, 1],
    [2, 1, 2],
  ]);
  expect(seen.map(({ reason }) => reason)).toEqual([
    'a step of its kind was not made before',
    'the step was recorded, to be repeated',
    repeated.reason,
    repeated.reason,
  ]);
  Object.assign(seen[3]!, { reason: 'mine', eager: 9 });
  expect(model.replayStatus).toEqual(repeated);
});
