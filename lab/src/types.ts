/** What the main job measures and the report shows. `report.json` holds one JobReport. */

export type Task = 'classification' | 'regression';

/** One number per seed, with its mean and range. */
export interface Figure {
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly values: readonly number[];
}

/** A training run of the over/underfitting part. */
export interface FitResult {
  /** Short and unique: `underfit`, `overfit`, `more data`, `L1`, `L2`, `dropout`, `early stopping`, `smaller network`. */
  readonly name: string;
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
  /** `teacher`, `pruned`, `neurons pruned`, `int8`, `student (labels only)`, `student (distilled)`, `combined`. */
  readonly name: string;
  readonly description: string;
  readonly score: Figure;
  /** Bytes of the real file. */
  readonly bytes: Figure;
  readonly parameters: Figure;
  readonly nonZeroParameters: Figure;
  /** Multiply-adds for one sample. */
  readonly macs: Figure;
  /** Median milliseconds of one call, on the machine in `environment`. */
  readonly latency1: Figure;
  readonly latency64: Figure;
  /** What the pass changed and what it did not, in sentences. */
  readonly notes: readonly string[];
}

/** Counts of weights in equal bins from `low` to `high`. */
export interface Histogram {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly counts: readonly number[];
}

export interface JobReport {
  readonly version: 1;
  readonly environment: {
    readonly runtime: string;
    readonly platform: string;
    readonly cpu: string;
    readonly cores: number;
    readonly kernels: string;
  };
  readonly data: {
    readonly name: string;
    readonly rows: number;
    readonly features: number;
    readonly classes: readonly string[] | null;
    readonly task: Task;
    readonly taskReason: string;
    /** What was found in the table and done about it, in sentences. */
    readonly notes: readonly string[];
    readonly split: { readonly train: number; readonly validation: number; readonly test: number };
  };
  readonly options: { readonly seeds: readonly number[]; readonly epochs: number };
  /** `accuracy` or `R²`. */
  readonly scoreName: string;
  readonly fits: readonly FitResult[];
  readonly forms: readonly FormResult[];
  /** Weights of the first seed's teacher and of its compressed forms. */
  readonly histograms: readonly Histogram[];
  readonly distillation: {
    readonly distilled: Figure;
    readonly labelsOnly: Figure;
    /** Share of test samples on which student and teacher agree (classification), else null. */
    readonly agreement: Figure | null;
    /** One sentence that says whether distillation helped, with the numbers. */
    readonly conclusion: string;
  };
  /** SHA-256 of the weights by seed and model: the same on every machine. */
  readonly digests: readonly { readonly seed: number; readonly model: string; readonly sha256: string }[];
  /** Sentences about what was found, with numbers; shown first. */
  readonly findings: readonly string[];
  readonly seconds: { readonly training: number; readonly total: number };
}

/** Told about what is going on, for progress bars. */
export interface Progress {
  /** A stage begins: its name and how many steps it has. */
  stage(name: string, steps: number): void;
  /** One step of the stage is done; `detail` says what is next or how it goes. */
  tick(detail: string): void;
}

export interface JobOptions {
  readonly seeds: readonly number[];
  /** Scales the epochs of every training run; the default is what the job was tuned for. */
  readonly epochs: number;
}
