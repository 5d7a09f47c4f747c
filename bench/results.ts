import type { Comparison } from './compare.ts';
import type { Environment } from './environment.ts';
import type { RowResult, Settings } from './measure.ts';
import type { Installed } from './peers.ts';
import type { Peak } from './roofline.ts';
import type { Missing } from './tables.ts';

/** What a run writes to its JSON file, every sample included, and what the page shows. */
export interface Results {
  readonly environment: Environment & {
    /** Mean number of busy cores in the last minute of the run. */
    readonly loadAtEnd: number;
    /** How long the run took. */
    readonly seconds: number;
  };
  readonly settings: Settings;
  readonly peak: Peak;
  readonly peers: readonly Installed[];
  /** Tables and peers that could not take part, and why. */
  readonly missing: readonly Missing[];
  readonly rows: readonly RowResult[];
  readonly comparisons: readonly Comparison[];
  /** A sum of what was computed. It means nothing. */
  readonly sink: number;
}
