import { describe, expect, test } from 'vitest';
import {
  auc,
  calibrationError,
  confusionMatrix,
  Dense,
  type DType,
  type DTypeError,
  loadModel,
  type Metric,
  Random,
  r2,
  Sequential,
  type ShapeError,
  saveModel,
  type Tensor,
  tensor,
  topKAccuracy,
  ValueError,
} from '../../src/index.ts';
import { classesOf } from '../../src/nn/decisions.ts';
import { isRising, type MetricName, metricByName, metricOf } from '../../src/nn/metrics.ts';
import { recipeOf } from '../../src/nn/recipes.ts';
import { expectClose, labels, of } from './tools.ts';

const NAMES = [
  'accuracy',
  'binaryAccuracy',
  'categoricalAccuracy',
  'sparseCategoricalAccuracy',
  'mse',
  'mae',
  'rmse',
  'r2',
  'precision',
  'recall',
  'f1',
  'auc',
  'logLoss',
] as const;

function measure(metric: Metric, ...batches: readonly (readonly [Tensor, Tensor])[]): number {
  const state = metric.create();
  for (const [t, p] of batches) state.update(t, p);
  return state.result();
}

function thrown<T>(body: () => unknown): T {
  try {
    body();
  } catch (error) {
    return error as T;
  }
  return expect.fail('nothing was thrown');
}

describe('the name of a figure', () => {
  test.each(NAMES)('%s is its key, and a file can hold it', (name) => {
    expect(metricOf(name).name).toBe(name);
    expect(recipeOf(metricOf(name))).toEqual({ name });
  });

  test('tells devices which is the share of right answers by class', () => {
    const known = NAMES.filter((name) => metricOf(name).isAccuracy === true);
    expect(known).toEqual(['accuracy', 'categoricalAccuracy', 'sparseCategoricalAccuracy']);
  });

  test('is the key in logs, as it was given; ece in older files', () => {
    for (const name of [...NAMES, 'meanSquaredError', 'meanAbsoluteError'] as const) {
      expect(metricOf(name).name).toBe(name);
      expect(metricByName(name, metricOf(name).options ?? {}).name).toBe(name);
    }
    const model = new Sequential([new Dense(6, { activation: 'softmax', inputShape: [2] })]);
    const metrics = ['calibrationError', 'topKAccuracy', topKAccuracy(2)] as const;
    model.compile({ loss: 'sparseCategoricalCrossentropy', metrics: [...metrics] });
    const [x, y] = [new Random(1).normal([6, 2]), [0, 1, 2, 3, 4, 5]];
    expect(Object.keys(model.evaluate(x, y))).toEqual(['loss', 'calibrationError', 'topKAccuracy', 'top_2_accuracy']);
    expect(Object.keys(loadModel(saveModel(model)).evaluate(x, y))).toEqual(Object.keys(model.evaluate(x, y)));
    expect(recipeOf(metricByName('ece', { bins: 7 }))).toEqual({ name: 'calibrationError', bins: 7 });
  });

  test('of the functions is a key of its own, and their options make them again', () => {
    expect([topKAccuracy().name, topKAccuracy(2).name]).toEqual(['top_5_accuracy', 'top_2_accuracy']);
    expect([r2().name, auc().name, calibrationError().name]).toEqual(['r2', 'auc', 'calibrationError']);
    for (const metric of [topKAccuracy(), topKAccuracy(2), r2(), auc(), calibrationError(), calibrationError(3)]) {
      const again = metricByName(metric.name, metric.options ?? {});
      expect(recipeOf(again)).toEqual(recipeOf(metric));
      expect(recipeOf(metric)).toEqual({ name: metric.name, ...metric.options });
    }
    expect([topKAccuracy(2).options, calibrationError().options, auc().options]).toEqual([
      { k: 2 },
      { bins: 15 },
      undefined,
    ]);
    for (const name of ['top_5_accuracy', 'ece', 'loss', 'toString'])
      expect(() => metricOf(name as MetricName)).toThrow(ValueError);
  });

  test.each([
    ...['accuracy', 'binaryAccuracy', 'categoricalAccuracy', 'sparseCategoricalAccuracy', 'top_5_accuracy'],
    ...['precision', 'recall', 'f1', 'auc', 'AUC', 'r2', 'R2'],
  ])('says that %s rises, also on validation data', (name) => {
    expect([isRising(name), isRising(`val_${name}`)]).toEqual([true, true]);
  });

  test.each(['loss', 'logLoss', 'mse', 'mae', 'rmse', 'MSE', 'ece', 'relative_error', 'accuracyLoss'])(
    'says that %s falls, also on validation data',
    (name) => {
      expect([isRising(name), isRising(`val_${name}`)]).toEqual([false, false]);
    },
  );

  test('says nothing of others', () => {
    for (const name of ['learningRate', 'mine', '', 'piece', 'receiver_speed']) expect(isRising(name)).toBeNull();
    // The metric counts, not what an output is called
    expect(['piece_accuracy', 'val_error_type_auc', 'loss_r2'].map(isRising)).toEqual([true, true, true]);
    expect(['accuracy_loss', 'val_recall_mae'].map(isRising)).toEqual([false, false]);
  });
});

describe('bool targets', () => {
  const hot = tensor(
    [
      [false, false, true],
      [false, true, false],
    ],
    { dtype: 'bool' },
  );
  const p = of([0, 0.1, 0.9, 0.8, 0.2, 0], [2, 3]);

  test('of several columns are one-hot rows, of one column the side', () => {
    expect([...classesOf(hot)]).toEqual([2, 1]);
    for (const name of ['accuracy', 'categoricalAccuracy'] as const)
      expect(measure(metricOf(name), [hot, p])).toBe(0.5);
    expect(confusionMatrix(hot, p, 3)).toEqual([
      [0, 0, 0],
      [1, 0, 0],
      [0, 0, 1],
    ]);
    expect(measure(topKAccuracy(2), [hot, p])).toBe(1);
    const side = tensor([true, false], { dtype: 'bool' });
    for (const name of ['accuracy', 'binaryAccuracy', 'precision', 'recall', 'f1', 'auc'] as const)
      expect(measure(metricOf(name), [side, of([0.9, 0.1], [2, 1])]), name).toBe(1);
  });
});

describe('a state', () => {
  test.each([...NAMES.map((name) => metricOf(name)), topKAccuracy(1), calibrationError()])(
    'of $name is its own, and goes on after its result was asked for',
    (metric) => {
      const right = [of([1, 0], [2, 1]), of([0.9, 0.2], [2, 1])] as const;
      const wrong = [of([1, 0], [2, 1]), of([0.3, 0.6], [2, 1])] as const;
      const two = ([t, p]: readonly [Tensor, Tensor]): readonly [Tensor, Tensor] =>
        metric.name.startsWith('top') ? [labels([1, 0]), of([0, p.data[0]!, 0, p.data[1]!], [2, 2])] : [t, p];
      const together = measure(metric, two(right), two(wrong));
      const [first, second] = [metric.create(), metric.create()];
      first.update(...two(right));
      second.update(...two(wrong));
      expect(first.result()).toBe(measure(metric, two(right)));
      expect(second.result()).toBe(measure(metric, two(wrong)));
      first.update(...two(wrong));
      expect([first.result(), first.result()]).toEqual([together, together]);
    },
  );
});

describe('the error of a metric', () => {
  const [two, three] = [of([0, 1], [2, 1]), of([0.1, 0.2, 0.3], [3, 1])];

  test.each([
    ['accuracy', 'accuracy'],
    ['binaryAccuracy', 'binaryAccuracy'],
    ...['mse', 'mae', 'rmse', 'r2', 'precision', 'recall', 'f1', 'auc', 'logLoss'].map((name) => [name, name] as const),
  ] as const)('%s on more or fewer targets than predictions shows both shapes, targets first', (name, op) => {
    for (const [t, p] of [
      [two, three],
      [three, two],
    ] as const) {
      const error = thrown<ShapeError>(() =>
        metricOf(name as 'mse')
          .create()
          .update(t, p),
      );
      expect([error.op, error.shapes]).toEqual([op, [t.shape, p.shape]]);
    }
  });

  test('of functions does so too', () => {
    const p = of([0.1, 0.9, 0.2, 0.8], [2, 2]);
    const y = labels([0, 1, 1]);
    for (const [op, body] of [
      ['accuracy', () => measure(metricOf('accuracy'), [y, p])],
      ['topKAccuracy', () => measure(topKAccuracy(1), [y, p])],
      ['calibrationError', () => measure(calibrationError(), [y, p])],
      ['confusionMatrix', () => confusionMatrix(y, p, 2)],
    ] as const) {
      const error = thrown<ShapeError>(body);
      expect([error.op, error.shapes]).toEqual([op, [[3], [2, 2]]]);
    }
    expect(() => measure(topKAccuracy(1), [labels([0, 1]), of([0.1, 0.9], [2])])).toThrow(
      'topKAccuracy: needs a row of outputs for each label, got [2] and [2]',
    );
    expect(() => measure(auc(), [labels([0, 1]), of([0, 0, 1, 0, 0, 1], [2, 3])])).toThrow(
      'auc: needs one score of two classes per target, got [2] and [2, 3]',
    );
  });

  test('names the type of the predictions at fault', () => {
    for (const dtype of ['int32', 'uint8', 'int8'] as const satisfies readonly DType[]) {
      const said = tensor([0, 2], { dtype });
      for (const [op, metric] of [
        ['logLoss', metricOf('logLoss')],
        ['calibrationError', calibrationError()],
      ] as const) {
        const error = thrown<DTypeError>(() => measure(metric, [labels([0, 1]), said]));
        expect([error.op, error.dtypes]).toEqual([op, [dtype]]);
      }
    }
  });

  test('names the label out of range and the range', () => {
    for (const wrong of [-1, 2, 3]) {
      expect(() => measure(metricOf('logLoss'), [labels([0, wrong]), of([0.1, 0.2], [2, 1])])).toThrow(
        `logLoss: a label must be 0 or 1, got ${wrong}`,
      );
      expect(() => measure(topKAccuracy(1), [labels([wrong]), of([0.1, 0.2], [1, 2])])).toThrow(
        `topKAccuracy: a label must be a whole number from 0 to 1, got ${wrong}`,
      );
    }
    expect(() => measure(metricOf('logLoss'), [labels([3]), of([0.1, 0.2, 0.7], [1, 3])])).toThrow(
      'from 0 to 2, got 3',
    );
    expect(() => measure(auc(), [labels([0, 2, 1]), of([0.1, 0.2, 0.3], [3])])).toThrow(
      'auc: a label must be 0 or 1 (or -1 or 1), got 2',
    );
  });

  test('of an option names it', () => {
    for (const wrong of [0, -1, 1.5, Number.NaN, Infinity]) {
      expect(() => topKAccuracy(wrong)).toThrow(`topKAccuracy: k must be a positive integer, got ${wrong}`);
      expect(() => calibrationError(wrong)).toThrow(`calibrationError: bins must be a positive integer, got ${wrong}`);
    }
    expect(() => calibrationError(1e10)).toThrow('calibrationError: bins is 10000000000, the limit is 1048576');
    expect(calibrationError(2 ** 20).options).toEqual({ bins: 2 ** 20 });
    expect(() => metricOf('constructor' as 'mse')).toThrow(
      'compile: metric must be one of accuracy, binaryAccuracy, categoricalAccuracy, sparseCategoricalAccuracy, mse, mae, rmse, r2, precision, recall, f1, auc, logLoss, topKAccuracy, calibrationError, got "constructor"',
    );
  });
});

describe('ends of a range', () => {
  test('logLoss takes probabilities from 1e-15 to 1', () => {
    const loss = (given: number): number => measure(metricOf('logLoss'), [labels([1]), of([0, given], [1, 2])]);
    expectClose(
      [loss(0), loss(-1e-6), loss(1e-16), loss(1e-14)],
      [15, 15, 15, 14].map((v) => v * Math.LN10),
      1e-12,
    );
    expect([loss(1), loss(1 + 1e-6)].map(Math.abs)).toEqual([0, 0]); // sums of float32 may be so much off
    for (const wrong of [-1, 1.5]) expect(() => loss(wrong)).toThrow('logLoss: every prediction must be a probability');
  });

  test('a half is on the side of 0, be it a target or a prediction', () => {
    const [t, p] = [of([0.5, 0.5, 0, 1], [4, 1]), of([0.5, 0.9, 0.5, 0.5], [4, 1])];
    for (const name of ['accuracy', 'binaryAccuracy'] as const) expect(measure(metricOf(name), [t, p])).toBe(0.5);
    expect([...classesOf(t), ...classesOf(p)]).toEqual([0, 0, 0, 1, 0, 1, 0, 0]);
  });

  test('topKAccuracy takes more k than outputs, and is NaN of a NaN', () => {
    const p = of([0.2, 0.8, Number.NaN, 0.5], [2, 2]);
    expect(measure(topKAccuracy(), [labels([0, 1]), p])).toBeNaN();
    expect(measure(topKAccuracy(), [labels([0, 1]), of([0.2, 0.8, 0.3, 0.5], [2, 2])])).toBe(1);
    expect(measure(topKAccuracy(3), [labels([3]), of([4, 3, 2, 1], [1, 4])])).toBe(0);
    expect(measure(topKAccuracy(4), [labels([3]), of([4, 3, 2, 1], [1, 4])])).toBe(1);
  });

  test('calibrationError has 15 bins, and takes no confidences outside [0, 1]', () => {
    const at = (bins: number | undefined, p: readonly number[]): number =>
      measure(calibrationError(bins), [
        labels(p.map(() => 0)),
        of(
          p.flatMap((c) => [c, 0]),
          [p.length, 2],
        ),
      ]);
    expectClose([at(15, [0.61, 0.7])], [(0.39 + 0.3) / 2], 1e-12);
    // Right, then wrong: what is over and what is missing makes up for one another where they share a bin.
    const mixed = (p: readonly [number, number], bins?: number): number =>
      measure(calibrationError(bins), [
        labels([0, 1]),
        of(
          p.flatMap((c) => [c, 0]),
          [2, 2],
        ),
      ]);
    const [shared, apart] = [Math.abs(0.605 - 1 + 0.65) / 2, (1 - 0.605 + 0.65) / 2];
    expectClose(
      [10, 15, 14, 16].map((bins) => mixed([0.605, 0.65], bins)),
      [shared, shared, apart, apart],
      1e-12,
    );
    expectClose([mixed([0.605, 0.65]), mixed([0.69, 0.71])], [shared, Math.abs(0.69 - 1 + 0.71) / 2], 1e-12);
    expectClose([mixed([0.69, 0.71], 10)], [(1 - 0.69 + 0.71) / 2], 1e-12);
    expectClose([at(10, [1, 0.95])], [0.05 / 2], 1e-12);
    for (const wrong of [-0.5, 1.5]) expect(() => at(10, [wrong])).toThrow('every prediction must be a probability');
  });

  test('auc counts class 1 alone as positive, whatever the order of the scores', () => {
    expect(measure(auc(), [labels([-1, 0, 1]), of([10, 9, 9.5], [3])])).toBe(0.5);
    expect(measure(auc(), [labels([1, 0, 0, 1]), of([-Infinity, Infinity, -0, 0], [4])])).toBe(0.125);
  });

  test('r2 goes by the outputs of the predictions, also for flat targets', () => {
    const p = of([1, 10, 2, 30], [2, 2]);
    const flat = measure(r2(), [of([1, 10, 3, 30], [4]), p]);
    expect(flat).toBe(measure(r2(), [of([1, 10, 3, 30], [2, 2]), p]));
    expect(flat).toBe((0.5 + 1) / 2);
  });
});
