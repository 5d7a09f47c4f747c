import type { Samples } from '../../engine/messages.ts';
import type { Text } from '../../text/text.ts';
import { percent, show } from './numbers.ts';
import { answerAt, countWrong, type PlanePicture } from './plane.ts';

/** A class as a person reads it: its name, or its number where the name is one. */
export const className = (classes: readonly string[], label: number, text: Text['fit']): string => {
  const name = classes[label] ?? String(label);
  return /^\d+$/.test(name) ? text.plane.className(name) : name;
};

/** What is answered at a place, in a sentence; null where nothing is. */
export function answerText(
  picture: PlanePicture,
  { ranges, classes }: Samples,
  x: number,
  y: number,
  text: Text['fit'],
): string | null {
  const answer = answerAt(picture, ranges, x, y);
  if (answer === null) return null;
  if ('value' in answer) return text.plane.value(show(x), show(y), show(answer.value));
  return text.plane.answer(show(x), show(y), className(classes, answer.label, text), percent(answer.probability));
}

/** What a screen reader says of a plane. */
export function summaryText(picture: PlanePicture | null, samples: Samples, text: Text['fit']): string {
  if (picture === null || samples.task === 'regression') return text.plane.summary('');
  const wrong = countWrong(picture, samples);
  return text.plane.summary(text.plane.wrong(String(wrong.train), String(wrong.validation), String(wrong.test)));
}
