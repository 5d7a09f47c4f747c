import { categoriesAt, gapsAt, pastRange, type Scaling, UNMEASURED } from './encodings.ts';
import { areSafe, oddNumbersOf, otherNumbersOf } from './kinds.ts';
import { presentIn, rowsWhere, upTo } from './numbers.ts';
import type { RawTable } from './raw.ts';
import { cellOf, type Findings, listed, shown, type Tally } from './words.ts';

export type Task = 'classification' | 'regression';

/** What is predicted, and how it is written in a table. */
export type TargetSpec =
  | {
      readonly task: 'classification';
      readonly name: string;
      readonly reason: string;
      /** One number per class where cells are compared as numbers: `1` and `1.0` are one class. */
      readonly numbers: readonly number[] | null;
      /** As they stand in the file; numbers that it spells in several ways, as JavaScript does. */
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
  const isOpen = task !== 'classification';
  const others = isOpen ? otherNumbersOf(table, index, "task: 'classification'") : undefined;
  if (others !== undefined) return refuse(others);
  const strays = isOpen ? oddNumbersOf(table, index, maxDistinctIntegers) : undefined;
  if (strays !== undefined && odd === 'error') return refuse(strays);
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
    const classes = sorted(texts, numeric);
    if (!numeric) return { task: 'classification', name, reason, numbers: null, classes };
    const numbers = classes.map(Number);
    // Too many are a problem, and need no spelling.
    const spelt = texts.length > limit ? classes : spellings(table, index, numbers);
    return { task: 'classification', name, reason, numbers, classes: spelt };
  }
}

/** Numbers as the file writes them; where it writes one in several ways, as JavaScript writes them. */
function spellings(table: RawTable, index: number, numbers: readonly number[]): string[] {
  const plain = numbers.map(String);
  const column = table.column(index).numbers;
  const own = numbers.map((x) => table.cells(column.indexOf(x))[index]!.trim());
  // Texts need a second look at the file, and the usual labels need none.
  if (own.every((text, k) => text === plain[k])) return plain;
  const texts = table.texts(index).texts.filter((text) => !table.dialect.na.includes(text));
  return texts.length === numbers.length ? own : plain;
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
  let gaps: Tally | undefined;
  if (spec.task === 'classification') {
    const { codes, texts } = categoriesAt(table, index, spec.numbers !== null);
    const known = new Map((spec.numbers?.map(String) ?? spec.classes).map((label, k) => [label, k]));
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
    const { missing, strays } = gapsAt({ table, index, rows: upTo(table.rows) }, numbers);
    gaps = missing;
    if (strays.count > 0) {
      const cells = strays.say(table, 'no number', index);
      const others = otherNumbersOf(table, index, 'take it for missing with na');
      if (others !== undefined) findings.refuse(name, others);
      else if (odd === 'error' || rows.length === 0) findings.refuse(name, cells);
      else findings.note('odd', name, `${cells}; such rows are left out`);
    }
    const past = pastRange({ table, index, rows }, numbers, spec.scaling, null);
    if (past !== undefined) findings.refuse(name, past);
  }
  let first = 0;
  while (rows[first] === first) first++;
  const { count: skipped, first: at } = gaps ?? { count: table.rows - rows.length, first };
  if (skipped === 0) return { values, rows };
  const text = `${skipped} of ${table.rows} rows have no value in the target, the first in line ${table.line(at)}`;
  if (rows.length === 0) findings.refuse(name, 'no row has a value in the target');
  else if (unlabelled === 'error') findings.refuse(name, `${text}. Leave them out with unlabelled: 'skip'?`);
  else findings.note('skipped', name, `${text}; left out`);
  return { values, rows };
}
