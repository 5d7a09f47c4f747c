import type { LevelBits } from '../interface/levels.ts';
import type { Local, NewLocals } from './assembler.ts';
import type { Code } from './code.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';

/** A way to make floats of the levels in a word of each of sixteen columns: most of the work of a product of one row. */
export interface Unpacked {
  /** Comes first, once. */
  readonly prepare: Code;
  /** Scales are multiplied by 2^share. */
  readonly share: number;
  /** With scales from 2^least on products by levels are rounded as they would be otherwise. */
  readonly least: number;
  /** Level u of a word is too small by 2^-lacking(u), which the number that it meets makes up for. */
  readonly lacking: (u: number) => number;
  /** Rows of the word at `words`: `row` gets the vectors of levels of the u-th. */
  readonly rows: (words: Local, row: (level: (v: number) => Code, u: number) => Code) => Code;
}

/** Of float32. */
const FRACTION = 23;
const BIAS = 127;

/** The bits of 2^exponent. */
export const powerBits = (exponent: number): number => (BIAS + exponent) << FRACTION;

/** Four times 2^exponent. */
export const powerOfTwo = (exponent: number): Code => i32x4.splat(powerBits(exponent));

/**
 * Levels at the top of their lanes, freed of what is below: level·2^(32 - bits), which times scale·2^-(32 - bits) is rounded as
 * level·scale is. The first one has nothing below, and the last one need not be moved.
 */
export function topsOf(locals: NewLocals, bits: LevelBits): Unpacked {
  const down = 32 - bits;
  const last = 32 / bits - 1;
  const words = locals('vvvv').slice(0, 4);
  const [top] = locals('v');
  const levelAt = (word: Local, u: number): Code => {
    const moved = u === last ? word : i32x4.shl(word, down - bits * u);
    return f32x4.convertI32x4S(u === 0 ? moved : v128.and(moved, top));
  };
  return {
    prepare: top.set(i32x4.splat(-1 << down)),
    share: -down,
    least: down - 126,
    lacking: () => 0,
    rows: (from, row) => [
      words.map((word, v) => word.set(v128.load(from, 16 * v))),
      Array.from({ length: last + 1 }, (_, u) => row((v) => levelAt(words[v]!, u), u)),
    ],
  };
}

/** Bits of a half of a word, whose levels are fields of a fraction. */
const HALF = 16;
/**
 * Levels as fields of a float's fraction: a half of a word, with the highest bit of each level turned over so that none is
 * negative, below the exponent of 2^e. One mask leaves the float 2^e + field, and what zero would be is taken off it, exactly:
 * two operations a level where `topsOf` has nearly three.
 */
function fieldsOf(locals: NewLocals, bits: 2 | 4): Unpacked {
  const perHalf = HALF / bits;
  const lacking = (u: number): number => HALF - bits * ((u % perHalf) + 1);
  const asBits = powerBits(FRACTION - lacking(0));
  const places = Array.from({ length: perHalf }, (_, r) => bits * r);
  const turned = places.reduce((all, place) => all | (1 << (place + bits - 1)), 0);
  const words = locals('vvvv').slice(0, 4);
  const [low, high] = locals('vv');
  const masks = locals('v'.repeat(perHalf)).slice(0, perHalf);
  const zeros = locals('v'.repeat(perHalf)).slice(0, perHalf);
  const halfAt = (from: Local, h: number, v: number): Code => {
    const word = v128.load(from, 16 * v);
    return v128.xor(h === 0 ? v128.and(word, low) : i32x4.shrU(word, HALF), high);
  };
  return {
    prepare: [
      low.set(i32x4.splat((1 << HALF) - 1)),
      high.set(i32x4.splat(asBits | turned)),
      places.map((place, r) => masks[r]!.set(i32x4.splat(asBits | (((1 << bits) - 1) << place)))),
      places.map((place, r) => zeros[r]!.set(i32x4.splat(asBits | (1 << (place + bits - 1))))),
    ],
    share: 0,
    least: lacking(0) - 126,
    lacking,
    rows: (from, row) =>
      [0, 1].map((h) => [
        words.map((word, v) => word.set(halfAt(from, h, v))),
        places.map((_, r) => row((v) => f32x4.sub(v128.and(words[v]!, masks[r]!), zeros[r]!), h * perHalf + r)),
      ]),
  };
}

/** The faster way: eight bits have two fields in a half, too few for what halves take. */
export const fastest = (locals: NewLocals, bits: LevelBits): Unpacked =>
  bits === 2 || bits === 4 ? fieldsOf(locals, bits) : topsOf(locals, bits);
