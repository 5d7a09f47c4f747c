import { breather } from '../base/breather.ts';
import type { Executor } from './executors.ts';
import { entryOf } from './journal.ts';
import { type Search, trialKey } from './search.ts';
import type { Outcome } from './trials.ts';
import type { Journal, StopSignal, Trial } from './types.ts';

/** A trial that is over. */
export interface Finished {
  readonly trial: Trial;
  readonly outcome: Outcome;
}

export interface Drive {
  readonly search: Search;
  readonly executor: Executor;
  readonly journal: Journal | null;
  /** What the journal has of a trial, by its key; null for nothing. */
  readonly keptOf: (key: string) => Outcome | null;
  readonly signal: StopSignal | undefined;
  readonly onFinished: (finished: Finished, wasKept: boolean) => void;
}

interface Running extends Finished {
  readonly place: number;
  readonly promise: Promise<Running>;
}

/**
 * Runs a search to its end: what finished, in the order in which it was asked for. An outcome is in the journal before anybody
 * hears of it. Rejects with the reason of the signal, and with what an executor rejects with; the executor is closed in any case.
 */
export async function drive({ search, executor, journal, keptOf, signal, onFinished }: Drive): Promise<Finished[]> {
  const finished: Finished[] = [];
  const running = new Set<Promise<Running>>();
  let asked = 0;
  const finish = (place: number, { trial, outcome }: Finished, wasKept: boolean): void => {
    finished[place] = { trial, outcome };
    search.tell(trial, 'failed' in outcome ? null : outcome.figures);
    onFinished({ trial, outcome }, wasKept);
  };
  const breath = breather();
  const start = async (): Promise<boolean> => {
    const trial = search.ask();
    if (trial === null) return false;
    const place = asked++;
    const kept = keptOf(trialKey(trial));
    if (kept !== null) {
      finish(place, { trial, outcome: kept }, true);
      await breath(); // figures were found again, and others may follow at once
    } else {
      const promise: Promise<Running> = executor.run(trial).then((outcome) => ({ trial, outcome, place, promise }));
      promise.catch(() => {}); // the race hears of it, unless another one ended it
      running.add(promise);
    }
    return true;
  };
  let stop = (): void => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(reasonOf(signal!));
  });
  stopped.catch(() => {});
  signal?.addEventListener('abort', stop);
  try {
    for (;;) {
      do if (signal?.aborted) throw reasonOf(signal);
      while (running.size < executor.slots && (await start()));
      if (running.size === 0) return finished;
      const done = await Promise.race([stopped, ...running]);
      running.delete(done.promise);
      await journal?.append(entryOf(done.trial, done.outcome));
      finish(done.place, done, false);
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    executor.close();
  }
}

const reasonOf = ({ reason }: StopSignal): unknown => reason ?? new Error('compress: the search was stopped');
