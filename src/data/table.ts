import { checkBytes } from '../base/errors.ts';
import { checkOptions, defined } from '../base/options.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { READ_OPTIONS } from './dialect.ts';
import { TableEncoder } from './encoder.ts';
import { ENCODER_OPTIONS, type EncoderOptions } from './encoder-options.ts';
import { gunzip, isGzip } from './gzip.ts';
import type { Note, ReadOptions } from './raw.ts';
import { readCSV } from './read.ts';
import type { Task } from './targets.ts';

/** How the file is written (`readCSV`), and how its columns become numbers (`TableEncoder`). */
export interface TableOptions extends ReadOptions, EncoderOptions {
  target: string | number;
}

/** A data set ready for training. */
export interface Table {
  /** Of shape [rows, columns], in float32, or in float64 where float32 could not tell the values of a column apart. */
  readonly features: Tensor;
  /** Classification: int32 [rows], indices into `classNames`. Regression: [rows, 1], of a type as the features. */
  readonly target: Tensor;
  /** One name per column of `features`; a column of texts became one column of 0 and 1 per text, `column=text`. */
  readonly featureNames: readonly string[];
  readonly classNames: readonly string[] | undefined;
  readonly task: Task;
  /** Why the target was taken for what it was, as a sentence. */
  readonly taskReason: string;
  /** Makes the same features of other tables: `encoder.transform(readCSV(csv))`. */
  readonly encoder: TableEncoder;
  /** What was found in the file, and done to it. */
  readonly notes: readonly Note[];
}

/**
 * A table of numbers from CSV with a header: `readCSV`, then `fitTransform` of a `TableEncoder`, whose options these
 * are. Where nothing else is asked for, a column in which every cell is a plain decimal number is a feature, dates are
 * days, and any other column becomes one 0/1 column per distinct text, in sorted order. A constant column is kept.
 *
 * Throws FormatError for what `readCSV` refuses, and for missing cells, numbers past float32, too many distinct texts,
 * and fewer than 2 classes, by column and line of the file. Throws LimitError past `maxCells` cells or features.
 *
 * @example
 * const { features, target, classNames } = tableFromCSV('size,kind\n1,dog\n3,cat\n2,dog', { target: 'kind' });
 * features; // [[1.] [3.] [2.]]
 * target; // [1 0 1]
 * classNames; // [ 'cat', 'dog' ]
 */
export function tableFromCSV(source: string | Uint8Array, options: TableOptions): Table {
  checkOptions('tableFromCSV', options, `${READ_OPTIONS} ${ENCODER_OPTIONS}`);
  const encoder = new TableEncoder({ ...chosen(options, ENCODER_OPTIONS), target: options.target });
  const table = readCSV(source, chosen(options, READ_OPTIONS));
  const { features, target, notes } = encoder.fitTransform(table);
  const { featureNames, classNames, task, taskReason } = encoder;
  return {
    features,
    target: target!,
    featureNames,
    classNames,
    task: task!,
    taskReason: taskReason!,
    encoder,
    notes: [...table.notes, ...encoder.notes, ...notes],
  };
}

/**
 * `tableFromCSV` of a file that may be packed with gzip; `maxBytes` limits the unpacked size (default 256 MiB).
 *
 * @example
 * const { features, featureNames, classNames } = await tableFromBytes(packed, { target: 'quality' });
 * features.shape; // [ 30, 2 ]
 * featureNames; // [ 'price', 'rooms' ]
 * classNames; // [ 'bad', 'good' ]
 */
export async function tableFromBytes(bytes: Uint8Array, options: TableOptions & { maxBytes?: number }): Promise<Table> {
  checkOptions('tableFromBytes', options, `${READ_OPTIONS} ${ENCODER_OPTIONS} maxBytes`);
  checkBytes('tableFromBytes', 'the file', bytes);
  const { maxBytes, ...own } = options;
  return tableFromCSV(isGzip(bytes) ? await gunzip(bytes, defined({ maxBytes })) : bytes, own);
}

/** The options of these names that are set. */
const chosen = (options: TableOptions, names: string): object =>
  defined(Object.fromEntries(Object.entries(options).filter(([name]) => names.split(' ').includes(name))));
