import { DTypeError, listed } from '../base/errors.ts';
import { elementsOf, type Shape, size } from '../base/shape.ts';
import { type Refusal, refusing } from './attributes.ts';
import { isScale, type Value, valuesOf } from './check.ts';
import { densified } from './decode.ts';
import type { Encoding, EncodingName, EncodingOf, Encodings, Stored } from './encoding.ts';
import { factsOf, readsAround } from './facts.ts';
import { type Graph, type Node, weightsOf } from './graph.ts';
import { checkProduct, type IntegerProduct } from './integers.ts';
import type { SparsePattern } from './sparse.ts';

/** An array of an encoding. */
interface Part<T, E> {
  readonly array: new (length: number) => T;
  /** Its length for a weight of a shape; as many as the weight has numbers if left out. */
  readonly length?: (shape: Shape, encoding: E) => number;
}

/** Fields of an encoding that are arrays. */
type ArraysOf<E extends EncodingName> = {
  readonly [F in keyof Encodings[E] as Encodings[E][F] extends ArrayLike<number> ? F : never]: Part<
    Encodings[E][F],
    EncodingOf<E>
  >;
};

interface EncodingFacts<E extends EncodingName> {
  /** By field. */
  readonly parts: ArraysOf<E>;
  /** What is wrong with the numbers: field, requirement and value; null if nothing. Any numbers will do if left out. */
  readonly problem?: (encoding: EncodingOf<E>, shape: Shape) => Problem | null;
}
type Problem = readonly [field: string, wanted: string, value: unknown];

const WIDTHS = [1, 4, 16];
const unitsOf = (shape: Shape): number => shape.at(-1) ?? 1;
const panelsOf = (shape: Shape, { width }: SparsePattern): number => Math.ceil(unitsOf(shape) / width);

/** Arrays of a sparse encoding, whose other lengths follow from its starts. */
const SPARSE_PARTS = {
  starts: { array: Int32Array, length: (shape: Shape, e: SparsePattern) => panelsOf(shape, e) + 1 },
  rows: { array: Int32Array, length: (_: Shape, { starts }: SparsePattern) => starts.at(-1) ?? 0 },
};
const held = (_: Shape, { starts, width }: SparsePattern): number => (starts.at(-1) ?? 0) * width;

function scalesProblem(scales: Float32Array): Problem | null {
  const wrong = scales.findIndex((scale) => !isScale(scale));
  return wrong < 0 ? null : [`scales[${wrong}]`, 'positive and finite', scales[wrong]];
}

/** Rows of a panel ascend and are rows of the matrix. Nothing but 0 is behind the last column. */
function patternProblem(e: SparsePattern & { readonly values: ArrayLike<number> }, shape: Shape): Problem | null {
  const { width, starts, rows, values } = e;
  const units = unitsOf(shape);
  const terms = units === 0 ? 0 : elementsOf(shape) / units;
  if (starts[0] !== 0) return ['starts[0]', '0', starts[0]];
  const falling = starts.findIndex((start, p) => start < starts[p - 1]!);
  if (falling > 0) return [`starts[${falling}]`, `at least ${starts[falling - 1]}`, starts[falling]];
  for (let p = 0; p + 1 < starts.length; p++) {
    for (let i = starts[p]!; i < starts[p + 1]!; i++) {
      const least = i === starts[p] ? 0 : rows[i - 1]! + 1;
      if (!(rows[i]! >= least && rows[i]! < terms)) return [`rows[${i}]`, `from ${least} to ${terms - 1}`, rows[i]];
      for (let j = units - p * width; j < width; j++)
        if (!Object.is(values[i * width + j], 0)) return [`values[${i * width + j}]`, '0', values[i * width + j]];
    }
  }
  return null;
}

/** One row an encoding. */
export const ENCODINGS: { readonly [E in EncodingName]: EncodingFacts<E> } = {
  float32: { parts: { values: { array: Float32Array } } },
  float64: { parts: { values: { array: Float64Array } } },
  int8: {
    parts: {
      values: { array: Int8Array },
      scales: { array: Float32Array, length: unitsOf },
    },
    problem: ({ scales }) => scalesProblem(scales),
  },
  int32: { parts: { values: { array: Int32Array } } },
  sparse: { parts: { ...SPARSE_PARTS, values: { array: Float32Array, length: held } }, problem: patternProblem },
  sparseInt8: {
    parts: {
      ...SPARSE_PARTS,
      values: { array: Int8Array, length: held },
      scales: { array: Float32Array, length: unitsOf },
    },
    problem: (encoding, shape) =>
      encoding.width === 16
        ? (scalesProblem(encoding.scales) ?? patternProblem(encoding, shape))
        : ['width', '16', encoding.width],
  },
};

/**
 * Throws unless the network is one: every float32 program can then run it, but for dropout that never stops and code of the
 * user's own, and every file can hold it, but for code. Nodes fit together, arrays have their types and lengths, names differ, masks are 0 or 1, scales and zero points are usable, and no int32 sum can overflow.
 * Returns what its values are.
 */
export function validateNetwork(network: Graph<Stored>): Map<string, Value> {
  const values = valuesOf(network);
  for (const [key, weight] of network.weights) checkStored(key, weight);
  for (const node of network.nodes) checkEncodings(network, node, values.get(node.inputs[0]!)!, values.get(node.name)!);
  return values;
}

function checkStored(key: string, { shape, encoding, mask }: Stored): void {
  const fail: Refusal = refusing(`weight "${key}"`);
  const n = size(`network: weight "${key}"`, shape);
  if (!Object.hasOwn(ENCODINGS, encoding.type))
    fail('encoding', `one of ${Object.keys(ENCODINGS).join(', ')}`, encoding.type);
  const { parts, problem }: EncodingFacts<never> = ENCODINGS[encoding.type];
  const { width } = encoding as SparsePattern;
  if ('starts' in parts && !WIDTHS.includes(width)) fail('width', `one of ${WIDTHS.join(', ')}`, width);
  for (const [field, { array, length }] of Object.entries<Part<ArrayLike<number>, Encoding>>(parts)) {
    const data: unknown = encoding[field as 'values'];
    if (!(data instanceof array)) fail(field, `a ${array.name}`, data);
    const wanted = length?.(shape, encoding) ?? n;
    if (data.length !== wanted) fail(`${field} length`, `${wanted} for shape ${listed(shape)}`, data.length);
  }
  const wrong = problem?.(encoding as never, shape);
  if (wrong) fail(...wrong);
  if (mask === null) return;
  if (mask.length !== n) fail('mask length', `${n} for shape ${listed(shape)}`, mask.length);
  const bad = mask.findIndex((bit) => bit > 1);
  if (bad >= 0) fail(`mask[${bad}]`, '0 or 1', mask[bad]);
}

/** The sparse form of an encoding. */
const SPARSE_OF: Readonly<Record<string, EncodingName>> = { float32: 'sparse', int8: 'sparseInt8' };

/** Weights are floats of the type of the values, or where the input is int8 the integers that the facts name. */
function checkEncodings(network: Graph<Stored>, node: Node, input: Value, { dtype }: Value): void {
  const roles = factsOf(node).weights;
  const reads = input.format === null ? dtype : 'int8';
  for (const [role, { encoding, mask }] of Object.entries(weightsOf(network, node))) {
    if (mask !== null && roles?.[role]?.isStatistic === true)
      refusing(`node "${node.name}"`)(`mask of ${role}`, 'null: no step would hold it', mask);
    const wanted = reads === 'int8' ? roles?.[role]?.integers : reads;
    const sparse = roles?.[role]?.isPruned === true ? SPARSE_OF[wanted ?? ''] : undefined;
    if (encoding.type === wanted || encoding.type === sparse) continue;
    throw new DTypeError(
      'network',
      [encoding.type],
      `node "${node.name}" reads ${reads}, its ${role} must be ${wanted ?? 'quantized, which it cannot be'}`,
    );
  }
  const product = integerProduct(network, node, input);
  if (product !== null) checkProduct(product);
}

/** What a node that multiplies integers multiplies; null for any other. */
export function integerProduct(network: Graph<Stored>, node: Node, { format }: Value): IntegerProduct | null {
  const { kernel, bias } = weightsOf(network, node);
  if (format === null || kernel === undefined) return null;
  const { encoding } = densified(kernel);
  if (encoding.type !== 'int8') return null;
  const stored = bias?.encoding;
  return {
    name: node.name,
    input: format,
    output: node.format,
    kernel: encoding,
    bias: stored?.type === 'int32' ? stored : undefined,
    isCentred: readsAround(node),
  };
}
