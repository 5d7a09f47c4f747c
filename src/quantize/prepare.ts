import { checkFlag, checkRange, DTypeError, StateError, ValueError } from '../base/errors.ts';
import { checkOptions, didYouMean } from '../base/options.ts';
import { remade } from '../compress/clone.ts';
import { withBatchNormFolded } from '../compress/fold.ts';
import { epilogueOf } from '../graph/activation.ts';
import { decodeWeight } from '../graph/decode.ts';
import { float32Stored, type Stored } from '../graph/encoding.ts';
import { factsOf, hasKernel, isIdle, isPrepared, multipliesIntegers } from '../graph/facts.ts';
import { activationIn, type Graph, type Node } from '../graph/graph.ts';
import { Names, namesOf, nodeOf, readersOf, withFusedActivations, without } from '../graph/rewrite.ts';
import { checkModel } from '../nn/check-model.ts';
import { columnsOf, firstSteps } from '../nn/fake.ts';
import type { Model } from '../nn/model.ts';
import { toNetworkFor } from '../nn/network.ts';
import { chooseQParams } from '../nn/params.ts';
import { type Data, tensorsOf } from '../nn/samples.ts';
import { BATCH, measured } from './calibrate.ts';
import { Carried, isCut, keepsFormat } from './carried.ts';
import { checkByNames } from './layers.ts';
import { inFloat32 } from './plain.ts';
import { checkRangeOf, Observer, type Range, type RangeChoice, rangeMethod } from './ranges.ts';
import { sharing } from './sharing.ts';

export interface PrepareOptions {
  /**
   * Typical inputs [samples, ...inputShape], float32 if a tensor: where the ranges of values begin. A list for a model with
   * several inputs. Without them ranges begin with those of the first batch. Needed for `learnedStep`.
   */
  readonly calibration?: Data;
  /** How ranges come from these samples, as in `quantize`. Default `auto`. */
  readonly ranges?: RangeChoice;
  /** Of the whole numbers that kernels are read as: from 2 to 8. Default 8. Values have 8 in any case. */
  readonly bits?: number;
  /** Bits of single layers, by the names of their nodes: often the first and the last have more. */
  readonly layers?: Readonly<Record<string, number>>;
  /** From 0 to 1: what a range before a step counts in the one after it. Default 0.99. */
  readonly momentum?: number;
  /**
   * Train scales like weights (LSQ, Esser et al. 2019): of kernels, a scale for each unit, and of values. It is meant for few
   * bits. Default false: scales are those of the largest weights, and of running ranges.
   */
  readonly learnedStep?: boolean;
}

type Choices = Required<Omit<PrepareOptions, 'calibration' | 'ranges'>>;

/**
 * The model as it is trained for integers (Jacob et al. 2018, section 3; Krishnamoorthi 2018): values that `quantize` would
 * hold in int8 pass a `FakeQuantize`, those that share a format one together, and kernels that it would hold in integers are
 * read as whole numbers. Everything else is as before, weights, masks, ties of shared weights and options included: `fit` it,
 * save it, copy it, and
 * make the integer network of it with `convert`, whose numbers are those of the prepared model, to the bit where no BatchNorm
 * lies between. A BatchNorm stays in training and is folded by `convert`. Features of inputs are not scaled: bring them to one
 * size first. What follows a concatenation as an activation by itself, transforms of single numbers but relu and relu6,
 * normalizations and embeddings stay real. Throws ValueError and StateError for options and models that cannot be: one of
 * float64, one with layers that are code, which it names, one that is prepared already, one with no product of integers.
 *
 * @example
 * const prepared = prepareQAT(model, { bits: 4, layers: { dense_1: 8 }, calibration: x });
 * prepared.fit(x, y, { epochs: 2 });
 * const network = convert(prepared);
 * prepared.layers.map(({ name }) => name); // [ 'input/fakeQuantize', 'dense', 'dense/fakeQuantize', 'dropout', 'dense_1' ]
 */
export function prepareQAT(model: Model, options: PrepareOptions = {}): Model {
  const op = 'prepareQAT';
  checkOptions(op, options, 'calibration ranges bits layers momentum learnedStep');
  const { calibration, ranges = 'auto', bits = 8, layers = {}, momentum = 0.99, learnedStep = false } = options;
  const method = rangeMethod(op, ranges);
  checkBits(op, 'bits', bits);
  checkRange(op, 'momentum', momentum, 'between 0 and 1');
  checkFlag(op, 'learnedStep', learnedStep);
  if (learnedStep && calibration === undefined)
    throw new ValueError(op, 'calibration', 'given with learnedStep, whose scales begin with its ranges', calibration);
  checkModel(op, 'the model', model);
  if (model.dtype !== 'float32') throw new DTypeError(op, [model.dtype], 'needs a float32 model');
  const given = toNetworkFor(op, model);
  const done = given.nodes.find(isPrepared);
  if (done !== undefined) throw new StateError(op, `node "${done.name}" (${done.op}) is prepared already`);
  const choices: Choices = { bits, layers, momentum, learnedStep };
  const { points, products } = placesIn(inFloat32(op, given));
  if (products.size === 0)
    throw new StateError(op, 'no layer of the model has a product that integers could be: there is nothing to prepare');
  checkLayers(op, layers, products);
  checkShared(op, given, products, (name) => layers[name] ?? bits);
  const groups = [...new Set(points.map(({ group }) => group))];
  const found = new Map(groups.map((group) => [group, new Observer(method)]));
  if (calibration !== undefined) {
    const shapes = given.inputs.map(({ shape }) => shape);
    const dtypes = given.inputs.map(({ dtype }) => dtype);
    const samples = tensorsOf(op, 'calibration', calibration, shapes.length, { shapes, dtypes });
    const groupOf = new Map(points.map(({ value, group }) => [value, group]));
    measured(
      given,
      [...groupOf.keys()],
      samples,
      Math.min(method.batchSize, BATCH),
      (name, values) => {
        const wrong = values.find((value) => !Number.isFinite(value));
        if (wrong !== undefined) throw new ValueError(op, `the value "${name}"`, 'finite', wrong);
        found.get(groupOf.get(name)!)!.see(values);
      },
      op,
    );
  }
  const rangeOf = (group: string): Range => found.get(group)!.range();
  return remade(model, prepared(given, points, products, rangeOf, choices));
}

function checkBits(op: string, field: string, bits: number): void {
  if (!(Number.isInteger(bits) && bits >= 2 && bits <= 8))
    throw new ValueError(op, field, 'an integer from 2 to 8', bits);
}

function checkLayers(op: string, layers: Choices['layers'], products: ReadonlySet<string>): void {
  checkByNames(op, layers, 'bits');
  for (const [name, bits] of Object.entries(layers)) {
    if (!products.has(name)) {
      const names = [...products];
      throw new ValueError(op, 'layers', `of nodes with a kernel: ${names.join(', ')}`, name, didYouMean(name, names));
    }
    checkBits(op, `layers["${name}"]`, bits);
  }
}

/** Throws unless nodes that share a kernel have as many bits. */
function checkShared(
  op: string,
  { nodes }: Graph<unknown>,
  products: ReadonlySet<string>,
  bitsOf: (name: string) => number,
): void {
  const first = new Map<string, string>(); // by kernel
  for (const { name, weights } of nodes) {
    if (!products.has(name)) continue;
    const other = first.get(weights.kernel!) ?? name;
    first.set(weights.kernel!, other);
    if (bitsOf(other) === bitsOf(name)) continue;
    const both = `layers: { "${other}": ${bitsOf(other)}, "${name}": ${bitsOf(other)} }`;
    throw new StateError(
      op,
      `nodes "${other}" and "${name}" share ${weights.kernel}: give both as many bits, as in ${both}`,
    );
  }
}

/** Where a value becomes int8. */
interface Point {
  /** The value. */
  readonly value: string;
  /** Values of one group have one range. */
  readonly group: string;
  /** The nodes that read its int8 form. */
  readonly readers: ReadonlySet<string>;
}

/** What stays real, though `quantize` may have an int8 form of it. */
function staysReal(node: Node, makers: ReadonlyMap<string, Node>): boolean {
  if (hasKernel(node)) return false;
  if (Object.keys(node.weights).length > 0) return true;
  const activation = activationIn(node);
  if (activation === null) return false;
  // Parts of a whole are rounded before it is cut off, and have no part in that
  const maker = makers.get(node.inputs[0]!);
  return epilogueOf(activation) === 'linear' || (maker !== undefined && factsOf(maker).isJoin === true);
}

/** Where values become int8 in the network that `quantize` would make, by the names that they have in this one. */
function placesIn(given: Graph<Stored>): { readonly points: readonly Point[]; readonly products: ReadonlySet<string> } {
  const plain = withFusedActivations(without(withBatchNormFolded(given), (node) => isIdle(node, false)));
  const makers = new Map(plain.nodes.map((node) => [node.name, node]));
  const real = plain.nodes.filter((node) => staysReal(node, makers)).map(({ name }) => name);
  const carried = new Carried(plain, new Set(real));
  const { wanted, groups } = sharing(plain, carried);
  const groupOf = new Map(groups.flatMap((members) => members.map((name) => [name, members[0]!] as const)));
  const readers = readersOf(plain);
  const ends = endsIn(given, makers);
  const points: Point[] = [];
  for (const name of wanted.keys()) {
    const own = readers.get(name)!;
    const maker = makers.get(name);
    const isGiven = maker !== undefined && carried.gives(maker);
    if (isGiven && keepsFormat(maker) && !isCut(maker)) continue; // moves the integers that it reads
    if (own.some((node) => carried.reads(node) && isCut(node))) continue; // rounded once, behind the cut
    const group = groupOf.get(name)!;
    if (own.every((node) => carried.reads(node))) points.push({ value: ends.endOf(name), group, readers: ends.all });
    else {
      const reading = new Set(own.flatMap((node) => (carried.reads(node) ? [node.name] : [])));
      for (const value of ends.valuesOf(name)) points.push({ value, group, readers: reading });
    }
  }
  const products = plain.nodes.filter((node) => multipliesIntegers(node) && carried.reads(node));
  return { points, products: new Set(products.map(({ name }) => name)) };
}

/** For each value of the plain network those of the given one that became part of it. */
function endsIn(given: Graph<Stored>, left: ReadonlyMap<string, Node>) {
  const readers = readersOf(given);
  const now = new Map<string, string>();
  for (const { name } of given.inputs) now.set(name, name);
  for (const { name, inputs } of given.nodes) now.set(name, left.has(name) ? name : now.get(inputs[0]!)!);
  /** Dropout: it does something, but in training alone. */
  const isDropped = (node: Node): boolean => isIdle(node, false) && !isIdle(node, true);
  return {
    /** Stands for every reader. */
    all: new Set(given.nodes.map(({ name }) => name)),
    valuesOf: (name: string): readonly string[] => [...now].flatMap(([value, of]) => (of === name ? [value] : [])),
    /** The last value that it became part of, before what drops of it in training. */
    endOf(name: string): string {
      let end = name;
      for (let at = name; ; ) {
        const [next, ...others] = readers.get(at) ?? [];
        if (next === undefined || others.length > 0 || now.get(next.name) !== name) return end;
        at = next.name;
        if (!isDropped(next)) end = at;
      }
    },
  };
}

const scalar = (value: number): Stored => float32Stored([], Float32Array.of(value));

/** The network with its points, and its products reading kernels as whole numbers. */
function prepared(
  given: Graph<Stored>,
  points: readonly Point[],
  products: ReadonlySet<string>,
  rangeOf: (group: string) => Range,
  { bits, layers, momentum, learnedStep }: Choices,
): Graph<Stored> {
  const names = new Names([...namesOf(given), ...given.weights.keys()]);
  const weights = new Map(given.weights);
  const behind = new Map<string, { readonly node: Node; readonly readers: ReadonlySet<string> }>(); // by value
  const first = new Map<string, Node>(); // by group
  for (const { value, group, readers } of points) {
    const name = names.take(`${value}/fakeQuantize`);
    const like = first.get(group);
    if (like !== undefined) {
      behind.set(value, { node: { ...like, name, inputs: [value] }, readers });
      continue;
    }
    const { low, high } = rangeOf(group);
    checkRangeOf('prepareQAT', value, { low, high });
    const { scale, zeroPoint } = chooseQParams(low, high);
    const numbers: Record<string, number> = learnedStep ? { scale } : { low, high };
    const keys = Object.fromEntries(Object.keys(numbers).map((role) => [role, `${name}/${role}`]));
    for (const [role, key] of Object.entries(keys)) weights.set(key, scalar(numbers[role]!));
    const attrs = learnedStep ? { momentum, zeroPoint } : { momentum };
    const node = nodeOf('fakeQuantize', name, [value], attrs, { weights: keys });
    first.set(group, node);
    behind.set(value, { node, readers });
  }
  const withBits = (node: Node): Node => {
    if (!products.has(node.name)) return node;
    const own = Object.hasOwn(layers, node.name) ? layers[node.name]! : bits;
    const read = { ...node, attrs: { ...node.attrs, kernelBits: own } } as Node;
    if (!learnedStep) return read;
    const key = node.weights.kernel!;
    const steps = `${key.replace(/\/kernel$/, '')}/steps`;
    const kernel = given.weights.get(key)!;
    const columns = columnsOf(node, kernel.shape);
    const values = firstSteps(decodeWeight(kernel) as Float32Array, columns, own);
    weights.set(steps, float32Stored([columns], values));
    return { ...read, weights: { ...read.weights, steps } } as Node;
  };
  const nodes: Node[] = [];
  const put = (value: string): void => {
    const point = behind.get(value);
    if (point !== undefined) nodes.push(point.node);
  };
  for (const { name } of given.inputs) put(name);
  for (const node of given.nodes) {
    const inputs = node.inputs.map((name) => {
      const point = behind.get(name);
      return point?.readers.has(node.name) ? point.node.name : name;
    });
    nodes.push(withBits({ ...node, inputs }));
    put(node.name);
  }
  return { ...given, nodes, weights };
}
