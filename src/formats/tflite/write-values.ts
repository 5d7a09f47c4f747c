import type { ActivationName, ActivationSpec } from '../../graph/activation.ts';
import { decodeWeight } from '../../graph/decode.ts';
import { type Format, sameFormat } from '../../graph/fact.ts';
import type { Node, NodeOf, QuantizationParams } from '../../graph/graph.ts';
import { FUSED } from './schema.ts';
import {
  asImage,
  between,
  convert,
  fromImage,
  own,
  paddingOf,
  refuse,
  reshape,
  throughReals,
  twice,
  version,
  type Write,
} from './writing.ts';

/** The operator of an activation, and the format that it gives in int8; any where it is left out. */
interface Operator {
  readonly name: string;
  readonly format?: QuantizationParams;
  /** Of int8. Default 2. */
  readonly version?: number;
}
const PROBABILITIES = { scale: 2 ** -8, zeroPoint: -128 };
const ACTIVATIONS: { readonly [A in ActivationName]: Operator | null } = {
  linear: null,
  relu: { name: 'RELU' },
  relu6: { name: 'RELU6' },
  leakyRelu: { name: 'LEAKY_RELU', version: 1 },
  elu: { name: 'ELU', version: 1 },
  gelu: { name: 'GELU' },
  geluTanh: { name: 'GELU' },
  sigmoid: { name: 'LOGISTIC', format: PROBABILITIES },
  tanh: { name: 'TANH', format: { scale: 2 ** -7, zeroPoint: 0 } },
  softplus: null,
  silu: { name: 'LOGISTIC' },
  hardSwish: { name: 'HARD_SWISH', version: 1 },
  exponential: { name: 'EXP' },
  softmax: { name: 'SOFTMAX', format: PROBABILITIES },
  logSoftmax: { name: 'LOG_SOFTMAX', format: { scale: 2 ** -4, zeroPoint: 127 } },
};

/** Writes an activation from a tensor to another of the same shape, both in the formats that its operator has. */
export function writeActivation(
  { sheet, names, values }: Write,
  { name }: Node,
  spec: ActivationSpec,
  from: number,
  to: number,
  format: Format,
): void {
  const operator = ACTIVATIONS[spec.name]!;
  const code = version(format, operator.version);
  const { shape } = values.get(name)!;
  switch (spec.name) {
    case 'softmax':
      sheet.operator(operator.name, code, [from], [to], 'softmax', { beta: 1 });
      break;
    case 'leakyRelu':
      sheet.operator(operator.name, code, [from], [to], 'leakyRelu', { alpha: spec.alpha! });
      break;
    case 'gelu':
    case 'geluTanh':
      sheet.operator(operator.name, code, [from], [to], 'gelu', { approximate: spec.name === 'gelu' ? 0 : 1 });
      break;
    case 'silu': {
      const gate = sheet.tensor(names.take(`${name}/gate`), shape, null);
      sheet.operator(operator.name, 1, [from], [gate]);
      sheet.operator('MUL', 1, [from, gate], [to], 'mul', { fusedActivation: 0 });
      break;
    }
    default:
      sheet.operator(operator.name, code, [from], [to]);
  }
}

/** Throws for an activation that TensorFlow Lite does not have. */
export function checkActivation(node: Node, { name, alpha = 1 }: ActivationSpec): void {
  if (ACTIVATIONS[name] === null && name !== 'linear')
    refuse(node, `without the activation ${name}, which TensorFlow Lite has not`);
  if (name === 'elu' && alpha !== 1)
    refuse(node, `with an elu of alpha 1, which is the only one that TensorFlow Lite has, not ${alpha}`);
}

export function activation(write: Write, node: NodeOf<'activation'>): void {
  const { sheet, values, readers, graph } = write;
  const spec = node.attrs.activation;
  const [input] = node.inputs as [string];
  const from = values.get(input)!.format;
  const { format } = node;
  checkActivation(node as Node, spec);
  if (spec.name === 'linear') {
    if (sameFormat(from, format)) sheet.set(node.name, sheet.at(input));
    else convert(write, 'QUANTIZE', sheet.at(input), own(write, node as Node));
    return;
  }
  const isAlone = readers.get(input)!.length === 1 && !graph.outputs.includes(input) && sameFormat(from, format);
  const fused = FUSED.indexOf(spec.name as (typeof FUSED)[number]);
  if (isAlone && fused > 0 && sheet.end(sheet.at(input), fused, node.name)) {
    sheet.set(node.name, sheet.at(input));
    return;
  }
  const fixed = ACTIVATIONS[spec.name]!.format;
  const isOwn = format === null || (spec.name !== 'silu' && (fixed === undefined || sameFormat(fixed, format)));
  if (isOwn) writeActivation(write, node as Node, spec, sheet.at(input), own(write, node as Node), format);
  else throughReals(write, node as Node, ([real], to) => writeActivation(write, node as Node, spec, real!, to, null));
}

export function flatten(write: Write, node: NodeOf<'flatten'>): void {
  const { shape } = write.values.get(node.name)!;
  reshape(write, write.sheet.at(node.inputs[0]!), own(write, node as Node), shape, node.name);
}

/** The sum of two; of more, or of more int8 values than two, one after another in real numbers. */
export function add(write: Write, node: NodeOf<'add'>): void {
  const { sheet, values } = write;
  const { shape } = values.get(node.name)!;
  const sum = (a: number, b: number, to: number, format: Format): void =>
    sheet.operator('ADD', version(format), [a, b], [to], 'add', { fusedActivation: 0 });
  if (node.inputs.length === 2) {
    const to = own(write, node as Node);
    const [a, b] = node.inputs.map((input) => sheet.at(input)) as [number, number];
    sum(a, b, to, node.format);
    if (node.format !== null) sheet.ruled(to, node.attrs.rule);
    return;
  }
  throughReals(write, node as Node, ([first, ...others], to) => {
    others.reduce((so, other, i) => {
      const next = i + 1 === others.length ? to : between(write, `${node.name}/sum`, shape, null);
      sum(so, other, next, null);
      return next;
    }, first!);
  });
}

/** TensorFlow Lite joins int8 values of one format. */
export function concat(write: Write, node: NodeOf<'concat'>): void {
  const { sheet, values } = write;
  const { format } = node;
  const parts = node.inputs.map((input) => {
    const { shape, format: from } = values.get(input)!;
    if (sameFormat(from, format)) return sheet.at(input);
    const alike = between(write, `${input}/alike`, shape, format);
    convert(write, 'QUANTIZE', sheet.at(input), alike);
    return alike;
  });
  const axis = values.get(node.name)!.shape.length;
  const options = { axis, fusedActivation: 0 };
  sheet.operator('CONCATENATION', version(format), parts, [own(write, node as Node)], 'concatenation', options);
}

/** A part of the last axis: all of the others. */
export function split(write: Write, node: NodeOf<'split'>): void {
  const { sheet, values } = write;
  const [input] = node.inputs as [string];
  const { shape } = values.get(input)!;
  const { from, to } = node.attrs;
  const open = (1 << shape.length) - 1; // all axes but the last
  const ends = (last: number): number[] => [0, ...shape.slice(0, -1).map(() => 0), last];
  const bounds = [ends(from), ends(to), [1, ...shape.map(() => 1)]].map((list, i) =>
    sheet.list(`${node.name}/${['begin', 'end', 'strides'][i]}`, list),
  );
  sheet.operator(
    'STRIDED_SLICE',
    version(node.format),
    [sheet.at(input), ...bounds],
    [own(write, node as Node)],
    'stridedSlice',
    {
      beginMask: open,
      endMask: open,
      ellipsisMask: 0,
      newAxisMask: 0,
      shrinkAxisMask: 0,
      offset: 0,
    },
  );
}

/** Of int8 a pool gives the format that it reads: a mean in another is one of real numbers, which are rounded once. */
export function pool(write: Write, node: NodeOf<'pool'>): void {
  const { sheet, values } = write;
  const [input] = node.inputs as [string];
  const { format } = values.get(input)!;
  const { kind, size, strides, rule } = node.attrs;
  const padding = paddingOf(write, node as Node, size, { ...node.attrs, dilations: size.map(() => 1) });
  if (padding === null)
    refuse(node as Node, 'without zeros around, or with those of same: TensorFlow Lite has no others around a pool');
  const [filterHeight, filterWidth] = twice(size);
  const [strideH, strideW] = twice(strides);
  const options = { padding, strideW, strideH, filterWidth, filterHeight, fusedActivation: 0 };
  const name = kind === 'max' ? 'MAX_POOL_2D' : 'AVERAGE_POOL_2D';
  const make = (from: number, to: number, own: Format): void => {
    const x = asImage(write, input, from, own);
    fromImage(write, node as Node, to, own, (image) => {
      sheet.operator(name, version(own), [x], [image], 'pool', options);
      if (own !== null && kind === 'average') sheet.ruled(image, rule);
    });
  };
  if (sameFormat(format, node.format)) make(sheet.at(input), own(write, node as Node), format);
  else throughReals(write, node as Node, ([from], to) => make(from!, to, null));
}

/** MEAN, but for the mean of codes by a rule, which is that of a window over all of the image. */
export function globalPool(write: Write, node: NodeOf<'globalPool'>): void {
  const { sheet, values } = write;
  const [input] = node.inputs as [string];
  const { shape, format } = values.get(input)!;
  const places = shape.slice(0, -1);
  if (node.attrs.rule !== undefined && format !== null) {
    const [filterHeight, filterWidth] = twice(places);
    const options = { padding: 1, strideW: 1, strideH: 1, filterWidth, filterHeight, fusedActivation: 0 };
    const image = between(write, `${node.name}/image`, [1, 1, shape.at(-1)!], format);
    sheet.operator('AVERAGE_POOL_2D', version(format), [asImage(write, input)], [image], 'pool', options);
    reshape(write, image, own(write, node as Node), [shape.at(-1)!], node.name);
    return;
  }
  const axes = sheet.list(
    `${node.name}/axes`,
    places.map((_, i) => i + 1),
  );
  const to = own(write, node as Node);
  const name = node.attrs.kind === 'max' ? 'REDUCE_MAX' : 'MEAN';
  sheet.operator(name, version(node.format), [sheet.at(input), axes], [to], 'reducer', { keepDims: 0 });
}

export function zeroPad(write: Write, node: NodeOf<'zeroPad'>): void {
  const from = write.sheet.at(node.inputs[0]!);
  writeZeros(write, node as Node, from, own(write, node as Node), node.attrs.widths, node.format);
}

/** Zeros around the places of a tensor [1, ..., channels]. */
export function writeZeros(
  { sheet, names }: Write,
  { name }: Node,
  from: number,
  to: number,
  widths: readonly (readonly [number, number])[],
  format: Format,
): void {
  const pairs = [[0, 0], ...widths, [0, 0]];
  const list = sheet.list(names.take(`${name}/widths`), pairs.flat(), [pairs.length, 2]);
  sheet.operator('PAD', version(format), [from, list], [to]);
}

export function upsample(write: Write, node: NodeOf<'upsample'>): void {
  const { sheet, values } = write;
  const sizes = twice(values.get(node.name)!.shape.slice(0, -1));
  const x = asImage(write, node.inputs[0]!);
  const list = sheet.list(`${node.name}/sizes`, sizes);
  fromImage(write, node as Node, own(write, node as Node), node.format, (to) =>
    sheet.operator('RESIZE_NEAREST_NEIGHBOR', version(node.format), [x, list], [to], 'resize', {
      alignCorners: 0,
      halfPixelCenters: 0,
    }),
  );
}

/** A factor and a term for each channel. */
export function batchNorm(write: Write, node: NodeOf<'batchNorm'>): void {
  const { sheet, graph, values, names } = write;
  const { shape } = values.get(node.name)!;
  const numbers = (role: string, usual: number): ArrayLike<number> => {
    const key = node.weights[role];
    return key === undefined ? Array<number>(shape.at(-1)!).fill(usual) : decodeWeight(graph.weights.get(key)!)!;
  };
  const gamma = numbers('gamma', 1);
  const beta = numbers('beta', 0);
  const mean = numbers('mean', 0);
  const variance = numbers('variance', 1);
  const factors = Float32Array.from(gamma, (g, c) => g / Math.sqrt(variance[c]! + node.attrs.epsilon));
  const terms = Float32Array.from(beta, (b, c) => b - mean[c]! * factors[c]!);
  throughReals(write, node as Node, ([x], to) => {
    const constant = (role: string, values: Float32Array): number =>
      sheet.constant(names.take(`${node.name}/${role}`), [terms.length], values);
    // One of the two where the other changes nothing
    const isShifted = terms.some((term) => term !== 0);
    const isScaled = !isShifted || factors.some((factor) => factor !== 1);
    const scaled = isScaled && isShifted ? between(write, `${node.name}/scaled`, shape, null) : isScaled ? to : x!;
    if (isScaled) sheet.operator('MUL', 1, [x!, constant('factors', factors)], [scaled], 'mul', { fusedActivation: 0 });
    if (isShifted) sheet.operator('ADD', 1, [scaled, constant('terms', terms)], [to], 'add', { fusedActivation: 0 });
  });
}

export function embedding(write: Write, node: NodeOf<'embedding'>): void {
  const { sheet, graph, names } = write;
  if (node.format !== null) refuse(node as Node, 'real: TensorFlow Lite looks up real numbers');
  const { encoding, shape } = graph.weights.get(node.weights.embeddings!)!;
  const table = sheet.constant(
    names.take(`${node.name}/embeddings`),
    shape,
    decodeWeight({ shape, encoding, mask: null }) as Float32Array,
  );
  const inputs = [table, sheet.at(node.inputs[0]!)];
  sheet.operator('GATHER', 1, inputs, [own(write, node as Node)], 'gather', { axis: 0, batchDims: 0 });
}

export function quantize(write: Write, node: NodeOf<'quantize'>): void {
  convert(write, 'QUANTIZE', write.sheet.at(node.inputs[0]!), own(write, node as Node));
}

export function dequantize(write: Write, node: NodeOf<'dequantize'>): void {
  write.wholes.set(node.name, node.inputs[0]!);
  convert(write, 'DEQUANTIZE', write.sheet.at(node.inputs[0]!), own(write, node as Node));
}
