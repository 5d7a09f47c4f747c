import { describe, expect, test } from 'vitest';
import { type EncoderOptions, readCSV, TableEncoder } from '../../src/data/index.ts';

/** A column `c` of these cells, and a number beside it. */
const tableOf = (cells: readonly (string | number)[]): ReturnType<typeof readCSV> =>
  readCSV(`c,n\n${cells.map((cell, i) => `${cell},${(i * i) % 97}.5`).join('\n')}\n`);

const range = <T>(length: number, cell: (i: number) => T): T[] => Array.from({ length }, (_, i) => cell(i));

describe('clip', () => {
  /** Column by column, the values that are there. */
  function valuesOf(cells: readonly string[], options: EncoderOptions): Record<string, number[]> {
    const encoder = new TableEncoder({ scale: 'standard', ...options });
    const { features } = encoder.fitTransform(tableOf(cells));
    const width = encoder.featureNames.length;
    const own = (k: number): number[] => [...new Set(range(cells.length, (i) => features.data[i * width + k]!))];
    return Object.fromEntries(encoder.featureNames.map((name, k) => [name, own(k)]));
  }

  // Of 50 rows one is b: standardised, its 1 is (1 - 0.02) / 0.14 = 7, and the 0 of all the others 1 / 7 below 0.
  const seldom = range(50, (i) => (i === 7 ? 'b' : 'a'));

  test('cuts off both ends of a category', () => {
    const free = valuesOf(seldom, {});
    expect(free['c=b']![1]).toBeCloseTo(7, 5);
    expect(free['c=a']![1]).toBeCloseTo(-7, 5);
    const cut = valuesOf(seldom, { clip: 2 });
    expect(cut['c=b']).toEqual([free['c=b']![0], 2]);
    expect(cut['c=a']).toEqual([free['c=a']![0], -2]);
  });

  test('cuts off the column that tells of missing cells', () => {
    const gap = range(50, (i) => (i === 7 ? '' : String(i % 5)));
    const cut = valuesOf(gap, { clip: 2, missing: 'category' });
    expect(cut['c=(missing)']).toHaveLength(2);
    expect(cut['c=(missing)']![1]).toBe(2);
  });

  test('takes numbers that would be past float32 once scaled, but none that float64 cannot scale', () => {
    const train = tableOf(range(40, (i) => (i % 2) / 1e30));
    const fitted = (clip?: number): TableEncoder =>
      new TableEncoder({ scale: 'standard', ...(clip === undefined ? {} : { clip }) }).fit(train);
    const far = tableOf([1e20, -1e20]);
    expect(() => fitted().transform(far)).toThrow(/scaled past the range of float32/);
    const { features } = fitted(3).transform(far);
    expect([features.data[0], features.data[2]]).toEqual([3, -3]);
    expect(() => fitted(3).transform(tableOf([1e200, 0]))).toThrow(/past the range/);
  });
});

describe('the most frequent value', () => {
  const rows = range(10, (i) => i);
  const fillOf = (cells: readonly (string | number)[], given?: readonly number[]): unknown =>
    new TableEncoder({ missing: 'frequent' }).fit(tableOf(cells), given && { rows: given }).columns[0]!.fill;

  test('is that of the rows to fit: of texts, of numbers, and of dates', () => {
    const often = <T>(a: T, b: T): (T | string)[] => [...range(6, () => a), ...range(14, () => b), ''];
    expect(fillOf(often('a', 'b'))).toBe('b');
    expect(fillOf(often('a', 'b'), rows)).toBe('a');
    expect(fillOf(often(4, 8))).toBe(8);
    expect(fillOf(often(4, 8), rows)).toBe(4);
    expect(fillOf(often('1970-01-05', '1970-01-09'), rows)).toBe(4);
  });

  test('of equals is the smaller', () => {
    expect(fillOf(['b', 'a', 'b', 'a', ''])).toBe('a');
    expect(fillOf([10, 9, 10, 9, ''])).toBe(9);
  });
});

describe('the limits at which a column is', () => {
  const isLeftOut = (cells: readonly (string | number)[]): boolean =>
    new TableEncoder({ columns: 'useful' }).fit(tableOf(cells)).notes.some(({ column }) => column === 'c');
  const texts = (distinct: number, rows: number): string[] => range(rows, (i) => `t${i % distinct}`);

  test.each<[string, readonly (string | number)[], boolean]>([
    ['10 numbers that run on by 1', range(10, (i) => i + 5), false],
    ['11 numbers that run on by 1', range(11, (i) => i + 5), true],
    ['10 texts in 10 rows', texts(10, 10), false],
    ['10 texts in 15 rows', texts(10, 15), false],
    ['11 texts in 15 rows', texts(11, 15), true],
    ['11 texts in 21 rows', texts(11, 21), true],
    ['11 texts in 22 rows', texts(11, 22), false],
    ['11 texts in 21 rows and 9 without', [...texts(11, 21), ...range(9, () => '')], true],
  ])('left out: %s', (_name, cells, isSo) => {
    expect(isLeftOut(cells)).toBe(isSo);
  });

  const kindOf = (cells: readonly (string | number)[]): string => {
    const options = { missing: 'mean', odd: 'missing', maxCategories: 200 } as const;
    return new TableEncoder(options).fit(tableOf(cells)).columns[0]!.kind;
  };
  /** Numbers or dates but for so many texts, of which there are `different` ones. */
  const strays = <T>(count: number, cell: (i: number) => T, different = 4): (T | string)[] =>
    range(100, (i) => (i < count ? `x${i % different}` : cell(i)));
  const day = (i: number): string => `2020-${10 + (i % 3)}-${10 + (i % 17)}`;

  test.each<[string, readonly (string | number)[], string]>([
    ['4 of 100 texts among numbers', strays(4, (i) => i), 'number'],
    ['5 of 100 texts among numbers', strays(5, (i) => i), 'category'],
    ['4 of 100 texts among 21 numbers', strays(4, (i) => i % 21), 'number'],
    ['4 of 100 texts among 20 numbers', strays(4, (i) => i % 20), 'category'],
    ['4 of 100 texts among dates', strays(4, day), 'date'],
    ['5 of 100 texts among dates', strays(5, day), 'category'],
    ['50 of 100 texts among numbers, 3 different ones', strays(50, (i) => i, 3), 'number'],
    ['51 of 100 texts among numbers, 3 different ones', strays(51, (i) => i, 3), 'category'],
    ['50 of 100 texts among dates, all the same', strays(50, day, 1), 'date'],
  ])('odd: %s', (_name, cells, kind) => {
    expect(kindOf(cells)).toBe(kind);
  });
});
