import { type Colour, css, mix, type Palette } from '../fit/visual/palette.ts';
import type { Cells } from './cells.ts';

/** What is shown of a kernel: what is left, or what rounding changed. */
export type View = 'mask' | 'errors';

/** A canvas ready for lines of a screen, cleared: sizes are in pixels of CSS. */
export function contextOf(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = globalThis.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d');
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** A colour of a number from -limit (the first) over nought (paper) to limit (the second), never so pale that nothing shows. */
function colourOf(value: number, limit: number, palette: Palette): string {
  const share = limit === 0 ? 0 : Math.min(1, Math.abs(value) / limit);
  const to: Colour = value < 0 ? palette.low : palette.high;
  return css(value === 0 ? palette.paper : mix(palette.paper, to, 0.12 + 0.88 * share));
}

/**
 * Draws a kernel, `size` pixels a cell, inputs downwards. A pruned cell is a cross on paper, and a negative one has a bar,
 * where cells are large enough for them: no meaning is in the colour alone.
 */
export function paintCells(canvas: HTMLCanvasElement, cells: Cells, view: View, size: number, palette: Palette): void {
  const { rows, columns, values, errors, pruned, largest, largestError } = cells;
  const context = contextOf(canvas, columns * size, rows * size);
  if (context === null) return;
  const numbers = view === 'mask' ? values : errors;
  const limit = view === 'mask' ? largest : largestError;
  const gap = size >= 8 ? 1 : 0;
  context.lineWidth = 1;
  for (let row = 0, i = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, i++) {
      const [x, y, side] = [column * size, row * size, size - gap];
      const value = numbers[i]!;
      context.fillStyle = pruned[i] ? css(palette.paper) : colourOf(value, limit, palette);
      context.fillRect(x, y, side, side);
      if (pruned[i]) {
        context.strokeStyle = css(mix(palette.paper, palette.quiet, 0.55));
        context.beginPath();
        const inset = size >= 8 ? side * 0.3 : 0.5;
        context.moveTo(x + inset, y + inset);
        context.lineTo(x + side - inset, y + side - inset);
        if (size >= 8) {
          context.moveTo(x + side - inset, y + inset);
          context.lineTo(x + inset, y + side - inset);
        }
        context.stroke();
      } else if (value < 0 && size >= 8) {
        const isStrong = Math.abs(value) > 0.5 * limit;
        context.fillStyle = css(isStrong ? palette.paper : palette.ink);
        context.fillRect(x + side * 0.25, y + side * 0.5 - 0.75, side * 0.5, 1.5);
      }
    }
}
