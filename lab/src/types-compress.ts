import type { DamageReport, MeasuredTable, ModelledEnergy, PointScore, Recipe } from 'whittle-ml';
import type { JobReport } from './types.ts';
import type { Lost } from './types-answers.ts';
import type { Figure } from './types-base.ts';

/** What `whittle compress` found. `report.json` holds one CompressReport. */

/** A network and its file. */
export interface Sized {
  /** Of the file as it is; without coding; behind gzip, null where there is none; and with the range coder. */
  readonly bytes: { readonly file: number; readonly raw: number; readonly gzip: number | null; readonly coded: number };
  readonly parameters: number;
  readonly nonZeroParameters: number;
  /** Multiply-adds for one sample. */
  readonly macs: number;
  /** With intervals of 95 %. The validation samples chose, the test samples did not. */
  readonly validation: PointScore;
  readonly test: PointScore;
  /** Of one sample, in nanojoules: by a model, no measurement. `source` says whose. */
  readonly energy: ModelledEnergy;
  /** Measured on the machine in `environment`, by table of kernels: milliseconds and bytes. */
  readonly tables: readonly MeasuredTable[];
  /** SHA-256 of the file: the same on every machine. */
  readonly digest: string;
}

/** Damage against the model, and the same in words. */
export interface DamageTold {
  readonly report: Pick<DamageReport, 'samples' | 'outputs'>;
  readonly lines: readonly string[];
}

/** What a recipe made. */
export interface PointResult extends Sized {
  /** From 1, in the order of the trials: what tables and pictures call it. */
  readonly number: number;
  readonly recipe: Recipe;
  /** The recipe in a few words, and in all. */
  readonly name: string;
  readonly text: string;
  readonly seed: number;
  /** The share of the epochs that it was trained, less than 1 in early rungs of halving. */
  readonly effort: number;
  /** How many of it the model's file has the bytes of. */
  readonly smaller: number;
  /** Accuracy or R² that the model has more; negative for what is better. */
  readonly lost: { readonly validation: Lost | null; readonly test: Lost | null };
  /** What it changed in the model's answers to the test samples. */
  readonly damage: DamageTold;
  /** Whether it was trained from scratch, by the labels alone: what the others are compared with. */
  readonly isBaseline: boolean;
  /** Whether another point has no more bytes and no lower score on the validation samples, and is better in one of them. */
  readonly isDominated: boolean;
  /** Whether it is within the limits on the validation samples; else what it exceeds, in a sentence. */
  readonly meets: boolean;
  readonly exceeds: string | null;
  /** Where its network is, below the folder of the report; null where it was not written. */
  readonly file: string | null;
}

/** What a recipe made of one share of the epochs, over several seeds. */
export interface RecipeMeans extends Pick<PointResult, 'recipe' | 'name' | 'text' | 'effort'> {
  /** The numbers of its points: of all seeds, but those with which it made no network. */
  readonly points: readonly number[];
  /** Of the files. */
  readonly bytes: Figure;
  readonly validation: Figure;
  readonly test: Figure;
  /** How many of its points are within the limits. */
  readonly meets: number;
  /** Whether another has on average no more bytes and no lower score on the validation samples, and is better in one of them. */
  readonly isDominated: boolean;
}

export interface FailedTrial {
  readonly recipe: Recipe;
  readonly name: string;
  readonly text: string;
  readonly seed: number;
  readonly effort: number;
  readonly reason: string;
}

export interface CompressReport {
  readonly version: 1;
  readonly environment: JobReport['environment'];
  readonly data: JobReport['data'];
  readonly options: {
    /** A kind of network, or the file that it came from. */
    readonly model: string;
    /** Of the split and of what was trained. */
    readonly seed: number;
    /** With which each recipe was followed. */
    readonly seeds: readonly number[];
    readonly epochs: number;
    readonly strategy: 'grid' | 'random' | 'halving';
    /** Recipes that were drawn, besides those from scratch; null: as many as usual, or all with a grid. */
    readonly trials: number | null;
    /** Bytes; null: any number. */
    readonly budget: number | null;
    /** Points of a hundred. */
    readonly maxDamage: number;
  };
  readonly scoreName: 'accuracy' | 'R²';
  /** The model that all started from, in float32, in few words. */
  readonly model: string;
  readonly original: Sized;
  readonly points: readonly PointResult[];
  /** Means and ranges over the seeds, in the order of the trials; empty for a single seed. */
  readonly recipes: readonly RecipeMeans[];
  readonly failures: readonly FailedTrial[];
  /** The number of the smallest within the limits; null where none is. */
  readonly best: number | null;
  /** Why it is that, or none. */
  readonly reason: string;
  /** What the best, or where there is none that with the highest score, changed in the model's answers to the test samples. */
  readonly damage: (DamageTold & { readonly number: number }) | null;
  /** Sentences with numbers about what was found. */
  readonly findings: readonly string[];
  readonly seconds: { readonly search: number; readonly total: number };
}

export interface CompressSettings
  extends Pick<CompressReport['options'], 'seed' | 'epochs' | 'strategy' | 'budget' | 'maxDamage'> {
  /** How many seeds. */
  readonly seeds: number;
  readonly trials: number | null;
  readonly workers: number;
}
