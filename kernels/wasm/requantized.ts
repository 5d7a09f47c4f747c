import type { Local, NewLocals } from './assembler.ts';
import type { Code } from './code.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i8x16 from './instructions/i8x16.ts';
import * as i16x8 from './instructions/i16x8.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { storeBytes } from './stores.ts';
import type { Tile } from './tile.ts';

/**
 * `requantize` of sums that are in registers and hold their bias, without NaN. Rounding is that of integers.ts, but only what
 * is too small is clamped before it: the bits of 1.5·2²³ + x rise with x for all x above it, and narrowing saturates.
 */
const ROUND = 12582912;

/** What all sums share. */
export interface Codes {
  /** Runs once, before `store`. */
  readonly prepare: Code;
  /** Stores a tile of sums as codes, `cols` a row; `scales` is the address of those of the first column. */
  readonly store: (tile: Tile, cols: number, scales: Local) => Code;
}

/** Codes with the zero point `to`, from `low` to `high`. */
export function codesOf(locals: NewLocals, to: Local, low: Local, high: Local): Codes {
  const [round, offset, least, most, scale] = locals('vvvvv');
  const toCode = (sum: Local): Code => [
    sum.set(f32x4.pmax(f32x4.mul(f32x4.convertI32x4S(sum), scale), least)),
    sum.set(i32x4.sub(f32x4.add(sum, round), offset)),
  ];
  return {
    prepare: [
      round.set(f32x4.splat(f32.constant(ROUND))),
      offset.set(i32x4.sub(round, i32x4.splat(to))),
      least.set(f32x4.convertI32x4S(i32x4.sub(i32x4.splat(low), i32x4.splat(to)))),
      most.set(i8x16.splat(high)),
    ],
    store: ({ sums, cRows }, cols, scales) => {
      const scaled = sums[0]!.map((_, v) => [
        scale.set(v128.load(scales, 16 * v)),
        sums.map((row) => toCode(row[v]!)),
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
        const narrow = bytes.set(i8x16.minS(i8x16.narrowI16x8S(half.codes, other?.codes ?? half.codes), most));
        if (other?.at === half.at && other.count === 8) return [narrow, v128.store(half.at, bytes, half.offset)];
        return [
          narrow,
          storeBytes(half.count, half.at, bytes, 0, half.offset),
          other === undefined ? [] : storeBytes(other.count, other.at, bytes, 8, other.offset),
        ];
      });
      return [scaled, stores];
    },
  };
}
