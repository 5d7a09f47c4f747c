import type { SliceRange } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { at, generate, type Plain } from '../plain.ts';
import { move, row, shapeError, valueError } from './rows.ts';
import type { OpCase, Sample } from './types.ts';

/** A slice, and by hand which indices it keeps on each axis; a number instead of a list drops the axis. */
const slices: readonly (readonly [readonly number[], readonly SliceRange[], readonly (number | number[])[]])[] = [
  [[5], [[1, 4]], [[1, 2, 3]]],
  [[5], [[null, null, 2]], [[0, 2, 4]]],
  [[5], [[null, null, -1]], [[4, 3, 2, 1, 0]]],
  [[5], [[-2, 0, -2]], [[3, 1]]],
  [[5], [[-3]], [[2, 3, 4]]],
  [[5], [[3, 100]], [[3, 4]]],
  [[5], [[4, 1]], [[]]],
  [[5], [-1], [4]],
  [[3, 4], [1], [1, [0, 1, 2, 3]]],
  [
    [3, 4],
    [null, 2],
    [[0, 1, 2], 2],
  ],
  [
    [3, 4],
    [[1], [null, null, 3]],
    [
      [1, 2],
      [0, 3],
    ],
  ],
  [
    [2, 3, 4],
    [[1, 2], -2, [3, 0, -1]],
    [[1], 1, [3, 2, 1]],
  ],
  [
    [2, 3, 4],
    [],
    [
      [0, 1],
      [0, 1, 2],
      [0, 1, 2, 3],
    ],
  ],
];

const sliced =
  (picks: readonly (number | number[])[]) =>
  (x: Plain): Plain => {
    const kept = picks.filter((pick) => typeof pick !== 'number') as number[][];
    return generate(
      kept.map((pick) => pick.length),
      (index) => {
        let axis = 0;
        return at(
          x,
          picks.map((pick) => (typeof pick === 'number' ? pick : pick[index[axis++]!]!)),
        );
      },
    );
  };

export const viewCases: readonly OpCase[] = [
  row(
    'reshape',
    (draw) => {
      const to = (from: number[], shape: number[], given = shape): Sample => ({
        inputs: [draw.floats(from)],
        apply: (x) => w.reshape(x!, given),
        expected: (x) => ({ shape, data: x!.data }),
      });
      return [
        to([6], [2, 3]),
        to([2, 3, 4], [4, 6], [4, -1]),
        to([], [1, 1]),
        to([1], []),
        to([5, 1], [5]),
        to([0, 3], [3, 0]),
        to([2, 0], [0], [-1]),
      ];
    },
    [
      shapeError(() => w.reshape(w.zeros([2, 3]), [4]), /^reshape: sizes differ, got \[2, 3\] and \[4\]/),
      shapeError(() => w.reshape(w.zeros([2, 3]), [4, -1]), /\[2, 3\] and \[4, -1\]/),
      shapeError(() => w.reshape(w.zeros([0]), [0, -1]), /\[0\] and \[0, -1\]/),
      shapeError(() => w.reshape(w.zeros([6]), [-1, -1]), /^reshape: dimension 1 .*got -1/),
      shapeError(() => w.reshape(w.zeros([6]), [1.5, 4]), /got 1.5/),
    ],
  ),
  row(
    'permute',
    (draw) => [
      move(
        draw,
        [2, 3],
        (x) => w.permute(x, [1, 0]),
        [3, 2],
        ([i, j]) => [j!, i!],
      ),
      move(
        draw,
        [2, 3, 4],
        (x) => w.permute(x, [2, 0, 1]),
        [4, 2, 3],
        ([i, j, k]) => [j!, k!, i!],
      ),
      move(
        draw,
        [2, 3, 4],
        (x) => w.permute(x, [-1, 1, 0]),
        [4, 3, 2],
        ([i, j, k]) => [k!, j!, i!],
      ),
      move(
        draw,
        [1, 5, 1],
        (x) => w.permute(x, [1, 2, 0]),
        [5, 1, 1],
        ([i]) => [0, i!, 0],
      ),
      move(
        draw,
        [0, 3],
        (x) => w.permute(x, [1, 0]),
        [3, 0],
        ([i, j]) => [j!, i!],
      ),
      move(
        draw,
        [],
        (x) => w.permute(x, []),
        [],
        (i) => i,
      ),
    ],
    [
      shapeError(
        () => w.permute(w.zeros([2, 3]), [0, 0]),
        /^permute: needs each of 2 axes once, not \[0, 0\], got \[2, 3\]/,
      ),
      shapeError(() => w.permute(w.zeros([2, 3]), [0]), /\[0\], got \[2, 3\]/),
      shapeError(() => w.permute(w.zeros([2, 3]), [0, 2]), /axis 2 is out of range for rank 2/),
    ],
  ),
  row(
    'transpose',
    (draw) => [
      move(draw, [2, 3], w.transpose, [3, 2], ([i, j]) => [j!, i!]),
      move(draw, [2, 3, 4], w.transpose, [2, 4, 3], ([b, i, j]) => [b!, j!, i!]),
      move(draw, [1, 7], w.transpose, [7, 1], ([i, j]) => [j!, i!]),
      move(draw, [0, 2], w.transpose, [2, 0], ([i, j]) => [j!, i!]),
    ],
    [shapeError(() => w.transpose(w.zeros([3])), /^transpose: needs at least two axes, got \[3\]/)],
  ),
  row(
    'broadcastTo',
    (draw) =>
      [
        [[], [3]],
        [[1], [4]],
        [[3], [2, 3]],
        [
          [2, 1],
          [2, 3],
        ],
        [
          [1, 3, 1],
          [2, 3, 4],
        ],
        [
          [2, 1],
          [2, 0],
        ],
        [[5], [5]],
      ].map(([from, to]) =>
        move(
          draw,
          from!,
          (x) => w.broadcastTo(x, to!),
          to!,
          (index) => index,
        ),
      ),
    [
      shapeError(() => w.broadcastTo(w.zeros([2, 3]), [3, 3]), /^broadcastTo: .*got \[2, 3\] and \[3, 3\]/),
      shapeError(() => w.broadcastTo(w.zeros([2, 3]), [3]), /\[2, 3\] and \[3\]/),
      shapeError(() => w.broadcastTo(w.zeros([3]), [1]), /\[3\] and \[1\]/),
    ],
  ),
  row(
    'squeeze',
    (draw) => [
      move(
        draw,
        [1, 3, 1],
        (x) => w.squeeze(x),
        [3],
        ([i]) => [0, i!, 0],
      ),
      move(
        draw,
        [1, 3, 1],
        (x) => w.squeeze(x, -1),
        [1, 3],
        ([i, j]) => [i!, j!, 0],
      ),
      move(
        draw,
        [1, 3, 1],
        (x) => w.squeeze(x, 0),
        [3, 1],
        ([i, j]) => [0, i!, j!],
      ),
      move(
        draw,
        [1],
        (x) => w.squeeze(x),
        [],
        () => [0],
      ),
      move(
        draw,
        [1, 0],
        (x) => w.squeeze(x, 0),
        [0],
        ([i]) => [0, i!],
      ),
    ],
    [
      shapeError(() => w.squeeze(w.zeros([2, 1]), 0), /^squeeze: axis 0 is not of size 1, got \[2, 1\]/),
      shapeError(() => w.squeeze(w.zeros([2, 1]), 2), /^squeeze: axis 2 is out of range for rank 2/),
    ],
  ),
  row(
    'expandDims',
    (draw) => [
      move(
        draw,
        [3],
        (x) => w.expandDims(x, 0),
        [1, 3],
        ([, i]) => [i!],
      ),
      move(
        draw,
        [3],
        (x) => w.expandDims(x, -1),
        [3, 1],
        ([i]) => [i!],
      ),
      move(
        draw,
        [2, 3],
        (x) => w.expandDims(x, 1),
        [2, 1, 3],
        ([i, , j]) => [i!, j!],
      ),
      move(
        draw,
        [],
        (x) => w.expandDims(x, 0),
        [1],
        () => [],
      ),
      move(
        draw,
        [0],
        (x) => w.expandDims(x, 1),
        [0, 1],
        ([i]) => [i!],
      ),
    ],
    [shapeError(() => w.expandDims(w.zeros([2]), 3), /^expandDims: axis 3 is out of range for rank 2/)],
  ),
  row(
    'slice',
    (draw) =>
      slices.map(([shape, ranges, picks]) => ({
        inputs: [draw.floats(shape)],
        apply: (x) => w.slice(x!, ranges),
        expected: (x) => sliced(picks)(x!),
      })),
    [
      shapeError(() => w.slice(w.zeros([2, 3]), [2]), /^slice: index 2 is out of range for axis 0, got \[2, 3\]/),
      shapeError(() => w.slice(w.zeros([2]), [0, 0]), /^slice: 2 ranges for 1 axes, got \[2\]/),
      valueError(() => w.slice(w.zeros([2]), [[0, 2, 0]]), /^slice: step must be not 0, got 0/),
      valueError(() => w.slice(w.zeros([2]), [[0.5, 2]]), /^slice: a range must be made of integers/),
    ],
  ),
  row(
    'flip',
    (draw) => [
      move(
        draw,
        [5],
        (x) => w.flip(x),
        [5],
        ([i]) => [4 - i!],
      ),
      move(
        draw,
        [2, 3],
        (x) => w.flip(x),
        [2, 3],
        ([i, j]) => [1 - i!, 2 - j!],
      ),
      move(
        draw,
        [2, 3],
        (x) => w.flip(x, [-1]),
        [2, 3],
        ([i, j]) => [i!, 2 - j!],
      ),
      move(
        draw,
        [0, 2],
        (x) => w.flip(x, [0]),
        [0, 2],
        (i) => i,
      ),
      move(
        draw,
        [],
        (x) => w.flip(x),
        [],
        (i) => i,
      ),
    ],
    [
      shapeError(() => w.flip(w.zeros([2, 3]), [2]), /^flip: axis 2 is out of range for rank 2/),
      shapeError(() => w.flip(w.zeros([2, 3]), [0, -2]), /^flip: axis 0 is given twice/),
    ],
  ),
];
