import type { IntegerKernels } from '../interface/integers.ts';
import type { Local } from './assembler.ts';
import type { Binary, Code, Value } from './code.ts';
import type { Engine } from './engine.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as i64x2 from './instructions/i64x2.ts';
import * as v128 from './instructions/v128.ts';
import { mapSlot } from './map.ts';
import { growingScratch } from './scratch.ts';
import type { Work } from './work.ts';

/**
 * `requantize` and `addInt8` in whole numbers. Products have 64 bits, two to a vector. A vector is shifted by one count for all its
 * lanes: where each column has a shift of its own, lanes are multiplied by powers of two, made once in a call.
 */

/** ⌊(x·y + 2³⁰)/2³¹⌋ of four lanes, if it has 32 bits: the product's bits from 31 on. */
function highProduct(work: Work, low: Binary, high: Binary, x: Local, y: Local): Code {
  const half = work.constant('2³⁰ in 64 bits', () => i64x2.extendLowU(i32x4.splat(2 ** 30)));
  const two = (product: Code): Local => work.step(i64x2.shrU(i64x2.add(product, half), 31));
  return v128.shuffle32([0, 2, 4, 6], two(low(x, y)), two(high(x, y)));
}

const signedProduct = (work: Work, x: Local, y: Local): Code =>
  highProduct(work, i64x2.extmulLowS, i64x2.extmulHighS, x, y);

/** 2^exponent as a float: the exponent stands in the bits from 23 on, with 127 more. */
const powerOf = (exponent: Value): Code => i32x4.shl(i32x4.add(exponent, i32x4.splat(127)), 23);

/**
 * What shifts multiply sums by before the first rounding, 2^max(shift, 0), and results behind it, 2^(31 + min(shift, 0)). Of 2³¹,
 * which is cut off to 2³¹ - 1, only results beyond every bound are other than they would be: those of more than 2³⁰.
 */
const leftOf = (shift: Local): Code => i32x4.truncSatF32x4S(powerOf(i32x4.maxS(shift, i32x4.splat(0))));
const rightOf = (shift: Local): Code =>
  i32x4.truncSatF32x4S(powerOf(i32x4.add(i32x4.minS(shift, i32x4.splat(0)), i32x4.splat(31))));

/** x·right/2³¹, half away from 0: of |x|, then with its sign. */
function rounded(work: Work, x: Local, right: Local): Code {
  const sign = work.step(i32x4.shrS(x, 31));
  const magnitude = work.step(i32x4.abs(x));
  const result = highProduct(work, i64x2.extmulLowU, i64x2.extmulHighU, magnitude, right);
  return i32x4.sub(v128.xor(result, sign), sign);
}

/** x·2^-right, half away from 0, for |x| < 2³⁰: what is below 0 gets 1 less than a half, so that its ties go down. */
function roundedBy(work: Work, name: string, x: Local, right: Local): Code {
  const half = work.constant(`half of ${name}`, () => i32x4.splat(i32.shrU(i32.shl(1, right), 1)));
  const isShifted = work.constant(`${name} is shifted`, () => i32x4.gtS(i32x4.splat(right), i32x4.splat(0)));
  const negative = v128.and(i32x4.shrS(x, 31), isShifted);
  return i32x4.shrS(i32x4.add(x, i32x4.add(half, negative)), right);
}

export function whole(engine: Engine): Pick<IntegerKernels, 'requantizeWhole' | 'addInt8Whole' | 'addInt8Shifted'> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const lefts = mapSlot(engine, { inputs: ['words'] }, (_, shift) => leftOf(shift));
  const rights = mapSlot(engine, { inputs: ['words'] }, (_, shift) => rightOf(shift));
  const requantize = mapSlot(
    engine,
    {
      inputs: ['words', 'words', 'words', 'words', 'words'],
      integers: 3,
      output: 'codes',
      rows: 'columns',
      vectors: 2,
    },
    (work, sum, bias, multiplier, left, right, zeroPoint, low, high) => {
      const x = work.step(i32x4.mul(i32x4.add(sum, bias), left));
      const y = work.step(rounded(work, work.step(signedProduct(work, x, multiplier)), right));
      // Bounds before the zero point, with which the largest numbers would leave 32 bits.
      const zero = work.constant('zero', () => i32x4.splat(zeroPoint));
      const least = work.constant('least', () => i32x4.sub(i32x4.splat(low), zero));
      const most = work.constant('most', () => i32x4.sub(i32x4.splat(high), zero));
      return i32x4.add(i32x4.minS(i32x4.maxS(y, least), most), zero);
    },
  );
  const add = mapSlot(
    engine,
    { inputs: ['codes', 'codes'], integers: 9, output: 'codes', vectors: 2 },
    (work, a, b, aZero, aMultiplier, aRight, bZero, bMultiplier, bRight, multiplier, right, zeroPoint) => {
      const scaled = (x: Value, name: string, factor: Local, by: Local): Local => {
        const all = work.constant(`multiplier of ${name}`, () => i32x4.splat(factor));
        return work.step(roundedBy(work, name, work.step(signedProduct(work, work.step(x), all)), by));
      };
      const value = (q: Local, name: string, zero: Local, ...by: [Local, Local]): Local => {
        const all = work.constant(`zero of ${name}`, () => i32x4.splat(zero));
        return scaled(i32x4.shl(i32x4.sub(q, all), 20), name, ...by);
      };
      const first = value(a, 'a', aZero, aMultiplier, aRight);
      const sum = i32x4.add(first, value(b, 'b', bZero, bMultiplier, bRight));
      const zero = work.constant('zero', () => i32x4.splat(zeroPoint));
      return i32x4.add(scaled(sum, 'sum', multiplier, right), zero);
    },
  );
  const shifted = mapSlot(
    engine,
    { inputs: ['codes', 'codes'], integers: 5, output: 'codes', vectors: 2 },
    (work, a, b, aMultiplier, bMultiplier, bias, shift, zeroPoint) => {
      const all = (name: string, x: Local): Local => work.constant(name, () => i32x4.splat(x));
      const first = i32x4.add(i32x4.mul(a, all('a', aMultiplier)), all('bias', bias));
      const sum = i32x4.add(first, i32x4.mul(b, all('b', bMultiplier)));
      return i32x4.add(i32x4.shrS(sum, shift), all('zero', zeroPoint));
    },
  );
  return {
    addInt8Shifted: (n, a, aMultiplier, b, bMultiplier, bias, shift, zeroPoint, y) => {
      const aAt = args.read(a, n);
      const bAt = args.read(b, n);
      const yAt = args.write(y, n);
      args.done(shifted.fn(n, aAt, bAt, aMultiplier, bMultiplier, bias, shift, zeroPoint, yAt));
    },
    requantizeWhole: (rows, cols, acc, bias, multipliers, shifts, zeroPoint, low, high, y) => {
      const leftAt = scratch(8 * cols);
      if (leftAt === 0) {
        engine.orElse.requantizeWhole(rows, cols, acc, bias, multipliers, shifts, zeroPoint, low, high, y);
        return;
      }
      const rightAt = leftAt + 4 * cols;
      const accAt = args.read(acc, rows * cols);
      const biasAt = args.read(bias, cols);
      const factorsAt = args.read(multipliers, cols);
      const shiftsAt = args.read(shifts, cols);
      const columns = [biasAt, factorsAt, leftAt, rightAt];
      const yAt = args.write(y, rows * cols);
      lefts.fn(cols, shiftsAt, leftAt);
      rights.fn(cols, shiftsAt, rightAt);
      args.done(requantize.fn(rows, cols, accAt, ...columns, zeroPoint, low, high, yAt));
    },
    addInt8Whole: (
      n,
      a,
      aZero,
      aMultiplier,
      aShift,
      b,
      bZero,
      bMultiplier,
      bShift,
      multiplier,
      shift,
      zeroPoint,
      y,
    ) => {
      const aAt = args.read(a, n);
      const bAt = args.read(b, n);
      const yAt = args.write(y, n);
      const first = [aZero, aMultiplier, -aShift];
      const second = [bZero, bMultiplier, -bShift];
      args.done(add.fn(n, aAt, bAt, ...first, ...second, multiplier, -shift, zeroPoint, yAt));
    },
  };
}
