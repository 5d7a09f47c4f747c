import { expect, vi } from 'vitest';
import { type FloatDType, type Metric, type Shape, type Tensor, tensor } from '../../src/index.ts';

/** Numbers in [-1, 1) that the library has no part in: a linear congruential generator. */
export function noise(seed: number): () => number {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

export function list(n: number, draw: () => number): number[] {
  return Array.from({ length: n }, draw);
}

export const of = (values: readonly number[], shape: Shape, dtype: FloatDType = 'float64'): Tensor =>
  tensor([...values], { shape, dtype });

export const labels = (values: readonly number[]): Tensor => tensor(Int32Array.from(values));

export const rows = (values: ArrayLike<number>, n: number): number[][] =>
  Array.from({ length: values.length / n }, (_, i) => Array.from({ length: n }, (_, j) => values[i * n + j]!));

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** |a - b| within `tolerance` of the larger (or of `floor`, if that is larger), element by element. */
export function expectClose(
  actual: ArrayLike<number>,
  wanted: ArrayLike<number>,
  tolerance: number,
  what = '',
  floor = 1e-300,
): void {
  expect(actual.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    const [a, b] = [actual[i]!, wanted[i]!];
    const error = Math.abs(a - b) / Math.max(floor, Math.abs(a), Math.abs(b));
    if (!(a === b || error <= tolerance)) expect.fail(`${what}[${i}]: got ${a}, wanted ${b}, off by ${error}`);
  }
}

/** What is warned of meanwhile, in place of being printed. */
export async function warnings(body: () => unknown): Promise<string[]> {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  try {
    await body();
    return warn.mock.calls.map(([text]) => String(text));
  } finally {
    warn.mockRestore();
  }
}

/** A metric that reports these values, one an epoch. */
export function scripted(name: string, values: readonly number[]): Metric {
  let epoch = 0;
  return {
    name,
    create() {
      const value = values[epoch++]!;
      return { update() {}, result: () => value };
    },
  };
}
