import { expect, test } from 'vitest';
import { readAttributes } from '../../site/src/embed/attributes.ts';
import { pictureOf, progressOf, refusedOf, shownOf, stopOf, titleOf, WORDS } from '../../site/src/embed/sentences.ts';
import type { Progress, Samples } from '../../site/src/engine/messages.ts';
import { DEFAULTS } from '../../site/src/state/defaults.ts';

test('attributes say an experiment in the syntax of the address; what is wrong or missing is as by default', () => {
  const { addressed, show, language } = readAttributes('#data=moons&rate=0.03&net=8relu', 'losses', 'zh-CN', 'en');
  expect(addressed.settings.data.name).toBe('moons');
  expect(addressed.settings.training.learningRate).toBe(0.03);
  expect(addressed.settings.network.layers).toEqual([{ units: 8, activation: 'relu' }]);
  expect([show, language]).toEqual(['losses', 'zh']);
  expect(readAttributes('data=moons', null, null, 'en').addressed.settings.data.name).toBe('moons');

  const nonsense = readAttributes('data=<script>&rate=-&net=9e9x&&=&%', 'everything', 'tlh', 'eo');
  expect(nonsense).toEqual(readAttributes(null, null, null, ''));
  expect(nonsense).toMatchObject({ addressed: { settings: DEFAULTS }, show: 'plane', language: 'en' });
});

test('the language is that of the attribute, else of the address, else of the page around', () => {
  const language = (...[experiment, own, around]: [string | null, string | null, string]) =>
    readAttributes(experiment, null, own, around).language;
  expect(language('lang=en', 'zh', 'en')).toBe('zh');
  expect(language('lang=zh', null, 'en')).toBe('zh');
  expect(language(null, null, 'zh-Hant-TW')).toBe('zh');
  expect(language(null, 'fr', 'zh')).toBe('zh');
  expect(language(null, null, 'fr')).toBe('en');
});

const samplesOf = (inputs: number, task: Samples['task'] = 'classification'): Samples => ({
  ...{ task, inputs, names: ['x1', 'x2'], features: ['x1', 'x2'], classes: ['0', '1'] },
  train: Float32Array.of(-1, -1, 0, 1, 1, 1),
  validation: Float32Array.of(-1, 1, 1),
  test: new Float32Array(0),
  ranges: [
    [-2, 2],
    [-2, 2],
  ],
});

const progress: Progress = {
  epoch: 2,
  losses: { train: Float32Array.of(0.5, 0.25), validation: Float32Array.of(0.75, 0.5) },
  scores: { train: 1, validation: 0.5, test: 0.985 },
  best: 2,
  epochsPerSecond: 10,
  // Two by two cells: only the one below left answers the first class.
  picture: {
    ...{ kind: 'plane', width: 2, height: 2, classes: 2, neurons: [], neuronSize: 0 },
    values: Float32Array.of(0.1, 0.9, 0.2, 0.9),
  },
  weights: [],
};

test('data have a plane, a curve or losses alone, whatever was asked for', () => {
  expect([1, 2, 3].map((inputs) => shownOf('plane', samplesOf(inputs)))).toEqual(['curve', 'plane', 'losses']);
  expect(shownOf('curve', samplesOf(2))).toBe('plane');
  expect(shownOf('losses', samplesOf(2))).toBe('losses');
});

test('what is seen is said: title, figures, wrong samples, and why it stopped', () => {
  const { en, zh } = WORDS;
  const at = (hash: string) => readAttributes(hash, null, null, 'en').addressed.settings;
  expect(titleOf(en, at('data=xor&net=8relu,4relu'))).toBe('XOR, 8 and 4 neurons');
  expect(titleOf(en, at('data=xor&net=none'))).toBe('XOR, no hidden layer');
  expect(titleOf(zh, at('data=xor&net=8relu,4relu'))).toBe('异或，8、4 个神经元');
  const samples = samplesOf(2);
  expect(progressOf(en, progress, samples)).toBe('Epoch 2 · validation 50\u00a0% · test 98.5\u00a0%');
  expect(progressOf(en, { ...progress, epoch: 0 }, samples)).toBe('Ready to train.');
  expect(pictureOf(en, 'plane', progress, samples)).toContain('Wrong: 0 in training, 1 in validation, 0 in test.');
  expect(pictureOf(en, 'losses', progress, samples)).toBe('Loss by epoch. In epoch 2: training 0.25, validation 0.5.');
  expect(pictureOf(en, 'losses', null, samples)).toBe('Loss by epoch: none yet.');
  const nan = { kind: 'nan', where: 'loss', epoch: 3, suggestedRate: 0.01 } as const;
  expect(stopOf(en, nan, progress)).toBe(
    'Training broke down in epoch 3: the steps are too large. A learning rate of 0.01 may do.',
  );
  expect(stopOf(en, { kind: 'early', bestEpoch: 7, isRestored: true }, progress)).toContain('best in epoch 7');
  expect(Object.keys(zh)).toEqual(Object.keys(en));
});

test('what the engine refuses is said in the language of the element', () => {
  const reason = { kind: 'one class', name: '1' } as const;
  expect(refusedOf(WORDS.en, reason)).toMatch(
    /^The experiment could not be run: All samples are of the class 1: .*\.$/,
  );
  expect(refusedOf(WORDS.zh, reason)).toMatch(/^实验无法运行：所有样本都属于类别 1：.*。$/);
  expect(refusedOf(WORDS.zh, { kind: 'unexplained', sentence: 'No.' })).toBe('实验无法运行：引擎的说明：No.');
});
