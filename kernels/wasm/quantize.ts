import { type Assembler, doWhile, forRange, type Local, sequence, when } from './assembler.ts';
import type { Code, Value } from './code.ts';
import { i32 } from './scalars.ts';
import { storeBytes, storeFirst } from './stores.ts';
import { f32x4, i8x16, i16x8, i32x4, v128 } from './vectors.ts';
import { Work } from './work.ts';

/**
 * Between numbers and their int8 codes. Rounding is adding 1.5·2²³: the sum has no bits behind the point, it is rounded
 * half to even, and its bits are those of 1.5·2²³ plus the integer. Before it, numbers are clamped to a range in which
 * that holds; after it, the conversions to 16 and 8 bits saturate.
 */
const ROUND = 12582912;
const ROUND_BITS = 0x4b400000;

/** Every kernel has these parameters and uses what it needs of them. Rows lie one after the other. */
const PARAMS = ['rows', 'cols', 'x', 'bias', 'scales', 'scale', 'zeroPoint', 'low', 'y'] as const;
type Params = Readonly<Record<(typeof PARAMS)[number], Local>>;

/** The results of a turn of 16 elements: one vector of bytes, or four of floats. */
type Turn = (work: Work) => readonly Code[];

/** Goes along rows; `from` and `to` are the sizes in bytes of what x and y hold. */
function addRows(
  assembler: Assembler,
  name: string,
  from: 1 | 4,
  to: 1 | 4,
  write: (work: Work, params: Params) => Turn,
): void {
  assembler.func(
    name,
    PARAMS,
    (params, frame) => {
      const { rows, cols, x, y } = params;
      const [i, left, at, bias, scales] = frame.locals('i32', 5) as [Local, Local, Local, Local, Local];
      const work = new Work(frame);
      const turn = work.apart();
      const results = write(work, { ...params, bias, scales })(turn).map((result) => turn.step(result));
      const advance = (address: Local, bytes: Value): Code => address.set(i32.add(address, bytes));
      const body = turn.finish(
        to === 4 ? storeFirst(left, y, results) : sequence(at.set(y), storeBytes(left, at, results[0]!)),
        advance(x, 16 * from),
        advance(bias, 64),
        advance(scales, 64),
        advance(y, 16 * to),
      );
      return sequence(
        work.prepare,
        forRange(
          i,
          0,
          rows,
          1,
          left.set(cols),
          bias.set(params.bias),
          scales.set(params.scales),
          when(left, doWhile(i32.gtS(left.tee(i32.sub(left, 16)), 0), body)),
          // `left` is how far the last turn went past the end, as a negative number.
          advance(x, i32.mul(left, from)),
          advance(y, i32.mul(left, to)),
        ),
      );
    },
    { types: { scale: 'f32' } },
  );
}

/** 16 codes from four vectors of int32, saturated. */
function codes(work: Work, vector: (work: Work, v: number) => Code): Code {
  const [a, b, c, d] = work.inTurn(4, vector) as [Code, Code, Code, Code];
  return i8x16.narrowI16x8S(i16x8.narrowI32x4S(a, b), i16x8.narrowI32x4S(c, d));
}

/** Four floats, from -limit to limit, rounded to integers and added to ROUND; NaN stays. */
const rounded = (work: Work, x: Value, limit: number): Code =>
  f32x4.add(f32x4.pmax(f32x4.pmin(x, work.f32(limit)), work.f32(-limit)), work.f32(ROUND));

/** What is to be subtracted from the bits of ROUND + code to get code + zeroPoint. */
const offsetOf = (work: Work, zeroPoint: Value): Local => work.prepared(i32x4.splat(i32.sub(ROUND_BITS, zeroPoint)));

/** x/scale, clamped, as int32; NaN counts as 0. */
function quotient(work: Work, x: Value, scale: Value, limit: number, offset: Local): Code {
  const y = work.step(f32x4.div(x, scale));
  return i32x4.sub(rounded(work, v128.and(y, f32x4.eq(y, y)), limit), offset);
}

/** (x + bias)·scale of sums and columns. */
const real = ({ x, bias, scales }: Params, v: number): Code =>
  f32x4.mul(f32x4.convertI32x4S(i32x4.add(v128.load(x, 16 * v), v128.load(bias, 16 * v))), v128.load(scales, 16 * v));

function quantize(work: Work, { x, scale, zeroPoint }: Params): Turn {
  const [by, offset] = [work.prepared(f32x4.splat(scale)), offsetOf(work, zeroPoint)];
  return (turn) => [codes(turn, (one, v) => quotient(one, v128.load(x, 16 * v), by, 1024, offset))];
}

function quantizeColumns(work: Work, { x, scales }: Params): Turn {
  const offset = offsetOf(work, 0);
  return (turn) => [
    codes(turn, (one, v) => quotient(one, v128.load(x, 16 * v), v128.load(scales, 16 * v), 127, offset)),
  ];
}

function requantize(work: Work, params: Params): Turn {
  const [offset, low] = [offsetOf(work, params.zeroPoint), work.prepared(i32x4.splat(params.low))];
  return (turn) => [
    codes(turn, (one, v) => {
      const y = one.step(real(params, v));
      // NaN gives 0, whatever the zero point.
      return v128.and(i32x4.maxS(i32x4.sub(rounded(one, y, 1024), offset), low), f32x4.eq(y, y));
    }),
  ];
}

function dequantize(work: Work, { x, scale, zeroPoint }: Params): Turn {
  const [by, zero] = [work.prepared(f32x4.splat(scale)), work.prepared(i32x4.splat(zeroPoint))];
  const code = (v: number): Code => i32x4.extendLowS(i16x8.extendLowS(v128.load32Zero(x, 4 * v)));
  return (turn) => turn.inTurn(4, (_, v) => f32x4.mul(f32x4.convertI32x4S(i32x4.sub(code(v), zero)), by));
}

export const QUANTIZERS = ['quantize', 'quantizeColumns', 'requantize', 'dequantize', 'dequantizeColumns'] as const;

export function writeQuantizers(assembler: Assembler): void {
  addRows(assembler, 'quantize', 4, 1, quantize);
  addRows(assembler, 'quantizeColumns', 4, 1, quantizeColumns);
  addRows(assembler, 'requantize', 4, 1, requantize);
  addRows(assembler, 'dequantize', 1, 4, dequantize);
  addRows(assembler, 'dequantizeColumns', 4, 4, (_, params) => (turn) => turn.inTurn(4, (_, v) => real(params, v)));
}
