import { WhittleError } from 'whittle-ml';
import { splitIndices, tableFromBytes, tableFromCSV } from 'whittle-ml/data';
import { checkEnough, checked, pick, type Sources } from './data.ts';
import { Refusal } from './refusal.ts';
import type { Rows } from './sets.ts';
import { tableProblem } from './table-problems.ts';

/** An epoch of more takes too long to look at. */
const MOST_ROWS = 20_000;
/** Tables are read as they come: what the reader and the encoder can find out by themselves they do. */
const FORGIVING = {
  delimiter: 'auto',
  decimal: 'auto',
  thousands: 'auto',
  comment: 'auto',
  columns: 'useful',
  missing: 'median',
  rare: 'other',
  unlabelled: 'skip',
  odd: 'missing',
  sameNames: 'number',
} as const;

/** The rows of a table of one's own; those of a text that is none are refused in the library's words. */
export function tableRows(table: Sources['table'], wantsNumbers: boolean): Rows {
  if (table === undefined || table.text.trim() === '') throw new Refusal({ kind: 'no table' });
  const { features, target, featureNames, classNames, task } = read(table.text, table.target, wantsNumbers);
  const [rows = 0, width = 0] = features.shape;
  if (rows > MOST_ROWS) throw new Refusal({ kind: 'too many rows', rows, most: MOST_ROWS });
  checkEnough(rows);
  const values = interleaved(features.data, target.data, rows, width);
  return checked({ task, names: featureNames, classes: classNames ?? [], count: rows, values, truth: null });
}

function read(text: string, target: string, wantsNumbers: boolean): ReturnType<typeof tableFromCSV> {
  try {
    return tableFromCSV(text, { ...FORGIVING, target, ...(wantsNumbers && { task: 'regression' }) });
  } catch (error) {
    if (!(error instanceof WhittleError)) throw error;
    throw new Refusal({ kind: 'bad table', problem: tableProblem(error.message) });
  }
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
