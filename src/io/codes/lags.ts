import { codeWord, EVEN } from './mixing.ts';
import { type BitCoder, RangeEncoder } from './range-coder.ts';

const LAG_BITS = 12;
const MOST_SAMPLES = 4096;

/** Codes a lag: a bit whether there is one, and then which. */
export const codeLag = (coder: BitCoder, lag: number): number =>
  coder.code(EVEN, lag > 0 ? 1 : 0) === 0 ? 0 : codeWord(coder, LAG_BITS, lag);

/**
 * How many rows before its own a number's other neighbour is. The rows of a Dense layer that reads images of width 28 are their
 * pixels: the one to the left is a row before, the one above 28. Nobody says what rows are, so this is the lag, from 2 to half
 * of the rows, at which the numbers of a column are most `alike`: a figure for the places i and j, added up over a sample of
 * `list`. 0 if nothing speaks for any.
 */
export function bestLag(
  list: Int32Array,
  rows: number,
  columns: number,
  alike: (i: number, j: number) => number,
): number {
  const stride = Math.ceil(list.length / MOST_SAMPLES);
  let best = 0;
  let most = 0;
  for (let lag = 2; lag < Math.min(rows / 2, 1 << LAG_BITS); lag++) {
    let sum = 0;
    for (let k = 0; k < list.length; k += stride) {
      const j = list[k]! - lag * columns;
      if (j >= 0) sum += alike(list[k]!, j);
    }
    if (sum > most) {
      most = sum;
      best = lag;
    }
  }
  return best;
}

/** The shortest of the streams with these lags, the first of those that are as long. */
export function shortest(
  lags: readonly number[],
  write: (coder: BitCoder, lag: number) => void,
): { readonly lag: number; readonly stream: Uint8Array } {
  const streams = [...new Set(lags)].map((lag) => {
    const coder = new RangeEncoder();
    write(coder, lag);
    return { lag, stream: coder.finish() };
  });
  return streams.reduce((best, next) => (next.stream.length < best.stream.length ? next : best));
}
