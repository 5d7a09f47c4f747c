import type { Local, NewLocals } from './assembler.ts';
import type { Code, Value } from './code.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as f64x2 from './instructions/f64x2.ts';
import * as i64x2 from './instructions/i64x2.ts';
import * as v128 from './instructions/v128.ts';
import { Work } from './work.ts';

/**
 * The functions of `reference/math.ts` on vectors: the same float64 expressions, two lanes at a time, so the same bits.
 * Four floats are widened to two pairs of doubles, and each pair is rounded once. Where the reference branches, both
 * sides are computed and one is chosen; bounds that float32 represents are applied before widening, to four lanes at
 * once. `pmin` and `pmax` with the variable first let NaN through, as Math.min and Math.max do.
 */

/** A formula for lanes of float32. */
export type Expression = (work: Work, x: Local) => Code;

/** Computes float32 lanes in float64, rounding once: the formula is for two lanes of float64. */
export function widened(work: Work, x: Value, formula: (work: Work, x: Local) => Code): Code {
  const floats = work.step(x);
  const halves = [floats, v128.shuffle32([2, 3, 2, 3], floats, floats)];
  const rounded = work.inTurn(2, (half, i) =>
    f32x4.demoteF64x2Zero(formula(half, half.step(f64x2.promoteLowF32x4(halves[i]!)))),
  );
  return v128.shuffle32([0, 1, 4, 5], rounded[0]!, rounded[1]!);
}

/** min(max(x, low), high) on float32 lanes. */
const clamped = (work: Work, x: Value, low: number, high: number): Code =>
  f32x4.pmax(f32x4.pmin(x, work.f32(high)), work.f32(low));

/** y with the sign of x; y is not negative or has that sign already. */
const withSignOf = (work: Work, x: Local, y: Value): Code => v128.or(y, v128.and(x, work.f32(-0)));

/** Σ coefficients·xⁱ by Horner's rule, the highest power first. */
export function polynomial(work: Work, x: Local, [highest, ...rest]: readonly number[]): Local {
  const sum = work.step(work.f64(highest!));
  for (const c of rest) work.step(f64x2.add(f64x2.mul(sum, x), work.f64(c)), sum);
  return sum;
}

// Exponentials -------------------------------------------------------------------------------------------------------

export const ROUND = 6755399441055744; // 1.5·2⁵²: adding it leaves the integer in the lowest bits
const EXP = [
  0.0001984124597896562, 0.0013941015350188732, 0.008333402935940745, 0.04166635432491419, 0.16666666249329432,
  0.5000000046680092, 1.000000000031224,
];

/** eʸ - minus. 2ⁿ is n moved to the exponent's place, plus the bits of 1; a NaN goes through r. */
function expMinus(work: Work, y: Value, minus: 0 | 1): Code {
  const v = work.step(y);
  const n = work.step(f64x2.add(f64x2.mul(v, work.f64(Math.LOG2E)), work.f64(ROUND)));
  const r = work.step(f64x2.sub(v, f64x2.mul(f64x2.sub(n, work.f64(ROUND)), work.f64(Math.LN2))));
  const p = polynomial(work, r, EXP);
  const s = work.step(i64x2.add(i64x2.shl(n, 52), work.f64(1)));
  return f64x2.add(f64x2.mul(f64x2.mul(r, p), s), minus === 0 ? s : f64x2.sub(s, work.f64(1)));
}

const onePlus = (work: Work, x: Value): Code => f64x2.add(work.f64(1), x);

export const exp: Expression = (work, x) =>
  widened(work, clamped(work, x, -104, 89), (half, v) => expMinus(half, v, 0));

/** The same for x ≤ 0 and NaN. */
const expBelow: Expression = (work, x) =>
  widened(work, f32x4.pmax(x, work.f32(-104)), (half, v) => expMinus(half, v, 0));

/** eˣ - 1 for x ≠ 0, times a factor. */
const expm1Nonzero = (work: Work, x: Local, factor?: Local): Code =>
  widened(work, clamped(work, x, -104, 89), (half, v) => {
    const e = expMinus(half, v, 1);
    return factor === undefined ? e : f64x2.mul(factor, e);
  });

export const expm1: Expression = (work, x) => withSignOf(work, x, expm1Nonzero(work, x));

/** x < 0 ? alpha·(eˣ - 1) : x. */
export const elu = (work: Work, x: Local, alpha: Local): Code => {
  const below = expm1Nonzero(
    work,
    x,
    work.constant('alpha', () => f64x2.promoteLowF32x4(alpha)),
  );
  return v128.bitselect(below, x, f32x4.lt(x, work.f32(0)));
};

export const tanh: Expression = (work, x) => {
  const y = widened(work, clamped(work, x, -20, 20), (half, v) => {
    const e = half.step(expMinus(half, f64x2.add(v, v), 1));
    return f64x2.div(e, f64x2.add(e, half.f64(2)));
  });
  return withSignOf(work, x, y);
};

/** v/(1 + eʸ) */
const logistic = (work: Work, v: Local, y: Value): Code => f64x2.div(v, onePlus(work, expMinus(work, y, 0)));

export const sigmoid: Expression = (work, x) =>
  widened(work, f32x4.neg(clamped(work, x, -104, 104)), (half, y) => logistic(half, half.f64(1), y));

export const silu: Expression = (work, x) =>
  widened(work, f32x4.pmax(x, work.f32(-128)), (half, v) =>
    logistic(half, v, f64x2.pmax(f64x2.neg(v), half.f64(-104))),
  );

export const geluTanh: Expression = (work, x) =>
  widened(work, f32x4.pmax(x, work.f32(-16)), (half, v) => {
    const cubic = f64x2.mul(f64x2.mul(f64x2.mul(half.f64(0.044715), v), v), v);
    const y = f64x2.mul(half.f64(-1.5957691216057308), f64x2.add(v, cubic));
    return logistic(half, v, f64x2.pmax(f64x2.pmin(y, half.f64(128)), half.f64(-104)));
  });

// Logarithms ---------------------------------------------------------------------------------------------------------

const LOG = [0.23617575136198363, 0.28534980556581513, 0.4000038594891289, 0.6666666524007613, 2.0000000000084284];
const SQRT_HALF = 1.4142135381698608 / 2;

/** log((1 + s)/(1 - s)) + e·ln 2, s = top/bottom. */
function logRatio(work: Work, top: Value, bottom: Value, e: Value): Code {
  const s = work.step(f64x2.div(top, bottom));
  const p = polynomial(work, work.step(f64x2.mul(s, s)), LOG);
  return f64x2.add(f64x2.mul(s, p), f64x2.mul(e, work.f64(Math.LN2)));
}

/** m in [√½, √2) and e of x = m·2ᵉ > 0, neither subnormal nor infinite. Of other numbers, garbage. */
function parts(work: Work, x: Local): { m: Local; e: Code } {
  // x's bits less √½'s: above the mantissa stands e.
  const t = work.step(i64x2.sub(x, work.f64(SQRT_HALF)));
  const m = work.step(i64x2.sub(x, v128.and(t, work.f64(-Infinity))));
  const biased = i64x2.shrU(i64x2.add(t, work.f64(1)), 52);
  return { m, e: f64x2.sub(v128.or(biased, work.f64(2 ** 52)), work.f64(2 ** 52 + 1023)) }; // the low bits of 2⁵² + e
}

/** Puts what log gives outside of (0, ∞) in the place of y; x is compared with `zero`. */
function logSpecial(work: Work, x: Local, zero: number, y: Code): Code {
  const at = work.f32(zero);
  const finite = v128.bitselect(y, x, f32x4.lt(x, work.f32(Infinity))); // ∞ and NaN stay
  const positive = v128.bitselect(work.f32(-Infinity), finite, f32x4.eq(x, at));
  return v128.or(positive, f32x4.lt(x, at)); // all bits set is a NaN
}

/** log(x) of doubles in (0, ∞) that are not subnormal. */
export function logPair(work: Work, x: Local): Code {
  const { m, e } = parts(work, x);
  return logRatio(work, f64x2.sub(m, work.f64(1)), onePlus(work, m), e);
}

export const log: Expression = (work, x) => logSpecial(work, x, 0, widened(work, x, logPair));

/** log(1 + x) of doubles. Near 0 the ratio is x/(2 + x); -0 for e keeps the sign of a zero. */
function log1pPair(work: Work, x: Local): Code {
  const { m, e } = parts(work, work.step(onePlus(work, x)));
  const isNear = work.step(v128.and(f64x2.ge(x, work.f64(-0.25)), f64x2.lt(x, work.f64(0.375))));
  const choose = (near: Value, far: Value): Code => v128.bitselect(near, far, isNear);
  return logRatio(
    work,
    choose(x, f64x2.sub(m, work.f64(1))),
    choose(f64x2.add(work.f64(2), x), onePlus(work, m)),
    choose(work.f64(-0), e),
  );
}

export const log1p: Expression = (work, x) => logSpecial(work, x, -1, widened(work, x, log1pPair));

export const softplus: Expression = (work, x) =>
  widened(work, x, (half, v) => {
    const e = half.step(expMinus(half, f64x2.pmax(f64x2.neg(f64x2.abs(v)), half.f64(-104)), 0));
    return f64x2.add(f64x2.pmax(v, half.f64(0)), log1pPair(half, e));
  });

// The normal distribution --------------------------------------------------------------------------------------------

const ERF_BELOW_1 = [
  0.0000010562957846358487, -0.000013898693611713448, 0.0001195481785792471, -0.0008542488900611583,
  0.0052237764059525045, -0.026866131409733183, 0.11283791285398576, -0.3761263888850765, 1.1283791670945877,
];
const ERF_FROM_1 = [
  5.276051162317534e-7, -0.000010687754227905931, 0.00009451899951179076, -0.0004597893041756691, 0.0011255786475972511,
  0.0007958474667055125, -0.020182168455294115, 0.10345315531530536, 0.6363687702816617, 1.1284197571265602,
];

/** Of |x|, since both halves are odd. */
export const erf: Expression = (work, x) => {
  const y = widened(work, f32x4.pmin(f32x4.abs(x), work.f32(4)), (half, a) => {
    const below = f64x2.mul(a, polynomial(half, half.step(f64x2.mul(a, a)), ERF_BELOW_1));
    const exponent = f64x2.mul(f64x2.neg(a), polynomial(half, a, ERF_FROM_1));
    const from = f64x2.sub(half.f64(1), expMinus(half, exponent, 0));
    return v128.bitselect(below, from, f64x2.lt(a, half.f64(1)));
  });
  return withSignOf(work, x, y);
};

const NORMAL_TAIL = [
  -0.015102823997375267, 0.10860479958913351, -0.3101383097551566, 0.4377090891421105, -0.3591495829406036,
  0.2745923878072969, -0.03434790374213598, 0.11003473150478939, 0.08760094880581892, 0.10052028465936663,
  0.09967424689119186, 0.0000021322465844920055,
];

export const gelu: Expression = (work, x) =>
  widened(work, x, (half, v) => {
    const a = half.step(f64x2.pmin(f64x2.abs(v), half.f64(16)));
    const t = half.step(f64x2.div(half.f64(1), onePlus(half, f64x2.mul(half.f64(0.25), a))));
    const p = polynomial(half, t, NORMAL_TAIL);
    const e = expMinus(half, f64x2.mul(f64x2.mul(half.f64(-0.5), a), a), 0);
    const tail = f64x2.mul(f64x2.mul(a, e), p);
    return f64x2.sub(f64x2.pmax(v, half.f64(0)), tail); // keeps -0
  });

// For other kernels --------------------------------------------------------------------------------------------------

/** A function of four float32 lanes inside a loop: run `prepare` once before it. */
interface LaneFunction {
  readonly prepare: Code;
  readonly apply: (x: Value) => Code;
  /** Puts the function of each vector into its place, all in turn. */
  readonly applyAll: (xs: readonly Local[]) => Code;
}

const laneFunction =
  (expression: Expression) =>
  (locals: NewLocals): LaneFunction => {
    const work = new Work(locals);
    const [lanes] = locals('v');
    const one = work.apart();
    const y = expression(one, lanes);
    return {
      prepare: work.prepare,
      apply: (x) => [lanes.set(x), one.finish(y)],
      applyAll: (xs) => {
        const all = work.apart();
        const ys = all.inTurn(xs.length, (each, i) => expression(each, xs[i]!));
        return all.finish(xs.map((x, i) => x.set(ys[i]!)));
      },
    };
  };

/** eˣ for x ≤ 0; of larger numbers, garbage. */
export const exp4: (locals: NewLocals) => LaneFunction = laneFunction(expBelow);
export const log4: (locals: NewLocals) => LaneFunction = laneFunction(log);
