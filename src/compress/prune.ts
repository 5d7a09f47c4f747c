import { ValueError } from '../base/errors.ts';
import { Dense } from '../nn/layers.ts';
import type { Callback, Logs, Sequential } from '../nn/sequential.ts';
import { zeros } from '../tensor/create.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { cloneModel } from './clone.ts';
import { type MeasureOptions, type PassReport, report } from './measure.ts';

/** Whether the smallest weights are sought over all layers together, or in each layer by itself. */
export type PruningScope = 'global' | 'layer';

export interface PruneOptions extends MeasureOptions {
  /** Share of the Dense kernels' weights that is zero afterwards, in [0, 1); biases are never pruned. */
  readonly sparsity: number;
  /** Default `global`. */
  readonly scope?: PruningScope;
}

/**
 * Magnitude pruning (Han et al. 2015): the smallest weights become 0 and stay 0 through further training. The given
 * model is unchanged. The sparsity is reached to the weight: ties fall to the lower index, pruned weights count, and
 * every layer keeps at least its largest weight. Fine-tune the result with `fit`.
 */
export function prune(
  model: Sequential,
  { sparsity, scope = 'global', ...options }: PruneOptions,
): { model: Sequential; report: PassReport } {
  const pruned = cloneModel(model);
  pruneInPlace(pruned, sparsity, scope);
  return {
    model: pruned,
    report: report(model, pruned, options, (before, after) => [
      `${after.nonZeroParameters} of ${after.parameters} parameters are not zero`,
      before.bytes === after.bytes
        ? 'the file is not smaller'
        : `the file codes the zeros: ${after.bytes} bytes instead of ${before.bytes}`,
      'multiply-adds and latency do not change: the kernel is dense and multiplies by the zeros',
    ]),
  };
}

/** Masks the smallest weights of a model so that `sparsity` of them are zero; weights masked already count. */
export function pruneInPlace(model: Sequential, sparsity: number, scope: PruningScope = 'global'): void {
  checkShare('prune', 'sparsity', sparsity);
  const kernels = model.layers.flatMap((layer) => (layer instanceof Dense ? [layer.kernel] : []));
  for (const group of scope === 'global' ? [kernels] : kernels.map((kernel) => [kernel])) maskSmallest(group, sparsity);
}

function checkShare(op: string, field: string, value: number): void {
  if (!(value >= 0 && value < 1)) throw new ValueError(op, field, 'in [0, 1)', value);
}

function maskSmallest(kernels: readonly Tensor[], sparsity: number): void {
  const total = kernels.reduce((sum, kernel) => sum + kernel.size, 0);
  const magnitudes = new Float64Array(total);
  const candidates: number[] = [];
  let base = 0;
  for (const { data, size } of kernels) {
    let largest = 0;
    for (let i = 0; i < size; i++) {
      // NaN counts as large: pruning it would hide that training broke down.
      const magnitude = Number.isNaN(data[i]!) ? Infinity : Math.abs(data[i]!);
      magnitudes[base + i] = magnitude;
      if (magnitude > magnitudes[base + largest]!) largest = i;
    }
    for (let i = 0; i < size; i++) if (i !== largest) candidates.push(base + i);
    base += size;
  }
  candidates.sort((p, q) => magnitudes[p]! - magnitudes[q]! || p - q);
  const dead = new Uint8Array(total);
  for (const i of candidates.slice(0, Math.round(sparsity * total))) dead[i] = 1;
  base = 0;
  for (const kernel of kernels) {
    const mask = zeros(kernel.shape, 'bool');
    const { array } = kernel.storage;
    for (let i = 0; i < kernel.size; i++) {
      if (dead[base + i] === 1) array[i] = 0;
      else mask.storage.array[i] = 1;
    }
    kernel.mask = mask;
    kernel.storage.version++;
    base += kernel.size;
  }
}

export interface PruningScheduleOptions {
  /** Default 0. */
  readonly initialSparsity?: number;
  readonly finalSparsity: number;
  /** Training step of the first pruning, counted from the start of this fit. Default 0. */
  readonly begin?: number;
  /** Training step at which `finalSparsity` is reached. */
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
    checkShare('PruningSchedule', 'initialSparsity', initialSparsity);
    checkShare('PruningSchedule', 'finalSparsity', finalSparsity);
    for (const [field, value, least] of [
      ['begin', begin, 0],
      ['end', end, begin + 1],
      ['frequency', frequency, 1],
    ] as const) {
      if (!Number.isSafeInteger(value) || value < least)
        throw new ValueError('PruningSchedule', field, `an integer of at least ${least}`, value);
    }
    this.options = { initialSparsity, finalSparsity, begin, end, frequency, scope };
  }

  /** The sparsity that the schedule asks for after `step` steps. */
  sparsityAt(step: number): number {
    const { initialSparsity, finalSparsity, begin, end } = this.options;
    const left = 1 - (Math.min(Math.max(step, begin), end) - begin) / (end - begin);
    return finalSparsity + (initialSparsity - finalSparsity) * left * left * left;
  }

  onTrainBegin(): void {
    this.step = 0;
  }

  onBatchEnd(_batch: number, _logs: Logs, model: Sequential): void {
    this.step++;
    const { begin, end, frequency, scope } = this.options;
    if (this.step < begin || this.step > end) return;
    if ((this.step - begin) % frequency !== 0 && this.step !== end) return;
    pruneInPlace(model, this.sparsityAt(this.step), scope);
  }
}
