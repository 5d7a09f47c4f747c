import { described } from '../base/described.ts';
import { checkFlag, StateError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import type { Values } from '../tensor/tensor.ts';
import { type Decoded, decodeOutputs } from './decode.ts';
import { MAX_CELLS } from './dialect.ts';
import { readEncoder } from './encoder-json.ts';
import { type EncoderOptions, type Settings, settingsOf } from './encoder-options.ts';
import { type ColumnSpec, featuresOf } from './encodings.ts';
import { fitTable } from './fitting.ts';
import type { Note, RawTable } from './raw.ts';
import { checkTable } from './table-rows.ts';
import type { Task } from './targets.ts';
import { type Encoded, type Fitted, transformTable } from './transforming.ts';

export interface TableEncoderJSON extends Fitted {
  readonly format: 'whittle-table-encoder';
  readonly version: 1;
}

/**
 * Makes tensors of tables, of a second one just as of the first: what is learnt from a table (what its columns are, its
 * categories, what fills gaps, how numbers are scaled) is carried to others, and by JSON to other programs.
 *
 * Everything is computed in float64, and rounded once to float32. What does not fit is refused in one FormatError with
 * all columns and the lines of the file; a failed `fit` leaves the encoder as it was.
 *
 * @example
 * const encoder = new TableEncoder({ target: 'price', missing: 'median', scale: 'standard' });
 * const { features, target } = encoder.fitTransform(readCSV(csv));
 * const tomorrow = TableEncoder.fromJSON(JSON.parse(JSON.stringify(encoder))).transform(readCSV(other));
 */
export class TableEncoder {
  #settings: Settings | undefined;
  #fitted: Fitted | undefined;
  #notes: readonly Note[] = [];

  constructor(options: EncoderOptions = {}) {
    this.#settings = settingsOf(options);
  }

  /**
   * Learns from a table: columns and categories from all of its rows (that have a target), fills and scales from `rows`
   * alone (of the table, from 0; default all), such as those of a training set.
   */
  fit(table: RawTable, options: { rows?: ArrayLike<number> } = {}): this {
    checkTable('TableEncoder.fit', table);
    checkOptions('TableEncoder.fit', options, 'rows');
    const settings = this.#settings;
    if (settings === undefined) throw new StateError('TableEncoder.fit', 'this encoder came from JSON. Make a new one');
    const { fitted, notes } = fitTable(table, settings, options.rows);
    this.#fitted = fitted;
    this.#notes = notes;
    return this;
  }

  /**
   * Columns are found by name, in whatever order; others are ignored, with a note. `target`: whether the table's target
   * is read; default: if the column is there. With the target, rows without one are left out or refused (`unlabelled`).
   */
  transform(table: RawTable, options: { target?: boolean } = {}): Encoded {
    const op = 'TableEncoder.transform';
    checkTable(op, table);
    checkOptions(op, options, 'target');
    if (options.target !== undefined) checkFlag(op, 'target', options.target);
    const fitted = this.fitted('transform');
    return transformTable(table, fitted, options.target, this.#settings?.maxCells ?? MAX_CELLS);
  }

  /** `transform` of the table that the encoder is fitted to. */
  fitTransform(table: RawTable, options: { rows?: ArrayLike<number> } = {}): Encoded {
    return this.fit(table, options).transform(table);
  }

  /** What outputs of a network mean: see `Decoded`. */
  decode(outputs: Values): Decoded {
    return decodeOutputs(outputs, this.fitted('decode').target);
  }

  /** With the options that are not defaults; of one that came from JSON none are known. */
  toString(): string {
    return described('TableEncoder', this.#settings ?? {}, settingsOf({}));
  }

  /** One with the same options that is not fitted. Throws StateError for one that came from JSON, which has none. */
  clone(): TableEncoder {
    if (this.#settings === undefined)
      throw new StateError('TableEncoder.clone', 'this encoder came from JSON. Make a new one');
    return new TableEncoder(this.#settings);
  }

  toJSON(): TableEncoderJSON {
    return { format: 'whittle-table-encoder', version: 1, ...this.fitted('toJSON') };
  }

  /** Takes over what `toJSON` gave. Throws FormatError, with the field, for anything else. */
  static fromJSON(json: unknown): TableEncoder {
    const encoder = new TableEncoder();
    encoder.#settings = undefined;
    encoder.#fitted = readEncoder(json);
    return encoder;
  }

  /** One name per column of features: `column` of numbers, `column=text` of texts. */
  get featureNames(): readonly string[] {
    return this.columns.flatMap(featuresOf);
  }

  /** The columns of the table that are used, in their order, and how. */
  get columns(): readonly ColumnSpec[] {
    return this.fitted('columns').columns;
  }

  /** Undefined for a regression, and without a target. */
  get classNames(): readonly string[] | undefined {
    const { target } = this.fitted('classNames');
    return target?.task === 'classification' ? target.classes : undefined;
  }

  /** Undefined without a target. */
  get task(): Task | undefined {
    return this.fitted('task').target?.task;
  }

  /** Why the target was taken for what it was, as a sentence. */
  get taskReason(): string | undefined {
    return this.fitted('taskReason').target?.reason;
  }

  /** Name of the column to predict. */
  get targetName(): string | undefined {
    return this.fitted('targetName').target?.name;
  }

  /** What `fit` found and did: `left out`, `other`, `date`. Empty for an encoder from JSON. */
  get notes(): readonly Note[] {
    return this.#notes;
  }

  private fitted(op: string): Fitted {
    if (this.#fitted === undefined)
      throw new StateError(`TableEncoder.${op}`, 'the encoder is not fitted. Call fit() first');
    return this.#fitted;
  }
}
