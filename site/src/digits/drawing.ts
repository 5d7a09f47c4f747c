import type { InkPoint } from '../../../lab/src/ink.ts';
import { SIDE } from './pixels.ts';

export type Line = readonly InkPoint[];

/** Lines on the paper and the pen that keys move, in pixels of the image. Each change makes a new one. */
export interface Drawing {
  readonly lines: readonly Line[];
  readonly pen: InkPoint;
  /** Whether keys draw as they move the pen. */
  readonly isDown: boolean;
}

export const EMPTY: Drawing = { lines: [], pen: [SIDE / 2, SIDE / 4], isDown: false };

const STEPS: { readonly [key: string]: InkPoint } = {
  ArrowLeft: [-0.5, 0],
  ArrowRight: [0.5, 0],
  ArrowUp: [0, -0.5],
  ArrowDown: [0, 0.5],
};

const within = (x: number): number => Math.max(0, Math.min(SIDE, x));

/** With points at the end of the last line. */
const longer = (lines: readonly Line[], points: readonly InkPoint[]): readonly Line[] =>
  lines.length === 0 ? [points] : [...lines.slice(0, -1), [...lines[lines.length - 1]!, ...points]];

/** A line begins where a pointer goes down. */
export const begin = ({ lines, pen }: Drawing, at: InkPoint): Drawing => ({
  lines: [...lines, [at]],
  pen,
  isDown: false,
});

export const extend = (drawing: Drawing, points: readonly InkPoint[]): Drawing => ({
  ...drawing,
  lines: longer(drawing.lines, points),
});

export const undo = ({ lines, pen }: Drawing): Drawing => ({ lines: lines.slice(0, -1), pen, isDown: false });

/** What a key does: arrows move the pen, the space bar puts it down or lifts it; null for keys that do nothing here. */
export function press(drawing: Drawing, key: string): Drawing | null {
  const { lines, pen, isDown } = drawing;
  if (key === 'Backspace') return undo(drawing);
  if (key === 'Delete') return { ...EMPTY, pen };
  if (key === ' ') return { pen, isDown: !isDown, lines: isDown ? lines : [...lines, [pen]] };
  const step = STEPS[key];
  if (step === undefined) return null;
  const moved: InkPoint = [within(pen[0] + step[0]), within(pen[1] + step[1])];
  return { pen: moved, isDown, lines: isDown ? longer(lines, [moved]) : lines };
}
