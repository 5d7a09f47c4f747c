/** A point that was drawn: place on the plane, and its class (0 to 3) or value (-5 to 5). */
export type Point = readonly [x1: number, x2: number, target: number];

/** What is drawn lies in this square: from -1 to 1 each way. */
export const PLANE = 1;
/** How many points can be drawn; so many train in a blink. */
export const MOST_POINTS = 500;
/** How many stand in the address at most: 1200 characters. */
export const MOST_IN_ADDRESS = 200;
/** How many classes can be drawn. */
export const CLASSES = 4;
/** Fewer cannot be split into train, validation and test. */
export const FEWEST_POINTS = 10;

// Whole numbers of two digits to the base of 36: places by 0.002, targets by 0.01.
const PLACES = 500;
const TARGETS = 100;

const digits = (whole: number): string => whole.toString(36).padStart(2, '0');
const whole = (value: number, scale: number, most: number): number =>
  Math.round((Math.min(most, Math.max(-most, value)) + most) * scale);
const back = (text: string, scale: number, most: number): number => Number.parseInt(text, 36) / scale - most;

/** The point at the nearest place that the address can say. */
export function snap([x1, x2, target]: Point): Point {
  const place = (x: number) => whole(x, PLACES, PLANE) / PLACES - PLANE;
  return [place(x1), place(x2), whole(target, TARGETS, 5) / TARGETS - 5];
}

/** Six characters a point. */
export const writePoints = (points: readonly Point[]): string =>
  points
    .map(
      ([x1, x2, target]) =>
        digits(whole(x1, PLACES, PLANE)) + digits(whole(x2, PLACES, PLANE)) + digits(whole(target, TARGETS, 5)),
    )
    .join('');

/** The points of an address; those that cannot be are left out. Never throws. */
export function readPoints(text: string): readonly Point[] {
  const points: Point[] = [];
  for (let at = 0; at + 6 <= text.length && points.length < MOST_IN_ADDRESS; at += 6) {
    const six = text.slice(at, at + 6);
    if (!/^[0-9a-z]{6}$/.test(six)) continue;
    const point: Point = [
      back(six.slice(0, 2), PLACES, PLANE),
      back(six.slice(2, 4), PLACES, PLANE),
      back(six.slice(4), TARGETS, 5),
    ];
    if (point[0] <= PLANE && point[1] <= PLANE && point[2] <= 5) points.push(point);
  }
  return points;
}
