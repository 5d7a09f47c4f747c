import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { BENCH } from '../folder.ts';
import type { Message, Request } from './results.ts';
import { serve } from './serve.ts';

type Finder = typeof import('../../scripts/find-chromium.mjs');

/** The scripts lie outside what is compiled, so that only their address leads there. */
const finder = (): Promise<Finder> => import(new URL('../scripts/find-chromium.mjs', BENCH).href) as Promise<Finder>;

/** Measures in a headless Chromium. Returns why it could not, or null. */
export async function inChromium(
  request: Request,
  isHardware: boolean,
  tell: (message: Message) => void,
): Promise<string | null> {
  const { adviceOnChromium, findChromium, HARDWARE_GPU_FLAGS, QUIET_FLAGS, SOFTWARE_GPU_FLAGS } = await finder();
  const executablePath = findChromium();
  if (executablePath === null) return adviceOnChromium();
  const { address, close } = await serve(request);
  try {
    const args = [...QUIET_FLAGS, ...(isHardware ? HARDWARE_GPU_FLAGS : SOFTWARE_GPU_FLAGS)];
    const browser = await chromium.launch({ executablePath, args });
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
      await page.exposeFunction('benchReport', (message: Message): void => {
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

/** Measures in Node, as a process of its own, since the driver is chosen by its environment. Returns as above. */
export async function inNode(
  request: Request,
  isHardware: boolean,
  tell: (message: Message) => void,
): Promise<string | null> {
  const { softwareVulkan } = await finder();
  const driver = isHardware ? null : softwareVulkan();
  if (!isHardware && driver === null) return 'there is no software driver: it comes with Chromium';
  const env = { ...process.env, ...driver };
  const script = fileURLToPath(new URL('node.js', import.meta.url));
  const child = fork(script, [JSON.stringify(request)], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  let isDone = false;
  child.on('message', (message) => {
    tell(message as Message);
    isDone ||= (message as Message).kind === 'end';
  });
  return new Promise((resolve) => {
    child.on('error', ({ message }) => resolve(message));
    child.on('close', (code, signal) => resolve(isDone ? null : `the process ended with ${signal ?? code}`));
  });
}
