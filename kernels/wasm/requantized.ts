import { forRange, type Local, type NewLocals, when } from './assembler.ts';
import type { Code, Value } from './code.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i8x16 from './instructions/i8x16.ts';
import * as i16x8 from './instructions/i16x8.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { storeBytes } from './stores.ts';
import type { Tile } from './tile.ts';

/**
 * `requantize` of sums that are in registers and hold their bias, without NaN. Rounding is that of integers.ts, but only what
 * is too small is clamped before it: the bits of 1.5·2²³ + x rise with x for all x above it, and narrowing saturates.
 */
export const ROUND = 12582912;

/** Rounding to codes with the zero point `to`, the least of which is `low`. */
export interface Rounding {
  /** Runs once, before `round`. */
  readonly prepare: Code;
  /** Four floats without NaN as integers; without a clamp, if none is below -1.5·2²³. */
  readonly round: (real: Code, isClamped?: boolean) => Code;
}

export function roundingOf(locals: NewLocals, to: Local, low: Value): Rounding {
  const [round, offset, least] = locals('vvv');
  return {
    prepare: [
      round.set(f32x4.splat(f32.constant(ROUND))),
      offset.set(i32x4.sub(round, i32x4.splat(to))),
      least.set(f32x4.convertI32x4S(i32x4.sub(i32x4.splat(low), i32x4.splat(to)))),
    ],
    round: (real, isClamped = true) => i32x4.sub(f32x4.add(isClamped ? f32x4.pmax(real, least) : real, round), offset),
  };
}

/** What all sums share. */
export interface Codes {
  /** Runs once, before `store`. */
  readonly prepare: Code;
  /** Sets the sums of a tile to the bias of their columns, at `bias`. */
  readonly begin: (tile: Pick<Tile, 'sums'>, bias: Local) => Code;
  /** Stores a tile of sums as codes, `cols` a row; `scales` is the address of those of the first column. */
  readonly store: (tile: Pick<Tile, 'sums' | 'cRows'>, cols: number, scales: Local) => Code;
}

/** Adds code that sets `isSmall` to whether no sum of any of the `units` times its scale is too small to do without a clamp. */
export function findSmall(
  locals: NewLocals,
  isSmall: Local,
  units: Local,
  bias: Local,
  scales: Local,
  largest: number,
): Code {
  const [at, end] = locals('ii');
  const [worst, sum] = locals('vv');
  const magnitude = (array: Local): Code => v128.load32Splat(i32.add(array, at));
  return [
    worst.set(i32x4.splat(0)),
    end.set(i32.shl(units, 2)),
    forRange(at, 0, end, 4, [
      sum.set(f32x4.add(f32x4.abs(f32x4.convertI32x4S(magnitude(bias))), f32x4.splat(f32.constant(largest)))),
      worst.set(f32x4.pmax(worst, f32x4.mul(sum, f32x4.abs(magnitude(scales))))),
    ]),
    isSmall.set(i32.eqz(v128.anyTrue(f32x4.ge(worst, f32x4.splat(f32.constant(2 ** 22)))))),
  ];
}

/**
 * Codes with the zero point `to`, from `low` to `high`. Where `isSmall` (see `findSmall`), bounds are those of bytes, of which
 * there are sixteen to a vector; without it, never.
 */
export function codesOf(locals: NewLocals, to: Local, low: Local, high: Local, isSmall: Local | null = null): Codes {
  const rounding = roundingOf(locals, to, low);
  const [leastCode, most, scale] = locals('vvv');
  const toCode = (sum: Local, isClamped: boolean): Code =>
    sum.set(rounding.round(f32x4.mul(f32x4.convertI32x4S(sum), scale), isClamped));
  return {
    prepare: [rounding.prepare, leastCode.set(i8x16.splat(low)), most.set(i8x16.splat(high))],
    begin: ({ sums }, bias) =>
      sums[0]!.map((first, v) => [first.set(v128.load(bias, 16 * v)), sums.slice(1).map((row) => row[v]!.set(first))]),
    store: ({ sums, cRows }, cols, scales) => {
      const storeAll = (isClamped: boolean): Code => {
        const scaled = sums[0]!.map((_, v) => [
          scale.set(v128.load(scales, 16 * v)),
          sums.map((row) => toCode(row[v]!, isClamped)),
        ]);
        /** Eight columns of a row. */
        const halves = sums.flatMap((row, r) =>
          row.flatMap((sum, v) => {
            const codes = i16x8.narrowI32x4S(sum, row[v + 1] ?? sum);
            return v % 2 === 1 ? [] : [{ codes, at: cRows[r]!, offset: 4 * v, count: Math.min(8, cols - 4 * v) }];
          }),
        );
        const stores = halves.flatMap((half, i) => {
          if (i % 2 === 1) return [];
          const other = halves[i + 1];
          const bytes = scale; // spent
          const codes = i8x16.narrowI16x8S(half.codes, other?.codes ?? half.codes);
          const bounded = bytes.set(i8x16.minS(isClamped ? codes : i8x16.maxS(codes, leastCode), most));
          if (other?.at === half.at && other.count === 8) return [bounded, v128.store(half.at, bytes, half.offset)];
          return [
            bounded,
            storeBytes(half.count, half.at, bytes, 0, half.offset),
            other === undefined ? [] : storeBytes(other.count, other.at, bytes, 8, other.offset),
          ];
        });
        return [scaled, stores];
      };
      return isSmall === null ? storeAll(true) : when(isSmall, storeAll(false), storeAll(true));
    },
  };
}
