import { describe, expect, test } from 'vitest';
import {
  Dense,
  Dropout,
  digest,
  type InitializerName,
  orthogonal,
  Random,
  Sequential,
  truncatedNormal,
  varianceScaling,
} from '../../src/index.ts';
import { initializer } from '../../src/nn/initializers.ts';
import { expectClose } from './tools.ts';

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
