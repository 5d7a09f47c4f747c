/** Prepared models and the integer networks made of them, value by value. */
import {
  convert,
  decodeWeight,
  type Graph,
  keep,
  type Layer,
  Model,
  type Network,
  type Node,
  predictNetwork,
  prepareQAT,
  type PrepareOptions,
  type QuantizedNetwork,
  Sequential,
  type Tensor,
} from '../../src/index.ts';
import { normal } from '../compress/tools.ts';

/** A network whose weights are what training would have left: biases and statistics that are not 0. */
export function shaken<M extends Model>(model: M, seed = 5): M {
  for (const [i, weight] of model.weights.entries()) {
    const noise = normal(weight.shape, seed + i).data;
    const array = weight.value.storage.array;
    const isVariance = weight.name.endsWith('/variance');
    noise.forEach((n, j) => {
      array[j] = isVariance ? 0.5 + Math.abs(n as number) : (array[j] as number) + 0.3 * (n as number);
    });
  }
  return model;
}

export const chain = (layers: Layer[], seed = 2): Sequential => shaken(new Sequential(layers, { seed }));

export { convert, decodeWeight, keep, Model, predictNetwork, prepareQAT };
export type { Graph, Network, Node, PrepareOptions, QuantizedNetwork, Tensor };

/** How many numbers differ between a prepared model and the network of it, and by how much at most, of how many. */
export function difference(model: Model, network: Network, x: Tensor | Tensor[]): { different: number; most: number; of: number } {
  const own = [model.predict(x as Tensor, { batchSize: 512 })].flat() as Tensor[];
  const other = [predictNetwork(network, x as Tensor)].flat() as Tensor[];
  let different = 0;
  let most = 0;
  let of = 0;
  own.forEach((y, k) => {
    const z = other[k]!.data as Float32Array;
    (y.data as Float32Array).forEach((value, i) => {
      of++;
      if (Object.is(value + 0, z[i]! + 0)) return;
      different++;
      most = Math.max(most, Math.abs(value - z[i]!));
    });
  });
  return { different, most, of };
}
