import { reference } from '../../kernels/reference/reference.ts';
import { valuesOf } from '../../src/graph/check.ts';
import { decodeWeight } from '../../src/graph/decode.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import type { Node, NodeOf, QuantizationParams } from '../../src/graph/graph.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { at, generate, type Plain, total } from '../plain.ts';
import { convolved, padded, pooled, spreadOut } from '../plain-images.ts';

/** Networks in int8 as a newcomer would run them: every value by itself, sums in float64, where integers are exact. */

const fr = Math.fround;

const toEven = (x: number): number => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
const toCode = (x: number, { scale, zeroPoint }: QuantizationParams): number =>
  Number.isNaN(x) ? zeroPoint : clamp(toEven(fr(x / fr(scale))) + zeroPoint, -128, 127);
const toReal = (q: number, { scale, zeroPoint }: QuantizationParams): number => fr((q - zeroPoint) * fr(scale));

const map = (x: Plain, f: (value: number, unit: number) => number): Plain => {
  const units = x.shape.at(-1)!;
  return { shape: x.shape, data: x.data.map((value, i) => f(value, i % units)) };
};

/** x times a real factor as machines without floats have it: the 31 bits of the factor, rounding twice. */
function scaledWhole(x: number, factor: number): number {
  if (factor < 2 ** -32 * (1 - 2 ** -32)) return 0;
  let exponent = 0;
  while (factor / 2 ** exponent >= 1) exponent++;
  while (factor / 2 ** exponent < 0.5) exponent--;
  let bits = BigInt(Math.round((factor / 2 ** exponent) * 2 ** 31));
  if (bits === 2n ** 31n) [bits, exponent] = [2n ** 30n, exponent + 1];
  const product = BigInt.asIntN(32, BigInt(x) << BigInt(Math.max(0, exponent))) * bits;
  // Halves up for a product of at least 0, and down to the number above them below it: C's division cuts off
  const high = (product + (product >= 0n ? 2n ** 30n : 1n - 2n ** 30n)) / 2n ** 31n;
  const size = high < 0n ? -high : high;
  const right = BigInt(Math.max(0, -exponent));
  const rounded = right === 0n ? size : (size + 2n ** (right - 1n)) / 2n ** right;
  return Number(high < 0n ? -rounded : rounded);
}

/** The integers of a kernel, from its real numbers and the scale of each column. */
function codesIn(weight: Stored): { readonly codes: Plain; readonly scales: readonly number[] } {
  const { encoding, shape } = weight;
  const units = shape.at(-1)!;
  const scales =
    encoding.type === 'fixed'
      ? Array.from({ length: units }, () => 2 ** -encoding.fraction)
      : [...(encoding as { scales: Float32Array }).scales];
  const data = Array.from(decodeWeight(weight)!, (w, i) => Math.round(w / scales[i % units]!));
  return { codes: { shape, data }, scales };
}

type Product = NodeOf<'dense' | 'conv' | 'convTranspose'>;

/** Sums of products of integers. */
function summed(node: Product, x: Plain, kernel: Plain): Plain {
  const attrs = { ...node.attrs, activation: 'linear' };
  if (node.op === 'conv') return convolved(x, kernel, undefined, attrs as never);
  if (node.op === 'convTranspose') return spreadOut(x, kernel, undefined, { ...attrs, dilations: [1, 1] } as never);
  const terms = kernel.shape[0]!;
  return generate([...x.shape.slice(0, -1), kernel.shape[1]!], (index) =>
    total(Array.from({ length: terms }, (_, i) => product(x, kernel, index, i))),
  );
}

/** A product of int8 that each sample gets a format for. */
function inDynamic(network: Network, node: Product, x: Plain): Plain {
  const { codes, scales } = codesIn(network.weights.get(node.weights.kernel!)!);
  const bias = network.weights.get(node.weights.bias ?? '');
  const offsets = bias === undefined ? null : decodeWeight(bias)!;
  const each = x.data.length / x.shape[0]!;
  const parts = Array.from({ length: x.shape[0]! }, (_, n): Plain => {
    const data = x.data.slice(n * each, (n + 1) * each);
    const low = Math.min(0, ...data);
    const high = Math.max(0, ...data);
    const shape = [1, ...x.shape.slice(1)];
    const range = fr(fr(high - low) / 255);
    if (!(range < Infinity)) return map(summed(node, { shape, data: data.map(() => 0) }, codes), () => Number.NaN);
    const scale = range < 2 ** -100 ? 1 : range;
    const zeroPoint = range < 2 ** -100 ? 0 : clamp(toEven(fr(-128 - fr(low / scale))), -128, 127);
    const above = data.map((v) => toCode(v, { scale, zeroPoint }) - zeroPoint);
    return map(summed(node, { shape, data: above }, codes), (sum, u) => {
      const y = fr(fr(sum) * fr(scale * scales[u]!));
      return offsets === null ? y : fr(y + offsets[u]!);
    });
  });
  const y = { shape: [x.shape[0]!, ...parts[0]!.shape.slice(1)], data: parts.flatMap(({ data }) => [...data]) };
  return inReals(network, nodeOf('activation', 'a', ['x'], { activation: node.attrs.activation }), [y]);
}

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
    const isDynamic = (node.attrs as { dynamic?: true }).dynamic === true;
    if (isDynamic) values.set(node.name, inDynamic(network, node as Product, inputs[0]!));
    else values.set(node.name, isReal ? inReals(network, node, inputs) : inIntegers(network, node, inputs, formats));
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
    case 'convTranspose':
    case 'dense': {
      const { codes, scales } = codesIn(network.weights.get(node.weights.kernel!)!);
      const sums = summed(
        node,
        map(x, (q) => q - from.zeroPoint),
        codes,
      );
      const bias = network.weights.get(node.weights.bias ?? '')?.encoding.values;
      const isSingle = node.attrs.rule === 'xnnpack' && node.format !== null;
      const factorOf = (u: number): number => {
        const scale = scales[node.op === 'convTranspose' ? 0 : u]!;
        return isSingle
          ? fr(fr(fr(from.scale) * scale) / fr(to.scale))
          : (from.scale * scale) / (node.format?.scale ?? 1);
      };
      const isWhole = node.attrs.rule === 'multiplier' && node.format !== null;
      const scaled = map(sums, (sum, u) => {
        const all = sum + (bias?.[u] ?? 0);
        return isWhole ? scaledWhole(all, factorOf(u)) : fr(fr(all) * fr(factorOf(u)));
      });
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
        if (node.attrs.rule !== undefined) {
          const sum = BigInt(total(list));
          const half = BigInt(list.length >> 1);
          return Number((sum + (sum > 0n ? half : -half)) / BigInt(list.length)); // cut off towards 0
        }
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
      if (node.attrs.rule === 'multiplier') {
        const [p, q] = formats as [QuantizationParams, QuantizationParams];
        const twice = 2 * Math.max(p.scale, q.scale);
        const term = (code: number, { scale, zeroPoint }: QuantizationParams): number =>
          scaledWhole((code - zeroPoint) * 2 ** 20, scale / twice);
        const sums = x.data.map((code, i) => term(code, p) + term(inputs[1]!.data[i]!, q));
        const factor = twice / (2 ** 20 * to.scale);
        const data = sums.map((sum) => clamp(scaledWhole(sum, factor) + to.zeroPoint, -128, 127));
        return { shape: x.shape, data };
      }
      if (node.attrs.rule === 'xnnpack') {
        const ratios = formats.map((format) => fr(fr(format!.scale) / fr(to.scale)));
        const unit = 2 ** (20 - Math.floor(Math.log2(Math.max(...ratios))));
        const sums = x.data.map((_, i) =>
          total(inputs.map(({ data }, j) => (data[i]! - formats[j]!.zeroPoint) * toEven(ratios[j]! * unit))),
        );
        return {
          shape: x.shape,
          data: sums.map((sum) => clamp(Math.floor(sum / unit + 0.5) + to.zeroPoint, -128, 127)),
        };
      }
      return { shape: x.shape, data: x.data.map((_, i) => toCode(addedUp(inputs, formats, i), to)) };
    case 'flatten':
      return { shape: [samples, x.data.length / samples], data: x.data };
    case 'activation':
    case 'batchNorm':
    case 'layerNorm': {
      const reals = map(x, (q) => toReal(q, from));
      return map(inReals(network, { ...node, format: null } as Node, [reals]), (v) => toCode(v, to));
    }
    case 'embedding': {
      const { codes } = codesIn(network.weights.get(node.weights.embeddings!)!);
      return generate([...x.shape, codes.shape[1]!], (index) => at(codes, [at(x, index.slice(0, -1)), index.at(-1)!]));
    }
    default:
      throw new Error(`${node.op} has no integers`);
  }
}

const product = (x: Plain, kernel: Plain, index: readonly number[], i: number): number =>
  at(x, [...index.slice(0, -1), i]) * at(kernel, [i, index.at(-1)!]);

const addedUp = (inputs: readonly Plain[], formats: readonly (QuantizationParams | null)[], i: number): number =>
  inputs.map(({ data }, j) => toReal(data[i]!, formats[j]!)).reduce((sum, term) => fr(sum + term));
