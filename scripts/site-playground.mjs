// TensorFlow Playground in the same browser, for npm run site:bench: its spiral, with the largest hidden layers and batches
// that it has, which are smaller than those of our default. Its fonts and its counter of visitors, which come from elsewhere,
// are not loaded.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from './site-serve.mjs';
import { gzipped } from './site-sizes.mjs';

const SETTINGS =
  '#activation=tanh&batchSize=30&dataset=spiral&learningRate=0.03&noise=0&networkShape=8,8&percTrainData=50&x=true&y=true&problem=classification';

function watch() {
  window.seen = { tasks: [] };
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) window.seen.tasks.push([startTime, duration]);
  }).observe({ type: 'longtask', buffered: true });
}

async function opened(browser, url) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
  const page = await context.newPage();
  await page.route('**', (route) => (route.request().url().startsWith(url) ? route.continue() : route.abort()));
  await page.addInitScript(watch);
  await page.goto(`${url}${SETTINGS}`);
  return { page, close: () => context.close() };
}

const epochOf = (page) =>
  page.evaluate(() => [
    performance.now(),
    Number(document.querySelector('#iter-number').textContent.replaceAll(',', '')),
  ]);

const one = (x) => x.toFixed(x < 10 ? 1 : 0);

/** What goes beside the rows of the page, in their order. `folder` has a build, as the branch gh-pages of its repository. */
export async function playgroundFigures(browser, folder, seconds, loads) {
  const served = await serve(folder);
  try {
    const paints = [];
    for (let i = 0; i < loads; i++) {
      const { page, close } = await opened(browser, served.url);
      const at = await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
      paints.push(await at.jsonValue());
      await close();
    }
    const { page, close } = await opened(browser, served.url);
    await page.click('#play-pause-button');
    await page.waitForTimeout(1000);
    const [from, first] = await epochOf(page);
    await page.waitForTimeout(1000 * seconds);
    const [to, last] = await epochOf(page);
    const long = await page.evaluate(
      (start) => window.seen.tasks.filter(([at]) => at >= start).map(([, ms]) => ms),
      from,
    );
    await close();
    const files = ['index.html', 'bundle.css', 'lib.js', 'bundle.js'].map((name) => readFileSync(join(folder, name)));
    const bytes = files.reduce((total, file) => total + gzipped(file), 0);
    return [
      long.length === 0 ? 'none' : `${long.length}, the longest ${one(Math.max(...long))} ms`,
      `${one((1000 * (last - first)) / (to - from))} (8 + 8 neurons)`,
      `${one([...paints].sort((a, b) => a - b)[Math.floor(loads / 2)])} ms`,
      'when its button is pressed',
      '',
      `${one(bytes / 1000)} kB and fonts`,
      '',
    ];
  } finally {
    served.close();
  }
}
