import { figure, percent } from '../../../bench/format.ts';
import type { RowResult } from '../../../bench/measure.ts';
import type { Peak } from '../../../bench/roofline.ts';
import type { Text } from '../text/text.ts';
import { markOf } from './bound.ts';
import type { Choice } from './ladders.ts';
import { joinedText, reasonText, rungText } from './words.ts';

/** A rung in a table. */
export interface Line {
  readonly key: string;
  readonly rung: string;
  readonly reason: string;
  readonly milliseconds: string;
  readonly rate: string;
  /** Of the fastest rung's rate, 0 to 1. */
  readonly part: number;
  readonly ratio: string;
  /** Empty where the machine's peak is not known. */
  readonly share: string;
  readonly isFastest: boolean;
  readonly isNoisy: boolean;
}

/** The rungs of a row in their order. `choice` is null for a row of the graphics processor, whose roof is not known. */
export function linesOf(
  words: Text['kernels'],
  ladder: string,
  choice: Choice | null,
  row: RowResult,
  peak: Peak | null,
): Line[] {
  const most = Math.max(...row.variants.map(({ rate }) => rate));
  return row.variants.map((variant): Line => {
    const { name, who, how, median, rate, ratio, noisy } = variant;
    const share = choice === null || peak === null ? null : markOf(choice, variant, peak).share;
    return {
      key: name,
      rung: rungText(words, who, how),
      reason: reasonText(words, ladder, who, how),
      milliseconds: figure(1000 * median),
      rate: figure(rate),
      part: rate / most,
      ratio: figure(ratio.median),
      share: share === null ? '' : percent(share),
      isFastest: rate === most,
      isNoisy: noisy,
    };
  });
}

/** What the ratios of a row are to. Rows that compare within tables have several bases: then the first says it for all. */
export function baseText(words: Text['kernels'], { variants }: RowResult): string {
  const [first] = variants;
  if (first === undefined) return '';
  const bases = new Set(variants.map(({ base }) => base));
  return bases.size === 1 ? joinedText(words, first.base) : (words.hows[first.how] ?? joinedText(words, first.base));
}

/** What was found wrong, in sentences: rungs that are not ranked, and why. */
export const failuresOf = (words: Text['kernels'], { failures }: RowResult): string[] =>
  failures.map(({ name, message }) => words.wrong(joinedText(words, name), message));
