import { type BytesCode, type Grid, ONE_COLUMN, planeOf, tooShort } from './code.ts';
import { bestLag, codeLag, shortest } from './lags.ts';
import { codeWord, Mixer } from './mixing.ts';
import { type BitCoder, RangeDecoder } from './range-coder.ts';

/** Where no number is. A byte that is there is 1 more than itself. */
const NONE = 0;

/**
 * Codes numbers of `planes` bytes, of each the highest byte first. A byte is eight bits, and those before are the context of each:
 * it is a path in a binary tree. Of three models the first has one tree; the second one for each byte that the nearest neighbour may
 * have; the third for what two neighbours are about. Neighbours of the highest byte, which has the sign, are numbers before it in
 * its column: the weights of neighbouring pixels have one sign nearly always. For a lower byte it is the byte above it. Ahead of
 * the numbers come the largest of the highest bytes and the lag, 0 where no number helps another.
 */
function codeNumbers(coder: BitCoder, bytes: Uint8Array, planes: number, grid: Grid, largest = 0, ofLag = 0): void {
  const { list, columns } = grid;
  const n = bytes.length / planes;
  const eighth = (codeWord(coder, 8, largest) + 1) / 8;
  const lag = codeLag(coder, ofLag);
  const models = [1, 257, 81].map((trees) => ({ contexts: trees * planes * 256, limit: 500 }));
  const mixer = new Mixer(models, [0.34, 0.33, 0.33], 11, planes * 4);
  const [first = 0, second = 0, third = 0] = mixer.first;
  const at = new Int32Array(3);
  const highest = new Uint16Array((list === null ? n : list[n - 1]!) + 1); // by place
  const about = (byte: number): number => (byte === NONE ? 0 : Math.min(8, 1 + Math.floor((byte - 1) / eighth)));
  for (let k = 0; k < n; k++) {
    const place = list === null ? k : list[k]!;
    const from = (before: number): number =>
      lag === 0 || before === 0 ? NONE : (highest[place - before * columns] ?? NONE);
    let beside = from(1);
    let above = from(lag);
    let nearest = beside || above || from(lag - 1) || from(lag + 1);
    for (let plane = planes - 1; plane >= 0; plane--) {
      const i = k * planes + plane;
      const root = first + plane * 256;
      const rootOfNearest = second + (nearest * planes + plane) * 256;
      const rootOfBoth = third + ((about(beside) * 9 + about(above)) * planes + plane) * 256;
      const set = plane * 4 + (beside === NONE ? 0 : 2) + (above === NONE ? 0 : 1);
      let node = 1;
      for (let bit = 7; bit >= 0; bit--) {
        at[0] = root + node;
        at[1] = rootOfNearest + node;
        at[2] = rootOfBoth + node;
        node = node * 2 + mixer.code(coder, at, (bytes[i]! >> bit) & 1, set);
      }
      bytes[i] = node;
      nearest = (node & 255) + 1;
      if (plane === planes - 1) highest[place] = nearest;
      beside = nearest;
      above = NONE;
    }
  }
}

export const encodeRangeBytes: BytesCode['encode'] = (bytes, planes, grid = ONE_COLUMN) => {
  const n = bytes.length / planes;
  if (n === 0) return new Uint8Array();
  const list = grid.list ?? Int32Array.from({ length: n }, (_, i) => i);
  const highest = planeOf(bytes, planes - 1, planes);
  let largest = 0;
  for (let k = 0; k < n; k++) largest = Math.max(largest, highest[k]!);
  const halves = new Int8Array(list[n - 1]! + 1);
  for (let k = 0; k < n; k++) halves[list[k]!] = highest[k]! * 2 > largest ? 1 : -1;
  const rows = Math.ceil(halves.length / grid.columns);
  const lag = bestLag(list, rows, grid.columns, (i, j) => halves[i]! * halves[j]!);
  // Lower bytes cost the same whatever the lag is
  const best = shortest([0, 1, lag], (coder, tried) => codeNumbers(coder, highest.slice(), 1, grid, largest, tried));
  if (planes === 1) return best.stream;
  return shortest([best.lag], (coder, tried) => codeNumbers(coder, bytes.slice(), planes, grid, largest, tried)).stream;
};

export const decodeRangeBytes: BytesCode['decode'] = (data, n, planes, grid = ONE_COLUMN) => {
  const wrong = tooShort(data, 8 * n * planes);
  if (wrong !== null) return wrong;
  const bytes = new Uint8Array(n * planes);
  const coder = new RangeDecoder(data);
  if (n > 0) codeNumbers(coder, bytes, planes, grid);
  return coder.wrong() ?? bytes;
};
