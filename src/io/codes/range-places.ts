import { listOf, type PlacesCode, tooShort } from './code.ts';
import { bestLag, codeLag, shortest } from './lags.ts';
import { Counters, codeWord, Mixer, ONE } from './mixing.ts';
import { type BitCoder, RangeDecoder } from './range-coder.ts';

/**
 * Codes the cells of a matrix row by row: an encoder reads `held`, a decoder fills it. Pruning takes whole rows (a pixel at the
 * border is always 0) and columns (units that died), and leaves each unit patches of neighbouring pixels. Five models say so: how
 * many of this row are held, where the rows around it say what to begin with; how many of this column; which neighbours are; the
 * nearest of them and the row's logit together; and the share of all. Ahead of the cells come this share, in 256ths, and the lag.
 */
function codeCells(coder: BitCoder, held: Uint8Array, rows: number, columns: number, share = 0, ofLag = 0): void {
  const start = codeWord(coder, 8, share) * (ONE / 256);
  const lag = codeLag(coder, ofLag);
  const row = new Counters(1, 400);
  const column = new Counters(columns, 127, start, 3);
  const near = new Counters(128, 255, start, 1);
  const nearInRow = new Counters(32 * 16, 255, start, 1);
  const all = new Counters(1, 65535, start, 65535);
  const mixer = new Mixer([row, column, near, nearInRow, all], [0.3, 0.5, 0.3, 0.3, -0.5], 10);
  const at = new Int32Array(5);
  const counts = new Int32Array(rows); // held, of each row
  for (let r = 0, i = 0; r < rows; r++) {
    let known = 0;
    let found = 0;
    const ask = (before: number, weight: number): void => {
      if (lag === 0 || before > r) return;
      known += weight * columns;
      found += weight * counts[r - before]!;
    };
    ask(1, 2);
    ask(lag - 1, 1);
    ask(lag, 3);
    ask(lag + 1, 1);
    if (known > 0) row.start(0, Math.max(ONE / 4096, (found / known) * (ONE - 1)), 24);
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

export const encodeRangePlaces: PlacesCode['encode'] = (list, rows, columns) => {
  const held = new Uint8Array(rows * columns);
  if (held.length === 0) return held;
  for (const place of list) held[place] = 1;
  const share = Math.min(255, Math.ceil((256 * list.length) / held.length));
  const lag = bestLag(list, rows, columns, (_, j) => held[j]!);
  return shortest([0, lag], (coder, tried) => codeCells(coder, held, rows, columns, share, tried));
};

export const decodeRangePlaces: PlacesCode['decode'] = (data, rows, columns) => {
  const wrong = tooShort(data, rows * columns);
  if (wrong !== null) return wrong;
  const held = new Uint8Array(rows * columns);
  const coder = new RangeDecoder(data);
  if (held.length > 0) codeCells(coder, held, rows, columns);
  return coder.wrong() ?? listOf(held);
};
