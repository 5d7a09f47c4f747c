import type { Convolution } from '../interface/convolution.ts';

const areAlike = (a: Convolution, b: Convolution): boolean =>
  a.batch === b.batch &&
  a.height === b.height &&
  a.width === b.width &&
  a.outHeight === b.outHeight &&
  a.outWidth === b.outWidth &&
  a.kernelHeight === b.kernelHeight &&
  a.kernelWidth === b.kernelWidth &&
  a.strideY === b.strideY &&
  a.strideX === b.strideX &&
  a.dilationY === b.dilationY &&
  a.dilationX === b.dilationX &&
  a.padTop === b.padTop &&
  a.padLeft === b.padLeft &&
  a.channels === b.channels &&
  a.units === b.units &&
  a.groups === b.groups;

/**
 * What `make` makes of the sizes of a convolution, made once for each object, and again if its numbers have changed: for a
 * small image it takes as long as the sums.
 */
export function remembered<T>(make: (s: Convolution) => T): (s: Convolution) => T {
  const known = new WeakMap<Convolution, { readonly sizes: Convolution; readonly made: T }>();
  return (s) => {
    const last = known.get(s);
    if (last !== undefined && areAlike(s, last.sizes)) return last.made;
    const made = make(s);
    known.set(s, { sizes: { ...s }, made });
    return made;
  };
}
