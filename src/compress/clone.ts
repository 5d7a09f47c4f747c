import type { Layer } from '../nn/layers.ts';
import { isNamedOptimizer, type Optimizer, optimizerByName } from '../nn/optimizers.ts';
import { Sequential } from '../nn/sequential.ts';
import { keep } from '../tensor/tensor.ts';

/**
 * An independent copy of a model with its weights and masks, compiled with a fresh optimizer of the same options if the
 * model is compiled. An optimizer of the user's own class or with a schedule cannot be made anew: compile the copy then.
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
  if (model.isBuilt) copy.build(model.inputShape);
  copy.steps = model.steps;
  layers.forEach((layer, i) => {
    if (changed[i] !== null) return;
    layer.weights.forEach((weight, j) => {
      const from = model.layers[i]!.weights[j]!;
      weight.value.storage.array.set(from.value.data);
      weight.mask = from.mask && keep(from.mask);
    });
  });
  const optimizer = model.isCompiled ? freshOptimizer(model.optimizer) : null;
  if (optimizer !== null) copy.compile({ optimizer, loss: model.loss, metrics: model.metrics, replay: model.replay });
  return copy;
}

function freshOptimizer(optimizer: Optimizer): Optimizer | null {
  return optimizer.hasSchedule || !isNamedOptimizer(optimizer)
    ? null
    : optimizerByName(optimizer.name, optimizer.config());
}
