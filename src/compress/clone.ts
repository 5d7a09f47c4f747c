import { layerOf } from '../base/text.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import { checkModel } from '../nn/check-model.ts';
import { withInner } from '../nn/layer-names.ts';
import type { Layer } from '../nn/layers.ts';
import { Model } from '../nn/model.ts';
import { fromNetwork, fromNetworkLayer } from '../nn/network.ts';
import { choicesOf } from '../nn/objective.ts';
import { isNamedOptimizer, type Optimizer, optimizerByName } from '../nn/optimizers.ts';
import { rulesOf } from '../nn/rules.ts';
import { Sequential } from '../nn/sequential.ts';
import { spreadBuckets } from '../nn/shared-weights.ts';
import { keep } from '../tensor/tensor.ts';

/**
 * An independent copy of a model with its weights and masks, compiled with a fresh optimizer of the same options if the
 * model is compiled. An optimizer of the user's own class or with a schedule cannot be made anew: compile the copy then.
 * `change` may make another layer in a layer's place; such a layer keeps its new weights. Throws ValueError for what is no
 * model.
 *
 * @example
 * const copy = cloneModel(model, (layer) => (layer instanceof Dropout ? new Dropout(0.3) : null));
 * copy.fit(x, y, { epochs: 1 });
 * [model.epochs, copy.epochs]; // [ 30, 31 ]
 */
export function cloneModel(model: Model, change: (layer: Layer, index: number) => Layer | null = () => null): Model {
  checkModel('cloneModel', 'the model', model);
  return copyOf(model, change, model.seed);
}

/** A copy that draws by another seed from here on: orders of samples, what is dropped. Its weights are the model's. */
export const withSeed = (model: Model, seed: number): Model => copyOf(model, () => null, seed);

function copyOf(model: Model, change: (layer: Layer, index: number) => Layer | null, seed: number): Model {
  const unchanged = new Map<string, Layer>();
  const made = (layer: Layer): Layer => {
    const other = change(layer, model.layers.indexOf(layer));
    const result = other ?? layer.clone();
    result.name = layer.name;
    result.trainable = layer.trainable;
    result.movesStatistics = layer.movesStatistics;
    if (other === null) for (const each of withInner(layer)) unchanged.set(each.name, each);
    return result;
  };
  const copy = ofLayers(model, made, seed);
  copy.steps = model.steps;
  copy.epochs = model.epochs;
  for (const layer of copy.layers) {
    const from = unchanged.get(layer.name);
    layer.weights.forEach((weight, j) => {
      const given = from?.weights[j];
      if (given === undefined) return;
      weight.value.storage.array.set(given.value.data);
      weight.mask = given.mask && keep(given.mask);
      weight.sharing = given.sharing;
    });
  }
  compileLike(copy, model);
  return copy;
}

/** A model of other layers in the places of a model's. */
function ofLayers(model: Model, made: (layer: Layer) => Layer, seed: number): Model {
  const options = { seed, dtype: model.dtype };
  const copy =
    model instanceof Sequential
      ? new Sequential(model.topLayers.map(made), options)
      : new Model(...model.rewired(made), options);
  if (model.isBuilt) copy.build(model.inputShapes);
  return copy;
}

/**
 * A copy of a model whose weights are drawn as those of a model of another seed; frozen layers keep theirs. Palettes are of weights
 * that are gone then: what is drawn has none.
 */
export function drawnAnew(model: Model, seed: number): Model {
  const named = (layer: Layer): Layer => Object.assign(layer.clone(), { name: layer.name });
  const other = ofLayers(model, named, seed);
  const copy = cloneModel(model);
  const { frozen } = model;
  model.layers.forEach((layer, i) => {
    if (frozen.has(layer)) return;
    copy.layers[i]!.weights.forEach((weight, j) => {
      weight.value.storage.array.set(other.layers[i]!.weights[j]!.value.data);
      const { sharing } = weight;
      if (sharing === null) return;
      // Numbers that are drawn have no clusters; buckets are those of their places
      if (sharing.seed === null) weight.sharing = null;
      else spreadBuckets(weight, sharing);
    });
  });
  copy.steps = 0;
  copy.epochs = 0;
  return copy;
}

/** Where nodes of a network come from that have other names than those of the model. */
export interface Origins {
  /** For a node the one whose layer it has. By default that of its name. */
  readonly from?: (node: string) => string;
  /** Nodes with a part of a kernel each, by the names of those that had the whole: held to what these are, and frozen with them. */
  readonly parts?: ReadonlyMap<string, string>;
}

/**
 * A model of a network that a pass made of this one's, trained so far: layers are made with the options of those that the
 * nodes come from, and containers are what they consist of.
 */
export function remade(model: Model, network: Graph<Stored>, origins?: Origins): Model {
  const copy = madeOf(model, network, origins);
  compileLike(copy, model);
  return copy;
}

/** The same, not compiled. */
export function madeOf(
  model: Model,
  network: Graph<Stored>,
  { from = (node) => node, parts = new Map() }: Origins = {},
): Model {
  const { frozen } = model;
  const copy = fromNetwork(network, { seed: model.seed, dtype: model.dtype }, (node, index) => {
    const original = model.layerOf(from(node.name)) as Layer | undefined;
    if (original === undefined) {
      const whole = parts.has(node.name) ? model.layerOf(parts.get(node.name)!) : null; // null: nothing like it was there
      const layer = fromNetworkLayer(network, index, { rules: rulesOf(whole?.rules ?? {}, ['kernel']) });
      layer.trainable = whole === null || !frozen.has(whole);
      return layer;
    }
    const layer = fromNetworkLayer(network, index, { original, rules: original.rules ?? {} });
    layer.trainable = !frozen.has(original);
    layer.movesStatistics = original.movesStatistics;
    return layer;
  });
  for (const weight of copy.weights) {
    const layer = layerOf(weight.name);
    const name = from(layer) + weight.name.slice(layer.length);
    const { gradient } = model.graph.weights.get(name)?.sharing ?? {};
    if (gradient !== undefined && weight.sharing !== null) weight.sharing = { ...weight.sharing, gradient };
  }
  copy.steps = model.steps;
  copy.epochs = model.epochs;
  return copy;
}

function compileLike(copy: Model, model: Model): void {
  const optimizer = model.isCompiled ? freshOptimizer(model.optimizer) : null;
  if (optimizer !== null) copy.compile({ optimizer, ...choicesOf(model.objectives), replay: model.replay });
}

/** One of the same options that has taken no step; null where it cannot be made anew. */
export function freshOptimizer(optimizer: Optimizer): Optimizer | null {
  return optimizer.hasSchedule || !isNamedOptimizer(optimizer)
    ? null
    : optimizerByName(optimizer.name, optimizer.config());
}
