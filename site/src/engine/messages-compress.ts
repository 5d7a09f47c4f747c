import type { CompressSettings } from '../state/settings.ts';
import type { Picture } from './messages.ts';

/** What is told of networks that were made smaller, written to files, read from files, and asked for digits. */

/** What a network costs and how good it is. */
export interface Weighed {
  /** Of the real file, coded where that is smaller. */
  readonly bytes: number;
  readonly macs: number;
  readonly parameters: number;
  readonly nonZero: number;
  /** Measured here, median, of one sample. */
  readonly microseconds: number;
  readonly score: number;
}

/** A kernel [rows, columns] of the trained network, or of the student where one was taught, and what became of it. */
export interface KernelChange {
  /** Of its layer. */
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** 1 for a weight that is kept, 0 for one that was pruned, or whose neuron, or the one that it reads, is gone. */
  readonly mask: Uint8Array;
  readonly before: Float32Array;
  /** 0 where nothing is left. */
  readonly after: Float32Array;
  /** As after all training, before it was held in fewer bits: `after` less this is the error of rounding. */
  readonly exact: Float32Array;
}

/** What a pass did; in order. */
export type CompressStep =
  | { readonly kind: 'taught'; readonly parameters: number; readonly epochs: number }
  | { readonly kind: 'pruned'; readonly pattern: 'weights' | 'panels'; readonly zeros: number; readonly of: number }
  /** Units of each hidden layer that are left. */
  | { readonly kind: 'narrowed'; readonly units: readonly number[]; readonly before: readonly number[] }
  | { readonly kind: 'shared'; readonly numbers: number }
  /** Behind what. */
  | { readonly kind: 'tuned'; readonly after: 'pruned' | 'narrowed' | 'shared' | 'prepared'; readonly epochs: number }
  | { readonly kind: 'prepared'; readonly bits: number }
  | { readonly kind: 'rounded'; readonly format: 'float16' | 'int8' | 'int4'; readonly isTrained: boolean }
  /** Kernels that are held without their zeros, of all. */
  | { readonly kind: 'sparse'; readonly kernels: number; readonly of: number }
  | { readonly kind: 'coded'; readonly coding: 'huffman' | 'range'; readonly bytes: number; readonly plain: number };

/** A share of what was counted, with its interval of 95 %. */
export interface Share {
  readonly count: number;
  readonly of: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/** What was done to answers to the test samples: lines that the page has words for. */
export type DamageLine =
  | { readonly kind: 'changed'; readonly changed: Share }
  | {
      readonly kind: 'moved';
      readonly how: 'rightToWrong' | 'wrongToRight' | 'wrongToOther';
      readonly count: number;
    }
  /** Shares of right answers; what was lost with its interval; the chance of as much by luck (McNemar's exact test). */
  | {
      readonly kind: 'accuracy';
      readonly before: Share;
      readonly after: Share;
      readonly lost: number;
      readonly low: number;
      readonly high: number;
      readonly chance: number;
    }
  /** The class that lost most; null if none lost. */
  | {
      readonly kind: 'worst';
      readonly class: { readonly name: string; readonly before: Share; readonly after: Share } | null;
    }
  | { readonly kind: 'calibration'; readonly before: number; readonly after: number }
  | { readonly kind: 'margin'; readonly before: number; readonly after: number }
  | { readonly kind: 'r2'; readonly before: number; readonly after: number }
  /** Root of the mean squared error, in the units of the samples. */
  | { readonly kind: 'rmse'; readonly before: number; readonly after: number }
  /** How far answers moved, in the units of the samples: in the middle, and most, in test sample `at`. */
  | { readonly kind: 'distance'; readonly typical: number; readonly largest: number; readonly at: number }
  /** Samples without an answer, since some number is none. */
  | { readonly kind: 'unanswered'; readonly before: number; readonly after: number };

export interface Compressed {
  readonly settings: CompressSettings;
  readonly before: Weighed;
  readonly after: Weighed;
  readonly kernels: readonly KernelChange[];
  readonly picture: Picture;
  /** Indices of test samples whose class changed; of numbers none. */
  readonly changed: Int32Array;
  readonly damage: readonly DamageLine[];
  /** Where 16 bits a weight would make a smaller file: its bytes, and what the bytes of this one are. Else null. */
  readonly overhead: {
    readonly sixteen: number;
    readonly values: number;
    readonly scales: number;
    readonly rest: number;
  } | null;
  readonly steps: readonly CompressStep[];
  /** What the library noticed of ranges and of answers, as it says it. */
  readonly notes: readonly string[];
}

/** A form that networks can be written in. */
export interface Format {
  /** For `export`. */
  readonly id: string;
  /** What it is called, in no language: ES module, C99. */
  readonly label: string;
  /** Of its files. */
  readonly extensions: readonly string[];
  /** Whether `open` reads it. */
  readonly isReadable: boolean;
  /** Of the trained and the compressed network: bytes of all files, or why it cannot be written; null where there is none. */
  readonly trained: Written | null;
  readonly compressed: Written | null;
}

export type Written = { readonly bytes: number } | { readonly problem: string };

export interface ExportedFile {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What bytes of a file are, as `fileParts` has it. */
export interface TensorPart {
  readonly part:
    | 'values'
    | 'positions'
    | 'codebook'
    | 'scales'
    | 'tables'
    | 'header'
    | 'alignment'
    | 'other'
    /** Of a module: code and text around the network. */
    | 'program';
  readonly bytes: number;
}

/** A tensor of a file, or with `key` null what is of the whole file: what it takes and why. */
export interface TensorLedger {
  readonly key: string | null;
  /** How its numbers are held: float32, int8, levels, palette, sparse and so on; empty for the whole file. */
  readonly encoding: string;
  readonly shape: readonly number[];
  /** Numbers that it stands for, and those that the file holds: the others were pruned, or are shared by a hash. */
  readonly numbers: number;
  readonly held: number;
  readonly bytes: number;
  /** What float32 takes. */
  readonly float32Bytes: number;
  readonly parts: readonly TensorPart[];
}

/**
 * Why a file is not compared with the trained network: it holds no network, nothing is trained, it takes or gives something
 * else, it would take too long, or it runs in no program.
 */
export type Uncompared = 'tensors' | 'nothing trained' | 'other question' | 'too large' | 'not run';

export interface Opened {
  readonly name: string;
  readonly format: 'safetensors' | 'module' | 'foreign';
  /** Of a file of another program: what it is, its bytes, and what of it is not in the network; `bytes` are those of a file of this library. */
  readonly foreign: { readonly title: string; readonly bytes: number; readonly notes: readonly string[] } | null;
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly outputs: readonly string[];
  /** None for a file of tensors without a network. */
  readonly nodes: readonly {
    readonly name: string;
    readonly op: string;
    readonly inputs: readonly string[];
    readonly shape: readonly number[];
    /** Of its weights in the file, without their places in the header. */
    readonly bytes: number;
    readonly macs: number;
    readonly parameters: number;
  }[];
  /** Of the file that was opened, or of a foreign one as this library writes it; `ledger` adds up to it. */
  readonly bytes: number;
  readonly macs: number;
  readonly parameters: number;
  readonly nonZero: number;
  /** Measured here, of one sample; null for a network that is too large for that, or runs in no program. */
  readonly microseconds: number | null;
  readonly ledger: readonly TensorLedger[];
  /** Against the network as it was trained after so many epochs, on the test samples; null where that says nothing. */
  readonly damage: {
    readonly epoch: number;
    readonly score: number;
    readonly before: number;
    readonly lines: readonly DamageLine[];
  } | null;
  /** Why it is not compared; null where it is. */
  readonly uncompared: Uncompared | null;
  /** The network as the library prints it, and what a module's check says. */
  readonly lines: readonly string[];
}

export interface DigitAnswer {
  /** As networks.json names it. */
  readonly network: string;
  readonly bytes: number;
  /** Measured here, median, of one sample; NaN until that is done. */
  readonly microseconds: number;
  /** Share of the digits held back that it answers rightly. */
  readonly score: number;
  readonly probabilities: Float32Array;
  /** Of a network with convolutions: pictures of its channels. */
  readonly maps: readonly {
    readonly layer: string;
    readonly width: number;
    readonly height: number;
    readonly channels: readonly Float32Array[];
  }[];
}
