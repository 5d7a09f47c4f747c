import { cpu } from 'whittle-ml/kernels';
import { CheckError } from './row.ts';

/** Standard normal numbers, the same ones on every machine; `stream` names different ones. */
export function normal(n: number, stream: number): Float32Array {
  const y = new Float32Array(n);
  cpu.normal(n, Uint32Array.of(2026, 0, stream, 0), y);
  return y;
}

export function int8(n: number, stream: number): Int8Array {
  return Int8Array.from(normal(n, stream), (x) => Math.max(-127, Math.min(127, 40 * x)));
}

/** Rows of 0 with a single 1, the column by chance. */
export function oneHot(rows: number, classes: number): Float32Array {
  const y = new Float32Array(rows * classes);
  const chance = normal(rows, 3);
  for (let i = 0; i < rows; i++) y[i * classes + (Math.floor(Math.abs(chance[i]!) * 1000) % classes)] = 1;
  return y;
}

/** Throws CheckError unless the numbers have the same bits. */
export function checkSame(name: string, got: Float32Array, expected: Float32Array): void {
  const [p, q] = [got, expected].map((x) => new Uint32Array(x.buffer, x.byteOffset, x.length)) as [
    Uint32Array,
    Uint32Array,
  ];
  const at = p.findIndex((bits, i) => bits !== q[i]);
  if (at >= 0) throw new CheckError(`${name}: element ${at} is ${got[at]}, should be ${expected[at]}`);
}

/** Throws CheckError unless |got - expected| ≤ tolerance·max(1, |expected|) everywhere. */
export function checkNear(name: string, got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  if (got.length !== expected.length) {
    throw new CheckError(`${name}: gives ${got.length} numbers, should be ${expected.length}`);
  }
  for (let i = 0; i < expected.length; i++) {
    const x = got[i]!;
    const y = expected[i]!;
    if (Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(y))) continue;
    throw new CheckError(`${name}: element ${i} is ${x}, should be near ${y}`);
  }
}

/** Throws CheckError unless every number is near, by 1e-5 of the largest: results of long sums in another order. */
export function checkScaled(name: string, got: ArrayLike<number>, expected: Float32Array): void {
  const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const scaled = (list: ArrayLike<number>): Float64Array => Float64Array.from(list, (x) => x / largest);
  checkNear(name, scaled(got), scaled(expected), 1e-5);
}
