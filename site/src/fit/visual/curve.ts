import type { Picture, Samples } from '../../engine/messages.ts';

export type CurvePicture = Extract<Picture, { kind: 'curve' }>;

/** Lowest and highest of the values to be seen: samples and truth, and the curve as far as it is not far outside of them. */
export function valueRange(picture: CurvePicture | null, samples: Samples): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const width = samples.inputs + 1;
  const take = (value: number): void => {
    if (value < low) low = value;
    if (value > high) high = value;
  };
  for (const rows of [samples.train, samples.validation, samples.test])
    for (let i = width - 1; i < rows.length; i += width) take(rows[i]!);
  picture?.truth?.forEach(take);
  if (!(high >= low)) return [-1, 1];
  const room = (high - low || 1) * 0.12;
  return [low - room, high + room];
}

/** Index of the value of rising `xs` that is nearest to `x`. */
export function nearest(xs: Float32Array, x: number): number {
  let [low, high] = [0, xs.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle]! < x) low = middle;
    else high = middle;
  }
  return x - xs[low]! <= xs[high]! - x ? low : high;
}
