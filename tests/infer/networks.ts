import { createHash } from 'node:crypto';
import { activationOf } from '../../src/graph/activation.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import type { ActivationSpec, Node, QuantizationParams } from '../../src/infer/index.ts';

/** activation(x·weights + bias), weights [inputs, units]. */
export interface DenseLayer {
  readonly type: 'dense';
  readonly name: string;
  readonly inputs: number;
  readonly units: number;
  readonly weights: Float32Array | Float64Array;
  readonly bias: Float32Array | Float64Array | null;
  readonly activation: ActivationSpec;
  readonly mask: Uint8Array | null;
}

/** The same in integers, from int8 of the format `input` to int8 of the format `output`, or to real numbers. */
export interface QuantizedDenseLayer {
  readonly type: 'quantizedDense';
  readonly name: string;
  readonly inputs: number;
  readonly units: number;
  readonly weights: Int8Array;
  readonly weightScales: Float32Array;
  readonly bias: Int32Array;
  readonly input: QuantizationParams;
  readonly output: QuantizationParams | null;
  readonly activation: ActivationSpec;
}

export type NetworkLayer =
  | DenseLayer
  | QuantizedDenseLayer
  | { readonly type: 'activation'; readonly name: string; readonly activation: ActivationSpec }
  | { readonly type: 'flatten'; readonly name: string }
  | { readonly type: 'dropout'; readonly name: string; readonly rate: number };

/**
 * Layers one after another as a network. Values are quantized and dequantized where the next layer, or the end, needs it.
 */
export function chain(inputShape: readonly number[], layers: readonly NetworkLayer[]): Network {
  const nodes: Node[] = [];
  const weights = new Map<string, Stored>();
  let last = 'input';
  let format: QuantizationParams | null = null;
  const put = (node: Node): void => {
    nodes.push(node);
    last = node.name;
    format = node.format;
  };
  const toReal = (name: string): void => {
    if (format !== null) put(nodeOf('dequantize', `${name}/dequantize`, [last], {}));
  };
  const store = (name: string, part: string, encoding: Stored['encoding'], mask: Uint8Array | null = null): string => {
    const key = `${name}/${part}`;
    const { inputs, units } = layers.find((layer) => layer.name === name) as DenseLayer;
    weights.set(key, { shape: part === 'kernel' ? [inputs, units] : [units], encoding, mask });
    return key;
  };
  const real = (values: Float32Array | Float64Array): Stored['encoding'] =>
    values instanceof Float64Array ? { type: 'float64', values } : { type: 'float32', values };
  for (const layer of layers) {
    const { name } = layer;
    if (layer.type === 'dense') {
      toReal(name);
      const kernel = store(name, 'kernel', real(layer.weights), layer.mask);
      const bias = layer.bias === null ? {} : { bias: store(name, 'bias', real(layer.bias)) };
      put(
        nodeOf('dense', name, [last], { activation: activationOf(layer.activation) }, { weights: { kernel, ...bias } }),
      );
    } else if (layer.type === 'quantizedDense') {
      const { input, output, weights: values, weightScales: scales, activation } = layer;
      const now = format as QuantizationParams | null;
      if (now?.scale !== input.scale || now.zeroPoint !== input.zeroPoint)
        put(nodeOf('quantize', `${name}/quantize`, [last], {}, { format: input }));
      const kernel = store(name, 'kernel', { type: 'int8', values, scales });
      const bias = store(name, 'bias', { type: 'int32', values: layer.bias });
      put(
        nodeOf(
          'dense',
          name,
          [last],
          { activation: activationOf(activation) },
          { weights: { kernel, bias }, format: output },
        ),
      );
    } else if (layer.type === 'activation') {
      toReal(name);
      put(nodeOf('activation', name, [last], { activation: activationOf(layer.activation) }));
    } else if (layer.type === 'dropout') {
      put(nodeOf('dropout', name, [last], { rate: layer.rate, training: false }, { format }));
    } else put(nodeOf('flatten', name, [last], {}, { format }));
  }
  toReal('input');
  const isDouble = layers.some((layer) => layer.type === 'dense' && layer.weights instanceof Float64Array);
  const inputs = [{ name: 'input', shape: inputShape, dtype: isDouble ? 'float64' : 'float32' }] as const;
  return new Network({ inputs, nodes, outputs: [last], weights });
}

/** Numbers in [-1, 1) that depend on the seed only (Lehmer's generator). */
export function randoms(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 1073741823.5 - 1;
  };
}

export const floats = (n: number, next: () => number, scale = 1): Float32Array =>
  Float32Array.from({ length: n }, () => next() * scale);

export const integers = (n: number, next: () => number, limit: number): number[] =>
  Array.from({ length: n }, () => Math.round(next() * limit));

export function dense(
  name: string,
  inputs: number,
  units: number,
  next: () => number,
  activation: ActivationSpec = { name: 'linear' },
): DenseLayer {
  const [weights, bias] = [floats(inputs * units, next), floats(units, next)];
  return { type: 'dense', name, inputs, units, weights, bias, activation, mask: null };
}

export function quantized(
  name: string,
  inputs: number,
  units: number,
  next: () => number,
  change: Partial<QuantizedDenseLayer> = {},
): QuantizedDenseLayer {
  return {
    type: 'quantizedDense',
    name,
    inputs,
    units,
    weights: Int8Array.from(integers(inputs * units, next, 127)),
    weightScales: Float32Array.from({ length: units }, () => 0.002 + 0.001 * next()),
    bias: Int32Array.from(integers(units, next, 5000)),
    input: { scale: 0.01, zeroPoint: -7 },
    output: null,
    activation: { name: 'linear' },
    ...change,
  };
}

/** One layer of each type, pruned weights among them. */
export const mixedNetwork = (seed = 1): Network => chain([2, 3], mixedLayers(seed));

export function mixedLayers(seed: number): NetworkLayer[] {
  const next = randoms(seed);
  const first = dense('first', 6, 20, next, { name: 'leakyRelu', alpha: 0.1 });
  const mask = first.weights.map((w) => (w > 0.5 ? 1 : 0));
  const pruned = first.weights.map((w, i) => (mask[i] === 1 ? w : 0));
  const output = { scale: 0.05, zeroPoint: 3 };
  return [
    { type: 'flatten', name: 'flat' },
    { ...first, weights: pruned as Float32Array, mask: Uint8Array.from(mask) },
    { type: 'dropout', name: 'drop', rate: 0.25 },
    quantized('middle', 20, 9, next, { output, activation: { name: 'relu' } }),
    quantized('last', 9, 4, next, { input: output, activation: { name: 'tanh' } }),
    { type: 'activation', name: 'probabilities', activation: { name: 'softmax' } },
  ];
}

/** All of a network as text, arrays by the hashes of their bytes: quicker to compare than number by number. */
export function textOf({ inputs, nodes, outputs, weights }: Network): string {
  const part = (value: unknown): unknown =>
    ArrayBuffer.isView(value)
      ? [value.constructor.name, createHash('sha256').update(bytesOf(value)).digest('hex')]
      : value;
  const lines = [...weights].map(([key, { shape, encoding, mask }]) => {
    const fields = Object.entries(encoding).sort(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify([key, shape, fields.map(([field, value]) => [field, part(value)]), part(mask)]);
  });
  return [JSON.stringify([inputs, nodes, outputs]), ...lines.sort()].join('\n');
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
