import { listOf, type PlacesCode, tooShort } from './code.ts';
import { bestLag, codeLag, shortest } from './lags.ts';
import { codeWord, Mixer, ONE } from './mixing.ts';
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
  const models = [
    { contexts: 1, limit: 400 }, // of the row
    { contexts: columns, limit: 127, p: start, count: 3 }, // of the column
    { contexts: 128, limit: 255, p: start, count: 1 }, // near
    { contexts: 32 * 16, limit: 255, p: start, count: 1 }, // near, in this row
    { contexts: 1, limit: 65535, p: start, count: 65535 }, // of all
  ];
  const mixer = new Mixer(models, [0.3, 0.5, 0.3, 0.3, -0.5], 10);
  const [row = 0, column = 0, near = 0, nearInRow = 0, all = 0] = mixer.first;
  const at = Int32Array.of(row, 0, 0, 0, all);
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
    if (known > 0) mixer.start(row, Math.max(ONE / 4096, (found / known) * (ONE - 1)), 24);
    else mixer.start(row, start, 3);
    for (let c = 0; c < columns; c++, i++) {
      const from = (before: number): number => (lag === 0 ? 0 : (held[i - before * columns] ?? 0));
      const nearest = from(1) | (from(lag) << 1) | (from(lag - 1) << 2) | (from(lag + 1) << 3);
      at[1] = column + c;
      at[2] = near + (nearest | (from(2) << 4) | (from(2 * lag) << 5) | (c > 0 ? held[i - 1]! << 6 : 0));
      at[3] = nearInRow + ((mixer.logit(row) + 2047) >> 7) * 16 + nearest;
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
  return shortest([0, lag], (coder, tried) => codeCells(coder, held, rows, columns, share, tried)).stream;
};

export const decodeRangePlaces: PlacesCode['decode'] = (data, rows, columns) => {
  const wrong = tooShort(data, rows * columns);
  if (wrong !== null) return wrong;
  const held = new Uint8Array(rows * columns);
  const coder = new RangeDecoder(data);
  if (held.length > 0) codeCells(coder, held, rows, columns);
  return coder.wrong() ?? listOf(held);
};
