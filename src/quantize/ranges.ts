import { roundHalfEven } from '../../kernels/reference/math.ts';
import { checkRange, ValueError } from '../base/errors.ts';
import { didYouMean } from '../base/options.ts';
import { epilogueOf } from '../graph/activation.ts';
import { hasKernel } from '../graph/facts.ts';
import { activationIn, type Graph, type QuantizationParams } from '../graph/graph.ts';
import { powerOfTwo } from '../graph/powers.ts';
import { Names, namesOf } from '../graph/rewrite.ts';
import { chooseQParams, isRange, LEAST_SCALE } from '../nn/params.ts';

export { chooseQParams };

/** From the lowest to the highest number that has an integer of its own; both are cut off to. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

export type RangeName = 'auto' | 'minMax' | 'movingAverage' | 'histogram' | 'percentile';

/**
 * How the range of a value comes from its numbers on the calibration samples, each of which widens it to 0:
 * - `auto`: that of minMax, unless the outermost hundredth of a percent of the numbers at each end makes it more than 4 times
 *   as wide: then an end that is far out is where it is by percentile. Fewer than 10,000 numbers have no such hundredth.
 * - `minMax`: the lowest and the highest number.
 * - `movingAverage`: the exponential mean of the extremes of batches of 32 samples (Jacob et al. 2018, section 3.1); the mean
 *   before counts `momentum`, by default 0.99.
 * - `histogram`: the range with the least expected square of the error, of rounding inside and cutting outside, over a
 *   histogram (the aim of PyTorch's HistogramObserver). One number far out may well be kept: its square is large.
 * - `percentile`: leaves out at each end as many numbers as lie beyond `percent`, by default 99.99, or fewer where numbers
 *   are within a hundredth of each other.
 */
export type RangeChoice =
  | RangeName
  | { readonly name: 'movingAverage'; readonly momentum?: number }
  | { readonly name: 'percentile'; readonly percent?: number };

/** A choice with its parameters. */
export interface RangeMethod {
  readonly name: RangeName;
  readonly momentum: number;
  readonly percent: number;
  /** Samples a batch. */
  readonly batchSize: number;
}

const PARAMETERS: { readonly [N in RangeName]: readonly string[] } = {
  auto: [],
  minMax: [],
  movingAverage: ['momentum'],
  histogram: [],
  percentile: ['percent'],
};

/** Ranges of values by their names, each one or a list of those of its channels, as `observeRanges` gives both. */
export type KnownRanges = ReadonlyMap<string, Range | readonly Range[]>;

/** Checks a choice and fills in what it leaves out. Throws ValueError. */
export function rangeMethod(op: string, choice: RangeChoice): RangeMethod {
  const { name, ...given }: { name?: RangeName } = typeof choice === 'string' ? { name: choice } : { ...choice };
  const known = name !== undefined && Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : null;
  if (known === null || Object.keys(given).some((key) => !known.includes(key)))
    throw new ValueError(
      op,
      'ranges',
      `one of ${Object.keys(PARAMETERS).join(', ')}, or { name: 'movingAverage', momentum }, { name: 'percentile', percent }`,
      known === null ? choice : Object.keys(given),
      known === null ? didYouMean(name, Object.keys(PARAMETERS)) : undefined,
    );
  const method = {
    name: name!,
    momentum: 0.99,
    percent: name === 'auto' || name === 'percentile' ? 99.99 : 100,
    ...given,
  };
  checkRange(op, 'momentum', method.momentum, 'in [0, 1)');
  if (!(method.percent > 50 && method.percent <= 100))
    throw new ValueError(op, 'percent', 'above 50, at most 100', method.percent);
  return { ...method, batchSize: name === 'movingAverage' ? 32 : 256 };
}

/** The format for a range in int8 with zero point 0, as tables have it. Throws as `chooseQParams`. */
export function chooseSymmetric(low: number, high: number): QuantizationParams {
  const { scale } = chooseQParams(low, high);
  const own = Math.fround(Math.max(-low, high) / 127);
  return { scale: own < LEAST_SCALE ? scale : own, zeroPoint: 0 };
}

/** No fixed point is finer: 2^-100 a step. */
const MOST_FRACTION = 100;

/**
 * The fraction of the finest fixed point, 2^-fraction a step, whose integers up to `most` reach a number: it rounds to none
 * above. A step is no less than `least`. 0 where there is nothing to reach.
 */
export function fractionFor(largest: number, most: number, least = 0): number {
  if (largest === 0 && least === 0) return 0;
  let fraction = MOST_FRACTION;
  let step = powerOfTwo(-fraction);
  while (step < least || roundHalfEven(largest / step) > most) {
    step *= 2;
    fraction--;
  }
  return fraction;
}

/** The format of fixed point for a range in int8: the finest power of two that holds it, and zero point 0. Throws as `chooseQParams`. */
export function chooseFixedPoint(low: number, high: number): QuantizationParams {
  chooseQParams(low, high);
  const sides: readonly [size: number, most: number][] = [
    [high, 127],
    [-low, 128],
  ];
  const fractions = sides.flatMap(([size, most]) => (size > 0 ? [fractionFor(size, most)] : []));
  return { scale: fractions.length === 0 ? 1 : powerOfTwo(-Math.min(...fractions)), zeroPoint: 0 };
}

/** Throws ValueError, which names the value, for a range that int8 has no format for. */
export function checkRangeOf(op: string, value: string, { low, high }: Range): void {
  if (isRange(low, high)) return;
  throw new ValueError(op, `the range of "${value}"`, 'within float32, the low end first', [low, high]);
}

/**
 * What the sums of products are called, by the names of these products: of those whose activation cuts off nothing, so that
 * where it reads int8 its sums are a value of their own.
 */
export function namesOfSums(graph: Pick<Graph<unknown>, 'inputs' | 'nodes' | 'outputs'>): ReadonlyMap<string, string> {
  const names = new Names(namesOf(graph));
  const products = graph.nodes.filter((node) => {
    const activation = hasKernel(node) ? activationIn(node) : null;
    return activation !== null && activation.name !== epilogueOf(activation) && !graph.outputs.includes(node.name);
  });
  return new Map(products.map(({ name }) => [name, names.take(`${name}/sums`)]));
}

/**
 * Ranges that a user knows, checked, by the values of the network that is quantized: a value that became part of one before
 * it, as an activation of a product, has its range, and one whose channels have ranges the least that holds them all. Sums before
 * an activation are called as `namesOfSums` says. Throws
 * ValueError for a name that no value has, and for what is no range.
 */
export function knownRanges(
  op: string,
  ranges: KnownRanges,
  given: Pick<Graph<unknown>, 'inputs' | 'nodes' | 'outputs'>,
  plain: Pick<Graph<unknown>, 'inputs' | 'nodes' | 'outputs'>,
): ReadonlyMap<string, Range> {
  const sums = namesOfSums(given);
  const names = [...namesOf(given), ...sums.values()];
  const checked = new Map<string, Range>();
  for (const [name, own] of ranges) {
    if (!names.includes(name))
      throw new ValueError(op, 'ranges', `of values ${names.join(', ')}`, name, didYouMean(name, names));
    const each: readonly Range[] = Array.isArray(own) ? own : [own as Range];
    const wrong = each.find((range) => !areEnds(range));
    if (each.length === 0 || wrong !== undefined)
      throw new ValueError(op, `the range of "${name}"`, '{ low, high }, finite, the low end first', wrong ?? own);
    const range = { low: Math.min(...each.map(({ low }) => low)), high: Math.max(...each.map(({ high }) => high)) };
    checkRangeOf(op, name, range);
    checked.set(name, range);
  }
  const left = new Set(namesOf(plain));
  const now = new Map<string, string>();
  const known = new Map<string, Range>();
  const see = (name: string, value: string): void => {
    now.set(name, value);
    const range = checked.get(name);
    if (range !== undefined) known.set(value, range);
  };
  for (const { name } of given.inputs) now.set(name, name);
  for (const { name, inputs } of given.nodes) now.set(name, left.has(name) ? name : now.get(inputs[0]!)!);
  for (const [name, value] of now) see(name, value);
  for (const [node, name] of namesOfSums(plain)) see(sums.get(node) ?? name, name);
  return known;
}

const areEnds = (range: Range): boolean => {
  const { low, high } = Object(range) as Partial<Range>;
  return Number.isFinite(low) && Number.isFinite(high) && low! <= high!;
};

/** How many times as wide extremes may be as the percentiles before `auto` takes these. */
const FAR = 4;

/** Values, or groups of them, that are observed in one run: a histogram takes half a megabyte. */
export const AT_ONCE = 256;

/** Sees the numbers of a value, batch by batch, and says what its range is. */
export class Observer {
  private readonly method: RangeMethod;
  private readonly bins: Bins | null;
  private extremes: Range = { low: 0, high: 0 };
  private mean: Range | null = null;

  constructor(method: RangeMethod) {
    this.method = method;
    this.bins = method.name === 'minMax' || method.name === 'movingAverage' ? null : new Bins();
  }

  /** Finite numbers. */
  see(values: Float32Array): void {
    let low = 0;
    let high = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    const { momentum } = this.method;
    const before = this.mean ?? { low, high };
    const mix = (old: number, now: number): number => momentum * old + (1 - momentum) * now;
    this.mean = { low: mix(before.low, low), high: mix(before.high, high) };
    this.extremes = { low: Math.min(this.extremes.low, low), high: Math.max(this.extremes.high, high) };
    this.bins?.add(values);
  }

  range(): Range {
    const { name, percent } = this.method;
    switch (name) {
      case 'minMax':
        return this.extremes;
      case 'movingAverage':
        return this.mean ?? this.extremes;
      case 'histogram':
        return this.bins!.leastError(this.extremes);
      case 'percentile':
        return this.bins!.percentiles(percent);
      default: {
        const inner = this.bins!.percentiles(percent);
        const { low, high } = this.extremes;
        const width = inner.high - inner.low;
        if (width === 0 || high - low <= FAR * width) return this.extremes;
        return {
          low: inner.low - low > width ? inner.low : low,
          high: high - inner.high > width ? inner.high : high,
        };
      }
    }
  }

  /** Whether numbers that were seen are cut off by the range. */
  isCut({ low, high }: Range): boolean {
    return low > this.extremes.low || high < this.extremes.high;
  }

  /** How many of the numbers that were seen lie beyond a range; 0 if they were not counted. */
  beyond(range: Range): { readonly count: number; readonly of: number } {
    return { count: this.bins?.beyond(range) ?? 0, of: this.bins?.total ?? 0 };
  }
}

interface Bin {
  /** The number farthest from 0 in it. */
  readonly end: number;
  readonly count: number;
}

/**
 * A histogram with a bin for each upper half of a float32: less than a hundredth of a number wide anywhere, without a range
 * that had to be known before.
 */
class Bins {
  total = 0;
  private readonly counts = new Uint32Array(2 ** 16);
  private readonly ends = new Float32Array(2 ** 16);

  add(values: Float32Array): void {
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    for (let i = 0; i < values.length; i++) {
      const bin = bits[i]! >>> 16;
      this.counts[bin]!++;
      if (Math.abs(values[i]!) > Math.abs(this.ends[bin]!)) this.ends[bin] = values[i]!;
    }
    this.total += values.length;
  }

  /** The bins above 0, or those below, from the outermost inwards. What is 0, and exact, is in none. */
  private side(isNegative: boolean): Bin[] {
    const bins: Bin[] = [];
    for (let i = 2 ** 15 - 1; i >= 0; i--) {
      const at = isNegative ? i + 2 ** 15 : i;
      if (this.ends[at] !== 0) bins.push({ end: this.ends[at]!, count: this.counts[at]! });
    }
    return bins;
  }

  beyond({ low, high }: Range): number {
    const outside = (bins: Bin[]): number =>
      bins.reduce((sum, { end, count }) => (end < low || end > high ? sum + count : sum), 0);
    return outside(this.side(false)) + outside(this.side(true));
  }

  /** The range without as many numbers at each end as lie beyond a percentile. */
  percentiles(percent: number): Range {
    // A millionth more than the number, which is not whole in binary
    const most = Math.floor((this.total * (100 - percent)) / 100 + 1e-6);
    const end = (bins: Bin[]): number => {
      let left = most;
      for (const { end: outer, count } of bins) {
        if (count > left) return outer;
        left -= count;
      }
      return 0;
    };
    return { low: end(this.side(true)), high: end(this.side(false)) };
  }

  /**
   * The range with the least Σ error², an integer's step s costing s²/12 a number inside (rounding is even in a step), and
   * what is cut off its distance: each end in turn the best for the other, until neither moves.
   */
  leastError(extremes: Range): Range {
    const sides = { low: this.side(true), high: this.side(false) };
    const inside = { low: 0, high: 0 };
    for (const end of ['low', 'high'] as const) inside[end] = sides[end].reduce((sum, { count }) => sum + count, 0);
    let { low, high } = extremes;
    for (let round = 0; round < 20; round++) {
      const before = low;
      const upper = bestEnd(sides.high, inside.high, Math.abs(low), insideOf(sides.low, low));
      const lower = bestEnd(sides.low, inside.low, upper, insideOf(sides.high, upper));
      high = upper;
      low = 0 - lower;
      if (low === before) break;
    }
    return { low, high };
  }
}

/** How many numbers of a side are not beyond its end. */
const insideOf = (bins: readonly Bin[], end: number): number =>
  bins.reduce((sum, bin) => (Math.abs(bin.end) <= Math.abs(end) ? sum + bin.count : sum), 0);

/** How far a side of `count` numbers should reach where the other reaches to `other` with `others` numbers inside. */
function bestEnd(bins: readonly Bin[], count: number, other: number, others: number): number {
  let best = { error: Infinity, end: 0 };
  // Of the numbers beyond: how many, their sum and that of their squares
  let n = 0;
  let sum = 0;
  let squares = 0;
  for (const bin of [...bins, { end: 0, count: 0 }]) {
    const end = Math.abs(bin.end);
    const step = (end + other) / 255;
    const cut = squares - 2 * end * sum + end * end * n;
    const error = cut + ((count - n + others) * step * step) / 12;
    if (error < best.error) best = { error, end };
    n += bin.count;
    sum += bin.count * end;
    squares += bin.count * end * end;
  }
  return best.end;
}
