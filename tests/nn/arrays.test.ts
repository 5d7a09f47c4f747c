import { describe, expect, test } from 'vitest';
import {
  auc,
  calibrationError,
  classesOf,
  compare,
  confusionMatrix,
  Dense,
  Flatten,
  fromData,
  measure,
  outputsOf,
  Sequential,
  type Tensor,
  tensor,
  topKAccuracy,
} from '../../src/index.ts';
import { r2 } from '../../src/nn/metric.ts';
import { metricOf } from '../../src/nn/metrics.ts';
import type { Outputs } from '../../src/nn/outputs.ts';
import { checkSamples, tensorsOf } from '../../src/nn/samples.ts';

const model = (loss = 'mse' as const): Sequential => {
  const made = new Sequential([new Dense(1, { inputShape: [2] })]);
  made.compile({ loss });
  return made;
};

describe('samples in typed arrays', () => {
  const like = { shapes: [[2]] };

  test('of integers are floats of the model, flat or in rows; those for labels stay integers', () => {
    for (const array of [Uint8Array, Int8Array, Int32Array, Uint8ClampedArray, Uint16Array, Int16Array, Uint32Array]) {
      const flat = array.of(1, 2, 3, 100);
      for (const x of [flat, [flat.subarray(0, 2), flat.subarray(2)]]) {
        const [t] = tensorsOf('fit', 'x', x as never, 1, { ...like, dtype: 'float64' });
        expect([t!.dtype, t!.shape, ...t!.data]).toEqual(['float64', [2, 2], 1, 2, 3, 100]);
      }
      const { ys } = checkSamples('fit', model(), [[1, 2]], array.of(7));
      expect([ys[0]!.dtype.replace(/^u/, '').slice(0, 3), ...ys[0]!.data]).toEqual(['int', 7]);
    }
    const { ys } = checkSamples('fit', model(), [[1, 2]], Uint32Array.of(4e9));
    expect([ys[0]!.dtype, ...ys[0]!.data]).toEqual(['float32', 4e9]);
  });

  test('of pixels train and predict', () => {
    const net = new Sequential([new Flatten({ inputShape: [2, 1] }), new Dense(1)]);
    net.compile({ loss: 'mse' });
    const pixels = Uint8Array.of(0, 255, 255, 0);
    net.fit(pixels, [1, 0], { epochs: 1 });
    const wanted = net
      .predict([
        [[0], [255]],
        [[255], [0]],
      ])
      .toArray();
    expect(net.predict(pixels).toArray()).toEqual(wanted);
    expect(net.predict(Uint8ClampedArray.from(pixels)).toArray()).toEqual(wanted);
  });
});

describe('samples that are no numbers are refused with function, argument and sample', () => {
  const x = [
    [1, 2],
    [3, 4],
  ];
  test.each<[string, unknown, unknown, string]>([
    ['text labels', x, ['cat', 'dog'], 'fit: sample 0 of y must be of numbers, got "cat". Map text to class numbers'],
    ['numbers as text', x, [1, '2'], 'fit: sample 1 of y must be of numbers, got "2". Number(text)'],
    [
      'text in a row',
      [
        [1, 2],
        [3, 'red'],
      ],
      [1, 2],
      'fit: sample 1 of x must be of numbers, got "red". Put a number',
    ],
    [
      'null',
      [
        [1, 2],
        [3, null],
      ],
      [1, 2],
      'fit: sample 1 of x must be of numbers, got null',
    ],
    ['a hole', x, [1, undefined], 'fit: sample 1 of y must be of numbers, got undefined'],
    ['BigInt', x, [1, 2n], 'fit: sample 1 of y must be of numbers, got 2. Number(value)'],
    ['BigInts', BigUint64Array.of(1n, 2n), [1], 'fit: x must be an array of numbers'],
    ['bytes of any kind', new DataView(new ArrayBuffer(8)), [1], 'fit: x must be an array of numbers'],
    [
      'ragged rows',
      [
        [1, 2],
        [3, 4, 5],
      ],
      [1, 2],
      'fit: the nested arrays are ragged: sample 1 of x has 3 entries, not 2',
    ],
    ['a number among rows', [[1, 2], 3], [1, 2], 'ragged: sample 1 of x has a number, not 2 entries'],
  ])('%s', (_, given, y, message) => {
    expect(() => model().fit(given as never, y as never)).toThrow(message);
  });

  test('numbers in a row for a model that does not know its inputs, with the line to write', () => {
    const open = (): Sequential => {
      const made = new Sequential([new Dense(1)]);
      made.compile({ loss: 'mse' });
      return made;
    };
    expect(() => open().fit([0, 1, 2], [0, 2, 4])).toThrow('x.map((v) => [v])');
    expect(() => open().fit(Float32Array.of(0, 1, 2), [0, 2, 4])).toThrow('Array.from(x, (v) => [v])');
    expect(() => open().fit([[0], [1], [2]], [0, 2, 4], { epochs: 1 })).not.toThrow();
  });
});

describe('predictions in arrays', () => {
  test('are classes where they are whole numbers in a row, else probabilities', () => {
    const diagonal = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 1, 1],
    ];
    for (const said of [[0, 1, 2, 1], Int32Array.of(0, 1, 2, 1), Uint16Array.of(0, 1, 2, 1)])
      expect(confusionMatrix([0, 1, 2, 2], said, 3)).toEqual(diagonal);
    expect(confusionMatrix([0, 1, 2, 2], [0, 1, 2, 1], 3, { coding: 'classes', scale: 'probabilities' })).toEqual(
      diagonal,
    );
    expect([...classesOf([2, 0])]).toEqual([2, 0]);
    expect([
      ...classesOf([
        [0.2, 0.8],
        [0.6, 0.4],
      ]),
    ]).toEqual([1, 0]);
    expect([...classesOf(Float32Array.of(0.4, 0.6))]).toEqual([0, 1]);
    expect([...classesOf([-1, 2], { scale: 'logits' })]).toEqual([0, 1]);
  });

  test('are counted by the metrics as tensors are', () => {
    const labels = [0, 1, 1, 0];
    const said = [0.2, 0.6, 0.4, 0.5];
    const rows = said.map((p) => [1 - p, p]);
    for (const [metric, p] of [
      [auc(), said],
      [calibrationError(4), said],
      [r2(), said],
      [topKAccuracy(1), rows],
    ] as const) {
      const plain = metric.create();
      plain.update(labels, p);
      const typed = metric.create();
      typed.update(Uint8Array.from(labels), tensor(p, { dtype: 'float64' }));
      expect(plain.result()).toBe(typed.result());
      expect(plain.result()).not.toBeNaN();
    }
    expect(() =>
      auc()
        .create()
        .update(['a'] as never, [0.5]),
    ).toThrow('auc: sample 0 of labels must be of numbers');
  });

  test('have a whole number of classes', () => {
    for (const classes of [0, 2.5, Number.NaN, undefined as never])
      expect(() => confusionMatrix([0], [0], classes)).toThrow(
        'confusionMatrix: classes must be an integer of at least 1',
      );
  });

  test('that cannot be probabilities are refused only where nobody said what they mean', () => {
    const remedy = 'pass outputsOf(model)';
    for (const z of [tensor([[0.3], [1.1]]), [[0.3], [-0.1]], Float32Array.of(-2, 3)]) {
      expect(() => classesOf(z)).toThrow(remedy);
      expect(() => confusionMatrix([0, 1], z, 2)).toThrow(remedy);
      expect(() =>
        metricOf('accuracy')
          .create()
          .update(tensor([0, 1]), tensor(z)),
      ).toThrow(remedy);
      expect(() => classesOf(z, { scale: 'logits' })).not.toThrow();
      expect(() => confusionMatrix([0, 1], z, 2, outputsOf(model()))).not.toThrow();
    }
    expect([...classesOf([[1.000001], [-0.000001], [Number.NaN]])]).toEqual([1, 0, -1]);
    expect([...classesOf([[-3, -2]])]).toEqual([1]);
  });
});

describe('outputs that do not say how they are meant are refused', () => {
  const y = fromData(Float32Array.of(0, 1), [2, 1]);
  const x = [
    [0, 1],
    [1, 0],
  ];
  const uses: Record<string, (outputs: Outputs) => unknown> = {
    measure: (outputs) => measure(model(), { samples: [x, y], outputs, latency: false }),
    compare: (outputs) => compare(model(), model(), { samples: [x, y], outputs, latency: false }),
    classesOf: (outputs) => classesOf(y, outputs),
    confusionMatrix: (outputs) => confusionMatrix(y, y, 2, outputs),
    auc: (outputs) => auc().create(outputs),
    r2: (outputs) => r2().create(outputs),
    compile: (outputs) => model().compile({ loss: { name: 'own', call: (_: Tensor, p: Tensor) => p, outputs } }),
  };

  test.each(Object.entries(uses))('by %s', (name, use) => {
    const good: Outputs = { coding: 'classes', scale: 'probabilities' };
    expect(() => use(good)).not.toThrow();
    expect(() => use({ ...good, coding: 'class' } as never)).toThrow(
      `${name}: coding of outputs must be classes or labels or numbers, got "class"`,
    );
    expect(() => use({ ...good, scale: 'logit' } as never)).toThrow(`${name}: scale of outputs must be`);
    expect(() => use({ ...good, fromLogits: true } as never)).toThrow(`${name}: fromLogits must be one of the options`);
    for (const other of [null, 'logits'] as never[]) expect(() => use(other)).toThrow(`${name}: `);
  });
});
