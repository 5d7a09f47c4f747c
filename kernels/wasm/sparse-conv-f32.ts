import { type AddFunction, advance, type Callee, countDown, forRange, type NewLocals, when } from './assembler.ts';
import type { Code, Value } from './code.ts';
import { addCopyRows, eachImage, FRAME, named } from './frames.ts';
import { activate } from './gemm-f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';
import { addStrip } from './strip.ts';
import { tileOf } from './tile.ts';

/**
 * The float32 convolution with sparse panels of four or sixteen units. In a frame of zeros, what a row of the kernel's matrix
 * meets is as far from a position as from any other: so the tile is that of the whole matrix (conv-f32.ts), whose step is to
 * the next row held, read from a list.
 */

/** How far what a row of the kernel's matrix meets is from its position: rows of taps, taps and channels, and bytes between them. */
export const TABLE = ['tapsY', 'tapRow', 'tapsX', 'tapStep', 'channels', 'channelStep'] as const;
const SWEEP = [
  /** From one position to the next within a row, and from the last of a row to the first of the next. */
  'step',
  'rowStep',
  'rows',
  'cols',
  /** Scratch memory: what `tabulate` makes, and as much again for the rows of a panel. */
  'table',
  'list',
  /** The panels. */
  'units',
  'starts',
  'held',
  'values',
  'y',
  'yImage',
  'yStep',
  'bias',
  'mode',
] as const;
export const OPERANDS: readonly [...typeof FRAME, ...typeof TABLE, ...typeof SWEEP] = [...FRAME, ...TABLE, ...SWEEP];

/** What the code is written for: units of a panel, and by how many there are more than whole panels. */
export interface Shape {
  readonly width: 4 | 16;
  readonly tail: number;
}

/** Puts the distance of each row of the kernel's matrix to `table`. */
export function tabulate(
  { tapsY, tapRow, tapsX, tapStep, channels, channelStep }: Readonly<Record<(typeof TABLE)[number], Value>>,
  locals: NewLocals,
  table: Value,
): Code {
  const [ky, kx, c, to, row, tap, at] = locals('iiiiiii');
  const perChannel = [i32.store(to, at), advance(to, 4), advance(at, channelStep)];
  const perTap = [at.set(tap), forRange(c, 0, channels, 1, perChannel), advance(tap, tapStep)];
  return [
    to.set(table),
    row.set(0),
    forRange(ky, 0, tapsY, 1, tap.set(row), forRange(kx, 0, tapsX, 1, perTap), advance(row, tapRow)),
  ];
}

/** Adds (to, from, count, table): the distances of `count` rows. */
export const addLookUp = (func: AddFunction): Callee =>
  func('iiii', ([to, from, count, table]) =>
    countDown(
      count,
      1,
      1,
      i32.store(to, i32.load(i32.add(table, i32.shl(i32.load(from), 2)))),
      advance(to, 4),
      advance(from, 4),
    ),
  );

/** Adds (a, aNext, w, y, yNext, list, count, bias, mode): `positions` by `cols` results. */
function addTile(func: AddFunction, positions: number, cols: number, width: number): Callee {
  return func('iiiiiiiii', ([a, aNext, w, y, yNext, list, count, bias, mode], locals) => {
    const { aRows, place, each, store, step, loop } = tileOf(locals, positions, cols, y, yNext);
    const [at] = locals('i');
    const [zero] = locals('v');
    return [
      aRows.map((row, r) => row.set(r === 0 ? a : i32.add(aRows[r - 1]!, aNext))),
      place,
      loop(
        count,
        (u) => [
          at.set(i32.load(list, 4 * u)),
          step(
            (row) => v128.load32Splat(i32.add(row, at)),
            (v) => v128.load(w, 4 * width * u + 16 * v),
            (sum, x, weights) => f32x4.add(sum, f32x4.mul(x, weights)),
          ),
        ],
        (steps) => [advance(list, 4 * steps), advance(w, 4 * width * steps)],
      ),
      when(
        bias,
        each((sum, v) => sum.set(f32x4.add(sum, v128.load(bias, 16 * v)))),
      ),
      activate(mode, zero, each),
      store,
    ];
  });
}

export function writeConvolution(func: AddFunction, { width, tail }: Shape): void {
  const strip = (cols: number): Callee =>
    addStrip(func, cols, (positions) => addTile(func, positions, cols, width), 12, false);
  const wide = strip(width);
  const narrow = tail === 0 ? null : strip(tail);
  const copy = addCopyRows(func);
  const lookUp = addLookUp(func);
  func('i'.repeat(OPERANDS.length), (params, locals) => {
    const o = named(OPERANDS, params);
    const [at, j, panel, first, count, place, biasAt] = locals('iiiiiii');
    const panelWith = (strip: Callee): Code => [
      first.set(i32.load(panel)),
      count.set(i32.sub(i32.load(panel, 4), first)),
      lookUp(o.list, i32.add(o.held, i32.shl(first, 2)), count, o.table),
      strip(
        ...[at, o.step, o.rowStep, o.rows, o.cols, i32.add(o.values, i32.mul(first, 4 * width)), place, o.yStep],
        ...[o.list, count, biasAt, o.mode],
      ),
      advance(panel, 4),
      advance(place, 4 * width),
      when(o.bias, advance(biasAt, 4 * width)),
    ];
    return [
      tabulate(o, locals, o.table),
      eachImage(o, at, copy, [
        place.set(o.y),
        biasAt.set(o.bias),
        panel.set(o.starts),
        forRange(j, 0, i32.and(o.units, -width), width, panelWith(wide)),
        narrow === null ? [] : panelWith(narrow),
        advance(o.y, o.yImage),
      ]),
    ];
  });
}
