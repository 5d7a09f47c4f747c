import { WhittleError } from '../base/errors.ts';
import { elementsOf } from '../base/shape.ts';
import type { EncodingOf, Stored } from '../graph/encoding.ts';
import { integersOf, sumScales } from '../graph/encodings.ts';
import type { Format } from '../graph/fact.ts';
import { factsOf, hasKernel } from '../graph/facts.ts';
import { type Graph, type Node, type NodeOf, type Op, type QuantizationParams, weightsOf } from '../graph/graph.ts';
import { Names, namesOf, nodeOf, readersOf, withoutUnread } from '../graph/rewrite.ts';

/** Operations that are there for the formats themselves. */
const CHANGES: { readonly [K in Op]?: 'to int8' | 'to reals' } = { quantize: 'to int8', dequantize: 'to reals' };
const changeOf = ({ op }: Node): 'to int8' | 'to reals' | undefined => CHANGES[op];

/** An int8 value that a real one is made of by a `dequantize`. */
interface Whole {
  readonly value: string;
  readonly format: QuantizationParams;
}

/** Whether two formats are the same in a file, which has scales in float32: a hint may say more of one of them than of the other. */
const isWritten = (a: QuantizationParams, b: Format): boolean =>
  b !== null && Math.fround(a.scale) === Math.fround(b.scale) && a.zeroPoint === b.zeroPoint;

const allows = <K extends Op>(node: NodeOf<K>, inputs: readonly Format[], own: Format): boolean =>
  factsOf(node).formats(inputs, own, node.attrs) === null;

/** Whether what an operation gives are numbers that it reads, in whatever format they are. */
const gives = (node: Node, format: QuantizationParams): boolean =>
  allows(node as NodeOf<Op>, [format], format) &&
  !allows(node as NodeOf<Op>, [format], { ...format, scale: format.scale * 2 });

/**
 * The network with operations that read and give integers by way of real numbers, between a `dequantize` and a `quantize`, on the
 * integers themselves: the reverse of what other formats write ("QDQ"). The same integers come out, but for sums so near to the
 * middle between two that the order of roundings decides. A product whose kernel is int8 and whose bias was int32 reads integers
 * even if it gives real numbers. `integers` are those of biases that are real in the network, by key; of others the nearest.
 */
export function folded(graph: Graph<Stored>, integers: ReadonlyMap<string, Int32Array>): Graph<Stored> {
  return new Folding(graph, integers).graph();
}

class Folding {
  private readonly given: Graph<Stored>;
  private readonly integers: ReadonlyMap<string, Int32Array>;
  private readonly nodes = new Map<string, Node>();
  private readonly weights: Map<string, Stored>;
  private readonly wholes = new Map<string, Whole>();
  /** Names of values that are others now. */
  private readonly renamed = new Map<string, string>();
  /** Keys of biases of integers, and those that their real numbers have. */
  private readonly biases = new Map<string, string>();
  /** Keys by what they hold. */
  private readonly known = new Map<string, string>();
  /** Numbers of biases that may be made: one may be read by many products, each in units of its own. */
  private left: number;
  private readonly readers: ReadonlyMap<string, readonly Node[]>;
  private readonly outputs: ReadonlySet<string>;
  private readonly names: Names;
  private readonly keys: Names;

  constructor(graph: Graph<Stored>, integers: ReadonlyMap<string, Int32Array>) {
    this.given = graph;
    this.integers = integers;
    this.weights = new Map(graph.weights);
    this.readers = readersOf(graph);
    this.outputs = new Set(graph.outputs);
    this.names = new Names(namesOf(graph));
    this.keys = new Names(graph.weights.keys());
    this.left = [...graph.weights.values()].reduce((sum, { shape }) => sum + elementsOf(shape), 2 ** 20);
  }

  graph(): Graph<Stored> {
    for (const node of this.given.nodes)
      this.take({ ...node, inputs: node.inputs.map((name) => this.renamed.get(name) ?? name) });
    const found = withoutUnread({ ...this.given, nodes: [...this.nodes.values()], weights: this.weights });
    // A bias that is integers alone keeps its key
    const free = new Map([...this.biases].filter(([key, old]) => found.weights.has(key) && !found.weights.has(old)));
    const taken = new Set<string>();
    for (const [key, old] of free)
      if (taken.has(old)) free.delete(key);
      else taken.add(old);
    const now = (key: string): string => free.get(key) ?? key;
    return {
      ...found,
      nodes: found.nodes.map(
        (node): Node => ({
          ...node,
          weights: Object.fromEntries(Object.entries(node.weights).map(([role, key]) => [role, now(key)])),
        }),
      ),
      weights: new Map([...found.weights].map(([key, weight]) => [now(key), weight])),
    };
  }

  private put(node: Node): void {
    this.nodes.set(node.name, node);
  }

  /** The one `quantize` that alone reads a value. */
  private quantizer({ name }: Node): Node | undefined {
    const readers = this.readers.get(name) ?? [];
    const [only] = readers;
    return readers.length === 1 && !this.outputs.has(name) && changeOf(only!) === 'to int8' ? only : undefined;
  }

  private take(node: Node): void {
    const [first] = node.inputs;
    const change = changeOf(node);
    if (change === 'to reals') {
      const maker = this.nodes.get(first!);
      if (maker?.format) this.wholes.set(node.name, { value: first!, format: maker.format });
      this.put(node);
    } else if (change === 'to int8') this.quantize(node);
    else this.compute(node);
  }

  private quantize(node: Node): void {
    const [read] = node.inputs;
    const whole = this.wholes.get(read!);
    const maker = this.nodes.get(read!);
    if (whole !== undefined && isWritten(whole.format, node.format)) {
      this.renamed.set(node.name, whole.value);
      return;
    }
    const known =
      maker !== undefined && this.quantizer(maker) !== undefined ? this.onIntegers(maker, node.format) : null;
    if (known === null) this.put(node);
    else {
      this.nodes.delete(read!);
      this.put({ ...known, name: node.name } as Node);
    }
  }

  private compute(node: Node): void {
    const quantizer = this.quantizer(node);
    const wholes = this.wholesOf(node);
    const [first] = wholes ?? [];
    const isLater =
      wholes !== null &&
      quantizer !== undefined &&
      allows(
        node as NodeOf<Op>,
        wholes.map(({ format }) => format),
        quantizer.format,
      );
    if (first === undefined || isLater) {
      this.put(node);
      return;
    }
    if (wholes!.length === 1 && gives(node, first.format)) {
      const value = this.wholeName(node.name);
      this.put({ ...node, name: value, inputs: [first.value], format: first.format } as Node);
      this.put(nodeOf('dequantize', node.name, [value], {}));
      this.wholes.set(node.name, { value, format: first.format });
      return;
    }
    const isProduct = hasKernel(node) && (node.weights.bias === undefined || this.integers.has(node.weights.bias));
    this.put((isProduct ? this.onIntegers(node, null) : null) ?? node);
  }

  /** What integers are called that had a name before a file put real numbers between: that one, if nothing else has it now. */
  private wholeName(real: string): string {
    const wish = `${real}/int8`;
    const before = [real.replace(/\/real(\/flat|\/shuffled)?$/, ''), wish];
    return before.find((name) => this.renamed.has(name) && !this.nodes.has(name)) ?? this.names.take(wish);
  }

  /** What a node reads, as integers; null unless all of it is. */
  private wholesOf({ inputs }: Node): Whole[] | null {
    const wholes = inputs.map((name) => this.wholes.get(name));
    return wholes.every((whole) => whole !== undefined) && wholes.length > 0 ? wholes : null;
  }

  /** A node that reads integers and gives them in a format, or real numbers; null where it cannot. */
  private onIntegers(node: Node, given: Format): Node | null {
    const table = factsOf(node).table;
    const wholes = table === undefined ? this.wholesOf(node) : [];
    if (wholes === null) return null;
    const formats = table === undefined ? wholes.map(({ format }) => format) : [null];
    const same = wholes.length === 1 && isWritten(wholes[0]!.format, given) ? wholes[0]!.format : given;
    const own = allows(node as NodeOf<Op>, formats, given) ? given : same;
    if (!allows(node as NodeOf<Op>, formats, own)) return null;
    if (table !== undefined) return this.isTable(node, table, own) ? ({ ...node, format: own } as Node) : null;
    const weights = this.integerWeights(node, wholes[0]!.format);
    return weights && ({ ...node, weights, inputs: wholes.map(({ value }) => value), format: own } as Node);
  }

  private isTable(node: Node, role: string, own: Format): boolean {
    const { encoding } = this.weights.get(node.weights[role]!)!;
    if (encoding.type !== 'int8' || own === null || own.zeroPoint !== 0) return false;
    return encoding.scales.every((scale) => scale === Math.fround(own.scale));
  }

  /** Keys of the weights as integers, where integers are multiplied; null where they are none. */
  private integerWeights(node: Node, input: QuantizationParams): Readonly<Record<string, string>> | null {
    if (!hasKernel(node)) return node.weights;
    const { kernel } = weightsOf({ weights: this.weights }, node);
    if (kernel === undefined || integersOf(kernel.encoding, kernel.shape) === null) return null;
    const { bias: key } = node.weights;
    if (key === undefined) return node.weights;
    const units = sumScales(node, kernel, input);
    this.left -= units.length;
    if (this.left < 0) return null;
    const bias = integerBias(this.weights.get(key)!, units, this.integers.get(key));
    if (bias === null) return null;
    const id = JSON.stringify([key, ...bias.values]);
    const known = this.known.get(id) ?? this.keys.take(key);
    this.known.set(id, known);
    this.biases.set(known, key);
    this.weights.set(known, { shape: [units.length], encoding: bias, mask: null });
    return { ...node.weights, bias: known };
  }
}

/** A real bias in whole units; null where int32 does not hold it. */
function integerBias(
  { encoding }: Stored,
  units: Float64Array,
  known: Int32Array | undefined,
): EncodingOf<'int32'> | null {
  if (encoding.type !== 'float32') return null;
  const { values } = encoding;
  // The integers of the file, if they are in the units of this product
  const fits = known?.every((q, i) => Math.abs(q * units[i]! - values[i]!) <= 1e-6 * Math.abs(values[i]!)) === true;
  const whole = fits ? Array.from(known) : Array.from(values, (x, i) => Math.round(x / units[i]!));
  if (!whole.every((q) => Math.abs(q) < 2 ** 31)) return null;
  return { type: 'int32', values: Int32Array.from(whole) };
}

/** What was tried, or what there is where that throws an error of the library. */
export function orElse<T>(attempt: () => T, fallback: () => T): T {
  try {
    return attempt();
  } catch (error) {
    if (!(error instanceof WhittleError)) throw error;
    return fallback();
  }
}
