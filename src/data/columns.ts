import { fromData } from '../tensor/tensor.ts';
import type { Settings } from './encoder-options.ts';
import {
  type ColumnSpec,
  categoriesAt,
  featuresOf,
  gapsAt,
  MISSING_CATEGORY,
  misfitOf,
  numbersAt,
  OTHER_CATEGORY,
  type Place,
  type Scaling,
  type Source,
  UNMEASURED,
  writeRows,
} from './encodings.ts';
import { type ColumnType, kindOf, uselessBecause } from './kinds.ts';
import { presentIn, rangeOf } from './numbers.ts';
import { MinMaxScaler, StandardScaler } from './scale.ts';
import { sorted, type TargetSource, type TargetSpec } from './targets.ts';
import { cellOf, type Findings } from './words.ts';

/** What a column becomes, without its scaling; undefined when it is left out, or a problem. `sample`: rows to fit. */
export function fitColumn(
  place: Place,
  sample: Int32Array,
  settings: Settings,
  type: ColumnType | undefined,
  isKept: boolean,
  findings: Findings,
): ColumnSpec | undefined {
  const { table, index, rows } = place;
  const name = table.names[index]!;
  const mayLeave = settings.columns === 'useful' && !isKept && type === undefined;
  const refuse = (problem: string): undefined => {
    if (mayLeave) findings.note('left out', name, `left out (${problem})`);
    else findings.refuse(name, problem);
  };
  if (table.column(index).missing === table.rows) return refuse('every cell is missing');
  const { kind, problem } = kindOf(table, index, type, settings);
  // What nobody can tell is no more left out than filled where odd cells are to be refused.
  if (kind === undefined) return settings.odd === 'error' ? findings.refuse(name, problem) : refuse(problem);
  const useless = mayLeave ? uselessBecause(table, index, kind) : undefined;
  if (useless !== undefined) return refuse(useless);

  if (kind.kind === 'category') return fitCategories(place, sample, kind.numeric, settings, mayLeave, refuse, findings);
  const numbers = numbersAt(place, kind.kind === 'date' ? kind.format : undefined);
  const { count, least, most } = rangeOf(numbers, rows);
  if (count === 0) return refuse(gapsAt(place, numbers).strays.say(table, misfitOf(kind), index));
  const marked = settings.missing === 'category' && count < rows.length;
  if (mayLeave && !marked && least === most) return refuse('every row has the same value');
  if (kind.kind === 'date') findings.note('date', name, `dates (${kind.format}), as days since 1970-01-01`);
  const fill = settings.missing === 'error' ? null : fillOf(numbers, rows, sample, FILLS[settings.missing]);
  return { ...kind, name, fill, marked, scaling: settings.scale === 'none' ? null : UNMEASURED };
}

function fitCategories(
  { table, index, rows }: Place,
  sample: Int32Array,
  numeric: boolean,
  { missing, rare, maxCategories, scale }: Settings,
  mayLeave: boolean,
  refuse: (problem: string) => undefined,
  findings: Findings,
): ColumnSpec | undefined {
  const name = table.names[index]!;
  const { codes, texts } = categoriesAt(table, index, numeric);
  const counts = countsOf(codes, texts, rows);
  const found = sorted([...counts.keys()], numeric);
  const hasGaps = rows.some((row) => codes[row]! < 0);
  if (found.length === 0) return refuse('every cell is missing');
  if (mayLeave && found.length === 1 && (!hasGaps || missing === 'frequent'))
    return refuse('every row has the same value');
  const categories = new Set(found);
  let other: string | null = null;
  if (found.length > maxCategories) {
    const many = `has ${found.length} different texts, more than ${maxCategories} (maxCategories)`;
    if (rare === 'error') {
      const { firstText } = table.column(index);
      const first = firstText < 0 ? '' : `, the first that is no number ${cellOf(table, firstText, index)}`;
      return findings.refuse(name, `${many}${first}. Keep the most frequent with rare: 'other', or drop the column`);
    }
    for (const text of byFrequency(found, counts).slice(maxCategories - 1)) categories.delete(text);
    other = OTHER_CATEGORY;
    categories.add(other);
    findings.note(
      'other',
      name,
      `${maxCategories - 1} of ${found.length} texts are kept, the most frequent; others are ${other}`,
    );
  }
  let fill: string | null = null;
  if (missing === 'frequent') {
    const inSample = countsOf(codes, texts, sample);
    const kept = found.filter((text) => categories.has(text));
    fill = byFrequency(kept, inSample.size > 0 ? inSample : counts)[0] ?? other;
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

/** A number for gaps; where the sample has gaps alone, of all rows. */
function fillOf(
  numbers: Float64Array,
  rows: Int32Array,
  sample: Int32Array,
  how: (values: Float64Array) => number,
): number {
  const own = presentIn(numbers, sample);
  return how(own.length > 0 ? own : presentIn(numbers, rows)) + 0; // JSON has no -0
}

/** Center and scale of the features that a column makes, over the rows of `sample`. */
export function scalingOf(
  spec: ColumnSpec,
  source: Source,
  sample: Int32Array,
  how: Settings['scale'],
): Scaling | null {
  if (how === 'none') return null;
  const width = featuresOf(spec).length;
  const values = new Float64Array(sample.length * width);
  writeRows(values, sample, [[{ ...spec, scaling: null }, source]], null);
  return measured(values, width, how);
}

function measured(values: Float64Array, width: number, how: 'standard' | 'minmax'): Scaling {
  const scaler = how === 'standard' ? new StandardScaler() : new MinMaxScaler();
  const { center, scale } = scaler.fit(fromData(values, [values.length / width, width]));
  return { center: center.map((x) => x + 0), scale }; // JSON has no -0
}

/** The target with its scale over the rows of `sample`, or with the type that its numbers need. */
export function scaledTarget(spec: TargetSpec, { values, rows }: TargetSource, sample: Int32Array): TargetSpec {
  if (spec.task === 'classification') return spec;
  const numbers = values as Float64Array;
  if (spec.scaling === null) return { ...spec, dtype: rangeOf(numbers, rows).isFine ? 'float64' : 'float32' };
  return { ...spec, scaling: measured(presentIn(numbers, sample), 1, 'standard') };
}
