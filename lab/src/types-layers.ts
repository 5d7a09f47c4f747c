import type { Figure } from './types-base.ts';

/** What layers lose in fewer bits. */

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
