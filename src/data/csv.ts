import { checkOptions } from '../base/options.ts';
import { MAX_CELLS, settingsOf } from './dialect.ts';
import type { ReadOptions } from './raw.ts';
import { read } from './read.ts';

export { MAX_CELLS };

export type CSVOptions = Pick<ReadOptions, 'delimiter' | 'header' | 'quote' | 'comment' | 'sameNames' | 'maxCells'>;

/** A CSV file as text: every row has as many cells as the header has names. */
export interface CSV {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * The cells of a CSV file as texts, not changed; names in the header lose the blanks around them. Read as by
 * `readCSV`, which makes columns of numbers, but the first line has the names whatever they look like, and a first
 * column without a name is called `column 1`. Throws what `readCSV` throws.
 *
 * @example
 * parseCSV('name,code\nAnn,007').rows; // [ [ 'Ann', '007' ] ]
 */
export function parseCSV(text: string, options: CSVOptions = {}): CSV {
  checkOptions('parseCSV', options, 'delimiter header quote comment sameNames maxCells');
  const settings = settingsOf('parseCSV', { header: true, ...options });
  const table = read('parseCSV', text, settings, { delimiter: ',', ...options }, false);
  return { header: table.names, rows: Array.from({ length: table.rows }, (_, row) => table.cells(row)) };
}
