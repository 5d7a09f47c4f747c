import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AxeResults } from 'axe-core';
import { parseHTML } from 'linkedom';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { armStrips, armStripsOnLog } from '../../lab/src/article/charts.ts';
import { loadClaims } from '../../lab/src/article/load.ts';
import { renderPage } from '../../lab/src/article/page.ts';
import { type Report, resultOf } from '../../lab/src/article/results.ts';
import { findChromium, QUIET_FLAGS } from '../../scripts/find-chromium.mjs';
import { report } from './article-fixture.ts';

describe('the page', () => {
  const { document } = parseHTML(renderPage(report()));
  const texts = (selector: string): string[] =>
    [...document.querySelectorAll(selector)].map((n) => n.textContent ?? '');

  test('has every claim in both languages, with its verdict in words', () => {
    expect(texts('h3 [lang="en"]')).toEqual(['A <title> & more', 'Time']);
    expect(texts('h3 [lang="zh"]')).toEqual(['标题 <b>', '时间']);
    expect(texts('.ruling [lang="en"]')).toEqual(['holds', 'depends']);
    expect(texts('.ruling [lang="zh"]')).toEqual(['成立', '视情况而定']);
    expect(texts('.tiles strong')).toEqual(['1', '0', '1']);
    const counts = ['en', 'zh'].map((language) => document.querySelectorAll(`main span[lang="${language}"]`).length);
    expect(counts[0]).toBe(counts[1]);
  });

  test('has them by section, and what was said, found, why and by whom', () => {
    expect(texts('h2 [lang="en"]')).toEqual([
      ...['What underfitting and overfitting are', 'Example: pruning', 'How it is judged'],
    ]);
    const small = document.querySelector('article')!.textContent!.replaceAll('\u00a0', ' ');
    for (const text of [
      ...['It says "so".', 'From 1 to 3.2, by 2.2.', 'gain: 2.2 points (2 to 2.4)', '1 points or more', 'mistake 3'],
      ...['增益：2.2 个百分点（2 至 2.4）', '错误 3', 'if a < b:\n    print("&")', 'const shown = a < b && "c";'],
    ])
      expect(small).toContain(text);
    expect(document.querySelector('article a')!.getAttribute('href')).toBe('https://example.org/?a=1&b=2');
    expect(texts('article .cited li')).toEqual(['A & B 2020', 'C 1999', 'D 2001']);
    expect(texts('article details')).toHaveLength(1);
  });

  test('escapes what claims say', () => {
    expect(document.querySelectorAll('title')).toHaveLength(1);
    expect(document.querySelectorAll('article i, h3 b')).toHaveLength(0);
    expect(renderPage(report())).toContain('A &lt;title&gt; &amp; more');
  });

  test('draws the seeds, the mean and the smallest effect, with a label in the language', () => {
    const charts = [...document.querySelectorAll('svg.plot')];
    expect(charts).toHaveLength(4);
    expect(charts[0]!.getAttribute('aria-label')).toBe(
      'gain: 2.2 points (2 to 2.4); smallest effect that matters: 1 points',
    );
    expect(charts[1]!.closest('[lang]')!.getAttribute('lang')).toBe('zh');
    const tips = JSON.parse(charts[0]!.getAttribute('data-tips')!) as [number, number, string][];
    expect(tips.map(([, , text]) => text)).toEqual([
      'mean: 2.2 points (2 to 2.4)',
      ...[2, 2.1, 2.2, 2.3, 2.4].map((x, seed) => `seed ${seed}: ${x} points`),
      'smallest effect that matters: 1 points',
    ]);
  });

  test('strips of arms are those of one unit, on a logarithmic axis too', () => {
    const [{ claim, summary }] = report().results as [Report['results'][number]];
    for (const draw of [armStrips, armStripsOnLog]) {
      const svg = draw(claim, summary, 'zh');
      expect(svg).toContain('之后');
      expect(svg).not.toContain('损失');
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  test('is the same text for the same figures, says nothing that is no number, and is one file', () => {
    expect(renderPage(report())).toBe(renderPage(report()));
    const shown = renderPage(report()).replace(/<script>.*<\/script>/s, '');
    expect(shown).not.toMatch(/NaN|undefined|Infinity/);
    expect(shown).not.toMatch(/<(link|img|iframe)|src=|@import|url\(/);
  });
});

/** The real claims with figures that were made up, widths and languages being what counts. */
async function real(): Promise<Report> {
  const seeds = [0, 1, 2, 3, 4];
  const results = (await loadClaims()).map((loaded) => {
    const names = Object.keys(loaded.claim.arms);
    const figures = (seed: number) =>
      Object.fromEntries(names.map((name, i) => [name, 10 ** (i - 3) * (1 + seed / 7)]));
    return resultOf(
      loaded,
      seeds.map((seed) => ({ seed, figures: figures(seed) })),
    );
  });
  return { version: '1.2.3', quick: false, seeds, results };
}

const binary = findChromium();

describe.skipIf(binary === null)('the page in a browser', () => {
  let folder = '';
  let browser: Browser;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'whittle-article-'));
    writeFileSync(join(folder, 'made.html'), renderPage(report()));
    writeFileSync(join(folder, 'real.html'), renderPage(await real()));
    browser = await chromium.launch({ executablePath: binary!, args: QUIET_FLAGS });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(name: string, options: BrowserContextOptions, use: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const said: string[] = [];
    page.on('pageerror', (error) => said.push(String(error)));
    page.on('console', (message) => said.push(message.text()));
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    const url = pathToFileURL(join(folder, `${name}.html`)).href;
    await page.goto(url);
    await use(page);
    expect({ said, requests }).toEqual({ said: [], requests: [url] });
    await context.close();
  }

  const narrow = { viewport: { width: 360, height: 740 } };
  const wide = { viewport: { width: 1200, height: 900 } };

  test('follows the browser’s first language of the two, and the switch', async () => {
    const seen = (page: Page) => page.evaluate(() => [document.documentElement.lang, document.title]);
    const EN = ['en', 'An article, measured'];
    const ZH = ['zh', '实测一篇文章'];
    for (const [locale, first] of [
      ['zh-CN', ZH],
      ['en-GB', EN],
      ['fr-FR', EN],
    ] as const) {
      await open('made', { ...wide, locale }, async (page) => {
        expect(await seen(page)).toEqual(first);
        await page.getByRole('button', { name: '中文' }).click();
        expect(await seen(page)).toEqual(ZH);
        expect(await page.locator('h3 span:visible').first().textContent()).toBe('标题 <b>');
        expect(await page.getByRole('button', { name: '中文' }).getAttribute('aria-pressed')).toBe('true');
        await page.getByRole('button', { name: 'English' }).press('Enter');
        expect(await seen(page)).toEqual(EN);
        expect(await page.locator('h3 span:visible').first().textContent()).toBe('A <title> & more');
      });
    }
  });

  test('is in English without its script', async () => {
    await open('made', { ...wide, javaScriptEnabled: false, locale: 'zh-CN' }, async (page) => {
      expect(await page.locator('h3 span:visible').first().textContent()).toBe('A <title> & more');
      expect(await page.locator('.switch').isVisible()).toBe(false);
    });
  });

  test.each(['made', 'real'])('%s: nothing scrolls sideways, all folds open, in either language', async (name) => {
    await open(name, narrow, async (page) => {
      for (const width of [360, 641, 800, 1000, 1200]) {
        await page.setViewportSize({ width, height: 740 });
        for (const language of ['中文', 'English']) {
          await page.getByRole('button', { name: language }).click();
          const found = await page.evaluate((limit) => {
            for (const fold of document.querySelectorAll('details')) fold.open = true;
            const out = [...document.querySelectorAll('main *')].filter((node) => {
              const { left, right, width: across } = node.getBoundingClientRect();
              return across > 1 && (left < 0 || right > limit + 0.5);
            });
            return {
              width: document.documentElement.scrollWidth,
              out: out.map((node) => node.outerHTML.slice(0, 120)),
            };
          }, width);
          expect(found).toEqual({ width, out: [] });
        }
      }
    });
  });

  test('the keyboard steps through the figures of a chart', async () => {
    await open('made', { ...wide, locale: 'en-GB' }, async (page) => {
      const chart = page.locator('svg.plot:visible').first();
      await chart.focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowRight');
      expect(await page.locator('#tip').textContent()).toMatch(/^seed \d: /);
    });
  });

  const AXE = createRequire(import.meta.url).resolve('axe-core');

  test.each([
    ['light', 'wide', 'English', 'made'],
    ['dark', 'narrow', '中文', 'made'],
    ['dark', 'wide', 'English', 'real'],
    ['light', 'narrow', '中文', 'real'],
  ] as const)('%s, %s, %s: the rules for contrast, labels and structure find nothing in %s', async (...row) => {
    const [colorScheme, size, language, name] = row;
    const context = await browser.newContext({ ...(size === 'wide' ? wide : narrow), colorScheme, bypassCSP: true });
    const page = await context.newPage();
    await page.goto(pathToFileURL(join(folder, `${name}.html`)).href);
    await page.getByRole('button', { name: language }).click();
    await page.addScriptTag({ path: AXE });
    const broken = await page.evaluate(async () => {
      for (const fold of document.querySelectorAll('details')) fold.open = true;
      const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } };
      const { violations } = await axe.run();
      return violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html }) => html.slice(0, 150))]);
    });
    expect(broken).toEqual([]);
    await context.close();
  });
});
