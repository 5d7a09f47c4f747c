import type { Reason } from '../engine/refusal.ts';
import type { Refusals } from './en/refusals.ts';

/** What could not be done, in words of a language. */
export function sentenceOf<K extends Reason['kind']>(reason: Extract<Reason, { kind: K }>, words: Refusals): string {
  return words[reason.kind as K](reason);
}
