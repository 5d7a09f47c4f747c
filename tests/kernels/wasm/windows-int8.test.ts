import { describe, expect, test } from 'vitest';
import { cpu } from '../../../kernels/cpu/cpu.ts';
import type { Convolution, Window } from '../../../kernels/interface/convolution.ts';
import { packedLength } from '../../../kernels/packing.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { Engine } from '../../../kernels/wasm/engine.ts';
import { Heap } from '../../../kernels/wasm/heap.ts';
import { integerImages } from '../../../kernels/wasm/integer-images.ts';
import { poolsInt8 } from '../../../kernels/wasm/pools-int8.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';
import { cases } from '../cases.ts';
import { Draw } from '../draw.ts';

const table = wasm();

/** Numbers behind an array that must stay as they are. */
const BEHIND = 24;

const windowOf = (
  height: number,
  width: number,
  down: number,
  across: number,
  stride: number,
  pad: number,
): Window => ({
  ...{ batch: 2, height, width, kernelHeight: down, kernelWidth: across },
  outHeight: Math.floor((height + 2 * pad - down) / stride) + 1,
  outWidth: Math.floor((width + 2 * pad - across) / stride) + 1,
  ...{ strideY: stride, strideX: stride, dilationY: 1, dilationX: 1, padTop: pad, padLeft: pad },
});

/** What a kernel leaves in an array of the heap that goes on behind its results. */
function inHeap<T extends Int8Array | Int32Array>(y: T, compute: (y: T) => void): number[] {
  const type = y instanceof Int8Array ? 'int8' : 'int32';
  const placed = table.heap.allocate(type, y.length) as T;
  placed.set(y);
  compute(placed);
  const left = [...placed];
  table.heap.release(placed);
  return left;
}

/** Compares what both tables leave in a y that goes on behind its results. */
function expectEqual<T extends Int8Array | Int32Array>(y: T, compute: (kernels: typeof reference, y: T) => void): void {
  const expected = y.slice() as T;
  compute(reference, expected);
  expect(inHeap(y, (placed) => compute(table, placed))).toEqual([...expected]);
}

/** A depthwise convolution of codes and weights made by `code`, as sums and as codes. */
function expectDepthwise(window: Window, channels: number, zeroPoint: number, code: (i: number) => number): void {
  const s: Convolution = { ...window, channels, units: channels, groups: channels };
  const x = Int8Array.from({ length: s.batch * s.height * s.width * channels }, (_, i) => code(i));
  const kernel = Int8Array.from({ length: s.kernelHeight * s.kernelWidth * channels }, (_, i) => code(3 * i + 1));
  const packed = new Int8Array(packedLength(s));
  reference.packConvInt8(s, kernel, packed);
  const results = s.batch * s.outHeight * s.outWidth * channels;
  const bias = Int32Array.from({ length: channels }, (_, c) => 1000 * c - 7000);
  const scales = Float32Array.from({ length: channels }, (_, c) => 0.002 * (c + 1));
  expectEqual(new Int32Array(results + BEHIND).fill(77), (kernels, y) =>
    kernels.conv2dInt8(s, x, zeroPoint, packed, y),
  );
  expectEqual(new Int8Array(results + BEHIND).fill(77), (kernels, y) =>
    kernels.conv2dRequantized(s, x, zeroPoint, packed, bias, scales, -9, -9, 101, y),
  );
}

describe('int8 convolutions of each channel by itself', () => {
  const codes = new Draw(5).int8(4096);
  const code = (i: number): number => codes[i % 4096]!;

  test.each(Array.from({ length: 17 }, (_, i) => i + 1))('%i channels', (channels) => {
    expectDepthwise(windowOf(6, 7, 3, 3, 1, 1), channels, -3, code);
    expectDepthwise(windowOf(7, 9, 3, 3, 2, 0), channels, 100, code);
  });

  // height, width, taps down and across, stride, zero points on each side
  test.each([
    [9, 9, 5, 5, 1, 2],
    [9, 12, 2, 4, 2, 1],
    [1, 40, 1, 9, 1, 4],
    [12, 1, 5, 1, 1, 0],
    [9, 9, 7, 7, 1, 3],
    [6, 30, 2, 13, 1, 0],
    [40, 9, 3, 9, 3, 0],
  ])('%i x %i, taps %i x %i, stride %i, %i around', (...sizes) => {
    for (const channels of [8, 13]) expectDepthwise(windowOf(...sizes), channels, 7, code);
  });

  test.each([
    [-128, -128],
    [127, -128],
    [-128, 127],
    [127, 127],
  ])('the zero point %i among codes and weights of %i', (zeroPoint, extreme) => {
    for (const taps of [3, 7]) expectDepthwise(windowOf(8, 8, taps, taps, 1, 1), 9, zeroPoint, () => extreme);
  });
});

/** A pool of codes, by all rules. */
function expectPools(s: Window, channels: number, zeroPoint: number, ratio: number, x: Int8Array): void {
  const results = s.batch * s.outHeight * s.outWidth * channels;
  expectEqual(new Int8Array(results + BEHIND).fill(77), (kernels, y) => kernels.maxPoolInt8(s, channels, x, y));
  expectEqual(new Int8Array(results + BEHIND).fill(77), (kernels, y) =>
    kernels.avgPoolInt8(s, channels, x, zeroPoint, ratio, 5, y),
  );
  expectEqual(new Int8Array(results + BEHIND).fill(77), (kernels, y) => kernels.avgPoolInt8Whole(s, channels, x, y));
}

describe('pools of int8 images', () => {
  const codes = (s: Window, channels: number): Int8Array => new Draw(9).int8(s.batch * s.height * s.width * channels);

  test.each([...Array.from({ length: 17 }, (_, i) => i + 1), 32, 33, 64, 65, 90])('%i channels', (channels) => {
    for (const s of [windowOf(7, 8, 2, 2, 2, 0), windowOf(7, 8, 3, 3, 2, 1), windowOf(6, 6, 6, 6, 1, 0)])
      expectPools(s, channels, -20, 0.7, codes(s, channels));
  });

  test('sums of rows as long as 16 bits hold, and longer ones', () => {
    for (const width of [255, 256, 300]) {
      const s = windowOf(3, width, 3, width, 1, 0);
      for (const [extreme, zeroPoint] of [
        [-128, 127],
        [127, -128],
        [127, 127],
      ] as const)
        expectPools(s, 9, zeroPoint, 0.5, new Int8Array(2 * 3 * width * 9).fill(extreme));
    }
  });

  test('means of codes next to a half, of as many taps as float32 can tell apart and of more', () => {
    for (const width of [8192 / 64, 129]) {
      const s = windowOf(64, width, 64, width, 1, 0);
      for (const half of [-127.5, -64.5, -0.5, 0.5, 126.5])
        for (const more of [-1, 0, 1]) {
          const count = 64 * width;
          const sum = half * count + more;
          const low = Math.floor(sum / count);
          const x = Int8Array.from({ length: 2 * count }, (_, i) => low + (i % count < sum - low * count ? 1 : 0));
          const [y] = inHeap(new Int8Array(2), (placed) => table.avgPoolInt8Whole(s, 1, x, placed));
          const up = half < 0 ? more > 0 : more >= 0;
          expect(y, `${half} ${more} of ${count}`).toBe(Math.floor(half) + (up ? 1 : 0));
          expectEqual(new Int8Array(2 + BEHIND).fill(77), (kernels, to) => kernels.avgPoolInt8Whole(s, 1, x, to));
        }
    }
  });

  test('an average whose ratio is infinite or no number', () => {
    const s = windowOf(4, 4, 2, 2, 2, 0);
    for (const ratio of [Infinity, -Infinity, Number.NaN]) expectPools(s, 5, 3, ratio, codes(s, 5).fill(3, 0, 60));
  });
});

test('sums of two formats, through every pair of codes', () => {
  const a = Int8Array.from({ length: 65_536 }, (_, i) => i >> 8);
  const b = Int8Array.from({ length: 65_536 }, (_, i) => i);
  // Scales that make ties, that do not, and that leave the range.
  for (const [aScale, bScale, scale] of [
    [0.5, 0.25, 1],
    [0.1, 0.033, 0.12],
    [3e38, 3e38, 1e-3],
    [1, 1, 0],
  ] as const) {
    const args = [a, aScale, -100, b, bScale, 27] as const;
    expectEqual(new Int8Array(65_536 + BEHIND).fill(77), (kernels, y) =>
      kernels.addInt8(65_536, ...args, scale, -3, y),
    );
  }
});

test('int8 windows are computed in TypeScript where there is no room for scratch memory, or nothing to do', () => {
  const heap = new Heap();
  const engine = new Engine(heap, cpu);
  const kernels = { ...poolsInt8(engine), ...integerImages(engine) };
  const inTypeScript: string[] = [];
  engine.orElse = new Proxy(cpu, {
    get: (target, name) => {
      inTypeScript.push(String(name));
      return target[name as 'neg'];
    },
  });
  const none: Convolution = { ...windowOf(4, 4, 3, 3, 1, 1), batch: 0, channels: 3, units: 3, groups: 3 };
  kernels.conv2dInt8(none, new Int8Array(0), 0, new Int8Array(packedLength(none)), new Int32Array(0));
  kernels.maxPoolInt8(none, 3, new Int8Array(0), new Int8Array(0));
  expect(inTypeScript).toEqual(['conv2dInt8', 'maxPoolInt8']);
  heap.limit = heap.counters().used + 1;
  for (const name of ['maxPoolInt8', 'avgPoolInt8', 'avgPoolInt8Whole'] as const) {
    const { args } = cases[name]!(new Draw(11));
    (kernels[name] as (...given: readonly unknown[]) => void)(...args);
  }
  const some: Convolution = { ...none, batch: 1 };
  const y = new Int32Array(48);
  kernels.conv2dInt8(some, new Int8Array(48).fill(2), 1, new Int8Array(packedLength(some)).fill(1), y);
  expect(y.slice(0, 3)).toEqual(Int32Array.of(4, 4, 4));
  expect(inTypeScript.slice(2)).toEqual(['maxPoolInt8', 'avgPoolInt8', 'avgPoolInt8Whole', 'conv2dInt8']);
});
