import type { QuantizationParams } from '../graph/graph.ts';
import type { Network } from '../graph/network.ts';

/** An input or output of a file, and the value of the network that stands for it. */
export interface Port {
  /** Of the value in the network. */
  readonly value: string;
  /** What the file calls it. */
  readonly name: string;
  /** Of a batch, as the file has it; null for a size that it leaves open. */
  readonly shape: readonly (number | null)[];
  /**
   * The axis of the file's value that each axis of the network's batch is: [0, 2, 3, 1] for a file whose images are [batch,
   * channels, height, width], since those of networks have their channels last. Null where the shapes differ otherwise and the
   * numbers lie in one order, as where an input is only given another shape.
   */
  readonly axes: readonly number[] | null;
  /** The type of its numbers in the file: float32, int8, int32, ... */
  readonly dtype: string;
  /** What its integers stand for; null for real numbers. The network reads and gives real numbers. */
  readonly format: QuantizationParams | null;
}

/** A network out of a file of another kind. */
export interface Imported {
  readonly network: Network;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** What of the file is not in the network, and what was done with it: a sentence each. */
  readonly notes: readonly string[];
}
