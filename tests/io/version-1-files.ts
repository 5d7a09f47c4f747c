import { encodeSafetensors, type SafeArray, type SafeDType, type SafeTensor } from '../../src/io/index.ts';
import { nonZeroBits, type Weights } from '../../src/io/sparse-code.ts';
import type { NetworkLayer } from '../infer/networks.ts';

const dtypeOf = (data: SafeArray): SafeDType => {
  if (data instanceof Float32Array) return 'F32';
  if (data instanceof Float64Array) return 'F64';
  if (data instanceof Int8Array) return 'I8';
  return data instanceof Int32Array ? 'I32' : 'U8';
};

/** A chain of layers as files of version 1 held it, byte for byte. */
export function encodeVersion1(inputShape: readonly number[], given: readonly NetworkLayer[]): Uint8Array<ArrayBuffer> {
  const tensors = new Map<string, SafeTensor>();
  const layers = given.map((layer) => {
    const { type, name } = layer;
    const put = (part: string, shape: readonly number[], data: SafeArray): void => {
      tensors.set(`${name}.${part}`, { dtype: dtypeOf(data), shape, data });
    };
    if (layer.type === 'dense') {
      const { inputs, units, bias, mask, activation } = layer;
      const coded = putWeights(layer.weights, mask, [inputs, units], put);
      if (bias !== null) put('bias', [units], bias);
      return { type, name, inputs, units, coded, mask: mask !== null, bias: bias !== null, activation };
    }
    if (layer.type === 'quantizedDense') {
      const { inputs, units, input, output, activation } = layer;
      const coded = putWeights(layer.weights, null, [inputs, units], put);
      put('scales', [units], layer.weightScales);
      put('bias', [units], layer.bias);
      return { type, name, inputs, units, coded, input, output, activation };
    }
    if (layer.type === 'activation') return { type, name, activation: layer.activation };
    return layer.type === 'dropout' ? { type, name, rate: layer.rate } : { type, name };
  });
  return encodeSafetensors(tensors, { whittle: JSON.stringify({ version: 1, inputShape, layers }) });
}

function putWeights(
  weights: Weights,
  mask: Uint8Array | null,
  shape: readonly number[],
  put: (part: string, shape: readonly number[], data: SafeArray) => void,
): boolean {
  const bits = mask ?? nonZeroBits(weights);
  const lossless = mask === null || nonZeroBits(weights).every((bit, i) => bit <= mask[i]!);
  const price = mask === null ? Math.ceil(weights.length / 8) + 80 : 0;
  const coded = lossless && bits.filter((bit) => bit === 0).length * weights.BYTES_PER_ELEMENT > price;
  if (coded || mask !== null) put('bitmask', [Math.ceil(bits.length / 8)], packed(bits));
  if (coded) {
    const values = weights.filter((_, i) => bits[i] === 1);
    put('values', [values.length], values);
  } else put('weights', shape, weights);
  return coded;
}

function packed(bits: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => {
    bytes[i >> 3]! |= bit << (i & 7);
  });
  return bytes;
}
