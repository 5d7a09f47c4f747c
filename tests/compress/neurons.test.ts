import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Activation,
  cloneModel,
  compare,
  Dense,
  type DenseOptions,
  Dropout,
  digest,
  Flatten,
  fromData,
  Layer,
  l2,
  prune,
  pruneNeurons,
  Sequential,
  StateError,
  sparseCategoricalCrossentropy,
  type Tensor,
  ValueError,
} from '../../src/index.ts';
import { articleModel, denseOf, normal, quick, smallModel, threeClasses, values } from './tools.ts';

/** L1 norm of each column, in plain loops. */
function norms(kernel: Tensor): number[] {
  const [rows, cols] = kernel.shape as [number, number];
  const data = values(kernel);
  return Array.from({ length: cols }, (_, j) =>
    Array.from({ length: rows }, (_, i) => Math.abs(data[i * cols + j]!)).reduce((p, q) => p + q, 0),
  );
}

/** Places of the `count` largest, rising; of equals the first. */
function largest(scores: readonly number[], count: number): number[] {
  const left = scores.map((score, i) => ({ score, i }));
  const kept: number[] = [];
  for (let k = 0; k < count; k++) {
    let best = 0;
    left.forEach(({ score }, at) => {
      if (score > left[best]!.score) best = at;
    });
    kept.push(...left.splice(best, 1).map(({ i }) => i));
  }
  return kept.sort((p, q) => p - q);
}

/** A copy in which the next layer does not hear the neurons that are not kept. */
function silenced(model: Sequential, next: number, kept: readonly number[]): Sequential {
  const copy = cloneModel(model);
  const { kernel } = denseOf(copy, next);
  const width = kernel.shape[1]!;
  for (let i = 0; i < kernel.size; i++) {
    if (!kept.includes(Math.floor(i / width))) kernel.storage.array[i] = 0;
  }
  return copy;
}

const column = (kernel: Tensor, j: number): number[] => values(kernel).filter((_, at) => at % kernel.shape[1]! === j);

describe('pruneNeurons', () => {
  test("halves the article's first hidden layer: 11,274 parameters become 5,994", () => {
    const model = articleModel();
    const before = digest(model);
    const pruned = pruneNeurons(model, { layer: 0, amount: 0.5 });
    const report = compare(model, pruned, quick);
    expect([report.before.parameters, report.after.parameters]).toEqual([11274, 5994]);
    expect([report.before.macs, report.after.macs]).toEqual([11136, 5888]);
    expect(report.after.bytes).toBeLessThan(0.57 * report.before.bytes);
    expect(pruned.parameterCount).toBe(5994);
    expect(digest(model)).toBe(before);
    expect(pruned.layers.map(({ name, type }) => [name, type])).toEqual(
      model.layers.map(({ name, type }) => [name, type]),
    );
    expect(pruned.summary()).toMatch(/dense \(dense\) +\[batch, 32\] +3,232\n/);
    expect(pruned.summary()).toMatch(/Parameters: 5,994/);
    expect(report.notes[0]).toBe('5994 parameters instead of 11274, 5888 multiply-adds instead of 11136');
    const y = fromData(Int32Array.from({ length: 20 }, (_, i) => i % 10));
    expect(pruned.fit(normal([20, 100]), y, { epochs: 2 }).epochs).toEqual([0, 1]);
  });

  test('gives what the whole network gives when the neurons are masked', () => {
    const activation = fc.constantFrom('linear', 'relu', 'tanh', 'sigmoid', 'leakyRelu', 'softplus');
    const size = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(
        size,
        size,
        size,
        activation,
        fc.nat(1000),
        fc.integer({ min: 0, max: 100 }).map((n) => n / 100),
        (a, b, c, f, seed, part) => {
          const first = new Dense(b, { activation: f as 'relu', biasInitializer: 'heNormal', inputShape: [a] });
          const model = new Sequential([first, new Dropout(0.3), new Dense(c, { biasInitializer: 'ones' })], { seed });
          const removed = Math.floor(part * (b - 0.001));
          const pruned = pruneNeurons(model, { layer: 0, amount: removed });
          const kept = largest(norms(first.kernel), b - removed);
          const x = normal([4, a], seed);
          const [small, masked] = [pruned, silenced(model, 2, kept)].map((m) => m.predict(x).data);
          small!.forEach((y, i) => {
            expect(Math.abs(y - masked![i]!)).toBeLessThanOrEqual(2 ** -23 * b * Math.max(1, Math.abs(y)));
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  test('keeps the neurons with the largest L1 norms, in order, of equals the first', () => {
    const model = articleModel();
    const { kernel, bias } = denseOf(model, 0);
    for (const at of [3, 40]) for (let i = 0; i < 100; i++) kernel.storage.array[i * 64 + at] = i % 7; // a tie
    bias!.storage.array.set(Float32Array.from({ length: 64 }, (_, j) => j));
    const kept = largest(norms(kernel), 20);
    expect(kept).toContain(3);
    const pruned = pruneNeurons(model, { layer: 'dense', amount: 44 });
    const own = denseOf(pruned, 0);
    expect(values(own.bias!)).toEqual(kept);
    kept.forEach((j, at) => {
      expect(column(own.kernel, at)).toEqual(column(kernel, j));
    });
    const rows = kept.flatMap((j) => values(denseOf(model, 2).kernel).slice(j * 64, (j + 1) * 64));
    expect(values(denseOf(pruned, 2).kernel)).toEqual(rows);
  });

  test('keeps a neuron whose weights are NaN, so that a broken training shows', () => {
    const model = smallModel();
    denseOf(model, 0).kernel.storage.array[2] = Number.NaN; // row 0, neuron 2
    const pruned = pruneNeurons(model, { layer: 0, amount: 6 });
    expect(denseOf(pruned, 0).kernel.data[0]).toBeNaN();
  });

  test('sees through activations, dropout and a flatten of one axis', () => {
    const between = [new Activation('relu'), new Dropout(0.5), new Flatten(), new Activation('tanh')];
    const model = new Sequential([new Dense(6, { inputShape: [4] }), ...between, new Dense(2)]);
    const pruned = pruneNeurons(model, { layer: 0, amount: 0.5 });
    expect(denseOf(pruned, -1).kernel.shape).toEqual([3, 2]);
    const kept = largest(norms(denseOf(model, 0).kernel), 3);
    const x = normal([5, 4]);
    expect(values(pruned.predict(x))).toEqual(values(silenced(model, 5, kept).predict(x)));
  });

  test('acts on the last axis of samples with several, and keeps a first Flatten', () => {
    const rows = new Sequential([new Dense(6, { inputShape: [3, 4] }), new Dense(2), new Flatten()]);
    expect(pruneNeurons(rows, { layer: 0, amount: 2 }).outputShape).toEqual([6]);
    const flat = new Sequential([new Dense(6, { inputShape: [3, 4] }), new Flatten(), new Dense(2)]);
    expect(denseOf(pruneNeurons(flat, { layer: 0, amount: 2 }), 2).kernel.shape).toEqual([12, 2]);
    const image = new Sequential([new Flatten({ inputShape: [2, 2] }), new Dense(6), new Dense(2)]);
    expect(pruneNeurons(image, { layer: 1, amount: 2 }).parameterCount).toBe(4 * 4 + 4 + 4 * 2 + 2);
  });

  test('removes a share below 1, rounded, or a number', () => {
    const units = (amount: number): number => denseOf(pruneNeurons(articleModel(), { layer: 2, amount }), 2).units;
    expect([0, 0.5, 0.01, 0.1, 1, 63].map(units)).toEqual([64, 32, 63, 58, 63, 1]);
  });

  test('carries masks, regularizers, names and trainable along', () => {
    const options: DenseOptions = { kernelRegularizer: l2(0.1), activation: 'relu' };
    const sparse = prune(
      new Sequential([
        new Dense(8, { ...options, name: 'one', inputShape: [5] }),
        new Dense(6, { ...options, name: 'two', useBias: false }),
        new Dense(3, { name: 'three' }),
      ]),
      { sparsity: 0.5 },
    );
    sparse.layer('two').trainable = false;
    const pruned = pruneNeurons(sparse, { layer: 'two', amount: 0.5 });
    expect(pruned.layers.map(({ name, trainable }) => [name, trainable])).toEqual([
      ['one', true],
      ['two', false],
      ['three', true],
    ]);
    expect(denseOf(pruned, 'two').bias).toBeNull();
    expect(pruned.weights.map(({ name, regularizer }) => [name, regularizer?.l2])).toEqual([
      ['one/kernel', 0.1],
      ['one/bias', undefined],
      ['two/kernel', 0.1],
      ['three/kernel', undefined],
      ['three/bias', undefined],
    ]);
    for (const name of ['one', 'two', 'three']) {
      const kernel = denseOf(pruned, name).weights[0]!;
      expect(values(kernel.mask!)).toEqual(values(kernel).map((w) => Number(w !== 0)));
    }
    const [x, y] = threeClasses();
    pruned.compile({ optimizer: 'adam', loss: sparseCategoricalCrossentropy({ fromLogits: true }) });
    const mask = values(denseOf(pruned, 'three').weights[0]!.mask!);
    pruned.fit(x, y, { epochs: 2 });
    expect(values(denseOf(pruned, 'three').kernel).every((w, i) => mask[i] === 1 || Object.is(w, 0))).toBe(true);
  });

  test('leaves both layers that it makes anew with every option', () => {
    const options: DenseOptions = {
      activation: { name: 'leakyRelu', alpha: 0.4 },
      kernelInitializer: 'orthogonal',
      biasInitializer: 'ones',
      kernelRegularizer: l2(0.1),
      biasRegularizer: 'l1',
      activityRegularizer: l2(0.3),
    };
    const layers = (units: number): Layer[] => [
      new Dense(units, { ...options, name: 'one', inputShape: [5] }),
      new Dropout(0.4, { training: true, name: 'drop' }),
      new Dense(6, { ...options, name: 'two', useBias: false }),
      new Dense(3, { activation: 'softmax', name: 'three' }),
    ];
    const model = new Sequential(layers(8), { seed: 3 });
    model.layer('two').trainable = false;
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'], replay: false });
    const pruned = pruneNeurons(model, { layer: 'one', amount: 3 });
    const wanted = new Sequential(layers(5), { seed: 3 });
    wanted.setWeights(pruned.getWeights());
    wanted.compile({ optimizer: 'sgd', loss: pruned.loss, metrics: pruned.metrics });
    wanted.layer('two').trainable = false;
    expect(pruned.replay).toBe(false);
    const [x, y] = threeClasses();
    expect(pruned.evaluate(x, y)).toEqual(wanted.evaluate(x, y));
    for (const one of [pruned, wanted]) one.fit(x, y, { epochs: 2 });
    expect(digest(pruned)).toBe(digest(wanted));
    // Layers cloned once more begin as those of the first model did.
    const again = new Sequential(
      pruned.layers.map((layer) => layer.clone()),
      { seed: 3 },
    );
    expect(digest(again)).toBe(digest(new Sequential(layers(5), { seed: 3 })));
  });

  test('works on float64 models', () => {
    const pruned = pruneNeurons(smallModel(1, 'float64'), { layer: 0, amount: 3 });
    expect([pruned.dtype, denseOf(pruned, 3).kernel.dtype]).toEqual(['float64', 'float64']);
  });

  test('at random, the baseline, depends on the seed and on nothing else', () => {
    const random = (seed: number): string =>
      digest(pruneNeurons(articleModel(seed), { layer: 0, amount: 0.5, criterion: 'random' }));
    expect(random(1)).toBe(random(1));
    expect(random(1)).not.toBe(random(2));
    expect(random(1)).not.toBe(digest(pruneNeurons(articleModel(1), { layer: 0, amount: 0.5 })));
    const drawn = (seed?: number): string => {
      const options = { layer: 0, amount: 0.5, criterion: 'random' } as const;
      return digest(pruneNeurons(articleModel(1), seed === undefined ? options : { ...options, seed }));
    };
    expect([drawn(1), drawn(7) === drawn(8)]).toEqual([drawn(), false]);
    const noSeed = { layer: 0, amount: 1, seed: 0.5 };
    expect(() => pruneNeurons(articleModel(), noSeed)).toThrow('pruneNeurons: seed must be');
  });

  test('leaves the count of steps, by which dropout draws', () => {
    const model = articleModel();
    model.steps = 17;
    expect(pruneNeurons(model, { layer: 0, amount: 3 }).steps).toBe(17);
  });

  test('refuses what cannot lose neurons, and says why', () => {
    const on =
      (layers: Layer[], layer: number | string = 0) =>
      () =>
        pruneNeurons(new Sequential(layers), { layer, amount: 1 });
    const first = (options: DenseOptions = {}): Dense => new Dense(6, { ...options, inputShape: [4] });
    expect(on([first()])).toThrow('pruneNeurons: neurons of dense cannot be removed: it is an output');
    expect(on([first(), new Activation('relu')])).toThrow('they go with those of activation, an output');
    expect(on([first({ activation: 'softmax' }), new Dense(2)])).toThrow('the softmax of dense ties them together');
    expect(on([first(), new Activation('softmax'), new Dense(2)])).toThrow(
      'the softmax of activation ties them together',
    );
    expect(on([first(), new Dropout(0.1), new Dense(2)], 1)).toThrow(
      'pruneNeurons: layer must be one that makes neurons of its own, got "dropout (dropout)',
    );
    expect(on([first(), new Dense(2)], 'nothing')).toThrow(ValueError);
    class Mine extends Layer {
      override readonly type = 'mine';
      override build(inputShape: readonly number[]): readonly number[] {
        return inputShape;
      }
      override call(x: Tensor): Tensor {
        return x;
      }
      override clone(): Mine {
        return new Mine();
      }
    }
    expect(on([first(), new Mine(), new Dense(2)])).toThrow('it is not known how mine of type mine treats them');
    const unbuilt = new Sequential([new Dense(4), new Dense(2)]);
    expect(() => pruneNeurons(unbuilt, { layer: 0, amount: 1 })).toThrow(StateError);
  });

  test('refuses an amount out of range and an unknown criterion', () => {
    for (const amount of [-0.1, 64, 100, 1.5, 0.999, Number.NaN]) {
      expect(() => pruneNeurons(articleModel(), { layer: 0, amount })).toThrow(
        /amount must be a share below 1 that leaves some of the 64 neurons of \w+, or a number below them, got/,
      );
    }
    const criterion = 'l3' as 'random';
    expect(() => pruneNeurons(articleModel(), { layer: 0, amount: 1, criterion })).toThrow(
      'criterion must be magnitude, l2, flow, gamma, taylor, activation, zeros or random, or a Map of scores by layer',
    );
    for (const [given, meant] of [
      ['l1', 'magnitude'],
      ['APoZ', 'zeros'],
      ['tailor', 'taylor'],
      ['batchnorm', 'gamma'],
    ])
      expect(() => pruneNeurons(articleModel(), { layer: 0, amount: 1, criterion: given as 'random' })).toThrow(
        `got "${given}". Did you mean ${meant}?`,
      );
    expect(() => pruneNeurons(articleModel(), {})).toThrow(
      'got undefined. Or give a budget: { parameters } or { macs }',
    );
    expect(() => pruneNeurons(articleModel(), { layer: 'dense2', amount: 1 })).toThrow(
      'layer must be one of dense, dropout, dense_1, dropout_1, dense_2, got "dense2". Did you mean dense_2?',
    );
  });
});
