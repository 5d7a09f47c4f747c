import { multiply } from './emit-integers.ts';
import { copiedBytes, transposedOf } from './emit-reals.ts';
import type { Site } from './site.ts';

/** A transposed convolution of int8: its kernel has one scale, and is read as it lies. */
export function integerTransposed(site: Site<'convTranspose'>): void {
  const [x] = site.inputs;
  const kernel = copiedBytes(site, 'kernel');
  const windows = transposedOf(site);
  const { zeroPoint } = x.format!;
  multiply(site, site.product!, (k, samples, sums) =>
    k.conv2dTransposedInt8(windows(samples), x.bytes.array, zeroPoint, kernel.array, sums),
  );
}
