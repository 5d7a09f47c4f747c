import * as Plot from '@observablehq/plot';
import type { Markup } from 'whittle-cli/html';
import { draw, OURS, PEER } from './draw.ts';

/** A symbol of a legend, drawn as the charts draw it. */
export function symbol(shape: Plot.SymbolType, ours: boolean, filled = ours): Markup {
  return draw(`${filled ? 'filled' : 'hollow'} ${shape}`, {
    width: 16,
    height: 16,
    margin: 0,
    axis: null,
    marks: [
      Plot.dot([0], {
        frameAnchor: 'middle',
        symbol: shape,
        r: 5,
        stroke: ours ? OURS : PEER,
        strokeWidth: 1.6,
        fill: filled ? OURS : 'var(--paper)',
      }),
    ],
  });
}
