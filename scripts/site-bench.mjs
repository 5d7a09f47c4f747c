// What the page is like on this machine, in Chromium: how long its main thread is held while it loads and while the default
// spiral is learned, as a person waits (which other programs make longer) and by the processor's time alone, how many epochs a second that takes, how soon something is seen, and what comes over the wire. Prints a table with what is
// aimed at; with --check a figure that misses its aim fails. Needs site/dist: npm run site:build, of which --quick is enough.
// Usage: npm run site:bench [-- --seconds 10] [--check] [--playground <folder with a build of TensorFlow Playground>]
import { existsSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';
import { adviceOnChromium, findChromium, QUIET_FLAGS } from './find-chromium.mjs';
import { playgroundFigures } from './site-playground.mjs';
import { serve } from './site-serve.mjs';
import { FIRST_LOAD_LIMIT, sum, weighed } from './site-sizes.mjs';
import { tasksOf } from './site-tasks.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'site', 'dist');
/** The longest that the page's main thread may be held, in milliseconds: a browser calls what is longer a long task. */
const LONG = 50;
const LOADS = 5;
/** The largest network that one can set. */
const LARGE = Array.from({ length: 6 }, () => '64silu').join(',');
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Runs in the page before its own scripts: notes long tasks, and what its worker tells of its progress. */
function watch() {
  const seen = { tasks: [], progress: [], stopped: null };
  window.seen = seen;
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) seen.tasks.push([startTime, duration]);
  }).observe({ type: 'longtask', buffered: true });
  window.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      this.addEventListener('message', ({ data }) => {
        if (data?.kind === 'progress') seen.progress.push([performance.now(), data.progress.epoch]);
        if (data?.kind !== 'stopped') return;
        seen.progress.push([performance.now(), data.progress.epoch]);
        // As many epochs as one can set are over in ten seconds: what is through begins again.
        if (data.why.kind === 'done')
          setTimeout(() => document.querySelector('[data-guide="run"] button')?.click(), 100);
        else seen.stopped = data.why.kind;
      });
    }
  };
}

/** A page of its own, with an empty cache, that is watched; before it goes anywhere. */
async function unopened(browser) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(watch);
  return { page, close: () => context.close() };
}

async function opened(browser, url) {
  const { page, close } = await unopened(browser);
  await page.goto(url);
  return { page, close };
}

const isLearning = (page) => page.waitForFunction(() => window.seen.progress.length > 0, null, { timeout: 30_000 });

async function training(browser, url, seconds) {
  // The spiral is learned long before the time is over: so many epochs keep it busy.
  const { page, close } = await opened(browser, `${url}#epochs=10000`);
  await isLearning(page);
  await page.waitForTimeout(1000); // what is compiled and laid out once
  const from = await page.evaluate(() => performance.now());
  await page.waitForTimeout(1000 * seconds);
  const { tasks, progress, stopped } = await page.evaluate(() => window.seen);
  await close();
  const during = progress.filter(([at]) => at >= from);
  const [first, last] = [during[0], during.at(-1)];
  if (during.length < 2 || stopped !== null) throw new Error(`training ended early: ${stopped ?? 'nothing was told'}`);
  const trained = during.reduce((sum, [, epoch], i) => sum + Math.max(0, epoch - (during[i - 1]?.[1] ?? epoch)), 0);
  return {
    epochs: (1000 * trained) / (last[0] - first[0]),
    long: tasks.filter(([at]) => at >= from).map(([, duration]) => duration),
    early: tasks.filter(([at]) => at < from).map(([, duration]) => duration),
  };
}

/** The longest tasks by the processor's time, in milliseconds: until it learns and a second more, and then. */
async function longestByCPU(browser, url, seconds) {
  const { page, close } = await unopened(browser);
  const longest = (tasks) => tasks.reduce((most, each) => Math.max(most, each), 0);
  const loading = await tasksOf(browser, page, async () => {
    await page.goto(url);
    await isLearning(page);
    await page.waitForTimeout(1000);
  });
  const learning = await tasksOf(browser, page, () => page.waitForTimeout(1000 * seconds));
  await close();
  return [longest(loading), longest(learning)];
}

async function paint(browser, url) {
  const { page, close } = await opened(browser, url);
  const at = await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
  const learns = await page.waitForFunction(() => window.seen.progress[0]?.[0], null, { timeout: 30_000 });
  const times = [await at.jsonValue(), await learns.jsonValue()];
  await close();
  return times;
}

/** Of what is sent until the page learns and has taken its other parts in its idle time. */
async function wire(browser) {
  const served = await serve(folder);
  const { page, close } = await opened(browser, served.url);
  await isLearning(page);
  const learning = [...served.sent.values()].reduce((a, b) => a + b, 0);
  await close();
  served.close();
  return learning;
}

const one = (x) => x.toFixed(x < 10 ? 1 : 0);
const longest = (tasks) => (tasks.length === 0 ? 'none' : `${tasks.length}, the longest ${one(Math.max(...tasks))} ms`);

const byCPU = (name, time) => [name, `${LONG} ms at most`, `${one(time)} ms`, time <= LONG];

async function measured(browser, seconds) {
  const served = await serve(folder);
  try {
    const paints = [];
    for (let i = 0; i < LOADS; i++) paints.push(await paint(browser, served.url));
    const { epochs, long, early } = await training(browser, served.url, seconds);
    const [loading, learning] = await longestByCPU(browser, `${served.url}#epochs=10000`, seconds / 2);
    const [loadingLarge, learningLarge] = await longestByCPU(
      browser,
      `${served.url}#epochs=10000&net=${LARGE}`,
      seconds / 2,
    );
    const { first } = weighed(folder);
    const seen = median(paints.map(([at]) => at));
    const learns = median(paints.map(([, at]) => at));
    return [
      ['long tasks in training', `none above ${LONG} ms`, longest(long), long.length === 0],
      ['epochs a second, default spiral', '60 or more', one(epochs), epochs >= 60],
      ['first paint, median of 5', 'under 1,000 ms', `${one(seen)} ms`, seen < 1000],
      ['learns after, median of 5', '', `${one(learns)} ms`, true],
      ['long tasks while it loads', '', longest(early), true],
      [
        'first load, gzipped',
        `under ${FIRST_LOAD_LIMIT / 1000} kB`,
        `${one(sum(first) / 1000)} kB`,
        sum(first) < FIRST_LOAD_LIMIT,
      ],
      ['on the wire until it learns', '', `${one((await wire(browser)) / 1000)} kB`, true],
      byCPU('CPU time of the longest task in training', learning),
      byCPU('the same, six layers of 64', learningLarge),
      byCPU('CPU time of the longest task while it loads', loading),
      byCPU('the same, six layers of 64', loadingLarge),
    ];
  } finally {
    served.close();
  }
}

function printed(rows, peer) {
  const table = [
    ['', 'aim', 'here', peer === null ? '' : 'TensorFlow Playground'],
    ...rows.map(([name, aim, here], i) => [name, aim, here, peer?.[i] ?? '']),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column].length)));
  for (const row of table)
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

async function main() {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '10' }, check: { type: 'boolean' }, playground: { type: 'string' } },
  });
  const seconds = Number(values.seconds);
  if (!(seconds >= 1 && seconds <= 120)) throw new Error(`--seconds must be from 1 to 120, got ${values.seconds}`);
  if (!existsSync(join(folder, 'index.html'))) throw new Error('there is no site/dist: npm run site:build -- --quick');
  if (values.playground !== undefined && !existsSync(join(values.playground, 'index.html')))
    throw new Error(`--playground must be a folder with a build of it, and ${values.playground} has no index.html`);
  const executablePath = findChromium();
  if (executablePath === null) throw new Error(adviceOnChromium());
  const browser = await chromium.launch({ executablePath, args: QUIET_FLAGS });
  try {
    const load = loadavg()[0].toFixed(1);
    console.log(
      `Chromium ${browser.version()}, headless; ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, load ${load}`,
    );
    const rows = await measured(browser, seconds);
    const peer =
      values.playground === undefined
        ? null
        : await playgroundFigures(browser, resolve(values.playground), seconds, LOADS);
    printed(rows, peer);
    if (peer === null)
      console.log('\nbeside TensorFlow Playground: -- --playground <folder>; docs/site.md says how to get one');
    const missed = rows.filter(([, , , isMet]) => !isMet).map(([name]) => name);
    if (missed.length > 0) console.log(`\nnot as aimed at: ${missed.join(', ')}`);
    if (values.check && missed.length > 0) process.exitCode = 1;
  } finally {
    await browser.close();
  }
}

try {
  await main();
} catch (error) {
  console.error(`site:bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 2;
}
