import { readFileSync } from 'node:fs';

/** From -1 to 1 (Lehmer's generator: Park and Miller 1988, with the multiplier 48271). */
export function numbers(seed: number, count: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state * 48271) % 2147483647;
    return (state / 2147483647) * 2 - 1;
  });
}

/** Rows of random numbers. */
export function rows(seed: number, n: number, d: number): number[][] {
  const all = numbers(seed, n * d);
  return Array.from({ length: n }, (_, i) => all.slice(i * d, (i + 1) * d));
}

export interface Inputs {
  readonly x: number[][];
  readonly y: number[] | number[][];
  readonly weights?: number[];
}

/** x, y and weights of a golden case, to the bit those of scripts/golden/learn-linear.py. */
export function inputs(kind: string): Inputs {
  if (kind === 'wine') {
    const lines = readFileSync('data/wine.csv', 'utf8').trim().split('\n').slice(1);
    const table = lines.map((line) => line.split(',').map(Number));
    return { x: table.map((row) => row.slice(0, 12)), y: table.map((row) => row[12]!) };
  }
  const [n, d] = ({ wide: [8, 20], long: [600, 6] } as Record<string, number[]>)[kind] ?? [40, 6];
  const x = rows(7, n!, d!);
  const noise = numbers(11, n!);
  const sizes = [1, 100, 0.01, 10000, 1, 3];
  const places = [0, 5000, 1, -20000, 100, 7];
  for (const row of x) {
    if (kind === 'moved') for (const j of row.keys()) row[j] = row[j]! * sizes[j]! + places[j]!;
    if (kind === 'collinear') {
      row[3] = row[0]! + row[1]!;
      row[4] = 2 * row[2]!;
    }
    if (kind === 'constant') {
      row[2] = 3;
      row[4] = 0.1;
    }
    if (kind === 'ill') row[5] = row[0]! + row[5]! * 1e-5;
  }
  const y = x.map((row, i) => 3 * row[0]! - 2 * row[1]! + 0.5 * row[4]! + 0.3 * noise[i]! + 4);
  if (kind === 'weighted') {
    const weights = numbers(13, n!).map((value) => value + 1);
    weights[3] = 0;
    return { x, y, weights };
  }
  if (kind === 'outputs')
    return {
      x,
      y: x.map((row, i) => [y[i]!, row[2]! - 100 * noise[i]!, 0.001 * row[5]! + 0.001 * noise[i]!]),
    };
  return { x, y };
}
