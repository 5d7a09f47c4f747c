import { afterEach, describe, expect, test } from 'vitest';
import type { Convolution } from '../../../kernels/interface/convolution.ts';
import { packedLength } from '../../../kernels/packing.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';
import { firstDifference } from '../cases.ts';
import { Draw } from '../draw.ts';

const table = wasm();
const { heap } = table;

/** Squares of `size` pixels under `taps` taps each way, with zeros around them. */
const sizes = (
  size: number,
  taps: number,
  channels: number,
  units: number,
  given: Partial<Convolution> = {},
): Convolution => ({
  ...{ batch: 2, height: size, width: size, outHeight: size, outWidth: size, kernelHeight: taps, kernelWidth: taps },
  ...{ strideY: 1, strideX: 1, dilationY: 1, dilationX: 1, padTop: taps >> 1, padLeft: taps >> 1 },
  ...{ channels, units, groups: 1 },
  ...given,
});

const xSize = (s: Convolution): number => s.batch * s.height * s.width * s.channels;
const ySize = (s: Convolution): number => s.batch * s.outHeight * s.outWidth * s.units;
const kernelSize = (s: Convolution): number => (s.kernelHeight * s.kernelWidth * s.channels * s.units) / s.groups;

function packed(s: Convolution, kernel: Int8Array): Int8Array {
  const to = new Int8Array(packedLength(s));
  reference.packConvInt8(s, kernel, to);
  return to;
}

/** Where sums and codes first differ from those of the reference. */
function differences(
  s: Convolution,
  x: Int8Array,
  zeroPoint: number,
  kernel: Int8Array,
): [sums: number, codes: number] {
  const weights = packed(s, kernel);
  const [sums, expected] = [new Int32Array(ySize(s)), new Int32Array(ySize(s))];
  reference.conv2dInt8(s, x, zeroPoint, weights, expected);
  table.conv2dInt8(s, x, zeroPoint, weights, sums);
  const bias = Int32Array.from({ length: s.units }, (_, u) => 1000 * u - 3000);
  const scales = Float32Array.from({ length: s.units }, (_, u) => 0.0001 * (u + 1));
  const [codes, expectedCodes] = [new Int8Array(ySize(s)), new Int8Array(ySize(s))];
  reference.requantize(ySize(s) / s.units, s.units, expected, bias, scales, 5, -100, 120, expectedCodes);
  table.conv2dRequantized(s, x, zeroPoint, weights, bias, scales, 5, -100, 120, codes);
  return [firstDifference(sums, expected), firstDifference(codes, expectedCodes)];
}

const shapes: Readonly<Record<string, Convolution>> = {
  'one channel, taps written out, two rows at a time': sizes(9, 3, 1, 33),
  'five rows of taps of one channel': sizes(7, 5, 1, 9),
  'two rows of three taps': sizes(6, 3, 1, 5, { kernelHeight: 2 }),
  'an odd run of several channels': sizes(6, 3, 3, 17),
  'taps apart, with odd runs': sizes(9, 3, 1, 8, { dilationX: 2, dilationY: 2, padTop: 2, padLeft: 2 }),
  'strides beyond the taps': sizes(23, 2, 2, 6, { strideX: 3, strideY: 4, outHeight: 6, outWidth: 8 }),
  'one pixel each': sizes(7, 1, 8, 16),
  'one pixel of an odd number of channels': sizes(5, 1, 7, 20),
  'taps looped over': sizes(14, 3, 16, 40),
  'taps looped over, an odd number of channels apart': sizes(9, 3, 15, 18, { dilationX: 2, padLeft: 2 }),
  'groups of an odd number of channels': sizes(6, 3, 15, 12, { groups: 3 }),
  'groups of more than one panel': sizes(5, 3, 8, 72, { groups: 2 }),
  'rows of one position': sizes(6, 3, 24, 7, { padLeft: 0, width: 3, outWidth: 1 }),
};

describe('int8 convolutions equal the reference', () => {
  test.each(Object.entries(shapes))('%s', (_, s) => {
    const d = new Draw(3);
    expect(differences(s, d.int8(xSize(s)), -17, d.int8(kernelSize(s)))).toEqual([-1, -1]);
  });

  // The largest products of both signs: their pairs need 17 bits, and a zero point of either end 9 bits for each number.
  test.each(Object.entries(shapes))('at the extremes: %s', (_, s) => {
    for (const [code, zeroPoint] of [
      [-128, 127],
      [127, -128],
      [-128, -128],
    ] as const) {
      for (const weight of [-128, 127]) {
        const [x, kernel] = [new Int8Array(xSize(s)).fill(code), new Int8Array(kernelSize(s)).fill(weight)];
        expect(differences(s, x, zeroPoint, kernel)).toEqual([-1, -1]);
      }
    }
  });

  test('with as many terms as are exact', () => {
    const s = sizes(1, 1, 66_000, 2, { batch: 1 });
    const [x, kernel] = [new Int8Array(xSize(s)).fill(-128), new Int8Array(kernelSize(s)).fill(-127)];
    const sums = new Int32Array(2);
    table.conv2dInt8(s, x, 127, packed(s, kernel), sums);
    expect([...sums]).toEqual([66_000 * 255 * 127, 66_000 * 255 * 127]);
  });
});

describe('codes are rounded and bounded as requantize does it', () => {
  /** Codes of sums, one for each unit: what a pixel of 1 under weights of 0 leaves is the bias. */
  function codesOf(sums: Int32Array, scale: number, to: number, low: number, high: number): [Int8Array, Int8Array] {
    const s = sizes(1, 1, 2, sums.length, { batch: 1 });
    const scales = new Float32Array(sums.length).fill(scale);
    const [actual, expected] = [new Int8Array(sums.length), new Int8Array(sums.length)];
    const weights = new Int8Array(packedLength(s));
    table.conv2dRequantized(s, new Int8Array(2).fill(1), 0, weights, sums, scales, to, low, high, actual);
    reference.requantize(1, sums.length, sums, new Int32Array(sums.length), scales, to, low, high, expected);
    return [actual, expected];
  }
  const near = Array.from({ length: 1201 }, (_, i) => i - 600);
  const far = [25, 24, 23, 22, 12].flatMap((bits) => [2 ** bits - 1, 2 ** bits, -(2 ** bits), 1 - 2 ** bits]);
  const least = -(2 ** 31);
  const sums = Int32Array.from([...near, ...far, least, -(least + 1), 3 * 2 ** 22, -3 * 2 ** 22, -3 * 2 ** 22 - 1]);

  test.each([0.5, 1, -0.5, 0.25, 1 / 3, 0, 1000, -1000, 3e38, -3e38, 1e-45])('scale %d', (scale) => {
    for (const to of [-128, -1, 0, 77, 127]) {
      for (const [low, high] of [
        [-128, 127],
        [to, 127],
        [to, Math.min(to + 60, 127)],
        [-128, -90],
      ] as const) {
        const [actual, expected] = codesOf(sums, scale, to, low, high);
        expect(firstDifference(actual, expected)).toBe(-1);
      }
    }
  });

  // Below -1.5·2²³ the float that rounds changes its sign, and its bits no longer rise with the sum.
  test.each([4_100, -4_300, -12_500, -12_700, -20_000, 20_000, -900_000])('%d thousands and nothing larger', (sum) => {
    for (const to of [-128, 0, 77]) {
      const [actual, expected] = codesOf(Int32Array.of(sum, 0, sum, 1), 1000, to, -128, 127);
      expect(actual).toEqual(expected);
    }
  });
});

describe('what is remembered of an object of sizes', () => {
  test('is forgotten when its numbers change', () => {
    const d = new Draw(5);
    const s = { ...sizes(6, 3, 4, 5) };
    for (const change of [{}, { batch: 1 }, { units: 9 }, { strideX: 2, outWidth: 3 }, { padTop: 0, outHeight: 4 }]) {
      Object.assign(s, change);
      expect(differences(s, d.int8(xSize(s)), 3, d.int8(kernelSize(s)))).toEqual([-1, -1]);
    }
  });

  test.each(Object.keys(sizes(1, 1, 1, 1)))('is forgotten when %s changes', (name) => {
    // One number is changed at a time, to what fits the arrays.
    const s: Record<string, number> = { ...sizes(8, 2, 4, 4, { padTop: 1, padLeft: 1 }), groups: 2 };
    const before = s as unknown as Convolution;
    const d = new Draw(7);
    const [x, kernel] = [d.int8(2 * xSize(before)), d.int8(2 * kernelSize(before))];
    expect(differences(before, x, 1, kernel)).toEqual([-1, -1]);
    const next: Readonly<Record<string, number>> = { groups: 1, channels: 2, units: 6, padTop: 0, padLeft: 0 };
    s[name] = next[name] ?? (s[name]! === 1 ? 2 : 1);
    expect(differences(before, x, 1, kernel)).toEqual([-1, -1]);
  });
});

describe('scratch memory', () => {
  afterEach(() => {
    heap.limit = Infinity;
  });

  test('that is not to be had is no error: convolutions are TypeScript then, until there is some', () => {
    const s = sizes(1100, 1, 2, 1, { batch: 1 });
    const d = new Draw(9);
    const inHeap = (array: Int8Array): Int8Array => {
      const copy = heap.allocate('int8', array.length);
      copy.set(array);
      return copy;
    };
    const [x, kernel] = [inHeap(d.int8(xSize(s))), packed(s, d.int8(kernelSize(s)))];
    const weights = inHeap(kernel);
    const sums = heap.allocate('int32', ySize(s));
    heap.limit = heap.counters().used + 100_000; // less than a frame
    const { used } = heap.counters();
    table.conv2dInt8(s, x, 9, weights, sums);
    expect(heap.counters().used).toBe(used);
    expect(table.link(table.conv2dInt8, [s, x, 9, weights, sums])).toBeNull();
    const expected = new Int32Array(sums.length);
    reference.conv2dInt8(s, x, 9, kernel, expected);
    expect(firstDifference(sums, expected)).toBe(-1);
    heap.limit = Infinity;
    sums.fill(0);
    expect(table.link(table.conv2dInt8, [s, x, 9, weights, sums])).toHaveLength(1);
    table.conv2dInt8(s, x, 9, weights, sums);
    expect(firstDifference(sums, expected)).toBe(-1);
    for (const array of [x, weights, sums]) heap.release(array);
  });
});
