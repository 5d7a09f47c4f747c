import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GradientError, ShapeError, ValueError } from '../../src/base/errors.ts';
import { groupKFold } from '../../src/data/folds.ts';
import {
  type FoldOptions,
  kFold,
  type Split,
  splitIndices,
  stratifiedKFold,
  takeRows,
  trainTestSplit,
} from '../../src/data/split.ts';
import { tensor } from '../../src/tensor/create.ts';
import { fromData } from '../../src/tensor/tensor.ts';

const sorted = (xs: Iterable<number>): number[] => [...xs].sort((a, b) => a - b);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const complete = (n: number, { train, test }: Split): void => expect(sorted([...train, ...test])).toEqual(upTo(n));
/** How many of `samples` are of class `k`. */
const share = (labels: readonly number[], samples: Iterable<number>, k: number): number =>
  [...samples].filter((i) => labels[i] === k).length;

describe('splitIndices', () => {
  test('every sample is in exactly one part, and the sizes are scikit-learn’s', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 200 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.nat(),
        (n, testSize, seed) => {
          fc.pre(Math.ceil(n * testSize) < n);
          const split = splitIndices(n, { testSize, seed });
          complete(n, split);
          expect(split.test.length).toBe(Math.ceil(n * testSize));
        },
      ),
    );
    expect(splitIndices(1797).test.length).toBe(450);
    expect(splitIndices(10, { testSize: 3 }).test.length).toBe(3);
    expect(splitIndices(2).train.length).toBe(1);
  });

  test('the seed decides, and nothing else', () => {
    expect(splitIndices(50, { seed: 7 })).toEqual(splitIndices(50, { seed: 7 }));
    expect(splitIndices(50, { seed: 7 })).not.toEqual(splitIndices(50, { seed: 8 }));
    expect(splitIndices(50)).toEqual(splitIndices(50, { seed: 0 }));
    expect(sorted(splitIndices(50).test)).not.toEqual(upTo(50).slice(37));
  });

  test('without shuffling the last samples are the test set', () => {
    const { train, test: last } = splitIndices(10, { shuffle: false, testSize: 0.25 });
    expect([...train]).toEqual(upTo(7));
    expect([...last]).toEqual([7, 8, 9]);
  });

  test('every sample is drawn equally often', () => {
    const drawn = new Int32Array(10);
    for (let seed = 0; seed < 2000; seed++) for (const i of splitIndices(10, { seed, testSize: 3 }).test) drawn[i]!++;
    // Binomial(2000, 0.3): deviation 20.5; five of them.
    for (const count of drawn) expect(Math.abs(count - 600)).toBeLessThan(103);
  });

  test('stratified parts keep the share of every class within one sample', () => {
    const labels = fc.array(fc.nat(3), { minLength: 20, maxLength: 120 });
    fc.assert(
      fc.property(labels, fc.integer({ min: 200, max: 800 }), fc.nat(), (ys, thousandths, seed) => {
        const testSize = thousandths / 1000;
        const classes = [...new Set(ys)];
        fc.pre(classes.every((k) => share(ys, upTo(ys.length), k) >= 2));
        const split = splitIndices(ys.length, { testSize, seed, stratify: ys });
        complete(ys.length, split);
        const testCount = Math.floor((ys.length * thousandths + 999) / 1000); // in integers, so exactly
        expect(split.test.length).toBe(testCount);
        for (const k of classes) {
          const exact = (share(ys, upTo(ys.length), k) * testCount) / ys.length;
          expect(Math.abs(share(ys, split.test, k) - exact)).toBeLessThan(1);
        }
      }),
    );
  });

  test('of very many classes is refused as any others are', () => {
    const each = Float64Array.from({ length: 200_000 }, (_, i) => i);
    expect(() => splitIndices(200_000, { stratify: each })).toThrow(ValueError);
    expect(() => stratifiedKFold(each, { folds: 3 })).toThrow('folds must be at most 1');
  });

  test('a stratified split mixes the classes within each part', () => {
    const ys = upTo(100).map((i) => (i < 50 ? 'a' : 'b'));
    const { train } = splitIndices(100, { stratify: ys });
    const firstHalf = [...train.slice(0, 37)].filter((i) => ys[i] === 'a').length;
    expect(firstHalf).toBeGreaterThan(8);
    expect(firstHalf).toBeLessThan(29);
    expect([...train]).not.toEqual(sorted(train));
  });

  test('places that are left go to the largest remainders', () => {
    // Shares of 3 places: 1.5, 1.05 and 0.45; the place left over goes to the first.
    const ys = [...Array(10).fill(0), ...Array(7).fill(1), ...Array(3).fill(2)];
    const { test: part } = splitIndices(20, { testSize: 3, stratify: ys });
    expect([0, 1, 2].map((k) => share(ys, part, k))).toEqual([2, 1, 0]);
  });

  test.each([0, 1, -5, 2.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d samples', (n) => {
    expect(() => splitIndices(n)).toThrow(ValueError);
  });

  test.each([0, -0.1, 1.5, 10, 11, Number.NaN, 0.95])('refuses a test size of %d of 10 samples', (testSize) => {
    expect(() => splitIndices(10, { testSize })).toThrow(ValueError);
  });

  test('refuses labels that cannot be stratified', () => {
    const six = { testSize: 2 };
    expect(() => splitIndices(6, { ...six, stratify: [0, 0, 0, 1, 1] })).toThrow('must be 6, one per sample, got 5');
    expect(() => splitIndices(6, { ...six, stratify: [0, 0, 0, 0, 0, 1] })).toThrow('of at least 2 samples, got 1');
    expect(() => splitIndices(6, { ...six, stratify: [0, 0, 1, 1, 2, 2] })).toThrow(
      'of at least 3 samples, one per class, got 2',
    );
    // Neither part may be too small for one of each class, the training part as little as the test part.
    const ten = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2];
    for (const testSize of [1, 2, 8, 9]) {
      expect(() => splitIndices(10, { testSize, stratify: ten })).toThrow(
        `splitIndices: the smaller part must be of at least 3 samples, one per class, got ${Math.min(testSize, 10 - testSize)}`,
      );
    }
    for (const testSize of [3, 7]) {
      const { train, test: held } = splitIndices(10, { testSize, stratify: ten });
      for (const part of [train, held]) expect(new Set(Array.from(part, (i) => ten[i])).size).toBe(3);
    }
    expect(() => splitIndices(6, { ...six, stratify: [0, 0, 0, 1, 1, Number.NaN] })).toThrow(ValueError);
    expect(() => splitIndices(6, { ...six, stratify: [0, 0, 0, 1, 1, 1], shuffle: false })).toThrow(
      'shuffle must be true',
    );
    expect(() =>
      splitIndices(6, {
        ...six,
        stratify: tensor([
          [1, 0],
          [0, 1],
        ]),
      }),
    ).toThrow(ShapeError);
    expect(() => splitIndices(6, { seed: -1 })).toThrow(ValueError);
  });
});

describe('trainTestSplit and takeRows', () => {
  test('tensors are split alike, keep their types and take labels to stratify by', () => {
    const x = fromData(Float32Array.from(upTo(40)), [20, 2]);
    const y = fromData(Int32Array.from(upTo(20), (i) => i % 2));
    const [[xTrain, xTest], [yTrain, yTest]] = trainTestSplit([x, y], { stratify: y, testSize: 6, seed: 3 });
    expect([xTrain.shape, xTest.shape, yTrain.shape, yTest.shape]).toEqual([[14, 2], [6, 2], [14], [6]]);
    expect(yTest.dtype).toBe('int32');
    expect([...yTest.data].filter((k) => k === 1)).toHaveLength(3);
    for (let i = 0; i < 6; i++) expect((xTest.data[2 * i]! / 2) % 2).toBe(yTest.data[i]);
    expect(sorted([...xTrain.data, ...xTest.data])).toEqual(upTo(40));
  });

  test('refuses no tensor, scalars, tensors of other lengths and tensors with a gradient', () => {
    expect(() => trainTestSplit([])).toThrow(ShapeError);
    expect(() => trainTestSplit([tensor(1)])).toThrow(ShapeError);
    expect(() => trainTestSplit([tensor([1, 2, 3]), tensor([1, 2])])).toThrow(ShapeError);
    expect(() => trainTestSplit([fromData(new Float32Array(0), [0, 3])])).toThrow(ValueError);
    const weights = tensor([1, 2, 3]);
    weights.requiresGrad = true;
    expect(() => trainTestSplit([weights])).toThrow(GradientError);
  });

  test('takeRows copies rows in the order asked for, again if asked again', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const y = takeRows(x, [2, 0, 2]);
    expect(y.toArray()).toEqual([
      [5, 6],
      [1, 2],
      [5, 6],
    ]);
    x.data[0] = 9;
    expect(y.toArray()).toEqual([
      [5, 6],
      [1, 2],
      [5, 6],
    ]);
    expect(takeRows(tensor([true, false]), [1]).dtype).toBe('bool');
    expect(takeRows(x, []).shape).toEqual([0, 2]);
  });

  test.each([-1, 3, 0.5, Number.NaN])('takeRows refuses row %d of 3', (row) => {
    expect(() => takeRows(tensor([1, 2, 3]), [0, row])).toThrow(ValueError);
  });
});

describe('folds', () => {
  test('every sample is in exactly one test fold, and sizes differ by at most one, the larger first', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 60 }),
        fc.integer({ min: 2, max: 10 }),
        fc.boolean(),
        fc.nat(),
        (n, folds, shuffle, seed) => {
          fc.pre(folds <= n);
          const splits = kFold(n, { folds, shuffle, seed });
          for (const split of splits) complete(n, split);
          expect(sorted(splits.flatMap((split) => [...split.test]))).toEqual(upTo(n));
          const sizes = splits.map((split) => split.test.length);
          expect(sizes).toEqual(upTo(folds).map((i) => Math.floor(n / folds) + (i < n % folds ? 1 : 0)));
        },
      ),
    );
  });

  test('without shuffling folds are runs, as scikit-learn has them', () => {
    expect(kFold(7, { folds: 3 }).map((split) => [...split.test])).toEqual([
      [0, 1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(kFold(10)).toHaveLength(5);
    expect(kFold(30, { shuffle: true, seed: 1 })).not.toEqual(kFold(30, { shuffle: true, seed: 2 }));
    expect(kFold(30, { shuffle: true, seed: 1 })).toEqual(kFold(30, { shuffle: true, seed: 1 }));
  });

  test('stratified folds spread every class evenly', () => {
    const labels = fc.array(fc.nat(3), { minLength: 12, maxLength: 80 });
    fc.assert(
      fc.property(labels, fc.integer({ min: 2, max: 5 }), fc.boolean(), fc.nat(), (ys, folds, shuffle, seed) => {
        const classes = [...new Set(ys)];
        fc.pre(classes.some((k) => share(ys, upTo(ys.length), k) >= folds));
        const splits = stratifiedKFold(ys, { folds, shuffle, seed });
        for (const split of splits) complete(ys.length, split);
        expect(sorted(splits.flatMap((split) => [...split.test]))).toEqual(upTo(ys.length));
        for (const { test: part } of splits) {
          expect(Math.abs(part.length - ys.length / folds)).toBeLessThan(1);
          for (const k of classes) {
            expect(Math.abs(share(ys, part, k) - share(ys, upTo(ys.length), k) / folds)).toBeLessThan(1);
          }
        }
      }),
    );
  });

  test('the seed decides how folds are shuffled, and the default is 0', () => {
    const labels = upTo(40).map((i) => i % 3);
    const ways = [
      (options: FoldOptions) => kFold(40, options),
      (options: FoldOptions) => stratifiedKFold(labels, options),
    ];
    for (const folds of ways) {
      const shuffled = [0, 1, 2, 3].map((seed) => JSON.stringify(folds({ shuffle: true, seed })));
      expect(new Set(shuffled).size).toBe(4);
      expect(JSON.stringify(folds({ shuffle: true }))).toBe(shuffled[0]);
      expect(JSON.stringify(folds({ shuffle: true, seed: 2 }))).toBe(shuffled[2]);
      expect(folds({ seed: 1 })).toEqual(folds({ seed: 2 }));
    }
  });

  test('stratified folds are those of scikit-learn', () => {
    const tests = (labels: (number | string)[], folds: number): number[][] =>
      stratifiedKFold(labels, { folds }).map((split) => [...split.test]);
    expect(tests([0, 0, 1, 1], 2)).toEqual([
      [0, 2],
      [1, 3],
    ]);
    // Classes in order of first appearance: b b b a a, dealt to two folds: b in 0, 1, 0 and a in 1, 0.
    expect(tests(['b', 'b', 'a', 'b', 'a'], 2)).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
  });

  test('refuses folds that cannot be', () => {
    for (const folds of [0, 1, 11, 2.5, Number.NaN]) expect(() => kFold(10, { folds })).toThrow(ValueError);
    expect(() => kFold(1)).toThrow(ValueError);
    expect(() => kFold(0)).toThrow(ValueError);
    expect(() => stratifiedKFold([])).toThrow(ValueError);
    expect(() => stratifiedKFold([0, 0, 1, 1, 2, 2], { folds: 3 })).toThrow('folds must be at most 2');
    // A class smaller than the folds is allowed while another is large enough.
    expect(stratifiedKFold([0, 0, 0, 1], { folds: 3 })).toHaveLength(3);
  });
});

test.each([[null], [undefined], [3], [{ length: -1 }]])('labels %j are refused', (given) => {
  const labels = given as unknown as string[];
  expect(() => stratifiedKFold(labels)).toThrow(ValueError);
  expect(() => groupKFold(labels)).toThrow(ValueError);
});
