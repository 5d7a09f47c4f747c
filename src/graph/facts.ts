import { elementsOf, type Shape, sameShape } from '../base/shape.ts';
import { ACTIVATION_FACTS } from './activation.ts';
import {
  activation,
  count,
  deviation,
  flag,
  fraction,
  kernelBits,
  made,
  mark,
  noise,
  number,
  refusing,
  rule,
  sizes,
  zeroPoint,
} from './attributes.ts';
import {
  added,
  alike,
  apart,
  checkSteps,
  type Facts,
  type Given,
  isReal,
  leavesAll,
  one,
  over,
  product,
  real,
  STEPS,
  same,
  several,
  view,
} from './fact.ts';
import type { Node, NodeOf, Op } from './graph.ts';
import { checkBias, IMAGE_FACTS, weightless } from './image-facts.ts';

const atLeast0 = number('at least 0', (x) => x >= 0);
const scales = { gamma: { isOptional: true }, beta: { isOptional: true } };

/** The shape of samples with a number of each weight for each channel. */
function ofChannels({ inputs: [x], weights, refuse }: Given<Op>): Shape {
  const channels = x!.at(-1);
  if (channels === undefined) return refuse('needs an axis');
  for (const [role, shape] of Object.entries(weights))
    if (!sameShape(shape, [channels])) refuse(`needs a ${role} [${channels}]`);
  return x!;
}

/** One row an operation: the compiler names the rows, and the questions of a row, that are missing. */
export const FACTS: { readonly [K in Op]: Facts<K> } = {
  ...IMAGE_FACTS,
  dense: {
    attributes: { activation, rule, dynamic: mark, kernelBits },
    inputs: one,
    weights: {
      kernel: { integers: 'int8', isPruned: true },
      bias: { integers: 'int32', isOptional: true },
      ...STEPS,
    },
    panels: (attrs) => (attrs.kernelBits === undefined ? 'gemm' : null),
    formats: product,
    shape: ({ inputs: [x], attrs, weights, refuse }) => {
      const { kernel, bias } = weights;
      const [inputs, units, ...more] = kernel!;
      if (inputs === undefined || units === undefined || more.length > 0)
        return refuse('needs a kernel [inputs, units]');
      if (x!.at(-1) !== inputs) return refuse(`expects a last axis of ${inputs}`);
      checkBias(bias, units, refuse);
      checkSteps(weights, units, attrs, refuse);
      return [...x!.slice(0, -1), units];
    },
    macs: (output, { kernel }) => elementsOf(output) * kernel![0]!,
    memory: apart,
  },
  activation: {
    attributes: { activation },
    ...weightless,
    formats: alike,
    shape: ({ inputs: [x], attrs, refuse }) => {
      const { name } = attrs.activation;
      return x!.length === 0 && !ACTIVATION_FACTS[name].isElementwise ? refuse(`(${name}) needs an axis`) : x!;
    },
    memory: ({ activation }, format, read) =>
      leavesAll(activation, read, format)
        ? 'view'
        : ACTIVATION_FACTS[activation.name].isElementwise
          ? 'in place'
          : 'apart',
  },
  flatten: {
    attributes: {},
    ...weightless,
    formats: same,
    shape: ({ inputs: [x] }) => [elementsOf(x!)],
    memory: view,
  },
  dropout: {
    attributes: {
      rate: fraction,
      training: flag(false),
      spatial: mark,
      noiseShape: sizes,
      noise,
      deviation,
    },
    ...weightless,
    formats: same,
    shape: ({ inputs: [x], attrs: { rate, spatial, noiseShape, noise: kind, deviation: own }, refuse }) => {
      if (kind !== undefined && kind !== 'added' && rate === 1) return refuse('has a rate that is not below 1');
      if ((kind === 'added') !== (own !== undefined))
        return refuse('has noise to add without a deviation, or the reverse');
      if (spatial === true && x!.length !== 3)
        return refuse('drops whole channels of samples [height, width, channels]');
      if (noiseShape === undefined) return x!;
      if (spatial === true || kind !== undefined) return refuse('has a noiseShape, which a plain dropout has alone');
      const fits = noiseShape.length === x!.length && noiseShape.every((n, axis) => n === 1 || n === x![axis]);
      return fits ? x! : refuse(`has the noiseShape [${noiseShape.join(', ')}] for samples [${x!.join(', ')}]`);
    },
    memory: view,
    isIdle: ({ rate, training }, isTraining) => rate === 0 || !(isTraining || training),
  },
  activityRegularization: {
    attributes: { l1: atLeast0, l2: atLeast0 },
    ...weightless,
    formats: same,
    shape: ({ inputs: [x] }) => x!,
    memory: view,
    isIdle: () => true,
  },
  add: {
    attributes: { rule },
    inputs: [2, Infinity],
    weights: {},
    formats: added,
    shape: ({ inputs, refuse }) =>
      inputs.every((shape) => sameShape(shape, inputs[0]!)) ? inputs[0]! : refuse('adds values of one shape'),
    memory: over,
  },
  concat: {
    attributes: {},
    inputs: several,
    isJoin: true,
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
    ...weightless,
    formats: same,
    shape: ({ inputs: [x], attrs: { from, to }, refuse }) => {
      const n = x!.at(-1);
      if (n === undefined) return refuse('needs an axis');
      return from < to && to <= n ? [...x!.slice(0, -1), to - from] : refuse(`has no part from ${from} to ${to}`);
    },
  },
  batchNorm: {
    attributes: {
      epsilon: atLeast0,
      momentum: fraction,
      isUnbiased: flag(false),
    },
    inputs: one,
    weights: { ...scales, mean: { isStatistic: true }, variance: { isStatistic: true } },
    formats: alike,
    shape: ofChannels,
    memory: over,
  },
  layerNorm: {
    attributes: { epsilon: atLeast0 },
    inputs: one,
    weights: scales,
    formats: alike,
    shape: ofChannels,
    memory: over,
  },
  embedding: {
    attributes: {},
    inputs: one,
    table: 'embeddings',
    weights: { embeddings: {} },
    formats: (inputs) => (inputs.every(isReal) ? null : 'looks up the numbers of an input'),
    shape: ({ inputs: [x], weights: { embeddings }, refuse }) =>
      embeddings!.length === 2 ? [...x!, embeddings![1]!] : refuse('needs embeddings [entries, units]'),
    memory: apart,
  },
  fakeQuantize: {
    attributes: { momentum: fraction, zeroPoint },
    inputs: one,
    weights: {
      low: { isStatistic: true, isOptional: true },
      high: { isStatistic: true, isOptional: true },
      scale: { isOptional: true },
    },
    isFake: true,
    formats: real,
    shape: ({ inputs: [x], attrs, weights, refuse }) => {
      const wanted = attrs.zeroPoint === undefined ? ['low', 'high'] : ['scale'];
      const isWhole =
        wanted.length === Object.keys(weights).length && wanted.every((role) => weights[role]?.length === 0);
      return isWhole ? x! : refuse(`needs the numbers ${wanted.join(' and ')}, of shape [], alone`);
    },
    memory: over,
  },
  quantize: {
    attributes: {},
    ...weightless,
    formats: (_, own) => (isReal(own) ? 'needs a format' : null),
    shape: ({ inputs: [x] }) => x!,
  },
  dequantize: {
    attributes: {},
    ...weightless,
    formats: ([x], own) => (isReal(x!) || !isReal(own) ? 'reads int8 and gives real numbers' : null),
    shape: ({ inputs: [x] }) => x!,
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
export function factsOf<K extends Op>({ name, op }: Pick<NodeOf<K>, 'name' | 'op'>): Facts<K> {
  if (Object.hasOwn(FACTS, op)) return FACTS[op];
  return refusing(`node "${name}"`)('op', 'known', op);
}

/** Whether a node gives on the numbers that it reads, in training or outside. */
export const isIdle = <K extends Op>(node: NodeOf<K>, training: boolean): boolean =>
  factsOf(node).isIdle?.(node.attrs, training) === true;

/**
 * Whether a node multiplies by a kernel. Such a one applies its activation to finished numbers itself where kernels can, and
 * the layer that it is made of has a penalty on activities as an option.
 */
export const hasKernel = (node: Node): boolean =>
  Object.values(factsOf(node).weights ?? {}).some(({ isPruned }) => isPruned === true);

/** Whether a node rounds as a format does, which its weights tell. */
export const isFake = (node: Node): node is NodeOf<'fakeQuantize'> => factsOf(node).isFake === true;

/** Bits of the whole numbers that the kernel of a node is read as, in training for integers; undefined for a real kernel. */
export const kernelBitsOf = ({ attrs }: Node): number | undefined =>
  'kernelBits' in attrs ? attrs.kernelBits : undefined;

/** Whether a node is as networks have it in training for integers, and in no other. */
export const isPrepared = (node: Node): boolean => isFake(node) || kernelBitsOf(node) !== undefined;

/** The axis of the units of a node's kernel, from the end. */
export const unitAxisOf = (node: Node): number => factsOf(node).weights?.kernel?.unitAxis ?? -1;

/**
 * Whether the integers of a node's weight have one scale: those of a table that of its values, those of a kernel whose units
 * are not its last axis that of all its sums.
 */
export const hasOneScale = (node: Node): boolean => factsOf(node).table !== undefined || unitAxisOf(node) !== -1;

/** Whether training moves weights of a node that no optimizer does. */
export const hasStatistics = (node: Node): boolean =>
  Object.values(factsOf(node).weights ?? {}).some(({ isStatistic }) => isStatistic === true);

/** Whether a node multiplies integers, where it reads int8. */
export const multipliesIntegers = (node: Node): boolean =>
  Object.values(factsOf(node).weights ?? {}).some(({ integers }) => integers !== undefined);

/** Whether a node multiplies the last axis by a matrix, of floats or integers. */
export const multipliesRows = (node: Node): boolean => multipliesIntegers(node) && !readsAround(node);

/** Whether the kernel of a node multiplies what surrounds a sample too. */
export const readsAround = (node: Node): boolean => factsOf(node).readsAround === true;
