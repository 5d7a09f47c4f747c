import type { Model } from 'whittle-ml';
import type { Images } from './images.ts';

/** What a file has of a kind, over all weights. */
export type PartBytes = Readonly<Record<string, number>>;

/** Numbers of a weight that are not pruned, of how many. */
export type Kept = readonly [kept: number, of: number];

/** One row of one seed. */
export interface Outcome {
  /** Test images that it gets wrong, of how many. */
  readonly wrong: number;
  readonly of: number;
  /** Of a whole file: header, biases and all. Left out where no file is made. */
  readonly bytes?: number;
  readonly parts?: PartBytes;
  /** By weight, biases left out. */
  readonly kept?: Readonly<Record<string, Kept>>;
  /** Passes over the training images that this row needed beyond those of rows before it. */
  readonly epochs: number;
}

/** What the paper says of a row. Shares are of 1. */
export interface Published {
  readonly error?: number;
  readonly bytes?: number;
  /** Bits of the file for each weight that is kept. */
  readonly bits?: number;
  readonly kept?: Readonly<Record<string, number>>;
}

export interface Context {
  readonly images: Images;
  readonly seed: number;
  /** Hears which share of the row is done. */
  readonly tell: (share: number) => void;
  /** The model of that name and seed, made by `make` and kept for other rows, in this run and the next. */
  readonly model: (name: string, make: () => Model) => Model;
  /** Keeps a file that a row made. */
  readonly keep: (name: string, file: Uint8Array) => void;
}

export interface Row {
  readonly name: string;
  readonly published?: Published;
  /** Epochs, in units of one of the row that costs least: how much of the time left it takes. */
  readonly cost: number;
  readonly run: (context: Context) => Outcome;
}

export interface Paper {
  /** As --only calls it. */
  readonly name: string;
  readonly title: string;
  readonly source: string;
  /** All that decides figures, in the words of the recipe: results of other settings are not mixed with these. */
  readonly settings: object;
  readonly rows: readonly Row[];
  readonly differs: readonly string[];
  readonly leftOut: readonly string[];
}
