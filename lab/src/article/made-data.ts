import { cast, Random, type Tensor, tensor } from 'whittle-ml';
import { PolynomialFeatures, type Regressor, regressionReport } from 'whittle-ml/learn';

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
export const degreeTwo = (x: Tensor): Tensor =>
  cast(new PolynomialFeatures({ includeBias: false }).fitTransform(x), 'float32');

/** The mean squared error of a model of numbers on samples. */
export const errorOf = (model: Regressor, [x, y]: Pair): number =>
  regressionReport(y, model.predict(x)).meanSquaredError;
