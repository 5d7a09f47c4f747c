import type { Figure } from './types-base.ts';
import type { FormName } from './types-forms.ts';

/** What the teacher and its forms answer to the test samples. */

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
