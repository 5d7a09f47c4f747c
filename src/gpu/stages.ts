import { GPU_ACTIVATIONS, type GpuActivationSpec, LINEAR } from '../../kernels/gpu/activations.ts';
import { DTypeError, listed, StateError } from '../base/errors.ts';
import type { ActivationSpec, DenseLayer, Network } from '../infer/network.ts';
import { networkShapes } from '../infer/validate.ts';
import { Activation, Dense, Dropout, Flatten } from '../nn/layers.ts';
import { toNetwork } from '../nn/network.ts';
import type { Sequential } from '../nn/sequential.ts';
import type { DeviceTensor } from './device-tensor.ts';
import { gpuActivate, gpuMatmul, gpuSoftmax, specOf } from './ops.ts';

/** What the device does for a layer, or for a part of one: a softmax is a stage of its own. */
export type Stage =
  | { readonly type: 'dense'; readonly layer: DenseLayer; readonly activation: GpuActivationSpec }
  | { readonly type: 'activation'; readonly activation: GpuActivationSpec }
  | { readonly type: 'softmax' }
  | { readonly type: 'dropout'; readonly name: string; readonly rate: number };

/**
 * The stages of a network of float32 Dense, Activation, Dropout and Flatten layers. Throws StateError, which names the
 * layer, for anything that has no shader; nothing runs elsewhere instead.
 */
export function stagesOf(op: string, model: Sequential | Network): Stage[] {
  const network = 'seed' in model ? plain(op, model) : model;
  const shapes = networkShapes(network);
  const hasFlatten = network.layers.some(({ type }) => type === 'flatten');
  const stages: Stage[] = [];
  network.layers.forEach((layer, i) => {
    const isFlat = shapes[i]!.length === 1;
    const mixesNumbers = layer.type === 'dense' || (layer.type === 'activation' && layer.activation.name === 'softmax');
    if ((mixesNumbers && !isFlat) || (!hasFlatten && !isFlat))
      throw new StateError(
        op,
        `layer ${layer.name} gets samples of shape ${listed(shapes[i]!)}, and shaders take flat ones: put a Flatten before it`,
      );
    switch (layer.type) {
      case 'dense': {
        if (layer.weights instanceof Float64Array)
          throw new DTypeError(op, ['float64'], `layer ${layer.name} has weights that a device does not compute with`);
        const isFused = layer.activation.name !== 'softmax';
        const activation = isFused ? shaderOf(op, layer.name, layer.activation) : LINEAR;
        stages.push({ type: 'dense', layer, activation });
        if (!isFused) stages.push({ type: 'softmax' });
        break;
      }
      case 'activation':
        if (layer.activation.name === 'softmax') stages.push({ type: 'softmax' });
        else if (layer.activation.name !== 'linear')
          stages.push({ type: 'activation', activation: shaderOf(op, layer.name, layer.activation) });
        break;
      case 'dropout':
        if (layer.rate > 0) stages.push({ type: 'dropout', name: layer.name, rate: layer.rate });
        break;
      case 'flatten':
        break;
      default:
        throw new StateError(op, `layer ${layer.name} of type ${layer.type} has no shader`);
    }
  });
  return stages;
}

function plain(op: string, model: Sequential): Network {
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
