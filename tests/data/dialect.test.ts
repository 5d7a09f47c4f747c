import { describe, expect, test } from 'vitest';
import type { RawTable, ReadOptions } from '../../src/data/raw.ts';
import { readCSV } from '../../src/data/read.ts';

const AUTO = { delimiter: 'auto', decimal: 'auto', thousands: 'auto', comment: 'auto' } as const;
const read = (text: string, options: ReadOptions = {}): RawTable => readCSV(text, { ...AUTO, ...options });
const numbersOf = (table: RawTable, index = 0): number[] => [...table.column(index).numbers];
const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');
const notationOf = ({ dialect: { decimal, thousands } }: RawTable): string => `${decimal} ${thousands}`;

describe('the delimiter', () => {
  test.each<[what: string, delimiter: string, names: string[], text: string]>([
    ['decimal commas in the header’s unit', ';', ['mass, kg', 'kind'], 'mass, kg;kind\n2,5;x\n7,9;z\n'],
    ['two numbers in a cell between commas', ',', ['where at', 'q'], 'where at,q\n50.1 8.5,1\n50.3 8.6,0\n'],
    [
      'commas in quotes that blanks would cut',
      ',',
      ['home a', 'who b'],
      'home a,who b\n"9 High St, Flat 2",Ann Lee 4\n',
    ],
    ['names of rows between blanks', ' ', ['q'], '"p" "q"\n"1" 2.5 0\n"2" 3.5 1\n'],
    ['names of rows before one column', ' ', [], '"q"\n"1" 0\n"2" 1\n'],
    ['lists of one kind in cells', ',', ['p', 'tags;or'], 'p,tags;or\n1,x;y\n2,z;w\n'],
    ['commas in texts', ';', ['p', 'said', 'q'], 'p;said;q\n1;well, no;1\n2;so, yes;2\n'],
  ])('%s', (what, delimiter, names, text) => {
    const table = read(text);
    expect(table.dialect.delimiter).toBe(delimiter);
    if (what.startsWith('names of rows')) expect(table.names.at(-1)).toBe('q');
    else expect(table.names).toEqual(names);
  });

  test('lines of many widths are told, not read as one column', () => {
    expect(() => read('p,q,r\n1,2\n3,4\n5,6,7\n8,9,0\n2,3\n')).toThrow('csv: line 2: has 2 cells, the header has 3');
  });

  test('without a header decimal commas beside words', () => {
    for (const [delimiter, text] of [
      [';', '6,25;oak\n4,5;elm\n6,75;ash\n'],
      ['\t', 'oak\t6,25\nelm\t4,5\n'],
      [';', '1;6,25\n3;4,5\n'],
    ] as const) {
      const table = read(text, { header: false });
      expect([table.dialect.delimiter, table.dialect.decimal]).toEqual([delimiter, ',']);
    }
  });
});

describe('the notation of numbers', () => {
  test('plain numbers between commas are never read otherwise, whatever stands in quotes', () => {
    for (const digits of [2, 3]) {
      const cells = Array.from({ length: 50 }, (_, i) => (1 + i / 29).toFixed(digits));
      const table = read(
        `p,pairs,more\n${cells.map((cell, i) => `${cell},"${i % 5},${i % 3}","${i % 2},5"`).join('\n')}\n`,
      );
      expect(numbersOf(table)).toEqual(cells.map(Number));
      expect([notationOf(table), table.column(1).texts]).toEqual(['. ', 50]);
    }
    expect(numbersOf(read(`p;pairs\n${lines(30, (i) => `${(2 + i / 17).toFixed(3)};${i % 4},${i % 3}`)}\n`))[1]).toBe(
      2.059,
    );
  });

  test.each<[what: string, notation: string, text: string]>([
    [
      'groups in few cells',
      '. ,',
      `p,q\n${lines(200, (i) => `${i % 41 === 9 ? `"${1 + (i % 8)},020.75"` : 50.25 + i},${i}`)}`,
    ],
    [
      'the same of points',
      ', .',
      `p;q\n${lines(200, (i) => `${i % 41 === 9 ? `${1 + (i % 8)}.020,75` : `${50 + i},25`};${i}`)}`,
    ],
    ['fractions in few cells', ', ', `p;q\n${lines(200, (i) => `${i % 41 === 9 ? '2,5' : 3 * i};${i}`)}`],
    ['fractions in few cells, late', ', ', `p;q\n${lines(900, (i) => `${i > 870 ? '2,5' : 3 * i};${i}`)}`],
    [
      'two groups in few cells',
      '. ,',
      `p;q\n${lines(150, (i) => `${i % 70 === 9 ? '2,345,678' : `${1 + i},${250 + i}`};${i}`)}`,
    ],
    [
      'a fraction below 1 in one cell',
      ', ',
      `p,q\n${lines(90, (i) => `"${(0.25 + 0.75 * i).toFixed(3).replace('.', ',')}",${i}`)}`,
    ],
    ['short integers beside groups', '. ,', 'p\tq\n874\t1\n21,345\t0\n3,250\t1\n'],
    ['short integers beside groups of points', ', .', 'p;q\n874;1,5\n21.345;0\n3.250;1\n'],
    ['groups of points alone', '. ', 'p;q\n2.874;1\n21.345;0\n3.250;1\n'],
    ['long integers beside fractions', ', ', 'p\tq\n8741\t1\n21,345\t0\n3,250\t1\n'],
  ])('%s', (_, notation, text) => {
    const table = read(text);
    expect([notationOf(table), table.column(0).texts]).toEqual([notation, 0]);
  });

  test('is told as one sentence', () => {
    expect(read('p;q\n1,250.5;1\n').notes[0]?.text).toBe(
      'The file was read with ; between cells and , between thousands.',
    );
    expect(read('p,q\n"1,250.5",1\n').notes[0]?.text).toBe('The file was read with , between thousands.');
  });
});

describe('comments', () => {
  test('one with as many cells as the rows stands above names', () => {
    const table = read('# by hand, in May\np,q\n1,2\n3,4\n');
    expect([table.names, table.rows, table.dialect.comment]).toEqual([['p', 'q'], 2, '#']);
  });

  test('a header may begin as one, also where the first row misses a number', () => {
    expect(read('# p,q\nx,?\nz,3\n').names).toEqual(['# p', 'q']);
    expect(read('#p,q\nx,y\nz,w\n').names).toEqual(['#p', 'q']);
  });

  test('rows are none, however late', () => {
    const rows = lines(500, (i) => (i > 420 ? `#${i},1` : `${i},0`));
    expect(read(`# from the shop\np,q\n${rows}\n`)).toMatchObject({ rows: 500, names: ['p', 'q'] });
    expect(() => read(`#from the shop\np,q\n${rows}\n`)).toThrow('line 1: has 1 cell, the others 2');
  });
});
