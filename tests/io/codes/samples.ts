/** Numbers from 0 to 1 (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly list: Int32Array;
}

/** The places of a matrix where `share` of the row and column says so. */
export function maskOf(
  rows: number,
  columns: number,
  seed: number,
  share: (row: number, column: number) => number,
): Matrix {
  const random = numbers(seed);
  const list: number[] = [];
  for (let i = 0; i < rows * columns; i++) if (random() < share(Math.floor(i / columns), i % columns)) list.push(i);
  return { rows, columns, list: Int32Array.from(list) };
}

/**
 * What pruning leaves of a layer that reads images: each unit has patches around a few pixels, none at the border, and is positive
 * in some and negative in others.
 */
export function patches(side: number, units: number, seed: number): Matrix & { readonly signs: Int8Array } {
  const random = numbers(seed);
  const centres = Array.from({ length: units * 2 }, () => [0, 1].map(() => side * (0.3 + 0.4 * random())));
  const cells = Array.from({ length: side * side * units }, (_, i) => {
    const pixel = Math.floor(i / units);
    const near = [0, 1].map((which) => {
      const [y, x] = centres[(i % units) * 2 + which]!;
      return (Math.floor(pixel / side) - y!) ** 2 + ((pixel % side) - x!) ** 2;
    });
    return { isHeld: Math.min(...near) < 3 && random() < 0.8, sign: near[0]! < near[1]! ? 1 : -1 };
  });
  const list = Int32Array.from(cells.flatMap(({ isHeld }, i) => (isHeld ? [i] : [])));
  return { rows: side * side, columns: units, list, signs: Int8Array.from(list, (i) => cells[i]!.sign) };
}

/** Bits that `n` numbers take of which each is drawn with these probabilities. */
export const entropy = (n: number, probabilities: readonly number[]): number =>
  -n * probabilities.reduce((sum, p) => sum + (p > 0 ? p * Math.log2(p) : 0), 0);

export const entropyOfMask = ({ rows, columns, list }: Matrix): number => {
  const share = list.length / (rows * columns);
  return entropy(rows * columns, [share, 1 - share]);
};

/** Numbers below `weights.length`, each as likely as its weight says. */
export function drawn(n: number, weights: readonly number[], seed: number): Uint8Array {
  const random = numbers(seed);
  const sums = weights.map((_, i) => weights.slice(0, i + 1).reduce((a, b) => a + b, 0));
  return Uint8Array.from({ length: n }, () => {
    const at = random() * sums.at(-1)!;
    return sums.findIndex((sum) => at < sum);
  });
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
