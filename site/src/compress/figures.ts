import { show } from '../fit/visual/numbers.ts';

const thousands = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** A count with its thousands apart. */
export const whole = (x: number): string => thousands.format(x);

/** Bytes with the unit that fits; exact up to 10 000. */
export function bytesText(x: number): string {
  if (x < 10_000) return `${whole(x)} B`;
  return x < 1e6 ? `${show(x / 1e3)} kB` : `${show(x / 1e6)} MB`;
}

/** Millionths of a second with the unit that fits. */
export const timeText = (microseconds: number): string =>
  microseconds < 0.01
    ? '< 0.01 µs'
    : microseconds < 1000
      ? `${show(microseconds)} µs`
      : `${show(microseconds / 1000)} ms`;
