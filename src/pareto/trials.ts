import { WhittleError } from '../base/errors.ts';
import { type Baked, baked, type Kitchen } from './baked.ts';
import { figuresOf, type Judges } from './figures.ts';
import type { PointFigures, Trial } from './types.ts';

/** All that trials are run with. */
export interface Bench extends Kitchen, Judges {}

/** What came of a trial. */
export type Outcome =
  | { readonly file: Baked['file']; readonly figures: PointFigures }
  /** Why it made nothing, in one sentence. */
  | { readonly failed: string };

/** Runs a trial. What a pass refuses is its outcome; any other error is thrown. */
export function outcomeOf(trial: Trial, bench: Bench): Outcome {
  try {
    const { file } = baked(trial, bench);
    return { file, figures: figuresOf('compress', file, bench) };
  } catch (error) {
    if (error instanceof WhittleError) return { failed: error.message };
    throw error;
  }
}
