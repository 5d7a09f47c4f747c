import type { TypedArray } from '../arrays.ts';
import type { MovementKernels } from '../interface/movement.ts';

/** Limits of what an integer array holds, or null for floats. */
function limits(y: TypedArray): readonly [number, number] | null {
  if (y instanceof Int32Array) return [-2147483648, 2147483647];
  if (y instanceof Int8Array) return [-128, 127];
  return y instanceof Uint8Array ? [0, 255] : null;
}

export const stridedCopy: MovementKernels['stridedCopy'] = (shape, x, xOffset, xStrides, y, yOffset, yStrides) => {
  function copy(axis: number, xAt: number, yAt: number): void {
    if (axis === shape.length) {
      y[yAt] = x[xAt]!;
      return;
    }
    for (let i = 0; i < shape[axis]!; i++) copy(axis + 1, xAt + i * xStrides[axis]!, yAt + i * yStrides[axis]!);
  }
  copy(0, xOffset, yOffset);
};

/** Kernels that move numbers: one code for every element type. */
export const movement: MovementKernels = {
  stridedCopy,
  gather: (outer, length, inner, count, x, indices, y) => {
    for (let o = 0; o < outer; o++) {
      for (let j = 0; j < count; j++) {
        const from = (o * length + indices[j]!) * inner;
        for (let i = 0; i < inner; i++) y[(o * count + j) * inner + i] = x[from + i]!;
      }
    }
  },
  scatterAdd: (outer, length, inner, count, x, indices, y) => {
    for (let o = 0; o < outer; o++) {
      for (let j = 0; j < count; j++) {
        const to = (o * length + indices[j]!) * inner;
        for (let i = 0; i < inner; i++) y[to + i] = y[to + i]! + x[(o * count + j) * inner + i]!;
      }
    }
  },
  oneHot: (n, depth, labels, y) => {
    for (let i = 0; i < n; i++) for (let j = 0; j < depth; j++) y[i * depth + j] = j === labels[i] ? 1 : 0;
  },
  convert: (n, x, bool, y) => {
    const range = limits(y);
    for (let i = 0; i < n; i++) {
      const v = x[i]!;
      if (bool) y[i] = v !== 0 ? 1 : 0;
      else if (range === null) y[i] = v;
      else y[i] = Math.min(Math.max(v, range[0]), range[1]); // the store truncates, and makes NaN 0
    }
  },
};
