import { describe, expect, test } from 'vitest';
import {
  MinMaxScaler,
  oneHotLabels,
  StandardScaler,
  splitIndices,
  stratifiedKFold,
  takeRows,
  trainTestSplit,
} from '../../src/data/index.ts';
import { tensor } from '../../src/tensor/create.ts';
import { fromData } from '../../src/tensor/tensor.ts';

const rows = [
  [1, 10],
  [2, 30],
  [3, 50],
  [5, 90],
];

describe('arrays stand for tensors', () => {
  test('in a split, which gives tensors of rows that belong together', () => {
    const [[xTrain, xTest], [yTrain, yTest], [, images]] = trainTestSplit(
      [rows, [1, 2, 3, 5], Uint8Array.of(1, 2, 3, 5)],
      { testSize: 1, shuffle: false },
    );
    expect(xTrain.toArray()).toEqual(rows.slice(0, 3));
    expect(xTest.toArray()).toEqual([[5, 90]]);
    expect(yTrain.toArray()).toEqual([1, 2, 3]);
    expect([yTest.dtype, ...yTest.data]).toEqual(['float32', 5]);
    expect([images.dtype, ...images.data]).toEqual(['uint8', 5]);
  });

  test('in rows that are taken', () => {
    expect(takeRows(rows, [3, 0]).toArray()).toEqual([rows[3], rows[0]]);
    expect(takeRows(Int16Array.of(7, -300, 9), [1]).toArray()).toEqual([-300]);
    expect(takeRows([true, false], [1]).dtype).toBe('bool');
  });

  test.each([StandardScaler, MinMaxScaler])('in %o, integers too, as float32', (Scaler) => {
    const wanted = new Scaler().fitTransform(tensor(rows));
    const bytes = fromData(Uint8Array.from(rows.flat()), [4, 2]);
    const words = fromData(Int32Array.from(rows.flat()), [4, 2]);
    for (const x of [rows, rows.map((row) => [...Uint16Array.from(row)]), bytes, words]) {
      const scaler = new Scaler().fit(x);
      const y = scaler.transform(x);
      expect([y.dtype, ...y.data]).toEqual(['float32', ...wanted.data]);
      expect(scaler.inverseTransform(y.toArray()).toArray()).toEqual(
        new Scaler().fit(rows).inverseTransform(y).toArray(),
      );
    }
    const halves = new Scaler().fitTransform(tensor(rows, { dtype: 'float64' }));
    expect(halves.dtype).toBe('float64');
  });

  test('in labels for one-hot rows, also as floats that are whole', () => {
    const wanted = [
      [0, 0, 1],
      [1, 0, 0],
    ];
    for (const labels of [[2, 0], tensor([2, 0]), Uint8Array.of(2, 0), Uint32Array.of(2, 0), Int32Array.of(2, 0)])
      expect(oneHotLabels(labels, 3).toArray()).toEqual(wanted);
    expect(() => oneHotLabels([Number.NaN], 3)).toThrow('label 0 must be a whole number from 0 to 2, got NaN');
  });

  test('in labels to stratify by: booleans, and rows of one number', () => {
    const y = [true, false, true, false, true, false, true, false];
    const { test: held } = splitIndices(8, { testSize: 4, stratify: y });
    expect([...held].filter((i) => y[i])).toHaveLength(2);
    const column = y.map((label) => [Number(label)]);
    expect(stratifiedKFold(column, { folds: 4 })).toEqual(stratifiedKFold(y.map(Number), { folds: 4 }));
  });
});

describe('what is no data is refused', () => {
  const y = [0, 1, 0, 1];
  const given =
    (...list: unknown[]): (() => unknown) =>
    () =>
      (trainTestSplit as (...list: unknown[]) => unknown)(...list);

  test('x and y that are not in a list, with the line to write', () => {
    for (const second of [y, Uint8Array.from(y), tensor(y)])
      for (const first of [rows, tensor(rows)]) expect(given(first, second)).toThrow('trainTestSplit([x, y], options)');
    expect(given(tensor(rows))).toThrow('trainTestSplit([x, y], options)');
  });

  test('text, holes and BigInts, with the sample and the remedy', () => {
    expect(given([rows, ['a', 'b', 'a', 'b']])).toThrow(
      'trainTestSplit: sample 0 of [1] must be of numbers, got "a". Map text to class numbers: const names = ' +
        '[...new Set(labels)]; labels.map((label) => names.indexOf(label))',
    );
    expect(() => takeRows([1, null] as never, [0])).toThrow(
      'takeRows: sample 1 of the rows must be of numbers, got null',
    );
    expect(() => takeRows(BigInt64Array.of(1n) as never, [0])).toThrow('Float64Array.from(values, Number)');
    expect(() => new StandardScaler().fit([[1, 2], [3]])).toThrow(
      'StandardScaler.fit: the nested arrays are ragged: sample 1 of the samples has 1 entries, not 2',
    );
  });
});
