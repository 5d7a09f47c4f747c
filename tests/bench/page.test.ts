import { parseHTML } from 'linkedom';
import { expect, test, vi } from 'vitest';
import type { RowResult, VariantResult } from '../../bench/measure.ts';
import { renderPage } from '../../bench/page.ts';
import type { Results } from '../../bench/results.ts';
import { measurePeak } from '../../bench/roofline.ts';

const variant = (who: string, how: string, ours: boolean, noisy: boolean): VariantResult => ({
  ...{
    name: `${who} ${how}`.trim(),
    who,
    how,
    ours,
    noisy,
    median: 2e-6,
    mad: 1e-8,
    best: 1e-6,
    rate: 12,
    base: 'naive',
  },
  ratio: { median: 1.5, mad: 0, low: 1.25, high: 1.75, best: 2 },
  samples: [1e-6, 2e-6, 3e-6],
  rounds: [0, 1, 2],
});

const row = (name: string, unit: RowResult['unit'], failures: RowResult['failures'] = []): RowResult => ({
  ...{ name, work: 1, unit, ratio: 'speed', failures },
  variants: [
    variant('naive', '', true, false),
    variant('wasm', '', true, true),
    variant('Peer & Sons', '', false, false),
  ],
});

const results: Results = {
  environment: {
    ...{ date: '2026-01-01', runtime: 'Node 20', v8: '11', platform: 'linux x64', cpu: 'CPU <1>', cores: 2, load: 1 },
    ...{ commit: null, loadAtEnd: 1, seconds: 10 },
  },
  settings: { rounds: 3, minTime: 0.01, warmUp: 0.2, budget: 1 },
  peak: { gflops: 50, mulAdd: 50, fused: null, integers: 90, bandwidth: 20 },
  peers: [{ name: 'Peer & Sons', version: '1.2' }],
  missing: [{ name: 'Nobody', reason: 'npm run bench:peers installs it' }],
  rows: [
    row('gemm 32x32x32', 'GFLOP/s', [{ name: 'broken', ours: false, message: 'no <memory>' }]),
    row('gemm 64x64x64', 'GFLOP/s'),
    row('gemmInt8 64x64x64', 'GOP/s'),
    row('step 1-10-1 batch 32', 'steps/s'),
    row('infer 1-2 batch 1', 'calls/s'),
    row('relu 4096', 'Melement/s'),
  ],
  comparisons: [
    {
      ...{ row: 'gemm 32x32x32', ours: 'wasm', peer: 'Peer & Sons', library: 'Peer & Sons', noisy: true },
      speed: { median: 1.5, mad: 0, low: 1.25, high: 1.75, best: 2 },
    },
  ],
  sink: 0,
};

const page = renderPage(results);
const { document } = parseHTML(page);

test('the page shows every row and says where its numbers come from', () => {
  for (const { name } of results.rows) expect(document.body.textContent).toContain(name);
  for (const fact of ['CPU <1>', '50.0 GFLOP/s', 'Peer & Sons 1.2', 'Nobody: npm run bench:peers installs it']) {
    expect(document.body.textContent).toContain(fact);
  }
});

test('noisy rows are marked and failures are told', () => {
  // In the table of peers, in the tables of numbers, and beside bars and symbols.
  expect(page).toContain('<br>2.00 noisy</td>');
  expect(page.match(/<td>noisy<\/td>/g)).toHaveLength(results.rows.length);
  expect(page.match(/, noisy<\/text>/g)!.length).toBeGreaterThanOrEqual(results.rows.length);
  expect(document.body.textContent).toContain('broken failed: no <memory>');
  expect(document.body.textContent).toContain('1.50 [1.25, 1.75]');
});

test('the page needs no script and no other file, and its pictures say in words what they show', () => {
  expect(page).not.toMatch(/<script|src=|href="http/);
  const pictures = [...document.querySelectorAll('svg')];
  expect(pictures.length).toBeGreaterThan(results.rows.length);
  for (const picture of pictures) expect(picture.getAttribute('aria-label')).toBeTruthy();
  expect(pictures.some((picture) => picture.outerHTML.includes('stroke-dasharray'))).toBe(true);
});

test('a page of no rows is still a page', () => {
  expect(renderPage({ ...results, rows: [], comparisons: [] })).toContain('</html>');
});

test('the roofline is positive, the faster of its two figures for arithmetic, and there without WebAssembly', () => {
  const { gflops, mulAdd, fused, integers, bandwidth } = measurePeak();
  expect(integers).toBeGreaterThan(0);
  expect(bandwidth).toBeGreaterThan(0);
  expect(gflops).toBe(Math.max(mulAdd!, fused ?? 0));
  vi.stubGlobal('WebAssembly', undefined);
  const without = measurePeak();
  vi.unstubAllGlobals();
  expect(without).toMatchObject({ gflops: null, mulAdd: null, fused: null, integers: null });
  expect(without.bandwidth).toBeGreaterThan(0);
});
