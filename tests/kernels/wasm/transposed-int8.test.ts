import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { cpu } from '../../../kernels/cpu/cpu.ts';
import type { Convolution } from '../../../kernels/interface/convolution.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';
import { cases, firstDifference } from '../cases.ts';
import { Draw, GUARD } from '../draw.ts';

const table = wasm();
const { heap } = table;
const tables = Object.entries({ reference, cpu, wasm: table });

/** Squares of `size` pixels under `taps` taps each way, without zeros around them. */
function sizes(size: number, taps: number, channels: number, units: number, given: Partial<Convolution> = {}) {
  const { strideY = 1, strideX = 1 } = given;
  const [outHeight, outWidth] = [strideY, strideX].map((stride) => Math.floor((size - taps) / stride) + 1);
  const s: Convolution = {
    ...{ batch: 2, height: size, width: size, outHeight: outHeight!, outWidth: outWidth! },
    ...{ kernelHeight: taps, kernelWidth: taps, strideY, strideX, dilationY: 1, dilationX: 1, padTop: 0, padLeft: 0 },
    ...{ channels, units, groups: 1 },
    ...given,
  };
  return s;
}

const xSize = (s: Convolution): number => s.batch * s.height * s.width * s.channels;
const ySize = (s: Convolution): number => s.batch * s.outHeight * s.outWidth * s.units;
const kernelSize = (s: Convolution): number => (s.kernelHeight * s.kernelWidth * s.channels * s.units) / s.groups;

function sumsOf(kernels: typeof reference, s: Convolution, y: Int8Array, zeroPoint: number, kernel: Int8Array) {
  const sums = new Int32Array(xSize(s)).fill(99);
  kernels.conv2dTransposedInt8(s, y, zeroPoint, kernel, sums);
  return sums;
}

/** The transposed convolution of floats, on what numbers are above the zero point: exact below 2²⁴. */
function asFloats(s: Convolution, y: Int8Array, zeroPoint: number, kernel: Int8Array): Int32Array {
  const x = new Float32Array(xSize(s));
  const above = Float32Array.from(y, (q) => q - zeroPoint);
  reference.conv2dTransposed(s, above, Float32Array.from(kernel), null, 'linear', x);
  return Int32Array.from(x);
}

// First, while there is no scratch memory yet.
describe('without room for scratch memory', () => {
  afterEach(() => {
    heap.limit = Infinity;
  });

  const inHeap = <T extends Int8Array | Int32Array>(array: T): T => {
    const copy = heap.allocate(array instanceof Int8Array ? 'int8' : 'int32', array.length) as T;
    copy.set(array);
    return copy;
  };

  test('a transposed convolution is that of TypeScript', () => {
    const s = sizes(600, 2, 1, 8, { batch: 1, strideY: 2, strideX: 2 });
    const d = new Draw(9);
    const [y, kernel] = [inHeap(d.int8(ySize(s))), inHeap(d.int8(kernelSize(s)))];
    const sums = heap.allocate('int32', xSize(s));
    const expected = sumsOf(cpu, s, y, 9, kernel);
    heap.limit = heap.counters().used + 100_000; // less than a frame
    expect(table.link(table.conv2dTransposedInt8, [s, y, 9, kernel, sums])).toBeNull();
    table.conv2dTransposedInt8(s, y, 9, kernel, sums);
    expect(firstDifference(sums, expected)).toBe(-1);
    heap.limit = Infinity;
    sums.fill(0);
    expect(table.link(table.conv2dTransposedInt8, [s, y, 9, kernel, sums])).toHaveLength(4); // a call for each phase
    table.conv2dTransposedInt8(s, y, 9, kernel, sums);
    expect(firstDifference(sums, expected)).toBe(-1);
    for (const array of [y, kernel, sums]) heap.release(array);
  });

  test('requantizeWhole is that of TypeScript', () => {
    const cols = 2 ** 20;
    const d = new Draw(3);
    const acc = inHeap(d.int32(cols, 1e5));
    const bias = inHeap(new Int32Array(cols));
    const multipliers = inHeap(new Int32Array(cols).fill(2 ** 30));
    const shifts = inHeap(Int32Array.from({ length: cols }, (_, i) => -(i % 12)));
    const y = heap.allocate('int8', cols);
    const call = [1, cols, acc, bias, multipliers, shifts, 3, -128, 127] as const;
    const expected = new Int8Array(cols);
    cpu.requantizeWhole(...call, expected);
    heap.limit = heap.counters().used + 100_000;
    expect(table.link(table.requantizeWhole, [...call, y])).toBeNull();
    table.requantizeWhole(...call, y);
    expect(firstDifference(y, expected)).toBe(-1);
    heap.limit = Infinity;
    y.fill(0);
    table.requantizeWhole(...call, y);
    expect(firstDifference(y, expected)).toBe(-1);
    for (const array of [acc, bias, multipliers, shifts, y]) heap.release(array);
  });
});

describe.each(tables)('conv2dTransposedInt8 of %s', (_, kernels) => {
  test('is the transposed convolution of floats', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const [s, y, zeroPoint, kernel] = cases.conv2dTransposedInt8!(new Draw(seed)).args as [
          Convolution,
          Int8Array,
          number,
          Int8Array,
        ];
        const given = [y.subarray(0, y.length - GUARD), zeroPoint, kernel.subarray(0, kernel.length - GUARD)] as const;
        expect(firstDifference(sumsOf(kernels, s, ...given), asFloats(s, ...given))).toBe(-1);
      }),
      { numRuns: 60 },
    );
  });

  test('is the adjoint of the convolution in int8', () => {
    const s = sizes(9, 3, 5, 7, { strideY: 2, strideX: 2 });
    const d = new Draw(5);
    const [x, y, kernel] = [d.int8(xSize(s)), d.int8(ySize(s)), d.int8(kernelSize(s))];
    const packed = new Int8Array(32 * 5 * 9);
    reference.packConvInt8(s, kernel, packed);
    const out = new Int32Array(ySize(s));
    reference.conv2dInt8(s, x, 0, packed, out);
    const back = sumsOf(kernels, s, y, 0, kernel);
    const dot = (a: ArrayLike<number>, b: ArrayLike<number>, n: number): number => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += a[i]! * b[i]!;
      return sum;
    };
    expect(dot(x, back, xSize(s))).toBe(dot(out, y, ySize(s)));
  });

  test.each([
    ['strides beyond the taps, so that some results have no term', sizes(11, 2, 3, 4, { strideY: 4, strideX: 3 })],
    ['more phases than are worth a call each', sizes(20, 3, 2, 3, { strideY: 9, strideX: 9 })],
    ['one unit', sizes(8, 3, 17, 1, { strideX: 2 })],
    ['an odd number of units', sizes(7, 3, 16, 9)],
    ['two panels and a rest', sizes(5, 3, 37, 12)],
    ['taps apart', sizes(11, 3, 4, 6, { dilationY: 2, dilationX: 3, outHeight: 7, outWidth: 5 })],
    ['each channel by itself', sizes(6, 3, 8, 8, { groups: 8 })],
    ['groups', sizes(6, 3, 6, 4, { groups: 2 })],
    ['one pixel each', sizes(6, 1, 10, 3)],
    ['padding', sizes(6, 3, 5, 4, { padTop: 1, padLeft: 2, outHeight: 6, outWidth: 6 })],
  ])('%s, at the extremes of codes and zero points', (_, s) => {
    for (const [code, zeroPoint] of [
      [-128, 127],
      [127, -128],
      [5, 5],
    ] as const) {
      for (const weight of [-128, 127]) {
        const [y, kernel] = [new Int8Array(ySize(s)).fill(code), new Int8Array(kernelSize(s)).fill(weight)];
        expect(firstDifference(sumsOf(kernels, s, y, zeroPoint, kernel), asFloats(s, y, zeroPoint, kernel))).toBe(-1);
      }
    }
  });

  test('has as many terms as are exact', () => {
    const s = sizes(1, 1, 3, 66_000, { batch: 1 });
    const [y, kernel] = [new Int8Array(ySize(s)).fill(-128), new Int8Array(kernelSize(s)).fill(-127)];
    expect([...sumsOf(kernels, s, y, 127, kernel)]).toEqual([1, 1, 1].map(() => 66_000 * 255 * 127));
  });

  test('of nothing is 0', () => {
    const s = sizes(3, 2, 2, 0);
    expect([...sumsOf(kernels, s, new Int8Array(0), 3, new Int8Array(0))]).toEqual(Array(36).fill(0));
  });
});
