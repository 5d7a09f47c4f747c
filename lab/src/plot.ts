import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { markupOf } from './html.ts';

/** Every chart is an SVG as a string; its colours are variables of the page, so that light and dark are up to the page. */
const { document } = parseHTML('<!doctype html><html><body></body></html>');

/** Widths are those of a narrow telephone, so that type does not shrink there. */
export const PANEL = 320;
export const CHART = 380;

/** A spot of a chart, in its own units, and the exact figure that the page shows there. */
export type Tip = readonly [x: number, y: number, text: string];

export type Drawn = ReturnType<typeof Plot.plot>;

/** Draws without any mark, for its scales. */
export const drawn = (options: Plot.PlotOptions): Drawn =>
  Plot.plot({ document, className: 'plot', ...options } as Plot.PlotOptions);

/** `label` is for readers who do not see the chart; `tips` get the chart, for its scales. */
export function draw(label: string, options: Plot.PlotOptions, tips: (chart: Drawn) => readonly Tip[]): string {
  const svg = drawn(options);
  const spots = tips(svg).map(([x, y, text]): Tip => [Math.round(x), Math.round(y), text]);
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

/** Ticks of a logarithmic axis: 1, 2 and 5 times powers of ten between the two; only the powers when those are many. */
export function logTicks(low: number, high: number, most = 7): number[] {
  const powers = Array.from({ length: 19 }, (_, i) => Number(`1e${i - 9}`));
  const between = (ticks: readonly number[]): number[] => ticks.filter((x) => x >= low && x <= high);
  const fine = between(powers.flatMap((x) => [x, 2 * x, 5 * x]));
  return fine.length > most ? between(powers) : fine;
}
