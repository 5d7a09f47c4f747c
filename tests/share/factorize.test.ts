import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Adam,
  Conv1D,
  Conv2D,
  Conv2DTranspose,
  cast,
  Dense,
  DepthwiseConv2D,
  decodeNetwork,
  encodeNetwork,
  type FactorizeOptions,
  factorizableLayers,
  factorize,
  GlobalAvgPool2D,
  input,
  type Layer,
  loadModel,
  Model,
  makePermanent,
  maxNorm,
  networkCost,
  predictNetwork,
  prepareQAT,
  prune,
  quantize,
  randomNormal,
  Sequential,
  StateError,
  saveModel,
  svd,
  type Tensor,
  toNetwork,
  ValueError,
} from '../../src/index.ts';
import { FIVE, tenClasses, trained } from '../compress/five-networks.ts';
import { digits, normal, smallModel, threeClasses, values } from '../compress/tools.ts';

const farthest = (a: Tensor, b: Tensor): number =>
  Math.max(0, ...Array.from(a.data, (x, i) => Math.abs(x - (b.data[i] as number))));

const FULL = { rank: 10_000, larger: true } as const;
const withBias = { biasInitializer: randomNormal(), activation: 'tanh' } as const;

function expectWhole(layer: Layer, inputShape: readonly number[], options: Partial<FactorizeOptions> = {}): Model {
  const model = new Sequential([layer], { seed: 5, dtype: 'float64' });
  model.build([inputShape]);
  const made = factorize(model, { ...FULL, ...options });
  const x = cast(normal([3, ...inputShape], 1), 'float64');
  expect(farthest(made.predict(x), model.predict(x))).toBeLessThan(1e-12);
  return made;
}
const shapesOf = (model: Model): (readonly number[])[] => model.layers.map((each) => each.parameter('kernel').shape);

describe('one layer at full rank is the same but for rounding', () => {
  const n = fc.integer({ min: 1, max: 4 });
  const pair = (max: number): fc.Arbitrary<[number, number]> =>
    fc.tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max }));
  const convolution = fc.record({
    taps: pair(4),
    strides: pair(3),
    dilationRate: pair(2),
    around: fc.constantFrom('same' as const, 'valid' as const, 'pairs' as const),
    units: fc.integer({ min: 1, max: 6 }),
    channels: n,
  });
  /** Zeros of other widths before and behind, within the window. */
  const paddingOf = (around: 'same' | 'valid' | 'pairs', taps: readonly number[]) =>
    around === 'pairs' ? taps.map((k) => [k - 1, k > 1 ? 1 : 0] as const) : around;

  test('a convolution of images, in both forms', () => {
    fc.assert(
      fc.property(convolution, fc.constantFrom<'channel' | 'spatial'>('channel', 'spatial'), (given, form) => {
        const { taps, strides, dilationRate, around, units, channels } = given;
        const padding = paddingOf(around, taps);
        const layer = new Conv2D(units, taps, { ...withBias, strides, dilationRate, padding });
        const made = expectWhole(layer, [9, 8, channels], { form });
        expect(made.layers.map(({ name }) => name)).toEqual(['conv2D/in', 'conv2D']);
        const [down, across] = taps;
        const [rows, columns] =
          form === 'spatial' ? [down * channels, across * units] : [down * across * channels, units];
        const r = Math.min(rows, columns);
        expect(shapesOf(made)).toEqual(
          form === 'spatial'
            ? [
                [down, 1, channels, r],
                [1, across, r, units],
              ]
            : [
                [down, across, channels, r],
                [1, 1, r, units],
              ],
        );
      }),
      { numRuns: 50 },
    );
  });

  test('of sequences, transposed, and dense on any axes', () => {
    fc.assert(
      fc.property(convolution, fc.boolean(), (given, useBias) => {
        const { taps, strides, dilationRate, around, units, channels } = given;
        const options = { ...withBias, useBias };
        const along = { strides: strides[0], dilationRate: dilationRate[0], padding: paddingOf(around, [taps[0]]) };
        expectWhole(new Conv1D(units, taps[0], { ...options, ...along }), [11, channels], { form: 'spatial' });
        const padding = paddingOf(around, taps);
        const layer = new Conv2DTranspose(units, taps, { ...options, strides, padding });
        const made = expectWhole(layer, [5, 6, channels]);
        expect(made.layers[0]).toBeInstanceOf(Conv2D);
        expectWhole(new Dense(units, options), taps);
      }),
      { numRuns: 25 },
    );
  });

  test('with samples too', () => {
    const calibration = cast(normal([40, 9, 8, 2], 3), 'float64');
    expectWhole(new Conv2D(5, 3, { ...withBias, padding: 'same' }), [9, 8, 2], { calibration });
    expectWhole(new Dense(20, withBias), [7], { calibration: cast(normal([40, 7], 3), 'float64') });
  });
});

describe('at a lower rank', () => {
  test('a product is the nearest matrix of that rank, and what is lost are the other singular values', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(99), (rank, seed) => {
        const model = new Sequential([new Dense(9, { inputShape: [12] })], { seed, dtype: 'float64' });
        model.build([12]);
        const kernel = model.layers[0]!.parameter('kernel').value.data;
        const made = factorize(model, { rank, larger: true });
        const [a, b] = made.layers.map((layer) => layer.parameter('kernel').value.data) as [Float64Array, Float64Array];
        let error = 0;
        for (let i = 0; i < 12; i++)
          for (let j = 0; j < 9; j++) {
            let sum = 0;
            for (let k = 0; k < rank; k++) sum += a[i * rank + k]! * b[k * 9 + j]!;
            error += (sum - (kernel[i * 9 + j] as number)) ** 2;
          }
        const { s } = svd(kernel as Float64Array, 12, 9);
        const lost = s.slice(rank).reduce((sum, x) => sum + x * x, 0);
        expect(error).toBeCloseTo(lost, 12);
        const [told] = factorizableLayers(model, { rank, larger: true });
        expect(told!.energy).toBeCloseTo(1 - lost / s.reduce((sum, x) => sum + x * x, 0), 12);
        expect(farthestOf(told!.singularValues, s)).toBeLessThan(1e-12);
        // Both sides of each vector are of one length
        for (let k = 0; k < rank; k++) {
          const column = Array.from({ length: 12 }, (_, i) => a[i * rank + k]! ** 2).reduce((p, q) => p + q);
          const row = Array.from({ length: 9 }, (_, j) => b[k * 9 + j]! ** 2).reduce((p, q) => p + q);
          expect(column).toBeCloseTo(row, 12);
        }
      }),
      { numRuns: 20 },
    );
  });
  const farthestOf = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
    Math.max(0, ...Array.from(a, (x, i) => Math.abs(x - b[i]!)));

  test('energy is the least rank that keeps it, 1 is what has all, 0 is rank 1', () => {
    const model = smallModel();
    for (const energy of [0, 0.3, 0.8, 0.95, 1]) {
      for (const layer of factorizableLayers(model, { energy, larger: true })) {
        expect(layer.energy).toBeGreaterThanOrEqual(energy - 1e-15);
        if (layer.rank === 1) continue;
        const squares = layer.singularValues.map((x) => x * x);
        const below = squares.slice(0, layer.rank - 1).reduce((p, q) => p + q, 0);
        expect(below / squares.reduce((p, q) => p + q, 0)).toBeLessThan(energy);
      }
    }
    expect(factorizableLayers(model, { energy: 0, larger: true }).map(({ rank }) => rank)).toEqual([1, 1, 1]);
  });

  test('ratio bounds the numbers of all kernels together, and gives more to layers that need it', () => {
    const model = FIVE.MLP!();
    const before = factorizableLayers(model, { rank: 1 }).reduce((sum, { numbers }) => sum + numbers.before, 0);
    for (const ratio of [0.05, 0.2, 0.5, 0.8, 1]) {
      const layers = factorizableLayers(model, { ratio });
      const after = layers.reduce((sum, { numbers }) => sum + numbers.after, 0);
      expect(after).toBeLessThanOrEqual(ratio * before);
      expect(after).toBeGreaterThan(ratio * before - 2 * (100 + 64));
    }
    // A kernel that is of rank 1 already needs no more
    const flat = FIVE.MLP!();
    const kernel = flat.layer('dense').parameter('kernel').value;
    kernel.storage.array.set(Float32Array.from(kernel.data, (_, i) => 1 + (i % 64)));
    const [first, second] = factorizableLayers(flat, { ratio: 0.4 });
    expect([first!.rank, first!.energy]).toEqual([1, expect.closeTo(1, 12)]);
    expect(second!.rank).toBeGreaterThan(10);
    expect(() => factorize(model, { ratio: 0.001 })).toThrow(
      'factorize: rank 1 everywhere leaves 366 of 11136 numbers, more than ratio 0.001 allows',
    );
  });

  test('samples tell more than kernels do: less is lost at the same rank, on other samples too', async () => {
    const [x, xTest, y, yTest] = await digits();
    const model = new Sequential(
      [
        new Dense(64, { activation: 'relu', inputShape: [64] }),
        new Dense(48, { activation: 'relu' }),
        new Dense(10, { activation: 'softmax' }),
      ],
      { seed: 2 },
    );
    model.compile({
      optimizer: new Adam({ learningRate: 0.003 }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    });
    model.fit(x, y, { epochs: 10 });
    const accuracy = (one: Model): number => one.evaluate(xTest, yTest).accuracy!;
    const off = (one: Model): number => {
      const [p, q] = [one, model].map((each) => values(each.predict(xTest)));
      return p!.reduce((sum, each, i) => sum + (each - q![i]!) ** 2, 0);
    };
    const layers = ['dense', 'dense_1'];
    for (const rank of [6, 10]) {
      const plain = factorize(model, { layers, rank });
      const told = factorize(model, { layers, rank, calibration: x });
      expect(off(told)).toBeLessThan(0.6 * off(plain));
      expect(accuracy(told)).toBeGreaterThan(accuracy(plain));
    }
  });

  test('training goes on in both layers, as strictly as the whole was held', () => {
    const model = new Sequential(
      [
        new Dense(8, { kernelRegularizer: 'l2', inputShape: [5], name: 'first' }),
        new Dense(6, { activation: 'relu', name: 'still' }),
        new Dense(3, { activation: 'softmax' }),
      ],
      { seed: 1 },
    );
    model.layer('still').trainable = false;
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
    const [x, y] = threeClasses();
    model.fit(x, y);
    const made = factorize(model, { rank: { first: 2, still: 2 } });
    expect(made.layers.map(({ name, trainable }) => [name, trainable])).toEqual([
      ['first/in', true],
      ['first', true],
      ['still/in', false],
      ['still', false],
      ['dense', true],
    ]);
    expect([made.steps, made.epochs]).toEqual([model.steps, model.epochs]);
    for (const name of ['first/in', 'first'])
      expect(made.layer(name).parameter('kernel').regularizer).toMatchObject({ l2: 0.01 });
    const before = made.weights.map((weight) => values(weight));
    const { history } = made.fit(x, y, { epochs: 20 });
    expect(history.loss!.at(-1)!).toBeLessThan(history.loss![0]!);
    made.weights.forEach((weight, i) => {
      const isStill = weight.name.startsWith('still');
      if (isStill) expect(values(weight)).toEqual(before[i]);
      else expect(values(weight)).not.toEqual(before[i]);
    });
    const again = loadModel(saveModel(made));
    expect(values(again.predict(x))).toEqual(values(made.predict(x)));
  });
});

describe.each(Object.keys(FIVE))('%s', (name) => {
  test('at full rank, at a share of the numbers, in a file and in a program', () => {
    const model = trained(name);
    const [x, y] = tenClasses(model);
    const told = factorizableLayers(model, { energy: 0.5 });
    const layers = told.filter(({ fullRank }) => fullRank > 0).map((each) => each.name);
    for (const form of ['channel', 'spatial'] as const) {
      const same = factorize(model, { ...FULL, layers, form });
      expect(farthest(same.predict(x), model.predict(x))).toBeLessThan(2e-6);
    }
    const small = factorize(model, { energy: 0.5 });
    const [before, after] = [model, small].map((each) => networkCost(toNetwork(each)).parameters);
    const saved = told.reduce((sum, { numbers }) => sum + numbers.before - numbers.after, 0);
    expect(after).toBe(before! - saved);
    expect(saved).toBeGreaterThan(0);
    const network = factorize(toNetwork(model), { energy: 0.5 });
    expect(encodeNetwork(network)).toEqual(encodeNetwork(toNetwork(small)));
    const { network: read } = decodeNetwork(encodeNetwork(network));
    expect(values(predictNetwork(read, x))).toEqual(values(small.predict(x)));
    small.fit(x, y, { epochs: 1 });
    for (const layer of told)
      if (layer.why !== null) expect(small.layer(layer.name).parameter('kernel').shape).toEqual(layer.shape);
  });
});

describe('what stays', () => {
  const options = { rank: 1 } as const;
  const whyOf = (model: Model, name: string): string | null =>
    factorizableLayers(model, options).find((each) => each.name === name)!.why;

  test('a layer that two nodes share is taken apart once and stays shared', () => {
    const model = trained('residual with a shared layer');
    const made = factorize(model, { rank: { shared: 2 } });
    const kernels = made.graph.nodes.filter((node) => node.name.startsWith('shared'));
    expect(kernels.map(({ name }) => name)).toEqual(['shared/in', 'shared', 'shared/in_1', 'shared_1']);
    expect(new Set(kernels.map(({ weights }) => weights.kernel)).size).toBe(2);
    const [x, y] = tenClasses(model);
    made.fit(x, y, { epochs: 1 });
    const calibrated = factorize(model, { rank: { shared: 2 }, calibration: x });
    const off = (one: Model): number => farthest(one.predict(x), model.predict(x));
    expect(off(calibrated)).toBeLessThan(off(factorize(model, { rank: { shared: 2 } })));
  });

  test('what would become larger, and why', () => {
    const model = smallModel();
    const layers = factorizableLayers(model, { rank: 3 });
    expect(layers.map(({ name, why, rank, numbers }) => ({ name, why, rank, ...numbers }))).toEqual([
      {
        name: 'dense',
        why: 'at rank 3 two layers would hold 36 numbers, and it holds 35',
        rank: 3,
        before: 35,
        after: 35,
      },
      { name: 'dense_1', why: null, rank: 3, before: 42, after: 39 },
      {
        name: 'dense_2',
        why: 'at rank 3 two layers would hold 27 numbers, and it holds 18',
        rank: 3,
        before: 18,
        after: 18,
      },
    ]);
    expect(factorize(model, { rank: 3 }).layers.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['dense_1/in', 'dense_1']),
    );
    expect(() => factorize(model, { rank: 6 })).toThrow(
      'factorize: no layer becomes smaller (dense: at rank 5 two layers would hold 60 numbers, and it holds 35; ' +
        'dense_1: at rank 6 two layers would hold 78 numbers, and it holds 42; ' +
        'dense_2: at rank 3 two layers would hold 27 numbers, and it holds 18)',
    );
  });

  test('pruned, depthwise, grouped, held, shared with something else, and not finite', () => {
    const pruned = prune(smallModel(), { sparsity: 0.5 });
    expect(whyOf(pruned, 'dense')).toMatch(/pruned, and a product keeps no zeros: makePermanent\(\)/);
    expect(() => factorize(pruned, { rank: { dense: 1 } })).toThrow(StateError);
    expect(whyOf(makePermanent(pruned), 'dense')).toBeNull();
    const images = new Sequential([
      new DepthwiseConv2D(3, { inputShape: [8, 8, 1], depthMultiplier: 4, name: 'single' }),
      new DepthwiseConv2D(3, { name: 'depthwise' }),
      new Conv2D(8, 3, { groups: 2, name: 'grouped' }),
      new Conv2D(8, 1, { kernelConstraint: maxNorm(), name: 'held' }),
      new GlobalAvgPool2D(),
      new Dense(9, { name: 'end' }),
    ]);
    images.build([8, 8, 1]);
    expect(factorizableLayers(images, options).map(({ name, why }) => [name, why])).toEqual([
      ['single', 'it is depthwise, and its channels have no kernel together'],
      ['depthwise', 'it has 4 groups, each of which would need factors of its own'],
      ['grouped', 'it has 2 groups, each of which would need factors of its own'],
      ['held', 'its kernel is held by a constraint, which the product of two would not be'],
      ['end', null],
    ]);
    images.layer('end').parameter('kernel').value.storage.array[0] = Number.NaN;
    expect(whyOf(images, 'end')).toBe('its kernel has numbers that are not finite');
  });

  test('quantized and trained for integers, with the remedy', () => {
    const model = smallModel();
    const [x] = threeClasses();
    const int8 = quantize(model, { calibration: x });
    expect(() => factorize(int8, options)).toThrow(/its kernel is int8: dequantize\(\) makes real numbers of it/);
    const qat = prepareQAT(model, { calibration: x });
    expect(() => factorize(qat, options)).toThrow(/take it apart before prepareQAT/);
  });

  test('what is wrong with options', () => {
    const model = smallModel();
    const bad = (given: object): unknown => factorize(model, given as FactorizeOptions);
    expect(() => bad({})).toThrow(
      'factorize: rank must be given, unless energy or ratio is, got undefined. Write { rank: 16 }',
    );
    expect(() => bad({ rank: 1, energy: 0.5 })).toThrow('energy must be left out where rank is given');
    expect(() => bad({ rank: 0 })).toThrow(ValueError);
    expect(() => bad({ rank: { dense: 1.5 } })).toThrow('rank["dense"]');
    expect(() => bad({ rank: { densa: 1 } })).toThrow(/one of dense, dense_1, dense_2.*Did you mean dense\?/);
    expect(() => bad({ rank: [1] })).toThrow(ValueError);
    expect(() => bad({ rank: 1, layers: ['activation'] })).toThrow(ValueError);
    expect(() => bad({ rank: 1, layers: 'dense' })).toThrow(ValueError);
    expect(() => bad({ energy: 2 })).toThrow(ValueError);
    expect(() => bad({ ratio: -1 })).toThrow(ValueError);
    expect(() => bad({ rank: 1, form: 'rows' })).toThrow('channel or spatial');
    expect(() => bad({ rank: 1, form: 'spatial', calibration: threeClasses()[0] })).toThrow(
      /left out for form: spatial/,
    );
    expect(() => bad({ ranks: 1 })).toThrow(/Did you mean rank\?/);
    const x = input([4]);
    const none = new Model(x, x);
    expect(() => factorize(none, options)).toThrow('no layer becomes smaller (there is none with a kernel)');
  });
});
