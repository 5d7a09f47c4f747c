import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { compress, fromData, memoryJournal, StateError } from '../../src/index.ts';
import { benchFor } from '../../src/pareto/settings.ts';
import { sent } from '../../src/pareto/wire.ts';
import { classifier, data, RECIPES, WORKER } from './tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'whittle-workers-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllGlobals());

/** A worker that ends at its first trial: each, or the first of all. */
function dying(name: string, which: 'each' | 'first'): string {
  const path = join(folder, `${name}.mjs`);
  const marker = JSON.stringify(join(folder, `${name}-was-here`));
  writeFileSync(
    path,
    `import { existsSync, writeFileSync } from 'node:fs';
    import { parentPort } from 'node:worker_threads';
    if (${which === 'first'} && existsSync(${marker})) await import(${JSON.stringify(WORKER)});
    else {
      writeFileSync(${marker}, '');
      parentPort.on('message', (message) => {
        if ('trial' in message) throw new Error('no memory is left');
      });
    }`,
  );
  return pathToFileURL(path).href;
}
const recipes = RECIPES.slice(0, 4);
const refusal = (options: object): Promise<unknown> =>
  compress(classifier(), data(), { recipes, workers: 2, ...options }).catch((error: unknown) => error);

test('a worker that ends is replaced, and its trial run again: the result is the same', async () => {
  const found = await compress(classifier(), data(), { recipes, workers: 1, worker: dying('once', 'first') });
  expect(JSON.stringify(found)).toBe(JSON.stringify(await compress(classifier(), data(), { recipes })));
});

test('one whose replacement ends as well ends the search with its reason, and what finished is kept', async () => {
  const journal = memoryJournal();
  const error = await refusal({ worker: dying('always', 'each'), journal });
  expect(error).toBeInstanceOf(StateError);
  expect((error as Error).message).toMatch(
    /^compress: a worker and the one in its place ended at ".*coded": no memory is left$/,
  );
  expect(journal.entries).toHaveLength(1);
});

test('a file that is not there is such an end', async () => {
  const worker = pathToFileURL(join(folder, 'none.mjs')).href;
  expect(await refusal({ worker })).toMatchObject({ message: expect.stringContaining('ended at') });
});

test('an error that is no outcome comes back as an error', async () => {
  const worker = `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', (message) => 'trial' in message && parentPort.postMessage({ problem: 'a bug' }));
  `)}`;
  expect(await refusal({ worker })).toMatchObject({
    constructor: StateError,
    message: expect.stringMatching(/^compress: a worker failed at ".*": a bug$/),
  });
});

test('what they are sent is no more than the samples, though these lie in a larger array', () => {
  const all = data();
  const [x] = all.test;
  const part = fromData(new Float32Array(1e6).subarray(8, 8 + 4 * 96), [96, 4]);
  const bench = benchFor(classifier(), { ...all, x: part, test: [x, all.test[1]] }, {});
  for (const [xs, ys] of sent(bench).samples)
    for (const { data: own } of [...xs, ...ys]) expect(own.buffer.byteLength).toBe(own.byteLength);
});

test('without workers other work of the program gets its turn between trials', async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  await compress(classifier(), data(), { recipes: RECIPES, seeds: [0, 1, 2] });
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
});

test('a runtime without workers says so', async () => {
  vi.stubGlobal('process', { ...process, getBuiltinModule: undefined });
  vi.stubGlobal('Worker', undefined);
  expect(await refusal({})).toMatchObject({ message: 'compress: this runtime has no workers: leave out `workers`' });
});

test('in a page they are modules beside the library, or where `worker` says', async () => {
  const made: { readonly url: URL; readonly messages: unknown[] }[] = [];
  class PageWorker {
    readonly url: URL;
    readonly messages: unknown[] = [];
    onmessage: ((event: object) => void) | null = null;
    constructor(url: URL) {
      this.url = url;
      made.push(this);
    }
    postMessage(message: object): void {
      this.messages.push(message);
      if ('trial' in message) this.onmessage!({ data: { outcome: { failed: 'in a page' } } });
    }
    terminate(): void {}
  }
  vi.stubGlobal('process', { ...process, getBuiltinModule: undefined });
  vi.stubGlobal('Worker', PageWorker);
  const { failures } = await compress(classifier(), data(), { recipes, workers: 1 });
  expect(failures.map(({ reason }) => reason)).toEqual(recipes.map(() => 'in a page'));
  await compress(classifier(), data(), { recipes, workers: 1, worker: WORKER });
  expect(made.map(({ url }) => url.href)).toEqual([
    new URL('../../src/pareto/trial-worker.ts', import.meta.url).href,
    WORKER,
  ]);
  expect(made[0]!.messages).toHaveLength(1 + recipes.length);
});
