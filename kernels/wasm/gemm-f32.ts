import { type Assembler, type Callee, doWhile, type Frame, forRange, type Local, sequence, when } from './assembler.ts';
import type { Code } from './code.ts';
import { needsBlockBreaks } from './engine.ts';
import { i32, select } from './scalars.ts';
import { storeLanes } from './stores.ts';
import { f32x4, v128 } from './vectors.ts';

/**
 * The float32 product as a register tile of 2x16: eight sums of four lanes stay in registers over the loop of k; four
 * vectors of B and two splats of A feed eight multiply-adds. Every product and every sum is rounded, in order of k, so
 * the bits are the reference's; a block of k starts from the stored C. Goto & van de Geijn 2008.
 *
 * Rows of A are `aRow` bytes apart, pairs of rows `aPair`, columns `aStep`; B's are `bStep` and `bCol`: a transposed operand is the same
 * code with the two exchanged. Vectors need the columns of B side by side, so B is read where it lies only if it is not
 * transposed. Otherwise, and when many rows will read it, panels of 16 columns are packed first.
 */

/** Rows of a panel of B: 16 KiB a panel, a third of a level-1 cache. */
export const KC = 256;
/** Columns of B packed at a time: 1 MiB. */
export const NC = 1024;
/** Rows of A packed at a time: 64 KiB, within a level-2 cache. */
export const MC = 64;
const COLS = 16;
/** Scratch memory for the packed blocks, B's and then A's. */
export const SCRATCH_BYTES: number = 4 * (NC * KC + MC * KC);

/** Bits of `mode`. */
export const PACK_A = 1;
export const PACK_B = 2;
export const RELU = 4;
export const ACCUMULATE = 8;
/** Set for a tile: start from C; nothing is left to add, so bias and activation follow. */
const FROM_C = 16;
const LAST = 32;

/** Steps of k in one turn of the loop. */
const UNROLL = 2;

const TILE_PARAMS = ['a', 'aRow', 'aPair', 'aStep', 'b', 'bStep', 'c', 'cRow', 'k', 'mode', 'bias'] as const;
type TileParams = Readonly<Record<(typeof TILE_PARAMS)[number], Local>>;

const has = (mode: Local, bit: number): Code => i32.and(mode, bit);

type Nine = [Local, Local, Local, Local, Local, Local, Local, Local, Local];
const locals = (frame: Frame): Nine => frame.locals('i32', 9) as Nine;

/**
 * One tile of C, `rows` by `cols`. If cols is no multiple of four, the last vector reads on into whatever lies there, and
 * those lanes are not stored.
 */
function tile(assembler: Assembler, name: string, rows: number, cols: number, isRelaxed: boolean): Callee {
  return assembler.func(name, TILE_PARAMS, (p, frame) => tileBody(p, frame, rows, cols, isRelaxed));
}

function tileBody(p: TileParams, frame: Frame, rows: number, cols: number, isRelaxed: boolean): Code {
  const { a, aRow, aPair, aStep, b, bStep, c, cRow, k, mode, bias } = p;
  const vectors = Math.ceil(cols / 4);
  const sums = Array.from({ length: rows }, () => frame.locals('v128', vectors));
  const [aRows, cRows] = [frame.locals('i32', rows), frame.locals('i32', rows)];
  const left = frame.locals('v128', rows);
  const [right, zero] = frame.locals('v128', 2) as [Local, Local];
  const each = (make: (row: number, v: number) => Code): Code =>
    sequence(...sums.flatMap((row, r) => row.map((_, v) => make(r, v))));
  const fromC = each((r, v) => sums[r]![v]!.set(v128.load(cRows[r]!, 16 * v)));
  const step = sequence(
    ...left.map((x, r) => x.set(v128.load32Splat(aRows[r]!))),
    ...Array.from({ length: vectors }, (_, v) =>
      sequence(
        right.set(v128.load(b, 16 * v)),
        ...left.map((x, r) => {
          const sum = sums[r]![v]!;
          return sum.set(isRelaxed ? f32x4.relaxedMadd(x, right, sum) : f32x4.add(sum, f32x4.mul(x, right)));
        }),
      ),
    ),
    ...aRows.map((at) => at.set(i32.add(at, aStep))),
    b.set(i32.add(b, bStep)),
  );
  // A condition that never holds, but that the compiler cannot know: see needsBlockBreaks.
  const separator = needsBlockBreaks ? [when(i32.ltS(k, 0), fromC)] : [];
  const steps = Array.from({ length: UNROLL }, (_, u) => (u === 0 ? [step] : [...separator, step])).flat();
  const single = (): Code => doWhile(k.tee(i32.sub(k, 1)), step);
  return sequence(
    ...aRows.map((at, r) =>
      at.set(r === 0 ? a : r % 2 === 1 ? i32.add(aRows[r - 1]!, aRow) : i32.add(aRows[r - 2]!, aPair)),
    ),
    ...cRows.map((at, r) => at.set(r === 0 ? c : i32.add(cRows[r - 1]!, cRow))),
    when(has(mode, FROM_C), fromC),
    when(
      i32.geS(k, UNROLL),
      sequence(
        k.set(i32.sub(k, UNROLL)),
        doWhile(i32.geS(k.tee(i32.sub(k, UNROLL)), 0), ...steps),
        k.set(i32.add(k, UNROLL)),
      ),
    ),
    when(k, single()),
    when(
      has(mode, LAST),
      sequence(
        when(
          bias,
          sequence(
            ...Array.from({ length: vectors }, (_, v) =>
              sequence(
                right.set(v128.load(bias, 16 * v)),
                ...sums.map((row) => row[v]!.set(f32x4.add(row[v]!, right))),
              ),
            ),
          ),
        ),
        when(
          has(mode, RELU),
          each((r, v) => sums[r]![v]!.set(f32x4.pmax(sums[r]![v]!, zero))),
        ),
      ),
    ),
    each((r, v) => storeLanes(Math.min(4, cols - 4 * v), cRows[r]!, sums[r]![v]!, 16 * v)),
  );
}

/** Packs `width` columns of op(B) as [k][16], 4 bytes a number. Missing columns keep what was there before. */
function packPanel(assembler: Assembler): Callee {
  const params = ['to', 'b', 'bStep', 'bCol', 'k', 'width'] as const;
  return assembler.func('packPanel', params, ({ to, b, bStep, bCol, k, width }, frame) => {
    const [from, end, j, stop] = frame.locals('i32', 4) as [Local, Local, Local, Local];
    const rows = frame.locals('v128', 4) as [Local, Local, Local, Local];
    const [low0, low1, high0, high1] = frame.locals('v128', 4) as [Local, Local, Local, Local];
    const copyRow = sequence(
      ...[0, 16, 32, 48].map((at) => v128.store(to, v128.load(b, at), at)),
      to.set(i32.add(to, 64)),
      b.set(i32.add(b, bStep)),
    );
    // Four columns of four numbers become four rows: two rounds of interleaving.
    const transposeFour = sequence(
      from.set(b),
      ...rows.map((row) => sequence(row.set(v128.load(from)), from.set(i32.add(from, bCol)))),
      low0.set(v128.shuffle32([0, 4, 1, 5], rows[0], rows[1])),
      low1.set(v128.shuffle32([0, 4, 1, 5], rows[2], rows[3])),
      high0.set(v128.shuffle32([2, 6, 3, 7], rows[0], rows[1])),
      high1.set(v128.shuffle32([2, 6, 3, 7], rows[2], rows[3])),
      v128.store(to, v128.shuffle32([0, 1, 4, 5], low0, low1)),
      v128.store(to, v128.shuffle32([2, 3, 6, 7], low0, low1), 64),
      v128.store(to, v128.shuffle32([0, 1, 4, 5], high0, high1), 128),
      v128.store(to, v128.shuffle32([2, 3, 6, 7], high0, high1), 192),
      to.set(i32.add(to, 256)),
      b.set(i32.add(b, 16)),
    );
    const copyOne = sequence(i32.store(to, i32.load(b)), to.set(i32.add(to, 64)), b.set(i32.add(b, bStep)));
    const start = frame.local('i32');
    const first = frame.local('i32');
    return when(
      i32.eq(bCol, 4),
      when(k, doWhile(k.tee(i32.sub(k, 1)), copyRow)),
      sequence(
        start.set(to),
        first.set(b),
        j.set(0),
        // Whole fours of columns, then single ones.
        when(
          i32.leS(i32.add(j, 4), width),
          doWhile(
            i32.leS(i32.add(j.tee(i32.add(j, 4)), 4), width),
            to.set(i32.add(start, i32.shl(j, 2))),
            b.set(i32.add(first, i32.mul(j, bCol))),
            end.set(i32.add(b, i32.shl(k, 2))),
            stop.set(i32.add(b, i32.and(i32.shl(k, 2), -16))),
            when(i32.ltU(b, stop), doWhile(i32.ltU(b, stop), transposeFour)),
            when(
              i32.ltU(b, end),
              doWhile(
                i32.ltU(b, end),
                from.set(b),
                ...[0, 4, 8, 12].map((at) =>
                  sequence(i32.store(to, i32.load(from), at), from.set(i32.add(from, bCol))),
                ),
                to.set(i32.add(to, 64)),
                b.set(i32.add(b, bStep)),
              ),
            ),
          ),
        ),
        forRange(
          j,
          j,
          width,
          1,
          to.set(i32.add(start, i32.shl(j, 2))),
          b.set(i32.add(first, i32.mul(j, bCol))),
          end.set(k),
          when(end, doWhile(end.tee(i32.sub(end, 1)), copyOne)),
        ),
      ),
    );
  });
}

/** Packs rows of op(A) two by two as [rows/2][k][2]; an odd last row has no partner. */
function packRows(assembler: Assembler): Callee {
  const params = ['to', 'a', 'aRow', 'aStep', 'rows', 'k'] as const;
  return assembler.func('packRows', params, ({ to, a, aRow, aStep, rows, k }, frame) => {
    const [i, from, left] = frame.locals('i32', 3) as [Local, Local, Local];
    const pair = sequence(
      i32.store(to, i32.load(from)),
      i32.store(to, i32.load(i32.add(from, aRow)), 4),
      to.set(i32.add(to, 8)),
      from.set(i32.add(from, aStep)),
    );
    const one = sequence(i32.store(to, i32.load(from)), to.set(i32.add(to, 8)), from.set(i32.add(from, aStep)));
    return sequence(
      forRange(
        i,
        0,
        i32.and(rows, -2),
        2,
        from.set(a),
        left.set(k),
        when(left, doWhile(left.tee(i32.sub(left, 1)), pair)),
        a.set(i32.add(a, i32.shl(aRow, 1))),
      ),
      when(i32.and(rows, 1), sequence(from.set(a), left.set(k), when(left, doWhile(left.tee(i32.sub(left, 1)), one)))),
    );
  });
}

const STRIP_PARAMS = ['a', 'aRow', 'aPair', 'aStep', 'b', 'bStep', 'c', 'cRow', 'rows', 'k', 'mode', 'bias'] as const;

/** A strip of C: all of `rows`, `cols` columns, by tiles of the heights given, the last of which is 1. */
function strip(assembler: Assembler, cols: number, heights: readonly number[], isRelaxed: boolean): Callee {
  const tiles = heights.map((rows) => tile(assembler, `tile${rows}x${cols}`, rows, cols, isRelaxed));
  return assembler.func(
    `strip${cols}`,
    STRIP_PARAMS,
    ({ a, aRow, aPair, aStep, b, bStep, c, cRow, rows, k, mode, bias }) =>
      sequence(
        ...heights.map((height, i) => {
          const run = sequence(
            tiles[i]!(a, aRow, aPair, aStep, b, bStep, c, cRow, k, mode, bias),
            a.set(i32.add(a, height === 1 ? aRow : i32.mul(aPair, height / 2))),
            c.set(i32.add(c, i32.mul(cRow, height))),
            rows.set(i32.sub(rows, height)),
          );
          return when(i32.geS(rows, height), doWhile(i32.geS(rows, height), run));
        }),
      ),
  );
}

const GEMM_PARAMS = [
  'm',
  'n',
  'k',
  'a',
  'aRow',
  'aStep',
  'b',
  'bStep',
  'bCol',
  'c',
  'cRow',
  'bias',
  'mode',
  'scratch',
] as const;

/**
 * gemm for n with the remainder `tail` modulo 16: narrow strips are as wide as they must be, and no wider. Blocks of k
 * are outermost; within one, B is packed for up to NC columns, and A in blocks of MC rows.
 */
export function writeGemm(assembler: Assembler, tail: number, isRelaxed: boolean): void {
  const wide = strip(assembler, COLS, [2, 1], isRelaxed);
  const narrow = tail === 0 ? null : strip(assembler, tail, tail <= 8 ? [4, 2, 1] : [2, 1], isRelaxed);
  const pack = packPanel(assembler);
  const packA = packRows(assembler);
  assembler.func('gemm', GEMM_PARAMS, (p, frame) => {
    const { m, n, k, a, aRow, aStep, b, bStep, bCol, c, cRow, bias, mode, scratch } = p;
    const [p0, kc, j0, nc, i0, mc, j, width, tileMode] = locals(frame);
    const [panel, panelBytes, step, rowBytes, rowStep, rowPair, block, place, biasAt] = locals(frame);
    const min = (x: Code, y: number): Code => select(x, y, i32.ltS(x, y));
    const packedA = i32.add(scratch, 4 * NC * KC);
    const operands = [block, rowBytes, rowPair, rowStep, panel, step, place, cRow, mc, kc, tileMode, biasAt];
    const columns = sequence(
      panel.set(select(scratch, i32.add(i32.add(b, i32.mul(p0, bStep)), i32.shl(j0, 2)), has(mode, PACK_B))),
      step.set(select(4 * COLS, bStep, has(mode, PACK_B))),
      panelBytes.set(select(i32.mul(kc, 4 * COLS), 4 * COLS, has(mode, PACK_B))),
      place.set(i32.add(i32.add(c, i32.mul(i0, cRow)), i32.shl(j0, 2))),
      biasAt.set(select(i32.add(bias, i32.shl(j0, 2)), 0, bias)),
      forRange(
        j,
        0,
        i32.and(nc, -COLS),
        COLS,
        wide(...operands),
        panel.set(i32.add(panel, panelBytes)),
        place.set(i32.add(place, 4 * COLS)),
        biasAt.set(select(i32.add(biasAt, 4 * COLS), 0, bias)),
      ),
      ...(narrow === null ? [] : [when(i32.and(nc, COLS - 1), narrow(...operands))]),
    );
    const rows = forRange(
      i0,
      0,
      m,
      MC,
      mc.set(min(i32.sub(m, i0), MC)),
      block.set(i32.add(a, i32.add(i32.mul(i0, aRow), i32.mul(p0, aStep)))),
      rowBytes.set(aRow),
      rowStep.set(aStep),
      rowPair.set(i32.shl(aRow, 1)),
      when(
        has(mode, PACK_A),
        sequence(
          packA(packedA, block, aRow, aStep, mc, kc),
          block.set(packedA),
          rowBytes.set(4),
          rowStep.set(8),
          rowPair.set(i32.shl(kc, 3)),
        ),
      ),
      columns,
    );
    const packB = forRange(
      j,
      0,
      nc,
      COLS,
      width.set(min(i32.sub(nc, j), COLS)),
      pack(
        i32.add(scratch, i32.mul(j, i32.shl(kc, 2))),
        i32.add(b, i32.add(i32.mul(p0, bStep), i32.mul(i32.add(j0, j), bCol))),
        bStep,
        bCol,
        kc,
        width,
      ),
    );
    return sequence(
      p0.set(0),
      // Once even for k = 0: C is then bias and activation alone.
      doWhile(
        i32.ltS(p0.tee(i32.add(p0, KC)), k),
        kc.set(min(i32.sub(k, p0), KC)),
        tileMode.set(i32.and(mode, RELU)),
        when(i32.or(p0, has(mode, ACCUMULATE)), tileMode.set(i32.or(tileMode, FROM_C))),
        when(i32.geS(i32.add(p0, KC), k), tileMode.set(i32.or(tileMode, LAST))),
        forRange(j0, 0, n, NC, nc.set(min(i32.sub(n, j0), NC)), when(has(mode, PACK_B), packB), rows),
      ),
    );
  });
}
