import { WhittleError } from 'whittle-ml';
import { readCSV, splitIndices, TableEncoder, tableFromBytes } from 'whittle-ml/data';
import { checkEnough, checked, pick, type Sources } from './data.ts';
import { Refusal, sentenceOf } from './refusal.ts';
import type { Rows } from './sets.ts';
import { TABLE_SENTENCES, type TableProblem } from './table-problems.ts';
import { clipped, READING, tableProblem } from './table-reading.ts';

/** An epoch of more takes too long to look at. */
const MOST_ROWS = 20_000;
/** Numbers of a row, and of all rows, which the page is told of several times. */
const MOST_NUMBERS = { row: 1000, all: 4e6 };
/** What the encoder can find out by itself it does. */
const FORGIVING = { columns: 'useful', missing: 'median', rare: 'other', unlabelled: 'skip', odd: 'missing' } as const;

/** The rows of a table of one's own; those of a text that is none are refused in the library's words. */
export function tableRows(table: Sources['table'], wantsNumbers: boolean): Rows {
  if (table === undefined || table.text.trim() === '') throw new Refusal({ kind: 'no table' });
  try {
    return encoded(
      table.text,
      new TableEncoder({ ...FORGIVING, target: table.target, ...(wantsNumbers && { task: 'regression' }) }),
    );
  } catch (error) {
    if (!(error instanceof WhittleError)) throw error;
    throw refusalOf(tableProblem(error.message));
  }
}

function refusalOf(problem: TableProblem): Refusal {
  const reason = { kind: 'bad table', problem } as const;
  return new Refusal(reason, sentenceOf(reason, TABLE_SENTENCES));
}

function encoded(text: string, encoder: TableEncoder): Rows {
  const raw = readCSV(text, READING);
  if (raw.rows > MOST_ROWS) throw new Refusal({ kind: 'too many rows', rows: raw.rows, most: MOST_ROWS });
  checkWidth(raw.names.length, raw.rows);
  encoder.fit(raw);
  // Before memory is taken
  checkWidth(encoder.featureNames.length, raw.rows);
  const { features, target } = encoder.transform(raw);
  const [rows = 0, width = 0] = features.shape;
  checkEnough(rows);
  const values = interleaved(features.data, target!.data, rows, width);
  const [names, classes] = [encoder.featureNames, encoder.classNames ?? []].map((list) => list.map(clipped)) as [
    string[],
    string[],
  ];
  return checked({ task: encoder.task!, names, classes, count: rows, values, truth: null });
}

function checkWidth(columns: number, rows: number): void {
  const most = Math.min(MOST_NUMBERS.row, Math.floor(MOST_NUMBERS.all / rows));
  if (columns > most) throw refusalOf({ what: 'too wide', columns: `${columns}`, most: `${most}` });
}

/** So many digits, as many of each. */
export async function digitRows(bytes: Uint8Array<ArrayBuffer>, samples: number, seed: number): Promise<Rows> {
  const table = await tableFromBytes(bytes, { target: 'digit', task: 'classification' });
  const { features, target, featureNames: names, classNames: classes = [] } = table;
  const [rows = 0, width = 0] = features.shape;
  const all = interleaved(features.data, target.data, rows, width);
  const most = Math.max(samples, 5 * classes.length);
  if (most >= rows) return { task: 'classification', names, classes, count: rows, values: all, truth: null };
  const { test: taken } = splitIndices(rows, { testSize: most, stratify: target, seed });
  return { task: 'classification', names, classes, count: most, values: pick(all, width + 1, taken), truth: null };
}

function interleaved(x: ArrayLike<number>, y: ArrayLike<number>, rows: number, width: number): Float32Array {
  const values = new Float32Array(rows * (width + 1));
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < width; j++) values[i * (width + 1) + j] = x[i * width + j]!;
    values[i * (width + 1) + width] = y[i]!;
  }
  return values;
}
