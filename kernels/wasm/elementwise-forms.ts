import type { FloatArray } from '../arrays.ts';
import type { BinaryKernel, ElementwiseKernels, ParameterKernel, UnaryKernel } from '../interface/elementwise.ts';
import type { Binary as BinaryInstruction } from './code.ts';
import type { Engine } from './engine.ts';
import { float32, float64 } from './floats.ts';
import { type Elements, type Expression, mapSlot } from './map.ts';

/** The step between an operand's numbers if all rows are taken as one; -1 if they cannot be. */
const stepOf = (rows: number, cols: number, row: number, col: number): number => {
  if (rows === 1 || row === cols * col) return col;
  return cols === 1 && row <= 1 ? row : -1;
};

/** What makes a kernel of an expression, by what the kernel takes. */
export interface Forms<F extends FloatArray> {
  readonly unary: (expression: Expression, vectors?: 2 | 4) => UnaryKernel<F>;
  readonly withParameter: (expression: Expression) => ParameterKernel<F>;
  /** Of y, the result of the function, and g. */
  readonly gradient: (expression: Expression) => ElementwiseKernels<F>['tanhGrad'];
  readonly binary: <C extends F | Uint8Array>(operation: BinaryInstruction, output: Elements) => BinaryKernel<F, C>;
}

/** Of kernels for arrays of one type of floats. */
export function formsOf<F extends FloatArray>(engine: Engine, type: 'words' | 'doubles'): Forms<F> {
  const { args } = engine;
  const { bytes } = type === 'words' ? float32 : float64;
  return {
    unary: (expression, vectors = 4) => {
      const slot = mapSlot(engine, { inputs: [type], output: type, vectors }, expression);
      return (n, x, y) => args.done(slot.fn(n, args.read(x, n), args.write(y, n)));
    },
    withParameter: (expression) => {
      const slot = mapSlot(engine, { inputs: [type], output: type, scalars: 1 }, expression);
      return (n, x, parameter, y) => args.done(slot.fn(n, args.read(x, n), parameter, args.write(y, n)));
    },
    gradient: (expression) => {
      const slot = mapSlot(engine, { inputs: [type, type], output: type }, expression);
      return (n, y, g, dx) => args.done(slot.fn(n, args.read(y, n), args.read(g, n), args.write(dx, n)));
    },
    binary: (operation, output) => {
      const slot = mapSlot(engine, { inputs: [type, type], output, rows: 'free' }, (_, a, b) => operation(a, b));
      return (rows, cols, a, aRow, aCol, b, bRow, bCol, c) => {
        if (rows === 0 || cols === 0) return;
        const aAt = args.read(a, (rows - 1) * aRow + (cols - 1) * aCol + 1);
        const bAt = args.read(b, (rows - 1) * bRow + (cols - 1) * bCol + 1);
        const cAt = args.write(c, rows * cols);
        const aStep = stepOf(rows, cols, aRow, aCol);
        const bStep = stepOf(rows, cols, bRow, bCol);
        if (aStep >= 0 && bStep >= 0) slot.fn(1, rows * cols, aAt, 0, aStep, bAt, 0, bStep, cAt);
        else slot.fn(rows, cols, aAt, bytes * aRow, aCol, bAt, bytes * bRow, bCol, cAt);
        args.done();
      };
    },
  };
}
