import type { FloatArray } from '../../kernels/arrays.ts';
import { StateError } from '../base/errors.ts';
import type { Stored } from '../graph/encoding.ts';
import { type Graph, mapWeights, type Node, weightsOf } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import { fromData, keep } from '../tensor/tensor.ts';
import type { LayerStack, SequentialOptions } from './layer-stack.ts';
import { Activation, ActivityRegularization, Dense, Dropout, Flatten, type Layer } from './layers.ts';
import type { Parameter } from './parameter.ts';
import { Sequential } from './sequential.ts';

/** The model as plain data, its weights copied: what files hold, programs run and compression measures. */
export function toNetwork({ graph }: LayerStack): Network {
  const own = graph.nodes.find((node) => node.op === 'custom');
  if (own?.op === 'custom')
    throw new StateError('toNetwork', `layer ${own.name} of type ${own.attrs.type} cannot be stored`);
  return new Network(mapWeights(graph, storedOf));
}

function storedOf({ value, mask }: Parameter): Stored {
  const values = keep(value).data as FloatArray;
  const { shape } = value;
  const encoding =
    values instanceof Float64Array ? ({ type: 'float64', values } as const) : ({ type: 'float32', values } as const);
  return { shape, encoding, mask: mask && Uint8Array.from(mask.data, (bit) => Number(bit !== 0)) };
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
  const layers = network.nodes.flatMap((node, i) => (isOfLayerBefore(network, i) ? [] : [make(node, i)]));
  const model = new Sequential(layers, { ...options, blank: true });
  model.build(shape);
  for (const node of network.nodes) {
    for (const [role, { encoding, mask, shape: of }] of Object.entries(weightsOf(network, node))) {
      const weight = model.layer(node.name).parameter(role);
      weight.value.storage.array.set(encoding.values);
      weight.mask = mask && fromData(Uint8Array.from(mask), of, 'bool');
    }
  }
  return model;
}

/** Whether a node is the penalty on the activities of the Dense layer before it, and comes from an option of that. */
function isOfLayerBefore({ nodes }: Pick<Graph<Stored>, 'nodes'>, index: number): boolean {
  const before = nodes[index - 1];
  return nodes[index]?.op === 'activityRegularization' && nodes[index].name === `${before?.name}/activity`;
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
      const next = nodes[index + 1];
      const penalty =
        isOfLayerBefore({ nodes }, index + 1) && next?.op === 'activityRegularization' ? next.attrs : null;
      const activity = penalty && { activityRegularizer: penalty };
      return new Dense(shape[1]!, { ...options, ...activity, activation, useBias: node.weights.bias !== undefined });
    }
    case 'activation':
      return new Activation(node.attrs.activation, options);
    case 'dropout':
      return new Dropout(node.attrs.rate, { ...options, training: node.attrs.training });
    case 'flatten':
      return new Flatten(options);
    case 'activityRegularization':
      return new ActivityRegularization(node.attrs, options);
    default:
      throw new StateError('fromNetwork', `node "${name}" (${node.op}) has no layer`);
  }
}
