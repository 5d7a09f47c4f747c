import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Dense, encodeNetwork, Sequential, toNetwork } from 'whittle-ml';
import { BITS } from '../../site/src/compress/choices.ts';
import { en } from '../../site/src/text/en.ts';
import { dropFile, PATIENT, slide, watchEngine } from './person.ts';
import { binary, Site, WIDE } from './visit.ts';

const { open } = en.compress;
const SMALL = '#tab=compress&samples=200&epochs=60&tuning=10';

describe.skipIf(binary === null)('a person under Compress and Draw a digit', { timeout: 120_000 }, () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open();
  });
  afterAll(() => site?.close());

  /** With a network that is trained, and compressed as is set. */
  const compress = (hash: string, use: (page: Page) => Promise<void>): Promise<void> =>
    site.visit(
      hash,
      { ...WIDE, acceptDownloads: true },
      async (page) => {
        await until(page, () => page.getByRole('button', { name: 'Train it now' }).click());
        await use(page);
      },
      watchEngine,
    );
  /** Changes something, and waits for the network that comes of it. */
  async function until(page: Page, act: () => Promise<unknown>): Promise<void> {
    const { compressed } = await page.evaluate(() => window.told);
    await act();
    await page.waitForFunction((before) => window.told.compressed > before, compressed, PATIENT);
    await page
      .getByText(/^Done: /)
      .first()
      .waitFor();
  }
  /** A figure before and after, of those under "Before and after". */
  async function counter(page: Page, name: string): Promise<readonly [before: number, after: number]> {
    const tile = page.getByRole('region', { name: 'Before and after' }).getByRole('term').filter({ hasText: name });
    const texts = await tile.locator('+ dd').locator('.before, strong').allTextContents();
    return texts.map(inBytes) as [number, number];
  }
  /** 1,234 or 5.6 kB, as a number. */
  function inBytes(text: string): number {
    const number = Number(/[\d.]+/.exec(text.replaceAll(',', ''))?.[0]);
    return /kB|KiB/.test(text) ? number * 1000 : number;
  }
  async function mask(page: Page): Promise<readonly [pruned: number, of: number]> {
    const text = await page
      .getByText(/ of [\d,]+ numbers \(.*\) are pruned\./)
      .last()
      .textContent();
    const [, pruned, of] = /: ([\d,]+) of ([\d,]+) numbers/.exec(text!)!;
    return [inBytes(pruned!), inBytes(of!)];
  }

  /** The names of the formats that are offered, once they are. */
  async function formats(page: Page): Promise<string[]> {
    const format = page.getByRole('combobox', { name: 'Format' });
    await format.waitFor();
    return format.getByRole('option').allTextContents();
  }
  /** All files of a format, saved as one does. */
  async function download(
    page: Page,
    format: string,
  ): Promise<{ readonly name: string; readonly bytes: Uint8Array }[]> {
    const label = (await formats(page)).find((each) => each.startsWith(format));
    await page.getByRole('combobox', { name: 'Format' }).selectOption(label ?? `no ${format}`);
    await page.getByRole('button', { name: 'Make the file' }).click();
    await page.getByText(/^The files? (is|are) ready:$/).waitFor();
    const files: { readonly name: string; readonly bytes: Uint8Array }[] = [];
    for (const link of await page.getByRole('link', { name: /^Save / }).all()) {
      const [saved] = await Promise.all([page.waitForEvent('download'), link.click()]);
      files.push({ name: saved.suggestedFilename(), bytes: await readFile(await saved.path()) });
    }
    return files;
  }

  test('prunes to 80 %, and reads it in the counters and the mask', async () => {
    await compress(`${SMALL}&sparsity=0`, async (page) => {
      expect((await mask(page))[0]).toBe(0);
      const [dense] = await counter(page, 'Parameters');
      await until(page, () => slide(page, 'Weights removed', { min: 0, max: 0.98, step: 0.02 }, 0.8));
      const [before, after] = await counter(page, 'Parameters');
      expect(before).toBe(dense);
      // Biases stay: 34 of 354
      expect(after).toBeLessThan(0.35 * before);
      const [bytes, fewer] = await counter(page, 'File');
      expect(fewer).toBeLessThan(bytes);
      const [pruned, of] = await mask(page);
      expect(pruned / of).toBeGreaterThan(0.7);
      const said = await page
        .getByText(/weights \(.*\) were pruned: /)
        .last()
        .textContent();
      const [, zeros, weights] = /^(\d+) of (\d+) weights/.exec(said!)!;
      expect(Number(zeros) / Number(weights)).toBeCloseTo(0.8, 1);
    });
  });

  test('quantizes to int8, and has a smaller file; narrows layers, and has fewer numbers', async () => {
    await compress(`${SMALL}&sparsity=0`, async (page) => {
      await until(page, () => slide(page, 'Bits a weight', BITS, 8));
      const [bytes, fewer] = await counter(page, 'File');
      expect(fewer).toBeLessThan(bytes);
      await page.getByText(/^Rounded to /).waitFor();
      await until(page, () => page.getByRole('combobox', { name: 'In which pattern' }).selectOption('whole neurons'));
      await until(page, () => slide(page, 'Weights removed', { min: 0, max: 0.98, step: 0.02 }, 0.5));
      await page.getByText(/^Hidden layers were narrowed from 16, 16 to \d+, \d+ units\.$/).waitFor();
      const [numbers, fewerNumbers] = await counter(page, 'Parameters');
      expect(fewerNumbers).toBeLessThan(0.6 * numbers);
      const [macs, lessMacs] = await counter(page, 'Multiply-adds');
      expect(lessMacs).toBeLessThan(macs);
    });
  });

  test('takes a network along as an ES module, and opens it here again', async () => {
    await compress(SMALL, async (page) => {
      const shown = await page.getByRole('region', { name: 'Before and after' }).getByText('%').allTextContents();
      const { name, bytes } = (await download(page, 'ES module')).find((file) => file.name.endsWith('.mjs'))!;
      await dropFile(page, open.title, name, bytes);
      const said = page.getByText(/^Test score: .* for the trained network, .* for this one\.$/);
      const [, before, after] = /: (.*) for the trained network, (.*) for this one/.exec((await said.textContent())!)!;
      expect([before, after]).toEqual(shown.slice(0, 2));
      await page.getByText(new RegExp(`^${name}: .*, \\d+ nodes\\.$`)).waitFor();
    });
  });

  test('gets a file of every format that the library writes', async () => {
    await compress(SMALL, async (page) => {
      const labels = await formats(page);
      const made: Record<string, number> = {};
      for (const label of labels) {
        expect(label).not.toContain('not for this network');
        const size = / (\d[\d.,]* \S+)$/.exec(label)![1]!;
        const files = await download(page, label);
        const sum = files.reduce((all, { bytes }) => all + bytes.length, 0);
        expect(sum / inBytes(size), label).toBeCloseTo(1, 1);
        for (const { name, bytes } of files) made[name.replace(/^[^.]*?(-coded)?\./, '$1.')] = bytes.length;
      }
      for (const kind of ['.safetensors', '-coded.safetensors', '.mjs', '.d.mts', '.c', '.h'])
        expect(made[kind], kind).toBeGreaterThan(100);
    });
  });

  test('opens a file that is no network, and reads a sentence', async () => {
    await site.visit('#tab=compress&epochs=1', WIDE, async (page) => {
      await dropFile(page, open.title, 'letter.safetensors', 'Dear reader, this is no network.');
      const alert = page.getByRole('alert');
      await alert.waitFor();
      expect(await alert.textContent()).toMatch(/letter\.safetensors|safetensors/);
      await dropFile(page, open.title, 'notes.txt', 'Nor is this.');
      await alert.getByText(/notes\.txt/).waitFor();
    });
  });

  test('trains on, and the network that was opened is compared with what is trained by now', async () => {
    const model = new Sequential([new Dense(2, { inputShape: [2], activation: 'softmax' })]);
    const file = encodeNetwork(toNetwork(model));
    await site.visit('#tab=compress&samples=200', WIDE, async (page) => {
      const compress = page.getByRole('tab', { name: 'Compress' });
      const train = async (): Promise<void> => {
        await page.getByRole('tab', { name: 'Fit' }).click();
        await page.getByRole('button', { name: 'One epoch' }).click();
        await compress.click();
      };
      await dropFile(page, open.title, 'small.safetensors', file);
      await page.getByText(open.uncompared['nothing trained']).waitFor(PATIENT);
      await train();
      await page.getByText(open.against('1'), { exact: true }).waitFor(PATIENT);
      await train();
      await page.getByText(open.against('2'), { exact: true }).waitFor(PATIENT);
    });
  });

  test('draws a digit by mouse and by a sample, and every network answers', async () => {
    await site.visit('#tab=digits', WIDE, async (page) => {
      await page.getByText('Draw something, and every network answers.').waitFor();
      const paper = page.getByRole('application', { name: 'Paper to draw a digit on' });
      const { x, y, width, height } = (await paper.boundingBox())!;
      // A one, from its hook down to its foot
      await page.mouse.move(x + 0.38 * width, y + 0.28 * height);
      await page.mouse.down();
      await page.mouse.move(x + 0.54 * width, y + 0.12 * height, { steps: 5 });
      await page.mouse.move(x + 0.54 * width, y + 0.88 * height, { steps: 10 });
      await page.mouse.up();
      const networks = Object.values(en.digits.answers.networks);
      const bars = page.getByRole('img', { name: /^(Dense|Convolutions) .*: 0 with .*%, 1 with / });
      await expect.poll(() => bars.count(), PATIENT).toBe(networks.length);
      await page.getByText(/ 1\.$/).first().waitFor();

      await page.getByRole('button', { name: 'Clear' }).click();
      await page.getByText('Draw something, and every network answers.').waitFor();
      await page.getByRole('button', { name: 'Draw an example of 7' }).click();
      await page
        .getByText(/^All 5 networks say 7\.$/)
        .first()
        .waitFor();
      for (const network of networks) expect(await page.getByText(network, { exact: true }).count()).toBe(1);
      expect(await page.getByRole('img', { name: /^Channel 1, / }).count()).toBeGreaterThan(0);
    });
  });

  test('finds that nothing is measured under Kernels until one asks', async () => {
    await site.visit('#tab=kernels&epochs=1', WIDE, async (page) => {
      await page.getByText(en.kernels.plotEmpty).waitFor();
      expect(page.workers().length).toBe(1);
      await page.getByRole('button', { name: 'Run', exact: true }).waitFor();
    });
  });
});
