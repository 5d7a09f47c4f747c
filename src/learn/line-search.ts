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

/** The interval: its end with the lowest value so far, the other one, and whether a minimum is known to lie between. */
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
  let interval: Interval = { best: start, other: start, isBracket: false };
  let longest = LONGEST;
  let low = 0;
  let high = 5 * first;
  let step = first;
  let width = longest;
  let widthBefore = 2 * longest;
  let isModified = true; // in the first stage the value is looked at less what is promised (formula 2.2 of the paper)
  for (let tried = 0; tried < most; tried++) {
    const here = probe(step);
    if (!Number.isFinite(here.value + here.slope)) {
      longest = step;
      step = interval.best.step + (step - interval.best.step) / 2;
      high = Math.min(high, longest);
      continue;
    }
    const enough = start.value + step * promised;
    if (here.value <= enough && here.slope >= 0) isModified = false;
    const { best, other, isBracket } = interval;
    const isStuck = isBracket && (step <= low || step >= high || high - low <= NARROW * high);
    const isLongest = step === longest && here.value <= enough && here.slope <= promised;
    if (isStuck || isLongest) return here;
    if (here.value <= enough && Math.abs(here.slope) <= -FLATTER * start.slope) return here;

    const isLess = isModified && here.value <= best.value && here.value > enough;
    const seen = isLess ? ({ step: at, value, slope }: Probe) => lessOf(at, value, slope, promised) : same;
    const ends = { best: seen(best), other: seen(other), isBracket };
    const found = nextStep(ends, seen(here), low, high);
    step = found.step;
    interval = narrowed(interval, here, found);
    const { best: nearest, other: farthest } = interval;
    if (interval.isBracket) {
      const distance = Math.abs(farthest.step - nearest.step);
      if (distance >= SHRINKS * widthBefore) step = nearest.step + (farthest.step - nearest.step) / 2;
      widthBefore = width;
      width = distance;
      low = Math.min(nearest.step, farthest.step);
      high = Math.max(nearest.step, farthest.step);
    } else {
      low = step + 1.1 * (step - nearest.step);
      high = step + 4 * (step - nearest.step);
    }
    step = Math.min(Math.max(step, 0), longest);
    if (interval.isBracket && (step <= low || step >= high || high - low <= NARROW * high)) step = nearest.step;
  }
  return null;
}

const same = (probe: Probe): Probe => probe;

const lessOf = (step: number, value: number, slope: number, promised: number): Probe => ({
  step,
  value: value - step * promised,
  slope: slope - promised,
});

interface Next {
  readonly step: number;
  readonly isBracket: boolean;
  /** Which ends `here` and the best one become: the other one, the best one, or the best one with the old best as the other. */
  readonly becomes: 'other' | 'best' | 'best of two';
}

function narrowed({ best, other }: Interval, here: Probe, { isBracket, becomes }: Next): Interval {
  if (becomes === 'other') return { best, other: here, isBracket };
  return { best: here, other: becomes === 'best' ? other : best, isBracket };
}

/** The next step of the four cases of section 4 of the paper, between `low` and `high` where no bracket is known. */
function nextStep({ best, other, isBracket }: Interval, here: Probe, low: number, high: number): Next {
  const way = here.step - best.step;
  const isOpposite = here.slope * Math.sign(best.slope) < 0;
  if (here.value > best.value) {
    // 1: higher, so the minimum lies between. The cubic is believed where it is nearer to the best end than the parabola.
    const cubic = best.step + cubicShare(best, here) * way;
    const drop = (best.value - here.value) / way + best.slope;
    const parabola = best.step + (best.slope / drop / 2) * way;
    const isNearer = Math.abs(cubic - best.step) < Math.abs(parabola - best.step);
    return { step: isNearer ? cubic : cubic + (parabola - cubic) / 2, isBracket: true, becomes: 'other' };
  }
  const secant = here.step + (here.slope / (here.slope - best.slope)) * -way;
  if (isOpposite) {
    // 2: lower, and past the minimum. The farther one of the two.
    const cubic = here.step + cubicShare(here, best) * -way;
    const isFarther = Math.abs(cubic - here.step) > Math.abs(secant - here.step);
    return { step: isFarther ? cubic : secant, isBracket: true, becomes: 'best of two' };
  }
  if (Math.abs(here.slope) < Math.abs(best.slope)) {
    // 3: lower and flatter. The cubic may have no minimum, or one behind.
    const share = cubicShare(here, best, true);
    const cubic = share < 0 ? here.step - share * way : way > 0 ? high : low;
    const isCubicNearer = Math.abs(cubic - here.step) < Math.abs(secant - here.step);
    if (!isBracket) {
      const step = Math.min(Math.max(isCubicNearer ? secant : cubic, low), high);
      return { step, isBracket, becomes: 'best' };
    }
    const near = isCubicNearer ? cubic : secant;
    const limit = here.step + SHRINKS * (other.step - here.step);
    return { step: way > 0 ? Math.min(limit, near) : Math.max(limit, near), isBracket, becomes: 'best' };
  }
  // 4: lower and no flatter. Towards the other end, or as far as may be.
  const toOther = isBracket ? here.step + cubicShare(here, other) * (other.step - here.step) : null;
  return { step: toOther ?? (way > 0 ? high : low), isBracket, becomes: 'best' };
}

/**
 * Where the cubic through two probes has its minimum, as a share of the way from the first to the second. With `mayLack` a
 * cubic without one gives a share of at least 0, or 0/0, where one with a minimum behind the first gives less.
 */
function cubicShare(from: Probe, to: Probe, mayLack = false): number {
  const way = to.step - from.step;
  const theta = (3 * (from.value - to.value)) / way + from.slope + to.slope;
  const scale = Math.max(Math.abs(theta), Math.abs(from.slope), Math.abs(to.slope));
  const inside = (theta / scale) * (theta / scale) - (from.slope / scale) * (to.slope / scale);
  const root = scale * Math.sqrt(mayLack ? Math.max(0, inside) : inside);
  const gamma = way < 0 ? -root : root;
  if (mayLack && gamma === 0) return 0;
  return (gamma - from.slope + theta) / (2 * gamma - from.slope + to.slope);
}
