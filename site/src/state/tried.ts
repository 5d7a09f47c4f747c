import type { Compressed } from '../engine/messages.ts';

/** A smaller network that was made, without its numbers: what a plot of size and score needs of it. */
export type Tried = Pick<Compressed, 'settings' | 'before' | 'after'>;

/** The points with one more, which replaces an earlier one of the same settings. */
export const withTried = (tried: readonly Tried[], { settings, before, after }: Compressed): readonly Tried[] => {
  const key = JSON.stringify(settings);
  return [...tried.filter((each) => JSON.stringify(each.settings) !== key), { settings, before, after }];
};
