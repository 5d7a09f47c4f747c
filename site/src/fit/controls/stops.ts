import { decades } from '../../shell/scales.ts';
import { RANGES } from '../../state/ranges.ts';

const { degree, units, learningRate, epochs, patience } = RANGES;

/** The places of the sliders. Where ratios matter, they are spread by ratio. */
export const SCALES = {
  samples: { stops: [20, 30, 40, 50, 60, 80, 100, 150, 200, 250, 300, 400, 500, 600, 800, 1000, 1200, 1500, 2000] },
  noise: { min: 0, max: 1, step: 0.05 },
  share: { min: 0.1, max: 0.4, step: 0.05 },
  degree: { min: degree.min, max: degree.max, step: 1 },
  units: { min: units.min, max: units.max, step: 1 },
  dropout: { min: 0, max: 0.8, step: 0.05 },
  penalty: { stops: [0, ...decades(1e-6, 1, [1, 2, 3, 5])] },
  learningRate: { stops: decades(learningRate.min, learningRate.max, [1, 2, 3, 5]) },
  batchSize: { stops: [1, 2, 4, 8, 16, 32, 64, 128, 256] },
  epochs: { stops: decades(epochs.min, epochs.max, [1, 2, 3, 5]) },
  patience: { stops: decades(patience.min, patience.max, [1, 2, 3, 5]) },
} as const;
