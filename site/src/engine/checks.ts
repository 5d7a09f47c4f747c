import type { DataSettings, NetworkSettings, TrainingSettings } from '../state/settings.ts';
import { Refusal } from './refusal.ts';

interface Bounds {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
}

const whole = (name: string, least: number, most: number): Bounds => ({ name, least, most, isWhole: true });
const real = (name: string, least: number, most: number): Bounds => ({ name, least, most, isWhole: false });

/** The numbers of settings, as settings.ts says what they may be. */
const DATA = {
  samples: whole('The number of samples', 20, 2000),
  noise: real('The noise', 0, 1),
  validation: real('The share of validation', 0.1, 0.4),
  test: real('The share of test', 0.1, 0.4),
  seed: whole('The seed', 0, 2 ** 53 - 1),
  degree: whole('The degree', 1, 12),
};
const NETWORK = {
  dropout: real('Dropout', 0, 0.8),
  l1: real('L1', 0, 1),
  l2: real('L2', 0, 1),
};
const TRAINING = {
  learningRate: real('The learning rate', 1e-5, 10),
  batchSize: whole('The batch size', 1, 256),
  epochs: whole('The number of epochs', 1, 10_000),
  patience: whole('The patience', 1, 500),
};
const UNITS = whole('The width of a layer', 1, 64);
const LAYERS = whole('The number of hidden layers', 0, 6);

function check({ name, least, most, isWhole }: Bounds, value: number): void {
  if (value >= least && value <= most && (!isWhole || Number.isInteger(value))) return;
  const wanted = `${isWhole ? 'a whole number ' : ''}from ${least} to ${most}`;
  throw new Refusal({ kind: 'bad setting', name, value, wanted });
}

function checkAll<K extends string>(
  bounds: Readonly<Record<K, Bounds>>,
  settings: Readonly<Record<NoInfer<K>, number>>,
): void {
  for (const key in bounds) check(bounds[key], settings[key]);
}

export function checkTraining(training: TrainingSettings): void {
  checkAll(TRAINING, training);
}

/** Throws Refusal for a number that no experiment can have. */
export function checkSettings(data: DataSettings, network: NetworkSettings, training: TrainingSettings): void {
  checkAll(DATA, data);
  checkAll(NETWORK, network);
  check(LAYERS, network.layers.length);
  for (const { units } of network.layers) check(UNITS, units);
  checkTraining(training);
}
