import type { Padding } from '../../base/window.ts';
import type { Attributes, PoolKind } from '../../graph/graph.ts';
import type { Config } from './config.ts';
import {
  type At,
  activationIn,
  channelsOf,
  checkChannelsLast,
  kernelRoles,
  type Row,
  useBias,
  weightsOf,
} from './row.ts';

/** Strides, dilations and zeros around of what has a kernel; `causal` puts all zeros before. */
function stepsIn(
  config: Config,
  axes: number,
  taps: readonly number[],
): { strides: number[]; dilations: number[]; padding: Padding } {
  checkChannelsLast(config);
  const strides = config.perAxis('strides', axes);
  const dilations = config.perAxis('dilation_rate', axes);
  const padding = config.text('padding', 'valid');
  if (padding === 'same' || padding === 'valid') return { strides, dilations, padding };
  if (padding === 'causal' && axes === 1) return { strides, dilations, padding: [[(taps[0]! - 1) * dilations[0]!, 0]] };
  return config.fail('padding', `must be same or valid, got "${padding.slice(0, 60)}"`);
}

const conv = (axes: number): Row => ({
  roles: kernelRoles,
  add: (at) => {
    const { config } = at;
    const taps = config.perAxis('kernel_size', axes);
    const groups = config.number('groups', 1);
    const units = config.number('filters');
    const kernel = at.weight('kernel', [...taps, channelsOf(at) / groups, units]);
    const attrs = { activation: activationIn(config), ...stepsIn(config, axes, taps), groups };
    return at.node('conv', attrs, { weights: weightsOf(at, kernel, units) });
  },
});

/** A convolution of each channel by itself. Keras has the kernels of a channel as the last axis, here they are units. */
function depthwise(at: At, role: string): { attrs: Attributes['conv']; kernel: string; units: number } {
  const { config } = at;
  const taps = config.perAxis('kernel_size', 2);
  const channels = channelsOf(at);
  const each = config.number('depth_multiplier', at.shapeOf(role).at(-1) ?? 1); // tfjs leaves it out of a SeparableConv2D
  const units = channels * each;
  const kernel = at.weight(role, [...taps, channels, each], [...taps, 1, units]);
  return { attrs: { activation: activationIn(config), ...stepsIn(config, 2, taps), groups: channels }, kernel, units };
}

const depthwiseConv: Row = {
  roles: kernelRoles,
  add: (at) => {
    const { attrs, kernel, units } = depthwise(at, 'kernel');
    return at.node('conv', attrs, { weights: weightsOf(at, kernel, units) });
  },
};

const separableConv: Row = {
  roles: (config) => ['depthwise_kernel', 'pointwise_kernel', ...(useBias(config) ? ['bias'] : [])],
  add: (at) => {
    const { attrs, kernel, units: between } = depthwise(at, 'depthwise_kernel');
    const linear = { ...attrs, activation: { name: 'linear' } as const };
    const channels = at.node('conv', linear, { weights: { kernel }, part: 'depthwise' });
    const units = at.config.number('filters');
    const pointwise = at.weight('pointwise_kernel', [1, 1, between, units]);
    const one = { strides: [1, 1], dilations: [1, 1], padding: 'valid', groups: 1 } as const;
    const own = { activation: attrs.activation, ...one };
    return at.node('conv', own, { weights: weightsOf(at, pointwise, units), inputs: [channels] });
  },
};

const convTranspose: Row = {
  roles: kernelRoles,
  add: (at) => {
    const { config } = at;
    const taps = config.perAxis('kernel_size', 2);
    const units = config.number('filters');
    const kernel = at.weight('kernel', [...taps, units, channelsOf(at)]);
    const { strides, dilations, padding } = stepsIn(config, 2, taps);
    if (dilations.some((n) => n !== 1)) config.fail('dilation_rate', 'must be 1 of a transposed convolution');
    if (config.has('output_padding')) config.fail('output_padding', 'must be left out: take padding same or valid');
    return at.node(
      'convTranspose',
      { activation: activationIn(config), strides, padding },
      { weights: weightsOf(at, kernel, units) },
    );
  },
};

const pool = (kind: PoolKind, axes: number): Row => ({
  add: ({ config, node }) => {
    const size = config.perAxis('pool_size', axes, 2);
    const { padding } = stepsIn(config, axes, size);
    return node('pool', { kind, size, strides: config.perAxis('strides', axes, size), padding });
  },
});

const globalPool = (kind: PoolKind): Row => ({
  add: ({ config, node, shapes: [x] }) => {
    checkChannelsLast(config);
    if (!config.flag('keepdims', false)) return node('globalPool', { kind });
    const size = x!.slice(0, -1); // a window over all of it
    return node('pool', { kind, size, strides: size.map(() => 1), padding: 'valid' });
  },
});

/** A number for all sides, one an axis, or a pair an axis. */
function widthsIn(config: Config, axes: number): [number, number][] {
  const given = config.get('padding') ?? 1;
  const pairs =
    axes === 1 && Array.isArray(given) && given.length === 2
      ? [given]
      : Array.isArray(given)
        ? given
        : Array(axes).fill(given);
  const read = pairs.map((pair): [number, number] => {
    const [before, behind] = Array.isArray(pair) && pair.length === 2 ? pair : [pair, pair];
    return typeof before === 'number' && typeof behind === 'number'
      ? [before, behind]
      : config.fail('padding', 'must be numbers, or pairs of them');
  });
  return read.length === axes ? read : config.fail('padding', `must be of ${axes} axes`);
}

const zeroPad = (axes: number): Row => ({
  add: ({ config, node }) => {
    checkChannelsLast(config);
    return node('zeroPad', { widths: widthsIn(config, axes) });
  },
});

const upsample = (axes: number): Row => ({
  add: ({ config, node }) => {
    checkChannelsLast(config);
    const kind = config.text('interpolation', 'nearest');
    if (kind !== 'nearest') config.fail('interpolation', `must be nearest, got "${kind.slice(0, 60)}"`);
    return node('upsample', { factors: config.perAxis('size', axes, 2) });
  },
});

/** The rows of layers that move a window over images and sequences, or change their sizes. */
export const IMAGE_LAYERS: readonly (readonly [string, Row])[] = [
  ['Conv1D', conv(1)],
  ['Conv2D', conv(2)],
  ['Conv2DTranspose', convTranspose],
  ['DepthwiseConv2D', depthwiseConv],
  ['SeparableConv2D', separableConv],
  ['MaxPooling1D', pool('max', 1)],
  ['MaxPooling2D', pool('max', 2)],
  ['AveragePooling1D', pool('average', 1)],
  ['AveragePooling2D', pool('average', 2)],
  ['GlobalMaxPooling1D', globalPool('max')],
  ['GlobalMaxPooling2D', globalPool('max')],
  ['GlobalAveragePooling1D', globalPool('average')],
  ['GlobalAveragePooling2D', globalPool('average')],
  ['ZeroPadding1D', zeroPad(1)],
  ['ZeroPadding2D', zeroPad(2)],
  ['UpSampling1D', upsample(1)],
  ['UpSampling2D', upsample(2)],
];
