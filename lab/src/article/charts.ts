import * as Plot from '@observablehq/plot';
import { draw, logAxis, PANEL, type Tip } from '../plot.ts';
import { type Bilingual, type Language, NO_UNIT } from './bilingual.ts';
import type { Chart, Estimate } from './claim.ts';
import { estimateText, number, withUnit } from './words.ts';

/** Charts of claims. Each is drawn once a language, as wide as a narrow telephone. */

interface Strip {
  /** Empty where the strip stands alone. */
  readonly name: string;
  readonly of: Estimate;
}

const ROW = 62;
const MARGIN = 14;
const FOOT = 24;
/** Of a dot above and below the middle of its strip, in rows, so that equal ones are seen side by side. */
const SPREAD = [0, 0.1, -0.1, 0.05, -0.05];
/** Between the dots of the seeds and the mean. */
const APART = 0.27;
const SEED: Bilingual = { en: 'seed', zh: '种子' };
const MEAN: Bilingual = { en: 'mean', zh: '均值' };
const SMALLEST: Bilingual = { en: 'smallest effect that matters', zh: '有意义的最小效应' };

interface Frame {
  readonly unit: string;
  readonly language: Language;
  /** For readers who do not see it. */
  readonly label: string;
  readonly isLog: boolean;
  /** Lines across all strips. */
  readonly marks: readonly {
    readonly at: number;
    readonly stroke: string;
    readonly dashed?: boolean;
    readonly tip?: string;
  }[];
}

/** A little more than what is shown, also where all of that is one number. */
function domainOf(values: readonly number[], isLog: boolean): readonly [low: number, high: number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (isLog) return [low / 1.4, high * 1.4];
  const room = 0.06 * (high - low || Math.abs(high) || 1);
  return [low - room, high + room];
}

function strips(all: readonly Strip[], seeds: readonly number[], frame: Frame): string {
  const { unit, language, isLog, marks } = frame;
  const shown = all.flatMap(({ of }) => [...of.values, of.low, of.high]).concat(marks.map(({ at }) => at));
  const domain = domainOf(isLog ? shown.filter((x) => x > 0) : shown, isLog);
  const inside = (x: number): number => Math.max(x, domain[0]); // an interval may go below 0, where logarithms end
  const named = all.some(({ name }) => name !== '');
  const size = { width: PANEL, marginLeft: MARGIN, marginRight: MARGIN };
  const dots = all.flatMap(({ of }, row) =>
    of.values.map((x, i) => ({ x, y: row + (SPREAD[i % SPREAD.length] ?? 0), seed: seeds[i]! })),
  );
  const means = all.map(({ of }, row) => ({ ...of, low: inside(of.low), y: row + APART }));
  const middle = { x1: 'low', x2: 'high', y1: 'y', y2: 'y', stroke: 'currentColor', strokeWidth: 1.5 } as const;
  const ends = means.flatMap(({ low, high, y }) => [low, high].map((x) => ({ x, y1: y - 0.1, y2: y + 0.1 })));
  return draw(
    frame.label,
    {
      ...size,
      ...{ height: all.length * ROW + FOOT + MARGIN, marginTop: 4, marginBottom: FOOT + 10 },
      x: { type: isLog ? 'log' : 'linear', domain, axis: null },
      y: { type: 'linear', domain: [-0.55, all.length - 0.45], reverse: true, axis: null },
      marks: [
        ...(isLog
          ? logAxis([domain[0], domain[1]], size, number)
          : [Plot.axisX({ ticks: 4, tickFormat: number, label: null })]),
        marks.map(({ at, stroke, dashed }) =>
          Plot.ruleX([at], { stroke, strokeWidth: 1.5, ...(dashed && { strokeDasharray: '4 3' }) }),
        ),
        Plot.link(means, middle),
        Plot.ruleX(ends, { x: 'x', y1: 'y1', y2: 'y2', stroke: 'currentColor', strokeWidth: 1.5 }),
        Plot.dot(means, { x: 'mean', y: 'y', symbol: 'diamond', r: 5, fill: 'var(--test)' }),
        Plot.dot(dots, { x: 'x', y: 'y', r: 3.5, fill: 'var(--train)', fillOpacity: 0.6, stroke: 'var(--train)' }),
        named
          ? Plot.text(all, {
              x: domain[0],
              y: (_: Strip, i: number) => i - 0.42,
              text: 'name',
              textAnchor: 'start',
              fill: 'currentColor',
            })
          : null,
      ],
    } as Plot.PlotOptions,
    (chart) => {
      const place = (x: number): number => chart.scale('x')!.apply(x);
      const height = (y: number): number => chart.scale('y')!.apply(y);
      const before = (name: string): string => (name === '' ? '' : `${name}, `);
      const ofMeans = means.map(({ y, mean }, row): Tip => {
        const { name, of } = all[row]!;
        const text = estimateText(of, { en: unit, zh: unit }, language);
        return [place(inside(mean)), height(y), `${before(name)}${MEAN[language]}: ${text}`];
      });
      const ofSeeds = all.flatMap(({ name, of }, row) =>
        dots.slice(row * of.values.length, (row + 1) * of.values.length).map(({ x, y, seed }): Tip => {
          return [place(inside(x)), height(y), `${before(name)}${SEED[language]} ${seed}: ${withUnit(x, unit)}`];
        }),
      );
      const ofMarks = marks.flatMap(({ at, tip }): Tip[] =>
        tip === undefined ? [] : [[place(at), height(-0.5), tip]],
      );
      return [...ofMeans, ...ofSeeds, ...ofMarks];
    },
  );
}

/** The default: the effect of each seed, its mean with the interval, and where it begins to matter. */
export const effectStrip: Chart = ({ effect }, summary, language) => {
  const { name, unit = NO_UNIT, better, smallest } = effect;
  const at = better === 'higher' ? smallest : 0 - smallest;
  const text = `${SMALLEST[language]}: ${withUnit(at, unit[language])}`;
  return strips([{ name: '', of: summary.effect }], summary.seeds, {
    ...{ unit: unit[language], language, isLog: false },
    label: `${name[language]}: ${estimateText(summary.effect, unit, language)}; ${text}`,
    marks: [
      { at: 0, stroke: 'var(--gap)' },
      { at, stroke: 'var(--test)', dashed: true, tip: text },
    ],
  });
};

const stripsOfArms =
  (isLog: boolean): Chart =>
  ({ arms }, summary, language) => {
    const unit = Object.values(arms)[0]?.unit ?? NO_UNIT;
    const shown = Object.entries(arms).flatMap(([name, arm]): Strip[] =>
      (arm.unit ?? NO_UNIT).en === unit.en ? [{ name: arm[language], of: summary.figures[name]! }] : [],
    );
    const label = shown.map(({ name, of }) => `${name} ${estimateText(of, unit, language)}`).join('; ');
    return strips(shown, summary.seeds, { ...{ unit: unit[language], language, isLog, label }, marks: [] });
  };

/** A strip for each arm in the unit of the first, one below the other. */
export const armStrips: Chart = stripsOfArms(false);

/** The same on a logarithmic axis, for figures above 0 that differ by powers of ten. */
export const armStripsOnLog: Chart = stripsOfArms(true);
