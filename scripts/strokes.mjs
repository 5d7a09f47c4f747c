// Digits as people draw them with a round pen: the ways in which each is written, as lines through a few points of a unit square
// from its top left corner, bent, slanted, turned and stretched by chance. The digits that come with the library were scanned
// from paper; who draws with a mouse writes a 7 with a bar, an open 4, a 1 of one line.
import { inkOf, penOf } from '../lab/dist/ink.js';

const SIDE = 8;
const PAPER = { height: SIDE, width: SIDE, ...penOf(SIDE) };
/** Standard deviations: of each point, of the slant, of the turn (radians). */
const JITTER = 0.035;
const SLANT = 0.15;
const TURN = 0.1;

const ring = (x, y, rx, ry, from = 0, turns = 1) =>
  Array.from({ length: 9 }, (_, i) => {
    const angle = 2 * Math.PI * (from + (turns * i) / 8);
    return [x + rx * Math.sin(angle), y - ry * Math.cos(angle)];
  });

/** Lines that are `smooth` bend through their points; others have corners. */
const smooth = (...points) => ({ points, isSmooth: true });
const straight = (...points) => ({ points, isSmooth: false });

const WAYS = [
  [
    [smooth(...ring(0.5, 0.5, 0.36, 0.5))],
    [smooth(...ring(0.5, 0.5, 0.25, 0.5, 0.1, -1))],
    [smooth(...ring(0.5, 0.5, 0.45, 0.5, 0.05, 1.05))],
  ],
  [
    [straight([0.5, 0], [0.5, 1])],
    [straight([0.28, 0.25], [0.5, 0], [0.5, 1])],
    [straight([0.3, 0.22], [0.5, 0], [0.5, 1]), straight([0.28, 1], [0.72, 1])],
  ],
  [
    [
      smooth([0.12, 0.25], [0.3, 0.03], [0.65, 0.02], [0.82, 0.25], [0.65, 0.55], [0.12, 0.98]),
      straight([0.12, 0.98], [0.9, 0.98]),
    ],
    [smooth([0.15, 0.2], [0.45, 0], [0.8, 0.2], [0.55, 0.6], [0.2, 0.95], [0.15, 0.8], [0.4, 0.82], [0.9, 1])],
  ],
  [
    [
      smooth([0.15, 0.12], [0.5, 0], [0.8, 0.2], [0.45, 0.46]),
      smooth([0.45, 0.46], [0.85, 0.7], [0.55, 1], [0.12, 0.88]),
    ],
    [
      straight([0.15, 0.02], [0.8, 0.02], [0.45, 0.42]),
      smooth([0.45, 0.42], [0.85, 0.6], [0.75, 0.92], [0.4, 1], [0.12, 0.9]),
    ],
  ],
  [
    [straight([0.2, 0], [0.12, 0.58], [0.88, 0.58]), straight([0.68, 0.3], [0.66, 1])],
    [straight([0.7, 1], [0.7, 0], [0.08, 0.66], [0.95, 0.66])],
    [straight([0.65, 0], [0.1, 0.62], [0.92, 0.62]), straight([0.68, 0.35], [0.68, 1])],
  ],
  [
    [
      straight([0.85, 0.02], [0.22, 0.02], [0.18, 0.45]),
      smooth([0.18, 0.45], [0.55, 0.36], [0.85, 0.65], [0.6, 0.97], [0.12, 0.92]),
    ],
    [
      straight([0.22, 0.02], [0.2, 0.42]),
      smooth([0.2, 0.42], [0.6, 0.38], [0.82, 0.7], [0.55, 1], [0.12, 0.9]),
      straight([0.22, 0.02], [0.85, 0.02]),
    ],
  ],
  [
    [smooth([0.7, 0.02], [0.35, 0.3], [0.16, 0.7], [0.4, 1], [0.78, 0.85], [0.72, 0.55], [0.4, 0.52], [0.18, 0.72])],
    [smooth([0.45, 0], [0.2, 0.5], [0.25, 0.9], [0.55, 1], [0.8, 0.78], [0.55, 0.56], [0.22, 0.72])],
  ],
  [
    [straight([0.1, 0.03], [0.88, 0.03], [0.4, 1])],
    [straight([0.1, 0.03], [0.88, 0.03], [0.42, 1]), straight([0.32, 0.5], [0.8, 0.5])],
    [straight([0.1, 0.2], [0.12, 0.02], [0.88, 0.02]), smooth([0.88, 0.02], [0.55, 0.45], [0.45, 1])],
  ],
  [
    [smooth(...ring(0.5, 0.25, 0.27, 0.25, 0.5)), smooth(...ring(0.5, 0.74, 0.33, 0.26))],
    [
      smooth(
        [0.75, 0.15],
        [0.45, 0],
        [0.22, 0.2],
        [0.5, 0.46],
        [0.8, 0.75],
        [0.5, 1],
        [0.18, 0.78],
        [0.5, 0.47],
        [0.78, 0.2],
      ),
    ],
  ],
  [
    [smooth(...ring(0.48, 0.27, 0.3, 0.27, 0.2, -1)), straight([0.78, 0.25], [0.72, 1])],
    [smooth(...ring(0.48, 0.28, 0.3, 0.28, 0.2, -1)), smooth([0.78, 0.25], [0.78, 0.7], [0.55, 1], [0.2, 0.92])],
  ],
];

/** Mulberry32: numbers from 0 to 1. */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Through all points, with eight between each two (Catmull and Rom). */
const bent = (points) =>
  points.slice(1).flatMap((to, i) => {
    const from = points[i];
    const before = points[i - 1] ?? from;
    const after = points[i + 2] ?? to;
    const at = (t, axis) =>
      0.5 *
      (2 * from[axis] +
        (to[axis] - before[axis]) * t +
        (2 * before[axis] - 5 * from[axis] + 4 * to[axis] - after[axis]) * t ** 2 +
        (3 * (from[axis] - to[axis]) + after[axis] - before[axis]) * t ** 3);
    const steps = Array.from({ length: 8 }, (_, k) => [at((k + 1) / 8, 0), at((k + 1) / 8, 1)]);
    return i === 0 ? [from, ...steps] : steps;
  });

/** `count` drawings of each digit, in turns: pixels [10 count, 8, 8, 1] from 0 to 1, and the digits. The same ones for a seed. */
export function drawnDigits(count, seed) {
  const next = numbers(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const pixels = [];
  const digits = [];
  for (let i = 0; i < count; i++)
    WAYS.forEach((ways, digit) => {
      const [slant, turn, width] = [SLANT * normal(), TURN * normal(), 0.6 + 0.5 * next()];
      const placed = ([x, y]) => {
        const [a, b] = [width * (x - 0.5) - slant * (y - 0.5) + JITTER * normal(), y - 0.5 + JITTER * normal()];
        return [SIDE * (a * Math.cos(turn) - b * Math.sin(turn)), SIDE * (a * Math.sin(turn) + b * Math.cos(turn))];
      };
      const lines = ways[Math.floor(next() * ways.length)].map(({ points, isSmooth }) => {
        const moved = points.map(placed);
        return isSmooth ? bent(moved) : moved;
      });
      pixels.push(...inkOf(PAPER, lines, true).map((share) => Math.round(16 * share) / 16));
      digits.push(digit);
    });
  return { pixels: Float32Array.from(pixels), digits: Int32Array.from(digits) };
}
