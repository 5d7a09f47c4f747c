import fc from 'fast-check';
import { expect } from 'vitest';
import {
  ACTIVATIONS,
  DATA_NAMES,
  LANGUAGES,
  lossesOf,
  OPTIMIZERS,
  RANGES,
  type Range,
  TABS,
  withFittingLoss,
} from '../../site/src/state/ranges.ts';
import type { Settings } from '../../site/src/state/settings.ts';

/** A number of the range. */
export const number = ({ min, max, isWhole }: Range): fc.Arbitrary<number> =>
  // -0 is 0 for everyone but a comparison by identity.
  isWhole ? fc.integer({ min, max }) : fc.double({ min, max, noNaN: true }).map((value) => value + 0);

const PATTERNS = ['weights', 'panels', 'neurons'] as const;
const BITS = [32, 16, 8, 4] as const;

/** All settings that a person can make. */
export const settings: fc.Arbitrary<Settings> = fc
  .record({
    tab: fc.constantFrom(...TABS),
    language: fc.constantFrom(...LANGUAGES),
    data: fc.record({
      name: fc.constantFrom(...DATA_NAMES),
      samples: number(RANGES.samples),
      noise: number(RANGES.noise),
      validation: number(RANGES.validation),
      test: number(RANGES.test),
      seed: number(RANGES.seed),
      degree: number(RANGES.degree),
    }),
    network: fc.record({
      layers: fc.array(fc.record({ units: number(RANGES.units), activation: fc.constantFrom(...ACTIVATIONS) }), {
        maxLength: RANGES.layers.max,
      }),
      dropout: number(RANGES.dropout),
      l1: number(RANGES.penalty),
      l2: number(RANGES.penalty),
      batchNorm: fc.boolean(),
    }),
    training: fc.record({
      loss: fc.constantFrom(...lossesOf('drawn')),
      optimizer: fc.constantFrom(...OPTIMIZERS),
      learningRate: number(RANGES.learningRate),
      batchSize: number(RANGES.batchSize),
      epochs: number(RANGES.epochs),
      earlyStopping: fc.boolean(),
      patience: number(RANGES.patience),
      restoreBest: fc.boolean(),
    }),
    compress: fc.record({
      sparsity: number(RANGES.sparsity),
      pattern: fc.constantFrom(...PATTERNS),
      bits: fc.constantFrom(...BITS),
      shared: number(RANGES.shared).map((shared) => (shared === 1 ? 0 : shared)),
      trained: fc.boolean(),
      student: number(RANGES.student),
      epochs: number(RANGES.fineTuning),
    }),
  })
  .map(withFittingLoss);

/** Fails unless each setting is what it may be. */
export function expectValid({ tab, language, data, network, training, compress }: Settings): void {
  const within = (value: number, range: Range): void => {
    expect(value).toBeGreaterThanOrEqual(range.min);
    expect(value).toBeLessThanOrEqual(range.max);
    if (range.isWhole) expect(Number.isInteger(value)).toBe(true);
  };
  expect(TABS).toContain(tab);
  expect(LANGUAGES).toContain(language);
  expect(DATA_NAMES).toContain(data.name);
  for (const key of ['samples', 'noise', 'validation', 'test', 'seed', 'degree'] as const)
    within(data[key], RANGES[key]);
  expect(network.layers.length).toBeLessThanOrEqual(RANGES.layers.max);
  for (const { units, activation } of network.layers) {
    within(units, RANGES.units);
    expect(ACTIVATIONS).toContain(activation);
  }
  within(network.dropout, RANGES.dropout);
  within(network.l1, RANGES.penalty);
  within(network.l2, RANGES.penalty);
  expect(lossesOf(data.name)).toContain(training.loss);
  expect(OPTIMIZERS).toContain(training.optimizer);
  for (const key of ['learningRate', 'batchSize', 'epochs', 'patience'] as const) within(training[key], RANGES[key]);
  for (const flag of [network.batchNorm, training.earlyStopping, training.restoreBest, compress.trained])
    expect(typeof flag).toBe('boolean');
  within(compress.sparsity, RANGES.sparsity);
  expect(PATTERNS).toContain(compress.pattern);
  expect(BITS).toContain(compress.bits);
  within(compress.shared, RANGES.shared);
  expect(compress.shared).not.toBe(1);
  within(compress.student, RANGES.student);
  within(compress.epochs, RANGES.fineTuning);
}
