import {
  type AddFunction,
  advance,
  type Callee,
  countDown,
  forRange,
  type Local,
  type Locals,
  type NewLocals,
  select,
  when,
} from './assembler.ts';
import type { Code } from './code.ts';
import { packUnits, WRITTEN } from './conv-f32.ts';
import { addCopyRows, eachImage, named } from './frames.ts';
import { activate } from './gemm-f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';
import { packPanel } from './pack.ts';
import { tileOf } from './tile.ts';

/**
 * The float32 convolution of few numbers for each result, as of gray or coloured images: loops over them would cost more
 * than what they do, so they are written out, and their places in a row are constants of the code. A module for each shape.
 */

/** Numbers for each result up to which they are written out: four channels under 3x3 taps. */
export const MOST_NUMBERS = 36;
const COLS = 8;
/** Of a number: units are packed sixteen by sixteen. */
const PANEL_BYTES = 64;

/** What the code is written for; units by their remainder modulo 8. */
export interface Shape {
  readonly tapsY: number;
  readonly tapsX: number;
  readonly channels: number;
  readonly stride: number;
  readonly dilation: number;
  readonly tail: number;
}

/** Code for neighbouring `positions` by `width` results, of the operands (a, tapRow, w, y, yStep, bias, mode). */
function tileCode(operands: readonly Local[], locals: NewLocals, shape: Shape, positions: number, width: number): Code {
  const { tapsY, tapsX, channels, stride, dilation } = shape;
  const [a, tapRow, w, y, yStep, bias, mode] = operands as Locals;
  const { place, each, store, step, separator } = tileOf(locals, positions, width, y, yStep);
  const [row] = locals('i');
  const [zero] = locals('v');
  let number = 0;
  // Neighbouring positions meet the same numbers one tap apart: few enough are between that they stay in registers.
  const isShared = channels === 1 && stride === dilation;
  const shared: Local[] = [];
  const numberAt = (place: number): Code => {
    const load = v128.load32Splat(row, 4 * place);
    if (!isShared) return load;
    if (shared[place] !== undefined) return shared[place]!;
    [shared[place]] = locals('v');
    return shared[place]!.tee(load);
  };
  const steps: Code[] = [];
  for (let ky = 0; ky < tapsY; ky++) {
    for (let kx = 0; kx < tapsX; kx++) {
      for (let c = 0; c < channels; c++) {
        const at = PANEL_BYTES * number++;
        steps.push(
          step(
            (_, p) => numberAt((p * stride + kx * dilation) * channels + c),
            (v) => v128.load(w, at + 16 * v),
            (sum, x, weights) => f32x4.add(sum, f32x4.mul(x, weights)),
          ),
          separator(mode),
        );
      }
    }
    steps.push(advance(row, tapRow));
    shared.length = 0;
  }
  return [
    place,
    row.set(a),
    each((sum) => sum.set(zero)),
    steps,
    when(
      bias,
      each((sum, v) => sum.set(f32x4.add(sum, v128.load(bias, 16 * v)))),
    ),
    activate(mode, zero, each),
    store,
  ];
}

/** Adds (a, step, cols, tapRow, w, y, yStep, bias, mode): a row of positions, `width` units. */
function addStrip(func: AddFunction, shape: Shape, width: number): Callee {
  return func('iiiiiiiii', ([a, step, cols, tapRow, w, y, yStep, bias, mode], locals) =>
    [4, 2, 1].map((height) =>
      countDown(
        cols,
        height,
        height,
        tileCode([a, tapRow, w, y, yStep, bias, mode], locals, shape, height, width),
        advance(a, i32.mul(step, height)),
        advance(y, i32.mul(yStep, height)),
      ),
    ),
  );
}

/** The convolution for a shape. */
export function writeFewTaps(func: AddFunction, shape: Shape): void {
  const { tapsY, tapsX, channels, tail } = shape;
  const wide = addStrip(func, shape, COLS);
  const narrow = tail === 0 ? null : addStrip(func, shape, tail);
  const pack = packPanel(func);
  const copy = addCopyRows(func);
  func('i'.repeat(WRITTEN.length), (params, locals) => {
    const o = named(WRITTEN, params);
    const [at, j, to, from, u, place, biasAt, row] = locals('iiiiiiii');
    const perTap = channels;
    const packAll = packUnits(o, { tapsY, tapsX, perTap }, pack, locals, to, o.w);
    const operands = [at, o.step, o.cols, o.tapRow, from, place, o.yStep, biasAt, o.mode];
    const bytes = tapsY * tapsX * channels * PANEL_BYTES;
    const half = PANEL_BYTES / 2;
    const next = [
      advance(from, select(bytes - half, half, i32.and(j, COLS))), // the other half of a panel, or of the next one the first
      advance(place, 4 * COLS),
      when(o.bias, advance(biasAt, 4 * COLS)),
    ];
    const oneRow = [
      place.set(u),
      from.set(o.packed),
      biasAt.set(o.bias),
      forRange(j, 0, i32.and(o.units, -COLS), COLS, wide(...operands), next),
      narrow === null ? [] : narrow(...operands),
      advance(at, i32.add(o.rowStep, i32.mul(i32.sub(o.cols, 1), o.step))),
      advance(u, i32.add(o.yRowStep, i32.mul(i32.sub(o.cols, 1), o.yStep))),
    ];
    return [
      when(o.w, [to.set(o.packed), packAll]),
      eachImage(o, at, copy, u.set(o.y), forRange(row, 0, o.rows, 1, oneRow), advance(o.y, o.yImage)),
    ];
  });
}
