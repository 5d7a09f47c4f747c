import type { LevelBits, LevelKernels } from '../interface/levels.ts';
import { levelWords } from '../packing.ts';
import type { Engine } from './engine.ts';
import { ACTIVATION, PACK_B } from './gemm-f32.ts';
import { LEVELS_SCRATCH_BYTES, writeGemmLevels, writeGemvLevels } from './levels-f32.ts';
import { slotsByShape } from './products.ts';
import { growingScratch } from './scratch.ts';

/** Products with levels: one row of A by itself, more of them by the tile of the dense product. */
export function levels(engine: Engine, isRelaxed: boolean): Pick<LevelKernels, 'gemmLevels'> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const rowSlots = slotsByShape(engine, (func, { bits }: { readonly bits: LevelBits }) =>
    writeGemvLevels(func, bits, isRelaxed),
  );
  const slots = slotsByShape(engine, (func, { bits, tail }: { readonly bits: LevelBits; readonly tail: number }) =>
    writeGemmLevels(func, bits, tail, isRelaxed),
  );
  return {
    gemmLevels: (m, n, k, a, bits, words, group, scales, bias, epilogue, c) => {
      const panel = m === 1 ? 0 : scratch(LEVELS_SCRATCH_BYTES);
      if (m !== 1 && panel === 0) {
        engine.orElse.gemmLevels(m, n, k, a, bits, words, group, scales, bias, epilogue, c);
        return;
      }
      const aAt = args.read(a, m * k);
      const wordsAt = args.read(words, levelWords(bits, k, n));
      const scalesAt = args.read(scales, Math.ceil(k / group) * n);
      const biasAt = bias === null ? 0 : args.read(bias, n);
      const cAt = args.write(c, m * n);
      const mode = ACTIVATION[epilogue];
      if (m === 1) rowSlots({ bits }).fn(n, k, aAt, wordsAt, group, scalesAt, cAt, biasAt, mode);
      else {
        const bStep = 2 * bits; // of sixteen columns
        const bCol = 4 * Math.ceil((k * bits) / 32);
        const { fn } = slots({ bits, tail: n & 15 });
        fn(m, n, k, aAt, 4 * k, 4, wordsAt, bStep, bCol, cAt, 4 * n, biasAt, mode | PACK_B, panel, group, scalesAt);
      }
      args.done();
    },
  };
}
