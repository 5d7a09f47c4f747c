import type { IntegerKernels } from '../interface/integers.ts';
import { packedBytes } from '../packing.ts';
import type { Local } from './assembler.ts';
import type { Code, Value } from './code.ts';
import type { Engine } from './engine.ts';
import { SCRATCH_BYTES, writeGemm } from './gemm-int8.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { writeDequantizeRows, writeLookUp, writeRowFormats } from './integer-rows.ts';
import { type MapShape, mapSlot } from './map.ts';
import { scratchOf, slotsByTail } from './products.ts';
import { ROUND } from './requantized.ts';
import { whole } from './whole.ts';
import type { Work } from './work.ts';

/**
 * Between numbers and their int8 codes. Rounding is adding 1.5·2²³: the sum has no bits behind the point, it is rounded
 * half to even, and its bits are those of 1.5·2²³ plus the integer. Before it, numbers are clamped to a range in which
 * that holds; after it, the conversion to 8 bits saturates. Zero points come as floats.
 */

/** What `rounded` takes off again: the bits of 1.5·2²³ without a zero point. */
const offsetOf = (work: Work, zeroPoint: Local): Local =>
  work.constant('offset', () => i32x4.sub(work.f32(ROUND), i32x4.truncSatF32x4S(zeroPoint)));

/** Four floats, from -limit to limit, rounded to integers, plus the zero point of an offset; of NaN, anything. */
function rounded(work: Work, x: Value, limit: number, offset: Local): Code {
  const within = f32x4.pmax(f32x4.pmin(x, work.f32(limit)), work.f32(-limit));
  return i32x4.sub(f32x4.add(within, work.f32(ROUND)), offset);
}

/** x/scale as a code; NaN counts as 0. */
function quotient(work: Work, x: Local, scale: Local, limit: number, offset: Local): Code {
  const y = work.step(f32x4.div(x, scale));
  return rounded(work, v128.and(y, f32x4.eq(y, y)), limit, offset);
}

/** (x + bias)·scale of sums and columns. */
const real = (x: Local, bias: Local, scale: Local): Code => f32x4.mul(f32x4.convertI32x4S(i32x4.add(x, bias)), scale);

const COLUMNS: MapShape = { inputs: ['words', 'words', 'words'], rows: 'columns' };

export function integers(engine: Engine): Partial<IntegerKernels> {
  const { args } = engine;
  const quantize = mapSlot(engine, { inputs: ['words'], scalars: 2, output: 'codes' }, (work, x, scale, zeroPoint) =>
    quotient(work, x, scale, 1024, offsetOf(work, zeroPoint)),
  );
  const quantizeColumns = mapSlot(
    engine,
    { inputs: ['words', 'words'], output: 'codes', rows: 'columns' },
    (work, x, scale) => quotient(work, x, scale, 127, offsetOf(work, work.f32(0))),
  );
  const dequantize = mapSlot(engine, { inputs: ['codes'], scalars: 2 }, (work, q, scale, zeroPoint) => {
    const zero = work.constant('zero', () => i32x4.truncSatF32x4S(zeroPoint));
    return f32x4.mul(f32x4.convertI32x4S(i32x4.sub(q, zero)), scale);
  });
  const requantize = mapSlot(
    engine,
    { ...COLUMNS, scalars: 3, output: 'codes' },
    (work, x, bias, scale, zeroPoint, low, high) => {
      const y = work.step(real(x, bias, scale));
      const least = work.constant('least', () => i32x4.truncSatF32x4S(low));
      const most = work.constant('most', () => i32x4.truncSatF32x4S(high));
      // NaN gives 0, whatever the zero point.
      return v128.and(
        i32x4.minS(i32x4.maxS(rounded(work, y, 1024, offsetOf(work, zeroPoint)), least), most),
        f32x4.eq(y, y),
      );
    },
  );
  const addInt8 = mapSlot(
    engine,
    { inputs: ['codes', 'codes'], scalars: 6, output: 'codes' },
    (work, a, b, aScale, aZeroPoint, bScale, bZeroPoint, scale, zeroPoint) => {
      const value = (q: Local, name: string, qScale: Local, qZeroPoint: Local): Code => {
        const zero = work.constant(name, () => i32x4.truncSatF32x4S(qZeroPoint));
        return f32x4.mul(f32x4.convertI32x4S(i32x4.sub(q, zero)), qScale);
      };
      const sum = f32x4.add(value(a, 'zero of a', aScale, aZeroPoint), value(b, 'zero of b', bScale, bZeroPoint));
      return quotient(work, work.step(sum), scale, 1024, offsetOf(work, zeroPoint));
    },
  );
  const dequantizeColumns = mapSlot(engine, COLUMNS, (_, x, bias, scale) => real(x, bias, scale));
  const rowFormats = engine.kernel(writeRowFormats);
  const quantizeRows = mapSlot(
    engine,
    { inputs: ['words', 'words', 'words'], output: 'codes', rows: 'free' },
    (work, x, scale, zeroPoint) => quotient(work, x, scale, 1024, work.step(i32x4.sub(work.f32(ROUND), zeroPoint))),
  );
  const dequantizeRows = engine.kernel(writeDequantizeRows);
  const lookUp = engine.kernel(writeLookUp);
  const products = slotsByTail(engine, writeGemm);
  const scratch = scratchOf(engine, SCRATCH_BYTES);
  return {
    ...whole(engine),
    lookUp: (n, q, table, y) => {
      const qAt = args.read(q, n);
      const tableAt = args.read(table, 256);
      args.done(lookUp.fn(n, qAt, tableAt, args.write(y, n)));
    },
    quantizeRows: (rows, cols, x, scales, zeroPoints, q) => {
      const xAt = args.read(x, rows * cols);
      const scalesAt = args.write(scales, rows);
      const zeroPointsAt = args.write(zeroPoints, rows);
      const qAt = args.write(q, rows * cols);
      rowFormats.fn(rows, cols, xAt, scalesAt, zeroPointsAt);
      // A row of x goes on, its scale and its zero point are one number each.
      args.done(quantizeRows.fn(rows, cols, xAt, 4 * cols, 1, scalesAt, 4, 0, zeroPointsAt, 4, 0, qAt));
    },
    dequantizeRows: (rows, each, cols, acc, rowScales, zeroPoints, sums, scales, bias, y) => {
      const accAt = args.read(acc, rows * cols);
      const formats = rows === 0 ? 0 : Math.ceil(rows / each);
      const rowScalesAt = args.read(rowScales, formats);
      const zeroPointsAt = args.read(zeroPoints, formats);
      const sumsAt = args.read(sums, cols);
      const scalesAt = args.read(scales, cols);
      const biasAt = bias === null ? 0 : args.read(bias, cols);
      const yAt = args.write(y, rows * cols);
      const columns = [sumsAt, scalesAt, biasAt];
      args.done(dequantizeRows.fn(rows, each, cols, accAt, rowScalesAt, zeroPointsAt, ...columns, yAt));
    },
    gemmInt8: (m, n, k, a, packed, c) => {
      const scratchAt = scratch();
      const packedAt = args.read(packed, packedBytes(k, n));
      const aAt = args.read(a, m * k);
      const cAt = args.write(c, m * n);
      args.done(products[n & 15]!.fn(m, n, k, aAt, packedAt, cAt, scratchAt));
    },
    quantize: (n, x, scale, zeroPoint, q) =>
      args.done(quantize.fn(n, args.read(x, n), scale, zeroPoint, args.write(q, n))),
    quantizeColumns: (rows, cols, x, scales, q) => {
      const xAt = args.read(x, rows * cols);
      const scalesAt = args.read(scales, cols);
      args.done(quantizeColumns.fn(rows, cols, xAt, scalesAt, args.write(q, rows * cols)));
    },
    dequantize: (n, q, scale, zeroPoint, y) =>
      args.done(dequantize.fn(n, args.read(q, n), scale, zeroPoint, args.write(y, n))),
    requantize: (rows, cols, acc, bias, scales, zeroPoint, low, high, y) => {
      const accAt = args.read(acc, rows * cols);
      const biasAt = args.read(bias, cols);
      const scalesAt = args.read(scales, cols);
      args.done(requantize.fn(rows, cols, accAt, biasAt, scalesAt, zeroPoint, low, high, args.write(y, rows * cols)));
    },
    addInt8: (n, a, aScale, aZeroPoint, b, bScale, bZeroPoint, scale, zeroPoint, y) => {
      const aAt = args.read(a, n);
      const bAt = args.read(b, n);
      const yAt = args.write(y, n);
      args.done(addInt8.fn(n, aAt, bAt, aScale, aZeroPoint, bScale, bZeroPoint, scale, zeroPoint, yAt));
    },
    dequantizeColumns: (rows, cols, acc, bias, scales, y) => {
      const accAt = args.read(acc, rows * cols);
      const biasAt = args.read(bias, cols);
      const scalesAt = args.read(scales, cols);
      args.done(dequantizeColumns.fn(rows, cols, accAt, biasAt, scalesAt, args.write(y, rows * cols)));
    },
  };
}
