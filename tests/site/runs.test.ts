import { describe, expect, test } from 'vitest';
import type { Progress, Samples } from '../../site/src/engine/messages.ts';
import { columns, hasValidation, MOST_POINTS, milestones } from '../../site/src/fit/visual/losses.ts';
import { compareRuns, copyRun, differences, namesOf, type PinnedRun } from '../../site/src/fit/visual/pinned.ts';
import { DEFAULTS } from '../../site/src/state/defaults.ts';
import { DATA_NAMES, lossesOf, OPTIMIZERS } from '../../site/src/state/ranges.ts';
import type { Settings } from '../../site/src/state/settings.ts';
import { en } from '../../site/src/text/en.ts';
import { zh } from '../../site/src/text/zh.ts';

const floats = (...values: number[]): Float32Array => Float32Array.from(values);
const losses = (train: Float32Array, validation: Float32Array): Progress['losses'] => ({ train, validation });

describe('curves of losses', () => {
  test('begin with the first epoch, and have gaps where there is no number', () => {
    const run = losses(floats(3, Number.NaN, 1), floats(4, 2, Number.POSITIVE_INFINITY));
    expect(columns(run, null, false, null)).toEqual([
      [1, 2, 3],
      [3, null, 1],
      [4, 2, null],
    ]);
    expect(columns(losses(floats(), floats()), null, false, null)).toEqual([[], [], []]);
  });

  test('on a log scale have no place for nought', () => {
    const run = losses(floats(1, 0), floats(-1, 2));
    expect(columns(run, null, true, null).slice(1)).toEqual([
      [1, null],
      [null, 2],
    ]);
    expect(columns(run, null, false, null)[1]).toEqual([1, 0]);
  });

  test('of a pinned run are laid over, as long as the longer', () => {
    const found = columns(losses(floats(1), floats(2)), losses(floats(3, 4), floats(5, 6)), false, null);
    expect(found).toEqual([
      [1, 2],
      [1, null],
      [2, null],
      [3, 4],
      [5, 6],
    ]);
  });

  test('of many epochs are thinned, but keep the first, the last and the best', () => {
    const many = Float32Array.from({ length: 10_000 }, (_, i) => i);
    const [epochs, train] = columns(losses(many, many), null, false, 4242);
    expect(epochs.length).toBeLessThanOrEqual(MOST_POINTS + 2);
    expect([epochs[0], epochs.at(-1)]).toEqual([1, 10_000]);
    expect(epochs).toContain(4242);
    epochs.forEach((epoch, i) => {
      expect(train![i]).toBe(epoch - 1);
      if (i > 0) expect(epoch).toBeGreaterThan(epochs[i - 1]!);
    });
  });

  test('have no line of validation where there are no samples for it', () => {
    expect(hasValidation(losses(floats(1), floats(Number.NaN)))).toBe(false);
    expect(hasValidation(losses(floats(1), floats(Number.NaN, 1)))).toBe(true);
  });

  test('are told in words at a few epochs', () => {
    expect(milestones(0)).toEqual([]);
    expect(milestones(1)).toEqual([1]);
    expect(milestones(4)).toEqual([1, 2, 3, 4]);
    expect(milestones(500)).toHaveLength(10);
    expect([milestones(500)[0], milestones(500).at(-1)]).toEqual([1, 500]);
  });
});

const samples: Samples = {
  task: 'classification',
  inputs: 2,
  names: ['x1', 'x2'],
  features: ['x1', 'x2'],
  classes: ['0', '1'],
  train: floats(0, 0, 1),
  validation: floats(1, 1, 0),
  test: floats(2, 2, 0),
  ranges: [
    [0, 2],
    [0, 2],
  ],
};

const runOf = (settings: Settings, scores: readonly [number, number, number], loss: number): PinnedRun => ({
  settings,
  samples,
  shape: [{ name: 'dense', units: 2, activation: 'softmax' }],
  verdict: { verdict: 'overfit', train: 1, validation: 0.5, reasons: [] },
  stop: { kind: 'done' },
  progress: {
    epoch: 2,
    losses: losses(floats(1, loss), floats(1, 2 * loss)),
    scores: { train: scores[0], validation: scores[1], test: scores[2] },
    best: 1,
    epochsPerSecond: 100,
    picture: {
      kind: 'plane',
      width: 1,
      height: 1,
      classes: 2,
      values: floats(0.5),
      neurons: [[floats(1)]],
      neuronSize: 1,
    },
    weights: [floats(1, 2, 3, 4)],
  },
});

describe('a pinned run', () => {
  test('keeps its numbers when those of the experiment change', () => {
    const run = runOf(DEFAULTS, [1, 1, 1], 0.5);
    const copy = copyRun(run);
    const before = JSON.stringify(copy);
    run.progress.losses.train.fill(9);
    run.progress.weights[0]!.fill(9);
    if (run.progress.picture.kind === 'plane') run.progress.picture.values.fill(9);
    expect(JSON.stringify(copy)).toBe(before);
    expect(copy.progress.picture).toMatchObject({ kind: 'plane', values: floats(0.5) });
    const curve = { kind: 'curve', x: floats(1), y: floats(2), truth: null } as const;
    const other = copyRun({ ...run, progress: { ...run.progress, picture: curve } });
    expect(other.progress.picture).toEqual(curve);
  });

  test('differs by settings, in words of both languages', () => {
    const tanh = { units: 16, activation: 'tanh' } as const;
    const from: Settings = {
      ...DEFAULTS,
      data: { ...DEFAULTS.data, name: 'spiral', noise: 0.1 },
      network: { layers: [tanh, tanh], dropout: 0, l1: 0, l2: 0, batchNorm: false },
      training: { ...DEFAULTS.training, optimizer: 'adam', learningRate: 0.01, earlyStopping: false },
    };
    const to: Settings = {
      ...DEFAULTS,
      tab: 'compress',
      data: { ...DEFAULTS.data, name: 'moons', noise: 0.25 },
      network: { ...DEFAULTS.network, layers: [], dropout: 0.2, l2: 0.001, batchNorm: true },
      training: { ...DEFAULTS.training, optimizer: 'sgd', learningRate: 0.1, earlyStopping: true },
    };
    const english = namesOf(en.controls);
    expect(differences(from, to, en.fit.compare, english)).toEqual([
      'Data: Spiral → Moons',
      'Noise: 10 % → 25 %',
      'Hidden layers: 16 tanh + 16 tanh → no hidden layer',
      'Dropout: off → 20 %',
      'L2 penalty: off → 0.001',
      'Batch norm: off → on',
      'Optimizer: Adam → SGD',
      'Learning rate: 0.01 → 0.1',
      'Early stopping: off → on',
    ]);
    expect(differences(from, to, zh.fit.compare, namesOf(zh.controls))[1]).toBe('噪声：10 % → 25 %');
    expect(differences(to, to, en.fit.compare, english)).toEqual([]);
    expect(differences(DEFAULTS, { ...DEFAULTS, language: 'zh' }, en.fit.compare, english)).toEqual([]);
  });

  test('names every setting of an experiment, and every choice, in both languages', () => {
    const { data, network, training } = DEFAULTS;
    for (const { compare } of [en.fit, zh.fit])
      expect(Object.keys(compare.fields).sort()).toEqual(Object.keys({ ...data, ...network, ...training }).sort());
    for (const { controls } of [en, zh]) {
      const names = Object.keys(namesOf(controls));
      expect(names.sort()).toEqual([...DATA_NAMES, ...lossesOf('drawn'), ...OPTIMIZERS].sort());
    }
  });

  test('is compared figure by figure: what is better, what is worse', () => {
    const lines = compareRuns(runOf(DEFAULTS, [1, 0.8, 0.9], 0.5), runOf(DEFAULTS, [0.95, 0.9, 0.9], 0.25), en.fit);
    const by = new Map(lines.map((line) => [line.label, line]));
    expect(by.get('Training score')).toEqual({
      label: 'Training score',
      pinned: '100 %',
      current: '95 %',
      change: '−5 %',
      isBetter: false,
    });
    expect(by.get('Validation score')).toMatchObject({ change: '+10 %', isBetter: true });
    expect(by.get('Test score')).toMatchObject({ change: '=', isBetter: null });
    expect(by.get('Training loss')).toMatchObject({ pinned: '0.5', current: '0.25', change: '−0.25', isBetter: true });
    expect(by.get('Weights')).toMatchObject({ pinned: '6', current: '6', change: '=', isBetter: null });
    expect(by.get('Diagnosis')).toMatchObject({ pinned: 'Overfitting', current: 'Overfitting' });
  });

  test('has no losses to compare with those of another kind, nor a change of what is not known', () => {
    const other: Settings = { ...DEFAULTS, training: { ...DEFAULTS.training, loss: 'hinge' } };
    const lines = compareRuns(runOf(DEFAULTS, [1, 1, 1], 1), runOf(other, [1, Number.NaN, 1], 2), en.fit);
    expect(lines.map(({ label }) => label)).not.toContain('Training loss');
    expect(lines.find(({ label }) => label === 'Validation score')).toMatchObject({ change: '–', isBetter: null });
  });
});
