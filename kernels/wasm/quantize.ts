import type { Kernels } from '../kernels.ts';
import type { Local } from './assembler.ts';
import type { Code, Value } from './code.ts';
import type { Engine } from './engine.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { type MapShape, mapSlot } from './map.ts';
import type { Work } from './work.ts';

/**
 * Between numbers and their int8 codes. Rounding is adding 1.5·2²³: the sum has no bits behind the point, it is rounded
 * half to even, and its bits are those of 1.5·2²³ plus the integer. Before it, numbers are clamped to a range in which
 * that holds; after it, the conversion to 8 bits saturates. Zero points come as floats.
 */
const ROUND = 12582912;

/** Four floats, from -limit to limit, rounded to integers, plus the zero point; of NaN, anything. */
function rounded(work: Work, x: Value, limit: number, zeroPoint: Local): Code {
  const offset = work.constant('offset', () => i32x4.sub(work.f32(ROUND), i32x4.truncSatF32x4S(zeroPoint)));
  const within = f32x4.pmax(f32x4.pmin(x, work.f32(limit)), work.f32(-limit));
  return i32x4.sub(f32x4.add(within, work.f32(ROUND)), offset);
}

/** x/scale as a code; NaN counts as 0. */
function quotient(work: Work, x: Local, scale: Local, limit: number, zeroPoint: Local): Code {
  const y = work.step(f32x4.div(x, scale));
  return rounded(work, v128.and(y, f32x4.eq(y, y)), limit, zeroPoint);
}

/** (x + bias)·scale of sums and columns. */
const real = (x: Local, bias: Local, scale: Local): Code => f32x4.mul(f32x4.convertI32x4S(i32x4.add(x, bias)), scale);

const COLUMNS: MapShape = { inputs: ['words', 'words', 'words'], rows: 'columns' };

type Quantizer = 'quantize' | 'quantizeColumns' | 'dequantize' | 'requantize' | 'dequantizeColumns';

export function quantizers(engine: Engine): Pick<Kernels, Quantizer> {
  const { heap } = engine;
  const quantize = mapSlot(engine, { inputs: ['words'], scalars: 2, output: 'codes' }, (work, x, scale, zeroPoint) =>
    quotient(work, x, scale, 1024, zeroPoint),
  );
  const quantizeColumns = mapSlot(
    engine,
    { inputs: ['words', 'words'], output: 'codes', rows: 'columns' },
    (work, x, scale) => quotient(work, x, scale, 127, work.f32(0)),
  );
  const dequantize = mapSlot(engine, { inputs: ['codes'], scalars: 2 }, (work, q, scale, zeroPoint) => {
    const zero = work.constant('zero', () => i32x4.truncSatF32x4S(zeroPoint));
    return f32x4.mul(f32x4.convertI32x4S(i32x4.sub(q, zero)), scale);
  });
  const requantize = mapSlot(
    engine,
    { ...COLUMNS, scalars: 2, output: 'codes' },
    (work, x, bias, scale, zeroPoint, low) => {
      const y = work.step(real(x, bias, scale));
      const least = work.constant('least', () => i32x4.truncSatF32x4S(low));
      // NaN gives 0, whatever the zero point.
      return v128.and(i32x4.maxS(rounded(work, y, 1024, zeroPoint), least), f32x4.eq(y, y));
    },
  );
  const dequantizeColumns = mapSlot(engine, COLUMNS, (_, x, bias, scale) => real(x, bias, scale));
  return {
    quantize: (n, x, scale, zeroPoint, q) =>
      heap.done(quantize.fn(n, heap.read(x, n), scale, zeroPoint, heap.write(q, n))),
    quantizeColumns: (rows, cols, x, scales, q) => {
      const [xAt, scalesAt] = [heap.read(x, rows * cols), heap.read(scales, cols)];
      heap.done(quantizeColumns.fn(rows, cols, xAt, scalesAt, heap.write(q, rows * cols)));
    },
    dequantize: (n, q, scale, zeroPoint, y) =>
      heap.done(dequantize.fn(n, heap.read(q, n), scale, zeroPoint, heap.write(y, n))),
    requantize: (rows, cols, acc, bias, scales, zeroPoint, low, y) => {
      const [accAt, biasAt, scalesAt] = [heap.read(acc, rows * cols), heap.read(bias, cols), heap.read(scales, cols)];
      heap.done(requantize.fn(rows, cols, accAt, biasAt, scalesAt, zeroPoint, low, heap.write(y, rows * cols)));
    },
    dequantizeColumns: (rows, cols, acc, bias, scales, y) => {
      const [accAt, biasAt, scalesAt] = [heap.read(acc, rows * cols), heap.read(bias, cols), heap.read(scales, cols)];
      heap.done(dequantizeColumns.fn(rows, cols, accAt, biasAt, scalesAt, heap.write(y, rows * cols)));
    },
  };
}
