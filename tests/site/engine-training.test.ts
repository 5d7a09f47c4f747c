import { describe, expect, test } from 'vitest';
import { DEFAULTS } from '../../site/src/state/defaults.ts';
import type { DataName, TrainingSettings } from '../../site/src/state/settings.ts';
import { layersOf, startOf, Told } from './sessions.ts';

/** What is told at the end of a training with these settings. */
const trained = async (changes: Parameters<typeof startOf>[0]) =>
  (await new Told().after(startOf({ ...changes, isRunning: true }))).last('stopped');

test('the default spiral is learned to under 5 % of wrong answers, and stays so', async () => {
  const told = new Told();
  const { progress, verdict, why } = (await told.after(startOf({ isRunning: true }))).last('stopped');
  expect(why).toEqual({ kind: 'done' });
  expect(progress.epoch).toBe(DEFAULTS.training.epochs);
  expect(progress.scores.test).toBeGreaterThan(0.95);
  expect(progress.scores.validation).toBeGreaterThan(0.95);
  expect(verdict.verdict).toBe('good fit');
  const late = told.all('progress').filter(({ progress: { epoch } }) => epoch > 300);
  expect(late.length).toBeGreaterThan(3);
  for (const { progress: each } of late) expect(each.scores.test).toBeGreaterThan(0.95);
  // It has to be learned: at first it is not.
  expect(told.all('progress')[0]?.progress.scores.test).toBeLessThan(0.8);
});

test('the same settings give the same numbers, whatever is looked at meanwhile', async () => {
  const settings = { training: { epochs: 20 }, network: { dropout: 0.2 } };
  const whole = await trained(settings);
  const told = new Told(5); // another clock: other slices, other pictures
  await told.after(startOf({ ...settings, isRunning: false }));
  for (let i = 0; i < 7; i++) await told.after({ kind: 'step' }, { kind: 'explain', layer: 0, unit: 0 });
  await told.after({ kind: 'run' });
  const parts = told.last('stopped');
  expect(parts.progress.losses).toEqual(whole.progress.losses);
  expect(parts.progress.weights).toEqual(whole.progress.weights);
  expect(whole.progress.losses.train).toHaveLength(20);
});

describe('a network that learns its samples by heart', () => {
  // Two moons that overlap: 200 samples, and two layers of 32.
  const data = { name: 'moons', samples: 200, noise: 0.5, validation: 0.3, seed: 1 } as const;
  const network = { layers: layersOf([32, 32], 'relu') };
  const training = { learningRate: 0.01, epochs: 300 };
  const gapOf = async (changes: Parameters<typeof startOf>[0]): Promise<[verdict: string, gap: number]> => {
    const { verdict } = await trained({
      data: { ...data, ...changes?.data },
      network: { ...network, ...changes?.network },
      training: { ...training, ...changes?.training },
    });
    return [verdict.verdict, verdict.train - verdict.validation];
  };

  test.each([1, 2])('overfits, and each remedy cures it (seed %d)', async (seed) => {
    const [verdict, gap] = await gapOf({ data: { seed } });
    expect(verdict).toBe('overfit');
    const remedies = {
      'more data': { data: { samples: 2000, seed } },
      'a smaller network': { data: { seed }, network: { layers: layersOf([4], 'tanh') } },
      L2: { data: { seed }, network: { l2: 0.01 } },
      dropout: { data: { seed }, network: { dropout: 0.5 } },
      'early stopping': { data: { seed }, training: { earlyStopping: true, patience: 20 } },
    };
    for (const [name, remedy] of Object.entries(remedies)) {
      const [cured, left] = await gapOf(remedy);
      expect.soft(cured, name).not.toBe('overfit');
      expect.soft(left, name).toBeLessThan(gap);
    }
  });
});

describe('numbers', () => {
  test.each([
    ['polynomial', 1, 0.95],
    ['sine', 1, 0.9],
    ['plane', 2, 0.95],
  ] as const)('%s is fitted', async (name, inputs, least) => {
    const told = await new Told().after(
      startOf({ data: { name, samples: 200 }, training: { learningRate: 0.01, epochs: 200 }, isRunning: true }),
    );
    const { samples, loss } = told.last('started');
    expect([samples.task, samples.inputs, loss]).toEqual(['regression', inputs, 'meanSquaredError']);
    const { progress } = told.last('stopped');
    expect(progress.scores.test).toBeGreaterThan(least);
    const { picture } = progress;
    if (picture.kind !== 'curve') return expect(picture.kind).toBe('plane');
    const { x, y, truth } = picture;
    expect([x.length, y.length, truth?.length]).toEqual([200, 200, 200]);
    // Within the samples the curve is near to what they were made of.
    const inside = [...x.keys()].filter((i) => Math.abs(x[i]!) < 0.9);
    const error = inside.reduce((sum, i) => sum + Math.abs(y[i]! - truth![i]!), 0) / inside.length;
    expect(error).toBeLessThan(0.25);
  });

  test('a line with powers of x follows a polynomial, and one without does not', async () => {
    const line = { network: { layers: [] }, training: { learningRate: 0.03, epochs: 300 } } as const;
    const plain = await trained({ ...line, data: { name: 'polynomial', samples: 200, degree: 1 } });
    const cubic = await trained({ ...line, data: { name: 'polynomial', samples: 200, degree: 3 } });
    expect(plain.progress.scores.test).toBeLessThan(0.5);
    expect(cubic.progress.scores.test).toBeGreaterThan(0.95);
    expect(cubic.progress.weights[0]).toHaveLength(3);
  });
});

describe('every setting trains', () => {
  const losses: TrainingSettings['loss'][] = [
    'crossEntropy',
    'hinge',
    'meanSquaredError',
    'meanAbsoluteError',
    'huber',
  ];

  test.each(losses)('the loss %s tells moons apart', async (loss) => {
    const { progress } = await trained({
      data: { name: 'moons', samples: 200 },
      training: { loss, epochs: 100, learningRate: 0.01 },
    });
    expect(progress.scores.test).toBeGreaterThan(0.9);
    expect(progress.losses.train.at(-1)!).toBeLessThan(0.7 * progress.losses.train[0]!);
  });

  test.each(['sgd', 'momentum', 'adam', 'adamW', 'rmsprop'] as const)('the optimizer %s', async (optimizer) => {
    const learningRate = { sgd: 0.5, momentum: 0.1, adam: 0.01, adamW: 0.01, rmsprop: 0.01 }[optimizer];
    const { progress } = await trained({
      data: { name: 'moons', samples: 200 },
      training: { optimizer, learningRate, epochs: 100 },
    });
    expect(progress.scores.test).toBeGreaterThan(0.9);
  });

  test.each(['linear', 'relu', 'leakyRelu', 'elu', 'gelu', 'tanh', 'sigmoid', 'silu'] as const)(
    'the activation %s, with normalization and dropout; the picture is what the network answers',
    async (activation) => {
      const told = await new Told().after(
        startOf({
          data: { name: 'gaussians', samples: 150 },
          network: { layers: layersOf([8, 5], activation), batchNorm: true, dropout: 0.2, l1: 0.001 },
          training: { epochs: 60, learningRate: 0.03 },
          isRunning: true,
        }),
      );
      const { progress } = told.last('stopped');
      expect(told.last('started').shape).toEqual([
        { name: 'h1', units: 8, activation },
        { name: 'h2', units: 5, activation },
        { name: 'output', units: 3, activation: 'softmax' },
      ]);
      expect(progress.scores.test).toBeGreaterThan(0.85);
      const { picture } = progress;
      if (picture.kind !== 'plane') return expect(picture.kind).toBe('plane');
      expect(picture.values).toHaveLength(picture.width * picture.height * 3);
      expect(picture.neurons.map((layer) => layer.map(({ length }) => length))).toEqual([
        Array(8).fill(24 * 24),
        Array(5).fill(24 * 24),
      ]);
      for (let i = 0; i < picture.values.length; i += 3)
        expect(picture.values[i]! + picture.values[i + 1]! + picture.values[i + 2]!).toBeCloseTo(1, 4);
    },
  );

  test.each<[DataName, number]>([
    ['circles', 0.9],
    ['xor', 0.9],
    ['aboveSine', 0.9],
    ['gaussians', 0.9],
    ['digits', 0.85],
  ])('%s', async (name, least) => {
    const { progress } = await trained({ data: { name, samples: 400 }, training: { epochs: 60, learningRate: 0.01 } });
    expect(progress.scores.test).toBeGreaterThan(least);
    expect(progress.picture.kind).toBe(name === 'digits' ? 'none' : 'plane');
  });
});

test('the plane is the right way up: the class of the samples near each cell', async () => {
  const told = await new Told().after(
    startOf({
      data: { name: 'gaussians', samples: 300, noise: 0 },
      training: { epochs: 60, learningRate: 0.01 },
      isRunning: true,
    }),
  );
  const { picture } = told.last('stopped').progress;
  const { train, ranges } = told.last('started').samples;
  if (picture.kind !== 'plane') throw new Error('no plane');
  let right = 0;
  for (let i = 0; i < train.length; i += 3) {
    const [x1, x2, of] = [train[i]!, train[i + 1]!, train[i + 2]!];
    const [[left, rightmost], [low, high]] = ranges as [[number, number], [number, number]];
    const column = Math.floor((picture.width * (x1 - left)) / (rightmost - left));
    const row = Math.floor((picture.height * (high - x2)) / (high - low));
    const at = 3 * (row * picture.width + column);
    const cell = [...picture.values.subarray(at, at + 3)];
    if (cell.indexOf(Math.max(...cell)) === of) right++;
  }
  expect(right / (train.length / 3)).toBeGreaterThan(0.97);
});

test('numbers that are all the same in the validation samples have no R²: the loss is judged', async () => {
  const rows = Array.from({ length: 60 }, (_, i) => `${(i * i) % 7},${(i * i) % 11},${i === 0 ? 9 : 3.5}`);
  const table = { text: `a,b,y\n${rows.join('\n')}`, target: 'y' };
  const told = await new Told().after(
    startOf({ data: { name: 'table' }, training: { epochs: 5, loss: 'meanSquaredError' }, table, isRunning: true }),
  );
  const { progress, verdict } = told.last('stopped');
  expect(progress.scores.validation).toBeNaN();
  expect(verdict.verdict).not.toBe('broken');
  expect(verdict.reasons[0]).toMatch(/^training loss [\d.]+, validation [\d.e-]+:/);
});
