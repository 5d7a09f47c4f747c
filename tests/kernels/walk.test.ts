import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Walk, walkOf } from '../../kernels/walk.ts';

/** What a copy by these loops leaves: for each place of y the place of x that was written to it last. */
function copied({ sizes, xSteps, ySteps }: Walk): Map<number, number> {
  const places = new Map<number, number>();
  const go = (axis: number, x: number, y: number): void => {
    if (axis === sizes.length) places.set(y, x);
    else for (let i = 0; i < sizes[axis]!; i++) go(axis + 1, x + i * xSteps[axis]!, y + i * ySteps[axis]!);
  };
  go(0, 0, 0);
  return places;
}

/** Strides of an array with its axes in the given order, some of them backwards or all in one place. */
function stridesOf(shape: readonly number[], order: readonly number[], signs: readonly number[]): number[] {
  const strides = shape.map(() => 0);
  let step = 1;
  for (const axis of shape.map((_, i) => i).sort((p, q) => order[p]! - order[q]!)) {
    strides[axis] = step * signs[axis]!;
    step *= Math.max(1, shape[axis]!);
  }
  return strides;
}

describe('the loops of a walk', () => {
  test('copy what the strides say, and where several numbers go to one place the last of them', () => {
    const axis = fc.record({
      size: fc.constantFrom(0, 1, 2, 3, 3, 4),
      order: fc.nat(9),
      sign: fc.constantFrom(1, 1, 1, -1, 0),
      xStride: fc.integer({ min: -3, max: 12 }),
    });
    fc.assert(
      fc.property(fc.array(axis, { maxLength: 5 }), (axes) => {
        const sizes = axes.map(({ size }) => size);
        const xSteps = axes.map(({ xStride }) => xStride);
        const ySteps = stridesOf(
          sizes,
          axes.map(({ order }) => order),
          axes.map(({ sign }) => sign),
        );
        const walk = walkOf(sizes, xSteps, ySteps);
        expect(copied(walk)).toEqual(copied({ sizes, xSteps, ySteps }));
        expect(walk.sizes).not.toContain(1);
      }),
      { numRuns: 500 },
    );
  });

  type Lists = readonly [readonly number[], readonly number[], readonly number[]];
  /** By name: shape, strides of x and of y, and what becomes of them. */
  // biome-ignore format: a line each
  const walks: Readonly<Record<string, readonly [Lists, Lists]>> = {
    'nothing at all': [[[], [], []], [[], [], []]],
    'a single number of many axes': [[[1, 1], [7, 7], [7, 7]], [[], [], []]],
    'a whole array': [[[2, 3, 4], [12, 4, 1], [12, 4, 1]], [[24], [1], [1]]],
    'an empty axis': [[[2, 0], [3, 1], [3, 1]], [[2, 0], [3, 1], [3, 1]]],
    'rows with gaps in x': [[[2, 3], [5, 1], [3, 1]], [[2, 3], [5, 1], [3, 1]]],
    'rows with gaps in y': [[[2, 3], [3, 1], [5, 1]], [[2, 3], [3, 1], [5, 1]]],
    'a transposed y': [[[2, 3], [3, 1], [1, 2]], [[3, 2], [1, 3], [2, 1]]],
    'y backwards, its long steps outermost': [[[2, 3], [1, 5], [-1, -2]], [[3, 2], [5, 1], [-2, -1]]],
    'single steps of x far out, which come last but one': [[[5, 3, 2], [1, 11, 5], [6, 2, 1]], [[3, 5, 2], [11, 1, 5], [2, 6, 1]]],
    'the same to one place, in the order of the axes': [[[5, 3, 2], [1, 11, 5], [6, 0, 1]], [[5, 3, 2], [1, 11, 5], [6, 0, 1]]],
    'rows to one place': [[[2, 3], [1, 2], [0, 1]], [[2, 3], [1, 2], [0, 1]]],
    'numbers to one place, with long steps inside': [[[3, 2], [2, 1], [0, 5]], [[3, 2], [2, 1], [0, 5]]],
  };
  test.each(Object.entries(walks))('of %s', (_, [given, [sizes, xSteps, ySteps]]) => {
    expect(walkOf(...given)).toEqual({ sizes, xSteps, ySteps });
  });
});
