import { checkCount, checkFlag, ValueError } from '../../base/errors.ts';
import { checkOptions } from '../../base/options.ts';
import { Concat, Residual, Split } from '../containers.ts';
import { Conv2D, DepthwiseConv2D } from '../convolutions.ts';
import { Activation, type Layer } from '../layers.ts';
import { AvgPool2D, MaxPool2D } from '../pools.ts';
import { ChannelShuffle } from '../resizing.ts';
import { Sequential } from '../sequential.ts';
import { classified, MOBILE_OPTIONS, type MobileOptions, mobile, modelOf, normalized } from './parts.ts';

/** A pixel on each side, as both papers' authors publish their networks. */
const around = {
  padding: [
    [1, 1],
    [1, 1],
  ],
} as const;
const plain = { useBias: false } as const;

/** Channels as often as a unit has them, and whether the image is halved: 4, 8 and 4 units at three sizes. */
const UNITS = (
  [
    [1, 4],
    [2, 8],
    [4, 4],
  ] as const
).flatMap(([factor, count]) => Array.from({ length: count }, (_, i) => ({ factor, isFirst: i === 0 })));

export interface ShuffleNetOptions extends MobileOptions {
  /** Whether the largest of each 3×3 halve the image behind the first convolution. Default true; false for small images. */
  readonly stemPool?: boolean;
}

function stemOf(channels: number, options: ShuffleNetOptions, strides: 1 | 2, momentum: number): Layer[] {
  const { stemPool = true, inputShape } = options;
  const convolution = new Conv2D(channels, 3, { ...around, ...plain, strides, inputShape });
  const pool = stemPool ? [new MaxPool2D({ poolSize: 3, strides: 2, ...around })] : [];
  return [...normalized(convolution, momentum, 'relu'), ...pool];
}

/** Channels of the first units by the number of groups (Zhang et al. 2018, table 1). */
const V1_CHANNELS: ReadonlyMap<number, number> = new Map([
  [1, 144],
  [2, 200],
  [3, 240],
  [4, 272],
  [8, 384],
]);

export interface ShuffleNetV1Options extends ShuffleNetOptions {
  /** Parts that the 1×1 convolutions do not mix: 1, 2, 3, 4 or 8. Default 3. */
  readonly groups?: 1 | 2 | 3 | 4 | 8;
}

/**
 * ShuffleNet (Zhang et al. 2018, arXiv 1707.01083): a convolution of 3×3 to 24 channels, then up to 16 units of a 1×1 in groups,
 * a shuffle of the channels, a depthwise 3×3 and a 1×1 in groups, added to what came in, or where the image is halved beside its
 * means of 3×3. Channels are multiples of 4 times the groups. The means do not count padding.
 *
 * @example
 * const small = shuffleNetV1({ inputShape: [8, 8, 1], classes: 3, width: 0.5, stemStride: 1, stemPool: false, blocks: 4 });
 * small.predict(images).shape; // [ 40, 3 ]
 */
export function shuffleNetV1(options: ShuffleNetV1Options): Sequential {
  const op = 'shuffleNetV1';
  checkOptions(op, options, `${MOBILE_OPTIONS} stemPool groups`);
  const { classes, width, stemStride, blocks, dropout, momentum } = mobile(op, options, UNITS.length);
  const { groups = 3, stemPool = true } = options;
  checkFlag(op, 'stemPool', stemPool);
  const published = V1_CHANNELS.get(groups);
  if (published === undefined) throw new ValueError(op, 'groups', '1, 2, 3, 4 or 8', groups);
  const nearest = (n: number, step: number): number => Math.max(1, Math.round(n / step)) * step;
  const first = nearest(published * width, 4 * groups);
  let channels = nearest(24 * width, groups);
  const layers = stemOf(channels, options, stemStride, momentum);
  for (const [i, { factor, isFirst }] of UNITS.slice(0, blocks).entries()) {
    const to = first * factor;
    const inside: Layer[] = [
      // the first 1×1 sees too few channels to part them
      ...normalized(new Conv2D(to / 4, 1, { ...plain, groups: i === 0 ? 1 : groups }), momentum, 'relu'),
      ...(groups === 1 ? [] : [new ChannelShuffle(groups)]),
      ...normalized(new DepthwiseConv2D(3, { ...around, ...plain, strides: isFirst ? 2 : 1 }), momentum),
      ...normalized(new Conv2D(isFirst ? to - channels : to, 1, { ...plain, groups }), momentum),
    ];
    const means = new AvgPool2D({ poolSize: 3, strides: 2, ...around });
    layers.push(isFirst ? new Concat([[means], inside]) : new Residual(inside), new Activation('relu'));
    channels = to;
  }
  return new Sequential([...layers, ...classified(classes, dropout)], modelOf(options));
}

/** Channels of the first units by width (Ma et al. 2018, table 5). */
const V2_CHANNELS: ReadonlyMap<number, number> = new Map([
  [0.5, 48],
  [1, 116],
  [1.5, 176],
  [2, 244],
]);

export interface ShuffleNetV2Options extends ShuffleNetOptions {
  /** Channels of the last convolution. Default: 1,024, and 2,048 at a width of 2 or more. */
  readonly features?: number;
}

/**
 * ShuffleNetV2 (Ma et al. 2018, arXiv 1807.11164): a convolution of 3×3 to 24 channels, up to 16 units, a last 1×1. Half of the
 * channels pass a unit as they are, half through a 1×1, a depthwise 3×3 and a 1×1; then they are shuffled. Where the image is
 * halved both halves are made of all channels. Widths 0.5, 1, 1.5 and 2 have the channels of the paper, others the nearest
 * multiple of 4. At width 1, for 1,000 classes, it has 2,278,604 parameters without statistics.
 *
 * @example
 * const small = shuffleNetV2({ inputShape: [32, 32, 3], classes: 10, width: 0.5, stemStride: 1, stemPool: false });
 * small.parameterCount; // 359994
 */
export function shuffleNetV2(options: ShuffleNetV2Options): Sequential {
  const op = 'shuffleNetV2';
  checkOptions(op, options, `${MOBILE_OPTIONS} stemPool features`);
  const { classes, width, stemStride, blocks, dropout, momentum } = mobile(op, options, UNITS.length);
  const { features = width >= 2 ? 2048 : 1024, stemPool = true } = options;
  checkFlag(op, 'stemPool', stemPool);
  checkCount(op, 'features', features);
  const first = V2_CHANNELS.get(width) ?? 4 * Math.max(1, Math.round(29 * width));
  const layers = stemOf(24, options, stemStride, momentum);
  for (const { factor, isFirst } of UNITS.slice(0, blocks)) {
    const half = (first * factor) / 2;
    const depthwise = (): Layer[] =>
      normalized(new DepthwiseConv2D(3, { ...around, ...plain, strides: isFirst ? 2 : 1 }), momentum);
    const pointwise = (): Layer[] => normalized(new Conv2D(half, 1, plain), momentum, 'relu');
    const inside = [...pointwise(), ...depthwise(), ...pointwise()];
    layers.push(
      isFirst ? new Concat([[...depthwise(), ...pointwise()], inside]) : new Split([[], inside]),
      new ChannelShuffle(2),
    );
  }
  layers.push(...normalized(new Conv2D(features, 1, plain), momentum, 'relu'));
  return new Sequential([...layers, ...classified(classes, dropout)], modelOf(options));
}
