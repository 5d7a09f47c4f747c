import { exp64, log64 } from '../../kernels/reference/math.ts';
import { ValueError } from '../base/errors.ts';
import type { Random } from '../tensor/random.ts';

/** Draws a value, such as `(random) => random.normal([1], 0, 2).item()`. */
export type Distribution<T> = (random: Random) => T;

/** From 0 to below 1, in steps of 2⁻⁴⁸. */
function unit(random: Random): number {
  const [high, low] = random.uniform([2]).data as Float32Array; // multiples of 2⁻²⁴
  return high! + low! / 2 ** 24;
}

function checkBounds(op: string, low: number, high: number): void {
  if (!(Number.isFinite(low) && Number.isFinite(high - low) && low < high))
    throw new ValueError(op, 'low and high', 'finite numbers, the smaller first', [low, high]);
}

/**
 * Numbers spread evenly from `low` to `high`.
 *
 * @example
 * const share = uniform(0, 1);
 * const random = new Random(1);
 * Array.from({ length: 4 }, () => share(random).toFixed(2)); // [ '0.62', '0.95', '0.45', '0.15' ]
 */
export function uniform(low: number, high: number): Distribution<number> {
  checkBounds('uniform', low, high);
  return (random) => Math.min(high, low + unit(random) * (high - low));
}

/**
 * Numbers whose logarithms are spread evenly from `low` to `high`, of 1e-38 to 1e38: for what is tried in powers of ten.
 *
 * @example
 * const alpha = logUniform(1e-4, 10);
 * const random = new Random(1);
 * Array.from({ length: 5 }, () => alpha(random).toPrecision(1)); // [ '0.1', '6', '0.02', '0.0005', '0.2' ]
 */
export function logUniform(low: number, high: number): Distribution<number> {
  checkBounds('logUniform', low, high);
  if (!(low >= 1e-38 && high <= 1e38))
    throw new ValueError('logUniform', 'low and high', 'from 1e-38 to 1e38', [low, high]);
  const from = log64(low);
  const span = log64(high) - from;
  return (random) => Math.min(high, Math.max(low, exp64(from + unit(random) * span)));
}

/**
 * Integers from `low` to `high`, both of them too.
 *
 * @example
 * const die = integers(1, 6);
 * const random = new Random(1);
 * [die(random), die(random), die(random)]; // [ 4, 6, 3 ]
 */
export function integers(low: number, high: number): Distribution<number> {
  checkBounds('integers', low, high);
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || high - low >= 2 ** 48)
    throw new ValueError('integers', 'low and high', 'integers less than 2^48 apart', [low, high]);
  return (random) => low + Math.floor(unit(random) * (high - low + 1));
}
