import type { Entry } from '../../kernels/calls.ts';

/** What a step that is being recorded tells its recorder. */

/** Entries that a recording may have: joining so many takes some 0.15 s (Node 20), and no step of a network comes near. */
export const MOST_ENTRIES = 10_000;

export class Recorder {
  readonly entries: Entry[] = [];
  /** Why the step cannot be repeated; the first reason counts. */
  obstacle: string | null = null;

  add(entry: Entry): void {
    if (this.obstacle !== null) return;
    if (this.entries.push(entry) <= MOST_ENTRIES) return;
    this.obstacle = `it makes more than ${MOST_ENTRIES} calls of kernels`;
    this.entries.length = 0;
  }
}

let recorder: Recorder | null = null;

/**
 * Runs `body` and, if a step is being recorded, makes it part of the recording: for whatever a step does besides calling
 * kernels and that must be done each time, such as counting steps. `body` finds arrays by `storage.array` when it runs.
 */
export function eachTime(body: () => void): void {
  body();
  recorder?.add(body);
}

/** Notes that the step being recorded cannot be repeated, and why. */
export function cannotRepeat(obstacle: string): void {
  if (recorder !== null) recorder.obstacle ??= obstacle;
}

/** Runs `body` with what it does noted in `own`. */
export function noted<T>(own: Recorder, body: () => T): T {
  const before = recorder;
  recorder = own;
  try {
    return body();
  } finally {
    recorder = before;
  }
}
