import type { DataName } from '../../state/settings.ts';

/** A place from -1 to 1 each way, and which mark stands there: circle, square or triangle. */
export type Mark = readonly [x: number, y: number, kind: 0 | 1 | 2];

const { PI, sin, cos } = Math;
/** Evenly spread numbers in [0, 1) without any order to be seen (Roberts 2018, the R1 and R2 sequences). */
const spread = (i: number): readonly [number, number] => [(0.5 + i * 0.7548776662) % 1, (0.5 + i * 0.5698402909) % 1];
const marks = (count: number, mark: (i: number) => Mark): readonly Mark[] =>
  Array.from({ length: count }, (_, i) => mark(i));
const square = (i: number): readonly [number, number] => {
  const [u, v] = spread(i);
  return [2 * u - 1, 2 * v - 1];
};

/** What each data set looks like, in few marks: for choosing, not for learning. */
const SKETCHES: { readonly [D in DataName]?: readonly Mark[] } = {
  spiral: marks(44, (i) => {
    const of = i % 2 === 0 ? 0 : 1;
    const r = (i + 2) / 46;
    return [r * sin(3.5 * PI * r + PI * of), r * cos(3.5 * PI * r + PI * of), of];
  }),
  moons: marks(28, (i) => {
    const angle = (PI * (i >> 1)) / 13;
    return i % 2 === 0
      ? [(cos(angle) - 0.5) / 1.5, (sin(angle) - 0.25) / 1.2, 0]
      : [(0.5 - cos(angle)) / 1.5, (0.25 - sin(angle)) / 1.2, 1];
  }),
  circles: marks(30, (i) => {
    const [count, r, of] = i < 20 ? ([20, 0.95, 0] as const) : ([10, 0.42, 1] as const);
    return [r * cos((2 * PI * i) / count), r * sin((2 * PI * i) / count), of];
  }),
  xor: marks(36, (i) => {
    const [x, y] = square(i);
    return [x + 0.06 * Math.sign(x), y + 0.06 * Math.sign(y), x * y > 0 ? 1 : 0];
  }),
  gaussians: marks(33, (i) => {
    const [u, v] = spread(i);
    const of = ([0, 1, 2] as const)[i % 3]!;
    const angle = (2 * PI * of) / 3;
    const r = 0.36 * Math.sqrt(u);
    return [0.6 * sin(angle) + r * cos(2 * PI * v), 0.6 * cos(angle) - 0.1 + r * sin(2 * PI * v), of];
  }),
  aboveSine: marks(40, (i) => {
    const [x, y] = square(i);
    const curve = 0.6 * sin(1.5 * PI * x);
    return [x, y + 0.1 * Math.sign(y - curve), y > curve ? 1 : 0];
  }),
  polynomial: marks(22, (i) => {
    const x = (2 * (i + 0.5)) / 22 - 1;
    return [x, (4 * x ** 3 + x ** 2 - 3 * x) / 2.2 + 0.3 * (spread(i)[0] - 0.5), 0];
  }),
  sine: marks(22, (i) => {
    const x = (2 * (i + 0.5)) / 22 - 1;
    return [x, 0.75 * sin(2 * PI * x) + 0.3 * (spread(i)[0] - 0.5), 0];
  }),
  plane: marks(36, (i) => {
    const [x, y] = square(i);
    return [x, y, 0.8 * x - 0.6 * y > 0 ? 1 : 0];
  }),
  digits: pixels(['.####.', '##..##', '...##.', '....##', '##..##', '.####.']),
  drawn: marks(13, (i) => {
    const x = (2 * i) / 12 - 1;
    return [0.9 * x, 0.6 * x ** 3 - 0.25 * sin(4 * x), i < 7 ? 0 : 1];
  }),
  table: pixels(['######', '#.#..#', '######', '#.#..#', '#.#..#', '######']),
};

/** The marks of a data set. */
export const sketchOf = (name: DataName): readonly Mark[] => SKETCHES[name] ?? [];

function pixels(rows: readonly string[]): readonly Mark[] {
  const at = (index: number, count: number): number => ((2 * (index + 0.5)) / count - 1) * 0.85;
  return rows.flatMap((row, y) =>
    [...row].flatMap((pixel, x): Mark[] => (pixel === '#' ? [[at(x, row.length), -at(y, rows.length), 1]] : [])),
  );
}

/** The outline of all marks of one kind, y upwards, as the `d` of a path. */
export function outlineOf(marks: readonly Mark[], kind: Mark[2], size: number): string {
  return marks
    .filter((mark) => mark[2] === kind)
    .map(([x, y]) => shapeAt(x, -y, kind, size))
    .join('');
}

/** A circle, a square, a triangle or a diamond around a place, y downwards: classes differ by more than colour. */
export function shapeAt(x: number, y: number, kind: number, size: number): string {
  const at = (dx: number, dy: number): string => `${(x + dx * size).toFixed(3)} ${(y + dy * size).toFixed(3)}`;
  if (kind === 0) return `M${at(-1, 0)}a${size} ${size} 0 1 0 ${2 * size} 0a${size} ${size} 0 1 0 ${-2 * size} 0z`;
  if (kind === 1) return `M${at(-0.9, -0.9)}L${at(0.9, -0.9)}L${at(0.9, 0.9)}L${at(-0.9, 0.9)}z`;
  if (kind === 2) return `M${at(0, -1.2)}L${at(1.1, 0.8)}L${at(-1.1, 0.8)}z`;
  return `M${at(0, -1.3)}L${at(1.3, 0)}L${at(0, 1.3)}L${at(-1.3, 0)}z`;
}
