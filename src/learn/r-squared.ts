import type { Matrix } from './samples.ts';

/**
 * R² = 1 - Σw(y - ŷ)²/Σw(y - ȳ)², of several outputs the mean, as scikit-learn's `r2_score`: where all targets are the same,
 * as of one sample, it is 1 for exact predictions and 0 for others.
 */
export function rSquared(y: Matrix, predicted: ArrayLike<number>, weights: Float64Array | null): number {
  const { data, rows, columns } = y;
  let total = 0;
  for (let j = 0; j < columns; j++) {
    let weight = 0;
    let mean = 0;
    for (let i = 0; i < rows; i++) weight += weights?.[i] ?? 1;
    // From the first target on, so that the mean of equal targets is exact.
    for (let i = 0; i < rows; i++) mean += (weights?.[i] ?? 1) * (data[i * columns + j]! - data[j]!);
    mean = data[j]! + mean / weight;
    let left = 0;
    let all = 0;
    for (let i = 0; i < rows; i++) {
      const error = data[i * columns + j]! - predicted[i * columns + j]!;
      const deviation = data[i * columns + j]! - mean;
      left += (weights?.[i] ?? 1) * error * error;
      all += (weights?.[i] ?? 1) * deviation * deviation;
    }
    total += all > 0 ? 1 - left / all : left > 0 ? 0 : 1;
  }
  return total / columns;
}
