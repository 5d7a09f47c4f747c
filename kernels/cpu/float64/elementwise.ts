import type { ElementwiseKernels } from '../../interface/elementwise.ts';
import { functions64 } from '../../reference/reference64.ts';

/** The hot operations with loops of their own: the definition's call an operation that they are given (`cpu/elementwise.ts`). */

const { exp, log, tanh } = functions64;

export const elementwise: Partial<ElementwiseKernels<Float64Array>> = {
  neg: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = -x[i]!;
  },

  abs: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = Math.abs(x[i]!);
  },

  square: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = x[i]! * x[i]!;
  },

  sqrt: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = Math.sqrt(x[i]!);
  },

  exp: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = exp(x[i]!);
  },

  log: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = log(x[i]!);
  },

  tanh: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = tanh(x[i]!);
  },

  sigmoid: (n, x, y) => {
    for (let i = 0; i < n; i++) y[i] = 1 / (1 + exp(-x[i]!));
  },

  relu: (n, x, y) => {
    for (let i = 0; i < n; i++) {
      const v = x[i]!;
      if (v < 0) y[i] = 0;
      else y[i] = v; // keeps -0, as Math.max would not
    }
  },

  reluGrad: (n, y, g, dx) => {
    for (let i = 0; i < n; i++) dx[i] = y[i]! > 0 ? g[i]! : 0;
  },

  tanhGrad: (n, y, g, dx) => {
    for (let i = 0; i < n; i++) dx[i] = g[i]! * (1 - y[i]! * y[i]!);
  },

  sigmoidGrad: (n, y, g, dx) => {
    for (let i = 0; i < n; i++) dx[i] = g[i]! * (y[i]! * (1 - y[i]!));
  },

  add: (rows, cols, a, aRow, aCol, b, bRow, bCol, c) => {
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
