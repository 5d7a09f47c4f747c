import type { ActivationChoice, DataName, Settings, TrainingSettings } from './settings.ts';

/** What a number may be. Outside it is clamped; `isWhole` rounds it first. */
export interface Range {
  readonly min: number;
  readonly max: number;
  readonly isWhole: boolean;
}

const whole = (min: number, max: number): Range => ({ min, max, isWhole: true });
const real = (min: number, max: number): Range => ({ min, max, isWhole: false });

/** The ranges of all numbers that a person can set, for the address and for the controls. */
export const RANGES = {
  samples: whole(20, 2000),
  noise: real(0, 1),
  validation: real(0.1, 0.4),
  test: real(0.1, 0.4),
  seed: whole(0, 999_999),
  degree: whole(1, 12),
  layers: whole(0, 6),
  units: whole(1, 64),
  dropout: real(0, 0.8),
  penalty: real(0, 1),
  learningRate: real(1e-5, 10),
  batchSize: whole(1, 256),
  epochs: whole(1, 10_000),
  patience: whole(1, 500),
  sparsity: real(0, 0.98),
  shared: whole(0, 256),
  student: real(0.05, 1),
  fineTuning: whole(0, 500),
} as const satisfies { readonly [name: string]: Range };

/** The nearest number of the range. */
export function clamp(value: number, range: Range): number {
  return Math.min(range.max, Math.max(range.min, range.isWhole ? Math.round(value) : value));
}

export const TABS: readonly Settings['tab'][] = ['fit', 'compress', 'digits', 'kernels', 'article'];
export const LANGUAGES: readonly Settings['language'][] = ['en', 'zh'];
export const ACTIVATIONS: readonly ActivationChoice[] = [
  'linear',
  'relu',
  'leakyRelu',
  'elu',
  'gelu',
  'tanh',
  'sigmoid',
  'silu',
];
export const OPTIMIZERS: readonly TrainingSettings['optimizer'][] = ['sgd', 'momentum', 'adam', 'adamW', 'rmsprop'];

/** What a network of each data set answers: a class or a number. Of the last the losses decide. */
export const TASKS: { readonly [D in DataName]: 'classification' | 'regression' | 'either' } = {
  spiral: 'classification',
  moons: 'classification',
  circles: 'classification',
  xor: 'classification',
  gaussians: 'classification',
  aboveSine: 'classification',
  digits: 'classification',
  polynomial: 'regression',
  sine: 'regression',
  plane: 'regression',
  drawn: 'either',
  table: 'either',
};
export const DATA_NAMES = Object.keys(TASKS) as readonly DataName[];

const LOSSES: {
  readonly [T in 'classification' | 'regression' | 'either']: readonly [
    TrainingSettings['loss'],
    ...TrainingSettings['loss'][],
  ];
} = {
  classification: ['crossEntropy', 'hinge'],
  regression: ['meanSquaredError', 'meanAbsoluteError', 'huber'],
  either: ['crossEntropy', 'hinge', 'meanSquaredError', 'meanAbsoluteError', 'huber'],
};

/** Data of more than two classes, which hinge loss cannot tell apart. */
const MANY_CLASSES: readonly DataName[] = ['gaussians', 'digits'];

/** The losses that fit the data, the usual one first. */
export const lossesOf = (name: DataName): (typeof LOSSES)['either'] =>
  MANY_CLASSES.includes(name) ? ['crossEntropy'] : LOSSES[TASKS[name]];

/** Whether a network answers with a number rather than a class. */
export const isRegression = (name: DataName, loss: TrainingSettings['loss']): boolean =>
  TASKS[name] === 'regression' || (TASKS[name] === 'either' && LOSSES.regression.includes(loss));

/** The settings with a loss that fits the data: the same where it does, else the usual one. */
export function withFittingLoss(settings: Settings): Settings {
  const losses = lossesOf(settings.data.name);
  if (losses.includes(settings.training.loss)) return settings;
  return { ...settings, training: { ...settings.training, loss: losses[0] } };
}
