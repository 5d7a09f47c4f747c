import { type Assembler, doWhile, forRange, type Local, sequence, when } from './assembler.ts';
import type { Code, Value } from './code.ts';
import { f32, i32 } from './scalars.ts';
import { storeBytes } from './stores.ts';
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

/** The vectors to store in one turn, `count` of them. Within it, `x`, `bias` and `scales` are where the turn begins. */
type Turn = (work: Work, count: number) => readonly Code[];

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
      const results = write(work, { ...params, bias, scales });
      const advance = (address: Local, bytes: Value): Code => address.set(i32.add(address, bytes));
      const lanes = 16 / to;
      const turn = (count: number): Code => {
        const own = work.apart();
        const [first, ...more] = results(own, count).map((result) => own.step(result)) as [Local, ...Local[]];
        const part = sequence(at.set(y), storeBytes(i32.mul(left, to), at, first, to));
        const whole = v128.store(y, first);
        return own.finish(
          count === 1 ? when(i32.geS(left, lanes), whole, part) : whole,
          ...more.map((result, v) => v128.store(y, result, 16 * v + 16)),
          advance(x, from * lanes * count),
          advance(bias, 4 * lanes * count),
          advance(scales, 4 * lanes * count),
          advance(y, 16 * count),
        );
      };
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
          to === 1 ? sequence() : when(i32.geS(left, 16), doWhile(i32.geS(left.tee(i32.sub(left, 16)), 16), turn(4))),
          when(i32.gtS(left, 0), doWhile(i32.gtS(left.tee(i32.sub(left, lanes)), 0), turn(1))),
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
  return (turn, count) => turn.inTurn(count, (_, v) => f32x4.mul(f32x4.convertI32x4S(i32x4.sub(code(v), zero)), by));
}

export const QUANTIZERS = ['quantize', 'quantizeColumns', 'requantize', 'dequantize', 'dequantizeColumns'] as const;

export function writeQuantizers(assembler: Assembler): void {
  addRows(assembler, 'quantize', 4, 1, quantize);
  addRows(assembler, 'quantizeColumns', 4, 1, quantizeColumns);
  addRows(assembler, 'requantize', 4, 1, requantize);
  addRows(assembler, 'dequantize', 1, 4, dequantize);
  addRows(
    assembler,
    'dequantizeColumns',
    4,
    4,
    (_, params) => (turn, count) => turn.inTurn(count, (_, v) => real(params, v)),
  );
}
