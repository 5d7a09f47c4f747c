import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { binary, NARROW, Site, violations, WIDE } from './visit.ts';

/** Long enough for a loaded machine. */
const poll = (value: () => unknown) => expect.poll(value, { timeout: 30_000 });

/** The number of the epoch that an element shows; 0 before the first. */
async function epochOf(page: Page, at: number): Promise<number> {
  const text = await page.locator('whittle-lab').nth(at).locator('p').first().textContent();
  return Number(/\d+/.exec(text ?? '')?.[0] ?? 0);
}

describe.skipIf(binary === null)('the element', () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open();
  });
  afterAll(() => site?.close());

  test('it loads when it is seen, trains, rests out of sight, and ends its worker when it is taken away', async () => {
    await site.visit('embed.html', NARROW, async (page) => {
      const workers = (): number => page.workers().length;
      const [first, last] = [page.locator('whittle-lab').first(), page.locator('whittle-lab').last()];
      await poll(workers).toBe(1);
      await poll(() => epochOf(page, 0)).toBeGreaterThan(0); // it has autoplay
      await first.getByRole('button', { name: 'Start again' }).click();

      await last.scrollIntoViewIfNeeded();
      await poll(workers).toBeGreaterThan(1);
      await poll(() => first.getByRole('button').first().textContent()).toBe('Play');
      const rested = await epochOf(page, 0);
      if (rested < 500) {
        await first.scrollIntoViewIfNeeded();
        await poll(() => epochOf(page, 0)).toBeGreaterThan(rested);
        await last.scrollIntoViewIfNeeded();
      }

      // Anew, and pressed before the engine has told that it rests; as many epochs as there may be, so that it is not through.
      await last.evaluate((element) =>
        element.setAttribute('experiment', `${element.getAttribute('experiment')}&epochs=10000`),
      );
      await last.getByRole('button', { name: '播放' }).waitFor();
      // By the page itself: it may be through before a click from outside arrives.
      await last.evaluate(async (element) => {
        const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
        const button = () => element.shadowRoot!.querySelector('button')!;
        const epoch = () => Number(/\d+/.exec(element.shadowRoot!.querySelector('p')?.textContent ?? '')?.[0] ?? 0);
        button().click();
        while (button().textContent!.includes('暂停') && epoch() === 0) await frame();
        button().click();
      });
      await last.getByRole('button', { name: '播放' }).waitFor();
      expect(await last.getByRole('status').textContent()).toMatch(/^已在第 \d+ 轮后暂停。$/);
      await poll(() => last.getByRole('img').getAttribute('aria-label')).toMatch(/^各轮的损失。第 \d+ 轮：训练 [\d.]+/);

      const before = workers();
      await last.evaluate((element) => element.remove());
      await poll(workers).toBe(before - 1);
    });
  });

  test.each([WIDE, { ...NARROW, colorScheme: 'dark' as const }])('its page has nothing that axe finds', async (at) => {
    await site.visit('embed.html', { ...at, reducedMotion: 'reduce' }, async (page) => {
      await page.getByRole('img').first().waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(at.viewport!.width);
      // Who prefers less motion presses the button.
      expect(await epochOf(page, 0)).toBe(0);
    });
  });

  test('another experiment replaces the one that was, and what cannot be run is told', async () => {
    await site.visit('embed.html', WIDE, async (page) => {
      const element = page.locator('whittle-lab').first();
      await poll(() => epochOf(page, 0)).toBeGreaterThan(0);
      // One that runs is replaced by one that runs
      await element.evaluate((node) => {
        node.shadowRoot!.querySelectorAll('button')[1]!.click();
        node.setAttribute('experiment', 'data=xor&net=4relu&epochs=3');
      });
      await element.getByText('XOR, 4 neurons').waitFor();
      await element.getByText(/^Epoch 3 /).waitFor();
      await element.evaluate((node) => node.setAttribute('experiment', 'data=table'));
      const refused = element.getByText('A table cannot stand in an address').first();
      await refused.waitFor();
      // What ran before has ended, and says nothing over it.
      await poll(() => page.workers().length).toBe(1);
      // Points of one class are refused by the engine, and what is right goes on from there.
      await element.evaluate((node) => node.setAttribute('experiment', `data=drawn&points=${'0000dw'.repeat(12)}`));
      await element.getByText('a second class is needed').first().waitFor();
      await element.evaluate((node) => node.setAttribute('experiment', 'data=moons&net=4relu&epochs=2'));
      await element.getByRole('button', { name: 'Play' }).click();
      await element.getByText(/^Epoch 2 /).waitFor();
    });
  });

  test('a page of another server can show it, where both allow that', async () => {
    const page = `<!doctype html><title>x</title><script type="module" src="${site.address}embed.js"></script>
      <whittle-lab experiment="data=moons&amp;epochs=5" autoplay></whittle-lab>`;
    const policy = `default-src 'none'; script-src ${site.address}; worker-src blob: ${site.address}; connect-src ${site.address}`;
    const head = { 'Content-Type': 'text/html', 'Content-Security-Policy': policy };
    const server = createServer((_, response) => response.writeHead(200, head).end(page));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      await site.visit('gpu.html', WIDE, async (tab) => {
        await tab.goto(address);
        await tab.getByText(/^Epoch 5 /).waitFor();
      });
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});
