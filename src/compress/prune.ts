import { checkRange, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import type { Stored } from '../graph/encoding.ts';
import { factsOf } from '../graph/facts.ts';
import type { Graph } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import { persistent } from '../memory/arena.ts';
import { Model } from '../nn/model.ts';
import { zeros } from '../tensor/create.ts';
import { cloneModel } from './clone.ts';
import type { ScoreOptions } from './criteria.ts';
import { networkOf } from './passes.ts';
import type { PruningScope, WeightPattern, WeightScope } from './patterns.ts';

export interface PruneOptions extends ScoreOptions {
  /** Share of the kernels' weights that is zero afterwards, in [0, 1); biases are never pruned. */
  readonly sparsity?: number;
  /** Or their number; with scope `layer` or `unit` that of each. Neither with pattern { n, m }: as many as it lets go. */
  readonly count?: number;
  /** Default `weights`. */
  readonly pattern?: WeightPattern;
  /** Default `global`. */
  readonly scope?: WeightScope;
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
  checkOptions('prune', options, 'sparsity count criterion pattern scope samples seed');
  const { sparsity = 0 } = options;
  const scope = (options.scope ?? 'global') as PruningScope;
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
export function pruneInPlace(model: Model, sparsity: number, scope: PruningScope): void {
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

export function checkScope(op: string, scope: PruningScope): void {
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
