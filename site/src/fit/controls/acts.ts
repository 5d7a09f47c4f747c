import type { Stop } from '../../engine/messages.ts';
import type { Changes } from '../../state/changes.ts';
import type { Settings } from '../../state/settings.ts';
import { PRESETS, type Preset, settingsOf } from './presets.ts';

/** What of the page's state an act needs. */
export interface Actor {
  readonly settings: Settings;
  change(changes: Changes): void;
  start(isRunning: boolean): void;
}

/** Begins an experiment, and trains at once. */
export function applyPreset(lab: Actor, preset: Preset): void {
  const { data, network, training } = settingsOf(preset, lab.settings);
  lab.change({ data, network, training });
  lab.start(true);
}

function begin(lab: Actor, id: Preset['id']): void {
  const preset = PRESETS.find((each) => each.id === id);
  if (preset !== undefined) applyPreset(lab, preset);
}

/** A step of the guide: what on the page it speaks of (`data-guide`), and what it does if one asks. */
export interface GuideStep {
  readonly target: string;
  readonly act: ((lab: Actor) => void) | null;
  /** Whether the next step speaks of how what it does has ended. */
  readonly isAwaited?: boolean;
}

/** The first minute. Its words are in the text of each language, in the same order. */
export const STEPS: readonly GuideStep[] = [
  { target: 'run', act: (lab) => begin(lab, 'spiral') },
  { target: 'visual', act: null },
  { target: 'presets', act: (lab) => begin(lab, 'overfit') },
  { target: 'visual', act: null },
  {
    target: 'network',
    act: (lab) => {
      lab.change({ network: { l2: 0.003 } });
      lab.start(true);
    },
    isAwaited: true,
  },
  { target: 'tab-compress', act: (lab) => lab.change({ tab: 'compress' }) },
];

/** Whether training has ended since, by itself: what was told when it was asked for is of a run before. */
export function hasEnded(before: Stop | null, now: Stop | null): boolean {
  return now !== null && now !== before && now.kind !== 'paused';
}
