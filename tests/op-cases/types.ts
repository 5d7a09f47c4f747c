import type { Tensor } from '../../src/index.ts';
import type { Plain } from '../plain.ts';

/** One call of an operation on inputs of given shapes. */
export interface Sample {
  readonly inputs: readonly Plain[];
  readonly apply: (...inputs: Tensor[]) => Tensor | readonly Tensor[];
  /** The same in float64 by plain loops. */
  readonly expected: (...inputs: Plain[]) => Plain | readonly Plain[];
  /** False at kinks, infinities and NaN, where differences say nothing about the gradient. Default true. */
  readonly smooth?: boolean;
}

export interface ErrorCase {
  readonly call: () => unknown;
  readonly error: abstract new (...args: never[]) => Error;
  readonly text: RegExp;
}

/** A row of the operation table: `tests` check it in every way they know, `bench` reads its flops. */
export interface OpCase {
  readonly name: string;
  /**
   * How its gradient is checked: by differences, by a test of its own that compares numbers (its differences would be
   * rounding noise), or not at all since its result is a constant.
   */
  readonly gradient: 'differences' | 'own test' | 'none';
  /** Of float32: |got - want| ≤ tolerance·max(1, |want|). 0 asks for the nearest float32, sign of zero included. */
  readonly tolerance: number;
  /** Floating-point operations for n elements, or for n×n matrices; a call such as exp counts as one. */
  readonly flops: (n: number) => number;
  readonly samples: (draw: Draw) => readonly Sample[];
  readonly errors: readonly ErrorCase[];
}

/** Sample numbers from a seed (mulberry32), all of them float32 values. */
export class Draw {
  private state: number;
  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** Numbers of [low, high) that keep a distance from each kink. */
  floats(shape: readonly number[], low = -2, high = 2, kinks: readonly number[] = []): Plain {
    const one = (): number => {
      const x = Math.fround(low + (high - low) * this.next());
      return kinks.some((kink) => Math.abs(x - kink) < 0.02) ? one() : x;
    };
    return { shape, data: Array.from({ length: shape.reduce((p, n) => p * n, 1) }, one) };
  }

  /** Numbers at least 0.05 apart. */
  distinct(shape: readonly number[]): Plain {
    const n = shape.reduce((p, length) => p * length, 1);
    const ranks = Array.from({ length: n }, (_, i) => ({ i, key: this.next() })).sort((p, q) => p.key - q.key);
    return { shape, data: ranks.map(({ i }) => Math.fround((i - n / 2) * 0.1 + 0.05 * this.next())) };
  }

  /** Integers below n. */
  integers(shape: readonly number[], n: number): Plain {
    return { shape, data: this.floats(shape, 0, n).data.map(Math.floor), dtype: 'int32' };
  }

  /** 0 and 1. */
  bools(shape: readonly number[]): Plain {
    return { shape, data: this.floats(shape).data.map((x) => (x > 0 ? 1 : 0)), dtype: 'bool' };
  }
}
