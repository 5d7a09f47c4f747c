import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exampleTable } from '../../site/src/fit/controls/header.ts';
import { SCALES } from '../../site/src/fit/controls/stops.ts';
import { en } from '../../site/src/text/en.ts';
import { zh } from '../../site/src/text/zh.ts';
import { dropFile, ended, PATIENT, score, slide, untilEnd, verdict, watchEngine } from './person.ts';
import { binary, Site, WIDE } from './visit.ts';

const { presets, draw, guide } = en.controls;

describe.skipIf(binary === null)('a person under Fit', { timeout: 120_000 }, () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open();
  });
  afterAll(() => site?.close());

  const open = (hash: string, use: (page: Page) => Promise<void>, permissions: string[] = []): Promise<void> =>
    site.visit(hash, { ...WIDE, permissions }, use, watchEngine);
  const choose = (page: Page, name: string) => page.getByRole('combobox', { name: 'Experiment' }).selectOption(name);

  const pick = (page: Page, data: string) =>
    page.getByRole('radiogroup', { name: 'Data set' }).getByText(data, { exact: true }).click();

  test('trains the spiral to less than 5 % of test error by opening the page', async () => {
    await open('', async (page) => {
      await page.getByRole('region', { name: 'Right answers' }).getByText('All 500 epochs are done.').waitFor(PATIENT);
      expect(await score(page, 'test')).toBeGreaterThan(0.95);
      expect(await verdict(page)).toBe('A good fit');
    });
  });

  test('provokes overfitting, and each remedy that the page offers helps', async () => {
    await open('#epochs=1&samples=20', async (page) => {
      const overfit = async (): Promise<number> => {
        await untilEnd(page, () => choose(page, presets.overfit.name));
        expect(await verdict(page)).toBe('Overfitting');
        return (await score(page, 'training')) - (await score(page, 'validation'));
      };
      const gap = await overfit();
      const offered = await page.getByRole('region', { name: 'Diagnosis' }).getByRole('listitem').allTextContents();
      const kinds = ['More data', 'Early stopping', 'Dropout', 'L2 penalty', 'Smaller network'];
      const remedies = kinds.map((kind) => offered.find((label) => label.startsWith(kind)) ?? `no ${kind}`);
      expect(remedies.map((label) => label.startsWith('no '))).toEqual(kinds.map(() => false));
      for (const label of remedies) {
        if (label !== remedies[0]) expect(await overfit()).toBe(gap);
        await untilEnd(page, () => page.getByRole('button', { name: label }).click());
        const left = (await score(page, 'training')) - (await score(page, 'validation'));
        if (left >= gap) expect(await verdict(page), `${label}: a gap of ${left} after ${gap}`).not.toBe('Overfitting');
      }
    });
  });

  test('breaks training by too large steps, reads why, and takes the lower rate that is offered', async () => {
    await open('#epochs=1', async (page) => {
      await untilEnd(page, () => choose(page, presets.rateTooHigh.name));
      const alert = page.getByRole('alert');
      expect(await alert.textContent()).toMatch(
        /Training broke down.*stopped being numbers in epoch \d+: first seen in .*learning rate of 10\b/s,
      );
      const lower = alert.getByRole('button', { name: /^Lower the learning rate to [\d.]+ and train again$/ });
      const rate = /to ([\d.]+)/.exec((await lower.textContent())!)![1]!;
      await untilEnd(page, () => lower.click());
      await alert.waitFor({ state: 'detached' });
      await page
        .getByText(/^All \d+ epochs are done\.$/)
        .first()
        .waitFor();
      expect(await page.getByRole('slider', { name: 'Learning rate' }).getAttribute('aria-valuetext')).toBe(rate);
    });
  });

  test('finds the same settings when the page is loaded again from its address', async () => {
    await open('#epochs=5', async (page) => {
      await pick(page, 'Moons');
      await slide(page, 'Noise', SCALES.noise, 0.35);
      await page.getByRole('spinbutton', { name: 'Seed' }).fill('7');
      await page.getByRole('button', { name: '+ Add a layer' }).click();
      const third = page.getByRole('group', { name: 'Hidden layer 3' });
      await third.getByRole('slider', { name: 'Neurons' }).fill('5');
      await third.getByRole('combobox', { name: 'Activation' }).selectOption('tanh');
      await slide(page, 'Dropout', SCALES.dropout, 0.2);
      await page.getByRole('switch', { name: 'Batch normalization' }).check();
      await slide(page, 'Learning rate', SCALES.learningRate, 0.02);
      await page.getByRole('combobox', { name: 'Optimizer' }).selectOption('RMSprop');
      await page.getByRole('switch', { name: 'Early stopping' }).check();
      await slide(page, 'Patience in epochs', SCALES.patience, 50);
      await page.getByRole('switch', { name: 'Restore the best weights' }).uncheck();
      // The last, since the engine says it of the experiment that has all settings.
      await slide(page, 'Samples', SCALES.samples, 150);
      const wanted = '#data=moons&samples=150&noise=0.35&seed=7&net=16silu,16silu,5tanh&dropout=0.2&norm=1';
      const training = '&optimizer=rmsprop&rate=0.02&epochs=5&early=1&patience=50&restore=0';
      await page.waitForFunction((hash) => location.hash === hash, wanted + training);
      const controls = page.locator('.controls');
      await page.getByText('90 to learn from, 30 to choose by, 30 to judge by.').waitFor(PATIENT);
      await ended(page);
      const before = await controls.ariaSnapshot();
      await page.reload();
      await ended(page);
      await expect.poll(() => controls.ariaSnapshot(), PATIENT).toBe(before);
      expect(await page.evaluate(() => location.hash)).toBe(wanted + training);
    });
  });

  test('reads the page in Chinese and in English again', async () => {
    await open('#epochs=1', async (page) => {
      const heard = () =>
        page.evaluate(() => [document.documentElement.lang, document.title, document.body.textContent] as const);
      await expect.poll(async () => (await heard()).slice(0, 2)).toEqual(['en', 'Fit · whittle-ml lab']);
      const english = await heard();
      await page.getByRole('button', { name: '中文' }).click();
      await page.getByRole('tab', { name: zh.shell.tabs.compress }).waitFor();
      const [lang, title, words] = await heard();
      expect([lang, title]).toEqual(['zh-Hans', `${zh.shell.tabs.fit} · ${zh.shell.title}`]);
      for (const word of [zh.controls.run.run, zh.controls.data.title, zh.fit.verdict.title, zh.controls.guide.offer])
        expect(words).toContain(word);
      for (const word of [
        en.controls.run.reset,
        en.controls.data.samples,
        en.fit.verdict.title,
        en.controls.guide.offer,
      ])
        expect(words).not.toContain(word);
      await page.getByRole('button', { name: 'English' }).click();
      await page.getByRole('tab', { name: 'Compress' }).waitFor();
      expect((await heard()).slice(0, 2)).toEqual(english.slice(0, 2));
    });
  });

  test('drops and pastes a bad table, reads what is wrong, and trains on a good one', async () => {
    const permissions = ['clipboard-read', 'clipboard-write'];
    await open(
      '#epochs=20',
      async (page) => {
        await pick(page, 'Table');
        await page.getByRole('status').getByText(en.controls.table.missing).waitFor();
        await dropFile(page, 'Table as CSV', 'bad.csv', 'width,height,kind\n1,2,a\n3,b\n');
        const problem = page.locator('.controls .notice');
        expect(await problem.textContent()).toMatch(/\b(line|row) \d/i);

        const paste = async (text: string) => {
          await page.evaluate((text) => navigator.clipboard.writeText(text), text);
          await page.getByRole('textbox', { name: 'Table as CSV' }).press('ControlOrMeta+a');
          await page.getByRole('textbox', { name: 'Table as CSV' }).press('ControlOrMeta+v');
        };
        await paste(`width,kind\n${'1,same\n'.repeat(20)}`);
        await page.getByRole('button', { name: 'Use this table' }).click();
        await page
          .getByText('Each row of “kind” says same, and two classes are needed: choose another column to learn.')
          .waitFor();

        await untilEnd(page, () => dropFile(page, 'Table as CSV', 'good.csv', exampleTable()));
        await page.getByText('In use: 120 rows, 2 numbers each.').waitFor();
        expect(await problem.count()).toBe(0);
        await page.getByText('All 20 epochs are done.').first().waitFor();
        expect(await score(page, 'training')).toBeGreaterThan(0.5);
      },
      permissions,
    );
  });

  test('draws points by mouse and by keyboard, and trains on them', async () => {
    await open('#epochs=50&rate=0.05', async (page) => {
      await pick(page, 'Draw');
      const plane = page.getByRole('application', { name: draw.plane });
      const run = page.getByRole('button', { name: 'Run', exact: true });
      await plane.scrollIntoViewIfNeeded();
      expect(await run.isDisabled()).toBe(true);
      const { width, height } = (await plane.boundingBox())!;
      for (let i = 0; i < 8; i++)
        await plane.click({ position: { x: width * (0.1 + 0.04 * i), y: height * (0.2 + 0.05 * (i % 3)) } });
      // In the place of figures, which were those of other data
      await page.getByRole('status').getByText(draw.missing(8, 10)).waitFor();
      expect(await page.getByRole('heading', { name: 'Right answers' }).count()).toBe(0);
      await page.getByRole('button', { name: draw.className(1) }).click();
      await plane.focus();
      for (let i = 0; i < 4; i++) await plane.press('ArrowRight');
      // From the last point, and there twice as many as are kept
      for (let i = 0; i < 9; i++) {
        await plane.press('ArrowDown');
        await plane.press('Enter');
      }
      await page.getByText(draw.count(17, 500)).waitFor();
      await plane.press('Backspace');
      await page.getByText(draw.count(16, 500)).waitFor();
      await untilEnd(page, () => run.click());
      expect(await score(page, 'training')).toBeGreaterThan(0.9);
      await expect.poll(() => page.evaluate(() => location.hash)).toMatch(/data=drawn.*points=[0-9a-z]{96}$/);
    });
  });

  test('asks for the formula of a neuron by mouse and by keyboard', async () => {
    await open('#epochs=3&net=4tanh', async (page) => {
      await ended(page);
      const network = page.getByRole('region', { name: 'Network' });
      const neurons = network.getByRole('button', { name: /^Neuron / });
      expect(await neurons.count()).toBe(6);
      const name = async (at: number): Promise<string> =>
        /^Neuron (.*), /.exec((await neurons.nth(at).getAttribute('aria-label'))!)![1]!;
      const first = page.getByRole('region', { name: `What neuron ${await name(0)} computes` });
      await neurons.nth(0).click();
      await first.getByText(/^h1\.1 = tanh\(.*x1.*x2.*\) = /).waitFor();
      const last = async (row: string): Promise<number> => {
        const text = await first
          .getByRole('row', { name: new RegExp(`^${row} `) })
          .getByRole('cell')
          .last()
          .textContent();
        return Number(text!.replace(/[=+\s]/g, '').replace('−', '-'));
      };
      const sum = await last('Sum');
      expect((await last('x1')) + (await last('x2')) + (await last('Bias'))).toBeCloseTo(sum, 2);
      expect(await last('Output')).toBeCloseTo(Math.tanh(sum), 2);
      await first.getByRole('button', { name: 'Close' }).click();
      await first.waitFor({ state: 'detached' });

      await neurons.nth(0).focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page
        .getByRole('region', { name: `What neuron ${await name(1)} computes` })
        .getByText(/tanh\(/)
        .first()
        .waitFor();
    });
  });

  test('pins a run and compares it with another one', async () => {
    await open('#epochs=5', async (page) => {
      await ended(page);
      await page.getByRole('button', { name: 'Pin this run' }).click();
      const compare = page.getByRole('region', { name: 'Pinned and current run' });
      await compare.getByText(en.fit.compare.same).waitFor();
      await untilEnd(page, () => slide(page, 'Samples', SCALES.samples, 200));
      await compare.getByText('Samples: 500 → 200').waitFor();
      const rows = await compare.getByRole('row').allTextContents();
      expect(rows[0]).toMatch(/Pinned.*Current.*Change/s);
      expect(rows.some((row) => /^\s*Test score/.test(row))).toBe(true);
      await compare.getByRole('button', { name: 'Unpin' }).click();
      await compare.waitFor({ state: 'detached' });
    });
  });

  test('follows the guide to its end', async () => {
    await open('#epochs=1', async (page) => {
      await page.getByRole('button', { name: guide.start }).click();
      const steps = page.getByRole('complementary', { name: guide.title });
      const seen: string[] = [];
      for (const [at, { text, act }] of guide.steps.entries()) {
        await steps.getByText(guide.step(at + 1, guide.steps.length)).waitFor();
        await steps.getByText(text).waitFor();
        const press = () => steps.getByRole('button', { name: act ?? guide.next, exact: true }).click();
        if (act === null || at === guide.steps.length - 1) await press();
        else {
          await untilEnd(page, press);
          seen.push(await verdict(page));
        }
      }
      expect(seen).toEqual(['A good fit', 'Overfitting', 'A good fit']);
      await page.getByRole('heading', { level: 2, name: 'Compress' }).waitFor();
      await page.getByRole('tab', { name: 'Fit' }).click();
      await page.getByRole('button', { name: 'Run', exact: true }).waitFor();
      expect(await steps.count()).toBe(0);
    });
  });
});
