import type { Label } from './estimator.ts';

const weightAt = (weights: Float64Array | null, i: number): number => (weights === null ? 1 : weights[i]!);

/** The share of samples, by their weights, whose class is the one that was guessed. */
export function accuracyOf(truth: readonly Label[], guess: readonly Label[], weights: Float64Array | null): number {
  let right = 0;
  let all = 0;
  truth.forEach((label, i) => {
    all += weightAt(weights, i);
    if (label === guess[i]) right += weightAt(weights, i);
  });
  return right / all;
}

/**
 * R² = 1 - Σ w·(y - guess)² / Σ w·(y - mean)², the mean over the outputs of [rows, outputs]. Of an output whose numbers are all
 * alike it is 1 if each is guessed, else 0, as scikit-learn has it.
 */
export function r2Of(y: Float64Array, guess: ArrayLike<number>, outputs: number, weights: Float64Array | null): number {
  let total = 0;
  for (let output = 0; output < outputs; output++) {
    let weight = 0;
    let mean = 0;
    for (let i = output, row = 0; i < y.length; i += outputs, row++) {
      weight += weightAt(weights, row);
      mean += weightAt(weights, row) * y[i]!;
    }
    mean /= weight;
    let residual = 0;
    let spread = 0;
    for (let i = output, row = 0; i < y.length; i += outputs, row++) {
      const error = y[i]! - guess[i]!;
      residual += weightAt(weights, row) * error * error;
      spread += weightAt(weights, row) * (y[i]! - mean) * (y[i]! - mean);
    }
    total += spread === 0 ? Number(residual === 0) : 1 - residual / spread;
  }
  return total / outputs;
}
