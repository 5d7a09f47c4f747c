import { type AddFunction, advance, type Callee, countDown, forRange, min } from './assembler.ts';
import { addCopyRows, eachImage, FRAME, named } from './frames.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';
import { tileOf } from './tile.ts';

/**
 * The gradient of a float32 convolution for its kernel: tiles of neighbouring numbers of a row of taps by units, whose sums
 * over a few rows of positions stay in registers and go on from image to image in dKernel.
 */

const COLS = 16;

const OWN = [
  /** From one position to the next within a row, from the end of a row to the next. */
  'step',
  'rowJump',
  'rows',
  'cols',
  /** Rows of a block, and between the first positions of two of them. */
  'block',
  'rowStep',
  /** Rows of taps and between them; runs of numbers in a row of taps, numbers in each, between runs. */
  'tapsY',
  'tapRow',
  'runs',
  'run',
  'runStep',
  'groups',
  'units',
  'xGroup',
  'dy',
  /** Between positions in dy, and between rows of dKernel. */
  'dyStep',
  'dKernel',
  'dKernelBytes',
] as const;
/** What the function takes; distances and places are in bytes. */
export const OPERANDS: readonly [...typeof FRAME, ...typeof OWN] = [...FRAME, ...OWN];

/** Adds (a, step, rowJump, dy, dyStep, rows, cols, dk): `height` numbers by `cols` units. */
function addTile(func: AddFunction, height: number, width: number): Callee {
  return func('iiiiiiii', ([a, step, rowJump, dy, dyStep, rows, cols, dk], locals) => {
    const { aRows, place, load, store, step: once, loop } = tileOf(locals, height, width, dk, dyStep);
    const [left] = locals('i');
    return [
      aRows.map((row, r) => row.set(i32.add(a, 4 * r))),
      place,
      load,
      countDown(rows, 1, 1, [
        left.set(cols),
        loop(
          left,
          () => [
            once(
              (row) => v128.load32Splat(row),
              (v) => v128.load(dy, 16 * v),
              (sum, x, g) => f32x4.add(sum, f32x4.mul(x, g)),
            ),
            aRows.map((row) => advance(row, step)),
            advance(dy, dyStep),
          ],
          () => [],
        ),
        aRows.map((row) => advance(row, rowJump)),
      ]),
      store,
    ];
  });
}

/** Adds (a, step, rowJump, dy, dyStep, rows, cols, dk, run): all numbers of a run, `width` units. */
function addStrip(func: AddFunction, width: number): Callee {
  const heights = width <= COLS / 2 ? [4, 2, 1] : [2, 1];
  const tiles = heights.map((height) => addTile(func, height, width));
  return func('iiiiiiiii', ([a, step, rowJump, dy, dyStep, rows, cols, dk, run]) =>
    heights.map((height, i) =>
      countDown(
        run,
        height,
        height,
        tiles[i]!(a, step, rowJump, dy, dyStep, rows, cols, dk),
        advance(a, 4 * height),
        advance(dk, i32.mul(dyStep, height)),
      ),
    ),
  );
}

/** The gradient for groups whose units have the remainder `tail` modulo 16. */
export function writeKernelGrad(func: AddFunction, tail: number): void {
  const wide = addStrip(func, COLS);
  const narrow = tail === 0 ? null : addStrip(func, tail);
  const copy = addCopyRows(func);
  func('i'.repeat(OPERANDS.length), (params, locals) => {
    const o = named(OPERANDS, params);
    const [at, row, group, ky, run, j, first, from, g, dk, place, rows, tapAt, gAt] = locals('iiiiiiiiiiiiii');
    const operands = [tapAt, o.step, o.rowJump, gAt, o.dyStep, rows, o.cols, place, o.run];
    const units = [
      place.set(dk),
      gAt.set(g),
      forRange(
        j,
        0,
        i32.and(o.units, -COLS),
        COLS,
        wide(...operands),
        advance(place, 4 * COLS),
        advance(gAt, 4 * COLS),
      ),
      narrow === null ? [] : narrow(...operands),
    ];
    const taps = forRange(
      ky,
      0,
      o.tapsY,
      1,
      tapAt.set(from),
      forRange(run, 0, o.runs, 1, units, advance(dk, i32.mul(o.run, o.dyStep)), advance(tapAt, o.runStep)),
      advance(from, o.tapRow),
    );
    const block = [
      rows.set(min(i32.sub(o.rows, row), o.block)),
      forRange(
        group,
        0,
        o.groups,
        1,
        from.set(i32.add(first, i32.mul(group, o.xGroup))),
        g.set(i32.add(o.dy, i32.shl(i32.mul(group, o.units), 2))),
        dk.set(i32.add(o.dKernel, i32.shl(i32.mul(group, o.units), 2))),
        taps,
      ),
      advance(o.dy, i32.mul(i32.mul(rows, o.cols), o.dyStep)),
      advance(first, i32.mul(rows, o.rowStep)),
    ];
    return [
      memory.fill(o.dKernel, 0, o.dKernelBytes),
      eachImage(o, at, copy, first.set(at), forRange(row, 0, o.rows, o.block, block)),
    ];
  });
}
