import type { Page } from 'playwright';
import { placeOf, type Scale } from '../../site/src/shell/scales.ts';

/** How many experiments have begun since the page was opened, whether the last one has ended, and how often one was compressed. */
interface Told {
  started: number;
  compressed: number;
  hasEnded: boolean;
}
declare global {
  interface Window {
    told: Told;
  }
}

/** Counts what the engine tells the page, so that a test can wait for an end that is not the one before it. */
export async function watchEngine(page: Page): Promise<void> {
  page.setDefaultTimeout(20_000);
  await page.addInitScript(() => {
    const told = { started: 0, compressed: 0, hasEnded: false };
    window.told = told;
    window.Worker = class extends Worker {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        this.addEventListener('message', ({ data }: MessageEvent<{ kind?: string }>) => {
          if (data.kind === 'started') told.started++;
          if (data.kind === 'started' || data.kind === 'progress') told.hasEnded = false;
          if (data.kind === 'compressed') told.compressed++;
          if (data.kind === 'stopped') told.hasEnded = true;
        });
      }
    };
  });
}

/** A loaded machine takes its time. */
export const PATIENT = { timeout: 60_000 };

/** Does something that begins a new experiment, and waits until that has ended. */
export async function untilEnd(page: Page, act: () => Promise<unknown>): Promise<void> {
  const { started } = await page.evaluate(() => window.told);
  await act();
  await page.waitForFunction((before) => window.told.started > before, started, PATIENT);
  await ended(page);
}

/** Waits until what is trained has ended, and the page shows it: Fit by the button that runs it again. */
export async function ended(page: Page): Promise<void> {
  await page.waitForFunction(() => window.told.hasEnded, undefined, PATIENT);
  await page.getByRole('button', { name: 'Run', exact: true }).waitFor(PATIENT);
}

/** Moves a slider to a value. */
export async function slide(page: Page, name: string, scale: Scale, value: number): Promise<void> {
  await page.getByRole('slider', { name, exact: true }).fill(String(placeOf(value, scale)));
}

/** Right answers as the page shows them, as a share. */
export async function score(page: Page, role: 'training' | 'validation' | 'test'): Promise<number> {
  const scores = page.getByRole('region', { name: 'Right answers' });
  const text = await scores.getByRole('term').filter({ hasText: role }).locator('+ dd').textContent();
  return Number(text?.replace(/[^\d.]/g, '')) / 100;
}

/** What the page says of the fit, in a word or two. */
export async function verdict(page: Page): Promise<string> {
  const said = await page.getByRole('region', { name: 'Diagnosis' }).locator('.word').textContent();
  return said!.replace(/^\s*\S\s+/, '').trim();
}

/** Drops a file on what has this label, as from a folder. */
export async function dropFile(page: Page, onto: string, name: string, content: string | Uint8Array): Promise<void> {
  const bytes = [...(typeof content === 'string' ? new TextEncoder().encode(content) : content)];
  const dataTransfer = await page.evaluateHandle(
    ([name, bytes]) => {
      const held = new DataTransfer();
      held.items.add(new File([new Uint8Array(bytes)], name));
      return held;
    },
    [name, bytes] as const,
  );
  const zone = page.getByRole('group', { name: onto, exact: true });
  await zone.dispatchEvent('dragover', { dataTransfer });
  await zone.dispatchEvent('drop', { dataTransfer });
}
