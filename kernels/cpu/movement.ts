import type { Kernels } from '../kernels.ts';
import { movement } from '../reference/movement.ts';

/** Loops that see float32 arrays only: V8 compiles a loop for every array type it has seen, so others go elsewhere. */

/** The axes from `axis` on; the last two in one loop nest. */
function copyFloats(
  shape: readonly number[],
  axis: number,
  x: Float32Array,
  xAt: number,
  xStrides: readonly number[],
  y: Float32Array,
  yAt: number,
  yStrides: readonly number[],
): void {
  const rank = shape.length;
  if (rank - axis > 2) {
    for (let i = 0, size = shape[axis]!; i < size; i++) {
      copyFloats(shape, axis + 1, x, xAt + i * xStrides[axis]!, xStrides, y, yAt + i * yStrides[axis]!, yStrides);
    }
    return;
  }
  const rows = rank - axis === 2 ? shape[axis]! : 1;
  const cols = rank > axis ? shape[rank - 1]! : 1;
  const xRow = rank - axis === 2 ? xStrides[axis]! : 0;
  const yRow = rank - axis === 2 ? yStrides[axis]! : 0;
  const xCol = rank > axis ? xStrides[rank - 1]! : 0;
  const yCol = rank > axis ? yStrides[rank - 1]! : 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0, p = xAt + i * xRow, q = yAt + i * yRow; j < cols; j++) {
      y[q] = x[p]!;
      p = (p + xCol) | 0;
      q = (q + yCol) | 0;
    }
  }
}

export const stridedCopy: Kernels['stridedCopy'] = (shape, x, xOffset, xStrides, y, yOffset, yStrides) => {
  if (x instanceof Float32Array && y instanceof Float32Array) {
    copyFloats(shape, 0, x, xOffset, xStrides, y, yOffset, yStrides);
  } else movement.stridedCopy(shape, x, xOffset, xStrides, y, yOffset, yStrides);
};

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

export const gather: Kernels['gather'] = (outer, length, inner, count, x, indices, y) => {
  if (x instanceof Float32Array && y instanceof Float32Array) gatherFloats(outer, length, inner, count, x, indices, y);
  else movement.gather(outer, length, inner, count, x, indices, y);
};
