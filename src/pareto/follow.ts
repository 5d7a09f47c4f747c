import { drawnAnew, withSeed } from '../compress/clone.ts';
import { foldBatchNorm } from '../compress/fold.ts';
import { pruneNeurons } from '../compress/neurons.ts';
import { prune } from '../compress/prune.ts';
import { PruningSchedule } from '../compress/schedule.ts';
import { distill } from '../distill/distill.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import { encodeNetwork } from '../io/network-file.ts';
import type { Callback, Model } from '../nn/model.ts';
import { toNetwork } from '../nn/network.ts';
import { choicesOf } from '../nn/objective.ts';
import { type Optimizer, optimizerByName } from '../nn/optimizers.ts';
import type { Data } from '../nn/samples.ts';
import { cosineDecay } from '../nn/schedules.ts';
import { convert } from '../quantize/convert.ts';
import { prepareQAT } from '../quantize/prepare.ts';
import { quantize } from '../quantize/quantize.ts';
import { deepCompression } from '../share/deep-compression.ts';
import type { PruneStep, Recipe, Trial } from './types.ts';

/** What recipes start from and train on. */
export interface Ingredients {
  /** The given model, compiled, with an optimizer without a schedule. */
  readonly model: Model;
  readonly x: Data;
  readonly y: Data;
  /** The number of samples. */
  readonly samples: number;
  readonly batchSize: number;
  /** Each training begins with it and falls to 0 along half a cosine (Loshchilov & Hutter 2017, section 3). */
  readonly learningRate: number;
}

/** What a recipe made. */
export interface Followed {
  readonly network: Graph<Stored>;
  readonly file: Uint8Array<ArrayBuffer>;
}

/** About this many prunings while a network is trained, as in Deep Compression. */
const PRUNINGS = 50;

/** Follows a recipe: the network that it makes, and its file. Throws what its passes throw. The given model is unchanged. */
export function follow({ recipe, seed, effort }: Trial, given: Ingredients): Followed {
  const { x, y, model, batchSize } = given;
  const work = new Work(recipe, effort, given);
  let now = work.ready(withSeed(model, seed));
  if (recipe.student !== null) {
    const { width, epochs } = recipe.student;
    const narrow = width === 1 ? now : pruneNeurons(now, { amount: 1 - width, scope: 'layer' });
    now = work.trained(work.ready(drawnAnew(narrow, seed)), epochs);
  }
  if (recipe.prune !== null) now = pruned(now, recipe.prune, work, given);
  if (recipe.share !== null) {
    const { clusters } = recipe.share;
    const centroids = work.epochs(recipe.share.epochs);
    const { network, file } = deepCompression(now, {
      ...{ x, y, batchSize, clusters, coding: recipe.code, biases: 'float16' },
      sparsity: {}, // what is pruned is so already
      epochs: { prune: 0, retrain: 0, centroids },
      optimizer: (_, steps) => work.optimizer(steps),
      train: (own, training) => work.fitted(own, training.epochs, training.callbacks),
    });
    return { network, file };
  }
  const network = quantized(now, recipe.quantize, work, given);
  return { network, file: encodeNetwork(network, { coding: recipe.code }) };
}

/** The trainings of a recipe. */
class Work {
  private readonly recipe: Recipe;
  private readonly effort: number;
  private readonly given: Ingredients;

  constructor(recipe: Recipe, effort: number, given: Ingredients) {
    this.recipe = recipe;
    this.effort = effort;
    this.given = given;
  }

  /** Of these, what is trained with this effort. */
  epochs(all: number): number {
    return all === 0 ? 0 : Math.max(1, Math.round(all * this.effort));
  }

  stepsIn(epochs: number): number {
    return epochs * Math.ceil(this.given.samples / this.given.batchSize);
  }

  /** A fresh one of the model's kind, whose rate falls to 0 in so many steps; with none it stays. */
  optimizer(steps: number): Optimizer {
    const { model, learningRate } = this.given;
    const { name } = model.optimizer;
    const made = optimizerByName(name, { ...model.optimizer.config(), learningRate });
    if (steps > 0) made.learningRate = cosineDecay(learningRate, steps);
    return made;
  }

  /** A model compiled for what the given one is, so that passes may ask for its loss. */
  ready(model: Model): Model {
    this.compile(model, 0);
    return model;
  }

  /** A model trained for so many epochs, fewer with less effort. */
  trained(model: Model, all: number, callbacks: readonly Callback[] = []): Model {
    return this.ready(this.fitted(model, this.epochs(all), callbacks));
  }

  /** A model trained for so many epochs, by the labels, and by the given model where the recipe says so. */
  fitted(model: Model, epochs: number, callbacks: readonly Callback[]): Model {
    if (epochs === 0) return model;
    const { x, y, batchSize, model: teacher } = this.given;
    const { distil } = this.recipe;
    const steps = this.stepsIn(epochs);
    const training = { epochs, batchSize, callbacks };
    if (distil === null) {
      this.compile(model, steps);
      model.fit(x, y, training);
      return model;
    }
    return distill({ teacher, student: model, x, y, ...distil, ...training, optimizer: this.optimizer(steps) }).model;
  }

  private compile(own: Model, steps: number): void {
    const { model } = this.given;
    own.compile({ optimizer: this.optimizer(steps), ...choicesOf(model.objectives), replay: model.replay });
  }
}

function pruned(model: Model, step: PruneStep, work: Work, { x, y }: Ingredients): Model {
  const { structure, amount, epochs } = step;
  const samples = [x, y] as const;
  if (structure === 'neurons')
    return work.trained(
      work.ready(pruneNeurons(model, { amount, scope: 'layer', criterion: step.criterion, samples })),
      epochs,
    );
  const { criterion } = step;
  if (epochs === 0) return work.ready(prune(model, { sparsity: amount, criterion, samples }));
  const begin = criterion === 'movement' ? 1 : 0; // it ranks by what steps did
  const end = Math.max(begin + 1, Math.floor(work.stepsIn(work.epochs(epochs)) / 2));
  const frequency = Math.max(1, Math.floor(end / PRUNINGS));
  const schedule = new PruningSchedule({ finalSparsity: amount, begin, end, frequency, criterion, samples });
  return work.trained(model, epochs, [schedule]);
}

function quantized(model: Model, step: Recipe['quantize'], work: Work, { x }: Ingredients): Graph<Stored> {
  if (step === null) return foldBatchNorm(toNetwork(model));
  if (step.method === 'rounded') {
    const hasRanges = step.format === 'static' || step.format === 'fixed';
    return quantize(model, { format: step.format, ...(hasRanges && { calibration: x }) });
  }
  const { bits } = step;
  // Below 8 bits scales are trained as well (LSQ, Esser et al. 2019)
  const prepared = prepareQAT(model, { calibration: x, bits, learnedStep: bits < 8 });
  return convert(work.trained(prepared, step.epochs));
}
