import type { Damage, Mistakes, Predictions } from './types-answers.ts';
import type { Digest, Figure, ImageShape, ModelKind, SamplesAs, Task } from './types-base.ts';
import type { Criteria, Light } from './types-compared.ts';
import type { FitResult, FormResult, Histogram, Recommendation } from './types-forms.ts';
import type { Ledgers, Rounding } from './types-layers.ts';
import type { Smallest } from './types-smallest.ts';
import type { Taught } from './types-taught.ts';

/** What the main job measures and the report shows. `report.json` holds one JobReport. */

/** Sentences with numbers about what was found. */
export interface Findings {
  /** The three or four that count. */
  readonly short: readonly string[];
  readonly fits: readonly string[];
  readonly forms: readonly string[];
  /** What to keep in mind. */
  readonly caveats: readonly string[];
}

export interface JobReport {
  readonly version: 2;
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
    /** Name of the column to predict. */
    readonly target: string;
    readonly classes: readonly string[] | null;
    readonly task: Task;
    readonly taskReason: string;
    /** What was found in the table and done about it, in sentences: numbers are those of the first seed's networks. */
    readonly notes: readonly string[];
    readonly split: { readonly train: number; readonly validation: number; readonly test: number };
    /** What a row is where rows are images, else null. */
    readonly image: ImageShape | null;
  };
  readonly options: { readonly seeds: readonly number[]; readonly epochs: number; readonly model: ModelKind };
  /** `accuracy` or `R²`. */
  readonly scoreName: string;
  readonly fits: readonly FitResult[];
  readonly forms: readonly FormResult[];
  readonly recommendation: Recommendation;
  readonly damage: Damage;
  readonly ledger: Ledgers;
  readonly rounding: Rounding;
  /** What distillation changed; null where nobody asked. */
  readonly taught: Taught | null;
  /** Where the bytes of the smallest file are; null where nobody asked. */
  readonly smallest: Smallest | null;
  /** Of a classification, else null. */
  readonly mistakes: Mistakes | null;
  /** Of a regression, else null. */
  readonly predictions: Predictions | null;
  /** Networks for images beside each other; null where rows are no images, or nobody asked. */
  readonly light: Light | null;
  /** Criteria of pruning beside each other; null where nobody asked. */
  readonly criteria: Criteria | null;
  /** Weights of the first seed's teacher and of its compressed forms. */
  readonly histograms: readonly Histogram[];
  readonly distillation: {
    readonly distilled: Figure;
    readonly labelsOnly: Figure;
    /** Share of test samples on which student and teacher agree (classification), else null. */
    readonly agreement: Figure | null;
    /** One sentence that says whether distillation helped, with the numbers: of all pairs of students where there are more. */
    readonly conclusion: string;
  };
  /** SHA-256 of the weights by seed and model: the same on every machine. */
  readonly digests: readonly Digest[];
  readonly findings: Findings;
  readonly seconds: { readonly training: number; readonly total: number };
}

export interface JobOptions {
  readonly seeds: readonly number[];
  /** Scales the epochs of every training run; the default is what the job was tuned for. */
  readonly epochs: number;
  /** Default `mlp`. */
  readonly model?: ModelKind;
  /** Default `columns` for `mlp`, which takes images too, and `images` for the others. */
  readonly as?: SamplesAs;
  /** Also train the light forms of networks for images. Default false. */
  readonly light?: boolean;
  /** Also compare criteria of pruning, with three seeds at least. Default false. */
  readonly criteria?: boolean;
  /** Also train further students alone and distilled, and say what differs. Default false. */
  readonly students?: boolean;
  /** Also prune, share and code the teacher and its student, and say where the bytes are. Default false. */
  readonly smallest?: boolean;
}
