import type { Extent, Product } from './product.ts';

/**
 * The order in which exported code reads the numbers of a kernel: unit by unit, of each its terms as they are summed. So a
 * product reads them as they lie, and a code for them can be decoded on the way.
 */
export interface ReadOrder {
  /** Numbers of the last axis of the result, and how many terms the sum of one has. */
  readonly units: number;
  readonly terms: number;
  /** For the i-th number that is read its place in the order of the kernel's axes. */
  readonly places: Int32Array;
  /** How many numbers the last axis of the kernel has, on which the scales of levels lie. */
  readonly last: number;
}

/** The order of a product. */
export function readOrder({ extent }: Pick<Product, 'extent'>): ReadOrder {
  const { units, terms, last, placeOf } = (ORDERS[extent.kind] as (extent: Extent) => Order)(extent);
  const places = new Int32Array(units * terms);
  for (let unit = 0, i = 0; unit < units; unit++)
    for (let term = 0; term < terms; term++) places[i++] = placeOf(unit, term);
  return { units, terms, last, places };
}

interface Order extends Omit<ReadOrder, 'places'> {
  readonly placeOf: (unit: number, term: number) => number;
}

/** One row a kind of product. */
const ORDERS: { readonly [K in Extent['kind']]: (extent: Extract<Extent, { kind: K }>) => Order } = {
  dense: ({ terms, units }) => ({ units, terms, last: units, placeOf: (unit, term) => term * units + unit }),
  conv: ({ windows: { kernelHeight, kernelWidth, channels, groups, units } }) => ({
    units,
    terms: (kernelHeight * kernelWidth * channels) / groups,
    last: units,
    placeOf: (unit, term) => term * units + unit,
  }),
  // Taps come from the last to the first, as positions rise
  transposed({ windows: { kernelHeight, kernelWidth, channels, units } }) {
    const taps = kernelHeight * kernelWidth;
    return {
      units: channels,
      terms: taps * units,
      last: units,
      placeOf: (channel, term) => ((taps - 1 - Math.floor(term / units)) * channels + channel) * units + (term % units),
    };
  },
};

/** Numbers in the order in which they are read. */
export function inOrder<N extends Int8Array | Int16Array | Uint16Array | Float32Array>(
  numbers: N,
  { places }: Pick<ReadOrder, 'places'>,
): N {
  const made = new (numbers.constructor as new (n: number) => N)(places.length);
  for (let i = 0; i < places.length; i++) made[i] = numbers[places[i]!]!;
  return made;
}
