import * as Plot from '@observablehq/plot';
import { draw, logAxis, PANEL, type Tip } from '../plot.ts';
import { type Bilingual, NO_UNIT } from './bilingual.ts';
import type { Chart, Estimate } from './claim.ts';
import { estimateText, number } from './words.ts';

/** Figures of claims over something that is varied, such as the number of samples. */

export interface Curve {
  readonly name: Bilingual;
  readonly color: 'train' | 'test';
  /** The arms that are its points, from left to right. */
  readonly arms: readonly string[];
}

interface Frame {
  /** What is varied. */
  readonly name: Bilingual;
  /** Its values, above 0, one an arm of each curve. */
  readonly at: readonly number[];
  readonly curves: readonly Curve[];
  /** Logarithmic heights, for figures above 0. */
  readonly isLog?: boolean;
}

interface Spot {
  readonly x: number;
  readonly of: Estimate;
  readonly curve: Curve;
}

const SIZE = { width: PANEL, marginLeft: 40, marginRight: 14 };
const HEIGHT = 210;
const LINE = 15;

/** Lines through the means, and a dot a seed, over a logarithmic axis. */
export const curvesOf =
  ({ name, at, curves, isLog = false }: Frame): Chart =>
  ({ arms }, { figures }, language) => {
    const spots = curves.flatMap((curve) =>
      curve.arms.map((arm, i): Spot => ({ x: at[i]!, of: figures[arm]!, curve })),
    );
    const unit = arms[curves[0]!.arms[0]!]!.unit ?? NO_UNIT;
    const domain = [at[0]! / 1.1, at.at(-1)! * 1.1] as const;
    const label = curves
      .map((curve) => {
        const points = curve.arms.map((arm, i) => `${number(at[i]!)}: ${number(figures[arm]!.mean)}`);
        return `${curve.name[language]} (${points.join(', ')})`;
      })
      .join('; ');
    return draw(
      `${name[language]}: ${label}`,
      {
        ...SIZE,
        ...{ height: HEIGHT + curves.length * LINE, marginTop: 8 + curves.length * LINE, marginBottom: 38 },
        x: { type: 'log', domain, axis: null },
        y: { type: isLog ? 'log' : 'linear', axis: null, nice: !isLog },
        marks: [
          ...logAxis(domain, SIZE, number, { label: name[language] }),
          Plot.axisY({ ticks: 4, tickFormat: number, label: null }),
          curves.flatMap((curve, i) => {
            const own = spots.filter((spot) => spot.curve === curve);
            const seeds = own.flatMap(({ x, of }) => of.values.map((y) => ({ x, y })));
            const stroke = `var(--${curve.color})`;
            return [
              Plot.dot(seeds, { x: 'x', y: 'y', r: 2, fill: stroke, fillOpacity: 0.45 }),
              Plot.line(own, { x: 'x', y: ({ of }: Spot) => of.mean, stroke, strokeWidth: 2 }),
              Plot.text([`● ${curve.name[language]}`], {
                ...{ frameAnchor: 'top-left', textAnchor: 'start', lineAnchor: 'bottom', fill: stroke },
                dy: (i - curves.length + 1) * LINE - 6,
              }),
            ];
          }),
        ],
      } as Plot.PlotOptions,
      (chart) =>
        spots.map(({ x, of, curve }): Tip => {
          const text = `${curve.name[language]}, ${number(x)}: ${estimateText(of, unit, language)}`;
          return [chart.scale('x')!.apply(x), chart.scale('y')!.apply(of.mean), text];
        }),
    );
  };
