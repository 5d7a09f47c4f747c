import { ValueError } from '../base/errors.ts';
import { didYouMean } from '../base/options.ts';
import type { Graph } from '../graph/graph.ts';
import { Model } from '../nn/model.ts';

/** What a score ranks by. NaN counts as the largest: to remove what has it would hide that training broke down. */
export const rankOf = (score: number): number => (Number.isNaN(score) ? Infinity : score);

/** How many of `n` an amount is: below 1 a share, rounded, otherwise their number; null if it is neither. */
export function countFor(amount: unknown, n: number): number | null {
  if (!(typeof amount === 'number' && amount >= 0)) return null; // text and lists compare as numbers too
  const count = amount >= 1 ? amount : Math.round(amount * n);
  return Number.isSafeInteger(count) ? count : null;
}

/**
 * The name of the node that a layer is, which is given by name or by index among all layers (of a network: nodes); none for
 * what is neither.
 */
export function nodeNamed(
  subject: Model | Graph<unknown>,
  { nodes }: Graph<unknown>,
  which: string | number,
): string | undefined {
  if (typeof which === 'number' && !Number.isSafeInteger(which)) return undefined; // lists take it for 0
  if (typeof which === 'number' && subject instanceof Model) return subject.layer(which).name;
  const node = typeof which === 'number' ? nodes.at(which) : nodes.find(({ name }) => name === which);
  return node?.name;
}

/** What is wrong with a criterion that is neither one of `names` nor scores of one's own. */
export function unknownCriterion(
  op: string,
  criterion: unknown,
  names: readonly string[],
  whose: string,
  remedy: string | undefined = didYouMean(criterion, names),
): ValueError {
  const list = `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
  return new ValueError(op, 'criterion', `${list}, or a Map of scores by ${whose}`, criterion, remedy);
}
