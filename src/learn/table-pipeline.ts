import { describedOf } from '../base/described.ts';
import { FormatError, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { TableEncoder } from '../data/encoder.ts';
import type { RawTable } from '../data/raw.ts';
import { type Labels, takeRows } from '../data/split.ts';
import { checkTable } from '../data/table-rows.ts';
import { fromData, Tensor, type Values } from '../tensor/tensor.ts';
import type { Classifier, EstimatorJSON, Predictor } from './estimator.ts';
import { fieldsOf } from './fields.ts';
import { estimatorFromJSON } from './from-json.ts';
import { largest } from './linear-algebra.ts';
import { countOf, type Targets } from './rows.ts';
import { listOf, targetsOf as targetNumbersOf, weightsOf } from './samples.ts';

export interface TableRows {
  /** Rows of the table, from 0, that are taken. Default all that have a target. */
  readonly rows?: ArrayLike<number>;
  /** What each row of the table counts, [rows of the table]. Default 1 each. */
  readonly sampleWeight?: Values;
}

const OP = 'TablePipeline';

/**
 * From rows of a table to predictions in the table's words: an encoder, and a predictor of what it makes. Whatever predicts numbers or
 * classes will do, a `Pipeline` too; it learns the places of the classes among the encoder's `classNames`, or the target as the
 * encoder scales it.
 *
 * Cross-validation and search take one like any estimator: each fold has an encoder that knows its training rows alone.
 *
 * @example
 * const model = new TablePipeline(
 *   new TableEncoder({ target: 'quality' }),
 *   new Pipeline([new StandardScaler(), new LogisticRegression()]),
 * ).fit(readCSV(csv));
 * model.predict(readCSV(others)).slice(-2); // [ 'bad', 'bad' ]
 * crossValScore(model, table, model.targets(table));
 */
export class TablePipeline<P extends Predictor = Predictor> {
  readonly encoder: TableEncoder;
  readonly predictor: P;

  constructor(encoder: TableEncoder, predictor: P) {
    if (!(encoder instanceof TableEncoder)) throw new ValueError(OP, 'encoder', 'a TableEncoder', encoder);
    if (!['classifier', 'regressor'].includes(String(Object(predictor).kind)))
      throw new ValueError(OP, 'predictor', 'a classifier or a regressor', predictor);
    this.encoder = encoder;
    this.predictor = predictor;
  }

  get kind(): P['kind'] {
    return this.predictor.kind;
  }

  /**
   * Fits both to a table with the target: columns, categories and classes are those of all of its rows, the rest of `rows` alone.
   * Throws StateError for a target of another kind than the predictor's. One that throws leaves both as they were.
   */
  fit(table: RawTable, options?: TableRows): this;
  /** As cross-validation calls it: y is `targets` of the table. Throws ValueError for others: it learns the table's own. */
  fit(table: RawTable, y: Targets, options?: TableRows): this;
  fit(table: RawTable, given: TableRows | Targets = {}, ...more: readonly TableRows[]): this {
    const op = `${OP}.fit`;
    checkTable(op, table);
    const y = isTargets(given, table.rows) ? given : null;
    const options = y === null ? (given as TableRows) : (more[0] ?? {});
    checkOptions(op, options, 'rows sampleWeight');
    const { rows } = options;
    const learns = rows === undefined ? {} : { rows };
    const encoder = this.encoder.clone().fit(table, learns); // the own one learns when the predictor has
    checkTask(op, encoder, this.predictor);
    if (y !== null) checkTargets(op, y, targetsOf(op, encoder, table));
    const samples = samplesIn(op, encoder, table, options);
    // A tensor is labels and numbers alike
    (this.predictor as Learner).fit(samples.x, samples.y, samples.weights);
    this.encoder.fit(table, learns);
    return this;
  }

  /** The target of each row as `predict` gives it: the y of scores and cross-validation. Throws StateError where a row has none. */
  targets(table: RawTable): string[] | Tensor {
    return targetsOf(`${OP}.targets`, this.encoder.clone().fit(table), table);
  }

  /** Of each row of a table, with or without the target: its class as the table writes it, or float64 [rows] on the table's scale. */
  predict(table: RawTable): P extends Classifier ? string[] : Tensor;
  predict(table: RawTable): string[] | Tensor {
    const { features } = this.encoder.transform(table, { target: false });
    const { predictor, encoder } = this;
    if (predictor.kind === 'classifier') {
      const names = encoder.classNames!;
      return predictor.predict(features).map((code) => names[Number(code)]!);
    }
    return decoded(encoder, predictor.predict(features).data);
  }

  /** Float64 [rows, classes], of a classifier. */
  predictProba(table: RawTable): Tensor {
    const classifier = this.classifier('predictProba');
    return classifier.predictProba(this.encoder.transform(table, { target: false }).features);
  }

  /** The classes as the table writes them, in the order of the columns of `predictProba`. */
  get classes(): readonly string[] {
    const { classes } = this.classifier('classes');
    return classes.map((code) => this.encoder.classNames![Number(code)]!);
  }

  /** The share of rows whose class is predicted, or R², of the rows of a table that have a target. */
  score(table: RawTable, options: TableRows = {}): number {
    checkOptions(`${OP}.score`, options, 'rows sampleWeight');
    const { x, y, weights } = samplesIn(`${OP}.score`, this.encoder, table, options);
    return (this.predictor as Learner).score(x, y, weights);
  }

  /** One with the same options that is not fitted. */
  clone(): TablePipeline<P> {
    return new TablePipeline(this.encoder.clone(), this.predictor.clone() as P);
  }

  toString(): string {
    return describedOf(OP, this.encoder, this.predictor);
  }

  toJSON(): EstimatorJSON {
    return { type: OP, encoder: this.encoder.toJSON(), predictor: this.predictor.toJSON() };
  }

  /** Takes over what `toJSON` gave: it predicts, and cannot be fitted again. Throws FormatError for anything else. */
  static fromJSON(json: unknown): TablePipeline {
    const fields = fieldsOf(OP, json, 'encoder predictor');
    const encoder = TableEncoder.fromJSON(fields.encoder);
    const predictor = estimatorFromJSON(fields.predictor);
    if (predictor.kind === 'transformer') throw new FormatError(OP, 'predictor', 'is a transformer');
    if ((predictor.kind === 'classifier' ? 'classification' : 'regression') !== encoder.task)
      throw new FormatError(OP, 'predictor', `is a ${predictor.kind}, and the encoder's target is for none`);
    if (predictor.kind === 'classifier') {
      const codes = encoder.classNames!.map((_, code) => code);
      if (!predictor.classes.every((code) => codes.includes(code as number)))
        throw new FormatError(OP, 'predictor', 'has classes that are no places of those of the encoder');
    }
    return new TablePipeline(encoder, predictor);
  }

  private classifier(method: string): Classifier {
    const predictor: Predictor = this.predictor;
    if (predictor.kind !== 'classifier') throw new StateError(`${OP}.${method}`, 'a regressor has no classes');
    return predictor;
  }
}

/** A predictor of either kind, of a target that is labels and numbers alike. */
interface Learner {
  fit(x: Tensor, y: Tensor, options: { readonly sampleWeight?: Values }): unknown;
  score(x: Tensor, y: Tensor, options: { readonly sampleWeight?: Values }): number;
}

const decoded = (encoder: TableEncoder, numbers: ArrayLike<number>): Tensor =>
  fromData(encoder.decode(fromData(Float64Array.from(numbers), [numbers.length, 1])).numbers!);

const isTargets = (given: TableRows | Targets, rows: number): given is Targets =>
  (given instanceof Tensor || Array.isArray(given) || ArrayBuffer.isView(given)) && countOf(OP, 'y', given) === rows;

function targetsOf(op: string, encoder: TableEncoder, table: RawTable): string[] | Tensor {
  const { target, rows } = encoder.transform(table, { target: true });
  if (target === undefined || rows.length < table.rows) throw new StateError(op, 'there are rows without a target');
  const { classNames } = encoder;
  return classNames === undefined
    ? decoded(encoder, target.data)
    : Array.from(target.data, (code) => classNames[code]!);
}

/** Throws ValueError unless y is the target; numbers may differ as those of float32 on another scale do. */
function checkTargets(op: string, given: Targets, own: string[] | Tensor): void {
  const wrong = (i: number, wanted: unknown, value: unknown): never => {
    throw new ValueError(op, `y of row ${i}`, `${JSON.stringify(wanted)}, as the table has it`, value);
  };
  if (own instanceof Tensor) {
    const { data } = targetNumbersOf(op, given as Values, own.size);
    const near = 1e-5 * largest(own.data as Float64Array);
    const at = data.findIndex((value, i) => Math.abs(value - own.data[i]!) > near);
    if (at >= 0) wrong(at, own.data[at], data[at]);
  } else {
    const labels = listOf(op, given as Labels);
    const at = labels.findIndex((label, i) => label !== own[i]);
    if (at >= 0) wrong(at, own[at], labels[at]);
  }
}

function checkTask(op: string, { task, taskReason }: TableEncoder, { kind }: Predictor): void {
  if (task === undefined) throw new StateError(op, 'the encoder has no target. Name one: { target }');
  const wanted = kind === 'classifier' ? 'classification' : 'regression';
  if (task !== wanted)
    throw new StateError(op, `a ${kind} needs another target (${taskReason}). Give the encoder task: '${wanted}'?`);
}

/** Features [samples, features] and targets [samples] of the rows of a table that are wanted and have a target. */
function samplesIn(
  op: string,
  encoder: TableEncoder,
  table: RawTable,
  { rows: wanted, sampleWeight }: TableRows,
): { x: Tensor; y: Tensor; weights: { readonly sampleWeight?: Tensor } } {
  const { features, target, rows } = encoder.transform(table, { target: true });
  const weights = weightsOf(op, sampleWeight, table.rows);
  const at = new Map(Array.from(rows, (row, i) => [row, i]));
  const places = Int32Array.from(wanted ?? rows, (row) => {
    if (!Number.isInteger(row) || row < 0 || row >= table.rows)
      throw new ValueError(op, 'rows', `rows of the table, from 0 to ${table.rows - 1}`, row);
    return at.get(row) ?? -1;
  }).filter((i) => i >= 0);
  const own = weights && { sampleWeight: fromData(Float64Array.from(places, (i) => weights[rows[i]!]!)) };
  return {
    x: takeRows(features, places),
    y: takeRows(fromData(target!.data, [rows.length]), places),
    weights: own ?? {},
  };
}
