import { GPU_ACTIVATIONS, type GpuActivationSpec, LINEAR } from '../../kernels/gpu/activations.ts';
import { DTypeError, listed, StateError } from '../base/errors.ts';
import type { ActivationSpec } from '../graph/activation.ts';
import type { Stored } from '../graph/encoding.ts';
import { validateNetwork } from '../graph/encodings.ts';
import { activationIn, type Graph, weightsOf } from '../graph/graph.ts';
import { Activation, Dense, Dropout, Flatten } from '../nn/layers.ts';
import type { Model } from '../nn/model.ts';
import { toNetwork } from '../nn/network.ts';
import type { DeviceTensor } from './device-tensor.ts';
import { gpuActivate, gpuMatmul, gpuSoftmax, specOf } from './ops.ts';

/** A product with its weights as they are stored. */
export interface DenseParts {
  readonly name: string;
  readonly inputs: number;
  readonly units: number;
  readonly kernel: Stored;
  readonly bias: Stored | null;
}

/** What the device does for a node, or for a part of one: a softmax is a stage of its own. */
export type Stage =
  | { readonly type: 'dense'; readonly layer: DenseParts; readonly activation: GpuActivationSpec }
  | { readonly type: 'activation'; readonly activation: GpuActivationSpec }
  | { readonly type: 'softmax' }
  | { readonly type: 'dropout'; readonly name: string; readonly rate: number };

/**
 * The stages of a network of float32 Dense, Activation, Dropout and Flatten layers. Throws StateError, which names the
 * layer, for anything that has no shader; nothing runs elsewhere instead.
 */
export function stagesOf(op: string, model: Model | Graph<Stored>): Stage[] {
  const network = 'seed' in model ? plain(op, model) : model;
  const values = validateNetwork(network);
  const hasFlatten = network.nodes.some((node) => node.op === 'flatten');
  const stages: Stage[] = [];
  let last = network.inputs[0]!.name;
  for (const node of network.nodes) {
    if (
      node.inputs.length !== 1 ||
      node.inputs[0] !== last ||
      network.inputs.length !== 1 ||
      network.outputs.length !== 1
    )
      throw new StateError(
        op,
        `node ${node.name} (${node.op}) is not the next of a chain, and shaders run chains alone`,
      );
    last = node.name;
    const { shape, dtype, format } = values.get(node.inputs[0])!;
    const isFlat = shape.length === 1;
    const isDense = node.op === 'dense';
    const mixesNumbers = isDense || (node.op === 'activation' && activationIn(node)?.name === 'softmax');
    if ((mixesNumbers && !isFlat) || (!hasFlatten && !isFlat))
      throw new StateError(
        op,
        `layer ${node.name} gets samples of shape ${listed(shape)}, and shaders take flat ones: put a Flatten before it`,
      );
    switch (node.op) {
      case 'dense': {
        const { activation: spec } = node.attrs;
        if (dtype === 'float64')
          throw new DTypeError(op, ['float64'], `layer ${node.name} has weights that a device does not compute with`);
        if (format !== null) throw new StateError(op, `node ${node.name} (${node.op}) of integers has no shader`);
        const { kernel, bias } = weightsOf(network, node);
        const [inputs, units] = kernel!.shape as [number, number];
        const isFused = spec.name !== 'softmax';
        const activation = isFused ? shaderOf(op, node.name, spec) : LINEAR;
        stages.push({
          type: 'dense',
          layer: { name: node.name, inputs, units, kernel: kernel!, bias: bias ?? null },
          activation,
        });
        if (!isFused) stages.push({ type: 'softmax' });
        break;
      }
      case 'activation': {
        const { activation: spec } = node.attrs;
        if (spec.name === 'softmax') stages.push({ type: 'softmax' });
        else if (spec.name !== 'linear') stages.push({ type: 'activation', activation: shaderOf(op, node.name, spec) });
        break;
      }
      case 'dropout':
        if (node.attrs.rate > 0) stages.push({ type: 'dropout', name: node.name, rate: node.attrs.rate });
        break;
      case 'flatten':
        break;
      default:
        throw new StateError(op, `node ${node.name} (${node.op}) has no shader`);
    }
  }
  return stages;
}

function plain(op: string, model: Model): Graph<Stored> {
  for (const layer of model.layers) {
    // A class that extends one of ours may compute something else
    const known: readonly unknown[] = [Dense, Activation, Dropout, Flatten];
    if (!known.includes(layer.constructor))
      throw new StateError(op, `layer ${layer.name} of type ${layer.type} has no shader`);
    if (layer instanceof Dropout && layer.options.training === true)
      throw new StateError(op, `layer ${layer.name} drops outside training too, which has no shader`);
  }
  return toNetwork(model);
}

function shaderOf(op: string, layer: string, { name, alpha }: ActivationSpec): GpuActivationSpec {
  const known: readonly string[] = GPU_ACTIVATIONS;
  if (known.includes(name)) return specOf(op, alpha === undefined ? name : { name, alpha });
  const list = [...known, 'softmax'].join(', ');
  throw new StateError(op, `layer ${layer}: activation ${name} has no shader; ${list} have one`);
}

/** The weights of a dense stage on the device. */
export interface DeviceWeights {
  readonly kernel: DeviceTensor;
  readonly bias: DeviceTensor | null;
}

/** One stage forward, dropout left out: `x` itself where it changes nothing. */
export function forward(stage: Stage, x: DeviceTensor, weights: DeviceWeights | undefined): Promise<DeviceTensor> {
  switch (stage.type) {
    case 'dense':
      return gpuMatmul(x, weights!.kernel, { bias: weights!.bias, activation: stage.activation });
    case 'activation':
      return gpuActivate(x, stage.activation);
    case 'softmax':
      return gpuSoftmax(x);
    case 'dropout':
      return Promise.resolve(x);
  }
}
