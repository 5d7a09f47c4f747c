import * as Plot from '@observablehq/plot';
import { BASELINES } from './findings-criteria.ts';
import { decimals, exact, percent, range } from './format.ts';
import { CHART, draw, logTicks, partOf, type Tip } from './plot.ts';
import type { Figure } from './types-base.ts';
import type { Criteria, CriterionName } from './types-compared.ts';

const HEIGHT = 340;
const [TOP, BOTTOM] = [24, 38];
/** For names behind the ends of the lines. */
const NAMES = 146;
/** Between two names. */
const LINE = 15;
/** What is missing from a score of 1 is shown from here on: none of it has no place on a logarithmic axis. */
const LEAST = 0.001;

interface Spot {
  readonly name: CriterionName;
  readonly level: number;
  readonly figure: Figure;
}

const missing = (score: number): number => Math.max(LEAST, 1 - score);

/**
 * What is missing from a score of 1 against the share of zeros: a line for each criterion, those to be beaten dashed, with
 * the range of the seeds at each level. Each is a part that comes forward by itself.
 */
export function criteriaLines({ levels, rows, whole }: Criteria, scoreName: string): string {
  const spots = rows
    .flatMap(({ name, scores }) => scores.map((figure, level): Spot => ({ name, level, figure })))
    .filter(({ figure }) => Number.isFinite(figure.mean));
  const all = [whole.mean, ...spots.flatMap(({ figure }) => [figure.min, figure.max])].map(missing);
  const [best, worst] = [Math.min(...all) / 1.15, Math.max(...all) * 1.15];
  const place = (x: number): number => TOP + (Math.log(x / best) / Math.log(worst / best)) * (HEIGHT - TOP - BOTTOM);
  const value = (y: number): number => best * (worst / best) ** ((y - TOP) / (HEIGHT - TOP - BOTTOM));
  const last = levels.length - 1;
  const ends = rows.map(({ name, scores }) => ({ name, at: place(missing(scores[last]!.mean)) }));
  const labels = spread(ends, HEIGHT - BOTTOM);
  const x = ({ level }: Spot): number => level;
  const y = ({ figure }: Spot): number => missing(figure.mean);
  const from = 14 / ((CHART - 44 - NAMES) / last); // in levels, so many pixels
  const part = ({ name }: Criteria['rows'][number], index: number): Plot.Markish[] => {
    const isBaseline = BASELINES.includes(name);
    const className = partOf(index);
    const stroke = isBaseline ? 'var(--test)' : 'var(--train)';
    const own = spots.filter((spot) => spot.name === name);
    const end = labels.filter((each) => each.name === name);
    return [
      Plot.ruleX(own, {
        ...{ className, stroke, x, strokeOpacity: 0.3 },
        ...{ y1: ({ figure }) => missing(figure.min), y2: ({ figure }) => missing(figure.max) },
      }),
      Plot.line(own, {
        ...{ className, stroke, x, y, strokeWidth: 1.6, strokeOpacity: 0.75 },
        ...(isBaseline && { strokeDasharray: '5 3' }),
      }),
      Plot.dot(own, { className, stroke, x, y, r: 3, strokeWidth: 1.5, fill: 'var(--paper)' }),
      Plot.link(end, {
        ...{ x1: last + from / 3, x2: last + from, y1: ({ at }) => value(at), y2: (each) => value(each.y) },
        ...{ className, stroke: 'currentColor', strokeOpacity: 0.4, clip: false },
      }),
      Plot.text(end, {
        ...{ className, x: last + from, y: (each) => value(each.y), text: 'name', textAnchor: 'start', dx: 3 },
        fill: 'currentColor',
      }),
    ];
  };
  const label = rows
    .map(
      ({ name, scores }) =>
        `${name} ${scores.map(({ mean }, i) => `${decimals(mean)} at ${percent(levels[i]!)}`).join(', ')}`,
    )
    .join('; ');
  return draw(
    `${scoreName} against the share of zeros: ${label}`,
    {
      ...{ width: CHART, height: HEIGHT, marginTop: TOP, marginBottom: BOTTOM, marginLeft: 44, marginRight: NAMES },
      x: { domain: [0, last], axis: null },
      y: {
        type: 'log',
        domain: [worst, best],
        ticks: logTicks(best, worst, () => true),
        tickFormat: (missed: number) => `${Number((1 - missed).toFixed(3))}`,
        label: scoreName,
        labelArrow: 'none',
        grid: true,
      },
      marks: [
        Plot.axisX([...levels.keys()], {
          tickFormat: (i: number) => percent(levels[i]!),
          label: 'weights that are zero',
          labelArrow: 'none',
          labelAnchor: 'center',
        }),
        Plot.ruleY([missing(whole.mean)], { stroke: 'var(--gap)', strokeWidth: 1.5 }),
        ...rows.map(part),
      ],
    } as Plot.PlotOptions,
    (chart) =>
      spots.map((spot): Tip => {
        const text = `${spot.name}, ${percent(levels[spot.level]!)} zero: ${scoreName} ${range(spot.figure, exact)}`;
        const index = rows.findIndex(({ name }) => name === spot.name);
        return [chart.scale('x')!.apply(spot.level), chart.scale('y')!.apply(y(spot)), text, index];
      }),
  );
}

interface End {
  readonly name: CriterionName;
  readonly at: number;
}

/** Names at the heights of their lines, pushed apart where they would meet, and back up where they would pass the foot. */
export function spread(ends: readonly End[], foot: number): (End & { readonly y: number })[] {
  const sorted = [...ends].sort((p, q) => p.at - q.at);
  const heights: number[] = [];
  for (const { at } of sorted) heights.push(Math.max(at, (heights.at(-1) ?? Number.NEGATIVE_INFINITY) + LINE));
  let most = foot;
  for (let i = heights.length - 1; i >= 0; i--) {
    heights[i] = Math.min(heights[i]!, most);
    most = heights[i]! - LINE;
  }
  return sorted.map((end, i) => ({ ...end, y: heights[i]! }));
}
