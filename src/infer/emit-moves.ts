import { elementsOf, type Shape } from '../base/shape.ts';
import { leavesAll, sameFormat } from '../graph/fact.ts';
import { isIdle } from '../graph/facts.ts';
import { inFormat, toReal } from './emit-integers.ts';
import { activating, type EmitRows, nothing, type Place, REAL, refuse, type Site } from './site.ts';

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

/** The steps of operations that move numbers, real or int8, or change what they stand for. */
export const MOVES: EmitRows<
  | 'activation'
  | 'flatten'
  | 'dropout'
  | 'activityRegularization'
  | 'concat'
  | 'split'
  | 'zeroPad'
  | 'upsample'
  | 'channelShuffle'
  | 'quantize'
  | 'dequantize'
  | 'custom'
> = {
  activation(site) {
    const {
      node: {
        attrs: { activation },
      },
      inputs: [x],
      output: y,
    } = site;
    if (leavesAll(activation, x.format, y.format)) return;
    if (y.format !== null) refuse(site, REAL);
    site.step(activating(activation, x.shape, x.real, y.real));
  },
  flatten: nothing, // moves nothing in row-major memory
  dropout(site) {
    if (!isIdle(site.node, false)) refuse(site, 'draws numbers, which no program does: predict with the model');
  },
  activityRegularization: nothing,
  concat({ inputs, output: y, scratch, step }) {
    const total = y.shape.at(-1)!;
    const rows = elementsOf(y.shape.slice(0, -1));
    let at = 0;
    for (const x of inputs) {
      const width = x.shape.at(-1)!;
      const from = at;
      at += width;
      const isAlike = sameFormat(x.format, y.format);
      const part = isAlike ? x.numbers : scratch('int8', x.size);
      if (!isAlike) step(inFormat(x, y, part as Place<'int8'>, scratch));
      step((k, samples) =>
        k.stridedCopy([samples * rows, width], part.array, 0, [width, 1], y.numbers.array, from, [total, 1]),
      );
    }
  },
  split({ node, inputs: [x], output: y, step }) {
    const { from, to } = node.attrs;
    const total = x.shape.at(-1)!;
    const rows = elementsOf(x.shape.slice(0, -1));
    const width = to - from;
    step((k, samples) =>
      k.stridedCopy([samples * rows, width], x.numbers.array, from, [total, 1], y.numbers.array, 0, [width, 1]),
    );
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
  quantize({ inputs: [x], output: y, scratch, step }) {
    step(inFormat(x, y, y.bytes, scratch));
  },
  dequantize({ inputs: [x], output: y, step }) {
    step((k, samples) => toReal(k, samples, x, y.real));
  },
  custom(site) {
    refuse(site, 'is code, which only training knows');
  },
};
