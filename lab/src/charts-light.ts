import * as Plot from '@observablehq/plot';
import { decimals, exact, range, size, time, whole } from './format.ts';
import { placeLabels } from './labels.ts';
import { CHART, clipped, draw, drawn, logTicks, short, type Tip } from './plot.ts';
import type { Light, LightResult, LightVariant } from './types.ts';

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

/** So much below the best a network is not on the axis: the others would lie on one line. */
const FAR = 0.1;

/** Score against bytes: a symbol for each variant, joined to its network, which has its name. */
export function lightTradeOff({ results }: Light, scoreName: string): string {
  const shown = results.filter(({ score, bytes }) => Number.isFinite(score.mean) && bytes.mean > 0);
  const best = Math.max(...shown.map(({ score }) => score.mean));
  const isNear = ({ score }: LightResult): boolean => score.mean > best - FAR;
  const scores = shown.filter(isNear).map(({ score }) => score.mean);
  const low = Math.min(...scores) - Math.max(0.005, (best - Math.min(...scores)) * 0.5);
  const y = (result: LightResult): number => (isNear(result) ? result.score.mean : low);
  const x = ({ bytes }: LightResult): number => bytes.mean;
  const domain = [Math.min(...shown.map(x)) / 1.8, Math.max(...shown.map(x)) * 1.8] as const;
  const [width, height, bottom] = [CHART, 320, 36];
  const options: Plot.PlotOptions = {
    ...{ width, height, marginLeft: 44, marginRight: 12, marginTop: 22, marginBottom: bottom },
    x: { type: 'log', domain: [...domain], axis: null },
    y: {
      domain: [low - (best - low) * 0.06, Math.min(1, best + (best - low) * 0.12)],
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
  const names = trained.map((result) => ({
    ...place(result),
    text: isNear(result) ? clipped(result.name) : `${clipped(result.name)} ▾ ${decimals(result.score.mean)}`,
  }));
  const obstacles = others.map((at) => ({ left: at.x - 7, right: at.x + 7, top: at.y - 7, bottom: at.y + 7 }));
  const labels = placeLabels(names, obstacles, { left: 46, right: width - 6, top: 22, bottom: height - bottom - 4 });
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
        Plot.axisX(logTicks(...domain), {
          text: (b: number) => short(size(b)),
          label: 'bytes of the file',
          labelArrow: 'none',
          labelAnchor: 'center',
        }),
        Plot.link(links, {
          x1: ({ from }) => x(from),
          y1: ({ from }) => y(from),
          x2: ({ end }) => x(end),
          y2: ({ end }) => y(end),
          stroke: 'var(--gap)',
          strokeOpacity: 0.6,
        }),
        ...dotsOf(shown, { x, y }),
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
  return draw(
    `Time of a call with ${samples}: ${shown.map((r) => `${textOf(r)} ${time(x(r))}`).join('; ')}`,
    {
      width: CHART,
      height: names.length * 26 + 26,
      marginLeft: Math.max(...names.map((name) => clipped(name).length * 6.2 + 10)),
      marginRight: 14,
      marginTop: 4,
      marginBottom: 22,
      x: { type: 'log', domain: [...domain], axis: null },
      y: { domain: names, label: null, padding: 0.25 },
      marks: [
        Plot.axisY({ tickSize: 0, label: null, tickFormat: clipped }),
        Plot.gridX(logTicks(...domain, 5)),
        Plot.axisX(logTicks(...domain, 5), { text: (t: number) => short(time(t)), label: null }),
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
