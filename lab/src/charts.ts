import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { decimals, size, time } from './format.ts';
import { markupOf } from './html.ts';
import { type Label, placeLabels } from './labels.ts';
import type { Figure, FitResult, FormResult, Histogram, JobReport } from './types.ts';

/** Every chart is an SVG as a string; its colours are variables of the page, so that light and dark are up to the page. */
const { document } = parseHTML('<!doctype html><html><body></body></html>');

/** Widths are those of a narrow telephone, so that type does not shrink there. */
const PANEL = 320;
const CHART = 380;

function draw(label: string, options: Plot.PlotOptions): string {
  const svg = Plot.plot({ document, className: 'plot', ...options } as Plot.PlotOptions);
  svg.querySelector('style')?.remove();
  for (const name of ['width', 'height', 'font-family', 'font-size', 'fill']) svg.removeAttribute(name);
  // Not by setAttribute: linkedom does not escape `&` and `<` in attributes.
  return svg.outerHTML.replace('<svg', () => `<svg role="img" aria-label="${markupOf(label)}"`);
}

interface Epoch {
  readonly epoch: number;
  readonly value: number;
}

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
  readonly loss: readonly [number, number];
  readonly score: readonly [number, number];
  readonly scoreKey: string | undefined;
}

/** One scale for the curves of all fits, so that they can be compared; it leaves out the highest fiftieth of the losses. */
export function curveScales(fits: readonly FitResult[]): CurveScales {
  const keys = new Set(fits.flatMap((fit) => Object.keys(fit.history)));
  const scoreKey = [...keys].find((key) => keys.has(`val_${key}`) && key !== 'loss');
  const all = (key: string): number[] =>
    fits
      .flatMap((fit) => [...(fit.history[key] ?? []), ...(fit.history[`val_${key}`] ?? [])])
      .filter(Number.isFinite)
      .sort((a, b) => a - b);
  const losses = all('loss');
  const scores = scoreKey === undefined ? [] : all(scoreKey);
  const at = (sorted: readonly number[], share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return {
    epochs: Math.max(2, ...fits.map((fit) => fit.history.loss?.length ?? 0)),
    loss: [Math.min(0, at(losses, 0)), at(losses, 0.98) || 1],
    score: [Math.min(0, at(scores, 0.02)), Math.max(1, at(scores, 1))],
    scoreKey,
  };
}

/** Training and validation over the epochs; `key` is `loss` or the score. */
export function curves(fit: FitResult, key: string, title: string, scales: CurveScales): string {
  const domain = key === 'loss' ? scales.loss : scales.score;
  const train = thinned(fit.history[key] ?? []);
  const validation = thinned(fit.history[`val_${key}`] ?? []);
  const inside = ({ value }: Epoch): number => Math.max(domain[0], Math.min(domain[1], value));
  const lowest = key === 'loss' ? minimum(validation) : undefined;
  const last = (points: readonly Epoch[]): string => decimals(points.at(-1)?.value ?? Number.NaN);
  return draw(
    `${title} of ${fit.name} over ${fit.history[key]?.length ?? 0} epochs: training ends at ${last(train)}, validation at ${last(validation)}`,
    {
      width: PANEL,
      height: 132,
      marginLeft: 34,
      marginRight: 8,
      marginTop: 20,
      marginBottom: 26,
      x: { domain: [1, scales.epochs], ticks: 5, label: null, tickFormat: 'd' },
      y: { domain, ticks: 3, label: title, labelArrow: 'none', labelAnchor: 'top', grid: true },
      marks: [
        Plot.line(train, { x: 'epoch', y: inside, stroke: 'var(--train)', strokeWidth: 1.8 }),
        Plot.line(validation, {
          x: 'epoch',
          y: inside,
          stroke: 'var(--test)',
          strokeWidth: 1.8,
          strokeDasharray: '5 3',
        }),
        // A line of one epoch has no length.
        ...(train.length > 1 ? [] : [Plot.dot(train, { x: 'epoch', y: inside, r: 2.5, fill: 'var(--train)' })]),
        ...(validation.length > 1
          ? []
          : [Plot.dot(validation, { x: 'epoch', y: inside, r: 3.5, stroke: 'var(--test)' })]),
        ...(lowest === undefined
          ? []
          : [Plot.dot([lowest], { x: 'epoch', y: inside, r: 3.5, stroke: 'var(--test)', fill: 'var(--paper)' })]),
      ],
    },
  );
}

/** The text of a tick: `5 µs` for `5.00 µs`. */
const short = (text: string): string => text.replace(/\.0+(?=\s|$)/, '');

/** A name that leaves room for the picture. */
const clipped = (name: string): string => (name.length > 24 ? `${name.slice(0, 22)}…` : name);

interface Bar {
  readonly row: string;
  readonly series: string;
  readonly figure: Figure;
}

/** Horizontal bars from 0 with their numbers, and lines from the lowest to the highest seed. */
function bars(label: string, data: readonly Bar[], format: (x: number) => string): string {
  const shown = data.filter(({ figure }) => Number.isFinite(figure.mean));
  const rows = [...new Set(data.map(({ row }) => row))];
  const series = [...new Set(data.map((bar) => bar.series))];
  const ends = shown.flatMap(({ figure }) => [figure.min, figure.max]);
  const ranges = shown.filter(({ figure }) => figure.max > figure.min);
  const lowest = (d: Bar): number => d.figure.min;
  const highest = (d: Bar): number => d.figure.max;
  const height = series.length > 1 ? 34 : 26;
  const gutter = Math.max(60, ...rows.map((row) => clipped(row).length * 6.2 + 10));
  const text = Math.max(0, ...shown.map(({ figure }) => format(figure.mean).length)) * 6.4 + 8;
  return draw(label, {
    width: CHART,
    height: rows.length * height + 26,
    marginLeft: gutter,
    marginRight: text,
    marginTop: 4,
    marginBottom: 22,
    x: {
      domain: [Math.min(0, ...ends), Math.max(0, ...ends) || 1],
      ticks: 3,
      label: null,
      tickFormat: (x: number) => (x === 0 ? '0' : short(format(x))),
      grid: true,
    },
    y: { domain: series, axis: null, padding: 0.12 },
    fy: { domain: rows, label: null, padding: 0.22, tickFormat: clipped },
    marks: [
      Plot.axisFy({ anchor: 'left', textAnchor: 'end', dx: -6, label: null, tickFormat: clipped }),
      Plot.barX(shown, {
        x: (d: Bar) => d.figure.mean,
        y: 'series',
        fy: 'row',
        fill: (d: Bar) => (d.series === 'test' ? 'var(--hollow)' : d.series === 'gap' ? 'var(--gap)' : 'var(--train)'),
        stroke: (d: Bar) => (d.series === 'test' ? 'var(--test)' : 'none'),
        insetTop: 0.5,
        insetBottom: 0.5,
      }),
      Plot.ruleX([0], { stroke: 'currentColor' }),
      Plot.ruleY(ranges, { y: 'series', fy: 'row', x1: lowest, x2: highest, stroke: 'currentColor', strokeWidth: 1.2 }),
      // Not by markers, whose ids count up from page to page.
      ...[lowest, highest].map((x) =>
        Plot.tickX(ranges, { x, y: 'series', fy: 'row', stroke: 'currentColor', insetTop: 2.5, insetBottom: 2.5 }),
      ),
      Plot.text(shown, {
        x: (d: Bar) => Math.max(0, d.figure.max),
        y: 'series',
        fy: 'row',
        text: (d: Bar) => format(d.figure.mean),
        textAnchor: 'start',
        dx: 5,
        fill: 'currentColor',
      }),
    ],
  } as Plot.PlotOptions);
}

const listed = (data: readonly Bar[], format: (x: number) => string): string =>
  data.map((d) => `${d.row} ${d.series} ${format(d.figure.mean)}`).join(', ');

export function scoreBars({ fits, scoreName }: JobReport): string {
  const data = fits.flatMap((fit) => [
    { row: fit.name, series: 'train', figure: fit.train },
    { row: fit.name, series: 'test', figure: fit.test },
  ]);
  return bars(`${scoreName} on training and test samples: ${listed(data, decimals)}`, data, decimals);
}

export function gapBars({ fits }: JobReport): string {
  const data = fits.map((fit) => ({ row: fit.name, series: 'gap', figure: fit.gap }));
  return bars(`Gap between training and test: ${listed(data, decimals)}`, data, decimals);
}

export function latencyBars(forms: readonly FormResult[], batch: 1 | 64): string {
  const data = forms.map((form) => ({
    row: form.name,
    series: '',
    figure: batch === 1 ? form.latency1 : form.latency64,
  }));
  return bars(`Latency of a call with ${batch === 1 ? '1 sample' : '64 samples'}: ${listed(data, time)}`, data, time);
}

interface Step {
  readonly low: number;
  readonly high: number;
  readonly density: number;
}

/** Share of the weights per unit, so that histograms with other bins can be compared. */
function densities({ low, high, counts }: Histogram): Step[] {
  const total = counts.reduce((sum, n) => sum + n, 0) || 1;
  const width = (high - low) / counts.length || 1;
  return counts.map((n, i) => ({ low: low + i * width, high: low + (i + 1) * width, density: n / total / width }));
}

/** The weights of one form, before (outline) and after (filled); the root scale keeps the rest visible beside a spike at 0. */
export function weights(form: Histogram, before: Histogram, all: readonly Histogram[]): string {
  const top = Math.max(1e-9, ...all.flatMap((h) => densities(h).map((step) => step.density)));
  const outline = densities(before);
  const steps = [
    ...outline.map(({ low, density }) => ({ x: low, density })),
    { x: before.high, density: outline.at(-1)?.density ?? 0 },
  ];
  const total = form.counts.reduce((sum, n) => sum + n, 0);
  const low = Math.min(...all.map((h) => h.low));
  const high = Math.max(...all.map((h) => h.high));
  return draw(`Weights of ${form.name}: ${total} from ${decimals(form.low)} to ${decimals(form.high)}`, {
    width: PANEL,
    height: 120,
    marginLeft: 12,
    marginRight: 12,
    marginTop: 8,
    marginBottom: 22,
    x: { domain: [low, high], ticks: 5, label: null },
    y: { type: 'sqrt', domain: [0, top], axis: null },
    marks: [
      Plot.rectY(densities(form), { x1: 'low', x2: 'high', y: 'density', fill: 'var(--train)', inset: 0.3 }),
      ...(form === before
        ? []
        : [Plot.line(steps, { x: 'x', y: 'density', curve: 'step-after', stroke: 'currentColor', strokeWidth: 1 })]),
      Plot.ruleY([0], { stroke: 'currentColor' }),
    ],
  });
}

interface Dot extends Label {
  readonly form: FormResult;
}

/** 1, 2 and 5 times powers of ten between the two; only the powers when those are many. */
function sizeTicks(low: number, high: number): number[] {
  const powers = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
  const between = (ticks: readonly number[]): number[] => ticks.filter((x) => x >= low && x <= high);
  const fine = between(powers.flatMap((x) => [x, 2 * x, 5 * x]));
  return fine.length > 7 ? between(powers) : fine;
}

/** Score against bytes, each form with its own symbol and name. */
export function tradeOff({ forms, scoreName }: JobReport): string {
  const shown = forms.filter((form) => form.bytes.mean > 0 && Number.isFinite(form.score.mean));
  const bytes = shown.map((form) => form.bytes.mean);
  const scores = shown.flatMap(({ score }) => [score.min, score.max]);
  const pad = Math.max(0.005, (Math.max(...scores) - Math.min(...scores)) * 0.2);
  const options: Plot.PlotOptions = {
    width: CHART,
    height: 300,
    marginLeft: 40,
    marginRight: 12,
    marginTop: 22,
    marginBottom: 36,
    x: {
      type: 'log',
      domain: shown.length === 0 ? [1, 10] : [Math.min(...bytes) / 2, Math.max(...bytes) * 2],
      axis: null,
    },
    y: {
      domain: shown.length === 0 ? [0, 1] : [Math.min(...scores) - pad, Math.max(...scores) + pad],
      ticks: 5,
      label: scoreName,
      labelArrow: 'none',
      grid: true,
    },
    symbol: { domain: shown.map((form) => form.name), legend: false },
  };
  const empty = Plot.plot({ document, ...options, marks: [Plot.frame()] } as Plot.PlotOptions);
  const x = empty.scale('x')!;
  const y = empty.scale('y')!;
  const points = shown.map((form) => ({
    x: x.apply(form.bytes.mean),
    y: y.apply(form.score.mean),
    text: clipped(form.name),
  }));
  const whiskers = shown.map((form, i) => ({
    left: points[i]!.x - 3,
    right: points[i]!.x + 3,
    top: y.apply(form.score.max),
    bottom: y.apply(form.score.min),
  }));
  const labels = placeLabels(points, whiskers, { left: 44, right: CHART - 6, top: 24, bottom: 300 - 40 });
  const dots: Dot[] = labels.map((label, i) => ({ ...label, form: shown[i]! }));
  const toBytes = (d: Dot): number => d.form.bytes.mean;
  return draw(
    `${scoreName} against bytes: ${shown.map((f) => `${f.name} ${decimals(f.score.mean)} in ${size(f.bytes.mean)}`).join(', ')}`,
    {
      ...options,
      marks: [
        // A log scale filters the texts of its own axis; this one has its own.
        Plot.axisX(sizeTicks(Math.min(...bytes) / 2, Math.max(...bytes) * 2), {
          text: (x: number) => short(size(x)),
          label: 'bytes of the file',
          labelArrow: 'none',
          labelAnchor: 'center',
        }),
        Plot.link(
          dots.filter((d) => d.far),
          {
            x1: toBytes,
            y1: (d: Dot) => d.form.score.mean,
            x2: (d: Dot) => x.invert!(d.x + d.width / 2),
            y2: (d: Dot) => y.invert!(d.y),
            stroke: 'currentColor',
            strokeOpacity: 0.4,
          },
        ),
        Plot.ruleX(
          dots.filter((d) => d.form.score.max > d.form.score.min),
          { x: toBytes, y1: (d: Dot) => d.form.score.min, y2: (d: Dot) => d.form.score.max, stroke: 'var(--train)' },
        ),
        Plot.dot(dots, {
          x: toBytes,
          y: (d: Dot) => d.form.score.mean,
          symbol: (d: Dot) => d.form.name,
          r: 5,
          fill: 'var(--train)',
        }),
        Plot.text(dots, {
          x: (d: Dot) => x.invert!(d.x + 2),
          y: (d: Dot) => y.invert!(d.y),
          text: 'text',
          textAnchor: 'start',
          fill: 'currentColor',
          stroke: 'var(--paper)',
          strokeWidth: 4,
        }),
      ],
    },
  );
}
