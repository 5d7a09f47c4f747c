import type { TypedArray } from '../arrays.ts';
import type { MovementKernels } from '../interface/movement.ts';
import { movement as reference } from '../reference/movement.ts';
import { hasLongRows, LONG_ROW, rowsAtOnce, type Walk, walkOf } from '../walk.ts';

/**
 * Loops that see arrays of one type only, float32 or int32: V8 compiles a loop for every type it has seen, so others go
 * elsewhere.
 */

/** y[yAt + i·yRow + j·yCol] = x[xAt + i·xRow + j·xCol] for i < rows, j < cols. */
type CopyMatrix<T> = (
  rows: number,
  cols: number,
  x: T,
  xAt: number,
  xRow: number,
  xCol: number,
  y: T,
  yAt: number,
  yRow: number,
  yCol: number,
) => void;

const copyFloats: CopyMatrix<Float32Array> = (rows, cols, x, xAt, xRow, xCol, y, yAt, yRow, yCol) => {
  for (let i = 0; i < rows; i++) {
    for (let j = 0, p = xAt + i * xRow, q = yAt + i * yRow; j < cols; j++) {
      y[q] = x[p]!;
      p = (p + xCol) | 0;
      q = (q + yCol) | 0;
    }
  }
};

/** The same once more, for the reason above. */
const copyInts: CopyMatrix<Int32Array> = (rows, cols, x, xAt, xRow, xCol, y, yAt, yRow, yCol) => {
  for (let i = 0; i < rows; i++) {
    for (let j = 0, p = xAt + i * xRow, q = yAt + i * yRow; j < cols; j++) {
      y[q] = x[p]!;
      p = (p + xCol) | 0;
      q = (q + yCol) | 0;
    }
  }
};

const copyOthers: CopyMatrix<TypedArray> = (rows, cols, x, xAt, xRow, xCol, y, yAt, yRow, yCol) => {
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++) y[yAt + i * yRow + j * yCol] = x[xAt + i * xRow + j * xCol]!;
};

/** Rows that lie in one piece, or are one number each. */
const copyRows: CopyMatrix<TypedArray> = (rows, cols, x, xAt, xRow, xCol, y, yAt, yRow) => {
  for (let i = 0, p = xAt, q = yAt; i < rows; i++) {
    if (xCol === 0) y.fill(x[p]!, q, q + cols);
    else y.set(x.subarray(p, p + cols), q);
    p += xRow;
    q += yRow;
  }
};

/** The loops of a walk from the `axis`-th on, the last two as a matrix. */
function copyWalk<T>(copy: CopyMatrix<T>, walk: Walk, axis: number, x: T, xAt: number, y: T, yAt: number): void {
  const { sizes, xSteps, ySteps } = walk;
  const last = sizes.length - 1;
  if (axis < last - 1) {
    const size = sizes[axis]!;
    const xStep = xSteps[axis]!;
    const yStep = ySteps[axis]!;
    for (let i = 0; i < size; i++) copyWalk(copy, walk, axis + 1, x, xAt + i * xStep, y, yAt + i * yStep);
  } else if (last > 0) {
    const row = last - 1;
    copy(sizes[row]!, sizes[last]!, x, xAt, xSteps[row]!, xSteps[last]!, y, yAt, ySteps[row]!, ySteps[last]!);
  } else copy(1, sizes[0] ?? 1, x, xAt, 0, xSteps[0] ?? 0, y, yAt, 0, ySteps[0] ?? 0);
}

function gatherFloats(
  outer: number,
  length: number,
  inner: number,
  count: number,
  x: Float32Array,
  indices: Int32Array,
  y: Float32Array,
): void {
  for (let o = 0, q = 0; o < outer; o++) {
    for (let j = 0; j < count; j++) {
      const from = (o * length + indices[j]!) * inner;
      for (let p = from, end = from + inner; p < end; p++) {
        y[q] = x[p]!;
        q = (q + 1) | 0;
      }
    }
  }
}

function scatterAddFloats(
  outer: number,
  length: number,
  inner: number,
  count: number,
  x: Float32Array,
  indices: Int32Array,
  y: Float32Array,
): void {
  for (let o = 0, p = 0; o < outer; o++) {
    for (let j = 0; j < count; j++) {
      const to = (o * length + indices[j]!) * inner;
      for (let q = to, end = to + inner; q < end; q++) {
        y[q] = y[q]! + x[p]!;
        p = (p + 1) | 0;
      }
    }
  }
}

const MOST = 2147483647;
const LEAST = -2147483648;

function floatsToInts(n: number, x: Float32Array, y: Int32Array): void {
  for (let i = 0; i < n; i++) {
    const v = x[i]!;
    if (v > LEAST) y[i] = v < MOST ? v | 0 : MOST;
    else y[i] = v <= LEAST ? LEAST : 0; // NaN is neither
  }
}

function floatsToBools(n: number, x: Float32Array, y: Uint8Array): void {
  for (let i = 0; i < n; i++) y[i] = x[i] !== 0 ? 1 : 0;
}

export const movement: Partial<MovementKernels> = {
  stridedCopy: (shape, x, xOffset, xStrides, y, yOffset, yStrides) => {
    const walk = walkOf(shape, xStrides, yStrides);
    if (hasLongRows(walk) && x.constructor === y.constructor) copyWalk(copyRows, walk, 0, x, xOffset, y, yOffset);
    else if (x instanceof Float32Array && y instanceof Float32Array) {
      copyWalk(copyFloats, walk, 0, x, xOffset, y, yOffset);
    } else if (x instanceof Int32Array && y instanceof Int32Array) {
      copyWalk(copyInts, walk, 0, x, xOffset, y, yOffset);
    } else copyWalk<TypedArray>(copyOthers, walk, 0, x, xOffset, y, yOffset);
  },

  gather: (outer, length, inner, count, x, indices, y) => {
    if (inner >= 2 * LONG_ROW && x.constructor === y.constructor) {
      for (let o = 0, q = 0; o < outer; o++) {
        for (let j = 0; j < count; j++, q += inner) {
          const from = (o * length + indices[j]!) * inner;
          y.set(x.subarray(from, from + inner), q);
        }
      }
    } else if (x instanceof Float32Array && y instanceof Float32Array) {
      gatherFloats(outer, length, inner, count, x, indices, y);
    } else if (x instanceof Int32Array && y instanceof Int32Array) {
      for (let o = 0, q = 0; o < outer; o++)
        for (let j = 0; j < count; j++, q += inner)
          copyInts(1, inner, x, (o * length + indices[j]!) * inner, 0, 1, y, q, 0, 1);
    } else reference.gather(outer, length, inner, count, x, indices, y);
  },

  scatterAdd: (outer, length, inner, count, x, indices, y) => {
    if (x instanceof Float32Array && y instanceof Float32Array) {
      scatterAddFloats(outer, length, inner, count, x, indices, y);
    } else reference.scatterAdd(outer, length, inner, count, x, indices, y);
  },

  oneHot: (n, depth, labels, y) => {
    const rows = rowsAtOnce(depth);
    for (let first = 0; first < n; first += rows) {
      const end = Math.min(n, first + rows);
      y.fill(0, first * depth, end * depth);
      for (let i = first; i < end; i++) {
        const label = labels[i]!;
        if (label >= 0 && label < depth) y[i * depth + label] = 1;
      }
    }
  },

  convert: (n, x, bool, y) => {
    if (bool) {
      if (x instanceof Float32Array && y instanceof Uint8Array) floatsToBools(n, x, y);
      else reference.convert(n, x, bool, y);
    } else if (x instanceof Float32Array && y instanceof Int32Array) floatsToInts(n, x, y);
    else if (y instanceof Float32Array || y instanceof Float64Array || x.constructor === y.constructor)
      y.set(x.length === n ? x : x.subarray(0, n)); // rounds as a store does
    else reference.convert(n, x, bool, y);
  },
};
