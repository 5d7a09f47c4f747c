import { type BytesCode, type Grid, tooShort } from './code.ts';
import { bestLag, LAG_BITS } from './lags.ts';
import { Counters, codeWord, Mixer } from './mixing.ts';
import { type BitCoder, RangeDecoder, RangeEncoder } from './range-coder.ts';

/** What the stream begins with: the largest of the highest bytes, and the lag of `bestLag`, 0 for rows in no order. */
interface Head {
  readonly most: number;
  readonly lag: number;
}

const NONE = 0;

/**
 * Codes numbers of `planes` bytes, of each the highest byte first. A byte is eight bits, and the context of each are those before
 * it: a path in a binary tree. Three models have a tree for the plane; for each neighbour; and for what two neighbours are about.
 * Neighbours of the highest byte, which has the sign, are those of the numbers before in the column: trained weights of
 * neighbouring pixels have one sign nearly always. Of a lower byte it is the one above it.
 */
function codeNumbers(coder: BitCoder, bytes: Uint8Array, planes: number, { list, columns }: Grid, head: Head): void {
  const most = codeWord(coder, 8, head.most);
  const lag = codeWord(coder, LAG_BITS, head.lag);
  const n = bytes.length / planes;
  const models = [1, 257, 25].map((contexts) => new Counters(contexts * planes * 256, 500));
  const mixer = new Mixer(models, [0.34, 0.33, 0.33], 12, planes * 4);
  const at = new Int32Array(3);
  /** 1 more than the highest byte at each place, or NONE. */
  const seen = new Uint16Array(n === 0 ? 0 : (list === null ? n : list[n - 1]!) + 1);
  const about = (value: number): number =>
    value === NONE ? 0 : 1 + Math.min(3, Math.floor(((value - 1) * 4) / (most + 1)));
  for (let k = 0; k < n; k++) {
    const place = list === null ? k : list[k]!;
    const from = (before: number): number => (before < 1 ? NONE : (seen[place - before * columns] ?? NONE));
    let beside = from(1);
    let above = from(lag);
    let near = beside || above || from(lag - 1) || from(lag + 1);
    for (let plane = planes - 1; plane >= 0; plane--) {
      const i = k * planes + plane;
      const set = plane * 4 + (beside === NONE ? 0 : 2) + (above === NONE ? 0 : 1);
      const roots = [plane, near * planes + plane, (about(beside) * 5 + about(above)) * planes + plane];
      let node = 1;
      for (let bit = 7; bit >= 0; bit--) {
        roots.forEach((root, model) => {
          at[model] = root * 256 + node;
        });
        node = node * 2 + mixer.code(coder, at, (bytes[i]! >> bit) & 1, set);
      }
      bytes[i] = node;
      if (plane === planes - 1) seen[place] = bytes[i]! + 1;
      near = bytes[i]! + 1;
      beside = near;
      above = NONE;
    }
  }
}

const ALL: Grid = { list: null, columns: 1 };

export const rangeBytes: BytesCode = {
  encode(bytes, planes, grid = ALL) {
    const { list, columns } = grid;
    const n = bytes.length / planes;
    const places = list ?? Int32Array.from({ length: n }, (_, i) => i);
    const rows = n === 0 ? 0 : Math.floor(places[n - 1]! / columns) + 1;
    const highest = bytes.filter((_, i) => i % planes === planes - 1);
    const most = highest.reduce((a, b) => Math.max(a, b), 0);
    const seen = new Int8Array(rows * columns);
    for (let k = 0; k < n; k++) seen[places[k]!] = highest[k]! * 2 > most ? 1 : -1;
    const codedWith = (lag: number): Uint8Array => {
      const coder = new RangeEncoder();
      if (n > 0) codeNumbers(coder, bytes.slice(), planes, grid, { most, lag });
      return coder.finish();
    };
    const unordered = codedWith(0);
    const lag = bestLag(places, rows, columns, (i, j) => seen[i]! * seen[j]!);
    const ordered = lag === 0 ? unordered : codedWith(lag);
    return ordered.length < unordered.length ? ordered : unordered;
  },
  decode(data, n, planes, grid = ALL) {
    const wrong = tooShort(data, n * planes);
    if (wrong !== null) return wrong;
    const bytes = new Uint8Array(n * planes);
    const coder = new RangeDecoder(data);
    if (n > 0) codeNumbers(coder, bytes, planes, grid, { most: 0, lag: 0 });
    return coder.wrong() ?? bytes;
  },
};
