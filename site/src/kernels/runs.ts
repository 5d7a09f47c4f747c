import type { RowResult } from '../../../bench/measure.ts';
import type { Choice } from './ladders.ts';

/** A row with what has been measured of it. */
export interface Run {
  readonly choice: Choice;
  readonly result: RowResult;
  readonly rounds: number;
  readonly isDone: boolean;
}

/** Runs with one in place of that of the same row, the newest last. */
export const withRun = (runs: readonly Run[], run: Run): readonly Run[] => [
  ...runs.filter(({ result }) => result.name !== run.result.name),
  run,
];
