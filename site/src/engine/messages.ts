import type { CompressSettings, DataSettings, NetworkSettings, TrainingSettings } from '../state/settings.ts';
import type { Compressed, DigitAnswer, ExportedFile, Format, Opened } from './messages-compress.ts';
import type { Reason } from './refusal.ts';

export type * from './messages-compress.ts';

/** What a page asks of the engine, which runs in a worker. One experiment at a time; `start` replaces what was. */
export type Command =
  | {
      readonly kind: 'start';
      readonly data: DataSettings;
      readonly network: NetworkSettings;
      readonly training: TrainingSettings;
      /** Points of one's own: [x1, x2, label or value] each; for \`drawn\`. */
      readonly points?: readonly (readonly [number, number, number])[];
      /** The text of a table; for \`table\`. */
      readonly table?: { readonly text: string; readonly target: string };
      /** Whether it begins to train at once. */
      readonly isRunning: boolean;
    }
  | { readonly kind: 'run' }
  | { readonly kind: 'pause' }
  /** One epoch, then pause. */
  | { readonly kind: 'step' }
  /** Sets what may change while it trains. */
  | { readonly kind: 'adjust'; readonly training: TrainingSettings }
  /** What a neuron computes, with numbers: layer from 0, unit from 0; of a sample as it is shown, or of the last one trained on. */
  | {
      readonly kind: 'explain';
      readonly layer: number;
      readonly unit: number;
      readonly sample?: readonly number[];
    }
  /** Makes a smaller network of the trained one. */
  | { readonly kind: 'compress'; readonly settings: CompressSettings }
  /** A file of the trained network, or of the compressed one. */
  | { readonly kind: 'export'; readonly format: string; readonly of: 'trained' | 'compressed' }
  /** Asks for `formats`: what the networks can be written in. It is also told after `compressed`. */
  | { readonly kind: 'formats' }
  /** A file, and those that came with it, of which a model that lies in several takes what it names. */
  | {
      readonly kind: 'open';
      readonly name: string;
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly beside?: readonly { readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> }[];
    }
  /** Answers to a drawing, 64 numbers from 0 to 16, by the digits' networks. */
  | { readonly kind: 'draw'; readonly pixels: Float32Array };

/** What the engine tells. Pictures are numbers; the page draws them. */
export type Event =
  /** Told again when other kernels have come. */
  | { readonly kind: 'ready'; readonly kernels: 'wasm' | 'cpu'; readonly version: string }
  | {
      readonly kind: 'started';
      readonly samples: Samples;
      /** Layers with weights: hidden ones and the output. */
      readonly shape: readonly LayerShape[];
      /** The loss in use: that of the settings, or squares where numbers are predicted and it is one for classes. */
      readonly loss: TrainingSettings['loss'];
    }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'stopped'; readonly why: Stop; readonly progress: Progress; readonly verdict: Verdict }
  | { readonly kind: 'explained'; readonly explanation: Explanation }
  | { readonly kind: 'compressing'; readonly done: number }
  | { readonly kind: 'compressed'; readonly result: Compressed }
  | {
      readonly kind: 'exported';
      readonly format: string;
      readonly files: readonly ExportedFile[];
    }
  | { readonly kind: 'formats'; readonly formats: readonly Format[] }
  | { readonly kind: 'opened'; readonly opened: Opened }
  | { readonly kind: 'drawn'; readonly answers: readonly DigitAnswer[] }
  /** A command that could not be followed; the state is as before. */
  | { readonly kind: 'refused'; readonly of: Command['kind']; readonly reason: Reason };

export interface Samples {
  readonly task: 'classification' | 'regression';
  /** Numbers of a sample: 2 has a plane, 1 has a curve, others have neither. */
  readonly inputs: number;
  /** Names of these numbers. */
  readonly names: readonly string[];
  /** Names of what the network takes: the same, or powers of the only one. */
  readonly features: readonly string[];
  readonly classes: readonly string[];
  /** [x..., y] row by row, as they are before scaling. */
  readonly train: Float32Array;
  readonly validation: Float32Array;
  readonly test: Float32Array;
  /** Of each input, lowest and highest shown. */
  readonly ranges: readonly (readonly [number, number])[];
}

export interface LayerShape {
  readonly name: string;
  readonly units: number;
  readonly activation: string;
}

export interface Progress {
  /** Epochs trained. */
  readonly epoch: number;
  /** Without penalties and dropout, from the first epoch on; of validation too. NaN where there is none. */
  readonly losses: { readonly train: Float32Array; readonly validation: Float32Array };
  /** Shares of right answers, or R² for numbers. */
  readonly scores: { readonly train: number; readonly validation: number; readonly test: number };
  /** Epoch whose weights early stopping restores, or would, counted from 1; null before the first. */
  readonly best: number | null;
  readonly epochsPerSecond: number;
  readonly picture: Picture;
  /** Of each layer of `shape` its kernel, [from, to], for edges. */
  readonly weights: readonly Float32Array[];
}

/** What the network answers over the plane or the line that is shown. */
export type Picture =
  | {
      readonly kind: 'plane';
      readonly width: number;
      readonly height: number;
      readonly classes: number;
      /**
       * [height, width, answers] row by row from the highest second input to the lowest, of each row from the lowest first input
       * to the highest, the middles of cells of `ranges`. Of classes the probabilities, one each, that of the second alone for
       * two; of hinge the margin as 0 to 1; of numbers (classes 0) the number.
       */
      readonly values: Float32Array;
      /** Of each hidden layer, of each unit: its output at [neuronSize, neuronSize] points, in the same order. */
      readonly neurons: readonly (readonly Float32Array[])[];
      readonly neuronSize: number;
    }
  /** In the units of the samples; `truth` without noise. */
  | {
      readonly kind: 'curve';
      readonly x: Float32Array;
      readonly y: Float32Array;
      readonly truth: Float32Array | null;
      /** Of each hidden layer, of each unit: its output at each x. */
      readonly neurons?: readonly (readonly Float32Array[])[];
    }
  | { readonly kind: 'none' };

export type Stop =
  | { readonly kind: 'done' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'early'; readonly bestEpoch: number; readonly isRestored: boolean }
  /**
   * Numbers that are none: where they were first seen, `loss` or the name of a layer, in which epoch, and a learning rate that
   * may do. The network is then as it was after the last epoch that was good, and trains on from there.
   */
  | { readonly kind: 'nan'; readonly where: string; readonly epoch: number; readonly suggestedRate: number };

/** What `diagnose` says, as data: the page puts it in words of its language. */
export interface Verdict {
  readonly verdict: string;
  readonly train: number;
  readonly validation: number;
  readonly reasons: readonly string[];
}

export interface Explanation {
  readonly layer: number;
  readonly unit: number;
  readonly activation: string;
  readonly bias: number;
  /** `from` is one of `features`, or h1.3 for the third unit of the first layer. */
  readonly terms: readonly { readonly from: string; readonly weight: number; readonly value: number }[];
  readonly sum: number;
  readonly output: number;
}
