import { readdirSync } from 'node:fs';
import type { BrowserContextOptions, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { en } from '../../site/src/text/en.ts';
import { zh } from '../../site/src/text/zh.ts';
import { ended, PATIENT, untilEnd, watchEngine } from './person.ts';
import { stopsByTab } from './tabbing.ts';
import { binary, NARROW, picture, Site, violations, WIDE } from './visit.ts';

const TABS = ['fit', 'compress', 'digits', 'kernels', 'article'] as const;
const TEXTS = { en, zh };
const DARK_AND_CHINESE = { colorScheme: 'dark', locale: 'zh-CN' } as const;

describe.skipIf(binary === null)('the page', { timeout: 120_000 }, () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open();
  });
  afterAll(() => site?.close());

  const sideways = (page: Page): Promise<number> =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

  test.each(TABS.flatMap((tab) => [WIDE, NARROW].map((at) => ({ tab, at }))))(
    '$tab has nothing that axe finds',
    async ({ tab, at }) => {
      await site.visit(`#tab=${tab}`, at, async (page) => {
        await page.getByRole('heading', { level: 1 }).waitFor();
        await page.getByRole('heading', { level: 2 }).first().waitFor();
        expect(await violations(page)).toEqual([]);
        expect(await sideways(page)).toBe(0);
        await picture(page, tab);
      });
    },
  );

  const LOOKS: readonly (readonly [string, BrowserContextOptions, 'en' | 'zh'])[] = [
    ['in light, wide', WIDE, 'en'],
    ['in dark and Chinese, wide', { ...WIDE, ...DARK_AND_CHINESE }, 'zh'],
    ['in dark and Chinese, narrow', { ...NARROW, ...DARK_AND_CHINESE }, 'zh'],
  ];

  test.each(LOOKS)('with results axe finds nothing, and nothing is too wide: %s', async (look, at, language) => {
    const { fit, compress, controls, shell } = TEXTS[language];
    await site.visit(
      '#samples=100&epochs=20&tuning=0&early=1',
      at,
      async (page) => {
        const check = async (tab: string) => {
          await picture(page, `${tab}-${look}`);
          expect(await violations(page)).toEqual([]);
          expect(await sideways(page)).toBe(0);
        };
        await page.waitForFunction(() => window.told.hasEnded, undefined, PATIENT);
        await page.getByRole('button', { name: fit.compare.pin }).click();
        await page.locator('[data-place]').first().click();
        await page.locator('.explanation table').waitFor();
        await page.getByRole('button', { name: controls.guide.start }).click();
        for (const details of await page.locator('.visual summary').all()) await details.click();
        await check('fit');
        await page.getByRole('tab', { name: shell.tabs.compress }).click();
        await page.getByRole('combobox', { name: compress.exports.format }).waitFor();
        await check('compress');
        await page.getByRole('tab', { name: shell.tabs.digits }).click();
        await page.getByRole('button', { name: TEXTS[language].digits.paper.example(3) }).click();
        await page.locator('.answer').nth(4).waitFor();
        await check('digits');
      },
      watchEngine,
    );
  });

  test.each(TABS)('%s is gone through by the Tab key: each stop in order, seen and named', async (tab) => {
    await site.visit(
      `#tab=${tab}&samples=100&epochs=10&early=1&tuning=0`,
      WIDE,
      async (page) => {
        if (tab === 'fit') await ended(page);
        if (tab === 'compress') {
          await page.getByRole('button', { name: en.compress.untrained.train }).click();
          await page.getByRole('combobox', { name: en.compress.exports.format }).waitFor();
        }
        if (tab === 'article')
          await page
            .getByRole('button', { name: /^Run it here/ })
            .first()
            .waitFor();
        await page.getByRole('tabpanel').getByRole('heading').first().waitFor();
        await page.waitForLoadState('networkidle'); // what the part shows has come
        const { wanted, reached, unseen, unnamed } = await stopsByTab(page);
        expect(wanted.length).toBeGreaterThan(8);
        expect(reached).toEqual(wanted);
        expect(unseen).toEqual([]);
        expect(unnamed).toEqual([]);
      },
      watchEngine,
    );
  });

  /** What the page may load later, which it has in advance: all but the benchmark of a graphics processor, and workers. */
  const ahead = () =>
    readdirSync(new URL('../../site/dist/assets', import.meta.url)).filter(
      (name) => /\.(js|css|safetensors|gz)$/.test(name) && !/^(gpu|embed|worker|encoder|rolldown-runtime)/.test(name),
    );

  test('once it has loaded its parts it works with the network cut, and it asks nobody else ever', async () => {
    const asked: string[] = [];
    const loaded = new Set<string>();
    await site.visit(
      '#samples=100&epochs=20&tuning=0',
      WIDE,
      async (page) => {
        await expect.poll(() => ahead().filter((name) => !loaded.has(name)), PATIENT).toEqual([]);
        const before = asked.length;
        await page.context().setOffline(true);
        for (const language of ['en', 'zh'] as const) {
          const text = TEXTS[language];
          await page.getByRole('button', { name: language === 'en' ? 'English' : '中文' }).click();
          for (const tab of TABS) {
            await page.getByRole('tab', { name: text.shell.tabs[tab] }).click();
            await page.getByRole('heading', { level: 2 }).first().waitFor({ state: 'attached' });
            if (tab === 'compress') await page.getByRole('combobox', { name: text.compress.exports.format }).waitFor();
            if (tab === 'digits') {
              await page.getByRole('button', { name: text.digits.paper.example(3) }).click();
              await page.locator('.answer').nth(4).waitFor();
            }
          }
        }
        await page.getByRole('button', { name: 'English' }).click();
        await page.getByRole('tab', { name: 'Fit' }).click();
        await untilEnd(page, () =>
          page.getByRole('combobox', { name: 'Experiment' }).selectOption(en.controls.presets.circles.name),
        );
        await page.getByText('All 500 epochs are done.').first().waitFor();
        expect(asked.slice(before)).toEqual([]);
        expect(asked.filter((url) => !url.startsWith(site.address) && !url.startsWith('blob:'))).toEqual([]);
      },
      async (page) => {
        await watchEngine(page);
        page.context().on('request', (request) => asked.push(request.url()));
        page.context().on('requestfinished', (request) => loaded.add(request.url().split('/').at(-1)!));
      },
    );
  });

  test('where WebAssembly is refused it learns by TypeScript kernels, and says so', async () => {
    await site.visit(
      '#samples=100&epochs=20',
      WIDE,
      async (page) => {
        await page.getByText(en.shell.kernels.cpu, { exact: true }).waitFor(PATIENT);
        await page.getByText('All 20 epochs are done.').first().waitFor(PATIENT);
        await page.getByRole('tab', { name: 'Compress' }).click();
        await page.getByRole('combobox', { name: en.compress.exports.format }).waitFor(PATIENT);
        await page.unrouteAll({ behavior: 'wait' });
      },
      async (page) => {
        await page.route('**/*', async (route) => {
          const response = await route.fetch();
          const policy = "script-src 'self'; worker-src 'self'";
          await route.fulfill({ response, headers: { ...response.headers(), 'content-security-policy': policy } });
        });
      },
    );
  });
});
