import { Random, type Tensor, tensor } from 'whittle-ml';

export type Pair = readonly [x: Tensor, y: Tensor];

export const FEATURES = 10;

/**
 * Samples of ten features, five of which matter: two along straight lines, two as a product, one by its size. Noise of
 * deviation 1 is on top, so that no model explains more than 85 % of the variance of new samples.
 */
export function noisy(seed: number, stream: string, count: number): Pair {
  const random = new Random(seed, stream);
  const x = random.normal([count, FEATURES]);
  const noise = random.normal([count, 1]);
  const y = Array.from({ length: count }, (_, i) => {
    const [a, b, c, d, e] = x.data.subarray(i * FEATURES);
    return [1.5 * a! - b! + c! * d! + 2 * Math.abs(e!) + noise.data[i]!];
  });
  return [x, tensor(y)];
}

/** The features, their squares and the products of every two. */
export function degreeTwo(x: Tensor): Tensor {
  const [rows, columns] = x.shape as [number, number];
  return tensor(
    Array.from({ length: rows }, (_, i) => {
      const row = x.data.subarray(i * columns, (i + 1) * columns);
      return [...row, ...[...row].flatMap((a, j) => [...row.subarray(j)].map((b) => a * b))];
    }),
  );
}
