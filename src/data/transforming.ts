import { LimitError } from '../base/errors.ts';
import { size } from '../base/shape.ts';
import { arrayOf } from '../memory/dtype.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import {
  type ColumnSpec,
  type Findings,
  featuresOf,
  scalerOf,
  sourceOf,
  type Treatment,
  writeRows,
} from './encodings.ts';
import { Problems } from './problems.ts';
import type { Note, RawTable } from './raw.ts';
import { readTarget, type TargetSource, type TargetSpec } from './targets.ts';
import { columnNamed, listed, shown } from './words.ts';

/** A table as numbers. */
export interface Encoded {
  /** [rows, columns], float32; float64 where float32 could not tell the values of a column apart. */
  readonly features: Tensor;
  /** Classification: int32 [rows], indices into `classNames`. Regression: float32 or float64 [rows, 1]. */
  readonly target: Tensor | undefined;
  /** The rows of the table, from 0, that these are: all, or those with a target. */
  readonly rows: Int32Array;
  /** What was filled, skipped or ignored: `filled`, `skipped`, `unknown`, `odd`, `extra`. */
  readonly notes: readonly Note[];
}

/** All that `transform` needs: plain data, which is what JSON holds. */
export interface Fitted extends Treatment {
  readonly unlabelled: 'error' | 'skip';
  readonly dtype: 'float32' | 'float64';
  readonly columns: readonly ColumnSpec[];
  readonly target: TargetSpec | null;
  /** Names of columns that were there and are not used. */
  readonly ignored: readonly string[];
}

export function transformTable(
  table: RawTable,
  fitted: Fitted,
  withTarget: boolean | undefined,
  maxCells: number,
): Encoded {
  const op = 'TableEncoder.transform';
  const { columns, target, ignored } = fitted;
  const findings: Findings = { problems: new Problems(), notes: [] };
  const { problems, notes } = findings;
  const index = new Map(table.names.map((name, i) => [name, i]));
  const wanted = withTarget === false || target === null ? [] : [target.name];
  for (const name of [...columns.map((spec) => spec.name), ...(withTarget === true ? wanted : [])])
    if (!index.has(name)) problems.add(columnNamed(name), `is not in the table, which has ${listed(table.names)}`);
  if (withTarget === true && target === null) problems.add('target', 'the encoder was fitted without one');
  problems.check();
  const used = new Set([...columns.map((spec) => spec.name), ...ignored, target?.name]);
  for (const name of table.names)
    if (!used.has(name))
      notes.push({ kind: 'extra', column: name, text: `${shown(name)}: not used, the encoder was fitted without it` });

  const at = index.get(wanted[0] ?? '') ?? -1;
  table.prepareTexts(columns.filter(({ kind }) => kind !== 'number').map(({ name }) => index.get(name)!));
  const labels = target === null || at < 0 ? undefined : readTarget(target, table, at, fitted, findings);
  const rows = labels?.rows ?? Int32Array.from({ length: table.rows }, (_, row) => row);
  const sources = columns.map((spec) => {
    const place = { table, index: index.get(spec.name)!, rows };
    return [spec, sourceOf(spec, place, fitted, findings)] as const;
  });
  problems.check();

  const width = columns.reduce((sum, spec) => sum + featuresOf(spec).length, 0);
  const count = size(op, [rows.length, width]);
  if (count > maxCells) throw new LimitError(op, 'the number of features times rows', count, maxCells);
  const y = arrayOf(fitted.dtype, count);
  writeRows(y, rows, sources, fitted.clip);
  checkFinite(y, width, table, rows, columns, problems);
  return {
    features: fromData(y, [rows.length, width]),
    target: labels && target ? tensorOfTarget(target, labels) : undefined,
    rows,
    notes,
  };
}

/** Only scaled numbers far from those of `fit` can be past the type. */
function checkFinite(
  y: Float32Array | Float64Array,
  width: number,
  table: RawTable,
  rows: Int32Array,
  columns: readonly ColumnSpec[],
  problems: Problems,
): void {
  if (columns.every(({ scaling }) => scaling === null)) return;
  const past = y.findIndex((value) => value - value !== 0);
  if (past < 0) return;
  const name = columns.flatMap((spec) => featuresOf(spec).map(() => spec.name))[past % width]!;
  const line = table.line(rows[Math.floor(past / width)]!);
  problems.add(columnNamed(name), `the number in line ${line} is past the range of float32 once it is scaled`);
  problems.check();
}

function tensorOfTarget(spec: TargetSpec, { values, rows }: TargetSource): Tensor {
  if (spec.task === 'classification') return fromData(Int32Array.from(rows, (row) => values[row]!));
  const scaled = scalerOf(spec.scaling, 0, null);
  const y = arrayOf(spec.dtype, rows.length);
  for (const [i, row] of rows.entries()) y[i] = scaled(values[row]!);
  return fromData(y, [rows.length, 1]);
}
