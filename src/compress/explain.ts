import type { Kernels } from '../../kernels/kernels.ts';
import { checkCount, listed } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { aligned } from '../base/text.ts';
import { type Value, valuesOf } from '../graph/check.ts';
import { decodeWeight } from '../graph/decode.ts';
import { type Encoding, isSparse, type Stored } from '../graph/encoding.ts';
import { integersOf } from '../graph/encodings.ts';
import { factsOf } from '../graph/facts.ts';
import { type Graph, type Node, weightsOf } from '../graph/graph.ts';
import { programForm } from '../graph/program-form.ts';
import { gathered, patternOf, type SparsePattern, type SparseWidth } from '../graph/sparse.ts';
import {
  breakEven,
  type Candidate,
  type Choice,
  type Clock,
  chosen,
  kernelFor,
  measured,
  percentHeld,
  type Times,
  timesOf,
} from '../infer/choice.ts';
import { networkMaker, programBy } from '../infer/program.ts';
import { run } from '../memory/runtime.ts';
import type { Model } from '../nn/model.ts';
import { rounded } from '../nn/rounded.ts';
import { Random } from '../tensor/random.ts';
import { heldNetworkOf } from './passes.ts';
import { hasSparse, type SparsePatternName, WIDTHS } from './sparse.ts';

const NAMES = Object.keys(WIDTHS) as SparsePatternName[];
const nameOf = (width: SparseWidth): SparsePatternName => NAMES.find((name) => WIDTHS[name] === width)!;
/** Shares of blocks at 0 at which curves are measured. */
const SPARSITIES = [0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];

/** Samples of each point of a curve, at least. */
const ROUNDS = 5;

/** How a layer with a kernel runs, and why. */
export interface LayerExplanation {
  readonly name: string;
  readonly op: Node['op'];
  /** In which its kernel is held; null where all numbers are. */
  readonly pattern: SparsePatternName | null;
  /** Share of the numbers of its kernel that are held, zeros inside of blocks included. */
  readonly held: number;
  /** Milliseconds of the layer by itself on the batch, of the whole matrix and of its panels; null where not measured. */
  readonly dense: number | null;
  readonly sparse: number | null;
  /** What a program made now would multiply. */
  readonly taken: 'dense' | 'sparse';
  readonly why: string;
}

/** What zeros are worth in layers of one shape, measured here. */
export interface BreakEvenCurve {
  readonly layers: readonly string[];
  readonly op: Node['op'];
  /** Of the kernel. */
  readonly shape: readonly number[];
  /** Shares of the blocks, chosen at random, that are 0. */
  readonly sparsities: readonly number[];
  /** Milliseconds of the whole matrix: the shortest of all that were measured beside panels. */
  readonly dense: number;
  /** Milliseconds, which never rise with the zeros, at each of `sparsities`, and the share of blocks from which a pattern is faster; null if it never is. */
  readonly patterns: Readonly<
    Partial<Record<SparsePatternName, { readonly times: number[]; readonly breakEven: number | null }>>
  >;
}

export interface ExplainOptions {
  /** Samples of a call. Default 64. */
  readonly batchSize?: number;
  /** Default the kernels in use. */
  readonly table?: Partial<Kernels>;
}

/**
 * How a network runs; as a string it is a table of its layers, and one of each curve.
 *
 * @example
 * const network = toNetwork(new Sequential([new Dense(16, { inputShape: [32] })]));
 * const [curve] = explain(network).curves;
 * curve?.shape; // [ 32, 16 ]
 * const from = curve?.patterns.panels?.breakEven; // the share of zeros from which panels are faster here, or null
 */
export class Explanation {
  readonly batchSize: number;
  readonly layers: readonly LayerExplanation[];
  readonly curves: readonly BreakEvenCurve[];

  constructor(batchSize: number, layers: readonly LayerExplanation[], curves: readonly BreakEvenCurve[]) {
    this.batchSize = batchSize;
    this.layers = layers;
    this.curves = curves;
  }

  toString(): string {
    const batch = this.batchSize === 1 ? '1 sample' : `${this.batchSize} samples`;
    const head = ['layer', 'operation', 'pattern', 'held', 'dense', 'sparse', 'taken'];
    const rows = aligned([head, ...this.layers.map(layerRow)]);
    const title = `milliseconds of each layer by itself for ${batch}, all numbers of its kernel and those held`;
    const tables = [[title, ...rows], ...this.curves.map((curve) => curveLines(curve, batch))];
    return tables.map((lines) => lines.join('\n')).join('\n\n');
  }
}

const layerRow = ({ name, op, pattern, held, dense, sparse, taken, why }: LayerExplanation): string[] => {
  return [name, op, pattern ?? 'all', percent(held), shown(dense), shown(sparse), `${taken}: ${why}`];
};

function curveLines({ layers, op, shape, sparsities, dense, patterns }: BreakEvenCurve, batch: string): string[] {
  const title = `${layers.join(', ')}: ${op} ${listed(shape)}, milliseconds for ${batch} by share of blocks at 0`;
  const rows = Object.entries(patterns).map(([name, { times, breakEven }]) => {
    const from = breakEven === null ? 'never' : percent(breakEven);
    return [name, ...times.map(shown), from];
  });
  return [title, ...aligned([['', ...sparsities.map(percent), 'faster from'], ['all', shown(dense)], ...rows])];
}

const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;
const shown = (milliseconds: number | null): string => milliseconds?.toPrecision(3) ?? '-';

/**
 * Measures how each dense layer and convolution of a network runs on this machine, and what zeros would be worth there: times
 * with its whole kernel and with the panels of a sparse encoding, which of them a program takes and why, and for each shape
 * the times of all patterns from no zeros to 95 %. Times are those of 64 rows or places, in proportion to the batch. It takes
 * some tenths of a second a shape. Throws what `compileNetwork`
 * throws.
 *
 * @example
 * const chain = new Sequential([new Dense(32, { inputShape: [32] })]);
 * const network = toSparse(prune(chain, { sparsity: 0.75, pattern: 'panels' }));
 * const { layers } = explain(network, { batchSize: 1 });
 * layers.map(({ name, pattern, held }) => `${name} holds ${held} in ${pattern}`); // [ 'dense holds 0.25 in panels' ]
 * const why = layers[0]?.why; // what was measured, or what is against panels
 */
export function explain(subject: Model | Graph<Stored>, options: ExplainOptions = {}): Explanation {
  checkOptions('explain', options, 'batchSize table');
  return explained(rounded(heldNetworkOf('explain', subject)), options);
}

/** `explain` by a clock. */
export function explained(network: Graph<Stored>, options: ExplainOptions, now?: Clock): Explanation {
  const { batchSize = 64, table = run.kernels } = options;
  checkCount('explain', 'batchSize', batchSize);
  const choices = new Map<string, Chosen>();
  const choose = measured(
    (candidate, choice) => void choices.set(candidate.node.name, { ...candidate, ...choice }),
    now,
  );
  programBy(networkMaker('explain', chosen(choose)), network, batchSize, table).dispose();
  const graph = programForm(network);
  const values = valuesOf(graph);
  const layers = graph.nodes.filter((node) => factsOf(node).weights?.kernel?.isPruned);
  const shapes = new Map<string, Node[]>();
  for (const node of layers) {
    const input = values.get(node.inputs[0]!)!;
    const key = JSON.stringify([
      node.op,
      { ...node.attrs, activation: null },
      kernelOf(graph, node).shape,
      input.shape,
      input.format !== null,
    ]);
    shapes.set(key, [...(shapes.get(key) ?? []), node]);
  }
  const kernels = table as Kernels;
  const curves = [...shapes.values()].flatMap((alike) => {
    const curve = curveOf(graph, values, alike, { batchSize, kernels }, now);
    return curve === null ? [] : [curve];
  });
  const explanations = layers.map((node): LayerExplanation => {
    const weight = kernelOf(graph, node);
    const { encoding, shape } = weight;
    const choice = choices.get(node.name);
    const curve = curves.find(({ layers: names }) => names.includes(node.name));
    return {
      name: node.name,
      op: node.op,
      pattern: isSparse(encoding) ? nameOf(encoding.width) : null,
      held: isSparse(encoding) ? blocksHeld(encoding, shape) : 1,
      dense: choice?.times?.dense ?? (isSparse(encoding) ? null : (curve?.dense ?? null)),
      sparse: choice?.times?.sparse ?? null,
      taken: choice?.isSparse ? 'sparse' : 'dense',
      why: isSparse(encoding) ? whyChosen(choice) : whyWhole(weight, curve),
    };
  });
  return new Explanation(batchSize, explanations, curves);
}

const kernelOf = (graph: Graph<Stored>, node: Node): Stored => weightsOf(graph, node).kernel!;

const blocksHeld = (pattern: SparsePattern, shape: Shape): number => percentHeld(pattern, shape) / 100 || 0;

type Chosen = Candidate & Choice;

function whyChosen(chosen: Chosen | undefined): string {
  if (chosen === undefined) return 'no kernel multiplies panels in a convolution that is transposed or has groups';
  const { kernel, kernels, encoding, times } = chosen;
  const pattern = nameOf(encoding.width);
  if (kernels[kernel] === undefined) return `the table has no ${kernel}`;
  if (times === null)
    return `nothing could be measured here, and ${pattern} count as faster up to ${breakEven(chosen)} % of the blocks`;
  const ratio = times.dense / times.sparse;
  return `${ratio > 1 ? pattern : 'all numbers'} measured ${Math.max(ratio, 1 / ratio).toFixed(2)} times as fast`;
}

/** Of a kernel with all its numbers: whether zeros could be skipped. */
function whyWhole(weight: Stored, curve: BreakEvenCurve | undefined): string {
  const values = decodeWeight(weight)!;
  let zeros = 0;
  for (const w of values) if (w === 0) zeros++;
  if (zeros === 0) return 'no weight is 0';
  const many = `${percent(zeros / values.length)} of the weights are 0`;
  if (!hasSparse(weight)) return `${many}, and ${weight.encoding.type} has no sparse form`;
  if (curve === undefined) return `${many}, and no kernel here skips them`;
  const found = Object.entries(curve.patterns).map(([name, { breakEven }]) => {
    const width = WIDTHS[name as SparsePatternName];
    const held = blocksHeld(patternOf(values, weight.shape.at(-1)!, width), weight.shape);
    return { name, held, most: breakEven === null ? 0 : 1 - breakEven };
  });
  const [best] = found.filter(({ held, most }) => held < most).sort((p, q) => p.held / p.most - q.held / q.most);
  if (best)
    return `${many}: toSparse(network, { pattern: '${best.name}' }) would hold ${percent(best.held)} of the blocks`;
  const most = found.map((each) => `${percent(each.most)} of ${each.name}`).join(' or ');
  const held = found.map((each) => percent(each.held)).join(', ');
  return `${many}, yet in no pattern that a kernel could skip: numbers may be in ${most}, and are in ${held}`;
}

/** What panels are worth in nodes of one shape; null where none are multiplied, or nothing could be measured. */
function curveOf(
  graph: Graph<Stored>,
  values: ReadonlyMap<string, Value>,
  nodes: readonly Node[],
  on: Pick<Candidate, 'batchSize' | 'kernels'>,
  now?: Clock,
): BreakEvenCurve | null {
  const node = nodes[0]!;
  const weight = kernelOf(graph, node);
  const isReal = values.get(node.inputs[0]!)!.format === null;
  const kernel = kernelFor(node, isReal ? '' : 'Int8');
  if (kernel === null || on.kernels[kernel] === undefined) return null;
  const inputs = node.inputs.map((name) => ({ name, shape: values.get(name)!.shape, dtype: 'float32' }) as const);
  const timed = (encoding: Encoding): Times | null => {
    const own = { ...weightsOf(graph, node), kernel: { ...weight, encoding, mask: null } };
    const weights = new Map(Object.entries(own).map(([role, each]) => [node.weights[role]!, each]));
    const alone = { inputs, nodes: [node], outputs: [node.name], weights };
    const maker = networkMaker('explain', () => null);
    return timesOf({ ...maker, ...on, network: alone, values, node }, now, ROUNDS);
  };
  const widths = isReal ? Object.values(WIDTHS) : ([16] as const);
  const points: Point[][] = [];
  for (const width of widths) {
    const own: Point[] = [];
    for (const sparsity of SPARSITIES) {
      const encoding = randomPanels(weight, width, sparsity, isReal);
      const times = timed(encoding);
      if (times === null) return null;
      own.push({ encoding, times });
    }
    points.push(own);
  }
  const measuredTimes = points.map((own) => falling(own, timed));
  const dense = Math.min(...points.flat().map(({ times }) => times.dense));
  const patterns = widths.map((width, i) => {
    const times = measuredTimes[i]!;
    return [nameOf(width), { times, breakEven: breakEvenOf(dense, times) }] as const;
  });
  return {
    layers: nodes.map(({ name }) => name),
    op: node.op,
    shape: weight.shape,
    sparsities: SPARSITIES,
    dense,
    patterns: Object.fromEntries(patterns),
  };
}

interface Point {
  readonly encoding: Encoding;
  readonly times: Times;
}

/**
 * Milliseconds of the panels at some shares of zeros. Those of fewer blocks do not take longer: a point that measured so was
 * hit by something else, is measured once more, and counts at most as much as the one before.
 */
function falling(points: readonly Point[], timed: (encoding: Encoding) => Times | null): number[] {
  const times: number[] = [];
  for (const { encoding, times: first } of points) {
    const before = times.at(-1) ?? Infinity;
    const again = first.sparse > before ? timed(encoding) : null;
    times.push(Math.min(before, first.sparse, again?.sparse ?? Infinity));
  }
  return times;
}

/** A kernel like another of ones, with a share of its blocks at 0 that are drawn at random. */
function randomPanels({ shape, encoding }: Stored, width: SparseWidth, sparsity: number, isReal: boolean): Encoding {
  const units = shape.at(-1)!;
  const terms = elementsOf(shape.slice(0, -1));
  const across = Math.ceil(units / width);
  const order = new Random(1, `explain/${width}`).permutation(terms * across).data;
  const ones = new Int8Array(terms * units);
  for (const block of order.subarray(Math.round(sparsity * order.length))) {
    const start = Math.floor(block / across) * units;
    const column = (block % across) * width;
    ones.fill(1, start + column, start + Math.min(units, column + width));
  }
  const pattern = patternOf(ones, units, width);
  const values = gathered(ones, units, pattern);
  return isReal
    ? { type: 'sparse', ...pattern, values: Float32Array.from(values) }
    : { type: 'sparseInt8', ...pattern, values, scales: integersOf(encoding, shape)!.scales };
}

/** The share of zeros from which panels are faster at every share measured; null if at none. */
function breakEvenOf(dense: number, times: readonly number[]): number | null {
  const ratios = times.map((sparse) => sparse / dense);
  const slower = ratios.map((ratio) => ratio >= 1).lastIndexOf(true);
  if (slower < 0) return 0;
  if (slower === ratios.length - 1) return null;
  const above = ratios[slower]!;
  const from = SPARSITIES[slower]!;
  return from + ((SPARSITIES[slower + 1]! - from) * (above - 1)) / (above - ratios[slower + 1]!);
}
