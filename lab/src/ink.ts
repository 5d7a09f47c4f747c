/** A point in pixels of an image, from its top left corner: x, y. */
export type InkPoint = readonly [number, number];

/** An image that is drawn, in pixels: its size, the radius of the pen, and the share of the frame that a drawing fills. */
export interface Paper {
  readonly height: number;
  readonly width: number;
  readonly radius: number;
  readonly share: number;
}

/** Pixels of a side up to which an image is small. */
const SMALL = 16;

/**
 * The pen of an image by its height. Small images are all digit: of the digits that come with the command ink covers 30 %, as
 * it does of what such a pen draws. Of 28 × 28 pixels the middle 20 × 20 hold a digit, as in MNIST, and lines are thinner.
 */
export const penOf = (height: number): Pick<Paper, 'radius' | 'share'> =>
  height <= SMALL ? { radius: 0.09 * height, share: 1 } : { radius: 0.045 * height, share: 5 / 7 };

/**
 * The share of ink of each pixel under lines of a round pen, row by row. Each pixel is the part of its 4 × 4 cells that ink
 * covers, which is how the digits that come with the command were made of bitmaps of 32 × 32. `isFitted` moves and sizes the
 * lines to the frame first, as the network got its images. The text of this function stands in the pages that are written, so
 * it uses nothing but what it is given.
 */
export function inkOf(paper: Paper, lines: readonly (readonly InkPoint[])[], isFitted: boolean): number[] {
  const { height, width, radius, share } = paper;
  const CELLS = 4;
  const placed = (): readonly (readonly InkPoint[])[] => {
    const points = lines.flat();
    if (!isFitted || points.length === 0) return lines;
    const xs = points.map(([x]) => x);
    const ys = points.map(([, y]) => y);
    const [left, right] = [Math.min(...xs), Math.max(...xs)];
    const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
    const k = Math.min(
      (share * width - 2 * radius) / Math.max(right - left, 1e-9),
      (share * height - 2 * radius) / Math.max(bottom - top, 1e-9),
    );
    const size = Math.max(right - left, bottom - top) < radius ? 1 : k; // a dot stays one
    return lines.map((line) =>
      line.map(([x, y]) => [width / 2 + size * (x - (left + right) / 2), height / 2 + size * (y - (top + bottom) / 2)]),
    );
  };
  const distance = (x: number, y: number, [ax, ay]: InkPoint, [bx, by]: InkPoint): number => {
    const dx = bx - ax;
    const dy = by - ay;
    const length = dx * dx + dy * dy;
    const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length));
    return Math.hypot(x - ax - t * dx, y - ay - t * dy);
  };
  const across = width * CELLS;
  const down = height * CELLS;
  const ink = new Uint8Array(across * down);
  for (const line of placed()) {
    line.forEach((b, i) => {
      const a = line[Math.max(0, i - 1)]!;
      const from = (p: number, q: number, most: number): number =>
        Math.max(0, Math.min(most, Math.floor((Math.min(p, q) - radius) * CELLS)));
      const to = (p: number, q: number, most: number): number =>
        Math.max(0, Math.min(most, Math.ceil((Math.max(p, q) + radius) * CELLS)));
      for (let r = from(a[1], b[1], down); r < to(a[1], b[1], down); r++)
        for (let c = from(a[0], b[0], across); c < to(a[0], b[0], across); c++)
          if (distance((c + 0.5) / CELLS, (r + 0.5) / CELLS, a, b) <= radius) ink[r * across + c] = 1;
    });
  }
  return Array.from({ length: height * width }, (_, pixel) => {
    let count = 0;
    for (let i = 0; i < CELLS * CELLS; i++) {
      const row = Math.floor(pixel / width) * CELLS + Math.floor(i / CELLS);
      count += ink[row * across + (pixel % width) * CELLS + (i % CELLS)]!;
    }
    return count / (CELLS * CELLS);
  });
}
