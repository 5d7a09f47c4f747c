import type { SparseKernels } from '../interface/sparse.ts';
import type { Engine } from './engine.ts';
import { ACTIVATION } from './gemm-f32.ts';
import { slotsByShape, slotsByTail } from './products.ts';
import { growingScratch } from './scratch.ts';
import { sparseScratch, writeSparseColumns, writeSparsePanels } from './sparse-f32.ts';
import { gradientScratch, writeSparseGradient, writeSparseRowGradient } from './sparse-gradient-f32.ts';
import { writeSparseRow } from './sparse-row-f32.ts';

export function sparseProducts(engine: Engine): Pick<SparseKernels<Float32Array>, 'gemmSparse' | 'gemmSparseGrad'> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const panels = slotsByTail(engine, writeSparsePanels);
  const columns = slotsByShape(engine, writeSparseColumns);
  const row = slotsByShape(engine, writeSparseRow);
  const gradient = slotsByShape(engine, writeSparseGradient);
  const rowGradient = slotsByShape(engine, writeSparseRowGradient);
  const matrix = (n: number, width: number, starts: Int32Array, rows: Int32Array, values: Float32Array) => {
    const panels = Math.ceil(n / width);
    const held = starts[panels]!;
    return [args.read(starts, panels + 1), args.read(rows, held), args.read(values, width * held)] as const;
  };
  return {
    gemmSparse: (m, n, k, x, width, starts, rows, values, bias, activation, y) => {
      const scratchAt = m === 1 ? 0 : scratch(sparseScratch(k));
      if (m !== 1 && scratchAt === 0) {
        engine.orElse.gemmSparse(m, n, k, x, width, starts, rows, values, bias, activation, y);
        return;
      }
      const xAt = args.read(x, m * k);
      const [startsAt, rowsAt, valuesAt] = matrix(n, width, starts, rows, values);
      const biasAt = bias === null ? 0 : args.read(bias, n);
      const yAt = args.write(y, m * n);
      const mode = ACTIVATION[activation];
      if (m === 1) row({ width }).fn(n, xAt, startsAt, rowsAt, valuesAt, biasAt, mode, yAt);
      else {
        const { fn } = width === 16 ? panels[n & 15]! : columns({ width });
        fn(m, n, k, xAt, startsAt, rowsAt, valuesAt, biasAt, mode, yAt, scratchAt);
      }
      args.done();
    },
    gemmSparseGrad: (m, n, k, dy, width, starts, rows, values, dx) => {
      const scratchAt = scratch(gradientScratch(width, n, k));
      if (scratchAt === 0) {
        engine.orElse.gemmSparseGrad(m, n, k, dy, width, starts, rows, values, dx);
        return;
      }
      const dyAt = args.read(dy, m * n);
      const [startsAt, rowsAt, valuesAt] = matrix(n, width, starts, rows, values);
      const dxAt = args.write(dx, m * k);
      const { fn } = (m === 1 ? rowGradient : gradient)({ width });
      args.done(fn(m, n, k, dyAt, startsAt, rowsAt, valuesAt, dxAt, scratchAt));
    },
  };
}
