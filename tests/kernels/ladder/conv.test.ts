import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Convolution } from '../../../kernels/interface/convolution.ts';
import { convLadder } from '../../../kernels/ladder/conv/index.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';
import { windowOf } from '../../../src/base/window.ts';
import { firstDifference } from '../cases.ts';
import { Draw } from '../draw.ts';

/** Small images of any shape, windows that may stand out of them, and strides that leave rows and columns over. */
function drawn(d: Draw): Convolution {
  const padding = d.pick(['same', 'valid', 'explicit'] as const);
  const taps = [1 + d.below(4), 1 + d.below(4)] as const;
  const widths = taps.map((n) => [d.below(n), d.below(n)] as const); // less than the window, which keeps a tap inside
  const steps = {
    strides: [1 + d.below(3), 1 + d.below(3)],
    dilations: [1, 1],
    padding: padding === 'explicit' ? widths : padding,
  };
  const window = windowOf(d.below(4), [d.below(10), d.below(10)], taps, steps);
  return { ...window, channels: d.below(6), units: d.below(8), groups: 1 };
}

test('the rungs are named in order and explained', () => {
  expect(convLadder.map(({ name }) => name)).toEqual(['naive', 'loopOrder', 'im2col', 'direct', 'simd']);
  for (const { explanation } of convLadder) expect(explanation).toMatch(/\.$/);
});

describe.each(convLadder)('$name', ({ conv }) => {
  test('equals reference bit for bit, special values included, and writes nothing beyond', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const d = new Draw(seed);
        const s = drawn(d);
        const x = d.floats(s.batch * s.height * s.width * s.channels);
        const kernel = d.floats(s.kernelHeight * s.kernelWidth * s.channels * s.units);
        const y = d.floats(s.batch * s.outHeight * s.outWidth * s.units);
        const before = [x.slice(), kernel.slice()];
        const expected = y.slice();
        reference.conv2d(s, x, kernel, null, 'linear', expected);
        conv(s, x, kernel, y);
        expect(firstDifference(y, expected)).toBe(-1);
        expect(firstDifference(x, before[0]!)).toBe(-1);
        expect(firstDifference(kernel, before[1]!)).toBe(-1);
      }),
      { numRuns: 300 },
    );
  });

  test('zeros around the image are multiplied: an infinite weight makes NaN of them', () => {
    const window = windowOf(1, [2, 2], [3, 3], { strides: [1, 1], dilations: [1, 1], padding: 'same' });
    const s = { ...window, channels: 1, units: 1, groups: 1 };
    const y = new Float32Array(4);
    conv(s, Float32Array.of(1, 2, 3, 4), new Float32Array(9).fill(1).fill(Infinity, 0, 1), y);
    expect([...y]).toEqual([NaN, NaN, NaN, Infinity]);
  });
});

test('simd is the kernel of wasm', () => {
  const window = windowOf(2, [5, 6], [3, 2], { strides: [2, 1], dilations: [1, 1], padding: 'valid' });
  const s = { ...window, channels: 3, units: 5, groups: 1 };
  const d = new Draw(4);
  const [x, kernel] = [d.floats(2 * 5 * 6 * 3), d.floats(3 * 2 * 3 * 5)];
  const [y, expected] = [new Float32Array(2 * 2 * 5 * 5), new Float32Array(2 * 2 * 5 * 5)];
  wasm().conv2d(s, x, kernel, null, 'linear', expected);
  convLadder.at(-1)!.conv(s, x, kernel, y);
  expect(firstDifference(y, expected)).toBe(-1);
});
