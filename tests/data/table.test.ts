import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError, LimitError, ValueError } from '../../src/base/errors.ts';
import { type TableOptions, tableFromBytes, tableFromCSV } from '../../src/data/table.ts';

const rows = (n: number, row: (i: number) => string): string => Array.from({ length: n }, (_, i) => row(i)).join('\n');
const y = { target: 'y' };

describe('tableFromCSV', () => {
  test('numbers become features and texts one column per text, in the order of the file', () => {
    const table = tableFromCSV('size,colour,y\n1.5,red,no\n-2e1, blue ,yes\n+.5,red,no\n', y);
    expect(table.featureNames).toEqual(['size', 'colour=blue', 'colour=red']);
    expect(table.features.toArray()).toEqual([
      [1.5, 0, 1],
      [-20, 1, 0],
      [0.5, 0, 1],
    ]);
    expect(table.features.dtype).toBe('float32');
    expect(table.classNames).toEqual(['no', 'yes']);
    expect(table.target.dtype).toBe('int32');
    expect(table.target.toArray()).toEqual([0, 1, 0]);
    expect(table.taskReason).toBe('classification: "y" holds texts');
  });

  test('every plain decimal number is read as Number reads it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 2, maxLength: 20 }),
        (values) => {
          const table = tableFromCSV(`x,y\n${rows(values.length, (i) => `${values[i]},${i % 2}`)}`, y);
          // CSV has no spelling of its own for -0.
          expect([...table.features.data]).toEqual(values.map((v) => v + 0));
          expect(table.featureNames).toEqual(['x']);
        },
      ),
    );
  });

  test.each(['0x10', '2abc', 'Infinity', '-inf', '1e', 'e5', '.', '+', '--1', '1 2', '1_000', '٣', '1.2.3'])(
    '%s is a text, never a number',
    (cell) => {
      expect(tableFromCSV(`x,y\n${cell},0\n1,1\n`, y).featureNames).toEqual(
        ['1', cell].sort().map((text) => `x=${text}`),
      );
    },
  );

  test('1,000 in quotes is no text without a word', () => {
    const text = 'x,y\n"1,000",0\n1,1\n';
    expect(() => tableFromCSV(text, y)).toThrow(
      'csv: column "x": holds "1,000" in line 2. Say decimal or thousands if that is a number, or types: { "x": \'category\' }',
    );
    expect(tableFromCSV(text, { ...y, thousands: ',' }).features.toArray()).toEqual([[1000], [1]]);
    expect(tableFromCSV(text, { ...y, types: { x: 'category' } }).featureNames).toEqual(['x=1', 'x=1,000']);
  });

  test('integers of a target are classes up to 20 distinct ones, sorted as numbers', () => {
    const table = tableFromCSV(`x,y\n${rows(40, (i) => `${i},${(19 - (i % 20)) * 2}`)}`, y);
    expect(table.task).toBe('classification');
    expect(table.classNames?.slice(0, 3)).toEqual(['0', '2', '4']);
    expect(table.target.data[0]).toBe(19);
    expect(table.taskReason).toBe('classification: "y" has 20 distinct integers, at most 20');
    const more = tableFromCSV(`x,y\n${rows(42, (i) => `${i},${i % 21}`)}`, y);
    expect(more.task).toBe('regression');
    expect(more.taskReason).toBe('regression: "y" has 21 distinct integers, more than 20');
    expect(more.target.shape).toEqual([42, 1]);
    expect(more.classNames).toBeUndefined();
  });

  test('different spellings of one number are one class', () => {
    expect(tableFromCSV('x,y\n1,1\n2,1.0\n3,+2\n4,2e0\n', y).classNames).toEqual(['1', '2']);
  });

  test('fractions are a regression, and the caller decides otherwise', () => {
    const text = 'x,y\n1,0.5\n2,1.5\n3,1.5\n';
    expect(tableFromCSV(text, y).task).toBe('regression');
    expect(tableFromCSV(text, { ...y, task: 'classification' }).classNames).toEqual(['0.5', '1.5']);
    const forced = tableFromCSV('x,y\n1,0\n2,1\n', { ...y, task: 'regression' });
    expect(forced.target.toArray()).toEqual([[0], [1]]);
    expect(forced.taskReason).toBe('regression: the caller said so');
  });

  test('the target may be any column, and a constant feature is kept', () => {
    const table = tableFromCSV('y,k,x\na,7,1\nb,7,2\n', y);
    expect(table.featureNames).toEqual(['k', 'x']);
    expect(table.features.toArray()).toEqual([
      [7, 1],
      [7, 2],
    ]);
  });

  test('missing numbers become the mean of their column on request', () => {
    const table = tableFromCSV('x,y\n1,0\n,1\n 4 ,0\n  ,1\n', { ...y, missing: 'mean' });
    expect(table.features.toArray()).toEqual([[1], [2.5], [4], [2.5]]);
  });

  const many = (n: number): string => `x,y\n${rows(n, (i) => `t${i},${i % 2}`)}`;
  const refused: readonly [string, string, Partial<TableOptions>, string][] = [
    ['an empty file', '', {}, 'csv: file: is empty'],
    ['a header only', 'x,y', {}, 'csv: file: has a header but no rows'],
    ['a header and its line end', 'x,y\n', {}, 'csv: file: has a header but no rows'],
    ['no column but the target', 'y\n1\n2\n', {}, 'csv: header: has no column but the target'],
    [
      'an empty cell',
      'x,y\n1,0\n,1\n',
      {},
      'csv: column "x": 1 cell is missing, the first in line 3. Fill with missing:',
    ],
    ['a blank cell', 'x,y\n1,0\n \t,1\n', {}, 'csv: column "x": 1 cell is missing, the first in line 3'],
    ['an empty quoted cell', 'x,y\n"",0\n1,1\n', {}, 'csv: column "x": 1 cell is missing, the first in line 2'],
    ['an empty cell among texts', 'x,y\nred,0\n,1\n', {}, 'csv: column "x": 1 cell is missing, the first in line 3'],
    ['a column without any number', 'x,y\n,0\n,1\n', { missing: 'mean' }, 'csv: column "x": every cell is missing'],
    [
      'an empty target',
      'x,y\n1,0.5\n2,\n',
      {},
      'csv: column "y": 1 of 2 rows have no value in the target, the first in line 3',
    ],
    [
      'an empty target that should be a mean',
      'x,y\n1,0\n2,\n',
      { missing: 'mean' },
      '; column "y": 1 of 2 rows have no value in the target, the first in line 3. Leave them out with unlabelled:',
    ],
    [
      'a number past float32',
      'x,y\n1,0\n3.5e38,1\n',
      {},
      'csv: column "x": the number "3.5e38" in line 3 is past the range of float32',
    ],
    [
      'a number past float64',
      'x,y\n-1e999,0\n1,1\n',
      {},
      'csv: column "x": the number "-1e999" in line 2 is past the range of float32',
    ],
    [
      '51 texts',
      many(51),
      {},
      'csv: column "x": has 51 different texts, more than 50 (maxCategories), the first that is no number "t0" in line 2. Keep',
    ],
    [
      'more texts than asked for',
      many(3),
      { maxCategories: 2 },
      'csv: column "x": has 3 different texts, more than 2 (maxCategories)',
    ],
    [
      '51 classes of text',
      `x,y\n${rows(51, (i) => `${i},t${i}`)}`,
      {},
      'csv: column "y": has 51 classes, more than 50 (maxCategories)',
    ],
    [
      '51 classes of numbers',
      `x,y\n${rows(51, (i) => `${i},${i}`)}`,
      { task: 'classification' },
      'csv: column "y": has 51 classes, more than 50 (maxCategories)',
    ],
    ['one class', 'x,y\n1,a\n2,a\n', {}, 'csv: column "y": classification needs at least 2 classes, every row has "a"'],
    [
      'one class of integers',
      'x,y\n1,3\n2,3\n',
      {},
      'csv: column "y": classification needs at least 2 classes, every row has "3"',
    ],
    [
      'a regression on texts',
      'x,y\n1,1\n2,2abc\n',
      { task: 'regression' },
      'csv: column "y": regression needs numbers, got "2abc" in line 3',
    ],
    ['two features of one name', 'x,x=b,y\nb,1,0\nc,2,1\n', {}, 'csv: header: two features would be called "x=b"'],
    ['a ragged row', 'x,y\n1,0\n2\n', {}, 'csv: line 3: has 1 cell, the header has 2'],
    ['1,000 without quotes', 'x,y\n1,000,0\n1,1\n', {}, 'csv: line 2: has 3 cells, the header has 2'],
  ];
  test.each(refused)('refuses %s', (_, text, options, message) => {
    expect(() => tableFromCSV(text, { ...y, ...options })).toThrow(FormatError);
    expect(() => tableFromCSV(text, { ...y, ...options })).toThrow(message);
  });

  test('refuses options that are none, listing the good ones', () => {
    const text = 'x,y\n1,0\n2,1\n';
    expect(() => tableFromCSV(text, { target: 'z' })).toThrow('TableEncoder: target must be one of "x", "y", got "z"');
    const wide = (n: number): string =>
      `${Array.from({ length: n }, (_, i) => `c${i}`).join(',')}\n${Array(n).fill('1').join(',')}`;
    expect(() => tableFromCSV(wide(8), { target: 'z' })).toThrow('"c6", "c7", got "z"');
    expect(() => tableFromCSV(wide(11), { target: 'z' })).toThrow('"c6", "c7" and 3 more, got "z"');
    expect(() => tableFromCSV(text, { target: '__proto__' })).toThrow(ValueError);
    // @ts-expect-error no such task
    expect(() => tableFromCSV(text, { ...y, task: 'clustering' })).toThrow(ValueError);
    // @ts-expect-error no such treatment
    expect(() => tableFromCSV(text, { ...y, missing: 'zero' })).toThrow(ValueError);
    expect(() => tableFromCSV(text, { ...y, maxCategories: 0 })).toThrow(ValueError);
    expect(() => tableFromCSV(text, { ...y, maxDistinctIntegers: 1.5 })).toThrow(ValueError);
  });

  test('names and texts that objects inherit are ordinary', () => {
    const table = tableFromCSV('__proto__,constructor,y\ntoString,1,__proto__\nvalueOf,2,constructor\n', y);
    expect(table.featureNames).toEqual(['__proto__=toString', '__proto__=valueOf', 'constructor']);
    expect(table.classNames).toEqual(['__proto__', 'constructor']);
  });

  test('limits the table that one column per text makes', () => {
    expect(() => tableFromCSV(many(50), { ...y, maxCells: 2400 })).toThrow(LimitError);
    expect(tableFromCSV(many(50), { ...y, maxCells: 2500 }).features.shape).toEqual([50, 50]);
  });

  test('reads a number of a million digits in linear time', () => {
    const digits = '1'.repeat(1_000_000);
    expect(tableFromCSV(`x,y\n${digits}x,0\n${digits}.${digits}x,1`, y).featureNames).toHaveLength(2);
    expect(tableFromCSV(`x,y\n0.${digits},0\n1e-${digits},1`, y).features.data[1]).toBe(0);
  });

  test('bytes are UTF-8, with or without a byte order mark', () => {
    const bytes = new TextEncoder().encode('\ufeffx,y\né,0\n😀,1\n');
    expect(tableFromCSV(bytes, y).featureNames).toEqual(['x=é', 'x=😀']);
    expect(() => tableFromCSV(Uint8Array.of(0x78, 0xe9, 0x0a), y)).toThrow('is not UTF-8');
    expect(() => tableFromCSV(Uint8Array.of(0xff, 0xfe, 0x78, 0), y)).toThrow(FormatError);
  });
});

describe('tableFromBytes', () => {
  test('unpacks gzip, passes plain text on and keeps to the limit', async () => {
    const text = Buffer.from('x,y\n1,0\n2,1\n');
    const plain = await tableFromBytes(text, y);
    const packed = await tableFromBytes(gzipSync(text), y);
    expect(packed.features.toArray()).toEqual(plain.features.toArray());
    await expect(tableFromBytes(gzipSync(text), { ...y, maxBytes: 5 })).rejects.toThrow(LimitError);
    await expect(tableFromBytes(new Uint8Array(0), y)).rejects.toThrow(FormatError);
  });

  test('reads the digits that come with the source', async () => {
    const table = await tableFromBytes(readFileSync('data/digits.csv.gz'), { target: 'digit' });
    expect(table.features.shape).toEqual([1797, 64]);
    expect(table.classNames).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect(Math.max(...Array.from(table.features.data))).toBe(16);
    expect([...table.target.data.slice(0, 4)]).toEqual([0, 1, 2, 3]);
  });

  test('reads the wines that come with the source', async () => {
    const table = await tableFromBytes(readFileSync('data/wine.csv'), { target: 'class' });
    expect(table.features.shape).toEqual([178, 13]);
    expect(table.featureNames[12]).toBe('proline');
    expect(table.task).toBe('classification');
    // Class sizes as the UCI page gives them.
    expect([0, 1, 2].map((k) => table.target.data.filter((label) => label === k).length)).toEqual([59, 71, 48]);
  });
});
