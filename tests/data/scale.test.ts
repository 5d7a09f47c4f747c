import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError, GradientError, ShapeError, StateError, ValueError } from '../../src/base/errors.ts';
import { MinMaxScaler, oneHotLabels, StandardScaler } from '../../src/data/scale.ts';
import { tensor } from '../../src/tensor/create.ts';
import { fromData, type Tensor } from '../../src/tensor/tensor.ts';
import { mutants } from '../mutants.ts';

const value = fc.float({ min: -1000, max: 1000, noNaN: true });
const matrix = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 4 }))
  .chain(([rows, columns]) =>
    fc
      .array(value, { minLength: rows * columns, maxLength: rows * columns })
      .map((v) => fromData(Float32Array.from(v), [rows, columns])),
  );
const columnsOf = (x: Tensor): number[][] => {
  const [rows, columns] = [x.shape[0]!, x.shape[1]!];
  return Array.from({ length: columns }, (_, j) => Array.from({ length: rows }, (_, i) => x.data[i * columns + j]!));
};
const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;

describe('StandardScaler', () => {
  test('agrees with the plain formula and inverts', () => {
    fc.assert(
      fc.property(matrix, (x) => {
        const scaler = new StandardScaler();
        const y = columnsOf(scaler.fitTransform(x));
        for (const [j, column] of columnsOf(x).entries()) {
          const m = mean(column);
          const deviation = Math.sqrt(mean(column.map((v) => (v - m) * (v - m))));
          const constant = column.every((v) => v === column[0]);
          column.forEach((v, i) => {
            expect(y[j]![i]!).toBeCloseTo(constant ? 0 : (v - m) / deviation, 3);
          });
          expect(scaler.center[j]).toBeCloseTo(m, 9);
          if (constant) expect(scaler.scale[j]).toBe(1);
          else expect(Math.abs(scaler.scale[j]! / deviation - 1)).toBeLessThan(1e-6);
        }
        const back = scaler.inverseTransform(scaler.transform(x)).data;
        x.data.forEach((v, i) => {
          expect(Math.abs(back[i]! - v)).toBeLessThan(1e-3);
        });
      }),
    );
  });

  test('divides by the number of rows, as scikit-learn does', () => {
    const scaler = new StandardScaler().fit(
      tensor([
        [0, 0],
        [0, 0],
        [1, 1],
        [1, 1],
      ]),
    );
    expect([scaler.center, scaler.scale]).toEqual([
      [0.5, 0.5],
      [0.5, 0.5],
    ]);
    expect(scaler.transform(tensor([[2, 2]])).toArray()).toEqual([[3, 3]]);
  });

  test('a constant column becomes 0, also where its mean is rounded', () => {
    // 300,007 times 0.3: the two passes alone measure a deviation of 1.8e-20 and scale to -9e7.
    for (const [c, rows] of [
      [0.1, 77],
      [1e-30, 77],
      [16777217, 9],
      [-3.3, 1],
      [0.3, 300_007],
      [0.3, 1_000_000],
    ] as const) {
      const x = fromData(new Float64Array(rows).fill(c), [rows, 1]);
      const scaler = new StandardScaler().fit(x);
      expect(scaler.scale).toEqual([1]);
      expect(Math.abs(scaler.transform(x).data[0]!)).toBeLessThan(1e-6);
    }
  });

  test('a small spread on a large mean is measured', () => {
    const x = fromData(
      Float64Array.from({ length: 1000 }, (_, i) => 1e9 + (i % 2)),
      [1000, 1],
    );
    expect(new StandardScaler().fit(x).scale[0]).toBeCloseTo(0.5, 12);
  });

  test('keeps the element type', () => {
    expect(new StandardScaler().fitTransform(tensor([[1], [2]])).dtype).toBe('float32');
    expect(new StandardScaler().fitTransform(tensor([[1], [2]], { dtype: 'float64' })).dtype).toBe('float64');
  });
});

describe('MinMaxScaler', () => {
  test('maps every column onto its range, ends included, and inverts', () => {
    fc.assert(
      fc.property(matrix, fc.constantFrom([0, 1] as const, [-1, 1] as const, [2, 10] as const), (x, featureRange) => {
        const scaler = new MinMaxScaler({ featureRange });
        const y = columnsOf(scaler.fitTransform(x));
        const [low, high] = featureRange;
        for (const [j, column] of columnsOf(x).entries()) {
          const [min, max] = [Math.min(...column), Math.max(...column)];
          column.forEach((v, i) => {
            expect(y[j]![i]!).toBeCloseTo(low + ((v - min) / (max - min || 1)) * (high - low), 4);
          });
          expect(Math.min(...y[j]!)).toBe(low);
          if (max > min) expect(Math.max(...y[j]!)).toBe(high);
        }
        const back = scaler.inverseTransform(scaler.transform(x)).data;
        x.data.forEach((v, i) => {
          expect(Math.abs(back[i]! - v)).toBeLessThan(1e-3);
        });
      }),
    );
  });

  test('new data may lie outside of the range', () => {
    expect(
      new MinMaxScaler()
        .fit(tensor([[0], [4]]))
        .transform(tensor([[-4], [8]]))
        .toArray(),
    ).toEqual([[-1], [2]]);
  });

  test.each([[[1, 0]], [[1, 1]], [[0, Number.NaN]], [[0, Number.POSITIVE_INFINITY]]])(
    'refuses the range %j',
    (range) => {
      expect(() => new MinMaxScaler({ featureRange: range as [number, number] })).toThrow(ValueError);
    },
  );
});

describe('both scalers', () => {
  for (const make of [(): StandardScaler => new StandardScaler(), (): MinMaxScaler => new MinMaxScaler()]) {
    const name = make().constructor.name;

    test(`${name} refuses numbers that are not finite, with row and column`, () => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const x = tensor([
          [1, 2],
          [3, 4],
          [5, bad],
        ]);
        expect(() => make().fit(x)).toThrow(`${name}.fit: the value in row 2, column 1 must be finite, got ${bad}`);
        expect(() =>
          make()
            .fit(
              tensor([
                [1, 2],
                [3, 5],
              ]),
            )
            .transform(x),
        ).toThrow('row 2, column 1');
      }
    });

    test(`${name} refuses results past float32`, () => {
      const scaler = make().fit(tensor([[0], [1e-30]]));
      expect(() => scaler.transform(tensor([[1e30]]))).toThrow(
        'the result in row 0, column 0 must be finite, got Infinity',
      );
    });

    test(`${name} refuses shapes, types and states that do not fit`, () => {
      expect(() => make().fit(tensor([1, 2]))).toThrow(ShapeError);
      expect(() => make().fit(fromData(new Float32Array(0), [0, 2]))).toThrow('needs at least one row');
      expect(() => make().fit(fromData(new Float32Array(0), [2, 0]))).toThrow(ShapeError);
      expect(() => make().transform(tensor([[1]]))).toThrow(StateError);
      expect(() => make().inverseTransform(tensor([[1]]))).toThrow(StateError);
      expect(() => make().center).toThrow(StateError);
      expect(() => make().toJSON()).toThrow(StateError);
      expect(() =>
        make()
          .fit(tensor([[1, 2]]))
          .transform(tensor([[1]])),
      ).toThrow('was fitted to 2 columns');
      const weights = tensor([[1, 2]]);
      weights.requiresGrad = true;
      expect(() => make().fit(weights)).toThrow(GradientError);
    });

    test(`${name} transforms no rows to no rows`, () => {
      expect(
        make()
          .fit(tensor([[1, 2]]))
          .transform(fromData(new Float32Array(0), [0, 2])).shape,
      ).toEqual([0, 2]);
    });
  }

  test('what was saved as JSON transforms to the same bits', () => {
    fc.assert(
      fc.property(matrix, (x) => {
        const standard = new StandardScaler().fit(x);
        const minMax = new MinMaxScaler({ featureRange: [-1, 1] }).fit(x);
        const text = JSON.stringify([standard, minMax]);
        const [first, second] = JSON.parse(text) as unknown[];
        expect(StandardScaler.fromJSON(first).transform(x).data).toEqual(standard.transform(x).data);
        expect(MinMaxScaler.fromJSON(second).transform(x).data).toEqual(minMax.transform(x).data);
      }),
    );
  });

  const json = { type: 'MinMaxScaler', center: [0, 1], scale: [1, 2], featureRange: [0, 1] };
  test.each([
    ['null', null],
    ['a text', '{}'],
    ['an empty object', {}],
    ['another type', { ...json, type: 'StandardScaler' }],
    ['no center', { ...json, center: undefined }],
    ['a center of text', { ...json, center: ['0', '1'] }],
    ['a center that is NaN', { ...json, center: [0, Number.NaN] }],
    ['no column', { ...json, center: [], scale: [] }],
    ['fewer scales than centers', { ...json, scale: [1] }],
    ['a scale of 0', { ...json, scale: [1, 0] }],
    ['a negative scale', { ...json, scale: [1, -1] }],
    ['a range of one number', { ...json, featureRange: [1] }],
    ['a range of three numbers', { ...json, featureRange: [0, 1, 2] }],
    ['a range upside down', { ...json, featureRange: [1, 0] }],
  ])('fromJSON refuses %s', (_, bad) => {
    expect(() => MinMaxScaler.fromJSON(bad)).toThrow(FormatError);
  });
});

test('a field that was deleted, replaced or added is refused by its name, or means what it says', () => {
  const x = tensor([
    [0.5, -2],
    [1, 3],
  ]);
  const scalers = [new StandardScaler(), new MinMaxScaler({ featureRange: [-1, 2] })].map((scaler) => scaler.fit(x));
  for (const scaler of scalers) {
    let accepted = 0;
    for (const { path, fields, text } of mutants(scaler.toJSON())) {
      const json: unknown = JSON.parse(text);
      const read = scaler instanceof StandardScaler ? StandardScaler : MinMaxScaler;
      let loaded: StandardScaler | MinMaxScaler;
      try {
        loaded = read.fromJSON(json);
      } catch (error) {
        expect(error, path).toBeInstanceOf(FormatError);
        // Lists of different lengths are not one field's fault.
        expect(`${(error as Error).message} ${fields.includes('center') ? 'center' : ''}`, path).toContain(
          fields.at(-1),
        );
        continue;
      }
      expect(JSON.parse(JSON.stringify(loaded)), path).toEqual(json);
      accepted++;
    }
    expect(accepted).toBeGreaterThan(10);
    expect(accepted).toBeLessThan(60);
  }
});

test('what a file could not hold is refused before: a range of texts, a mean past float64', () => {
  for (const featureRange of [['0', '1'], [0, '1'], [0, 1, 2], [0, Infinity], [-1e308, 1e308], [1]])
    expect(() => new MinMaxScaler({ featureRange: featureRange as unknown as [number, number] })).toThrow(ValueError);
  const huge = fromData(Float64Array.of(1.5e308, 1.5e308), [2, 1]);
  expect(() => new StandardScaler().fit(huge)).toThrow('the center of column 0 must be finite, got Infinity');
  expect(new MinMaxScaler().fit(huge).center).toEqual([1.5e308]);
});

test('a scaler refuses the JSON of the other', () => {
  expect(() => StandardScaler.fromJSON(new MinMaxScaler().fit(tensor([[1], [2]])).toJSON())).toThrow(FormatError);
  expect(() => StandardScaler.fromJSON([])).toThrow('scaler: type: is not "StandardScaler"');
});

describe('oneHotLabels', () => {
  const labels = (...values: number[]): Tensor => fromData(Int32Array.from(values));

  test('puts a 1 where the label says', () => {
    expect(oneHotLabels(labels(2, 0), 3).toArray()).toEqual([
      [0, 0, 1],
      [1, 0, 0],
    ]);
    expect(oneHotLabels(labels(2, 0), 3).dtype).toBe('float32');
    expect(oneHotLabels(labels(), 3).shape).toEqual([0, 3]);
  });

  test('refuses labels outside of the classes, other types and shapes', () => {
    expect(() => oneHotLabels(labels(0, 3), 3)).toThrow('label 1 must be a whole number from 0 to 2, got 3');
    expect(() => oneHotLabels(labels(-1), 3)).toThrow(ValueError);
    expect(() => oneHotLabels(labels(0), 0)).toThrow(ValueError);
    expect(() => oneHotLabels(labels(0), 2.5)).toThrow(ValueError);
    expect(() => oneHotLabels(tensor([0, 1.5]), 2)).toThrow('label 1 must be a whole number from 0 to 1, got 1.5');
    expect(() => oneHotLabels(fromData(Int32Array.of(0, 1), [2, 1]), 2)).toThrow(ShapeError);
  });
});

describe('a scaler as a transformer', () => {
  test('tells its kind, its options and names of features', () => {
    const scaler = new MinMaxScaler({ featureRange: [-1, 3] });
    expect([scaler.kind, scaler.options]).toEqual(['transformer', { featureRange: [-1, 3] }]);
    expect([new StandardScaler().kind, new StandardScaler().options]).toEqual(['transformer', {}]);
    expect(() => scaler.featureNames()).toThrow('MinMaxScaler.featureNames: the scaler is not fitted');
    scaler.fit([[1, 2]]);
    expect(scaler.featureNames()).toEqual(['x0', 'x1']);
    expect(scaler.featureNames(['a', 'b'])).toEqual(['a', 'b']);
    for (const names of [['a'], 'ab', [1, 2]])
      expect(() => scaler.featureNames(names as never)).toThrow('names must be a list of 2 texts');
  });

  test('is copied with its options, and not fitted', () => {
    for (const scaler of [new StandardScaler(), new MinMaxScaler({ featureRange: [2, 4] })]) {
      const copy = scaler.fit([[1], [5]]).clone();
      expect(copy).toBeInstanceOf(scaler.constructor);
      expect(copy.options).toEqual(scaler.options);
      expect(() => copy.transform([[1]])).toThrow(StateError);
      expect(copy.fitTransform([[1], [5]]).toArray()).toEqual(scaler.transform([[1], [5]]).toArray());
    }
  });
});
