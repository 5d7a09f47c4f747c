import { chromium } from 'playwright';
import { BENCH } from './folder.ts';
import type { Served } from './serve.ts';

export type Finder = typeof import('../scripts/find-chromium.mjs');

/** The scripts lie outside what is compiled, so that only their address leads there. */
export const finder = (): Promise<Finder> =>
  import(new URL('../scripts/find-chromium.mjs', BENCH).href) as Promise<Finder>;

/**
 * Opens a page in a headless Chromium that is started with `flags`, and waits until it tells a message of the kind `end`.
 * Returns why it could not, or null.
 */
export async function inChromium<M extends { readonly kind: string }>(
  site: () => Promise<Served>,
  flags: (found: Finder) => readonly string[],
  tell: (message: M) => void,
): Promise<string | null> {
  const found = await finder();
  const executablePath = found.findChromium();
  if (executablePath === null) return found.adviceOnChromium();
  const { address, close } = await site();
  try {
    const browser = await chromium.launch({ executablePath, args: [...found.QUIET_FLAGS, ...flags(found)] });
    try {
      const page = await browser.newPage();
      let end: (problem: string | null) => void = () => {};
      const ended = new Promise<string | null>((resolve) => {
        end = resolve;
      });
      page.on('pageerror', ({ message }) => end(`the page failed: ${message}`));
      page.on('crash', () => end('the page crashed'));
      browser.on('disconnected', () => end('Chromium ended'));
      // Before the page is opened: what is not there when its script begins is not told.
      await page.exposeFunction('benchReport', (message: M): void => {
        tell(message);
        if (message.kind === 'end') end(null);
      });
      await page.goto(address);
      return await ended;
    } finally {
      await browser.close();
    }
  } catch (error) {
    return `Chromium does not work: ${String(error).split('\n')[0]}`;
  } finally {
    close();
  }
}
