// A depthwise convolution that TensorFlow Lite's own kernel computes: its XNNPACK takes none whose kernel is no constant.
import { toTflite } from '../../dist/src/formats/index.js';
import { fileOf, tablesOf } from './tflite-tables.mjs';

const CHANNELS = 8;
const SIZE = 4;
export const INPUT = { scale: 0.05, zeroPoint: -3 };
export const OUTPUT = { scale: 0.0625, zeroPoint: 4 };
const SCALE = Math.fround(0.0043);

/** A network of one kernel of 3·3 taps, in integers, and its file with a QUANTIZE of real numbers in the place of the kernel. */
export function ownKernel(next) {
  const integer = (low, high) => Math.floor(low + next() * (high - low + 1));
  const values = Int8Array.from({ length: 9 * CHANNELS }, () => integer(-127, 127));
  const biases = Int32Array.from({ length: CHANNELS }, () => integer(-20000, 20000));
  const scales = new Float32Array(CHANNELS).fill(SCALE);
  const weight = (shape, encoding) => ({ shape, encoding, mask: null });
  const node = (name, op, inputs, attrs, format, weights = {}) => ({ name, op, inputs, attrs, format, weights });
  const conv = {
    activation: { name: 'linear' },
    rule: 'multiplier',
    strides: [1, 1],
    dilations: [1, 1],
    padding: 'same',
    groups: CHANNELS,
  };
  const network = {
    inputs: [{ name: 'x', shape: [SIZE, SIZE, CHANNELS], dtype: 'float32' }],
    nodes: [
      node('q', 'quantize', ['x'], {}, INPUT),
      node('y', 'conv', ['q'], conv, OUTPUT, { kernel: 'kernel', bias: 'bias' }),
      node('z', 'dequantize', ['y'], {}, null),
    ],
    outputs: ['z'],
    weights: new Map([
      ['kernel', weight([3, 3, 1, CHANNELS], { type: 'int8', values, scales })],
      ['bias', weight([CHANNELS], { type: 'int32', values: biases })],
    ]),
  };
  const model = tablesOf(toTflite(network, { io: 'float32' }));
  const [graph] = model.subgraphs;
  const [quantize, product] = graph.operators;
  const [, kernel, bias] = product.inputs;
  const one = (quantization) => ({
    ...quantization,
    scale: [quantization.scale[0]],
    zeroPoint: [0],
    quantizedDimension: 0,
  });
  const tensors = graph.tensors.map((tensor, i) =>
    i === kernel || i === bias
      ? { ...tensor, ...(i === kernel && { buffer: 0 }), quantization: one(tensor.quantization) }
      : tensor,
  );
  const real = Float32Array.from(values, (q) => q * SCALE);
  const buffers = [...model.buffers, { data: new Uint8Array(real.buffer) }];
  const { shape } = graph.tensors[kernel];
  const from = tensors.push({ shape, type: 0, buffer: buffers.length - 1, name: 'real kernel' }) - 1;
  const operators = [{ ...quantize, inputs: [from], outputs: [kernel] }, ...graph.operators];
  const file = fileOf({ ...model, buffers, subgraphs: [{ ...graph, tensors, operators }] });
  return { network, file, kernel: values, biases, shape: [1, SIZE, SIZE, CHANNELS] };
}
