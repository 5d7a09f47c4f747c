import { mobileNetV1, mobileNetV2, type Sequential, shuffleNetV2, smallCNN } from 'whittle-ml';
import { imageText } from './images.ts';
import { UsageError } from './options.ts';
import type { JobData } from './prepare.ts';
import type { ImageShape, ModelKind } from './types-base.ts';
import type { LightName } from './types-compared.ts';

/** Makes a network, not compiled yet, for images of a shape. */
export type Maker = (image: ImageShape, classes: number, seed: number) => Sequential;

/** From this side on a mobile network halves images in its first convolution, as it was published. */
const LARGE = 64;

/**
 * What networks for large photographs are told of small images: half of the channels, and as many blocks as leave about 4
 * pixels a side. A step keeps a tenth of the new statistics, since a training has hundreds of steps here and not a million.
 */
function smallOf([height, width, channels]: ImageShape, classes: number, seed: number, blocks: readonly number[]) {
  const side = Math.min(height, width);
  const room = side < 16 ? 0 : side < LARGE ? 1 : 2;
  const stemStride = side < LARGE ? (1 as const) : (2 as const);
  const inputShape = [height, width, channels];
  return { inputShape, classes, seed, stemStride, width: 0.5, momentum: 0.9, blocks: blocks[room]! };
}

const plain =
  (head: 'flatten' | 'average'): Maker =>
  (inputShape, classes, seed) =>
    smallCNN({ inputShape, classes, seed, head });

/** How each network for images is made. */
export const LIGHT_MAKERS: { readonly [N in LightName]: Maker } = {
  'plain CNN': plain('flatten'),
  'plain CNN, channel means': plain('average'),
  'depthwise-separable': (...to) => mobileNetV1(smallOf(...to, [3, 5, 11])),
  'MobileNetV2-like': (...to) => mobileNetV2({ ...smallOf(...to, [3, 6, 13]), features: 128 }),
  'ShuffleNetV2-like': (...to) => shuffleNetV2({ ...smallOf(...to, [4, 12, 16]), features: 128, stemPool: false }),
};

const narrowed = (units: number, width: number): number => Math.max(1, Math.round(width * units));

/** The teacher of each kind that takes images, and a student that is small. */
export const TEACHERS: {
  readonly [K in Exclude<ModelKind, 'mlp'>]: {
    readonly teacher: Maker;
    readonly student: Maker;
    /** A teacher this share as wide. */
    readonly scaled: (width: number) => Maker;
  };
} = {
  cnn: {
    teacher: LIGHT_MAKERS['plain CNN'],
    student: (inputShape, classes, seed) => smallCNN({ inputShape, classes, seed, filters: 6, units: 12, dropout: 0 }),
    scaled: (width) => (inputShape, classes, seed) =>
      smallCNN({ inputShape, classes, seed, filters: narrowed(32, width), units: narrowed(128, width) }),
  },
  mobilenet: {
    teacher: LIGHT_MAKERS['MobileNetV2-like'],
    student: (...to) => mobileNetV1({ ...smallOf(...to, [2, 4, 6]), width: 0.25 }),
    scaled:
      (width) =>
      (...to) =>
        mobileNetV2({
          ...smallOf(...to, [3, 6, 13]),
          width: Math.max(0.01, 0.5 * width),
          features: narrowed(128, width),
        }),
  },
};

/** Throws UsageError, before anything is trained, where a kind of network cannot be had for a table. */
export function checkNetwork({ classNames, targetName, image }: JobData, model: ModelKind): void {
  if (model === 'mlp' || image === null) return;
  if (classNames === undefined) {
    throw new UsageError(
      `--model ${model} names classes, and "${targetName}" is a number: --task classification, or --model mlp, which predicts numbers`,
    );
  }
  const [height, width] = image;
  if (model === 'cnn' && Math.min(height, width) < LEAST) {
    throw new UsageError(
      `--model cnn goes over the image in windows of 3×3 and then halves it, which takes ${LEAST}×${LEAST} pixels, and ` +
        `${imageText(image)} is smaller: --model mobilenet takes any size`,
    );
  }
}

/** A convolution of 3×3 leaves 2×2, of which a pool makes one. */
const LEAST = 4;
