import { FormatError, listed, ValueError } from '../base/errors.ts';
import { type Shape, sameShape, size } from '../base/shape.ts';
import {
  ACTIVATIONS,
  type ActivationSpec,
  type Network,
  type NetworkLayer,
  type QuantizationParams,
} from '../infer/network.ts';
import { validateNetwork } from '../infer/validate.ts';
import { Fields } from './fields.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafeArray,
  type SafeDType,
  type SafeTensor,
} from './safetensors.ts';
import { countBits, gatherLive, nonZeroBits, packBits, scatterLive, unpackBits, type Weights } from './sparse-code.ts';

/**
 * A network in one safetensors file. The architecture is JSON under the metadata key `whittle`; layer `x` has tensors
 * `x.weights`, `x.bias`, `x.scales`. Weights that are mostly zero are coded: `x.bitmask` and `x.values` (sparse-code.ts)
 * stand for `x.weights`. A mask is stored as `x.bitmask`, coded or not.
 */
const FORMAT = 'network file';
const KEY = 'whittle';
const VERSION = 1;
/** What one more tensor costs in the header, about: coding must save more than that. */
const ENTRY_BYTES = 80;

export interface NetworkExtra {
  /** More text to keep with the network, under any key but `whittle`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** More tensors to keep, under names that the network does not use. */
  readonly tensors?: ReadonlyMap<string, SafeTensor>;
}

export interface NetworkFile {
  readonly network: Network;
  /** The metadata and tensors that are not the network's own. */
  readonly metadata: Map<string, string>;
  readonly tensors: Map<string, SafeTensor>;
}

/** The file of a network: the same network gives the same bytes. Throws what `validateNetwork` throws. */
export function encodeNetwork(network: Network, extra: NetworkExtra = {}): Uint8Array<ArrayBuffer> {
  validateNetwork(network);
  const { metadata = {}, tensors: more = new Map<string, SafeTensor>() } = extra;
  if (Object.hasOwn(metadata, KEY)) throw new ValueError('encodeNetwork', 'metadata key', `other than ${KEY}`, KEY);
  const tensors = new Map<string, SafeTensor>();
  const layers = network.layers.map((layer) => encodeLayer(layer, tensors));
  for (const [name, tensor] of more) {
    if (tensors.has(name)) throw new ValueError('encodeNetwork', 'tensor name', 'one the network does not use', name);
    tensors.set(name, tensor);
  }
  const architecture = JSON.stringify({ version: VERSION, inputShape: network.inputShape, layers });
  return encodeSafetensors(tensors, { ...metadata, [KEY]: architecture });
}

/** The network of a file, checked throughout: a WhittleError says what is wrong with any other bytes. */
export function decodeNetwork(file: Uint8Array): NetworkFile {
  const { tensors, metadata } = decodeSafetensors(file);
  const text = metadata.get(KEY);
  if (text === undefined) throw new FormatError(FORMAT, `metadata.${KEY}`, 'is missing: the file holds no network');
  metadata.delete(KEY);
  const root = Fields.parse(text, KEY, FORMAT, `metadata.${KEY}`);
  const version = root.take('version');
  if (version !== VERSION) root.fail('version', `this reader knows ${VERSION}, got ${JSON.stringify(version)}`);
  const inputShape = root
    .list('inputShape')
    .map((n) => (typeof n === 'number' ? n : root.fail('inputShape', 'numbers')));
  const items = root.list('layers');
  root.done();
  const layers = items.map((item, i) => decodeLayer(new Fields(item, `layers[${i}]`, FORMAT), tensors));
  const network = { inputShape, layers };
  validateNetwork(network);
  return { network, metadata, tensors };
}

function encodeLayer(layer: NetworkLayer, tensors: Map<string, SafeTensor>): object {
  const { type, name } = layer;
  const put = (part: string, shape: Shape, data: SafeArray): void => {
    tensors.set(`${name}.${part}`, { dtype: dtypeOf(data), shape, data });
  };
  switch (layer.type) {
    case 'dense': {
      const { inputs, units, bias, mask, activation } = layer;
      const coded = putWeights(layer.weights, mask, [inputs, units], put);
      if (bias !== null) put('bias', [units], bias);
      return { type, name, inputs, units, coded, mask: mask !== null, bias: bias !== null, activation };
    }
    case 'quantizedDense': {
      const { inputs, units, input, output, activation } = layer;
      const coded = putWeights(layer.weights, null, [inputs, units], put);
      put('scales', [units], layer.weightScales);
      put('bias', [units], layer.bias);
      return { type, name, inputs, units, coded, input: params(input), output: output && params(output), activation };
    }
    case 'activation':
      return { type, name, activation: layer.activation };
    case 'flatten':
      return { type, name };
    case 'dropout':
      return { type, name, rate: layer.rate };
  }
}

const params = ({ scale, zeroPoint }: QuantizationParams): QuantizationParams => ({ scale, zeroPoint });

/** Stores weights, coded if that is smaller, and their mask; returns whether they are coded. */
function putWeights(
  weights: Weights,
  mask: Uint8Array | null,
  shape: Shape,
  put: (part: string, shape: Shape, data: SafeArray) => void,
): boolean {
  const nonZero = nonZeroBits(weights);
  const bits = mask ?? nonZero;
  const dead = weights.length - countBits(bits);
  // A pruned weight that is not +0 would be lost in the code.
  const lossless = mask === null || nonZero.every((bit, i) => bit <= mask[i]!);
  const price = mask === null ? Math.ceil(weights.length / 8) + ENTRY_BYTES : 0;
  const coded = lossless && dead * weights.BYTES_PER_ELEMENT > price;
  if (coded || mask !== null) put('bitmask', [Math.ceil(bits.length / 8)], packBits(bits));
  if (coded) {
    const values = gatherLive(weights, bits);
    put('values', [values.length], values);
  } else put('weights', shape, weights);
  return coded;
}

function decodeLayer(fields: Fields, tensors: Map<string, SafeTensor>): NetworkLayer {
  const type = fields.text('type');
  const name = fields.text('name');
  const take = (part: string, dtypes: readonly SafeDType[], shape: Shape | null): SafeArray => {
    const field = `${name}.${part}`;
    const tensor = tensors.get(field);
    if (tensor === undefined) throw new FormatError(FORMAT, field, 'the tensor is missing');
    if (!dtypes.includes(tensor.dtype)) {
      throw new FormatError(FORMAT, field, `must be ${dtypes.join(' or ')}, got ${tensor.dtype}`);
    }
    if (shape === null ? tensor.shape.length !== 1 : !sameShape(shape, tensor.shape)) {
      const wanted = shape === null ? 'one axis' : listed(shape);
      throw new FormatError(FORMAT, field, `must have shape ${wanted}, got ${listed(tensor.shape)}`);
    }
    tensors.delete(field);
    return tensor.data;
  };
  switch (type) {
    case 'dense': {
      const inputs = fields.count('inputs');
      const units = fields.count('units');
      const coded = fields.flag('coded');
      const masked = fields.flag('mask');
      const biased = fields.flag('bias');
      const activation = takeActivation(fields);
      fields.done();
      const { weights, bits } = takeWeights(take, ['F32', 'F64'], [inputs, units], coded, masked);
      const bias = biased ? (take('bias', [dtypeOf(weights)], [units]) as Float32Array | Float64Array) : null;
      const mask = masked ? bits : null;
      return { type, name, inputs, units, weights: weights as Float32Array | Float64Array, bias, activation, mask };
    }
    case 'quantizedDense': {
      const inputs = fields.count('inputs');
      const units = fields.count('units');
      const coded = fields.flag('coded');
      const input = takeParams(fields, 'input');
      const output = fields.isNull('output') ? null : takeParams(fields, 'output');
      const activation = takeActivation(fields);
      fields.done();
      const weights = takeWeights(take, ['I8'], [inputs, units], coded, false).weights as Int8Array;
      const weightScales = take('scales', ['F32'], [units]) as Float32Array;
      const bias = take('bias', ['I32'], [units]) as Int32Array;
      return { type, name, inputs, units, weights, weightScales, bias, input, output, activation };
    }
    case 'activation': {
      const activation = takeActivation(fields);
      fields.done();
      return { type, name, activation };
    }
    case 'flatten':
      fields.done();
      return { type, name };
    case 'dropout': {
      const rate = fields.number('rate');
      fields.done();
      return { type, name, rate };
    }
    default:
      return fields.fail('type', `this reader knows no layer of type ${JSON.stringify(type.slice(0, 60))}`);
  }
}

function takeWeights(
  take: (part: string, dtypes: readonly SafeDType[], shape: Shape | null) => SafeArray,
  dtypes: readonly SafeDType[],
  shape: Shape,
  coded: boolean,
  masked: boolean,
): { weights: Weights; bits: Uint8Array | null } {
  const n = size(FORMAT, shape);
  let bits: Uint8Array | null = null;
  if (coded || masked) {
    // The length is checked against the file before `n` bytes are allocated.
    const bitmask = take('bitmask', ['U8'], [Math.ceil(n / 8)]) as Uint8Array;
    if (n % 8 !== 0 && bitmask.at(-1)! >> (n % 8) !== 0)
      throw new FormatError(FORMAT, 'bitmask', 'has bits after its end');
    bits = unpackBits(bitmask, n);
  }
  if (!coded || bits === null) return { weights: take('weights', dtypes, shape) as Weights, bits };
  const values = take('values', dtypes, null) as Weights;
  const live = countBits(bits);
  if (values.length !== live)
    throw new FormatError(FORMAT, 'values', `the bitmask has ${live} bits, got ${values.length}`);
  return { weights: scatterLive(values, bits), bits };
}

function dtypeOf(data: SafeArray): SafeDType {
  if (data instanceof Float32Array) return 'F32';
  if (data instanceof Float64Array) return 'F64';
  if (data instanceof Int8Array) return 'I8';
  return data instanceof Int32Array ? 'I32' : 'U8';
}

function takeParams(fields: Fields, field: string): QuantizationParams {
  const inner = fields.inner(field);
  const result = { scale: inner.number('scale'), zeroPoint: inner.number('zeroPoint') };
  inner.done();
  return result;
}

function takeActivation(fields: Fields): ActivationSpec {
  const inner = fields.inner('activation');
  const given = inner.text('name');
  const name = ACTIVATIONS.find((known) => known === given);
  if (name === undefined) return inner.fail('name', `must be one of ${ACTIVATIONS.join(', ')}`);
  const alpha = inner.has('alpha') ? { alpha: inner.number('alpha') } : {};
  inner.done();
  return { name, ...alpha };
}
