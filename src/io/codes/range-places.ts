import { listOf, type PlacesCode, tooShort } from './code.ts';
import { bestLag, LAG_BITS } from './lags.ts';
import { Counters, codeWord, Mixer, ONE } from './mixing.ts';
import { type BitCoder, RangeDecoder, RangeEncoder } from './range-coder.ts';

/** What the stream begins with: how many of 256 numbers are held (0: none is), and the lag of `bestLag`, 0 for rows in no order. */
interface Head {
  readonly share: number;
  readonly lag: number;
}

/**
 * Codes the cells of a matrix row by row: an encoder reads `held`, a decoder fills it. Pruning takes whole rows (a pixel at the
 * border is always 0) and columns (units that died), and leaves patches of neighbouring pixels to each unit. Five models say so:
 * how many of this row are held, where the rows around it say what to begin with; how many of this column; what the neighbours
 * are; the nearest of them together with the row's logit; and how many there are of all.
 */
function codeCells(coder: BitCoder, held: Uint8Array, rows: number, columns: number, head: Head): void {
  const share = codeWord(coder, 8, head.share);
  if (share === 0) return;
  const lag = codeWord(coder, LAG_BITS, head.lag);
  const start = share * (ONE / 256);
  const row = new Counters(1, 400);
  const column = new Counters(columns, 127, start, 3);
  const near = new Counters(128, 255, start, 1);
  const inRow = new Counters(32 * 16, 255, start, 1);
  const all = new Counters(1, 65535, start, 65535);
  const mixer = new Mixer([row, column, near, inRow, all], [0.3, 0.5, 0.3, 0.3, -0.5], 10);
  const at = new Int32Array(5);
  /** How many of each row are held. */
  const counts = new Int32Array(rows);
  for (let r = 0, i = 0; r < rows; r++) {
    let known = 0;
    let found = 0;
    const ask = (weight: number, before: number): void => {
      if (lag === 0 || before > r) return;
      known += weight * columns;
      found += weight * counts[r - before]!;
    };
    ask(2, 1);
    ask(3, lag);
    ask(1, lag - 1);
    ask(1, lag + 1);
    if (known > 0) row.start(0, Math.max(ONE / 4096, (found / known) * ONE), 24);
    else row.start(0, start, 3);
    for (let c = 0; c < columns; c++, i++) {
      const from = (before: number): number => (lag === 0 ? 0 : (held[i - before * columns] ?? 0));
      const nearest = from(1) | (from(lag) << 1) | (from(lag - 1) << 2) | (from(lag + 1) << 3);
      at[1] = c;
      at[2] = nearest | (from(2) << 4) | (from(2 * lag) << 5) | (c > 0 ? held[i - 1]! << 6 : 0);
      at[3] = ((row.logit(0) + 2047) >> 7) * 16 + nearest;
      held[i] = mixer.code(coder, at, held[i]!);
      counts[r] = counts[r]! + held[i]!;
    }
  }
}

export const rangePlaces: PlacesCode = {
  encode(list, rows, columns) {
    const held = new Uint8Array(rows * columns);
    for (const place of list) held[place] = 1;
    const share = Math.min(255, Math.ceil((256 * list.length) / held.length));
    const codedWith = (lag: number): Uint8Array => {
      const coder = new RangeEncoder();
      if (held.length > 0) codeCells(coder, held, rows, columns, { share, lag });
      return coder.finish();
    };
    const unordered = codedWith(0);
    const lag = bestLag(list, rows, columns, (_, j) => held[j]!);
    const ordered = lag === 0 ? unordered : codedWith(lag);
    return ordered.length < unordered.length ? ordered : unordered;
  },
  decode(data, rows, columns) {
    const wrong = tooShort(data, rows * columns);
    if (wrong !== null) return wrong;
    const held = new Uint8Array(rows * columns);
    const coder = new RangeDecoder(data);
    if (held.length > 0) codeCells(coder, held, rows, columns, { share: 0, lag: 0 });
    return coder.wrong() ?? listOf(held);
  },
};
