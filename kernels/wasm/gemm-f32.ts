import type { Epilogue } from '../interface/products.ts';
import {
  type AddFunction,
  advance,
  type Callee,
  countDown,
  doWhile,
  forRange,
  type Local,
  type Locals,
  min,
  type NewLocals,
  select,
  when,
} from './assembler.ts';
import type { Code } from './code.ts';
import { type Floats, float32 } from './floats.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';
import { packPanel, packRows } from './pack.ts';
import { tileOf } from './tile.ts';

/**
 * The product as a register tile of 2x16, or of doubles 2x8: eight vectors of sums stay in registers over the loop of k; four
 * vectors of B and two splats of A feed eight multiply-adds. Every product and every sum is rounded, in order of k, so
 * the bits are the reference's; a block of k starts from the stored C. Goto & van de Geijn 2008.
 *
 * Rows of A are `aRow` bytes apart, pairs of rows `aPair`, columns `aStep`; B's are `bStep` and `bCol`: a transposed
 * operand is the same code with the two exchanged. Vectors need the columns of B side by side, so B is read where it lies only if it is not
 * transposed. Otherwise, and when many rows will read it, panels of a tile's columns are packed first. Panels that were packed
 * beforehand are a B whose rows are 16 numbers apart, and whose columns, sixteen by sixteen, are k numbers apart.
 */

/** Rows of a panel of B: 16 KiB a panel, a third of a level-1 cache. */
export const KC = 256;
/** Bytes of a row of the columns of B that are packed at a time: 1 MiB. */
const NC_BYTES = 4096;
/** Rows of A packed at a time: 64 KiB of floats, or 128 of doubles, within a level-2 cache. */
export const MC = 64;
/** Bytes of a row of a tile. */
const ROW = 64;
/** Scratch memory for the packed blocks, B's and then A's. */
export const scratchBytes = ({ bytes }: Floats): number => NC_BYTES * KC + bytes * MC * KC;
export const SCRATCH_BYTES: number = scratchBytes(float32);

/** Bits of `mode`. */
export const PACK_A = 1;
export const PACK_B = 2;
export const RELU = 4;
export const ACCUMULATE = 8;
/** Set for a tile: start from C; nothing is left to add, so bias and activation follow. */
const FROM_C = 16;
const LAST = 32;
/** With RELU: what is above 6 becomes 6. */
const SIX = 64;

/** Bits of `mode`, by activation. */
export const ACTIVATION: Readonly<Record<Epilogue, number>> = { linear: 0, relu: RELU, relu6: RELU | SIX };

/**
 * The operands of the product and their places: rows and columns of C, depth; the address of A and the bytes between its
 * rows and columns, of B likewise, of C and between its rows, of the bias or 0, a mode, and the address of scratch memory.
 */
export const OPERAND = {
  m: 0,
  n: 1,
  k: 2,
  a: 3,
  aRow: 4,
  aStep: 5,
  b: 6,
  bStep: 7,
  bCol: 8,
  c: 9,
  cRow: 10,
  bias: 11,
  mode: 12,
  scratch: 13,
} as const;
export const OPERANDS: number = Object.keys(OPERAND).length;

const has = (mode: Local, bit: number): Code => i32.and(mode, bit);

/** A block of a panel of B, and where it goes, as [rows][16]. */
interface PanelBlock {
  readonly to: Code;
  /** Address of its first number, by `bStep` and `bCol`. */
  readonly from: Code;
  readonly row: Local;
  readonly column: Code;
  readonly rows: Local;
  /** Columns that are there, up to sixteen. */
  readonly width: Code;
}

/**
 * The bits of `mode` that say which operands to pack, by measurement (bench rows "gemm"): B when it is transposed, or when so many
 * rows read columns so far apart that copying them together pays; A when it is transposed and its columns lie far apart.
 */
export function packedOf(
  m: number,
  n: number,
  k: number,
  transA: boolean,
  transB: boolean,
  floats: Floats = float32,
): number {
  const row = n * floats.bytes;
  const packB = transB || (row >= 256 && m >= (transA || row >= 1024 ? 64 : 256));
  return (packB ? PACK_B : 0) | (transA && m * floats.bytes >= 1024 && k >= 64 ? PACK_A : 0);
}

/** How blocks of B come into scratch memory. */
export interface Packing {
  readonly floats: Floats;
  /** Operands that follow those of the product, by a letter each. */
  readonly operands: string;
  /** Columns that are packed together. */
  readonly columns: number;
  /** Adds the functions that it needs, and gives what packs a block. */
  readonly add: (func: AddFunction) => (block: PanelBlock, params: Locals) => Code;
}

export const packingOf = (floats: Floats): Packing => ({
  floats,
  operands: '',
  columns: NC_BYTES / floats.bytes,
  add: (func) => {
    const pack = packPanel(func, floats);
    return ({ to, from, rows, width }, params) =>
      pack(to, from, params[OPERAND.bStep], params[OPERAND.bCol], rows, width);
  },
});

/** The activation that the mode asks for, on finished sums. */
export const activate = (
  mode: Local,
  zero: Local,
  each: (make: (sum: Local) => Code) => Code,
  { vector, splat }: Floats = float32,
): Code =>
  when(has(mode, RELU), [
    each((sum) => sum.set(vector.pmax(sum, zero))),
    when(
      has(mode, SIX),
      each((sum) => sum.set(vector.pmin(sum, splat(6)))),
    ),
  ]);

/** One tile of C, `rows` by `cols`, of the operands (a, aRow, aPair, aStep, b, bStep, c, cRow, k, mode, bias); spends b and k. */
function tileCode(
  floats: Floats,
  operands: Locals,
  locals: NewLocals,
  rows: number,
  cols: number,
  isRelaxed: boolean,
): Code {
  const { vector, loadSplat, lanes } = floats;
  const [a, aRow, aPair, aStep, b, bStep, c, cRow, k, mode, bias] = operands;
  const { aRows, place, each, load, store, step, loop } = tileOf(locals, rows, cols, c, cRow, lanes);
  const [zero] = locals('v');
  const multiplyAdd = (sum: Local, x: Local, y: Local): Code =>
    isRelaxed ? vector.relaxedMadd(x, y, sum) : vector.add(sum, vector.mul(x, y));
  const once = [
    step(
      (row) => loadSplat(row),
      (v) => v128.load(b, 16 * v),
      multiplyAdd,
    ),
    aRows.map((row) => advance(row, aStep)),
    advance(b, bStep),
  ];
  return [
    aRows.map((row, r) =>
      row.set(r === 0 ? a : r % 2 === 1 ? i32.add(aRows[r - 1]!, aRow) : i32.add(aRows[r - 2]!, aPair)),
    ),
    place,
    when(
      has(mode, FROM_C),
      load,
      each((sum) => sum.set(zero)),
    ),
    loop(
      k,
      () => once,
      () => [],
    ),
    when(has(mode, LAST), [
      when(
        bias,
        each((sum, v) => sum.set(vector.add(sum, v128.load(bias, 16 * v)))),
      ),
      activate(mode, zero, each, floats),
    ]),
    store,
  ];
}

/** Up to so many vectors a tile stands in the strip's loop instead of being called: on one row or few k the call shows. */
const MOST_INLINE = 3;

/**
 * Adds (a, aRow, aPair, aStep, b, bStep, c, cRow, rows, k, mode, bias): all of `rows` of C, `cols` columns, by tiles of the
 * heights given, the last of which is 1. The full tile has a function of its own: inside the loop the compiler has too few
 * registers left for it (0.85 of the speed, Node 20).
 */
function addStrip(
  floats: Floats,
  func: AddFunction,
  cols: number,
  heights: readonly number[],
  isRelaxed: boolean,
): Callee {
  const tiles =
    cols <= MOST_INLINE * floats.lanes
      ? null
      : heights.map((height) =>
          func('iiiiiiiiiii', (p, locals) => tileCode(floats, p, locals, height, cols, isRelaxed)),
        );
  return func('iiiiiiiiiiii', ([a, aRow, aPair, aStep, b, bStep, c, cRow, rows, k, mode, bias], locals) => {
    const inline = (height: number): Code => {
      const own = locals('iiiiiiiiiii');
      const given = [a, aRow, aPair, aStep, b, bStep, c, cRow, k, mode, bias];
      return [given.map((value, i) => own[i]!.set(value)), tileCode(floats, own, locals, height, cols, isRelaxed)];
    };
    return heights.map((height, i) =>
      countDown(
        rows,
        height,
        height,
        tiles === null ? inline(height) : tiles[i]!(a, aRow, aPair, aStep, b, bStep, c, cRow, k, mode, bias),
        advance(a, height === 1 ? aRow : i32.mul(aPair, height / 2)),
        advance(c, i32.mul(cRow, height)),
      ),
    );
  });
}

const columnsOf = ({ bytes }: Floats): number => ROW / bytes;

/** How many kinds of products there are, by their columns: fewer than a tile has, or as many and a remainder. */
export const widths = (floats: Floats): number => 2 * columnsOf(floats);

/** The kind of n columns. */
export function widthOf(n: number, floats: Floats = float32): number {
  const columns = columnsOf(floats);
  return n < columns ? n : columns + (n % columns);
}

/**
 * gemm for n of the kind `width` (`widthOf`): narrow strips are as wide as they must be, and no wider, and a product that is
 * narrower than a tile is without the code for wide ones. Blocks of k are outermost; within one, B is packed for as many columns
 * as `packing` says, and A in blocks of MC rows.
 */
export function writeGemm(
  func: AddFunction,
  width: number,
  isRelaxed: boolean,
  packing: Packing = packingOf(float32),
): void {
  const { floats } = packing;
  const { bytes, shift } = floats;
  const columnsOfTile = columnsOf(floats);
  const tail = width % columnsOfTile;
  const wide = width < columnsOfTile ? null : addStrip(floats, func, columnsOfTile, [2, 1], isRelaxed);
  const heights = tail <= columnsOfTile / 2 ? [4, 2, 1] : [2, 1];
  const narrow = tail === 0 ? null : addStrip(floats, func, tail, heights, isRelaxed);
  const pack = packing.add(func);
  const packA = packRows(func, floats);
  func('i'.repeat(OPERANDS) + packing.operands, (params, locals) => {
    const [m, n, k, a, aRow, aStep, b, bStep, bCol, c, cRow, bias, mode, scratch] = params;
    const [p0, kc, j0, nc, i0, mc, j, tileMode, biasAt] = locals('iiiiiiiii');
    const [panel, panelBytes, step, rowBytes, rowStep, rowPair, block, place] = locals('iiiiiiii');
    const packedA = i32.add(scratch, NC_BYTES * KC);
    const operands = [block, rowBytes, rowPair, rowStep, panel, step, place, cRow, mc, kc, tileMode, biasAt];
    const columns = [
      panel.set(select(scratch, i32.add(i32.add(b, i32.mul(p0, bStep)), i32.mul(j0, bCol)), has(mode, PACK_B))),
      step.set(select(ROW, bStep, has(mode, PACK_B))),
      panelBytes.set(i32.mul(select(i32.shl(kc, shift), bCol, has(mode, PACK_B)), columnsOfTile)),
      place.set(i32.add(i32.add(c, i32.mul(i0, cRow)), i32.shl(j0, shift))),
      biasAt.set(select(i32.add(bias, i32.shl(j0, shift)), 0, bias)),
      wide === null
        ? []
        : forRange(
            j,
            0,
            i32.and(nc, -columnsOfTile),
            columnsOfTile,
            wide(...operands),
            advance(panel, panelBytes),
            advance(place, ROW),
            biasAt.set(select(i32.add(biasAt, ROW), 0, bias)),
          ),
      narrow === null ? [] : when(i32.and(nc, columnsOfTile - 1), narrow(...operands)),
    ];
    const rows = [
      mc.set(min(i32.sub(m, i0), MC)),
      block.set(i32.add(a, i32.add(i32.mul(i0, aRow), i32.mul(p0, aStep)))),
      rowBytes.set(aRow),
      rowStep.set(aStep),
      rowPair.set(i32.shl(aRow, 1)),
      when(has(mode, PACK_A), [
        packA(packedA, block, aRow, aStep, mc, kc),
        block.set(packedA),
        rowBytes.set(bytes),
        rowStep.set(2 * bytes),
        rowPair.set(i32.shl(kc, shift + 1)),
      ]),
      columns,
    ];
    const packB = forRange(
      j,
      0,
      nc,
      columnsOfTile,
      pack(
        {
          to: i32.add(scratch, i32.mul(j, i32.shl(kc, shift))),
          from: i32.add(b, i32.add(i32.mul(p0, bStep), i32.mul(i32.add(j0, j), bCol))),
          row: p0,
          column: i32.add(j0, j),
          rows: kc,
          width: min(i32.sub(nc, j), columnsOfTile),
        },
        params,
      ),
    );
    // Once even for k = 0: C is then bias and activation alone.
    return doWhile(i32.ltS(p0.tee(i32.add(p0, KC)), k), [
      kc.set(min(i32.sub(k, p0), KC)),
      tileMode.set(i32.and(mode, RELU | SIX)),
      when(i32.or(p0, has(mode, ACCUMULATE)), tileMode.set(i32.or(tileMode, FROM_C))),
      when(i32.geS(i32.add(p0, KC), k), tileMode.set(i32.or(tileMode, LAST))),
      forRange(
        j0,
        0,
        n,
        packing.columns,
        nc.set(min(i32.sub(n, j0), packing.columns)),
        when(has(mode, PACK_B), packB),
        forRange(i0, 0, m, MC, rows),
      ),
    ]);
  });
}
