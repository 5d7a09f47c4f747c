import { DTypeError, listed } from '../base/errors.ts';
import { elementsOf, type Shape, size } from '../base/shape.ts';
import { type Refusal, refusing } from './attributes.ts';
import { type Value, valuesOf } from './check.ts';
import { isFloat32 } from './decode.ts';
import { type EncodingName, isSparse, type Stored } from './encoding.ts';
import type { Checked, EncodingFacts, EncodingRows } from './encoding-facts.ts';
import { factsOf, readsAround, unitAxisOf } from './facts.ts';
import { type Graph, type IntegerRule, type Node, type QuantizationParams, weightsOf } from './graph.ts';
import { checkProduct, type IntegerProduct, type IntegersIn, integersOnce } from './integers.ts';

/** `validateNetwork` for a network whose weights have some of the encodings. */
export function validated(network: Graph<Stored>, encodings: EncodingRows): Map<string, Value> {
  const values = valuesOf(network);
  for (const [key, weight] of network.weights) checkStored(key, weight, encodings);
  const integersIn = integersOnce(encodings);
  for (const node of network.nodes)
    checkEncodings(network, node, values.get(node.inputs[0]!)!, values.get(node.name)!, integersIn);
  return values;
}

/** The check of an array of what has such a shape. */
export const arrayCheck =
  (shape: Shape, fail: Refusal): Checked['has'] =>
  (field, data, array, length, holds, wanted) => {
    if (!(data instanceof array)) fail(field, `a ${array.name}`, data);
    if (data.length !== length) fail(`${field} length`, `${length} for shape ${listed(shape)}`, data.length);
    const wrong = holds ? Array.prototype.findIndex.call(data, (x) => !holds(x)) : -1;
    if (wrong >= 0) fail(`${field}[${wrong}]`, wanted!, data[wrong]);
  };

/** Throws unless a weight has one of the encodings, with the arrays and numbers that are its. `op` is who asks, for errors. */
export function checkStored(
  key: string,
  { shape, encoding, mask }: Stored,
  encodings: EncodingRows,
  op = 'network',
): void {
  const fail: Refusal = refusing(`weight "${key}"`, op);
  const n = size(`${op}: weight "${key}"`, shape);
  const has = arrayCheck(shape, fail);
  if (mask !== null) has('mask', mask, Uint8Array, n, (bit) => bit <= 1, '0 or 1');
  const known = Object.keys(encodings);
  const type = encoding?.type;
  if (!known.includes(type)) fail('encoding', `one of ${known.join(', ')}`, type ?? encoding);
  const { check } = encodings[type] as EncodingFacts<EncodingName>;
  check(encoding, { n, terms: elementsOf(shape.slice(0, -1)), units: shape.at(-1) ?? 1, mask, fail, has });
}

/**
 * Weights are floats of the type of the values, in any encoding that stands for them, or where integers are multiplied the
 * integers that the facts name: of a kernel any encoding that has an integer form.
 */
function checkEncodings(
  network: Graph<Stored>,
  node: Node,
  input: Value,
  { dtype, format }: Value,
  integersIn: IntegersIn,
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
    if (!fits || (isSparse(encoding) && isPruned !== true)) {
      const reads = input.format === null ? dtype : 'int8';
      const problem = `node "${node.name}" reads ${reads}, its ${role} must be ${wanted}`;
      throw new DTypeError('network', [encoding.type], problem);
    }
    if (isTable && format.zeroPoint !== 0) fail('format zeroPoint', '0, as that of its table', format.zeroPoint);
    if (whole === null || !(isTable || unitAxis !== undefined)) continue;
    // Scales stand along the last axis, which is not that of what the node makes, or of a table that of its numbers
    const { scales } = whole;
    const scale = isTable ? Math.fround(format.scale) : scales[0];
    const wrong = scales.findIndex((each) => each !== scale);
    if (wrong >= 0)
      fail(`scales[${wrong}] of ${role}`, `${scale}, as all others and those of its values`, scales[wrong]);
  }
  // Each sample's format comes to a dynamic product later, and zero points are taken off its sums
  const product = isDynamic
    ? productOf(network, node, { scale: 1, zeroPoint: 0 }, true, integersIn)
    : integerProduct(network, node, input, integersIn);
  if (product !== null) checkProduct(product);
}

/** Whether a node makes int8 of the real numbers that it reads. */
export const dynamicOf = ({ attrs }: { readonly attrs: object }): boolean =>
  'dynamic' in attrs && attrs.dynamic === true;

/** What a node that multiplies int8 values multiplies, with what is held of its kernel; null for any other. */
export const integerProduct = (
  network: Graph<Stored>,
  node: Node,
  { format }: Value,
  integersIn: IntegersIn,
): IntegerProduct | null => format && productOf(network, node, format, readsAround(node), integersIn);

function productOf(
  network: Graph<Stored>,
  node: Node,
  input: QuantizationParams,
  isCentred: boolean,
  integersIn: IntegersIn,
): IntegerProduct | null {
  const { kernel, bias } = weightsOf(network, node);
  if (kernel === undefined) return null;
  const axis = unitAxisOf(node);
  const { encoding, shape } = kernel;
  const integers = integersIn(encoding, shape);
  if (integers === null) return null;
  const columns = shape.at(axis) ?? 1;
  const stored = bias?.encoding;
  return {
    name: node.name,
    input,
    output: node.format,
    rule: (node.attrs as IntegerRule).rule,
    kernel: integers,
    terms: elementsOf(shape) / columns || 0,
    columns,
    inner: elementsOf(shape.slice(shape.length + axis + 1)),
    bias: stored?.type === 'int32' ? stored : undefined,
    isCentred,
  };
}
