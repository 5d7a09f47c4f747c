import { BENCH } from './folder.ts';
import { installedVersion, type Job, LISTINGS, type Listing, type Peer } from './peer.ts';
import { type Python, python } from './python.ts';
import { CheckError, type Contest, type Failure, type Variant } from './row.ts';
import type { Missing } from './tables.ts';

const INSTALL = 'npm run bench:peers installs it';
const INSTALL_PYTHON = 'apt-get install python3-numpy python3-torch libopenblas0 installs it on Debian';

/** A peer that is there. */
export interface Installed {
  readonly name: string;
  readonly version: string;
}

interface Opener {
  /** `python` is the command of the Python that was found. */
  open(name: string, python: string | undefined): Peer | Promise<Peer>;
}

export const noContest: Contest = { variants: [], failures: [], close: () => {} };

/** The other libraries that are installed. Each is loaded when the first row asks for it. */
export class Peers {
  installed: readonly (Installed & Listing)[] = [];
  missing: readonly Missing[] = [];
  private readonly opened = new Map<string, Promise<Peer>>();
  private python: string | undefined;

  /** Looks which are there. Before this there are none. Python is asked what it has, which takes a moment. */
  find(listings: readonly Listing[] = LISTINGS): void {
    const found = listings.some((listing) => listing.python !== undefined) ? python() : null;
    this.python = found?.command;
    const versions = listings.map((listing) => ({ ...listing, version: versionOf(listing, found) }));
    this.installed = versions.flatMap(({ version, ...listing }) => (version === null ? [] : [{ ...listing, version }]));
    this.missing = versions
      .filter(({ version }) => version === null)
      .map((listing) => ({ name: listing.name, reason: listing.python === undefined ? INSTALL : INSTALL_PYTHON }));
  }

  /** A variant for each peer that `make` finds able to do the work; `check` looks at what it computes. */
  async enter(
    how: string,
    make: (peer: Peer) => Job | Promise<Job> | null | undefined,
    check: (name: string, result: ArrayLike<number>) => void,
  ): Promise<Contest> {
    const variants: Variant[] = [];
    const failures: Failure[] = [];
    const jobs: Job[] = [];
    for (const { name, module } of this.installed) {
      try {
        const job = await make(await this.open(name, module));
        if (job === null || job === undefined) continue;
        jobs.push(job);
        variants.push(variantOf(name, how, job, check));
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        failures.push({ name, ours: false, message: message.replace(/\s*\n\s*/g, ' ') });
      }
    }
    return {
      variants,
      failures,
      close: () => {
        for (const job of jobs) job.close?.();
      },
    };
  }

  async close(): Promise<void> {
    for (const peer of this.opened.values()) {
      // One that could not be opened has nothing to close.
      (await peer.catch(() => null))?.close?.();
    }
  }

  private open(name: string, module: string): Promise<Peer> {
    let peer = this.opened.get(name);
    if (peer === undefined) {
      const url = new URL(`peers/${module}`, BENCH).href;
      peer = import(url).then((loaded: Opener) => loaded.open(name, this.python));
      this.opened.set(name, peer);
    }
    return peer;
  }
}

const versionOf = (listing: Listing, found: Python | null): string | null =>
  listing.python === undefined ? installedVersion(listing.needs) : (found?.modules[listing.python] ?? null);

function variantOf(
  who: string,
  how: string,
  job: Job,
  check: (name: string, result: ArrayLike<number>) => void,
): Variant {
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
