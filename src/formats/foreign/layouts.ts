import { elementsOf, type Shape } from '../../base/shape.ts';
import type { Op } from '../../graph/graph.ts';

/** Whose names and layouts weights have. */
export type Origin = 'pytorch' | 'keras';

/** What the weights of an operation are called there, by role; none for what has no weights there. */
type Names = Readonly<Record<string, string>>;
type Rows = { readonly [K in Op]: Names };

const none: Names = {};
const weightless = {
  activation: none,
  flatten: none,
  dropout: none,
  activityRegularization: none,
  add: none,
  concat: none,
  split: none,
  pool: none,
  globalPool: none,
  zeroPad: none,
  upsample: none,
  channelShuffle: none,
  fakeQuantize: none,
  quantize: none,
  dequantize: none,
  custom: none,
};
const torchProduct: Names = { kernel: 'weight', bias: 'bias' };
const kerasProduct: Names = { kernel: 'kernel', bias: 'bias' };

/** One row an operation. */
const NAMES: { readonly [O in Origin]: Rows } = {
  pytorch: {
    ...weightless,
    dense: torchProduct,
    conv: torchProduct,
    convTranspose: torchProduct,
    batchNorm: { gamma: 'weight', beta: 'bias', mean: 'running_mean', variance: 'running_var' },
    layerNorm: { gamma: 'weight', beta: 'bias' },
    embedding: { embeddings: 'weight' },
  },
  keras: {
    ...weightless,
    dense: kerasProduct,
    conv: kerasProduct,
    convTranspose: kerasProduct,
    batchNorm: { gamma: 'gamma', beta: 'beta', mean: 'moving_mean', variance: 'moving_variance' },
    layerNorm: { gamma: 'gamma', beta: 'beta' },
    embedding: { embeddings: 'embeddings' },
  },
};

/** What a weight is called there; undefined for one that has no name. */
export function foreignName(from: Origin, op: Op, role: string): string | undefined {
  const names = NAMES[from][op];
  return Object.hasOwn(names, role) ? names[role] : undefined;
}

/**
 * Which axis there each axis of a kernel here is. PyTorch has [units, inputs], [units, channels, ...taps] and of transposed
 * convolutions [channels, units, ...taps]; here taps come first and the two others in the opposite order. Keras has what
 * there is here.
 */
export function kernelAxes(from: Origin, rank: number): readonly number[] {
  const own = Array.from({ length: rank }, (_, axis) => axis);
  return from === 'keras' ? own : [...own.slice(2), 1, 0];
}

/** Shapes that a weight may have there: its own one with axes in their places, and of a depthwise kernel Keras's. */
export function foreignShapes(from: Origin, shape: Shape, axes: readonly number[], groups: number): readonly Shape[] {
  const placed = axes.map((_, axis) => shape[axes.indexOf(axis)]!);
  const isDepthwise = from === 'keras' && groups > 1 && shape.at(-2) === 1;
  return isDepthwise ? [placed, [...shape.slice(0, -2), groups, shape.at(-1)! / groups]] : [placed];
}

/** Numbers that are one flattened image: so many places of so many channels, of which those lie side by side here. */
export interface Flattened {
  readonly places: number;
  readonly channels: number;
}

/**
 * What an operation does to features that were an image: keep them where they are, make them of an image, put several values of
 * them side by side, make others, or move them so that what is learned in one order is not to be had in the other.
 */
type Effect = 'keeps' | 'flattens' | 'joins' | 'makes' | 'moves';

export const EFFECTS: { readonly [K in Op]: Effect } = {
  dense: 'makes',
  activation: 'keeps',
  flatten: 'flattens',
  dropout: 'keeps',
  activityRegularization: 'keeps',
  add: 'keeps',
  concat: 'joins',
  split: 'moves',
  conv: 'makes',
  convTranspose: 'makes',
  pool: 'makes',
  globalPool: 'makes',
  zeroPad: 'makes',
  upsample: 'makes',
  channelShuffle: 'moves',
  batchNorm: 'keeps',
  layerNorm: 'keeps',
  embedding: 'makes',
  fakeQuantize: 'keeps',
  quantize: 'keeps',
  dequantize: 'keeps',
  custom: 'makes',
};

/** The feature there of each feature here: PyTorch has the places of a channel side by side. */
export function foreignFeatures(parts: readonly Flattened[]): Int32Array {
  const order = new Int32Array(parts.reduce((sum, { places, channels }) => sum + places * channels, 0));
  let at = 0;
  for (const { places, channels } of parts) {
    const start = at;
    for (let place = 0; place < places; place++)
      for (let channel = 0; channel < channels; channel++) order[at++] = start + channel * places + place;
  }
  return order;
}

/** A flattened sample of this shape, whose last axis are channels. */
export const flattenedOf = (shape: Shape): Flattened => ({
  places: elementsOf(shape.slice(0, -1)),
  channels: shape.at(-1) ?? 1,
});
