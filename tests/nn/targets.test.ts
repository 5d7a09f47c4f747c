import { describe, expect, test } from 'vitest';
import { tableFromCSV } from '../../src/data/index.ts';
import {
  auc,
  binaryCrossentropy,
  categoricalCrossentropy,
  Dense,
  digest,
  distill,
  type Loss,
  type LossName,
  meanSquaredError,
  measure,
  ones,
  predictNetwork,
  quantize,
  r2,
  reshape,
  Sequential,
  sparseCategoricalCrossentropy,
  type Tensor,
  tensor,
  toNetwork,
  topKAccuracy,
} from '../../src/index.ts';
import { labels, of } from './tools.ts';

/** What a loss asks of targets is made of what people have, and what it cannot take is told with its place. */

type Activation = 'linear' | 'sigmoid' | 'softmax';
function net(units: number, activation: Activation, loss: LossName | Loss, inputs = 2): Sequential {
  const model = new Sequential([new Dense(units, { activation, inputShape: [inputs] })], { seed: 3 });
  model.compile({ optimizer: 'sgd', loss });
  return model;
}
const x = of([0.1, 0.2, -0.4, 0.3, 0.9, -0.2, 0.5, 0.6], [4, 2], 'float32');

/** The weights after training. */
const trained = (
  model: Sequential,
  xs: Parameters<Sequential['fit']>[0],
  y: Parameters<Sequential['fit']>[1],
): string => {
  model.fit(xs, y, { epochs: 2, batchSize: 3 });
  return digest(model);
};

describe('targets are taken as people have them:', () => {
  test('class numbers of any type and shape', () => {
    const wanted = trained(net(3, 'softmax', 'sparseCategoricalCrossentropy'), x, labels([0, 2, 1, 2]));
    for (const y of [
      of([0, 2, 1, 2], [4], 'float32'),
      of([0, 2, 1, 2], [4, 1], 'float64'),
      tensor(Uint8Array.of(0, 2, 1, 2)),
      [0, 2, 1, 2],
      [[0], [2], [1], [2]],
      Float32Array.of(0, 2, 1, 2),
      Int32Array.of(0, 2, 1, 2),
      Uint8Array.of(0, 2, 1, 2),
    ])
      expect(trained(net(3, 'softmax', 'sparseCategoricalCrossentropy'), x, y)).toBe(wanted);
  });

  test('two classes into one sigmoid, and numbers into one output', () => {
    for (const [activation, loss] of [
      ['sigmoid', 'binaryCrossentropy'],
      ['linear', 'mse'],
      ['linear', 'hinge'],
    ] as const) {
      const wanted = trained(net(1, activation, loss), x, of([0, 1, 1, 0], [4, 1], 'float32'));
      for (const y of [
        labels([0, 1, 1, 0]),
        of([0, 1, 1, 0], [4], 'float32'),
        tensor([false, true, true, false]),
        [0, 1, 1, 0],
      ])
        expect(trained(net(1, activation, loss), x, y)).toBe(wanted);
    }
  });

  test('the text target of a table', () => {
    const { features, target } = tableFromCSV('a,y\n1,no\n2,yes\n3,no\n4,yes\n', { target: 'y' });
    const model = net(1, 'sigmoid', 'binaryCrossentropy', 1);
    const { history } = model.fit(features, target);
    expect(history.loss![0]).toBe(
      net(1, 'sigmoid', 'binaryCrossentropy', 1).fit(features, [0, 1, 0, 1]).history.loss![0],
    );
  });

  test('a loss of the user is handed them as they are', () => {
    const seen: string[] = [];
    const own: Loss = {
      name: 'own',
      call: (y, p) => {
        seen.push(`${y.dtype} ${y.shape.join('x')}`);
        return reshape(p, [p.size]);
      },
    };
    net(1, 'linear', own).fit(x, labels([3, 4, 5, 6]));
    expect(seen).toEqual(['int32 4']);
  });
});

describe('samples may be nested or typed arrays', () => {
  const nested = x.toArray() as number[][];
  const flat = Float64Array.from(x.data);
  const y = of([1, 2, 3, 4], [4, 1], 'float32');

  test.each([
    ['nested arrays', nested],
    ['a flat typed array of a model whose inputs are known', flat],
    ['rows that are typed arrays', nested.map((row) => Float32Array.from(row)) as never],
  ])('%s', (_, given) => {
    const model = net(1, 'linear', 'mse');
    const wanted = net(1, 'linear', 'mse');
    expect(trained(model, given, [1, 2, 3, 4])).toBe(trained(wanted, x, y));
    expect(model.evaluate(given, [[1], [2], [3], [4]])).toEqual(wanted.evaluate(x, y));
    expect([...model.predict(given).data]).toEqual([...wanted.predict(x).data]);
    expect(model.trainOnBatch(given, Float32Array.of(1, 2, 3, 4))).toEqual(wanted.trainOnBatch(x, y));
    const fitted = model.fit(given, y, { validationData: [given, [1, 2, 3, 4]], sampleWeight: [1, 1, 2, 1] });
    const sampleWeight = tensor([1, 1, 2, 1]);
    expect(fitted).toEqual(wanted.fit(x, y, { validationData: [x, y], sampleWeight }));
    expect(measure(model, { samples: [given, [1, 2, 3, 4]], latency: false })).toEqual(
      measure(wanted, { samples: [x, y], latency: false }),
    );
    expect([...predictNetwork(toNetwork(model), given).data]).toEqual([...predictNetwork(toNetwork(model), x).data]);
    const student = net(1, 'linear', 'mse');
    const soft = { teacher: model, student, epochs: 1 };
    expect(distill({ ...soft, x: given, y: [1, 2, 3, 4] }).history).toEqual(distill({ ...soft, x, y }).history);
  });

  test('of several inputs or outputs, or of a model that is not built', () => {
    const lazy = (): Sequential => {
      const model = new Sequential([new Dense(1)], { seed: 3 });
      model.compile({ optimizer: 'sgd', loss: 'mse' });
      return model;
    };
    expect(trained(lazy(), nested, [1, 2, 3, 4])).toBe(trained(net(1, 'linear', 'mse'), x, y));
    const double = new Sequential([new Dense(1, { inputShape: [2] })], { dtype: 'float64', seed: 1 });
    expect(double.predict(nested).dtype).toBe('float64');
  });

  test('but not what is neither', () => {
    const model = net(1, 'linear', 'mse');
    for (const wrong of [null, undefined, 'abc', {}, 5, [x, x]] as never[])
      expect(() => model.fit(wrong, y)).toThrow('fit: x must be a tensor');
    expect(() => model.fit([[1, 2], [3]], y)).toThrow('ragged');
    expect(() => model.fit(nested, [1, 2, 3])).toThrow('x and y must have the same number of samples');
  });
});

describe('what a loss cannot take is told with the number of the sample:', () => {
  const many = ones([100, 1]);
  const at = (i: number, value: number, n = 100): Int32Array => {
    const list = new Int32Array(n);
    list[i] = value;
    return list;
  };

  test('a label that is none', () => {
    const model = net(3, 'softmax', 'sparseCategoricalCrossentropy', 1);
    const before = digest(model);
    const said = 'y of sample 77 must be a whole number from 0 to 2, got 9';
    expect(() => model.fit(many, at(77, 9))).toThrow(`fit: ${said}`);
    expect(() => model.evaluate(many, at(77, 9))).toThrow(`evaluate: ${said}`);
    expect(() => model.trainOnBatch(many, at(77, 9))).toThrow(`trainOnBatch: ${said}`);
    expect(() => model.fit(many, at(77, 2), { validationData: [many, at(5, -1)] })).toThrow(
      'fit: y of validationData of sample 5 must be a whole number from 0 to 2, got -1',
    );
    expect(() =>
      model.fit(
        many,
        Float32Array.from(at(3, 1), (v) => v / 2),
      ),
    ).toThrow('y of sample 3 must be');
    expect(() =>
      model.fit(
        many,
        new Int32Array(100).map((_, i) => 1 + (i % 3)),
      ),
    ).toThrow('do the labels begin with 1?');
    expect(digest(model)).toBe(before);
  });

  test('a probability that is none, a side that is none', () => {
    expect(() => net(1, 'sigmoid', 'binaryCrossentropy', 1).fit(many, at(41, 2))).toThrow(
      'y of sample 41 must be from 0 to 1, as binaryCrossentropy needs it (several classes: a unit each, softmax and ',
    );
    expect(() => net(1, 'linear', 'hinge', 1).fit(many, at(8, -2))).toThrow('y of sample 8 must be from -1 to 1');
    const rows = of([0, 1, 1, 0, 0, -1, 1, 0], [4, 2], 'float32');
    expect(() => net(2, 'softmax', 'categoricalCrossentropy').fit(x, rows)).toThrow(
      'y of sample 2 must be from 0 to 1',
    );
    const [more, none] = [
      [0, 1, 1, 1],
      [0, 1, 0, 0],
    ].map((own) => of([...own, 0, 1, 1, 0], [4, 2], 'float32'));
    for (const loss of ['categoricalCrossentropy', 'klDivergence'] as const)
      for (const y of [more!, none!])
        expect(() => net(2, 'softmax', loss).fit(x, y)).toThrow(
          'y of sample 1 must be a row of classes that add up to 1',
        );
  });

  test('classes in the form of the other loss, with the remedy', () => {
    const hot = of([0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0], [4, 3], 'float32');
    expect(() => net(3, 'softmax', 'sparseCategoricalCrossentropy').fit(x, hot)).toThrow('use categoricalCrossentropy');
    expect(() => net(3, 'softmax', 'categoricalCrossentropy').fit(x, labels([0, 1, 2, 1]))).toThrow(
      'use sparseCategoricalCrossentropy',
    );
    expect(() => net(3, 'linear', 'mse').fit(x, [0.1, 0.2, 0.3, 0.4])).toThrow('give the last layer one unit');
  });
});

test('labels of samples of weight 0 may be anything', () => {
  const train = (y: number[]): string => {
    const model = net(3, 'softmax', 'sparseCategoricalCrossentropy');
    model.fit(x, y, { epochs: 3, sampleWeight: [1, 0, 1, 1] });
    model.trainOnBatch(x, y, [1, 0, 1, 1]);
    return digest(model);
  };
  const wanted = train([0, 1, 2, 1]);
  for (const odd of [-1, 255, Number.NaN, 0.5]) expect(train([0, odd, 2, 1])).toBe(wanted);
  expect(() => train([0, 1, -1, 1])).toThrow('y of sample 2 must be a whole number');
  const bits = net(1, 'sigmoid', 'binaryCrossentropy');
  bits.fit(x, [0, 7, 1, 0], { sampleWeight: [1, 0, 1, 1] });
  expect(() => bits.fit(x, [0, 7, 1, 0])).toThrow('y of sample 1 must be from 0 to 1');
});

describe('a head that cannot learn is refused with the remedy:', () => {
  test.each<readonly [units: number, Activation, LossName | Loss, string]>([
    [1, 'softmax', 'categoricalCrossentropy', 'a softmax of one number is always 1'],
    [1, 'softmax', 'mse', 'a softmax of one number is always 1'],
    [1, 'sigmoid', 'sparseCategoricalCrossentropy', 'one class alone is always right'],
    [1, 'linear', sparseCategoricalCrossentropy({ fromLogits: true }), 'one class alone is always right'],
    [3, 'linear', 'categoricalCrossentropy', 'end in softmax, or use categoricalCrossentropy({ fromLogits: true })'],
    [3, 'linear', 'sparseCategoricalCrossentropy', 'end in softmax, or use sparseCategoricalCrossentropy({ fromLogits'],
    [1, 'linear', 'binaryCrossentropy', 'end in sigmoid, or use binaryCrossentropy({ fromLogits: true })'],
    [3, 'linear', 'klDivergence', 'end in softmax, got'],
    [1, 'sigmoid', binaryCrossentropy({ fromLogits: true }), 'logits can be any number; leave out sigmoid'],
    [1, 'sigmoid', 'hinge', 'margins are negative for no'],
  ])('%i units of %s: %#', (units, activation, loss, said) => {
    const y: Tensor =
      typeof loss === 'string' && loss.startsWith('sparse')
        ? labels([0, 0, 0, 0])
        : of(
            Array.from({ length: 4 * units }, (_, i) => Number(i % units === 0)),
            [4, units],
            'float32',
          );
    const targets = typeof loss === 'object' && loss.name.startsWith('sparse') ? labels([0, 0, 0, 0]) : y;
    const model = net(units, activation, loss);
    const before = digest(model);
    for (const use of ['fit', 'trainOnBatch'] as const) {
      expect(() => model[use](x, targets)).toThrow(
        `${use}: what ${model.loss.name} is given must be something that can learn`,
      );
      expect(() => model[use](x, targets)).toThrow(said);
    }
    expect(digest(model)).toBe(before);
    model.evaluate(x, targets); // measures all the same
    const odd = of([0, 1, 0, 1], [4, 1], 'float32'); // the head is named before its targets
    if (activation === 'softmax') expect(() => model.fit(x, odd)).toThrow('a softmax of one number is always 1');
  });
});

test('calibration samples may be nested or typed arrays too', () => {
  const model = net(2, 'linear', 'mse');
  const wanted = quantize(model, { calibration: x });
  for (const given of [x.toArray() as number[][], Float32Array.from(x.data), [x]])
    expect(quantize(model, { calibration: given })).toEqual(wanted);
});

describe('a loss or metric may be given as', () => {
  test('the function that makes it, uncalled', () => {
    const given = net(3, 'softmax', categoricalCrossentropy as never);
    expect([given.loss.name, given.loss.activation]).toEqual(['categoricalCrossentropy', 'softmax']);
    given.compile({ loss: meanSquaredError, metrics: [r2, auc, topKAccuracy] });
    expect([given.loss.name, ...given.metrics.map(({ name }) => name)]).toEqual(['mse', 'r2', 'auc', 'top_5_accuracy']);
  });

  test('but not what is neither a name, a function nor what those make', () => {
    const model = net(1, 'linear', 'mse');
    for (const wrong of [null, 5, {}, { name: 'x' }, [null]] as never[]) {
      expect(() => model.compile({ loss: wrong })).toThrow(/^compile: loss must be/);
      expect(() => model.compile({ loss: 'mse', metrics: [wrong] })).toThrow(
        /^compile: (a metric must be|metrics must)/,
      );
    }
    expect(() => model.compile({ loss: 'mse', metrics: [() => 5] as never })).toThrow(
      'compile: a metric must be a name',
    );
  });
});
