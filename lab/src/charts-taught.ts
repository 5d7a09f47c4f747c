import * as Plot from '@observablehq/plot';
import { probability, TAUGHT } from './findings-taught.ts';
import { CHART, clipped, draw, PANEL, type Tip } from './plot.ts';
import type { AnswererName, SoftAnswer, Taught, TaughtFigure } from './types-taught.ts';

/** How each answer is drawn, as the keys above the charts say. */
const LOOKS: { readonly [A in AnswererName]: Plot.RectOptions } = {
  teacher: { fill: 'var(--gap)' },
  'student (labels only)': { fill: 'var(--paper)', stroke: 'var(--train)', strokeWidth: 1.2 },
  'student (distilled)': { fill: 'var(--train)' },
};
const ANSWERERS = Object.keys(LOOKS) as AnswererName[];

/** Of a class the bars of all answers one below the other: its height, and the shares of that of a bar and above the first. */
const ROW = 29;
const BAR = 0.25;
const ABOVE = 0.12;

/** A class beside its bars: there is less room than in wider charts, and letters may be broad. */
const shortened = (name: string): string => (name.length > 16 ? `${name.slice(0, 14)}…` : name);
const LETTER = 7;

/** The probabilities of the classes at one temperature, by the teacher and both students. */
export function answerBars(answers: readonly SoftAnswer[], names: readonly string[], others: number): string {
  const labels = [...names, ...(others === 0 ? [] : [`${others} others`])];
  const all = answers.flatMap(({ by, probabilities, others: rest }) =>
    labels.map((name, row) => {
      const top = row + ABOVE + BAR * ANSWERERS.indexOf(by);
      return { by, name, p: probabilities[row] ?? rest, top, bottom: top + BAR };
    }),
  );
  const { temperature } = answers[0]!;
  const text = (by: AnswererName): string =>
    all.flatMap((bar) => (bar.by === by ? [`${bar.name} ${probability(bar.p)}`] : [])).join(', ');
  return draw(
    `Probabilities at temperature ${temperature}: ${answers.map(({ by }) => `${by} ${text(by)}`).join('; ')}`,
    {
      width: PANEL,
      height: labels.length * ROW + 40,
      marginLeft: Math.max(28, ...labels.map((label) => shortened(label).length * LETTER + 12)),
      marginRight: 14,
      marginTop: 6,
      marginBottom: 34,
      x: { domain: [0, 1], ticks: 5, grid: true, label: 'probability', labelAnchor: 'center', labelArrow: 'none' },
      y: { domain: [labels.length, 0], label: null },
      marks: [
        Plot.axisY(
          labels.map((_, row) => row + 0.5),
          { tickSize: 0, label: null, tickFormat: (y: number) => shortened(labels[Math.floor(y)]!) },
        ),
        ...ANSWERERS.map((by) =>
          Plot.rect(
            all.filter((bar) => bar.by === by),
            { ...LOOKS[by], x1: 0, x2: 'p', y1: 'top', y2: 'bottom', insetTop: 0.5, insetBottom: 0.5 },
          ),
        ),
        Plot.ruleX([0], { stroke: 'currentColor' }),
      ],
    } as Plot.PlotOptions,
    (chart) => {
      const [x, y] = [chart.scale('x')!, chart.scale('y')!];
      return all.map(
        ({ by, name, p, top, bottom }): Tip => [
          x.apply(p),
          y.apply((top + bottom) / 2),
          `${name}, by ${by}: ${probability(p)}`,
        ],
      );
    },
  );
}

/** A figure of the pairs of students, from alone to distilled: a line for each pair, the mean, and what the teacher has. */
export function taughtLines({ name, teacher, alone, distilled }: TaughtFigure, runs: Taught['runs']): string {
  const { title, format } = TAUGHT[name];
  const ends = ['labels alone', 'distilled'] as const;
  const lines = alone.values.map((value, i) => [value, distilled.values[i]!] as const);
  const all = [...lines.flat(), ...(teacher === null ? [] : [teacher.mean])];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const pad = Math.max((high - low) * 0.15, 1e-6 * Math.max(1, Math.abs(high)));
  const spots = (line: readonly [number, number]): { x: string; y: number }[] =>
    line.map((value, i) => ({ x: ends[i]!, y: value }));
  const mean = [alone.mean, distilled.mean] as const;
  const text = (value: number): string => format(value);
  return draw(
    `${title} on labels alone and distilled: ${lines.map(([a, b]) => `${text(a)} and ${text(b)}`).join(', ')}; mean ${text(mean[0])} and ${text(mean[1])}`,
    {
      width: PANEL,
      height: 220,
      marginLeft: 52,
      marginRight: 14,
      marginTop: 12,
      marginBottom: 28,
      x: { type: 'point', domain: [...ends], padding: 0.35, label: null },
      y: { domain: [low - pad, high + pad], ticks: 5, grid: true, label: null },
      marks: [
        ...(teacher === null ? [] : [Plot.ruleY([teacher.mean], { stroke: 'var(--test)', strokeDasharray: '5 3' })]),
        ...lines.map((line) => Plot.line(spots(line), { x: 'x', y: 'y', stroke: 'var(--gap)', strokeWidth: 1.2 })),
        ...lines.map((line) => Plot.dot(spots(line), { x: 'x', y: 'y', r: 2.5, fill: 'var(--gap)' })),
        Plot.line(spots(mean), { x: 'x', y: 'y', stroke: 'var(--train)', strokeWidth: 2.6 }),
        Plot.dot(spots(mean), { x: 'x', y: 'y', r: 4.5, fill: 'var(--train)' }),
      ],
    } as Plot.PlotOptions,
    (chart) => {
      const tip = (end: number, value: number, who: string): Tip => [
        chart.scale('x')!.apply(ends[end]),
        chart.scale('y')!.apply(value),
        `${who}, ${ends[end]}: ${text(value)}`,
      ];
      return [
        ...lines.flatMap((line, i) => {
          const { seed, start } = runs[i]!;
          return line.map((value, end) => tip(end, value, `teacher of seed ${seed}, students of ${start}`));
        }),
        ...mean.map((value, end) => tip(end, value, 'mean')),
      ];
    },
  );
}

interface Place {
  readonly name: string;
  readonly value: number;
}

/** Numbers on a line, a row for each: what the table says, the teacher, what lies between, and the students. */
export function numberDots(places: readonly Place[], format: (x: number) => string, unit: string): string {
  const values = places.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = (high - low || Math.abs(high) || 1) * 0.08;
  return draw(
    `${unit} of one sample: ${places.map(({ name, value }) => `${name} ${format(value)}`).join(', ')}`,
    {
      width: CHART,
      height: places.length * 26 + 56,
      marginLeft: Math.max(...places.map(({ name }) => name.length * 6.2 + 10)),
      marginRight: 16,
      marginTop: 8,
      marginBottom: 40,
      x: { domain: [low - pad, high + pad], ticks: 4, grid: true, label: clipped(unit), labelArrow: 'none' },
      y: { type: 'band', domain: places.map(({ name }) => name), label: null },
      marks: [
        Plot.axisY({ tickSize: 0, label: null }),
        Plot.dot(places, { x: 'value', y: 'name', r: 4.5, fill: 'var(--train)' }),
      ],
    } as Plot.PlotOptions,
    (chart) => {
      const y = chart.scale('y')!;
      return places.map(
        ({ name, value }): Tip => [
          chart.scale('x')!.apply(value),
          y.apply(name) + y.bandwidth! / 2,
          `${name}: ${format(value)}`,
        ],
      );
    },
  );
}
