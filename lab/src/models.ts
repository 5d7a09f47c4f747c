import {
  decodeNetwork,
  encodeNetwork,
  type FileCoding,
  type Network,
  reshape,
  type Tensor,
  WhittleError,
} from 'whittle-ml';
import { type RawTable, TableEncoder } from 'whittle-ml/data';
import type { ReadFlags } from './options-reading.ts';
import type { FormName } from './types-forms.ts';
import { FileError } from './write.ts';

/** A network of a run, with what turns rows of a table into its inputs and its outputs into answers. */
export interface Chosen {
  /** The smallest is no form. */
  readonly name: FormName | 'smallest';
  readonly network: Network;
  readonly encoder: TableEncoder;
}

/** Forms that are written to files: those that somebody may want to use. */
export const SHIPPED: readonly FormName[] = [
  'teacher',
  'pruned',
  'sparse panels',
  'neurons pruned',
  'int8',
  'student (distilled)',
  'combined',
];

/** Where the file of a form is written, below the folder of the report: `models/student-distilled.safetensors`. */
export const modelPath = (form: Chosen['name']): string =>
  `models/${form.replace(/[^a-z0-9]+/g, '-').replace(/-$/, '')}.safetensors`;

/** Where the smallest is written. */
export const SMALLEST = 'models/smallest.safetensors';

/** What a network needs to know of the table that it was trained on, to read others alike. */
export interface Trained {
  /** All columns in order, those that were left out and the target too. */
  readonly names: readonly string[];
  readonly header: boolean;
  readonly na: readonly string[];
  readonly decimal: string;
  readonly thousands: string;
  /** Undefined where nobody typed it, and so is `quote`: each table may have its own. */
  readonly delimiter?: string | undefined;
  readonly quote?: string | undefined;
  /** Columns of features that had no missing cell. */
  readonly complete: readonly string[];
  /** Of each column of features the lowest and the highest number; null where it holds none. Undefined where a file does not say. */
  readonly ranges?: readonly (Range | null)[] | undefined;
}

export type Range = readonly [low: number, high: number];

/**
 * A network in one file: its metadata hold the encoder as JSON under `encoder`, for `TableEncoder.fromJSON`, and how its
 * table was written under `table`.
 */
export function modelFile(
  { network, encoder }: Pick<Chosen, 'network' | 'encoder'>,
  table: RawTable,
  typed: ReadFlags,
  coding: FileCoding = 'none',
): Uint8Array {
  const { names } = table;
  const { header, na, decimal, thousands } = table.dialect;
  const used = encoder.columns.map(({ name }) => name);
  const complete = used.filter((name) => table.column(names.indexOf(name)).missing === 0);
  const { delimiter, quote } = typed;
  const ranges = encoder.columns.map(({ kind, name }) =>
    kind === 'number' ? rangeOf(table.column(names.indexOf(name)).numbers) : null,
  );
  const trained: Trained = { names, header, na, decimal, thousands, delimiter, quote, complete, ranges };
  const metadata = { encoder: JSON.stringify(encoder), table: JSON.stringify(trained) };
  return encodeNetwork(network, { metadata, coding });
}

function rangeOf(numbers: Float64Array): Range | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const x of numbers) {
    if (x < low) low = x;
    if (x > high) high = x;
  }
  return low <= high ? [low, high] : null;
}

export interface Model {
  readonly network: Network;
  readonly encoder: TableEncoder;
  /** Undefined where a file does not say: one that was not written by this command. */
  readonly trained: Trained | undefined;
}

/** What takes the place of a file that is no network. */
export const NETWORKS = 'Give a network that a run has left in models/ or points/, a .safetensors file';

/** Whether a file begins as one of safetensors: with the length of its header, an object. */
const isSafetensors = (bytes: Uint8Array): boolean =>
  bytes[8] === '{'.charCodeAt(0) && [4, 5, 6, 7].every((at) => bytes[at] === 0);

/** Reads what `modelFile` wrote; `remedy` is told of a file that is no network. Throws FileError for anything else. */
export function readModel(bytes: Uint8Array, path: string, remedy = NETWORKS): Model {
  const refuse = (problem: string): never => {
    throw new FileError(`${path}: ${problem}`);
  };
  try {
    const { network, metadata } = decodeNetwork(bytes);
    const encoder = metadata.get('encoder');
    if (encoder === undefined) {
      return refuse(
        'the network has no encoder in its metadata, so nothing says what its inputs mean. Train it with whittle?',
      );
    }
    const table = metadata.get('table');
    const model = {
      network,
      encoder: TableEncoder.fromJSON(JSON.parse(encoder)),
      trained: table === undefined ? undefined : trainedOf(JSON.parse(table)),
    };
    checkFit(model, refuse);
    return model;
  } catch (error) {
    if (error instanceof WhittleError)
      return refuse(
        `${isSafetensors(bytes) && error.message.startsWith('safetensors: ') ? 'is damaged or cut off' : 'is no network'}: ${error.message}. ${remedy}`,
      );
    if (error instanceof SyntaxError) return refuse(`its metadata are no JSON: ${error.message}`);
    throw error;
  }
}

function checkFit({ network, encoder }: Model, refuse: (problem: string) => never): void {
  const columns = encoder.featureNames.length;
  const [input, ...more] = network.inputs;
  const isRow = input?.shape.length === 1 || input?.shape.length === 3;
  const takes = input?.shape.reduce((product, n) => product * n, 1);
  if (more.length > 0 || !isRow || takes !== columns) {
    const shapes = network.inputs.map(({ shape }) => `[${shape.join(', ')}]`).join(', ');
    refuse(`the network takes ${shapes}, and its encoder makes ${columns} numbers a row`);
  }
}

/** Features of a table as the network takes them: rows of numbers, or images whose pixels a row has one by one. */
export function inputsOf(network: Network, features: Tensor): Tensor {
  const { shape } = network.inputs[0]!;
  return shape.length === 1 ? features : reshape(features, [features.shape[0]!, ...shape]);
}

const isRange = (range: unknown): range is Range | null => {
  const [low, high]: unknown[] = Array.isArray(range) && range.length === 2 ? range : [];
  return range === null || (typeof low === 'number' && typeof high === 'number' && low <= high);
};

/** Throws SyntaxError for what is no `Trained`. */
export function trainedOf(json: unknown): Trained {
  const given = Object(json) as Record<string, unknown>;
  const { names, header, na, decimal, thousands, delimiter, quote, complete, ranges } = given;
  const isTyped = (text: unknown): text is string | undefined => text === undefined || typeof text === 'string';
  if (!areTexts(names) || !areTexts(na) || !areTexts(complete) || typeof header !== 'boolean') {
    throw new SyntaxError('"table" must have names, header, na and complete');
  }
  if (typeof decimal !== 'string' || typeof thousands !== 'string' || !isTyped(delimiter) || !isTyped(quote)) {
    throw new SyntaxError('"table" must have decimal and thousands, and texts as delimiter and quote');
  }
  if (ranges !== undefined && !(Array.isArray(ranges) && ranges.every(isRange)))
    throw new SyntaxError('"ranges" of "table" must be pairs of numbers');
  return { names, header, na, decimal, thousands, delimiter, quote, complete, ranges };
}

export const areTexts = (list: unknown): list is string[] =>
  Array.isArray(list) && list.every((x) => typeof x === 'string');
