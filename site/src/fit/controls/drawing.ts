import { CLASSES, MOST_POINTS, PLANE, type Point, snap } from '../../state/points.ts';

/** How far from each other points are put while one drags. */
const APART = 0.09;
/** How far an arrow key moves. */
const MOVE = 0.05;
const MOST_UNDONE = 100;

/** Whether a dragged hand has come far enough from the last point for another. */
export const isApart = (a: readonly [number, number], b: readonly [number, number]): boolean =>
  Math.hypot(a[0] - b[0], a[1] - b[1]) >= APART;

/** The points with one more, at the nearest place that an address can say; the same if there are as many as may be. */
export const withPoint = (points: readonly Point[], point: Point): readonly Point[] =>
  points.length < MOST_POINTS ? [...points, snap(point)] : points;

/** Where an arrow key leads, or null for another key. */
export function moved([x, y]: readonly [number, number], key: string): readonly [number, number] | null {
  const by = { ArrowLeft: [-MOVE, 0], ArrowRight: [MOVE, 0], ArrowUp: [0, MOVE], ArrowDown: [0, -MOVE] }[key];
  if (by === undefined) return null;
  const within = (value: number): number => Number(Math.min(PLANE, Math.max(-PLANE, value)).toFixed(2));
  return [within(x + by[0]!), within(y + by[1]!)];
}

/** The class that a digit key names, from 1; null for another key. */
export function classOf(key: string): number | null {
  const index = Number(key) - 1;
  return Number.isInteger(index) && index >= 0 && index < CLASSES ? index : null;
}

/** The points as of classes, or as of numbers: class 0 is -1, every other is 1, and back by the sign. */
export function asTask(points: readonly Point[], task: 'classification' | 'regression'): readonly Point[] {
  return points.map(([x, y, target]) =>
    task === 'classification' ? [x, y, target < 0 ? 0 : 1] : snap([x, y, target === 0 ? -1 : 1]),
  );
}

/** How many different classes there are. */
export const classesIn = (points: readonly Point[]): number => new Set(points.map(([, , target]) => target)).size;

/** The last states of something, for undoing. */
export class History<T> {
  readonly #states: T[] = [];

  keep(state: T): void {
    this.#states.push(state);
    if (this.#states.length > MOST_UNDONE) this.#states.shift();
  }

  back(): T | undefined {
    return this.#states.pop();
  }
}
