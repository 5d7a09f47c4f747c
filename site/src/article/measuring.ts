import type { Table } from 'whittle-ml/data';
import type { Claim } from '../../../lab/src/article/claim.ts';
import { measureClaim } from '../../../lab/src/article/measure.ts';
import { resultOf } from '../../../lab/src/article/results.ts';
import { SECTION_NAMES } from '../../../lab/src/article/sections.ts';
import { shownClaim, shownResult } from '../../../lab/src/article/shown.ts';
import type { Command, Event } from './messages.ts';

/** As many as the recorded results have, so that the same figures come out. */
export const SEEDS: readonly number[] = [0, 1, 2, 3, 4];

class Stopped extends Error {}

/** What a `Measuring` needs from outside. */
export interface Sources {
  readonly claims: readonly Claim[];
  /** The source of each example by its name. */
  readonly examples: ReadonlyMap<string, string>;
  readonly version: string;
  /** The handwritten digits; asked once. */
  digits(): Promise<Table>;
  /** Milliseconds. */
  now(): number;
}

/** Measures claims one after another, in their quick form. */
export class Measuring {
  readonly #claims: ReadonlyMap<string, Claim>;
  readonly #sources: Sources;
  readonly #tell: (event: Event) => void;
  readonly #waiting: string[] = [];
  #current: string | null = null;
  #isStopped = false;
  #digits: Promise<Table> | null = null;

  constructor(sources: Sources, tell: (event: Event) => void) {
    this.#sources = sources;
    this.#tell = tell;
    const place = ({ section }: Claim): number => SECTION_NAMES.indexOf(section);
    const sorted = [...sources.claims].sort((a, b) => place(a) - place(b) || (a.id < b.id ? -1 : 1));
    this.#claims = new Map(sorted.map((claim) => [claim.id, claim]));
  }

  /** Resolves when nothing is left to do. */
  async follow(command: Command): Promise<void> {
    switch (command.kind) {
      case 'list':
        this.#list();
        break;
      case 'run':
        await this.#ask(command.id);
        break;
      case 'stop':
        this.#isStopped = this.#current !== null;
        for (const id of this.#waiting.splice(0)) this.#tell({ kind: 'stopped', id });
        break;
    }
  }

  #list(): void {
    const { version, examples } = this.#sources;
    const claims = [...this.#claims.values()].map((claim) => ({
      claim: shownClaim(claim, examples.get(claim.example?.after ?? '') ?? ''),
      result: null,
    }));
    this.#tell({ kind: 'list', report: { version, quick: true, claims } });
  }

  async #ask(id: string): Promise<void> {
    if (this.#current === id || this.#waiting.includes(id)) return;
    this.#waiting.push(id);
    if (this.#current !== null) return;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#current = next;
      this.#isStopped = false;
      this.#tell(await this.#measured(next));
      this.#current = null;
    }
  }

  async #measured(id: string): Promise<Event> {
    const claim = this.#claims.get(id);
    if (claim === undefined) return { kind: 'failed', id, message: `there is no claim ${id}` };
    const start = this.#sources.now();
    let done = 0;
    const tick = (): void => {
      if (this.#isStopped) throw new Stopped();
      this.#tell({ kind: 'seed', id, done, of: SEEDS.length });
      done++;
    };
    try {
      tick();
      const rows = await measureClaim(claim, SEEDS, { quick: true, digits: () => this.#table() }, tick);
      const milliseconds = this.#sources.now() - start;
      const result = shownResult(resultOf({ claim, digest: '', example: '' }, rows));
      return { kind: 'result', id, result, milliseconds };
    } catch (error) {
      if (error instanceof Stopped) return { kind: 'stopped', id };
      return { kind: 'failed', id, message: error instanceof Error ? error.message : String(error) };
    }
  }

  #table(): Promise<Table> {
    this.#digits ??= this.#sources.digits();
    this.#digits.catch(() => {
      this.#digits = null; // so that the next claim asks again
    });
    return this.#digits;
  }
}
