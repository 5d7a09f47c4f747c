import { afterEach, describe, expect, test } from 'vitest';
import type { Convolution } from '../../../kernels/interface/convolution.ts';
import { panelsLength } from '../../../kernels/packing.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';
import { firstDifference } from '../cases.ts';
import { floats } from '../reference/tools.ts';

const table = wasm();
const { heap } = table;

/** Squares of `size` pixels under 3x3 taps, as many results as pixels. */
const sizes = (size: number, channels: number, units: number, given: Partial<Convolution> = {}): Convolution => ({
  batch: 2,
  height: size,
  width: size,
  outHeight: size,
  outWidth: size,
  kernelHeight: 3,
  kernelWidth: 3,
  strideY: 1,
  strideX: 1,
  dilationY: 1,
  dilationX: 1,
  padTop: 1,
  padLeft: 1,
  channels,
  units,
  groups: 1,
  ...given,
});

/** The arrays of a convolution, in the heap or not. */
function arraysOf(s: Convolution, isInHeap: boolean) {
  const make = (n: number, seed: number): Float32Array => {
    const x = floats(n, seed);
    if (!isInHeap) return x;
    const copy = heap.allocate('float32', n);
    copy.set(x);
    return copy;
  };
  return {
    x: make(s.batch * s.height * s.width * s.channels, 1),
    kernel: make((s.kernelHeight * s.kernelWidth * s.channels * s.units) / s.groups, 2),
    y: make(s.batch * s.outHeight * s.outWidth * s.units, 3),
    bias: make(s.units, 4),
  };
}

/** Which kernels differ from the reference. */
function wrongIn(s: Convolution): string[] {
  const { x, kernel, y, bias } = arraysOf(s, false);
  const rows = s.kernelHeight * s.kernelWidth * s.channels;
  const packed = new Float32Array(panelsLength(rows, s.units));
  if (s.groups === 1) reference.packPanels(rows, s.units, kernel, packed);
  const results = [table, reference].map(({ conv2d, conv2dPanels, conv2dTransposed, conv2dKernelGrad }) => {
    const [forward, panels, back, gradient] = [y.slice(), y.slice(), x.slice(), kernel.slice()] as const;
    conv2d(s, x, kernel, bias, 'relu6', forward);
    if (s.groups === 1) conv2dPanels(s, x, packed, bias, 'relu6', panels);
    conv2dTransposed(s, y, kernel, null, 'linear', back);
    conv2dKernelGrad(s, x, y, gradient);
    return { forward, panels, back, gradient };
  });
  const [own, expected] = results as [(typeof results)[0], (typeof results)[0]];
  return (['forward', 'panels', 'back', 'gradient'] as const).filter(
    (of) => firstDifference(own[of], expected[of]) !== -1,
  );
}

describe('convolutions too large for one block of anything equal the reference', () => {
  test.each([
    ['rows of positions in several blocks', sizes(37, 3, 18)],
    ['a row longer than a block', sizes(1, 5, 7, { width: 230, outWidth: 230, kernelHeight: 1, padTop: 0 })],
    ['many channels', sizes(5, 70, 33)],
    ['groups of many units', sizes(5, 12, 72, { groups: 3 })],
    ['strides beyond the taps', sizes(23, 4, 5, { strideY: 4, strideX: 5, outHeight: 6, outWidth: 5 })],
    ['pixels for a product that packs', sizes(14, 24, 70, { kernelHeight: 1, kernelWidth: 1, padTop: 0, padLeft: 0 })],
  ])('%s', (_, s) => {
    expect(wrongIn(s)).toEqual([]);
  });
});

describe('scratch memory', () => {
  afterEach(() => {
    heap.limit = Infinity;
  });

  test('that is not to be had is no error: convolutions are TypeScript then', () => {
    const s = sizes(130, 16, 2, { batch: 1 });
    const { x, kernel, y, bias } = arraysOf(s, true);
    const [back, gradient] = [x.slice(), kernel.slice()];
    heap.limit = heap.counters().used + 300_000; // less than a frame
    const { used } = heap.counters();
    table.conv2d(s, x, kernel, bias, 'relu', y);
    table.conv2dKernelGrad(s, x, y, kernel);
    const panels = new Float32Array(y.length);
    const packed = new Float32Array(9 * 16 * 16);
    reference.packPanels(9 * 16, 2, gradient, packed);
    table.conv2dPanels(s, back, packed, bias, 'relu', panels);
    expect(heap.counters().used).toBe(used);
    expect(table.link(table.conv2d, [s, x, kernel, bias, 'relu', y])).toBeNull();
    const [forward, kernelGrad] = [new Float32Array(y.length), gradient.slice()];
    reference.conv2d(s, back, gradient, bias, 'relu', forward);
    reference.conv2dKernelGrad(s, back, forward, kernelGrad);
    const differences = [y, panels].map((own) => firstDifference(own, forward));
    expect([...differences, firstDifference(kernel, kernelGrad)]).toEqual([-1, -1, -1]);
    for (const array of [x, kernel, y, bias]) heap.release(array);
  });

  test('of linked calls stays theirs when a larger convolution comes', () => {
    const s = sizes(6, 5, 4);
    const { x, kernel, y, bias } = arraysOf(s, true);
    const calls = table.link(table.conv2d, [s, x, kernel, bias, 'linear', y]);
    expect(calls).toHaveLength(1);
    const again = table.join(calls!);
    const { used } = heap.counters();
    expect(wrongIn(sizes(120, 48, 3, { batch: 1 }))).toEqual([]);
    expect(heap.counters().used).toBeGreaterThan(used);
    const expected = new Float32Array(y.length);
    reference.conv2d(s, x, kernel, bias, 'linear', expected);
    // What was given back would be the first to be given away.
    const others = Array.from({ length: 64 }, () => heap.allocate('uint8', 65536).fill(1));
    again();
    expect(others.every((other) => other.every((byte) => byte === 1))).toBe(true);
    for (const other of others) heap.release(other);
    expect(firstDifference(y, expected)).toBe(-1);
    const after = heap.counters().used;
    expect(wrongIn(sizes(120, 48, 3, { batch: 1 }))).toEqual([]);
    expect(heap.counters().used).toBe(after);
    for (const array of [x, kernel, y, bias]) heap.release(array);
  });
});

test('a transposed convolution is a call for each phase of its strides', () => {
  const s = sizes(9, 4, 6, { strideY: 2, strideX: 3, outHeight: 5, outWidth: 3 });
  const { x, kernel, y, bias } = arraysOf(s, true);
  expect(table.link(table.conv2dTransposed, [s, y, kernel, null, 'linear', x])).toHaveLength(6);
  for (const array of [x, kernel, y, bias]) heap.release(array);
});
