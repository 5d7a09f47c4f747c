import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright';
import { type PreviewServer, preview } from 'vite';
import { expect } from 'vitest';
import { findChromium, QUIET_FLAGS } from '../../scripts/find-chromium.mjs';

const root = fileURLToPath(new URL('../../site', import.meta.url));
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** The browser of the tests, or null. */
export const binary: string | null = findChromium();

/** Ways of looking at a page: as on a desk, and on a small phone. */
export const WIDE: BrowserContextOptions = { viewport: { width: 1200, height: 900 }, locale: 'en-GB' };
export const NARROW: BrowserContextOptions = { viewport: { width: 360, height: 740 }, locale: 'en-GB', hasTouch: true };

/** The built site on a port of its own, and a browser to look at it. */
export class Site {
  readonly #server: PreviewServer;
  readonly #browser: Browser;
  readonly address: string;

  private constructor(server: PreviewServer, browser: Browser) {
    this.#server = server;
    this.#browser = browser;
    const [address] = server.resolvedUrls?.local ?? [];
    if (address === undefined) throw new Error('The server of the built site told no address.');
    this.address = address;
  }

  static async open(): Promise<Site> {
    if (!existsSync(`${root}/dist/index.html`)) throw new Error('site/dist is not there: run npx vite build site.');
    const server = await preview({ root, logLevel: 'silent', preview: { port: 0, host: '127.0.0.1', open: false } });
    return new Site(server, await chromium.launch({ executablePath: binary!, args: QUIET_FLAGS }));
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.close();
  }

  /**
   * Opens the page, does something with it, and expects that nothing was said on its console and nothing failed to load.
   * `prepare` is done before the page is there.
   */
  async visit(
    hash: string,
    options: BrowserContextOptions,
    use: (page: Page) => Promise<void>,
    prepare?: (page: Page) => Promise<unknown>,
  ): Promise<void> {
    const context = await this.#browser.newContext(options);
    try {
      const page = await context.newPage();
      const said: string[] = [];
      page.on('pageerror', (error) => said.push(`error: ${error.message}`));
      page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
      page.on('requestfailed', (request) => said.push(`not loaded: ${request.url()}`));
      await prepare?.(page);
      await page.goto(`${this.address}${hash}`);
      await use(page);
      expect(said).toEqual([]);
    } finally {
      await context.close();
    }
  }
}

/** What axe-core finds wrong, a line each. */
export async function violations(page: Page): Promise<string[]> {
  // Chromium's own way past the policy of the page, for the checker alone
  const text = readFileSync(AXE, 'utf8');
  await page.evaluate(text);
  const found = await page.evaluate<AxeResults>('axe.run()');
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

const PICTURES = fileURLToPath(new URL('../../report/site', import.meta.url));

/** Keeps a picture of the whole page in report/site, to be looked at. */
export async function picture(page: Page, name: string): Promise<void> {
  const { width } = page.viewportSize()!;
  const file = `${PICTURES}/${name.toLowerCase().replace(/[^a-z]+/g, '-')}-${width}.png`;
  await page.screenshot({ path: file, fullPage: true, animations: 'disabled' });
}
