import type { Reason } from '../../engine/refusal.ts';
import type { Experiment } from '../../state/experiment.svelte.ts';
import type { FitReason } from '../../text/en/fit-controls.ts';
import type { Text } from '../../text/text.ts';

/** What could not be done, in words of the language where the engine gave a reason, else in its own; null if all was. */
export function refusalOf(
  { refused, reason }: Pick<Experiment, 'refused' | 'reason'>,
  text: Text['controls']['refusals'],
): string | null {
  return reason !== null && isOfFit(reason, text) ? sentenceOf(reason, text) : refused;
}

/** Whether a reason is one that this part has words for; those of compression and files have others. */
const isOfFit = (reason: Reason, text: Text['controls']['refusals']): reason is FitReason =>
  Object.hasOwn(text, reason.kind);

function sentenceOf<K extends FitReason['kind']>(
  reason: Extract<FitReason, { kind: K }>,
  text: Text['controls']['refusals'],
): string {
  return text[reason.kind as K](reason);
}
