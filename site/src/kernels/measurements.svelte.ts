import type { Peak } from '../../../bench/roofline.ts';
import type { Missing } from '../../../bench/tables.ts';
import { type Choice, rowName } from './ladders.ts';
import type { Patience, Request, Told } from './messages.ts';
import { type Run, withRun } from './runs.ts';

/** What this page has measured, and what it is about to. */
export class Measurements {
  peak: Peak | null = $state.raw(null);
  missing: readonly Missing[] = $state.raw([]);
  runs: readonly Run[] = $state.raw([]);
  running: Choice | null = $state.raw(null);
  preparing: Extract<Told, { kind: 'preparing' }> | null = $state.raw(null);
  failure: string | null = $state.raw(null);
  #worker: Worker | null = null;

  /** Starts a row in a worker of its own, which ends with it and gives its memory back. */
  run(choice: Choice, patience: Patience): void {
    this.stop();
    this.failure = null;
    this.running = choice;
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'ladders' });
    this.#worker = worker;
    worker.addEventListener('message', ({ data }: MessageEvent<Told>) => this.hear(data));
    worker.addEventListener('error', ({ message }) => this.hear({ kind: 'failed', message: message || 'worker' }));
    const request: Request = { choice, patience, measuresPeak: this.peak === null };
    worker.postMessage(request);
  }

  hear(told: Told): void {
    switch (told.kind) {
      case 'peak':
        this.peak = told.peak;
        break;
      case 'missing':
        this.missing = told.missing;
        break;
      case 'preparing':
        this.preparing = told;
        break;
      case 'measured': {
        const { result, rounds, isDone } = told;
        if (this.running === null) break;
        this.preparing = null;
        this.runs = withRun(this.runs, { choice: this.running, result, rounds, isDone });
        if (isDone) this.stop();
        break;
      }
      case 'failed':
        this.failure = told.message;
        this.stop();
        break;
    }
  }

  /** Ends at once, even in the middle of a kernel; what has been measured stays. */
  stop(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.running = null;
    this.preparing = null;
  }

  clear(): void {
    this.runs = [];
  }

  latestOf(choice: Choice): Run | null {
    return this.runs.find(({ result }) => result.name === rowName(choice)) ?? null;
  }
}
