import type { Job, Peer } from './peer.ts';
import { CheckError, type Contest, type Failure, type Variant } from './row.ts';

/** A job of a peer that is able to do the work. */
export type Make = (peer: Peer) => Job | Promise<Job> | null | undefined;

/** Throws for a result of the wrong numbers. */
export type Check = (name: string, result: ArrayLike<number>) => void;

/** Other libraries, which take part in a row. */
export interface Entrants {
  /** A variant for each peer that `make` finds able to do the work; `check` looks at what it computes. */
  readonly enter: (how: string, make: Make, check: Check) => Promise<Contest>;
}

/** A library that is opened when it is needed. */
export interface Candidate {
  readonly name: string;
  readonly open: () => Promise<Peer>;
}

/** See `Entrants`: what fails is a failure of its own, and others take part. */
export async function entered(
  candidates: readonly Candidate[],
  how: string,
  make: Make,
  check: Check,
): Promise<Contest> {
  const variants: Variant[] = [];
  const failures: Failure[] = [];
  const jobs: Job[] = [];
  for (const { name, open } of candidates) {
    try {
      const job = await make(await open());
      if (job === null || job === undefined) continue;
      jobs.push(job);
      variants.push(variantOf(name, how, job, check));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      failures.push({ name, ours: false, message: message.replace(/\s*\n\s*/g, ' ') });
    }
  }
  const close = (): void => {
    for (const job of jobs) job.close?.();
  };
  return { variants, failures, close };
}

function variantOf(who: string, how: string, job: Job, check: Check): Variant {
  const { run, time, reset, note, memory } = job;
  const entrant = {
    who,
    how,
    ours: false,
    ...(reset === undefined ? {} : { reset }),
    ...(note === undefined ? {} : { note }),
    ...(memory === undefined ? {} : { memory }),
    check: job.check ?? (async () => check(who, await job.result())),
  };
  if (run !== undefined) return { ...entrant, run };
  if (time !== undefined) return { ...entrant, time };
  throw new CheckError(`${who}: the job has neither run nor time`);
}
