import type { Progress } from '../../engine/messages.ts';

export type Losses = Progress['losses'];

/** Columns of a plot: epochs from 1 on, then a line each; null where a line has no value. */
export type Columns = [epochs: number[], ...lines: (number | null)[][]];

/** Losses above this share of so many points are thinned, so that a frame stays short. */
export const MOST_POINTS = 2000;

const isReal = (values: Float32Array): boolean => values.some((value) => Number.isFinite(value));

/** Whether there is a validation loss to draw. */
export const hasValidation = ({ validation }: Losses): boolean => isReal(validation);

/**
 * What is drawn: training and validation of the current run, and of the pinned one if it is given. Epochs are thinned
 * evenly if there are many, the last and `kept` ones excepted. On a log scale a loss of 0 or less has no place.
 */
export function columns(current: Losses, pinned: Losses | null, isLog: boolean, kept: number | null): Columns {
  const length = Math.max(current.train.length, pinned?.train.length ?? 0);
  const step = Math.ceil(length / MOST_POINTS) || 1;
  const epochs: number[] = [];
  for (let i = 0; i < length; i++) {
    const isLast = i === current.train.length - 1 || i === length - 1;
    if (i % step === 0 || isLast || i + 1 === kept) epochs.push(i + 1);
  }
  const line = (values: Float32Array): (number | null)[] =>
    epochs.map((epoch) => {
      const value = values[epoch - 1] ?? Number.NaN;
      return Number.isFinite(value) && !(isLog && value <= 0) ? value : null;
    });
  const lines = [line(current.train), line(current.validation)];
  if (pinned !== null) lines.push(line(pinned.train), line(pinned.validation));
  return [epochs, ...lines];
}

/** About `count` epochs to say the losses of, in words: first and last among them. */
export function milestones(length: number, count = 10): number[] {
  if (length === 0) return [];
  const found = new Set<number>();
  for (let i = 0; i < count; i++) found.add(1 + Math.round(((length - 1) * i) / Math.max(1, count - 1)));
  return [...found];
}
