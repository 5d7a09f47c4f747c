import type { Convolution, Window } from '../interface/convolution.ts';
import type { Slot } from './engine.ts';

type Sizes = Window & Partial<Convolution>;

/** How a convolution or a pool of some sizes is called. */
export interface Plan {
  readonly slot: Slot;
  readonly scratchBytes: number;
  /** What follows the operands that each call gives. */
  readonly operands: readonly number[];
}

const areAlike = (a: Sizes, b: Sizes): boolean =>
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
 * What `make` makes of the sizes of a convolution or a pool, made once for each object, and again if its numbers have changed: for a
 * small image it takes as long as the sums.
 */
export function remembered<S extends Window, T>(make: (s: S) => T): (s: S) => T {
  const known = new WeakMap<S, { readonly sizes: S; readonly made: T }>();
  return (s) => {
    const last = known.get(s);
    if (last !== undefined && areAlike(s, last.sizes)) return last.made;
    const made = make(s);
    known.set(s, { sizes: { ...s }, made });
    return made;
  };
}
