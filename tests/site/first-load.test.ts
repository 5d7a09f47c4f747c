import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { weighed } from '../../scripts/site-sizes.mjs';
import { binary, Site, WIDE } from './visit.ts';

const folder = fileURLToPath(new URL('../../site/dist', import.meta.url));
/** Long enough for a loaded machine. */
const PATIENT = { timeout: 30_000 };
/** From its start on the engine needs nothing of what it loads beforehand for so long (ms). */
const ENGINE_IS_ALONE = 2500;

async function epochOf(page: Page): Promise<number> {
  const label = await page.getByRole('application', { name: /In epoch \d/ }).getAttribute('aria-label');
  return Number(/In epoch (\d+)/.exec(label ?? '')?.[1]);
}

describe.skipIf(binary === null)('the first load', () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open();
  });
  afterAll(() => site?.close());

  test('is what is counted, and the kernels in WebAssembly come while it trains', async () => {
    await site.visit('gpu.html', WIDE, async (page) => {
      const { first, soon } = weighed(folder);
      const requests: { readonly path: string; readonly time: number }[] = [];
      page.on('request', (request) => {
        requests.push({ path: new URL(request.url()).pathname.slice(1) || 'index.html', time: performance.now() });
      });
      // What the page loads beforehand while it is idle is not of the first load.
      await page.addInitScript('window.requestIdleCallback = () => 0');
      await page.goto(`${site.address}#epochs=10000`); // training does not end while one looks
      await page.getByText('WebAssembly kernels').waitFor(PATIENT);
      await page.locator('.uplot canvas').waitFor(PATIENT);
      const epoch = await epochOf(page);
      await expect.poll(() => epochOf(page), PATIENT).toBeGreaterThan(epoch);

      const engine = requests.find(({ path }) => path.startsWith('assets/worker-'))!;
      const found = requests.filter(({ time }) => time < engine.time + ENGINE_IS_ALONE).map(({ path }) => path);
      // Of the words the larger file counts, whichever the language.
      const isWords = (path: string): boolean => path.startsWith('assets/first-');
      expect(found.filter(isWords)).toHaveLength(1);
      const counted = [...first, ...soon].map(({ path }) => path);
      expect(found.filter((path) => !isWords(path) && !counted.includes(path))).toEqual([]);
      const all = requests.map(({ path }) => path);
      expect(counted.filter((path) => !isWords(path) && !all.includes(path))).toEqual([]);
    });
  });

  test('has the words of one language, and those of the other come when it is chosen', async () => {
    await site.visit('', { ...WIDE, reducedMotion: 'reduce' }, async (page) => {
      await page.getByRole('tab', { name: 'Kernels' }).click();
      await page.getByRole('heading', { level: 2 }).first().waitFor(PATIENT);
      await page.getByRole('button', { name: '中文' }).click();
      await page.getByRole('tab', { name: '拟合' }).waitFor(PATIENT);
      await expect.poll(() => page.evaluate(() => document.documentElement.lang)).toBe('zh-Hans');
      await page.getByRole('tab', { name: '压缩' }).click();
      await page.getByRole('heading', { level: 2, name: '压缩' }).waitFor(PATIENT);
      await page.goto(`${site.address}#tab=digits&lang=zh`);
      await page.getByRole('tab', { name: '拟合' }).waitFor(PATIENT);
      await page.getByRole('button', { name: 'English' }).click();
      await page.getByRole('tab', { name: 'Fit' }).waitFor(PATIENT);
    });
  });
});
