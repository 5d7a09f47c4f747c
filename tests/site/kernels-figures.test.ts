import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RowResult, VariantResult } from '../../bench/measure.ts';
import type { Peak } from '../../bench/roofline.ts';
import { place, powersAround, spread, ticks } from '../../site/src/kernels/axes.ts';
import { boundAt, markOf } from '../../site/src/kernels/bound.ts';
import { CHOICES, LADDERS } from '../../site/src/kernels/ladders.ts';
import { fromUserAgent, isSoftware, machineOf } from '../../site/src/kernels/machine.ts';
import { factsOf, markdownOf } from '../../site/src/kernels/markdown.ts';
import { pictureOf } from '../../site/src/kernels/plot.ts';
import { linesOf } from '../../site/src/kernels/table.ts';
import { trafficOf } from '../../site/src/kernels/traffic.ts';
import { choiceText, joinedText, rungText } from '../../site/src/kernels/words.ts';
import { kernels as en } from '../../site/src/text/en/kernels.ts';
import { kernels as zh } from '../../site/src/text/zh/kernels.ts';

const peak: Peak = { gflops: 50, mulAdd: 25, fused: 50, integers: 100, bandwidth: 10 };
const machine = { browser: 'Chromium 150', platform: 'Linux, x86 64-bit', cores: 8, gpu: 'ANGLE (SwiftShader)' };

function variantOf(who: string, how: string, seconds: number, rate: number, ratio: number): VariantResult {
  const name = how === '' ? who : `${who} ${how}`;
  return {
    ...{ name, who, how, ours: true, median: seconds, mad: 0, noisy: false, best: seconds, rate, base: 'naive' },
    ratio: { median: ratio, mad: 0, low: ratio, high: ratio, best: ratio },
    samples: [seconds],
    rounds: [0],
  };
}

const choice = CHOICES.gemm[0]!;
const result: RowResult = {
  ...{ name: 'gemm 64x64x64', work: 2 * 64 ** 3, unit: 'GFLOP/s', ratio: 'speed' },
  variants: [variantOf('naive', '', 1e-3, 0.524, 1), { ...variantOf('wasm', '', 2e-5, 26.2, 50), noisy: true }],
  failures: [{ name: 'cpu', ours: true, message: 'cell [0, 1] | is wrong' }],
};

test('operations and bytes of a product: each operand once, and pruned weights not at all', () => {
  expect(trafficOf({ ladder: 'gemm', n: 64 }, '')).toEqual({
    operations: 2 * 64 ** 3,
    bytes: 3 * 4 * 64 ** 2,
    arithmetic: 'floats',
  });
  const int8 = (how: string) => trafficOf({ ladder: 'int8', n: 64 }, how);
  expect([int8('float32').bytes, int8('int8').bytes, int8('int8 quantize').bytes]).toEqual(
    [12, 6, 9].map((each) => each * 64 ** 2),
  );
  expect([int8('float32').arithmetic, int8('int8').arithmetic]).toEqual(['floats', 'integers']);
  const sparse = { ladder: 'sparse', n: 512, sparsity: 75, batch: 32 } as const;
  const activations = 2 * 32 * 512;
  expect(trafficOf(sparse, 'dense')).toMatchObject({
    operations: 2 * 32 * 512 ** 2,
    bytes: 4 * (activations + 512 ** 2),
  });
  // A quarter of the weights, a row for each block of sixteen, and where each of 32 panels begins.
  expect(trafficOf(sparse, 'panels')).toMatchObject({
    operations: (2 * 32 * 512 ** 2) / 4,
    bytes: 4 * (activations + 512 ** 2 / 4 + 512 ** 2 / 64 + 33),
  });
  expect(trafficOf({ ladder: 'conv', size: 3, channels: 2, units: 5, side: 4, batch: 1 }, '')).toEqual({
    operations: 2 * 16 * 18 * 5,
    bytes: 4 * (16 * 7 + 18 * 5),
    arithmetic: 'floats',
  });
});

test('the roof is memory up to the ridge and arithmetic beyond it, each kind with its own', () => {
  expect([0.5, 4.9, 5, 80].map((at) => boundAt(peak, 'floats', at))).toEqual([5, 49, 50, 50]);
  expect([5, 10, 80].map((at) => boundAt(peak, 'integers', at))).toEqual([50, 100, 100]);
  expect(boundAt({ ...peak, gflops: null }, 'floats', 1)).toBeNull();
});

test('a mark has the rate of what is carried out, and its share of the roof above it', () => {
  const mark = markOf(choice, variantOf('wasm', '', 2e-5, 26.2, 50), peak);
  expect(mark.intensity).toBeCloseTo(64 / 6, 12);
  expect(mark.rate).toBeCloseTo(26.2144, 10);
  expect(mark).toMatchObject({ bound: 50 });
  expect(mark.share).toBeCloseTo(26.2144 / 50, 12);
  // A tenth of the work in a tenth of the time is the same rate, whatever the benchmark counts.
  const pruned = { ladder: 'sparse', n: 512, sparsity: 90, batch: 32 } as const;
  const dense = markOf(pruned, variantOf('wasm', 'dense', 1e-3, 16.8, 1), peak);
  const panels = markOf(pruned, variantOf('wasm', 'panels', 1e-4, 168, 10), peak);
  expect(panels.rate).toBeCloseTo(dense.rate, 10);
  expect(markOf(choice, variantOf('wasm', '', 1, 1, 1), { ...peak, gflops: null }).share).toBeNull();
});

test('axes reach around all values by whole powers, and places on them are linear in the logarithm', () => {
  expect(powersAround([3, 90], 10, 2)).toEqual([1, 100]);
  expect(powersAround([1, 10], 10, 1)).toEqual([1, 10]);
  expect(powersAround([], 10, 2)).toEqual([0.1, 10]);
  expect(ticks(0.5, 8, 2)).toEqual([0.5, 1, 2, 4, 8]);
  const axis = { low: 1, high: 100, from: 200, to: 0 };
  expect([1, 10, 100].map((value) => Math.round(place(axis, value)))).toEqual([200, 100, 0]);
  const values = fc.array(fc.double({ min: 1e-3, max: 1e4, noNaN: true }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(values, fc.constantFrom(2, 10), fc.integer({ min: 1, max: 6 }), (list, base, least) => {
      const [low, high] = powersAround(list, base, least);
      expect(low).toBeLessThanOrEqual(Math.min(...list) * (1 + 1e-6));
      expect(high).toBeGreaterThanOrEqual(Math.max(...list) * (1 - 1e-6));
      expect(ticks(low, high, base).length).toBeGreaterThan(least);
    }),
  );
});

test('labels do not touch, keep their order, stay in the picture, and stay where they were if there is room', () => {
  expect(spread([10, 40], 15, 0, 100)).toEqual([10, 40]);
  expect(spread([42, 40], 15, 0, 100)).toEqual([55, 40]);
  expect(spread([98, 99], 15, 0, 100)).toEqual([85, 100]);
  const wanted = fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { maxLength: 10 });
  fc.assert(
    fc.property(wanted, (list) => {
      const heights = spread(list, 15, 0, 200);
      const sorted = [...heights].sort((p, q) => p - q);
      for (let i = 1; i < sorted.length; i++) expect(sorted[i]! - sorted[i - 1]!).toBeGreaterThanOrEqual(15 - 1e-9);
      for (const height of heights) {
        expect(height).toBeGreaterThanOrEqual(-1e-9);
        expect(height).toBeLessThanOrEqual(200);
      }
      const order = (values: readonly number[]) =>
        values.map((_, i) => i).sort((p, q) => values[p]! - values[q]! || p - q);
      expect(order(heights)).toEqual(order(list));
    }),
  );
});

test('the picture labels the newest run alone, and says each mark in a sentence', () => {
  const run = { choice, result, rounds: 5, isDone: true };
  const other = { ...run, choice: CHOICES.gemm[1]!, result: { ...result, name: 'gemm 128x128x128' } };
  const { dots, roofs } = pictureOf(en, peak, [run, other], 800, 500);
  expect(dots.map(({ isOld, label }) => [isOld, label !== null])).toEqual([
    [true, false],
    [true, false],
    [false, true],
    [false, true],
  ]);
  expect(dots[1]!.sentence).toBe(
    'Matrix product, 64 × 64, WebAssembly SIMD: 26.2 × 10⁹ operations a second at 10.7 operations a byte, 52.4 % of the bound',
  );
  expect(dots[1]!.y).toBeLessThan(dots[0]!.y);
  expect(roofs.map(({ name }) => name)).toEqual(['float32 50.0 GFLOP/s', 'int8 100 GOP/s']);
  // On a phone the first and the last are named, if their names end within the picture.
  const labelled = (side: number, words: typeof en): boolean[] =>
    pictureOf(words, peak, [other], side, 330).dots.map(({ label }) => label !== null);
  expect(labelled(800, en)).toEqual([true, true]);
  expect(labelled(318, en)).toEqual([true, true]);
  const wordy = { ...en, names: { ...en.names, wasm: 'A name much wider than what is left of a phone' } };
  expect(labelled(318, wordy)).toEqual([true, false]);
  // Without WebAssembly there is the slope alone, and nothing that is no number.
  const bare = pictureOf(en, { ...peak, gflops: null, mulAdd: null, fused: null, integers: null }, [run], 340, 330);
  expect(JSON.stringify(bare)).not.toContain('null,null');
  expect(bare.roofs[0]!.path).toMatch(/^M[\d.]+,[\d.]+L[\d.]+,[\d.]+$/);
});

test('the table ranks by rate and leaves the share out where no peak is known', () => {
  const lines = linesOf(en, 'gemm', choice, result, peak);
  expect(lines.map(({ rung, isFastest, share, part }) => [rung, isFastest, share, part.toFixed(2)])).toEqual([
    ['Naive loops', false, '1.0 %', '0.02'],
    ['WebAssembly SIMD', true, '52.4 %', '1.00'],
  ]);
  expect(linesOf(en, 'gpu', null, result, peak).map(({ share }) => share)).toEqual(['', '']);
});

test('the report in Chinese has its punctuation', () => {
  const report = markdownOf(zh, machine, peak, [{ title: '', ladder: 'gemm', choice, result }], '2026-01-02 03:04');
  expect(report).toContain('- 浏览器：Chromium 150\n');
  expect(report).toContain('| WebAssembly SIMD（波动大） |');
  expect(report).not.toMatch(/\p{sc=Han} ?[:(]/u);
});

test('the report in Markdown has the machine, each row, its ratios, and what was not ranked', () => {
  const sections = [{ title: choiceText(en, choice), ladder: 'gemm', choice, result }];
  expect(markdownOf(en, machine, peak, sections, '2026-01-02 03:04')).toBe(`## whittle-ml: Kernels

- Browser: Chromium 150
- System: Linux, x86 64-bit
- Threads: 8
- Graphics: ANGLE (SwiftShader), which is software
- Peak, one core: 50.0 GFLOP/s
- Peak, int8: 100 GOP/s
- Memory: 10.0 GB/s
- Measured: 2026-01-02 03:04

### Matrix product, 64 × 64

| Rung | ms | GFLOP/s | speedup | of the bound |
| :-- | --: | --: | --: | --: |
| Naive loops | 1.00 | 0.524 | 1.00 | 1.0 % |
| WebAssembly SIMD (noisy) | 0.0200 | 26.2 | 50.0 | 52.4 % |

Speedup: times as fast as Naive loops, median of the rounds that both took part in.

- TypeScript is not ranked: cell [0, 1] \\| is wrong
`);
  expect(factsOf(en, null, null).map(([, fact]) => fact)).toEqual([
    ...Array<string>(4).fill('not known'),
    'measured with the first run',
  ]);
});

test('every choice and every rung has words in both languages, and reasons cover the same rungs', () => {
  for (const words of [en, zh])
    for (const ladder of LADDERS)
      for (const each of CHOICES[ladder]) expect(choiceText(words, each)).not.toMatch(/undefined|NaN/);
  expect(Object.keys(zh.names)).toEqual(Object.keys(en.names));
  expect(Object.keys(zh.hows)).toEqual(Object.keys(en.hows));
  const keys = (reasons: typeof en.reasons) => Object.entries(reasons).map(([name, each]) => [name, Object.keys(each)]);
  expect(keys(zh.reasons)).toEqual(keys(en.reasons));
  expect(joinedText(en, 'wasm int8 quantize')).toBe('WebAssembly SIMD, int8, quantizing');
  expect(rungText(en, 'naive', 'resident')).toBe('Shader, one sum, operands on device');
  expect(rungText(en, 'unheard', 'of')).toBe('unheard, of');
});

test('the machine is named by what the browser tells, and by its user agent where it tells nothing more', async () => {
  const userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
  expect(fromUserAgent(userAgent)).toEqual({ browser: 'Firefox 140.0', platform: 'X11; Linux x86_64; rv:140.0' });
  const safari = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15';
  expect(fromUserAgent(safari).browser).toBe('Safari 18.1');
  expect(fromUserAgent('')).toEqual({ browser: '', platform: '' });
  const hints = {
    ...{ architecture: 'arm', bitness: '64', model: 'Pixel 9', platform: 'Android', platformVersion: '16.0.0' },
    fullVersionList: [
      { brand: 'Not=A?Brand', version: '99' },
      { brand: 'Chromium', version: '150.0.1' },
      { brand: 'Google Chrome', version: '150.0.2' },
    ],
  };
  const telling = { userAgent, hardwareConcurrency: 9, userAgentData: { getHighEntropyValues: async () => hints } };
  expect(await machineOf(telling, 'Mali')).toEqual({
    ...{ browser: 'Google Chrome 150.0.2', platform: 'Android 16.0.0, arm 64-bit, Pixel 9', cores: 9, gpu: 'Mali' },
  });
  const refusing = { ...telling, userAgentData: { getHighEntropyValues: () => Promise.reject(new Error('no')) } };
  expect((await machineOf(refusing, '')).browser).toBe('Firefox 140.0');
  expect(['ANGLE (Google, Vulkan (SwiftShader))', 'llvmpipe', 'Apple M3'].map(isSoftware)).toEqual([true, true, false]);
});
