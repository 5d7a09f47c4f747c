import type { Progress, Samples, Stop } from '../engine/messages.ts';
import type { Reason } from '../engine/refusal.ts';
import { show, showScore } from '../fit/visual/numbers.ts';
import { countWrong } from '../fit/visual/plane.ts';
import type { Settings } from '../state/settings.ts';
import { embed as en } from '../text/en/embed.ts';
import { refusals as english, type Refusals } from '../text/en/refusals.ts';
import { spoken } from '../text/foreign.ts';
import { sentenceOf } from '../text/refused.ts';
import { embed as zh } from '../text/zh/embed.ts';
import { refusals as chinese } from '../text/zh/refusals.ts';
import type { Show } from './attributes.ts';

export type Words = typeof en & { readonly refusals: Refusals };

export const WORDS: { readonly [L in Settings['language']]: Words } = {
  en: { ...en, refusals: english },
  zh: { ...zh, refusals: chinese },
};

export function titleOf(words: Words, { data, network }: Settings): string {
  const units = network.layers.map((layer) => layer.units);
  return words.title(words.data[data.name], units.length === 0 ? words.noLayers : words.layers(units));
}

export function progressOf(words: Words, { epoch, scores }: Progress, { task }: Samples): string {
  if (epoch === 0) return words.ready;
  return words.progress(show(epoch, 6), showScore(scores.validation, task), showScore(scores.test, task));
}

/** Why training has ended, in a sentence. */
export function stopOf(words: Words, stop: Stop, { epoch }: Progress): string {
  switch (stop.kind) {
    case 'done':
      return words.done(show(epoch, 6));
    case 'paused':
      return words.paused(show(epoch, 6));
    case 'early':
      return words.early(show(stop.bestEpoch, 6));
    case 'nan':
      return words.nan(show(stop.epoch, 6), show(stop.suggestedRate));
  }
}

/** What the picture shows, to one who does not see it. */
export function pictureOf(words: Words, shown: Show, progress: Progress | null, samples: Samples): string {
  if (shown === 'losses') {
    if (progress === null || progress.epoch === 0) return words.noLosses;
    const at = progress.epoch - 1;
    const { train, validation } = progress.losses;
    return words.losses(show(progress.epoch, 6), show(train[at] ?? Number.NaN), show(validation[at] ?? Number.NaN));
  }
  if (shown === 'curve') return words.curve;
  const picture = progress?.picture;
  if (picture?.kind !== 'plane' || samples.task === 'regression') return words.plane('');
  const { train, validation, test } = countWrong(picture, samples);
  return words.plane(words.wrong(train, validation, test));
}

/** What can be shown of the data: samples of two numbers have a plane, of one a curve, others have losses alone. */
export function shownOf(asked: Show, { inputs }: Samples): Show {
  if (asked === 'losses' || inputs > 2) return 'losses';
  return inputs === 2 ? 'plane' : 'curve';
}

/** Why the experiment could not be run. */
export const refusedOf = (words: Words, reason: Reason): string =>
  words.refused(spoken(sentenceOf(reason, words.refusals)).join(''));
