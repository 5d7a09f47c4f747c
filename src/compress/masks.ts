import { StateError, ValueError } from '../base/errors.ts';
import { didYouMean } from '../base/options.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { layerOf } from '../base/text.ts';
import { decodeWeight } from '../graph/decode.ts';
import { type EncodingOf, isSparse, type Stored } from '../graph/encoding.ts';
import { encodingText } from '../graph/encoding-text.ts';
import type { Role } from '../graph/fact.ts';
import { factsOf } from '../graph/facts.ts';
import type { Graph } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import { heldIn } from '../graph/sparse.ts';
import { persistent } from '../memory/arena.ts';
import { Model } from '../nn/model.ts';
import type { Parameter } from '../nn/parameter.ts';
import { checkPrunable, withoutMask } from '../nn/shared-weights.ts';
import { zeros } from '../tensor/create.ts';
import { cloneModel } from './clone.ts';
import { heldNetworkOf, networkOf } from './passes.ts';
import { maskedStored } from './pick.ts';

/** A weight that may be masked, in its place. */
export interface Kernel {
  /** `<layer>/<role>`. */
  readonly key: string;
  readonly shape: Shape;
  /** The axis of what it makes, counted from the end. */
  readonly unitAxis: number;
  /** Another array each time it is read: memory moves. */
  readonly values: { [index: number]: number; readonly length: number };
  /** 0 where numbers were pruned before. */
  readonly alive: ArrayLike<number> | null;
  /** Throws for a mask that the weight cannot have. Nothing is written. */
  readonly check: (alive: Uint8Array) => void;
  /** Takes the new mask, which was checked, for numbers that are 0 where it says so. */
  readonly set: (alive: Uint8Array) => void;
}

/** The weights of a graph with what its operations say of them, each once: pruned ones alone, or all but statistics. */
function rolesIn({ nodes }: Graph<unknown>, which: 'kernels' | 'all'): Map<string, Role> {
  const found = new Map<string, Role>();
  for (const node of nodes) {
    const roles = factsOf(node).weights;
    for (const [name, key] of Object.entries(node.weights)) {
      const role: Role = roles === null ? { isPruned: key.endsWith('/kernel') } : (roles[name] ?? {});
      const isWanted = which === 'kernels' ? role.isPruned === true : role.isStatistic !== true;
      if (isWanted && !found.has(key)) found.set(key, role);
    }
  }
  return found;
}

/** The weights of a model, which are masked where they are: kernels, or all but statistics. */
export function weightsIn({ graph }: Model, which: 'kernels' | 'all' = 'kernels'): Kernel[] {
  return [...rolesIn(graph, which)].flatMap(([key, { unitAxis = -1 }]) => {
    const own = graph.weights.get(key)!;
    return own.isStatistic ? [] : [inPlace(key, unitAxis, own)];
  });
}

function inPlace(key: string, unitAxis: number, own: Parameter): Kernel {
  const { storage } = own.value;
  return {
    key,
    shape: own.shape,
    unitAxis,
    get values() {
      return storage.array;
    },
    get alive() {
      return own.mask?.data ?? null;
    },
    check: (alive) => checkPrunable('prune', own, alive),
    set: (alive) => {
      storage.version++;
      // A mask that stays the same tensor leaves recorded training steps valid
      if (own.mask?.data.every((bit, i) => bit === alive[i]) === true) return;
      own.mask = persistent(() => zeros(own.shape, 'bool'));
      own.mask.storage.array.set(alive);
    },
  };
}

/** Keys of the weights that are pruned, and shared, each once. */
export const kernelKeys = (graph: Graph<unknown>): string[] => [...rolesIn(graph, 'kernels').keys()];

/**
 * Those of these layers, by their whole names or by keys; all where none are given. Throws ValueError for a name that is no
 * layer's with a kernel.
 */
export function ofLayers<K extends Pick<Kernel, 'key'>>(
  op: string,
  kernels: readonly K[],
  layers: readonly string[] | undefined,
): K[] {
  if (layers === undefined) return [...kernels];
  if (!Array.isArray(layers) || layers.length === 0)
    throw new ValueError(op, 'layers', 'a list of names of layers', layers, 'Leave it out for all');
  const names = kernels.map(({ key }) => layerOf(key));
  const unknown = layers.find((name) => !names.includes(name) && !kernels.some(({ key }) => key === name));
  if (unknown !== undefined)
    throw new ValueError(op, 'a layer', `one with a kernel: ${names.join(', ')}`, unknown, didYouMean(unknown, names));
  return kernels.filter(({ key }) => layers.includes(layerOf(key)) || layers.includes(key));
}

/** A copy of a model or a network, unfinished: its weights may be masked until it is made. */
export function copied(
  op: string,
  subject: Model | Graph<Stored>,
  which: 'kernels' | 'all' = 'kernels',
): readonly [kernels: Kernel[], made: () => Model | Network] {
  if (subject instanceof Model) {
    const copy = cloneModel(subject);
    return [weightsIn(copy, which), () => copy];
  }
  const graph = networkOf(op, subject);
  const weights = new Map(graph.weights);
  const kernels = [...rolesIn(graph, which)].map(([key, { unitAxis = -1 }]): Kernel => {
    const weight = graph.weights.get(key)!;
    const { shape, encoding, mask } = weight;
    if (encoding.type === 'palette') {
      const masked = (alive: Uint8Array): Stored => maskedStored(weight, zerosIn(alive));
      const check: Kernel['check'] = (alive) => {
        if (masked(alive).encoding.type !== 'palette')
          throw new StateError(
            op,
            `the palette of ${key} is full, and has no 0 for what is pruned: share it in 255 at most`,
          );
      };
      const set: Kernel['set'] = (alive) => void weights.set(key, masked(alive));
      return { key, shape, unitAxis, values: decodeWeight(weight)!, alive: mask, check, set };
    }
    if (encoding.type !== 'float32' && encoding.type !== 'float64')
      throw new StateError(op, `${key} is ${encodingText(encoding)} already: prune before quantizing`);
    const values = encoding.values.slice();
    const made = { ...encoding, values } as EncodingOf<'float32'>;
    const set: Kernel['set'] = (alive) => void weights.set(key, { shape, encoding: made, mask: alive });
    return { key, shape, unitAxis, values, alive: mask, check: () => {}, set };
  });
  return [kernels, () => new Network({ ...graph, weights })];
}

const zerosIn = (alive: Uint8Array): number[] => Array.from(alive.keys()).filter((i) => alive[i] === 0);

/** Masks weights, and sets to 0 what is masked: all of them, or none where one cannot have its mask. */
export function maskAll(masks: readonly (readonly [kernel: Kernel, alive: Uint8Array])[]): void {
  for (const [{ check }, alive] of masks) check(alive);
  for (const [{ values, set }, alive] of masks) {
    alive.forEach((bit, i) => {
      if (bit === 0) values[i] = 0;
    });
    set(alive);
  }
}

/** Of weights, by key, which of their numbers may live: 1 or true where they may. */
export type Masks = ReadonlyMap<string, ArrayLike<number | boolean>>;

/**
 * Prunes by masks of one's own, of any weights but running statistics: what is 0 or false there becomes 0 and stays 0 through
 * further training. A weight without a mask among these is as it was, and what was pruned before stays pruned. The given
 * model or network is unchanged. Throws ValueError for a key that is none, and for a mask that does not fit its weight.
 *
 * @example
 * const alive = Array.from({ length: 4 * 32 }, (_, i) => i < 3 * 32); // nothing reads the last feature
 * const blind = pruneWith(model, new Map([['dense/kernel', alive]]));
 * measure(blind, { latency: false }).nonZeroParameters; // 194
 */
export function pruneWith(model: Model, masks: Masks): Model;
export function pruneWith(network: Graph<Stored>, masks: Masks): Network;
export function pruneWith(subject: Model | Graph<Stored>, masks: Masks): Model | Network {
  const [kernels, made] = copied('pruneWith', subject, 'all');
  checkKeyed('pruneWith', 'masks', masks, kernels, (bit) => bit === 0 || bit === 1 || typeof bit === 'boolean');
  const all = kernels.flatMap((kernel): (readonly [Kernel, Uint8Array])[] => {
    const mask = masks.get(kernel.key);
    if (mask === undefined) return [];
    const { alive } = kernel;
    return [[kernel, Uint8Array.from(mask, (bit, i) => (Number(bit) === 0 || alive?.[i] === 0 ? 0 : 1))]];
  });
  maskAll(all);
  return made();
}

/**
 * Whether masks hold numbers of some weight of a model or a network at 0.
 *
 * @example
 * const half = prune(model, { sparsity: 0.5 });
 * [isPruned(model), isPruned(half)]; // [ false, true ]
 */
export function isPruned(subject: Model | Graph<Stored>): boolean {
  const hasZero = (mask: ArrayLike<number> | null | undefined): boolean =>
    mask != null && Array.prototype.includes.call(mask, 0);
  if (subject instanceof Model) return subject.weights.some(({ mask }) => hasZero(mask?.data));
  return [...heldNetworkOf('isPruned', subject).weights.values()].some(
    ({ shape, encoding, mask }) =>
      hasZero(mask) || (isSparse(encoding) && heldIn(encoding, shape.at(-1) ?? 1) < elementsOf(shape)),
  );
}

/**
 * The same without masks: zeros stay in files and programs, and training moves them from then on. The given model or network
 * is unchanged.
 *
 * @example
 * const half = prune(model, { sparsity: 0.5 });
 * const free = makePermanent(half);
 * free.fit(x, y, { epochs: 1 });
 * [half, free].map((each) => measure(each, { latency: false }).nonZeroParameters); // [ 130, 221 ]
 */
export function makePermanent(model: Model): Model;
export function makePermanent(network: Graph<Stored>): Network;
export function makePermanent(subject: Model | Graph<Stored>): Model | Network {
  if (subject instanceof Model) {
    const copy = cloneModel(subject);
    for (const weight of copy.weights) {
      weight.prune(); // a weight that was written to since
      weight.sharing = withoutMask(weight);
      weight.mask = null;
    }
    return copy;
  }
  const graph = networkOf('makePermanent', subject);
  const weights = new Map([...graph.weights].map(([key, weight]) => [key, { ...weight, mask: null }]));
  return new Network({ ...graph, weights });
}

/** Throws ValueError unless there are lists of these weights by key, each as long as its weight and of such values. */
export function checkKeyed<T>(
  op: string,
  field: string,
  lists: ReadonlyMap<string, ArrayLike<T>>,
  kernels: readonly Kernel[],
  is: (value: T) => boolean,
): void {
  const keys = kernels.map(({ key }) => key);
  if (!(lists instanceof Map)) throw new ValueError(op, field, 'a Map of numbers by the keys of weights', lists);
  for (const [key, list] of lists) {
    const kernel = kernels.find((each) => each.key === key);
    const known = `among ${keys.slice(0, 8).join(', ')}${keys.length > 8 ? ', ...' : ''}`;
    if (kernel === undefined) {
      const own = keys.find((each) => each.startsWith(`${key}/`)); // a layer was named
      const remedy = own === undefined ? didYouMean(key, keys) : `Did you mean ${own}?`;
      throw new ValueError(op, `a key of ${field}`, known, key, remedy);
    }
    const n = elementsOf(kernel.shape);
    const called = `${field} of ${key}`;
    if (Object(list) !== list || (list as ArrayLike<T>).length !== n)
      throw new ValueError(op, called, `a list of ${n}, one for each number of it`, list);
    for (let i = 0; i < n; i++)
      if (!is(list[i]!))
        throw new ValueError(op, `${called} [${i}]`, field === 'masks' ? '0 or 1' : 'a number', list[i]);
  }
}
