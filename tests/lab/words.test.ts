import { describe, expect, test } from 'vitest';
import { FormatError, ValueError, WhittleError } from 'whittle-ml';
import { type Note, readCSV, TableEncoder } from 'whittle-ml/data';
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
    ['--delimiter', () => readCSV('a;b\n1;2\n'), /\(--delimiter ";"\)/],
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

  test('and nothing else: words of a file stay as they are, in an error', () => {
    const names = ['na: 5', 'header: false', "missing: 'mean'", 'a "b" (maxCategories)', 'with na or', 'target: 1'];
    for (const name of names) {
      const text = `${JSON.stringify(name).replaceAll('\\"', '""')},y\n`;
      const column = `column ${JSON.stringify(name)}: `;
      expect(said(() => fitted(`${text},0\n,1\n`, { target: 'y' }))).toBe(`${column}every cell is missing`);
      const odd = said(() => fitted(`${text}x,0\n,1\n`, { target: 'y', maxCategories: 1 }));
      expect(odd).toContain(column);
      expect(said(() => fitted(text, { target: name, drop: [name] }))).toContain(`got ${JSON.stringify(name)}`);
      expect(said(() => fitted(`${text}5,0\n,1\n`, { target: 'y' }))).toMatch(
        /--missing mean, median, frequent or cat/,
      );
    }
    expect(asTyped(new FormatError('csv', 'file', 'is empty'))).toBe('is empty');
    expect(asTyped(new ValueError('other', 'rows', 'few', 9))).toBe('rows must be few, got 9');
    expect(asTyped(new ValueError('other', 'toString', 'few', 9))).toBe('toString must be few, got 9');
  });

  test('with arguments that a shell takes', () => {
    const dates = (name: string): string => {
      const text = `"${name.replaceAll('"', '""')}",y\n${'1/2/2020,1\n2/1/2020,0\n'.repeat(9)}`;
      return /--types .*(?=, or drop it)/.exec(said(() => fitted(text, { target: 'y' })))![0];
    };
    expect(dates('when')).toBe('--types when=d/m/y or m/d/y');
    expect(dates('my day')).toBe('--types "my day=d/m/y" or m/d/y');
    expect(dates('a } b')).toBe('--types "a } b=d/m/y" or m/d/y');
    expect(dates(`it's "$5"`)).toBe(`--types 'it'\\''s "$5"=d/m/y' or m/d/y`);
    expect(said(() => readCSV('# why\na,b\n1,2\n'))).toContain('(--comment "#")');
  });
});

describe('notes', () => {
  test('are sentences with the option that undoes them, where the command has it', () => {
    const note: Note = { kind: 'left out', column: 'my id', text: '"my id": left out' };
    expect(sentenceOf(note)).toBe('"my id": left out; --keep "my id" keeps it.');
    expect(sentenceOf(note, 'predict')).toBe('"my id": left out.');
    const read: Note = { kind: 'dialect', text: 'The file was read with ; between cells.' };
    expect(sentenceOf(read, 'predict')).toMatch(/^The file was read with ; between cells; --delimiter, .*\.$/);
    expect(sentenceOf({ kind: 'extra', column: 'a', text: '"a": not used' })).toBe('"a": not used.');
    const odd = '"na: 5": holds numbers, but "header: false", too; types: { "na: 5": \'category\' }';
    expect(sentenceOf({ kind: 'odd', column: 'na: 5', text: odd }, 'predict')).toBe(
      '"na: 5": holds numbers, but "header: false", too; --types "na: 5=category".',
    );
  });

  test('of many columns are one sentence on a terminal', () => {
    const notes = (count: number): Note[] =>
      Array.from({ length: count }, (_, i) => ({
        kind: 'filled',
        column: `c${i}`,
        text: `"c${i}": missing cells (9) filled with ${i === 0 ? '"(missing)"' : `the mean ${i}.5`}`,
      }));
    expect(sentencesOf(notes(4), 'train')).toHaveLength(4);
    const [one, ...others] = sentencesOf(
      [...notes(9), { kind: 'index', text: 'The first column is left out.' }],
      'train',
    );
    expect(one).toBe(
      '9 columns had missing cells, which were filled: "c0" with "(missing)", "c1" with the mean 1.5, "c2" with the mean ' +
        '2.5, "c3" with the mean 3.5, "c4" with the mean 4.5, "c5" with the mean 5.5 and 3 more; --missing refuse stops there.',
    );
    expect(others).toEqual(['The first column is left out.']);
  });
});
