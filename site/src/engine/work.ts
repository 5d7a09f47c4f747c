import type { Context, Tell } from './trained.ts';

/** Ends a work that is no longer wanted; nothing is told of it. */
export class Superseded extends Error {}

/** Milliseconds between what is told of progress. */
const TOLD_EVERY = 33;
/** Milliseconds of work between pauses. */
const SLICE = 10;

/** Work in slices: tells how far it is, and lets other commands in between. */
export class Work {
  private readonly context: Pick<Context, 'pause'>;
  private readonly tell: Tell;
  private readonly total: number;
  private done = 0;
  private told = Number.NEGATIVE_INFINITY;

  /** So many parts of equal length, about. */
  constructor(context: Pick<Context, 'pause' | 'tell'>, total: number) {
    this.context = context;
    this.tell = context.tell;
    this.total = Math.max(1, total);
  }

  /** Pauses, and counts parts as done. Throws Superseded once the work is no longer wanted: then nothing is told. */
  async advance(parts = 0): Promise<void> {
    if (!(await this.context.pause())) throw new Superseded();
    this.done += parts;
    const now = performance.now();
    if (now - this.told >= TOLD_EVERY) {
      this.told = now;
      this.tell({ kind: 'compressing', done: Math.min(1, this.done / this.total) });
    }
  }

  /**
   * Calls `epochs` with as many as fit a slice until all are done; with so many at a time where `each` says so, which a result
   * that depends on it has to.
   */
  async inSlices(all: number, each: number | null, epochs: (count: number, done: number) => void): Promise<void> {
    let slice = each ?? 1;
    for (let done = 0; done < all; ) {
      const count = Math.min(slice, all - done);
      const start = performance.now();
      epochs(count, done);
      const taken = (performance.now() - start) / count;
      done += count;
      if (each === null) slice = Math.max(1, Math.min(2 * slice, Math.floor(SLICE / Math.max(taken, 0.01))));
      await this.advance(count);
    }
  }
}
