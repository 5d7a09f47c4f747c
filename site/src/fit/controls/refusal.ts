import type { Reason } from '../../engine/refusal.ts';
import type { Experiment } from '../../state/experiment.svelte.ts';
import type { Text } from '../../text/text.ts';

/** What could not be done, in words of the language where the engine gave a reason, else in its own; null if all was. */
export function refusalOf(
  { refused, reason }: Pick<Experiment, 'refused' | 'reason'>,
  text: Text['controls']['refusals'],
): string | null {
  return reason === null ? refused : sentenceOf(reason, text);
}

function sentenceOf<K extends Reason['kind']>(
  reason: Extract<Reason, { kind: K }>,
  text: Text['controls']['refusals'],
): string {
  return text[reason.kind as K](reason);
}
