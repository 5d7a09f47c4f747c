/**
 * Arrays as a newcomer would write them: row-major numbers with a shape, and loops over every index in float64. The
 * independent half of the operation tests, so nothing here comes from the library.
 */
export interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
  /** Element type; absent for floats, whose type the test chooses. */
  readonly dtype?: 'int32' | 'bool' | undefined;
}

export type Index = readonly number[];

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Every index of a shape, last axis fastest. */
export function indices(shape: readonly number[]): Index[] {
  return shape.reduce<Index[]>(
    (heads, n) => heads.flatMap((head) => Array.from({ length: n }, (_, i) => [...head, i])),
    [[]],
  );
}

export function generate(shape: readonly number[], f: (index: Index) => number, dtype?: Plain['dtype']): Plain {
  return { shape, data: indices(shape).map(f), dtype };
}

/** The element at `index`; missing leading axes and axes of size 1 are broadcast. */
export function at(p: Plain, index: Index): number {
  const own = index.slice(index.length - p.shape.length);
  return p.data[p.shape.reduce((place, n, axis) => place * n + (n === 1 ? 0 : own[axis]!), 0)]!;
}

/** f over broadcast arguments. */
export const zip =
  (f: (...values: number[]) => number, dtype?: Plain['dtype']) =>
  (...operands: Plain[]): Plain => {
    const rank = Math.max(...operands.map((p) => p.shape.length));
    const shape = Array.from({ length: rank }, (_, axis) => {
      const sizes = operands.map((p) => p.shape[axis - rank + p.shape.length] ?? 1);
      return sizes.find((n) => n !== 1) ?? 1;
    });
    return generate(shape, (index) => f(...operands.map((p) => at(p, index))), dtype);
  };

/** f over the elements along some axes (default all). */
export function reduce(
  f: (list: number[]) => number,
  x: Plain,
  axes: readonly number[] = [...x.shape.keys()],
  keepDims = false,
  dtype?: Plain['dtype'],
): Plain {
  const kept = x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  const data = indices(kept).map((index) =>
    f(
      indices(axes.map((axis) => x.shape[axis]!)).map((inner) =>
        at(
          x,
          index.map((i, axis) => inner[axes.indexOf(axis)] ?? i),
        ),
      ),
    ),
  );
  return { shape: keepDims ? kept : x.shape.filter((_, axis) => !axes.includes(axis)), data, dtype };
}

/** f from each row along `axis` to a row of as many numbers. */
export function alongAxis(f: (row: number[]) => number[], x: Plain, axis: number): Plain {
  return generate(x.shape, (index) => {
    const row = Array.from({ length: x.shape[axis]! }, (_, i) =>
      at(x, [...index.slice(0, axis), i, ...index.slice(axis + 1)]),
    );
    return f(row)[index[axis]!]!;
  });
}

/** Sum in the plainest order, in float64. */
export const total = (list: readonly number[]): number => list.reduce((sum, x) => sum + x, 0);

/** erf by Simpson's rule on its definition, 2/√π∫e^(-t²). */
export function erf(x: number): number {
  if (!(Math.abs(x) < 6)) return Math.sign(x);
  const steps = 2000;
  const h = x / steps;
  let sum = 1 + Math.exp(-x * x);
  for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * Math.exp(-((i * h) ** 2));
  return (2 / Math.sqrt(Math.PI)) * (h / 3) * sum;
}
