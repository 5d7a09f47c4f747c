import fc from 'fast-check';
import type { Convolution } from '../../kernels/interface/convolution.ts';

const size = (least: number, most: number) => fc.integer({ min: least, max: most });

/** A convolution whose windows begin at the padding and of which some lie inside; sizes follow from the positions. */
export const convolutions: fc.Arbitrary<Convolution> = fc
  .record({
    batch: size(1, 3),
    outHeight: size(1, 4),
    outWidth: size(1, 4),
    kernelHeight: size(1, 3),
    kernelWidth: size(1, 3),
    strideY: size(1, 3),
    strideX: size(1, 3),
    dilationY: size(1, 2),
    dilationX: size(1, 3),
    padTop: size(0, 3),
    padLeft: size(0, 3),
    behindY: size(0, 3),
    behindX: size(0, 3),
    groups: size(1, 3),
    perGroup: size(1, 3),
    each: size(1, 4),
  })
  .map(({ behindY, behindX, groups, perGroup, each, ...s }) => {
    const reachY = (s.outHeight - 1) * s.strideY + (s.kernelHeight - 1) * s.dilationY + 1;
    const reachX = (s.outWidth - 1) * s.strideX + (s.kernelWidth - 1) * s.dilationX + 1;
    // The padding behind is what the window needs more than there is, or less than none.
    const height = Math.max(reachY - s.padTop - behindY, 1);
    const width = Math.max(reachX - s.padLeft - behindX, 1);
    return { ...s, height, width, groups, channels: groups * perGroup, units: groups * each };
  });

export const xSize = (s: Convolution): number => s.batch * s.height * s.width * s.channels;
export const ySize = (s: Convolution): number => s.batch * s.outHeight * s.outWidth * s.units;
export const kernelSize = (s: Convolution): number =>
  (s.kernelHeight * s.kernelWidth * s.channels * s.units) / s.groups;

/** Small whole numbers, of which every sum is exact in float64. */
export function integers(n: number, seed: number): Float64Array {
  let state = seed | 1;
  return Float64Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 24) - 128;
  });
}

const SPECIAL = [Number.NaN, Infinity, -Infinity, 0, -0, 1e38, -1e38, 1e-45];

/** Numbers of which one in `every` is special. */
export const withSpecial = (n: number, seed: number, every = 6): Float32Array =>
  Float32Array.from(integers(n, seed), (v, i) =>
    (v & 63) % every === 0 ? SPECIAL[(i + v + 128) % SPECIAL.length]! : v / 7,
  );
