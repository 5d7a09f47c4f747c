import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { QUIET_FLAGS, SOFTWARE_GPU_FLAGS } from '../../scripts/find-chromium.mjs';
import { binary, NARROW, Site, violations, WIDE } from './visit.ts';

/** A loaded machine takes its time, and its browser. */
const PATIENT = { timeout: 100_000 };

describe.skipIf(binary === null)('the ladders in a browser', { timeout: 150_000 }, () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open();
  });
  afterAll(() => site?.close());

  test.each([WIDE, NARROW])('a ladder is measured, drawn under the roof and copied as Markdown', async (at) => {
    const options = { ...at, permissions: ['clipboard-read', 'clipboard-write'] };
    await site.visit('#tab=kernels', options, async (page) => {
      await page.getByRole('combobox', { name: 'Size' }).selectOption('64 × 64');
      await page.getByRole('button', { name: 'Run', exact: true }).click();
      await page.getByText(/^Done\. Fastest: /).waitFor(PATIENT);

      const table = page.getByRole('region', { name: 'Matrix product, 64 × 64' });
      const rungs = await table.getByRole('rowheader').allTextContents();
      expect(rungs.map((text) => text.trim().split(/\s{2,}|\n/)[0])).toEqual(
        expect.arrayContaining(['Naive loops', 'Loop order', 'Tiled and packed', 'TypeScript']),
      );
      const marks = page.getByRole('img', { name: /^Matrix product, 64 × 64, / });
      expect(await marks.count()).toBe(rungs.length);
      await marks.first().focus();
      expect(await page.locator('.pointed').textContent()).toBe(await marks.first().getAttribute('aria-label'));

      await page.getByRole('button', { name: 'Copy as Markdown' }).click();
      await page.getByText('Copied.').waitFor();
      const report = await page.evaluate(() => navigator.clipboard.readText());
      expect(report).toContain('## whittle-ml: Kernels');
      expect(report).toContain('### Matrix product, 64 × 64');
      expect(report).toMatch(/\| Naive loops(?: \(noisy\))? \| [\d.]+ \| [\d.]+ \| 1\.00 \| [\d.]+ % \|/);

      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(at.viewport!.width);
    });
  });

  test('a measurement stops at once, in the middle of a rung, and another one can follow', async () => {
    // No other part is loaded meanwhile: the article has a worker too.
    const alone = async (page: Page): Promise<void> => {
      await page.addInitScript('window.requestIdleCallback = () => 0');
    };
    const visit = (use: (page: Page) => Promise<void>) => site.visit('#tab=kernels', WIDE, use, alone);
    await visit(async (page) => {
      await page.getByRole('combobox', { name: 'Size' }).selectOption('512 × 512');
      await page.getByRole('combobox', { name: 'Rounds' }).selectOption('thorough');
      const others = 1;
      await expect.poll(() => page.workers().length, PATIENT).toBe(others);
      await page.getByRole('button', { name: 'Run', exact: true }).click();
      await page.getByText(/^Checking and warming up 1 of /).waitFor();
      expect(page.workers().length).toBe(others + 1);
      await page.getByRole('button', { name: 'Stop' }).click();
      await page.getByRole('button', { name: 'Run', exact: true }).waitFor();
      await expect.poll(() => page.workers().length, PATIENT).toBe(others);
      await page.getByRole('combobox', { name: 'Rounds' }).selectOption('quick');
      await page.getByRole('radio', { name: 'Sparse' }).check();
      await page.getByRole('button', { name: 'Run', exact: true }).click();
      await page.getByText(/^Done\. Fastest: /).waitFor(PATIENT);
      await page.getByText(/count the skipped work too/).waitFor();
    });
  });

  test('GPU.js is loaded when it is asked for, in a frame under the same policy, and software is called that', async () => {
    // A driver that is software warns on the console: this is a browser of its own, where errors alone count.
    const browser: Browser = await chromium.launch({
      executablePath: binary!,
      args: [...QUIET_FLAGS, ...SOFTWARE_GPU_FLAGS],
    });
    try {
      const page = await browser.newPage({ locale: 'en-GB' });
      const errors: string[] = [];
      page.on('pageerror', ({ message }) => errors.push(message));
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      const loaded: string[] = [];
      page.on('request', (request) => loaded.push(request.url()));
      await page.goto(`${site.address}#tab=kernels`);
      await page.getByRole('combobox', { name: 'Size' }).selectOption('64 × 64');
      expect(loaded.filter((url) => /gpu/.test(url))).toEqual([]);
      await page.getByRole('button', { name: 'Measure the graphics processor (64 × 64)' }).click();
      await page.getByRole('button', { name: 'Stop' }).waitFor();
      await page.getByRole('button', { name: 'Measure the graphics processor (64 × 64)' }).waitFor(PATIENT);
      expect(loaded.filter((url) => /gpu\.html$|gpu-browser/.test(url))).toHaveLength(2);
      const modes = await page.getByText(/^This is no graphics processor/).count();
      expect(modes).toBeGreaterThan(0);
      expect(await page.getByRole('region', { name: /, Matrix product, 64 × 64$/ }).count()).toBe(modes);
      expect(await page.getByText('is not ranked').count()).toBe(0);
      expect(await page.locator('iframe').count()).toBe(0);
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
