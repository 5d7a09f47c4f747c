import fc from 'fast-check';
import { Random } from 'whittle-ml';

/** What a column holds. */
const KINDS = [
  'number',
  'fraction',
  'large',
  'class',
  'flag',
  'id',
  'name',
  'date',
  'constant',
  'empty',
  'odd',
] as const;
type Kind = (typeof KINDS)[number];

/** A table as somebody may have it: what is in it and how it is written. */
export interface RandomTable {
  readonly seed: number;
  readonly rows: number;
  readonly columns: readonly Kind[];
  readonly target: 'class' | 'flag' | 'number' | 'fraction' | 'constant' | 'rare';
  /** Place of the target among the columns, from 0. */
  readonly at: number;
  /** Share of the cells without a value, in a tenth of the columns and in the target. */
  readonly gaps: number;
  readonly mark: string;
  readonly delimiter: string;
  readonly decimal: string;
  readonly header: boolean;
  readonly comment: boolean;
  readonly lineEnd: string;
  readonly blankLines: number;
  readonly quoted: boolean;
  /** Options beside file and target. */
  readonly options: readonly string[];
}

export const randomTable: fc.Arbitrary<RandomTable> = fc
  .record({
    seed: fc.nat(1e6),
    rows: fc.oneof({ weight: 1, arbitrary: fc.nat(30) }, { weight: 5, arbitrary: fc.noBias(fc.nat(300)) }),
    columns: fc.array(fc.constantFrom(...KINDS), { minLength: 1, maxLength: 80, size: 'max' }),
    target: fc.constantFrom(
      ...(['class', 'flag', 'number', 'fraction', 'class', 'flag', 'number', 'fraction', 'constant', 'rare'] as const),
    ),
    at: fc.nat(80),
    gaps: fc.constantFrom(0, 0.05, 0.5),
    mark: fc.constantFrom('', '?', 'NA', 'N/A', 'null'),
    dialect: fc.constantFrom([',', '.'], [';', '.'], [';', ','], ['\t', '.'], ['\t', ','], ['|', '.'], [' ', '.']),
    header: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    comment: fc.boolean(),
    lineEnd: fc.constantFrom('\n', '\r\n'),
    blankLines: fc.nat(2),
    quoted: fc.boolean(),
    options: fc.constantFrom(
      ...[
        [],
        [],
        ['--missing', 'median'],
        ['--missing', 'category'],
        ['--missing', 'frequent'],
        ['--missing', 'refuse'],
      ],
      ...[
        ['--unlabelled', 'refuse'],
        ['--max-categories', '3'],
        ['--drop', '1'],
        ['--task', 'regression'],
      ],
    ),
  })
  .map(({ dialect: [delimiter, decimal], ...rest }) => ({
    ...rest,
    at: rest.at % (rest.columns.length + 1),
    delimiter: delimiter!,
    decimal: decimal!,
    // An empty cell between blanks is none.
    mark: delimiter === ' ' && rest.mark === '' ? '?' : rest.mark,
  })) as fc.Arbitrary<RandomTable>;

/** The file and the arguments to train on it. */
export function written(table: RandomTable): { text: string; target: string; args: string[] } {
  const { rows, columns, at, gaps, mark, delimiter, header } = table;
  const random = new Random(table.seed, 'table');
  const kinds = [...columns.slice(0, at), table.target, ...columns.slice(at)];
  const width = kinds.length;
  const chance = random.uniform([Math.max(1, rows * width)]).data;
  const gap = random.uniform([Math.max(1, rows * width)]).data;
  const holey = (column: number): boolean => column === at || column % 10 === 0;
  const cell = (row: number, column: number): string => {
    const i = row * width + column;
    if (kinds[column] === 'empty' || (holey(column) && gap[i]! < gaps)) return mark;
    return quote(table, content(kinds[column]!, chance[i]!, row).replace('.', table.decimal));
  };
  const names = kinds.map((kind, column) => quote(table, column === at ? 'the_target' : `${kind}_${column}`));
  const lines = [
    ...(table.comment ? ['# made by a generator'] : []),
    ...(header ? [names.join(delimiter)] : []),
    ...Array.from({ length: rows }, (_, row) => kinds.map((__, column) => cell(row, column)).join(delimiter)),
    ...Array<string>(table.blankLines).fill(''),
  ];
  const target = header ? 'the_target' : String(at + 1);
  return {
    text: lines.join(table.lineEnd) + table.lineEnd,
    target,
    args: ['--target', target, ...(header ? [] : ['--no-header']), ...table.options],
  };
}

/** Texts with a delimiter in them must be quoted in any case. */
const quote = ({ quoted, delimiter }: RandomTable, text: string): string =>
  text.includes(delimiter) || (quoted && /[a-z]/.test(text)) ? `"${text}"` : text;

/** A cell, by a number from 0 to 1. */
function content(kind: Kind | RandomTable['target'], x: number, row: number): string {
  switch (kind) {
    case 'number':
      return String(Math.floor(x * 1000));
    case 'fraction':
      return (x * 20 - 10).toFixed(3);
    case 'large':
      return String(1_700_000_000 + Math.floor(x * 1e6));
    case 'class':
      return ['red', 'green', 'dark blue'][Math.floor(x * 3)]!;
    case 'flag':
      return x < 0.4 ? 'no' : 'yes';
    case 'rare':
      return row === 3 ? 'seldom' : x < 0.5 ? 'often' : 'always';
    case 'id':
      return String(1001 + row);
    case 'name':
      return `Person ${row} of ${Math.floor(x * 1e6)}`;
    case 'date':
      return `20${String(10 + Math.floor(x * 12)).padStart(2, '0')}-0${1 + (row % 9)}-1${row % 10}`;
    case 'constant':
      return '7';
    case 'empty':
      return '';
    case 'odd':
      return x < 0.02 ? 'unknown' : (x * 500).toFixed(2);
  }
}
