import { describe, expect, test } from 'vitest';
import { reference } from '../../../kernels/reference/reference.ts';

describe('stridedCopy', () => {
  test('transposes, reverses, repeats and moves a block', () => {
    const x = Float32Array.of(1, 2, 3, 4, 5, 6);
    const y = new Float32Array(6);
    reference.stridedCopy([3, 2], x, 0, [1, 3], y, 0, [2, 1]);
    expect([...y]).toEqual([1, 4, 2, 5, 3, 6]);
    reference.stridedCopy([6], x, 5, [-1], y, 0, [1]);
    expect([...y]).toEqual([6, 5, 4, 3, 2, 1]);
    reference.stridedCopy([2, 3], x, 4, [0, 0], y, 0, [3, 1]);
    expect([...y]).toEqual([5, 5, 5, 5, 5, 5]);
    reference.stridedCopy([2, 1], x, 0, [3, 1], y, 2, [3, 1]);
    expect([...y]).toEqual([5, 5, 1, 5, 5, 4]);
  });

  test('of rank 0 copies one number, and of an empty shape none', () => {
    const y = Int32Array.of(0, 0);
    reference.stridedCopy([], Int32Array.of(3, 4), 1, [], y, 0, []);
    reference.stridedCopy([2, 0, 3], Int32Array.of(9), 0, [0, 0, 0], y, 1, [0, 0, 0]);
    expect([...y]).toEqual([4, 0]);
  });
});

test('gather picks along the middle axis and scatterAdd is its adjoint', () => {
  const x = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12); // [2, 3, 2]
  const indices = Int32Array.of(2, 0, 2, 2);
  const y = new Float32Array(16);
  reference.gather(2, 3, 2, 4, x, indices, y);
  expect([...y]).toEqual([5, 6, 1, 2, 5, 6, 5, 6, 11, 12, 7, 8, 11, 12, 11, 12]);
  const back = new Float32Array(12).fill(100);
  reference.scatterAdd(2, 3, 2, 4, new Float32Array(16).fill(1), indices, back);
  expect([...back]).toEqual([101, 101, 100, 100, 103, 103, 101, 101, 100, 100, 103, 103]);
});

test('oneHot writes rows of the identity, and zeros for labels outside', () => {
  const y = new Float32Array(13).fill(7);
  reference.oneHot(4, 3, Int32Array.of(2, -1, 0, 3), y);
  expect([...y]).toEqual([0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 7]);
});

describe('convert', () => {
  const x = Float32Array.of(1.9, -1.9, 3e9, -3e9, Infinity, -Infinity, Number.NaN, -0, 200.5, -200.5);

  test('of floats to integers truncates toward zero, saturates, and makes NaN 0', () => {
    const to = <T extends Int32Array | Int8Array | Uint8Array>(y: T): number[] => {
      reference.convert(x.length, x, false, y);
      return [...y];
    };
    const [low, high] = [-2147483648, 2147483647];
    expect(to(new Int32Array(10))).toEqual([1, -1, high, low, high, low, 0, 0, 200, -200]);
    expect(to(new Int8Array(10))).toEqual([1, -1, 127, -128, 127, -128, 0, 0, 127, -128]);
    expect(to(new Uint8Array(10))).toEqual([1, 0, 255, 0, 255, 0, 0, 0, 200, 0]);
  });

  test('of integers to narrower ones saturates too, whatever their types', () => {
    const given = [
      Int32Array.of(-70000, -129, -128, -1, 0, 127, 128, 255, 256),
      Int8Array.of(-128, -1, 0, 127),
      Uint8Array.of(0, 127, 128, 255),
    ];
    const results: Record<string, readonly number[][]> = {
      Int32Array: given.map((from) => [...from]),
      Int8Array: [
        [-128, -128, -128, -1, 0, 127, 127, 127, 127],
        [-128, -1, 0, 127],
        [0, 127, 127, 127],
      ],
      Uint8Array: [
        [0, 0, 0, 0, 0, 127, 128, 255, 255],
        [0, 0, 0, 127],
        [0, 127, 128, 255],
      ],
      Float32Array: given.map((from) => [...from]),
    };
    for (const Type of [Int32Array, Int8Array, Uint8Array, Float32Array]) {
      given.forEach((from, i) => {
        const y = new Type(from.length);
        reference.convert(from.length, from, false, y);
        expect([...y]).toEqual(results[Type.name]![i]);
      });
    }
  });

  test('to bool is whether a number is not 0', () => {
    const y = new Uint8Array(10);
    reference.convert(10, x, true, y);
    expect([...y]).toEqual([1, 1, 1, 1, 1, 1, 1, 0, 1, 1]);
    reference.convert(2, Int32Array.of(0, 256), true, y);
    expect([...y.subarray(0, 2)]).toEqual([0, 1]);
  });

  test('rounds float64 and int32 to float32', () => {
    const y = new Float32Array(2);
    reference.convert(2, Float64Array.of(0.1, 1e300), false, y);
    expect([...y]).toEqual([Math.fround(0.1), Infinity]);
    reference.convert(2, Int32Array.of(16777217, -5), false, y);
    expect([...y]).toEqual([16777216, -5]);
    const z = new Float64Array(1);
    reference.convert(1, Int8Array.of(-7), false, z);
    expect(z[0]).toBe(-7);
  });
});
