import type { Layer } from '../nn/layers.ts';
import { optimizerByName } from '../nn/optimizers.ts';
import { Sequential } from '../nn/sequential.ts';
import { keep } from '../tensor/tensor.ts';

/**
 * An independent copy of a model with its weights, masks and, if compiled, a fresh optimizer of the same options.
 * `change` may make another layer in a layer's place; such a layer keeps its new weights.
 */
export function cloneModel(
  model: Sequential,
  change: (layer: Layer, index: number) => Layer | null = () => null,
): Sequential {
  const changed = model.layers.map(change);
  const layers = model.layers.map((layer, i) => {
    const made = changed[i] ?? layer.clone();
    made.name = layer.name;
    made.trainable = layer.trainable;
    return made;
  });
  const copy = new Sequential(layers, { seed: model.seed, dtype: model.dtype });
  copy.build(model.inputShape);
  copy.steps = model.steps;
  layers.forEach((layer, i) => {
    if (changed[i] !== null) return;
    layer.weights.forEach(({ value }, j) => {
      const from = model.layers[i]!.weights[j]!.value;
      if (from.size !== value.size) return;
      value.storage.array.set(from.data);
      value.mask = from.mask && keep(from.mask);
    });
  });
  if (model.isCompiled) {
    const { name = '', ...options } = model.optimizer.config();
    copy.compile({ optimizer: optimizerByName(String(name), options), loss: model.loss, metrics: model.metrics });
  }
  return copy;
}
