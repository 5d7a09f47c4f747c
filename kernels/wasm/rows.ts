import type { RowKernels } from '../interface/rows.ts';
import { type AddFunction, advance, type Callee, type Local, type NewLocals, when } from './assembler.ts';
import type { Code } from './code.ts';
import type { Engine } from './engine.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as v128 from './instructions/v128.ts';
import {
  type EightLanes,
  eightLanes,
  loadAt,
  type Part,
  pairsAt,
  type Row,
  rowExtreme,
  rowLargest,
  rowOf,
} from './lanes.ts';
import { exp4, log4 } from './math.ts';

/**
 * Softmax and its relatives. A row is read for its maximum, then for the exponentials, for their sum, and for the result. The
 * exponentials are taken of four vectors a turn, each a long chain by itself; their sum, which needs many registers too, is a
 * walk of its own: together 1.45 times as fast from 32 numbers a row on (Node 20). Lanes beyond the row's end give +0 to sums
 * by a mask, since in a row with NaN or infinities their exponentials are NaN. Where there is a NaN the sum becomes one and with
 * it each result, whatever the maximum: only logSumExp, which may be the maximum itself, asks for that of all numbers.
 */

/** What the kernels do with the row of n numbers at x. */
interface SoftmaxRow {
  readonly row: Row;
  readonly prepare: Code;
  /** Finds the maximum and the sum of the exponentials, which are stored at y, but for those of the rest. */
  readonly start: Code;
  /** In all lanes. */
  readonly max: Local;
  readonly sum: Local;
  /** The rest's exponentials. */
  readonly rest: Local;
  /** x - max. */
  readonly shifted: (part: Part) => Code;
}

const splat = ({ total }: EightLanes): Code => f32x4.splat(f32.demoteF64(total));

/** Without y the exponentials are summed as they come. */
function softmaxRow(locals: NewLocals, n: Local, x: Local, y?: Local): SoftmaxRow {
  const row = rowOf(locals, n);
  const lanes = eightLanes(locals);
  const exp = exp4(locals);
  const [max, sum, rest] = locals('vvv');
  const four = locals('vvvv').slice(0, 4);
  const shifted = (part: Part): Code => f32x4.sub(loadAt(x, part), max);
  const addKept = (part: Part): Code => (part.isRest ? lanes.add(rest) : lanes.addPairs(...pairsAt(y!, part)));
  const keep = (part: Part, e: Local): Code => (y === undefined ? lanes.add(e) : part.isRest ? [] : part.store(y, e));
  const start = [
    max.set(y === undefined ? rowExtreme(locals, row, x, true) : rowLargest(locals, row, x)),
    lanes.clear,
    row.inFours(
      (parts) => [
        parts.map((part, i) => four[i]!.set(shifted(part))),
        exp.applyAll(four),
        parts.map((part, i) => keep(part, four[i]!)),
      ],
      (part) => [rest.set(part.within(exp.apply(shifted(part)))), keep(part, rest)],
    ),
    y === undefined ? [] : row.inFours((parts) => parts.map(addKept), addKept),
    sum.set(splat(lanes)),
  ];
  return { row, prepare: exp.prepare, start, max, sum, rest, shifted };
}

/** Adds (rows, n, x, y, sums). The rows' denominators are stored at `sums`, unless it is 0. */
function writeSoftmax(func: AddFunction): Callee {
  return func('iiiii', ([rows, n, x, y, sums], locals) => {
    const { row, prepare, start, sum, rest } = softmaxRow(locals, n, x, y);
    const body = [
      start,
      when(sums, [v128.store32Lane(0, sums, sum), advance(sums, 4)]),
      row.each((part) => part.store(y, f32x4.div(part.isRest ? rest : loadAt(y, part), sum))),
    ];
    return [prepare, row.over(rows, [x, y], [], body)];
  });
}

/** Adds (rows, n, x, y). */
function writeLogSoftmax(func: AddFunction): void {
  func('iiii', ([rows, n, x, y], locals) => {
    const { row, prepare, start, sum, shifted } = softmaxRow(locals, n, x, y);
    const log = log4(locals);
    const body = [start, sum.set(log.apply(sum)), row.each((part) => part.store(y, f32x4.sub(shifted(part), sum)))];
    return [prepare, log.prepare, row.over(rows, [x, y], [], body)];
  });
}

/** Adds (rows, n, x, y). */
export function writeLogSumExp(func: AddFunction): void {
  func('iiii', ([rows, n, x, y], locals) => {
    const { row, prepare, start, sum, max } = softmaxRow(locals, n, x);
    const log = log4(locals);
    const isReal = f32x4.lt(f32x4.abs(max), f32x4.splat(f32.constant(Infinity)));
    const body = [
      start,
      sum.set(v128.bitselect(f32x4.add(max, log.apply(sum)), max, isReal)),
      v128.store32Lane(0, y, sum),
    ];
    return [prepare, log.prepare, row.over(rows, [x], [y], body)];
  });
}

/**
 * Adds (rows, n, z, t, p, loss). In three walks, so that logarithms are taken of four rows at once: rows of ten take a third
 * less time than with one logarithm each (Node 20). The last walk finds the maxima again.
 */
function writeCrossEntropy(func: AddFunction): void {
  const softmax = writeSoftmax(func);
  const logs = func('ii', ([n, x], locals) => {
    const row = rowOf(locals, n);
    const log = log4(locals);
    return [log.prepare, row.prepare, row.each((part) => part.store(x, log.apply(loadAt(x, part))))];
  });
  const losses = func('iiiii', ([rows, n, z, t, loss], locals) => {
    const row = rowOf(locals, n);
    const lanes = eightLanes(locals);
    const [max, logSum, target] = locals('vvv');
    /** Terms with t = 0 become +0, which changes no lane: lanes begin with +0 and are never -0. */
    const terms = (part: Part): Code => [
      target.set(loadAt(t, part)),
      v128.and(
        f32x4.mul(target, f32x4.sub(logSum, f32x4.sub(loadAt(z, part), max))),
        f32x4.ne(target, f32x4.splat(f32.constant(0))),
      ),
    ];
    const body = [
      max.set(rowLargest(locals, row, z)),
      logSum.set(v128.load32Splat(loss)),
      lanes.clear,
      row.each((part) => lanes.add(part.within(terms(part)))),
      f32.store(loss, f32.demoteF64(lanes.total)),
    ];
    return row.over(rows, [z, t], [loss], body);
  });
  func('iiiiii', ([rows, n, z, t, p, loss]) => [
    softmax(rows, n, z, p, loss),
    logs(rows, loss),
    losses(rows, n, z, t, loss),
  ]);
}

/** Adds (rows, n, p, t, g, dz). */
function writeCrossEntropyGrad(func: AddFunction): void {
  func('iiiiii', ([rows, n, p, t, g, dz], locals) => {
    const row = rowOf(locals, n);
    const lanes = eightLanes(locals);
    const [gAll, gSum] = locals('vv');
    const difference = (part: Part): Code =>
      f32x4.sub(f32x4.mul(loadAt(p, part), gSum), f32x4.mul(loadAt(t, part), gAll));
    const body = [
      lanes.clear,
      row.each((part) => lanes.add(part.within(loadAt(t, part)))),
      gAll.set(v128.load32Splat(g)),
      gSum.set(f32x4.mul(gAll, splat(lanes))),
      row.each((part) => part.store(dz, difference(part))),
    ];
    return row.over(rows, [p, t, dz], [g], body);
  });
}

export function rows(engine: Engine): RowKernels<Float32Array> {
  const { args } = engine;
  const softmax = engine.kernel(writeSoftmax);
  const logSoftmax = engine.kernel(writeLogSoftmax);
  const crossEntropy = engine.kernel(writeCrossEntropy);
  const grad = engine.kernel(writeCrossEntropyGrad);
  return {
    softmax: (rows, n, x, y) => args.done(softmax.fn(rows, n, args.read(x, rows * n), args.write(y, rows * n), 0)),
    logSoftmax: (rows, n, x, y) => args.done(logSoftmax.fn(rows, n, args.read(x, rows * n), args.write(y, rows * n))),
    softmaxCrossEntropy: (rows, n, z, t, p, loss) => {
      const zAt = args.read(z, rows * n);
      const tAt = args.read(t, rows * n);
      args.done(crossEntropy.fn(rows, n, zAt, tAt, args.write(p, rows * n), args.write(loss, rows)));
    },
    softmaxCrossEntropyGrad: (rows, n, p, t, g, dz) => {
      const pAt = args.read(p, rows * n);
      const tAt = args.read(t, rows * n);
      args.done(grad.fn(rows, n, pAt, tAt, args.read(g, rows), args.write(dz, rows * n)));
    },
  };
}
