import * as Plot from '@observablehq/plot';
import type { Markup } from 'whittle-cli/html';
import type { Comparison } from './compare.ts';
import { draw, gutter, logAxis, OURS, PEER, shapeOf } from './draw.ts';
import { duration, figure, interval, percent } from './format.ts';
import type { RowResult, VariantResult } from './measure.ts';

const WIDTH = 480;

const colourOf = ({ ours }: VariantResult): string => (ours ? OURS : PEER);
const marked = (text: string, { noisy }: { readonly noisy: boolean }): string => (noisy ? `${text}, noisy` : text);
const plain = (value: number): string => String(Number(value.toPrecision(3)));

/** Rates from 0 as bars: ours filled, peers hollow and dashed. */
export function rateBars(row: RowResult, peak: number | null): Markup {
  const { variants, unit, name } = row;
  const names = variants.map((v) => v.name);
  const text = (v: VariantResult): string => {
    const share = unit === 'GFLOP/s' && peak !== null ? ` (${percent(v.rate / peak)})` : '';
    return marked(`${figure(v.rate)}${share}`, v);
  };
  return draw(`${name} in ${unit}: ${variants.map((v) => `${v.name} ${figure(v.rate)}`).join(', ')}`, {
    width: WIDTH,
    height: names.length * 19 + 46,
    marginLeft: gutter(names),
    marginRight: 110,
    marginTop: 4,
    marginBottom: 38,
    x: { label: unit, labelAnchor: 'center', labelArrow: 'none', grid: true, ticks: 4, zero: true },
    y: { domain: names, label: null, padding: 0.2, tickSize: 0 },
    marks: [
      Plot.barX(
        variants.filter((v) => v.ours),
        { x: 'rate', y: 'name', fill: OURS },
      ),
      Plot.barX(
        variants.filter((v) => !v.ours),
        { x: 'rate', y: 'name', fill: 'var(--hollow)', stroke: PEER, strokeDasharray: '4 2' },
      ),
      Plot.ruleX([0], { stroke: 'currentColor' }),
      Plot.text(variants, { x: 'rate', y: 'name', text, textAnchor: 'start', dx: 5, fill: 'currentColor' }),
    ],
  });
}

/** Times on a logarithmic axis: the median as a symbol, and a line from the shortest to the longest sample. */
export function timeDots(row: RowResult): Markup {
  const { variants, name } = row;
  const names = variants.map((v) => v.name);
  return draw(`${name}, median time: ${variants.map((v) => `${v.name} ${duration(v.median)}`).join(', ')}`, {
    width: WIDTH,
    height: names.length * 19 + 46,
    marginLeft: gutter(names),
    marginRight: 84,
    marginTop: 4,
    marginBottom: 38,
    x: logAxis(
      variants.flatMap((v) => v.samples),
      'time (shorter is faster, logarithmic)',
      shortDuration,
    ),
    y: { type: 'point', domain: names, label: null, padding: 0.7, tickSize: 0, grid: true },
    symbol: { domain: ['circle'], legend: false },
    marks: [
      Plot.ruleY(variants, {
        y: 'name',
        x1: 'best',
        x2: (v: VariantResult) => Math.max(...v.samples),
        stroke: colourOf,
        strokeOpacity: 0.6,
        strokeWidth: 2,
      }),
      ...symbols(
        variants,
        (v) => v.median,
        (v) => v.name,
      ),
      Plot.text(variants, {
        x: (v: VariantResult) => Math.max(...v.samples),
        y: 'name',
        text: (v: VariantResult) => marked(duration(v.median), v),
        textAnchor: 'start',
        dx: 7,
        fill: 'currentColor',
      }),
    ],
  });
}

/** A mark for each shape, so that no scale of Plot's decides which is which. */
function symbols<T extends { readonly who: string; readonly ours: boolean }>(
  data: readonly T[],
  x: (datum: T) => number,
  y: (datum: T) => string | number,
): Plot.Markish[] {
  return data.map((datum) => {
    const colour = datum.ours ? OURS : PEER;
    const fill = datum.ours ? OURS : 'var(--paper)';
    return Plot.dot([datum], {
      x,
      y,
      symbol: shapeOf(datum.who, datum.ours),
      r: 4,
      stroke: colour,
      strokeWidth: 1.5,
      fill,
    });
  });
}

const shortDuration = (seconds: number): string => duration(seconds).replace(/\.0+(?=\s)/, '');

interface Point {
  readonly who: string;
  readonly ours: boolean;
  readonly n: number;
  readonly rate: number;
}

/** Rates of square products over their size: ours in solid lines, peers dashed, the measured peak above. */
export function squares(rows: readonly RowResult[], peak: number | null): Markup {
  const points = rows.flatMap(({ name, variants }): Point[] => {
    const n = Number(/x(\d+)$/.exec(name)![1]);
    return variants.map(({ who, ours, rate }) => ({ who, ours, n, rate }));
  });
  const lines = [...new Set(points.map(({ who }) => who))].map((who) => points.filter((point) => point.who === who));
  const last = (line: readonly Point[]): Point => line.at(-1)!;
  return draw(
    `GFLOP/s of square products by size, at the largest: ${lines.map((l) => `${last(l).who} ${figure(last(l).rate)}`).join(', ')}`,
    {
      width: 760,
      height: 400,
      marginLeft: 44,
      marginRight: 140,
      marginTop: 12,
      marginBottom: 40,
      x: {
        type: 'log',
        base: 2,
        inset: 8,
        ticks: [...new Set(points.map(({ n }) => n))],
        tickFormat: 'd',
        label: 'm = n = k (logarithmic)',
        labelAnchor: 'center',
        labelArrow: 'none',
      },
      y: logAxis([...points.map(({ rate }) => rate), peak ?? 1], 'GFLOP/s (logarithmic)', plain),
      marks: [
        ...(peak === null
          ? []
          : [
              Plot.ruleY([peak], { stroke: 'currentColor', strokeDasharray: '1 3' }),
              Plot.text([peak], {
                y: (x: number) => x,
                frameAnchor: 'left',
                dx: 6,
                dy: -7,
                textAnchor: 'start',
                text: () => `measured peak ${figure(peak)}`,
                fill: 'currentColor',
              }),
            ]),
        ...lines.map((line) =>
          Plot.line(line, {
            x: 'n',
            y: 'rate',
            stroke: line[0]!.ours ? OURS : PEER,
            strokeWidth: 1.6,
            ...(line[0]!.ours ? {} : { strokeDasharray: '5 3' }),
          }),
        ),
        ...symbols(
          points,
          ({ n }) => n,
          ({ rate }) => rate,
        ),
        Plot.text(spread(lines.map(last), peak), {
          x: 'n',
          y: 'at',
          text: 'who',
          textAnchor: 'start',
          dx: 9,
          fill: (point: Point) => (point.ours ? OURS : PEER),
        }),
      ],
    },
  );
}

/** Names beside the ends of lines, moved apart where they would lie on each other. */
function spread(ends: readonly Point[], peak: number | null): (Point & { readonly at: number })[] {
  const rates = ends.map(({ rate }) => rate);
  const decades = Math.log10(Math.max(...rates, peak ?? 0) / Math.min(...rates)) || 1;
  const gap = 10 ** ((decades * 13) / 330); // 13 pixels of about 330
  let below = 0;
  return [...ends]
    .sort((p, q) => p.rate - q.rate)
    .map((point) => {
      const at = Math.max(point.rate, below * gap);
      below = at;
      return { ...point, at };
    });
}

/** A symbol for each of our tables, where they stand on one line. */
export const TABLE_SYMBOLS: Readonly<Record<string, { readonly symbol: Plot.SymbolType; readonly filled: boolean }>> = {
  cpu: { symbol: 'circle', filled: false },
  wasm: { symbol: 'circle', filled: true },
  relaxed: { symbol: 'diamond2', filled: true },
  own: { symbol: 'square', filled: true },
};

/** How often each table's kernel is as fast as the reference's loop, with the interval of 95 %; the fastest is named. */
export function kernelRatios(rows: readonly RowResult[]): Markup {
  const data = rows.flatMap(({ name, variants }) => variants.slice(1).map((v) => ({ ...v, row: name })));
  const fastest = rows.map(({ name, variants }) => {
    const [first, ...others] = variants.slice(1).sort((p, q) => q.ratio.median - p.ratio.median);
    const end = Math.max(first!.ratio.high, ...others.map((v) => v.ratio.high));
    return { ...first!, row: name, end };
  });
  const names = rows.map(({ name }) => name);
  const label = data.map((v) => `${v.row} ${v.name} ${interval(v.ratio)}`).join(', ');
  return draw(`Speed of kernels in times of the reference: ${label}`, {
    width: 760,
    height: names.length * 17 + 50,
    marginLeft: gutter(names),
    marginRight: 100,
    marginTop: 4,
    marginBottom: 38,
    x: logAxis(
      [1, ...data.flatMap((v) => [v.ratio.low, v.ratio.high])],
      'times as fast as the reference (logarithmic)',
      plain,
    ),
    y: { type: 'point', domain: names, label: null, padding: 0.7, tickSize: 0, grid: true },
    marks: [
      Plot.ruleX([1], { stroke: 'currentColor' }),
      Plot.ruleY(data, {
        y: 'row',
        x1: (v) => v.ratio.low,
        x2: (v) => v.ratio.high,
        stroke: OURS,
        strokeWidth: 2,
        strokeOpacity: 0.5,
      }),
      ...Object.entries(TABLE_SYMBOLS).map(([who, { symbol, filled }]) =>
        Plot.dot(
          data.filter((v) => v.who === who),
          {
            x: (v) => v.ratio.median,
            y: 'row',
            symbol,
            r: 3.5,
            stroke: OURS,
            strokeWidth: 1.5,
            fill: filled ? OURS : 'var(--paper)',
          },
        ),
      ),
      Plot.text(fastest, {
        x: 'end',
        y: 'row',
        text: (v) => marked(`${v.name} ${figure(v.ratio.median)}`, v),
        textAnchor: 'start',
        dx: 7,
        fill: 'currentColor',
      }),
    ],
  });
}

/** Ours over the peers: a symbol for each peer and row, its interval of 95 %, and a line at equal speed. */
export function peerRatios(list: readonly Comparison[]): Markup {
  const data = list.map((comparison) => ({
    ...comparison,
    who: comparison.library,
    ours: false,
    line: `${comparison.row}: ${comparison.ours}`,
  }));
  const names = [...new Set(data.map(({ line }) => line))];
  const label = list.map((c) => `${c.row} ${c.ours} against ${c.peer} ${interval(c.speed)}`).join(', ');
  return draw(`Speed of ours in times of a peer: ${label}`, {
    width: 760,
    height: names.length * 18 + 50,
    marginLeft: gutter(names),
    marginRight: 16,
    marginTop: 4,
    marginBottom: 38,
    x: logAxis(
      [1, ...data.flatMap((c) => [c.speed.low, c.speed.high])],
      'ours is so many times as fast as the peer (logarithmic)',
      plain,
    ),
    y: { type: 'point', domain: names, label: null, padding: 0.7, tickSize: 0, grid: true },
    marks: [
      Plot.ruleX([1], { stroke: 'currentColor' }),
      Plot.ruleY(data, {
        y: 'line',
        x1: (c) => c.speed.low,
        x2: (c) => c.speed.high,
        stroke: PEER,
        strokeWidth: 2,
        strokeOpacity: 0.5,
      }),
      ...symbols(
        data,
        (c) => c.speed.median,
        (c) => c.line,
      ),
    ],
  });
}
