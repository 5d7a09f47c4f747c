/// <reference types="vite/client" />
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CHOICES } from '../../site/src/kernels/ladders.ts';
import { PATIENCE } from '../../site/src/kernels/measuring-times.ts';
import { DEFAULTS } from '../../site/src/state/defaults.ts';
import { en } from '../../site/src/text/en.ts';
import { zh } from '../../site/src/text/zh.ts';

/** A worker of which a test says what it tells. */
class Fake extends EventTarget {
  static readonly all: Fake[] = [];
  readonly asked: unknown[] = [];
  isEnded = false;

  constructor() {
    super();
    Fake.all.push(this);
  }
  postMessage(message: unknown): void {
    this.asked.push(message);
  }
  terminate(): void {
    this.isEnded = true;
  }
  tell(data: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }
  /** As browsers tell it where the script does not come: without a message. */
  fail(): void {
    this.dispatchEvent(new Event('error'));
  }
}
const newest = (): Fake => Fake.all.at(-1)!;

// State that nothing follows is a plain value.
const plain = <T>(value: T): T => value;
beforeAll(() => {
  vi.stubGlobal('$state', Object.assign(plain, { raw: plain }));
  vi.stubGlobal('$derived', plain);
  vi.stubGlobal('Worker', Fake);
});
afterAll(() => void vi.unstubAllGlobals());

describe('where a worker does not come, or breaks', () => {
  test('the page says that there is no engine', async () => {
    const { Lab } = await import('../../site/src/state/lab.svelte.ts');
    const { Words } = await import('../../site/src/text/words.ts');
    const lab = new Lab(new Words('en'), { settings: DEFAULTS, points: [] });
    expect(lab.failure).toBeNull();
    newest().fail();
    expect(lab.failure).toBe('worker');
  });

  test('a ladder says so, and the next one has a worker of its own', async () => {
    const { Measurements } = await import('../../site/src/kernels/measurements.svelte.ts');
    const measurements = new Measurements();
    measurements.run(CHOICES.gemm[0]!, 'quick');
    newest().fail();
    expect([measurements.failure, measurements.running, newest().isEnded]).toEqual(['worker', null, true]);
    measurements.run(CHOICES.gemm[1]!, 'quick');
    expect([measurements.failure, newest().isEnded, newest().asked.length]).toEqual([null, false, 1]);
  });

  test('claims that nobody lists are told of, and asked for again', async () => {
    const { Article } = await import('../../site/src/article/article.svelte.ts');
    const article = new Article();
    // The build of a test has no recorded results.
    await article.prepare();
    expect(newest().asked).toEqual([{ kind: 'list' }]);
    newest().fail();
    expect([article.failure, article.report]).toEqual(['worker', null]);
    for (const { article: text } of [en, zh]) expect(text.lost('worker')).toMatch(/(try again|重试)[.。]$/);
    await article.prepare();
    expect(article.failure).toBeNull();
    const report = { version: '1', quick: true, claims: [] };
    newest().tell({ kind: 'list', report });
    newest().fail();
    expect([article.failure, article.report]).toEqual([null, report]);
  });

  test('a frame for the graphics processor that does not come, or breaks, is told of', async () => {
    vi.useFakeTimers();
    const { Device } = await import('../../site/src/kernels/gpu/device.svelte.ts');
    const frames: EventTarget[] = [];
    const frame = () => Object.assign(new EventTarget(), { remove: () => {} });
    vi.stubGlobal('document', { baseURI: 'http://a.b/', createElement: () => frame() });
    vi.stubGlobal('addEventListener', () => {});
    vi.stubGlobal('removeEventListener', () => {});
    const place = {
      append: (...made: (Node | string)[]) => void frames.push(...made.filter((one) => typeof one !== 'string')),
    };
    const device = new Device();
    const run = (): void =>
      device.run(place as Partial<HTMLElement> as HTMLElement, { rows: [], settings: PATIENCE.quick }, 'title');

    run();
    frames[0]!.dispatchEvent(new Event('load'));
    expect([device.failure, device.working]).toEqual([null, { mode: 'GPU.js', rung: '' }]);
    await vi.runAllTimersAsync();
    expect([device.failure, device.working]).toEqual(['frame', null]);

    run();
    expect(device.failure).toBeNull();
    device.hear({ kind: 'ready' });
    frames[1]!.dispatchEvent(new Event('load'));
    await vi.runAllTimersAsync();
    expect([device.failure, device.working === null]).toEqual([null, false]);
    device.hear({ kind: 'failed', message: 'the device broke' });
    expect([device.failure, device.working]).toEqual(['the device broke', null]);

    // What an earlier frame is silent about says nothing of the next one.
    run();
    run();
    device.hear({ kind: 'ready' });
    frames[2]!.dispatchEvent(new Event('load'));
    await vi.runAllTimersAsync();
    expect(device.failure).toBeNull();
    vi.useRealTimers();
  });

  test('claims that are measured say so, those that were stay, and the next has another worker', async () => {
    const { Article } = await import('../../site/src/article/article.svelte.ts');
    const article = new Article();
    article.run(['done', 'running', 'waiting']);
    const worker = newest();
    worker.tell({ kind: 'result', id: 'done', result: {}, milliseconds: 1 });
    worker.tell({ kind: 'seed', id: 'running', done: 1, of: 5 });
    worker.fail();
    const kinds = () => Object.entries(article.runs).map(([id, { kind }]) => `${id}: ${kind}`);
    expect(kinds().sort()).toEqual(['done: done', 'running: failed', 'waiting: failed']);
    expect(worker.isEnded).toBe(true);
    article.run(['running']);
    expect(newest()).not.toBe(worker);
    expect(newest().asked).toEqual([{ kind: 'run', id: 'running' }]);
    newest().tell({ kind: 'stopped', id: 'running' });
    expect(kinds().sort()).toEqual(['done: done', 'waiting: failed']);
  });
});
