import { ShapeError } from '../base/errors.ts';
import type { Shape } from '../base/shape.ts';
import { type Steps, windowFault } from '../base/window.ts';
import { calledOf } from './layer-names.ts';
import type { Layer } from './layers.ts';
import type { Lowerable, Lowering } from './lowering.ts';

/** Of samples that a window goes over: a sequence has one before its channels, an image two. */
export type Axes = 1 | 2;

const FORMS = {
  1: ['length, channels', '100, 8'],
  2: ['height, width, channels', '28, 28, 1'],
} as const satisfies Record<Axes, readonly [string, string]>;

/** The channels of a value with so many axes before them. Throws ShapeError, which names the layer, for any other. */
export function channelsOf(op: string, name: string, axes: Axes, at: Lowering, value: string): number {
  const shape = at.shapeOf(value);
  if (shape.length === axes + 1) return shape[axes]!;
  const [wanted] = FORMS[axes];
  const remedy = at.isInput(value) ? inputFor(axes, shape) : placeFor(axes, shape, at.layerOf.get(value));
  throw new ShapeError(op, [shape], `layer ${name} expects samples [${wanted}]`, remedy);
}

/** What to do about samples of the model that have other axes. */
function inputFor(axes: Axes, shape: Shape): string {
  const own = `Give the model an inputShape such as [${FORMS[axes][1]}] and samples of that shape`;
  return axes === 1 && shape.length === 1 ? `${own}, or numbers of words to an Embedding before it` : own;
}

/** What to do about a layer before that gives other axes. */
function placeFor(axes: Axes, shape: Shape, before: Lowerable | undefined): string {
  // A container that is being lowered has parts that are of no layer yet
  const found = `It reads what ${before === undefined ? 'its container' : calledOf(before as Layer)} gives`;
  if (shape.length < 2) return `${found}: put it before that, or leave it out`;
  const other = axes === 2 ? 1 : 2;
  return shape.length === other + 1 ? `${found}: layers of ${other}D take that` : found;
}

/** Throws ShapeError, which names the layer, for a window that samples of this shape have no place for. */
export function checkWindow(op: string, name: string, shape: Shape, taps: Shape, steps: Steps): void {
  const fault = windowFault(shape.slice(0, -1), taps, steps);
  if (fault === null) return;
  const [first, ...others] = shape as [number, ...number[]];
  // An image of 1 to 4 rows and many channels
  const isTurned = shape.length === 3 && first <= 4 && shape.at(-1)! > 4;
  const remedy = isTurned
    ? `Channels come last: [${[...others, first].join(', ')}]?`
    : "Take padding: 'same', a smaller window or larger samples";
  throw new ShapeError(op, [shape], `layer ${name} cannot move its window: ${fault}`, remedy);
}

/** A copy of options that a caller may go on changing: lists, and lists in them. */
export const copied = <T extends object>(options: T): T =>
  Object.fromEntries(Object.entries(options).map(([field, value]) => [field, copiedList(value)])) as T;

const copiedList = (value: unknown): unknown => (Array.isArray(value) ? value.map(copiedList) : value);
