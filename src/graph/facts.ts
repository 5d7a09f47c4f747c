import { elementsOf, type Shape, sameShape } from '../base/shape.ts';
import { ACTIVATION_FACTS } from './activation.ts';
import { activation, count, flag, made, number, refusing, type Schema } from './attributes.ts';
import type { Attributes, Node, NodeOf, Op, QuantizationParams } from './graph.ts';

/** A weight of an operation, by role. */
export interface Role {
  /** A running statistic, which training writes beside the weights that the optimizer moves. */
  readonly isStatistic?: boolean;
  readonly isOptional?: boolean;
  /** Magnitude pruning zeroes the smallest of its numbers. */
  readonly isPruned?: boolean;
  /** The encoding that it has where the first input is int8; floats elsewhere. */
  readonly integers?: 'int8' | 'int32';
}

type Format = QuantizationParams | null;
export type Shapes = Readonly<Record<string, Shape>>;

/** What an operation is asked about: itself, and the shapes of samples and weights around it. */
export interface Given<K extends Op> {
  readonly node: NodeOf<K>;
  readonly attrs: Attributes[K];
  readonly inputs: readonly Shape[];
  /** By role; an optional weight may be missing. */
  readonly weights: Shapes;
  /** Throws ShapeError that names the node. */
  readonly refuse: (problem: string) => never;
}

/** Where a result lies: it is the first input (`view`), it may be written over it (`in place`), or neither (`apart`). */
export type Memory = 'view' | 'in place' | 'apart';

/** What every pass may ask of an operation. */
export interface Facts<K extends Op> {
  readonly attributes: Schema<Attributes[K]>;
  /** How many values it reads. */
  readonly inputs: readonly [least: number, most: number];
  /** By role; null for code of the user's own, which has what it likes. */
  readonly weights: Readonly<Record<string, Role>> | null;
  /** What is wrong with the formats of inputs and result; null if nothing. */
  readonly formats: (inputs: readonly Format[], own: Format, attrs: Attributes[K]) => string | null;
  /** Shape of one sample of the result. */
  readonly shape: (given: Given<K>) => Shape;
  /** Multiply-adds of one sample; none if left out. */
  readonly macs?: (output: Shape, weights: Shapes) => number;
  /** Where the result of a run may lie. */
  readonly memory: (attrs: Attributes[K]) => Memory;
  /** Whether it gives on the numbers that it reads, in training or outside. Never if left out. */
  readonly isIdle?: (attrs: Attributes[K], training: boolean) => boolean;
}

const isReal = (format: Format): boolean => format === null;
/** Whether two values hold the same numbers if they hold the same bytes. */
export const sameFormat = (a: Format, b: Format): boolean => a?.scale === b?.scale && a?.zeroPoint === b?.zeroPoint;

const real = (inputs: readonly Format[], own: Format): string | null =>
  inputs.every(isReal) && isReal(own) ? null : 'computes with real numbers: put a dequantize before it';
const same = ([first]: readonly Format[], own: Format): string | null =>
  sameFormat(first!, own) ? null : 'gives on what it reads: its format must be that of its input';
const alike = (inputs: readonly Format[], own: Format): string | null =>
  inputs.every((format) => isReal(format) === isReal(own)) ? null : 'needs all values in int8, or all real';

const atLeast0 = number('at least 0', (x) => x >= 0);
const view = (): Memory => 'view';
const over = (): Memory => 'in place';
const apart = (): Memory => 'apart';
const one = [1, 1] as const;
const several = [1, Infinity] as const;

/** One row an operation: the compiler names the rows, and the questions of a row, that are missing. */
export const FACTS: { readonly [K in Op]: Facts<K> } = {
  dense: {
    attributes: { activation },
    inputs: one,
    weights: {
      kernel: { integers: 'int8', isPruned: true },
      bias: { integers: 'int32', isOptional: true },
    },
    formats: ([x], own, attrs) => {
      if (isReal(own)) return null;
      if (isReal(x!)) return 'gives int8 only where it reads int8';
      const { name } = attrs.activation;
      return name === 'linear' || name === 'relu' ? null : `gives int8 after linear or relu, not after ${name}`;
    },
    shape: ({ inputs: [x], weights: { kernel, bias }, refuse }) => {
      const [inputs, units, ...more] = kernel!;
      if (inputs === undefined || units === undefined || more.length > 0)
        return refuse('needs a kernel [inputs, units]');
      if (x!.at(-1) !== inputs) return refuse(`expects a last axis of ${inputs}`);
      if (bias !== undefined && !sameShape(bias, [units])) return refuse(`needs a bias [${units}]`);
      return [...x!.slice(0, -1), units];
    },
    macs: (output, { kernel }) => elementsOf(output) * kernel![0]!,
    memory: apart,
  },
  activation: {
    attributes: { activation },
    inputs: one,
    weights: {},
    formats: real,
    shape: ({ inputs: [x], attrs, refuse }) => {
      const { name } = attrs.activation;
      return x!.length === 0 && !ACTIVATION_FACTS[name].isElementwise ? refuse(`(${name}) needs an axis`) : x!;
    },
    memory: ({ activation: { name } }) =>
      name === 'linear' ? 'view' : ACTIVATION_FACTS[name].isElementwise ? 'in place' : 'apart',
  },
  flatten: {
    attributes: {},
    inputs: one,
    weights: {},
    formats: same,
    shape: ({ inputs: [x] }) => [elementsOf(x!)],
    memory: view,
  },
  dropout: {
    attributes: { rate: number('from 0 to 1', (rate) => rate >= 0 && rate <= 1), training: flag(false) },
    inputs: one,
    weights: {},
    formats: same,
    shape: ({ inputs: [x] }) => x!,
    memory: view,
    isIdle: ({ rate, training }, isTraining) => rate === 0 || !(isTraining || training),
  },
  activityRegularization: {
    attributes: { l1: atLeast0, l2: atLeast0 },
    inputs: one,
    weights: {},
    formats: same,
    shape: ({ inputs: [x] }) => x!,
    memory: view,
    isIdle: () => true,
  },
  add: {
    attributes: {},
    inputs: [2, Infinity],
    weights: {},
    formats: alike,
    shape: ({ inputs, refuse }) =>
      inputs.every((shape) => sameShape(shape, inputs[0]!)) ? inputs[0]! : refuse('adds values of one shape'),
    memory: over,
  },
  concat: {
    attributes: {},
    inputs: several,
    weights: {},
    formats: alike,
    shape: ({ inputs: [first, ...others], refuse }) => {
      const outer = first!.slice(0, -1);
      if (first!.length === 0) return refuse('needs an axis');
      const fits = others.every((shape) => shape.length === first!.length && sameShape(shape.slice(0, -1), outer));
      if (!fits) return refuse('joins values that differ in the last axis alone');
      return [...outer, others.reduce((sum, shape) => sum + shape.at(-1)!, first!.at(-1)!)];
    },
    memory: apart,
  },
  split: {
    attributes: { from: count, to: count },
    inputs: one,
    weights: {},
    formats: same,
    shape: ({ inputs: [x], attrs: { from, to }, refuse }) => {
      const n = x!.at(-1);
      if (n === undefined) return refuse('needs an axis');
      return from < to && to <= n ? [...x!.slice(0, -1), to - from] : refuse(`has no part from ${from} to ${to}`);
    },
    memory: apart,
  },
  quantize: {
    attributes: {},
    inputs: one,
    weights: {},
    formats: (_, own) => (isReal(own) ? 'needs a format' : null),
    shape: ({ inputs: [x] }) => x!,
    memory: apart,
  },
  dequantize: {
    attributes: {},
    inputs: one,
    weights: {},
    formats: ([x], own) => (isReal(x!) || !isReal(own) ? 'reads int8 and gives real numbers' : null),
    shape: ({ inputs: [x] }) => x!,
    memory: apart,
  },
  custom: {
    attributes: { type: made(), outputShape: made() },
    inputs: several,
    weights: null,
    formats: real,
    shape: ({ attrs }) => attrs.outputShape,
    memory: apart,
  },
};

/** The row of a node. Throws, and names it, for an operation that has none. */
export function factsOf<K extends Op>({ name, op }: NodeOf<K>): Facts<K> {
  if (Object.hasOwn(FACTS, op)) return FACTS[op];
  return refusing(`node "${name}"`)('op', 'known', op);
}

/** Whether a node gives on the numbers that it reads, in training or outside. */
export const isIdle = <K extends Op>(node: NodeOf<K>, training: boolean): boolean =>
  factsOf(node).isIdle?.(node.attrs, training) === true;

/** Whether a node multiplies integers, where it reads int8. */
export const multipliesIntegers = (node: Node): boolean =>
  Object.values(factsOf(node).weights ?? {}).some(({ integers }) => integers !== undefined);
