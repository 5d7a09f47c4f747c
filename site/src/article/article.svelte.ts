import type { ShownReport, ShownResult } from '../../../lab/src/article/shown.ts';
import type { Command, Event } from './messages.ts';

/** Where a measurement in this browser is. */
export type Run =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'running'; readonly done: number; readonly of: number }
  | { readonly kind: 'done'; readonly result: ShownResult; readonly milliseconds: number }
  | { readonly kind: 'failed'; readonly message: string };

/** Results that the build has recorded; none where it was made without them. */
const RECORDED = import.meta.glob<string>('./recorded.json', { eager: true, query: '?url', import: 'default' });

/** What is known of the claims. It outlives the component, so that figures stay while another part is shown. */
export class Article {
  /** Null until it has come. */
  report: ShownReport | null = $state.raw(null);
  isRecorded = $state(false);
  /** Why the claims cannot be shown, as the browser says it; null while they are there, or may come. */
  failure: string | null = $state(null);
  runs: { readonly [id: string]: Run } = $state.raw({});
  readonly isBusy: boolean = $derived(
    Object.values(this.runs).some(({ kind }) => kind === 'waiting' || kind === 'running'),
  );
  #worker: Worker | null = null;

  /** Reads what was recorded, and starts the worker, so that all of it works without a network from then on. */
  async prepare(): Promise<void> {
    const [url] = Object.values(RECORDED);
    this.failure = null;
    const worker = this.#started();
    if (url === undefined) return worker.postMessage({ kind: 'list' } satisfies Command);
    try {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      this.report = (await response.json()) as ShownReport;
      this.isRecorded = true;
    } catch {
      // Another one where it has not come.
      this.#started().postMessage({ kind: 'list' } satisfies Command);
    }
  }

  run(ids: readonly string[]): void {
    const fresh = ids.filter((id) => !['waiting', 'running'].includes(this.runs[id]?.kind ?? ''));
    this.runs = { ...this.runs, ...Object.fromEntries(fresh.map((id) => [id, { kind: 'waiting' }] as const)) };
    for (const id of fresh) this.#started().postMessage({ kind: 'run', id } satisfies Command);
  }

  stop(): void {
    this.#started().postMessage({ kind: 'stop' } satisfies Command);
  }

  #started(): Worker {
    if (this.#worker !== null) return this.#worker;
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'article' });
    worker.addEventListener('message', ({ data }: MessageEvent<Event>) => this.#hear(data));
    worker.addEventListener('error', ({ message }) => this.#lose(message || 'worker'));
    this.#worker = worker;
    return worker;
  }

  /** Without its worker nothing goes on; the next run starts another one. */
  #lose(message: string): void {
    this.#worker?.terminate();
    this.#worker = null;
    if (this.report === null) this.failure = message;
    const isOver = ({ kind }: Run): boolean => kind === 'done' || kind === 'failed';
    const failed = { kind: 'failed', message } as const;
    this.runs = Object.fromEntries(Object.entries(this.runs).map(([id, run]) => [id, isOver(run) ? run : failed]));
  }

  #hear(event: Event): void {
    if (event.kind === 'list') {
      this.report ??= event.report;
      this.failure = null;
      return;
    }
    const { id } = event;
    const { [id]: _, ...others } = this.runs;
    const now = runOf(event);
    this.runs = now === null ? others : { ...others, [id]: now };
  }
}

function runOf(event: Exclude<Event, { kind: 'list' }>): Run | null {
  switch (event.kind) {
    case 'seed':
      return { kind: 'running', done: event.done, of: event.of };
    case 'result':
      return { kind: 'done', result: event.result, milliseconds: event.milliseconds };
    case 'failed':
      return { kind: 'failed', message: event.message };
    case 'stopped':
      return null;
  }
}

export const article = new Article();
