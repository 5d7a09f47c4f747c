/** The places of a slider: evenly between two numbers, or a list of numbers, in rising order. */
export type Scale =
  | { readonly min: number; readonly max: number; readonly step: number }
  | { readonly stops: readonly number[] };

/** What an `<input type=range>` is given so that each of its places is a value of the scale. */
export interface Places {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

export function placesOf(scale: Scale): Places {
  return 'stops' in scale ? { min: 0, max: scale.stops.length - 1, step: 1 } : scale;
}

/** Where the value, or what is nearest to it, lies. */
export function placeOf(value: number, scale: Scale): number {
  if (!('stops' in scale)) return Math.min(scale.max, Math.max(scale.min, value));
  let nearest = 0;
  for (const [place, stop] of scale.stops.entries()) {
    if (distance(stop, value) < distance(scale.stops[nearest]!, value)) nearest = place;
  }
  return nearest;
}

export function valueAt(place: number, scale: Scale): number {
  if ('stops' in scale) return scale.stops[Math.min(scale.stops.length - 1, Math.max(0, Math.round(place)))]!;
  // 0.1 + 2 * 0.1 is 0.30000000000000004: steps are decimal, and so is what they lead to.
  return Number(place.toFixed(10));
}

/** Stops are spread by ratio, so nearness is too; zero is nearest to zero only. */
function distance(stop: number, value: number): number {
  if (stop === value) return 0;
  if (stop <= 0 || value <= 0) return Number.MAX_VALUE;
  return Math.abs(Math.log(stop / value));
}

/** 1, 2, 5 of each power of ten (or others of `of`) from `min` to `max`, both included. */
export function decades(min: number, max: number, of: readonly number[] = [1, 2, 5]): readonly number[] {
  const stops: number[] = [];
  for (let power = Math.floor(Math.log10(min)); 10 ** power <= max; power++) {
    for (const digit of of) {
      const stop = Number(`${digit}e${power}`);
      if (stop >= min && stop <= max) stops.push(stop);
    }
  }
  return stops;
}
