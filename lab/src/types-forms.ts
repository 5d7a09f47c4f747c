import type { Figure } from './types-base.ts';

/** Training runs, and the forms of the compressed network. */

export type FitName =
  | 'underfit'
  | 'overfit'
  | 'more data'
  | 'L1'
  | 'L2'
  | 'dropout'
  | 'early stopping'
  | 'smaller network';

export type FormName =
  | 'teacher'
  | 'pruned'
  | 'sparse panels'
  | 'neurons pruned'
  | 'int8'
  | 'student (labels only)'
  | 'student (distilled)'
  | 'combined';

/** A training run of the over/underfitting part. */
export interface FitResult {
  readonly name: FitName;
  readonly kind: 'underfit' | 'overfit' | 'remedy';
  /** One sentence: the network, the data, what was changed. */
  readonly description: string;
  readonly parameters: number;
  readonly samples: number;
  /** Score on the training and the test samples (accuracy, or R² for regression). */
  readonly train: Figure;
  readonly test: Figure;
  /** train - test. */
  readonly gap: Figure;
  /** Of the scores above. */
  readonly diagnosis: { readonly verdict: string; readonly reasons: readonly string[] };
  /** Learning curves of the first seed: one number an epoch. */
  readonly history: Readonly<Record<string, readonly number[]>>;
}

/** One form of the compressed network. */
export interface FormResult {
  readonly name: FormName;
  readonly description: string;
  readonly score: Figure;
  /** Bytes of the network's file; those in models/ also carry the encoder. */
  readonly bytes: Figure;
  readonly parameters: Figure;
  readonly nonZeroParameters: Figure;
  /** Numbers that are in memory: all parameters, but of sparse ones those alone that are multiplied. */
  readonly heldParameters: Figure;
  /** Multiply-adds for one sample. */
  readonly macs: Figure;
  /** Median milliseconds of one call, on the machine in `environment`. */
  readonly latency1: Figure;
  readonly latency64: Figure;
  /** Median milliseconds from the bytes of the file to a program of one sample, and bytes that this program holds. */
  readonly load: Figure;
  readonly memory: Figure;
  /** What the pass changed and what it did not, in sentences. */
  readonly notes: readonly string[];
}

/** Counts of weights in equal bins from `low` to `high`. */
export interface Histogram {
  readonly name: FormName;
  readonly low: number;
  readonly high: number;
  readonly counts: readonly number[];
}

/** The form to take, with how much it gains and what it costs. */
export interface Recommendation {
  readonly form: FormName;
  /** How it was chosen, in a sentence. */
  readonly rule: string;
  /** Bytes of the teacher divided by those of the form. */
  readonly smaller: number;
  /** Time of the teacher divided by that of the form, for a call with 1 and with 64 samples. */
  readonly faster1: number;
  readonly faster64: number;
  /** Score of the form and of the teacher. */
  readonly now: number;
  readonly before: number;
}
