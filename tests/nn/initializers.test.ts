import { describe, expect, test } from 'vitest';
import {
  Conv2D,
  Conv2DTranspose,
  constant,
  Dense,
  DepthwiseConv2D,
  Dropout,
  digest,
  type InitializerName,
  orthogonal,
  Random,
  randomNormal,
  randomUniform,
  Sequential,
  truncatedNormal,
  varianceScaling,
} from '../../src/index.ts';
import { initializer } from '../../src/nn/initializers.ts';
import { expectClose } from './tools.ts';

const torch = { kernelInitializer: 'torchUniform', biasInitializer: 'torchUniform' } as const;
const depthwise = { depthwiseInitializer: 'torchUniform', biasInitializer: 'torchUniform' } as const;

const [fanIn, fanOut] = [300, 200];
const draw = (name: InitializerName, seed = 1): Float64Array =>
  initializer(name)([fanIn, fanOut], new Random(seed, name), 'float64').data as Float64Array;
const variance = (x: Float64Array): number => x.reduce((sum, v) => sum + v * v, 0) / x.length;

describe('initializers', () => {
  test.each([
    ['glorotUniform', 2 / (fanIn + fanOut)],
    ['glorotNormal', 2 / (fanIn + fanOut)],
    ['heUniform', 2 / fanIn],
    ['heNormal', 2 / fanIn],
    ['lecunUniform', 1 / fanIn],
    ['lecunNormal', 1 / fanIn],
    ['torchUniform', 1 / (3 * fanIn)],
  ] as const)('%s has the variance of its definition and mean 0', (name, wanted) => {
    const x = draw(name);
    expect(variance(x) / wanted).toBeCloseTo(1, 1);
    expect(Math.abs(x.reduce((a, b) => a + b, 0) / x.length)).toBeLessThan(4 * Math.sqrt(wanted / x.length));
  });

  test('uniform ones stay within √(3·variance)', () => {
    const limit = Math.sqrt(6 / (fanIn + fanOut));
    expect(Math.max(...draw('glorotUniform').map(Math.abs))).toBeLessThanOrEqual(Math.fround(limit));
  });

  test('truncated ones stay within two deviations, and keep their spread', () => {
    const x = truncatedNormal(0, 1)([40000], new Random(2), 'float64').data as Float64Array;
    expect(Math.max(...x.map(Math.abs))).toBeLessThanOrEqual(2);
    expect(variance(x)).toBeCloseTo(0.7737, 1);
  });

  test.each([
    [6, 4],
    [4, 6],
    [5, 5],
  ])('orthogonal %i×%i has orthonormal rows or columns', (rows, cols) => {
    const q = initializer('orthogonal')([rows, cols], new Random(3), 'float64').data;
    const tall = rows >= cols;
    const n = Math.min(rows, cols);
    for (let a = 0; a < n; a++) {
      for (let b = 0; b < n; b++) {
        let dot = 0;
        for (let i = 0; i < Math.max(rows, cols); i++) {
          dot += tall ? q[i * cols + a]! * q[i * cols + b]! : q[a * cols + i]! * q[b * cols + i]!;
        }
        expect(dot).toBeCloseTo(Number(a === b), 10);
      }
    }
    const scaled = orthogonal(3)([rows, cols], new Random(3), 'float64').data;
    expectClose(
      scaled,
      Array.from(q, (v) => 3 * v),
      1e-14,
    );
  });

  test('a receptive field multiplies both fans', () => {
    const x = varianceScaling({ scale: 1 })([3, 3, 8, 50], new Random(4), 'float64').data as Float64Array;
    expect(variance(x) * 72).toBeCloseTo(1, 1);
  });

  test.each([
    [[4, 3, 8, 50], 12 * 8, 12 * 50],
    [[7, 30, 60], 7 * 30, 7 * 60],
    [[30, 60], 30, 60],
    [[2000], 2000, 2000],
  ])('%j has inputs and outputs of one unit, the field included', (shape, inputs, outputs) => {
    const divisors = { fanIn: inputs, fanOut: outputs, fanAverage: (inputs + outputs) / 2 } as const;
    for (const mode of ['fanIn', 'fanOut', 'fanAverage'] as const) {
      const limit = Math.sqrt(3 / divisors[mode]);
      const uniform = varianceScaling({ mode, distribution: 'uniform' })(shape, new Random(6), 'float64').data;
      const largest = Math.max(...Array.from(uniform, Math.abs)) / limit;
      expect(largest).toBeLessThanOrEqual(1);
      expect(largest).toBeGreaterThan(0.98);
      const normal = varianceScaling({ mode })(shape, new Random(6), 'float64').data as Float64Array;
      expect(variance(normal) * divisors[mode]).toBeGreaterThan(0.85);
      expect(variance(normal) * divisors[mode]).toBeLessThan(1.15);
    }
  });

  test('the seed and the layer decide, not the order of construction', () => {
    const build = (extra: boolean, seed = 5): Sequential =>
      new Sequential(
        [
          new Dense(4, { inputShape: [3], name: 'a' }),
          ...(extra ? [new Dropout(0.5)] : []),
          new Dense(2, { name: 'b' }),
        ],
        { seed },
      );
    expect(digest(build(true))).toBe(digest(build(false)));
    expect(digest(build(false, 6))).not.toBe(digest(build(false)));
    expect(draw('heNormal')).toEqual(draw('heNormal'));
    expect(draw('heNormal', 2)).not.toEqual(draw('heNormal'));
  });
});

const everyName = [
  'zeros',
  'ones',
  'orthogonal',
  'glorotUniform',
  'glorotNormal',
  'heUniform',
  'heNormal',
  'lecunUniform',
  'lecunNormal',
  'torchUniform',
] as const;

describe('every initializer', () => {
  const functions = {
    ...Object.fromEntries(everyName.map((name) => [name, initializer(name)])),
    constant: constant(0.1),
    randomUniform: randomUniform(),
    randomNormal: randomNormal(),
    truncatedNormal: truncatedNormal(),
    varianceScaling: varianceScaling({}),
    'orthogonal with a gain': orthogonal(2),
  };

  test.each(Object.entries(functions))('%s has the shape and type that are asked for', (_, make) => {
    for (const shape of [[3, 4], [4, 3], [1, 1], [5], [1], [], [0], [0, 3], [3, 0], [2, 3, 4]]) {
      const [single, double] = (['float32', 'float64'] as const).map((dtype) => make(shape, new Random(4), dtype));
      expect([single!.dtype, double!.dtype]).toEqual(['float32', 'float64']);
      expect([single!.shape, double!.shape]).toEqual([shape, shape]);
      for (const value of double!.data) expect(Number.isFinite(value)).toBe(true);
      expect([...single!.data]).toEqual(Array.from(double!.data, Math.fround));
    }
  });

  test('that is a function stands for itself, and any other name is refused', () => {
    const own = constant(3);
    expect(initializer(own)).toBe(own);
    for (const name of ['glorot', 'toString', '', 'Zeros'])
      expect(() => initializer(name as 'zeros')).toThrow(
        `initializer: the name must be an initializer such as glorotUniform or heNormal, got "${name}"`,
      );
  });
});

describe('numbers by default', () => {
  const shape = [40, 30];
  const made = (f: ReturnType<typeof constant>): number[] => [...f(shape, new Random(8), 'float64').data];
  const filled = (value: number): number[] => Array.from({ length: 1200 }, () => value);

  test('are those of Keras: ±0.05, a deviation of 0.05, a scale of 1 by the inputs, a gain of 1', () => {
    expect(made(randomUniform())).toEqual([...new Random(8).uniform(shape, -0.05, 0.05, 'float64').data]);
    expect(made(randomUniform(0))).toEqual([...new Random(8).uniform(shape, 0, 0.05, 'float64').data]);
    expect(made(randomNormal())).toEqual([...new Random(8).normal(shape, 0, 0.05, 'float64').data]);
    expect(made(randomNormal(3))).toEqual([...new Random(8).normal(shape, 3, 0.05, 'float64').data]);
    expect(made(truncatedNormal())).toEqual(made(truncatedNormal(0, 0.05)));
    expect(made(varianceScaling({}))).toEqual(
      made(varianceScaling({ scale: 1, mode: 'fanIn', distribution: 'normal' })),
    );
    expect(made(orthogonal())).toEqual(made(orthogonal(1)));
  });

  test('leave a 0 that is given as it is', () => {
    expect(made(constant(0))).toEqual(filled(0));
    expect(made(randomUniform(0, 0))).toEqual(filled(0));
    expect(made(randomNormal(0.5, 0))).toEqual(filled(0.5));
    expect(made(truncatedNormal(0.5, 0))).toEqual(filled(0.5));
    for (const distribution of ['normal', 'uniform'] as const)
      expect(made(varianceScaling({ scale: 0, distribution })).map(Math.abs)).toEqual(filled(0));
    expect(made(orthogonal(0)).map(Math.abs)).toEqual(filled(0));
  });

  test('move with the mean and grow with the deviation', () => {
    const standard = made(truncatedNormal(0, 1));
    expect(made(truncatedNormal(3, 2))).toEqual(standard.map((z) => 3 + 2 * z));
    expect(made(constant(-1.5))).toEqual(filled(-1.5));
  });

  test.each([
    ['glorotUniform', { mode: 'fanAverage', distribution: 'uniform' }],
    ['glorotNormal', { mode: 'fanAverage' }],
    ['heUniform', { scale: 2, distribution: 'uniform' }],
    ['heNormal', { scale: 2 }],
    ['lecunUniform', { distribution: 'uniform' }],
    ['lecunNormal', {}],
    ['torchUniform', { scale: 1 / 3, distribution: 'uniform' }],
  ] as const)('of %s are a variance scaling', (name, options) => {
    expect(made(initializer(name))).toEqual(made(varianceScaling(options)));
  });
});

test('orthogonal takes the axes before the last together', () => {
  const make = (shape: number[]): number[] => [...orthogonal()(shape, new Random(5), 'float64').data];
  expect(make([2, 3, 4])).toEqual(make([6, 4]));
  expect(make([2, 2, 5])).toEqual(make([4, 5]));
  expect(make([5])).toEqual(make([1, 5]));
  expect(make([]).map(Math.abs)).toEqual([1]);
});

// torch.nn.Linear and Conv: kaiming_uniform_(a=√5) of the kernel, and the bias within ±1/√fanIn of that kernel.
test.each([
  ['dense', () => new Dense(900, { ...torch, inputShape: [36] }), 36],
  ['conv', () => new Conv2D(400, 3, { ...torch, inputShape: [5, 5, 4] }), 36],
  ['grouped', () => new Conv2D(400, 3, { ...torch, groups: 2, inputShape: [5, 5, 4] }), 18],
  ['depthwise', () => new DepthwiseConv2D(3, { ...depthwise, depthMultiplier: 100, inputShape: [5, 5, 4] }), 9],
  ['transposed', () => new Conv2DTranspose(400, 3, { ...torch, inputShape: [5, 5, 4] }), 3600],
] as const)('torchUniform draws kernel and bias of a %s layer within 1/√fanIn of its kernel', (_, layer, inputs) => {
  const [kernel, bias] = new Sequential([layer()], { seed: 3 }).getWeights();
  const bound = 1 / Math.sqrt(inputs);
  for (const { data } of [kernel!, bias!]) {
    const furthest = Math.max(...data.map(Math.abs));
    expect(furthest).toBeLessThanOrEqual(Math.fround(bound));
    expect(furthest).toBeGreaterThan(0.95 * bound);
  }
});
