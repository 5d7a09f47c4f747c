import type { SparseKernels } from '../interface/sparse.ts';
import type { Engine } from './engine.ts';
import { ACTIVATION } from './gemm-f32.ts';
import { slotsByShape } from './products.ts';
import { growingScratch } from './scratch.ts';
import { sparseScratch, writeSparseColumns, writeSparsePanels } from './sparse-f32.ts';
import { gradientScratch, writeSparseGradient, writeSparseRowGradient } from './sparse-gradient-f32.ts';
import { writeSparseRow } from './sparse-row-f32.ts';

export function sparseProducts(engine: Engine): Pick<SparseKernels<Float32Array>, 'gemmSparse' | 'gemmSparseGrad'> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const panels = slotsByShape(engine, writeSparsePanels);
  const columns = engine.kernel(writeSparseColumns);
  const row = slotsByShape(engine, writeSparseRow);
  const gradient = slotsByShape(engine, writeSparseGradient);
  const rowGradient = slotsByShape(engine, writeSparseRowGradient);
  return {
    gemmSparse: (m, n, k, x, width, starts, rows, values, bias, activation, y) => {
      const scratchAt = m === 1 ? 0 : scratch(sparseScratch(width, k));
      if (m !== 1 && scratchAt === 0) {
        engine.orElse.gemmSparse(m, n, k, x, width, starts, rows, values, bias, activation, y);
        return;
      }
      const xAt = args.read(x, m * k);
      const startsAt = args.read(starts, Math.ceil(n / width) + 1);
      const rowsAt = args.read(rows, rows.length);
      const valuesAt = args.read(values, values.length);
      const biasAt = bias === null ? 0 : args.read(bias, n);
      const yAt = args.write(y, m * n);
      const mode = ACTIVATION[activation];
      if (m === 1) row({ width }).fn(n, xAt, startsAt, rowsAt, valuesAt, biasAt, mode, yAt);
      else {
        const { fn } = width === 1 ? columns : panels({ width, tail: n % width });
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
      const startsAt = args.read(starts, Math.ceil(n / width) + 1);
      const rowsAt = args.read(rows, rows.length);
      const valuesAt = args.read(values, values.length);
      const dxAt = args.write(dx, m * k);
      const { fn } = (m === 1 ? rowGradient : gradient)({ width });
      args.done(fn(m, n, k, dyAt, startsAt, rowsAt, valuesAt, dxAt, scratchAt));
    },
  };
}
