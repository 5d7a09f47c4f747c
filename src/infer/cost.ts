import { type Shape, size } from '../base/shape.ts';
import type { Network, NetworkLayer } from './network.ts';
import { networkShapes, validateNetwork } from './validate.ts';

/** What one layer, or a whole network, holds and does for one sample. */
export interface Cost {
  /** Weights and biases. Scales, zero points and masks are no parameters. */
  readonly parameters: number;
  readonly nonZeroParameters: number;
  /** Multiply-accumulates of a dense run, pruned weights included. */
  readonly macs: number;
}

export interface LayerCost extends Cost {
  readonly name: string;
  readonly type: NetworkLayer['type'];
  readonly outputShape: readonly number[];
}

export interface NetworkCost extends Cost {
  readonly layers: readonly LayerCost[];
}

/** Parameters and multiply-accumulates per sample, by layer and in all. */
export function networkCost(network: Network): NetworkCost {
  validateNetwork(network);
  const shapes = networkShapes(network);
  const layers = network.layers.map((layer, i): LayerCost => {
    const outputShape = shapes[i + 1]!;
    return { name: layer.name, type: layer.type, outputShape, ...costOf(layer, outputShape) };
  });
  const total = (field: keyof Cost): number => layers.reduce((sum, layer) => sum + layer[field], 0);
  return {
    parameters: total('parameters'),
    nonZeroParameters: total('nonZeroParameters'),
    macs: total('macs'),
    layers,
  };
}

function costOf(layer: NetworkLayer, outputShape: Shape): Cost {
  switch (layer.type) {
    case 'dense':
    case 'quantizedDense':
      return {
        parameters: layer.weights.length + (layer.bias?.length ?? 0),
        nonZeroParameters: nonZero(layer.weights) + (layer.bias === null ? 0 : nonZero(layer.bias)),
        macs: layer.inputs * size(layer.name, outputShape),
      };
    case 'activation':
    case 'flatten':
    case 'dropout':
      return { parameters: 0, nonZeroParameters: 0, macs: 0 };
  }
}

function nonZero(values: Float32Array | Float64Array | Int8Array | Int32Array): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) count++;
  return count;
}
