import { type Steps, windowFault, windowOf } from '../../base/window.ts';
import type { Site } from './site.ts';
import { type Axis, arranged, axisOf, permutation, Space, sizeOf, type View, whole } from './views.ts';

/** A tensor [batch, channels, places...] with its channels last. */
export interface Image {
  readonly view: View;
  /** Which axes of places the value has. The others have one place and a window of one tap. */
  readonly kept: readonly number[];
  readonly places: readonly number[];
  readonly batch: Axis;
  readonly channels: Axis;
}

/**
 * A tensor as an image or a sequence, for windows of `taps`; null where its axes cannot be brought there. Axes of one place, which
 * a file adds to sequences so that they are images, are there only if the value has them. Throws for other ranks.
 */
export function imageOf(site: Site, view: View, taps: readonly number[] | null): Image | null {
  const [batch, channels, ...places] = view.dims;
  if (batch === undefined || channels === undefined || (places.length !== 1 && places.length !== 2))
    return site.fail(
      `reads "${view.name}" of ${view.dims.length} axes: networks here have sequences [batch, channels, length] and images ` +
        '[batch, channels, height, width]',
    );
  const pads = site.ints('pads') ?? [];
  const isWide = (axis: number): boolean => (pads[axis] ?? 0) !== 0 || (pads[axis + places.length] ?? 0) !== 0;
  const all = places.map((_, axis) => axis);
  const needed = all.filter((axis) => places[axis]!.length > 0 || taps?.[axis] !== 1 || isWide(axis));
  const wanted = (kept: readonly number[]): Axis[] => [...kept.map((axis) => whole(places[axis]!)), whole(channels)];
  const isThere = view.space.axes !== null || permutation(wanted(all), view.space.given.map(whole)) !== null;
  const fewer = needed.length > 0 && needed.length < all.length ? [needed] : [];
  for (const kept of isThere ? [all, ...fewer] : [...fewer, all]) {
    const found = arranged(site.building, view, wanted(kept));
    if (found !== null)
      return { view: found, kept, places: kept.map((axis) => sizeOf(places[axis]!)), batch, channels };
  }
  return null;
}

/** What comes out of an operation on images, at so many places. */
export function imageView(
  site: Site,
  { view, batch, kept }: Image,
  value: string,
  places: readonly number[],
  channels: Axis,
): View {
  const axes = places.map(axisOf);
  const count = view.dims.length - 2;
  const dims = Array.from({ length: count }, (_, axis) => axes[kept.indexOf(axis)] ?? []);
  return { ...view, name: site.name, value, space: new Space([...axes, channels]), dims: [batch, channels, ...dims] };
}

/** A list with a number for each axis of a window. */
export function perPlace(site: Site, name: string, count: number, least: number, usual: number): number[] {
  const list = site.ints(name) ?? Array<number>(count).fill(usual);
  if (list.length !== count) site.fail(`needs ${count} ${name}, and has ${list.length}`);
  const wrong = list.find((n) => !(n >= least && n < 2 ** 31));
  if (wrong !== undefined) site.fail(`has ${name} of ${wrong}`);
  return [...list];
}

/** How a window goes over an image, by the attributes, with its taps: as many as the value has axes of places. */
export function stepsOf(site: Site, { view, places, kept }: Image, all: readonly number[]): [taps: number[], Steps] {
  const own = (list: readonly number[]): number[] => kept.map((axis) => list[axis]!);
  const taps = own(all);
  return [taps, stepsAlong(site, places, taps, view.dims.length - 2, own)];
}

function stepsAlong(
  site: Site,
  places: readonly number[],
  taps: readonly number[],
  count: number,
  own: (list: readonly number[]) => number[],
): Steps {
  const n = places.length;
  const strides = own(perPlace(site, 'strides', count, 1, 1));
  const dilations = own(perPlace(site, 'dilations', count, 1, 1));
  const all = perPlace(site, 'pads', 2 * count, 0, 0);
  const pads = [...own(all.slice(0, count)), ...own(all.slice(count))];
  const auto = site.text('auto_pad', 'NOTSET');
  const zeros = places.map((length, axis) => {
    const reach = (taps[axis]! - 1) * dilations[axis]! + 1;
    return (Math.ceil(length / strides[axis]!) - 1) * strides[axis]! + reach - length;
  });
  // Some runtimes take what is left over off both ends of the image, others off its end
  if (auto.startsWith('SAME') && zeros.some((all) => all < -1))
    site.fail(`has the auto_pad ${auto.slice(0, 40)} and leaves places out, of which runtimes differ: give pads`);
  if (auto === 'SAME_UPPER') return { strides, dilations, padding: 'same' };
  if (auto === 'VALID' || (auto === 'NOTSET' && pads.every((width) => width === 0)))
    return { strides, dilations, padding: 'valid' };
  if (auto === 'NOTSET')
    return { strides, dilations, padding: places.map((_, axis) => [pads[axis]!, pads[axis + n]!] as const) };
  if (auto !== 'SAME_LOWER') return site.fail(`has the auto_pad "${auto.slice(0, 40)}"`);
  const padding = zeros.map((n) => Math.max(0, n)).map((all) => [Math.ceil(all / 2), Math.floor(all / 2)] as const);
  return { strides, dilations, padding };
}

/** How many positions a window has along each axis. Throws for one that cannot be. */
export function positionsOf(site: Site, places: readonly number[], taps: readonly number[], steps: Steps): number[] {
  const fault = windowFault(places, taps, steps);
  if (fault !== null) site.fail(`has a window that cannot be: ${fault}`);
  const { outHeight, outWidth } = windowOf(1, places, taps, steps);
  return places.length === 1 ? [outWidth] : [outHeight, outWidth];
}

/** An image with zeros around it. */
export function padded(site: Site, image: Image, widths: readonly (readonly [number, number])[]): Image {
  const { view, places, channels } = image;
  const value = site.building.node('zeroPad', `${site.name}/padded`, [view.value], { widths });
  const sizes = places.map((n, axis) => widths[axis]![0] + n + widths[axis]![1]);
  return { ...image, places: sizes, view: imageView(site, image, value, sizes, channels) };
}

/** Zeros that no window can have around it, as it is narrower, before it by themselves. */
export function withWideZeros(site: Site, image: Image, taps: readonly number[], steps: Steps): [Image, Steps] {
  const { padding, dilations } = steps;
  if (typeof padding === 'string') return [image, steps];
  const isWide = padding.some((pair, axis) => Math.max(...pair) > (taps[axis]! - 1) * dilations[axis]!);
  return isWide ? [padded(site, image, padding), { ...steps, padding: 'valid' }] : [image, steps];
}
