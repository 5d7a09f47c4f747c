import { reference } from '../../kernels/reference/reference.ts';
import { valuesOf } from '../../src/graph/check.ts';
import type { Node, QuantizationParams } from '../../src/graph/graph.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { at, generate, type Plain, total } from '../plain.ts';
import { convolved, padded, pooled } from '../plain-images.ts';

/** Networks in int8 as a newcomer would run them: every value by itself, sums in float64, where integers are exact. */

const fr = Math.fround;

const toEven = (x: number): number => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
const toCode = (x: number, { scale, zeroPoint }: QuantizationParams): number =>
  clamp(toEven(fr(x / fr(scale))) + zeroPoint, -128, 127);
const toReal = (q: number, { scale, zeroPoint }: QuantizationParams): number => fr((q - zeroPoint) * fr(scale));

const map = (x: Plain, f: (value: number, unit: number) => number): Plain => {
  const units = x.shape.at(-1)!;
  return { shape: x.shape, data: x.data.map((value, i) => f(value, i % units)) };
};

/** A node that computes with real numbers, run by itself. */
function inReals(network: Network, node: Node, inputs: readonly Plain[]): Plain {
  const keys = new Set(Object.values(node.weights));
  const names = node.inputs.map((_, i) => `in${i}`);
  const single = new Network({
    inputs: names.map((name, i) => ({ name, shape: inputs[i]!.shape.slice(1), dtype: 'float32' as const })),
    nodes: [{ ...node, inputs: names }],
    outputs: [node.name],
    weights: new Map([...network.weights].filter(([key]) => keys.has(key))),
  });
  const samples = inputs[0]!.shape[0]!;
  const program = compileNetwork(single, samples, reference);
  const [y] = program.run(
    inputs.map(({ data }) => Float32Array.from(data)),
    samples,
  );
  return { shape: [samples, ...program.outputShape], data: [...y!] };
}

/** What the network gives: integers where a value is int8. By name. */
export function plainInt8(network: Network, x: Plain): ReadonlyMap<string, Plain> {
  const kinds = valuesOf(network);
  const values = new Map<string, Plain>([[network.inputs[0]!.name, x]]);
  for (const node of network.nodes) {
    const inputs = node.inputs.map((name) => values.get(name)!);
    const formats = node.inputs.map((name) => kinds.get(name)!.format);
    const isReal = node.format === null && formats.every((format) => format === null);
    values.set(node.name, isReal ? inReals(network, node, inputs) : inIntegers(network, node, inputs, formats));
  }
  return values;
}

function inIntegers(
  network: Network,
  node: Node,
  inputs: readonly Plain[],
  formats: readonly (QuantizationParams | null)[],
): Plain {
  const [x, from, to] = [inputs[0]!, formats[0]!, node.format!];
  const samples = x.shape[0]!;
  switch (node.op) {
    case 'quantize':
      return map(x, (v) => toCode(from === null ? v : toReal(v, from), to));
    case 'dequantize':
      return map(x, (q) => toReal(q, from));
    case 'conv':
    case 'dense': {
      const stored = network.weights.get(node.weights.kernel!)!;
      const { values, scales } = stored.encoding as { values: Int8Array; scales: Float32Array };
      const kernel = { shape: stored.shape, data: [...values] };
      const above = map(x, (q) => q - from.zeroPoint);
      const sums =
        node.op === 'conv'
          ? convolved(above, kernel, undefined, { ...node.attrs, activation: 'linear' })
          : generate([...x.shape.slice(0, -1), kernel.shape[1]!], (index) =>
              total(Array.from({ length: kernel.shape[0]! }, (_, i) => product(above, kernel, index, i))),
            );
      const bias = network.weights.get(node.weights.bias ?? '')?.encoding.values;
      const scaled = map(sums, (sum, u) =>
        fr(fr(sum + (bias?.[u] ?? 0)) * fr((from.scale * scales[u]!) / (node.format?.scale ?? 1))),
      );
      const { activation } = node.attrs;
      if (node.format === null) return inReals(network, nodeOf('activation', 'a', ['x'], { activation }), [scaled]);
      const zero = activation.name === 'linear' ? -128 : toCode(0, to);
      const six = activation.name === 'relu6' ? toCode(6, to) : 127;
      return map(scaled, (v) => clamp(toEven(clamp(v, -1000, 1000)) + to.zeroPoint, zero, six));
    }
    case 'pool':
    case 'globalPool': {
      const taps = node.op === 'pool' ? node.attrs.size : x.shape.slice(1, -1);
      const steps = node.op === 'pool' ? node.attrs : { strides: taps, padding: 'valid' as const };
      const mean = (list: number[]): number => {
        const average = fr(fr(total(list.map((q) => q - from.zeroPoint))) / list.length);
        return clamp(toEven(clamp(fr(average * fr(from.scale / to.scale)), -1000, 1000)) + to.zeroPoint, -128, 127);
      };
      const f = node.attrs.kind === 'max' ? (list: number[]): number => Math.max(...list) : mean;
      const y = pooled(f, x, { ...steps, taps, dilations: taps.map(() => 1) });
      return node.op === 'pool' ? y : { shape: [samples, y.shape.at(-1)!], data: y.data };
    }
    case 'zeroPad':
      return padded(x, node.attrs.widths, to.zeroPoint);
    case 'upsample': {
      const factors = [1, ...node.attrs.factors, 1];
      return generate(
        x.shape.map((n, axis) => n * factors[axis]!),
        (index) =>
          at(
            x,
            index.map((i, axis) => Math.floor(i / factors[axis]!)),
          ),
      );
    }
    case 'channelShuffle': {
      const { groups } = node.attrs;
      const members = x.shape.at(-1)! / groups;
      const place = (c: number): number => (c % groups) * members + Math.floor(c / groups);
      return generate(x.shape, (index) => at(x, [...index.slice(0, -1), place(index.at(-1)!)]));
    }
    case 'split': {
      const { from: first, to: end } = node.attrs;
      return generate([...x.shape.slice(0, -1), end - first], (index) =>
        at(x, [...index.slice(0, -1), index.at(-1)! + first]),
      );
    }
    case 'concat': {
      const parts = inputs.map((part, i) => {
        const own = formats[i]!;
        const isAlike = own.scale === to.scale && own.zeroPoint === to.zeroPoint;
        return isAlike ? part : map(part, (q) => toCode(toReal(q, own), to));
      });
      const ends = parts.map((_, i) => total(parts.slice(0, i + 1).map(({ shape }) => shape.at(-1)!)));
      return generate([...x.shape.slice(0, -1), ends.at(-1)!], (index) => {
        const i = ends.findIndex((end) => index.at(-1)! < end);
        return at(parts[i]!, [...index.slice(0, -1), index.at(-1)! - (ends[i - 1] ?? 0)]);
      });
    }
    case 'add':
      return { shape: x.shape, data: x.data.map((_, i) => toCode(addedUp(inputs, formats, i), to)) };
    case 'flatten':
      return { shape: [samples, x.data.length / samples], data: x.data };
    case 'activation':
      return map(x, (q) => toCode(relu(toReal(q, from), node.attrs.activation.name === 'relu6' ? 6 : Infinity), to));
    default:
      throw new Error(`${node.op} has no integers`);
  }
}

const relu = (x: number, most: number): number => Math.min(Math.max(x, 0), most);

const product = (x: Plain, kernel: Plain, index: readonly number[], i: number): number =>
  at(x, [...index.slice(0, -1), i]) * at(kernel, [i, index.at(-1)!]);

const addedUp = (inputs: readonly Plain[], formats: readonly (QuantizationParams | null)[], i: number): number =>
  inputs.map(({ data }, j) => toReal(data[i]!, formats[j]!)).reduce((sum, term) => fr(sum + term));
