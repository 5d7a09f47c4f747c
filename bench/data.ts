import { cpu } from 'whittle-ml/kernels';
import { CheckError } from './measure.ts';

/** Standard normal numbers, the same ones on every machine; `stream` names different ones. */
export function normal(n: number, stream: number): Float32Array {
  const y = new Float32Array(n);
  cpu.normal(n, Uint32Array.of(2026, 0, stream, 0), y);
  return y;
}

export function int8(n: number, stream: number): Int8Array {
  return Int8Array.from(normal(n, stream), (x) => Math.max(-127, Math.min(127, 40 * x)));
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
