import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderPage } from '../../lab/src/page.ts';
import { renderCompressPage } from '../../lab/src/page-compress.ts';
import type { JobReport } from '../../lab/src/types.ts';
import { findChromium, QUIET_FLAGS } from '../../scripts/find-chromium.mjs';
import { fixture, regression, withCriteria, withLight } from './fixture.ts';
import { compressFixture, withoutBest } from './fixture-compress.ts';
import { taught } from './fixture-taught.ts';

/** Class names so long that nothing may depend on their width, as many of them as asked for. */
function longNames(classes: number): JobReport {
  const base = fixture(3, 'a-name-without-any-place-to-break-it-'.repeat(3));
  const names = Array.from({ length: classes }, (_, i) => `${'Wolkenkratzer'.repeat(4)}${i}`);
  const counts = (n: number): number[] => Array<number>(classes).fill(n);
  const mistakes = {
    ...base.mistakes!,
    samples: counts(1000),
    right: base.mistakes!.right.map(({ form }, f) => ({ form, counts: counts(950 - 20 * f) })),
    confusion:
      classes > 20
        ? null
        : names.map((_, t) => names.map((__, s) => (s === t ? 950 : s === (t + 1) % classes ? 50 : 0))),
    confused: names.slice(1).map((_, t) => ({ truth: t, said: t + 1, count: 50 })),
  };
  const { damage } = base;
  const paying = damage.forms.map((form) => ('worst' in form ? { ...form, worst: { ...form.worst, class: 1 } } : form));
  return {
    ...base,
    data: { ...base.data, classes: names, notes: [names.join('')] },
    damage: { ...damage, forms: paying } as JobReport['damage'],
    taught: taught(3, names),
    mistakes,
  };
}

const PAGES: { readonly [name: string]: string } = {
  digits: renderPage(fixture(5)),
  'one seed': renderPage(fixture(1)),
  'light networks': renderPage(withLight(5)),
  criteria: renderPage(withCriteria()),
  regression: renderPage(regression()),
  'two long classes': renderPage(longNames(2)),
  'twelve long classes': renderPage(longNames(12)),
  'twenty long classes': renderPage(longNames(20)),
  'thirty long classes': renderPage(longNames(30)),
  compressed: renderCompressPage(compressFixture('a-name-without-any-place-to-break-it-'.repeat(3))),
  'compressed in vain': renderCompressPage(withoutBest()),
};

const binary = findChromium();

describe.skipIf(binary === null)('the page in a browser', () => {
  let folder = '';
  let browser: Browser;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'whittle-page-'));
    for (const [name, text] of Object.entries(PAGES)) writeFileSync(join(folder, `${name}.html`), text);
    browser = await chromium.launch({ executablePath: binary!, args: QUIET_FLAGS });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens a page as if by double click, does something with it, and expects no error and no other file. */
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
  const tip = (page: Page) => page.locator('#tip');

  test.each(Object.keys(PAGES))('%s: on a telephone nothing is wider than the screen, all folds open', async (name) => {
    await open(name, narrow, async (page) => {
      const found = await page.evaluate(() => {
        for (const fold of document.querySelectorAll('details')) fold.open = true;
        const out = [...document.querySelectorAll('main *')].filter((node) => {
          const { left, right, width } = node.getBoundingClientRect();
          return width > 1 && (left < 0 || right > 360.5);
        });
        return { width: document.documentElement.scrollWidth, out: out.map((node) => node.outerHTML.slice(0, 120)) };
      });
      expect(found).toEqual({ width: 360, out: [] });
    });
  });

  test.each(Object.keys(PAGES))(
    '%s: no page scrolls sideways, all folds open; a wide table does by itself',
    async (name) => {
      await open(name, narrow, async (page) => {
        for (const width of [360, 641, 700, 800, 1000, 1100, 1200]) {
          await page.setViewportSize({ width, height: 700 });
          const found = await page.evaluate(() => {
            for (const fold of document.querySelectorAll('details')) fold.open = true;
            const out = [...document.querySelectorAll('svg.plot')].flatMap((svg) => {
              const { left, right } = svg.getBoundingClientRect();
              return [...svg.querySelectorAll('text')].filter((text) => {
                const box = text.getBoundingClientRect();
                return box.left < left - 0.5 || box.right > right + 0.5;
              });
            });
            return { width: document.documentElement.scrollWidth, out: out.map((text) => text.textContent) };
          });
          expect(found).toEqual({ width, out: [] });
        }
      });
    },
  );

  test('rows of a table are cards on a telephone, and rows elsewhere', async () => {
    const layout = (page: Page) =>
      page.evaluate(() => {
        for (const fold of document.querySelectorAll('details')) fold.open = true;
        const cell = document.querySelector('table.cards td')!;
        return [getComputedStyle(cell).display, getComputedStyle(cell, '::before').content];
      });
    await open('digits', narrow, async (page) => expect(await layout(page)).toEqual(['flex', '"parameters"']));
    await open('digits', wide, async (page) => expect(await layout(page)).toEqual(['table-cell', 'none']));
  });

  test('the pointer shows the exact figure of what is nearest to it, and nothing elsewhere', async () => {
    await open('digits', wide, async (page) => {
      const chart = page.locator('svg.plot[aria-label^="accuracy against bytes"]');
      await chart.scrollIntoViewIfNeeded();
      const spots = JSON.parse((await chart.getAttribute('data-tips'))!) as [number, number, string][];
      const { x, y, width } = (await chart.boundingBox())!;
      for (const [left, top, text] of spots.slice(0, 3)) {
        await page.mouse.move(x + (left * width) / 380 + 2, y + (top * width) / 380 - 1);
        expect(await tip(page).textContent()).toBe(text);
        const shown = (await tip(page).boundingBox())!;
        expect(Math.abs(shown.y + shown.height / 2 - (y + (top * width) / 380))).toBeLessThan(60);
      }
      const { score, bytes } = fixture(5).forms[0]!;
      const [mean, low, high] = [score.mean, score.min, score.max].map((value) => value.toFixed(4));
      expect(spots[0]![2]).toBe(
        `teacher: accuracy ${mean} (${low}..${high}), ${bytes.mean.toLocaleString('en-US')} bytes`,
      );
      await page.mouse.move(2, 2);
      expect(await tip(page).isVisible()).toBe(false);
    });
  });

  test('the line of the figure that is shown comes forward, by pointer and keyboard, and goes back', async () => {
    await open('criteria', wide, async (page) => {
      const chart = page.locator('section[aria-labelledby="criteria"] svg.plot');
      await chart.scrollIntoViewIfNeeded();
      const opacities = () =>
        chart.evaluate((svg) => [
          ...new Set([...svg.querySelectorAll('.part')].map((part) => getComputedStyle(part).opacity)),
        ]);
      const forward = () =>
        chart.evaluate((svg) => [...svg.querySelectorAll('.fore')].map((part) => part.textContent).join(''));
      expect(await opacities()).toEqual(['1']);
      const spots = JSON.parse((await chart.getAttribute('data-tips'))!) as [number, number, string, number][];
      const [left, top] = spots.find(([, , text]) => text.startsWith('random, 98'))!;
      const { x, y, width } = (await chart.boundingBox())!;
      await page.mouse.move(x + (left * width) / 380, y + (top * width) / 380);
      expect(await forward()).toBe('random');
      expect(await opacities()).toHaveLength(2);
      await page.mouse.move(2, 2);
      expect(await forward()).toBe('');
      expect(await opacities()).toEqual(['1']);
      await chart.focus();
      for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowRight');
      expect(await forward()).toMatch(/^magnitude/);
      await page.keyboard.press('Escape');
      expect(await opacities()).toEqual(['1']);
    });
  });

  test('the keyboard steps through the figures of a chart and of a matrix', async () => {
    await open('digits', wide, async (page) => {
      const chart = page.locator('svg.plot').first();
      const spots = JSON.parse((await chart.getAttribute('data-tips'))!) as [number, number, string][];
      await page.locator('nav a').last().focus();
      for (let i = 0; i < 3 && !(await tip(page).isVisible()); i++) await page.keyboard.press('Tab');
      expect(await tip(page).textContent()).toBe(spots[0]![2]);
      for (const text of [spots[1]![2], spots[2]![2]]) {
        await page.keyboard.press('ArrowRight');
        expect(await tip(page).textContent()).toBe(text);
      }
      await page.keyboard.press('Escape');
      expect(await tip(page).isVisible()).toBe(false);
      await page.locator('.matrix').first().focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowRight');
      expect(await tip(page).textContent()).toBe('1: 35 of 36 right');
      expect(await tip(page).getAttribute('role')).toBe('status');
    });
  });

  test('a finger shows it too, inside the screen', async () => {
    await open('digits', { ...narrow, hasTouch: true, isMobile: true }, async (page) => {
      const cell = page.locator('.matrix tbody tr').nth(8).locator('td').last();
      await cell.tap();
      expect(await tip(page).textContent()).toBe('8 taken for digits: 6 of 36');
      const { x, width } = (await tip(page).boundingBox())!;
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(360);
    });
  });

  test('a script that is not its own does not run', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(pathToFileURL(join(folder, 'digits.html')).href);
    const ran = await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'document.title = "taken over"';
      document.body.append(script);
      return document.title;
    });
    expect(ran).toBe('whittle-ml: digits');
    await context.close();
  });

  const AXE = createRequire(import.meta.url).resolve('axe-core');

  test.each([
    ['light', 'wide', 'digits'],
    ['dark', 'narrow', 'digits'],
    ['light', 'wide', 'light networks'],
    ['dark', 'narrow', 'light networks'],
    ['dark', 'wide', 'regression'],
    ['light', 'narrow', 'twelve long classes'],
    ['dark', 'wide', 'twenty long classes'],
    ['light', 'wide', 'compressed'],
    ['dark', 'narrow', 'compressed'],
  ] as const)(
    '%s, %s: the rules for contrast, labels and structure find nothing in %s',
    async (colorScheme, size, name) => {
      const context = await browser.newContext({ ...(size === 'wide' ? wide : narrow), colorScheme, bypassCSP: true });
      const page = await context.newPage();
      await page.goto(pathToFileURL(join(folder, `${name}.html`)).href);
      await page.addScriptTag({ path: AXE });
      const broken = await page.evaluate(async () => {
        for (const fold of document.querySelectorAll('details')) fold.open = true;
        const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } };
        const { violations } = await axe.run();
        return violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html }) => html.slice(0, 150))]);
      });
      expect(broken).toEqual([]);
      await context.close();
    },
  );
});
