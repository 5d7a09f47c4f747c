import { ShapeError, ValueError } from '../base/errors.ts';
import { batchesThrough } from '../compress/measure.ts';
import type { Stored } from '../graph/encoding.ts';
import { factsOf, hasKernel } from '../graph/facts.ts';
import type { Graph, Node, QuantizationParams } from '../graph/graph.ts';
import { Names, namesOf, nodeOf, readersOf } from '../graph/rewrite.ts';
import { compileNetwork } from '../infer/program.ts';
import { run } from '../memory/runtime.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Carried, isCut, keepsFormat, suits } from './carried.ts';
import { chooseFixedPoint, chooseQParams, Observer, type Range, type RangeMethod } from './ranges.ts';

/** Groups of values observed in one run: a histogram takes half a megabyte. */
const AT_ONCE = 512;

/** Samples a run, where it makes no difference. */
export const BATCH = 256;

/** What is known of a network's values in int8. */
export interface Calibrated {
  readonly carried: Carried;
  /** Of the values that int8 nodes read. */
  readonly formats: ReadonlyMap<string, QuantizationParams>;
  readonly notes: readonly string[];
}

/** What formats of values come from. */
export interface Sources {
  /** Ranges that are known, by the name of the value. */
  readonly known: ReadonlyMap<string, Range>;
  /** What the others are read off; null where there are none. */
  readonly samples: readonly Tensor[] | null;
  readonly method: RangeMethod;
  /** Whether a product multiplies fixed point: what it reads and gives, and what is made of that without a product, is. */
  readonly isFixed: (node: Node) => boolean;
}

/**
 * Which nodes work with int8, but for those named in `real`, and in which formats. A node stays real that its formats do not
 * suit once they are known: an activation whose result shares a kernel with numbers below 0.
 */
export function calibrate(graph: Graph<Stored>, real: ReadonlySet<string>, sources: Sources): Calibrated {
  const carried = new Carried(graph, real);
  const found = calibrated(graph, carried, sources);
  const formatOf = (name: string): QuantizationParams => found.formats.get(name)!;
  const unsuited = graph.nodes.filter(
    (node) => carried.gives(node) && !suits(node, node.inputs.map(formatOf), formatOf(node.name)),
  );
  if (unsuited.length === 0) return { carried, ...found };
  return calibrate(graph, new Set([...real, ...unsuited.map(({ name }) => name)]), sources);
}

/** The values of fixed point. */
function fixedValues(graph: Graph<Stored>, carried: Carried, isFixed: Sources['isFixed']): ReadonlySet<string> {
  const fixed = new Set<string>();
  const own = graph.nodes.filter((node) => carried.reads(node));
  for (let before = -1; before < fixed.size; ) {
    before = fixed.size;
    for (const node of own) {
      const values = carried.gives(node) ? [...node.inputs, node.name] : node.inputs;
      const isIn = hasKernel(node) ? isFixed(node) : values.some((name) => fixed.has(name));
      if (isIn) for (const name of values) fixed.add(name);
    }
  }
  return fixed;
}

/**
 * The formats of the values that int8 nodes read, by the range that each has on the calibration samples. Values have one
 * format together where a node only moves numbers, and where two nodes read them with one kernel. What is behind a value
 * that is cut off is seen behind the cut: a bad reading would make itself felt in every layer.
 */
function calibrated(
  graph: Graph<Stored>,
  carried: Carried,
  { known, samples, method, isFixed }: Sources,
): Omit<Calibrated, 'carried'> {
  const makers = new Map(graph.nodes.map((node) => [node.name, node]));
  const readers = readersOf(graph);
  const leader = new Map<string, string>();
  const rootOf = (name: string): string => {
    let root = name;
    for (let above = leader.get(root); above !== undefined; above = leader.get(root)) root = above;
    return root;
  };
  const join = (a: string, b: string): void => {
    if (rootOf(a) !== rootOf(b)) leader.set(rootOf(a), rootOf(b));
  };
  const readWith = new Map<string, string>();
  const wanted = new Map<string, Node>();
  /** What an activation cuts off has no say in its range. */
  const unseen = new Set<string>();
  for (const node of graph.nodes) {
    if (!carried.reads(node)) continue;
    for (const name of node.inputs) if (!wanted.has(name)) wanted.set(name, node);
    if (isCut(node)) unseen.add(node.inputs[0]!);
    if (carried.gives(node) && keepsFormat(node)) join(node.name, node.inputs[0]!);
    const { kernel } = node.weights;
    if (kernel === undefined) continue;
    const other = readWith.get(kernel);
    if (other !== undefined) join(other, node.inputs[0]!);
    readWith.set(kernel, node.inputs[0]!);
  }
  // A part that nothing else reads is rounded once if it is made in the format of the whole, which holds all its numbers.
  for (const node of graph.nodes) {
    if (!factsOf(node).isJoin || !carried.gives(node)) continue;
    for (const name of node.inputs) {
      const maker = makers.get(name);
      const isMoved = maker !== undefined && carried.gives(maker) && keepsFormat(maker);
      if (isMoved || readers.get(name)!.some((reader) => reader !== node && carried.reads(reader))) continue;
      join(name, node.name);
      unseen.add(name);
    }
  }
  const groups = new Map<string, string[]>();
  for (const name of wanted.keys()) groups.set(rootOf(name), [...(groups.get(rootOf(name)) ?? []), name]);
  const formats = new Map<string, QuantizationParams>();
  const cut = new Map<string, QuantizationParams>();
  const notes: string[] = [];
  const fixed = fixedValues(graph, carried, isFixed);
  const give = (members: readonly string[], { low, high }: Range): QuantizationParams => {
    const format = (members.some((name) => fixed.has(name)) ? chooseFixedPoint : chooseQParams)(low, high);
    for (const name of members) formats.set(name, format);
    return format;
  };
  let open = [...groups.values()].filter((members) => {
    const seen = members.filter((name) => !unseen.has(name));
    const range = rangeOf(seen, known);
    if (range !== null) give(members, range);
    else if (samples === null)
      throw new ValueError(
        'quantize',
        'calibration',
        `given: ranges hold none of "${seen.find((name) => !known.has(name))}"`,
        undefined,
      );
    return range === null;
  });
  while (open.length > 0) {
    const now = open.slice(0, AT_ONCE);
    const observers = new Map<string, Observer>(); // of each member of a group its one
    for (const members of now) {
      const observer = new Observer(method);
      for (const name of members) if (!unseen.has(name)) observers.set(name, observer);
    }
    measured(asCut(graph, carried, cut), [...observers.keys()], samples!, method.batchSize, (name, values) => {
      const wrong = values.find((value) => !Number.isFinite(value));
      if (wrong !== undefined)
        throw new ValueError('quantize', `the input of ${wanted.get(name)!.name}`, 'finite', wrong);
      observers.get(name)!.see(values);
    });
    const end = now.findIndex((members) => {
      const seen = members.find((name) => !unseen.has(name))!;
      const observer = observers.get(seen)!;
      const range = observer.range();
      const format = give(members, range);
      if (!observer.isCut(range)) return false;
      for (const name of members) cut.set(name, format);
      if (method.name === 'auto') notes.push(noteOfCut(seen, range, observer));
      return true;
    });
    open = open.slice(end < 0 ? now.length : end + 1);
  }
  return { formats, notes };
}

/** The range that holds those of all these values; null where one is not known. */
function rangeOf(names: readonly string[], known: ReadonlyMap<string, Range>): Range | null {
  const ranges = names.flatMap((name) => known.get(name) ?? []);
  if (ranges.length < names.length) return null;
  return {
    low: ranges.reduce((least, { low }) => Math.min(least, low), 0),
    high: ranges.reduce((most, { high }) => Math.max(most, high), 0),
  };
}

function noteOfCut(name: string, range: Range, observer: Observer): string {
  const { count, of } = observer.beyond(range);
  const ends = [range.low, range.high].map((end) => Number(end.toPrecision(3)));
  return `${count} of ${of} numbers of "${name}" lie far outside of [${ends.join(', ')}] and are cut off: ranges: "minMax" keeps them`;
}

/** The network with int8 nodes reading these values as their formats leave them. */
function asCut(graph: Graph<Stored>, carried: Carried, cut: ReadonlyMap<string, QuantizationParams>): Graph<Stored> {
  if (cut.size === 0) return graph;
  const names = new Names(namesOf(graph));
  const now = new Map<string, string>();
  const nodes: Node[] = [];
  const put = (name: string): void => {
    const format = cut.get(name);
    if (format === undefined) return;
    const bytes = names.take(`${name}/quantize`);
    const real = names.take(`${name}/dequantize`);
    nodes.push(nodeOf('quantize', bytes, [name], {}, { format }), nodeOf('dequantize', real, [bytes], {}));
    now.set(name, real);
  };
  for (const { name } of graph.inputs) put(name);
  for (const node of graph.nodes) {
    nodes.push(carried.reads(node) ? { ...node, inputs: node.inputs.map((name) => now.get(name) ?? name) } : node);
    put(node.name);
  }
  return { ...graph, nodes };
}

/** Runs a network on samples and shows `see` the numbers of these values, batch by batch. */
export function measured(
  graph: Graph<Stored>,
  names: readonly string[],
  samples: readonly Tensor[],
  batchSize: number,
  see: (name: string, values: Float32Array, index: number) => void,
): void {
  if (names.length === 0) return;
  const empty = samples.find(({ size }) => size === 0);
  if (empty !== undefined) throw new ShapeError('quantize', [empty.shape], 'there are no calibration samples');
  const program = compileNetwork({ ...graph, outputs: names }, batchSize, run.kernels);
  try {
    for (const values of batchesThrough('quantize', program, samples, batchSize))
      names.forEach((name, i) => {
        see(name, values[i]!, i);
      });
  } finally {
    program.dispose();
  }
}
