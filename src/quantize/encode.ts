import { roundHalfEven } from '../../kernels/reference/math.ts';
import { StateError, ValueError } from '../base/errors.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { decodeWeight } from '../graph/decode.ts';
import type { Encoding, LevelCodeBits, Stored } from '../graph/encoding.ts';
import { toBfloat16, toFloat16 } from '../graph/halves.ts';
import { groupAt, packedCodes } from '../graph/levels.ts';
import { powerOfTwo } from '../graph/powers.ts';
import { run } from '../memory/runtime.ts';
import { LEAST_SCALE } from '../nn/params.ts';
import { WEIGHT_FORMATS, type WeightFormat, type WeightFormatName } from './formats.ts';
import { fractionFor } from './ranges.ts';

/** What the scales of a product of integers have to be besides. */
interface ScaleLimits {
  /** Of each column, [units]: its bias has no integer on a finer scale. */
  readonly least?: Float64Array;
  /** Whether all of int8's scales are one. Default false. */
  readonly isOne?: boolean;
}

type Encode = (values: Float32Array, shape: Shape, format: WeightFormat, limits: ScaleLimits) => Encoding;

/** A scale, or where it is too small 1, by which all numbers are 0. */
const usable = (scale: number): number => (Math.fround(scale) < LEAST_SCALE ? 1 : Math.fround(scale));

/** The same of signs, which do not come of quotients: they would be 1 themselves. */
const usableOfSigns = (scale: number): number => Math.max(LEAST_SCALE, Math.fround(scale));

/** Usable scales of groups, [groups, units]. */
const usables = (
  scales: ArrayLike<number>,
  shape: Shape,
  { least }: ScaleLimits,
  asUsable: (scale: number) => number = usable,
): Float32Array => Float32Array.from(scales, (scale, g) => asUsable(Math.max(scale, least?.[g % shape.at(-1)!] ?? 0)));

/** Of the groups of a matrix [terms, units]: how many rows each has, how many there are, and the group of each number. */
function groupsIn(
  shape: Shape,
  { group = 'column' }: WeightFormat,
): { readonly rows: number; readonly count: number; readonly of: (i: number) => number } {
  const units = shape.at(-1) ?? 1;
  const terms = units === 0 ? 0 : elementsOf(shape) / units;
  const rows = Math.min(group === 'column' ? Infinity : group, Math.max(1, terms));
  return {
    rows,
    count: Math.ceil(terms / rows) * units,
    of: (i) => groupAt(rows, units, i),
  };
}

/** Shares of the range of a group that its levels may reach over: from all of it to half. */
const SHARES = Array.from({ length: 11 }, (_, i) => (20 - i) / 20);

/** The levels that numbers of a group are rounded to. */
interface Levels {
  readonly scales: Float32Array;
  /** Null where zero lies in the middle. */
  readonly zeroPoints: Uint8Array | null;
}

/** The code of a number: the nearest that there is. */
type CodeOf = (w: number, scale: number, zero: number) => number;

/**
 * The levels of each group by how its format is fitted: over all of its range, or over the share of it with the least Σ error²,
 * the largest of equals.
 */
function fitted(
  values: Float32Array,
  { count, of }: ReturnType<typeof groupsIn>,
  { fit = 'range' }: WeightFormat,
  middle: number,
  codeOf: CodeOf,
  levelsAt: (shares: Float64Array) => Levels,
): Levels {
  const shares = new Float64Array(count).fill(1);
  if (fit === 'range') return levelsAt(shares);
  const least = new Float64Array(count).fill(Infinity);
  for (const share of SHARES) {
    const { scales, zeroPoints } = levelsAt(new Float64Array(count).fill(share));
    const errors = new Float64Array(count);
    for (let i = 0; i < values.length; i++) {
      const g = of(i);
      const scale = scales[g]!;
      const zero = zeroPoints?.[g] ?? middle;
      const error = values[i]! - (codeOf(values[i]!, scale, zero) - zero) * scale;
      errors[g] = errors[g]! + error * error;
    }
    errors.forEach((error, g) => {
      if (error >= least[g]!) return;
      least[g] = error;
      shares[g] = share;
    });
  }
  return levelsAt(shares);
}

/** Levels nearest to each number, symmetric: scale = max|w| of the group over the largest level, or a share of it. */
const symmetric =
  (bits: LevelCodeBits, most: number): Encode =>
  (values, shape, format, limits) => {
    const groups = groupsIn(shape, format);
    const largest = new Float64Array(groups.count);
    values.forEach((w, i) => {
      largest[groups.of(i)] = Math.max(largest[groups.of(i)]!, Math.abs(w));
    });
    const middle = powerOfTwo(bits - 1);
    const codeOf: CodeOf = (w, scale) => middle + Math.min(most, Math.max(-most, roundHalfEven(w / scale)));
    const { scales } = fitted(values, groups, format, middle, codeOf, (shares) => ({
      scales: usables(
        largest.map((top, g) => (shares[g]! * top) / most),
        shape,
        limits,
      ),
      zeroPoints: null,
    }));
    const codes = Uint8Array.from(values, (w, i) => codeOf(w, scales[groups.of(i)]!, middle));
    return { type: 'levels', values: packedCodes(codes, bits), bits, group: groups.rows, scales, zeroPoints: null };
  };

/** Levels from the least to the greatest number of a group, and 0, which has a code; or over a share of that. */
const asymmetric =
  (bits: LevelCodeBits): Encode =>
  (values, shape, format, limits) => {
    const groups = groupsIn(shape, format);
    const low = new Float64Array(groups.count);
    const high = new Float64Array(groups.count);
    values.forEach((w, i) => {
      const g = groups.of(i);
      low[g] = Math.min(low[g]!, w);
      high[g] = Math.max(high[g]!, w);
    });
    const most = powerOfTwo(bits) - 1;
    const clamped = (code: number): number => Math.min(most, Math.max(0, code));
    const codeOf: CodeOf = (w, scale, zero) => clamped(roundHalfEven(w / scale) + zero);
    const { scales, zeroPoints } = fitted(values, groups, format, 0, codeOf, (shares) => {
      const own = usables(
        low.map((from, g) => (shares[g]! * (high[g]! - from)) / most),
        shape,
        limits,
      );
      const zeros = Uint8Array.from(low, (from, g) => clamped(roundHalfEven((-shares[g]! * from) / own[g]!)));
      return { scales: own, zeroPoints: zeros };
    });
    const codes = Uint8Array.from(values, (w, i) => codeOf(w, scales[groups.of(i)]!, zeroPoints![groups.of(i)]!));
    return { type: 'levels', values: packedCodes(codes, bits), bits, group: groups.rows, scales, zeroPoints };
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

/** Signs times the mean of |w|, which has the least squared error (Rastegari et al. 2016, section 3.1). Of zeros it is 2⁻¹⁰⁰. */
const binary: Encode = (values, shape, format, limits) => {
  const { rows } = groupsIn(shape, format);
  const scales = usables(meansOf(values, shape, format, Math.abs), shape, limits, usableOfSigns);
  const codes = Uint8Array.from(values, (w) => (w < 0 ? 0 : 1));
  return { type: 'levels', values: packedCodes(codes, 1), bits: 1, group: rows, scales, zeroPoints: null };
};

/** 0 up to 0.7 times the mean of |w|, beyond it signs times the mean of what is there (Li et al. 2016, section 2.3). */
const ternary: Encode = (values, shape, format, limits) => {
  const { rows, of } = groupsIn(shape, format);
  const ends = meansOf(values, shape, format, Math.abs).map((mean) => 0.7 * mean);
  const beyond = meansOf(values, shape, format, (w, g) => (Math.abs(w) > ends[g]! ? Math.abs(w) : null));
  const codes = Uint8Array.from(values, (w, i) => 2 + (Math.abs(w) > ends[of(i)]! ? Math.sign(w) : 0));
  const scales = usables(beyond, shape, limits, usableOfSigns);
  return { type: 'levels', values: packedCodes(codes, 2), bits: 2, group: rows, scales, zeroPoints: null };
};

/** The largest of the sizes of numbers. */
function largestOf(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  return largest;
}

/** Of fixed point: files hold none that is less. */
const LEAST_FRACTION = -112;

/** The finest power of two whose integers reach the largest number. */
const fixed =
  (bits: 8 | 16): Encode =>
  (values, _shape, _format, { least = [] }) => {
    const most = powerOfTwo(bits - 1) - 1;
    const fraction = fractionFor(largestOf(values), most, largestOf(least));
    const integers = bits === 8 ? new Int8Array(values.length) : new Int16Array(values.length);
    const step = powerOfTwo(-fraction);
    for (let i = 0; i < values.length; i++) integers[i] = roundHalfEven(values[i]! / step);
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
  const isTooFar = encoded.encoding.type === 'fixed' && encoded.encoding.fraction < LEAST_FRACTION;
  const lost = isTooFar ? 0 : decodeWeight(encoded)!.findIndex((w) => !Number.isFinite(w));
  if (lost >= 0)
    throw new ValueError(op, key, `numbers that ${format.type} reaches`, largestOf(values), 'Take bfloat16?');
  return encoded;
}

/** Bits a number of a format takes, besides its scales. */
export const bitsOf = ({ type }: WeightFormat): number => WEIGHT_FORMATS[type].bits;
