import { expect, test } from 'vitest';
import { cpu } from '../../../kernels/cpu/cpu.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';
import { firstDifference } from '../cases.ts';

const table = wasm();

test.each([
  ['cpu', cpu],
  ['wasm', table],
] as const)('the int8 product of %s is exact at its limit, for one row and for many', (_, kernels) => {
  const k = 131_071;
  const [m, n] = [6, 2];
  const least = new Int8Array(m * k).fill(-128);
  const packed = new Int8Array(32 * Math.ceil(k / 2));
  kernels.packInt8(k, n, least, packed);
  for (const rows of [1, m]) {
    const c = new Int32Array(m * n);
    kernels.gemmInt8(rows, n, k, least, packed, c);
    expect([...c]).toEqual(Array.from(c, (_, i) => (i < rows * n ? k * 16384 : 0)));
  }
});

test('quantizing finds the code of the reference on both sides of every tie', () => {
  const [halves, beside] = [new Float32Array(1), new Int32Array(1)];
  for (const scale of [1, 0.1, 3, 0.0123]) {
    const x: number[] = [];
    for (let code = -300; code <= 300; code++) {
      halves[0] = (code + 0.5) * Math.fround(scale);
      beside.set(new Int32Array(halves.buffer));
      for (const step of [-2, -1, 0, 1, 2]) x.push(new Float32Array(Int32Array.of(beside[0]! + step).buffer)[0]!);
    }
    const n = x.length;
    const [expected, actual] = [new Int8Array(n), new Int8Array(n)];
    for (const zeroPoint of [-128, 0, 127]) {
      reference.quantize(n, Float32Array.from(x), scale, zeroPoint, expected);
      table.quantize(n, Float32Array.from(x), scale, zeroPoint, actual);
      expect(firstDifference(actual, expected)).toBe(-1);
    }
  }
});
