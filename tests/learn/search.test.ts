import { afterEach, describe, expect, test, vi } from 'vitest';
import { gridSearch, integers, logUniform, randomSearch, uniform } from '../../src/learn/index.ts';
import { Random } from '../../src/tensor/random.ts';
import { expectNear } from './closeness.ts';
import { selection as golden, NearestMean, NUMBERS, THREE, TinyRidge, WEIGHTS, X } from './small-estimators.ts';

const make = (options: { alpha?: number; power?: number }): TinyRidge => new TinyRidge(options);

interface Grid {
  readonly options: object[];
  readonly means: number[];
  readonly deviations: number[];
  readonly ranks: number[];
  readonly best: object;
  readonly bestScore: number;
  readonly coefficients: number[];
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('gridSearch', () => {
  test('equals scikit-learn: candidates in order, means, deviations, shared ranks, the best refitted', () => {
    const wanted = golden.grid as Grid;
    const grid = { power: [1, 2], alpha: [0.01, 0.01, 1, 100] };
    const found = gridSearch(make, grid, X, NUMBERS, { cv: 4, scoring: 'negMeanSquaredError' });
    expect(found.results.map(({ options }) => options)).toEqual(wanted.options);
    expectNear(
      found.results.map(({ mean }) => mean),
      wanted.means,
      1e-11,
    );
    expectNear(
      found.results.map(({ deviation }) => deviation),
      wanted.deviations,
      1e-11,
    );
    expect(found.results.map(({ rank }) => rank)).toEqual(wanted.ranks);
    expect(found.bestOptions).toEqual(wanted.best);
    expectNear(found.bestScore, wanted.bestScore, 1e-11);
    expectNear(found.best.coefficients, wanted.coefficients, 1e-10);
    expect(found.results.every(({ scores, error }) => scores.length === 4 && error === undefined)).toBe(true);
  });

  test('without refit the best is made and not fitted; with weights it is fitted by them', () => {
    expect(gridSearch(make, { alpha: [1] }, X, NUMBERS, { refit: false }).best.coefficients).toEqual([]);
    const { best } = gridSearch(make, { alpha: [1] }, X, NUMBERS, { sampleWeight: WEIGHTS });
    expect(best.coefficients).toEqual(new TinyRidge().fit(X, NUMBERS, { sampleWeight: WEIGHTS }).coefficients);
    expect(best.coefficients).not.toEqual(new TinyRidge().fit(X, NUMBERS).coefficients);
  });

  test('candidates that fail are last, say why, and are warned of once', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { results, bestOptions } = gridSearch(make, { alpha: [-1, 1, -2, 0.1] }, X, NUMBERS);
    expect(bestOptions).toEqual({ alpha: 0.1 });
    expect(results.map(({ rank }) => rank)).toEqual([3, 2, 3, 1]);
    expect(results[0]).toMatchObject({ mean: Number.NaN, scores: Array(5).fill(Number.NaN), error: 'alpha is -1' });
    expect(results[1]).not.toHaveProperty('error');
    expect(warn.mock.calls).toEqual([
      ['gridSearch: 2 of 4 candidates failed and are last, the first with: alpha is -1'],
    ]);
  });

  test('one fold that fails is a failure', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    let calls = 0;
    const scoring = (estimator: { options: { alpha: number } }): number => {
      if (estimator.options.alpha === 2 && calls++ === 1) throw new Error('no');
      return estimator.options.alpha;
    };
    const { results, bestScore } = gridSearch(make, { alpha: [1, 2] }, X, NUMBERS, {
      cv: 3,
      scoring: scoring as never,
    });
    expect(results[1]).toMatchObject({ scores: [2, Number.NaN, Number.NaN], mean: Number.NaN, rank: 2, error: 'no' });
    expect(bestScore).toBe(1);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  test('if all fail, the first error is thrown', () => {
    expect(() => gridSearch(make, { alpha: [-3, -1] }, X, NUMBERS)).toThrow(new RangeError('alpha is -3'));
    expect(() => gridSearch(make, { alpha: [1] }, X, NUMBERS.slice(1))).toThrow(/as many samples/);
    expect(() => gridSearch(make, { alpha: [1] }, X, NUMBERS, { scoring: 'f1' })).toThrow(/scoring must be/);
  });

  test.each<[string, () => unknown, RegExp]>([
    ['a value by itself', () => gridSearch(make, { alpha: 1 } as never, X, NUMBERS), /alpha of grid must be a list/],
    ['an empty list', () => gridSearch(make, { alpha: [] }, X, NUMBERS), /alpha of grid must be a list/],
    ['a distribution', () => gridSearch(make, { alpha: uniform(0, 1) } as never, X, NUMBERS), /alpha of grid must be/],
    ['no grid', () => gridSearch(make, null as never, X, NUMBERS), /grid must be an object/],
    ['an estimator', () => gridSearch(new TinyRidge() as never, { alpha: [1] }, X, NUMBERS), /make must be a function/],
    ['an unknown option', () => gridSearch(make, { alpha: [1] }, X, NUMBERS, { folds: 3 } as never), /folds must be/],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(message);
  });

  test('an empty grid is one candidate, with no options', () => {
    const { results } = gridSearch(() => new NearestMean(), {}, X, THREE);
    expect(results.map(({ options }) => options)).toEqual([{}]);
  });
});

describe('randomSearch', () => {
  test('draws from distributions and lists, by the seed', () => {
    const distributions = { alpha: logUniform(1e-3, 1e3), power: [1, 2] };
    const found = randomSearch(make, distributions, X, NUMBERS, { count: 6, cv: 2 });
    expect(found.results).toHaveLength(6);
    expect(new Set(found.results.map(({ options }) => options.alpha)).size).toBe(6);
    expect(new Set(found.results.map(({ options }) => options.power)).size).toBe(2);
    expect(randomSearch(make, distributions, X, NUMBERS, { count: 6, cv: 2, seed: 0 }).results).toEqual(found.results);
    expect(randomSearch(make, distributions, X, NUMBERS, { count: 6, cv: 2, seed: 1 }).results).not.toEqual(
      found.results,
    );
    expect(found.best.coefficients.length).toBeGreaterThan(0);
    expect(randomSearch(make, distributions, X, NUMBERS, { cv: 2 }).results).toHaveLength(10);
  });

  test('lists alone are drawn without repetition, and all of them where they are few', () => {
    const lists = { alpha: [1, 2, 3, 4], power: [1, 2] };
    const drawn = (count: number) =>
      randomSearch(make, lists, X, NUMBERS, { count, cv: 2 }).results.map(({ options }) => JSON.stringify(options));
    expect(new Set(drawn(7)).size).toBe(7);
    expect(drawn(8)).toEqual(
      gridSearch(make, lists, X, NUMBERS, { cv: 2 }).results.map(({ options }) => JSON.stringify(options)),
    );
    expect(drawn(100)).toHaveLength(8);
  });

  test('refuses what is no distribution', () => {
    expect(() => randomSearch(make, { alpha: 'log' } as never, X, NUMBERS)).toThrow(/alpha of distributions must be/);
    expect(() => randomSearch(make, { alpha: [1] }, X, NUMBERS, { count: 0 })).toThrow(/count must be/);
  });
});

describe('distributions', () => {
  const draws = (draw: (random: Random) => number, n = 4000): number[] => {
    const random = new Random(3);
    return Array.from({ length: n }, () => draw(random));
  };
  const share = (values: readonly number[], isSo: (x: number) => boolean): number =>
    values.filter(isSo).length / values.length;

  test('are spread evenly, in numbers, in powers or over integers', () => {
    // Shares of 4000 draws have a deviation of 0.008 at most; five of them.
    const even = draws(uniform(-2, 6));
    expect(Math.min(...even)).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...even)).toBeLessThanOrEqual(6);
    expect(Math.abs(share(even, (x) => x < 0) - 0.25)).toBeLessThan(0.04);
    const powers = draws(logUniform(1e-4, 1e4));
    expect(Math.min(...powers)).toBeGreaterThanOrEqual(1e-4);
    expect(Math.max(...powers)).toBeLessThanOrEqual(1e4);
    expect(Math.abs(share(powers, (x) => x < 0.01) - 0.25)).toBeLessThan(0.04);
    const whole = draws(integers(-1, 2));
    for (const value of [-1, 0, 1, 2]) expect(Math.abs(share(whole, (x) => x === value) - 0.25)).toBeLessThan(0.04);
    expect(whole.every((x) => [-1, 0, 1, 2].includes(x))).toBe(true);
  });

  test('refuse bounds that are none', () => {
    for (const make of [uniform, logUniform, integers]) {
      for (const [low, high] of [
        [1, 1],
        [2, 1],
        [Number.NaN, 1],
        [1, Infinity],
        ['1' as never, 2],
      ] as const)
        expect(() => make(low, high)).toThrow(/low and high must be/);
    }
    expect(() => logUniform(0, 1)).toThrow(/from 1e-38/);
    expect(() => integers(0.5, 2)).toThrow(/integers/);
  });
});

describe('candidates', () => {
  test('with one mean share a rank, in whatever order their scores were added', () => {
    const given = [0.3, 0.2, 0.1, 0.1, 0.2, 0.3, 0.2, 0.2, 0.1];
    let at = 0;
    const scoring = (): number => given[at++]!;
    const { results, bestOptions } = gridSearch(make, { alpha: [1, 2, 3] }, X, NUMBERS, { cv: 3, scoring });
    expect(results[0]!.mean).not.toBe(results[1]!.mean);
    expect(results.map(({ rank }) => rank)).toEqual([1, 1, 3]);
    expect(bestOptions).toEqual({ alpha: 1 });
  });

  test('of a list with gaps are made with undefined', () => {
    const { results } = gridSearch(make, { alpha: Array<number>(2) }, X, NUMBERS, { cv: 3 });
    expect(results).toHaveLength(2);
  });
});
