import type { FloatArray } from '../../kernels/arrays.ts';
import { StateError } from '../base/errors.ts';
import type { Network, NetworkLayer } from '../infer/network.ts';
import { fromData, keep, type Tensor } from '../tensor/tensor.ts';
import type { LayerStack, SequentialOptions } from './layer-stack.ts';
import { Activation, Dense, Dropout, Flatten, type Layer } from './layers.ts';
import { Sequential } from './sequential.ts';

/** The model as plain data, its weights copied: what files hold, programs run and compression measures. */
export function toNetwork(model: LayerStack): Network {
  return { inputShape: model.inputShape, layers: model.layers.map(toNetworkLayer) };
}

function toNetworkLayer(layer: Layer): NetworkLayer {
  const { name } = layer;
  if (layer instanceof Dense) {
    const { kernel, bias, units, activation } = layer;
    const copy = (t: Tensor): FloatArray => keep(t).data as FloatArray;
    const mask = kernel.mask === null ? null : Uint8Array.from(kernel.mask.data);
    return {
      type: 'dense',
      name,
      inputs: kernel.shape[0]!,
      units,
      weights: copy(kernel),
      bias: bias && copy(bias),
      activation,
      mask,
    };
  }
  if (layer instanceof Activation) return { type: 'activation', name, activation: layer.activation };
  if (layer instanceof Dropout) return { type: 'dropout', name, rate: layer.rate };
  if (layer instanceof Flatten) return { type: 'flatten', name };
  throw new StateError('toNetwork', `layer ${name} of type ${layer.type} cannot be stored`);
}

/** A built model with the weights and masks of a float network. `make` may make a layer with other options. */
export function fromNetwork(
  network: Network,
  options: SequentialOptions = {},
  make: (layer: NetworkLayer, index: number) => Layer = (_, index) => fromNetworkLayer(network, index),
): Sequential {
  const model = new Sequential(network.layers.map(make), { ...options, blank: true });
  model.build(network.inputShape);
  network.layers.forEach((layer, i) => {
    if (layer.type !== 'dense') return;
    const { kernel, bias } = model.layers[i] as Dense;
    kernel.storage.array.set(layer.weights);
    if (bias !== null && layer.bias !== null) bias.storage.array.set(layer.bias);
    kernel.mask = layer.mask && fromData(Uint8Array.from(layer.mask), kernel.shape, 'bool');
  });
  return model;
}

/** An unbuilt layer with the options that a network tells of it. Throws StateError for a quantized one. */
export function fromNetworkLayer({ layers, inputShape }: Network, index: number): Layer {
  const layer = layers[index]!;
  const { name } = layer;
  const options = index === 0 ? { name, inputShape } : { name };
  switch (layer.type) {
    case 'dense':
      return new Dense(layer.units, { ...options, activation: layer.activation, useBias: layer.bias !== null });
    case 'activation':
      return new Activation(layer.activation, options);
    case 'dropout':
      return new Dropout(layer.rate, options);
    case 'flatten':
      return new Flatten(options);
    case 'quantizedDense':
      throw new StateError(
        'fromNetwork',
        `layer ${name} is quantized and cannot be trained; run it with compileNetwork()`,
      );
  }
}
