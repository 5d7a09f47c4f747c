import { type Shape, sameShape } from '../base/shape.ts';
import { type ActivationSpec, epilogueOf } from './activation.ts';
import type { Schema } from './attributes.ts';
import type { Attributes, FakeKernel, IntegerRule, NodeOf, Op, QuantizationParams } from './graph.ts';

/** A weight of an operation, by role. */
export interface Role {
  /** A running statistic, which training writes beside the weights that the optimizer moves. */
  readonly isStatistic?: boolean;
  readonly isOptional?: boolean;
  /** Pruning of weights zeroes some of its numbers. */
  readonly isPruned?: boolean;
  /** Of a kernel: the axis of what it makes, counted from the end. The last if left out. */
  readonly unitAxis?: number;
  /** The encoding that it has where the first input is int8; floats elsewhere. */
  readonly integers?: 'int8' | 'int32';
}

type Count = readonly [least: number, most: number];
export type Format = QuantizationParams | null;
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

/** Roles of a product whose kernel may be read as whole numbers, and their scales trained. */
export const STEPS: Readonly<Record<string, Role>> = { steps: { isOptional: true } };

/** Throws for scales of whole numbers that are not as many as the product has of them. */
export function checkSteps(
  { steps }: Shapes,
  count: number,
  { kernelBits }: FakeKernel,
  refuse: (problem: string) => never,
): void {
  if (steps === undefined) return;
  if (kernelBits === undefined) refuse('has steps, which go with kernelBits');
  if (!sameShape(steps, [count])) refuse(`needs steps [${count}]`);
}

/** What every pass may ask of an operation. */
export interface Facts<K extends Op> {
  readonly attributes: Schema<Attributes[K]>;
  /** How many values it reads. */
  readonly inputs: Count;
  /** The role of the table [entries, ...] that it looks int32 numbers up in. It reads floats if left out. */
  readonly table?: string;
  /** By role; null for code of the user's own, which has what it likes. */
  readonly weights: Readonly<Record<string, Role>> | null;
  /** What is wrong with the formats of inputs and result; null if nothing. */
  readonly formats: (inputs: readonly Format[], own: Format, attrs: Attributes[K]) => string | null;
  /** Shape of one sample of the result. */
  readonly shape: (given: Given<K>) => Shape;
  /** Whether its kernel multiplies what surrounds a sample too, which is 0: of integers the zero point. Not if left out. */
  readonly readsAround?: true;
  /** Multiply-adds of one sample; none if left out. */
  readonly macs?: (output: Shape, weights: Shapes, inputs: readonly Shape[]) => number;
  /** Whose kernels multiply sparse panels of its own; null, or left out, where there are none. */
  readonly panels?: (attrs: Attributes[K]) => 'gemm' | 'conv2d' | null;
  /** Whether it rounds as a format does, which its weights tell. Not if left out. */
  readonly isFake?: true;
  /** Whether it gives the numbers of several values as they are. Not if left out. */
  readonly isJoin?: true;
  /** Where the result of a run may lie, by its format and that of what it reads first. */
  readonly memory: (attrs: Attributes[K], format: Format, read: Format) => Memory;
  /** Whether it gives on the numbers that it reads, in training or outside. Never if left out. */
  readonly isIdle?: (attrs: Attributes[K], training: boolean) => boolean;
}

export const isReal = (format: Format): boolean => format === null;
/** Whether two values hold the same numbers if they hold the same bytes. */
export const sameFormat = (a: Format, b: Format): boolean => a?.scale === b?.scale && a?.zeroPoint === b?.zeroPoint;

export const real = (inputs: readonly Format[], own: Format): string | null =>
  inputs.every(isReal) && isReal(own) ? null : 'computes with real numbers: put a dequantize before it';
export const same = ([first]: readonly Format[], own: Format): string | null =>
  sameFormat(first!, own) ? null : 'gives on what it reads: its format must be that of its input';
export const alike = (inputs: readonly Format[], own: Format): string | null =>
  inputs.every((format) => isReal(format) === isReal(own)) ? null : 'needs all values in int8, or all real';
/** Products apply to integers what they apply to real numbers themselves. */
export const product = (
  [x]: readonly Format[],
  own: Format,
  attrs: FakeKernel & { readonly activation: ActivationSpec; readonly dynamic?: true },
): string | null => {
  if (attrs.kernelBits !== undefined && (attrs.dynamic || !isReal(x!)))
    return 'reads its kernel as whole numbers in training alone: take convert() for integers';
  if (attrs.dynamic && !isReal(x!)) return 'is dynamic: it makes int8 of real numbers itself';
  if (isReal(own)) return null;
  if (isReal(x!)) return 'gives int8 only where it reads int8';
  const { name } = attrs.activation;
  return name === epilogueOf(attrs.activation) ? null : `gives int8 after linear, relu or relu6, not after ${name}`;
};
/** What a mean of int8 is multiplied with. */
export const ratioOf = (from: Format, to: Format): number => from!.scale / to!.scale;
export const averaged = ([x]: readonly Format[], own: Format): string | null =>
  isReal(own) || isReal(x!) || Number.isFinite(Math.fround(ratioOf(x!, own)))
    ? alike([x!], own)
    : 'has scales whose ratio is not finite in float32';

/** A sum with it is rounded to whole numbers, half to even: it is 1.5·2²³. */
export const ROUND = 12582912;

/** The least and the largest integer that an activation leaves: those that `quantize` makes of 0 and 6, or of int8. */
export function boundsOf(
  { name }: ActivationSpec,
  { scale, zeroPoint }: QuantizationParams,
): readonly [low: number, high: number] {
  const isCut = name === 'relu' || name === 'relu6';
  const six = Math.fround(Math.fround(6 / scale) + ROUND);
  return [isCut ? zeroPoint : -128, name === 'relu6' ? Math.min(127, six - ROUND + zeroPoint) : 127];
}
/** Whether an activation leaves every number of a value as it is: of int8 one that cuts off what its format does not hold. */
export function leavesAll(spec: ActivationSpec, from: Format, to: Format): boolean {
  if (!sameFormat(from, to)) return false;
  if (spec.name === 'linear') return true;
  if (to === null || spec.name !== epilogueOf(spec)) return false;
  const [low, high] = boundsOf(spec, to);
  return low === -128 && high === 127;
}
/**
 * What a term is multiplied with where two are added in whole numbers, and what their sum is: halves of the larger scale, in
 * units of 2²⁰ of the result's (TFLite's ADD).
 */
export function addedRatios(
  [a, b]: readonly Format[],
  own: Format,
): readonly [first: number, second: number, sum: number] {
  const twice = 2 * Math.max(a!.scale, b!.scale);
  return [a!.scale / twice, b!.scale / twice, twice / (2 ** 20 * own!.scale)];
}
/** The scales of two terms over that of their sum, as XNNPACK has them. */
const termRatios = (inputs: readonly Format[], own: Format): number[] =>
  inputs.map((format) => Math.fround(Math.fround(format!.scale) / Math.fround(own!.scale)));
/** What two terms are multiplied with where they are added by factors of 21 bits: whole numbers, in units of 2^-shift. */
export function addedFactors(
  inputs: readonly Format[],
  own: Format,
): { readonly factors: readonly number[]; readonly shift: number } {
  const ratios = termRatios(inputs, own);
  let shift = 20;
  let unit = 2 ** 20;
  for (let largest = Math.max(...ratios); largest >= 2; largest /= 2, unit /= 2) shift--;
  for (let largest = Math.max(...ratios); largest < 1; largest *= 2, unit *= 2) shift++;
  return { factors: ratios.map((ratio) => Math.fround(Math.fround(ratio * unit) + ROUND) - ROUND), shift };
}
export const added = (inputs: readonly Format[], own: Format, { rule }: IntegerRule): string | null => {
  const wrong = alike(inputs, own);
  if (wrong !== null || rule === undefined || isReal(own)) return wrong;
  if (inputs.length > 2)
    return `adds more than two values, which the rule ${rule} does not: add them one after another`;
  if (rule === 'xnnpack') {
    const isNear = termRatios(inputs, own).every((ratio) => ratio >= 2 ** -10 && ratio < 2 ** 8);
    return isNear ? null : 'has a scale that is not a 256th to 1024 times of one that it reads';
  }
  const fits = Math.fround(addedRatios(inputs, own)[2]) < 1;
  return fits ? null : 'has a scale that is no more than a 524,288th of one that it reads, which no multiplier holds';
};

export const view = (): Memory => 'view';
export const over = (): Memory => 'in place';
export const apart = (): Memory => 'apart';
export const one: Count = [1, 1];
export const several: Count = [1, Infinity];

/** Rows of a part of the operations. */
export type FactRows<K extends Op> = { readonly [P in K]: Facts<P> };
