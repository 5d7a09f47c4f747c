import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AxeResults } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium, QUIET_FLAGS } from '../scripts/find-chromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };
const binary = findChromium();

describe.skipIf(binary === null)('pages of examples', () => {
  let server: Server;
  let browser: Browser;
  let base = '';
  let address = '';
  beforeAll(async () => {
    server = createServer((request, response) => {
      const { pathname } = new URL(request.url!, 'http://localhost');
      response.setHeader('Content-Type', TYPES[extname(pathname)] ?? 'application/octet-stream');
      try {
        response.end(readFileSync(`${root}${pathname}`));
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/examples`;
    address = `${base}/worker/index.html`;
    browser = await chromium.launch({ executablePath: binary!, args: QUIET_FLAGS });
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  /** A page whose timer and whose messages from the worker are counted, and what it complains of. */
  async function open(search: string): Promise<{ readonly page: Page; readonly problems: string[] }> {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => problems.push(message.text()));
    await page.addInitScript(() => {
      const seen = { ticks: 0, kinds: [] as string[] };
      Object.assign(globalThis, { seen });
      let isTraining = false;
      setInterval(() => {
        if (isTraining) seen.ticks++;
      }, 10);
      const Plain = Worker;
      globalThis.Worker = class extends Plain {
        constructor(url: string | URL, options?: WorkerOptions) {
          super(url, options);
          this.addEventListener('message', ({ data }) => {
            seen.kinds.push(data.kind);
            isTraining = data.kind !== 'done';
          });
        }
      };
    });
    await page.goto(`${address}${search}`);
    return { page, problems };
  }

  /** What the rules for contrast, labels and structure find. */
  async function brokenRules(page: Page): Promise<unknown> {
    await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core') });
    return page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } };
      const { violations } = await axe.run();
      return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
    });
  }

  test('the one that trains in a worker: its timer ticks while the network learns, and it hears of every batch and epoch', async () => {
    const { page, problems } = await open('?epochs=6');
    await page.locator('#status', { hasText: 'Done' }).waitFor({ timeout: 50_000 });
    const seen = await page.evaluate(
      () => (globalThis as unknown as { seen: { ticks: number; kinds: string[] } }).seen,
    );
    const count = (kind: string): number => seen.kinds.filter((each) => each === kind).length;
    expect([count('begun'), count('batch'), count('epoch'), count('done')]).toEqual([1, 6 * 45, 6, 1]);
    expect(seen.kinds.at(-1)).toBe('done');
    // Training on the page itself would leave no tick between the first batch and the last.
    expect(seen.ticks).toBeGreaterThan(10);
    expect(Number(await page.locator('#clock').textContent())).toBeGreaterThan(0);
    expect(await page.locator('#epochs tr').count()).toBe(6);
    expect(await page.locator('progress').evaluate((bar: HTMLProgressElement) => bar.value)).toBe(1);
    const [, right] = /Done: ([\d.]+) %/.exec((await page.locator('#status').textContent())!)!;
    expect(Number(right)).toBeGreaterThan(90);
    expect(problems).toEqual([]);
    await page.close();
  });

  test('it says so when the worker fails', async () => {
    const { page } = await open('?epochs=-1');
    await page.locator('#status', { hasText: 'The worker failed' }).waitFor({ timeout: 50_000 });
    expect(await page.locator('#status').textContent()).toContain('fit: epochs must be');
    await page.close();
  });

  test.each(['light', 'dark'] as const)(
    'the rules for contrast, labels and structure find nothing (%s)',
    async (colorScheme) => {
      const page = await browser.newPage({ colorScheme });
      await page.goto(`${address}?epochs=1`);
      await page.locator('#status', { hasText: 'Done' }).waitFor({ timeout: 50_000 });
      expect(await brokenRules(page)).toEqual([]);
      await page.close();
    },
  );

  test('the one that asks a network for the kind of a wine loads the file that a program made of a CSV file', async () => {
    execFileSync(process.execPath, [`${root}examples/recipes/csv-to-page.mjs`], { stdio: 'pipe', timeout: 50_000 });
    const page = await browser.newPage();
    await page.goto(`${base}/recipes/csv-to-page.html`);
    const kind = page.locator('#kind', { hasText: /./ });
    await kind.waitFor({ timeout: 50_000 });
    const row = page.locator('#row');
    const [columns, first] = (await row.inputValue()).trim().split('\n') as [string, string];
    const [names, ...wines] = readFileSync(`${root}data/wine.csv`, 'utf8').trim().split('\n');
    expect(names).toBe(`${columns},class`);
    expect(wines).toContain(`${first},0`);
    expect(await kind.textContent()).toMatch(/^Kind 0, \d+ % sure$/);
    const ask = async (text: string): Promise<string | null> => {
      await row.fill(text);
      return kind.textContent();
    };
    expect(await ask(`${columns}\n${wines.at(-1)!.replace(/,2$/, '')}`)).toMatch(/^Kind 2, \d+ % sure$/);
    expect(await brokenRules(page)).toEqual([]);
    expect(await ask('alcohol\n13')).toMatch(/^csv: column "malic_acid": is not in the table/);
    await page.close();
  });
});
