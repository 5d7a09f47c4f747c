import type { DigitAnswer } from '../engine/messages.ts';

/** The digit that a network takes an image for, and how sure it is. */
export function leading({ probabilities }: Pick<DigitAnswer, 'probabilities'>): {
  readonly digit: number;
  readonly probability: number;
} {
  let digit = 0;
  for (let i = 1; i < probabilities.length; i++) if (probabilities[i]! > probabilities[digit]!) digit = i;
  return { digit, probability: probabilities[digit] ?? Number.NaN };
}

/** What networks say, by digit: those that most say first; of as many, that of the earlier network. */
export function votesOf(
  answers: readonly Pick<DigitAnswer, 'network' | 'probabilities'>[],
): readonly { readonly digit: number; readonly networks: readonly string[] }[] {
  const byDigit = new Map<number, string[]>();
  for (const answer of answers) {
    const { digit } = leading(answer);
    const networks = byDigit.get(digit);
    if (networks === undefined) byDigit.set(digit, [answer.network]);
    else networks.push(answer.network);
  }
  const votes = [...byDigit].map(([digit, networks]) => ({ digit, networks }));
  return votes.sort((a, b) => b.networks.length - a.networks.length);
}
