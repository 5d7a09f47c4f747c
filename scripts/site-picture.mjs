// Takes the picture at the head of the README, docs/images/lab.webp: the default experiment after some seconds of learning,
// in Chromium, from site/dist (npm run site:build -- --quick). Usage: node scripts/site-picture.mjs
import { Buffer } from 'node:buffer';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { adviceOnChromium, findChromium, QUIET_FLAGS } from './find-chromium.mjs';
import { serve } from './site-serve.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'site', 'dist');
const picture = join(root, 'docs', 'images', 'lab.webp');
/** What a reader of the README may have to load, in bytes. */
const LIMIT = 150_000;

async function main() {
  if (!existsSync(join(folder, 'index.html'))) throw new Error('there is no site/dist: npm run site:build -- --quick');
  const executablePath = findChromium();
  if (executablePath === null) throw new Error(adviceOnChromium());
  const served = await serve(folder);
  const browser = await chromium.launch({ executablePath, args: QUIET_FLAGS });
  try {
    const page = await browser.newPage({ viewport: { width: 1200, height: 800 }, locale: 'en', colorScheme: 'light' });
    const stopped = new Promise((done) => {
      page.on('console', (message) => message.text() === 'stopped' && done());
    });
    await page.addInitScript(() => {
      window.Worker = class extends Worker {
        constructor(...args) {
          super(...args);
          this.addEventListener('message', ({ data }) => data?.kind === 'stopped' && console.info('stopped'));
        }
      };
    });
    // Few enough epochs that it ends soon, and enough that the spiral is learned.
    await page.goto(`${served.url}#epochs=200`);
    await stopped;
    await page.evaluate(() => document.fonts.ready);
    await page.waitForTimeout(1000); // the last picture is drawn
    await page.getByRole('button', { name: 'No, thanks' }).click({ timeout: 2000 });
    await page.mouse.move(0, 0);
    await page.waitForTimeout(500);
    // A plane of colours takes five times the bytes as PNG.
    const session = await page.context().newCDPSession(page);
    const shot = await session.send('Page.captureScreenshot', { format: 'webp', quality: 88 });
    const bytes = Buffer.from(shot.data, 'base64');
    mkdirSync(dirname(picture), { recursive: true });
    writeFileSync(picture, bytes);
  } finally {
    await browser.close();
    served.close();
  }
  const { size } = statSync(picture);
  if (size > LIMIT) throw new Error(`${relative(root, picture)} has ${size} bytes, and may have ${LIMIT}`);
  console.log(`${relative(root, picture)}: ${size} bytes`);
}

try {
  await main();
} catch (error) {
  console.error(`site-picture: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
