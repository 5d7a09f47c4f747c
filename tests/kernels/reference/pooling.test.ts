import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Convolution } from '../../../kernels/interface/convolution.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { reference64 } from '../../../kernels/reference/reference64.ts';
import { convolutions, integers, withSpecial } from '../windows.ts';

/** Windows without gaps that all have a tap inside. */
const windows = convolutions
  .map((s) => ({ ...s, dilationY: 1, dilationX: 1 }))
  .map((s) => ({ ...s, padTop: s.padTop % s.kernelHeight, padLeft: s.padLeft % s.kernelWidth }))
  .filter((s) => {
    const isInside = (positions: number, stride: number, before: number, length: number): boolean =>
      (positions - 1) * stride - before < length;
    return isInside(s.outHeight, s.strideY, s.padTop, s.height) && isInside(s.outWidth, s.strideX, s.padLeft, s.width);
  });

/** Of every window and channel, where its numbers are in the image: row by row. */
function gathered(s: Convolution): number[][] {
  const all: number[][] = [];
  for (let n = 0; n < s.batch; n++)
    for (let oy = 0; oy < s.outHeight; oy++)
      for (let ox = 0; ox < s.outWidth; ox++)
        for (let c = 0; c < s.channels; c++) {
          const window: number[] = [];
          const [top, left] = [oy * s.strideY - s.padTop, ox * s.strideX - s.padLeft];
          for (let iy = Math.max(top, 0); iy < Math.min(top + s.kernelHeight, s.height); iy++)
            for (let ix = Math.max(left, 0); ix < Math.min(left + s.kernelWidth, s.width); ix++)
              window.push(((n * s.height + iy) * s.width + ix) * s.channels + c);
          all.push(window);
        }
  return all;
}

const imageSize = (s: Convolution): number => s.batch * s.height * s.width * s.channels;

test('pools are the reductions of gathered windows, to the bit', () => {
  fc.assert(
    fc.property(windows, fc.nat(1e6), fc.boolean(), (s, seed, isSpecial) => {
      const x = withSpecial(imageSize(s), seed, isSpecial ? 4 : 99);
      const all = gathered(s);
      const [max, average, one] = [new Float32Array(all.length), new Float32Array(all.length), new Float32Array(1)];
      reference.maxPool(s, s.channels, x, max);
      reference.avgPool(s, s.channels, x, average);
      all.forEach((window, i) => {
        const list = Float32Array.from(window, (at) => x[at]!);
        reference.max(1, list.length, 1, list, one);
        expect(max[i]).toBe(one[0]);
        reference.sum(1, list.length, 1, list, list.length, one);
        expect(average[i]).toBe(one[0]);
      });
    }),
    { numRuns: 100 },
  );
});

test('gradients of maxima are added at the first equal of each window, window by window', () => {
  fc.assert(
    fc.property(windows, fc.nat(1e6), (s, seed) => {
      const x = Float32Array.from(integers(imageSize(s), seed), (v) => (v & 7) - 3); // ties everywhere
      const all = gathered(s);
      const dy = withSpecial(all.length, seed + 1, 20);
      const [y, dx, want] = [new Float32Array(all.length), new Float32Array(x.length), new Float32Array(x.length)];
      reference.maxPool(s, s.channels, x, y);
      reference.maxPoolGrad(s, s.channels, x, y, dy, false, dx);
      const chosen = all.map((window) => window.reduce((p, q) => (x[q]! > x[p]! ? q : p)));
      reference.scatterAdd(1, x.length, 1, all.length, dy, Int32Array.from(chosen), want);
      expect(dx).toEqual(want);
      const [through, relu] = [new Float32Array(x.length), new Float32Array(x.length)];
      reference.maxPoolGrad(s, s.channels, x, y, dy, true, through);
      reference.reluGrad(x.length, x, dx, relu);
      expect(through).toEqual(relu);
    }),
    { numRuns: 100 },
  );
});

test('no number has a gradient of a window that NaN won, and -0 that of a maximum of zero', () => {
  const s = { batch: 1, height: 1, width: 4, outHeight: 1, outWidth: 2, kernelHeight: 1, kernelWidth: 2 };
  const window = { ...s, strideY: 1, strideX: 2, dilationY: 1, dilationX: 1, padTop: 0, padLeft: 0 };
  const [x, y, dx] = [Float32Array.of(5, Number.NaN, -0, 0), new Float32Array(2), new Float32Array(4).fill(7)];
  reference.maxPool(window, 1, x, y);
  expect([...y]).toEqual([Number.NaN, 0]);
  reference.maxPoolGrad(window, 1, x, y, Float32Array.of(1, 2), false, dx);
  expect([...dx]).toEqual([0, 0, 2, 0]);
});

test('gradients of means are shares, each rounded, added window by window', () => {
  fc.assert(
    fc.property(windows, fc.nat(1e6), (s, seed) => {
      const all = gathered(s);
      const dy = withSpecial(all.length, seed, 9);
      const [dx, want] = [new Float32Array(imageSize(s)), new Float32Array(imageSize(s))];
      reference.avgPoolGrad(s, s.channels, dy, dx);
      all.forEach((window, i) => {
        for (const at of window) want[at]! += Math.fround(dy[i]! / window.length);
      });
      expect(dx).toEqual(want);
    }),
    { numRuns: 100 },
  );
});

test('pools and their gradients are adjoint in float64', () => {
  const dot = (p: Float64Array, q: Float64Array): number => p.reduce((sum, value, i) => sum + value * q[i]!, 0);
  fc.assert(
    fc.property(windows, fc.nat(1e6), (s, seed) => {
      const x = integers(imageSize(s), seed);
      const count = gathered(s).length;
      const [dy, y, dx] = [integers(count, seed + 1), new Float64Array(count), new Float64Array(x.length)];
      reference64.maxPool(s, s.channels, x, y);
      reference64.maxPoolGrad(s, s.channels, x, y, dy, false, dx);
      expect(dot(x, dx)).toBe(dot(y, dy));
      reference64.avgPool(s, s.channels, x, y);
      reference64.avgPoolGrad(s, s.channels, dy, dx);
      expect(Math.abs(dot(x, dx) - dot(y, dy))).toBeLessThan(1e-8);
    }),
    { numRuns: 100 },
  );
});
