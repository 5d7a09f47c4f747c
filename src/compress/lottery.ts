import { exp64, log64 } from '../../kernels/reference/math.ts';
import { checkCount, checkRange, StateError, ValueError } from '../base/errors.ts';
import { checkFunction, checkOptions } from '../base/options.ts';
import { checkModel } from '../nn/check-model.ts';
import { isTrained } from '../nn/layer-graph.ts';
import type { Callback, Model } from '../nn/model.ts';
import { keep } from '../tensor/tensor.ts';
import { cloneModel, drawnAnew } from './clone.ts';
import { weightsIn } from './masks.ts';
import { type PruneOptions, prune } from './prune.ts';

export interface LotteryOptions {
  /** Share of the kernels' weights that is pruned in the ticket, in [0, 1). */
  readonly sparsity: number;
  /**
   * How often the network is trained and pruned, by the same share each time of what is left, at first of what the model's
   * masks leave. Default: as often as it takes about a fifth.
   */
  readonly rounds?: number;
  /** Steps of the first training that the ticket has behind it. Default 0: its weights are those that training begins with. */
  readonly rewindTo?: number;
  /** Whether the smallest weights are sought over all layers together, or in each by itself. Default `global`. */
  readonly scope?: PruneOptions['scope'];
  /** Of the weights that are drawn anew. Default: the one behind the model's. */
  readonly seed?: number;
}

/** A round of a lottery: what was trained, and how it ended. */
export interface LotteryRound<R> {
  /** Share of the kernels' weights that was pruned while the network was trained. */
  readonly sparsity: number;
  /** What `train` returned. */
  readonly result: R;
}

export interface LotteryTicket<R> {
  /** The network with its mask and the weights of step `rewindTo`, to be trained. */
  readonly ticket: Model;
  /** The network with the same mask and weights drawn anew, which have no step behind them: what a ticket is compared with. */
  readonly random: Model;
  readonly rounds: readonly LotteryRound<R>[];
}

/**
 * Iterative magnitude pruning with rewinding (Frankle & Carbin 2019): the network is trained, the smallest of its weights are
 * masked, all others return to what they were, and so on. The result is a sparse network that has hardly been trained, which
 * may learn as well as the dense one; in larger networks it does only if weights return to a step a little behind the
 * first (`rewindTo`; Frankle et al. 2020). What returns is the network at that step: weights, running statistics, the
 * optimizer's state, and the counts of steps and epochs.
 *
 * `train` trains the model that it is given, and compiles it where its optimizer has a schedule or is of a class of your own. For
 * `rewindTo` above 0 it passes the callbacks on to `model.fit`. The given model is unchanged; weights that are masked in it
 * are masked in the ticket.
 *
 * @example
 * const train = (m: Model, callbacks: readonly Callback[]) => m.fit(x, y, { epochs: 2, callbacks });
 * const { ticket, random } = lotteryTicket(model, train, { sparsity: 0.8, rounds: 2 });
 * train(ticket, []);
 * measure(ticket, { latency: false }).nonZeroParameters; // 72
 */
export function lotteryTicket<R>(
  model: Model,
  train: (model: Model, callbacks: readonly Callback[]) => R,
  options: LotteryOptions,
): LotteryTicket<R> {
  const op = 'lotteryTicket';
  checkModel(op, 'the first argument', model);
  if (!model.isBuilt)
    throw new StateError(op, 'the model is not built: give its first layer an inputShape, or call build');
  checkFunction(op, 'train', train, 'that trains the model it is given');
  checkOptions(op, options, 'sparsity rounds rewindTo scope seed', 'Write { sparsity: $ }');
  const { sparsity, rewindTo = 0, scope = 'global', seed = model.seed + 1 } = options;
  checkRange(op, 'sparsity', sparsity, 'in [0, 1)');
  const given = maskedIn(model);
  const left = Math.min(0, log64((1 - sparsity) / (1 - given))); // of the weights that live, as a logarithm
  const { rounds = Math.max(1, Math.ceil(left / log64(0.8) - 1e-9)) } = options;
  checkCount(op, 'rounds', rounds);
  checkCount(op, 'rewindTo', rewindTo, 0);
  const random = drawnAnew(model, seed);
  let start = rewindTo === 0 ? copyOf(model) : null;
  const watch: Callback = {
    onBatchEnd: (_batch, _logs, trained) => {
      if (trained.steps - model.steps === rewindTo) start ??= copyOf(trained);
    },
  };
  let current = copyOf(model);
  const history: LotteryRound<R>[] = [];
  for (let round = 1; round <= rounds; round++) {
    const before = maskedIn(current);
    const result = train(current, [watch]);
    if (typeof (result as { then?: unknown } | null)?.then === 'function')
      throw new ValueError(op, 'train', 'done when it returns: model.fit, not fitAsync', result);
    if (start === null) {
      const made = `training made ${current.steps - model.steps} steps`;
      throw new StateError(op, `${made}, and rewindTo is ${rewindTo}: give model.fit the callbacks, or more epochs`);
    }
    history.push({ sparsity: before, result });
    const next = round === rounds ? sparsity : 1 - (1 - given) * exp64((left * round) / rounds);
    const pruned = prune(current, { sparsity: next, scope });
    current = copyOf(start);
    takeMasks(current, pruned);
  }
  takeMasks(random, current);
  return { ticket: current, random, rounds: history };
}

/** An independent copy that goes on as the model itself would; its optimizer as `cloneModel` makes it. */
function copyOf(model: Model): Model {
  const copy = cloneModel(model);
  const [from, to] = [model, copy].map(({ weights }) => weights.filter(isTrained));
  if (copy.isCompiled) copy.optimizer.restore(to!, model.optimizer.state(from!));
  return copy;
}

/** The share of the kernels' weights that is masked. */
function maskedIn(model: Model): number {
  const kernels = weightsIn(model);
  const total = kernels.reduce((sum, { values }) => sum + values.length, 0);
  const dead = kernels.reduce((sum, { alive }) => sum + Array.from(alive ?? []).filter((bit) => bit === 0).length, 0);
  return total === 0 ? 0 : dead / total;
}

/** Masks the weights of a model as those of another of the same layers. */
function takeMasks(model: Model, masked: Model): void {
  masked.weights.forEach(({ mask }, i) => {
    const weight = model.weights[i]!;
    weight.mask = mask && keep(mask);
    weight.prune();
  });
}
