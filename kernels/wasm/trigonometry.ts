import { ROW_FROM, TWO_OVER_PI } from '../two-over-pi.ts';
import { type Local, when } from './assembler.ts';
import type { Code, Value } from './code.ts';
import * as f64 from './instructions/f64.ts';
import * as f64x2 from './instructions/f64x2.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as i64x2 from './instructions/i64x2.ts';
import * as v128 from './instructions/v128.ts';
import { type Expression, polynomial, ROUND, widened } from './math.ts';
import type { Work } from './work.ts';

/** The sines and cosines of `reference/trigonometry.ts` on vectors. */

/** Of π/2·w, divided by w. */
export const SIN: readonly number[] = [
  -0.0000035564661659354845, 0.0001604292875004429, -0.0046817525888474334, 0.07969262615478058, -0.6459640975042751,
  1.5707963267948906,
];
/** Of π/2·w. */
export const COS: readonly number[] = [
  0.0009033629817820331, -0.020859936030824297, 0.2536691825964867, -1.233700539564779, 0.999999999943938,
];

/** Sets w and, in the lowest bits of `whole`, n of x·2/π = n + w. */
function reduced(work: Work, x: Local, parts: readonly Value[], whole: Local, w: Local): void {
  const [first, second, third] = parts as [Value, Value, Value];
  const high = work.step(f64x2.mul(x, first));
  const low = work.step(f64x2.mul(x, second));
  work.step(f64x2.add(f64x2.add(high, low), work.f64(ROUND)), whole);
  const near = f64x2.add(f64x2.sub(high, f64x2.sub(whole, work.f64(ROUND))), low);
  work.step(f64x2.add(near, f64x2.mul(x, third)), w);
}

/** A part of 2/π for each of two sizes. The constants are made where they are: hardly any number comes here. */
const partFor = (size: Local, part: number): Code => {
  const constant = (value: number): Code => f64x2.splat(f64.constant(value));
  return ROW_FROM.map((_, row) => constant(TWO_OVER_PI[3 * row + part]!)).reduce((before, own, row) =>
    v128.bitselect(own, before, f64x2.ge(size, constant(ROW_FROM[row]!))),
  );
};

/** The first row of 2/π serves two numbers without a question; if one of them is huge, each is reduced again by its own row. */
const sinFrom =
  (quarters: 0 | 1): Expression =>
  (work, x) =>
    widened(work, x, (half, v) => {
      const [whole, w] = half.locals('vv');
      const one = half.constant('i64 1', () => i64x2.extendLowU(i32x4.splat(1)));
      const usual = [0, 1, 2].map((part) => half.f64(TWO_OVER_PI[part]!));
      reduced(half, v, usual, whole, w);
      const size = half.step(f64x2.abs(v));
      const again = half.apart();
      const others = [0, 1, 2].map((part) => partFor(size, part));
      reduced(again, v, others, whole, w);
      half.also(when(v128.anyTrue(f64x2.ge(size, half.f64(ROW_FROM[1]!))), again.finish()));
      const z = half.step(f64x2.mul(w, w));
      const cos = polynomial(half, z, COS);
      const sin = half.step(f64x2.mul(polynomial(half, z, SIN), w));
      const n = quarters === 0 ? whole : half.step(f64x2.add(whole, half.f64(1)));
      const isOdd = i64x2.sub(half.f64(0), v128.and(n, one));
      return v128.xor(v128.bitselect(cos, sin, isOdd), i64x2.shl(i64x2.shrU(n, 1), 63));
    });

export const sin: Expression = sinFrom(0);
export const cos: Expression = sinFrom(1);
