import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Command } from '../../site/src/engine/messages.ts';
import { DEFAULTS } from '../../site/src/state/defaults.ts';
import type { DataSettings, NetworkSettings, TrainingSettings } from '../../site/src/state/settings.ts';
import { saidOf } from './refused.ts';
import { Told } from './sessions.ts';

/** Mostly what the page allows, and now and then what it never sends. */
const odd = (usual: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  fc.oneof({ weight: 60, arbitrary: usual }, { weight: 1, arbitrary: fc.constantFrom(0, -1, 0.5, Number.NaN, 1e9) });
const count = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const share = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });

const names: DataSettings['name'][] = [
  'spiral',
  'moons',
  'circles',
  'xor',
  'gaussians',
  'polynomial',
  'sine',
  'plane',
  'aboveSine',
  'drawn',
  'table',
  'digits',
];
const data: fc.Arbitrary<DataSettings> = fc.record({
  name: fc.constantFrom(...names),
  samples: fc.oneof(
    { weight: 60, arbitrary: count(20, 120) },
    { weight: 1, arbitrary: fc.constantFrom(0, -1, 0.5, 3) },
  ),
  noise: odd(share(0, 1)),
  validation: odd(share(0.1, 0.4)),
  test: odd(share(0.1, 0.4)),
  seed: odd(count(0, 1000)),
  degree: fc.oneof({ weight: 60, arbitrary: count(1, 12) }, { weight: 1, arbitrary: fc.constantFrom(0, -1, 0.5) }),
});
const network: fc.Arbitrary<NetworkSettings> = fc.record({
  layers: fc.array(
    fc.record({
      units: fc.oneof({ weight: 60, arbitrary: count(1, 12) }, { weight: 1, arbitrary: fc.constantFrom(0, -1, 0.5) }),
      activation: fc.constantFrom('linear', 'relu', 'leakyRelu', 'elu', 'gelu', 'tanh', 'sigmoid', 'silu'),
    }),
    { maxLength: 6 },
  ),
  dropout: odd(share(0, 0.8)),
  l1: odd(share(0, 1)),
  l2: odd(share(0, 1)),
  batchNorm: fc.boolean(),
});
const training: fc.Arbitrary<TrainingSettings> = fc.record({
  loss: fc.constantFrom('crossEntropy', 'hinge', 'meanSquaredError', 'meanAbsoluteError', 'huber'),
  optimizer: fc.constantFrom('sgd', 'momentum', 'adam', 'adamW', 'rmsprop'),
  learningRate: odd(fc.constantFrom(1e-5, 1e-3, 0.01, 0.1, 1, 10)),
  batchSize: odd(count(1, 256)),
  epochs: fc.oneof(
    { weight: 60, arbitrary: count(1, 12) },
    { weight: 1, arbitrary: fc.constantFrom(0, -1, 0.5, Number.NaN) },
  ),
  earlyStopping: fc.boolean(),
  patience: odd(count(1, 6)),
  restoreBest: fc.boolean(),
});
const start: fc.Arbitrary<Command> = fc.record(
  {
    kind: fc.constant('start' as const),
    data,
    network,
    training,
    isRunning: fc.boolean(),
    points: fc.array(fc.tuple(share(-1, 1), share(-1, 1), fc.constantFrom(0, 1, 2)), { minLength: 0, maxLength: 60 }),
    table: fc.record({
      text: fc.constantFrom(
        '',
        'a,b\n1,2',
        `a,b,c\n${Array.from({ length: 30 }, (_, i) => `${i},${i % 7},${i % 2}`).join('\n')}`,
      ),
      target: fc.constantFrom('a', 'b', 'c'),
    }),
  },
  { requiredKeys: ['kind', 'data', 'network', 'training', 'isRunning'] },
);
const others: fc.Arbitrary<Command> = fc.oneof(
  fc.constantFrom<Command>({ kind: 'run' }, { kind: 'pause' }, { kind: 'step' }),
  fc.record({ kind: fc.constant('adjust' as const), training }),
  fc.record(
    {
      kind: fc.constant('explain' as const),
      layer: count(-1, 7),
      unit: count(-1, 13),
      sample: fc.array(share(-1, 1), { maxLength: 3 }),
    },
    { requiredKeys: ['kind', 'layer', 'unit'] },
  ),
);
/** A command, and how often the others are let in before the next. */
const steps = fc.array(
  fc.tuple(fc.oneof({ weight: 1, arbitrary: start }, { weight: 3, arbitrary: others }), count(0, 4)),
  { minLength: 1, maxLength: 12 },
);

const OUTLASTING = 30_000;

test('no sequence of commands throws or stalls; what cannot be followed is refused in a sentence', async () => {
  let [followed, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(start, steps, async (first, then) => {
      const told = new Told(1);
      const all: [Command, number][] = [[first, 1], ...then];
      for (const [command, pauses] of all) {
        void told.session.follow(command);
        for (let i = 0; i < pauses; i++) await new Promise((resolve) => setImmediate(resolve));
      }
      let timer: ReturnType<typeof setTimeout> | undefined;
      const tooLong = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('it stalled')), OUTLASTING);
      });
      await Promise.race([told.session.rest(), tooLong]);
      clearTimeout(timer);
      const starts = all.filter(([{ kind }]) => kind === 'start').length;
      const notStarted = told.all('refused').filter(({ of }) => of === 'start').length;
      expect(told.all('started').length + notStarted).toBe(starts);
      for (const { reason } of told.all('refused')) {
        const message = saidOf(reason);
        expect(message).toMatch(/^[A-Za-z]\S*( \S+){3,}[\w.)\]'"%]$/);
        expect(message).not.toMatch(/undefined|is not a function|Cannot read|\[object/);
      }
      for (const { progress } of told.all('stopped')) {
        expect(progress.weights.every((weights) => weights.every(Number.isFinite))).toBe(true);
        expect(progress.losses.train).toHaveLength(progress.epoch);
        expect(progress.losses.train.every(Number.isFinite)).toBe(true);
      }
      // At rest the last thing of an experiment is that it stopped, and it can be started again.
      if (told.all('started').length > 0) {
        const last = told.events.map(({ kind }) => kind).lastIndexOf('stopped');
        const progress = told.events.map(({ kind }) => kind).lastIndexOf('progress');
        expect(last).toBeGreaterThan(progress);
      }
      await told.after({
        kind: 'start',
        ...DEFAULTS,
        training: { ...DEFAULTS.training, epochs: 1 },
        isRunning: true,
      });
      expect(told.last('stopped').progress.epoch).toBe(1);
      followed += told.all('started').length;
      refused += told.all('refused').length;
    }),
    { numRuns: 200 },
  );
  expect(followed).toBeGreaterThan(400);
  expect(refused).toBeGreaterThan(50);
}, 300_000);
