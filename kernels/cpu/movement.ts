import type { TypedArray } from '../arrays.ts';
import type { MovementKernels } from '../interface/movement.ts';
import { movement as reference } from '../reference/movement.ts';
import { type Walk, walkOf } from '../walk.ts';

/** Loops that see float32 arrays only: V8 compiles a loop for every array type it has seen, so others go elsewhere. */

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

const copyOthers: CopyMatrix<TypedArray> = (rows, cols, x, xAt, xRow, xCol, y, yAt, yRow, yCol) => {
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++) y[yAt + i * yRow + j * yCol] = x[xAt + i * xRow + j * xCol]!;
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

export const movement: Partial<MovementKernels> = {
  stridedCopy: (shape, x, xOffset, xStrides, y, yOffset, yStrides) => {
    const walk = walkOf(shape, xStrides, yStrides);
    if (x instanceof Float32Array && y instanceof Float32Array) {
      copyWalk(copyFloats, walk, 0, x, xOffset, y, yOffset);
    } else copyWalk<TypedArray>(copyOthers, walk, 0, x, xOffset, y, yOffset);
  },

  gather: (outer, length, inner, count, x, indices, y) => {
    if (x instanceof Float32Array && y instanceof Float32Array) {
      gatherFloats(outer, length, inner, count, x, indices, y);
    } else reference.gather(outer, length, inner, count, x, indices, y);
  },
};
