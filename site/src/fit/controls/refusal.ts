import type { Event } from '../../engine/messages.ts';
import type { Reason } from '../../engine/refusal.ts';
import type { Experiment } from '../../state/experiment.svelte.ts';
import type { Text } from '../../text/text.ts';

type Words = Pick<Text['controls'], 'refusals' | 'unexplained'>;

/** What could not be done, in words of the language where the engine gave a reason, else in its own; null if all was. */
export function refusalOf({ refused, reason }: Pick<Experiment, 'refused' | 'reason'>, text: Words): string | null {
  if (reason !== null) return sentenceOf(reason, text.refusals);
  return refused === null ? null : text.unexplained(refused);
}

function sentenceOf<K extends Reason['kind']>(
  reason: Extract<Reason, { kind: K }>,
  text: Text['controls']['refusals'],
): string {
  return text[reason.kind as K](reason);
}

/** The same of an event that is shown where it belongs; null where there is none. */
export const refusalIn = (event: Extract<Event, { kind: 'refused' }> | null, text: Words): string | null =>
  event === null ? null : refusalOf({ refused: event.message, reason: event.reason ?? null }, text);
