import { cosTurns64, exp64, log64 } from '../../kernels/reference/math.ts';
import { checkFlag, ValueError } from '../base/errors.ts';
import { checkFunction, checkNumbers } from '../base/options.ts';

/** Learning rate by training step, counted from 0. Pure, so that training can resume anywhere. */
export type Schedule = (step: number) => number;

const positive = (op: string, field: string, value: number): void => {
  if (!(typeof value === 'number' && value > 0 && value < Infinity))
    throw new ValueError(op, field, 'a positive number', value);
};

/**
 * From `initial` down to alpha·initial over `steps` along half a cosine (Loshchilov & Hutter 2017), then constant.
 *
 * @example
 * const rate = cosineDecay(0.1, 1000, 0.01);
 * [0, 500, 1000, 2000].map((step) => rate(step).toFixed(4)); // [ '0.1000', '0.0505', '0.0010', '0.0010' ]
 */
export function cosineDecay(initial: number, steps: number, alpha = 0): Schedule {
  checkNumbers('cosineDecay', { initial, alpha });
  positive('cosineDecay', 'steps', steps);
  return (step) => {
    if (step >= steps) return initial * alpha; // without what rounding leaves of the cosine
    const turn = Math.round((step / steps) * 2 ** 23); // half a turn is 2²³ of 2²⁴
    return initial * (alpha + ((1 - alpha) * (1 + cosTurns64(turn * 256))) / 2);
  };
}

/**
 * initial·rate^(step/steps), in whole powers when `staircase`.
 *
 * @example
 * const rate = exponentialDecay(0.1, 1000, 0.5);
 * [0, 500, 1000].map((step) => rate(step).toFixed(4)); // [ '0.1000', '0.0707', '0.0500' ]
 * exponentialDecay(0.1, 1000, 0.5, true)(999); // 0.1
 */
export function exponentialDecay(initial: number, steps: number, rate: number, staircase = false): Schedule {
  checkNumbers('exponentialDecay', { initial });
  checkFlag('exponentialDecay', 'staircase', staircase);
  positive('exponentialDecay', 'steps', steps);
  positive('exponentialDecay', 'rate', rate);
  return (step) => {
    const power = staircase ? Math.floor(step / steps) : step / steps;
    return initial * exp64(power * log64(rate));
  };
}

/**
 * initial·factor^⌊step/every⌋ by repeated products.
 *
 * @example
 * const rate = stepDecay(0.5, 100, 0.5);
 * [0, 99, 100, 200].map(rate); // [ 0.5, 0.5, 0.25, 0.125 ]
 */
export function stepDecay(initial: number, every: number, factor: number): Schedule {
  checkNumbers('stepDecay', { initial, factor });
  positive('stepDecay', 'every', every);
  return (step) => {
    let rate = initial;
    for (let i = Math.floor(step / every); i > 0; i--) rate *= factor;
    return rate;
  };
}

/**
 * values[i] from boundaries[i - 1] on.
 *
 * @example
 * const rate = piecewiseConstant([100, 200], [0.1, 0.01, 0.001]);
 * [0, 99, 100, 200].map(rate); // [ 0.1, 0.1, 0.01, 0.001 ]
 */
export function piecewiseConstant(boundaries: readonly number[], values: readonly number[]): Schedule {
  if (!Array.isArray(boundaries) || !Array.isArray(values))
    throw new ValueError('piecewiseConstant', 'boundaries and values', 'lists', [boundaries, values]);
  if (values.length !== boundaries.length + 1) {
    throw new ValueError('piecewiseConstant', 'values', `${boundaries.length + 1} numbers`, values);
  }
  for (const [name, list] of Object.entries({ boundaries, values }))
    for (const [i, value] of list.entries()) checkNumbers('piecewiseConstant', { [`${name}[${i}]`]: value });
  const ends = [...boundaries];
  const rates = [...values];
  return (step) => rates[ends.filter((end) => step >= end).length]!;
}

/**
 * Rises evenly to the schedule's first value over `steps`, then follows the schedule.
 *
 * @example
 * const rate = warmup(4, stepDecay(1, 10, 0.5));
 * [0, 1, 2, 3, 4, 14].map(rate); // [ 0.25, 0.5, 0.75, 1, 1, 0.5 ]
 */
export function warmup(steps: number, after: Schedule): Schedule {
  checkFunction('warmup', 'after', after, 'of the step: a schedule');
  positive('warmup', 'steps', steps);
  return (step) => (step < steps ? (after(0) * (step + 1)) / steps : after(step - steps));
}
