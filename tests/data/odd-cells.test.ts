import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.ts';
import {
  type EncoderOptions,
  type Note,
  readCSV,
  TableEncoder,
  type TableEncoderJSON,
  tableOf,
} from '../../src/data/index.ts';

const y = { target: 'y' };
/** What a program asks for that shall go on whatever a table holds. */
const lenient = { columns: 'useful', missing: 'mean', unlabelled: 'skip', rare: 'other', odd: 'missing' } as const;
const lines = (header: string, n: number, row: (i: number) => string): string =>
  `${[header, ...Array.from({ length: n }, (_, i) => row(i))].join('\n')}\n`;
/** A column `x` and a target of two classes. */
const column = (n: number, cell: (i: number) => string): string => lines('x;y', n, (i) => `${cell(i)};${i % 2}`);
const read = (text: string) => readCSV(text, { delimiter: text.includes(';') ? ';' : ',' });
const fitted = (text: string, options: EncoderOptions = {}): TableEncoder =>
  new TableEncoder({ ...y, ...options }).fit(read(text));
const encoded = (text: string, options: EncoderOptions = {}) => {
  const encoder = new TableEncoder({ ...y, ...lenient, ...options });
  return { encoder, ...encoder.fitTransform(read(text)) };
};
const saying = (notes: readonly Note[]): string[] => notes.map(({ text }) => text);

describe('where dates are wanted', () => {
  const encoder = new TableEncoder().fit(readCSV('day,x\n2021-06-01,1\n2021-07-01,2\n'));

  test('a number is none, though the reader counts no text', () => {
    expect(() => encoder.transform(readCSV('day,x\n44348,1\n44349,2\n'))).toThrow(
      'column "day": 2 cells are no date of the form y-m-d, the first "44348" in line 2',
    );
    expect(() => fitted('x,y\n20220228,0\n20220230,1\n20220301,0\n', { types: { x: 'date' } })).toThrow(
      'column "x": 1 cell is no date of the form yyyymmdd, the first "20220230" in line 3',
    );
  });

  test('it is filled on request, and said', () => {
    const open = new TableEncoder({ missing: 'median', odd: 'missing' }).fit(readCSV('day\n2021-06-01\n2021-06-02\n'));
    const { features, notes } = open.transform(readCSV('day\n44348\n2021-06-03\n'));
    expect([...features.data]).toEqual([18779.5, 18781]);
    expect(saying(notes)).toEqual([
      '"day": 1 cell is no date of the form y-m-d, the first "44348" in line 2; taken for missing',
      '"day": missing cells (1) filled with the median 2021-06-01 12:00',
    ]);
  });

  test('a fill is told as a day', () => {
    const { notes } = encoded(
      column(31, (i) => (i === 4 ? '' : `2021-03-${10 + (i % 20)}`)),
      { missing: 'frequent' },
    );
    expect(saying(notes)).toEqual(['"x": missing cells (1) filled with the most frequent 2021-03-10']);
  });
});

describe('numbers in another way of writing are not missing:', () => {
  const few = (cell: string): string => column(200, (i) => (i % 50 === 9 ? cell : `${i + 0.25}`));

  test.each(['7,531.50', '2,5', "1'234.5"])('%s', (cell) => {
    const problem = `holds "${cell}" in line 11. Say decimal or thousands if that is a number`;
    expect(() => fitted(few(cell))).toThrow(problem);
    expect(() => encoded(few(cell))).toThrow(`has no column but the target that is used: "x": left out (${problem}`);
    const target = few(cell).replace('x;y', 'y;x');
    for (const task of ['regression', undefined] as const)
      expect(() => encoded(target, task && { task })).toThrow(`column "y": ${problem}`);
    expect(() => encoded(few(cell), { types: { x: 'number' } })).toThrow(problem);
  });

  test('in a second table neither', () => {
    const { encoder } = encoded(column(60, (i) => `${i / 8}`));
    expect(() => encoder.transform(read('x;y\n1.5;0\n1,75;1\n'))).toThrow(
      'column "x": holds "1,75" in line 3. Say decimal or thousands if that is a number, or take it for missing with na',
    );
    const target = encoded(column(60, (i) => `${i / 8}`).replace('x;y', 'y;x')).encoder;
    expect(() => target.transform(read('y;x\n1.5;0\n1,75;1\n'))).toThrow('column "y": holds "1,75" in line 3');
  });
});

describe('marks that nobody named', () => {
  test('are odd in up to half of the cells, if the others are numbers', () => {
    const text = column(90, (i) => (i % 4 === 1 ? 'void' : i % 9 === 2 ? '#DIV/0!' : `${i / 16}`));
    expect(() => fitted(text)).toThrow('"x": holds numbers, but also');
    expect(() => fitted(text)).toThrow('the first "void" in line 3. Take such for missing with na or odd: \'missing\'');
    const { encoder, notes } = encoded(text);
    expect(encoder.featureNames).toEqual(['x']);
    expect(saying(notes)[0]).toMatch(/^"x": \d+ cells are no number, the first "void" in line 3; taken for missing$/);
  });

  test('are odd in a short column too, and among dates', () => {
    expect(encoded(column(20, (i) => (i === 6 ? 'n/k' : `${i}.5`))).encoder.featureNames).toEqual(['x']);
    const dates = column(50, (i) => (i % 5 === 3 ? 'never' : `2021-${10 + (i % 3)}-${10 + (i % 17)}`));
    expect(encoded(dates).encoder.columns[0]).toMatchObject({ kind: 'date' });
    expect(() => fitted(dates)).toThrow('holds dates (y-m-d), but also 10 of other cells, the first "never" in line 5');
  });

  test('make no numbers of a column of texts, nor of few numbers that repeat', () => {
    expect(encoded(column(60, (i) => (i % 3 === 0 ? `${i}` : 'none'))).encoder.columns[0]!.kind).toBe('category');
    expect(encoded(column(60, (i) => (i % 6 === 0 ? 'ground' : `${i % 14}`))).encoder.columns[0]!.kind).toBe(
      'category',
    );
  });

  test('in a target of numbers leave rows out, which is said of them and not of empty cells', () => {
    const text = lines('y,x', 60, (i) => `${i % 7 === 3 ? 'unknown' : i === 8 ? '' : i / 4},${i % 5}`);
    const { encoder, rows, notes } = encoded(text);
    expect(encoder.task).toBe('regression');
    expect(rows).toHaveLength(50);
    expect(saying(notes)).toEqual([
      '"y": 9 cells are no number, the first "unknown" in line 5; such rows are left out',
      '"y": 1 of 60 rows have no value in the target, the first in line 10; left out',
    ]);
    const later = encoder.transform(readCSV('y,x\n0.5,1\nunknown,2\n'));
    expect([...later.rows]).toEqual([0]);
    expect(saying(later.notes)).toEqual([
      '"y": 1 cell is no number, the first "unknown" in line 3; such rows are left out',
    ]);
    expect(() => fitted(text, { odd: 'error', unlabelled: 'skip' })).toThrow('column "y": holds numbers, but also 9');
  });
});

test('a column that is said to be numbers or dates, and is neither, is refused by its first cell', () => {
  for (const [type, cells, message] of [
    ['number', ['oak', 'elm'], '2 cells are no number, the first "oak" in line 2'],
    ['d/m/y', ['oak', 'elm'], '2 cells are no date of the form d/m/y, the first "oak" in line 2'],
    ['m/d/y', ['', '12'], '1 cell is no date of the form m/d/y, the first "12" in line 3'],
  ] as const)
    expect(() =>
      fitted(
        column(2, (i) => cells[i]!),
        { types: { x: type } },
      ),
    ).toThrow(`column "x": ${message}`);
});

describe('long numbers', () => {
  test('that float64 tells apart are measurements', () => {
    const { encoder } = encoded(column(40, (i) => `${(2 + i / 4).toFixed(2)}e25`));
    expect(encoder.featureNames).toEqual(['x']);
  });

  test('that it does not tell apart are ids', () => {
    const text = lines('x;b;y', 40, (i) => `${2n ** 60n + BigInt(i)};${i % 7};${i % 2}`);
    expect(saying(encoded(text).encoder.notes)).toEqual([
      '"x": left out (its numbers are so long that float64 cannot tell them apart, as ids are)',
    ]);
  });
});

describe('labels of numbers', () => {
  const labels = (...cells: readonly string[]): TableEncoder =>
    fitted(
      lines('x;y', 2 * cells.length, (i) => `${i};${cells[i % cells.length]}`),
      { task: 'classification' },
    );

  test('stay as the file has them, in the order of the numbers', () => {
    expect(labels('10', '09', '08').classNames).toEqual(['08', '09', '10']);
    expect(labels('2.0', '-1.0').classNames).toEqual(['-1.0', '2.0']);
    expect(labels('3', '0', '12').classNames).toEqual(['0', '3', '12']);
    const german = new TableEncoder({ ...y, task: 'classification' });
    expect(german.fit(readCSV('x;y\n1;2,5\n2;0,5\n', { delimiter: ';', decimal: ',' })).classNames).toEqual([
      '0,5',
      '2,5',
    ]);
  });

  test('that the file spells in several ways are called as JavaScript calls them', () => {
    expect(labels('07', '7', '7.0', '3').classNames).toEqual(['3', '7']);
    expect(labels('7', '3', '07').classNames).toEqual(['3', '7']);
  });

  test('mean the number in whatever spelling, and are what decode gives', () => {
    const encoder = TableEncoder.fromJSON(JSON.parse(JSON.stringify(labels('01', '02'))));
    expect([...encoder.transform(read('x;y\n5;2\n6;01\n7;2.0\n')).target!.data]).toEqual([1, 0, 1]);
    expect(encoder.decode([[0.1, 0.9]]).labels).toEqual(['02']);
    expect(() => encoder.transform(read('x;y\n5;3\n'))).toThrow('"3" in line 2 is none of the classes "01", "02"');
  });
});

test('a text that is called as what stands for gaps or for others is told', () => {
  const gaps = encoded(column(40, (i) => ['(missing)', 'a', '', 'b'][i % 4]!));
  expect(gaps.encoder.featureNames).toEqual(['x=(missing)', 'x=a', 'x=b']);
  expect(saying(gaps.notes)).toContain(
    '"x": the table holds the text "(missing)" itself, which is one category with its missing cells',
  );
  const rare = encoded(
    column(60, (i) => (i < 5 ? '(other)' : `t${i % 6}`)),
    { maxCategories: 4 },
  );
  expect(saying(rare.notes)).toContain(
    '"x": the table holds the text "(other)" itself, which is one category with its rare texts',
  );
  expect(encoded(column(40, (i) => ['(missing)', 'a'][i % 2]!)).notes).toEqual([]);
});

test('fields of objects keep their names, and one without a name is one', () => {
  const table = tableOf([{ '': 4, ' a': 1, a: 2 }, { a: null }]);
  expect(table.names).toEqual(['', ' a', 'a']);
  expect([0, 1, 2].map((i) => [table.column(i).name, table.column(i).numbers[0]])).toEqual([
    ['', 4],
    [' a', 1],
    ['a', 2],
  ]);
  expect(table.cells(0)).toEqual(['4', '1', '2']);
  expect(table.notes).toEqual([]);
  expect(new TableEncoder({ missing: 'mean' }).fit(table).featureNames).toEqual(['', ' a', 'a']);
});

describe('the JSON of an encoder makes no infinities:', () => {
  const text = 'n,c,y\n1,a,0.5\n2,b,1.5\n,b,4\n';
  type Changing = { columns: { fill: unknown; scaling: { scale: number[] }; categories: string[] }[] } & {
    target: { scaling: { scale: number[] }; numbers: number[] };
  };
  const changed = (options: EncoderOptions, change: (json: Changing) => void, from = text): TableEncoderJSON => {
    const encoder = new TableEncoder({ ...y, missing: 'category', ...options }).fit(readCSV(from));
    const json = JSON.parse(JSON.stringify(encoder)) as TableEncoderJSON;
    expect(TableEncoder.fromJSON(json).featureNames).toEqual(encoder.featureNames);
    change(json as unknown as Changing);
    return json;
  };
  const labels = 'n,y\n1,0\n2,1\n';
  const days = 'n,y\n2020-01-01,0.5\n,1.5\n';

  test.each<[string, string, TableEncoderJSON]>([
    ['columns[0].fill', 'past the range', changed({}, ({ columns }) => Object.assign(columns[0]!, { fill: 1e300 }))],
    [
      'columns[0].fill',
      'past the range',
      changed({ scale: 'standard' }, ({ columns }) => Object.assign(columns[0]!, { fill: -1e300 })),
    ],
    ['columns[0].fill', 'is no day', changed({}, ({ columns }) => Object.assign(columns[0]!, { fill: 1e9 }), days)],
    [
      'columns[0].scaling.scale[1]',
      'past the range',
      changed({ scale: 'standard' }, ({ columns }) => Object.assign(columns[0]!.scaling.scale, { 1: 1e-300 })),
    ],
    [
      'columns[1].scaling.scale[0]',
      'past the range',
      changed({ scale: 'standard' }, ({ columns }) => Object.assign(columns[1]!.scaling.scale, { 0: 1e-300 })),
    ],
    [
      'target.scaling',
      'past the range of float64',
      changed({ scaleTarget: true }, ({ target }) => Object.assign(target.scaling.scale, { 0: 1e300 })),
    ],
    [
      'columns[0].categories',
      '"1.0" is no number as JavaScript writes it',
      changed({ types: { n: 'category' } }, ({ columns }) => Object.assign(columns[0]!.categories, { 0: '1.0' })),
    ],
    [
      'target.numbers',
      'another number for each class',
      changed({}, ({ target }) => Object.assign(target.numbers, { 0: 1 }), labels),
    ],
    ['target.numbers', 'another number for', changed({}, ({ target }) => void target.numbers.push(2), labels)],
  ])('%s %s', (field, problem, json) => {
    expect(() => TableEncoder.fromJSON(json)).toThrow(FormatError);
    expect(() => TableEncoder.fromJSON(json)).toThrow(`table encoder: ${field}: `);
    expect(() => TableEncoder.fromJSON(json)).toThrow(problem);
  });

  test('a scale that is cut off may be small', () => {
    const json = changed({ scale: 'standard', clip: 4 }, ({ columns }) =>
      Object.assign(columns[1]!.scaling.scale, { 0: 1e-300 }),
    );
    expect([...TableEncoder.fromJSON(json).transform(readCSV(text)).features.data].every(Number.isFinite)).toBe(true);
  });
});
