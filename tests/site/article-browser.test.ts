import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claim } from '../../lab/src/article/claims/adam-steps.ts';
import { measureClaim } from '../../lab/src/article/measure.ts';
import { resultOf } from '../../lab/src/article/results.ts';
import { shownResult } from '../../lab/src/article/shown.ts';
import { adviceOnChromium, findChromium, QUIET_FLAGS } from '../../scripts/find-chromium.mjs';
import { serve } from '../../scripts/site-serve.mjs';

const folder = fileURLToPath(new URL('../../site/dist', import.meta.url));
const chromiumPath = findChromium();
if (chromiumPath === null && process.env.REQUIRE_GPU === '1') throw new Error(adviceOnChromium());

describe.skipIf(chromiumPath === null)('the article in the page', () => {
  let browser: Browser;
  let served: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    if (!existsSync(join(folder, 'index.html')))
      throw new Error('there is no site/dist: npm run site:build -- --quick');
    served = await serve(folder);
    browser = await chromium.launch({ executablePath: chromiumPath!, args: QUIET_FLAGS });
  });
  afterAll(async () => {
    await browser?.close();
    served?.close();
  });

  test('runs a claim, and shows the figures that Node has, in both languages, with nothing wrong in the console', async () => {
    const rows = await measureClaim(
      claim,
      [0, 1, 2, 3, 4],
      { quick: true, digits: () => Promise.reject(new Error('This claim reads no digits.')) },
      () => {},
    );
    const expected = shownResult(resultOf({ claim, digest: '', example: '' }, rows));
    const page = await browser.newPage({ viewport: { width: 360, height: 740 }, locale: 'en' });
    const wrong: string[] = [];
    page.on('pageerror', (error) => wrong.push(error.message));
    page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
    await page.goto(`${served.url}#tab=article`);
    await page.getByRole('button', { name: `Run it here: ${claim.title.en}` }).click();
    const here = page.getByRole('region', { name: 'In this browser' });
    await here.waitFor({ timeout: 45_000 });
    const text = ((await here.textContent()) ?? '').replaceAll('\u00a0', ' ');
    for (const figure of [expected.effect, ...expected.figures.map((each) => each.text)])
      expect(text).toContain(figure.en);
    expect(await here.locator('svg').getAttribute('aria-label')).toBe(
      /aria-label="([^"]*)"/.exec(expected.chart.en)![1],
    );
    await here.locator('svg').focus();
    await page.keyboard.press('ArrowRight');
    expect(await here.getByRole('status').textContent()).toMatch(/mean: /);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await page.goto(`${served.url}#tab=article&lang=zh`);
    await page.getByText(expected.figures[0]!.text.zh).first().waitFor();
    expect(wrong).toEqual([]);
    await page.close();
  });
});
