import type { LevelBits, LevelKernels } from '../interface/levels.ts';
import { levelWords } from '../packing.ts';
import type { Engine } from './engine.ts';
import { ACTIVATION, PACK_B, widthOf } from './gemm-f32.ts';
import { GEMM_LEVELS_SCRATCH, writeGemmLevels } from './gemm-levels-f32.ts';
import { gemvLevelsScratch, writeGemvLevels } from './gemv-levels-f32.ts';
import { slotsByShape } from './products.ts';
import { growingScratch } from './scratch.ts';

/** Products with levels: one row of A by itself, more of them by the tile of the dense product. */
export function levels(engine: Engine, isRelaxed: boolean): Pick<LevelKernels, 'gemmLevels'> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const rowSlots = slotsByShape(engine, (func, { bits }: { readonly bits: LevelBits }) =>
    writeGemvLevels(func, bits, isRelaxed),
  );
  const slots = slotsByShape(engine, (func, { bits, width }: { readonly bits: LevelBits; readonly width: number }) =>
    writeGemmLevels(func, bits, width, isRelaxed),
  );
  return {
    gemmLevels: (m, n, k, a, bits, words, group, scales, bias, epilogue, c) => {
      const at = scratch(m === 1 ? gemvLevelsScratch(k) : GEMM_LEVELS_SCRATCH);
      if (at === 0) {
        engine.orElse.gemmLevels(m, n, k, a, bits, words, group, scales, bias, epilogue, c);
        return;
      }
      // A single group ends with a word.
      const rows = group < k ? group : (32 / bits) * Math.max(1, Math.ceil((k * bits) / 32));
      const aAt = args.read(a, m * k);
      const wordsAt = args.read(words, levelWords(bits, k, n));
      const scalesAt = args.read(scales, Math.ceil(k / group) * n);
      const biasAt = bias === null ? 0 : args.read(bias, n);
      const cAt = args.write(c, m * n);
      const mode = ACTIVATION[epilogue];
      if (m === 1) rowSlots({ bits }).fn(n, k, aAt, wordsAt, rows, scalesAt, cAt, biasAt, mode, at);
      else {
        const bStep = 2 * bits; // of sixteen columns
        const bCol = 4 * Math.ceil((k * bits) / 32);
        const { fn } = slots({ bits, width: widthOf(n) });
        fn(m, n, k, aAt, 4 * k, 4, wordsAt, bStep, bCol, cAt, 4 * n, biasAt, mode | PACK_B, at, rows, scalesAt);
      }
      args.done();
    },
  };
}
