import { checkOneOf, DTypeError, StateError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { floatsOf } from '../graph/check.ts';
import { withDenseWeights } from '../graph/decode.ts';
import { DENSE_OF, type EncodingName, type Stored } from '../graph/encoding.ts';
import { factsOf } from '../graph/facts.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import { eachHeld, gathered, patternOf, type SparseWidth } from '../graph/sparse.ts';
import { nonZeroBits } from '../io/sparse-code.ts';
import { storedBytes } from '../io/weight-tensors.ts';
import type { Model } from '../nn/model.ts';
import { heldNetworkOf, networkOf } from './passes.ts';
import { QuantizedNetwork } from './quantized.ts';

/** The width of a block of each pattern. */
export const WIDTHS = { columns: 1, quads: 4, panels: 16 } as const;

/** What a sparse weight holds of each row: single numbers, blocks of 1x4, or panels of 1x16. */
export type SparsePatternName = keyof typeof WIDTHS;

export interface ToSparseOptions {
  /**
   * Default `auto`: of each weight that which takes the fewest bytes in a file; panels, which run fastest, where they hold
   * no more than a quarter more numbers than were not pruned. int8 comes in panels alone.
   */
  readonly pattern?: 'auto' | SparsePatternName;
}

/** Panels are taken where they hold up to so many times the numbers that live. */
const PANEL_EXCESS = 1.25;

/**
 * The network with the kernels of its dense layers and convolutions held without what was pruned, or is 0 where nothing was:
 * the last of all passes, since every other one, and training, takes the numbers in full and gives them. It computes the
 * same, except that a zero that is left out meets no NaN or infinity. A kernel stays dense that would not be smaller so, and
 * so does one of a grouped, depthwise or transposed convolution, for which there is no sparse kernel, and one in another
 * encoding than float32 and int8, which has no sparse form; a printed network shows which. Whether a sparse kernel is also faster is measured when a program is made. Throws DTypeError for float64, which has
 * no sparse encoding, and StateError for int8 in another pattern than panels.
 *
 * @example
 * const sparse = toSparse(prune(model, { sparsity: 0.9 }));
 * const { parameters, heldParameters } = measure(sparse, { latency: false });
 * [parameters, heldParameters]; // [ 226, 53 ]
 */
export function toSparse(subject: Model | Graph<Stored>, options: ToSparseOptions = {}): Network {
  checkOptions('toSparse', options, 'pattern');
  const { pattern = 'auto' } = options;
  checkOneOf('toSparse', 'pattern', pattern, ['auto', ...Object.keys(WIDTHS)]);
  const graph = networkOf('toSparse', subject);
  if (floatsOf(graph) === 'float64')
    throw new DTypeError('toSparse', ['float64'], 'sparse weights are float32 or int8', 'Make the model with float32?');
  const weights = new Map(graph.weights);
  for (const key of sparseKeys(graph)) weights.set(key, sparsified(key, graph.weights.get(key)!, pattern));
  return madeOf(subject, { ...graph, weights });
}

/**
 * The network with all numbers of its weights; what a sparse one did not hold is 0 and masked.
 *
 * @example
 * const sparse = toSparse(prune(model, { sparsity: 0.9 }));
 * const again = fromNetwork(toDense(sparse)); // to be trained, what was pruned held at 0
 * isPruned(again); // true
 */
export function toDense(network: Graph<Stored>): Network {
  return madeOf(network, withDenseWeights(heldNetworkOf('toDense', network)));
}

/** What `quantize` found stays with its network. */
const madeOf = (subject: unknown, graph: Graph<Stored>): Network =>
  subject instanceof QuantizedNetwork
    ? new QuantizedNetwork(graph, subject.notes, subject.meaning)
    : new Network(graph);

/** Whether there are sparse kernels for what a node multiplies by. */
const isColumnwise = (node: Node): boolean => !!factsOf(node).panels?.(node.attrs);

/** The weights that are a kernel of such nodes alone. */
function sparseKeys({ nodes }: Graph<Stored>): Set<string> {
  const keys = new Set<string>();
  const others = new Set<string>();
  for (const node of nodes)
    for (const [role, key] of Object.entries(node.weights))
      (isColumnwise(node) && factsOf(node).weights?.[role]?.isPruned === true ? keys : others).add(key);
  return new Set([...keys].filter((key) => !others.has(key)));
}

/** Whether a weight is in an encoding that can leave numbers out. */
export const hasSparse = ({ encoding }: Stored): boolean =>
  Object.values<EncodingName>(DENSE_OF).includes(encoding.type);

/** The weight in the pattern; as it is where that is not smaller. */
function sparsified(key: string, weight: Stored, pattern: 'auto' | SparsePatternName): Stored {
  if (!hasSparse(weight)) return weight;
  const { type, values } = weight.encoding;
  const isInteger = type === 'int8';
  if (isInteger && pattern !== 'auto' && pattern !== 'panels')
    throw new StateError('toSparse', `${key} is int8, which comes in panels, not in ${pattern}`);
  const nonZero = nonZeroBits(values);
  const isHeld = weight.mask === null ? nonZero : nonZero.map((bit, i) => bit | weight.mask![i]!);
  const names =
    pattern !== 'auto' ? [pattern] : isInteger ? (['panels'] as const) : (['panels', 'quads', 'columns'] as const);
  const forms = names.map((name) => formOf(weight, WIDTHS[name], isHeld));
  const [first, ...others] = forms as [Form, ...Form[]];
  const isFull = first.held <= PANEL_EXCESS * isHeld.reduce((sum, bit) => sum + bit, 0);
  const chosen = isFull ? first : others.reduce((a, b) => (b.bytes < a.bytes ? b : a), first);
  const scales = type === 'int8' ? weight.encoding.scales.byteLength : 0;
  return chosen.bytes < values.byteLength + scales ? chosen.weight : weight;
}

/** A weight in a pattern, how many numbers it holds, and the bytes that they take in a file. */
interface Form {
  readonly weight: Stored;
  readonly held: number;
  readonly bytes: number;
}

function formOf({ shape, encoding, mask }: Stored, width: SparseWidth, isHeld: Uint8Array): Form {
  const units = shape.at(-1) ?? 1;
  const pattern = patternOf(encoding.values, units, width, isHeld);
  let count = 0;
  let isFiner = false;
  eachHeld(pattern, units, (place) => {
    count++;
    isFiner ||= mask?.[place] === 0;
  });
  const held: Stored['encoding'] =
    encoding.type === 'int8'
      ? { ...pattern, type: 'sparseInt8', values: gathered(encoding.values, units, pattern), scales: encoding.scales }
      : { ...pattern, type: 'sparse', values: gathered(encoding.values as Float32Array, units, pattern) };
  const weight = { shape, encoding: held, mask: isFiner ? mask : null };
  return { weight, held: count, bytes: storedBytes(weight) };
}
