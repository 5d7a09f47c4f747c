import { type Model, pruneNeurons, QuantizedNetwork, quantize, type Samples, type Sequential } from 'whittle-ml';
import { lightFindings } from './findings-light.ts';
import { resized } from './images.ts';
import { figuresOf, type Measured, measured } from './measuring.ts';
import { LIGHT_MAKERS } from './networks.ts';
import type { JobReport } from './types.ts';
import type { ImageShape, Progress } from './types-base.ts';
import type { Light, LightName, LightVariant } from './types-compared.ts';
import type { Workbench } from './workbench.ts';

/** How a network for images is trained; epochs are those with as many samples as the digits have to train on. */
interface Setting {
  readonly name: LightName;
  readonly epochs: number;
  readonly rate: number;
  /** Images whose sides are shorter are enlarged to it: what the network was made for. */
  readonly side?: number;
}

/**
 * Settings were compared by the accuracy on the validation part of the digits alone, means of seeds 0 to 2, with rates that
 * fall to 0 along half a cosine.
 * - Plain CNN at 28×28: rate 0.001, 10 epochs 0.967; 0.003, 10 epochs 0.971, 20 epochs 0.976. With pixels from 0 to 1 in place
 *   of standardised ones 0.961 and 0.971.
 * - With means of channels (seed 0): 20 epochs 0.44, 60 epochs 0.59; with pixels from 0 to 1 it learns nothing.
 * - The others at 8×8, 10 epochs at 0.003 0.967 to 0.971; at 0.01 0.979 to 0.983; 20 epochs 0.985 to 0.987.
 * - Half of the channels (the last three, seeds 0 and 1): 10 epochs more 0.967, 15 0.968, 20 at 0.02 0.976. Ranked over all
 *   layers together instead of in each (seed 0), 10 epochs 0.82 to 0.89.
 */
const LIGHT: readonly Setting[] = [
  { name: 'plain CNN', epochs: 20, rate: 0.003, side: 28 },
  { name: 'plain CNN, channel means', epochs: 60, rate: 0.01, side: 28 },
  { name: 'depthwise-separable', epochs: 20, rate: 0.01 },
  { name: 'MobileNetV2-like', epochs: 20, rate: 0.01 },
  { name: 'ShuffleNetV2-like', epochs: 20, rate: 0.01 },
];
const REFERENCE = 1077;
const CHANNELS = 0.5;
/** As many epochs as the whole network had, for what is left of it. */
const AGAIN = 1;

export interface LightForm extends Measured {
  readonly name: LightName;
  readonly variant: LightVariant;
  readonly notes: readonly string[];
}

/** One seed of all networks in all variants, in the order of the report. */
export interface LightRun {
  readonly networks: Light['networks'];
  readonly forms: readonly LightForm[];
}

/** Trains all networks on the images of a bench; makes of each one with half of its channels, and one in int8. */
export function lightRun(bench: Workbench, stage: string, progress: Progress): LightRun {
  const count = bench.data.train[1].shape[0]!;
  const plans = LIGHT.map((setting) => {
    const epochs = bench.epochs(setting.epochs, count, REFERENCE);
    return { setting, epochs, again: Math.max(1, Math.round(AGAIN * epochs)) };
  });
  progress.stage(
    stage,
    plans.reduce((sum, { epochs, again }) => sum + epochs + again, 0),
  );
  const runs = plans.map(({ setting, epochs, again }) => {
    const { name, rate, side = 0 } = setting;
    const image = sizeFor(bench.data.inputShape as ImageShape, side);
    const [train, test] = [bench.data.train, bench.data.test].map((part) => at(part, image)) as [Samples, Samples];
    const fit = (variant: LightVariant, model: Model, long: number): void => {
      const learningRate = bench.decaying(rate, long, count);
      bench.fit(`${name}, ${variant}`, model, train, { epochs: long, learningRate });
    };
    const model: Sequential = LIGHT_MAKERS[name](image, bench.data.outputs, bench.seed);
    fit('float32', model, epochs);
    const narrow = pruneNeurons(model, { amount: CHANNELS, scope: 'layer' });
    fit('half the channels', narrow, again);
    const int8 = quantize(model, { calibration: train[0] });
    const variants = [
      ['float32', model],
      ['half the channels', narrow],
      ['int8', int8],
    ] as const;
    const forms = variants.map(([variant, subject]): LightForm => {
      const notes = subject instanceof QuantizedNetwork ? subject.notes : [];
      return { name, variant, notes, ...measured(subject, test) };
    });
    const training = `${epochs} ${epochs === 1 ? 'epoch' : 'epochs'} at a rate from ${rate} down to 0; with half the channels ${again} more`;
    return { network: { name, image, training }, forms };
  });
  return { networks: runs.map(({ network }) => network), forms: runs.flatMap(({ forms }) => forms) };
}

/** The size of images for a network that needs sides of at least `side`. */
const sizeFor = ([height, width, channels]: ImageShape, side: number): ImageShape => [
  Math.max(height, side),
  Math.max(width, side),
  channels,
];

const at = ([x, y]: Samples, [height, width]: ImageShape): Samples =>
  x.shape[1] === height && x.shape[2] === width ? [x, y] : [resized(x, [height, width]), y];

/** Sums up the runs of all seeds and times the networks. Calls `tick` after each seed. */
export function lightOf(runs: readonly LightRun[], scoreName: string, tick: () => void): Light {
  const figures = figuresOf(
    runs.map(({ forms }) => forms),
    tick,
  );
  const [{ networks, forms }] = runs as [LightRun];
  const results = forms.map(({ name, variant, notes }, i) => ({ name, variant, notes, ...figures[i]! }));
  return { networks, results, findings: lightFindings(results, scoreName, forms[0]!.network) };
}

/** Digests by seed, network and variant. */
export const lightDigests = (seeds: readonly number[], runs: readonly LightRun[]): JobReport['digests'] =>
  runs.flatMap(({ forms }, i) =>
    forms.map(({ name, variant, sha256 }) => ({ seed: seeds[i]!, model: `${name}, ${variant}`, sha256 })),
  );
