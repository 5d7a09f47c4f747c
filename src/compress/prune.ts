import { checkCount, checkRange, ValueError } from '../base/errors.ts';
import { persistent } from '../memory/arena.ts';
import { Dense } from '../nn/layers.ts';
import type { Callback, Model } from '../nn/model.ts';
import type { Logs } from '../nn/objective.ts';
import type { Parameter } from '../nn/parameter.ts';
import { zeros } from '../tensor/create.ts';
import { cloneModel } from './clone.ts';

/** Whether the smallest weights are sought over all layers together, or in each layer by itself. */
export type PruningScope = 'global' | 'layer';

export interface PruneOptions {
  /** Share of the Dense kernels' weights that is zero afterwards, in [0, 1); biases are never pruned. */
  readonly sparsity: number;
  /** Default `global`. */
  readonly scope?: PruningScope;
}

/**
 * Magnitude pruning (Han et al. 2015): the smallest weights become 0 and stay 0 through further training. The given
 * model is unchanged. The sparsity is reached to the weight: of equals the lower index is pruned, and weights pruned
 * before count. Two things go before it: every layer keeps at least its largest weight, and no weight comes back to life.
 * Fine-tune the result with `fit`.
 */
export function prune(model: Model, { sparsity, scope = 'global' }: PruneOptions): Model {
  checkRange('prune', 'sparsity', sparsity, 'in [0, 1)');
  checkScope('prune', scope);
  const pruned = cloneModel(model);
  pruneInPlace(pruned, sparsity, scope);
  return pruned;
}

/** Masks the smallest weights of a model so that `sparsity` of them are masked. */
function pruneInPlace(model: Model, sparsity: number, scope: PruningScope): void {
  const kernels = model.layers.flatMap((layer) => (layer instanceof Dense ? [layer.parameter('kernel')] : []));
  for (const group of scope === 'global' ? [kernels] : kernels.map((kernel) => [kernel])) maskSmallest(group, sparsity);
}

function checkScope(op: string, scope: PruningScope): void {
  if (scope !== 'global' && scope !== 'layer') throw new ValueError(op, 'scope', 'global or layer', scope);
}

function maskSmallest(kernels: readonly Parameter[], sparsity: number): void {
  const total = kernels.reduce((sum, { value }) => sum + value.size, 0);
  const magnitudes = new Float64Array(total);
  const dead = new Uint8Array(total);
  const candidates: number[] = [];
  let left = Math.round(sparsity * total);
  let base = 0;
  for (const { value, mask } of kernels) {
    const { data, size } = value;
    const alive = mask?.data;
    const live: number[] = [];
    let largest = -1;
    for (let i = base; i < base + size; i++) {
      if (alive?.[i - base] === 0) {
        dead[i] = 1;
        left--;
        continue;
      }
      // NaN counts as large: pruning it would hide that training broke down.
      const weight = data[i - base]!;
      magnitudes[i] = Number.isNaN(weight) ? Infinity : Math.abs(weight);
      if (largest < 0 || magnitudes[i]! > magnitudes[largest]!) largest = i;
      live.push(i);
    }
    for (const i of live) if (i !== largest) candidates.push(i);
    base += size;
  }
  candidates.sort((p, q) => magnitudes[p]! - magnitudes[q]! || p - q);
  for (const i of candidates.slice(0, Math.max(0, left))) dead[i] = 1;
  base = 0;
  for (const kernel of kernels) {
    const mask = persistent(() => zeros(kernel.shape, 'bool'));
    const { storage, size } = kernel.value;
    const { array } = storage;
    for (let i = 0; i < size; i++) {
      if (dead[base + i] === 1) array[i] = 0;
      else mask.storage.array[i] = 1;
    }
    kernel.mask = mask;
    storage.version++;
    base += size;
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

  constructor({
    initialSparsity = 0,
    finalSparsity,
    begin = 0,
    end,
    frequency = 100,
    scope = 'global',
  }: PruningScheduleOptions) {
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
