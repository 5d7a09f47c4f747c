import { elementsOf, type Shape } from '../base/shape.ts';
import { type Steps, windowOf } from '../base/window.ts';
import { integerConv, integerPool } from './emit-integers.ts';
import { convolutionOf, type EmitRows, finishing, type Site } from './site.ts';

/** Each number of `counts` numbers at a place of its own: all but the first axis of `strides`, which is that of samples. */
interface Walk {
  readonly shape: Shape;
  readonly from: Shape;
  readonly offset: number;
  readonly to: Shape;
}

/** Copies numbers of one place to another along a walk over each sample, x.size and y.size numbers apart. */
function copying({ inputs: [x], output: y, step }: Pick<Site, 'inputs' | 'output' | 'step'>, walk: Walk): void {
  const { shape, from, offset, to } = walk;
  step((k, samples) =>
    k.stridedCopy([samples, ...shape], x.numbers.array, 0, [x.size, ...from], y.numbers.array, offset, [y.size, ...to]),
  );
}

/** How far apart the neighbours along each axis of a sample lie. */
const apartIn = (shape: Shape): number[] => shape.map((_, axis) => elementsOf(shape.slice(axis + 1)));

const ones = ({ length }: Shape): Shape => Array<number>(length).fill(1);

/** The steps of operations on images and sequences. */
export const IMAGE_EMIT: EmitRows<
  'conv' | 'convTranspose' | 'pool' | 'globalPool' | 'zeroPad' | 'upsample' | 'channelShuffle'
> = {
  conv(site) {
    const { node, inputs, output: y, weight, panels, product } = site;
    if (product !== null) return integerConv(site, product);
    const { activation, groups } = node.attrs;
    const isPacked = groups === 1;
    const kernel = isPacked ? panels('kernel') : weight('kernel')!;
    const bias = weight('bias');
    const windows = convolutionOf(site);
    finishing(activation, y, site, (k, samples, epilogue, sums) =>
      k[isPacked ? 'conv2dPanels' : 'conv2d'](
        windows(samples),
        inputs[0].real.array,
        kernel.array,
        bias?.array ?? null,
        epilogue,
        sums.array,
      ),
    );
  },
  convTranspose({ node, inputs: [x], output: y, weight, shapes, ...site }) {
    const { activation, strides, padding } = node.attrs;
    const kernel = weight('kernel')!;
    const bias = weight('bias');
    const taps = shapes.kernel!.slice(0, -2);
    const spatial = y.shape.slice(0, -1);
    const steps: Steps = { strides, padding, dilations: ones(spatial) };
    // As the convolution sees it that goes from the result to what is read
    const ends = { channels: y.shape.at(-1)!, units: x.shape.at(-1)!, groups: 1 };
    finishing(activation, y, site, (k, samples, epilogue, sums) => {
      const s = { ...windowOf(samples, spatial, taps, steps), ...ends };
      k.conv2dTransposed(s, x.real.array, kernel.array, bias?.array ?? null, epilogue, sums.array);
    });
  },
  pool(site) {
    const {
      node,
      inputs: [x],
      output: y,
      step,
    } = site;
    const { kind, size, strides, padding } = node.attrs;
    const spatial = x.shape.slice(0, -1);
    const steps: Steps = { strides, padding, dilations: ones(spatial) };
    if (y.format !== null) return integerPool(site, size, steps);
    const kernel = kind === 'max' ? 'maxPool' : 'avgPool';
    step((k, samples) =>
      k[kernel](windowOf(samples, spatial, size, steps), x.shape.at(-1)!, x.real.array, y.real.array),
    );
  },
  globalPool(site) {
    const {
      node,
      inputs: [x],
      output: y,
      step,
    } = site;
    const spatial = x.shape.slice(0, -1);
    if (y.format !== null)
      return integerPool(site, spatial, { strides: spatial, padding: 'valid', dilations: ones(spatial) });
    const places = elementsOf(spatial);
    const channels = y.size;
    if (node.attrs.kind === 'max') step((k, samples) => k.max(samples, places, channels, x.real.array, y.real.array));
    else step((k, samples) => k.sum(samples, places, channels, x.real.array, places, y.real.array));
  },
  zeroPad(site) {
    const {
      node,
      inputs: [x],
      output: y,
      step,
      constants,
    } = site;
    const to = apartIn(y.shape);
    const offset = node.attrs.widths.reduce((sum, [before], axis) => sum + before * to[axis]!, 0);
    if (y.format === null) step((k, samples) => k.fill(samples * y.size, 0, y.real.array));
    else {
      const zero = constants('int8', Int8Array.of(y.format.zeroPoint));
      step((k, samples) => k.stridedCopy([samples * y.size], zero.array, 0, [0], y.bytes.array, 0, [1]));
    }
    copying(site, { shape: x.shape, from: apartIn(x.shape), offset, to });
  },
  upsample(site) {
    const {
      node,
      inputs: [x],
      output: y,
    } = site;
    // Each axis is one of positions and one of their copies, which read the same number
    const twice = (shape: Shape, copies: (axis: number) => number): number[] =>
      shape.flatMap((n, axis) => (axis === shape.length - 1 ? [n] : [n, copies(axis)]));
    const to = apartIn(y.shape);
    const { factors } = node.attrs;
    const wide = to.map((n, axis) => n * (factors[axis] ?? 1));
    copying(site, {
      shape: twice(x.shape, (axis) => factors[axis]!),
      from: twice(apartIn(x.shape), () => 0),
      offset: 0,
      to: twice(wide, (axis) => to[axis]!),
    });
  },
  channelShuffle(site) {
    const { groups } = site.node.attrs;
    const { shape, size } = site.output;
    const channels = shape.at(-1)!;
    const members = channels / groups;
    copying(site, {
      shape: [size / Math.max(channels, 1), groups, members],
      from: [channels, members, 1],
      offset: 0,
      to: [channels, 1, groups],
    });
  },
};
