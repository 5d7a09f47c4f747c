import { elementsOf, MAX_SIZE, type Shape, sameShape } from '../base/shape.ts';
import { type Padding, type Steps, transposedSizes, windowFault, windowOf } from '../base/window.ts';
import { type Attribute, activation, kernelBits, mark, meanRule, number, rule } from './attributes.ts';
import {
  apart,
  averaged,
  checkSteps,
  type FactRows,
  type Facts,
  type Given,
  one,
  product,
  STEPS,
  same,
} from './fact.ts';
import type { Op, PoolKind } from './graph.ts';

const isCount = (least: number) => (n: unknown) =>
  Number.isInteger(n) && (n as number) >= least && (n as number) <= MAX_SIZE;

/** A list with one for each axis of a window: one axis of a sequence, two of an image. */
const perAxis = <T>(wanted: string, holds: (each: unknown) => boolean): Attribute<readonly T[]> => ({
  wanted,
  read: (value) => {
    if (!Array.isArray(value) || (value.length !== 1 && value.length !== 2)) return undefined;
    return Array.from(value).every(holds) ? (value as T[]) : undefined; // every() alone passes over holes
  },
});

const sizes = perAxis<number>('a list of one or two positive integers', isCount(1));
const widths = perAxis<readonly [number, number]>(
  'a list of one or two pairs of integers of at least 0',
  (pair) => Array.isArray(pair) && pair.length === 2 && Array.from(pair).every(isCount(0)),
);
const padding: Attribute<Padding> = {
  wanted: `same, valid or ${widths.wanted}`,
  read: (value) => (value === 'same' || value === 'valid' ? value : widths.read(value)),
};
const groups = number('a positive integer', isCount(1));
const kind: Attribute<PoolKind> = {
  wanted: 'max or average',
  read: (value) => (value === 'max' || value === 'average' ? value : undefined),
};

type Refuse = Given<Op>['refuse'];

/** The axes of a sample before its channels, one or two. */
function placesOf(x: Shape, refuse: Refuse): Shape {
  if (x.length === 2 || x.length === 3) return x.slice(0, -1);
  return refuse('reads samples [length, channels] or [height, width, channels]');
}

/** Throws unless lists have an element for each of these axes. */
function checkAxes(axes: number, lists: Readonly<Record<string, readonly unknown[] | string>>, refuse: Refuse): void {
  for (const [field, list] of Object.entries(lists))
    if (typeof list !== 'string' && list.length !== axes)
      refuse(`needs ${axes} ${field}, one for each axis but the channels, and has ${list.length}`);
}

/** How many positions a window has along each axis. */
function positionsOf(places: Shape, taps: Shape, steps: Steps, refuse: Refuse): Shape {
  const { strides, dilations, padding } = steps;
  checkAxes(places.length, { strides, dilations, padding }, refuse);
  const fault = windowFault(places, taps, steps);
  if (fault !== null) return refuse(`has a window that cannot be: ${fault}`);
  const { outHeight, outWidth } = windowOf(1, places, taps, steps);
  return places.length === 1 ? [outWidth] : [outHeight, outWidth];
}

export function checkBias(bias: Shape | undefined, units: number, refuse: Refuse): void {
  if (bias !== undefined && !sameShape(bias, [units])) refuse(`needs a bias [${units}]`);
}

/** What is the same of all without weights, and of all with a kernel. */
export const weightless: Pick<Facts<Op>, 'inputs' | 'weights' | 'memory'> = { inputs: one, weights: {}, memory: apart };
const moved = { ...weightless, formats: same };

/** The largest is one of the numbers and, by a rule, a mean one of the codes; else it is a number of its own. */
const pooled: Facts<'pool' | 'globalPool'>['formats'] = (inputs, own, { kind, rule }) => {
  if (kind === 'max' && rule) return 'gives the largest, which no rule rounds';
  return (kind === 'max' || rule ? same : averaged)(inputs, own);
};

/** The rows of operations that move a window over images and sequences, or change their sizes. */
export const IMAGE_FACTS: FactRows<
  'conv' | 'convTranspose' | 'pool' | 'globalPool' | 'zeroPad' | 'upsample' | 'channelShuffle'
> = {
  conv: {
    attributes: {
      activation,
      strides: sizes,
      dilations: sizes,
      padding,
      groups,
      rule,
      dynamic: mark,
      kernelBits,
    },
    ...weightless,
    weights: { kernel: { integers: 'int8', isPruned: true }, bias: { integers: 'int32', isOptional: true }, ...STEPS },
    readsAround: true,
    panels: (attrs) => (attrs.groups === 1 && attrs.kernelBits === undefined ? 'conv2d' : null),
    formats: product,
    shape: ({ inputs: [x], attrs, weights, refuse }) => {
      const { kernel, bias } = weights;
      const places = placesOf(x!, refuse);
      if (kernel!.length !== x!.length + 1)
        return refuse(`needs a kernel [${places.length === 1 ? 'taps' : 'down, across'}, channels/groups, units]`);
      const [channels, units] = kernel!.slice(-2) as [number, number];
      if (x!.at(-1) !== channels * attrs.groups) return refuse(`expects a last axis of ${channels * attrs.groups}`);
      if (units % attrs.groups !== 0) return refuse(`cannot part ${units} units into ${attrs.groups} groups`);
      checkBias(bias, units, refuse);
      checkSteps(weights, units, attrs, refuse);
      return [...positionsOf(places, kernel!.slice(0, -2), attrs, refuse), units];
    },
    macs: (output, { kernel }) => elementsOf(output) * elementsOf(kernel!.slice(0, -1)),
  },
  convTranspose: {
    attributes: { activation, strides: sizes, padding, rule, kernelBits },
    ...weightless,
    weights: {
      kernel: { integers: 'int8', isPruned: true, unitAxis: -2 },
      bias: { integers: 'int32', isOptional: true },
      ...STEPS,
    },
    readsAround: true,
    formats: product,
    shape: ({ inputs: [x], attrs, weights, refuse }) => {
      const { strides, padding } = attrs;
      const { kernel, bias } = weights;
      if (x!.length !== 3) return refuse('reads samples [height, width, channels]');
      if (kernel!.length !== 4) return refuse('needs a kernel [down, across, units, channels]');
      const [units, channels] = kernel!.slice(-2) as [number, number];
      if (x!.at(-1) !== channels) return refuse(`expects a last axis of ${channels}`);
      checkBias(bias, units, refuse);
      checkSteps(weights, 1, attrs, refuse);
      const taps = kernel!.slice(0, -2);
      checkAxes(2, { strides, padding }, refuse);
      const steps = { strides, padding, dilations: [1, 1] };
      const places = transposedSizes(x!.slice(0, -1), taps, steps);
      if (places.some((n) => n < 1)) return refuse(`would give an image of ${places.join(' by ')}`);
      positionsOf(places, taps, steps, refuse);
      return [...places, units];
    },
    macs: (_, { kernel }, [x]) => elementsOf(x!.slice(0, -1)) * elementsOf(kernel!),
  },
  pool: {
    attributes: { kind, size: sizes, strides: sizes, padding, rule: meanRule },
    ...weightless,
    formats: pooled,
    shape: ({ inputs: [x], attrs: { size, strides, padding }, refuse }) => {
      const places = placesOf(x!, refuse);
      checkAxes(places.length, { size }, refuse);
      return [...positionsOf(places, size, { strides, padding, dilations: places.map(() => 1) }, refuse), x!.at(-1)!];
    },
  },
  globalPool: {
    attributes: { kind, rule: meanRule },
    ...weightless,
    formats: pooled,
    shape: ({ inputs: [x], refuse }) => {
      if (elementsOf(placesOf(x!, refuse)) === 0) return refuse('needs positions before the channels');
      return [x!.at(-1)!];
    },
  },
  zeroPad: {
    attributes: { widths },
    ...moved,
    shape: ({ inputs: [x], attrs: { widths }, refuse }) => {
      const places = placesOf(x!, refuse);
      checkAxes(places.length, { widths }, refuse);
      return [...places.map((n, axis) => widths[axis]![0] + n + widths[axis]![1]), x!.at(-1)!];
    },
  },
  upsample: {
    attributes: { factors: sizes },
    ...moved,
    shape: ({ inputs: [x], attrs: { factors }, refuse }) => {
      const places = placesOf(x!, refuse);
      checkAxes(places.length, { factors }, refuse);
      return [...places.map((n, axis) => n * factors[axis]!), x!.at(-1)!];
    },
  },
  channelShuffle: {
    attributes: { groups },
    ...moved,
    shape: ({ inputs: [x], attrs, refuse }) => {
      const n = x!.at(-1);
      if (n === undefined) return refuse('needs an axis');
      return n % attrs.groups === 0 ? x! : refuse(`cannot part ${n} channels into ${attrs.groups} groups`);
    },
  },
};
