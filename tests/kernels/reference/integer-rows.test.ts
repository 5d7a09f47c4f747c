import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpu } from '../../../kernels/cpu/cpu.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';

const fr = Math.fround;
const table = wasm();
const tables = Object.entries({ reference, cpu, wasm: table });

describe.each(tables)('quantizeRows of %s', (_, kernels) => {
  function quantized(...rows: readonly (readonly number[])[]) {
    const cols = rows[0]!.length;
    const scales = new Float32Array(rows.length);
    const zeroPoints = new Int32Array(rows.length);
    const q = new Int8Array(rows.length * cols);
    kernels.quantizeRows(rows.length, cols, Float32Array.from(rows.flat()), scales, zeroPoints, q);
    return rows.map((_, i) => [scales[i]!, zeroPoints[i]!, ...q.subarray(i * cols, (i + 1) * cols)]);
  }

  test('gives each row a format of its own, in which 0 is a number', () => {
    expect(quantized([-64, 0, 63.5], [0, 100, 255], [-255, -1, -20], [1, 510, 2], [-1, 0, 254])).toEqual([
      [0.5, 0, -128, 0, 127],
      [1, -128, -128, -28, 127],
      [1, 127, -128, 126, 107],
      [2, -128, -128, 127, -127], // 0.5 to 0
      [1, -127, -128, -127, 127],
    ]);
  });

  test('rounds zero points and numbers half to even', () => {
    expect(quantized([-0.5, 254.5, 0.5], [-1.5, 253.5, 0.5], [-2.5, 252.5, 1.5])).toEqual([
      [1, -128, -128, 126, -128],
      [1, -126, -128, 127, -126],
      [1, -126, -128, 126, -124],
    ]);
  });

  test('of zeros, and of numbers too small for a scale, is 0 with the scale 1', () => {
    const tiny = 2 ** -100 * 254;
    expect(quantized([0, -0], [tiny, 0], [-1e-45, 1e-45], [2 ** -100 * 255, 0])).toEqual([
      [1, 0, 0, 0],
      [1, 0, 0, 0],
      [1, 0, 0, 0],
      [2 ** -100, -128, 127, -128],
    ]);
  });

  test('of what has no format is 0 with the scale NaN', () => {
    const none = [Number.NaN, 0, 0, 0, 0, 0, 0];
    for (const wrong of [Number.NaN, Infinity, -Infinity])
      for (let at = 0; at < 5; at++) {
        const row = [1, -2, 3, -4, 5];
        row[at] = wrong;
        expect(quantized(row, [255, 0, 0, 0, 0])).toEqual([none, [1, -128, 127, -128, -128, -128, -128]]);
      }
    expect(quantized([3e38, -3e38, 0, 0, 0])).toEqual([none]); // the span is infinite
    expect(quantized([3e38, 0, 0, 0, 0])).toEqual([[fr(fr(3e38) / 255), -128, 127, -128, -128, -128, -128]]);
  });

  test('of rows without numbers is a format', () => {
    expect(quantized([], [])).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  test('finds the zero point of the definition on both sides of every tie', () => {
    const beside = (x: number, steps: number): number => {
      const bits = new Int32Array(Float32Array.of(x).buffer);
      bits[0]! += steps;
      return new Float32Array(bits.buffer)[0]!;
    };
    const rows: number[][] = [];
    for (let half = 0.5; half < 255; half++)
      for (const steps of [-2, -1, 0, 1, 2]) rows.push([beside(-half, steps), 255 + beside(-half, steps)]);
    const expected = rows.map(([low, high]) => {
      const scale = fr(fr(fr(high!) - low!) / 255);
      const exact = -128 - fr(low! / scale);
      const floor = Math.floor(exact);
      return (exact - floor === 0.5 ? floor + Math.abs(floor % 2) : Math.round(exact)) + 0;
    });
    expect(quantized(...rows).map(([, zeroPoint]) => zeroPoint)).toEqual(expected);
  });

  test('is off by at most half a scale, and codes stay within a byte', () => {
    const row = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(row, (x) => {
        const [scale, zeroPoint, ...q] = quantized(x)[0]!;
        x.forEach((v, i) => {
          expect(Math.abs((q[i]! - zeroPoint!) * scale! - v)).toBeLessThanOrEqual(scale! * 1.001 + 1e-30);
        });
        // What is not cut off at an end is off by half a scale: the rounded zero point may move the ends by as much.
        const off = x.filter((v, i) => Math.abs((q[i]! - zeroPoint!) * scale! - v) > scale! * 0.5001 + 1e-30);
        for (const v of off)
          expect([Math.min(...x, 0), Math.max(...x, 0)].some((end) => Math.abs(end - v) <= scale!)).toBe(true);
      }),
    );
  });
});

describe.each(tables)('dequantizeRows of %s', (_, kernels) => {
  test('takes off what a zero point adds to each column, and adds a bias last', () => {
    const acc = Int32Array.of(100, -50, 7, 100, -50, 7, 10, 20, 30);
    const y = new Float32Array(9);
    const formats = [Float32Array.of(0.5, 2), Int32Array.of(3, -4)] as const;
    const columns = [Int32Array.of(10, 0, -1), Float32Array.of(1, 0.25, 4)] as const;
    kernels.dequantizeRows(3, 2, 3, acc, ...formats, ...columns, null, y);
    expect([...y]).toEqual([35, -6.25, 20, 35, -6.25, 20, 100, 10, 208]);
    kernels.dequantizeRows(3, 2, 3, acc, ...formats, ...columns, Float32Array.of(1, 2, 0.5), y);
    expect([...y]).toEqual([36, -4.25, 20.5, 36, -4.25, 20.5, 101, 12, 208.5]);
  });

  test('rounds the difference, the product of the scales, their product and the sum', () => {
    const y = new Float32Array(1);
    const one = (acc: number, rowScale: number, scale: number, bias: number | null): number => {
      const ends = [Int32Array.of(0), Int32Array.of(0), Float32Array.of(scale)] as const;
      const b = bias === null ? null : Float32Array.of(bias);
      kernels.dequantizeRows(1, 1, 1, Int32Array.of(acc), Float32Array.of(rowScale), ...ends, b, y);
      return y[0]!;
    };
    expect(one(16777217, 1, 3, null)).toBe(16777216 * 3);
    expect(one(7, 0.1, 0.3, null)).toBe(fr(7 * fr(fr(0.1) * fr(0.3))));
    expect(one(7, 0.1, 0.3, 1e3)).toBe(fr(fr(7 * fr(fr(0.1) * fr(0.3))) + 1e3));
    expect(one(0, -1, 1, null)).toBe(-0);
    expect(one(0, -1, 1, 0)).toBe(0);
    expect(one(5, Number.NaN, 1, 2)).toBe(Number.NaN);
  });

  test('wraps as int32 does', () => {
    const y = new Float32Array(1);
    const ones = [Int32Array.of(2 ** 30), Float32Array.of(1), null] as const;
    kernels.dequantizeRows(1, 1, 1, Int32Array.of(5), Float32Array.of(1), Int32Array.of(-4), ...ones, y);
    expect(y[0]).toBe(5);
    kernels.dequantizeRows(1, 1, 1, Int32Array.of(0), Float32Array.of(1), Int32Array.of(-2), ...ones, y);
    expect(y[0]).toBe(-(2 ** 31));
  });
});

describe.each(tables)('lookUp of %s', (_, kernels) => {
  const codes = Int8Array.from({ length: 256 }, (_, i) => i - 128);
  const values = Int8Array.from({ length: 256 }, (_, i) => (i * 37) % 256);

  test('finds each code in its place', () => {
    for (const n of [0, 1, 7, 8, 9, 256]) {
      const y = new Int8Array(n + 1).fill(99);
      kernels.lookUp(n, codes.subarray(0, n), values, y);
      expect([...y]).toEqual([...values.subarray(0, n), 99]);
    }
  });

  test('writes over its input, within a heap too', () => {
    const over = Int8Array.from(codes);
    kernels.lookUp(256, over, values, over);
    expect(over).toEqual(values);
    const inHeap = table.heap.allocate('int8', 256);
    inHeap.set(codes);
    kernels.lookUp(255, inHeap, values, inHeap);
    expect([...inHeap]).toEqual([...values.subarray(0, 255), 127]);
    table.heap.release(inHeap);
  });
});
