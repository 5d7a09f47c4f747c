import { describe, expect, test } from 'vitest';
import { FormatError, ValueError, WhittleError } from 'whittle-ml';
import { readCSV, TableEncoder } from 'whittle-ml/data';
import { asTyped, sentenceOf, sentencesOf } from '../../lab/src/words.ts';

/** What the library says of a table, as the command line says it. */
function said(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof WhittleError) return asTyped(error);
  }
  throw new Error('nothing was refused');
}

const table = 'when,n,c,y\n1/2/2020,1,a,0\n3/4/2020,,b,1\n5/6/2020,3,c,\n';
const fitted = (text: string, options: ConstructorParameters<typeof TableEncoder>[0]): TableEncoder =>
  new TableEncoder(options).fit(readCSV(text));

describe('an error of the library names options as they are typed:', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['--no-header and --header', () => readCSV('1.5,2.5,x\n3,4,y\n'), /--no-header.*--header/],
    ['--delimiter', () => readCSV('a;b\n1;2\n'), /\(--delimiter ;\)/],
    ['--delimiter tab', () => readCSV('a\tb\n1\t2\n'), /\(--delimiter tab\)/],
    ['--encoding', () => readCSV(Uint8Array.of(97, 44, 98, 10, 0xe4, 44, 49, 10)), /--encoding windows-1252/],
    ['--missing', () => fitted(table, { target: 'c' }), /--missing mean, median, frequent or category/],
    ['--types', () => fitted(table, { target: 'c', drop: ['n', 'y'] }), /--types when=d\/m\/y or m\/d\/y/],
    ['--unlabelled', () => fitted(table, { target: 'y', drop: ['when'] }), /--unlabelled skip/],
    [
      '--max-categories',
      () => fitted(table, { target: 'c', drop: ['when', 'n', 'y'], maxCategories: 2 }),
      /--max-categories/,
    ],
    ['--quote none', () => readCSV('a,y\n7" disc,1\n'), /--quote none/],
    [
      '--decimal and --thousands',
      () => fitted('y,x\n1,"2,5"\n0,3.5\n', { target: 'y' }),
      /"2,5" in line 2\. Say --decimal or --thousands if that is a number/,
    ],
    [
      '--na',
      () => fitted('a\n1.5\n2.5\n', {}).transform(readCSV('a\n1.5\n"2,5"\n')),
      /if that is a number, or take it for missing with --na$/,
    ],
    [
      '--keep',
      () => fitted('a,y\n7,0\n7,1\n', { target: 'y', columns: 'useful' }),
      /but the target that is used \(--keep <columns> keeps what was left out\): "a": left out \(every row has the same/,
    ],
    ['--target', () => fitted(table, { target: 'z' }), /^--target must be one of "when", "n", "c", "y", got "z"/],
    ['--drop', () => fitted(table, { target: 'y', drop: [9] }), /^--drop must be one of .*, got 9$/],
    ['--decimal', () => readCSV('a,b\n1,2\n', { decimal: ';' }), /^--decimal must be/],
  ])('%s', (_name, work, message) => {
    const text = said(work);
    expect(text).toMatch(message);
    expect(text).not.toMatch(
      /\b(header: [tf]|(delimiter|encoding|missing|types|unlabelled): )|maxCategories|TableEncoder|readCSV/,
    );
  });

  test('and nothing else: words of a file stay as they are', () => {
    const text = 'column "missing": has "header: false" in it';
    expect(asTyped(new FormatError('table', 'column "target"', 'is "drop"'))).toBe('column "target": is "drop"');
    expect(asTyped(new FormatError('csv', 'file', 'is empty'))).toBe('is empty');
    expect(asTyped(new ValueError('other', 'rows', 'few', 9))).toBe('rows must be few, got 9');
    expect(asTyped(new WhittleError('Format', 'csv', text))).toMatch(/^column "missing": has/);
  });
});

describe('notes', () => {
  test('are sentences with the option that undoes them, where the command has it', () => {
    const note = { kind: 'left out', column: 'my id', text: '"my id": left out' };
    expect(sentenceOf(note)).toBe('"my id": left out; --keep "my id" keeps it.');
    expect(sentenceOf(note, 'predict')).toBe('"my id": left out.');
    const read = { kind: 'dialect', text: 'The file was read with ; between cells.' };
    expect(sentenceOf(read, 'predict')).toMatch(/^The file was read with ; between cells; --delimiter, .*\.$/);
    expect(sentenceOf({ kind: 'extra', column: 'a', text: '"a": not used' })).toBe('"a": not used.');
  });

  test('round the numbers that were filled in, and keep those of the file', () => {
    const filled = (text: string): string => sentenceOf({ kind: 'filled', column: 'a', text }, 'predict');
    expect(filled('"a": filled with the mean 1.23456789012')).toBe('"a": filled with the mean 1.23457.');
    expect(filled('"a": filled with the mean 2021-03-05')).toBe('"a": filled with the mean 2021-03-05.');
    expect(filled('"a": filled with the median -1e-30')).toBe('"a": filled with the median -1e-30.');
    expect(filled('"a": filled with "the mean 1.23456789012"')).toBe('"a": filled with "the mean 1.23456789012".');
  });

  test('of many columns are one sentence on a terminal', () => {
    const notes = (count: number): { kind: string; column: string; text: string }[] =>
      Array.from({ length: count }, (_, i) => ({ kind: 'filled', column: `c${i}`, text: `"c${i}": filled` }));
    expect(sentencesOf(notes(4), 'train')).toHaveLength(4);
    const [one, ...others] = sentencesOf(
      [...notes(9), { kind: 'index', text: 'The first column is left out.' }],
      'train',
    );
    expect(one).toBe(
      '9 columns had missing cells, which were filled: "c0", "c1", "c2", "c3", "c4", "c5" and 3 more; --missing refuse stops there.',
    );
    expect(others).toEqual(['The first column is left out.']);
  });
});
