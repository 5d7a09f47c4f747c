import { DTypeError, listed } from '../base/errors.ts';
import { size } from '../base/shape.ts';
import { type Refusal, refusing } from './attributes.ts';
import { isScale, type Value, valuesOf } from './check.ts';
import { densified } from './decode.ts';
import { DENSE_OF, type EncodingName, type EncodingOf, type Encodings, isSparse, type Stored } from './encoding.ts';
import { factsOf, readsAround } from './facts.ts';
import { type Graph, type Node, weightsOf } from './graph.ts';
import { checkProduct, type IntegerProduct } from './integers.ts';

/** One row an encoding: the array of its numbers. */
const VALUES: { readonly [E in EncodingName]: new (length: number) => Encodings[E]['values'] } = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int32: Int32Array,
  sparse: Float32Array,
  sparseInt8: Int8Array,
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
  const has = (field: string, data: unknown, array: ArrayClass, length: number): void => {
    if (!(data instanceof array)) fail(field, `a ${array.name}`, data);
    if (data.length !== length) fail(`${field} length`, `${length} for shape ${listed(shape)}`, data.length);
  };
  const n = size(`network: weight "${key}"`, shape);
  const units = shape.at(-1) ?? 1;
  const { type, values } = encoding;
  if (!Object.hasOwn(VALUES, type)) fail('encoding', `one of ${Object.keys(VALUES).join(', ')}`, type);
  let held = n;
  if (isSparse(encoding)) {
    const { width, starts, rows } = encoding;
    const widths = type === 'sparse' ? [1, 4, 16] : [16];
    if (!widths.includes(width)) fail('width', widths.join(' or '), width);
    has('starts', starts, Int32Array, Math.ceil(units / width) + 1);
    has('rows', rows, Int32Array, starts.at(-1)!);
    held = rows.length * width;
  }
  has('values', values, VALUES[type], held);
  if (isSparse(encoding)) checkPattern(encoding, units, n / units, fail);
  if (type === 'int8' || type === 'sparseInt8') {
    const { scales } = encoding;
    has('scales', scales, Float32Array, units);
    checkEach('scales', scales, isScale, 'positive and finite', fail);
  }
  if (mask === null) return;
  has('mask', mask, Uint8Array, n);
  checkEach('mask', mask, (bit) => bit <= 1, '0 or 1', fail);
}

type ArrayClass = new (length: number) => ArrayLike<number>;

function checkEach(
  field: string,
  data: Float32Array | Uint8Array,
  holds: (x: number) => boolean,
  wanted: string,
  fail: Refusal,
): void {
  const wrong = data.findIndex((x) => !holds(x));
  if (wrong >= 0) fail(`${field}[${wrong}]`, wanted, data[wrong]);
}

/** Rows of a panel ascend and are rows of the matrix. Nothing but 0 is behind the last column. */
function checkPattern(
  { width, starts, rows, values }: EncodingOf<'sparse'> | EncodingOf<'sparseInt8'>,
  units: number,
  terms: number,
  fail: Refusal,
): void {
  if (starts[0] !== 0) fail('starts[0]', '0', starts[0]);
  for (let p = 0; p + 1 < starts.length; p++) {
    let least = 0;
    for (let i = starts[p]!; i < starts[p + 1]!; i++) {
      const row = rows[i]!; // undefined where starts fall: the last is how many rows there are
      if (!(row >= least && row < terms)) fail(`rows[${i}]`, `from ${least} to ${terms - 1}`, row);
      least = row + 1;
      for (let at = i * width + units - p * width; at < (i + 1) * width; at++)
        if (!Object.is(values[at], 0)) fail(`values[${at}]`, '0', values[at]);
    }
  }
}

/** Weights are floats of the type of the values, or where the input is int8 the integers that the facts name. */
function checkEncodings(network: Graph<Stored>, node: Node, input: Value, { dtype }: Value): void {
  const roles = factsOf(node).weights;
  const reads = input.format === null ? dtype : 'int8';
  for (const [role, { encoding, mask }] of Object.entries(weightsOf(network, node))) {
    if (mask !== null && roles?.[role]?.isStatistic === true)
      refusing(`node "${node.name}"`)(`mask of ${role}`, 'null: no step would hold it', mask);
    const wanted = reads === 'int8' ? roles?.[role]?.integers : reads;
    const whole = isSparse(encoding) && roles?.[role]?.isPruned ? DENSE_OF[encoding.type] : encoding.type;
    if (whole === wanted) continue;
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
