import { Random } from 'whittle-ml';
import { splitIndices } from 'whittle-ml/data';
import type { DataSettings } from '../state/settings.ts';
import type { Command } from './messages.ts';
import { Refusal } from './refusal.ts';
import { type Rows, rowsOf } from './sets.ts';

/** What comes with the settings of data: points, a table, and where the digits are. */
export interface Sources extends Pick<Extract<Command, { kind: 'start' }>, 'points' | 'table'> {
  /** Whether the loss is one of numbers: points and tables that could be of either kind are read by it. */
  readonly wantsNumbers: boolean;
  /** digits.csv.gz. */
  readonly digits: () => Promise<Uint8Array<ArrayBuffer>>;
}

/** Row numbers of the three parts. */
export interface Parts {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

const LEAST_SAMPLES = 10;
/** The samples that the settings ask for. Throws Refusal or the library's own errors, which say what is wrong in a sentence. */
export async function samplesOf(settings: DataSettings, sources: Sources): Promise<Rows> {
  const { name, samples, noise, seed } = settings;
  if (name === 'drawn') return drawnRows(sources.points ?? [], sources.wantsNumbers);
  if (name === 'table' || name === 'digits') {
    // Readers of tables are as large as half of the rest: they are loaded with the first table.
    const { digitRows, tableRows } = await import('./tables.ts');
    return name === 'table'
      ? tableRows(sources.table, sources.wantsNumbers)
      : digitRows(await sources.digits(), samples, seed);
  }
  return rowsOf(name, samples, noise, seed);
}

const MOST_DRAWN_CLASSES = 10;

/** Points of whole labels from 0 to 9 are of classes, unless numbers are wanted; others have numbers. */
function drawnRows(points: readonly (readonly [number, number, number])[], wantsNumbers: boolean): Rows {
  checkEnough(points.length);
  const stray = points.flat().find((value) => !Number.isFinite(value));
  if (stray !== undefined)
    throw new Refusal({ kind: 'bad setting', name: 'A coordinate', value: stray, wanted: 'a finite number' });
  const labels = [...new Set(points.map(([, , label]) => label))].sort((a, b) => a - b);
  const isClass = (label: number): boolean => Number.isInteger(label) && label >= 0 && label < MOST_DRAWN_CLASSES;
  const areClasses = !wantsNumbers && labels.every(isClass);
  const values = points.flatMap(([x1, x2, label]) => [x1, x2, areClasses ? labels.indexOf(label) : label]);
  const classes = areClasses ? labels.map(String) : [];
  const task = areClasses ? 'classification' : 'regression';
  return checked({
    task,
    names: ['x1', 'x2'],
    classes,
    count: points.length,
    values: Float32Array.from(values),
    truth: null,
  });
}

/** Rows of a matrix of so many columns. */
export function pick(values: Float32Array, width: number, rows: ArrayLike<number>): Float32Array {
  const picked = new Float32Array(rows.length * width);
  for (let i = 0; i < rows.length; i++)
    picked.set(values.subarray(rows[i]! * width, (rows[i]! + 1) * width), i * width);
  return picked;
}

export function checkEnough(points: number): void {
  if (points < LEAST_SAMPLES) throw new Refusal({ kind: 'too few points', points, least: LEAST_SAMPLES });
}

/** Each class needs a sample in each of the three parts; numbers must differ. */
export function checked(rows: Rows): Rows {
  const { classes, count, values, names } = rows;
  if (classes.length === 1) throw new Refusal({ kind: 'one class', name: classes[0]! });
  const width = names.length + 1;
  const number = values[width - 1]!;
  if (classes.length === 0 && values.every((value, i) => (i + 1) % width !== 0 || value === number))
    throw new Refusal({ kind: 'one number', number: Number(number.toPrecision(6)) });
  const members = classes.map(() => 0);
  for (let i = 0; i < count && classes.length > 0; i++) members[values[i * width + width - 1]!]!++;
  const rare = members.findIndex((n) => n < 3);
  if (rare >= 0)
    throw new Refusal({ kind: 'too few of a class', name: classes[rare]!, samples: members[rare]!, least: 3 });
  return rows;
}

/** Splits by the seed; each part has the same shares of classes, and at least one sample of each, or of numbers two. */
export function partsOf(rows: Rows, { validation, test, seed }: DataSettings): Parts {
  const { count, names, values, classes } = rows;
  const labels = Int32Array.from({ length: count }, (_, i) => values[(i + 1) * (names.length + 1) - 1]!);
  const least = Math.max(2, classes.length);
  const size = (share: number): number => Math.max(least, Math.round(share * count));
  const split = (among: Int32Array, testSize: number): [Int32Array, Int32Array] => {
    const stratify = classes.length > 0 ? Int32Array.from(among, (i) => labels[i]!) : undefined;
    const two = splitIndices(among.length, { testSize, seed, ...(stratify && { stratify }) });
    return [Int32Array.from(two.train, (i) => among[i]!), Int32Array.from(two.test, (i) => among[i]!)];
  };
  const all = Int32Array.from({ length: count }, (_, i) => i);
  const [rest, last] = split(all, size(test));
  const [train, middle] = split(rest, size(validation));
  return { train, validation: middle, test: last };
}

/** The order of samples in an epoch. */
export function orderOf(count: number, seed: number, epoch: number): Int32Array {
  const random = new Random(seed, 'shuffle');
  random.step = epoch;
  return random.permutation(count).data as Int32Array;
}
