import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import { POLICY, renderMissingSection, renderModeSection, renderShell } from '../../bench/gpu/page.ts';
import { renderMissing, renderMode } from '../../bench/gpu/report.ts';
import { type DeviceRowResult, fileNameOf, type ModeResults } from '../../bench/gpu/results.ts';
import { HEADS } from '../../bench/gpu/table.ts';
import type { VariantResult } from '../../bench/measure.ts';
import { QUICK } from '../../bench/options.ts';

const ratio = { median: 1, mad: 0, low: 1, high: 1, best: 1 };
const variant = (who: string, how: string, seconds: number, noisy = false): VariantResult => ({
  ...{ name: `${who} ${how}`.trim(), who, how, ours: true, noisy, base: 'naive resident', ratio },
  ...{ median: seconds, mad: 0, best: seconds, rate: 1 / seconds, samples: [seconds, seconds], rounds: [0, 1] },
});

const row = (name: string, unit: DeviceRowResult['unit'], variants: readonly VariantResult[]): DeviceRowResult => ({
  ...{ name, work: 1, unit, ratio: 'speed', variants, failures: [], skipped: [] },
});

const mode: ModeResults = {
  ...{ mode: 'webgl2', where: 'Browser <1>', device: 'Device & Sons', isSoftware: true, problem: null },
  missing: [{ name: 'wasm', reason: 'no SIMD' }],
  rows: [
    {
      ...row('matmul 2x2x2', 'GFLOP/s', [
        variant('naive', 'resident', 0.5),
        variant('packed', 'resident', 0.25, true),
        variant('wasm', '', 0.125),
      ]),
      failures: [{ name: 'fourSums resident', ours: true, message: 'gives 0 <at> [0, 0]' }],
      skipped: [{ name: 'cpu', reason: 'a call would take about 4 s' }],
    },
    row('train 1-2', 'steps/s', [variant('device', 'gpuTrain', 0.1), variant('wasm', 'fit', 0.01)]),
  ],
};

test('a table for a terminal names the device, and has ratios to the naive rung and to wasm', () => {
  const lines = renderMode(mode).split('\n');
  expect(lines[0]).toBe('webgl2 on Device & Sons');
  expect(lines[1]).toMatch(/^software rasteriser: /);
  expect(lines.slice(2, 4)).toEqual(['Browser <1>', 'without wasm: no SIMD']);
  expect(lines[4]).toMatch(/^variant +rate +median +best +MAD +times naive \[95 %\] +times wasm \[95 %\]$/);
  expect(lines.slice(5).map((line) => line.split(/ {2,}/).filter((cell) => cell !== ''))).toEqual([
    ['matmul 2x2x2'],
    ['naive resident', '2.00 GFLOP/s', '500 ms', '500 ms', '0.0 %', '0.250 [0.250, 0.250]'],
    [
      'packed resident',
      '4.00 GFLOP/s',
      '250 ms',
      '250 ms',
      '0.0 %',
      '2.00 [2.00, 2.00]',
      '0.500 [0.500, 0.500]',
      'noisy',
    ],
    ['wasm', '8.00 GFLOP/s', '125 ms', '125 ms', '0.0 %', '4.00 [4.00, 4.00]'],
    ['fourSums resident is not timed, it failed: gives 0 <at> [0, 0]'],
    ['cpu is skipped: a call would take about 4 s'],
    ['train 1-2'],
    ['device gpuTrain', '10.0 steps/s', '100 ms', '100 ms', '0.0 %', '0.100 [0.100, 0.100]'],
    ['wasm fit', '100 steps/s', '10.0 ms', '10.0 ms', '0.0 %'],
    [],
  ]);
});

test('a device that is no software rasteriser is not called one', () => {
  expect(renderMode({ ...mode, isSoftware: false })).not.toContain('software');
  expect(renderModeSection({ ...mode, isSoftware: false }).text).not.toContain('software');
});

test('a mode that ended early or is missing says why', () => {
  expect(renderMode({ ...mode, problem: 'the device was lost in train 1-2' })).toContain(
    'ended early: the device was lost in train 1-2\n',
  );
  expect(renderMode({ ...mode, rows: [] })).toContain('webgl2 on Device & Sons');
  const missing = { mode: 'webgpu', where: 'Node 20', reason: 'there is no <adapter>' } as const;
  expect(renderMissing(missing)).toBe('webgpu is missing in Node 20: there is no <adapter>\n');
  expect(renderMissingSection(missing).text).toBe('<h2>webgpu is missing</h2><p>there is no &lt;adapter&gt;</p>');
});

test('the page shows the same figures, escaped, in a table whose rows are as long as its head', () => {
  const { document } = parseHTML(`<!doctype html><html><body>${renderModeSection(mode).text}</body></html>`);
  const text = document.body.textContent;
  for (const part of [
    'Device & Sons',
    'software rasteriser',
    'Browser <1>',
    '2.00 [2.00, 2.00]',
    'gives 0 <at> [0, 0]',
  ])
    expect(text).toContain(part);
  for (const line of document.querySelectorAll('tr')) {
    const cells = [...line.querySelectorAll('th, td')].map((cell) => Number(cell.getAttribute('colspan') ?? 1));
    expect(cells.reduce((p, q) => p + q)).toBe(HEADS.length);
  }
});

test('the page carries its request, and no text of it ends the script', () => {
  const request = { rows: ['</script><b>'], settings: QUICK };
  const { document } = parseHTML(renderShell('/page.js', request));
  expect(JSON.parse(document.getElementById('request')!.textContent)).toEqual(request);
  expect(document.querySelector('b')).toBeNull();
  expect([...document.querySelectorAll('script[src]')].map((script) => script.getAttribute('src'))).toEqual([
    '/page.js',
  ]);
  for (const id of ['progress', 'download', 'modes']) expect(document.getElementById(id)).not.toBeNull();
  expect(POLICY).toContain("default-src 'none'");
});

test('the file of a run is named after its day and its device', () => {
  const date = '2026-01-02T03:04:05.000Z';
  expect(fileNameOf({ date, modes: [{ ...mode, device: 'ANGLE (Maker, Device 1.0/x)' }] })).toBe(
    '2026-01-02-angle-maker-device-1-0-x.json',
  );
  expect(fileNameOf({ date, modes: [{ ...mode, device: 'x'.repeat(500) }] }).length).toBeLessThan(80);
  expect(fileNameOf({ date, modes: [] })).toBe('2026-01-02-no-device.json');
});
