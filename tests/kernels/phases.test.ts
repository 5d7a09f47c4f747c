import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Convolution } from '../../kernels/interface/convolution.ts';
import { type Axis, transposedPhases } from '../../kernels/phases.ts';

/** Of one axis: the other has one position and one tap. */
const alongOne = (width: number, outWidth: number, taps: number, stride: number, dilation: number, pad: number) =>
  transposedPhases({
    ...{ batch: 1, height: 1, width, outHeight: 1, outWidth, kernelHeight: 1, kernelWidth: taps },
    ...{ strideY: 1, strideX: stride, dilationY: 1, dilationX: dilation, padTop: 0, padLeft: pad },
    ...{ channels: 1, units: 1, groups: 1 },
  } satisfies Convolution).map(({ x }) => x);

/** Of each result, the taps that reach it and the positions that they reach it from, in the order of the sum. */
function termsOf(axes: readonly Axis[]): Map<number, (readonly [tap: number, position: number])[]> {
  const terms = new Map<number, (readonly [number, number])[]>();
  for (const { positions, start, stride, taps, dilation, tap, tapStep, to, toStep } of axes) {
    for (let t = 0; t < positions; t++) {
      const own = Array.from(
        { length: taps },
        (_, i) => [tap + i * tapStep, start + t * stride + i * dilation] as const,
      );
      terms.set(to + t * toStep, own);
    }
  }
  return terms;
}

test('phases of a transposed convolution have each result once, with the taps that a stride brings there, from the last on', () => {
  const small = fc.integer({ min: 1, max: 7 });
  fc.assert(
    fc.property(
      fc.nat(12),
      fc.nat(6),
      small,
      small,
      small,
      fc.nat(5),
      (width, positions, taps, stride, dilation, pad) => {
        const terms = termsOf(alongOne(width, positions, taps, stride, dilation, pad));
        const expected = Array.from({ length: width }, (_, ix) => {
          const all = Array.from({ length: taps }, (_, i) => taps - 1 - i);
          const reached = all.filter((tap) => (ix + pad - tap * dilation) % stride === 0);
          return [ix, reached.map((tap) => [tap, (ix + pad - tap * dilation) / stride])];
        });
        expect([...terms].sort(([p], [q]) => p - q)).toEqual(expected);
      },
    ),
  );
});

test('looking for taps takes no more steps than there are, however far a stride goes', () => {
  const axes = alongOne(100_000, 1, 2, 2 ** 30, 3, 0);
  expect(axes.filter(({ taps }) => taps > 0).map(({ to, tap }) => [to, tap])).toEqual([
    [0, 0],
    [3, 1],
  ]);
});
