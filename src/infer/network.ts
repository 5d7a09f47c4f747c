import type { Shape } from '../base/shape.ts';

/**
 * A network as plain data: what a file holds, what a forward program runs, what compression measures. It knows no
 * gradients; `nn` and `compress` turn a model into one and back.
 */
export interface Network {
  /** Shape of one sample, without the batch axis. */
  readonly inputShape: Shape;
  readonly layers: readonly NetworkLayer[];
}

export type NetworkLayer = DenseLayer | QuantizedDenseLayer | ActivationLayer | FlattenLayer | DropoutLayer;

/** The activations that a network can hold. `leakyRelu` and `elu` carry their parameter in `alpha`. */
export type ActivationName =
  | 'linear'
  | 'relu'
  | 'leakyRelu'
  | 'elu'
  | 'gelu'
  | 'geluTanh'
  | 'sigmoid'
  | 'tanh'
  | 'softplus'
  | 'silu'
  | 'hardSwish'
  | 'exponential'
  | 'softmax'
  | 'logSoftmax';

export const ACTIVATIONS: readonly ActivationName[] = [
  'linear',
  'relu',
  'leakyRelu',
  'elu',
  'gelu',
  'geluTanh',
  'sigmoid',
  'tanh',
  'softplus',
  'silu',
  'hardSwish',
  'exponential',
  'softmax',
  'logSoftmax',
];

/** An activation with its parameter: the slope of leakyRelu (default 0.2) or the alpha of elu (default 1). */
export interface ActivationSpec {
  readonly name: ActivationName;
  readonly alpha?: number;
}

/** The activation of a network's outputs: that of its last layer, Dropout apart, which does nothing when a network runs. */
export function outputActivation({ layers }: Network): ActivationName {
  const last = layers.filter(({ type }) => type !== 'dropout').at(-1);
  return last !== undefined && 'activation' in last ? last.activation.name : 'linear';
}

/** activation(x·weights + bias): weights [inputs, units], bias [units] or none. Acts on the last axis. */
export interface DenseLayer {
  readonly type: 'dense';
  readonly name: string;
  readonly inputs: number;
  readonly units: number;
  readonly weights: Float32Array | Float64Array;
  readonly bias: Float32Array | Float64Array | null;
  readonly activation: ActivationSpec;
  /** 1 where a weight may live, 0 where it was pruned; null when nothing is pruned. */
  readonly mask: Uint8Array | null;
}

/** A real number x stands as the integer round(x/scale) + zeroPoint. */
export interface QuantizationParams {
  readonly scale: number;
  readonly zeroPoint: number;
}

/**
 * Dense in integers (Jacob et al. 2018, arXiv 1712.05877): int8 weights with one symmetric scale a column, int32 bias
 * of scale input.scale·weightScales[j] (the input's zero point is not folded in), int32 accumulators. With `output`
 * the result is requantized to int8; without it (null) it comes out as real numbers, and the activation is applied to
 * those. With `output`, the activation is linear or relu.
 */
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

export interface ActivationLayer {
  readonly type: 'activation';
  readonly name: string;
  readonly activation: ActivationSpec;
}

/** [batch, ...] to [batch, product of ...]. */
export interface FlattenLayer {
  readonly type: 'flatten';
  readonly name: string;
}

/** Does nothing when a network runs; kept so that a model comes back from its file as it was. */
export interface DropoutLayer {
  readonly type: 'dropout';
  readonly name: string;
  readonly rate: number;
}
