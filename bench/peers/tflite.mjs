import { Builder } from 'flatbuffers';
import { permuted } from './layouts.mjs';

/**
 * Writes a network for images as a .tflite file: a FlatBuffer of tables whose fields go by number, as in TensorFlow
 * Lite's schema.fbs, of which this is the little that is needed here.
 */

/** TensorType. */
const TYPES = { float32: 0, int32: 2, int8: 9 };
/** BuiltinOperator, the version that takes integers too, and the kind of its options in BuiltinOptions. */
const OPERATORS = {
  conv2d: { code: 3, version: 3, options: 1 },
  depthwise: { code: 4, version: 3, options: 2 },
  dequantize: { code: 6, version: 2, options: 0 },
  dense: { code: 9, version: 12, options: 8 },
  maxPool: { code: 17, version: 2, options: 5 },
  flatten: { code: 22, version: 1, options: 17 },
  softmax: { code: 25, version: 1, options: 9 },
  globalAverage: { code: 40, version: 2, options: 27 },
  quantize: { code: 114, version: 1, options: 0 },
};
const VALID = 1;
const RELU = 1;

const typeOf = (data) => (data instanceof Int8Array ? 'int8' : data instanceof Int32Array ? 'int32' : 'float32');

/** Tables and vectors; what a table points to has to be there before it. */
class Writer {
  builder = new Builder(1 << 16);

  /** Fields by number: `[number, 'Int8', value]`, or an offset where there is no kind. */
  table(...fields) {
    const { builder } = this;
    builder.startObject(Math.max(-1, ...fields.map(([number]) => number)) + 1);
    for (const [number, value, kind = 'Offset'] of fields) builder[`addField${kind}`](number, value, 0);
    return builder.endObject();
  }

  vector(values, kind, size) {
    this.builder.startVector(size, values.length, size);
    for (const value of [...values].reverse()) this.builder[`add${kind}`](value);
    return this.builder.endVector();
  }

  integers = (values) => this.vector(values, 'Int32', 4);
  floats = (values) => this.vector(values, 'Float32', 4);
  longs = (values) => this.vector(values.map(BigInt), 'Int64', 8);
  offsets = (values) => this.vector(values, 'Offset', 4);

  /** Aligned for every kind of number. */
  bytes(data) {
    const { builder } = this;
    builder.startVector(1, data.byteLength, 16);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (let i = bytes.length - 1; i >= 0; i--) builder.addInt8((bytes[i] << 24) >> 24);
    return builder.endVector();
  }

  finish(root) {
    this.builder.finish(root, 'TFL3');
    return this.builder.asUint8Array();
  }
}

/** Tensors and operators in the order in which they come; `file` writes them. */
class Graph {
  tensors = [];
  operators = [];

  /** A value, or a constant where `data` is given; `format` is { scales, zeroPoints, axis }. Returns its number. */
  tensor(shape, type, format = null, data = null) {
    this.tensors.push({ shape, type, format, data });
    return this.tensors.length - 1;
  }

  constant = (shape, data, format = null) => this.tensor(shape, typeOf(data), format, data);

  operator(kind, inputs, output, options = []) {
    this.operators.push({ kind, inputs, output, options });
    return output;
  }

  file(input, output) {
    const w = new Writer();
    const buffers = [w.table()]; // the first is of those that have none
    const tensors = this.tensors.map(({ shape, type, format, data }, i) => {
      if (data !== null) buffers.push(w.table([0, w.bytes(data)]));
      const name = w.builder.createString(`t${i}`);
      const quantization =
        format === null
          ? []
          : [[4, w.table([2, w.floats(format.scales)], [3, w.longs(format.zeroPoints)], [6, format.axis, 'Int32'])]];
      const buffer = data === null ? 0 : buffers.length - 1;
      return w.table(
        [0, w.integers(shape)],
        [1, TYPES[type], 'Int8'],
        [2, buffer, 'Int32'],
        [3, name],
        ...quantization,
      );
    });
    const kinds = [...new Set(this.operators.map(({ kind }) => kind))];
    const codes = kinds.map((kind) => {
      const { code, version } = OPERATORS[kind];
      return w.table([0, code, 'Int8'], [2, version, 'Int32'], [3, code, 'Int32']);
    });
    const operators = this.operators.map((one) => {
      const union = OPERATORS[one.kind].options;
      const options =
        union === 0
          ? []
          : [
              [3, union, 'Int8'],
              [4, w.table(...one.options)],
            ];
      const [inputs, outputs] = [w.integers(one.inputs), w.integers([one.output])];
      return w.table([0, kinds.indexOf(one.kind), 'Int32'], [1, inputs], [2, outputs], ...options);
    });
    const parts = [w.offsets(tensors), w.integers([input]), w.integers([output]), w.offsets(operators)];
    const subgraph = w.table(...parts.map((part, i) => [i, part]));
    const lists = [w.offsets(codes), w.offsets([subgraph])];
    const held = w.offsets(buffers);
    return w.finish(w.table([0, 3, 'Int32'], [1, lists[0]], [2, lists[1]], [4, held]));
  }
}

/** Options of a layer: fields of the table that its operator has. */
function optionsOf({ kind, size, stride = 1 }, isLast) {
  const window = (step) => [
    [0, VALID, 'Int8'],
    [1, step, 'Int32'],
    [2, step, 'Int32'],
  ];
  const activation = isLast ? 0 : RELU;
  switch (kind) {
    case 'conv2d':
      return [...window(1), [3, activation, 'Int8'], [4, 1, 'Int32'], [5, 1, 'Int32']];
    case 'depthwise':
      return [...window(stride), [3, 1, 'Int32'], [4, activation, 'Int8'], [5, 1, 'Int32'], [6, 1, 'Int32']];
    case 'maxPool':
      return [...window(size), [3, size, 'Int32'], [4, size, 'Int32']];
    case 'dense':
      return [[0, activation, 'Int8']];
    default:
      return [];
  }
}

/** A kernel with its units first, where a depthwise one has them last, and the axis of its scales. */
function kernelOf({ kind, shape, size }, kernel, units) {
  if (kind === 'depthwise') return { shape: [1, size, size, units], values: kernel, axis: 3 };
  if (kind === 'dense')
    return { shape: [units, shape[0]], values: permuted(kernel, [shape[0], units], [1, 0]), axis: 0 };
  const from = [size, size, shape[2], units];
  return { shape: [units, size, size, shape[2]], values: permuted(kernel, from, [3, 0, 1, 2]), axis: 0 };
}

const zeros = (n) => new Array(n).fill(0);

/** The bytes of a network from images to probabilities, with integers inside where the problem has them. */
export function tflite({ layers, batch, weights, int8 }) {
  const graph = new Graph();
  const formatOf = (i) => {
    if (int8 === null) return null;
    const { scale, zeroPoint } = int8.formats[i];
    return { scales: [scale], zeroPoints: [zeroPoint], axis: 0 };
  };
  const type = int8 === null ? 'float32' : 'int8';
  const input = graph.tensor([batch, ...layers[0].shape], 'float32');
  let x = input;
  if (int8 !== null) x = graph.operator('quantize', [x], graph.tensor([batch, ...layers[0].shape], type, formatOf(0)));
  let used = 0;
  for (const [i, layer] of layers.entries()) {
    const isLast = i + 1 === layers.length;
    const inputs = [x];
    if (layer.kind === 'conv2d' || layer.kind === 'depthwise' || layer.kind === 'dense') {
      const integers = int8?.weights[used / 2];
      const [values, bias] = integers ? [integers.kernel, integers.bias] : weights.slice(used, used + 2);
      used += 2;
      const kernel = kernelOf(layer, values, bias.length);
      const formats = [kernel.axis, 0].map((axis, which) => {
        if (!integers) return null;
        const scales = which === 0 ? integers.scales : integers.scales.map((s) => s * int8.formats[i].scale);
        return { scales: [...scales], zeroPoints: zeros(scales.length), axis };
      });
      inputs.push(graph.constant(kernel.shape, kernel.values, formats[0]));
      inputs.push(graph.constant([bias.length], bias, formats[1]));
    }
    const shape = [batch, ...(isLast ? [layer.units] : layers[i + 1].shape)];
    if (layer.kind === 'globalAverage') inputs.push(graph.constant([2], Int32Array.of(1, 2)));
    if (layer.kind === 'flatten') inputs.push(graph.constant([2], Int32Array.from(shape)));
    x = graph.operator(layer.kind, inputs, graph.tensor(shape, type, formatOf(i + 1)), optionsOf(layer, isLast));
  }
  const shape = [batch, layers.at(-1).units];
  if (int8 !== null) x = graph.operator('dequantize', [x], graph.tensor(shape, 'float32'));
  x = graph.operator('softmax', [x], graph.tensor(shape, 'float32'), [[0, 1, 'Float32']]);
  return graph.file(input, x);
}
