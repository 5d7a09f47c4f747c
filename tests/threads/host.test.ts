import { afterEach, describe, expect, test, vi } from 'vitest';
import { mayBlock, missingForThreads, onStart, startWorker } from '../../src/threads/host.ts';
import { CONTROL_WORDS, DONE, QUEUED, RUNNING, STATE, spin } from '../../src/threads/protocol.ts';

afterEach(() => vi.unstubAllGlobals());

const isolated =
  'this page is not cross-origin isolated: it must be served with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';

/** What a page has instead of Node's threads. */
class PageWorker {
  static readonly made: PageWorker[] = [];
  readonly messages: unknown[] = [];
  readonly url: URL;
  readonly options: object;
  ended = 0;
  onerror: ((event: object) => void) | null = null;
  constructor(url: URL, options: object) {
    this.url = url;
    this.options = options;
    PageWorker.made.push(this);
  }
  postMessage(message: unknown): void {
    this.messages.push(message);
  }
  terminate(): void {
    this.ended++;
  }
}

/** Stands in a page: Node's threads are not to be had. */
function inPage(globals: Readonly<Record<string, unknown>> = {}): void {
  vi.stubGlobal('process', { ...process, getBuiltinModule: undefined });
  for (const [name, value] of Object.entries({ Worker: PageWorker, ...globals })) vi.stubGlobal(name, value);
}

describe('what a runtime lacks for threads', () => {
  test.each<[string, Record<string, unknown>, string | null]>([
    ['an isolated page', { crossOriginIsolated: true }, null],
    ['a runtime that knows no isolation', {}, null],
    ['a page that is not isolated', { crossOriginIsolated: false }, isolated],
    ['such a page has no shared memory either', { crossOriginIsolated: false, SharedArrayBuffer: undefined }, isolated],
    [
      'a page without shared memory',
      { crossOriginIsolated: true, SharedArrayBuffer: undefined },
      'this runtime has no SharedArrayBuffer',
    ],
    ['a runtime without workers', { Worker: undefined }, 'this runtime has no workers'],
  ])('%s', (_, globals, missing) => {
    inPage(globals);
    expect(missingForThreads()).toBe(missing);
  });

  test('Node lacks nothing, whatever it says of isolation, unless shared memory is off', () => {
    expect(missingForThreads()).toBe(null);
    vi.stubGlobal('crossOriginIsolated', false);
    vi.stubGlobal('Worker', undefined);
    expect(missingForThreads()).toBe(null);
    vi.stubGlobal('SharedArrayBuffer', undefined);
    expect(missingForThreads()).toBe('this runtime has no SharedArrayBuffer');
  });

  test('whether a thread may sleep is tried out', () => {
    expect(mayBlock()).toBe(true);
    const wait = vi.spyOn(Atomics, 'wait').mockImplementation(() => {
      throw new TypeError('Atomics.wait cannot be called in this context');
    });
    expect(mayBlock()).toBe(false);
    wait.mockRestore();
  });
});

describe('a worker in a page', () => {
  test.each([
    ['beside the library', null, new URL('../../src/threads/worker.ts', import.meta.url).href],
    ['elsewhere', 'https://example.org/w.js', 'https://example.org/w.js'],
  ])('is a module %s, and hears the message', (_, url, href) => {
    inPage();
    const message = { control: 64 };
    const ends: unknown[] = [];
    const { stop } = startWorker(url, message, (...end) => ends.push(end));
    const worker = PageWorker.made.at(-1)!;
    expect([worker.url.href, worker.options, worker.messages]).toEqual([href, { type: 'module' }, [message]]);
    stop();
    expect([worker.ended, ends]).toEqual([1, []]);
  });

  test.each([
    [{ message: 'boom' }, 'boom'],
    [{}, 'its file could not be loaded'],
  ])('that fails is ended and surely over, and the page is not told again: %j', (event, reason) => {
    inPage();
    const ends: unknown[] = [];
    startWorker(null, null, (...end) => ends.push(end));
    const worker = PageWorker.made.at(-1)!;
    const preventDefault = vi.fn();
    worker.onerror!({ ...event, preventDefault });
    expect([worker.ended, ends, preventDefault.mock.calls.length]).toEqual([1, [[reason, true]], 1]);
  });

  test('hears its first message there', () => {
    inPage({ onmessage: null });
    const heard: unknown[] = [];
    onStart((message) => heard.push(message));
    (globalThis as unknown as { onmessage: (event: object) => void }).onmessage({ data: 7 });
    expect(heard).toEqual([7]);
  });
});

describe('a worker of Node', () => {
  const file = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
  const end = (code: string): Promise<unknown[]> =>
    new Promise((resolve) => startWorker(file(code), null, (...all) => resolve(all)));

  test('tells why it ended: the error, or that it was terminated', async () => {
    expect(await end('throw new Error("boom")')).toEqual(['boom', true]);
    expect(await end('process.exit(0)')).toEqual(['it was terminated', true]);
    const stopped = await new Promise((resolve) => {
      const worker = startWorker(file('setInterval(() => {}, 1000)'), null, (...all) => resolve(all));
      worker.stop();
    });
    expect(stopped).toEqual(['it was terminated', true]);
  });

  test('that Deno calls ended may run on, unless it failed', async () => {
    vi.stubGlobal('Deno', {});
    expect(await end('process.exit(0)')).toEqual(['it was terminated', false]);
    expect(await end('throw new Error("boom")')).toEqual(['boom', true]);
  });
});

test('a look at the state ends when it changes, or when the time is over', () => {
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_WORDS));
  control[STATE] = DONE;
  expect(spin(control, RUNNING, 0)).toBe(DONE);
  expect(spin(control, QUEUED, 60_000)).toBe(DONE);
  expect(spin(control, DONE, 0)).toBe(DONE);
  expect(spin(control, DONE, 1)).toBe(DONE);
});
