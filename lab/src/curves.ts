import * as Plot from '@observablehq/plot';
import { decimals, exact } from './format.ts';
import { type Drawn, draw, logTicks, PANEL, type Tip } from './plot.ts';
import type { FitResult } from './types-forms.ts';

interface Epoch {
  readonly epoch: number;
  readonly value: number;
}

type Domain = readonly [low: number, high: number];

const minimum = (points: readonly Epoch[]): Epoch | undefined =>
  points.find(({ value }) => value === Math.min(...points.map((p) => p.value)));

/** Points enough for a picture; the last one is always there. */
function thinned(values: readonly number[]): Epoch[] {
  const stride = Math.ceil(values.length / 150);
  return values.flatMap((value, i) =>
    (i % stride === 0 || i === values.length - 1) && Number.isFinite(value) ? [{ epoch: i + 1, value }] : [],
  );
}

export interface CurveScales {
  readonly epochs: number;
  /** Of a logarithmic axis. */
  readonly loss: Domain;
  readonly score: Domain;
  readonly scoreKey: string | undefined;
}

/**
 * One scale for the curves of all fits, so that they can be compared: losses on a logarithmic axis; scores on one that
 * is about where they end, since all begin low.
 */
export function curveScales(fits: readonly FitResult[]): CurveScales {
  const keys = new Set(fits.flatMap((fit) => Object.keys(fit.history)));
  const scoreKey = [...keys].find((key) => keys.has(`val_${key}`) && key !== 'loss');
  const of = (fit: FitResult, key: string): (readonly number[])[] =>
    [key, `val_${key}`].map((each) => (fit.history[each] ?? []).filter(Number.isFinite));
  const losses = fits.flatMap((fit) => of(fit, 'loss').flat()).filter((value) => value > 0);
  losses.sort((a, b) => a - b);
  const highest = losses.at(-1) ?? 1;
  const scored = fits.filter(({ kind }) => kind !== 'underfit');
  const ends =
    scoreKey === undefined ? [] : scored.flatMap((fit) => of(fit, scoreKey).flatMap((values) => values.slice(-1)));
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  const room = Math.max(0.02, high - low);
  return {
    epochs: Math.max(2, ...fits.map((fit) => fit.history.loss?.length ?? 0)),
    loss: [Math.max(losses[0] ?? 0.1, highest / 10_000) / 1.2, highest * 1.2],
    score: ends.length === 0 ? [0, 1] : [low - room, high + room / 10],
    scoreKey,
  };
}

/** The parts of a line that are inside, cut where it goes in and out. */
export function cut(points: readonly Epoch[], [low, high]: Domain, place: (value: number) => number): Epoch[] {
  const inside = ({ value }: Epoch): boolean => value >= low && value <= high;
  return points.flatMap((point, i) => {
    const before = points[i - 1];
    const crossings = before === undefined ? [] : [low, high].flatMap((edge) => crossing(before, point, edge, place));
    crossings.sort((a, b) => a.epoch - b.epoch);
    if (inside(point)) return [...crossings, point];
    return [...crossings, { epoch: point.epoch, value: Number.NaN }];
  });
}

/** Where the straight line on the page from one point to the next meets the edge, ends left out. */
function crossing(a: Epoch, b: Epoch, edge: number, place: (value: number) => number): Epoch[] {
  const from = place(a.value);
  const to = place(b.value);
  const at = place(edge);
  const share = (at - from) / (to - from);
  return share > 0 && share < 1 ? [{ epoch: a.epoch + share * (b.epoch - a.epoch), value: edge }] : [];
}

/** Training and validation over the epochs; `key` is `loss` or the score. */
export function curves(fit: FitResult, key: string, title: string, scales: CurveScales): string {
  const isLoss = key === 'loss';
  const domain = isLoss ? scales.loss : scales.score;
  const train = thinned(fit.history[key] ?? []);
  const validation = thinned(fit.history[`val_${key}`] ?? []);
  const tips = (chart: Drawn): Tip[] => {
    const x = chart.scale('x')!;
    const y = chart.scale('y')!;
    return train.map(({ epoch, value }, i) => {
      const other = validation[i]?.value ?? value;
      const height = y.apply(Math.max(domain[0], Math.min(domain[1], other)));
      return [x.apply(epoch), height, `epoch ${epoch}: training ${exact(value)}, validation ${exact(other)}`];
    });
  };
  return draw(
    `${title} of ${fit.name} over ${fit.history[key]?.length ?? 0} epochs: training ends at ${decimals(end(train))}, validation at ${decimals(end(validation))}`,
    {
      width: PANEL,
      height: 132,
      marginLeft: 38,
      marginRight: 13,
      marginTop: 20,
      marginBottom: 26,
      x: { domain: [1, scales.epochs], ticks: Math.min(5, scales.epochs - 1), label: null, tickFormat: 'd' },
      y: {
        domain: [...domain],
        ...(isLoss
          ? {
              type: 'log',
              ticks: logTicks(...domain, ({ length }) => length <= 4),
              tickFormat: (x: number) => String(x),
            }
          : { ticks: 3 }),
        label: title,
        labelArrow: 'none',
        labelAnchor: 'top',
        grid: true,
      },
      marks: curveMarks(train, validation, domain, isLoss),
    } as Plot.PlotOptions,
    tips,
  );
}

const end = (points: readonly Epoch[]): number => points.at(-1)?.value ?? Number.NaN;

/** Both lines, the lowest loss, and where lines end that lie outside. */
function curveMarks(
  train: readonly Epoch[],
  validation: readonly Epoch[],
  domain: Domain,
  isLoss: boolean,
): Plot.Markish[] {
  const place = isLoss ? (v: number): number => Math.log(Math.max(v, Number.MIN_VALUE)) : (v: number): number => v;
  const isInside = ({ value }: Epoch): boolean => value >= domain[0] && value <= domain[1];
  const lowest = isLoss ? [minimum(validation)].filter((p) => p !== undefined).filter(isInside) : [];
  const single = (points: readonly Epoch[]): Epoch[] => (points.length > 1 ? [] : points.filter(isInside));
  const at = { x: 'epoch', y: 'value' } as const;
  const ofTest = { ...at, stroke: 'var(--test)' } as const;
  const marks = [
    Plot.line(cut(train, domain, place), { ...at, stroke: 'var(--train)', strokeWidth: 1.8 }),
    Plot.line(cut(validation, domain, place), { ...ofTest, strokeWidth: 1.8, strokeDasharray: '5 3' }),
    // A line of one epoch has no length.
    Plot.dot(single(train), { ...at, r: 2.5, fill: 'var(--train)' }),
    Plot.dot(single(validation), { ...ofTest, r: 3.5 }),
    Plot.dot(lowest, { ...ofTest, r: 3.5, fill: 'var(--paper)' }),
  ];
  if (train.length === 0 || [...train, ...validation].some(isInside)) return marks;
  const where = end(validation) < domain[0] ? 'below' : 'above';
  const text = `ends at ${decimals(end(validation))}, ${where} this axis`;
  return [...marks, Plot.text([text], { frameAnchor: 'middle', fill: 'currentColor' })];
}
