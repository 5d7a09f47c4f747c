import { ROW_FROM, TWO_OVER_PI } from '../two-over-pi.ts';

/** Sines and cosines, to the bounds that math.ts states: a file of their own, which programs without them leave out. */

/** Adding and subtracting 1.5·2⁵² rounds to an integer, as roundHalfEven does. */
const ROUND = 6755399441055744;

/** sin(π/2·(n + w)) for |w| ≤ 1/2 + 2⁻¹², absolute error below 1e-10. */
function sinQuarters(n: number, w: number): number {
  const z = w * w;
  let p: number;
  if ((n & 1) === 0) {
    p = -0.0000035564661659354845;
    p = p * z + 0.0001604292875004429;
    p = p * z - 0.0046817525888474334;
    p = p * z + 0.07969262615478058;
    p = p * z - 0.6459640975042751;
    p = (p * z + 1.5707963267948906) * w;
  } else {
    p = 0.0009033629817820331;
    p = p * z - 0.020859936030824297;
    p = p * z + 0.2536691825964867;
    p = p * z - 1.233700539564779;
    p = p * z + 0.999999999943938;
  }
  return (n & 2) === 0 ? p : -p;
}

/**
 * sin(x + π/2·quarters). The argument is reduced in quarters of a turn, x·2/π = n + w, without the bits of 2/π that make
 * whole turns (Payne & Hanek 1983), by exact products that are added up from the largest (Cody & Waite 1980). The error of w
 * is below 2⁻⁶⁹, or 2⁻⁵² of it; of all float32 numbers from 1 on, none has a w below 2⁻³⁰.
 */
function sinFrom(x: number, quarters: 0 | 1): number {
  const size = Math.abs(x);
  let at = 0;
  for (let row = 1; size >= ROW_FROM[row]!; row++) at += 3;
  const high = x * TWO_OVER_PI[at]!;
  const low = x * TWO_OVER_PI[at + 1]!;
  const n = high + low + ROUND - ROUND;
  return sinQuarters(n + quarters, high - n + low + x * TWO_OVER_PI[at + 2]!);
}

/** sin x, 0.501 ulp from one end of float32 to the other; keeps -0; NaN of infinities. */
export function sin64(x: number): number {
  return sinFrom(x, 0);
}

/** cos x, 0.501 ulp as well. */
export function cos64(x: number): number {
  return sinFrom(x, 1);
}

/** Turns 2⁻²⁴·(word >>> 8) of a circle: the angle of Box and Muller's method. */
export function sinTurns64(word: number): number {
  const quarters = (word >>> 8) / 4194304; // exact
  const n = quarters + ROUND - ROUND;
  return sinQuarters(n, quarters - n);
}

export function cosTurns64(word: number): number {
  const quarters = (word >>> 8) / 4194304;
  const n = quarters + ROUND - ROUND;
  return sinQuarters(n + 1, quarters - n);
}
