import { WhittleError } from '../base/errors.ts';
import { figuresOf, type Judges } from './figures.ts';
import { type Followed, follow, type Ingredients } from './follow.ts';
import type { PointFigures, Trial } from './types.ts';

/** All that trials are run with. */
export interface Bench extends Ingredients, Judges {}

/** What came of a trial. */
export type Outcome =
  | { readonly file: Followed['file']; readonly figures: PointFigures }
  /** Why it made nothing, in one sentence. */
  | { readonly failed: string };

/** Runs a trial. What a pass refuses is its outcome; any other error is thrown. */
export function outcomeOf(trial: Trial, bench: Bench): Outcome {
  try {
    const { file } = follow(trial, bench);
    return { file, figures: figuresOf('compress', file, bench) };
  } catch (error) {
    if (error instanceof WhittleError) return { failed: error.message };
    throw error;
  }
}
