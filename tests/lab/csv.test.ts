import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCSV } from 'whittle-ml/data';
import { csvOf, dialectFor, numberText } from '../../lab/src/csv.ts';

describe('numbers', () => {
  test('are the shortest decimals that are read back as the same float32', () => {
    expect([0.1, 1 / 3, 0, -0, 1, 1e-30, 16_777_217].map((x) => numberText(Math.fround(x)))).toEqual([
      ...['0.1', '0.33333334', '0', '0', '1', '1e-30', '16777216'],
    ]);
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (x) => {
        const text = numberText(x);
        expect(Math.fround(Number(text)) + 0).toBe(x + 0);
        expect(text.length).toBeLessThanOrEqual(String(x).length);
      }),
    );
  });

  test('of float64 keep all their digits', () => {
    for (const x of [0.1, 1 / 3, 1e300, 123.456]) expect(Number(numberText(x))).toBe(x);
  });
});

describe('a table with answers behind its columns', () => {
  const written = (text: string, options: Parameters<typeof readCSV>[1] = {}): string => {
    const table = readCSV(text, options);
    const cells = (row: number): readonly (string | number)[] => [`class; ${row}`, 0.5];
    return [...csvOf(dialectFor(table.dialect), table, { names: ['prediction', 'p(a)'], cells, score: null })].join('');
  };

  test('keeps the cells as they stand and quotes where it must', () => {
    expect(written('a,b\n1.50, "x, y"\n002,"say ""no"""\n')).toBe(
      'a,b,prediction,p(a)\n1.50,"x, y",class; 0,0.5\n002,"say ""no""",class; 1,0.5\n',
    );
  });

  test('is written as it was read: its delimiter, and its decimal comma for the numbers added', () => {
    expect(written('a;b\n1,5;x\n', { delimiter: ';', decimal: ',' })).toBe(
      'a;b;prediction;p(a)\n1,5;x;"class; 0";0,5\n',
    );
    expect(written('a  b\n1   x\n', { delimiter: ' ' })).toBe('a,b,prediction,p(a)\n1,x,class; 0,0.5\n');
  });

  test('gives a name to columns without one, and to an answer whose name is taken', () => {
    expect(written('1,2\n', { header: false })).toMatch(/^column 1,column 2,prediction,p\(a\)\n1,2,/);
    expect(written('prediction,b\n1,2\n')).toMatch(/^prediction,b,prediction \(2\),p\(a\)\n/);
  });
});
