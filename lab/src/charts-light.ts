import * as Plot from '@observablehq/plot';
import { decimals, exact, range, size, time, whole } from './format.ts';
import { placeLabels } from './labels.ts';
import { CHART, clipped, draw, drawn, logAxis, short, type Tip } from './plot.ts';
import type { Light, LightResult, LightVariant } from './types-compared.ts';

/** How a variant is drawn, as in the key above the charts. */
const LOOK: { readonly [V in LightVariant]: { symbol: Plot.SymbolType; fill: string; stroke: string } } = {
  float32: { symbol: 'circle', fill: 'var(--train)', stroke: 'var(--train)' },
  'half the channels': { symbol: 'circle', fill: 'var(--paper)', stroke: 'var(--train)' },
  int8: { symbol: 'diamond2', fill: 'var(--test)', stroke: 'var(--test)' },
};
const VARIANTS = Object.keys(LOOK) as LightVariant[];

/** One mark for each variant, since a mark has one symbol. */
const dotsOf = (shown: readonly LightResult[], at: { x: (r: LightResult) => number; y: (r: LightResult) => unknown }) =>
  VARIANTS.map((variant) =>
    Plot.dot(
      shown.filter((result) => result.variant === variant),
      { ...at, ...LOOK[variant], r: 4.5, strokeWidth: 1.8 } as Plot.DotOptions,
    ),
  );

const textOf = ({ name, variant }: LightResult): string => `${name}, ${variant}`;

/** The axis of accuracy begins here, or at a lower tenth: a narrower one would show chance as a difference. */
const LOW = 0.9;

/** Score against bytes: a symbol for each variant, joined to its network, which has its name. */
export function lightTradeOff({ results }: Light, scoreName: string): string {
  const shown = results.filter(({ score, bytes }) => Number.isFinite(score.mean) && bytes.mean > 0);
  const y = ({ score }: LightResult): number => score.mean;
  const low = Math.min(LOW, ...shown.map((result) => Math.floor(10 * y(result)) / 10));
  const x = ({ bytes }: LightResult): number => bytes.mean;
  const domain = [Math.min(...shown.map(x)) / 1.8, Math.max(...shown.map(x)) * 1.8] as const;
  const [height, bottom] = [320, 36];
  const sides = { width: CHART, marginLeft: 44, marginRight: 12 };
  const options: Plot.PlotOptions = {
    ...{ ...sides, height, marginTop: 26, marginBottom: bottom },
    x: { type: 'log', domain: [...domain], axis: null },
    y: {
      domain: [low - (1 - low) * 0.04, 1],
      ticks: 5,
      label: scoreName,
      labelArrow: 'none',
      grid: true,
    },
  };
  const { scale } = drawn({ ...options, marks: [Plot.frame()] });
  const place = (result: LightResult) => ({ x: scale('x')!.apply(x(result)), y: scale('y')!.apply(y(result)) });
  const trained = shown.filter(({ variant }) => variant === 'float32');
  const others = shown.filter((result) => !trained.includes(result)).map((result) => ({ ...place(result), text: '' }));
  const names = trained.map((result) => ({ ...place(result), text: clipped(result.name) }));
  const obstacles = others.map((at) => ({ left: at.x - 7, right: at.x + 7, top: at.y - 7, bottom: at.y + 7 }));
  const labels = placeLabels(names, obstacles, { left: 46, right: CHART - 6, top: 26, bottom: height - bottom - 4 });
  const links = shown.flatMap((end) => {
    const from = trained.find(({ name }) => name === end.name);
    return from === undefined || from === end ? [] : [{ from, end }];
  });
  const invert = (axis: 'x' | 'y', at: number): number => scale(axis)!.invert!(at);
  return draw(
    `${scoreName} against bytes: ${shown.map((r) => `${textOf(r)} ${decimals(r.score.mean)} in ${size(x(r))}`).join('; ')}`,
    {
      ...options,
      marks: [
        ...logAxis(domain, sides, (b) => short(size(b)), { label: 'bytes of the file' }),
        Plot.link(links, {
          x1: ({ from }) => x(from),
          y1: ({ from }) => y(from),
          x2: ({ end }) => x(end),
          y2: ({ end }) => y(end),
          stroke: 'var(--gap)',
          strokeOpacity: 0.6,
        }),
        ...dotsOf(shown, { x, y }),
        Plot.link(
          labels.flatMap((label, i) => (label.far ? [{ label, from: trained[i]! }] : [])),
          {
            x1: ({ from }) => x(from),
            y1: ({ from }) => y(from),
            x2: ({ label }) => invert('x', label.x + label.width / 2),
            y2: ({ label }) => invert('y', label.y),
            stroke: 'currentColor',
            strokeOpacity: 0.4,
          },
        ),
        Plot.text(labels, {
          x: (label) => invert('x', label.x + 2),
          y: (label) => invert('y', label.y),
          text: 'text',
          textAnchor: 'start',
          fill: 'currentColor',
          stroke: 'var(--paper)',
          strokeWidth: 4,
        }),
      ],
    },
    () =>
      shown.map((result): Tip => {
        const at = place(result);
        const figures = `${scoreName} ${range(result.score, exact)}, ${range(result.bytes, whole)} bytes`;
        return [at.x, at.y, `${textOf(result)}: ${figures}`];
      }),
  );
}

/** The time of a call on a logarithmic scale: a row for each network, a symbol for each variant. */
export function lightTimes({ networks, results }: Light, batch: 1 | 64): string {
  const figure = (result: LightResult) => (batch === 1 ? result.latency1 : result.latency64);
  const shown = results.filter((result) => figure(result).mean > 0);
  const x = (result: LightResult): number => figure(result).mean;
  const domain = [Math.min(...shown.map(x)) / 1.4, Math.max(...shown.map(x)) * 1.4] as const;
  const names = networks.map(({ name }) => name);
  const samples = batch === 1 ? '1 sample' : '64 samples';
  const marginLeft = Math.max(...names.map((name) => clipped(name).length * 6.2 + 10));
  const sides = { width: CHART, marginLeft, marginRight: 14 };
  return draw(
    `Time of a call with ${samples}: ${shown.map((r) => `${textOf(r)} ${time(x(r))}`).join('; ')}`,
    {
      ...sides,
      height: names.length * 26 + 26,
      marginTop: 4,
      marginBottom: 22,
      x: { type: 'log', domain: [...domain], axis: null },
      y: { domain: names, label: null, padding: 0.25 },
      marks: [
        Plot.axisY({ tickSize: 0, label: null, tickFormat: clipped }),
        ...logAxis(domain, sides, (t) => short(time(t)), { grid: true }),
        Plot.ruleY(names, { stroke: 'var(--gap)', strokeOpacity: 0.35 }),
        ...dotsOf(shown, { x, y: ({ name }) => name }),
      ],
    },
    (chart) =>
      shown.map((result): Tip => {
        const rows = chart.scale('y')!;
        const at = rows.apply(result.name) + rows.bandwidth! / 2;
        return [
          chart.scale('x')!.apply(x(result)),
          at,
          `${textOf(result)}: ${range(figure(result), time)} for ${samples}`,
        ];
      }),
  );
}
