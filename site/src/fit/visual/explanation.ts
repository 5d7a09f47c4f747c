import type { Explanation } from '../../engine/messages.ts';
import { show } from './numbers.ts';

export interface Term {
  readonly from: string;
  readonly value: number;
  readonly weight: number;
  readonly product: number;
}

/** The terms of largest size in their order, and what the others sum up to. */
export function sortedTerms(
  { terms }: Pick<Explanation, 'terms'>,
  most: number,
): { readonly shown: readonly Term[]; readonly others: number; readonly rest: number } {
  const all = terms.map(({ from, value, weight }) => ({ from, value, weight, product: value * weight }));
  if (all.length <= most) return { shown: all, others: 0, rest: 0 };
  const strongest = new Set([...all].sort((a, b) => Math.abs(b.product) - Math.abs(a.product)).slice(0, most));
  const others = all.filter((term) => !strongest.has(term));
  return {
    shown: all.filter((term) => strongest.has(term)),
    others: others.length,
    rest: others.reduce((sum, { product }) => sum + product, 0),
  };
}

/** Number of terms that a formula writes out. */
const WRITTEN = 4;

/** The formula of a neuron with its numbers: h1.2 = tanh(0.5·x1 − 1.2·x2 + 0.1). */
export function formulaOf({ terms, bias, activation, output }: Explanation, name: string): string {
  const { shown, others } = sortedTerms({ terms }, WRITTEN);
  const signs = (value: number, isFirst: boolean): string =>
    value < 0 ? (isFirst ? '−' : ' − ') : isFirst ? '' : ' + ';
  const written = shown.map(({ from, weight }, i) => `${signs(weight, i === 0)}${show(Math.abs(weight))}·${from}`);
  if (others > 0) written.push(' + …');
  written.push(`${signs(bias, shown.length === 0)}${show(Math.abs(bias))}`);
  // Softmax looks at the sums of the other outputs too.
  if (activation === 'softmax') written.push(', …');
  return `${name} = ${activation}(${written.join('')}) = ${show(output)}`;
}

/** What softmax divides by besides e to the sum of this output: e to the sums of all others, added up. */
export const othersOf = ({ sum, output }: Pick<Explanation, 'sum' | 'output'>): number =>
  Math.exp(sum) * (1 / output - 1);
