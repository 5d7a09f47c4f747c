import * as Plot from '@observablehq/plot';
import { addedText, decibelText } from './findings-ledger.ts';
import { CHART, clipped, draw, type Tip } from './plot.ts';
import type { LayerLoss, LedgerFormat, Ledgers } from './types-layers.ts';

interface Spot {
  readonly layer: string;
  readonly format: LedgerFormat;
  readonly x: number;
  readonly text: string;
}

/** What a layer adds to the loss is shown from here on: less has no place on a logarithmic axis. */
const LEAST = 1e-5;
/** What adds less, and nothing, is left of the axis, as wide as a power of ten. */
const NONE = LEAST / 10;
const POWERS = [LEAST, 0.0001, 0.001, 0.01, 0.1, 1, 10, 100];

/** How each format is drawn, as the keys above the chart say. */
const LOOKS: { readonly [F in LedgerFormat]: Plot.DotOptions } = {
  int8: { symbol: 'circle', fill: 'var(--train)', stroke: 'var(--train)' },
  int4: { symbol: 'circle', fill: 'var(--paper)', stroke: 'var(--train)' },
  ternary: { symbol: 'diamond', fill: 'var(--test)', stroke: 'var(--test)' },
};

/** By layer and format what the loss becomes more by that layer alone, on a logarithmic axis. */
export function lossDots({ forms, real, loss }: Ledgers): string {
  const spots = spotsOf(forms, (layer) => [
    layer.loss - real.loss < LEAST ? NONE : layer.loss - real.loss,
    `${addedText(layer.loss - real.loss)} of ${loss}`,
  ]);
  const most = Math.max(10 * LEAST, ...spots.map(({ x }) => x)) * 1.5;
  return dots(`Added to the ${loss} by each layer alone`, spots, {
    type: 'log',
    domain: [NONE / 1.5, most],
    ticks: [NONE, ...POWERS.filter((x) => x <= most)],
    tickFormat: (x: number) => (x === NONE ? 'none' : x === LEAST ? '0.00001' : String(x)),
    label: `${loss} added`,
  });
}

/** The same for signal over noise at the outputs. */
export function noiseDots({ forms }: Ledgers): string {
  const spots = spotsOf(forms, ({ outputs }) => [outputs ?? Number.NaN, `${decibelText(outputs)} at the outputs`]);
  const shown = spots.map(({ x }) => x).filter(Number.isFinite);
  return dots('Signal over noise at the outputs by each layer alone, in decibels', spots, {
    domain: [Math.min(0, ...shown), Math.max(10, ...shown) * 1.05],
    ticks: 5,
    label: 'decibels',
  });
}

function spotsOf(forms: Ledgers['forms'], of: (layer: LayerLoss) => readonly [number, string]): Spot[] {
  return forms.flatMap(({ format, layers }) =>
    layers.map((layer): Spot => {
      const [x, said] = of(layer);
      return { layer: layer.name, format, x, text: `${layer.name} in ${format}: ${said}` };
    }),
  );
}

function dots(title: string, spots: readonly Spot[], x: Plot.ScaleOptions): string {
  const layers = [...new Set(spots.map(({ layer }) => layer))];
  const shown = spots.filter((spot) => Number.isFinite(spot.x));
  const formats = Object.keys(LOOKS) as LedgerFormat[];
  return draw(
    `${title}: ${spots.map(({ text }) => text).join('; ')}`,
    {
      width: CHART,
      height: layers.length * 26 + 56,
      marginLeft: Math.max(60, ...layers.map((name) => clipped(name).length * 6.2 + 10)),
      marginRight: 16,
      marginTop: 8,
      marginBottom: 40,
      x: { labelAnchor: 'right', labelArrow: 'none', labelOffset: 36, grid: true, ...x },
      y: { type: 'band', domain: layers, label: null, padding: 0.25 },
      marks: [
        Plot.axisY({ tickSize: 0, label: null, tickFormat: clipped }),
        ...formats.map((format) =>
          Plot.dot(
            shown.filter((spot) => spot.format === format),
            { ...LOOKS[format], x: 'x', y: 'layer', r: 4.5, strokeWidth: 1.8 },
          ),
        ),
      ],
    } as Plot.PlotOptions,
    (chart) => {
      const y = chart.scale('y')!;
      return shown.map(
        (spot): Tip => [chart.scale('x')!.apply(spot.x), y.apply(spot.layer) + y.bandwidth! / 2, spot.text],
      );
    },
  );
}
