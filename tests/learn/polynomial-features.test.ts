import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LimitError, ShapeError, StateError, ValueError } from '../../src/base/errors.ts';
import { PolynomialFeatures, type PolynomialFeaturesOptions } from '../../src/learn/polynomial-features.ts';
import { fromData, type Tensor } from '../../src/tensor/tensor.ts';
import { golden } from './wine.ts';

interface Case {
  readonly columns: number;
  readonly degree: number | [number, number];
  readonly interactionOnly: boolean;
  readonly includeBias: boolean;
  readonly names: string[];
  readonly powers: number[][];
  readonly values: number[][];
}

/** Sevenths, which are rounded, as scripts/golden/learn-features.py makes them. */
const samples = (rows: number, columns: number): number[][] =>
  Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => ((((i * columns + j) * 13) % 29) - 11) / 7),
  );

const { cases } = golden<{ cases: Case[] }>('features');

describe('PolynomialFeatures', () => {
  test.each(cases)(
    'equals scikit-learn to the bit: $columns features, degree $degree, interactionOnly $interactionOnly, includeBias $includeBias',
    ({ columns, names, powers, values, ...options }) => {
      const made = new PolynomialFeatures(options).fit(samples(3, columns));
      expect(made.featureNames()).toEqual(names);
      expect(made.outputFeatures).toBe(names.length);
      expect(made.features).toBe(columns);
      expect(made.powers.toArray()).toEqual(powers);
      expect(made.powers.dtype).toBe('int32');
      const y = made.transform(samples(3, columns));
      expect(y.dtype).toBe('float64');
      expect(y.toArray()).toEqual(values);
    },
  );

  test('has C(n + d, d) features, different ones, whose values are the powers that it tells', () => {
    const shape = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 4 }), fc.boolean());
    fc.assert(
      fc.property(shape, ([columns, degree, interactionOnly]) => {
        const x = samples(2, columns);
        const made = new PolynomialFeatures({ degree, interactionOnly });
        const y = made.fitTransform(x).toArray() as number[][];
        const powers = made.powers.toArray() as number[][];
        let count = 1;
        for (let k = 1; k <= degree; k++) count = (count * (columns + k)) / k;
        if (!interactionOnly) expect(powers.length).toBe(count);
        expect(new Set(powers.map(String)).size).toBe(powers.length);
        const sums = powers.map((own) => own.reduce((a, b) => a + b));
        expect(sums).toEqual([...sums].sort((a, b) => a - b));
        x.forEach((row, i) => {
          powers.forEach((own, k) => {
            const value = own.reduce((product, power, j) => product * row[j]! ** power, 1);
            expect(y[i]![k]!).toBeCloseTo(value, 9);
            if (interactionOnly) expect(Math.max(...own)).toBeLessThanOrEqual(1);
          });
        });
      }),
    );
  });

  test('takes names of the features, and keeps float64', () => {
    const made = new PolynomialFeatures({ includeBias: false }).fit([[1, 2]]);
    expect(made.featureNames(['width', 'a b'])).toEqual(['width', 'a b', 'width^2', 'width a b', 'a b^2']);
    expect(() => made.featureNames(['width'])).toThrow('names must be a list of 2 texts');
    expect(() => made.clone().featureNames()).toThrow('PolynomialFeatures.featureNames: is not fitted');
    expect((made.transform([[0.1, 2]]).toArray() as number[][])[0]![0]).toBe(0.1);
    const many = fromData(Float32Array.of(3, 2 ** -20), [1, 2]);
    expect(made.transform(many).toArray()).toEqual([[3, 2 ** -20, 9, 3 * 2 ** -20, 2 ** -40]]);
  });

  test('begins anew with each fit, and a fit that throws changes nothing', () => {
    const made = new PolynomialFeatures().fit([[1, 2]]);
    expect(() => made.fit([[1, Number.NaN]])).toThrow(ValueError);
    expect(made.features).toBe(2);
    expect(() => made.transform([[1, 2, 3]])).toThrow(ShapeError);
    expect(made.fit([[1, 2, 3]]).outputFeatures).toBe(10);
    expect(() => made.clone().transform([[1]])).toThrow(StateError);
    expect(made.clone().options).toEqual(made.options);
  });

  test('refuses more products than fit into memory, in one sentence', () => {
    const wide = fromData(new Float64Array(1000), [1, 1000]);
    const sentence = (options: PolynomialFeaturesOptions, x: Tensor): string => {
      try {
        new PolynomialFeatures(options).fit(x);
      } catch (error) {
        expect(error).toBeInstanceOf(LimitError);
        return (error as Error).message;
      }
      return 'nothing';
    };
    expect(sentence({ degree: 3 }, wide)).toBe(
      'PolynomialFeatures.fit: the number of products of a sample is 167668501, the limit is 1048576',
    );
    expect(sentence({ degree: 1000 }, wide)).toMatch(/is Infinity, the limit/);
    expect(sentence({ degree: 10, interactionOnly: true }, wide)).toMatch(/, the limit is 1048576$/);
    expect(sentence({ degree: 2 ** 53 - 1 }, fromData(new Float64Array(1), [1, 1]))).toMatch(/the limit/);
    expect(sentence({ degree: 2, interactionOnly: true }, wide)).toBe('nothing');
    const long = fromData(new Float64Array(110_000), [110_000, 1]);
    const made = new PolynomialFeatures({ degree: 500 }).fit(long);
    expect(() => made.transform(long)).toThrow(/features times rows is 55110000, the limit is 50000000/);
  });

  test('refuses results past float64, by name and row', () => {
    const made = new PolynomialFeatures().fit([[1, 1]]);
    expect(() =>
      made.transform([
        [1, 1],
        [1e200, -1e200],
      ]),
    ).toThrow('x0^2 in row 1 must be finite, got Infinity. Scale the features before?');
  });

  test.each([
    [{ degree: -1 }, 'degree'],
    [{ degree: 1.5 }, 'degree'],
    [{ degree: [3, 2] }, 'degree'],
    [{ degree: [1, 2, 3] }, 'degree'],
    [{ degree: '2' }, 'degree'],
    [{ degree: null }, 'degree'],
    [{ degree: 0, includeBias: false }, 'degree'],
    [{ includeBias: 1 }, 'includeBias'],
    [{ interactionOnly: 'no' }, 'interactionOnly'],
    [{ interaction_only: true }, 'interaction_only'],
  ])('refuses %j', (options, field) => {
    expect(() => new PolynomialFeatures(options as never)).toThrow(expect.objectContaining({ field }));
  });

  test('refuses products of more features than there are', () => {
    const made = new PolynomialFeatures({ degree: [3, 4], interactionOnly: true, includeBias: false });
    expect(() => made.fit([[1, 2]])).toThrow('degree must be at most 2 for products of different features');
  });
});
