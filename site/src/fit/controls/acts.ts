import type { Lab } from '../../state/lab.svelte.ts';
import { PRESETS, type Preset, settingsOf } from './presets.ts';

/** Begins an experiment, and trains at once. */
export function applyPreset(lab: Lab, preset: Preset): void {
  const { data, network, training } = settingsOf(preset, lab.settings);
  lab.change({ data, network, training });
  lab.start(true);
}

function begin(lab: Lab, id: Preset['id']): void {
  const preset = PRESETS.find((each) => each.id === id);
  if (preset !== undefined) applyPreset(lab, preset);
}

/** A step of the guide: what on the page it speaks of (`data-guide`), and what it does if one asks. */
export interface GuideStep {
  readonly target: string;
  readonly act: ((lab: Lab) => void) | null;
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
      lab.change({ network: { l2: 0.02 }, training: { earlyStopping: true } });
      lab.start(true);
    },
  },
  { target: 'tab-compress', act: (lab) => lab.change({ tab: 'compress' }) },
];
