import type { LevelBits } from '../interface/levels.ts';
import { type AddFunction, advance, type Local } from './assembler.ts';
import type { Code } from './code.ts';
import { float32 } from './floats.ts';
import { KC, OPERAND, type Packing, writeGemm } from './gemm-f32.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';
import { eachRow } from './levels-rows.ts';

/**
 * Several rows of A times levels: a block of one panel after another is decoded into scratch memory, where it fits the first
 * cache, and multiplied there by the dense product's tile. Two rows are enough to be faster than each by itself.
 */

/** Scratch memory: a block of a panel as floats. */
export const GEMM_LEVELS_SCRATCH: number = 4 * 16 * KC;

/** The operands beside the product's are the rows of a group, and the address of the scales. */
const packingOf = (bits: LevelBits): Packing => ({
  floats: float32,
  operands: 'ii',
  columns: 16,
  add: (func) => {
    const decode = func('iiiiiii', ([to, words, scales, scaleRow, run, group, rows], locals) => {
      const store = (vector: (v: number) => Code, u: number): Code =>
        [0, 1, 2, 3].map((v) => v128.store(to, vector(v), 64 * u + 16 * v));
      const place = { words, scales, scaleRow, run, rows, group };
      return eachRow(locals, bits, place, store, (count) => advance(to, 64 * count));
    });
    return ({ to, from, row, column, rows }, params) => {
      const [group, scales] = params.slice(-2) as [Local, Local];
      const n = params[OPERAND.n];
      const first = i32.add(i32.mul(i32.divU(row, group), n), column);
      const run = i32.sub(group, i32.remU(row, group));
      return decode(to, from, i32.add(scales, i32.shl(first, 2)), i32.shl(n, 2), run, group, rows);
    };
  },
});

/**
 * The operands of the product, of which `b` and its steps are those of the words, and then (group, scales); for n of the
 * kind `width`.
 */
export const writeGemmLevels = (func: AddFunction, bits: LevelBits, width: number, isRelaxed: boolean): void =>
  writeGemm(func, width, isRelaxed, packingOf(bits));
