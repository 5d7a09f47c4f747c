export interface Point {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

export interface Label {
  /** Left end of the text and the middle of its height. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly text: string;
  /** Far enough from its point that it needs a line to it. */
  readonly far: boolean;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const LETTER = 6.2;
const HEIGHT = 15;
const RADIUS = 8;

export const widthOf = (text: string): number => text.length * LETTER + 4;

export const boxOf = ({ x, y, width }: Label): Box => ({
  left: x,
  right: x + width,
  top: y - HEIGHT / 2,
  bottom: y + HEIGHT / 2,
});

export const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Places one label after another at the nearest spot on rings around its point that hits no point, obstacle or label. */
export function placeLabels(points: readonly Point[], obstacles: readonly Box[], frame: Box): Label[] {
  const taken: Box[] = [
    ...obstacles,
    ...points.map(({ x, y }) => ({
      left: x - RADIUS,
      right: x + RADIUS,
      top: y - RADIUS,
      bottom: y + RADIUS,
    })),
  ];
  return points.map((point) => {
    const label = spots(point).find((spot) => {
      const box = boxOf(spot);
      const inside =
        box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom;
      return inside && !taken.some((other) => overlap(box, other));
    });
    const placed = label ?? spots(point)[0]!;
    taken.push(boxOf(placed));
    return placed;
  });
}

/** Right, left, above and below first, then between, ring after ring. */
function spots({ x, y, text }: Point): Label[] {
  const width = widthOf(text);
  return Array.from({ length: 24 }, (_, ring) => RADIUS + 2 + ring * 8).flatMap((gap, ring) =>
    [
      [1, 0],
      [-1, 0],
      [0, -1],
      [0, 1],
      [1, -1],
      [1, 1],
      [-1, -1],
      [-1, 1],
    ].map(([dx = 0, dy = 0]) => ({
      x: x + dx * gap - (width * (1 - dx)) / 2,
      y: y + dy * (gap + HEIGHT / 2),
      width,
      text,
      far: ring > 0,
    })),
  );
}
