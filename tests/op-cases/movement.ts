import type { Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { at, generate, indices, type Plain, zip } from '../plain.ts';
import { move, row, shapeError, typeError, valueError } from './rows.ts';
import type { OpCase, Sample } from './types.ts';

const SHAPES: readonly (readonly number[])[] = [[], [1], [7], [2, 3], [1, 3, 1], [2, 3, 4], [0, 3]];

/** Entries of x along `axis`, which the indices' axes replace. */
function gathered(x: Plain, picks: Plain, axis: number): Plain {
  const shape = [...x.shape.slice(0, axis), ...picks.shape, ...x.shape.slice(axis + 1)];
  return generate(shape, (index) => {
    const pick = at(picks, index.slice(axis, axis + picks.shape.length));
    return at(x, [...index.slice(0, axis), pick, ...index.slice(axis + picks.shape.length)]);
  });
}

function scattered(x: Plain, picks: Plain, updates: Plain, axis: number): Plain {
  return generate(x.shape, (index) => {
    let sum = at(x, index);
    for (const place of indices(picks.shape)) {
      if (at(picks, place) !== index[axis]) continue;
      sum += at(updates, [...index.slice(0, axis), ...place, ...index.slice(axis + 1)]);
    }
    return sum;
  });
}

const int32 = (values: number[]): Tensor => w.tensor(values, { dtype: 'int32' });

export const movementCases: readonly OpCase[] = [
  row(
    'concat',
    (draw) => {
      const join = (shapes: number[][], axis: number): Sample => ({
        inputs: shapes.map((shape) => draw.floats(shape)),
        apply: (...x) => w.concat(x, axis),
        expected: (...x) => {
          const along = axis < 0 ? axis + x[0]!.shape.length : axis;
          const sizes = x.map((p) => p.shape[along]!);
          const to = x[0]!.shape.map((n, i) => (i === along ? sizes.reduce((p, q) => p + q, 0) : n));
          return generate(to, (index) => {
            let place = index[along]!;
            let from = 0;
            while (place >= sizes[from]!) place -= sizes[from++]!;
            return at(
              x[from]!,
              index.map((i, other) => (other === along ? place : i)),
            );
          });
        },
      });
      return [
        join([[2], [3]], 0),
        join(
          [
            [2, 3],
            [2, 1],
            [2, 2],
          ],
          1,
        ),
        join(
          [
            [2, 3],
            [1, 3],
          ],
          -2,
        ),
        join(
          [
            [1, 2, 3],
            [1, 2, 3],
          ],
          2,
        ),
        join(
          [
            [0, 2],
            [3, 2],
          ],
          0,
        ),
        join([[4]], 0),
      ];
    },
    [
      shapeError(() => w.concat([]), /^concat: needs at least one tensor/),
      shapeError(() => w.concat([w.zeros([2, 3]), w.zeros([2, 4])]), /^concat: .*got \[2, 3\] and \[2, 4\]/),
      shapeError(() => w.concat([w.zeros([2]), w.zeros([2, 1])]), /\[2\] and \[2, 1\]/),
      shapeError(() => w.concat([w.zeros([])]), /^concat: axis 0 is out of range for rank 0/),
      typeError(() => w.concat([w.zeros([2]), int32([1])]), /^concat: .*float32 and int32/),
    ],
  ),
  row(
    'stack',
    (draw) =>
      [
        [[3], 0],
        [[3], 1],
        [[2, 3], 1],
        [[2, 3], -1],
        [[], 0],
        [[0], 0],
      ].map(([shape, axis]) => ({
        inputs: [draw.floats(shape as number[]), draw.floats(shape as number[])],
        apply: (...x: Tensor[]) => w.stack(x, axis as number),
        expected: (...x: Plain[]) => {
          const own = shape as number[];
          const along = (axis as number) < 0 ? own.length : (axis as number);
          const to = [...own.slice(0, along), 2, ...own.slice(along)];
          return generate(to, (index) => at(x[index[along]!]!, [...index.slice(0, along), ...index.slice(along + 1)]));
        },
      })),
    [
      shapeError(() => w.stack([]), /^stack: needs at least one tensor/),
      shapeError(() => w.stack([w.zeros([2]), w.zeros([3])]), /^stack: shapes differ, got \[2\] and \[3\]/),
      shapeError(() => w.stack([w.zeros([2])], 2), /^stack: axis 2 is out of range for rank 2/),
    ],
  ),
  row(
    'split',
    (draw) => {
      const cut = (shape: number[], parts: number | number[], axis: number, starts: number[]): Sample => ({
        inputs: [draw.floats(shape)],
        apply: (x) => w.split(x!, parts, axis),
        expected: (x) =>
          starts.slice(1).map((end, part) =>
            generate(
              shape.map((n, i) => (i === axis ? end - starts[part]! : n)),
              (index) =>
                at(
                  x!,
                  index.map((i, other) => (other === axis ? i + starts[part]! : i)),
                ),
            ),
          ),
      });
      return [
        cut([6], 3, 0, [0, 2, 4, 6]),
        cut([2, 5], [1, 4], 1, [0, 1, 5]),
        cut([3, 2], [3, 0], 0, [0, 3, 3]),
        cut([0, 2], 2, 0, [0, 0, 0]),
      ];
    },
    [
      shapeError(() => w.split(w.zeros([5]), 2), /^split: 5 along axis 0 does not split into 2 equal parts, got \[5\]/),
      shapeError(() => w.split(w.zeros([5]), 0), /0 equal parts/),
      shapeError(() => w.split(w.zeros([5]), 2 ** 31), /equal parts/),
      shapeError(() => w.split(w.zeros([5]), [2, 2]), /does not split into \[2, 2\], got \[5\]/),
      shapeError(() => w.split(w.zeros([5]), [6, -1]), /does not split into \[6, -1\]/),
    ],
  ),
  row(
    'pad',
    (draw) => [
      move(
        draw,
        [],
        (x) => w.pad(x, []),
        [],
        (i) => i,
      ),
      move(
        draw,
        [3],
        (x) => w.pad(x, [[0, 0]]),
        [3],
        (i) => i,
      ),
      ...([[[3]], [[2, 3]], [[0, 2]]] as number[][][]).map(
        ([shape]): Sample => ({
          inputs: [draw.floats(shape!)],
          apply: (x) =>
            w.pad(
              x!,
              shape!.map((_, axis) => [axis + 1, 2] as const),
              -1.5,
            ),
          expected: (x) =>
            generate(
              shape!.map((n, axis) => n + axis + 3),
              (index) => {
                const inside = index.map((i, axis) => i - axis - 1);
                return inside.every((i, axis) => i >= 0 && i < shape![axis]!) ? at(x!, inside) : -1.5;
              },
            ),
        }),
      ),
    ],
    [
      shapeError(() => w.pad(w.zeros([2, 3]), [[1, 1]]), /^pad: 1 widths for 2 axes, got \[2, 3\]/),
      shapeError(() => w.pad(w.zeros([2]), [[-1, 0]]), /^pad: .*got -1/),
    ],
  ),
  row(
    'tile',
    (draw) => {
      const repeat = (shape: number[], times: number[]): Sample =>
        move(
          draw,
          shape,
          (x) => w.tile(x, times),
          shape.map((n, axis) => n * times[axis]!),
          (index) => index.map((i, axis) => i % shape[axis]!),
        );
      return [
        repeat([3], [2]),
        repeat([2, 3], [3, 2]),
        repeat([2, 3], [1, 1]),
        repeat([1, 2, 2], [2, 1, 3]),
        repeat([2], [0]),
        repeat([0, 2], [3, 2]),
        repeat([], []),
      ];
    },
    [
      shapeError(() => w.tile(w.zeros([2, 3]), [2]), /^tile: 1 repeats for 2 axes, got \[2, 3\]/),
      shapeError(() => w.tile(w.zeros([2]), [-1]), /^tile: .*got -1/),
      { call: () => w.tile(w.zeros([2]), [2 ** 31 - 1]), error: w.LimitError, text: /^tile: / },
    ],
  ),
  row(
    'gather',
    (draw) => {
      const pick = (shape: number[], list: number[], axis: number): Sample => ({
        inputs: [draw.floats(shape), draw.integers(list, shape.at(axis) ?? 1)],
        apply: (x, i) => w.gather(x!, i!, axis),
        expected: (x, i) => gathered(x!, i!, axis < 0 ? axis + shape.length : axis),
      });
      return [
        pick([5], [3], 0),
        pick([4, 3], [6], 0),
        pick([2, 5], [4], 1),
        pick([2, 3, 4], [2, 2], -2),
        pick([4], [], 0),
        pick([4, 2], [0], 0),
      ];
    },
    [
      valueError(() => w.gather(w.zeros([3]), int32([0, 3])), /^gather: index 1 must be in \[0, 3\), got 3/),
      valueError(() => w.gather(w.zeros([3]), int32([-1])), /got -1/),
      valueError(() => w.gather(w.zeros([0]), int32([0])), /in \[0, 0\)/),
      typeError(() => w.gather(w.zeros([3]), w.zeros([1])), /^gather: indices must be int32, got float32/),
    ],
  ),
  row(
    'embedding',
    (draw) => {
      const look = (rows: number, n: number, list: number[]): Sample => ({
        inputs: [draw.floats([rows, n]), draw.integers(list, rows)],
        apply: (table, i) => w.embedding(table!, i!),
        expected: (table, i) => gathered(table!, i!, 0),
      });
      return [
        look(5, 3, [2, 4]),
        look(2, 4, [7]),
        look(3, 1, []),
        look(1, 2, [3, 1]),
        look(4, 2, [0, 3]),
        look(3, 0, [2]),
      ];
    },
    [
      valueError(() => w.embedding(w.zeros([3, 2]), int32([0, 3])), /^embedding: index 1 must be in \[0, 3\), got 3/),
      shapeError(
        () => w.embedding(w.zeros([3]), int32([0])),
        /^embedding: the table must be \[entries, units\], got \[3\]/,
      ),
      typeError(() => w.embedding(w.zeros([3, 2]), w.zeros([1])), /^embedding: indices must be int32, got float32/),
      typeError(() => w.embedding(w.zeros([3, 2], 'int8'), int32([0])), /^embedding: .*int8/),
    ],
  ),
  row(
    'channelShuffle',
    (draw) => {
      // Dealt like cards: every part gives its first channel, then its second, and so on.
      const deal = (shape: number[], groups: number): Sample => {
        const each = shape.at(-1)! / groups;
        const order = Array.from({ length: each }, (_, j) => Array.from({ length: groups }, (__, i) => i * each + j));
        const from = order.flat();
        return move(
          draw,
          shape,
          (x) => w.channelShuffle(x, groups),
          shape,
          (i) => [...i.slice(0, -1), from[i.at(-1)!]!],
        );
      };
      return [
        deal([2, 3, 6], 2),
        deal([1, 2, 2, 6], 3),
        deal([4], 4),
        deal([2, 8], 4),
        deal([3, 5], 1),
        deal([0, 4], 2),
      ];
    },
    [
      valueError(
        () => w.channelShuffle(w.zeros([2, 6]), 4),
        /^channelShuffle: groups must be a divisor of 6 channels, got 4/,
      ),
      valueError(() => w.channelShuffle(w.zeros([2, 6]), 0), /got 0/),
      shapeError(() => w.channelShuffle(w.zeros([]), 1), /^channelShuffle: axis -1 is out of range for rank 0/),
    ],
  ),
  {
    ...row(
      'scatterAdd',
      (draw) => {
        const put = (shape: number[], list: number[], axis: number): Sample => ({
          inputs: [
            draw.floats(shape),
            draw.integers(list, shape[axis]!),
            draw.floats([...shape.slice(0, axis), ...list, ...shape.slice(axis + 1)]),
          ],
          apply: (x, i, u) => w.scatterAdd(x!, i!, u!, axis),
          expected: (x, i, u) => scattered(x!, i!, u!, axis),
        });
        return [
          put([5], [3], 0),
          put([4, 3], [6], 0),
          put([2, 5], [4], 1),
          put([2, 3, 2], [2, 2], 1),
          put([3], [0], 0),
        ];
      },
      [
        shapeError(
          () => w.scatterAdd(w.zeros([3, 2]), int32([0]), w.zeros([2, 2])),
          /^scatterAdd: updates .*got \[2, 2\] and \[1, 2\]/,
        ),
        valueError(() => w.scatterAdd(w.zeros([3]), int32([3]), w.zeros([1])), /^scatterAdd: index 0/),
        typeError(() => w.scatterAdd(int32([1]), int32([0]), int32([1])), /^scatterAdd: .*int32/),
      ],
    ),
    tolerance: 1e-6,
    flops: (n) => n,
  },
  row(
    'oneHot',
    (draw) =>
      [
        [[], 3],
        [[4], 3],
        [[2, 3], 1],
        [[0], 2],
      ].map(([shape, depth]) => ({
        inputs: [draw.integers(shape as number[], depth as number)],
        apply: (labels) => w.oneHot(labels!, depth as number),
        expected: (labels) =>
          generate([...labels!.shape, depth as number], (index) =>
            at(labels!, index.slice(0, -1)) === index.at(-1) ? 1 : 0,
          ),
      })),
    [
      valueError(() => w.oneHot(int32([0, 3]), 3), /^oneHot: index 1 must be in \[0, 3\), got 3/),
      typeError(() => w.oneHot(w.zeros([2]), 3), /^oneHot: indices must be int32/),
      shapeError(() => w.oneHot(int32([0]), 1.5), /got 1.5/),
      shapeError(() => w.oneHot(int32([0]), -1), /^oneHot: dimension 1 must be an integer of at least 0, got -1/),
      typeError(() => w.oneHot(int32([0]), 2, 'float16' as never), /^oneHot: the element types are/),
    ],
    'none',
  ),
  row(
    'cast',
    (draw) => [
      ...SHAPES.map(
        (shape): Sample => ({
          inputs: [draw.floats(shape)],
          apply: (x) => w.cast(w.cast(x!, 'float64'), 'float32'),
          expected: zip((x) => x),
        }),
      ),
      {
        inputs: [{ shape: [7], data: [1.9, -1.9, 3e9, -3e9, Number.NaN, Infinity, -0.5] }],
        apply: (x) => w.cast(x!, 'int32'),
        expected: () => ({ shape: [7], data: [1, -1, 2147483647, -2147483648, 0, 2147483647, 0], dtype: 'int32' }),
        smooth: false,
      },
      {
        inputs: [{ shape: [4], data: [0, -0, 0.25, Number.NaN] }],
        apply: (x) => w.cast(x!, 'bool'),
        expected: () => ({ shape: [4], data: [0, 0, 1, 1], dtype: 'bool' }),
        smooth: false,
      },
      { inputs: [draw.integers([3], 9)], apply: (x) => w.cast(x!, 'float32'), expected: zip((x) => x) },
    ],
    [typeError(() => w.cast(w.zeros([2]), 'float16' as never), /float16/)],
    'own test',
  ),
  row(
    'detach',
    (draw) => SHAPES.map((shape) => ({ inputs: [draw.floats(shape)], apply: w.detach, expected: zip((x) => x) })),
    [],
    'none',
  ),
];
