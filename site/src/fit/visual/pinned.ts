import type { LayerShape, Picture, Progress, Samples, Stop, Verdict } from '../../engine/messages.ts';
import type { LayerSettings, Settings } from '../../state/settings.ts';
import { activationName } from '../../text/activations.ts';
import type { Text } from '../../text/text.ts';
import { percent, show, showScore, signed } from './numbers.ts';

/** A run as it was when it was pinned. */
export interface PinnedRun {
  readonly settings: Settings;
  readonly samples: Samples;
  readonly shape: readonly LayerShape[];
  readonly progress: Progress;
  readonly verdict: Verdict | null;
  readonly stop: Stop | null;
}

/** A copy of a run that nothing changes any more: its numbers are its own. */
export function copyRun({ settings, samples, shape, progress, verdict, stop }: PinnedRun): PinnedRun {
  const { losses, weights, picture } = progress;
  return {
    settings,
    samples: {
      ...samples,
      train: samples.train.slice(),
      validation: samples.validation.slice(),
      test: samples.test.slice(),
    },
    shape,
    verdict,
    stop,
    progress: {
      ...progress,
      losses: { train: losses.train.slice(), validation: losses.validation.slice() },
      weights: weights.map((kernel) => kernel.slice()),
      picture: copyPicture(picture),
    },
  };
}

/** Pictures of neurons are not kept: nothing shows them again. */
function copyPicture(picture: Picture): Picture {
  if (picture.kind === 'plane') return { ...picture, values: picture.values.slice(), neurons: [] };
  if (picture.kind === 'none') return picture;
  const { kind, x, y, truth } = picture;
  return { kind, x: x.slice(), y: y.slice(), truth: truth?.slice() ?? null };
}

type Words = Text['fit']['compare'];

/** What differs between two settings of an experiment, field by field, in words. */
export function differences(from: Settings, to: Settings, words: Words, names: Names): string[] {
  const lines: string[] = [];
  const write = (field: string, value: unknown): string => valueText(field, value, words, names);
  for (const part of ['data', 'network', 'training'] as const) {
    const [before, after]: Readonly<Record<string, unknown>>[] = [{ ...from[part] }, { ...to[part] }];
    for (const [field, label] of Object.entries(words.fields)) {
      if (!(field in after!) || JSON.stringify(before![field]) === JSON.stringify(after![field])) continue;
      lines.push(words.line(label, write(field, before![field]), write(field, after![field])));
    }
  }
  return lines;
}

/** Of data, losses and optimizers, as they stand where one chooses them. */
type Names = Readonly<Record<string, string>>;

export const namesOf = ({ data, training }: Text['controls']): Names => ({
  ...data.names,
  ...training.losses,
  ...training.optimizers,
});

const SHARES: readonly string[] = ['noise', 'validation', 'test', 'dropout'];

function valueText(field: string, value: unknown, words: Words, names: Names): string {
  if (Array.isArray(value)) {
    const layers: readonly LayerSettings[] = value;
    return (
      layers.map(({ units, activation }) => `${units} ${activationName(activation)}`).join(' + ') || words.noLayers
    );
  }
  if (typeof value === 'boolean') return value ? words.on : words.none;
  if (typeof value === 'string') return names[value] ?? value;
  if (typeof value !== 'number') return String(value);
  if (value === 0 && ['dropout', 'l1', 'l2'].includes(field)) return words.none;
  return SHARES.includes(field) ? percent(value) : show(value, 6);
}

/** A figure of both runs. `isBetter`: whether the current one is the better; null where neither is. */
export interface Line {
  readonly label: string;
  readonly pinned: string;
  readonly current: string;
  readonly change: string;
  readonly isBetter: boolean | null;
}

const parameters = ({ weights }: Progress, shape: readonly LayerShape[]): number =>
  weights.reduce((sum, kernel) => sum + kernel.length, 0) + shape.reduce((sum, { units }) => sum + units, 0);

/** The figures of both runs side by side. */
export function compareRuns(pinned: PinnedRun, current: PinnedRun, text: Text['fit']): Line[] {
  const { metrics } = text.compare;
  const task = current.samples.task;
  const [before, after] = [pinned.progress, current.progress];
  const line = (
    label: string,
    a: number,
    b: number,
    write: (value: number) => string,
    isGood: ((change: number) => boolean) | null,
  ): Line => {
    const change = b - a;
    const written = write(Math.abs(change));
    return {
      label,
      pinned: write(a),
      current: write(b),
      change: Number.isNaN(change)
        ? '–'
        : written === write(0)
          ? '='
          : signed(Math.sign(change)).replace('1', '') + written,
      isBetter: isGood === null || Number.isNaN(change) || written === write(0) ? null : isGood(change),
    };
  };
  const score = (value: number): string => showScore(value, task);
  const rises = (change: number): boolean => change > 0;
  const falls = (change: number): boolean => change < 0;
  const whole = (value: number): string => show(value, 7);
  const last = (values: Float32Array): number => values.at(-1) ?? Number.NaN;
  const lines = [
    line(metrics.epoch, before.epoch, after.epoch, whole, null),
    line(metrics.train, before.scores.train, after.scores.train, score, rises),
    line(metrics.validation, before.scores.validation, after.scores.validation, score, rises),
    line(metrics.test, before.scores.test, after.scores.test, score, rises),
  ];
  if (pinned.settings.training.loss === current.settings.training.loss)
    lines.push(
      line(metrics.trainLoss, last(before.losses.train), last(after.losses.train), show, falls),
      line(metrics.validationLoss, last(before.losses.validation), last(after.losses.validation), show, falls),
    );
  lines.push(line(metrics.parameters, parameters(before, pinned.shape), parameters(after, current.shape), whole, null));
  const word = (run: PinnedRun): string =>
    run.verdict === null ? '–' : (text.verdict.words[run.verdict.verdict] ?? run.verdict.verdict);
  lines.push({ label: metrics.verdict, pinned: word(pinned), current: word(current), change: '', isBetter: null });
  return lines;
}
