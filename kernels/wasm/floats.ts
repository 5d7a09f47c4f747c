import type { Local } from './assembler.ts';
import type { Code, Load, StoreLane } from './code.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as f64 from './instructions/f64.ts';
import * as f64x2 from './instructions/f64x2.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';

/** The instructions that vectors of both types of floats have. */
export type Vector = Pick<typeof f32x4, keyof typeof f32x4 & keyof typeof f64x2>;

/** A type of floats, for code that is the same for both. */
export interface Floats {
  /** Of a parameter. */
  readonly letter: 'f' | 'd';
  /** Of a number: as many as 1 moved left by `shift`. */
  readonly bytes: 4 | 8;
  readonly shift: 2 | 3;
  /** Of a vector. */
  readonly lanes: 4 | 2;
  readonly vector: Vector;
  readonly splat: (value: number) => Code;
  /** The number at an address in all lanes. */
  readonly loadSplat: Load;
  readonly storeLane: StoreLane;
  /** Copies one number, `offset` bytes behind the address `to`. */
  readonly copy: (to: Local, from: Code, offset?: number) => Code;
}

export const float32: Floats = {
  letter: 'f',
  bytes: 4,
  shift: 2,
  lanes: 4,
  vector: f32x4,
  splat: (value) => f32x4.splat(f32.constant(value)),
  loadSplat: v128.load32Splat,
  storeLane: v128.store32Lane,
  copy: (to, from, offset) => i32.store(to, i32.load(from), offset),
};

export const float64: Floats = {
  letter: 'd',
  bytes: 8,
  shift: 3,
  lanes: 2,
  vector: f64x2,
  splat: (value) => f64x2.splat(f64.constant(value)),
  loadSplat: v128.load64Splat,
  storeLane: v128.store64Lane,
  copy: (to, from, offset) => f64.store(to, f64.load(from), offset),
};
