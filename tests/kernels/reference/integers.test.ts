import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpu } from '../../../kernels/cpu/cpu.ts';
import { packedBytes } from '../../../kernels/packing.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';

describe('quantize', () => {
  const quantize = (scale: number, zeroPoint: number, ...x: number[]): number[] => {
    const q = new Int8Array(x.length);
    reference.quantize(x.length, Float32Array.from(x), scale, zeroPoint, q);
    return [...q];
  };

  test('rounds ties to even before the zero point, and clamps', () => {
    expect(quantize(1, 0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5)).toEqual([0, 2, 2, 0, -2, -2]);
    expect(quantize(1, 3, 0.5, 1.5)).toEqual([3, 5]);
    expect(quantize(0.5, 10, 1e9, -1e9, 58.5, -69, -69.5)).toEqual([127, -128, 127, -128, -128]);
  });

  test('sends infinities to the ends and NaN to the zero point', () => {
    expect(quantize(0.1, -7, Infinity, -Infinity, Number.NaN)).toEqual([127, -128, -7]);
  });

  test('and dequantize round the scale to float32', () => {
    const x = new Float32Array(1);
    reference.dequantize(1, Int8Array.of(127), 0.3, 0, x);
    expect(x[0]).toBe(Math.fround(127 * Math.fround(0.3)));
    expect(x[0]).not.toBe(Math.fround(127 * 0.3));
    for (let half = 0.5; half < 127; half++) {
      const value = Math.fround(half * Math.fround(0.3));
      const code = Math.fround(value / Math.fround(0.3));
      const even = code % 1 === 0.5 ? 2 * Math.round(code / 2) : Math.round(code);
      expect(quantize(0.3, 0, value), `${half}`).toEqual([even]);
    }
  });

  test('of the largest of a window takes as many taps as an image has', () => {
    const s = { batch: 1, height: 400, width: 400, outHeight: 1, outWidth: 1, kernelHeight: 400, kernelWidth: 400 };
    const steps = { strideY: 1, strideX: 1, dilationY: 1, dilationX: 1, padTop: 0, padLeft: 0 };
    const x = new Int8Array(160000).fill(-9);
    x[159998] = 7;
    const y = new Int8Array(1);
    reference.maxPoolInt8({ ...s, ...steps }, 1, x, y);
    expect(y[0]).toBe(7);
  });

  test('inverts dequantize, and is off by at most half a scale inside the range', () => {
    const scale = fc.float({ min: Math.fround(1e-3), max: 10, noNaN: true });
    fc.assert(
      fc.property(scale, fc.integer({ min: -128, max: 127 }), fc.integer({ min: -128, max: 127 }), (s, zero, q) => {
        const x = new Float32Array(1);
        reference.dequantize(1, Int8Array.of(q), s, zero, x);
        expect(x[0]).toBe(Math.fround((q - zero) * s));
        expect(quantize(s, zero, x[0]!)).toEqual([q]);
      }),
    );
  });

  test('of columns uses one scale each and never -128', () => {
    const q = new Int8Array(6);
    const scales = Float32Array.of(1, 0.5, 2);
    reference.quantizeColumns(2, 3, Float32Array.of(1.5, 1, -1e9, -2.5, 99, Number.NaN), scales, q);
    expect([...q]).toEqual([2, 2, -127, -2, 127, 0]);
  });
});

describe('requantize', () => {
  const requantize = (scale: number, zeroPoint: number, low: number, ...acc: number[]): number[] => {
    const y = new Int8Array(acc.length);
    const scales = Float32Array.of(scale);
    reference.requantize(acc.length, 1, Int32Array.from(acc), Int32Array.of(0), scales, zeroPoint, low, 127, y);
    return [...y];
  };

  test('rounds ties half to even and then adds the zero point', () => {
    expect(requantize(0.5, 0, -128, 1, 3, 5, -1, -3, -5)).toEqual([0, 2, 2, 0, -2, -2]);
    expect(requantize(0.5, 1, -128, 1, 3)).toEqual([1, 3]);
  });

  test.each(Object.entries({ reference, cpu, wasm: wasm() }))(
    'rounds every tie so before any zero point, and clamps sums at ±1024 before it, on %s',
    (_, kernels) => {
      const acc = Int32Array.from({ length: 600 }, (_, i) => i - 300);
      for (const zeroPoint of [-128, -127, -1, 0, 1, 2, 126, 127]) {
        for (const scale of [0.5, -0.5, 64]) {
          const y = new Int8Array(600);
          const scales = new Float32Array(20).fill(scale);
          kernels.requantize(30, 20, acc, new Int32Array(20), scales, zeroPoint, -128, 127, y);
          const wanted = Array.from(acc, (sum) => {
            const real = Math.min(1024, Math.max(-1024, sum * scale));
            const floor = Math.floor(real);
            const even = real - floor === 0.5 ? floor + Math.abs(floor % 2) : real;
            return Math.min(127, Math.max(-128, even + zeroPoint));
          });
          expect([...y], `zero point ${zeroPoint}, scale ${scale}`).toEqual(wanted);
        }
      }
    },
  );

  test('clamps to low and 127, also past the ends of int16', () => {
    expect(requantize(1, 3, -128, 2147483647, -2147483648, 125, -130)).toEqual([127, -128, 127, -127]);
    expect(requantize(1, -10, -10, -5, 5)).toEqual([-10, -5]);
  });

  test('adds a bias and has a scale for each column, as dequantizeColumns does', () => {
    const acc = Int32Array.of(10, 20, 30, 40);
    const [bias, scales] = [Int32Array.of(1, -2), Float32Array.of(0.5, 0.1)];
    const q = new Int8Array(4);
    const y = new Float32Array(4);
    reference.requantize(2, 2, acc, bias, scales, 0, -128, 127, q);
    reference.dequantizeColumns(2, 2, acc, bias, scales, y);
    expect([...q]).toEqual([6, 2, 16, 4]);
    expect([...y]).toEqual([5.5, Math.fround(18 * scales[1]!), 15.5, Math.fround(38 * scales[1]!)]);
  });

  test('rounds the accumulator to float32 before the product', () => {
    const y = new Float32Array(1);
    reference.dequantizeColumns(1, 1, Int32Array.of(16777217), Int32Array.of(0), Float32Array.of(3), y);
    expect(y[0]).toBe(16777216 * 3);
  });
});

const packed = (k: number, n: number, b: Int8Array): Int8Array => {
  const to = new Int8Array(packedBytes(k, n));
  reference.packInt8(k, n, b, to);
  return to;
};

test('packInt8 lays two rows of 16 columns side by side, with zeros where the matrix ends', () => {
  const [k, n] = [3, 17];
  const b = Int8Array.from({ length: k * n }, (_, i) => i + 1);
  const to = new Int8Array(129).fill(99);
  reference.packInt8(k, n, b, to);
  const expected: number[] = [];
  for (const j0 of [0, 16])
    for (const p0 of [0, 2])
      for (let j = j0; j < j0 + 16; j++)
        for (let p = p0; p < p0 + 2; p++) expected.push(p < k && j < n ? b[p * n + j]! : 0);
  expect([...to]).toEqual([...expected, 99]);
});

test('gemmInt8 is exact at the extremes and for an empty inner size', () => {
  const k = 131_071;
  const c = new Int32Array(1);
  reference.gemmInt8(1, 1, k, new Int8Array(k).fill(-128), packed(k, 1, new Int8Array(k).fill(-128)), c);
  expect(c[0]).toBe(k * 16384);
  reference.gemmInt8(1, 1, 0, new Int8Array(0), new Int8Array(0), c);
  expect(c[0]).toBe(0);
  const d = new Int32Array(4);
  reference.gemmInt8(2, 2, 2, Int8Array.of(1, 2, 3, 4), packed(2, 2, Int8Array.of(5, 6, 7, 8)), d);
  expect([...d]).toEqual([19, 22, 43, 50]);
});
