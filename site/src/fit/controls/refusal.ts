import type { Event } from '../../engine/messages.ts';
import type { Reason } from '../../engine/refusal.ts';
import type { Refusals } from '../../text/en/refusals.ts';
import type { Text } from '../../text/text.ts';

/** What could not be done, in words of the language. */
export function sentenceOf<K extends Reason['kind']>(reason: Extract<Reason, { kind: K }>, text: Refusals): string {
  return text[reason.kind as K](reason);
}

/** The same; null if all could be done. */
export const refusalOf = (refused: Reason | null, { refusals }: Pick<Text['controls'], 'refusals'>): string | null =>
  refused === null ? null : sentenceOf(refused, refusals);

/** The same of an event that is shown where it belongs; null where there is none. */
export const refusalIn = (
  event: Extract<Event, { kind: 'refused' }> | null,
  text: Pick<Text['controls'], 'refusals'>,
): string | null => refusalOf(event?.reason ?? null, text);
