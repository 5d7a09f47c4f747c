import { DTypeError, listed } from '../base/errors.ts';
import { elementsOf, type Shape, size } from '../base/shape.ts';
import { type Refusal, refusing } from './attributes.ts';
import { isScale, type Value, valuesOf } from './check.ts';
import { densified, isFloat32 } from './decode.ts';
import { type EncodingName, type EncodingOf, isSparse, type Stored } from './encoding.ts';
import { factsOf, hasOneScale, readsAround } from './facts.ts';
import { type Graph, type IntegerRule, type Node, type QuantizationParams, weightsOf } from './graph.ts';
import { checkProduct, type IntegerProduct, integersOf, integersOnce } from './integers.ts';
import { codeBytes, endsInZeros } from './levels.ts';

/**
 * Throws unless the network is one: every float32 program can then run it, but for dropout that never stops and code of the
 * user's own, and every file can hold it, but for code. Nodes fit together, arrays have their types and lengths, names differ, masks are 0 or 1, scales and zero points are usable, and no int32 sum can overflow.
 * Returns what its values are.
 */
export function validateNetwork(network: Graph<Stored>): Map<string, Value> {
  const values = valuesOf(network);
  for (const [key, weight] of network.weights) checkStored(key, weight);
  const integersIn = integersOnce();
  for (const node of network.nodes)
    checkEncodings(network, node, values.get(node.inputs[0]!)!, values.get(node.name)!, integersIn);
  return values;
}

function checkStored(key: string, { shape, encoding, mask }: Stored): void {
  const fail: Refusal = refusing(`weight "${key}"`);
  const n = size(`network: weight "${key}"`, shape);
  const has: Checked['has'] = (field, data, array, length, holds, wanted) => {
    if (!(data instanceof array)) fail(field, `a ${array.name}`, data);
    if (data.length !== length) fail(`${field} length`, `${length} for shape ${listed(shape)}`, data.length);
    const wrong = holds ? Array.prototype.findIndex.call(data, (x) => !holds(x)) : -1;
    if (wrong >= 0) fail(`${field}[${wrong}]`, wanted!, data[wrong]);
  };
  if (mask !== null) has('mask', mask, Uint8Array, n, (bit) => bit <= 1, '0 or 1');
  const known = Object.keys(ENCODED);
  const type = encoding?.type;
  if (!known.includes(type)) fail('encoding', `one of ${known.join(', ')}`, type ?? encoding);
  const check = ENCODED[type] as Check<EncodingName>;
  check(encoding, { n, terms: elementsOf(shape.slice(0, -1)), units: shape.at(-1) ?? 1, mask, fail, has });
}

/** A weight [terms, units] of n numbers that is checked. */
interface Checked {
  readonly n: number;
  readonly terms: number;
  readonly units: number;
  readonly mask: Uint8Array | null;
  readonly fail: Refusal;
  /** Throws unless a field is an array of the class and the length, and each of its numbers as it should be. */
  readonly has: (
    field: string,
    data: ArrayLike<number>,
    array: ArrayClass,
    length: number,
    holds?: (x: number) => boolean,
    wanted?: string,
  ) => void;
}
type ArrayClass = new (length: number) => ArrayLike<number>;
type Check<E extends EncodingName> = (encoding: EncodingOf<E>, at: Checked) => void;

const allIn =
  (array: ArrayClass): Check<EncodingName> =>
  ({ values }, { n, has }) =>
    has('values', values, array, n);

/** One row an encoding: throws unless its arrays and numbers are those of the weight. */
const ENCODED: { readonly [E in EncodingName]: Check<E> } = {
  float32: allIn(Float32Array),
  float64: allIn(Float64Array),
  int8: (encoding, at) => {
    allIn(Int8Array)(encoding, at);
    checkScales(encoding, at.units, at);
  },
  levels: checkLevels,
  fixed: (encoding, at) => {
    const { values, fraction } = encoding;
    allIn(values instanceof Int16Array ? Int16Array : Int8Array)(encoding, at);
    // 2^-fraction, its inverse and its products with 16 bits are normal numbers of float32
    if (!(Number.isInteger(fraction) && fraction >= -112 && fraction <= 126))
      at.fail('fraction', 'an integer from -112 to 126', fraction);
  },
  // Any bits: a float32 weight may be NaN or infinite too
  float16: allIn(Uint16Array),
  bfloat16: allIn(Uint16Array),
  int32: allIn(Int32Array),
  sparse: (encoding, at) => checkPattern(encoding, at, Float32Array, [1, 4, 16]),
  sparseInt8: (encoding, at) => {
    checkPattern(encoding, at, Int8Array, [16]);
    checkScales(encoding, at.units, at);
  },
};

const checkScales = ({ scales }: { readonly scales: Float32Array }, length: number, { has }: Checked): void =>
  has('scales', scales, Float32Array, length, isScale, 'positive and finite');

/** What is behind the last code is 0, and no group is larger than the matrix, so that a weight has one form. */
function checkLevels(encoding: EncodingOf<'levels'>, at: Checked): void {
  const { values, bits, group, zeroPoints } = encoding;
  const { n, terms, units, mask, fail, has } = at;
  if (![1, 2, 4, 8].includes(bits)) fail('bits', '1, 2, 4 or 8', bits);
  const most = Math.max(1, terms);
  if (!(Number.isInteger(group) && group >= 1 && group <= most)) fail('group', `an integer from 1 to ${most}`, group);
  has('values', values, Uint8Array, codeBytes(bits, n));
  if (!endsInZeros(values, bits, n)) fail('values', '0 behind the last code', values.at(-1));
  const groups = Math.ceil(terms / group) * units;
  checkScales(encoding, groups, at);
  if (bits === 1 && mask?.includes(0)) fail('mask', 'null: no code of 1 bit is 0', mask);
  if (zeroPoints === null) return;
  if (bits === 1) fail('zeroPoints', 'null for 1 bit', zeroPoints);
  has('zeroPoints', zeroPoints, Uint8Array, groups, (code) => code < 1 << bits, `below ${1 << bits}`);
}

/** Rows of a panel ascend and are rows of the matrix. Nothing but 0 is behind the last column. */
function checkPattern(
  encoding: EncodingOf<'sparse'> | EncodingOf<'sparseInt8'>,
  { units, n, fail, has }: Checked,
  array: ArrayClass,
  widths: readonly number[],
): void {
  const { width, starts, rows, values } = encoding;
  const terms = n / units;
  if (!widths.includes(width)) fail('width', widths.join(' or '), width);
  has('starts', starts, Int32Array, Math.ceil(units / width) + 1);
  has('rows', rows, Int32Array, starts.at(-1)!);
  has('values', values, array, rows.length * width);
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

/**
 * Weights are floats of the type of the values, in any encoding that stands for them, or where integers are multiplied the
 * integers that the facts name: of a kernel any encoding that has an integer form (`integersOf`).
 */
function checkEncodings(
  network: Graph<Stored>,
  node: Node,
  input: Value,
  { dtype, format }: Value,
  integersIn: typeof integersOf,
): void {
  const { weights: roles, table } = factsOf(node);
  const isDynamic = dynamicOf(node);
  const fail = refusing(`node "${node.name}"`);
  for (const [role, weight] of Object.entries(weightsOf(network, node))) {
    const { encoding, shape, mask } = weight;
    const { isStatistic, isPruned, unitAxis, integers } = roles?.[role] ?? {};
    if (mask !== null && isStatistic === true) fail(`mask of ${role}`, 'null: no step would hold it', mask);
    const isTable = role === table && format !== null;
    const isInteger = input.format !== null || (isDynamic && isPruned === true);
    const wanted = isTable ? 'int8' : (isInteger && integers) || dtype;
    const whole = wanted === 'int8' ? integersIn(encoding, shape) : null;
    const fits = whole !== null || (wanted === 'float32' ? isFloat32(encoding) : encoding.type === wanted);
    if (fits && (isPruned === true || !isSparse(encoding))) {
      if (isTable) checkAlike(role, whole!, Math.fround(format.scale), fail);
      if (isTable && format.zeroPoint !== 0) fail('format zeroPoint', '0, as that of its table', format.zeroPoint);
      // Scales stand along the last axis, which here is not that of what it makes
      if (whole !== null && unitAxis !== undefined) checkAlike(role, whole, whole.scales[0], fail);
      continue;
    }
    const reads = input.format === null ? dtype : 'int8';
    throw new DTypeError(
      'network',
      [encoding.type],
      `node "${node.name}" reads ${reads}, its ${role} must be ${wanted}`,
    );
  }
  const product = isDynamic
    ? dynamicProduct(network, node, integersIn)
    : integerProduct(network, node, input, integersIn);
  if (product !== null) checkProduct(product);
}

/** Throws unless all scales of a weight are `scale`. */
function checkAlike(role: string, { scales }: { readonly scales: Float32Array }, scale = 1, fail: Refusal): void {
  const wrong = scales.findIndex((each) => each !== scale);
  if (wrong >= 0) fail(`scales[${wrong}] of ${role}`, `${scale}, as all others and those of its values`, scales[wrong]);
}

/** Whether a node makes int8 of the real numbers that it reads. */
export const dynamicOf = ({ attrs }: { readonly attrs: object }): boolean =>
  'dynamic' in attrs && attrs.dynamic === true;

/** What a node that multiplies int8 values multiplies, with what is held of its kernel; null for any other. */
export const integerProduct = (
  network: Graph<Stored>,
  node: Node,
  { format }: Value,
  integersIn: typeof integersOf = integersOf,
): IntegerProduct | null => format && productOf(network, node, format, readsAround(node), integersIn);

/** The product of a dynamic node: each sample's format comes to it later, and zero points are taken off its sums. */
export const dynamicProduct = (
  network: Graph<Stored>,
  node: Node,
  integersIn: typeof integersOf = integersOf,
): IntegerProduct | null => productOf(network, node, { scale: 1, zeroPoint: 0 }, true, integersIn);

function productOf(
  network: Graph<Stored>,
  node: Node,
  input: QuantizationParams,
  isCentred: boolean,
  integersIn: typeof integersOf,
): IntegerProduct | null {
  const { kernel, bias } = weightsOf(network, node);
  if (kernel === undefined) return null;
  const isTurned = hasOneScale(node);
  const { encoding, shape } = isTurned ? densified(kernel) : kernel;
  const integers = integersIn(encoding, shape);
  if (integers === null) return null;
  const matrix = isTurned ? turned(integers as EncodingOf<'int8'>, shape) : integers;
  const stored = bias?.encoding;
  return {
    name: node.name,
    input,
    output: node.format,
    rule: (node.attrs as IntegerRule).rule,
    kernel: matrix,
    terms: elementsOf(shape) / matrix.scales.length || 0,
    bias: stored?.type === 'int32' ? stored : undefined,
    isCentred,
  };
}

/** A kernel [..., units, channels] of one scale as the matrix [.../channels, units] that it is for each of its units. */
function turned({ type, values, scales }: EncodingOf<'int8'>, shape: Shape): EncodingOf<'int8'> {
  const [units, channels] = shape.slice(-2) as [number, number];
  const columns = values.slice();
  for (let i = 0; i < values.length; i++) {
    const row = Math.floor(i / channels);
    columns[(Math.floor(row / units) * channels + (i % channels)) * units + (row % units)] = values[i]!;
  }
  return { type, values: columns, scales: new Float32Array(units).fill(scales[0] ?? 1) };
}
