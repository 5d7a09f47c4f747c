import { DEFAULTS } from '../../state/defaults.ts';
import { withFittingLoss } from '../../state/ranges.ts';
import type {
  ActivationChoice,
  DataSettings,
  LayerSettings,
  NetworkSettings,
  Settings,
  TrainingSettings,
} from '../../state/settings.ts';
import type { Text } from '../../text/text.ts';

/** An experiment to begin with. What it does not name is as by default. */
export interface Preset {
  readonly id: keyof Text['controls']['presets'];
  readonly isWorking: boolean;
  readonly data?: Partial<DataSettings>;
  readonly network?: Partial<NetworkSettings>;
  readonly training?: Partial<TrainingSettings>;
}

const same = (layers: number, units: number, activation: ActivationChoice): readonly LayerSettings[] =>
  Array.from({ length: layers }, () => ({ units, activation }));

/** The points that are learnt by heart, and what is learnt from them with a remedy. */
const FEW: Partial<DataSettings> = { name: 'moons', samples: 60, noise: 0.5, validation: 0.3, test: 0.3 };

export const PRESETS: readonly Preset[] = [
  { id: 'spiral', isWorking: true },
  { id: 'xorSmall', isWorking: true, data: { name: 'xor' }, network: { layers: same(1, 4, 'tanh') } },
  { id: 'circles', isWorking: true, data: { name: 'circles' }, network: { layers: same(1, 6, 'tanh') } },
  {
    id: 'sineCurve',
    isWorking: true,
    data: { name: 'sine', samples: 300, noise: 0.2 },
    training: { loss: 'meanSquaredError' },
  },
  {
    id: 'digits',
    isWorking: true,
    data: { name: 'digits', samples: 1500, noise: 0 },
    network: { layers: same(1, 32, 'relu') },
    training: { learningRate: 0.005, epochs: 100 },
  },
  {
    id: 'earlyStopped',
    isWorking: true,
    data: FEW,
    network: { layers: same(3, 64, 'relu') },
    training: { earlyStopping: true },
  },
  { id: 'penalized', isWorking: true, data: FEW, network: { layers: same(3, 64, 'relu'), l2: 0.02 } },

  { id: 'linear', isWorking: false, network: { layers: [] } },
  { id: 'tooSmall', isWorking: false, network: { layers: same(1, 3, 'tanh') } },
  {
    id: 'overfit',
    isWorking: false,
    data: { name: 'moons', samples: 40, noise: 0.5, validation: 0.3, test: 0.3 },
    network: { layers: same(6, 64, 'relu') },
  },
  {
    id: 'degree',
    isWorking: false,
    // 20 samples, of which 12 are to learn from.
    data: { name: 'polynomial', samples: 20, noise: 0.5, degree: 12 },
    network: { layers: [] },
    training: { loss: 'meanSquaredError', learningRate: 0.1, epochs: 3000 },
  },
  { id: 'littleData', isWorking: false, data: { samples: 30 } },
  {
    id: 'rateTooHigh',
    isWorking: false,
    data: { name: 'polynomial' },
    training: { loss: 'meanSquaredError', optimizer: 'sgd', learningRate: 10 },
    network: { layers: same(2, 16, 'relu') },
  },
  { id: 'oscillating', isWorking: false, training: { optimizer: 'momentum', learningRate: 2 } },
  { id: 'rateTooLow', isWorking: false, training: { optimizer: 'sgd', learningRate: 0.0001 } },
  {
    id: 'deadRelu',
    isWorking: false,
    network: { layers: same(4, 8, 'relu') },
    training: { optimizer: 'adam', learningRate: 0.5 },
  },
  {
    id: 'vanishing',
    isWorking: false,
    network: { layers: same(6, 16, 'sigmoid') },
    training: { optimizer: 'sgd', learningRate: 0.05 },
  },
  {
    id: 'wrongLabels',
    isWorking: false,
    data: { name: 'gaussians', noise: 0.95 },
    network: { layers: same(2, 64, 'relu') },
  },
];

/** The settings with those of the experiment; tab, language and compression stay. */
export function settingsOf(preset: Preset, settings: Settings): Settings {
  return withFittingLoss({
    ...settings,
    data: { ...DEFAULTS.data, ...preset.data },
    network: { ...DEFAULTS.network, ...preset.network },
    training: { ...DEFAULTS.training, ...preset.training },
  });
}

/** The experiment that these settings are, if they are one. */
export function presetOf(settings: Settings): Preset | undefined {
  const experiment = ({ data, network, training }: Settings) => JSON.stringify([data, network, training], sorted);
  const wanted = experiment(settings);
  return PRESETS.find((preset) => experiment(settingsOf(preset, settings)) === wanted);
}

/** Objects with their keys in one order. */
const sorted = (_: string, value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
