import type { ElementwiseKernels } from '../interface/elementwise.ts';
import { nearest } from '../reference/elementwise.ts';
import { cos64, exp64, log64, sigmoid64, sin64, tanh64 } from '../reference/math.ts';

/**
 * The reference's loops call an operation that they are given; once V8 has seen a few operations it inlines none of
 * them (a megamorphic call). Here each operation has loops of its own. Every result is one double expression, rounded
 * by the store.
 */

/** Whether an operand is read from start to end. A single column may be read by its row stride of 1. */
const isWhole = (rows: number, cols: number, row: number, col: number): boolean =>
  (col === 1 && (row === cols || rows === 1)) || (cols === 1 && row === 1);

export const elementwise: Partial<ElementwiseKernels<Float32Array>> = {
  neg: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = -x[i]!;
  },

  abs: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = Math.abs(x[i]!);
  },

  round: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = nearest(x[i]!);
  },

  floor: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = Math.floor(x[i]!);
  },

  ceil: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = Math.ceil(x[i]!);
  },

  square: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = x[i]! * x[i]!;
  },

  sqrt: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = Math.sqrt(x[i]!);
  },

  exp: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = exp64(x[i]!);
  },

  log: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = log64(x[i]!);
  },

  sin: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = sin64(x[i]!);
  },

  cos: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = cos64(x[i]!);
  },

  tanh: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = tanh64(x[i]!);
  },

  sigmoid: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = sigmoid64(x[i]!);
  },

  relu: (n, x, y) => {
    for (let i = 0; i < n; i++) {
      const v = x[i]!;
      if (v < 0) y[i] = 0;
      else y[i] = v; // keeps -0, as Math.max would not
    }
  },

  relu6: (n, x, y) => {
    for (let i = 0; i < n; i++) {
      const v = Math.min(x[i]!, 6);
      if (v < 0) y[i] = 0;
      else y[i] = v;
    }
  },

  add: (rows, cols, a, aRow, aCol, b, bRow, bCol, c) => {
    if (isWhole(rows, cols, aRow, aCol) && isWhole(rows, cols, bRow, bCol)) {
      for (let i = 0, n = rows * cols; i < n; i++) c[i] = a[i]! + b[i]!;
      return;
    }
    for (let i = 0, o = 0; i < rows; i++) {
      for (let j = 0, p = i * aRow, q = i * bRow; j < cols; j++) {
        c[o] = a[p]! + b[q]!;
        p = (p + aCol) | 0;
        q = (q + bCol) | 0;
        o = (o + 1) | 0;
      }
    }
  },

  sub: (rows, cols, a, aRow, aCol, b, bRow, bCol, c) => {
    if (isWhole(rows, cols, aRow, aCol) && isWhole(rows, cols, bRow, bCol)) {
      for (let i = 0, n = rows * cols; i < n; i++) c[i] = a[i]! - b[i]!;
      return;
    }
    for (let i = 0, o = 0; i < rows; i++) {
      for (let j = 0, p = i * aRow, q = i * bRow; j < cols; j++) {
        c[o] = a[p]! - b[q]!;
        p = (p + aCol) | 0;
        q = (q + bCol) | 0;
        o = (o + 1) | 0;
      }
    }
  },

  mul: (rows, cols, a, aRow, aCol, b, bRow, bCol, c) => {
    if (isWhole(rows, cols, aRow, aCol) && isWhole(rows, cols, bRow, bCol)) {
      for (let i = 0, n = rows * cols; i < n; i++) c[i] = a[i]! * b[i]!;
      return;
    }
    for (let i = 0, o = 0; i < rows; i++) {
      for (let j = 0, p = i * aRow, q = i * bRow; j < cols; j++) {
        c[o] = a[p]! * b[q]!;
        p = (p + aCol) | 0;
        q = (q + bCol) | 0;
        o = (o + 1) | 0;
      }
    }
  },

  div: (rows, cols, a, aRow, aCol, b, bRow, bCol, c) => {
    if (isWhole(rows, cols, aRow, aCol) && isWhole(rows, cols, bRow, bCol)) {
      for (let i = 0, n = rows * cols; i < n; i++) c[i] = a[i]! / b[i]!;
      return;
    }
    for (let i = 0, o = 0; i < rows; i++) {
      for (let j = 0, p = i * aRow, q = i * bRow; j < cols; j++) {
        c[o] = a[p]! / b[q]!;
        p = (p + aCol) | 0;
        q = (q + bCol) | 0;
        o = (o + 1) | 0;
      }
    }
  },
};
