import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError, LimitError, ValueError } from '../../src/base/errors.ts';
import { parseCSV } from '../../src/data/csv.ts';

/** Writes CSV, quoting where needed and wherever `quoteAll` says so. */
function write(rows: readonly (readonly string[])[], lineEnd: string, delimiter: string, quoteAll: boolean): string {
  const cell = (text: string): string =>
    quoteAll || /["\r\n]/.test(text) || text.includes(delimiter) || text === ''
      ? `"${text.replaceAll('"', '""')}"`
      : text;
  return rows.map((row) => row.map(cell).join(delimiter)).join(lineEnd);
}

const cell = fc.string({
  unit: fc.constantFrom('a', 'é', '😀', '"', ',', ';', '\n', '\r', ' ', '1', '.'),
  maxLength: 6,
});

describe('parseCSV', () => {
  test('reads back what a writer wrote, for all quotings, line ends and delimiters', () => {
    const table = fc.integer({ min: 1, max: 5 }).chain((columns) =>
      fc.record({
        header: fc.uniqueArray(fc.constantFrom('a', 'b"', 'c,d', 'e\nf', 'é', 'x y', '0'), {
          minLength: columns,
          maxLength: columns,
        }),
        rows: fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { maxLength: 8 }),
      }),
    );
    const ends = fc.constantFrom('\n', '\r\n', '\r');
    fc.assert(
      fc.property(
        table,
        ends,
        fc.constantFrom(',', ';', '\t'),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        (t, end, delimiter, all, last, bom) => {
          const text = (bom ? '\ufeff' : '') + write([t.header, ...t.rows], end, delimiter, all) + (last ? end : '');
          const csv = parseCSV(text, { delimiter });
          expect(csv.header).toEqual(t.header);
          expect(csv.rows).toEqual(t.rows);
        },
      ),
    );
  });

  test('never throws anything but its own errors, and reads only rectangles', () => {
    const junk = fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a', ' ', '\ufeff'), maxLength: 30 });
    fc.assert(
      fc.property(junk, (text) => {
        try {
          const { header, rows } = parseCSV(text);
          expect(rows.every((row) => row.length === header.length)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('keeps blanks and line breaks in cells and trims names', () => {
    expect(parseCSV(' a ,b\n 1 ,"x\r\ny"\n')).toEqual({
      header: ['a', 'b'],
      rows: [[' 1 ', 'x\r\ny']],
    });
  });

  test('a row that ends in a delimiter has an empty last cell, also at the end of the file', () => {
    expect(parseCSV('a,b\n1,').rows).toEqual([['1', '']]);
    expect(parseCSV('a,b\n1,\n,').rows).toEqual([
      ['1', ''],
      ['', ''],
    ]);
  });

  test.each([
    ['nothing', '', 'csv: file: is empty'],
    ['only a byte order mark', '\ufeff', 'csv: file: is empty'],
    ['only blank lines', '\n \n', 'csv: file: is empty'],
    ['an empty name', 'a,,c\n1,2,3', 'csv: header: the name of column 2 is empty'],
    ['a name of blanks', 'a, \n1,2', 'csv: header: the name of column 2 is empty'],
    ['a name twice', 'a,b,a\n1,2,3', 'csv: header: the name "a" occurs twice'],
    ['a name twice but for blanks', 'a, a\n1,2', 'csv: header: the name "a" occurs twice'],
    ['a short row', 'a,b\n1,2\n3\n', 'csv: line 3: has 1 cell, the header has 2'],
    ['a long row', 'a,b\n1,2\n3,4,5\n', 'csv: line 3: has 3 cells, the header has 2'],
    ['an open quote', 'a,b\n1,"2\n3,4\n', 'csv: line 2: cell 2 has a quote that is never closed'],
    ['an open quote in the header', '"a,b\n1,2', 'csv: header: cell 1 has a quote that is never closed'],
    ['a lone quote at the end', 'a\n"', 'csv: line 2: cell 1 has a quote that is never closed'],
    ['an odd run of quotes', 'a\n"""', 'csv: line 2: cell 1 has a quote that is never closed'],
    ['a quote inside a cell', 'a,b\n1,2"3\n', 'csv: line 2: cell 2 has a quote but does not begin with one'],
    ['text after a quote', 'a,b\n"1"x,2\n', 'csv: line 2: cell 1 has text after its closing quote'],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseCSV(text)).toThrow(FormatError);
    expect(() => parseCSV(text)).toThrow(message);
  });

  test.each(['', ',,', '"', '\n', '\r'])('refuses %j as a delimiter', (delimiter) => {
    expect(() => parseCSV('a\n1', { delimiter })).toThrow(ValueError);
  });

  test('stops at the limit of cells', () => {
    expect(parseCSV('a,b\n1,2\n', { maxCells: 4 }).rows).toHaveLength(1);
    expect(() => parseCSV('a,b\n1,2\n3,4\n', { maxCells: 4 })).toThrow(LimitError);
    expect(() => parseCSV('a,b\n1,2\n', { maxCells: Number.NaN })).toThrow(ValueError);
  });

  // Anything worse than linear would need hours here.
  test('takes linear time on a million delimiters, quotes and lines', () => {
    const n = 1_000_000;
    expect(() => parseCSV(','.repeat(n))).toThrow(FormatError);
    expect(() => parseCSV(`a,b\n${','.repeat(n)}`)).toThrow('line 2: has 1000001 cells');
    expect(() => parseCSV('"'.repeat(n + 1))).toThrow('never closed');
    expect(() => parseCSV(`a\n${'"x\n'.repeat(n)}`)).toThrow(FormatError);
    expect(parseCSV(`a\n"${'""'.repeat(n)}"`).rows[0]?.[0]).toHaveLength(n);
    expect(parseCSV(`a\n${'"b"\n'.repeat(n)}`).rows).toHaveLength(n);
    expect(parseCSV(`a\n${'\n'.repeat(n)}`).rows).toHaveLength(0);
  });
});
