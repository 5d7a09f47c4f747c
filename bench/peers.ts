import { type Check, type Entrants, entered, type Make } from './entrants.ts';
import { BENCH } from './folder.ts';
import { installedVersion, LISTINGS, type Listing, type Peer } from './peer.ts';
import { type Python, python } from './python.ts';
import type { Contest } from './row.ts';
import type { Missing } from './tables.ts';

export const INSTALL = 'npm run bench:peers installs it';
const INSTALL_PYTHON = 'apt-get install python3-numpy python3-torch python3-sklearn libopenblas0 installs it on Debian';

/** A peer that is there. */
export interface Installed {
  readonly name: string;
  readonly version: string;
}

interface Opener {
  /** `python` is the command of the Python that was found. */
  open(name: string, python: string | undefined): Peer | Promise<Peer>;
}

/** The other libraries that are installed. Each is loaded when the first row asks for it. */
export class Peers implements Entrants {
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

  enter(how: string, make: Make, check: Check): Promise<Contest> {
    return entered(
      this.installed.map(({ name, module }) => ({ name, open: () => this.open(name, module) })),
      how,
      make,
      check,
    );
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
