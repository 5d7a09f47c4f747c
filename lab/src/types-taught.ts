import type { Figure } from './types-base.ts';
import type { Gain } from './types-layers.ts';

/** What the teacher taught the student: its answer to one sample, and what became of the students. */

/** A sample of the first seed's test part. */
export interface Sample {
  /** Of the file, from 1, as an editor counts. */
  readonly line: number;
  /** Where rows are images: as in `Pictures`. */
  readonly image: { readonly side: number; readonly pixels: string } | null;
  /** Where they are none: the first cells that the networks read, as they stand in the file. */
  readonly cells: readonly { readonly name: string; readonly text: string }[];
  /** Cells that are not shown. */
  readonly more: number;
}

export type AnswererName = 'teacher' | 'student (labels only)' | 'student (distilled)';

/** Probabilities of one answer at one temperature: of the classes that are shown, and of all others together. They sum to 1. */
export interface SoftAnswer {
  readonly by: AnswererName;
  readonly temperature: number;
  readonly probabilities: readonly number[];
  readonly others: number;
}

/** The teacher's answer to one sample, and what the students answer. */
export type SoftTargets =
  | {
      readonly kind: 'classes';
      readonly sample: Sample;
      /** By its index in `data.classes`. */
      readonly truth: number;
      /** 1, that of the distillation, and a higher one. */
      readonly temperatures: readonly [plain: number, used: number, higher: number];
      /** Indices of the classes that are shown, those with most of the teacher's softened probability first. */
      readonly classes: readonly number[];
      /** How many are not. */
      readonly others: number;
      /** By temperature, and for each by teacher, student alone, student distilled. */
      readonly answers: readonly SoftAnswer[];
      readonly finding: string;
    }
  | {
      readonly kind: 'numbers';
      readonly sample: Sample;
      /** In the unit of the table; `target` is what the student is trained towards, between truth and teacher. */
      readonly truth: number;
      readonly teacher: number;
      readonly target: number;
      readonly alone: number;
      readonly distilled: number;
      /** Weight of the teacher's word in the target. */
      readonly alpha: number;
      readonly finding: string;
    };

export type TaughtName = 'accuracy' | 'agreement' | 'calibration' | 'R²' | 'distance';

/** A figure of the students that were trained alone and of those distilled, one number for each run. */
export interface TaughtFigure {
  readonly name: TaughtName;
  /** Of the teachers, where they have it. */
  readonly teacher: Figure | null;
  readonly alone: Figure;
  readonly distilled: Figure;
  /** The distilled less the others. */
  readonly gain: Gain;
}

/** The same students trained alone and distilled. */
export interface Taught {
  readonly temperature: number;
  readonly alpha: number;
  /** Of each training. */
  readonly epochs: number;
  /** Test samples of a run. */
  readonly samples: number;
  /** One for each pair of students: the seed of its data and teacher, and that of its first weights. */
  readonly runs: readonly { readonly seed: number; readonly start: number }[];
  /** Bins of the calibration error. */
  readonly bins: number;
  readonly figures: readonly TaughtFigure[];
  /** Distilled with alpha 0, the first student, against the one that was trained alone. */
  readonly control: { readonly isSame: boolean; readonly largest: number };
  readonly soft: SoftTargets;
  /** What was found, in sentences with numbers; the first is about the score. */
  readonly findings: readonly string[];
}
