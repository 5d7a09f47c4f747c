import { checkCount } from '../../base/errors.ts';
import { checkOptions } from '../../base/options.ts';
import { Residual } from '../containers.ts';
import { Conv2D, DepthwiseConv2D } from '../convolutions.ts';
import type { Layer } from '../layers.ts';
import { Sequential } from '../sequential.ts';
import { classified, inEights, MOBILE_OPTIONS, type MobileOptions, mobile, modelOf, normalized } from './parts.ts';

const plain = { padding: 'same', useBias: false } as const;

/** Channels and stride of each block (Howard et al. 2017, table 1). */
const V1: readonly (readonly [channels: number, stride: number])[] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  ...Array.from({ length: 5 }, () => [512, 1] as const),
  [1024, 2],
  [1024, 1],
];

/**
 * MobileNet (Howard et al. 2017, arXiv 1704.04861) with Keras's choices (relu6, channels rounded down): a convolution of 3×3
 * to 32 channels, then up to 13 blocks of a depthwise 3×3 and a 1×1. At width 1, for 224×224×3 and 1,000 classes, it has
 * 4,253,864 parameters with the statistics of its normalizations.
 *
 * @example
 * const small = mobileNetV1({ inputShape: [32, 32, 3], classes: 10, width: 0.25, stemStride: 1 });
 * small.parameterCount; // 221114
 */
export function mobileNetV1(options: MobileOptions): Sequential {
  checkOptions('mobileNetV1', options, MOBILE_OPTIONS);
  const { inputShape, classes, width, stemStride, blocks, dropout, momentum } = mobile(
    'mobileNetV1',
    options,
    V1.length,
  );
  const scaled = (channels: number): number => Math.max(1, Math.floor(channels * width));
  const stem = new Conv2D(scaled(32), 3, { ...plain, strides: stemStride, inputShape });
  const layers = normalized(stem, momentum, 'relu6');
  for (const [channels, strides] of V1.slice(0, blocks)) {
    layers.push(...normalized(new DepthwiseConv2D(3, { ...plain, strides }), momentum, 'relu6'));
    layers.push(...normalized(new Conv2D(scaled(channels), 1, plain), momentum, 'relu6'));
  }
  return new Sequential([...layers, ...classified(classes, dropout)], modelOf(options));
}

export interface MobileNetV2Options extends MobileOptions {
  /** Channels of the last convolution. Default: 1,280, and more only at a width above 1. */
  readonly features?: number;
}

/** Factor of expansion, channels, number of blocks and stride of the first of them (Sandler et al. 2018, table 2). */
const V2: readonly (readonly [expansion: number, channels: number, count: number, stride: number])[] = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];
/** A row a block. */
const V2_BLOCKS = V2.flatMap(([expansion, channels, count, stride]) =>
  Array.from({ length: count }, (_, i) => ({ expansion, channels, strides: i === 0 ? stride : 1 })),
);

/**
 * MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381), channels in multiples of 8 as in Keras: up to 17 blocks that widen with
 * a 1×1, go over the image with a depthwise 3×3, and narrow with a 1×1 without activation, added to what came in where the
 * shape is the same. At width 1, for 224×224×3 and 1,000 classes, it has 3,538,984 parameters with its statistics.
 *
 * @example
 * const small = mobileNetV2({ inputShape: [32, 32, 3], classes: 10, width: 0.5, stemStride: 1, blocks: 6, features: 128 });
 * small.parameterCount; // 25818
 */
export function mobileNetV2(options: MobileNetV2Options): Sequential {
  checkOptions('mobileNetV2', options, `${MOBILE_OPTIONS} features`);
  const given = mobile('mobileNetV2', options, V2_BLOCKS.length);
  const { inputShape, classes, width, stemStride, blocks, dropout, momentum } = given;
  const { features = width > 1 ? inEights(1280 * width) : 1280 } = options;
  checkCount('mobileNetV2', 'features', features);
  let channels = inEights(32 * width);
  const stem = new Conv2D(channels, 3, { ...plain, strides: stemStride, inputShape });
  const layers = normalized(stem, momentum, 'relu6');
  for (const block of V2_BLOCKS.slice(0, blocks)) {
    const to = inEights(block.channels * width);
    const wide = new Conv2D(block.expansion * channels, 1, plain);
    const inner: Layer[] = [
      ...(block.expansion === 1 ? [] : normalized(wide, momentum, 'relu6')),
      ...normalized(new DepthwiseConv2D(3, { ...plain, strides: block.strides }), momentum, 'relu6'),
      ...normalized(new Conv2D(to, 1, plain), momentum),
    ];
    layers.push(...(block.strides === 1 && to === channels ? [new Residual(inner)] : inner));
    channels = to;
  }
  layers.push(...normalized(new Conv2D(features, 1, plain), momentum, 'relu6'));
  return new Sequential([...layers, ...classified(classes, dropout)], modelOf(options));
}
