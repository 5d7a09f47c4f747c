import { breather } from '../base/breather.ts';
import { StateError } from '../base/errors.ts';
import {
  type HostWorker,
  isSource,
  missingForWorkers,
  runWorker,
  type WorkerFile,
  workerUrl,
} from '../threads/host.ts';
import { recipeText } from './recipes.ts';
import { type Bench, type Outcome, outcomeOf } from './trials.ts';
import type { Trial } from './types.ts';
import { type Answer, outcomeReceived, type SentTrial, sent } from './wire.ts';

/** Who runs trials: the outcome of each is the same to the bit. */
export interface Executor {
  /** How many it runs at once. */
  readonly slots: number;
  /** Runs a trial; a slot must be free. Rejects for what is no outcome. */
  run(trial: Trial): Promise<Outcome>;
  /** Ends it, whatever it does. */
  close(): void;
}

/** This thread, which lets other work in between trials. */
export function inline(bench: Bench): Executor {
  const breath = breather();
  return {
    slots: 1,
    run: async (trial) => {
      await breath();
      return outcomeOf(trial, bench);
    },
    close: () => {},
  };
}

/**
 * Workers, each with a copy of the model and the samples. One that ends by itself is replaced once, and its trial run again.
 * Throws StateError where there are none, and for a model that is not held by a file.
 */
export function workers(bench: Bench, count: number, url: string | null): Executor {
  const missing = missingForWorkers();
  if (missing !== null) throw new StateError('compress', `${missing}: leave out \`workers\``);
  const message = sent(bench);
  const file = fileAt(url);
  const all = Array.from({ length: count }, () => new TrialWorker(file, message));
  return {
    slots: count,
    run: (trial) => all.find((each) => each.isIdle)!.run(trial),
    close: () => {
      for (const each of all) each.close();
    },
  };
}

function fileAt(url: string | null): WorkerFile {
  // A page's script without modules has no address
  const from = import.meta.url as string | undefined;
  if (from === undefined && url === null)
    throw new StateError('compress', 'the file of the workers is not known here: give its address, `worker`');
  const own = from === undefined ? new URL(url!) : workerUrl('trial-worker', from, url);
  return {
    url: own,
    // Written out for bundlers, which find a worker's file by these very words.
    inPage: (Worker) =>
      url === null && !isSource(from!)
        ? new Worker(new URL('./trial-worker.js', import.meta.url), { type: 'module' })
        : new Worker(own, { type: 'module' }),
  };
}

interface Job {
  readonly trial: Trial;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
}

class TrialWorker {
  private readonly file: WorkerFile;
  private readonly first: unknown;
  private host: HostWorker | null = null;
  private job: Job | null = null;
  private wasReplaced = false;
  private isClosed = false;

  constructor(file: WorkerFile, first: unknown) {
    this.file = file;
    this.first = first;
  }

  get isIdle(): boolean {
    return this.job === null;
  }

  run(trial: Trial): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.job = { trial, resolve, reject };
      this.post(trial);
    });
  }

  close(): void {
    this.isClosed = true;
    this.host?.stop();
  }

  private post(trial: Trial): void {
    const message: SentTrial = { trial };
    this.host ??= this.started();
    this.host.post(message);
  }

  private started(): HostWorker {
    return runWorker(this.file, this.first, {
      keepsAlive: true,
      onMessage: (message) => this.answered(message as Answer),
      onEnd: (reason) => this.ended(reason),
    });
  }

  private answered(answer: Answer): void {
    const { job } = this;
    this.job = null;
    if ('outcome' in answer) job?.resolve(outcomeReceived(answer.outcome));
    else job?.reject(new StateError('compress', `a worker failed${at(job)}: ${answer.problem}`));
  }

  private ended(reason: string): void {
    this.host = null;
    const { job } = this;
    if (this.isClosed || job === null) return;
    if (!this.wasReplaced) {
      this.wasReplaced = true;
      this.post(job.trial);
      return;
    }
    this.job = null;
    job.reject(new StateError('compress', `a worker and the one in its place ended${at(job)}: ${reason}`));
  }
}

const at = (job: Job): string => ` at "${recipeText(job.trial.recipe)}"`;
