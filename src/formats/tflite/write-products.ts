import type { Shape } from '../../base/shape.ts';
import { epilogueOf } from '../../graph/activation.ts';
import { decodeWeight } from '../../graph/decode.ts';
import type { DenseStored } from '../../graph/encoding.ts';
import { integersOf, sumScales } from '../../graph/encodings.ts';
import { hasOneScale } from '../../graph/facts.ts';
import type { Node, NodeOf } from '../../graph/graph.ts';
import { permuted } from '../arrange.ts';
import { FUSED } from './schema.ts';
import type { Numbers } from './sheet.ts';
import { checkActivation, writeActivation, writeZeros } from './write-values.ts';
import { asImage, between, fromImage, own, paddingOf, refuse, twice, version, type Write } from './writing.ts';

type Product = NodeOf<'dense'> | NodeOf<'conv'> | NodeOf<'convTranspose'>;

/** How a kernel lies in a file. */
interface Layout {
  /** Of ours, with an axis in front that a sequence lacks. */
  readonly shape: Shape;
  /** Which of our axes each of the file's is. */
  readonly order: readonly number[];
  /** That of the units, in the file. */
  readonly unitAxis: number;
}

/** The tensors of kernel and bias. */
type Weights = readonly number[];

/** Real numbers: float16 as they are, all others in float32. */
function realConstant(
  write: Write,
  name: string,
  weight: DenseStored,
  { shape, order }: Pick<Layout, 'shape' | 'order'>,
): number {
  const { sheet, names } = write;
  const { encoding } = weight;
  const own = order.map((axis) => shape[axis]!);
  const constant = (values: Numbers): number => sheet.constant(names.take(name), own, permuted(values, shape, order));
  if (encoding.type !== 'float16') return constant(decodeWeight(weight) as Float32Array);
  return sheet.decoded(names.take(`${name}/real`), own, constant(encoding.values), 3);
}

/** Kernel and bias of int8 values. With `isReal` both as real numbers, the kernel out of the same integers. */
function integerWeights(write: Write, node: Product, { shape, order, unitAxis }: Layout, isReal: boolean): Weights {
  const { graph, sheet, names, values } = write;
  const kernel = graph.weights.get(node.weights.kernel!)!;
  const bias = graph.weights.get(node.weights.bias ?? '')?.encoding;
  const { values: integers, scales } = integersOf(kernel.encoding, kernel.shape)!;
  const isOne = hasOneScale(node as Node);
  const sums = sumScales(node as Node, kernel, values.get(node.inputs[0]!)!.format!);
  const whole = bias?.type === 'int32' ? bias.values : null;
  const own = order.map((axis) => shape[axis]!);
  const each = isOne ? [scales[0]!] : [...scales];
  const laid = permuted(integers as Int8Array, shape, order);
  const constant = sheet.constant(names.take(`${node.name}/kernel`), own, laid, each, unitAxis);
  if (!isReal) {
    const units = isOne ? [sums[0]!] : [...sums];
    return whole === null
      ? [constant]
      : [constant, sheet.constant(names.take(`${node.name}/bias`), [whole.length], whole, units)];
  }
  const real = sheet.decoded(names.take(`${node.name}/kernel/real`), own, constant, each.length > 1 ? 5 : 2);
  const terms = whole && Float32Array.from(whole, (b, j) => b * sums[j]!);
  return terms === null ? [real] : [real, sheet.constant(names.take(`${node.name}/bias`), [terms.length], terms)];
}

function realWeights(write: Write, node: Product, layout: Layout): Weights {
  const { kernel, bias } = {
    kernel: write.graph.weights.get(node.weights.kernel!)!,
    bias: write.graph.weights.get(node.weights.bias ?? ''),
  };
  const own = realConstant(write, `${node.name}/kernel`, kernel, layout);
  return bias === undefined
    ? [own]
    : [own, realConstant(write, `${node.name}/bias`, bias, { shape: bias.shape, order: [0] })];
}

/** Whether the integers of a bias can be told from the real numbers that they stand for. */
function isTold(write: Write, node: Product): boolean {
  const bias = write.graph.weights.get(node.weights.bias ?? '')?.encoding;
  return bias?.type !== 'int32' || bias.values.every((b) => Math.abs(b) < 2 ** 22);
}

/** Writes the operator of a product from one tensor to another. */
type Make = (x: number, weights: Weights, to: number, fusedActivation: number) => void;

/**
 * A product and the activation that it ends in. One of int8 values that gives real numbers is a real product in the file, since
 * TensorFlow Lite's products of int8 give int8: it is one of the same integers, made real before.
 */
function product(write: Write, node: Product, layout: Layout, isImage: boolean, canEnd: boolean, make: Make): void {
  const { sheet, values, graph } = write;
  const [input] = node.inputs as [string];
  const from = values.get(input)!;
  const { shape, format } = values.get(node.name)!;
  const { activation, rule } = node.attrs;
  checkActivation(node as Node, activation);
  const isReal = from.format !== null && format === null;
  let x = sheet.at(input);
  if (isReal) {
    const real = between(write, `${input}/real`, from.shape, null);
    sheet.operator('DEQUANTIZE', 2, [x], [real]);
    x = real;
  }
  if (isImage) x = asImage(write, input, x, isReal ? null : from.format);
  const weights = from.format === null ? realWeights(write, node, layout) : integerWeights(write, node, layout, isReal);
  const isEnding = canEnd && epilogueOf(activation) === activation.name;
  const isWhole = isEnding || activation.name === 'linear';
  const fused = isEnding ? FUSED.indexOf(activation.name as (typeof FUSED)[number]) : 0;
  const result = isWhole ? own(write, node as Node) : between(write, `${node.name}/${node.op}`, shape, format);
  const finish = (to: number): void => {
    make(x, weights, to, fused);
    if (from.format !== null && format !== null) sheet.ruled(to, rule);
    const bias = graph.weights.get(node.weights.bias ?? '')?.encoding;
    if (isReal && !isTold(write, node)) sheet.biases.set(to, [...(bias!.values as Int32Array)]);
  };
  if (isImage) fromImage(write, node as Node, result, format, finish);
  else finish(result);
  if (!isWhole) writeActivation(write, node as Node, activation, result, own(write, node as Node), format);
}

export function writeDense(write: Write, node: NodeOf<'dense'>): void {
  const { sheet, values, graph } = write;
  const { shape, format } = values.get(node.name)!;
  const kernel = graph.weights.get(node.weights.kernel!)!;
  const keepNumDims = shape.length > 1 ? 1 : 0;
  const layout = { shape: kernel.shape, order: [1, 0], unitAxis: 0 };
  product(write, node, layout, false, true, (x, weights, to, fusedActivation) => {
    const code = weights.length < 2 ? 6 : keepNumDims ? 5 : version(format, 4);
    sheet.operator('FULLY_CONNECTED', code, [x, ...weights], [to], 'fullyConnected', {
      fusedActivation,
      weightsFormat: 0,
      keepNumDims,
    });
  });
}

export function writeConv(write: Write, node: NodeOf<'conv'>): void {
  const { sheet, values, graph, names } = write;
  const { shape, format } = values.get(node.inputs[0]!)!;
  const kernel = graph.weights.get(node.weights.kernel!)!;
  const { strides, dilations, groups, padding } = node.attrs;
  const taps = kernel.shape.slice(0, -2);
  const isDepthwise = groups > 1 && kernel.shape.at(-2) === 1;
  const layout = {
    shape: [...(taps.length === 1 ? [1] : []), ...kernel.shape],
    order: isDepthwise ? [2, 0, 1, 3] : [3, 0, 1, 2],
    unitAxis: isDepthwise ? 3 : 0,
  };
  const own = paddingOf(write, node as Node, taps, node.attrs);
  const [strideH, strideW] = twice(strides);
  const [dilationH, dilationW] = twice(dilations);
  product(write, node, layout, true, true, (x, weights, to, fusedActivation) => {
    const isInteger = values.get(node.name)!.format !== null;
    const options = { padding: own ?? 1, strideW, strideH, fusedActivation, dilationW, dilationH };
    let from = x;
    if (own === null) {
      const widths = (taps.length === 1 ? [[0, 0] as const] : []).concat(padding as []);
      const places = shape.slice(0, -1);
      const wide = [...(taps.length === 1 ? [1] : []), ...places].map(
        (n, axis) => widths[axis]![0] + n + widths[axis]![1],
      );
      from = sheet.tensor(names.take(`${node.name}/padded`), [...wide, shape.at(-1)!], isInteger ? format : null);
      writeZeros(write, node as Node, x, from, widths, isInteger ? format : null);
    }
    if (isDepthwise) {
      const depthMultiplier = kernel.shape.at(-1)! / groups;
      const code = isInteger ? 3 : Math.max(dilationH, dilationW) > 1 ? 2 : 1;
      sheet.operator('DEPTHWISE_CONV_2D', code, [from, ...weights], [to], 'depthwise', { ...options, depthMultiplier });
    } else sheet.operator('CONV_2D', isInteger ? 3 : 1, [from, ...weights], [to], 'conv2d', options);
  });
}

export function writeConvTranspose(write: Write, node: NodeOf<'convTranspose'>): void {
  const { sheet, values, graph, names } = write;
  const { shape, format } = values.get(node.name)!;
  const kernel = graph.weights.get(node.weights.kernel!)!;
  const { padding, strides } = node.attrs;
  if (typeof padding !== 'string')
    refuse(
      node as Node,
      'without zeros around, or with those of same: TensorFlow Lite has no others in a transposed convolution',
    );
  const [strideH, strideW] = twice(strides);
  const layout = { shape: kernel.shape, order: [2, 0, 1, 3], unitAxis: 0 };
  product(write, node, layout, true, false, (x, [own, ...bias], to) => {
    const sizes = sheet.list(names.take(`${node.name}/shape`), [1, ...shape]);
    const options = { padding: padding === 'same' ? 0 : 1, strideW, strideH, fusedActivation: 0 };
    const code = bias.length > 0 ? 3 : version(format);
    sheet.operator('TRANSPOSE_CONV', code, [sizes, own!, x, ...bias], [to], 'transposeConv', options);
  });
}
