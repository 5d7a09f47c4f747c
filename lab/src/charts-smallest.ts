import * as Plot from '@observablehq/plot';
import { bitsOf, bitsText, bytesOf } from './findings-smallest.ts';
import { whole } from './format.ts';
import { widthOf } from './labels.ts';
import { CHART, clipped, draw, type Tip } from './plot.ts';
import type { FilePartName, PartBytes, Smallest } from './types-smallest.ts';

/** How each part is drawn, as the keys above the charts say. */
export const PART_LOOKS: { readonly [P in FilePartName]: { readonly fill: string; readonly stroke: string } } = {
  values: { fill: 'var(--train)', stroke: 'var(--train)' },
  codebook: { fill: 'color-mix(in srgb, var(--train) 35%, var(--paper))', stroke: 'var(--train)' },
  positions: { fill: 'var(--test)', stroke: 'var(--test)' },
  scales: { fill: 'color-mix(in srgb, var(--test) 35%, var(--paper))', stroke: 'var(--test)' },
  biases: { fill: 'var(--gap)', stroke: 'var(--gap)' },
  header: { fill: 'var(--paper)', stroke: 'var(--gap)' },
};
const PARTS = Object.keys(PART_LOOKS) as FilePartName[];

/** A bar, and what stands behind it. */
interface Stack {
  readonly name: string;
  readonly parts: readonly PartBytes[];
  readonly text: string;
}

/** Whole files, part by part. */
export const fileBars = (files: readonly Stack[]): string => bars('Bytes of files', files);

/** The layers of one file, and what is of no layer. */
export function layerBars({ layers, rest }: Pick<Smallest, 'layers' | 'rest'>): string {
  const stacks = layers.map((layer): Stack => {
    const bits = bitsOf(layer);
    const text = `${whole(bytesOf(layer.parts))} B${bits === null ? '' : `, ${bitsText(bits)} bits`}`;
    return { name: layer.name, parts: layer.parts, text };
  });
  return bars('Bytes of layers', [...stacks, { name: 'the network', parts: rest, text: `${whole(bytesOf(rest))} B` }]);
}

/** Right of the axis, and between a bar and its text. */
const MARGIN = 10;
const GAP = 5;

function bars(title: string, stacks: readonly Stack[]): string {
  const segments = stacks.flatMap(({ name, parts }) => {
    let from = 0;
    return PARTS.flatMap((part) => {
      const bytes = bytesOf(parts.filter((each) => each.part === part));
      const low = from;
      from += bytes;
      return bytes === 0 ? [] : [{ name, part, bytes, low, high: from }];
    });
  });
  const most = Math.max(1, ...stacks.map(({ parts }) => bytesOf(parts)));
  const names = stacks.map(({ name }) => name);
  const marginLeft = Math.max(60, ...names.map((name) => clipped(name).length * 6.2 + 10));
  // The longest text has room behind the longest bar.
  const width = CHART - marginLeft - MARGIN;
  const room = width / (width - Math.max(...stacks.map(({ text }) => widthOf(text))) - GAP);
  return draw(
    `${title}: ${stacks
      .map(
        ({ name, text, parts }) =>
          `${name} ${text} (${parts.map(({ part, bytes }) => `${part} ${whole(bytes)}`).join(', ')})`,
      )
      .join('; ')}`,
    {
      width: CHART,
      height: stacks.length * 34 + 46,
      marginLeft,
      marginRight: MARGIN,
      marginTop: 6,
      marginBottom: 34,
      x: { domain: [0, most * room], ticks: 4, grid: true, label: 'bytes', labelAnchor: 'center', labelArrow: 'none' },
      y: { type: 'band', domain: names, label: null, padding: 0.3 },
      marks: [
        Plot.axisY({ tickSize: 0, label: null, tickFormat: clipped }),
        ...PARTS.map((part) =>
          Plot.barX(
            segments.filter((segment) => segment.part === part),
            { ...PART_LOOKS[part], x1: 'low', x2: 'high', y: 'name', strokeWidth: 1, insetLeft: 0.5, insetRight: 0.5 },
          ),
        ),
        Plot.text(stacks, {
          ...{ x: ({ parts }) => bytesOf(parts), y: 'name', text: 'text', textAnchor: 'start', dx: GAP },
          ...{ fill: 'currentColor', stroke: 'var(--paper)', strokeWidth: 3 },
        }),
      ],
    } as Plot.PlotOptions,
    (chart) => {
      const [x, y] = [chart.scale('x')!, chart.scale('y')!];
      return segments.map(
        ({ name, part, bytes, low, high }): Tip => [
          x.apply((low + high) / 2),
          y.apply(name) + y.bandwidth! / 2,
          `${name}: ${whole(bytes)} bytes of ${part}`,
        ],
      );
    },
  );
}
