/** What the main job measures and the report shows. `report.json` holds one JobReport. */

export type Task = 'classification' | 'regression';

/** What the teacher is: a perceptron on columns or pixels, or a network for images. */
export type ModelKind = 'mlp' | 'cnn' | 'mobilenet';

/** What samples are: rows of columns that are scaled one by one, or images whose pixels have one scale. */
export type SamplesAs = 'columns' | 'images';

export type ImageShape = readonly [height: number, width: number, channels: number];

/** One number per seed, with its mean and range. */
export interface Figure {
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly values: readonly number[];
}

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
  /** What the pass changed and what it did not, in sentences. */
  readonly notes: readonly string[];
}

export type LightName =
  | 'plain CNN'
  | 'plain CNN, channel means'
  | 'depthwise-separable'
  | 'MobileNetV2-like'
  | 'ShuffleNetV2-like';

export type LightVariant = 'float32' | 'half the channels' | 'int8';

/** A network for images as it was trained, with half of its channels, or in int8. */
export interface LightResult extends Omit<FormResult, 'name' | 'description'> {
  readonly name: LightName;
  readonly variant: LightVariant;
}

/** Networks for images beside each other, the plain one first. */
export interface Light {
  readonly networks: readonly {
    readonly name: LightName;
    /** What it takes: the table's images, or these at a larger size. */
    readonly image: ImageShape;
    /** How it was trained, as words. */
    readonly training: string;
  }[];
  /** All variants of the first network, then of the second. */
  readonly results: readonly LightResult[];
  /** What was found, in sentences with numbers. */
  readonly findings: readonly string[];
}

export type CriterionName =
  | 'magnitude'
  | 'magnitude, each layer'
  | 'magnitude, panels'
  | 'gradient × weight'
  | 'Wanda'
  | 'movement'
  | 'SNIP'
  | 'random'
  | 'small network';

/** Ways to choose the weights that are pruned beside each other, and what they have to beat. */
export interface Criteria {
  readonly seeds: readonly number[];
  /** Shares of the weights that are zero, ascending. */
  readonly levels: readonly number[];
  /** Score of the network with all its weights. */
  readonly whole: Figure;
  readonly rows: readonly {
    readonly name: CriterionName;
    /** One for each level. */
    readonly scores: readonly Figure[];
  }[];
  /** Of the whole network; then by level those that are not zero, and those of the small network. */
  readonly parameters: number;
  readonly left: readonly number[];
  readonly small: readonly number[];
  /** What was found, in sentences with numbers. */
  readonly findings: readonly string[];
  /** As those of the report, which are many here and so are in `report.json` alone. */
  readonly digests: JobReport['digests'];
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

/** Classes by their index in `data.classes`; counts are of the test parts of all seeds. */
export interface Mistakes {
  /** Test samples of each class. */
  readonly samples: readonly number[];
  /** Of these, the ones that each form gets right. */
  readonly right: readonly { readonly form: FormName; readonly counts: readonly number[] }[];
  /** counts[t][s]: how often the teacher says s for a sample of t; null when there are many classes. */
  readonly confusion: readonly (readonly number[])[] | null;
  /** Which class the teacher takes for which, the most frequent first; the rarest are left out when there are many. */
  readonly confused: readonly { readonly truth: number; readonly said: number; readonly count: number }[];
  /** Where rows are images: those of the first seed that the teacher gets wrong. */
  readonly pictures: Pictures | null;
}

export interface Pictures {
  /** Pixels in a row and in a column. */
  readonly side: number;
  /** How many there are; `wrong` has those of which the teacher is surest. */
  readonly count: number;
  readonly wrong: readonly {
    /** Of the file, from 1, as an editor counts. */
    readonly line: number;
    readonly truth: number;
    readonly said: number;
    /** Of what it said, by the teacher. */
    readonly probability: number;
    /** Row by row, two hexadecimal digits a pixel: 00 is the lowest value of the test part, ff the highest. */
    readonly pixels: string;
  }[];
}

/** Numbers of the first seed's test part, in the unit of the table. */
export interface Predictions {
  readonly truth: readonly number[];
  readonly forms: readonly { readonly form: FormName; readonly values: readonly number[] }[];
}

/** By how much a figure is worse than the teacher's, with its 95 % interval; negative for what is better. */
export interface Lost {
  readonly lost: number;
  readonly low: number;
  readonly high: number;
}

/** What a form changed in the teacher's answers. Figures are of each seed; `lost`, `worst` and `lines` of the first. */
export interface ClassFormDamage {
  readonly form: FormName;
  /** Share of the test samples that are answered otherwise. */
  readonly changed: Figure;
  /** Counts of them. */
  readonly rightToWrong: Figure;
  readonly wrongToRight: Figure;
  readonly wrongToOther: Figure;
  /** How likely as uneven a change is by chance: McNemar's exact test. */
  readonly mcnemar: Figure;
  /** Of accuracy. */
  readonly lost: Lost;
  /** The class that lost most recall, by its index in `data.classes`. */
  readonly worst: {
    readonly class: number;
    readonly samples: number;
    /** Whether these are so few that one is a tenth and more. */
    readonly isSmall: boolean;
    readonly before: number;
    readonly after: number;
    readonly lost: Lost;
  };
  /** Expected calibration error. */
  readonly calibration: Figure;
  /** Share of the test samples on which the chosen class is hardly ahead of the next. */
  readonly onEdge: Figure;
  /** Lines of the file, from 1, with samples that the teacher gets right and the form wrong: the first of them. */
  readonly lines: readonly number[];
}

/** The same of numbers, in the unit of the table; `lost` and `line` are of the first seed. */
export interface NumberFormDamage {
  readonly form: FormName;
  /** R² lost. */
  readonly r2: Figure;
  readonly lost: Lost;
  /** How far predictions moved: their median, and the most. */
  readonly typical: Figure;
  readonly largest: Figure;
  /** Of the file, from 1: the sample that moved most. */
  readonly line: number;
}

/** What compression did to the teacher's answers to the test samples, beyond the mean score. */
export type Damage =
  | {
      readonly kind: 'classes';
      /** Of the calibration error. */
      readonly bins: number;
      /** The chosen class is hardly ahead with less than this more probability than the next. */
      readonly edge: number;
      readonly teacher: Pick<ClassFormDamage, 'calibration' | 'onEdge'>;
      readonly forms: readonly ClassFormDamage[];
    }
  | { readonly kind: 'numbers'; readonly forms: readonly NumberFormDamage[] };

/** Formats in which the teacher's layers are held against each other: that of the form int8, and weights of fewer bits. */
export type LedgerFormat = 'int8' | 'int4' | 'ternary';

/** What a layer loses in a format. Decibels are of signal over noise, null where nothing differs. */
export interface LayerLoss {
  readonly name: string;
  /** Its operation. */
  readonly op: string;
  readonly format: string;
  /** Of its weights in a file, and in float32. */
  readonly bytes: number;
  readonly float32Bytes: number;
  /** Of its weights, of its result in the network of that format, and of the outputs where it alone has it. */
  readonly weights: number | null;
  readonly result: number | null;
  readonly outputs: number | null;
  /** Share of the numbers that its formats have no integer for; null where values are real. */
  readonly saturated: number | null;
  /** Where it alone has the format. */
  readonly loss: number;
  readonly score: number;
  /** Half of the interval, of 95 %, of what it adds to the loss alone; null of samples too few to say. */
  readonly chance: number | null;
}

/**
 * Which layer of the first seed's teacher loses what, on its test samples. Repairs and formats are chosen on its validation
 * samples, and judged on those of the test.
 */
export interface Ledgers {
  readonly samples: number;
  /** What the loss and the score are called. */
  readonly loss: string;
  readonly scoreName: string;
  /** Of the teacher. */
  readonly real: { readonly loss: number; readonly score: number };
  readonly forms: readonly {
    readonly format: LedgerFormat;
    /** Of the network with all layers in the format. */
    readonly bytes: number;
    readonly loss: number;
    readonly score: number;
    readonly layers: readonly LayerLoss[];
  }[];
  /** Forms that got bits back where a byte buys most; none of a network of many layers. */
  readonly repaired: readonly {
    readonly format: LedgerFormat;
    readonly bytes: { readonly before: number; readonly after: number; readonly most: number };
    /** Score lost against the teacher. */
    readonly lost: { readonly before: number; readonly after: number };
    /** Whether no more than a thousandth is lost then on the validation samples. */
    readonly isEnough: boolean;
    readonly steps: readonly {
      readonly layer: string;
      readonly from: string;
      readonly to: string;
      /** Of the whole file. */
      readonly bytes: number;
    }[];
  }[];
  /** A format for each layer, in bytes half way between ternary and int4; null for a network of many layers. */
  readonly mixed: {
    readonly budget: number;
    readonly bytes: number;
    readonly loss: number;
    readonly score: number;
    readonly layers: readonly { readonly name: string; readonly format: string }[];
  } | null;
  /** What was found, in sentences with numbers. */
  readonly findings: readonly string[];
}

export type RoundingName = 'rounded afterwards' | 'trained on in float32, then rounded' | 'trained rounded';

/** What is gained, and from where to where by an interval of 95 %. */
export interface Gain {
  readonly gain: number;
  readonly low: number;
  readonly high: number;
}

/** The teacher with kernels of 4 bits and int8 values, trained rounded and rounded afterwards; of three seeds at most. */
export interface Rounding {
  /** Of each training. */
  readonly epochs: number;
  /** Of the test, of one seed. */
  readonly samples: number;
  readonly rows: readonly { readonly name: RoundingName; readonly validation: Figure; readonly test: Figure }[];
  /** Of training rounded, on the test samples, against rounding afterwards. */
  readonly gain: Gain;
  /** Whether training is better, in one or two sentences with numbers. */
  readonly finding: string;
}

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
    /** One sentence that says whether distillation helped, with the numbers. */
    readonly conclusion: string;
  };
  /** SHA-256 of the weights by seed and model: the same on every machine. */
  readonly digests: readonly { readonly seed: number; readonly model: string; readonly sha256: string }[];
  readonly findings: Findings;
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
  /** Default `mlp`. */
  readonly model?: ModelKind;
  /** Default `columns` for `mlp`, which takes images too, and `images` for the others. */
  readonly as?: SamplesAs;
  /** Also train the light forms of networks for images. Default false. */
  readonly light?: boolean;
  /** Also compare criteria of pruning, with three seeds at least. Default false. */
  readonly criteria?: boolean;
}
