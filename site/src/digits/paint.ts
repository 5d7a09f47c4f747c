import { css, DARK, LIGHT, mix } from '../fit/visual/palette.ts';
import type { Drawing } from './drawing.ts';
import { PAPER, SIDE } from './pixels.ts';

/** Draws paper with the pixels' grid, the lines, and the pen where keys move it. */
export function paintPaper(canvas: HTMLCanvasElement, drawing: Drawing, isPenShown: boolean, isDark: boolean): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const palette = isDark ? DARK : LIGHT;
  const scale = canvas.width / SIDE;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.strokeStyle = css(palette.ink);
  context.globalAlpha = 0.1;
  context.lineWidth = 2;
  for (let i = 1; i < SIDE; i++) {
    context.strokeRect(i * scale, -2, 0, canvas.height + 4);
    context.strokeRect(-2, i * scale, canvas.width + 4, 0);
  }
  context.globalAlpha = 1;
  context.lineCap = context.lineJoin = 'round';
  context.lineWidth = 2 * PAPER.radius * scale;
  for (const line of drawing.lines) {
    context.beginPath();
    // A line of one point is a dot: it is drawn from there to there.
    for (const [x, y] of [line[0]!, ...line]) context.lineTo(x * scale, y * scale);
    context.stroke();
  }
  if (!isPenShown) return;
  const [x, y] = drawing.pen;
  context.strokeStyle = css(palette.high);
  context.lineWidth = drawing.isDown ? 10 : 5;
  context.beginPath();
  context.arc(x * scale, y * scale, 1.4 * PAPER.radius * scale, 0, 7);
  context.stroke();
}

/** Draws a picture, a pixel of the canvas a number: paper at 0, `full` and more in ink or in the colour of signals, less than 0 in the other one. */
export function paintPixels(
  canvas: HTMLCanvasElement,
  values: Float32Array,
  width: number,
  height: number,
  full: number,
  look: 'ink' | 'signal',
  isDark: boolean,
): void {
  const palette = isDark ? DARK : LIGHT;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (context === null) return;
  for (let i = 0; i < width * height; i++) {
    const share = full > 0 ? Math.max(-1, Math.min(1, values[i]! / full)) : 0;
    const to = share < 0 ? palette.low : look === 'ink' ? palette.ink : palette.high;
    context.fillStyle = css(mix(palette.paper, to, Math.abs(share)));
    context.fillRect(i % width, Math.floor(i / width), 1, 1);
  }
}
