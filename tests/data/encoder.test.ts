import { describe, expect, test } from 'vitest';
import { FormatError, LimitError, ShapeError, StateError, ValueError } from '../../src/base/errors.ts';
import {
  type EncoderOptions,
  type Note,
  readCSV,
  StandardScaler,
  TableEncoder,
  tableFromCSV,
  tableOf,
} from '../../src/data/index.ts';

const y = { target: 'y' };
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const csv = (header: string, rows: readonly string[]): string => `${[header, ...rows].join('\n')}\n`;
/** A table of `n` rows, each with the target 0 or 1. */
const columns = (header: string, n: number, row: (i: number) => string): string =>
  csv(
    `${header},y`,
    upTo(n).map((i) => `${row(i)},${i % 2}`),
  );
const fitted = (text: string, options: EncoderOptions = {}): TableEncoder =>
  new TableEncoder({ ...y, ...options }).fit(readCSV(text));
const encoded = (text: string, options: EncoderOptions = {}) => {
  const encoder = new TableEncoder({ ...y, ...options });
  return { encoder, ...encoder.fitTransform(readCSV(text)) };
};
const saying = (notes: readonly Note[]): string[] => notes.map(({ kind, text }) => `${kind} ${text}`);

describe('a second table', () => {
  const encoder = fitted('size,colour,y\n1,red,no\n3,blue,yes\n2,red,no\n');

  test('gets the columns of the first, whatever it holds and in whatever order', () => {
    const { features, target, notes } = encoder.transform(readCSV('note,y,colour,size\nx,yes,green,7\nx,no,red,8\n'));
    expect(encoder.featureNames).toEqual(['size', 'colour=blue', 'colour=red']);
    expect(features.toArray()).toEqual([
      [7, 0, 0],
      [8, 0, 1],
    ]);
    expect(target?.toArray()).toEqual([1, 0]);
    expect(saying(notes)).toEqual([
      'extra "note": not used, the encoder was fitted without it',
      'unknown "colour": 1 cell is of a category that the encoder does not keep, the first "green" in line 2; taken for 0 in all of its columns',
    ]);
  });

  test('needs no target, and may have one that is not read', () => {
    expect(encoder.transform(readCSV('colour,size\nred,7\n')).target).toBeUndefined();
    expect(encoder.transform(readCSV('colour,size,y\nred,7,?\n'), { target: false }).target).toBeUndefined();
    expect(() => encoder.transform(readCSV('colour,size\nred,7\n'), { target: true })).toThrow(
      'csv: column "y": is not in the table, which has "colour", "size"',
    );
    expect(() => new TableEncoder().fit(readCSV('x\n1\n')).transform(readCSV('x\n1\n'), { target: true })).toThrow(
      'the encoder was fitted without one',
    );
  });

  test('is refused with all that does not fit, by column and line', () => {
    const other = 'y,size\nyes,1\n\nno,big\nperhaps,\n';
    expect(() => encoder.transform(readCSV(other))).toThrow(
      'csv: column "colour": is not in the table, which has "y", "size"',
    );
    const full = 'y,size,colour\nyes,1,red\n\nno,big,\nperhaps,,red\n';
    expect(() => encoder.transform(readCSV(full))).toThrow(
      'csv: column "y": "perhaps" in line 5 is none of the classes "no", "yes"; ' +
        'column "size": 1 cell is no number, the first "big" in line 4; ' +
        'column "size": 1 cell is missing, the first in line 5. Fill with missing: \'mean\'',
    );
    expect(() => encoder.transform(readCSV(full))).toThrow('column "colour": 1 cell is missing, the first in line 4');
  });

  test('may have no rows, or one', () => {
    expect(encoder.transform(tableOf([{ size: 1, colour: 'red' }])).features.toArray()).toEqual([[1, 0, 1]]);
    const none = new TableEncoder({ scale: 'standard' }).fit(readCSV('x,c\n1,a\n2,b\n'));
    expect(none.transform(readCSV('x,c\n')).features.shape).toEqual([0, 3]);
  });

  test('with an unknown text is refused on request', () => {
    const strict = fitted('c,y\na,0\nb,1\n', { unknown: 'error' });
    expect(() => strict.transform(readCSV('c\na\nd\n'))).toThrow(
      'csv: column "c": 1 cell is of a category that the encoder does not keep, the first "d" in line 3',
    );
  });
});

describe('missing cells', () => {
  const text = 'x,c,d,y\n1,b,2020-01-01,0\n?,a,,1\n4,,2020-01-04,0\n4,a,2020-01-02,1\n10,b,2020-01-03,0\n';

  test.each([
    ['mean', 4.75, 18263.5, 'c=(missing)'],
    ['median', 4, 18263.5, 'c=(missing)'],
    ['frequent', 4, 18262, 'c=a'],
    ['category', 4.75, 18263.5, 'c=(missing)'],
  ] as const)('%s', (missing, x, d, c) => {
    const { features, encoder } = encoded(text, { missing });
    const names = [...encoder.featureNames];
    const rows = features.toArray() as number[][];
    expect(rows[1]![names.indexOf('x')]).toBe(x);
    expect(rows[1]![names.indexOf('d')]).toBe(d);
    expect(rows[2]![names.indexOf(c)]).toBe(1);
    expect(names.filter((name) => name.endsWith('=(missing)'))).toEqual(
      { mean: ['c=(missing)'], median: ['c=(missing)'], frequent: [], category: names.filter((n) => n.includes('(')) }[
        missing
      ],
    );
    if (missing === 'category') {
      expect(names).toEqual(['x', 'x=(missing)', 'c=a', 'c=b', 'c=(missing)', 'd', 'd=(missing)']);
      expect(rows.map((row) => [row[1], row[6]])).toEqual([
        [0, 0],
        [1, 1],
        [0, 0],
        [0, 0],
        [0, 0],
      ]);
    }
  });

  test('are named for every column at once, in lines of the file', () => {
    expect(() => fitted(text)).toThrow(FormatError);
    expect(() => fitted(text)).toThrow(
      /^csv: column "x": 1 cell is missing, the first in line 3\..*; column "c": 1 cell is missing, the first in line 4\..*; column "d": 1 cell is missing, the first in line 3\./,
    );
  });

  test('are said, with what they became', () => {
    const { notes } = encoded(text, { missing: 'median' });
    expect(saying(notes)).toEqual([
      'filled "x": missing cells (1) filled with the median 4',
      'filled "c": missing cells (1) filled with "(missing)"',
      'filled "d": missing cells (1) filled with the median 2020-01-02 12:00',
    ]);
  });

  test('of a second table are filled from the first, also in columns that had none', () => {
    const encoder = fitted('x,c,y\n2,a,0\n4,b,1\n', { missing: 'mean' });
    expect(encoder.featureNames).toEqual(['x', 'c=a', 'c=b']);
    const { features, notes } = encoder.transform(readCSV('x,c\n100,a\nNA,n/a\n'));
    expect(features.toArray()).toEqual([
      [100, 1, 0],
      [3, 0, 0],
    ]);
    expect(saying(notes)[1]).toBe(
      'unknown "c": 1 cell is missing, the first in line 3, and none was when the encoder was fitted; taken for 0 in all of its columns',
    );
    expect(() =>
      fitted('c,y\na,0\nb,1\n', { missing: 'mean', unknown: 'error' }).transform(readCSV('c,x\n,1\n')),
    ).toThrow('column "c": 1 cell is missing, the first in line 2, and none was');
  });

  test('equally frequent values: the smaller', () => {
    const { features } = encoded('x,c,y\n3,b,0\n2,a,1\n3,b,0\n2,a,1\n,,0\n', { missing: 'frequent' });
    expect((features.toArray() as number[][])[4]).toEqual([2, 1, 0]);
  });

  test('a mark among numbers leaves a column of numbers', () => {
    for (const mark of ['?', 'NA', 'NaN', 'N/A', 'null', '-', '']) {
      const { encoder, features } = encoded(
        columns('hp', 4, (i) => (i === 2 ? mark : `${100 + i}`)),
        {
          missing: 'mean',
        },
      );
      expect(encoder.featureNames).toEqual(['hp']);
      expect(features.data[2]).toBe(Math.fround((100 + 101 + 103) / 3));
    }
  });

  test('in a category of that name go there', () => {
    const { encoder, features } = encoded('c,y\n(missing),0\n,1\na,0\n', { missing: 'category' });
    expect(encoder.featureNames).toEqual(['c=(missing)', 'c=a']);
    expect(features.toArray()).toEqual([
      [1, 0],
      [1, 0],
      [0, 1],
    ]);
  });
});

describe('categories', () => {
  const cities = 'c,y\nb,0\na,1\nd,0\na,1\nc,0\nb,1\n';

  test('past the most are the others, on request; equally frequent ones in order', () => {
    const { encoder, features, notes } = encoded(cities, { rare: 'other', maxCategories: 3 });
    expect(encoder.featureNames).toEqual(['c=a', 'c=b', 'c=(other)']);
    expect(features.toArray()).toEqual([
      [0, 1, 0],
      [1, 0, 0],
      [0, 0, 1],
      [1, 0, 0],
      [0, 0, 1],
      [0, 1, 0],
    ]);
    expect(saying([...encoder.notes, ...notes])).toEqual([
      'other "c": 2 of 4 texts are kept, the most frequent; others are (other)',
      'other "c": 2 cells are of a category that the encoder does not keep, the first "d" in line 4; taken for "(other)"',
    ]);
    expect(encoder.transform(readCSV('c\nz\n')).features.toArray()).toEqual([[0, 0, 1]]);
    expect(fitted(cities, { rare: 'other', maxCategories: 1, missing: 'frequent' }).featureNames).toEqual([
      'c=(other)',
    ]);
  });

  test('may have the name of the others', () => {
    const { encoder, features } = encoded('c,y\n(other),0\n(other),1\nb,0\nc,1\n', { rare: 'other', maxCategories: 2 });
    expect(encoder.featureNames).toEqual(['c=(other)']);
    expect([...features.data]).toEqual([1, 1, 1, 1]);
  });

  test('of numbers are told by their value, of texts by their characters', () => {
    const { encoder } = encoded('k,y\n10,0\n1.0,1\n9,0\n1,1\n', { types: { k: 'category' } });
    expect(encoder.featureNames).toEqual(['k=1', 'k=9', 'k=10']);
    expect(encoder.transform(readCSV('k\n1e1\nx\n')).features.toArray()).toEqual([
      [0, 0, 1],
      [0, 0, 0],
    ]);
    expect(fitted('k,y\nA,0\n1.0,1\n1,1\n').featureNames).toEqual(['k=1', 'k=1.0', 'k=A']);
  });

  test('and classes of numbers too long for float64 stay apart', () => {
    const ids = ['12345678901234567890', '12345678901234567891'];
    expect(fitted(`k,y\n${ids[0]},0\n${ids[1]},1\n`, { types: { k: 'category' } }).featureNames).toHaveLength(2);
    expect(fitted(`k,y\n1,${ids[0]}\n2,${ids[1]}\n`, { task: 'classification' }).classNames).toEqual(ids);
  });

  test('and columns of names that objects have are ordinary', () => {
    const { encoder, features } = encoded('__proto__,constructor,y\ntoString,1,0\nvalueOf,2,1\n');
    expect(encoder.featureNames).toEqual(['__proto__=toString', '__proto__=valueOf', 'constructor']);
    const again = TableEncoder.fromJSON(JSON.parse(JSON.stringify(encoder)));
    const form = JSON.parse('{"__proto__":"valueOf","constructor":5}') as Record<string, unknown>;
    expect(again.transform(tableOf([form])).features.toArray()).toEqual([[0, 1, 5]]);
    expect(features.shape).toEqual([2, 3]);
    expect(() => again.transform(tableOf([{ x: 1 }]))).toThrow('column "__proto__": is not in the table');
  });
});

describe('columns', () => {
  test('are dropped by name and by number from 1, and are no extra ones later', () => {
    const text = 'id,x,name,y\n1,5,p,0\n2,6,q,1\n';
    const encoder = fitted(text, { drop: ['id', 3] });
    expect(encoder.featureNames).toEqual(['x']);
    expect(encoder.transform(readCSV(text)).notes).toEqual([]);
    expect(new TableEncoder({ target: 4 }).fit(readCSV(text)).targetName).toBe('y');
    for (const [options, message] of [
      [{ drop: ['idd'] }, 'TableEncoder: drop must be one of "id", "x", "name", "y", got "idd". Did you mean id?'],
      [{ drop: [0] }, 'drop must be one of "id"'],
      [{ keep: [5] }, 'keep must be one of "id"'],
      [{ target: 9 }, 'target must be one of "id"'],
      [{ types: { z: 'date' } }, 'types must be one of "id"'],
      [{ drop: ['y'] }, 'drop must be of columns besides the target, got "y"'],
      [{ drop: ['id', 'x', 'name'] }, 'has no column but the target that is used'],
    ] as const)
      expect(() => fitted(text, options as EncoderOptions)).toThrow(message);
  });

  test('that are not there are told with what else is wrong', () => {
    const encoder = fitted('a,b,y\n1,2,0\n3,4,1\n');
    expect(() => encoder.transform(readCSV('a\nhello\n2\n'))).toThrow(
      /"b": is not in the table.*"a": .*"hello" in line 2/,
    );
  });

  test('with odd cells are refused where those are, also if useless ones are left out', () => {
    const rows = Array.from({ length: 40 }, (_, i) => `${i === 7 ? 'ERR' : i * 1.5},${i % 3},${i % 2}`).join('\n');
    const read = (odd: 'error' | 'missing'): string[] =>
      fitted(`t,n,y\n${rows}\n`, { columns: 'useful', missing: 'mean', odd }).featureNames.slice();
    expect(read('missing')).toEqual(['t', 'n']);
    expect(() => read('error')).toThrow(/"t": holds numbers, but also 1 of other cells, the first "ERR" in line 9/);
  });

  test('that are all left out are named with the reasons', () => {
    const text = 'a,b,y\n1,7,0\n1,7,1\n1,7,0\n';
    expect(() => fitted(text, { columns: 'useful' })).toThrow(
      'but the target that is used: "a": left out (every row has the same value); "b": left out (every row has the same value). Use them all the same with keep',
    );
  });

  test('of no use are left out on request, each with a reason, and kept on request', () => {
    const row = (i: number): string =>
      [
        i + 1,
        (i * 7919) % 1009,
        `c-${i}`,
        `word${i % 9}${i}`,
        9,
        'Y',
        '',
        `${(i % 12) + 1}/${((i + 1) % 12) + 1}/2020`,
        i % 5,
        `g${i % 3}`,
        (i * i) / 7,
        9007199254740993n + BigInt(i) * 2n,
      ].join(',');
    const header = 'row,EmployeeNumber,customerID,text,nine,over,empty,day,five,group,area,account';
    const text = columns(header, 24, row);
    const useful = fitted(text, { columns: 'useful', odd: 'missing' });
    expect(useful.columns.map(({ name }) => name)).toEqual(['five', 'group', 'area']);
    expect(saying(useful.notes)).toEqual([
      'left out "row": left out (whole numbers that run on by 1, as row numbers do)',
      'left out "EmployeeNumber": left out (no two rows are alike, and it is named like an id)',
      'left out "customerID": left out (no two rows are alike, and it is named like an id)',
      'left out "text": left out (its texts hardly repeat, 24 different ones in 24 rows)',
      'left out "nine": left out (every row has the same value)',
      'left out "over": left out (every row has the same value)',
      'left out "empty": left out (every cell is missing)',
      'left out "day": left out (holds dates such as "1/2/2020" in line 2, day or month first? Say which with types: { "day": \'d/m/y\' } or \'m/d/y\', or drop it)',
      'left out "account": left out (its numbers are so long that float64 cannot tell them apart, as ids are)',
    ]);
    const kept = fitted(text, { columns: 'useful', odd: 'missing', keep: ['row', 5] });
    expect(kept.columns.map(({ name }) => name)).toEqual(['row', 'nine', 'five', 'group', 'area']);
    const all = fitted(text, { drop: ['empty', 'day'] });
    expect(all.notes.filter(({ kind }) => kind === 'left out')).toEqual([]);
  });

  test('of numbers in another way of writing are refused, in features and in the target', () => {
    for (const cell of ['"1,5"', '"1,234.5"', '1.234.567', "1'234", '"1 234,5"', '-1 234'])
      expect(() => fitted(`x,y\n${cell},a\n?,b\n`)).toThrow(/^csv: column "x": holds ".*" in line 2\. Say decimal or/);
    for (const text of ['1,2,3', '1.2.3', '1,x', '$5'])
      expect(fitted(`x,y\n"${text}",a\n1,b\n`).featureNames).toEqual([`x=${text}`, 'x=1'].sort());
    expect(() => fitted('x,y\n1,"2,5"\n2,3\n')).toThrow(
      'column "y": holds "2,5" in line 2. Say decimal or thousands if that is a number, or task: \'classification\'',
    );
    expect(fitted('x,y\n1,"2,5"\n2,3\n', { task: 'classification' }).classNames).toEqual(['2,5', '3']);
  });

  test('that tell by being missing are of use', () => {
    const text = columns('a,b', 12, (i) => `${i % 3 ? 'x' : ''},${i % 3 ? 1 : ''}`);
    const names = (missing: 'category' | 'mean' | 'frequent'): readonly string[] =>
      new TableEncoder({ ...y, columns: 'useful', missing, keep: missing === 'frequent' ? ['a'] : [] }).fit(
        readCSV(text),
      ).featureNames;
    expect(names('category')).toEqual(['a=x', 'a=(missing)', 'b', 'b=(missing)']);
    expect(names('mean')).toEqual(['a=x', 'a=(missing)']);
    expect(names('frequent')).toEqual(['a=x']);
  });

  test('of numbers with a few other cells are refused, or these are missing', () => {
    const text = columns('hp', 60, (i) => (i === 7 ? 'abc' : `${i}.5`));
    expect(() => fitted(text)).toThrow(
      'csv: column "hp": holds numbers, but also 1 of other cells, the first "abc" in line 9. ' +
        "Take such for missing with na or odd: 'missing', or the column for texts with types: { \"hp\": 'category' }",
    );
    expect(() => fitted(text, { odd: 'missing' })).toThrow(
      'column "hp": 1 cell is no number, the first "abc" in line 9',
    );
    const { features, notes } = encoded(text, { odd: 'missing', missing: 'median' });
    expect(features.data[7]).toBe(30.5);
    expect(saying(notes)).toEqual([
      'odd "hp": 1 cell is no number, the first "abc" in line 9; taken for missing',
      'filled "hp": missing cells (1) filled with the median 30.5',
    ]);
    expect(fitted(text, { types: { hp: 'category' }, maxCategories: 60 }).featureNames).toHaveLength(60);
    // Different texts in one of fifteen cells are no oddity, nor are few different numbers.
    expect(() => fitted(columns('hp', 60, (i) => (i < 4 ? `abc${i}` : `${i}`)))).toThrow('has 60 different texts');
    expect(fitted(columns('hp', 60, (i) => (i === 7 ? 'abc' : `${i % 20}`))).featureNames).toHaveLength(21);
    const none = fitted(text, { odd: 'missing', missing: 'mean' });
    expect(() => none.transform(readCSV('hp\nlow\nhigh\n'))).toThrow('2 cells are no number, the first "low"');
  });
});

describe('dates', () => {
  test('are days, in every table of the same form', () => {
    const { encoder, features } = encoded('d,y\n13/01/2020,0\n1/2/2020 12:00,1\n');
    expect([...features.data]).toEqual([18274, 18293.5]);
    expect(saying(encoder.notes)).toEqual(['date "d": dates (d/m/y), as days since 1970-01-01']);
    const later = encoder.transform(tableOf([{ d: '03/04/2021' }, { d: new Date(Date.UTC(2021, 3, 3, 6)) }]));
    expect([...later.features.data]).toEqual([18720, 18720.25]);
    expect(() => encoder.transform(readCSV('d\n4/31/2021\n'))).toThrow(
      'column "d": 1 cell is no date of the form d/m/y, the first "4/31/2021" in line 2',
    );
  });

  test('whose day and month look alike are refused, unless said', () => {
    const text = 'd,y\n1/2/2020,0\n3/4/2020,1\n';
    expect(() => fitted(text)).toThrow('holds dates such as "1/2/2020" in line 2, day or month first?');
    expect([...encoded(text, { types: { d: 'm/d/y' } }).features.data]).toEqual([18263, 18325]);
    expect([...encoded(text, { types: { d: 'd/m/y' } }).features.data]).toEqual([18293, 18355]);
    expect(fitted(text, { types: { d: 'category' } }).featureNames).toHaveLength(2);
  });

  test('as numbers are dates on request alone, and texts that are none are refused', () => {
    const text = 'd,y\n20200101,0\n20200102,1\n';
    expect(fitted(text).columns[0]!.kind).toBe('number');
    expect([...encoded(text, { types: { d: 'date' } }).features.data]).toEqual([18262, 18263]);
    expect(() => fitted('d,y\nred,0\nblue,1\n', { types: { d: 'date' } })).toThrow(
      'column "d": "red" in line 2 is no date of the forms y-m-d, y/m/d',
    );
  });

  test('of more than one form, or with a day that is none, are texts', () => {
    expect(fitted('d,y\n2020-01-01,0\n5.1.2020,1\n').columns[0]!.kind).toBe('category');
    expect(fitted('d,y\n2020-02-29,0\n2021-02-29,1\n').columns[0]!.kind).toBe('category');
  });

  test('with a few other cells are refused, or these are missing', () => {
    const text = columns('d', 40, (i) => (i === 5 ? 'soon' : `2020-01-${`${1 + (i % 31)}`.padStart(2, '0')}`));
    expect(() => fitted(text)).toThrow(
      'column "d": holds dates (y-m-d), but also 1 of other cells, the first "soon" in line 7',
    );
    const { features } = encoded(text, { odd: 'missing', missing: 'frequent' });
    expect(features.data[5]).toBe(18262);
  });
});

describe('rows without a target', () => {
  const text = 'x,c,y\n1,a,0.5\n\n2,b,NA\n9,a,1.5\n,z,\n';

  test('are refused, or left out and said', () => {
    expect(() => fitted(text)).toThrow(
      'column "y": 2 of 4 rows have no value in the target, the first in line 4. Leave them out with unlabelled: \'skip\'?',
    );
    const { encoder, features, target, rows, notes } = encoded(text, { unlabelled: 'skip' });
    expect([...rows]).toEqual([0, 2]);
    expect(features.toArray()).toEqual([
      [1, 1],
      [9, 1],
    ]);
    expect(target?.toArray()).toEqual([[0.5], [1.5]]);
    expect(encoder.featureNames).toEqual(['x', 'c=a']);
    expect(saying(notes)).toEqual([
      'skipped "y": 2 of 4 rows have no value in the target, the first in line 4; left out',
    ]);
  });

  test('must not be all', () => {
    expect(() => fitted('x,y\n1,\n2,?\n', { unlabelled: 'skip' })).toThrow(
      'column "y": no row has a value in the target',
    );
    expect(() => fitted('x,y\n1,\n2,?\n', { unlabelled: 'skip', task: 'classification' })).toThrow(
      'no row has a value',
    );
    expect(() => fitted('x,y\n1,a\n2,\n', { unlabelled: 'skip' })).toThrow('every row has "a"');
  });

  test('a few texts in a target of numbers are missing, on request', () => {
    const rows = upTo(60).map((i) => `${i},${i === 3 ? 'none' : i / 4}`);
    const text60 = csv('x,y', rows);
    expect(() => fitted(text60)).toThrow('column "y": holds numbers, but also 1 of other cells, the first "none"');
    expect(encoded(text60, { odd: 'missing', unlabelled: 'skip' }).rows).toHaveLength(59);
    expect(() => fitted('x,y\n1,2\n2,b\n', { task: 'regression' })).toThrow(
      'regression needs numbers, got "b" in line 3',
    );
  });

  test('the target has no type besides its task', () => {
    expect(() => fitted('x,y\n1,2\n2,b\n', { types: { y: 'category' } })).toThrow(ValueError);
  });
});

describe('scaling', () => {
  test('is done before the only rounding', () => {
    const text = 't,y\n1700000000,0\n1700000060,1\n1700000020,0\n1700000050,1\n';
    const { features } = encoded(text);
    expect(features.dtype).toBe('float64');
    const later = new StandardScaler().fit(features).transform(features);
    const scaled = encoded(text, { scale: 'standard' }).features;
    expect(scaled.dtype).toBe('float32');
    expect(new Set(scaled.data).size).toBe(4);
    expect([...scaled.data]).toEqual(Array.from(later.data, Math.fround));
    expect([...encoded(text, { scale: 'minmax' }).features.data]).toEqual([0, 1, 20 / 60, 50 / 60].map(Math.fround));
  });

  test('float32 does for columns that are constant, and for those that it can tell apart', () => {
    expect(encoded('t,y\n1700000001,0\n1700000001,1\n').features.dtype).toBe('float32');
    expect(encoded('t,y\n0.1,0\n0.2,1\n').features.dtype).toBe('float32');
    expect(encoded('t,y\n1e-50,0\n2e-50,1\n').features.dtype).toBe('float64');
  });

  test('of the target is undone by decode, and large targets stay apart', () => {
    const text = csv('x,y', ['1,1700000000.5', '2,1700000060', '3,1700000020']);
    const { target, encoder } = encoded(text, { scaleTarget: true });
    expect(target?.dtype).toBe('float32');
    expect(encoder.decode(target!).numbers).toHaveLength(3);
    for (const [i, value] of encoder.decode(target!).numbers!.entries())
      expect(value).toBeCloseTo([1700000000.5, 1700000060, 1700000020][i]!, 4);
    const plain = encoded(text);
    expect(plain.target?.dtype).toBe('float64');
    expect([...plain.encoder.decode(plain.target!).numbers!]).toEqual([1700000000.5, 1700000060, 1700000020]);
    const same = encoded('x,y\n1,7.5\n2,7.5\n', { scaleTarget: true });
    expect([...same.encoder.decode(same.target!).numbers!]).toEqual([7.5, 7.5]);
  });

  test('measures the given rows alone, with their fills, and columns and categories of all', () => {
    const table = readCSV('x,c,y\n1,a,0\n3,b,1\n,a,0\n100,c,1\n');
    const encoder = new TableEncoder({ ...y, missing: 'mean', scale: 'standard' }).fit(table, { rows: [2, 0, 1] });
    expect(encoder.featureNames).toEqual(['x', 'c=a', 'c=b', 'c=c']);
    const [x, c] = encoder.columns;
    expect(x).toMatchObject({ fill: 2, scaling: { center: [2], scale: [Math.sqrt(2 / 3)] } });
    expect(c!.scaling!.center).toEqual([2 / 3, 1 / 3, 0]);
    expect(c!.scaling!.scale[2]).toBe(1);
    const { features } = encoder.transform(table);
    expect(features.toArray()).toMatchObject([
      { 3: 0 },
      { 3: 0 },
      { 0: 0 },
      { 0: Math.fround(98 / Math.sqrt(2 / 3)), 3: 1 },
    ]);
    // Where the rows have no value, the others' do.
    const gap = new TableEncoder({ ...y, missing: 'mean', scale: 'standard' }).fit(table, { rows: [2] });
    expect(gap.columns[0]).toMatchObject({ fill: 104 / 3, scaling: { scale: [1] } });
    for (const rows of [[4], [-1], [0.5], []])
      expect(() => new TableEncoder(y).fit(table, { rows })).toThrow(ValueError);
  });

  test('is cut off on request', () => {
    const encoder = fitted('x,y\n0,0\n2,1\n', { scale: 'standard', clip: 4 });
    expect([...encoder.transform(readCSV('x\n-9\n1.5\n1e30\n')).features.data]).toEqual([-4, 0.5, 4]);
    const open = fitted('x,y\n0,0\n1e-30,1\n', { scale: 'standard' });
    expect(() => open.transform(readCSV('x\n0\n1e30\n'))).toThrow(
      'csv: column "x": the number "1e30" in line 3 is scaled past the range of float32',
    );
    expect(() => new TableEncoder({ clip: 4 })).toThrow("clip must be given with scale: 'standard' or 'minmax', got 4");
    expect(() => fitted('x,y\n1e151,0\n2,1\n', { scale: 'standard' })).toThrow(
      '"1e151" in line 2 is scaled past the range of float32',
    );
    expect(() => fitted('x,y\n1,1e151\n2,1.5\n', { scaleTarget: true })).toThrow(
      '"1e151" in line 2 is scaled past the range',
    );
    expect(() => fitted('x,y\n1,1e39\n2,1.5\n')).toThrow(
      'column "y": the number "1e39" in line 2 is past the range of float32',
    );
    expect(fitted('x,y\n1e39,0\n2,1\n', { scale: 'standard' }).featureNames).toEqual(['x']);
  });
});

describe('decode', () => {
  const classes = fitted('x,y\n1,no\n2,yes\n');

  test('gives labels and their probabilities', () => {
    const { labels, probabilities, numbers } = classes.decode([
      [0.25, 0.75],
      [0.5, 0.5],
    ]);
    expect(labels).toEqual(['yes', 'no']);
    expect(probabilities?.toArray()).toEqual([
      [0.25, 0.75],
      [0.5, 0.5],
    ]);
    expect(numbers).toBeUndefined();
    const single = classes.decode([[0.75], [0.5]]);
    expect(single.labels).toEqual(['yes', 'no']);
    expect(single.probabilities?.toArray()).toEqual([
      [0.25, 0.75],
      [0.5, 0.5],
    ]);
  });

  test('refuses what are no outputs of such a network', () => {
    expect(() => classes.decode([[0.2, 0.3, 0.5]])).toThrow(ShapeError);
    expect(() => classes.decode([0.2, 0.3])).toThrow('needs outputs [rows, 2] for y');
    expect(() => classes.decode([[-3, 3]])).toThrow('Put softmax or sigmoid behind logits');
    expect(() => classes.decode([[Number.NaN, 3]])).toThrow(ValueError);
    expect(() => fitted('x,y\n1,0.5\n2,7\n').decode([[1, 2]])).toThrow('needs outputs [rows, 1] for y');
    expect(() => new TableEncoder().fit(readCSV('x\n1\n')).decode([[1]])).toThrow('fitted without a target');
  });
});

describe('an encoder', () => {
  test('says that it is not fitted, and stays as it was when fit fails', () => {
    const encoder = new TableEncoder(y);
    expect(() => encoder.transform(readCSV('x\n1\n'))).toThrow(StateError);
    expect(() => encoder.featureNames).toThrow('TableEncoder.columns: the encoder is not fitted. Call fit() first');
    encoder.fit(readCSV('x,y\n1,0\n2,1\n'));
    const before = JSON.stringify(encoder);
    expect(() => encoder.fit(readCSV('x,y\n1,0\n,1\n'))).toThrow(FormatError);
    expect(JSON.stringify(encoder)).toBe(before);
    expect(() => TableEncoder.fromJSON(JSON.parse(before)).fit(readCSV('x,y\n1,0\n2,1\n'))).toThrow('Make a new one');
  });

  test('knows its task, classes and target; without one there are only features', () => {
    const { encoder } = encoded('x,y\n1,0\n2,1\n');
    expect([encoder.task, encoder.classNames, encoder.targetName]).toEqual(['classification', ['0', '1'], 'y']);
    expect(encoder.taskReason).toBe('classification: "y" has 2 distinct integers, at most 20');
    const none = new TableEncoder().fit(readCSV('x,y\n1,0\n2,1\n'));
    expect([none.task, none.classNames, none.targetName, none.taskReason]).toEqual(Array(4).fill(undefined));
    expect(none.transform(readCSV('y,x\n7,8\n')).features.toArray()).toEqual([[8, 7]]);
  });

  test.each([
    { columns: 'some' },
    { missing: 'zero' },
    { rare: 'drop' },
    { unknown: 'skip' },
    { unlabelled: 'drop' },
    { odd: 'zeros' },
    { scale: 'robust' },
    { task: 'clustering' },
    { clip: -1, scale: 'standard' },
    { maxCategories: 0 },
    { maxDistinctIntegers: 0.5 },
    { maxCells: 0 },
    { drop: 'x' },
    { keep: 3 },
    { types: 'number' },
    { types: { x: 'text' } },
    { scaleTarget: 1 },
  ])('has no option %j', (options) => {
    expect(() => new TableEncoder(options as never)).toThrow(ValueError);
    expect(() => new TableEncoder(options as never)).toThrow(`TableEncoder: ${Object.keys(options)[0]}`);
  });

  test('can be fitted to one row, and keeps the sign of a 0 that is not scaled', () => {
    const { encoder, features, target } = encoded('x,c,y\n-0,a,2.5\n', { missing: 'mean', columns: 'all' });
    expect(Object.is(features.data[0], -0)).toBe(true);
    expect(target?.toArray()).toEqual([[2.5]]);
    const again = TableEncoder.fromJSON(JSON.parse(JSON.stringify(encoder)));
    expect(Object.is(again.transform(readCSV('x,c\n?,a\n')).features.data[0], 0)).toBe(true);
    for (const scale of ['standard', 'minmax'] as const)
      expect(encoded('x,c,y\n7,a,2.5\n', { scale, scaleTarget: true }).features.toArray()).toEqual([[0, 0]]);
  });

  test('keeps to the limit', () => {
    expect(() => encoded('c,y\na,0\nb,1\nc,0\n', { maxCells: 8 })).toThrow(LimitError);
    expect(() => fitted('x,y\n')).toThrow('csv: file: has a header but no rows');
  });
});

describe('a table of objects', () => {
  test('has a column per field, with numbers, texts and gaps', () => {
    const table = tableOf([
      { a: 1, b: ' x ' },
      { b: true, a: '2.5', c: 7n },
      { a: Number.NaN, c: null },
    ]);
    expect(table.names).toEqual(['a', 'b', 'c']);
    expect([...table.column(0).numbers]).toEqual([1, 2.5, Number.NaN]);
    expect(table.column(0)).toMatchObject({ missing: 1, texts: 0, firstText: -1 });
    expect(table.column(1)).toMatchObject({ missing: 1, texts: 2, firstText: 0 });
    expect([...table.column(2).numbers]).toEqual([Number.NaN, 7, Number.NaN]);
    expect(table.texts(1)).toEqual({ codes: Int32Array.of(0, 1, -1), texts: ['x', 'true'] });
    expect(table.cells(1)).toEqual(['2.5', 'true', '7']);
    expect(table.line(1)).toBe(2);
  });

  test('reads what a form leaves blank as missing, and a dash as the file reader does', () => {
    const table = tableOf([
      { a: '', b: '-' },
      { a: '?', b: '+' },
    ]);
    expect(table.column(0).missing).toBe(2);
    expect(table.column(1)).toMatchObject({ missing: 1, texts: 1 });
    expect(table.texts(1).texts).toEqual(['-', '+']);
  });

  test('refuses what are no objects and no values', () => {
    expect(() => tableOf({ a: 1 } as never)).toThrow('tableOf: records must be a list of objects');
    expect(() => tableOf([[1, 2]] as never)).toThrow('record 0 must be an object');
    for (const none of [[], [{}]]) expect(() => tableOf(none)).toThrow('with at least one field');
    expect(() => tableOf([{ a: {} }])).toThrow('"a" of record 0 must be a number, text, true or false');
    expect(() => tableOf([{ a: new Date(Number.NaN) }])).toThrow(ValueError);
  });

  test('keeps every row, whatever stands in it', () => {
    const texts = ['', ' ', '#1', 'a,b', '"quoted"', 'two\nlines', '404: Not Found'];
    const table = tableOf(texts.map((text) => ({ '<html>': text })));
    expect(table.names).toEqual(['<html>']);
    expect(table.texts(0).texts).toEqual(texts.slice(2));
    expect([...table.texts(0).codes]).toEqual([-1, -1, 0, 1, 2, 3, 4]);
    expect(tableOf([{ a: 1, b: null }, { a: 2 }]).names).toEqual(['a', 'b']);
  });

  test('inherits nothing', () => {
    expect(tableOf([{ constructor: 1 }, { other: 2 }]).column(0).missing).toBe(1);
  });
});

test('a table read from CSV has its encoder and everything that was said', () => {
  const table = tableFromCSV('id;x;c;y\n1;;a;no\n2;2,5;b;yes\n3;3,5;a;\n', {
    ...y,
    delimiter: ';',
    decimal: ',',
    missing: 'mean',
    unlabelled: 'skip',
    drop: [1],
  });
  expect(table.features.toArray()).toEqual([
    [2.5, 1, 0],
    [2.5, 0, 1],
  ]);
  expect(table.notes.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['skipped', 'filled']));
  const next = table.encoder.transform(readCSV('c,x\nb,4.5\n'));
  expect(next.features.toArray()).toEqual([[4.5, 0, 1]]);
});
