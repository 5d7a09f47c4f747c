import type { DamageReport } from '../compress/damage-report.ts';
import type { ModelledEnergy } from '../compress/energy.ts';
import type { MaxDamage } from '../compress/limit.ts';
import type { NeuronCriterion } from '../compress/neuron-scores.ts';
import type { Interval } from '../compress/statistics.ts';
import type { FileCoding } from '../io/codes/code.ts';
import type { Data, SampleLists } from '../nn/samples.ts';
import type { ValueFormat, WeightFormatName } from '../quantize/formats.ts';

/** A network of the model's kind that is drawn anew: it knows nothing yet. */
export interface StudentStep {
  /** The share of its neurons or channels that every hidden layer has, in (0, 1]. */
  readonly width: number;
  readonly epochs: number;
}

/** What the given model teaches, in every training of a recipe. */
export interface DistilStep {
  /** As in `distill`. */
  readonly temperature: number;
  /** Weight of the model's word against the labels', from 0 to 1. */
  readonly alpha: number;
}

/**
 * What is removed: single `weights`, which become zeros while the network is trained, along a cubic course over the first half of
 * the steps, and are coded as such; or `neurons`, each layer's share of them at once, which leaves a smaller network to train.
 */
export type PruneStep = Removal & {
  /** The share that goes, in (0, 1). */
  readonly amount: number;
  /** Of training while and after it goes; 0: none, all goes at once. */
  readonly epochs: number;
};

type Removal =
  | { readonly structure: 'weights'; readonly criterion: PrunedBy }
  | { readonly structure: 'neurons'; readonly criterion: NeuronCriterion };

/** What weights are ranked by while a network is trained, as in `prune`. */
export type PrunedBy = 'magnitude' | 'movement' | 'taylor' | 'wanda' | 'random';

/** Few numbers for many weights, as `shareWeights`, whose numbers are then trained; biases are halves. */
export interface ShareStep {
  readonly clusters: number;
  readonly epochs: number;
}

/** Fewer bits: rounded after all training as `quantize` does, or in static int8 and trained for it, as `prepareQAT` has it. */
export type QuantizeStep =
  | { readonly method: 'rounded'; readonly format: StepFormat }
  /** `bits` of the whole numbers that kernels are, 2 to 8. */
  | { readonly method: 'trained'; readonly bits: number; readonly epochs: number };

/** As in `quantize`. */
export type StepFormat = Exclude<ValueFormat, 'real'> | Exclude<WeightFormatName, 'float32'>;

/**
 * How a small network is made of a model: steps in this order, each of which may be left out (null). It is JSON, without weights.
 * With a student and without a teacher it is a network of that size trained from scratch: the baseline.
 */
export interface Recipe {
  readonly student: StudentStep | null;
  readonly distil: DistilStep | null;
  readonly prune: PruneStep | null;
  readonly share: ShareStep | null;
  readonly quantize: QuantizeStep | null;
  /** What the numbers of the file are coded with. */
  readonly code: FileCoding;
}

/** For each step of a recipe what it may be: the recipes are all that go together. */
export type RecipeSpace = { readonly [S in keyof Recipe]: readonly Recipe[S][] };

/** A recipe that is followed once. */
export interface Trial {
  readonly recipe: Recipe;
  /** Of what is drawn: weights of a student, orders of samples, centroids. */
  readonly seed: number;
  /** The share of the epochs that are trained, in (0, 1]: less than 1 in early rungs of successive halving. */
  readonly effort: number;
}

/** How good a network is on samples. */
export interface PointScore extends Interval {
  /** Share of right classes, or R², of several outputs their mean; the interval, of 95 %, is by the chance of the samples. */
  readonly score: number;
  /** `mixed` of several outputs that are not judged alike. */
  readonly scoreName: 'accuracy' | 'r2' | 'mixed';
}

/** What is known of a network and its file, wherever it was made: the same to the bit. */
export interface PointFigures {
  /** Of the file. */
  readonly bytes: number;
  /** Of the file of the same network without coding, and with the range coder. */
  readonly rawBytes: number;
  readonly codedBytes: number;
  readonly parameters: number;
  readonly nonZeroParameters: number;
  /** Multiply-adds for one sample. */
  readonly macs: number;
  readonly energy: ModelledEnergy;
  /** On the samples that choose: what is promoted, dominated, within the limits and best goes by it. */
  readonly validation: PointScore;
  /** On the samples that chose nothing: what is to be reported. */
  readonly test: PointScore;
  /** Against the given model, on the same samples. */
  readonly validationDamage: DamageReport;
  readonly testDamage: DamageReport;
  /** SHA-256 of the file. */
  readonly digest: string;
}

/** The model that all started from. */
export interface Original extends PointFigures {
  readonly file: Uint8Array<ArrayBuffer>;
}

/** What a trial made. */
export interface Point extends Trial, PointFigures {
  readonly file: Uint8Array<ArrayBuffer>;
}

/** A trial that made nothing. */
export interface Failure extends Trial {
  /** In one sentence. */
  readonly reason: string;
}

/** A point among the others of its search. */
export interface ParetoPoint extends Point {
  /** Whether the labels alone taught it, from the first weight on. */
  readonly isBaseline: boolean;
  /** Whether another point has no more bytes and no lower score on the validation samples, and less or a higher one of them. */
  readonly isDominated: boolean;
  /** Whether it is within budget and limit of damage, on the validation samples; else why not, in one sentence. */
  readonly meets: boolean;
  readonly exceeds: string | null;
}

/** What depends on the machine: taken by `Compression.measured`. */
export interface MeasuredPoint {
  readonly digest: string;
  /** Of the file, packed by the runtime's gzip, which differs between runtimes by a few bytes; null without one. */
  readonly gzipBytes: number | null;
  /** By table of kernels. */
  readonly tables: readonly MeasuredTable[];
}

export interface MeasuredTable {
  readonly name: 'cpu' | 'wasm';
  /** Median milliseconds of a call with 1 and 64 samples. */
  readonly latency: { readonly batch1: number; readonly batch64: number };
  /** Median milliseconds from the bytes of the file to a program that is ready to run. */
  readonly load: number;
  /** Bytes that programs hold: weights, and all for 1 and for 64 samples. */
  readonly memory: { readonly weights: number; readonly batch1: number; readonly batch64: number };
}

/** Samples by what they are for; none may be among the others. */
export interface CompressData {
  /** What recipes train on and calibrate by. A list for several inputs. */
  readonly x: Data;
  readonly y: Data;
  /** What decides: [x, y]. */
  readonly validation: SampleLists;
  /** What the result is reported on, and nothing is chosen by: [x, y]. */
  readonly test: SampleLists;
}

/** The most that a network may take, from 1 on. */
export interface CompressBudget {
  /** Of the file. */
  readonly bytes?: number;
  readonly parameters?: number;
  readonly macs?: number;
}

/** How trials are chosen. */
export type StrategyName = 'grid' | 'random' | 'halving';

/** Where a search keeps what it has finished, line by line. */
export interface Journal {
  /** What was appended before, in order. */
  readonly entries: readonly string[];
  /** Takes one line of text. It is kept for good when this returns, or resolves. */
  append(entry: string): void | Promise<void>;
}

/** How far a search is. */
export interface CompressProgress {
  /** Trials that are over, failed or not. */
  readonly finished: number;
  /** All that there will be, `finished` at the end. With `halving` it falls where so many fail that fewer go on than could. */
  readonly trials: number;
  /** Of those finished, found in the journal. */
  readonly resumed: number;
  /** What is new. */
  readonly last: Point | Failure;
}

/** As much of an AbortSignal as is asked for. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface CompressOptions {
  /** Bytes of the file at most, or more limits. Default none. */
  readonly budget?: number | CompressBudget;
  /** Default 0.02 of accuracy, and of R². */
  readonly maxDamage?: MaxDamage;
  /** Each recipe is followed with each. Default [0]. */
  readonly seeds?: readonly number[];
  /** Recipes, or what their steps may be. Default `usualRecipes()`. */
  readonly recipes?: readonly Recipe[] | RecipeSpace;
  /**
   * `grid` tries all recipes, `random` so many of them as `trials` says, `halving` as many with a part of the epochs, and the best of
   * these with more. The last two try all networks from scratch besides (`isBaseline`), with all epochs. Default `grid`.
   */
  readonly strategy?: StrategyName;
  /** How many recipes `random` and `halving` draw, besides those from scratch. Default 16, or all if they are fewer. */
  readonly trials?: number;
  /** Of what these two draw; `grid` draws nothing. Default 0. */
  readonly seed?: number;
  /** Samples of a step of training. Default 32. */
  readonly batchSize?: number;
  /** What each training begins with, to fall to 0. Default that of the model's optimizer. */
  readonly learningRate?: number;
  /** Workers that follow recipes at once; 0: none, and this thread does. The points are the same to the bit. Default 0. */
  readonly workers?: number;
  /** Where the workers' file is, if a bundler has moved it; left out without workers. Default: beside this module. */
  readonly worker?: string;
  /** Where finished trials are kept; those that it has are not run again. Not with a loss or metric of one's own. Default nowhere. */
  readonly journal?: Journal;
  readonly onProgress?: (progress: CompressProgress) => void;
  /** Ends the search: what has finished is in the journal. */
  readonly signal?: StopSignal;
}
