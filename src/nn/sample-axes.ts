import { ShapeError } from '../base/errors.ts';
import type { Shape } from '../base/shape.ts';

/** Of samples that a window goes over: a sequence has one before its channels, an image two. */
export type Axes = 1 | 2;

/** The channels of samples with so many axes before them. Throws ShapeError, which names the layer, for any other. */
export function channelsOf(op: string, name: string, axes: Axes, shape: Shape): number {
  if (shape.length === axes + 1) return shape[axes]!;
  const [wanted, example] = FORMS[axes];
  const remedy = `Give the model an inputShape such as [${example}] and samples of that shape`;
  throw new ShapeError(op, [shape], `layer ${name} expects samples [${wanted}]`, remedy);
}

const FORMS = {
  1: ['length, channels', '100, 8'],
  2: ['height, width, channels', '28, 28, 1'],
} as const satisfies Record<Axes, readonly [string, string]>;

/** A copy of options that a caller may go on changing: lists, and lists in them. */
export const copied = <T extends object>(options: T): T =>
  Object.fromEntries(Object.entries(options).map(([field, value]) => [field, copiedList(value)])) as T;

const copiedList = (value: unknown): unknown => (Array.isArray(value) ? value.map(copiedList) : value);
