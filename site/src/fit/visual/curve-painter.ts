import type { Samples } from '../../engine/messages.ts';
import { type CurvePicture, valueRange } from './curve.ts';
import { show, ticks } from './numbers.ts';
import { drawMark, type Frame, MARGIN, markSize } from './painter.ts';
import { css } from './palette.ts';
import type { Role } from './plane.ts';

/** Draws the fitted curve, the truth (dashed), and the samples. */
export function paintCurve(frame: Frame, picture: CurvePicture | null, samples: Samples, roles: readonly Role[]): void {
  const { context, width, height, ratio, palette } = frame;
  const [x0, x1] = samples.ranges[0]!;
  const [y0, y1] = valueRange(picture, samples);
  const [right, bottom] = [width - MARGIN.right, height - MARGIN.bottom];
  const across = (x: number): number => MARGIN.left + ((x - x0) / (x1 - x0)) * (right - MARGIN.left);
  const up = (y: number): number => bottom - ((y - y0) / (y1 - y0)) * (bottom - MARGIN.top);

  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = '11px system-ui, sans-serif';
  context.fillStyle = css(palette.quiet);
  context.strokeStyle = css(palette.quiet);
  context.lineWidth = 1;
  context.setLineDash([]);
  context.strokeRect(MARGIN.left, MARGIN.top, right - MARGIN.left, bottom - MARGIN.top);
  context.textAlign = 'center';
  context.textBaseline = 'top';
  for (const tick of ticks(x0, x1)) context.fillText(show(tick), across(tick), bottom + 7);
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (const tick of ticks(y0, y1)) context.fillText(show(tick), MARGIN.left - 5, up(tick));
  context.globalAlpha = 0.18;
  context.beginPath();
  for (const tick of ticks(x0, x1)) {
    context.moveTo(across(tick), MARGIN.top);
    context.lineTo(across(tick), bottom);
  }
  for (const tick of ticks(y0, y1)) {
    context.moveTo(MARGIN.left, up(tick));
    context.lineTo(right, up(tick));
  }
  context.stroke();
  context.globalAlpha = 1;

  context.save();
  context.beginPath();
  context.rect(MARGIN.left, MARGIN.top, right - MARGIN.left, bottom - MARGIN.top);
  context.clip();
  const scale = ratio * markSize(width, samples);
  for (const role of roles) {
    const rows = samples[role];
    for (let i = 0; i + 1 < rows.length; i += 2) {
      context.setTransform(scale, 0, 0, scale, across(rows[i]!) * ratio, up(rows[i + 1]!) * ratio);
      drawMark(context, palette, role, palette.classes[1]!, 0, false);
    }
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  if (picture !== null) {
    const line = (ys: Float32Array): void => {
      context.beginPath();
      for (let i = 0; i < ys.length; i++) context.lineTo(across(picture.x[i]!), up(ys[i]!));
      context.stroke();
    };
    context.lineJoin = 'round';
    if (picture.truth !== null) {
      context.setLineDash([6, 4]);
      context.lineWidth = 1.75;
      context.strokeStyle = css(palette.ink);
      line(picture.truth);
    }
    context.setLineDash([]);
    context.lineWidth = 5;
    context.strokeStyle = css(palette.paper);
    line(picture.y);
    context.lineWidth = 2.75;
    context.strokeStyle = css(palette.low);
    line(picture.y);
  }
  context.restore();
}
