import { categoriesAt, gapsAt, pastRange, type Scaling, UNMEASURED } from './encodings.ts';
import { areSafe, oddNumbersOf, otherNumbersOf } from './kinds.ts';
import { presentIn, rowsWhere, upTo } from './numbers.ts';
import type { RawTable } from './raw.ts';
import { cellOf, type Findings, listed, shown } from './words.ts';

export type Task = 'classification' | 'regression';

/** What is predicted, and how it is written in a table. */
export type TargetSpec =
  | {
      readonly task: 'classification';
      readonly name: string;
      readonly reason: string;
      /** Whether cells are compared as numbers: `1` and `1.0` are one class. */
      readonly numeric: boolean;
      readonly classes: readonly string[];
    }
  | {
      readonly task: 'regression';
      readonly name: string;
      readonly reason: string;
      /** Null: numbers stay as they are. */
      readonly scaling: Scaling | null;
      /** float64 where float32 cannot tell the numbers apart. */
      readonly dtype: 'float32' | 'float64';
    };

export interface TargetOptions {
  readonly task?: Task;
  readonly maxCategories: number;
  readonly maxDistinctIntegers: number;
  readonly odd: 'error' | 'missing';
  readonly scaleTarget: boolean;
}

/** The target's classes (-1: missing or unknown) or numbers (NaN: missing), and the rows that have one. */
export interface TargetSource {
  /** [rows of the table] */
  readonly values: Int32Array | Float64Array;
  readonly rows: Int32Array;
}

/**
 * What the column is as a target: classes for texts and for few distinct integers, else numbers, unless the caller says
 * otherwise. Undefined when that is a problem, which is noted.
 */
export function targetOf(
  table: RawTable,
  index: number,
  options: TargetOptions,
  findings: Findings,
): TargetSpec | undefined {
  const { task, maxCategories, maxDistinctIntegers, odd, scaleTarget } = options;
  const name = table.names[index]!;
  const refuse = (problem: string): undefined => findings.refuse(name, problem);
  const column = table.column(index);
  const said = task === undefined ? undefined : `${task}: the caller said so`;
  const strays = task === 'classification' ? undefined : oddNumbersOf(table, index, maxDistinctIntegers);
  if (strays !== undefined && odd === 'error') return refuse(strays);
  const others =
    task === undefined && strays === undefined ? otherNumbersOf(table, index, "task: 'classification'") : undefined;
  if (others !== undefined) return refuse(others);
  if (column.texts > 0 && strays === undefined) {
    if (task === 'regression') return refuse(`regression needs numbers, got ${cellOf(table, column.firstText, index)}`);
    return classesOf(said ?? `classification: ${shown(name)} holds texts`, maxCategories);
  }

  const present = presentIn(column.numbers, upTo(table.rows));
  const integers = present.every(Number.isInteger) ? new Set(present).size : 0;
  const few = integers > 0 && integers <= maxDistinctIntegers;
  if (task === 'classification' || (task === undefined && few)) {
    const reason = `classification: ${shown(name)} has ${integers} distinct integers, at most ${maxDistinctIntegers}`;
    return classesOf(said ?? reason, few ? maxDistinctIntegers : maxCategories);
  }
  const why =
    integers > 0 ? `${integers} distinct integers, more than ${maxDistinctIntegers}` : 'numbers that are no integers';
  return {
    task: 'regression',
    name,
    reason: said ?? `regression: ${shown(name)} has ${why}`,
    scaling: scaleTarget ? UNMEASURED : null,
    dtype: 'float32',
  };

  // A target with a problem is read all the same, to say what else does not fit.
  function classesOf(reason: string, limit: number): TargetSpec {
    const numeric = column.texts === 0 && areSafe(table, index);
    const { texts } = categoriesAt(table, index, numeric);
    if (texts.length > limit) {
      const kind = column.texts > 0 ? `, the first that is no number ${cellOf(table, column.firstText, index)}` : '';
      refuse(`has ${texts.length} classes, more than ${limit} (maxCategories)${kind}`);
    } else if (texts.length === 1) {
      refuse(`classification needs at least 2 classes, every row has ${shown(texts[0]!)}`);
    }
    return { task: 'classification', name, reason, numeric, classes: sorted(texts, numeric) };
  }
}

/** As numbers, or by their code units: alike on every machine. */
export function sorted(texts: readonly string[], numeric: boolean): string[] {
  return [...texts].sort(numeric ? (a, b) => Number(a) - Number(b) : (a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** The column of a table as `spec` has it. Rows without a target are left out or a problem, as `unlabelled` says. */
export function readTarget(
  spec: TargetSpec,
  table: RawTable,
  index: number,
  { unlabelled, odd }: { unlabelled: 'error' | 'skip'; odd: 'error' | 'missing' },
  findings: Findings,
): TargetSource {
  const { name } = spec;
  let values: Int32Array | Float64Array;
  let rows: Int32Array;
  if (spec.task === 'classification') {
    const { codes, texts } = categoriesAt(table, index, spec.numeric);
    const known = new Map(spec.classes.map((label, k) => [label, k]));
    const own = texts.map((text) => known.get(text) ?? -1);
    const strange = codes.findIndex((code) => code >= 0 && own[code]! < 0);
    if (strange >= 0)
      findings.refuse(name, `${cellOf(table, strange, index)} is none of the classes ${listed(spec.classes)}`);
    values = codes.map((code) => own[code] ?? -1);
    rows = rowsWhere(table.rows, (row) => codes[row]! >= 0);
  } else {
    const { numbers } = table.column(index);
    values = numbers;
    rows = rowsWhere(table.rows, (row) => !Number.isNaN(numbers[row]));
    const { strays } = gapsAt({ table, index, rows: upTo(table.rows) }, numbers);
    if (strays.count > 0 && (odd === 'error' || rows.length === 0))
      findings.refuse(name, strays.say(table, 'no number', index));
    const past = pastRange({ table, index, rows }, numbers, spec.scaling, null);
    if (past !== undefined) findings.refuse(name, past);
  }
  const skipped = table.rows - rows.length;
  if (skipped === 0) return { values, rows };
  let first = 0;
  while (rows[first] === first) first++;
  const text = `${skipped} of ${table.rows} rows have no value in the target, the first in line ${table.line(first)}`;
  if (rows.length === 0) findings.refuse(name, 'no row has a value in the target');
  else if (unlabelled === 'error') findings.refuse(name, `${text}. Leave them out with unlabelled: 'skip'?`);
  else findings.note('skipped', name, `${text}; left out`);
  return { values, rows };
}
