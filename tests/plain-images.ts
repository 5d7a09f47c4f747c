import { at, generate, type Plain, sizeOf, total } from './plain.ts';

/**
 * Windows over images as a newcomer would write them: the image is padded into a larger array, and a window's numbers are
 * then looked up there. Images are [batch, ...sizes, channels] of any number of axes; nothing here comes from the library.
 */

/** Zeros, or whatever else surrounds, before and behind an axis. */
export type Width = readonly [before: number, behind: number];

export interface PlainWindow {
  readonly taps: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: 'same' | 'valid' | readonly Width[];
}

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** From a window's first tap to its last. */
const spans = ({ taps, dilations }: PlainWindow): number[] => taps.map((n, axis) => 1 + (n - 1) * dilations[axis]!);

/** TensorFlow's rule for 'same' as its documentation has it: by the remainder of the length. */
function sameWidth(length: number, span: number, stride: number): Width {
  const rest = length % stride;
  const all = Math.max(span - (rest === 0 ? stride : rest), 0);
  return [Math.floor(all / 2), Math.ceil(all / 2)];
}

export function widthsOf(sizes: readonly number[], window: PlainWindow): readonly Width[] {
  const { padding, strides } = window;
  if (padding === 'valid') return sizes.map(() => [0, 0]);
  if (padding !== 'same') return padding;
  return sizes.map((length, axis) => sameWidth(length, spans(window)[axis]!, strides[axis]!));
}

/** How many times the window fits, counted one by one. */
export function positionsOf(sizes: readonly number[], window: PlainWindow): number[] {
  const widths = widthsOf(sizes, window);
  return sizes.map((length, axis) => {
    let positions = 0;
    for (
      let end = spans(window)[axis]!;
      end <= widths[axis]![0] + length + widths[axis]![1];
      end += window.strides[axis]!
    )
      positions++;
    return positions;
  });
}

/** The image within a larger one of `value`; batch and channels stay. */
export function padded(x: Plain, widths: readonly Width[], value: number): Plain {
  const shape = x.shape.map((n, axis) => n + total([...(widths[axis - 1] ?? [0])]));
  return generate(shape, (index) => {
    const from = index.map((i, axis) => i - (widths[axis - 1]?.[0] ?? 0));
    return from.every((i, axis) => i >= 0 && i < x.shape[axis]!) ? at(x, from) : value;
  });
}

/** Places of the taps of the window at `position`, in the padded image. */
function placesOf({ taps, strides, dilations }: PlainWindow, position: readonly number[]): number[][] {
  return taps.reduce<number[][]>(
    (heads, n, axis) =>
      heads.flatMap((head) =>
        range(n).map((tap) => [...head, position[axis]! * strides[axis]! + tap * dilations[axis]!]),
      ),
    [[]],
  );
}

export interface PlainConvolution extends PlainWindow {
  readonly groups: number;
  readonly activation: 'linear' | 'relu' | 'relu6';
}

const ACTIVATIONS = {
  linear: (x: number): number => x,
  relu: (x: number): number => Math.max(x, 0),
  relu6: (x: number): number => (x < 0 ? 0 : Math.min(x, 6)),
};

/** activation(Σ x·kernel + bias); the taps of `window` are those of the kernel. */
export function convolved(
  x: Plain,
  kernel: Plain,
  bias: Plain | undefined,
  how: Omit<PlainConvolution, 'taps'>,
): Plain {
  const window = { ...how, taps: kernel.shape.slice(0, -2) };
  const sizes = x.shape.slice(1, -1);
  const [perGroup, units] = kernel.shape.slice(-2) as [number, number];
  const image = padded(x, widthsOf(sizes, window), 0);
  return generate([x.shape[0]!, ...positionsOf(sizes, window), units], (index) => {
    const [n, u] = [index[0]!, index.at(-1)!];
    const part = Math.floor((u * how.groups) / units);
    const places = placesOf(window, index.slice(1, -1));
    const sum = total(
      places.flatMap((place, tap) =>
        range(perGroup).map(
          (c) => at(image, [n, ...place, part * perGroup + c]) * kernel.data[(tap * perGroup + c) * units + u]!,
        ),
      ),
    );
    return ACTIVATIONS[how.activation](sum + (bias?.data[u] ?? 0));
  });
}

/** A kernel by channel, [...taps, channels, multiplier], as one for all channels of a plain convolution: zeros elsewhere. */
export function spreadKernel(kernel: Plain): Plain {
  const [channels, multiplier] = kernel.shape.slice(-2) as [number, number];
  return generate([...kernel.shape.slice(0, -2), channels, channels * multiplier], (index) => {
    const [c, u] = index.slice(-2) as [number, number];
    const isOwn = multiplier > 0 && Math.floor(u / multiplier) === c;
    return isOwn ? at(kernel, [...index.slice(0, -2), c, u % multiplier]) : 0;
  });
}

/** Every number of x spread over the result by the kernel [...taps, units, channels]: what hangs over is cut off. */
export function spreadOut(
  x: Plain,
  kernel: Plain,
  bias: Plain | undefined,
  how: Omit<PlainConvolution, 'taps' | 'groups'>,
): Plain {
  const taps = kernel.shape.slice(0, -2);
  const window = { ...how, taps };
  const [units, channels] = kernel.shape.slice(-2) as [number, number];
  const counts = x.shape.slice(1, -1);
  // All that a number of x can reach, and then what is left of it.
  const whole = counts.map((n, axis) => (n - 1) * how.strides[axis]! + spans(window)[axis]!);
  const sum: Plain & { data: number[] } = { shape: [x.shape[0]!, ...whole, units], data: [] };
  sum.data.push(...Array<number>(sizeOf(sum.shape)).fill(0));
  for (const [i, value] of x.data.entries()) {
    const c = i % channels;
    let rest = Math.floor(i / channels);
    const position = counts.map(() => 0);
    for (let axis = counts.length - 1; axis >= 0; axis--) {
      position[axis] = rest % counts[axis]!;
      rest = Math.floor(rest / counts[axis]!);
    }
    for (const [tap, place] of placesOf(window, position).entries()) {
      const first = place.reduce((to, n, axis) => to * whole[axis]! + n, rest) * units;
      for (let u = 0; u < units; u++) sum.data[first + u]! += value * kernel.data[(tap * units + u) * channels + c]!;
    }
  }
  const { padding } = how;
  const cut = counts.map((n, axis): Width => {
    const [stride, span] = [how.strides[axis]!, spans(window)[axis]!];
    if (typeof padding !== 'string') return padding[axis]!;
    const wanted = n * stride + (padding === 'valid' ? Math.max(span - stride, 0) : 0);
    const over = whole[axis]! - wanted;
    return over < 0 ? [0, over] : [Math.floor(over / 2), Math.ceil(over / 2)];
  });
  const shape = [x.shape[0]!, ...whole.map((n, axis) => n - total([...cut[axis]!])), units];
  return generate(shape, (index) => {
    const from = index.map((i, axis) => i + (cut[axis - 1]?.[0] ?? 0));
    const value = from.every((i, axis) => i < sum.shape[axis]!) ? at(sum, from) : 0;
    return ACTIVATIONS[how.activation](value + (bias?.data[index.at(-1)!] ?? 0));
  });
}

/** f of the numbers of every window that lie inside the image, channel by channel. */
export function pooled(f: (list: number[]) => number, x: Plain, window: PlainWindow): Plain {
  const sizes = x.shape.slice(1, -1);
  const widths = widthsOf(sizes, window);
  const isInside = padded({ ...x, data: x.data.map(() => 1) }, widths, 0);
  const image = padded(x, widths, 0);
  return generate([x.shape[0]!, ...positionsOf(sizes, window), x.shape.at(-1)!], (index) => {
    const places = placesOf(window, index.slice(1, -1)).map((place) => [index[0]!, ...place, index.at(-1)!]);
    return f(places.filter((place) => at(isInside, place) === 1).map((place) => at(image, place)));
  });
}

/** The mean, and the variance by n. */
export function momentsOf(list: readonly number[]): readonly [mean: number, variance: number] {
  const mean = total(list) / list.length;
  return [mean, total(list.map((x) => (x - mean) ** 2)) / list.length];
}
