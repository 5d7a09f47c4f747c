import { fromData } from '../tensor/tensor.ts';
import type { Settings } from './encoder-options.ts';
import {
  type ColumnSpec,
  categoriesAt,
  featureAt,
  featuresOf,
  MISSING_CATEGORY,
  numbersAt,
  OTHER_CATEGORY,
  type Place,
  type Scaling,
  type Source,
  UNMEASURED,
} from './encodings.ts';
import { type ColumnType, kindOf, uselessBecause } from './kinds.ts';
import type { Problems } from './problems.ts';
import type { Note } from './raw.ts';
import { MinMaxScaler, StandardScaler } from './scale.ts';
import { sorted, type TargetSource, type TargetSpec } from './targets.ts';
import { cellOf, columnNamed, shown } from './words.ts';

interface Found {
  readonly problems: Problems;
  readonly notes: Note[];
}

/** What a column becomes, without its scaling; undefined when it is left out, or a problem. `sample`: rows to fit. */
export function fitColumn(
  place: Place,
  sample: Int32Array,
  settings: Settings,
  type: ColumnType | undefined,
  isKept: boolean,
  { problems, notes }: Found,
): ColumnSpec | undefined {
  const { table, index, rows } = place;
  const name = table.names[index]!;
  const mayLeave = settings.columns === 'useful' && !isKept && type === undefined;
  const refuse = (problem: string): undefined => {
    if (mayLeave) notes.push({ kind: 'left out', column: name, text: `${shown(name)}: left out, ${problem}` });
    else problems.add(columnNamed(name), problem);
  };
  if (table.column(index).missing === table.rows) return refuse('every cell is missing');
  const { kind, problem } = kindOf(table, index, type, settings);
  if (kind === undefined) return refuse(problem);
  const useless = mayLeave ? uselessBecause(table, index, kind) : undefined;
  if (useless !== undefined) return refuse(useless);

  if (kind.kind === 'category')
    return fitCategories(place, sample, kind.numeric, settings, mayLeave, refuse, { problems, notes });
  const numbers = numbersAt(place, kind.kind === 'date' ? kind.format : undefined);
  const isThere = (row: number): boolean => !Number.isNaN(numbers[row]);
  const present = rows.filter(isThere);
  if (present.length === 0) return refuse('every cell is missing');
  const marked = settings.missing === 'category' && present.length < rows.length;
  const first = numbers[present[0]!]!;
  if (mayLeave && !marked && present.every((row) => numbers[row] === first))
    return refuse(`every row has ${cellOf(table, present[0]!, index)}`);
  if (kind.kind === 'date') {
    const text = `${shown(name)}: dates (${kind.format}), as days since 1970-01-01`;
    notes.push({ kind: 'date', column: name, text });
  }
  const own = sample.filter(isThere);
  const values = Float64Array.from(own.length > 0 ? own : present, (row) => numbers[row]!);
  const fill = settings.missing === 'error' ? null : FILLS[settings.missing](values) + 0;
  return { ...kind, name, fill, marked, scaling: settings.scale === 'none' ? null : UNMEASURED };
}

function fitCategories(
  { table, index, rows }: Place,
  sample: Int32Array,
  numeric: boolean,
  { missing, rare, maxCategories, scale }: Settings,
  mayLeave: boolean,
  refuse: (problem: string) => undefined,
  { problems, notes }: Found,
): ColumnSpec | undefined {
  const name = table.names[index]!;
  const { codes, texts } = categoriesAt(table, index, numeric);
  const counts = countsOf(codes, texts, rows);
  const found = sorted([...counts.keys()], numeric);
  const hasGaps = rows.some((row) => codes[row]! < 0);
  if (found.length === 0) return refuse('every cell is missing');
  if (mayLeave && found.length === 1 && (!hasGaps || missing === 'frequent'))
    return refuse(`every row has ${shown(found[0]!)}`);
  const categories = new Set(found);
  let other: string | null = null;
  if (found.length > maxCategories) {
    const many = `has ${found.length} different texts, more than ${maxCategories} (maxCategories)`;
    if (rare === 'error') {
      const { firstText } = table.column(index);
      const first = firstText < 0 ? '' : `, the first that is no number ${cellOf(table, firstText, index)}`;
      problems.add(columnNamed(name), `${many}${first}. Keep the most frequent with rare: 'other', or drop the column`);
      return undefined;
    }
    const frequent = byFrequency(found, counts).slice(0, maxCategories - 1);
    for (const text of found) if (!frequent.includes(text)) categories.delete(text);
    other = OTHER_CATEGORY;
    categories.add(other);
    const text = `${shown(name)}: the ${maxCategories - 1} most frequent of ${found.length} texts are kept, the others are ${other}`;
    notes.push({ kind: 'other', column: name, text });
  }
  let fill: string | null = null;
  if (missing === 'frequent') {
    const inSample = countsOf(codes, texts, sample);
    fill = byFrequency(
      found.filter((text) => categories.has(text)),
      inSample.size > 0 ? inSample : counts,
    )[0]!;
  } else if (missing !== 'error' && hasGaps) {
    fill = MISSING_CATEGORY;
    categories.add(fill);
  }
  const scaling = scale === 'none' ? null : UNMEASURED;
  return { kind: 'category', name, numeric, categories: [...categories], fill, other, scaling };
}

/** How often each text stands in the rows. */
function countsOf(codes: Int32Array, texts: readonly string[], rows: Int32Array): Map<string, number> {
  const counts = new Float64Array(texts.length);
  for (const row of rows) if (codes[row]! >= 0) counts[codes[row]!]!++;
  return new Map(texts.flatMap((text, code) => (counts[code]! > 0 ? [[text, counts[code]!]] : [])));
}

/** The most frequent first; of equals in their order, since sorting keeps it. */
const byFrequency = (texts: readonly string[], counts: ReadonlyMap<string, number>): string[] =>
  [...texts].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0));

const mean = (values: Float64Array): number => values.reduce((sum, x) => sum + x, 0) / values.length;

function median(values: Float64Array): number {
  const ordered = values.slice().sort();
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? ordered[middle]! : (ordered[middle - 1]! + ordered[middle]!) / 2;
}

/** Of values that are equally frequent the smallest. */
function mostFrequent(values: Float64Array): number {
  const counts = new Map<number, number>();
  for (const x of values) counts.set(x, (counts.get(x) ?? 0) + 1);
  let best = values[0]!;
  for (const [x, count] of counts) {
    const lead = count - counts.get(best)!;
    if (lead > 0 || (lead === 0 && x < best)) best = x;
  }
  return best;
}

const FILLS = { mean, median, frequent: mostFrequent, category: mean } as const;

/** Center and scale of the features that a column makes, over the rows of `sample`. */
export function scalingOf(
  spec: ColumnSpec,
  source: Source,
  sample: Int32Array,
  how: 'standard' | 'minmax' | 'none',
): Scaling | null {
  if (how === 'none') return null;
  const scales = featuresOf(spec).map((_, k) =>
    measured(
      Float64Array.from(sample, (row) => featureAt(spec, source, k, row)),
      how,
    ),
  );
  return { center: scales.map(({ center }) => center), scale: scales.map(({ scale }) => scale) };
}

function measured(values: Float64Array, how: 'standard' | 'minmax'): { center: number; scale: number } {
  const scaler = how === 'standard' ? new StandardScaler() : new MinMaxScaler();
  scaler.fit(fromData(values, [values.length, 1]));
  return { center: scaler.center[0]! + 0, scale: scaler.scale[0]! }; // JSON has no -0
}

/** The target with its scale over the rows of `sample`, or with the type that its numbers need. */
export function scaledTarget(spec: TargetSpec, { values, rows }: TargetSource, sample: Int32Array): TargetSpec {
  if (spec.task === 'classification') return spec;
  const numbers = values as Float64Array;
  if (spec.scaling === null) return { ...spec, dtype: needsDoubles(numbers, rows) ? 'float64' : 'float32' };
  const { center, scale } = measured(
    Float64Array.from(sample, (row) => numbers[row]!),
    'standard',
  );
  return { ...spec, scaling: { center: [center], scale: [scale] } };
}

/** Rounding to float32 may move a value by this share of its column's spread. */
const BLUR = 1 / 4096;

/** Whether float32 cannot tell the values of a column apart; a constant one has nothing to tell. */
export function needsDoubles(numbers: Float64Array, rows: Int32Array): boolean {
  let least = Infinity;
  let most = -Infinity;
  let moved = 0;
  for (const row of rows) {
    const x = numbers[row]!;
    if (x < least) least = x;
    if (x > most) most = x;
    const by = Math.abs(Math.fround(x) - x);
    if (by > moved) moved = by;
  }
  return most > least && moved > (most - least) * BLUR;
}
