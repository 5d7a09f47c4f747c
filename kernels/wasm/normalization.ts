import type { NormalizationKernels } from '../interface/normalization.ts';
import { type AddFunction, type Callee, forRange, type Local, type NewLocals, when } from './assembler.ts';
import type { Code, Value } from './code.ts';
import { pairAt } from './columns.ts';
import type { Engine } from './engine.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as f64 from './instructions/f64.ts';
import * as f64x2 from './instructions/f64x2.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';
import { loadAt, type Row, rowMoments, rowOf } from './lanes.ts';
import { writeColumnSums } from './reductions.ts';
import { growingScratch } from './scratch.ts';

/**
 * Normalizations: what is the same for a column is computed once and stored, then rows are read as they lie. Along a row it
 * stands in all lanes.
 */

const splat = (value: number): Code => f32x4.splat(f32.constant(value));

/** deviation⁻¹ of four variances. */
const inverse = (variance: Value, epsilon: Local): Code =>
  f32x4.div(splat(1), f32x4.sqrt(f32x4.add(variance, f32x4.splat(epsilon))));

/** (x - mean)·by */
const scaled = (x: Value, mean: Value, by: Value): Code => f32x4.mul(f32x4.sub(x, mean), by);

/** scale·((dy - shift) - z·slope) */
const slopeOf = (scale: Value, dy: Value, shift: Value, z: Value, slope: Value): Code =>
  f32x4.mul(scale, f32x4.sub(f32x4.sub(dy, shift), f32x4.mul(z, slope)));

// Down columns -------------------------------------------------------------------------------------------------------

/**
 * Adds (n, variance, gamma, beta, inverses, scales, shifts, epsilon): what each column is multiplied with, without gamma (0)
 * and with it, and what is then added: without beta (0) it is -0, which changes nothing. With `shifts` 0 there is none.
 */
const addScales = (func: AddFunction): Callee =>
  func('iiiiiiif', ([n, variance, gamma, beta, inverses, scales, shifts, epsilon], locals) => {
    const [end, at] = locals('ii');
    const [x] = locals('v');
    const here = (array: Local): Code => i32.add(array, at);
    return [
      end.set(i32.shl(n, 2)),
      forRange(at, 0, end, 16, [
        v128.store(here(inverses), x.tee(inverse(v128.load(here(variance)), epsilon))),
        when(gamma, x.set(f32x4.mul(v128.load(here(gamma)), x))),
        v128.store(here(scales), x),
        when(shifts, [x.set(splat(-0)), when(beta, x.set(v128.load(here(beta)))), v128.store(here(shifts), x)]),
      ]),
    ];
  });

/** Adds (rows, n, x, mean, variance, gamma, beta, y, inverses, scales, shifts, epsilon). */
function writeBatchNorm(func: AddFunction): void {
  const prepareScales = addScales(func);
  func('iiiiiiiiiiif', (params, locals) => {
    const [rows, n, x, mean, variance, gamma, beta, y, inverses, scales, shifts, epsilon] = params;
    const row = rowOf(locals, n);
    return [
      prepareScales(n, variance, gamma, beta, inverses, scales, shifts, epsilon),
      row.over(
        rows,
        [x, y],
        [],
        row.each((part) => {
          const load = (array: Local): Code => loadAt(array, part);
          return part.store(y, f32x4.add(scaled(load(x), load(mean), load(scales)), load(shifts)));
        }),
      ),
    ];
  });
}

/**
 * Adds (rows, n, x, mean, variance, gamma, dy, dx, dGamma, dBeta, inverses, scales, shifts, slopes, epsilon). What is summed for
 * dGamma is written to dx first, four numbers at a time: a sum down columns takes them in twos.
 */
function writeBatchNormGrad(func: AddFunction): void {
  const prepareScales = addScales(func);
  const sum = writeColumnSums(func, false);
  func('iiiiiiiiiiiiiif', (params, locals) => {
    const [rows, n, x, mean, variance, gamma, dy, dx, dGamma, dBeta, inverses, scales, shifts, slopes, epsilon] =
      params;
    const [end, at, left] = locals('iii');
    const [count, z] = locals('vv');
    const places = locals('iii').slice(0, 3) as [Local, Local, Local];
    const [xAt, dyAt, dxAt] = places;
    const row = rowOf(locals, n);
    const share = (to: Local, from: Local): Code =>
      v128.store64Lane(0, i32.add(to, at), f32x4.demoteF64x2Zero(f64x2.div(pairAt(i32.add(from, at), 0), count)));
    /** Writes dx, from z in its local. */
    const eachNumber = (value: (load: (array: Local) => Code) => Code): Code => [
      [x, dy, dx].map((array, i) => places[i]!.set(array)),
      left.set(rows),
      row.over(
        left,
        places,
        [],
        row.each((part) => {
          const load = (array: Local): Code => loadAt(array, part);
          return [z.set(scaled(load(xAt), load(mean), load(inverses))), part.store(dxAt, value(load))];
        }),
      ),
    ];
    const add = (array: Local, to: Local): Code => sum(1, rows, n, array, to, f64.constant(1));
    return [
      prepareScales(n, variance, gamma, 0, inverses, scales, 0, epsilon),
      eachNumber((load) => f32x4.mul(load(dyAt), z)),
      add(dy, dBeta),
      add(dx, dGamma),
      count.set(f64x2.splat(f64.convertI32S(rows))),
      end.set(i32.shl(n, 2)),
      forRange(at, 0, end, 8, [share(shifts, dBeta), share(slopes, dGamma)]),
      eachNumber((load) => slopeOf(load(scales), load(dyAt), load(shifts), z, load(slopes))),
    ];
  });
}

// Along rows ---------------------------------------------------------------------------------------------------------

/** Finds the mean of the row of n at x and deviation⁻¹, in all lanes. */
function momentsOf(locals: NewLocals, row: Row, n: Local, x: Local, epsilon: Local) {
  const { find, mean: exact, length, lanes } = rowMoments(locals, row, n, x);
  const [mean, inverted] = locals('vv');
  return {
    find: [
      find,
      mean.set(f32x4.splat(f32.demoteF64(f64x2.extractLane(0, exact)))),
      inverted.set(inverse(f32x4.splat(f32.demoteF64(f64.div(lanes.total, length))), epsilon)),
    ],
    mean,
    inverted,
    lanes,
    length,
  };
}

/** Adds (rows, n, x, y, epsilon). */
function writeStandardize(func: AddFunction): void {
  func('iiiif', ([rows, n, x, y, epsilon], locals) => {
    const row = rowOf(locals, n);
    const { find, mean, inverted } = momentsOf(locals, row, n, x, epsilon);
    const body = [find, row.each((part) => part.store(y, scaled(loadAt(x, part), mean, inverted)))];
    return row.over(rows, [x, y], [], body);
  });
}

/** Adds (rows, n, x, dy, dx, epsilon). */
function writeStandardizeGrad(func: AddFunction): void {
  func('iiiiif', ([rows, n, x, dy, dx, epsilon], locals) => {
    const row = rowOf(locals, n);
    const { find, mean, inverted, lanes, length } = momentsOf(locals, row, n, x, epsilon);
    const [shift, slope, z] = locals('vvv');
    const share = f32x4.splat(f32.demoteF64(f64.div(lanes.total, length)));
    const body = [
      find,
      lanes.clear,
      row.each((part) => lanes.add(part.within(loadAt(dy, part)))),
      shift.set(share),
      lanes.clear,
      row.each((part) => [
        z.set(scaled(loadAt(x, part), mean, inverted)),
        lanes.add(part.within(f32x4.mul(loadAt(dy, part), z))),
      ]),
      slope.set(share),
      row.each((part) => [
        z.set(scaled(loadAt(x, part), mean, inverted)),
        part.store(dx, slopeOf(inverted, loadAt(dy, part), shift, z, slope)),
      ]),
    ];
    return row.over(rows, [x, dy, dx], [], body);
  });
}

export function normalization(engine: Engine): NormalizationKernels<Float32Array> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const batchNorm = engine.kernel(writeBatchNorm);
  const batchNormGrad = engine.kernel(writeBatchNormGrad);
  const standardize = engine.kernel(writeStandardize);
  const standardizeGrad = engine.kernel(writeStandardizeGrad);
  /** Places of `count` arrays of n numbers each, in whole vectors; null where there is no room. */
  const arrays = (count: number, n: number): number[] | null => {
    const bytes = 16 * Math.ceil(n / 4);
    const at = scratch(count * bytes);
    return at === 0 ? null : Array.from({ length: count }, (_, i) => at + i * bytes);
  };
  return {
    batchNorm: (rows, n, x, mean, variance, gamma, beta, epsilon, y) => {
      const stored = arrays(3, n);
      if (stored === null) return engine.orElse.batchNorm(rows, n, x, mean, variance, gamma, beta, epsilon, y);
      const xAt = args.read(x, rows * n);
      const meanAt = args.read(mean, n);
      const varianceAt = args.read(variance, n);
      const gammaAt = gamma === null ? 0 : args.read(gamma, n);
      const betaAt = beta === null ? 0 : args.read(beta, n);
      const yAt = args.write(y, rows * n);
      args.done(batchNorm.fn(rows, n, xAt, meanAt, varianceAt, gammaAt, betaAt, yAt, ...stored, epsilon));
    },
    batchNormGrad: (rows, n, x, mean, variance, gamma, epsilon, dy, dx, dGamma, dBeta) => {
      const stored = arrays(4, n);
      if (stored === null)
        return engine.orElse.batchNormGrad(rows, n, x, mean, variance, gamma, epsilon, dy, dx, dGamma, dBeta);
      const operands = [
        args.read(x, rows * n),
        args.read(mean, n),
        args.read(variance, n),
        gamma === null ? 0 : args.read(gamma, n),
        args.read(dy, rows * n),
        args.write(dx, rows * n),
        args.write(dGamma, n),
        args.write(dBeta, n),
      ];
      args.done(batchNormGrad.fn(rows, n, ...operands, ...stored, epsilon));
    },
    standardize: (rows, n, x, epsilon, y) =>
      args.done(standardize.fn(rows, n, args.read(x, rows * n), args.write(y, rows * n), epsilon)),
    standardizeGrad: (rows, n, x, epsilon, dy, dx) => {
      const xAt = args.read(x, rows * n);
      const dyAt = args.read(dy, rows * n);
      args.done(standardizeGrad.fn(rows, n, xAt, dyAt, args.write(dx, rows * n), epsilon));
    },
  };
}
