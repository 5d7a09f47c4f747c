import { gather } from '../autograd/movement.ts';
import { noGrad } from '../autograd/tape.ts';
import { StateError, ValueError } from '../base/errors.ts';
import { Activation, Dense, Dropout, Flatten } from '../nn/layers.ts';
import type { Model } from '../nn/model.ts';
import { tensor } from '../tensor/create.ts';
import { Random } from '../tensor/random.ts';
import { assign, keep, type Tensor } from '../tensor/tensor.ts';
import { cloneModel } from './clone.ts';

/** How neurons are ranked: L1 norm of the incoming weights (Li et al. 2017), or at random, the baseline to beat. */
export type NeuronCriterion = 'magnitude' | 'random';

export interface PruneNeuronsOptions {
  /** The Dense layer, by name or index among all layers. */
  readonly layer: string | number;
  /** Below 1: the share of neurons to remove, rounded; otherwise their number. */
  readonly amount: number;
  /** Default `magnitude`. */
  readonly criterion?: NeuronCriterion;
}

/**
 * Removes neurons of a hidden Dense layer: their columns, their biases, and the rows of the next Dense layer that read
 * them. The result is a smaller network, not a masked one. The output layer cannot lose neurons. The given model is
 * unchanged; fine-tune the result with `fit`.
 */
export function pruneNeurons(
  model: Model,
  { layer: which, amount, criterion = 'magnitude' }: PruneNeuronsOptions,
): Model {
  const layer = model.layer(which);
  if (!(layer instanceof Dense))
    throw new ValueError('pruneNeurons', 'layer', 'a Dense layer', `${layer.name} (${layer.type})`);
  const next = readerOf(model, layer);
  const kept = survivors(layer, amount, criterion, model.seed);
  const pruned = cloneModel(model, (old) => {
    if (old === layer) return new Dense(kept.length, layer.options);
    return old === next ? next.clone() : null;
  });
  const at = (old: Dense): Dense => pruned.layers[model.layers.indexOf(old)] as Dense;
  const indices = tensor(Int32Array.from(kept));
  copyPicked(layer, at(layer), (t) => gather(t, indices, -1)); // columns of the kernel, and biases
  copyPicked(next, at(next), (t) => (t.rank === 1 ? t : gather(t, indices))); // rows
  return pruned;
}

/** The Dense layer that reads `layer`'s neurons one to one. */
function readerOf(model: Model, layer: Dense): Dense {
  const refuse = (why: string): never => {
    throw new StateError('pruneNeurons', `neurons of ${layer.name} cannot be removed: ${why}`);
  };
  const mixes = ['softmax', 'logSoftmax'];
  if (mixes.includes(layer.activation.name)) refuse('its softmax ties them together');
  const index = model.layers.indexOf(layer);
  for (const between of model.layers.slice(index + 1)) {
    if (between instanceof Dense) return between;
    if (between instanceof Activation && mixes.includes(between.activation.name))
      refuse('a softmax follows that ties them together');
    if (between instanceof Flatten && model.shapeAfter(index).length > 1)
      refuse('a Flatten follows that mixes them with other axes');
    const passes = between instanceof Activation || between instanceof Dropout || between instanceof Flatten;
    if (!passes) refuse(`it is not known how ${between.name} of type ${between.type} treats them`);
  }
  return refuse('it is the output layer');
}

/** Indices of the neurons to keep, rising. Of equals, the ones with the lower index stay. */
function survivors(layer: Dense, amount: number, criterion: NeuronCriterion, seed: number): number[] {
  const { units, kernel } = layer;
  const removed = amount < 1 ? Math.round(amount * units) : amount;
  if (!(amount >= 0) || !Number.isSafeInteger(removed) || removed >= units) {
    throw new ValueError(
      'pruneNeurons',
      'amount',
      `a share below 1 or a number below the layer's ${units} neurons`,
      amount,
    );
  }
  const scores = new Float64Array(units);
  if (criterion === 'random') {
    new Random(seed, `${layer.name}/pruning`).permutation(units).data.forEach((rank, i) => {
      scores[i] = rank;
    });
  } else if (criterion === 'magnitude') {
    // NaN counts as large: removing the neuron would hide that training broke down.
    kernel.data.forEach((weight, at) => {
      scores[at % units] = scores[at % units]! + (Number.isNaN(weight) ? Infinity : Math.abs(weight));
    });
  } else throw new ValueError('pruneNeurons', 'criterion', 'magnitude or random', criterion);
  const order = [...scores.keys()].sort((p, q) => scores[q]! - scores[p]! || p - q);
  return order.slice(0, units - removed).sort((p, q) => p - q);
}

/** Copies the parameters of a layer as `pick` leaves them. The mask goes along. */
function copyPicked(from: Dense, to: Dense, pick: (t: Tensor) => Tensor): void {
  noGrad(() => {
    assign(to.kernel, pick(from.kernel));
    if (from.bias !== null) assign(to.bias!, pick(from.bias));
    const { mask } = from.parameter('kernel');
    to.parameter('kernel').mask = mask && keep(pick(mask));
  });
}
