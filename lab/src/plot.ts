import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { widthOf } from './labels.ts';
import { markupOf } from './markup.ts';

/** Every chart is an SVG as a string; its colours are variables of the page, so that light and dark are up to the page. */
const { document } = parseHTML('<!doctype html><html><body></body></html>');

/** Widths are those of a narrow telephone, so that type does not shrink there. */
export const PANEL = 320;
export const CHART = 380;

/**
 * A spot of a chart, in its own units, and the exact figure that the page shows there. Where marks have the classes `part`
 * and one of their own, as `partOf` makes them, those of the spot come forward then.
 */
export type Tip = readonly [x: number, y: number, text: string, part?: number];

export const partOf = (index: number): string => `part of-${index}`;

export type Drawn = ReturnType<typeof Plot.plot>;

/** Draws without any mark, for its scales. */
export const drawn = (options: Plot.PlotOptions): Drawn =>
  Plot.plot({ document, className: 'plot', ...options } as Plot.PlotOptions);

/** `label` is for readers who do not see the chart; `tips` get the chart, for its scales. */
export function draw(label: string, options: Plot.PlotOptions, tips: (chart: Drawn) => readonly Tip[]): string {
  const svg = drawn(options);
  const spots = tips(svg).map(([x, y, ...rest]): Tip => [Math.round(x), Math.round(y), ...rest]);
  svg.querySelector('style')?.remove();
  // The parts of a picture are not named one by one, and ARIA forbids names on groups without a role.
  for (const part of svg.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label');
  for (const name of ['width', 'height', 'font-family', 'font-size', 'fill']) svg.removeAttribute(name);
  const data = spots.length === 0 ? '' : ` tabindex="0" data-tips="${markupOf(JSON.stringify(spots))}"`;
  // Not by setAttribute: linkedom does not escape `&` and `<` in attributes.
  return svg.outerHTML.replace('<svg', () => `<svg role="img" aria-label="${markupOf(label)}"${data}`);
}

/** The text of a tick: `5 µs` for `5.00 µs`, `0.2 µs` for `0.20 µs`. */
export const short = (text: string): string => text.replace(/(?:\.0+|(\.\d*?)0+)(?=\s|$)/, '$1');

/** A name that leaves room for the picture. */
export const clipped = (name: string): string => (name.length > 24 ? `${name.slice(0, 22)}…` : name);

const EXPONENTS = Array.from({ length: 19 }, (_, i) => i - 9);
const STEPS = [[1, 2, 5], [1, 3], [1]] as const;

/** Ticks of a logarithmic axis: 1, 2 and 5 times powers of ten between the two; 1 and 3 times, or the powers, where those do not fit. */
export function logTicks(low: number, high: number, fit: (ticks: readonly number[]) => boolean): number[] {
  const choices = STEPS.map((steps) =>
    EXPONENTS.flatMap((exponent) => steps.map((step) => Number(`${step}e${exponent}`))).filter(
      (x) => x >= low && x <= high,
    ),
  );
  return choices.find(fit) ?? choices.at(-1)!;
}

/** Between the texts of two ticks. */
const GAP = 6;

/** A logarithmic axis at the foot of a chart, with lines where it says `grid`: no text meets another or leaves the picture. */
export function logAxis(
  [low, high]: readonly [low: number, high: number],
  {
    width,
    marginLeft,
    marginRight,
  }: { readonly width: number; readonly marginLeft: number; readonly marginRight: number },
  text: (x: number) => string,
  { label = null, grid = false }: { readonly label?: string | null; readonly grid?: boolean } = {},
): Plot.Markish[] {
  const place = (x: number): number =>
    marginLeft + (Math.log(x / low) / Math.log(high / low)) * (width - marginLeft - marginRight);
  const half = (x: number): number => widthOf(text(x)) / 2;
  /** The middle of a text: that of its tick, but for those at the ends. */
  const middle = (x: number): number => Math.max(half(x), Math.min(width - half(x), place(x)));
  const ticks = logTicks(low, high, (all) =>
    all.every((x, i) => i === 0 || middle(x) - middle(all[i - 1]!) >= half(x) + half(all[i - 1]!) + GAP),
  );
  return [
    ...(grid ? [Plot.gridX(ticks)] : []),
    Plot.axisX(ticks, { text: null, label, labelArrow: 'none', labelAnchor: 'center' }),
    // A text by itself, since `dx` is one for a whole axis.
    ...ticks.map((x) => Plot.axisX([x], { text, tickSize: 0, tickPadding: 9, label: null, dx: middle(x) - place(x) })),
  ];
}
