/**
 * A step along a direction that is short enough to lower the value and long enough to be worth its evaluation (More & Thuente
 * 1994). It narrows an interval that holds such a step: cubics and parabolas through its ends say where to look next.
 */

/** The function along the direction, at a step: its value and its derivative by the step. */
export interface Probe {
  readonly step: number;
  readonly value: number;
  readonly slope: number;
}

/** How much of what the slope at 0 promises a step has to win: mu of the paper. As the next two, L-BFGS-B's (Zhu et al. 1997). */
const SUFFICIENT = 1e-3;
/** How much of the slope at 0 may be left: eta of the paper. Near 1, since a direction of L-BFGS seldom needs a second look. */
const FLATTER = 0.9;
/** An interval that is this share of its upper end has nothing more to tell. */
const NARROW = 0.1;
/** No step is longer. */
export const LONGEST = 1e10;
/** An interval that shrinks by less in two steps is cut in half (section 4 of the paper). */
const SHRINKS = 0.66;

/** Its end with the lowest value so far, the other one, and whether a minimum is known to lie between. */
interface Interval {
  readonly best: Probe;
  readonly other: Probe;
  readonly isBracket: boolean;
}

/**
 * From `start` at step 0, whose slope is negative, tries `first` and then others, at most `most` of them. Returns the last one
 * tried, with a value and a slope that suffice, or because rounding shows no better one; null if there is none. A step
 * where the function is not finite is too long.
 */
export function searchLine(probe: (step: number) => Probe, start: Probe, first: number, most: number): Probe | null {
  const promised = SUFFICIENT * start.slope;
  /** A probe less what is promised, in which a step that wins too little is seen to lie too far (formula 2.2). */
  const lessPromised = ({ step, value, slope }: Probe): Probe => ({
    step,
    value: value - step * promised,
    slope: slope - promised,
  });
  let interval: Interval = { best: start, other: start, isBracket: false };
  let longest = LONGEST;
  let low = 0;
  let high = 5 * first;
  let step = first;
  let width = longest;
  let widthBefore = 2 * longest;
  let isFirstStage = true;
  const isNarrow = (): boolean => interval.isBracket && (step <= low || step >= high || high - low <= NARROW * high);
  for (let tried = 0; tried < most; tried++) {
    const here = probe(step);
    if (!Number.isFinite(here.value + here.slope)) {
      longest = step;
      step = (interval.best.step + step) / 2;
      high = Math.min(high, longest);
      continue;
    }
    const isLow = here.value <= start.value + step * promised;
    if (isLow && here.slope >= 0) isFirstStage = false;
    if (isNarrow() || (step === longest && isLow && here.slope <= promised)) return here;
    if (isLow && Math.abs(here.slope) <= -FLATTER * start.slope) return here;

    const { best, other, isBracket } = interval;
    const seen = isFirstStage && here.value <= best.value && !isLow ? lessPromised : (each: Probe): Probe => each;
    const next = nextStep({ best: seen(best), other: seen(other), isBracket }, seen(here), low, high);
    if (seen(here).value > seen(best).value) interval = { best, other: here, isBracket: true };
    else interval = { best: here, other: next.isPast ? best : other, isBracket: isBracket || next.isPast };
    step = next.step;
    const { step: near } = interval.best;
    if (interval.isBracket) {
      const { step: far } = interval.other;
      if (Math.abs(far - near) >= SHRINKS * widthBefore) step = near + (far - near) / 2;
      widthBefore = width;
      width = Math.abs(far - near);
      low = Math.min(near, far);
      high = Math.max(near, far);
    } else {
      low = step + 1.1 * (step - near);
      high = step + 4 * (step - near);
    }
    step = Math.min(Math.max(step, 0), longest);
    if (isNarrow()) {
      if (near === here.step) return here;
      step = near;
    }
  }
  return null;
}

/** The next step by the four cases of section 4 of the paper, between `low` and `high`, and whether `here` is past a minimum. */
function nextStep(
  { best, other, isBracket }: Interval,
  here: Probe,
  low: number,
  high: number,
): { readonly step: number; readonly isPast: boolean } {
  const way = here.step - best.step;
  const farthest = way > 0 ? high : low;
  const from = (at: number, a: number, b: number): number => Math.abs(a - at) - Math.abs(b - at);
  if (here.value > best.value) {
    // 1: higher, so the minimum lies between. The cubic is believed where it is nearer to the best end than the parabola.
    const cubic = best.step + cubicShare(best, here) * way;
    const parabola = best.step + (best.slope / ((best.value - here.value) / way + best.slope) / 2) * way;
    return { step: from(best.step, cubic, parabola) < 0 ? cubic : cubic + (parabola - cubic) / 2, isPast: true };
  }
  const secant = here.step - (here.slope / (here.slope - best.slope)) * way;
  if (here.slope * Math.sign(best.slope) < 0) {
    // 2: lower, and past the minimum. The farther one of the two.
    const cubic = here.step - cubicShare(here, best) * way;
    return { step: from(here.step, cubic, secant) > 0 ? cubic : secant, isPast: true };
  }
  if (Math.abs(here.slope) < Math.abs(best.slope)) {
    // 3: lower and flatter. The cubic may have no minimum, or one behind. The nearer one in a bracket, else the farther one.
    const share = cubicShare(here, best, true);
    const cubic = share < 0 ? here.step - share * way : farthest;
    const isNearer = from(here.step, cubic, secant) < 0;
    if (!isBracket) return { step: Math.min(Math.max(isNearer ? secant : cubic, low), high), isPast: false };
    const near = isNearer ? cubic : secant;
    const limit = here.step + SHRINKS * (other.step - here.step);
    return { step: way > 0 ? Math.min(limit, near) : Math.max(limit, near), isPast: false };
  }
  // 4: lower and no flatter. Towards the other end, or as far as may be.
  const toOther = here.step + cubicShare(here, other) * (other.step - here.step);
  return { step: isBracket ? toOther : farthest, isPast: false };
}

/**
 * Where the cubic through two probes has its minimum, as a share of the way from the first to the second. With `mayLack` the
 * share is not negative for a cubic without a minimum.
 */
function cubicShare(from: Probe, to: Probe, mayLack = false): number {
  const way = to.step - from.step;
  const theta = (3 * (from.value - to.value)) / way + from.slope + to.slope;
  const scale = Math.max(Math.abs(theta), Math.abs(from.slope), Math.abs(to.slope));
  const inside = (theta / scale) * (theta / scale) - (from.slope / scale) * (to.slope / scale);
  const gamma = Math.sign(way) * scale * Math.sqrt(mayLack ? Math.max(0, inside) : inside);
  if (mayLack && gamma === 0) return 0;
  return (gamma - from.slope + theta) / (2 * gamma - from.slope + to.slope);
}
