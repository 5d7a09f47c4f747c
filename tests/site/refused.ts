import { type Reason, Refusal } from '../../site/src/engine/refusal.ts';
import { refusals } from '../../site/src/text/en/refusals.ts';
import { sentenceOf } from '../../site/src/text/refused.ts';

/** What the page says in English of a refusal. */
export const saidOf = (reason: Reason): string => sentenceOf(reason, refusals);

/** What the page says in English of what was thrown. */
export function saidOfError(error: unknown): string {
  if (error instanceof Refusal) return saidOf(error.reason);
  return error instanceof Error ? error.message : String(error);
}

/** The promise; where it rejects, with what the page says of it. */
export const inWords = <T>(promise: Promise<T>): Promise<T> =>
  promise.catch((error) => {
    throw new Error(saidOfError(error));
  });
