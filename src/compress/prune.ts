import { checkCount, checkRange, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import type { Stored } from '../graph/encoding.ts';
import { factsOf } from '../graph/facts.ts';
import type { Graph } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import { persistent } from '../memory/arena.ts';
import { type Callback, Model } from '../nn/model.ts';
import type { Logs } from '../nn/objective.ts';
import { zeros } from '../tensor/create.ts';
import { cloneModel } from './clone.ts';
import { networkOf } from './passes.ts';

/** Whether the smallest weights are sought over all layers together, or in each layer by itself. */
export type PruningScope = 'global' | 'layer';

export interface PruneOptions {
  /** Share of the kernels' weights that is zero afterwards, in [0, 1); biases are never pruned. */
  readonly sparsity: number;
  /** Default `global`. */
  readonly scope?: PruningScope;
}

/**
 * Magnitude pruning (Han et al. 2015): the smallest weights become 0 and stay 0 through further training. The given
 * model or network is unchanged. The sparsity is reached to the weight: of equals the lower index is pruned, and weights
 * pruned before count. Two things go before it: every layer keeps at least its largest weight, and no weight comes back to
 * life. Of a layer of the user's own the weights called `kernel` are pruned. Fine-tune the result with `fit`.
 */
export function prune(model: Model, options: PruneOptions): Model;
export function prune(network: Graph<Stored>, options: PruneOptions): Network;
export function prune(subject: Model | Graph<Stored>, options: PruneOptions = {} as PruneOptions): Model | Network {
  checkOptions('prune', options, 'sparsity scope');
  const { sparsity, scope = 'global' } = options;
  checkRange('prune', 'sparsity', sparsity, 'in [0, 1)');
  checkScope('prune', scope);
  if (subject instanceof Model) {
    const pruned = cloneModel(subject);
    pruneInPlace(pruned, sparsity, scope);
    return pruned;
  }
  const graph = networkOf('prune', subject);
  const weights = new Map(graph.weights);
  const kernels = prunedKeys(graph).map((key): Kernel => {
    const { shape, encoding, mask } = graph.weights.get(key)!;
    if (encoding.type !== 'float32' && encoding.type !== 'float64')
      throw new StateError('prune', `${key} is ${encoding.type} already: prune before quantizing`);
    const values = encoding.values.slice();
    const set = (alive: Uint8Array): void =>
      void weights.set(key, { shape, encoding: { ...encoding, values } as Stored['encoding'], mask: alive });
    return { values, alive: mask, set };
  });
  maskSmallest(kernels, sparsity, scope);
  return new Network({ ...graph, weights });
}

/** Keys of the weights that are pruned, each once. */
function prunedKeys({ nodes }: Graph<unknown>): string[] {
  const keys = nodes.flatMap((node) => {
    const roles = factsOf(node).weights;
    const isPruned = (role: string, key: string): boolean =>
      roles === null ? key.endsWith('/kernel') : roles[role]?.isPruned === true;
    return Object.entries(node.weights).flatMap(([role, key]) => (isPruned(role, key) ? [key] : []));
  });
  return [...new Set(keys)];
}

/** Numbers that may be pruned, in their place. */
interface Kernel {
  readonly values: { [index: number]: number; readonly length: number };
  /** 0 where they were pruned before. */
  readonly alive: ArrayLike<number> | null;
  /** Takes the new mask. */
  readonly set: (alive: Uint8Array) => void;
}

/** Masks the smallest weights of a model so that `sparsity` of them are masked. */
function pruneInPlace(model: Model, sparsity: number, scope: PruningScope): void {
  const { graph } = model;
  const kernels = prunedKeys(graph).map((key): Kernel => {
    const kernel = graph.weights.get(key)!;
    const { storage } = kernel.value;
    const set = (alive: Uint8Array): void => {
      const mask = persistent(() => zeros(kernel.shape, 'bool'));
      mask.storage.array.set(alive);
      kernel.mask = mask;
      storage.version++;
    };
    return { values: storage.array, alive: kernel.mask?.data ?? null, set };
  });
  maskSmallest(kernels, sparsity, scope);
}

function checkScope(op: string, scope: PruningScope): void {
  if (scope !== 'global' && scope !== 'layer') throw new ValueError(op, 'scope', 'global or layer', scope);
}

function maskSmallest(kernels: readonly Kernel[], sparsity: number, scope: PruningScope): void {
  for (const group of scope === 'global' ? [kernels] : kernels.map((kernel) => [kernel])) maskTogether(group, sparsity);
}

function maskTogether(kernels: readonly Kernel[], sparsity: number): void {
  const total = kernels.reduce((sum, { values }) => sum + values.length, 0);
  const magnitudes = new Float64Array(total);
  const alive = new Uint8Array(total).fill(1);
  const candidates: number[] = [];
  let left = Math.round(sparsity * total);
  let base = 0;
  for (const { values, alive: before } of kernels) {
    const live: number[] = [];
    let largest = -1;
    for (let i = base; i < base + values.length; i++) {
      if (before?.[i - base] === 0) {
        alive[i] = 0;
        left--;
        continue;
      }
      // NaN counts as large: pruning it would hide that training broke down.
      const weight = values[i - base]!;
      magnitudes[i] = Number.isNaN(weight) ? Infinity : Math.abs(weight);
      if (largest < 0 || magnitudes[i]! > magnitudes[largest]!) largest = i;
      live.push(i);
    }
    for (const i of live) if (i !== largest) candidates.push(i);
    base += values.length;
  }
  candidates.sort((p, q) => magnitudes[p]! - magnitudes[q]! || p - q);
  for (const i of candidates.slice(0, Math.max(0, left))) alive[i] = 0;
  base = 0;
  for (const { values, set } of kernels) {
    const own = alive.subarray(base, base + values.length);
    own.forEach((bit, i) => {
      if (bit === 0) values[i] = 0;
    });
    set(own.slice());
    base += values.length;
  }
}

export interface PruningScheduleOptions {
  /** Default 0. */
  readonly initialSparsity?: number;
  readonly finalSparsity: number;
  /** Steps trained before the first pruning, counted from the start of this fit. Default 0. */
  readonly begin?: number;
  /** Steps trained when `finalSparsity` is reached; a fit of fewer steps does not reach it. */
  readonly end: number;
  /** Steps between prunings. Default 100. */
  readonly frequency?: number;
  /** Default `global`. */
  readonly scope?: PruningScope;
}

/**
 * Prunes while training, along s = s_f + (s_i - s_f)(1 - (t - begin)/(end - begin))³ (Zhu & Gupta 2017): much while
 * much is redundant, little at the end.
 */
export class PruningSchedule implements Callback {
  private readonly options: Required<PruningScheduleOptions>;
  private step = 0;

  constructor(options: PruningScheduleOptions) {
    const names = 'initialSparsity finalSparsity begin end frequency scope';
    if (new.target === PruningSchedule) checkOptions('PruningSchedule', options, names);
    const { initialSparsity = 0, finalSparsity, begin = 0, end, frequency = 100, scope = 'global' } = options;
    checkRange('PruningSchedule', 'initialSparsity', initialSparsity, 'in [0, 1)');
    checkRange('PruningSchedule', 'finalSparsity', finalSparsity, 'in [0, 1)');
    checkCount('PruningSchedule', 'begin', begin, 0);
    checkCount('PruningSchedule', 'end', end, begin + 1);
    checkCount('PruningSchedule', 'frequency', frequency);
    checkScope('PruningSchedule', scope);
    this.options = { initialSparsity, finalSparsity, begin, end, frequency, scope };
  }

  /** The sparsity that the schedule asks for after `step` steps. */
  sparsityAt(step: number): number {
    const { initialSparsity, finalSparsity, begin, end } = this.options;
    const left = 1 - (Math.min(Math.max(step, begin), end) - begin) / (end - begin);
    return finalSparsity + (initialSparsity - finalSparsity) * left * left * left;
  }

  onTrainBegin(model: Model): void {
    this.step = 0;
    this.prune(model);
  }

  onBatchEnd(_batch: number, _logs: Logs, model: Model): void {
    this.step++;
    this.prune(model);
  }

  private prune(model: Model): void {
    const { begin, end, frequency, scope } = this.options;
    if (this.step < begin || this.step > end) return;
    if ((this.step - begin) % frequency !== 0 && this.step !== end) return;
    pruneInPlace(model, this.sparsityAt(this.step), scope);
  }
}
