import * as Plot from '@observablehq/plot';
import { decimals, exact, range, size, time, whole } from './format.ts';
import { type Label, type Point, placeLabels } from './labels.ts';
import { CHART, clipped, type Drawn, draw, drawn, logAxis, PANEL, short, type Tip } from './plot.ts';
import type { JobReport } from './types.ts';
import type { Predictions } from './types-answers.ts';
import type { Figure } from './types-base.ts';
import type { FitResult, FormResult, Histogram } from './types-forms.ts';

/** Where the scores of the fits lie that are not meant to be poor, with some room. */
export function scoreDomain(fits: readonly FitResult[]): readonly [low: number, high: number] {
  const ends = fits
    .filter(({ kind }) => kind !== 'underfit')
    .flatMap(({ train, test }) => [train.min, train.max, test.min, test.max])
    .filter(Number.isFinite);
  if (ends.length === 0) return [0, 1];
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  const room = Math.max(0.005, (high - low) * 0.08);
  return [low - room, high > 1 ? high + room : Math.min(1, high + room)]; // neither score can be more than 1
}

interface ScoreDot {
  readonly row: string;
  readonly series: 'train' | 'test';
  readonly figure: Figure;
}

/** A row a fit: training and test scores as dots, the gap between them as a line, and the seeds' range as a broad one. */
export function scoreDots({ fits, scoreName }: JobReport): string {
  const domain = scoreDomain(fits);
  const [low, high] = domain;
  const rows = fits.map(({ name }) => name);
  const within = (x: number): number => Math.max(low, Math.min(high, x));
  const gutter = Math.max(60, ...rows.map((row) => clipped(row).length * 6.2 + 10));
  return draw(
    `${scoreName} of ${fits.map((f) => `${f.name}: training ${decimals(f.train.mean)}, test ${decimals(f.test.mean)}`).join('; ')}`,
    {
      width: CHART,
      height: rows.length * 28 + 52,
      marginLeft: gutter,
      marginRight: 92,
      marginTop: 24,
      marginBottom: 28,
      x: { domain: [low, high], ticks: 4, label: null, grid: true },
      y: { domain: rows, label: null, padding: 0.3 },
      marks: [
        Plot.axisY({ tickSize: 0, label: null, tickFormat: clipped }),
        ...scoreMarks(fits, domain, within),
        ...column(fits, 'test', ({ test }) => test.mean, 46),
        ...column(fits, 'gap', ({ gap }) => gap.mean, 90),
      ],
    },
    (chart) =>
      fits.flatMap((f) => {
        const x = chart.scale('x')!;
        const y = chart.scale('y')!;
        const text = `${f.name}: training ${range(f.train, exact)}, test ${range(f.test, exact)}, gap ${range(f.gap, exact)}`;
        const ends = [f.test.mean, f.train.mean].filter(Number.isFinite);
        return ends.map((end): Tip => [x.apply(within(end)), y.apply(f.name) + y.bandwidth! / 2, text]);
      }),
  );
}

/** Dots, gaps and ranges; fits that lie outside are said in words. */
function scoreMarks(
  fits: readonly FitResult[],
  [low, high]: readonly [low: number, high: number],
  within: (x: number) => number,
): Plot.Markish[] {
  const inside = (x: number): boolean => x >= low && x <= high;
  const dots = fits.flatMap((fit): ScoreDot[] => [
    { row: fit.name, series: 'train', figure: fit.train },
    { row: fit.name, series: 'test', figure: fit.test },
  ]);
  const shown = dots.filter(({ figure }) => inside(figure.mean));
  const ranges = shown.filter(({ figure }) => figure.max > figure.min);
  const outside = fits.filter(
    ({ train, test }) => !inside(train.mean) && !inside(test.mean) && Number.isFinite(test.mean),
  );
  const colour = ({ series }: ScoreDot): string => `var(--${series})`;
  return [
    Plot.ruleY(fits, {
      y: 'name',
      x1: (f: FitResult) => within(f.test.mean),
      x2: (f: FitResult) => within(f.train.mean),
      stroke: 'var(--gap)',
      strokeWidth: (f: FitResult) => (outside.includes(f) ? 0 : 2),
    }),
    Plot.ruleY(ranges, {
      y: 'row',
      x1: (d: ScoreDot) => within(d.figure.min),
      x2: (d: ScoreDot) => within(d.figure.max),
      stroke: colour,
      strokeWidth: 8,
      strokeOpacity: 0.3,
    }),
    Plot.dot(shown, {
      x: (d: ScoreDot) => d.figure.mean,
      y: 'row',
      r: 4.5,
      stroke: colour,
      strokeWidth: 1.8,
      fill: (d: ScoreDot) => (d.series === 'test' ? 'var(--paper)' : 'var(--train)'),
    }),
    Plot.text(outside, {
      y: 'name',
      text: (f: FitResult) =>
        f.test.mean < low ? `◂ ${decimals(f.test.mean)} to ${decimals(f.train.mean)}` : `${decimals(f.test.mean)} ▸`,
      frameAnchor: 'left',
      dx: 4,
      fill: 'currentColor',
    }),
  ];
}

/** Numbers to the right of the rows, with a head. */
function column(fits: readonly FitResult[], head: string, of: (fit: FitResult) => number, dx: number): Plot.Markish[] {
  const look = { textAnchor: 'end', dx, fill: 'currentColor' } as const;
  return [
    Plot.text(fits, { ...look, y: 'name', text: (fit: FitResult) => decimals(of(fit)), frameAnchor: 'right' }),
    Plot.text([head], { ...look, frameAnchor: 'top-right', dy: -16, fillOpacity: 0.7 }),
  ];
}

/** Horizontal bars from 0 with their times, and lines from the lowest to the highest seed. */
export function latencyBars(forms: readonly FormResult[], batch: 1 | 64): string {
  const data = forms.map(({ name, latency1, latency64 }) => ({ name, figure: batch === 1 ? latency1 : latency64 }));
  type Bar = (typeof data)[number];
  const shown = data.filter(({ figure }) => Number.isFinite(figure.mean));
  const ranges = shown.filter(({ figure }) => figure.max > figure.min);
  const lowest = (d: Bar): number => d.figure.min;
  const highest = (d: Bar): number => d.figure.max;
  const samples = batch === 1 ? '1 sample' : '64 samples';
  return draw(
    `Latency of a call with ${samples}: ${data.map(({ name, figure }) => `${name} ${time(figure.mean)}`).join(', ')}`,
    {
      width: CHART,
      height: data.length * 24 + 26,
      marginLeft: Math.max(60, ...data.map(({ name }) => clipped(name).length * 6.2 + 10)),
      marginRight: Math.max(0, ...shown.map(({ figure }) => time(figure.mean).length)) * 6.4 + 8,
      marginTop: 4,
      marginBottom: 22,
      x: {
        domain: [0, Math.max(0, ...shown.map(highest)) || 1],
        ticks: 3,
        label: null,
        tickFormat: (x: number) => (x === 0 ? '0' : short(time(x))),
        grid: true,
      },
      y: { domain: data.map(({ name }) => name), label: null, padding: 0.25 },
      marks: [
        Plot.axisY({ tickSize: 0, label: null, tickFormat: clipped }),
        Plot.barX(shown, { x: (d: Bar) => d.figure.mean, y: 'name', fill: 'var(--train)' }),
        Plot.ruleX([0], { stroke: 'currentColor' }),
        Plot.ruleY(ranges, { y: 'name', x1: lowest, x2: highest, stroke: 'currentColor', strokeWidth: 1.2 }),
        // Not by markers, whose ids count up from page to page.
        ...[lowest, highest].map((x) =>
          Plot.tickX(ranges, { x, y: 'name', stroke: 'currentColor', insetTop: 2.5, insetBottom: 2.5 }),
        ),
        Plot.text(shown, {
          x: highest,
          y: 'name',
          text: (d: Bar) => time(d.figure.mean),
          textAnchor: 'start',
          dx: 5,
          fill: 'currentColor',
        }),
      ],
    } as Plot.PlotOptions,
    (chart) =>
      shown.map(({ name, figure }): Tip => {
        const x = chart.scale('x')!;
        const y = chart.scale('y')!;
        return [
          x.apply(figure.mean),
          y.apply(name) + y.bandwidth! / 2,
          `${name}: ${range(figure, time)} for ${samples}`,
        ];
      }),
  );
}

interface Step {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  readonly density: number;
}

/** Share of the weights per unit, so that histograms with other bins can be compared. */
function densities({ low, high, counts }: Histogram): Step[] {
  const total = counts.reduce((sum, n) => sum + n, 0) || 1;
  const width = (high - low) / counts.length || 1;
  return counts.map((count, i) => ({
    low: low + i * width,
    high: low + (i + 1) * width,
    count,
    density: count / total / width,
  }));
}

/** The weights of one form, before (outline) and after (filled); the root scale keeps the rest visible beside a spike at 0. */
export function weights(form: Histogram, before: Histogram, all: readonly Histogram[]): string {
  const top = Math.max(1e-9, ...all.flatMap((h) => densities(h).map((step) => step.density)));
  const outline = densities(before);
  const bins = densities(form);
  const steps = [
    ...outline.map(({ low, density }) => ({ x: low, density })),
    { x: before.high, density: outline.at(-1)?.density ?? 0 },
  ];
  const total = form.counts.reduce((sum, n) => sum + n, 0);
  const low = Math.min(...all.map((h) => h.low));
  const high = Math.max(...all.map((h) => h.high));
  return draw(
    `Weights of ${form.name}: ${whole(total)} from ${decimals(form.low)} to ${decimals(form.high)}`,
    {
      width: PANEL,
      height: 92,
      marginLeft: 16,
      marginRight: 16,
      marginTop: 6,
      marginBottom: 20,
      x: { domain: [low, high], ticks: 5, label: null },
      y: { type: 'sqrt', domain: [0, top], axis: null },
      marks: [
        Plot.rectY(bins, { x1: 'low', x2: 'high', y: 'density', fill: 'var(--train)', inset: 0.3 }),
        ...(form === before
          ? []
          : [Plot.line(steps, { x: 'x', y: 'density', curve: 'step-after', stroke: 'currentColor', strokeWidth: 1 })]),
        Plot.ruleY([0], { stroke: 'currentColor' }),
      ],
    },
    (chart) => {
      const x = chart.scale('x')!;
      const y = chart.scale('y')!;
      return bins
        .filter(({ count }) => count > 0)
        .map((bin): Tip => {
          const place = `${decimals(bin.low)} to ${decimals(bin.high)}`;
          const text = `${whole(bin.count)} of ${whole(total)} weights from ${place}`;
          return [x.apply((bin.low + bin.high) / 2), y.apply(bin.density), text];
        });
    },
  );
}

/** A form as a symbol, and where its name stands. */
interface Dot extends Label {
  readonly form: FormResult;
  readonly at: Point;
}

/** One for each form. */
const SYMBOLS = ['circle', 'cross', 'diamond', 'square', 'star', 'triangle', 'wye', 'hexagon'] as const;

/** Score against bytes, each form with its own symbol and name. */
export function tradeOff({ forms, scoreName }: JobReport): string {
  const shown = forms.filter((form) => form.bytes.mean > 0 && Number.isFinite(form.score.mean));
  const bytes = shown.map((form) => form.bytes.mean);
  const domain = shown.length === 0 ? ([1, 10] as const) : ([Math.min(...bytes) / 2, Math.max(...bytes) * 2] as const);
  const scores = shown.flatMap(({ score }) => [score.min, score.max]);
  const pad = Math.max(0.005, (Math.max(...scores) - Math.min(...scores)) * 0.2);
  const sides = { width: CHART, marginLeft: 44, marginRight: 12 };
  const options: Plot.PlotOptions = {
    ...sides,
    height: 300,
    marginTop: 22,
    marginBottom: 36,
    x: { type: 'log', domain: [...domain], axis: null },
    y: {
      domain: shown.length === 0 ? [0, 1] : [Math.min(...scores) - pad, Math.max(...scores) + pad],
      ticks: 5,
      label: scoreName,
      labelArrow: 'none',
      grid: true,
    },
    symbol: { domain: shown.map((form) => form.name), range: SYMBOLS, legend: false },
  };
  const empty = drawn({ ...options, marks: [Plot.frame()] });
  const dots = dotsOf(shown, empty);
  // A log scale filters the texts of its own axis; this one has its own.
  const axis = logAxis(domain, sides, (b) => short(size(b)), { label: 'bytes of the file' });
  return draw(
    `${scoreName} against bytes: ${shown.map((f) => `${f.name} ${decimals(f.score.mean)} in ${size(f.bytes.mean)}`).join(', ')}`,
    { ...options, marks: [...axis, ...dotMarks(dots, empty)] },
    () =>
      dots.map(({ at, form: { name, score, bytes: b } }): Tip => {
        return [at.x, at.y, `${name}: ${scoreName} ${range(score, exact)}, ${range(b, whole)} bytes`];
      }),
  );
}

/** Places the names of the forms by the scales of a chart. */
function dotsOf(forms: readonly FormResult[], chart: Drawn): Dot[] {
  const x = chart.scale('x')!;
  const y = chart.scale('y')!;
  const points = forms.map(({ name, bytes, score }) => ({
    x: x.apply(bytes.mean),
    y: y.apply(score.mean),
    text: clipped(name),
  }));
  const whiskers = forms.map(({ score }, i) => ({
    left: points[i]!.x - 3,
    right: points[i]!.x + 3,
    top: y.apply(score.max),
    bottom: y.apply(score.min),
  }));
  const labels = placeLabels(points, whiskers, { left: 48, right: CHART - 6, top: 24, bottom: 300 - 40 });
  return labels.map((label, i) => ({ ...label, form: forms[i]!, at: points[i]! }));
}

/** Symbols with the range of the seeds, their names, and lines to names that are far. */
function dotMarks(dots: readonly Dot[], chart: Drawn): Plot.Markish[] {
  const x = chart.scale('x')!;
  const y = chart.scale('y')!;
  const toBytes = (d: Dot): number => d.form.bytes.mean;
  const toScore = (d: Dot): number => d.form.score.mean;
  const several = dots.filter((d) => d.form.score.max > d.form.score.min);
  return [
    Plot.link(
      dots.filter((d) => d.far),
      {
        x1: toBytes,
        y1: toScore,
        x2: (d: Dot) => x.invert!(d.x + d.width / 2),
        y2: (d: Dot) => y.invert!(d.y),
        stroke: 'currentColor',
        strokeOpacity: 0.4,
      },
    ),
    Plot.ruleX(several, {
      x: toBytes,
      y1: (d: Dot) => d.form.score.min,
      y2: (d: Dot) => d.form.score.max,
      stroke: 'var(--train)',
    }),
    Plot.dot(dots, { x: toBytes, y: toScore, symbol: (d: Dot) => d.form.name, r: 5, fill: 'var(--train)' }),
    Plot.text(dots, {
      x: (d: Dot) => x.invert!(d.x + 2),
      y: (d: Dot) => y.invert!(d.y),
      text: 'text',
      textAnchor: 'start',
      fill: 'currentColor',
      stroke: 'var(--paper)',
      strokeWidth: 4,
    }),
  ];
}

/** Predicted against true numbers of one form; on the line they are equal. Both axes have the scale of all forms. */
export function scatter({ truth, forms }: Predictions, form: Predictions['forms'][number], name: string): string {
  const all = [...truth, ...forms.flatMap(({ values }) => values)].filter(Number.isFinite);
  const low = Math.min(...all);
  const high = Math.max(...all);
  const domain = high > low ? [low, high] : [low - 1, high + 1];
  const points = truth.map((x, i) => ({ x, y: form.values[i]! }));
  const number = (x: number): string => String(Number(x.toPrecision(5)));
  return draw(
    `Predicted against true ${name} of ${points.length} test samples, by ${form.form}`,
    {
      width: CHART,
      height: 320,
      marginLeft: 52,
      marginRight: 12,
      marginTop: 24,
      marginBottom: 36,
      x: { domain, ticks: 5, label: 'true', labelArrow: 'none', labelAnchor: 'center', tickFormat: number },
      y: { domain, ticks: 5, label: 'predicted', labelArrow: 'none', grid: true, tickFormat: number },
      marks: [
        Plot.line(
          domain.map((x) => ({ x, y: x })),
          { x: 'x', y: 'y', stroke: 'var(--gap)', strokeWidth: 1.5 },
        ),
        Plot.dot(points, { x: 'x', y: 'y', r: 2.5, fill: 'var(--train)', fillOpacity: 0.6 }),
      ],
    },
    (chart) =>
      points.map(({ x, y }): Tip => {
        return [chart.scale('x')!.apply(x), chart.scale('y')!.apply(y), `true ${number(x)}, predicted ${number(y)}`];
      }),
  );
}
