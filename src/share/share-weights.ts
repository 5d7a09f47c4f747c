import { checkCount, checkOneOf, StateError, ValueError } from '../base/errors.ts';
import { checkOptions, didYouMean } from '../base/options.ts';
import { cloneModel } from '../compress/clone.ts';
import { kernelKeys, ofLayers } from '../compress/masks.ts';
import { networkOf } from '../compress/passes.ts';
import { asFloat32 } from '../graph/decode.ts';
import { type EncodingOf, isShared, MOST_CENTROIDS, type Stored } from '../graph/encoding.ts';
import { encodingText } from '../graph/encoding-text.ts';
import { factsOf } from '../graph/facts.ts';
import type { Graph } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import { Model } from '../nn/model.ts';
import { checkShareable, share, sharedBy } from '../nn/shared-weights.ts';
import type { SharedGradient } from '../nn/sharing.ts';
import { checkSeed } from '../tensor/random.ts';
import { type KMeansOptions, type KMeansStart, kMeans, STARTS } from './k-means.ts';

/** Which layers are shared. */
export interface SharedLayers {
  /** Names of layers, or keys of their kernels. Default all with a kernel, and embeddings with their tables. */
  readonly layers?: readonly string[];
}

export interface ShareOptions extends SharedLayers {
  /**
   * How many numbers a kernel may have, from 1 to 256, with the 0 of what is pruned among them; or that of each layer to share,
   * by name. Codes of 16 numbers are 4 bits, of 32 5 bits. Default 32.
   */
  readonly clusters?: number | Readonly<Record<string, number>>;
  /** Where centroids begin. Default `linear`. */
  readonly start?: KMeansStart;
  /** Of a model: how the gradients of a cluster's members become that of its centroid. Default `sum`, which it is. */
  readonly gradient?: SharedGradient;
  /** Of the starts `random` and `kmeans++`. Default the model's; 0 for a network. */
  readonly seed?: number;
  /** Of k-means, at most. Default 300. */
  readonly iterations?: number;
}

/**
 * Weight sharing (Han et al. 2016, section 3): the numbers of each kernel become a few, found by k-means, to the nearest. What is
 * pruned stays 0, which is a number of its own. Of a network a network in palettes: bytes and at most 256 numbers for each kernel.
 * Of a model a model whose kernels are tied: in any training numbers of a cluster get one gradient and stay one, to the bit, in
 * copies, files, networks (`toNetwork` gives palettes) and models made of them (`fromNetwork`) too. A tied weight that is written
 * to is tied again, by the mean of each cluster, by `setWeights` at once, and else by the next training step. The given subject is
 * unchanged. Fewer distinct numbers than clusters are as they are. Throws ValueError for numbers that are not finite, DTypeError for
 * float64, and StateError for a constraint that is not elementwise, which numbers of a cluster cannot follow.
 *
 * @example
 * const shared = shareWeights(model, { clusters: 4 });
 * shared.fit(x, y, { epochs: 1 });
 * new Set(shared.getWeights()[0]?.data).size; // 4
 */
export function shareWeights(model: Model, options?: ShareOptions): Model;
export function shareWeights(network: Graph<Stored>, options?: ShareOptions): Network;
export function shareWeights(subject: Model | Graph<Stored>, options: ShareOptions = {}): Model | Network {
  const op = 'shareWeights';
  checkOptions(op, options, 'clusters start gradient layers seed iterations');
  const { gradient = 'sum', start, iterations } = options;
  const seed = options.seed ?? (subject instanceof Model ? subject.seed : 0);
  checkSeed(op, seed);
  const own = { seed, ...(start !== undefined && { start }), ...(iterations !== undefined && { iterations }) };
  if (subject instanceof Model) {
    const copy = cloneModel(subject);
    const counts = checkSharing(op, copy.graph, options);
    for (const [key, count] of counts) {
      const weight = copy.graph.weights.get(key)!;
      checkShareable(op, weight, false);
      if (weight.value.size === 0) continue;
      const values = weight.value.data as Float32Array;
      const { codes, centroids } = clustersOf(op, key, values, weight.mask?.data ?? null, count, own);
      weight.value.storage.array.set(Float32Array.from(codes, (code) => centroids[code]!));
      share(op, weight, sharedBy(codes, weight.shape, centroids.length, gradient));
    }
    return copy;
  }
  const graph = networkOf(op, subject);
  if (options.gradient !== undefined)
    throw new ValueError(op, 'gradient', 'left out for a network, which is not trained', gradient);
  const weights = new Map(graph.weights);
  for (const [key, count] of checkSharing(op, graph, options)) {
    const weight = weights.get(key)!;
    const { type } = weight.encoding;
    if (type !== 'float32' && !isShared(weight.encoding))
      throw new StateError(op, `${key} is ${encodingText(weight.encoding)}: share float32 weights, before quantizing`);
    const { values } = asFloat32(weight).encoding as EncodingOf<'float32'>;
    if (values.length === 0) continue;
    const { codes, centroids } = clustersOf(op, key, values, weight.mask, count, own);
    weights.set(key, { ...weight, encoding: { type: 'palette', values: Uint8Array.from(codes), centroids } });
  }
  return new Network({ ...graph, weights });
}

/** Numbers of a kernel in clusters: code 0 is 0 where any are pruned, the others ascend. */
function clustersOf(
  op: string,
  key: string,
  values: Float32Array,
  alive: ArrayLike<number> | null,
  count: number,
  options: KMeansOptions,
): { readonly codes: Int32Array; readonly centroids: Float32Array } {
  const wrong = values.findIndex((x) => !Number.isFinite(x));
  if (wrong >= 0) throw new ValueError(op, `${key} [${wrong}]`, 'finite', values[wrong]);
  const places = Array.from(values.keys()).filter((i) => alive === null || alive[i] !== 0);
  const zero = places.length < values.length ? 1 : 0;
  const codes = new Int32Array(values.length);
  if (places.length === 0) return { codes, centroids: new Float32Array(1) };
  if (count === zero) throw new ValueError(op, `clusters of ${key}`, 'at least 2, since some of it is pruned', count);
  const found = kMeans(
    places.map((i) => values[i]!),
    count - zero,
    options,
  );
  places.forEach((place, i) => {
    codes[place] = found.codes[i]! + zero;
  });
  return { codes, centroids: Float32Array.from([...(zero === 1 ? [0] : []), ...found.centroids]) };
}

/** Keys of kernels with how many numbers each is to have, as options say, which are checked by themselves. */
export function checkSharing(
  op: string,
  graph: Graph<unknown>,
  { clusters = 32, layers, gradient = 'sum', start = 'linear' }: ShareOptions,
): Map<string, number> {
  checkOneOf(op, 'gradient', gradient, ['sum', 'mean']);
  if (!STARTS.includes(start)) throw new ValueError(op, 'start', STARTS.join(' or '), start, didYouMean(start, STARTS));
  if (typeof clusters === 'number')
    return new Map(kernelsFor(op, graph, layers).map((key) => [key, checkClusters(op, 'clusters', clusters)]));
  if (typeof clusters !== 'object' || clusters === null)
    throw new ValueError(op, 'clusters', 'a number, or numbers by names of layers', clusters);
  if (layers !== undefined) throw new ValueError(op, 'layers', 'left out where clusters name them', layers);
  if (Object.keys(clusters).length === 0)
    throw new ValueError(op, 'clusters', 'a number, or numbers of one layer at least', clusters);
  return new Map(
    Object.entries(clusters).flatMap(([name, count]) =>
      kernelsFor(op, graph, [name]).map((key) => [key, checkClusters(op, `clusters["${name}"]`, count)]),
    ),
  );
}

function checkClusters(op: string, field: string, count: number): number {
  checkCount(op, field, count);
  if (count > MOST_CENTROIDS) throw new ValueError(op, field, 'at most 256, which a byte holds', count);
  return count;
}

/** Keys of the kernels and tables of these layers, or of all. */
export function kernelsFor(op: string, graph: Graph<unknown>, layers: readonly string[] | undefined): string[] {
  const tables = graph.nodes.flatMap((node) => {
    const { table } = factsOf(node);
    return table === undefined ? [] : [node.weights[table]!];
  });
  const all = [...new Set([...kernelKeys(graph), ...tables])].map((key) => ({ key }));
  return ofLayers(op, all, layers).map(({ key }) => key);
}

/**
 * The same without ties: numbers stay what they are, in float32 of their own, and training moves each by itself from then on.
 * What is pruned stays pruned. The given model or network is unchanged.
 *
 * @example
 * const free = unshare(shareWeights(model, { clusters: 4 }));
 * free.fit(x, y, { epochs: 1 });
 * new Set(free.getWeights()[0]?.data).size; // 128
 */
export function unshare(model: Model): Model;
export function unshare(network: Graph<Stored>): Network;
export function unshare(subject: Model | Graph<Stored>): Model | Network {
  if (subject instanceof Model) {
    const copy = cloneModel(subject);
    for (const weight of copy.weights) {
      weight.prune(); // a weight that was written to since
      weight.sharing = null;
    }
    return copy;
  }
  const graph = networkOf('unshare', subject);
  const weights = new Map(
    [...graph.weights].map(([key, weight]) => [key, isShared(weight.encoding) ? asFloat32(weight) : weight]),
  );
  return new Network({ ...graph, weights });
}
