import type { Settings } from './settings.ts';

/** What the page shows to one who has set nothing: a spiral that a network of two hidden layers learns while one looks. */
export const DEFAULTS: Settings = {
  tab: 'fit',
  language: 'en',
  data: { name: 'spiral', samples: 500, noise: 0.1, validation: 0.2, test: 0.2, seed: 3, degree: 1 },
  network: {
    layers: [
      { units: 16, activation: 'silu' },
      { units: 16, activation: 'silu' },
    ],
    dropout: 0,
    l1: 0,
    l2: 0,
    batchNorm: false,
  },
  training: {
    loss: 'crossEntropy',
    optimizer: 'adam',
    learningRate: 0.005,
    batchSize: 32,
    epochs: 500,
    earlyStopping: false,
    patience: 30,
    restoreBest: true,
  },
  compress: { sparsity: 0.8, pattern: 'weights', bits: 32, shared: 0, trained: false, student: 1, epochs: 300 },
};
