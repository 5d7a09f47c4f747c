import { FormatError, ValueError } from '../base/errors.ts';
import { didYouMean } from '../base/options.ts';
import { fitColumn, scaledTarget, scalingOf } from './columns.ts';
import { OP, type Settings } from './encoder-options.ts';
import { type ColumnSpec, featuresOf, type Source, sourceOf, type Treatment } from './encodings.ts';
import { rangeOf, upTo } from './numbers.ts';
import type { Note, RawTable } from './raw.ts';
import { readTarget, targetOf } from './targets.ts';
import type { Fitted } from './transforming.ts';
import { Findings, listed, shown } from './words.ts';

/** The place of a column that an option names, or counts from 1. */
function placeOf(field: string, names: readonly string[], column: string | number): number {
  const index = typeof column === 'number' ? column - 1 : names.indexOf(column);
  if (names[index] !== undefined) return index;
  throw new ValueError(OP, field, `one of ${listed(names)}`, column, didYouMean(column, names));
}

/** Everything that `transform` needs, learnt from a table; `given` are the rows for fills and scales. */
export function fitTable(
  table: RawTable,
  settings: Settings,
  given: ArrayLike<number> | undefined,
): { fitted: Fitted; notes: readonly Note[] } {
  const { names } = table;
  const at = settings.target === undefined ? -1 : placeOf('target', names, settings.target);
  const [drop, keep] = (['drop', 'keep'] as const).map((field) => settings[field].map((c) => placeOf(field, names, c)));
  const types = new Map(Object.entries(settings.types).map(([name, type]) => [placeOf('types', names, name), type]));
  for (const [field, columns] of Object.entries({ drop: drop!, types: [...types.keys()] }))
    if (columns.includes(at)) throw new ValueError(OP, field, 'of columns besides the target', names[at]);
  if (table.rows === 0) throw new FormatError('csv', 'file', 'has a header but no rows');

  const found = new Findings();
  // What is done to cells of a table is said by transform, also when it is the table of fit.
  const findings = new Findings(found.problems);
  table.prepareTexts(names.flatMap((_, i) => (table.column(i).texts > 0 && !drop!.includes(i) ? [i] : [])));
  const target = at < 0 ? undefined : targetOf(table, at, settings, findings);
  const labels = target && readTarget(target, table, at, settings, findings);
  const rows = labels?.rows ?? upTo(table.rows);
  if (rows.length === 0) found.problems.check();
  const sample = sampleOf(table, rows, given);

  const fitted: { spec: ColumnSpec; source: Source }[] = [];
  const ignored: string[] = [];
  const { missing, unknown, odd, clip = null } = settings;
  const treatment: Treatment = { missing, unknown, odd, clip };
  for (const [index, name] of names.entries()) {
    if (index === at) continue;
    const place = { table, index, rows };
    const isKept = keep!.includes(index);
    const spec = drop!.includes(index)
      ? undefined
      : fitColumn(place, sample, settings, types.get(index), isKept, found);
    if (spec === undefined) ignored.push(name);
    else fitted.push({ spec, source: sourceOf(spec, place, treatment, findings) });
  }
  found.problems.check();
  if (fitted.length === 0) {
    const left = found.notes.flatMap(({ kind, text }) => (kind === 'left out' ? [text] : [])).slice(0, 3);
    const why = left.length === 0 ? '' : `: ${left.join('; ')}`;
    throw new FormatError('csv', 'header', `has no column ${at < 0 ? 'to read' : 'but the target'} that is used${why}`);
  }
  const features = fitted.flatMap(({ spec }) => featuresOf(spec));
  const seen = new Set<string>();
  const twice = features.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined)
    throw new FormatError('csv', 'header', `two features would be called ${shown(twice)}. Drop or rename a column`);

  const columns = fitted.map(({ spec, source }) => ({
    ...spec,
    scaling: scalingOf(spec, source, sample, settings.scale),
  }));
  const isFine = fitted.some(
    ({ spec, source }) => spec.scaling === null && source.numbers && rangeOf(source.numbers, rows).isFine,
  );
  return {
    fitted: {
      ...treatment,
      unlabelled: settings.unlabelled,
      dtype: isFine ? 'float64' : 'float32',
      columns,
      target: target && labels ? scaledTarget(target, labels, sample) : null,
      ignored,
    },
    notes: found.notes,
  };
}

/** The rows that fills and scales are learnt from: the given ones that have a target. */
function sampleOf(table: RawTable, rows: Int32Array, given: ArrayLike<number> | undefined): Int32Array {
  if (given === undefined) return rows;
  const isGiven = new Uint8Array(table.rows);
  for (let i = 0; i < given.length; i++) {
    const row = given[i]!;
    if (!Number.isInteger(row) || row < 0 || row >= table.rows)
      throw new ValueError('TableEncoder.fit', `rows[${i}]`, `a row of the table, 0 to ${table.rows - 1}`, row);
    isGiven[row] = 1;
  }
  const sample = rows.filter((row) => isGiven[row] === 1);
  if (sample.length === 0) throw new ValueError('TableEncoder.fit', 'rows', 'of at least one row with a target', given);
  return sample;
}
