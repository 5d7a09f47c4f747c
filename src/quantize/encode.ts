import { roundHalfEven } from '../../kernels/reference/math.ts';
import { StateError, ValueError } from '../base/errors.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { decodeWeight } from '../graph/decode.ts';
import type { Encoding, LevelCodeBits, Stored } from '../graph/encoding.ts';
import { toBfloat16, toFloat16 } from '../graph/halves.ts';
import { packedCodes } from '../graph/levels.ts';
import { run } from '../memory/runtime.ts';
import { WEIGHT_FORMATS, type WeightFormat, type WeightFormatName } from './formats.ts';
import { fractionFor } from './ranges.ts';

/** What the scales of a product of integers have to be besides. */
export interface ScaleLimits {
  /** Of each column, [units]: its bias has no integer on a finer scale. */
  readonly least?: Float64Array;
  /** Whether all of int8's scales are one. Default false. */
  readonly isOne?: boolean;
}

type Encode = (values: Float32Array, shape: Shape, format: WeightFormat, limits: ScaleLimits) => Encoding;

/** Scales below this are 1: quotients by smaller ones overflow. */
const LEAST_SCALE = 2 ** -100;

const usable = (scale: number): number => (Math.fround(scale) < LEAST_SCALE ? 1 : Math.fround(scale));

/** Usable scales of groups, [groups, units]. */
const usables = (scales: ArrayLike<number>, shape: Shape, { least }: ScaleLimits): Float32Array =>
  Float32Array.from(scales, (scale, g) => usable(Math.max(scale, least?.[g % shape.at(-1)!] ?? 0)));

/** Of the groups of a matrix [terms, units]: how many rows each has, how many there are, and the group of each number. */
export function groupsIn(
  shape: Shape,
  { group = 'column' }: WeightFormat,
): { readonly rows: number; readonly count: number; readonly of: (i: number) => number } {
  const units = shape.at(-1) ?? 1;
  const terms = units === 0 ? 0 : elementsOf(shape) / units;
  const rows = Math.min(group === 'column' ? Infinity : group, Math.max(1, terms));
  return {
    rows,
    count: Math.ceil(terms / rows) * units,
    of: (i) => Math.floor(Math.floor(i / units) / rows) * units + (i % units),
  };
}

/** Levels nearest to each number, symmetric: scale = max|w| of the group over the largest level. */
const symmetric =
  (bits: LevelCodeBits, most: number): Encode =>
  (values, shape, format, limits) => {
    const { rows, count, of } = groupsIn(shape, format);
    const largest = new Float64Array(count);
    values.forEach((w, i) => {
      largest[of(i)] = Math.max(largest[of(i)]!, Math.abs(w));
    });
    const scales = usables(
      largest.map((top) => top / most),
      shape,
      limits,
    );
    const middle = 2 ** (bits - 1);
    const codes = Uint8Array.from(values, (w, i) => {
      const level = roundHalfEven(w / scales[of(i)]!);
      return middle + Math.min(most, Math.max(-most, level));
    });
    return { type: 'levels', values: packedCodes(codes, bits), bits, group: rows, scales, zeroPoints: null };
  };

/** Levels from the least to the greatest number of a group, and 0, which has a code. */
const asymmetric =
  (bits: LevelCodeBits): Encode =>
  (values, shape, format) => {
    const { rows, count, of } = groupsIn(shape, format);
    const low = new Float64Array(count);
    const high = new Float64Array(count);
    values.forEach((w, i) => {
      low[of(i)] = Math.min(low[of(i)]!, w);
      high[of(i)] = Math.max(high[of(i)]!, w);
    });
    const most = 2 ** bits - 1;
    const scales = Float32Array.from(low, (from, g) => usable((high[g]! - from) / most));
    const zeroPoints = Uint8Array.from(low, (from, g) =>
      Math.min(most, Math.max(0, roundHalfEven(-from / scales[g]!))),
    );
    const codes = Uint8Array.from(values, (w, i) => {
      const g = of(i);
      return Math.min(most, Math.max(0, roundHalfEven(w / scales[g]!) + zeroPoints[g]!));
    });
    return { type: 'levels', values: packedCodes(codes, bits), bits, group: rows, scales, zeroPoints };
  };

/** The sum of a function of the numbers of each group, and how many were counted. */
function meansOf(values: Float32Array, shape: Shape, format: WeightFormat, f: (w: number, g: number) => number | null) {
  const { count, of } = groupsIn(shape, format);
  const sums = new Float64Array(count);
  const counts = new Float64Array(count);
  values.forEach((w, i) => {
    const y = f(w, of(i));
    if (y === null) return;
    sums[of(i)]! += y;
    counts[of(i)]! += 1;
  });
  return sums.map((sum, g) => (counts[g] === 0 ? 0 : sum / counts[g]!));
}

/** Signs times the mean of |w|, which has the least squared error (Rastegari et al. 2016, section 3.1). */
const binary: Encode = (values, shape, format, limits) => {
  const { rows } = groupsIn(shape, format);
  const scales = usables(meansOf(values, shape, format, Math.abs), shape, limits);
  const codes = Uint8Array.from(values, (w) => (w < 0 ? 0 : 1));
  return { type: 'levels', values: packedCodes(codes, 1), bits: 1, group: rows, scales, zeroPoints: null };
};

/** 0 up to 0.7 times the mean of |w|, beyond it signs times the mean of what is there (Li et al. 2016, section 2.3). */
const ternary: Encode = (values, shape, format, limits) => {
  const { rows, of } = groupsIn(shape, format);
  const ends = meansOf(values, shape, format, Math.abs).map((mean) => 0.7 * mean);
  const beyond = meansOf(values, shape, format, (w, g) => (Math.abs(w) > ends[g]! ? Math.abs(w) : null));
  const codes = Uint8Array.from(values, (w, i) => 2 + (Math.abs(w) > ends[of(i)]! ? Math.sign(w) : 0));
  const scales = usables(beyond, shape, limits);
  return { type: 'levels', values: packedCodes(codes, 2), bits: 2, group: rows, scales, zeroPoints: null };
};

/** The largest of the sizes of numbers. */
function largestOf(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  return largest;
}

/** The finest power of two whose integers reach the largest number. */
const fixed =
  (bits: 8 | 16): Encode =>
  (values, _shape, _format, { least = [] }) => {
    const most = 2 ** (bits - 1) - 1;
    const fraction = fractionFor(largestOf(values), most, largestOf(least));
    const integers = bits === 8 ? new Int8Array(values.length) : new Int16Array(values.length);
    for (let i = 0; i < values.length; i++)
      integers[i] = Math.min(most, Math.max(-most, roundHalfEven(values[i]! * 2 ** fraction)));
    return { type: 'fixed', values: integers, fraction };
  };

const int8: Encode = (values, shape, format, limits) => {
  if (format.group !== 'column') return symmetric(8, 127)(values, shape, format, limits);
  const units = shape.at(-1) ?? 1;
  const largest = new Float64Array(units);
  values.forEach((w, i) => {
    largest[i % units] = Math.max(largest[i % units]!, Math.abs(w));
  });
  const own = usables(
    largest.map((top) => top / 127),
    shape,
    limits,
  );
  const scales = limits.isOne
    ? own.fill(usable(Math.max(largestOf(largest) / 127, largestOf(limits.least ?? []))))
    : own;
  const q = new Int8Array(values.length);
  run.kernels.quantizeColumns(values.length / Math.max(1, units), units, values, scales, q);
  return { type: 'int8', values: q, scales };
};

/** One row a format: the nearest numbers that it has. */
const ENCODE: { readonly [F in WeightFormatName]: Encode } = {
  float32: (values) => ({ type: 'float32', values }),
  float16: (values) => ({ type: 'float16', values: Uint16Array.from(values, toFloat16) }),
  bfloat16: (values) => ({ type: 'bfloat16', values: Uint16Array.from(values, toBfloat16) }),
  fixed8: fixed(8),
  fixed16: fixed(16),
  int8,
  uint8: asymmetric(8),
  int4: symmetric(4, 7),
  uint4: asymmetric(4),
  ternary,
  binary,
};

/**
 * A weight of float32 numbers in a format, each the nearest to its number that the format has. What was pruned stays 0. Throws
 * ValueError for numbers that are not finite or that the format cannot reach, StateError for a pruned weight in `binary`,
 * which has no 0.
 */
export function encodeWeight(
  op: string,
  key: string,
  { shape, encoding, mask: given }: Stored,
  format: WeightFormat,
  limits: ScaleLimits = {},
): Stored {
  const mask = given?.includes(0) ? given : null;
  if (mask !== null && format.type === 'binary')
    throw new StateError(op, `${key} is pruned, and binary has no 0: take ternary`);
  const values = encoding.values as Float32Array;
  const wrong = values.find((w) => !Number.isFinite(w));
  if (wrong !== undefined) throw new ValueError(op, key, 'finite', wrong);
  const encoded: Stored = { shape, encoding: ENCODE[format.type](values, shape, format, limits), mask };
  const lost = decodeWeight(encoded)!.findIndex((w) => !Number.isFinite(w));
  if (lost >= 0) throw new ValueError(op, key, `numbers that ${format.type} reaches`, values[lost], 'Take bfloat16?');
  return encoded;
}

/** Bits a number of a format takes, besides its scales. */
export const bitsOf = ({ type }: WeightFormat): number => WEIGHT_FORMATS[type].bits;
