import { checkCount, checkRange, ValueError } from '../../base/errors.ts';
import type { Shape } from '../../base/shape.ts';
import type { ActivationName } from '../../graph/activation.ts';
import { checkFloatDType, type FloatDType } from '../../memory/dtype.ts';
import { checkSeed } from '../../tensor/random.ts';
import { Activation, Dense, Dropout, type Layer } from '../layers.ts';
import { BatchNorm } from '../normalizations.ts';
import { GlobalAvgPool2D } from '../pools.ts';

/** What every network for images is told. */
export interface ImageNetworkOptions {
  /** Height, width and channels of an image. */
  readonly inputShape: Shape;
  readonly classes: number;
  /** Default 0. */
  readonly seed?: number;
  /** Default `float32`. */
  readonly dtype?: FloatDType;
}

export const IMAGE_OPTIONS = 'inputShape classes seed dtype';

/** What the networks for small devices are told. */
export interface MobileOptions extends ImageNetworkOptions {
  /** How many times the published channels each layer has. Default 1. */
  readonly width?: number;
  /** Stride of the first convolution: 2 as published, or 1 for images below about 64 pixels. Default 2. */
  readonly stemStride?: 1 | 2;
  /** How many blocks, from the first on. Default: all that are published. */
  readonly blocks?: number;
  /** Rate of dropout before the classes. Default 0: none. */
  readonly dropout?: number;
  /** How much of its running statistics a normalization keeps at each step: less for a short training. Default 0.99. */
  readonly momentum?: number;
}

export const MOBILE_OPTIONS: 'inputShape classes seed dtype width stemStride blocks dropout momentum' = `${IMAGE_OPTIONS} width stemStride blocks dropout momentum`;

/** Throws unless there is a shape of images, at least two classes, and what models take besides. */
export function checkImages(
  op: string,
  { inputShape, classes, seed = 0, dtype = 'float32' }: ImageNetworkOptions,
): void {
  checkSeed(op, seed);
  checkFloatDType(op, dtype);
  const isShape =
    Array.isArray(inputShape) && inputShape.length === 3 && inputShape.every((n) => Number.isSafeInteger(n) && n > 0);
  if (!isShape) throw new ValueError(op, 'inputShape', 'a list [height, width, channels]', inputShape);
  checkCount(op, 'classes', classes, 2);
}

/** The options with their defaults. Throws ValueError for those that are out of range. */
export function mobile(
  op: string,
  options: MobileOptions,
  mostBlocks: number,
): Required<Omit<MobileOptions, 'seed' | 'dtype'>> {
  checkImages(op, options);
  const { width = 1, stemStride = 2, blocks = mostBlocks, dropout = 0, momentum = 0.99 } = options;
  checkRange(op, 'width', width, 'positive');
  if (stemStride !== 1 && stemStride !== 2) throw new ValueError(op, 'stemStride', '1 or 2', stemStride);
  checkCount(op, 'blocks', blocks);
  if (blocks > mostBlocks) throw new ValueError(op, 'blocks', `at most ${mostBlocks}`, blocks);
  checkRange(op, 'dropout', dropout, 'in [0, 1)');
  checkRange(op, 'momentum', momentum, 'between 0 and 1');
  const { inputShape, classes } = options;
  return { inputShape, classes, width, stemStride, blocks, dropout, momentum };
}

/** A convolution, its normalization and, if any, an activation. */
export function normalized(convolution: Layer, momentum: number, activation?: ActivationName): Layer[] {
  const layers = [convolution, new BatchNorm({ momentum })];
  return activation === undefined ? layers : [...layers, new Activation(activation)];
}

/** The mean of each channel, and classes of these. */
export const classified = (classes: number, dropout: number): Layer[] => [
  new GlobalAvgPool2D(),
  ...(dropout === 0 ? [] : [new Dropout(dropout)]),
  new Dense(classes, { activation: 'softmax' }),
];

/** The multiple of 8 next to `channels`, none that is less than nine tenths of it (as Keras and TensorFlow round). */
export function inEights(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

/** What a model is told besides its layers. */
export const modelOf = ({ seed = 0, dtype = 'float32' }: ImageNetworkOptions): { seed: number; dtype: FloatDType } => ({
  seed,
  dtype,
});
