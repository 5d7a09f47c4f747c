import { checkRange, ValueError } from '../base/errors.ts';
import type { Label } from './estimator.ts';

/** What the samples of each class count, by label; classes that are not named count 1. `balanced`: as if all were as frequent. */
export type ClassWeight = 'balanced' | Readonly<Record<string, number>> | ReadonlyMap<Label, number>;

const isMap = (weight: object): weight is ReadonlyMap<Label, number> => weight instanceof Map;

const pairsOf = (weight: Exclude<ClassWeight, string>): [Label, number][] =>
  isMap(weight) ? [...weight] : Object.entries(weight);

/** A copy. Throws ValueError unless it is null, `balanced`, or a number of at least 0 for each of its labels. */
export function classWeightOf(op: string, given: ClassWeight | null): ClassWeight | null {
  if (given === null || given === 'balanced') return given;
  if (typeof given !== 'object' || Array.isArray(given))
    throw new ValueError(op, 'classWeight', "null, 'balanced', or a number for each class, as { 0: 1, 1: 5 }", given);
  const pairs = pairsOf(given);
  for (const [label, weight] of pairs) checkRange(op, `classWeight of ${String(label)}`, weight, 'at least 0');
  return isMap(given) ? new Map(pairs) : Object.fromEntries(pairs);
}

/** The weight of each class. Throws ValueError for a label that is none of them. */
export function weightOfEach(op: string, given: Exclude<ClassWeight, string>, classes: readonly Label[]): Float64Array {
  const weights = new Float64Array(classes.length).fill(1);
  for (const [label, weight] of pairsOf(given)) {
    const at = classes.findIndex((known) => (isMap(given) ? known === label : String(known) === label));
    if (at < 0) throw new ValueError(op, 'a label of classWeight', `one of ${classes.join(', ')}`, label);
    weights[at] = weight;
  }
  return weights;
}

/** samples/(classes·samples of the class), with which all classes weigh the same (King & Zeng 2001). */
export function balancedWeights(codes: Int32Array, classes: number): Float64Array {
  const counts = new Float64Array(classes);
  for (const code of codes) counts[code]! += 1;
  return counts.map((count) => codes.length / (classes * count));
}

/** Weights as JSON: those by a map as pairs, since a label may be a number. */
export const weightsToJSON = (weight: ClassWeight | null): unknown =>
  weight !== null && typeof weight === 'object' && isMap(weight) ? [...weight] : weight;

/** The map of pairs that `weightsToJSON` made; null of anything else. */
export const weightsFromJSON = (json: unknown): ReadonlyMap<Label, number> | null =>
  Array.isArray(json) && json.every((pair) => Array.isArray(pair)) ? new Map(json as [Label, number][]) : null;
