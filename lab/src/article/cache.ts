import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from 'whittle-ml/node';
import type { Claim } from './claim.ts';
import type { Loaded } from './load.ts';
import type { Row } from './statistics.ts';

/** What the figures of a claim depend on besides its own module. */
export interface Run {
  /** Of the library. */
  readonly library: string;
  readonly seeds: readonly number[];
  readonly quick: boolean;
}

const KIND = 'figures of a claim';

interface Entry {
  readonly kind: typeof KIND;
  readonly id: string;
  readonly key: string;
  readonly rows: readonly Row[];
}

/** Figures of earlier runs, a file a claim. */
export class Cache {
  private readonly folder: string;
  private readonly run: Run;
  private readonly warn: (sentence: string) => void;

  constructor(folder: string, run: Run, warn: (sentence: string) => void) {
    this.folder = folder;
    this.run = run;
    this.warn = warn;
  }

  /** Null where nothing was measured, or with another module, library or settings; also where the file is none of ours. */
  read({ claim, digest }: Loaded): readonly Row[] | null {
    const path = this.pathOf(claim);
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      return null;
    }
    const entry = entryIn(text, claim.id);
    if (entry === null) {
      this.warn(`${path} holds no figures of this claim, so they are measured again`);
      return null;
    }
    if (entry.key !== this.keyOf(digest)) return null;
    if (this.fits(entry.rows, claim)) return entry.rows;
    this.warn(`${path} holds other figures than this claim has, so they are measured again`);
    return null;
  }

  /** Throws the system's error. */
  write({ claim, digest }: Loaded, rows: readonly Row[]): void {
    mkdirSync(this.folder, { recursive: true });
    const entry: Entry = { kind: KIND, id: claim.id, key: this.keyOf(digest), rows };
    writeFileAtomic(this.pathOf(claim), `${JSON.stringify(entry, null, 1)}\n`);
  }

  private pathOf({ id }: Claim): string {
    return join(this.folder, `${id}.json`);
  }

  private keyOf(digest: string): string {
    const { library, seeds, quick } = this.run;
    return createHash('sha256')
      .update(JSON.stringify([digest, library, seeds, quick]))
      .digest('hex');
  }

  private fits(rows: readonly Row[], { arms }: Claim): boolean {
    const { seeds } = this.run;
    const names = Object.keys(arms);
    return (
      rows.length === seeds.length &&
      rows.every(
        (row, i) => row.seed === seeds[i] && names.every((name) => Number.isFinite(row.figures?.[name] ?? Number.NaN)),
      )
    );
  }
}

function entryIn(text: string, id: string): Entry | null {
  try {
    const held = JSON.parse(text) as Partial<Entry> | null;
    const isOurs = held?.kind === KIND && held.id === id && typeof held.key === 'string' && Array.isArray(held.rows);
    return isOurs && held.rows!.every((row: unknown) => typeof row === 'object' && row !== null)
      ? (held as Entry)
      : null;
  } catch {
    return null;
  }
}
