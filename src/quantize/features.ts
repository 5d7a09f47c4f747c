import { LINEAR } from '../graph/activation.ts';
import { float32Stored, type Stored } from '../graph/encoding.ts';
import { multipliesRows } from '../graph/facts.ts';
import { activationIn, type Graph, type Node, weightsOf } from '../graph/graph.ts';
import { Names, namesOf, nodeOf } from '../graph/rewrite.ts';

/** A feature that takes no more of the 255 steps of its value's range rounds to next to nothing. */
const FEW_STEPS = 8;
/** Features that are scaled, at most: the product that scales them has the square of their number of weights. */
const MOST_FEATURES = 256;
/** From as many samples on, one reading far from all others does not say how large a feature is. */
const SAMPLES = 20;
/** How many times as wide one reading must make a feature to be taken for a bad one. */
const FAR = 4;

/** The two lowest and the two highest numbers of each feature, the last axis. */
export class Features {
  private readonly lowest: Float64Array;
  private readonly lower: Float64Array;
  private readonly highest: Float64Array;
  private readonly higher: Float64Array;
  private samples = 0;

  constructor(count: number) {
    this.lowest = new Float64Array(count).fill(Infinity);
    this.lower = this.lowest.slice();
    this.highest = new Float64Array(count).fill(-Infinity);
    this.higher = this.highest.slice();
  }

  see(values: Float32Array): void {
    const count = this.lowest.length;
    for (let i = 0; i < values.length; i++) {
      const j = i % count;
      const value = values[i]!;
      if (value < this.lower[j]!) {
        this.lower[j] = Math.max(value, this.lowest[j]!);
        this.lowest[j] = Math.min(value, this.lowest[j]!);
      }
      if (value > this.higher[j]!) {
        this.higher[j] = Math.min(value, this.highest[j]!);
        this.highest[j] = Math.max(value, this.highest[j]!);
      }
    }
    this.samples += values.length / count;
  }

  /** From where to where a feature reaches, but for one reading of many that no other is near to. */
  private reach(j: number): readonly [low: number, high: number] {
    const low = this.lowest[j]!;
    const high = this.highest[j]!;
    const width = high - low;
    if (this.samples < SAMPLES) return [low, high];
    const withoutHigh = this.higher[j]! - low;
    if (withoutHigh > 0 && width > FAR * withoutHigh) return [low, this.higher[j]!];
    const withoutLow = high - this.lower[j]!;
    return withoutLow > 0 && width > FAR * withoutLow ? [this.lower[j]!, high] : [low, high];
  }

  /** What makes each feature a number from -1 to 1: less its middle, if it is far from 0, over its size. Null if all are alike. */
  scales(): { readonly middles: Float64Array; readonly sizes: Float64Array } | null {
    const reaches = Array.from(this.lowest, (_, j) => this.reach(j));
    let low = 0;
    let high = 0;
    for (const [from, to] of reaches) {
      low = Math.min(low, from);
      high = Math.max(high, to);
    }
    const few = (FEW_STEPS * (high - low)) / 255;
    const differ = reaches.some(([from, to]) => from < to && to - from < few);
    if (!differ || !Number.isFinite(high - low)) return null;
    const middles = new Float64Array(reaches.length);
    const sizes = Float64Array.from(reaches, ([from, to], j) => {
      const isFar = Math.max(from, -to) > to - from;
      if (isFar) middles[j] = (from + to) / 2;
      return isFar ? (to - from) / 2 : Math.max(Math.abs(from), Math.abs(to));
    });
    // How large a constant gets is not known: not so large that its row of a kernel is rounded at the cost of others.
    // Nor does float32 have the inverse of a much smaller number
    const least = sizes.reduce((a, b) => (b > 2 ** -120 && b < a ? b : a), Infinity);
    return { middles, sizes: sizes.map((size) => Math.max(size, least)) };
  }
}

/** The values that are numbers of inputs, in another order at most or added: no weight and no activation was at work. */
export function rawValues(graph: Graph<Stored>, mayCarry: (node: Node) => boolean): ReadonlySet<string> {
  const raw = new Set(graph.inputs.flatMap(({ name, dtype }) => (dtype === 'float32' ? [name] : [])));
  for (const node of graph.nodes) {
    const isRaw = node.format === null && activationIn(node) === null && mayCarry(node);
    if (isRaw && node.inputs.every((name) => raw.has(name))) raw.add(node.name);
  }
  return raw;
}

/** A network whose first layers read features of one size. */
export interface Scaled {
  readonly graph: Graph<Stored>;
  readonly notes: readonly string[];
}

/**
 * Where features of raw values differ so much in size that the small ones would round to nothing on one scale, a product
 * with a diagonal kernel, in real numbers, makes each of them a number from -1 to 1 first, and the kernels that read them are
 * multiplied by their sizes: x·K + b = ((x - m)/s)·(s·K) + (b + m·K). Only kernels that read nothing else are, of products of
 * integers.
 */
export function withScaledFeatures(
  given: Graph<Stored>,
  seen: ReadonlyMap<string, Features>,
  isInteger: (node: Node) => boolean,
): Scaled {
  const names = new Names([...namesOf(given), ...given.weights.keys()]);
  const weights = new Map(given.weights);
  const scalers = new Map<string, Node>(); // by the value that they read
  const changed = new Map<Node, Node>();
  const notes: string[] = [];
  for (const [value, features] of seen) {
    const scales = features.scales();
    if (scales === null) continue;
    const { middles, sizes } = scales;
    const n = sizes.length;
    const isReader = (node: Node): boolean => isInteger(node) && multipliesRows(node) && node.inputs[0] === value;
    const readers = given.nodes.filter(isReader);
    const elsewhere = new Set(given.nodes.flatMap((node) => (isReader(node) ? [] : [node.weights.kernel])));
    const own = n <= MOST_FEATURES ? readers.filter(({ weights: { kernel } }) => !elsewhere.has(kernel)) : [];
    if (own.length < readers.length)
      notes.push(
        `some of the ${n} features of "${value}" take at most ${FEW_STEPS} of the 255 steps of its range: scale them to one size`,
      );
    if (own.length === 0) continue;
    const name = names.take(`${value}/scaled`);
    const kernel = names.take(`${name}/kernel`);
    const diagonal = new Float32Array(n * n);
    for (let i = 0; i < n; i++) diagonal[i * n + i] = 1 / sizes[i]!;
    weights.set(kernel, float32Stored([n, n], diagonal));
    const keys: Record<string, string> = { kernel };
    if (middles.some((middle) => middle !== 0)) {
      keys.bias = names.take(`${name}/bias`);
      weights.set(
        keys.bias,
        float32Stored(
          [n],
          Float32Array.from(middles, (middle, i) => -middle / sizes[i]!),
        ),
      );
    }
    scalers.set(value, nodeOf('dense', name, [value], { activation: LINEAR }, { weights: keys }));
    const done = new Map<string, string | undefined>(); // by kernel, the bias
    for (const reader of own) {
      const key = reader.weights.kernel!;
      if (!done.has(key)) {
        const old = weightsOf(given, reader);
        const parts = scaledWeights(old.kernel!, old.bias ?? null, middles, sizes);
        const bias =
          keys.bias === undefined ? reader.weights.bias : (reader.weights.bias ?? names.take(`${reader.name}/bias`));
        weights.set(key, { ...old.kernel!, encoding: { type: 'float32', values: parts.kernel } });
        if (keys.bias !== undefined) weights.set(bias!, float32Stored([parts.bias.length], parts.bias));
        done.set(key, bias);
      }
      const bias = done.get(key);
      const own = bias === undefined ? reader.weights : { ...reader.weights, bias };
      changed.set(reader, { ...reader, inputs: [name], weights: own });
    }
    const ratio = sizes.reduce((a, b) => Math.max(a, b)) / sizes.reduce((a, b) => Math.min(a, b));
    notes.push(
      `the features of "${value}" differ in size, up to ${Number(ratio.toPrecision(2))} times: "${name}" makes them alike, in real numbers`,
    );
  }
  if (scalers.size === 0) return { graph: given, notes };
  const nodes: Node[] = [];
  const put = (value: string): void => {
    const scaler = scalers.get(value);
    if (scaler !== undefined) nodes.push(scaler);
  };
  for (const { name } of given.inputs) put(name);
  for (const node of given.nodes) {
    nodes.push(changed.get(node) ?? node);
    put(node.name);
  }
  return { graph: { ...given, nodes, weights }, notes };
}

/** s·K and b + m·K. */
function scaledWeights(
  kernel: Stored,
  bias: Stored | null,
  middles: Float64Array,
  sizes: Float64Array,
): { readonly kernel: Float32Array; readonly bias: Float32Array } {
  const values = kernel.encoding.values as Float32Array;
  const units = kernel.shape.at(-1)!;
  const sums = Float64Array.from({ length: units }, (_, j) => bias?.encoding.values[j] ?? 0);
  const scaled = values.map((weight, at) => {
    const i = Math.floor(at / units);
    sums[at % units]! += middles[i]! * weight;
    return sizes[i]! * weight;
  });
  return { kernel: scaled, bias: Float32Array.from(sums) };
}
