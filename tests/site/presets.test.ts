// In a process of its own: it trains for long.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Event } from '../../site/src/engine/messages.ts';
import { Session } from '../../site/src/engine/session.ts';
import { hasEnded, STEPS } from '../../site/src/fit/controls/acts.ts';
import { PRESETS, type Preset, settingsOf } from '../../site/src/fit/controls/presets.ts';
import { type Changes, changed } from '../../site/src/state/changes.ts';
import { DEFAULTS } from '../../site/src/state/defaults.ts';
import type { Settings } from '../../site/src/state/settings.ts';
import { en } from '../../site/src/text/en.ts';
import { zh } from '../../site/src/text/zh.ts';

const digits = new Uint8Array(readFileSync(new URL('../../data/digits.csv.gz', import.meta.url)));

/** How the experiment ends when it is left alone. */
async function endOf({ data, network, training }: Settings): Promise<Extract<Event, { kind: 'stopped' }>> {
  let end: Event | undefined;
  let time = 0;
  const session = new Session(
    (event) => {
      end = event;
    },
    {
      // Of the pictures that are told between there is no use here.
      now: () => (time += 0.01),
      wait: () => new Promise((resolve) => setImmediate(resolve)),
      digits: async () => digits,
      version: '',
    },
  );
  await session.follow({ kind: 'start', data, network, training, isRunning: true });
  await session.rest();
  if (end?.kind !== 'stopped') throw new Error(`It ended with ${JSON.stringify(end)}.`);
  return end;
}

/** What the lab says in the end of those that fail. */
const FAILURES: { readonly [id in Preset['id']]?: string } = {
  linear: 'underfit',
  tooSmall: 'underfit',
  overfit: 'overfit',
  degree: 'overfit',
  littleData: 'overfit',
  rateTooHigh: 'broken',
  oscillating: 'underfit',
  rateTooLow: 'underfit',
  deadRelu: 'underfit',
  vanishing: 'underfit',
  wrongLabels: 'overfit',
};

test.each(PRESETS.map((preset) => [preset.id, preset] as const))('%s ends as its sentence says', async (id, preset) => {
  const { verdict, why, progress } = await endOf(settingsOf(preset, DEFAULTS));
  expect(verdict.verdict).toBe(preset.isWorking ? 'good fit' : FAILURES[id]);
  expect(why.kind).toBe(id === 'rateTooHigh' ? 'nan' : id === 'earlyStopped' ? 'early' : 'done');
  const { validation } = progress.losses;
  if (id === 'overfit') expect(validation.at(-1)).toBeGreaterThan(2 * Math.min(...validation));
  if (id === 'deadRelu' || id === 'vanishing') expect(progress.scores.train).toBeLessThan(0.6);
});

test('what the guide overfits it cures', async () => {
  let settings: Settings = DEFAULTS;
  const lab = {
    get settings(): Settings {
      return settings;
    },
    change: (changes: Changes) => {
      settings = changed(settings, changes);
    },
    start: () => {},
  };
  const verdicts: string[] = [];
  for (const { target, act } of STEPS) {
    act?.(lab);
    if (act !== null && target !== 'tab-compress') verdicts.push((await endOf(settings)).verdict.verdict);
  }
  expect(verdicts).toEqual(['good fit', 'overfit', 'good fit']);
  expect(settings.tab).toBe('compress');
});

test('the guide has words for each step, and a button where it acts', () => {
  for (const { controls } of [en, zh]) {
    expect(controls.guide.steps.map(({ act }) => act !== null)).toEqual(STEPS.map(({ act }) => act !== null));
  }
});

test('the guide waits for the end of the run that cures, and of no run before', () => {
  expect(STEPS.map(({ isAwaited = false }) => isAwaited)).toEqual([false, false, false, false, true, false]);
  const done = { kind: 'done' } as const;
  expect(hasEnded(done, done)).toBe(false); // that of the run before, until the next has begun
  expect(hasEnded(done, null)).toBe(false);
  expect(hasEnded(null, { kind: 'paused' })).toBe(false);
  expect([hasEnded(done, { kind: 'done' }), hasEnded(null, { kind: 'done' })]).toEqual([true, true]);
});
