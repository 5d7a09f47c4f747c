import * as Plot from '@observablehq/plot';
import { BASELINES } from './findings-criteria.ts';
import { decimals, exact, percent, range } from './format.ts';
import { draw, type Tip } from './plot.ts';
import type { Criteria, CriterionName, Figure } from './types.ts';

/** Wider than other charts: names stand behind the ends of the lines. */
const WIDTH = 520;
const HEIGHT = 340;
const NAMES = 150;
/** Between two names. */
const LINE = 15;

interface Spot {
  readonly name: CriterionName;
  readonly level: number;
  readonly figure: Figure;
}

/** Score against the share of zeros: a line for each criterion, those that nobody would take dashed. */
export function criteriaLines({ levels, rows, whole }: Criteria, scoreName: string): string {
  const spots = rows.flatMap(({ name, scores }) => scores.map((figure, level): Spot => ({ name, level, figure })));
  const means = [...spots.map(({ figure }) => figure.mean), whole.mean].filter(Number.isFinite);
  const [lowest, highest] = [Math.min(...means), Math.max(...means)];
  const room = Math.max(0.005, (highest - lowest) * 0.05);
  const domain = [lowest - room, highest + room] as const;
  const [top, bottom] = [24, 36];
  const place = (score: number): number =>
    top + ((domain[1] - score) / (domain[1] - domain[0])) * (HEIGHT - top - bottom);
  const last = levels.length - 1;
  const ends = rows.map(({ name, scores }) => ({ name, at: place(scores[last]!.mean) }));
  const labels = spread(ends);
  const isBaseline = ({ name }: { readonly name: CriterionName }): boolean => BASELINES.includes(name);
  const value = (y: number): number => domain[1] - ((y - top) / (HEIGHT - top - bottom)) * (domain[1] - domain[0]);
  const x = ({ level }: Spot): number => level;
  const y = ({ figure }: Spot): number => figure.mean;
  const lines = (isDashed: boolean): Plot.Markish =>
    Plot.line(
      spots.filter((spot) => isBaseline(spot) === isDashed),
      {
        ...{ x, y, z: 'name', strokeWidth: 1.6, strokeOpacity: 0.75 },
        stroke: isDashed ? 'var(--test)' : 'var(--train)',
        ...(isDashed && { strokeDasharray: '5 3' }),
      },
    );
  const label = rows
    .map(
      ({ name, scores }) =>
        `${name} ${scores.map(({ mean }, i) => `${decimals(mean)} at ${percent(levels[i]!)}`).join(', ')}`,
    )
    .join('; ');
  return draw(
    `${scoreName} against the share of zeros: ${label}`,
    {
      ...{ width: WIDTH, height: HEIGHT, marginTop: top, marginBottom: bottom, marginLeft: 44, marginRight: NAMES },
      x: { domain: [0, last], axis: null },
      y: { domain: [...domain], ticks: 6, label: scoreName, labelArrow: 'none', grid: true },
      marks: [
        Plot.axisX([...levels.keys()], {
          tickFormat: (i: number) => percent(levels[i]!),
          label: 'weights that are zero',
          labelArrow: 'none',
          labelAnchor: 'center',
        }),
        Plot.ruleY([whole.mean], { stroke: 'var(--gap)', strokeWidth: 1.5 }),
        Plot.text([whole.mean], {
          x: 0,
          y: (mean: number) => mean,
          text: () => 'whole',
          dy: -8,
          textAnchor: 'start',
          fill: 'currentColor',
        }),
        lines(false),
        lines(true),
        Plot.dot(spots, {
          ...{ x, y, r: 3, strokeWidth: 1.5, fill: 'var(--paper)' },
          stroke: (spot: Spot) => (isBaseline(spot) ? 'var(--test)' : 'var(--train)'),
        }),
        Plot.link(labels, {
          ...{ x1: last, x2: last, y1: (end) => value(end.at), y2: (end) => value(end.y) },
          ...{ dx: 6, stroke: 'var(--gap)', strokeOpacity: 0 },
        }),
        Plot.text(labels, {
          x: last,
          y: (end) => value(end.y),
          text: 'name',
          textAnchor: 'start',
          dx: 10,
          fill: 'currentColor',
        }),
      ],
    },
    (chart) =>
      spots.map((spot): Tip => {
        const text = `${spot.name}, ${percent(levels[spot.level]!)} zero: ${scoreName} ${range(spot.figure, exact)}`;
        return [chart.scale('x')!.apply(spot.level), chart.scale('y')!.apply(spot.figure.mean), text];
      }),
  );
}

interface End {
  readonly name: CriterionName;
  readonly at: number;
}

/** Names at the heights of their lines, pushed apart where they would meet, and back up where they would leave the picture. */
export function spread(ends: readonly End[]): (End & { readonly y: number })[] {
  const sorted = [...ends].sort((p, q) => p.at - q.at);
  const heights: number[] = [];
  for (const { at } of sorted) heights.push(Math.max(at, (heights.at(-1) ?? Number.NEGATIVE_INFINITY) + LINE));
  let most = HEIGHT - 30;
  for (let i = heights.length - 1; i >= 0; i--) {
    heights[i] = Math.min(heights[i]!, most);
    most = heights[i]! - LINE;
  }
  return sorted.map((end, i) => ({ ...end, y: heights[i]! }));
}
