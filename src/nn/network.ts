import type { FloatArray } from '../../kernels/arrays.ts';
import { StateError } from '../base/errors.ts';
import type { Stored } from '../graph/encoding.ts';
import { type Graph, type Node, weightsOf } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import { Names, nodeOf } from '../graph/rewrite.ts';
import { fromData, keep } from '../tensor/tensor.ts';
import type { LayerStack, SequentialOptions } from './layer-stack.ts';
import { Activation, Dense, Dropout, Flatten, type Layer } from './layers.ts';
import type { Parameter } from './parameter.ts';
import { Sequential } from './sequential.ts';

/** The model as plain data, its weights copied: what files hold, programs run and compression measures. */
export function toNetwork(model: LayerStack): Network {
  const { inputShape, dtype } = model;
  const input = new Names(model.layers.map(({ name }) => name)).take('input');
  const weights = new Map<string, Stored>();
  const nodes: Node[] = [];
  let last = input;
  for (const layer of model.layers) {
    nodes.push(toNode(layer, last));
    last = layer.name;
    for (const weight of layer.weights) weights.set(weight.name, storedOf(weight));
  }
  const inputs = [{ name: input, shape: inputShape, dtype }];
  return new Network({ inputs, nodes, outputs: [last], weights });
}

function storedOf({ value, mask }: Parameter): Stored {
  const values = keep(value).data as FloatArray;
  const { shape } = value;
  const encoding =
    values instanceof Float64Array ? ({ type: 'float64', values } as const) : ({ type: 'float32', values } as const);
  return { shape, encoding, mask: mask && Uint8Array.from(mask.data, (bit) => Number(bit !== 0)) };
}

function toNode(layer: Layer, input: string): Node {
  const { name } = layer;
  if (layer instanceof Dense) {
    const { activation, bias } = layer;
    const weights = { kernel: `${name}/kernel`, ...(bias !== null && { bias: `${name}/bias` }) };
    return nodeOf('dense', name, [input], { activation }, { weights });
  }
  if (layer instanceof Activation) return nodeOf('activation', name, [input], { activation: layer.activation });
  if (layer instanceof Dropout) {
    const { rate, options } = layer;
    return nodeOf('dropout', name, [input], { rate, training: options.training === true });
  }
  if (layer instanceof Flatten) return nodeOf('flatten', name, [input], {});
  throw new StateError('toNetwork', `layer ${name} of type ${layer.type} cannot be stored`);
}

/** A built model with the weights and masks of a float network. `make` may make a layer with other options. */
export function fromNetwork(
  network: Graph<Stored>,
  options: SequentialOptions = {},
  make: (node: Node, index: number) => Layer = (_, index) => fromNetworkLayer(network, index),
): Sequential {
  for (const [key, { encoding }] of network.weights) {
    if (encoding.type === 'int8' || encoding.type === 'int32')
      throw new StateError(
        'fromNetwork',
        `${key} is quantized and cannot be trained; run the network with compileNetwork()`,
      );
  }
  const [{ name, shape }] = network.inputs as [Graph<Stored>['inputs'][0]];
  const chain = [name, ...network.nodes.map((node) => node.name)];
  const isChain = network.nodes.every(({ inputs }, i) => inputs.length === 1 && inputs[0] === chain[i]);
  if (!isChain || network.inputs.length > 1 || !sameNames(network.outputs, [chain.at(-1)!]))
    throw new StateError('fromNetwork', 'the network is no chain of layers');
  const model = new Sequential(network.nodes.map(make), { ...options, blank: true });
  model.build(shape);
  network.nodes.forEach((node, i) => {
    const { kernel, bias } = weightsOf(network, node);
    if (kernel === undefined) return;
    const layer = model.layers[i] as Dense;
    layer.kernel.storage.array.set(kernel.encoding.values);
    if (layer.bias !== null && bias !== undefined) layer.bias.storage.array.set(bias.encoding.values);
    layer.parameter('kernel').mask = kernel.mask && fromData(Uint8Array.from(kernel.mask), kernel.shape, 'bool');
  });
  return model;
}

const sameNames = (p: readonly string[], q: readonly string[]): boolean =>
  p.length === q.length && p.every((name, i) => name === q[i]);

/** An unbuilt layer with the options that a network tells of it. */
export function fromNetworkLayer({ nodes, inputs, weights }: Graph<Stored>, index: number): Layer {
  const node = nodes[index]!;
  const { name } = node;
  const options = index === 0 ? { name, inputShape: inputs[0]!.shape } : { name };
  switch (node.op) {
    case 'dense': {
      const { shape } = weights.get(node.weights.kernel!)!;
      const { activation } = node.attrs;
      return new Dense(shape[1]!, { ...options, activation, useBias: node.weights.bias !== undefined });
    }
    case 'activation':
      return new Activation(node.attrs.activation, options);
    case 'dropout':
      return new Dropout(node.attrs.rate, { ...options, training: node.attrs.training });
    case 'flatten':
      return new Flatten(options);
    default:
      throw new StateError('fromNetwork', `node "${name}" (${node.op}) has no layer`);
  }
}
