/** Lags are written in so many bits. */
export const LAG_BITS = 12;
const MOST_SAMPLES = 4096;

/**
 * How many rows before its own a number's other neighbour is. The rows of a Dense layer that reads an image of width 28 are its
 * pixels: the one to the left is a row before, the one above 28. Nobody says what the rows are, so this is the lag, from 2 to half
 * of the rows, at which numbers of a column are most `alike`: a figure for the places i and j, added up over a sample of the
 * places held. 0 if nothing speaks for any.
 */
export function bestLag(
  list: ArrayLike<number>,
  rows: number,
  columns: number,
  alike: (i: number, j: number) => number,
): number {
  const stride = Math.ceil(list.length / MOST_SAMPLES);
  let best = 0;
  let most = 0;
  for (let lag = 2; lag < Math.min(rows / 2, 2 ** LAG_BITS); lag++) {
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
