import type { Progress } from '../engine/messages.ts';
import { columns } from '../fit/visual/losses.ts';
import { show, ticks } from '../fit/visual/numbers.ts';
import { type Frame, MARGIN } from '../fit/visual/painter.ts';
import { css } from '../fit/visual/palette.ts';

const LEFT = MARGIN.left + 8;

/** Draws the losses by epoch: of training as a line, of validation dashed, and where validation was best. */
export function paintLosses(frame: Frame, progress: Progress | null): void {
  const { context, width, height, ratio, palette } = frame;
  const [epochs, train, validation] = progress === null ? [[], [], []] : columns(progress.losses, null, false, null);
  const seen = [...(train ?? []), ...(validation ?? [])].filter((value) => value !== null);
  const most = seen.reduce((high, value) => Math.max(high, value), 0) || 1;
  const last = Math.max(10, epochs.at(-1) ?? 0);
  const [right, bottom] = [width - MARGIN.right, height - MARGIN.bottom];
  const across = (epoch: number): number => LEFT + ((epoch - 1) / (last - 1)) * (right - LEFT);
  const up = (loss: number): number => bottom - (loss / (1.05 * most)) * (bottom - MARGIN.top);

  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = '11px system-ui, sans-serif';
  context.fillStyle = context.strokeStyle = css(palette.quiet);
  context.lineWidth = 1;
  context.setLineDash([]);
  context.strokeRect(LEFT, MARGIN.top, right - LEFT, bottom - MARGIN.top);
  context.textAlign = 'center';
  context.textBaseline = 'top';
  for (const tick of ticks(1, last)) context.fillText(show(tick), across(tick), bottom + 7);
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (const tick of ticks(0, 1.05 * most)) context.fillText(show(tick), LEFT - 5, up(tick));

  const line = (losses: readonly (number | null)[]): void => {
    context.beginPath();
    losses.forEach((loss, i) => {
      if (loss !== null) context.lineTo(across(epochs[i]!), up(loss));
    });
    context.stroke();
  };
  context.lineJoin = 'round';
  context.lineWidth = 2;
  context.strokeStyle = css(palette.classes[1]!);
  line(train ?? []);
  context.setLineDash([5, 4]);
  context.strokeStyle = css(palette.classes[0]!);
  line(validation ?? []);
  context.setLineDash([]);
  const best = progress?.best ?? null;
  const loss = best === null ? undefined : progress?.losses.validation[best - 1];
  if (best === null || loss === undefined || !Number.isFinite(loss)) return;
  context.beginPath();
  context.arc(across(best), up(loss), 4, 0, 2 * Math.PI);
  context.stroke();
}
