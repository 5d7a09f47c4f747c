/** Prepared models and the integer networks made of them, number by number. */
import {
  type Graph,
  type Layer,
  type Model,
  predictNetwork,
  Sequential,
  type Stored,
  type Tensor,
} from '../../src/index.ts';
import { normal } from '../compress/tools.ts';

/** A model whose weights are what training would have left: biases and statistics that are not 0. */
export function shaken<M extends Model>(model: M, seed = 5): M {
  for (const [i, weight] of model.weights.entries()) {
    const noise = normal(weight.shape, seed + i).data;
    const array = weight.value.storage.array;
    const isVariance = weight.name.endsWith('/variance');
    for (let j = 0; j < noise.length; j++)
      array[j] = isVariance ? 0.5 + Math.abs(noise[j]!) : array[j]! + 0.3 * noise[j]!;
  }
  return model;
}

export const chain = (layers: Layer[], seed = 2): Sequential => shaken(new Sequential(layers, { seed }));

export interface Difference {
  /** How many of so many numbers differ, and by how much at most. */
  readonly different: number;
  readonly of: number;
  readonly most: number;
}

/** Between a prepared model and a network on the same samples. */
export function difference(model: Model, network: Graph<Stored>, x: Tensor): Difference {
  const own = [model.predict<Tensor | Tensor[]>(x, { batchSize: 500 })].flat();
  const other = [predictNetwork<Tensor | Tensor[]>(network, x, 500)].flat();
  return own
    .map((y, i) => between(y.data as Float32Array, other[i]!.data as Float32Array))
    .reduce((a, b) => ({ different: a.different + b.different, of: a.of + b.of, most: Math.max(a.most, b.most) }));
}

function between(a: Float32Array, b: Float32Array): Difference {
  const apart = Array.from(a, (value, i) => (value === b[i] ? 0 : Math.abs(value - b[i]!)));
  const most = apart.reduce((p, q) => Math.max(p, q));
  return { different: apart.filter((each) => each !== 0).length, of: a.length, most };
}

/** The integers of all int8 values of a network on samples, by name. */
export function codesIn(network: Graph<Stored>, x: Tensor): Map<string, Int8Array> {
  const found = new Map<string, Int8Array>();
  for (const { name, format } of network.nodes) {
    if (format === null) continue;
    const real = {
      name: `${name}/seen`,
      op: 'dequantize',
      inputs: [name],
      weights: {},
      attrs: {},
      format: null,
    } as const;
    const nodes = [...network.nodes, real];
    const used = new Set(nodes.flatMap(({ weights }) => Object.values(weights)));
    const weights = new Map([...network.weights].filter(([key]) => used.has(key)));
    const y = predictNetwork({ ...network, nodes, weights, outputs: [real.name] }, x).data;
    found.set(
      name,
      Int8Array.from(y, (value) => Math.round(value / format.scale) + format.zeroPoint),
    );
  }
  return found;
}

/** How far the integers of two networks, of one shape, are apart at most, by name of the value. */
export function codesApart(a: Graph<Stored>, b: Graph<Stored>, x: Tensor): Record<string, number> {
  const other = codesIn(b, x);
  return Object.fromEntries(
    [...codesIn(a, x)].map(([name, codes]) => [
      name,
      codes.reduce((most, q, i) => Math.max(most, Math.abs(q - other.get(name)![i]!)), 0),
    ]),
  );
}
