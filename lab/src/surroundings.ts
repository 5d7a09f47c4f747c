import type { JobResult } from './job.ts';
import type { JobData } from './prepare.ts';
import type { Output } from './progress.ts';
import type { JobOptions } from './types.ts';
import type { Progress } from './types-base.ts';

/** What the command line needs from outside. */
export interface Surroundings {
  runJob(data: JobData, options: JobOptions, progress: Progress): Promise<JobResult>;
  /** Shows a file to the user. */
  open(path: string): Promise<void>;
  readonly defaultEpochs: number;
  readonly version: string;
  /** The table for runs without a file. */
  readonly digits: string;
  /** Relative paths start here. */
  readonly folder: string;
  readonly output: Output & NodeJS.WritableStream;
  readonly errors: Output;
}
