/** Prepared models and the integer networks made of them, number by number. */
import {
  fromNetwork,
  type Graph,
  type Layer,
  type Model,
  type Network,
  type Node,
  predictNetwork,
  Sequential,
  type Stored,
  type Tensor,
  toNetwork,
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

/** A value of a prepared model: what a node gives as its `fakeQuantize` rounds it, behind a relu of its own layer too. */
export function roundedIn(prepared: Model, name: string, x: Tensor): Tensor {
  const graph = toNetwork(prepared);
  const readersOf = (value: string): Node[] => graph.nodes.filter(({ inputs }) => inputs.includes(value));
  const [reader] = readersOf(name);
  const next = reader?.op === 'activation' ? readersOf(reader.name)[0] : reader;
  const isRounded = graph.nodes.find((node) => node.name === name)!.op === 'fakeQuantize';
  return partOf(graph, isRounded || next?.op !== 'fakeQuantize' ? name : next.name).predict(x, { batchSize: 500 });
}

/** The model of the nodes that one of them needs. */
function partOf(graph: Network, output: string): Model {
  const needed = new Set([output]);
  for (const node of [...graph.nodes].reverse())
    if (needed.has(node.name)) for (const each of node.inputs) needed.add(each);
  const nodes = graph.nodes.filter(({ name }) => needed.has(name));
  const used = new Set(nodes.flatMap(({ weights }) => Object.values(weights)));
  const weights = new Map([...graph.weights].filter(([key]) => used.has(key)));
  return fromNetwork({ ...graph, nodes, weights, outputs: [output] });
}

/** What one node of an integer network gives alone for the very integers that a prepared model has there, and what the model has. */
export function aloneAgainst(
  prepared: Model,
  network: Graph<Stored>,
  node: Node,
  x: Tensor,
): { readonly own: Float32Array; readonly model: Float32Array } {
  const values = [...new Set(node.inputs)];
  const given = values.map((name) => roundedIn(prepared, name, x));
  const inputs = values.map((name, i) => ({ name, shape: given[i]!.shape.slice(1), dtype: 'float32' as const }));
  const plain = { weights: {}, attrs: {} };
  const quantized = values.map((name): Node => {
    const { format } = network.nodes.find((each) => each.name === name)!;
    return { ...plain, name: `${name}/int8`, op: 'quantize', inputs: [name], format } as Node;
  });
  const whole = { ...node, name: 'own', inputs: node.inputs.map((name) => `${name}/int8`) } as Node;
  const real = { ...plain, name: 'real', op: 'dequantize', inputs: ['own'], format: null } as Node;
  const used = new Set(Object.values(node.weights));
  const weights = new Map([...network.weights].filter(([key]) => used.has(key)));
  const alone = { ...network, inputs, nodes: [...quantized, whole, real], weights, outputs: ['real'] };
  const own = predictNetwork<Tensor>(alone, given.length === 1 ? given[0]! : given, 500).data as Float32Array;
  return { own, model: roundedIn(prepared, node.name, x).data as Float32Array };
}
