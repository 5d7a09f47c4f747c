import type { Shape } from '../base/shape.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import type { Network } from '../graph/network.ts';
import type { Model } from '../nn/model.ts';

/** Weights that may be pruned, in their place. */
export interface Kernel {
  /** `<layer>/<role>`. */
  readonly key: string;
  readonly shape: Shape;
  /** The axis of what it makes, counted from the end. */
  readonly unitAxis: number;
  readonly values: { [index: number]: number; readonly length: number };
  /** 0 where they were pruned before. */
  readonly alive: ArrayLike<number> | null;
  /** Takes the new mask. */
  readonly set: (alive: Uint8Array) => void;
}

/** Of weights, by key, which of its numbers may live: 1 or true where they may. */
export type Masks = ReadonlyMap<string, ArrayLike<number | boolean>>;

/**
 * Prunes by masks of one's own: weights at 0 or false become 0 and stay 0 through further training. A weight without a mask
 * among these is as it was; what was pruned before stays pruned. The given model or network is unchanged.
 */
export function pruneWith(model: Model, masks: Masks): Model;
export function pruneWith(network: Graph<Stored>, masks: Masks): Network;
export function pruneWith(_subject: Model | Graph<Stored>, _masks: Masks): Model | Network {
  throw new Error('not written yet');
}

/** Whether some weight of a model or a network is held at 0 by a mask. */
export function isPruned(_subject: Model | Graph<Stored>): boolean {
  throw new Error('not written yet');
}

/** The same without masks: zeros stay, until training moves them. The given model or network is unchanged. */
export function makePermanent(model: Model): Model;
export function makePermanent(network: Graph<Stored>): Network;
export function makePermanent(_subject: Model | Graph<Stored>): Model | Network {
  throw new Error('not written yet');
}
