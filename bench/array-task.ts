import type { Kernels, TypedArray } from 'whittle-ml/kernels';
import type { Place } from './tables.ts';

/**
 * What is done to a matrix [rows, cols].
 * - concat: its halves, each [rows/2, cols], one behind the other. slice: the middle half of its columns.
 * - permute: as [rows/8, 8, cols] with the first two axes exchanged. flip: each row from its end.
 * - gather: rows by `indices`. take: single numbers of all by `indices`.
 * - cast: to int32. argmax, softmax and sort: of each row. topK: the ten largest of each row, and where they are.
 */
export type ArrayKind =
  | 'concat'
  | 'slice'
  | 'transpose'
  | 'permute'
  | 'flip'
  | 'gather'
  | 'take'
  | 'cast'
  | 'argmax'
  | 'column sums'
  | 'softmax'
  | 'sort'
  | 'topK';

export interface ArrayProblem {
  readonly kind: ArrayKind;
  readonly rows: number;
  readonly cols: number;
  readonly x: Float32Array;
  /** Of `gather` and `take`, else empty. */
  readonly indices: Int32Array;
}

/** Numbers that `topK` looks for. */
export const TOP = 10;

/** A task on a table: a call on arrays made beforehand, and what it writes. */
export interface ArrayTask {
  readonly call: () => void;
  readonly y: TypedArray;
}

type Make = (k: Kernels, problem: ArrayProblem, place: Place) => ArrayTask;

/** One row a kind: which kernel does it, and how. */
export const ARRAY_TASKS: { readonly [K in ArrayKind]: { readonly kernel: keyof Kernels; readonly make: Make } } = {
  concat: {
    kernel: 'stridedCopy',
    make: (k, { rows, cols, x }, { hold, floats }) => {
      const half = (rows / 2) * cols;
      const [first, second, y] = [hold(x.subarray(0, half)), hold(x.subarray(half)), floats(x.length)];
      const copy = (part: Float32Array, at: number): void =>
        k.stridedCopy([rows / 2, cols], part, 0, [cols, 1], y, at, [cols, 1]);
      const call = (): void => {
        copy(first, 0);
        copy(second, half);
      };
      return { call, y };
    },
  },
  slice: {
    kernel: 'stridedCopy',
    make: (k, { rows, cols, x: given }, { hold, floats }) => {
      const [x, y, half] = [hold(given), floats(given.length / 2), cols / 2];
      return { call: () => k.stridedCopy([rows, half], x, cols / 4, [cols, 1], y, 0, [half, 1]), y };
    },
  },
  transpose: {
    kernel: 'stridedCopy',
    make: (k, { rows, cols, x: given }, { hold, floats }) => {
      const [x, y] = [hold(given), floats(given.length)];
      return { call: () => k.stridedCopy([cols, rows], x, 0, [1, cols], y, 0, [rows, 1]), y };
    },
  },
  permute: {
    kernel: 'stridedCopy',
    make: (k, { rows, cols, x: given }, { hold, floats }) => {
      const [x, y, outer] = [hold(given), floats(given.length), rows / 8];
      return {
        call: () => k.stridedCopy([8, outer, cols], x, 0, [cols, 8 * cols, 1], y, 0, [outer * cols, cols, 1]),
        y,
      };
    },
  },
  flip: {
    kernel: 'stridedCopy',
    make: (k, { rows, cols, x: given }, { hold, floats }) => {
      const [x, y] = [hold(given), floats(given.length)];
      return { call: () => k.stridedCopy([rows, cols], x, cols - 1, [cols, -1], y, 0, [cols, 1]), y };
    },
  },
  gather: {
    kernel: 'gather',
    make: (k, { rows, cols, x: given, indices: list }, { hold, floats }) => {
      const [x, indices, y] = [hold(given), hold(list), floats(list.length * cols)];
      return { call: () => k.gather(1, rows, cols, list.length, x, indices, y), y };
    },
  },
  take: {
    kernel: 'gather',
    make: (k, { x: given, indices: list }, { hold, floats }) => {
      const [x, indices, y] = [hold(given), hold(list), floats(list.length)];
      return { call: () => k.gather(1, given.length, 1, list.length, x, indices, y), y };
    },
  },
  cast: {
    kernel: 'convert',
    make: (k, { x: given }, { hold }) => {
      const [x, y] = [hold(given), hold(new Int32Array(given.length))];
      return { call: () => k.convert(x.length, x, false, y), y };
    },
  },
  argmax: {
    kernel: 'argmax',
    make: (k, { rows, cols, x: given }, { hold }) => {
      const [x, y] = [hold(given), hold(new Int32Array(rows))];
      return { call: () => k.argmax(rows, cols, 1, x, y), y };
    },
  },
  'column sums': {
    kernel: 'sum',
    make: (k, { rows, cols, x: given }, { hold, floats }) => {
      const [x, y] = [hold(given), floats(cols)];
      return { call: () => k.sum(1, rows, cols, x, 1, y), y };
    },
  },
  softmax: {
    kernel: 'softmax',
    make: (k, { rows, cols, x: given }, { hold, floats }) => {
      const [x, y] = [hold(given), floats(given.length)];
      return { call: () => k.softmax(rows, cols, x, y), y };
    },
  },
  sort: {
    kernel: 'sort',
    make: (k, { rows, cols, x: given }, { hold, floats }) => {
      const [x, y] = [hold(given), floats(given.length)];
      return { call: () => k.sort(rows, cols, x, y), y };
    },
  },
  topK: {
    kernel: 'topK',
    make: (k, { rows, cols, x: given }, { hold, floats }) => {
      const [x, y, indices] = [hold(given), floats(rows * TOP), hold(new Int32Array(rows * TOP))];
      return { call: () => k.topK(rows, cols, TOP, x, y, indices), y };
    },
  },
};
