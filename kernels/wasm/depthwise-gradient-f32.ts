import { type AddFunction, advance, type Callee, countDown, forRange, type Local, min, when } from './assembler.ts';
import type { Code } from './code.ts';
import { eachVector, type Shape, SWEEP } from './depthwise-f32.ts';
import { needsBlockBreaks } from './engine.ts';
import { addCopyRows, eachImage, named } from './frames.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';
import { storeLanes } from './stores.ts';

/**
 * The gradient of a depthwise convolution for its kernel: the sums of as many taps as are written out stay in registers, for
 * four channels, over a block of positions.
 */

const SUMS = ['x', 'rowStep', 'tapRow', 'rows', 'positions', 'dy', 'dKernel'] as const;

/** Adds sums over an image for a vector of channels, which go on from what is stored: of as many taps as are written out. */
function addSums(func: AddFunction, { channels, down, across, stride, dilation }: Shape, lanes: number): Callee {
  return func('i'.repeat(SUMS.length), (params, locals) => {
    const p = named(SUMS, params);
    const [left, lefts] = locals('ii');
    const starts = locals('i'.repeat(down)).slice(0, down);
    const ats = locals('i'.repeat(down)).slice(0, down);
    const sums = starts.map(() => locals('v'.repeat(across)).slice(0, across));
    const [dy] = locals('v');
    const eachSum = (code: (sum: Local, place: number, ky: number) => Code): Code =>
      sums.map((row, ky) => row.map((sum, kx) => code(sum, 4 * channels * (ky * across + kx), ky)));
    const breakBlock = needsBlockBreaks
      ? when(
          i32.ltS(p.tapRow, 0),
          eachSum((sum) => sum.set(v128.load(p.x))),
        )
      : [];
    return [
      starts.map((start, ky) => start.set(ky === 0 ? p.x : i32.add(starts[ky - 1]!, p.tapRow))),
      eachSum((sum, place) => sum.set(v128.load(p.dKernel, place))),
      lefts.set(p.rows),
      countDown(lefts, 1, 1, [
        ats.map((at, ky) => at.set(starts[ky]!)),
        left.set(p.positions),
        countDown(left, 1, 1, [
          dy.set(v128.load(p.dy)),
          sums.map((row, ky) => [
            ky === 0 ? [] : breakBlock,
            row.map((sum, kx) =>
              sum.set(f32x4.add(sum, f32x4.mul(v128.load(ats[ky]!, 4 * channels * dilation * kx), dy))),
            ),
            advance(ats[ky]!, 4 * channels * stride),
          ]),
          advance(p.dy, 4 * channels),
        ]),
        starts.map((start) => advance(start, p.rowStep)),
      ]),
      eachSum((sum, place) => storeLanes(lanes, p.dKernel, sum, place)),
    ];
  });
}

const OWN = ['dy', 'dKernel', 'blockRows', 'block'] as const;

/** Operands of `writeKernelGrad`. */
export const KERNEL_GRAD: readonly [...typeof SWEEP, ...typeof OWN] = [...SWEEP, ...OWN];

/**
 * Adds the gradient: by blocks of positions, rows or a part of one, that stay in the level-1 cache for all channels, and by
 * blocks of taps that are written out.
 */
export function writeKernelGrad(func: AddFunction, shape: Shape): void {
  const { channels, down, across, stride, dilation } = shape;
  const pixel = 4 * channels;
  const copy = addCopyRows(func);
  const full = addSums(func, shape, 4);
  const rest = addSums(func, shape, channels & 3);
  func('i'.repeat(KERNEL_GRAD.length), (params, locals) => {
    const p = named(KERNEL_GRAD, params);
    const [image, row, from, ky, kx, at, to, oy, ox, start] = locals('iiiiiiiiii');
    const [rows, positions] = locals('ii');
    const here = (array: Local): Code => i32.add(array, at);
    const operands = { ...p, rows, positions, x: here(from), dy: here(p.dy), dKernel: here(to) };
    const sums = (lanes: number): Code => (lanes === 4 ? full : rest)(...SUMS.map((name) => operands[name]));
    const oneBlock = [
      positions.set(min(i32.sub(p.positions, ox), p.block)),
      row.set(i32.add(start, i32.mul(ox, pixel * stride))),
      to.set(p.dKernel),
      forRange(ky, 0, p.down, down, [
        from.set(row),
        forRange(kx, 0, p.across, across, [
          eachVector(channels, at, sums),
          advance(from, pixel * dilation * across),
          advance(to, pixel * across * down),
        ]),
        advance(row, i32.mul(p.tapRow, down)),
      ]),
      advance(p.dy, i32.mul(i32.mul(rows, positions), pixel)),
    ];
    return [
      memory.fill(p.dKernel, 0, i32.mul(i32.mul(p.down, p.across), pixel)),
      eachImage(
        p,
        image,
        copy,
        start.set(image),
        forRange(oy, 0, p.rows, p.blockRows, [
          rows.set(min(i32.sub(p.rows, oy), p.blockRows)),
          forRange(ox, 0, p.positions, p.block, oneBlock),
          advance(start, i32.mul(p.rowStep, rows)),
        ]),
      ),
    ];
  });
}
