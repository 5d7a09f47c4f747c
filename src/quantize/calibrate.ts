import { ShapeError, ValueError } from '../base/errors.ts';
import { batchesThrough } from '../compress/measure.ts';
import type { Stored } from '../graph/encoding.ts';
import { sameFormat } from '../graph/fact.ts';
import { factsOf, hasKernel } from '../graph/facts.ts';
import type { Graph, Node, QuantizationParams } from '../graph/graph.ts';
import { Names, namesOf, nodeOf } from '../graph/rewrite.ts';
import { programOf } from '../nn/inference.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Carried, keepsFormat, looksUp } from './carried.ts';
import {
  AT_ONCE,
  checkRangeOf,
  chooseFixedPoint,
  chooseQParams,
  chooseSymmetric,
  Observer,
  type Range,
  type RangeMethod,
} from './ranges.ts';
import { sharing } from './sharing.ts';

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
  /** Formats that values keep where they can, by name. */
  readonly kept: ReadonlyMap<string, QuantizationParams>;
  /** What sums are called there, by the names of the products that give them. */
  readonly sums: ReadonlyMap<string, string>;
  /** What the others are read off; null where there are none. */
  readonly samples: readonly Tensor[] | null;
  readonly method: RangeMethod;
  /** Whether a product multiplies fixed point: what it reads and gives, and what is made of that without a product, is. */
  readonly isFixed: (node: Node) => boolean;
  /** Whether all is int8 that can be. */
  readonly isWhole: boolean;
}

/**
 * Which nodes work with int8, but for those named in `real`, and in which formats. A node stays real that its formats do not
 * suit once they are known: an activation whose result shares a kernel with numbers below 0.
 */
export function calibrate(graph: Graph<Stored>, real: ReadonlySet<string>, sources: Sources): Calibrated {
  const carried = new Carried(graph, real, sources.isWhole);
  const found = calibrated(graph, carried, sources);
  const formatOf = (name: string): QuantizationParams => found.formats.get(name)!;
  const unsuited = graph.nodes.filter((node) => carried.gives(node) && !carried.suits(node, formatOf));
  if (unsuited.length === 0) return { carried, ...found };
  return calibrate(graph, new Set([...real, ...unsuited.map(({ name }) => name)]), sources);
}

/** The values of fixed point. */
function fixedValues(graph: Graph<Stored>, carried: Carried, isFixed: Sources['isFixed']): ReadonlySet<string> {
  const fixed = new Set<string>();
  const own = graph.nodes.filter((node) => carried.reads(node) || carried.gives(node));
  for (let before = -1; before < fixed.size; ) {
    before = fixed.size;
    for (const node of own) {
      const read = looksUp(node) ? [] : node.inputs;
      const values = carried.gives(node) ? [...read, node.name] : read;
      const isIn = hasKernel(node) || looksUp(node) ? isFixed(node) : values.some((name) => fixed.has(name));
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
  { known, kept, sums, samples, method, isFixed }: Sources,
): Omit<Calibrated, 'carried'> {
  const { wanted, unseen, groups } = sharing(graph, carried);
  const tables = new Map(graph.nodes.flatMap((node) => (carried.gives(node) ? tableRange(graph, node) : [])));
  const ranges = new Map([...known, ...tables]);
  for (const node of graph.nodes) {
    const range = carried.gives(node) && keepsFormat(node) ? ranges.get(node.inputs[0]!) : undefined; // it gives no other numbers
    if (range !== undefined && !ranges.has(node.name)) ranges.set(node.name, range);
  }
  const formats = new Map<string, QuantizationParams>();
  const cut = new Map<string, QuantizationParams>();
  const notes: string[] = [];
  const fixed = fixedValues(graph, carried, isFixed);
  const give = (members: readonly string[], { low, high }: Range): QuantizationParams => {
    const isIn = (names: { has(name: string): boolean }): boolean => members.some((name) => names.has(name));
    const choose = isIn(fixed) ? chooseFixedPoint : isIn(tables) ? chooseSymmetric : chooseQParams;
    const known = keptBy(members, kept, choose);
    if (known === null) checkRangeOf('quantize', members.find((name) => !unseen.has(name))!, { low, high });
    const format = known ?? choose(low, high);
    for (const name of members) formats.set(name, format);
    return format;
  };
  let open = groups.filter((members) => {
    const seen = members.filter((name) => !unseen.has(name));
    const range = rangeOf(seen, ranges);
    if (range !== null) give(members, range);
    else if (samples === null) {
      const missing = seen.find((name) => !ranges.has(name))!;
      const wanted = `given: ranges hold none of "${sums.get(missing) ?? missing}"`;
      throw new ValueError('quantize', 'calibration', wanted, undefined);
    }
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
      const range = widened(observer.range(), members, tables);
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

/** The format that all these values keep; null where they have several, or one that is not of the kind that is chosen. */
function keptBy(
  members: readonly string[],
  kept: Sources['kept'],
  choose: typeof chooseQParams,
): QuantizationParams | null {
  const [own, ...others] = members.map((name) => kept.get(name) ?? null);
  if (own == null || !others.every((other) => sameFormat(other, own))) return null;
  const end = 127 * own.scale;
  return choose === chooseQParams || sameFormat(choose(-end, end), own) ? own : null;
}

/** The range of what a node looks up, by its name: that of its table, whose numbers are all kept. */
function tableRange(graph: Graph<Stored>, node: Node): [name: string, range: Range][] {
  if (!looksUp(node)) return [];
  const { values } = graph.weights.get(node.weights[factsOf(node).table!]!)!.encoding;
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return [[node.name, { low: -most, high: most }]];
}

/** A range with those of the tables among these values. */
const widened = (range: Range, members: readonly string[], tables: ReadonlyMap<string, Range>): Range =>
  members.reduce(({ low, high }, name) => {
    const own = tables.get(name) ?? { low, high };
    return { low: Math.min(low, own.low), high: Math.max(high, own.high) };
  }, range);

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

/** Runs a network on samples and shows `see` the numbers of these values, batch by batch; `op` is who asks, for errors. */
export function measured(
  graph: Graph<Stored>,
  names: readonly string[],
  samples: readonly Tensor[],
  batchSize: number,
  see: (name: string, values: Float32Array, index: number) => void,
  op = 'quantize',
): void {
  if (names.length === 0) return;
  const empty = samples.find(({ size }) => size === 0);
  if (empty !== undefined) throw new ShapeError(op, [empty.shape], 'there are no calibration samples');
  const program = programOf({ ...graph, outputs: names }, batchSize);
  try {
    for (const values of batchesThrough(op, program, samples, batchSize))
      names.forEach((name, i) => {
        see(name, values[i]!, i);
      });
  } finally {
    program.dispose();
  }
}
