import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Convolution } from '../../../kernels/interface/convolution.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { reference64 } from '../../../kernels/reference/reference64.ts';
import { convolutions, integers, kernelSize, withSpecial, xSize, ySize } from '../windows.ts';

const fr = Math.fround;
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Σ of products in order from +0, each product and each sum rounded. */
const summed = (terms: readonly (readonly [number, number])[]): number =>
  terms.reduce((sum, [p, q]) => fr(sum + fr(p * q)), 0);

/** The part of a list whose last axis is `n`: some of its columns. */
const columns = (list: Float32Array, n: number, from: number, count: number): Float32Array =>
  list.filter((_, i) => i % n >= from && i % n < from + count);

const places = (s: Convolution): number[][] =>
  range(s.batch).flatMap((n) => range(s.outHeight).flatMap((oy) => range(s.outWidth).map((ox) => [n, oy, ox])));

const taps = (s: Convolution): number[][] =>
  range(s.kernelHeight).flatMap((ky) => range(s.kernelWidth).map((kx) => [ky, kx]));

/** The image with zeros all around, as large as a window can reach, and a window that needs none. */
function spread(s: Convolution, x: Float32Array): { readonly wide: Convolution; readonly image: Float32Array } {
  const height = s.padTop + s.height + s.outHeight * s.strideY + s.kernelHeight * s.dilationY;
  const width = s.padLeft + s.width + s.outWidth * s.strideX + s.kernelWidth * s.dilationX;
  const image = new Float32Array(s.batch * height * width * s.channels);
  x.forEach((value, i) => {
    const c = i % s.channels;
    const ix = Math.floor(i / s.channels) % s.width;
    const iy = Math.floor(i / s.channels / s.width) % s.height;
    const n = Math.floor(i / s.channels / s.width / s.height);
    image[((n * height + iy + s.padTop) * width + ix + s.padLeft) * s.channels + c] = value;
  });
  return { wide: { ...s, height, width, padTop: 0, padLeft: 0 }, image };
}

describe('convolutions', () => {
  test('add products over kernel rows, kernel columns and channels, then the bias, then the activation', () => {
    fc.assert(
      fc.property(convolutions, fc.constantFrom('linear', 'relu', 'relu6'), fc.nat(1e6), (s, activation, seed) => {
        const [x, kernel, bias] = [
          withSpecial(xSize(s), seed),
          withSpecial(kernelSize(s), seed + 1),
          withSpecial(s.units, seed + 2),
        ];
        const { wide, image } = spread(s, x);
        const y = new Float32Array(ySize(s));
        reference.conv2d(s, x, kernel, bias, activation, y);
        const [perGroup, each] = [s.channels / s.groups, s.units / s.groups];
        const want = places(s).flatMap(([n, oy, ox]) =>
          range(s.units).map((u) => {
            const sum = summed(
              taps(s).flatMap(([ky, kx]) => {
                const row =
                  (n! * wide.height + oy! * s.strideY + ky! * s.dilationY) * wide.width +
                  ox! * s.strideX +
                  kx! * s.dilationX;
                return range(perGroup).map((c) => {
                  const weight = ((ky! * s.kernelWidth + kx!) * perGroup + c) * s.units + u;
                  return [image[row * s.channels + Math.floor(u / each) * perGroup + c]!, kernel[weight]!] as const;
                });
              }),
            );
            const before = fr(sum + bias[u]!);
            if (activation === 'relu6' && before > 6) return 6;
            return activation !== 'linear' && before < 0 ? 0 : before;
          }),
        );
        expect(y).toEqual(Float32Array.from(want));
      }),
      { numRuns: 60 },
    );
  });

  test('back to an image add over rows, columns and units of what is given, the grid of the stride outside of it as +0', () => {
    fc.assert(
      fc.property(convolutions, fc.nat(1e6), (s, seed) => {
        const [y, kernel, bias] = [
          withSpecial(ySize(s), seed),
          withSpecial(kernelSize(s), seed + 1),
          withSpecial(s.channels, seed + 2),
        ];
        const x = new Float32Array(xSize(s));
        reference.conv2dTransposed(s, y, kernel, bias, 'linear', x);
        const [perGroup, each] = [s.channels / s.groups, s.units / s.groups];
        /** Positions along an axis, in order, outside of y too, whose window has a tap at `place`, and that tap. */
        const reaching = (place: number, count: number, stride: number, dilation: number, before: number): number[][] =>
          range(60)
            .map((i) => i - 30)
            .flatMap((o) => range(count).map((tap) => [o, tap]))
            .filter(([o, tap]) => o! * stride + tap! * dilation - before === place);
        const want = Array.from(x, (_, i) => {
          const c = i % s.channels;
          const ix = Math.floor(i / s.channels) % s.width;
          const iy = Math.floor(i / s.channels / s.width) % s.height;
          const n = Math.floor(i / s.channels / s.width / s.height);
          const rows = reaching(iy, s.kernelHeight, s.strideY, s.dilationY, s.padTop);
          const cols = reaching(ix, s.kernelWidth, s.strideX, s.dilationX, s.padLeft);
          const terms = rows.flatMap(([oy, ky]) =>
            cols.flatMap(([ox, kx]) =>
              range(each).map((j) => {
                const u = Math.floor(c / perGroup) * each + j;
                const isInside = oy! >= 0 && ox! >= 0 && oy! < s.outHeight && ox! < s.outWidth;
                const weight = kernel[((ky! * s.kernelWidth + kx!) * perGroup + (c % perGroup)) * s.units + u]!;
                return [isInside ? y[((n * s.outHeight + oy!) * s.outWidth + ox!) * s.units + u]! : 0, weight] as const;
              }),
            ),
          );
          return fr(summed(terms) + bias[c]!);
        });
        expect(x).toEqual(Float32Array.from(want));
      }),
      { numRuns: 60 },
    );
  });

  test('have a gradient for the kernel that adds over images, rows and columns', () => {
    fc.assert(
      fc.property(convolutions, fc.nat(1e6), (s, seed) => {
        const [x, dy] = [withSpecial(xSize(s), seed), withSpecial(ySize(s), seed + 1)];
        const { wide, image } = spread(s, x);
        const dKernel = new Float32Array(kernelSize(s));
        reference.conv2dKernelGrad(s, x, dy, dKernel);
        const [perGroup, each] = [s.channels / s.groups, s.units / s.groups];
        const want = taps(s).flatMap(([ky, kx]) =>
          range(perGroup * s.units).map((i) => {
            const [c, u] = [Math.floor(i / s.units), i % s.units];
            return summed(
              places(s).map(([n, oy, ox], place) => {
                const row =
                  (n! * wide.height + oy! * s.strideY + ky! * s.dilationY) * wide.width +
                  ox! * s.strideX +
                  kx! * s.dilationX;
                return [image[row * s.channels + Math.floor(u / each) * perGroup + c]!, dy[place * s.units + u]!];
              }),
            );
          }),
        );
        expect(dKernel).toEqual(Float32Array.from(want));
      }),
      { numRuns: 60 },
    );
  });

  test('and their two gradients are adjoint: three inner products are one number', () => {
    const dot = (p: Float64Array, q: Float64Array): number => p.reduce((sum, value, i) => sum + value * q[i]!, 0);
    fc.assert(
      fc.property(convolutions, fc.nat(1e6), (s, seed) => {
        const [x, kernel, y] = [
          integers(xSize(s), seed),
          integers(kernelSize(s), seed + 1),
          integers(ySize(s), seed + 2),
        ];
        const [forward, back, dKernel] = [y, x, kernel].map(({ length }) => new Float64Array(length)) as [
          Float64Array,
          Float64Array,
          Float64Array,
        ];
        reference64.conv2d(s, x, kernel, null, 'linear', forward);
        reference64.conv2dTransposed(s, y, kernel, null, 'linear', back);
        reference64.conv2dKernelGrad(s, x, y, dKernel);
        expect(dot(x, back)).toBe(dot(forward, y));
        expect(dot(kernel, dKernel)).toBe(dot(forward, y));
      }),
      { numRuns: 200 },
    );
  });

  test('of images with zeros around them are those that count zeros, and so are their gradients', () => {
    fc.assert(
      fc.property(convolutions, fc.nat(1e6), (s, seed) => {
        const [x, kernel, dy] = [
          withSpecial(xSize(s), seed),
          withSpecial(kernelSize(s), seed + 1),
          withSpecial(ySize(s), seed + 2),
        ];
        const { wide, image } = spread(s, x);
        const run = (how: Convolution, from: Float32Array) => {
          const [y, dx, dKernel] = [dy, from, kernel].map(({ length }) => new Float32Array(length)) as [
            Float32Array,
            Float32Array,
            Float32Array,
          ];
          reference.conv2d(how, from, kernel, null, 'linear', y);
          reference.conv2dTransposed(how, dy, kernel, null, 'linear', dx);
          reference.conv2dKernelGrad(how, from, dy, dKernel);
          return { y, dx, dKernel };
        };
        const [plain, around] = [run(s, x), run(wide, image)];
        expect(around.y).toEqual(plain.y);
        expect(around.dKernel).toEqual(plain.dKernel);
        const inside = plain.dx.map((_, i) => {
          const ix = Math.floor(i / s.channels) % s.width;
          const iy = Math.floor(i / s.channels / s.width) % s.height;
          const n = Math.floor(i / s.channels / s.width / s.height);
          return around.dx[
            ((n * wide.height + iy + s.padTop) * wide.width + ix + s.padLeft) * s.channels + (i % s.channels)
          ]!;
        });
        expect(inside).toEqual(plain.dx);
      }),
      { numRuns: 60 },
    );
  });

  test('in groups are each group by itself, down to single channels', () => {
    fc.assert(
      fc.property(convolutions, fc.nat(1e6), (s, seed) => {
        const [x, kernel, dy] = [
          withSpecial(xSize(s), seed),
          withSpecial(kernelSize(s), seed + 1),
          withSpecial(ySize(s), seed + 2),
        ];
        const [y, dx, dKernel] = [dy, x, kernel].map(({ length }) => new Float32Array(length)) as [
          Float32Array,
          Float32Array,
          Float32Array,
        ];
        reference.conv2d(s, x, kernel, null, 'linear', y);
        reference.conv2dTransposed(s, dy, kernel, null, 'linear', dx);
        reference.conv2dKernelGrad(s, x, dy, dKernel);
        const [channels, units] = [s.channels / s.groups, s.units / s.groups];
        const one = { ...s, channels, units, groups: 1 };
        for (let g = 0; g < s.groups; g++) {
          const part = {
            x: columns(x, s.channels, g * channels, channels),
            kernel: columns(kernel, s.units, g * units, units),
            dy: columns(dy, s.units, g * units, units),
          };
          const [p, q, r] = [part.dy, part.x, part.kernel].map(({ length }) => new Float32Array(length)) as [
            Float32Array,
            Float32Array,
            Float32Array,
          ];
          reference.conv2d(one, part.x, part.kernel, null, 'linear', p);
          reference.conv2dTransposed(one, part.dy, part.kernel, null, 'linear', q);
          reference.conv2dKernelGrad(one, part.x, part.dy, r);
          expect(columns(y, s.units, g * units, units)).toEqual(p);
          expect(columns(dx, s.channels, g * channels, channels)).toEqual(q);
          expect(columns(dKernel, s.units, g * units, units)).toEqual(r);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('of single pixels are products of matrices, and gathered windows make products of all', () => {
    fc.assert(
      fc.property(convolutions, fc.nat(1e6), ({ groups: _, ...rest }, seed) => {
        const s = { ...rest, groups: 1 };
        const [x, kernel] = [withSpecial(xSize(s), seed), withSpecial(kernelSize(s), seed + 1)];
        const { wide, image } = spread(s, x);
        const patches = places(s).flatMap(([n, oy, ox]) =>
          taps(s).flatMap(([ky, kx]) => {
            const row =
              (n! * wide.height + oy! * s.strideY + ky! * s.dilationY) * wide.width +
              ox! * s.strideX +
              kx! * s.dilationX;
            return [...image.subarray(row * s.channels, (row + 1) * s.channels)];
          }),
        );
        const [y, product] = [new Float32Array(ySize(s)), new Float32Array(ySize(s))];
        reference.conv2d(s, x, kernel, null, 'relu6', y);
        const pixels = places(s).length;
        reference.gemm(
          pixels,
          s.units,
          patches.length / pixels,
          Float32Array.from(patches),
          false,
          kernel,
          false,
          null,
          'relu6',
          product,
        );
        expect(y).toEqual(product);
      }),
      { numRuns: 60 },
    );
  });
});
