/** Logarithmic axes, and where labels go: what the roofline is drawn with. */
export interface Axis {
  readonly low: number;
  readonly high: number;
  /** Pixels of `low` and `high`. */
  readonly from: number;
  readonly to: number;
}

export const place = ({ low, high, from, to }: Axis, value: number): number =>
  from + ((to - from) * Math.log(value / low)) / Math.log(high / low);

/** Powers of `base` around the values, at least `least` steps apart. */
export function powersAround(values: readonly number[], base: number, least: number): [low: number, high: number] {
  const exponents = values.map((value) => Math.log(value) / Math.log(base)).filter(Number.isFinite);
  let low = Math.floor(Math.min(...(exponents.length === 0 ? [0] : exponents)) + 1e-9);
  let high = Math.ceil(Math.max(low, ...exponents) - 1e-9);
  for (let grows = true; high - low < least; grows = !grows) {
    if (grows) high++;
    else low--;
  }
  return [base ** low, base ** high];
}

/** Powers of `base` from `low` to `high`. */
export function ticks(low: number, high: number, base: number): number[] {
  const first = Math.round(Math.log(low) / Math.log(base));
  const last = Math.round(Math.log(high) / Math.log(base));
  return Array.from({ length: last - first + 1 }, (_, i) => base ** (first + i));
}

/**
 * Heights of labels that do not touch: as near as they can be to those wanted, in their order, `gap` apart, between `top`
 * and `bottom` where there is room for all.
 */
export function spread(wanted: readonly number[], gap: number, top: number, bottom: number): number[] {
  const order = wanted.map((_, i) => i).sort((p, q) => wanted[p]! - wanted[q]!);
  const heights = [...wanted];
  let free = top;
  for (const i of order) {
    heights[i] = Math.max(wanted[i]!, free);
    free = heights[i]! + gap;
  }
  let end = bottom;
  for (const i of order.reverse()) {
    heights[i] = Math.min(heights[i]!, end);
    end = heights[i]! - gap;
  }
  return heights;
}
