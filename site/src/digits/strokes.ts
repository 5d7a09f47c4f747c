import type { InkPoint } from '../../../lab/src/ink.ts';
import type { Line } from './drawing.ts';

/** Points of an arc about a place, from one angle to another in degrees, clockwise from the right. */
const arc = (x: number, y: number, wide: number, high: number, from: number, to: number): readonly InkPoint[] =>
  Array.from({ length: 13 }, (_, i) => {
    const angle = ((from + ((to - from) * i) / 12) * Math.PI) / 180;
    return [x + wide * Math.cos(angle), y + high * Math.sin(angle)];
  });

/** The ten digits as somebody may draw them: what to begin with, and for those who do not draw. */
export const EXAMPLES: readonly (readonly Line[])[] = [
  [arc(4, 4, 2, 3, -90, 270)],
  [
    [
      [3, 2.2],
      [4.3, 1],
      [4.3, 7],
    ],
  ],
  [[...arc(4, 2.8, 1.8, 1.8, -170, 40), [2.2, 7], [6, 7]]],
  [[...arc(3.8, 2.5, 1.7, 1.5, -150, 90), ...arc(3.8, 5.5, 1.9, 1.5, -90, 150)]],
  [
    [
      [4.4, 1],
      [2, 5],
      [6.2, 5],
    ],
    [
      [5, 3.4],
      [5, 7.2],
    ],
  ],
  [[[5.8, 1], [2.7, 1], [2.5, 3.7], ...arc(3.9, 5.2, 2, 1.8, -120, 140)]],
  [[[4.2, 1], [2.7, 3], [2.3, 5], ...arc(4, 5.4, 1.7, 1.6, 180, -180)]],
  [
    [
      [2.2, 1],
      [6, 1],
      [3.6, 7],
    ],
  ],
  [[...arc(4, 2.5, 1.6, 1.5, 90, 450), ...arc(4, 5.5, 1.8, 1.5, -90, 270)]],
  [[...arc(4, 2.8, 1.8, 1.7, 20, -340), [5.6, 4], [4.8, 7]]],
];
