import { messageOf } from '../base/errors.ts';
import { onMessages } from '../threads/host.ts';
import { type Bench, outcomeOf } from './trials.ts';
import { type Answer, benchOf, type SentBench, type SentTrial } from './wire.ts';

/** The file that a worker of `compress` runs: the model and the samples come first, then trials, one after the other. */

let bench: Bench | null = null;

function answerTo(message: SentBench | SentTrial): Answer | null {
  try {
    if ('trial' in message) return { outcome: outcomeOf(message.trial, bench!) };
    bench = benchOf(message);
    return null;
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

onMessages((message, answer) => {
  const told = answerTo(message as SentBench | SentTrial);
  if (told !== null) answer(told);
});
