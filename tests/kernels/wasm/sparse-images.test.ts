import { afterEach, describe, expect, test } from 'vitest';
import { cpu } from '../../../kernels/cpu/cpu.ts';
import type { Convolution } from '../../../kernels/interface/convolution.ts';
import type { SparseWidth } from '../../../kernels/interface/sparse.ts';
import { pairedRows } from '../../../kernels/packing.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';
import { firstDifference } from '../cases.ts';
import { Draw } from '../draw.ts';
import { floats } from '../reference/tools.ts';

const table = wasm();
const { heap } = table;
const WIDTHS = [1, 4, 16] as const;

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

/** Panels of which the rows are held that `isHeld` says. */
function panelsOf(s: Convolution, width: SparseWidth, isHeld: (row: number, panel: number) => boolean) {
  const starts = [0];
  const rows: number[] = [];
  for (let p = 0; p * width < s.units; p++) {
    for (let row = 0; row < s.kernelHeight * s.kernelWidth * s.channels; row++) if (isHeld(row, p)) rows.push(row);
    starts.push(rows.length);
  }
  const values = floats(rows.length * width, 3).map((v, i) => {
    const panel = starts.findIndex((start) => start > Math.floor(i / width)) - 1;
    return panel * width + (i % width) < s.units ? v : 0;
  });
  return { starts: Int32Array.from(starts), rows: Int32Array.from(rows), values };
}

const third = (row: number, panel: number): boolean => (row * 7 + panel * 5) % 3 === 0;

/** Where results and gradients first differ from those of the reference. */
function differences(s: Convolution, width: SparseWidth, kernels: typeof cpu, isHeld = third): [y: number, dx: number] {
  const { starts, rows, values } = panelsOf(s, width, isHeld);
  const [x, dy, bias] = [floats(xSize(s), 1), floats(ySize(s), 2), floats(s.units, 4)] as const;
  const results = [kernels, reference].map(({ conv2dSparse, conv2dSparseGrad }) => {
    const [y, dx] = [new Float32Array(ySize(s)).fill(7), new Float32Array(xSize(s)).fill(7)] as const;
    conv2dSparse(s, x, width, starts, rows, values, bias, 'relu', y);
    conv2dSparseGrad(s, dy, width, starts, rows, values, dx);
    return { y, dx };
  });
  return [firstDifference(results[0]!.y, results[1]!.y), firstDifference(results[0]!.dx, results[1]!.dx)];
}

const shapes: Readonly<Record<string, Convolution>> = {
  'more units than a panel has, and an odd rest': sizes(6, 3, 5, 39),
  'more positions than are summed at a time': sizes(17, 3, 3, 6),
  'planes as large as a page of memory': sizes(30, 3, 2, 3, { padTop: 2, outHeight: 32, padLeft: 2, outWidth: 32 }),
  'strides that the taps do not reach across': sizes(23, 2, 3, 18, {
    strideX: 3,
    strideY: 4,
    outHeight: 6,
    outWidth: 8,
  }),
  'strides and dilations with a common divisor': sizes(15, 3, 2, 5, {
    ...{ strideX: 4, strideY: 2, dilationX: 2, dilationY: 4, padTop: 4, padLeft: 2, outHeight: 8, outWidth: 4 },
  }),
  'one pixel, at a stride': sizes(7, 1, 20, 33, { strideX: 2, strideY: 2, outHeight: 4, outWidth: 4 }),
  'one pixel each': sizes(5, 1, 33, 20),
  'rows of one position': sizes(6, 3, 9, 17, { padLeft: 0, width: 3, outWidth: 1 }),
  'windows without a tap inside': sizes(2, 2, 3, 5, { padTop: 6, padLeft: 6, outHeight: 9, outWidth: 9 }),
  sequences: sizes(9, 3, 6, 7, { height: 1, outHeight: 1, kernelHeight: 1, padTop: 0 }),
};

describe.each([
  ['cpu', cpu],
  ['wasm', table],
] as const)('sparse convolutions and their gradients on %s equal the reference', (_, kernels) => {
  test.each(Object.entries(shapes))('%s', (_, s) => {
    for (const width of WIDTHS) expect(differences(s, width, kernels)).toEqual([-1, -1]);
  });

  test.each([
    ['nothing', () => false],
    ['everything', () => true],
    ['one panel', (_: number, panel: number) => panel === 1],
    ['one tap', (row: number) => row >= 9 && row < 12],
  ] as const)('where %s is held', (_, isHeld) => {
    for (const width of WIDTHS) expect(differences(sizes(5, 3, 3, 34), width, kernels, isHeld)).toEqual([-1, -1]);
  });
});

test('rows too long for cpu to copy side by side are those of the reference', () => {
  const s = sizes(2, 1, 66_000, 2, { batch: 1, kernelHeight: 2, outHeight: 1 });
  expect(differences(s, 1, cpu, (row) => row % 1000 === 0)).toEqual([-1, -1]);
});

describe('sparse products and convolutions in int8 equal the reference', () => {
  /** Pairs of rows of panels, a third held, weights all `weight` or drawn. */
  function pairsOf(s: Convolution, weight: number | null) {
    const { starts, rows, values } = panelsOf(s, 16, third);
    const drawn = new Draw(5).int8(values.length);
    return pairedRows(
      starts,
      rows,
      Int8Array.from(values, (v, i) => (v === 0 ? 0 : (weight ?? drawn[i]!))),
    );
  }

  function difference(s: Convolution, x: Int8Array, zeroPoint: number, weight: number | null, kernels: typeof cpu) {
    const { starts, rows, values } = pairsOf(s, weight);
    const [sums, expected] = [new Int32Array(ySize(s)), new Int32Array(ySize(s))] as const;
    kernels.conv2dSparseInt8(s, x, zeroPoint, starts, rows, values, sums);
    reference.conv2dSparseInt8(s, x, zeroPoint, starts, rows, values, expected);
    return firstDifference(sums, expected);
  }

  test.each(Object.entries(shapes))('%s', (_, s) => {
    const x = new Draw(3).int8(xSize(s));
    for (const kernels of [cpu, table]) {
      expect(difference(s, x, -17, null, kernels)).toBe(-1);
      // The largest products of both signs: a zero point at either end needs 9 bits for each number.
      for (const [code, zeroPoint] of [
        [-128, 127],
        [127, -128],
      ] as const)
        for (const weight of [-128, 127])
          expect(difference(s, new Int8Array(xSize(s)).fill(code), zeroPoint, weight, kernels)).toBe(-1);
    }
  });

  // Above 128 rows of 512 numbers X is widened in parts.
  test.each([1, 2, 3, 4, 5, 129, 300])('a product of %d rows', (m) => {
    const [k, n] = [512, 37] as const;
    const { starts, rows, values } = pairsOf(sizes(1, 1, k, n), null);
    const x = new Draw(m).int8(m * k);
    const expected = new Int32Array(m * n);
    reference.gemmSparseInt8(m, n, k, x, starts, rows, values, expected);
    for (const kernels of [cpu, table]) {
      const sums = new Int32Array(m * n).fill(7);
      kernels.gemmSparseInt8(m, n, k, x, starts, rows, values, sums);
      expect(firstDifference(sums, expected)).toBe(-1);
    }
  });
});

describe('recorded', () => {
  afterEach(() => {
    heap.limit = Infinity;
  });

  const inHeap = <A extends Float32Array | Int32Array | Int8Array>(array: A): A => {
    const type = array instanceof Float32Array ? 'float32' : array instanceof Int32Array ? 'int32' : 'int8';
    const copy = heap.allocate(type, array.length) as A;
    copy.set(array as never);
    return copy;
  };

  test('one call of compiled code, and for a gradient one for each part of its strides', () => {
    const s = sizes(6, 3, 4, 20, { strideX: 2, strideY: 2, outHeight: 3, outWidth: 3 });
    const [x, y] = [inHeap(floats(xSize(s))), inHeap(floats(ySize(s)))] as const;
    for (const width of WIDTHS) {
      const held = panelsOf(s, width, third);
      const kernel = [width, inHeap(held.starts), inHeap(held.rows), inHeap(held.values)] as const;
      expect(table.link(table.conv2dSparse, [s, x, ...kernel, null, 'linear', y])).toHaveLength(1);
      expect(table.link(table.conv2dSparseGrad, [s, y, ...kernel, x])).toHaveLength(4);
    }
    const { starts, rows, values } = panelsOf(s, 16, third);
    const paired = pairedRows(
      starts,
      rows,
      Int8Array.from(values, (v) => 100 * v),
    );
    const kernel = [inHeap(paired.starts), inHeap(paired.rows), inHeap(paired.values)] as const;
    const [codes, sums] = [inHeap(new Int8Array(xSize(s))), inHeap(new Int32Array(ySize(s)))] as const;
    expect(table.link(table.conv2dSparseInt8, [s, codes, 3, ...kernel, sums])).toHaveLength(1);
  });

  test('without room for scratch memory, no compiled code: TypeScript computes it', () => {
    const s = sizes(300, 3, 4, 2, { batch: 1 });
    const { starts, rows, values } = panelsOf(s, 4, third);
    const [x, y, dx] = [
      inHeap(floats(xSize(s))),
      inHeap(new Float32Array(ySize(s))),
      inHeap(floats(xSize(s))),
    ] as const;
    const kernel = [4, inHeap(starts), inHeap(rows), inHeap(values)] as const;
    const paired = pairedRows(Int32Array.of(0, 3), Int32Array.of(0, 5, 7), new Int8Array(48).fill(2));
    const pairs = [inHeap(paired.starts), inHeap(paired.rows), inHeap(paired.values)] as const;
    const [codes, sums] = [inHeap(new Int8Array(xSize(s)).fill(9)), inHeap(new Int32Array(ySize(s)))] as const;
    heap.limit = heap.counters().used + 100_000; // less than a frame
    table.conv2dSparse(s, x, ...kernel, null, 'linear', y);
    table.conv2dSparseGrad(s, y, ...kernel, dx);
    table.conv2dSparseInt8(s, codes, 9, ...pairs, sums);
    expect(table.link(table.conv2dSparse, [s, x, ...kernel, null, 'linear', y])).toBeNull();
    expect(table.link(table.conv2dSparseGrad, [s, y, ...kernel, dx])).toBeNull();
    expect(table.link(table.conv2dSparseInt8, [s, codes, 9, ...pairs, sums])).toBeNull();
    const [expected, gradient] = [new Float32Array(y.length), new Float32Array(x.length)] as const;
    cpu.conv2dSparse(s, x, ...kernel, null, 'linear', expected);
    cpu.conv2dSparseGrad(s, expected, ...kernel, gradient);
    expect([firstDifference(y, expected), firstDifference(dx, gradient)]).toEqual([-1, -1]);
    expect(sums.every((sum) => sum === 0)).toBe(true);
  });
});
