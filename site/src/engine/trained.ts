import type { Loss, Optimizer, Sequential, Tensor } from 'whittle-ml';
import type { DataSettings, NetworkSettings, TrainingSettings } from '../state/settings.ts';
import type { Command, Event, Picture, Samples } from './messages.ts';

/** Samples as the network takes them: scaled, as many rows in each tensor. */
export interface Part {
  /** float32 [samples, inputs]. */
  readonly x: Tensor;
  /** As the loss takes them: int32 [samples] or float32 one-hot [samples, classes]; -1 and 1 [samples, 1] for hinge; scaled numbers [samples, 1]. */
  readonly y: Tensor;
  /** Of each sample its class, or its number before scaling. */
  readonly truth: Float32Array;
}

/** What answers: outputs [samples, ...] of inputs [samples, inputs], both scaled. `model.predict` and what is made of a network are. */
export type Predict = (x: Tensor) => Tensor;

/** An experiment as it stands: what compression, export and drawings get. Its model is a copy that nobody else trains. */
export interface Trained {
  readonly data: DataSettings;
  readonly network: NetworkSettings;
  readonly training: TrainingSettings;
  /** How many it has been trained for. */
  readonly epoch: number;
  readonly samples: Samples;
  /** Built and compiled, with the optimizer as it is at the start. Its last layer is softmax, or linear with one output for hinge and numbers. */
  readonly model: Sequential;
  readonly train: Part;
  readonly validation: Part;
  readonly test: Part;
  readonly loss: Loss;
  /** An optimizer as the settings say, new: for training that goes on. */
  newOptimizer(): Optimizer;
  /** A network of the same kind that is not trained, compiled: each hidden layer with `share` of its units, at least one. */
  newModel(share: number): Sequential;
  /** What a network answers over the plane or the line that is shown; without pictures of neurons. */
  picture(predict: Predict): Picture;
  /** Share of right answers for classes, R² for numbers: what `Progress.scores` are. */
  score(outputs: Tensor, part: Part): number;
  /** Mean loss without penalties. */
  lossOf(outputs: Tensor, part: Part): number;
  /** The class of each row of outputs; of numbers the numbers, as they were before scaling. */
  decide(outputs: Tensor): Float32Array;
}

export type Tell = (event: Event, transfer?: Transferable[]) => void;

/** What a command that is loaded when it is first needed may use. */
export interface Context {
  /** Null before the first `start`. Made anew for each command. */
  readonly trained: Trained | null;
  /** The same object from one `start` to the next: a key for what is kept of this experiment, as in a WeakMap. */
  readonly experiment: object;
  readonly tell: Tell;
  /** Lets other commands in; to be called at least every 12 ms of work. Returns false once the work is no longer wanted. */
  pause(): Promise<boolean>;
}

/**
 * Follows a command. Training is paused before. What it throws is told as `refused`. There are
 * `compress` of compressing.ts, `exportFile` of exporting.ts, `open` of opening.ts, and `draw` of drawing.ts.
 */
export type Follow<K extends Command['kind']> = (
  command: Extract<Command, { kind: K }>,
  context: Context,
) => Promise<void>;
