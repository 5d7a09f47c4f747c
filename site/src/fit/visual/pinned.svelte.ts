import type { Lab } from '../../state/lab.svelte.ts';
import { copyRun, type PinnedRun } from './pinned.ts';

/** The run as it stands now; null before there is one. */
export function currentRun({ settings, experiment }: Pick<Lab, 'settings' | 'experiment'>): PinnedRun | null {
  const { samples, shape, progress, verdict, stop } = experiment;
  return samples === null || progress === null ? null : { settings, samples, shape, progress, verdict, stop };
}

/** A run that is kept to compare others with. */
export class Pinned {
  run: PinnedRun | null = $state.raw(null);

  pin(lab: Pick<Lab, 'settings' | 'experiment'>): void {
    const run = currentRun(lab);
    if (run !== null) this.run = copyRun(run);
  }

  unpin(): void {
    this.run = null;
  }
}

const known = new WeakMap<object, Pinned>();

/** What is pinned of a lab; it stays while other parts of the page are shown. */
export function pinnedOf(lab: object): Pinned {
  const pinned = known.get(lab) ?? new Pinned();
  known.set(lab, pinned);
  return pinned;
}
