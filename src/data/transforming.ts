import { LimitError } from '../base/errors.ts';
import { size } from '../base/shape.ts';
import { arrayOf } from '../memory/dtype.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import { type ColumnSpec, featuresOf, scalerOf, sourceOf, type Treatment, writeRows } from './encodings.ts';
import { upTo } from './numbers.ts';
import type { Note, RawTable } from './raw.ts';
import { readTarget, type TargetSource, type TargetSpec } from './targets.ts';
import { Findings, listed } from './words.ts';

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
  const findings = new Findings();
  const { problems, notes } = findings;
  const index = new Map(table.names.map((name, i) => [name, i]));
  if (withTarget === true && target === null) problems.add('target', 'the encoder was fitted without one');
  const wanted = withTarget === true && target !== null ? [target] : [];
  for (const { name } of [...columns, ...wanted])
    if (!index.has(name)) findings.refuse(name, `is not in the table, which has ${listed(table.names)}`);
  const present = columns.filter(({ name }) => index.has(name)); // those that are not there are told with what else is wrong
  const used = new Set([...columns.map((spec) => spec.name), ...ignored, target?.name]);
  for (const name of table.names)
    if (!used.has(name)) findings.note('extra', name, 'not used, the encoder was fitted without it');

  const at = target === null || withTarget === false ? undefined : index.get(target.name);
  table.prepareTexts(present.filter(({ kind }) => kind !== 'number').map(({ name }) => index.get(name)!));
  const labels = target === null || at === undefined ? undefined : readTarget(target, table, at, fitted, findings);
  const rows = labels?.rows ?? upTo(table.rows);
  const sources = present.map((spec) => {
    const place = { table, index: index.get(spec.name)!, rows };
    return [spec, sourceOf(spec, place, fitted, findings)] as const;
  });
  problems.check();

  const width = columns.reduce((sum, spec) => sum + featuresOf(spec).length, 0);
  const count = size(op, [rows.length, width]);
  if (count > maxCells) throw new LimitError(op, 'the number of features times rows', count, maxCells);
  const y = arrayOf(fitted.dtype, count);
  writeRows(y, rows, sources, fitted.clip);
  return {
    features: fromData(y, [rows.length, width]),
    target: labels && target ? tensorOfTarget(target, labels) : undefined,
    rows,
    notes,
  };
}

function tensorOfTarget(spec: TargetSpec, { values, rows }: TargetSource): Tensor {
  if (spec.task === 'classification') return fromData(Int32Array.from(rows, (row) => values[row]!));
  const scaled = scalerOf(spec.scaling, 0, null);
  const y = arrayOf(spec.dtype, rows.length);
  for (let i = 0; i < rows.length; i++) y[i] = scaled(values[rows[i]!]!);
  return fromData(y, [rows.length, 1]);
}
