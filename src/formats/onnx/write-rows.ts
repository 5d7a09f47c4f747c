import { StateError } from '../../base/errors.ts';
import type { Shape } from '../../base/shape.ts';
import { type Steps, transposedSizes, windowOf } from '../../base/window.ts';
import type { Value } from '../../graph/check.ts';
import { isIdle } from '../../graph/facts.ts';
import type { Attributes, NodeOf, Op, PoolKind, QuantizationParams } from '../../graph/graph.ts';
import {
  type AttributeRows,
  float,
  type GraphWriter,
  int,
  ints,
  type Layout,
  type Made,
  type Operation,
  text,
} from './graph-writer.ts';
import { activated } from './write-activations.ts';
import type { WeightWriter } from './write-weights.ts';

/** A node that is to be written. */
export interface Site<K extends Op> {
  readonly node: NodeOf<K>;
  readonly attrs: Attributes[K];
  readonly inputs: readonly Value[];
  readonly output: Value;
  /** Shapes of its weights, by role. */
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly writer: GraphWriter;
  readonly weights: WeightWriter;
  /** What 1 is in its bias of integers. */
  readonly units: Float64Array | undefined;
}

type Row<K extends Op> = (site: Site<K>) => Made;

/** What the node reads first, in a layout. */
const read = ({ node, writer }: Site<Op>, layout: Layout): string => writer.read(node.inputs[0]!, layout);

/** A weight with its axes in an order; the empty name where the node has none. */
function weight({ node, weights, units }: Site<Op>, role: string, order?: readonly number[]): string {
  const key = node.weights[role];
  return key === undefined ? '' : weights.real(key, order, role === 'bias' ? units : undefined);
}

/** Without the optional ones behind the last that is there. */
const given = (...inputs: readonly string[]): string[] => inputs.filter((name) => name !== '');

/** The axis of the channels, of a batch. */
const channelAxis = (layout: Layout, { length }: Shape): number => (layout === 'first' ? 1 : length);

/** What gives on its numbers, in the layout in which they lie. */
const same = (site: Site<Op>): Made => {
  const layout = site.writer.layoutOf(site.node.inputs);
  return { opType: 'Identity', inputs: [read(site, layout)], layout };
};

function refuse({ node }: Site<Op>, problem: string): never {
  throw new StateError('toOnnx', `node "${node.name}" (${node.op}) ${problem}`);
}

const never =
  (problem: string): Row<Op> =>
  (site) =>
    refuse(site, problem);

/** What training alone does is left out, but for what it does always. */
const idle: Row<'dropout' | 'activityRegularization'> = (site) =>
  isIdle(site.node, false)
    ? same(site)
    : refuse(site, 'draws numbers in every run, which no ONNX operator does: leave it out');

/** The last operation of a product: its activation, behind sums that come out in a layout. */
function finished(
  { node, attrs, writer }: Site<'dense' | 'conv' | 'convTranspose'>,
  sums: Operation,
  layout: Layout,
): Made {
  if (attrs.activation.name === 'linear') return { ...sums, layout };
  return { ...activated(writer, node.name, attrs.activation, writer.step(node.name, sums), layout), layout };
}

/** A kernel [...taps, a, b] as [b, a, ...taps]. */
const tapsLast = ({ length }: Shape): number[] => [
  length - 1,
  length - 2,
  ...Array.from({ length: length - 2 }, (_, i) => i),
];

/** Zeros before and behind each axis, so that windows of `taps` over `places` are where ours are. */
function padsOf(places: Shape, taps: Shape, steps: Steps): number[] {
  const { strides, dilations, padding } = steps;
  if (typeof padding !== 'string')
    return [...padding.map(([before]) => before), ...padding.map(([, behind]) => behind)];
  const { padTop, padLeft, outHeight, outWidth } = windowOf(1, places, taps, steps);
  const before = places.length === 1 ? [padLeft] : [padTop, padLeft];
  const positions = places.length === 1 ? [outWidth] : [outHeight, outWidth];
  const behind = places.map((n, axis) => {
    const needed = (positions[axis]! - 1) * strides[axis]! + (taps[axis]! - 1) * dilations[axis]! + 1;
    return Math.max(0, needed - n - before[axis]!);
  });
  return [...before, ...behind];
}

/** A pool of windows, or of whole images. */
const pooled = (site: Site<'pool' | 'globalPool'>, names: { readonly [P in PoolKind]: string }): Operation => ({
  opType: names[site.attrs.kind],
  inputs: [read(site, 'first')],
});

const POOLS = { max: 'MaxPool', average: 'AveragePool' } as const;
const GLOBAL_POOLS = { max: 'GlobalMaxPool', average: 'GlobalAveragePool' } as const;

/** Where integers have a format: its scale and zero point. */
const formatOf = ({ writer }: Site<Op>, { scale, zeroPoint }: QuantizationParams): string[] => [
  writer.real(scale),
  writer.constant('int8', [], Int8Array.of(zeroPoint)),
];

/** One row an operation: the last of those that it becomes; the others are written. */
const ROWS: { readonly [K in Op]: Row<K> } = {
  dense(site) {
    const { node, output, writer } = site;
    const parts = given(read(site, 'last'), weight(site, 'kernel'));
    const bias = weight(site, 'bias');
    if (output.shape.length === 1) return finished(site, { opType: 'Gemm', inputs: given(...parts, bias) }, 'last');
    const product: Operation = { opType: 'MatMul', inputs: parts };
    if (bias === '') return finished(site, product, 'last');
    return finished(site, { opType: 'Add', inputs: [writer.step(node.name, product), bias] }, 'last');
  },
  activation(site) {
    const { node, attrs, writer } = site;
    const layout = writer.layoutOf(node.inputs);
    return { ...activated(writer, node.name, attrs.activation, read(site, layout), layout), layout };
  },
  flatten(site) {
    if (site.inputs[0]!.shape.length === 1) return same(site);
    return { opType: 'Flatten', inputs: [read(site, 'last')], attributes: { axis: int(1) }, layout: 'last' };
  },
  dropout: idle,
  activityRegularization: idle,
  add({ node, writer }) {
    const layout = writer.layoutOf(node.inputs);
    const inputs = node.inputs.map((name) => writer.read(name, layout));
    return { opType: inputs.length === 2 ? 'Add' : 'Sum', inputs, layout };
  },
  concat({ node, output, writer }) {
    const layout = writer.layoutOf(node.inputs);
    const inputs = node.inputs.map((name) => writer.read(name, layout));
    return { opType: 'Concat', inputs, attributes: { axis: int(channelAxis(layout, output.shape)) }, layout };
  },
  split(site) {
    const { node, attrs, output, writer } = site;
    const layout = writer.layoutOf(node.inputs);
    const bounds = [[attrs.from], [attrs.to], [channelAxis(layout, output.shape)]];
    return { opType: 'Slice', inputs: [read(site, layout), ...bounds.map((n) => writer.whole(n))], layout };
  },
  conv(site) {
    const { attrs, inputs, shapes } = site;
    const places = inputs[0]!.shape.slice(0, -1);
    const taps = shapes.kernel!.slice(0, -2);
    const attributes: AttributeRows = {
      dilations: ints(attrs.dilations),
      group: int(attrs.groups),
      kernel_shape: ints(taps),
      pads: ints(padsOf(places, taps, attrs)),
      strides: ints(attrs.strides),
    };
    const kernel = weight(site, 'kernel', tapsLast(shapes.kernel!));
    const sums = { opType: 'Conv', inputs: given(read(site, 'first'), kernel, weight(site, 'bias')), attributes };
    return finished(site, sums, 'first');
  },
  convTranspose(site) {
    const { attrs, inputs, output, shapes } = site;
    const from = inputs[0]!.shape.slice(0, -1);
    const places = output.shape.slice(0, -1);
    const taps = shapes.kernel!.slice(0, -2);
    const { strides, padding } = attrs;
    const steps: Steps = { strides, padding, dilations: taps.map(() => 1) };
    const before = padsOf(places, taps, steps).slice(0, places.length);
    // What windows with these zeros before would give beyond the image is cut off; what they leave is added
    const whole = transposedSizes(from, taps, { ...steps, padding: places.map(() => [0, 0]) });
    const over = places.map((n, axis) => whole[axis]! - before[axis]! - n);
    const attributes: AttributeRows = {
      kernel_shape: ints(taps),
      output_padding: ints(over.map((n) => Math.max(0, -n))),
      pads: ints([...before, ...over.map((n) => Math.max(0, n))]),
      strides: ints(strides),
    };
    const kernel = weight(site, 'kernel', tapsLast(shapes.kernel!));
    const sums = {
      opType: 'ConvTranspose',
      inputs: given(read(site, 'first'), kernel, weight(site, 'bias')),
      attributes,
    };
    return finished(site, sums, 'first');
  },
  pool(site) {
    const { kind, size, strides, padding } = site.attrs;
    const steps: Steps = { strides, padding, dilations: size.map(() => 1) };
    const attributes: AttributeRows = {
      kernel_shape: ints(size),
      pads: ints(padsOf(site.inputs[0]!.shape.slice(0, -1), size, steps)),
      strides: ints(strides),
      ...(kind === 'average' && { count_include_pad: int(0) }),
    };
    return { ...pooled(site, POOLS), attributes, layout: 'first' };
  },
  globalPool(site) {
    const whole = site.writer.step(site.node.name, pooled(site, GLOBAL_POOLS));
    return { opType: 'Flatten', inputs: [whole], attributes: { axis: int(1) }, layout: 'last' };
  },
  zeroPad(site) {
    const { node, attrs, writer } = site;
    const layout = writer.layoutOf(node.inputs);
    const along = (side: 0 | 1): number[] => {
      const zeros = attrs.widths.map((pair) => pair[side]);
      return layout === 'first' ? [0, 0, ...zeros] : [0, ...zeros, 0];
    };
    return { opType: 'Pad', inputs: [read(site, layout), writer.whole([...along(0), ...along(1)])], layout };
  },
  upsample(site) {
    const { attrs, writer } = site;
    const scales = Float32Array.of(1, 1, ...attrs.factors);
    return {
      opType: 'Resize',
      inputs: [read(site, 'first'), '', writer.constant('float32', [scales.length], scales)],
      attributes: {
        coordinate_transformation_mode: text('asymmetric'),
        mode: text('nearest'),
        nearest_mode: text('floor'),
      },
      layout: 'first',
    };
  },
  channelShuffle(site) {
    const { node, attrs, output, writer } = site;
    const layout = writer.layoutOf(node.inputs);
    const { groups } = attrs;
    const channels = output.shape.at(-1)!;
    const places = output.shape.slice(0, -1);
    const at = channelAxis(layout, output.shape);
    // 0 keeps the number of samples
    const shape = (...own: number[]): string =>
      writer.whole(layout === 'first' ? [0, ...own, ...places] : [0, ...places, ...own]);
    const parted = writer.step(node.name, {
      opType: 'Reshape',
      inputs: [read(site, layout), shape(groups, channels / groups)],
    });
    const perm = Array.from({ length: output.shape.length + 2 }, (_, i) => (i === at ? at + 1 : i === at + 1 ? at : i));
    const turned = writer.step(node.name, { opType: 'Transpose', inputs: [parted], attributes: { perm: ints(perm) } });
    return { opType: 'Reshape', inputs: [turned, shape(channels)], layout };
  },
  batchNorm(site) {
    const { attrs, output, writer } = site;
    const channels = output.shape.at(-1)!;
    const all = (x: number): string => writer.constant('float32', [channels], new Float32Array(channels).fill(x));
    return {
      opType: 'BatchNormalization',
      inputs: [
        read(site, 'first'),
        weight(site, 'gamma') || all(1),
        weight(site, 'beta') || all(0),
        weight(site, 'mean'),
        weight(site, 'variance'),
      ],
      attributes: { epsilon: float(attrs.epsilon), momentum: float(attrs.momentum) },
      layout: 'first',
    };
  },
  layerNorm(site) {
    const { attrs, output, writer } = site;
    const channels = output.shape.at(-1)!;
    const gamma = weight(site, 'gamma') || writer.constant('float32', [channels], new Float32Array(channels).fill(1));
    return {
      opType: 'LayerNormalization',
      inputs: given(read(site, 'last'), gamma, weight(site, 'beta')),
      attributes: { axis: int(-1), epsilon: float(attrs.epsilon) },
      layout: 'last',
    };
  },
  embedding: (site) => ({
    opType: 'Gather',
    inputs: [weight(site, 'embeddings'), read(site, 'last')],
    layout: 'last',
  }),
  fakeQuantize: never('is trained for integers: convert() the model first'),
  quantize(site) {
    const layout = site.writer.layoutOf(site.node.inputs);
    return { opType: 'QuantizeLinear', inputs: [read(site, layout), ...formatOf(site, site.output.format!)], layout };
  },
  dequantize(site) {
    const layout = site.writer.layoutOf(site.node.inputs);
    const format = site.inputs[0]!.format!;
    return { opType: 'DequantizeLinear', inputs: [read(site, layout), ...formatOf(site, format)], layout };
  },
  custom: never('is code of your own, which no file holds'),
};

/** Writes what a node becomes. */
export function writeNode<K extends Op>(site: Site<K>): void {
  const { node, output, writer } = site;
  const row: Row<K> = ROWS[node.op];
  writer.give(node.name, output.shape.length, row(site), node.inputs[0]!);
}
