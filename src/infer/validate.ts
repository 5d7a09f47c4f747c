import { DTypeError, LimitError, ShapeError, ValueError } from '../base/errors.ts';
import { MAX_RANK, type Shape, size } from '../base/shape.ts';
import {
  ACTIVATIONS,
  type ActivationSpec,
  type DenseLayer,
  type Network,
  type NetworkLayer,
  type QuantizationParams,
  type QuantizedDenseLayer,
} from './network.ts';

/** The largest sum of int8 products that int32 holds for certain: 131,071·128·128 < 2³¹. */
const MAX_INT8_INPUTS = 131_071;
const MAX_INT32 = 2 ** 31 - 1;

/** The shape of one sample that the network gives. Throws ShapeError where layers do not fit together. */
export function networkOutputShape(network: Network): Shape {
  return networkShapes(network).at(-1)!;
}

/** The shape of one sample before the first layer and after each layer: one more than there are layers. */
export function networkShapes(network: Network): Shape[] {
  size('network', network.inputShape);
  if (network.inputShape.length >= MAX_RANK) {
    throw new ShapeError('network', [network.inputShape], `a sample has at most ${MAX_RANK - 1} axes`);
  }
  const shapes: Shape[] = [network.inputShape];
  for (const layer of network.layers) shapes.push(outputShape(layer, shapes.at(-1)!));
  return shapes;
}

/**
 * Throws unless every program can run the network and every file can hold it: layers fit together, arrays have their
 * lengths, names differ, masks are 0 or 1, scales and zero points are usable, and no int32 sum can overflow.
 */
export function validateNetwork(network: Network): void {
  const names = new Set<string>();
  for (const layer of network.layers) {
    check(layer.name, 'name', typeof layer.name === 'string' && layer.name !== '', 'a string of its own', layer.name);
    check(layer.name, 'name', !names.has(layer.name), 'different from that of every other layer', layer.name);
    names.add(layer.name);
    checkLayer(layer);
  }
  networkShapes(network);
}

/**
 * The bias of a quantized layer with the zero point of its input folded in, so that a kernel multiplies the stored
 * integers as they are: Σ(q - z)·w + b = Σq·w + (b - z·Σw). Throws LimitError where a sum could leave int32.
 */
export function foldedBias(layer: QuantizedDenseLayer): Int32Array {
  const { inputs, units, weights, bias, input } = layer;
  const sums = new Float64Array(units);
  const magnitudes = new Float64Array(units);
  for (let i = 0; i < inputs; i++) {
    for (let j = 0; j < units; j++) {
      const w = weights[i * units + j]!;
      sums[j] = sums[j]! + w;
      magnitudes[j] = magnitudes[j]! + Math.abs(w);
    }
  }
  return Int32Array.from(bias, (b, j) => {
    const folded = b - input.zeroPoint * sums[j]!;
    const largest = 128 * magnitudes[j]! + Math.abs(folded);
    if (largest > MAX_INT32) {
      throw new LimitError(
        'network',
        `the largest int32 sum of layer "${layer.name}", column ${j},`,
        largest,
        MAX_INT32,
      );
    }
    return folded;
  });
}

function outputShape(layer: NetworkLayer, shape: Shape): Shape {
  switch (layer.type) {
    case 'dense':
    case 'quantizedDense': {
      if (shape.at(-1) === layer.inputs) {
        const out = [...shape.slice(0, -1), layer.units];
        size('network', out);
        return out;
      }
      throw new ShapeError('network', [shape], `layer "${layer.name}" expects a last axis of ${layer.inputs}`);
    }
    case 'activation':
      if (shape.length === 0 && /softmax/i.test(layer.activation.name)) {
        throw new ShapeError('network', [shape], `layer "${layer.name}" (${layer.activation.name}) needs an axis`);
      }
      return shape;
    case 'flatten':
      return [size('network', shape)];
    case 'dropout':
      return shape;
  }
}

function check(layer: string, field: string, holds: boolean, requirement: string, value: unknown): void {
  if (!holds) throw new ValueError('network', `layer "${layer}" ${field}`, requirement, value);
}

function checkLayer(layer: NetworkLayer): void {
  switch (layer.type) {
    case 'dense':
      checkDense(layer);
      break;
    case 'quantizedDense':
      checkQuantizedDense(layer);
      break;
    case 'activation':
      checkActivation(layer.name, layer.activation);
      break;
    case 'dropout':
      check(layer.name, 'rate', layer.rate >= 0 && layer.rate <= 1, 'from 0 to 1', layer.rate);
      break;
    case 'flatten':
      break;
    default: {
      const { name, type }: { readonly name: string; readonly type: unknown } = layer satisfies never;
      check(name, 'type', false, 'dense, quantizedDense, activation, flatten or dropout', type);
    }
  }
}

function checkLength(layer: DenseLayer | QuantizedDenseLayer, field: string, length: number, wanted: number): void {
  const of = `${wanted} for ${layer.inputs} inputs and ${layer.units} units`;
  check(layer.name, `${field} length`, length === wanted, of, length);
}

function checkDense(layer: DenseLayer): void {
  const { name, weights, bias, mask } = layer;
  const count = size(`network: layer "${name}"`, [layer.inputs, layer.units]);
  checkLength(layer, 'weights', weights.length, count);
  if (bias !== null) {
    checkLength(layer, 'bias', bias.length, layer.units);
    if (bias instanceof Float64Array !== weights instanceof Float64Array) {
      const names = [weights, bias].map((array) => (array instanceof Float64Array ? 'float64' : 'float32'));
      throw new DTypeError('network', names, `weights and bias of layer "${name}" differ in type`);
    }
  }
  if (mask !== null) {
    checkLength(layer, 'mask', mask.length, count);
    const wrong = mask.findIndex((bit) => bit > 1);
    check(name, `mask[${wrong}]`, wrong < 0, '0 or 1', mask[wrong]);
  }
  checkActivation(name, layer.activation);
}

function checkQuantizedDense(layer: QuantizedDenseLayer): void {
  const { name, inputs, units } = layer;
  const count = size(`network: layer "${name}"`, [inputs, units]);
  check(name, 'inputs', inputs <= MAX_INT8_INPUTS, `at most ${MAX_INT8_INPUTS}`, inputs);
  checkLength(layer, 'weights', layer.weights.length, count);
  checkLength(layer, 'bias', layer.bias.length, units);
  checkLength(layer, 'weightScales', layer.weightScales.length, units);
  const wrong = layer.weightScales.findIndex((scale) => !isScale(scale));
  check(name, `weightScales[${wrong}]`, wrong < 0, 'positive and finite', layer.weightScales[wrong]);
  checkParams(name, 'input', layer.input);
  checkActivation(name, layer.activation);
  if (layer.output !== null) {
    checkParams(name, 'output', layer.output);
    const { name: activation } = layer.activation;
    const fused = activation === 'linear' || activation === 'relu';
    check(name, 'activation', fused, 'linear or relu when its output is quantized', activation);
  }
  const largest = (layer.input.scale * maximum(layer.weightScales)) / (layer.output?.scale ?? 1);
  check(name, 'scales', Number.isFinite(Math.fround(largest)), 'finite when multiplied in float32', largest);
  foldedBias(layer);
}

const maximum = (values: Float32Array): number => values.reduce((a, b) => Math.max(a, b), 0);

/** Kernels divide by scales in float32, where they must be neither 0 nor infinite. */
const isScale = (scale: number): boolean => Math.fround(scale) > 0 && Number.isFinite(Math.fround(scale));

function checkParams(layer: string, field: string, { scale, zeroPoint }: QuantizationParams): void {
  check(layer, `${field} scale`, isScale(scale), 'positive and finite in float32', scale);
  const fits = Number.isInteger(zeroPoint) && zeroPoint >= -128 && zeroPoint <= 127;
  check(layer, `${field} zeroPoint`, fits, 'an integer from -128 to 127', zeroPoint);
}

function checkActivation(layer: string, { name, alpha }: ActivationSpec): void {
  check(layer, 'activation', ACTIVATIONS.includes(name), `one of ${ACTIVATIONS.join(', ')}`, name);
  check(layer, 'activation alpha', alpha === undefined || Number.isFinite(alpha), 'a finite number', alpha);
}
