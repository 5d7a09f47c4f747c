import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError, LimitError, ValueError } from '../../src/base/errors.ts';
import type { RawTable, ReadOptions } from '../../src/data/raw.ts';
import { readCSV } from '../../src/data/read.ts';
import { MISSING } from '../../src/data/scan.ts';

const auto = { delimiter: 'auto', decimal: 'auto', thousands: 'auto', comment: 'auto' } as const;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The numbers of all columns by name. */
const numbersOf = (table: RawTable): Record<string, number[]> =>
  Object.fromEntries(table.names.map((name, i) => [name, [...table.column(i).numbers]]));

/** A column's texts, undefined where one is missing. */
function textsOf(table: RawTable, index: number): (string | undefined)[] {
  const { codes, texts } = table.texts(index);
  return [...codes].map((code) => (code < 0 ? undefined : texts[code]));
}

const kindsOf = (table: RawTable): string[] => table.notes.map(({ kind }) => kind);

describe('readCSV', () => {
  test('reads columns of numbers, and of texts when asked', () => {
    const table = readCSV('height,colour\n1.5, red\n-2e3,blue \n+.25,red\n7.,"blue"\n');
    expect([table.rows, table.names]).toEqual([4, ['height', 'colour']]);
    expect(table.column(0)).toEqual({
      name: 'height',
      numbers: Float64Array.of(1.5, -2000, 0.25, 7),
      missing: 0,
      texts: 0,
      firstText: -1,
    });
    expect(table.column(1)).toMatchObject({ missing: 0, texts: 4, firstText: 0 });
    expect(table.texts(1)).toEqual({ codes: Int32Array.of(0, 1, 0, 1), texts: ['red', 'blue'] });
    expect(textsOf(table, 0)).toEqual(['1.5', '-2e3', '+.25', '7.']);
    expect(table.notes).toEqual([]);
    expect(() => table.column(2)).toThrow('column: the index must be an integer from 0 to 1, got 2');
    expect(() => table.texts(-1)).toThrow(ValueError);
  });

  test('counts what is missing, and where the first text is', () => {
    const marks = ['', ' ', '""', '?', 'NA', 'n/a', 'NaN', 'null', '#N/A', '-', ' - '];
    const table = readCSV(`x,y\n1,a\n${marks.map((mark) => `${mark},${mark}`).join('\n')}\nn.a.,2\n`);
    expect(table.rows).toBe(13);
    expect(table.column(0)).toMatchObject({ missing: 11, texts: 1, firstText: 12 });
    expect(table.column(0).numbers.slice(1)).toEqual(new Float64Array(12).fill(Number.NaN));
    // A dash alone is a text among texts.
    expect(textsOf(table, 1).filter((text) => text !== undefined)).toEqual(['a', '-', '-', '2']);
  });

  test('takes marks of the caller for its own, and a number among them in every spelling', () => {
    const table = readCSV('x,y\n-999,+\n-999.0,-\n-99.9,none\n,+\nNA,none\n', { na: ['-999', 'none', '-'] });
    expect(table.column(0)).toMatchObject({ missing: 3, texts: 1, firstText: 4 });
    expect([...table.column(0).numbers]).toEqual([Number.NaN, Number.NaN, -99.9, Number.NaN, Number.NaN]);
    expect(textsOf(table, 0)).toEqual([undefined, undefined, '-99.9', undefined, 'NA']);
    expect(textsOf(table, 1)).toEqual(['+', undefined, undefined, '+', undefined]);
    expect(readCSV('x\n"0,0"\n1\n', { decimal: ',', na: ['0'] }).column(0).missing).toBe(1);
  });

  test.each([
    ['blank lines, anywhere', '\n \na,b\n\n1,2\n  \n\r\n3,4\n\n\n'],
    ['a byte order mark, and lines that end in CR', '\ufeffa,b\r1,2\r3,4\r'],
    ['CRLF and no end of the last line', 'a,b\r\n1,2\r\n3,4'],
    ['delimiters at the end of all lines', 'a,b,\n1,2,\n3,4,\n'],
    ['delimiters at the end of all rows', 'a,b\n1,2,\n3,4,\n'],
    ['a delimiter at the end of the header', 'a,b,\n1,2\n3,4\n'],
    ['quotes around everything, with blanks before and after', '"a" , "b"\n"1", " 2 "\n "3" ,"4"\n'],
  ])('reads %s', (_, text) => {
    for (const source of [text, bytes(text)]) {
      const table = readCSV(source);
      expect(numbersOf(table)).toEqual({ a: [1, 3], b: [2, 4] });
      expect(table.notes).toEqual([]);
    }
  });

  test.each([
    ['an empty name', '"","a"\n"first",1\n"second",2\n'],
    ['no name', 'a\nfirst,1\nsecond,2\n'],
  ])('leaves a first column out that has %s', (_, text) => {
    const table = readCSV(text, { delimiter: ',' });
    expect(numbersOf(table)).toEqual({ a: [1, 2] });
    expect(kindsOf(table)).toEqual(['index']);
    expect(table.cells(1)).toEqual(['2']);
    expect(textsOf(table, 0)).toEqual(['1', '2']);
  });

  test('numbers that count nothing are no names of rows, but halves of numbers', () => {
    expect(() => readCSV('a\n12,5\n3,75\n')).toThrow("Are these decimal commas (delimiter: ';', decimal: ',')?");
    expect(numbersOf(readCSV('a\n12,5\n3,75\n', { delimiter: ';', decimal: ',' }))).toEqual({ a: [12.5, 3.75] });
    expect(numbersOf(readCSV('a\n0,5\n1,75\n'))).toEqual({ a: [5, 75] });
  });

  test('names of rows never repeat, and do not end where a column has no value', () => {
    const table = readCSV('p,q,r\n1,0.5,8,NA\n2,1.5,9,NA\n5,2.5,7,NA\n');
    expect(table.column(2)).toMatchObject({ name: 'r', missing: 3 });
    expect(numbersOf(table)).toMatchObject({ p: [0.5, 1.5, 2.5], q: [8, 9, 7] });
    for (const text of ['p,q\n31,5,1\n31,2,0\n', 'p,q\n31,5,1\n30,2,0\n', 'p,q\nx,5,1\nx,2,0\n', 'p,q\n4,5,6\n'])
      expect(() => readCSV(text)).toThrow(FormatError);
    expect(() => readCSV('p,q\n31,5,1\n31,2,0\n')).toThrow(
      "has 2 names, but rows have 3 cells, and the first are no names of rows. Are these decimal commas (delimiter: ';'",
    );
    expect(numbersOf(readCSV('"p","q"\n"9",5,1\n"4",2,0\n'))).toEqual({ p: [5, 2], q: [1, 0] });
  });

  test.each([['p,q,,\n1,2,,\n3,4,,\n'], ['p,q,,\n1,2\n3,4\n'], ['p,q\n1,2,,\n3,4,,\n']])(
    'several delimiters may end lines: %j',
    (text) => {
      expect(numbersOf(readCSV(text))).toEqual({ p: [1, 3], q: [2, 4] });
    },
  );

  test('a last column without values is dropped only where lines end in delimiters below a header', () => {
    expect(readCSV('4,8,?\n5,9,?\n', { header: false }).names).toHaveLength(3);
    expect(readCSV('4,8,\n5,9,\n', { header: false }).names).toHaveLength(3);
    for (const mark of ['NA', '""'])
      expect(() => readCSV(`p,q,\n1,2,${mark}\n`)).toThrow('the name of column 3 is empty');
    expect(readCSV('p,q\n1,\n2,\n').names).toEqual(['p', 'q']);
  });

  test('a title above the table is told by its line', () => {
    for (const options of [{}, auto]) {
      expect(() => readCSV('\nThe pond in May\n\np,q\n1,2\n', options)).toThrow(
        'csv: line 2: has 1 cell, the others 2. Take a title above the table away',
      );
      expect(() => readCSV('The pond\np,q,r\n1,2,3\n', options)).toThrow('line 1: has 1 cell, the others 3');
    }
  });

  test('blanks that do not break are blanks, around numbers, texts and marks', () => {
    const table = readCSV('p,q\n\u00a05,1\n6\u00a0\u00a0,"\u00a0x"\n\u00a0,NA\u00a0\n');
    expect(table.column(0)).toMatchObject({ numbers: Float64Array.of(5, 6, Number.NaN), missing: 1, texts: 0 });
    expect(textsOf(table, 1)).toEqual(['1', 'x', undefined]);
    expect(readCSV('p\n unclear\n2\n', { na: ['unclear '] }).column(0).missing).toBe(1);
  });

  test('the usual marks are the usual ones in a list of their own too', () => {
    expect(textsOf(readCSV('p,q\n-,1\n+,1\n', { na: [...MISSING] }), 0)).toEqual(['-', '+']);
    expect(textsOf(readCSV('p,q\n-,1\n+,1\n', { na: ['-'] }), 0)).toEqual([undefined, '+']);
  });

  test('reads runs of blanks and tabs, also at both ends of a line', () => {
    const table = readCSV('  a \t b\n 1   2  \n\t3\t4\n', { delimiter: ' ' });
    expect(numbersOf(table)).toEqual({ a: [1, 3], b: [2, 4] });
    expect(table.cells(0)).toEqual(['1', '2']);
  });

  test('names columns where there is no header', () => {
    const table = readCSV('5.1,red\n4.9,blue\n', { header: false });
    expect(table.names).toEqual(['column 1', 'column 2']);
    expect(table.rows).toBe(2);
    expect(readCSV('5.1,4.9\n1,2\n', { header: true }).names).toEqual(['5.1', '4.9']);
  });

  test.each([
    '5.1,kind\n1,a\n',
    '17,kind\n1,a\n',
    '2,9,4\n1,2,3\n',
    '1,2,2.5\n1,2,3\n',
    '-1,0\n2,3\n',
    '"5,1",kind\n"4,9",a\n',
  ])('a header like data is refused: %j', (text) => {
    expect(() => readCSV(text)).toThrow(/^csv: header: looks like data, .* Is there no header \(header: false\)\?/);
    expect(readCSV(text, { header: false }).rows).toBe(2);
  });

  test('numbers that count on are names: years, or pixels', () => {
    expect(readCSV('kind,2019,2020,2021\na,1,2,3\n').names).toEqual(['kind', '2019', '2020', '2021']);
    expect(readCSV(',0\nx,3\n').names).toEqual(['0']);
  });

  test('line numbers are an editor’s', () => {
    const table = readCSV('# from a logger\r\n\r\na,b\r\n1,"x\r\ny"\r\n\r\n2,z\r\n', { comment: '#' });
    expect([table.line(0), table.line(1)]).toEqual([4, 7]);
    expect(table.cells(0)).toEqual(['1', 'x\r\ny']);
    expect(table.notes).toEqual([{ kind: 'comment', text: '1 line that begins with # was left out.' }]);
  });

  test('gives cells back as they stand', () => {
    const table = readCSV('a,b,c\n 1.50 ,"say ""é"", twice",-\n');
    expect(table.cells(0)).toEqual([' 1.50 ', 'say "é", twice', '-']);
    expect(textsOf(table, 1)).toEqual(['say "é", twice']);
  });

  test('equal names are refused, or numbered', () => {
    expect(() => readCSV('a,b,a\n1,2,3\n')).toThrow(
      'csv: header: the name "a" occurs twice. Is there no header (header: false), or shall',
    );
    const table = readCSV('a,a,a (2),a\n1,2,3,4\n', { sameNames: 'number' });
    expect(table.names).toEqual(['a', 'a (3)', 'a (2)', 'a (4)']);
    expect(table.notes).toMatchObject([
      { kind: 'renamed', column: 'a (3)' },
      { kind: 'renamed', column: 'a (4)' },
    ]);
  });

  test('hundreds of thousands of columns, and of equal names, take linear time and no stack', () => {
    const wide = `${'a,'.repeat(150_000)}a\n`;
    expect(readCSV(wide, { sameNames: 'number' }).names.at(-1)).toBe('a (150001)');
    const table = readCSV(wide, { header: false });
    table.prepareTexts(Array.from({ length: table.names.length }, (_, i) => i));
    expect(table.texts(150_000)).toEqual({ codes: Int32Array.of(0), texts: ['a'] });
  });

  test('all problems come in one message, six of them told, with their lines', () => {
    const text = `a,b\n1,2\n3\n4,5,6\n7,8"9\n"1"x,2\n${'1\n'.repeat(14)}`;
    expect(() => readCSV(text)).toThrow(
      'csv: line 3: has 1 cell, the header has 2; line 4: has 3 cells, the header has 2; ' +
        'line 5: cell 2 has a quote but does not begin with one; line 6: cell 1 has text after its closing quote; ' +
        "line 7: has 1 cell, the header has 2; line 8: has 1 cell, the header has 2; and 12 more. Quotes are taken as they stand with quote: ''",
    );
    expect(readCSV('a,b\n5",2\n', { quote: '' }).cells(0)).toEqual(['5"', '2']);
    expect(() => readCSV('a,b\n1,2\n"3,4\n5,6\n')).toThrow('csv: line 3: cell 1 has a quote that is never closed');
    expect(() => readCSV('1,2,3\n4,5\n6,7,8\n', { header: false })).toThrow('line 2: has 2 cells, others have 3');
  });

  test.each([
    ['a;b;c\n1;2;3\n', ';'],
    ['"a b";"c"\n1;2\n', ';'],
    ['a\tb\n1\t2\n', '\\t'],
    ['a|b\nx|y\n', '|'],
    ['a b\n1 2\n', ' '],
    ['a;b\n1,5;2\n2,5;3\n', ';'],
  ])('another delimiter is named: %j', (text, delimiter) => {
    expect(() => readCSV(text)).toThrow(FormatError);
    expect(() => readCSV(text)).toThrow(`(delimiter: "${delimiter}")`);
  });

  test('comments are named, and a column of sentences is one column', () => {
    expect(() => readCSV('# made by hand\na,b\n1,2\n')).toThrow("(comment: '#')?");
    expect(readCSV('title\nthe old man\na long way\n').names).toEqual(['title']);
    expect(readCSV('a;b\n1;2\n', { delimiter: ',' }).names).toEqual(['a;b']);
  });

  test('small files', () => {
    expect(readCSV('a,b').rows).toBe(0);
    expect(readCSV('a\n').column(0)).toMatchObject({ missing: 0, texts: 0, firstText: -1 });
    expect(readCSV('a\n7').column(0).numbers).toEqual(Float64Array.of(7));
    expect(readCSV('7', { header: false }).column(0).numbers).toEqual(Float64Array.of(7));
    for (const text of ['', '\ufeff', '\n\n', ' \t\r\n']) expect(() => readCSV(text)).toThrow('csv: file: is empty');
  });

  test('names that objects have are ordinary', () => {
    const table = readCSV('__proto__,constructor\ntoString,1\n');
    expect(table.names).toEqual(['__proto__', 'constructor']);
    expect(textsOf(table, 0)).toEqual(['toString']);
  });

  test('texts are numbered by appearance, also many of them, and several columns in one go', () => {
    const cells = Array.from({ length: 3000 }, (_, i) => `t${(i * i) % 1999}`);
    const table = readCSV(`x,y\n${cells.map((cell, i) => `${cell},${i % 7}`).join('\n')}\n`);
    table.prepareTexts([1, 0]);
    const { texts } = table.texts(0);
    expect(texts).toEqual([...new Set(cells)]);
    expect(textsOf(table, 0)).toEqual(cells);
    expect(table.texts(0)).toBe(table.texts(0));
    expect(table.texts(1).texts).toHaveLength(7);
  });

  test('texts that were made to collide are told apart all the same', () => {
    // FNV-1a, as the reader has it: all these texts want the same slot of 1,024.
    const slot = (text: string): number => {
      let hash = 0x811c9dc5;
      for (const byte of bytes(text)) hash = Math.imul(hash ^ byte, 0x01000193);
      return (hash ^ (hash >>> 15)) & 1023;
    };
    const texts: string[] = [];
    for (let i = 0; texts.length < 400; i++) if (slot(`v${i}`) === 7) texts.push(`v${i}`);
    const cells = [...texts, ...[...texts].reverse(), 'w', ...texts];
    const table = readCSV(`x,y\n${cells.map((cell) => `${cell},1`).join('\n')}\n`);
    expect(textsOf(table, 0)).toEqual(cells);
    expect(table.texts(0).texts).toEqual([...texts, 'w']);
  });

  test('windows-1252 is read when asked for, and named when not', () => {
    const source = Uint8Array.from([...bytes('a,b\nx,1\ncaf'), 0xe9, 0x20, 0x80, 0x9d, ...bytes(',2\n')]);
    expect(() => readCSV(source)).toThrow('csv: line 3: is not UTF-8');
    expect(() => readCSV(source)).toThrow("(encoding: 'windows-1252')");
    const table = readCSV(source, { encoding: 'windows-1252' });
    expect(textsOf(table, 0)).toEqual(['x', 'café €\x9d']);
    expect(textsOf(readCSV('a,b\ncafé,1\n', { encoding: 'windows-1252' }), 0)).toEqual(['café']);
  });

  test('UTF-8 is checked in pieces that end between characters', () => {
    const long = `a\n${'é€😀x'.repeat(250_000)}\n`;
    expect(textsOf(readCSV(long), 0)[0]).toHaveLength(1_250_000);
    const broken = bytes(long);
    broken[broken.length - 3] = 0xff;
    expect(() => readCSV(broken)).toThrow('csv: line 2: is not UTF-8');
    expect(() => readCSV(Uint8Array.of(0x61, 0x0a, 0x31, 0x0a, 0xc3))).toThrow('csv: line 3: is not UTF-8');
  });

  test('refuses options that are none, or that contradict each other', () => {
    const wrong: readonly [ReadOptions, string][] = [
      [{ delimiter: ';;' }, 'delimiter must be one ASCII character'],
      [{ delimiter: '5' }, 'delimiter must be'],
      [{ decimal: ';' }, 'decimal must be . or , or auto'],
      [{ thousands: '_' }, 'thousands must be'],
      [{ decimal: ',', thousands: ',' }, 'thousands must be another character than decimal'],
      [{ quote: ',' }, 'quote must be one ASCII character that is not the delimiter'],
      [{ comment: '#\n' }, 'comment must be what such lines begin with'],
      [{ na: 'NA' as never }, 'na must be a list of texts'],
      [{ header: 'yes' as never }, 'header must be true or false'],
      [{ sameNames: 'keep' as never }, 'sameNames must be error or number'],
      [{ encoding: 'latin1' as never }, 'encoding must be utf-8 or windows-1252'],
      [{ maxCells: 0 }, 'maxCells must be an integer of at least 1'],
      [{ separator: ';' } as never, 'separator must be one of the options'],
    ];
    for (const [options, message] of wrong) expect(() => readCSV('a\n1', options)).toThrow(`readCSV: ${message}`);
    expect(() => readCSV(undefined as never)).toThrow('readCSV: the source must be a string or a Uint8Array');
  });

  test('stops at the limit of cells, and takes no room for lines that are blank', () => {
    expect(readCSV('a,b\n1,2\n', { maxCells: 4 }).rows).toBe(1);
    expect(() => readCSV('a,b\n1,2\n3,4\n', { maxCells: 4 })).toThrow(LimitError);
    const wide = Array.from({ length: 5000 }, (_, i) => `c${i}`).join(',');
    expect(readCSV(`${wide}\n${'\n'.repeat(1_000_000)}`).rows).toBe(0);
  });
});

describe('all problems', () => {
  test('of rows and of names come in one message', () => {
    expect(() => readCSV('a,a,b\n1,2\n3,4,5\n')).toThrow(/line 2: has 2 cells.*the name "a" occurs twice/);
  });
});

describe('numbers', () => {
  const column = (cells: readonly string[], options: ReadOptions = {}): number[] => [
    ...readCSV(`x;y\n${cells.map((cell) => `${cell};`).join('\n')}`, { delimiter: ';', ...options }).column(0).numbers,
  ];

  test('equal Number of their text, to the bit', () => {
    const digits = (maxLength: number) =>
      fc.string({ unit: fc.constantFrom('0', '1', '2', '4', '5', '9'), minLength: 1, maxLength });
    const exponent = fc.oneof(
      fc.constant(''),
      fc.integer({ min: -330, max: 310 }).map((n) => `e${n}`),
      fc.integer({ min: 0, max: 30 }).map((n) => `E+${n}`),
    );
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => (Object.is(x, -0) ? '-0' : String(x))),
      fc
        .tuple(fc.constantFrom('', '-', '+'), digits(20), digits(24), exponent)
        .map(([s, a, b, e]) => `${s}${a}.${b}${e}`),
      fc.tuple(fc.constantFrom('', '-'), digits(25), exponent).map((parts) => parts.join('')),
      // Halfway between two float64, and one to either side.
      fc
        .tuple(fc.bigInt({ min: 2n ** 53n, max: 2n ** 54n - 1n }), fc.constantFrom(-1n, 0n, 1n), fc.nat(18))
        .map(([half, step, point]) => `${2n * half + 1n + step}`.replace(new RegExp(`(?=\\d{${point}}$)`), '.')),
    );
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 40 }), (cells) => {
        expect(column(cells)).toEqual(cells.map(Number));
        expect(column(cells.map((cell) => `" ${cell}"`))).toEqual(cells.map(Number));
        expect(
          column(
            cells.map((cell) => cell.replace('.', ',')),
            { decimal: ',' },
          ),
        ).toEqual(cells.map(Number));
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    '0x10',
    '2abc',
    'Infinity',
    '-inf',
    '1e',
    '1e+',
    'e5',
    '.',
    '+',
    '-.',
    '--1',
    '1 2',
    '1_000',
    '٣',
    '1.2.3',
    '1,5',
  ])('%s is a text', (cell) => {
    const table = readCSV(`x;y\n1;\n${cell};\n`, { delimiter: ';' });
    expect(table.column(0)).toMatchObject({ texts: 1, firstText: 1, missing: 0 });
    expect(table.column(0).numbers[1]).toBeNaN();
  });

  test.each([
    [{ decimal: ',' }, ['1,5', '-,25', '3', '1.5'], [1.5, -0.25, 3, Number.NaN]],
    [
      { thousands: ',' },
      ['1,234', '-12,345,678.9', '1,23', '0,123', '1234', '1,2345'],
      [1234, -12345678.9, Number.NaN, Number.NaN, 1234, Number.NaN],
    ],
    [{ decimal: ',', thousands: '.' }, ['1.234,56', '1.234', '1.5', '1,5e3'], [1234.56, 1234, Number.NaN, 1500]],
    [{ thousands: ' ' }, ['1 234', '1\u00a0234.5', '1\u202f234\u202f567', '1 23'], [1234, 1234.5, 1234567, Number.NaN]],
    [{ thousands: "'" }, ["1'234.5", '"1\'000"'], [1234.5, 1000]],
  ] as const)('with %j', (options, cells, numbers) => {
    expect(column(cells, options)).toEqual(numbers);
  });

  test('between commas a decimal comma and a group stand in quotes', () => {
    expect(numbersOf(readCSV('a,b\n"1,5",2\n3,4\n', { decimal: ',' }))).toEqual({ a: [1.5, 3], b: [2, 4] });
    expect(numbersOf(readCSV('a,b\n"1,500",2\n3,4\n', { thousands: ',' }))).toEqual({ a: [1500, 3], b: [2, 4] });
  });
});

describe("'auto'", () => {
  const found = (text: string, options: ReadOptions = {}) => {
    const { dialect, rows, names } = readCSV(text, { ...auto, ...options });
    return [dialect.delimiter, dialect.decimal, dialect.thousands, names.length, rows];
  };

  test.each([
    ['plain', 'a,b\n1.5,2\n3.25,4\n', [',', '.', '', 2, 2]],
    ['groups of exactly three after a point', 'a,b\n1.234,2.345\n3.456,4.567\n', [',', '.', '', 2, 2]],
    ['blanks after commas', 'a, b\n1, x\n2, y\n', [',', '.', '', 2, 2]],
    ['commas between words', 'a,b\nNew York,Old Town\nSan Juan,Far West\n', [',', '.', '', 2, 2]],
    ['semicolons', 'a;b\n1.5;2\n3.5;4\n', [';', '.', '', 2, 2]],
    ['semicolons and decimal commas', 'a;b\n1,5;2,25\n3,5;4,75\n', [';', ',', '', 2, 2]],
    ['tabs', 'a\tb c\n1\tx y\n2\tz\n', ['\t', '.', '', 2, 2]],
    ['bars', 'a|b\n1|x\n2|y\n', ['|', '.', '', 2, 2]],
    ['blanks', ' a  b\n 1  x\n22  y\n', [' ', '.', '', 2, 2]],
    ['blanks and decimal commas', 'a b\n1,5 2\n3,5 4,5\n', [' ', ',', '', 2, 2]],
    ['a delimiter in quotes', 'a;b\n"1,2,3";4\n"5,6";7\n', [';', '.', '', 2, 2]],
    ['points between thousands', 'a;b\n1.234,5;1.000\n2.345.678;2.000\n', [';', ',', '.', 2, 2]],
    ['commas between thousands', 'a;b\n1,234.5;1\n2,345,678;2\n', [';', '.', ',', 2, 2]],
    ['quoted groups between commas', 'a,b\n"1,234",1\n"2,345",2\n', [',', '.', ',', 2, 2]],
    ['quoted fractions between commas', 'a,b\n"1,234",1\n"0,345",2\n', [',', ',', '', 2, 2]],
    ['groups of three alone, after semicolons', 'a;b\n1,234;1\n2,345;2\n', [';', ',', '', 2, 2]],
    ['the same beside decimal points', 'a;b\n1,234;1.5\n2,345;2.5\n', [';', '.', ',', 2, 2]],
    ['blanks between thousands', 'a;b\n1 234,5;1\n2 345;2\n', [';', ',', ' ', 2, 2]],
    ['apostrophes between thousands', "a;b\n1'234.5;1\n2'345;2\n", [';', '.', "'", 2, 2]],
    ['one column', 'a\n1.5\n2\n', [',', '.', '', 1, 2]],
    ['one column of words', 'title\nthe old man\na way\n', [',', '.', '', 1, 2]],
    ['the line of Excel', 'sep=;\na;b\n1,5;2\n', [';', ',', '', 2, 1]],
    ['delimiters at the end', 'a;b;\n1;2;\n3;4;\n', [';', '.', '', 2, 2]],
    ['an empty body', 'a;b\n', [';', '.', '', 2, 0]],
  ] as const)('%s', (_, text, dialect) => {
    expect(found(text)).toEqual(dialect);
  });

  test('one column with decimal commas stays whole', () => {
    for (const text of ['a\n12,5\n3,75\n', 'a\n12,5\n3\n0,25\n']) {
      const table = readCSV(text, auto);
      expect(table.column(0).numbers[0]).toBe(12.5);
      expect(kindsOf(table)).toEqual(['dialect']);
    }
    expect(numbersOf(readCSV("a b\n1'500 2\n2'500,5 3\n", auto))).toEqual({ a: [1500, 2500.5], b: [2, 3] });
  });

  test('without a header', () => {
    expect(found('1,5;2,5\n3,5;4,5\n', { header: false })).toEqual([';', ',', '', 2, 2]);
    expect(found('1.5 2.5\n3.5 4.5\n', { header: false })).toEqual([' ', '.', '', 2, 2]);
    expect(found('1\t\t2\tx y\n3\t\t4\tz w\n', { header: false })).toEqual(['\t', '.', '', 4, 2]);
  });

  test('says what is not plain', () => {
    expect(readCSV('a;b\n1.234,5;2\n', auto).notes).toEqual([
      {
        kind: 'dialect',
        text: 'The file was read with ; between cells, a comma before fractions and . between thousands.',
      },
    ]);
    expect(readCSV('a\tb\n1\t2\n', auto).notes[0]?.text).toBe('The file was read with tabs between cells.');
    expect(readCSV('a,b\n1,2\n', auto).notes).toEqual([]);
    expect(readCSV('a;b\n1;2\n', { delimiter: ';' }).notes).toEqual([]);
  });

  test('quotes may be apostrophes, where most cells have them', () => {
    const table = readCSV("'a,b','c'\n'1','it is ''x'''\n'2',y\n", auto);
    expect(table.names).toEqual(['a,b', 'c']);
    expect(numbersOf(table)['a,b']).toEqual([1, 2]);
    expect(textsOf(table, 1)).toEqual(["it is 'x'", 'y']);
    expect(table.notes[0]?.text).toBe("The file was read with ' around cells.");
    expect(readCSV("a,b\n1,'tis\n2,y\n", auto).dialect.quote).toBe('"');
  });

  test('# begins a comment where it does not begin a header', () => {
    const commented = readCSV('# logger 7\n# made in May, by hand, twice\na,b\n1,2\n# pause\n3,4\n', auto);
    expect([commented.dialect.comment, commented.rows, commented.line(1)]).toEqual(['#', 2, 6]);
    expect(kindsOf(commented)).toEqual(['comment']);
    expect(readCSV('# a,b\n1,2\n3,4\n', auto).names).toEqual(['# a', 'b']);
  });

  test('what was asked for is not looked for', () => {
    expect(found('a;b\n1,5;2\n', { decimal: '.' })).toEqual([';', '.', '', 2, 1]);
    expect(found('a;b\n1;2\n', { delimiter: ',' })).toEqual([',', '.', '', 1, 1]);
    expect(found('a;b\n1,234;1\n', { decimal: '.' })).toEqual([';', '.', ',', 2, 1]);
  });

  test('a table that was written in any dialect is read back', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'é', ' ', ',', ';', '"', '\n', '|', "'"), maxLength: 5 });
    const value = fc.oneof(
      fc.integer({ min: -99999, max: 99999 }).map((n) => n / 8),
      word.map((text) => `w${text.trim()}`),
      fc.constant(null),
    );
    const table = fc
      .integer({ min: 1, max: 6 })
      .chain((width) =>
        fc.array(fc.array(value, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 12 }),
      );
    const dialect = fc.record({
      delimiter: fc.constantFrom(',', ';', '\t', '|', ' '),
      decimal: fc.constantFrom('.', ','),
      end: fc.constantFrom('\n', '\r\n', '\r'),
      mark: fc.constantFrom('', '?', 'NA'),
      trailing: fc.boolean(),
      bom: fc.boolean(),
      blank: fc.boolean(),
    });
    fc.assert(
      fc.property(table, dialect, (rows, { delimiter, decimal, end, mark, trailing, bom, blank }) => {
        const write = (text: string): string =>
          text === '' || /[\s",;|]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
        const cell = (x: string | number | null): string =>
          write(x === null ? mark : typeof x === 'number' ? String(x).replace('.', decimal) : x);
        const last = trailing && delimiter !== ' ' ? delimiter : '';
        const names = rows[0]!.map((_, i) => `n${i}`);
        const lines = [names, ...rows].map((row) => row.map(cell).join(delimiter) + last);
        const read = readCSV((bom ? '\ufeff' : '') + lines.join(end + (blank ? end : '')), { delimiter, decimal });
        expect(read.names).toEqual(names);
        expect(read.rows).toBe(rows.length);
        for (const [i] of names.entries()) {
          const values = rows.map((row) => row[i]);
          expect([...read.column(i).numbers]).toEqual(values.map((x) => (typeof x === 'number' ? x : Number.NaN)));
          expect(read.column(i).missing).toBe(values.filter((x) => x === null).length);
          expect(textsOf(read, i).map((text, row) => (typeof values[row] === 'number' ? values[row] : text))).toEqual(
            values.map((x) => x ?? undefined),
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  test('never throws anything but its own errors', () => {
    const junk = fc.string({
      unit: fc.constantFrom('"', ',', ';', '\n', '\r', 'a', ' ', '\ufeff', '#', '1', '.', '-'),
      maxLength: 40,
    });
    fc.assert(
      fc.property(junk, fc.boolean(), (text, header) => {
        try {
          const table = readCSV(text, { ...auto, header });
          for (let i = 0; i < table.names.length; i++) expect(table.texts(i).codes).toHaveLength(table.rows);
          for (let row = 0; row < table.rows; row++) expect(table.cells(row)).toHaveLength(table.names.length);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
