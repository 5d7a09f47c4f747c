import type { Tried } from '../state/tried.ts';

/** A network by its size and its score. */
export type Point = { readonly after: Pick<Tried['after'], 'bytes' | 'score'> };

/** Which points no other one beats: none is smaller and as good, or as small and better. By size, ascending. */
export function frontOf<P extends Point>(points: readonly P[]): readonly P[] {
  const bySize = [...points].sort((a, b) => a.after.bytes - b.after.bytes || b.after.score - a.after.score);
  let best = { bytes: 0, score: Number.NEGATIVE_INFINITY };
  return bySize.filter(({ after }) => {
    // Alike in both, neither beats the other.
    const isBeaten = !(after.score > best.score) && !(after.score === best.score && after.bytes === best.bytes);
    if (!isBeaten) best = after;
    return !isBeaten;
  });
}

/** Round numbers of bytes within a range, at most about six: powers of two, further apart where there are many. */
export function byteTicks(low: number, high: number): readonly number[] {
  const [first, last] = [Math.ceil(Math.log2(low) - 1e-9), Math.floor(Math.log2(high) + 1e-9)];
  const step = Math.max(1, Math.ceil((last - first + 1) / 6));
  const ticks: number[] = [];
  for (let power = first; power <= last; power += step) ticks.push(2 ** power);
  return ticks;
}

export interface Frame {
  readonly low: number;
  readonly high: number;
  readonly worst: number;
  readonly best: number;
}

/** Scores that are worse than the best one by more than this lie on the lower edge. */
const DEEPEST = 1;

/** What a plot of points shows: a factor of two at least of bytes, five hundredths at least of the score, and some room. */
export function frameOf(sizes: readonly number[], scores: readonly number[]): Frame {
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const best = Math.max(...scores);
  const worst = Math.max(Math.min(...scores), best - DEEPEST);
  const room = Math.max(0.025, 0.08 * (best - worst));
  const factor = Math.max(Math.SQRT2, (most / least) ** 0.06);
  return { low: least / factor, high: most * factor, worst: worst - room, best: best + room };
}

/** Places of a size (on a scale of logarithms) and a score, as shares of width and height, from the top left. */
export const placeOf = ({ low, high, worst, best }: Frame, bytes: number, score: number): readonly [number, number] => [
  Math.log(bytes / low) / Math.log(high / low),
  Math.min(1, (best - score) / (best - worst)),
];
