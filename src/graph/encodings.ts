import { DTypeError, listed } from '../base/errors.ts';
import { type Shape, size } from '../base/shape.ts';
import { type Refusal, refusing } from './attributes.ts';
import { isScale, type Value, valuesOf } from './check.ts';
import type { EncodingName, EncodingOf, Encodings, Stored } from './encoding.ts';
import { factsOf, readsAround } from './facts.ts';
import { type Graph, type Node, weightsOf } from './graph.ts';
import { checkProduct, type IntegerProduct } from './integers.ts';

/** An array of an encoding. */
interface Part<T> {
  readonly array: new (length: number) => T;
  /** Its length for a weight of a shape; as many as the weight has numbers if left out. */
  readonly length?: (shape: Shape) => number;
}

interface EncodingFacts<E extends EncodingName> {
  /** By field. */
  readonly parts: { readonly [F in keyof Encodings[E]]: Part<Encodings[E][F]> };
  /** What is wrong with the numbers: field, requirement and value; null if nothing. Any numbers will do if left out. */
  readonly problem?: (encoding: EncodingOf<E>) => readonly [field: string, wanted: string, value: unknown] | null;
}

/** One row an encoding. */
export const ENCODINGS: { readonly [E in EncodingName]: EncodingFacts<E> } = {
  float32: { parts: { values: { array: Float32Array } } },
  float64: { parts: { values: { array: Float64Array } } },
  int8: {
    parts: {
      values: { array: Int8Array },
      scales: { array: Float32Array, length: (shape) => shape.at(-1) ?? 1 },
    },
    problem: ({ scales }) => {
      const wrong = scales.findIndex((scale) => !isScale(scale));
      return wrong < 0 ? null : [`scales[${wrong}]`, 'positive and finite', scales[wrong]];
    },
  },
  int32: { parts: { values: { array: Int32Array } } },
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
  for (const [field, { array, length }] of Object.entries<Part<ArrayLike<number>>>(parts)) {
    const data: unknown = encoding[field as 'values'];
    if (!(data instanceof array)) fail(field, `a ${array.name}`, data);
    const wanted = length?.(shape) ?? n;
    if (data.length !== wanted) fail(`${field} length`, `${wanted} for shape ${listed(shape)}`, data.length);
  }
  const wrong = problem?.(encoding as never);
  if (wrong) fail(...wrong);
  if (mask === null) return;
  if (mask.length !== n) fail('mask length', `${n} for shape ${listed(shape)}`, mask.length);
  const bad = mask.findIndex((bit) => bit > 1);
  if (bad >= 0) fail(`mask[${bad}]`, '0 or 1', mask[bad]);
}

/** Weights are floats of the type of the values, or where the input is int8 the integers that the facts name. */
function checkEncodings(network: Graph<Stored>, node: Node, input: Value, { dtype }: Value): void {
  const roles = factsOf(node).weights;
  const reads = input.format === null ? dtype : 'int8';
  for (const [role, { encoding, mask }] of Object.entries(weightsOf(network, node))) {
    if (mask !== null && roles?.[role]?.isStatistic === true)
      refusing(`node "${node.name}"`)(`mask of ${role}`, 'null: no step would hold it', mask);
    const wanted = reads === 'int8' ? roles?.[role]?.integers : reads;
    if (encoding.type === wanted) continue;
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
  if (format === null || kernel?.encoding.type !== 'int8') return null;
  const stored = bias?.encoding;
  return {
    name: node.name,
    input: format,
    output: node.format,
    kernel: kernel.encoding,
    bias: stored?.type === 'int32' ? stored : undefined,
    isCentred: readsAround(node),
  };
}
