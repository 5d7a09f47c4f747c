import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { Markup, markupOf } from 'whittle-cli/html';

/** Every chart is an SVG as text; its colours are variables of the page, so that light and dark are up to the page. */
const { document } = parseHTML('<!doctype html><html><body></body></html>');

export const OURS = 'var(--ours)';
export const PEER = 'var(--peer)';

/** A chart whose `label` says in words what it shows. */
export function draw(label: string, options: Plot.PlotOptions): Markup {
  const svg = Plot.plot({ document, className: 'plot', ...options } as Plot.PlotOptions);
  svg.querySelector('style')?.remove();
  for (const name of ['width', 'height', 'font-family', 'font-size', 'fill']) svg.removeAttribute(name);
  // Not by setAttribute: linkedom does not escape `&` and `<` in attributes.
  return new Markup(svg.outerHTML.replace('<svg', () => `<svg role="img" aria-label="${markupOf(label)}"`));
}

/** Room for names to the left of the picture. */
export const gutter = (names: readonly string[]): number =>
  Math.max(40, ...names.map((name) => name.length * 6.4 + 12));

/** The same symbol for the same name all over the page: ours are round, each peer has a shape of its own. */
const SHAPES = ['triangle', 'square', 'diamond2', 'star', 'cross', 'plus', 'wye', 'asterisk', 'times'] as const;
const given = new Map<string, (typeof SHAPES)[number]>();

export function shapeOf(who: string, ours: boolean): 'circle' | (typeof SHAPES)[number] {
  if (ours) return 'circle';
  if (!given.has(who)) given.set(who, SHAPES[given.size % SHAPES.length]!);
  return given.get(who)!;
}

/** Round numbers between the two, for a range too narrow to hold 1, 2 or 5 times a power of ten. */
function evenly(low: number, high: number): number[] {
  const power = Number(`1e${Math.floor(Math.log10((high - low) / 3))}`);
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => (high - low) / one < 5)!;
  return Array.from({ length: 7 }, (_, i) => (Math.ceil(low / step) + i) * step);
}

/** Options of a logarithmic axis that has room at both ends and no more ticks than can be read. */
export function logAxis(
  values: readonly number[],
  label: string,
  tickFormat: (value: number) => string,
): Plot.ScaleOptions {
  const low = Math.min(...values) / 1.2;
  const high = Math.max(...values) * 1.2;
  const powers = Array.from({ length: 40 }, (_, i) => Number(`1e${i - 20}`));
  const between = (ticks: readonly number[]): number[] => ticks.filter((tick) => tick >= low && tick <= high);
  const fine = between(powers.flatMap((power) => [power, 2 * power, 5 * power]));
  const ticks = fine.length > 6 ? between(powers) : fine.length > 1 ? fine : between(evenly(low, high));
  return {
    type: 'log',
    domain: [low, high],
    ticks,
    tickFormat,
    grid: true,
    label,
    labelAnchor: 'center',
    labelArrow: 'none',
  };
}
