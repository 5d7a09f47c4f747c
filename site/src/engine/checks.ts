import { RANGES, type Range } from '../state/ranges.ts';
import type { DataSettings, NetworkSettings, TrainingSettings } from '../state/settings.ts';
import { Refusal } from './refusal.ts';

interface Bounds {
  readonly name: string;
  readonly range: Range;
}

const bounds = (name: string, range: Range): Bounds => ({ name, range });

const DATA = {
  samples: bounds('The number of samples', RANGES.samples),
  noise: bounds('The noise', RANGES.noise),
  validation: bounds('The share of validation', RANGES.validation),
  test: bounds('The share of test', RANGES.test),
  seed: bounds('The seed', RANGES.seed),
  degree: bounds('The degree', RANGES.degree),
};
const NETWORK = {
  dropout: bounds('Dropout', RANGES.dropout),
  l1: bounds('L1', RANGES.penalty),
  l2: bounds('L2', RANGES.penalty),
};
const TRAINING = {
  learningRate: bounds('The learning rate', RANGES.learningRate),
  batchSize: bounds('The batch size', RANGES.batchSize),
  epochs: bounds('The number of epochs', RANGES.epochs),
  patience: bounds('The patience', RANGES.patience),
};
const UNITS = bounds('The width of a layer', RANGES.units);
const LAYERS = bounds('The number of hidden layers', RANGES.layers);

function check({ name, range: { min, max, isWhole } }: Bounds, value: number): void {
  if (value >= min && value <= max && (!isWhole || Number.isInteger(value))) return;
  const wanted = `${isWhole ? 'a whole number ' : ''}from ${min} to ${max}`;
  throw new Refusal({ kind: 'bad setting', name, value, wanted });
}

function checkAll<K extends string>(
  all: Readonly<Record<K, Bounds>>,
  settings: Readonly<Record<NoInfer<K>, number>>,
): void {
  for (const key in all) check(all[key], settings[key]);
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
