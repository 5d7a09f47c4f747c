import { cpu } from '../cpu/cpu.ts';
import type { Kernels } from '../kernels.ts';
import { type Assembler, type Callee, type Frame, type Local, sequence, when } from './assembler.ts';
import type { Code } from './code.ts';
import type { Engine } from './engine.ts';
import { type EightLanes, eightLanes, type Row, rowExtreme, rowOf } from './lanes.ts';
import { exp4, log4 } from './math.ts';
import { f32, i32 } from './scalars.ts';
import { f32x4, v128 } from './vectors.ts';

/**
 * Softmax and its relatives. A row is read for its maximum, then for the exponentials and their sum, then for the result.
 * Lanes beyond its end give +0 to sums by a mask, since in a row with NaN or infinities their exponentials are NaN.
 */

/** What the kernels do with the row of n numbers at x. */
interface SoftmaxRow {
  readonly row: Row;
  readonly lanes: EightLanes;
  readonly prepare: Code;
  /** Finds the maximum and the sum of the exponentials, which are stored at y, but for those of the rest. */
  readonly start: Code;
  /** In all lanes. */
  readonly max: Local;
  readonly sum: Local;
  /** The rest's exponentials. */
  readonly rest: Local;
  /** x - max. */
  readonly shifted: (at: Local) => Code;
}

const loadAt = (array: Local, at: Local): Code => v128.load(i32.add(array, at));
const splat = (total: Code): Code => f32x4.splat(f32.demoteF64(total));

function softmaxRow(frame: Frame, n: Local, x: Local, y?: Local): SoftmaxRow {
  const [row, lanes, exp] = [rowOf(frame, n), eightLanes(frame), exp4(frame)];
  const [max, sum, e, rest] = frame.locals('v128', 4) as [Local, Local, Local, Local];
  const shifted = (at: Local): Code => f32x4.sub(loadAt(x, at), max);
  const start = sequence(
    max.set(rowExtreme(frame, row, x, true)),
    lanes.clear,
    row.each(
      (at) =>
        sequence(
          e.set(exp.apply(shifted(at))),
          ...(y === undefined ? [] : [v128.store(i32.add(y, at), e)]),
          lanes.add(e),
        ),
      (at) => sequence(rest.set(v128.and(exp.apply(shifted(at)), row.mask)), lanes.add(rest)),
    ),
    sum.set(splat(lanes.total)),
  );
  return { row, lanes, prepare: exp.prepare, start, max, sum, rest, shifted };
}

/** With `sums`, the rows' denominators are stored there. */
function writeSoftmax(assembler: Assembler): Callee {
  return assembler.func('softmax', ['rows', 'n', 'x', 'y', 'sums'], ({ rows, n, x, y, sums }, frame) => {
    const { row, prepare, start, sum, rest } = softmaxRow(frame, n, x, y);
    const body = sequence(
      start,
      when(sums, sequence(v128.store32Lane(0, sums, sum), sums.set(i32.add(sums, 4)))),
      row.each(
        (at) => v128.store(i32.add(y, at), f32x4.div(loadAt(y, at), sum)),
        (at) => sequence(rest.set(f32x4.div(rest, sum)), row.storeRest(i32.add(y, at), rest)),
      ),
    );
    return sequence(prepare, row.over(rows, [x, y], [], body));
  });
}

function writeLogSoftmax(assembler: Assembler): void {
  assembler.func('logSoftmax', ['rows', 'n', 'x', 'y'], ({ rows, n, x, y }, frame) => {
    const { row, prepare, start, sum, rest, shifted } = softmaxRow(frame, n, x);
    const log = log4(frame);
    const subtract = row.each(
      (at) => v128.store(i32.add(y, at), f32x4.sub(shifted(at), sum)),
      (at) => sequence(rest.set(f32x4.sub(shifted(at), sum)), row.storeRest(i32.add(y, at), rest)),
    );
    const body = sequence(start, sum.set(log.apply(sum)), subtract);
    return sequence(prepare, log.prepare, row.over(rows, [x, y], [], body));
  });
}

function writeLogSumExp(assembler: Assembler): void {
  assembler.func('logSumExp', ['rows', 'n', 'x', 'y'], ({ rows, n, x, y }, frame) => {
    const { row, prepare, start, sum, max } = softmaxRow(frame, n, x);
    const log = log4(frame);
    const isReal = f32x4.lt(f32x4.abs(max), f32x4.splat(f32.const(Infinity)));
    const body = sequence(
      start,
      sum.set(v128.bitselect(f32x4.add(max, log.apply(sum)), max, isReal)),
      v128.store32Lane(0, y, sum),
    );
    return sequence(prepare, log.prepare, row.over(rows, [x], [y], body));
  });
}

/**
 * In three walks, so that logarithms are taken of four rows at once: rows of ten take a third less time than with one
 * logarithm each (Node 20). The last walk finds the maxima again.
 */
function writeCrossEntropy(assembler: Assembler): void {
  const softmax = writeSoftmax(assembler);
  const logs = assembler.func('logs', ['n', 'x'], ({ n, x }, frame) => {
    const [row, log] = [rowOf(frame, n), log4(frame)];
    const y = frame.local('v128');
    const one = row.each(
      (at) => v128.store(i32.add(x, at), log.apply(loadAt(x, at))),
      (at) => sequence(y.set(log.apply(loadAt(x, at))), row.storeRest(i32.add(x, at), y)),
    );
    return sequence(log.prepare, row.prepare, one);
  });
  const losses = assembler.func('losses', ['rows', 'n', 'z', 't', 'loss'], ({ rows, n, z, t, loss }, frame) => {
    const [row, lanes] = [rowOf(frame, n), eightLanes(frame)];
    const [max, logSum, target] = frame.locals('v128', 3) as [Local, Local, Local];
    /** Terms with t = 0 become +0, which changes no lane: lanes begin with +0 and are never -0. */
    const terms = (at: Local): Code =>
      sequence(
        target.set(loadAt(t, at)),
        v128.and(
          f32x4.mul(target, f32x4.sub(logSum, f32x4.sub(loadAt(z, at), max))),
          f32x4.ne(target, f32x4.splat(f32.const(0))),
        ),
      );
    const body = sequence(
      max.set(rowExtreme(frame, row, z, true)),
      logSum.set(v128.load32Splat(loss)),
      lanes.clear,
      row.each(
        (at) => lanes.add(terms(at)),
        (at) => lanes.add(v128.and(terms(at), row.mask)),
      ),
      f32.store(loss, f32.demoteF64(lanes.total)),
    );
    return row.over(rows, [z, t], [loss], body);
  });
  assembler.func('loss', ['rows', 'n', 'z', 't', 'p', 'loss'], ({ rows, n, z, t, p, loss }) =>
    sequence(softmax(rows, n, z, p, loss), logs(rows, loss), losses(rows, n, z, t, loss)),
  );
  assembler.func('grad', ['rows', 'n', 'p', 't', 'g', 'dz'], ({ rows, n, p, t, g, dz }, frame) => {
    const [row, lanes] = [rowOf(frame, n), eightLanes(frame)];
    const [gAll, gSum, rest] = frame.locals('v128', 3) as [Local, Local, Local];
    const difference = (at: Local): Code => f32x4.sub(f32x4.mul(loadAt(p, at), gSum), f32x4.mul(loadAt(t, at), gAll));
    const body = sequence(
      lanes.clear,
      row.each(
        (at) => lanes.add(loadAt(t, at)),
        (at) => lanes.add(v128.and(loadAt(t, at), row.mask)),
      ),
      gAll.set(v128.load32Splat(g)),
      gSum.set(f32x4.mul(gAll, splat(lanes.total))),
      row.each(
        (at) => v128.store(i32.add(dz, at), difference(at)),
        (at) => sequence(rest.set(difference(at)), row.storeRest(i32.add(dz, at), rest)),
      ),
    );
    return row.over(rows, [p, t, dz], [g], body);
  });
}

export function rows(
  engine: Engine,
): Pick<Kernels, 'softmax' | 'logSoftmax' | 'logSumExp' | 'softmaxCrossEntropy' | 'softmaxCrossEntropyGrad'> {
  const { heap } = engine;
  const { softmax } = engine.module(['softmax'], writeSoftmax);
  const { logSoftmax } = engine.module(['logSoftmax'], writeLogSoftmax);
  const { logSumExp } = engine.module(['logSumExp'], writeLogSumExp);
  const { loss: lossSlot, grad } = engine.module(['loss', 'grad'], writeCrossEntropy);
  return {
    softmax: (rows, n, x, y) => {
      softmax.fn(rows, n, heap.read(x, rows * n), heap.write(y, rows * n), 0);
      heap.done();
    },
    logSoftmax: (rows, n, x, y) => {
      logSoftmax.fn(rows, n, heap.read(x, rows * n), heap.write(y, rows * n));
      heap.done();
    },
    logSumExp: (outer, n, inner, x, y) => {
      if (inner !== 1) {
        if (!engine.refusesTypeScript()) cpu.logSumExp(outer, n, inner, x, y);
        return;
      }
      logSumExp.fn(outer, n, heap.read(x, outer * n), heap.write(y, outer));
      heap.done();
    },
    softmaxCrossEntropy: (rows, n, z, t, p, loss) => {
      const size = rows * n;
      const [zAt, tAt, pAt] = [heap.read(z, size), heap.read(t, size), heap.write(p, size)];
      lossSlot.fn(rows, n, zAt, tAt, pAt, heap.write(loss, rows));
      heap.done();
    },
    softmaxCrossEntropyGrad: (rows, n, p, t, g, dz) => {
      const size = rows * n;
      grad.fn(rows, n, heap.read(p, size), heap.read(t, size), heap.read(g, rows), heap.write(dz, size));
      heap.done();
    },
  };
}
