import type { Dialect, RawTable } from 'whittle-ml/data';
import type { Answers } from './answers.ts';

/** How a table is written: the characters between cells and before a fraction. */
export interface Written {
  readonly delimiter: string;
  readonly decimal: string;
}

/** As a table was read; a delimiter that is no single character, or that stands in numbers, is replaced. */
export function dialectFor({ delimiter, decimal }: Dialect): Written {
  const usual = decimal === ',' ? ';' : ',';
  return { delimiter: delimiter === ' ' || delimiter === decimal ? usual : delimiter, decimal };
}

/** What is copied of a table. */
export type Cells = Pick<RawTable, 'names' | 'rows' | 'cells'>;

/** Rows of one piece of text. */
const ROWS = 1000;

/** The cells of a table as they were, but for blanks around them, with the columns of the answers behind them, as CSV with a header. */
export function* csvOf({ delimiter, decimal }: Written, table: Cells, { names, cells }: Answers): Iterable<string> {
  const quoted = (text: string): string =>
    /["\r\n]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text;
  const line = (texts: readonly string[]): string => `${texts.map(quoted).join(delimiter)}\n`;
  const own = names.map((name) => unused(name, table.names));
  let piece = line([...table.names, ...own]);
  for (let row = 0; row < table.rows; row++) {
    const answers = cells(row).map((cell) =>
      typeof cell === 'number' ? numberText(cell).replace('.', decimal) : cell,
    );
    piece += line([...table.cells(row).map((cell) => cell.trim()), ...answers]);
    if (row % ROWS === ROWS - 1) {
      yield piece;
      piece = '';
    }
  }
  yield piece;
}

/** A name that the table does not use: `prediction`, or `prediction (2)`. */
function unused(name: string, names: readonly string[]): string {
  let free = name;
  for (let i = 2; names.includes(free); i++) free = `${name} (${i})`;
  return free;
}

/** The shortest decimal that is read back as the same number: of float32 if it is one. */
export function numberText(x: number): string {
  if (Math.fround(x) !== x) return String(x);
  for (let digits = 1; digits < 9; digits++) {
    const text = Number(x.toPrecision(digits));
    if (Math.fround(text) === x) return String(text);
  }
  return String(Number(x.toPrecision(9)));
}
