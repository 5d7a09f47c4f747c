import type { Text } from '../text/text.ts';
import type { Choice } from './ladders.ts';

type Words = Text['kernels'];

/** What a person calls a choice, without its ladder. */
export function sizeText(words: Words, choice: Choice): string {
  switch (choice.ladder) {
    case 'gemm':
    case 'int8':
      return words.square(choice.n);
    case 'conv':
      return words.conv(choice.size, choice.channels, choice.units, choice.side);
    case 'sparse':
      return words.sparse(choice.sparsity, choice.batch);
  }
}

export const choiceText = (words: Words, choice: Choice): string =>
  `${words.ladders[choice.ladder]}, ${sizeText(words, choice)}`;

/** A rung, by its table and what sets it apart. A ladder's plain loops and a plain shader are both `naive`. */
export function rungText(words: Words, who: string, how: string): string {
  const isShader = how === 'resident' || how === 'with transfer';
  const name = words.names[who === 'naive' && isShader ? 'shader' : who] ?? who;
  return how === '' ? name : `${name}, ${words.hows[how] ?? how}`;
}

/** A rung by the name that the benchmarks join of both. */
export function joinedText(words: Words, name: string): string {
  const space = name.indexOf(' ');
  return space < 0 ? rungText(words, name, '') : rungText(words, name.slice(0, space), name.slice(space + 1));
}

/** Why a rung is as fast as it is; empty where there is nothing to say. */
export function reasonText(words: Words, ladder: string, who: string, how: string): string {
  const reasons = words.reasons[ladder] ?? {};
  return reasons[how === '' ? who : how] ?? '';
}
