import type { Stop } from '../../engine/messages.ts';
import type { Text } from '../../text/text.ts';

/** Why training stands still, in a sentence; null for what has a notice of its own. */
export function stopText(stop: Stop, epoch: number, words: Text['fit']['scores']): string | null {
  switch (stop.kind) {
    case 'done':
      return words.done(String(epoch));
    case 'paused':
      return epoch === 0 ? null : words.paused(String(epoch));
    case 'early':
      return words.early(String(epoch), String(stop.bestEpoch), stop.isRestored);
    case 'nan':
      return null;
  }
}
