import type { Epilogue } from '../../kernels/interface/products.ts';
import { div, mul } from '../autograd/arithmetic.ts';
import { abs } from '../autograd/elementwise.ts';
import { reshape } from '../autograd/movement.ts';
import { max, min } from '../autograd/reductions.ts';
import { noGrad } from '../autograd/tape.ts';
import { StateError } from '../base/errors.ts';
import { type ActivationSpec, LINEAR } from '../graph/activation.ts';
import { boundsOf } from '../graph/fact.ts';
import { kernelBitsOf } from '../graph/facts.ts';
import type { Attributes, Graph, Node, QuantizationParams } from '../graph/graph.ts';
import type { Storage } from '../memory/arena.ts';
import { eachTime } from '../memory/recorder.ts';
import { zeros } from '../tensor/create.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { activate } from './activations.ts';
import {
  type BiasOf,
  columnScale,
  columnsOf,
  fakeFormat,
  mostOf,
  ofUnseen,
  steppedScale,
  unseenRange,
  usedStep,
} from './fake.ts';
import type { Parameter } from './parameter.ts';
import { checkFloat32, hosted, numberAt, ratio, roundWithin, trainedStep, wholeBias } from './whole.ts';

/**
 * How a model computes that is trained for integers: on whole numbers, held as float32, whose sums are exact below 2²⁴, and
 * with the factors that an integer network multiplies them with. So both give the same numbers, to the bit.
 */

/** A value as whole numbers, above their zero point, times a scale []. */
interface Codes {
  readonly codes: Tensor;
  readonly scale: Tensor;
}

/** Exact sums, which are to be multiplied by scales: `kernel` [columns], or null for a mean of whole numbers. */
interface Sums {
  readonly sums: Tensor;
  readonly input: Tensor;
  readonly kernel: Tensor | null;
  /** What follows them: a relu or relu6 is a bound of integers. */
  readonly activation: ActivationSpec;
}

/** What is known of real values besides their numbers. */
const CODES = new WeakMap<Tensor, Codes>();
const SUMS = new WeakMap<Tensor, Sums>();

const asReal = (codes: Tensor, scale: Tensor): Tensor => {
  const y = mul(codes, scale);
  CODES.set(y, { codes, scale });
  return y;
};

/** What only moves numbers, or takes the largest, does so with whole ones. */
export function moved(x: Tensor, move: (x: Tensor) => Tensor): Tensor {
  const own = CODES.get(x);
  return own === undefined ? move(x) : asReal(move(own.codes), own.scale);
}

/** Means of whole numbers, which become integers of another format. */
export function averaged(x: Tensor, mean: (x: Tensor) => Tensor): Tensor {
  const own = CODES.get(x);
  if (own === undefined) return mean(x);
  const sums = mean(own.codes);
  const y = mul(sums, own.scale);
  SUMS.set(y, { sums, input: own.scale, kernel: null, activation: LINEAR });
  return y;
}

/** Sums whose activation is a node of its own keep it in mind. */
export function carried(x: Tensor, activation: ActivationSpec, y: Tensor): Tensor {
  const sums = SUMS.get(x);
  if (sums !== undefined && sums.activation.name === 'linear') SUMS.set(y, { ...sums, activation });
  return y;
}

/** What a product has besides its input. */
export interface Product {
  readonly node: Node;
  readonly weights: Readonly<Record<string, Tensor>>;
}

type Multiply = (x: Tensor, kernel: Tensor, bias: Tensor | null, epilogue: Epilogue) => Tensor;

/** A product whose kernel is read as whole numbers, if it is to be; as whole numbers itself, where it reads some. */
export function multiplied(x: Tensor, { node, weights }: Product, epilogue: Epilogue, multiply: Multiply): Tensor {
  const { kernel, bias = null } = weights;
  if (kernelBitsOf(node) === undefined) return multiply(x, kernel!, bias, epilogue);
  const input = CODES.get(x);
  if (input === undefined) {
    const { codes, scale } = wholeKernel(node, weights, null);
    return multiply(x, mul(codes, scale), bias, epilogue);
  }
  const { codes, scale } = wholeKernel(node, weights, input.scale);
  const sums = multiply(input.codes, codes, bias && wholeBias(bias, input.scale, scale), 'linear');
  const y = activate({ name: epilogue }, mul(sums, ratio(input.scale, scale, null)));
  SUMS.set(y, { sums, input: input.scale, kernel: scale, activation: { name: epilogue } });
  return y;
}

/** A kernel as whole numbers and a scale for each column; behind inputs of a scale, such that its bias fits. */
function wholeKernel(node: Node, { kernel, bias, steps }: Product['weights'], inputScale: Tensor | null): Codes {
  checkFloat32(node.op, kernel!);
  const bits = kernelBitsOf(node)!;
  const most = mostOf(bits);
  const columns = columnsOf(node, kernel!.shape);
  const terms = kernel!.size / Math.max(1, columns);
  const behindOf = (): BiasOf | undefined =>
    bias === undefined || inputScale === null
      ? undefined
      : { bias: bias.storage.array, inputScale: numberAt(inputScale, 0) };
  if (steps !== undefined) {
    const factor = 1 / Math.sqrt(Math.max(1, terms) * most);
    const scale = trainedStep(steps, factor, (step, j) => steppedScale(step, behindOf(), j, columns));
    return { codes: roundWithin(div(kernel!, scale), -most, most), scale };
  }
  const largest =
    terms === 0 ? zeros([columns]) : noGrad(() => max(abs(reshape(kernel!, [terms, columns])), { axis: 0 }));
  const scale = hosted([columns], (j) => columnScale(numberAt(largest, j), bits, behindOf(), j, columns));
  // The largest number may come out a rounding error beyond the bounds, and nothing else does: all gradients pass
  return { codes: roundWithin(div(kernel!, scale), -most, most, true), scale };
}

/** A `fakeQuantize` with what it computes with. */
interface Fake {
  readonly node: { readonly attrs: Attributes['fakeQuantize'] };
  readonly weights: Readonly<Record<string, Tensor>>;
  /** Whether sums that it reads become integers by one factor. */
  readonly isFused?: boolean;
  /** Which of the nodes with its range this is, and how many there are. */
  readonly turn?: Turn;
}

type Turn = readonly [index: number, count: number];

/** A value rounded to its format and real again. In training its range moves. */
export function fakeQuantized(
  x: Tensor,
  { node, weights, isFused = false, turn = [0, 1] }: Fake,
  training: boolean,
): Tensor {
  checkFloat32('fakeQuantize', x);
  const { attrs } = node;
  if (training && weights.scale === undefined) observe(x, weights as Range, attrs.momentum, turn);
  const from = isFused ? SUMS.get(x) : undefined;
  const format = (): QuantizationParams => fakeFormat(attrs, (role) => numberAt(weights[role]!, 0));
  const bound = (end: 0 | 1) => (): number => {
    const own = format();
    return boundsOf(from?.activation ?? LINEAR, own)[end] - own.zeroPoint;
  };
  const scale =
    weights.scale === undefined
      ? hosted([], () => format().scale)
      : trainedStep(weights.scale, stepFactor(x, attrs.zeroPoint!), usedStep);
  const real = from === undefined ? div(x, scale) : mul(from.sums, ratio(from.input, from.kernel, scale));
  return asReal(roundWithin(real, hosted([], bound(0)), hosted([], bound(1))), scale);
}

/** 1/√(N·most) for the N numbers of a sample (Esser et al. 2019, section 2.2). */
const stepFactor = (x: Tensor, zeroPoint: number): number =>
  1 / Math.sqrt(Math.max(1, x.size / Math.max(1, x.shape[0]!)) * Math.max(127 - zeroPoint, 128 + zeroPoint));

/** Throws StateError for a model that is prepared for integers and whose ranges have seen nothing yet. */
export function checkSeen(op: string, { nodes, weights }: Graph<Parameter>): void {
  const unseen = unseenRange(nodes, (key) => numberAt(weights.get(key)!.value, 0));
  if (unseen !== null) throw new StateError(op, ofUnseen(unseen));
}

type Range = Readonly<Record<'low' | 'high', Tensor>>;

interface Extremes {
  readonly low: number;
  readonly high: number;
  /** Whether the range was empty before. */
  readonly isFresh: boolean;
}

/** What the nodes of a range have read in this pass so far. */
const SEEN = new WeakMap<Storage, Extremes>();

/**
 * Moves a range by what all nodes that have it read in a pass, behind the last of them: until then it is what steps before have
 * made it. A range that is empty takes what its nodes read first as it is, node by node.
 */
function observe(x: Tensor, { low, high }: Range, momentum: number, [index, count]: Turn): void {
  if (x.size === 0) return;
  const [least, most] = noGrad(() => [min(x), max(x)] as const);
  eachTime(() => {
    const before = index === 0 ? undefined : SEEN.get(low.storage);
    const from = numberAt(least, 0);
    const to = numberAt(most, 0);
    const own = { low: numberAt(low, 0), high: numberAt(high, 0) };
    const isFresh = before?.isFresh ?? (own.low === 0 && own.high === 0);
    const widened = { low: Math.min(before?.low ?? 0, from), high: Math.max(before?.high ?? 0, to), isFresh };
    const now = Number.isFinite(to - from) ? widened : before; // a batch that is not finite is none
    SEEN.delete(low.storage);
    if (now === undefined) return;
    SEEN.set(low.storage, now);
    if (!isFresh && index + 1 < count) return;
    const mix = (old: number, seen: number): number => (isFresh ? seen : momentum * old + (1 - momentum) * seen);
    for (const [end, tensor] of Object.entries({ low, high }) as ['low' | 'high', Tensor][]) {
      tensor.storage.array[tensor.offset] = mix(own[end], now[end]);
      tensor.storage.version++;
    }
  });
}
