import { describe, expect, test } from 'vitest';
import {
  Adam,
  Dense,
  type DistillOptions,
  Dropout,
  digest,
  distill,
  Flatten,
  fromData,
  oneHot,
  Sequential,
  SGD,
  type Tensor,
} from '../../src/index.ts';
import { normal, threeClasses } from '../compress/tools.ts';

const [x, y] = threeClasses();
type Ending = 'softmax' | 'logSoftmax' | 'sigmoid' | 'linear' | 'relu';

/** A model of five inputs. */
function net(outputs: number, activation: Ending, seed = 1): Sequential {
  return new Sequential([new Dense(6, { activation: 'tanh', inputShape: [5] }), new Dense(outputs, { activation })], {
    seed,
  });
}

describe('distillation', () => {
  const once = { epochs: 2, batchSize: 60, x } as const;
  const train = (options: Partial<DistillOptions> = {}): ReturnType<typeof distill> =>
    distill({ teacher: net(3, 'softmax', 1), student: net(3, 'softmax', 2), y, ...once, ...options });

  test('has a temperature of 3, a share of 1/2 and Adam by default', () => {
    const wanted = digest(train({ temperature: 3, alpha: 0.5, optimizer: new Adam() }).model);
    expect(digest(train().model)).toBe(wanted);
    for (const change of [{ temperature: 4 }, { alpha: 0.25 }, { alpha: 0 }, { optimizer: new SGD() }])
      expect(digest(train(change).model)).not.toBe(wanted);
  });

  test('leaves a student that was not compiled with the optimizer given and the plain loss of its kind', () => {
    const optimizer = new SGD({ learningRate: 0.25 });
    const plain = (ending: Ending, targets: Tensor, outputs = 3): readonly unknown[] => {
      const { model } = train({
        teacher: net(outputs, ending, 1),
        student: net(outputs, ending, 2),
        y: targets,
        optimizer,
      });
      expect(model.optimizer).toBe(optimizer);
      return [model.loss.name, model.loss.options, model.metrics.map(({ name }) => name)];
    };
    const [sparse, categorical] = ['sparseCategoricalCrossentropy', 'categoricalCrossentropy'];
    const logits = { fromLogits: true, labelSmoothing: 0 };
    const chances = { fromLogits: false, labelSmoothing: 0 };
    const hot = oneHot(y, 3);
    expect(plain('softmax', y)).toEqual([sparse, chances, ['accuracy']]);
    expect(plain('softmax', hot)).toEqual([categorical, chances, ['accuracy']]);
    expect(plain('logSoftmax', y)).toEqual([sparse, logits, ['accuracy']]);
    expect(plain('logSoftmax', hot)).toEqual([categorical, logits, ['accuracy']]);
    expect(plain('linear', y)).toEqual([sparse, logits, ['accuracy']]);
    expect(plain('sigmoid', hot)).toEqual(['binaryCrossentropy', chances, ['accuracy']]);
    expect(plain('linear', hot)).toEqual(['mse', undefined, ['mse']]);
  });

  test('takes integers as numbers where there is one output', () => {
    const column = fromData(Int32Array.from(y.data), [60, 1]);
    for (const ending of ['linear', 'sigmoid'] as const) {
      const run = (targets: Tensor): ReturnType<typeof distill> =>
        train({ teacher: net(1, ending, 1), student: net(1, ending, 2), y: targets });
      const bits = fromData(
        Int32Array.from(y.data, (label) => Number(label > 0)),
        [60, 1],
      );
      for (const targets of ending === 'linear' ? [column, y] : [bits]) {
        const { model, history } = run(targets);
        const double = run(fromData(Float32Array.from(targets.data), [60, 1]));
        expect(digest(model)).toBe(digest(double.model));
        expect(history.history).toEqual(double.history.history);
        expect(model.loss.name).toBe(ending === 'linear' ? 'mse' : 'binaryCrossentropy');
      }
    }
  });

  test('takes one-hot rows of integers as those of floats', () => {
    const hot = oneHot(y, 3);
    const integers = fromData(Int32Array.from(hot.data), [60, 3]);
    expect(digest(train({ y: integers }).model)).toBe(digest(train({ y: hot }).model));
  });

  test('takes Dropout at the end of a student for regression, and names what it hides elsewhere', () => {
    const dropping = (ending: Ending): Sequential =>
      new Sequential([new Dense(3, { activation: ending, inputShape: [5] }), new Dropout(0.5)], { seed: 2 });
    const numbers = normal([60, 3], 4);
    const linear = { teacher: net(3, 'linear'), student: dropping('linear'), y: numbers };
    expect(train(linear).model.loss.name).toBe('mse');
    expect(train({ ...linear, student: dropping('relu') }).model.loss.name).toBe('mse');
    expect(() => train({ student: dropping('softmax'), teacher: net(3, 'linear') })).toThrow(
      "the student's softmax hides",
    );
    for (const ending of ['softmax', 'sigmoid'] as const)
      expect(() => train({ teacher: net(3, ending), student: dropping(ending), y: oneHot(y, 3) })).toThrow(
        `distill: Dropout after the student's ${ending} hides its logits in training: put it before`,
      );
  });

  test('refuses with the shapes at fault, teacher and inputs first', () => {
    expect(() => train({ teacher: net(4, 'softmax') })).toThrow('same outputs, got [4] and [3]');
    const rows = (units: number): Sequential =>
      new Sequential([new Flatten({ inputShape: [5] }), new Dense(units)], { seed: units });
    expect(() => train({ teacher: rows(3), student: rows(3), y: normal([60, 2]) })).toThrow(
      'distill: y and the outputs must have the same shape, got [60, 2] and [60, 3]',
    );
    expect(() => train({ y: fromData(new Int32Array(59)) })).toThrow(
      'distill: x and y must have the same number of samples, got [60, 5] and [59]',
    );
    expect(train({ teacher: net(3, 'logSoftmax') }).model.loss.name).toBe('sparseCategoricalCrossentropy');
    const hot = oneHot(y, 3);
    expect(train({ teacher: net(3, 'softmax'), student: net(3, 'linear'), y: hot }).model.loss.name).toBe(
      'categoricalCrossentropy',
    );
  });
});
