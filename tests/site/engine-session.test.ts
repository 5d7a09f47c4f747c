import { describe, expect, test } from 'vitest';
import type { Command, Event } from '../../site/src/engine/messages.ts';
import { DEFAULTS } from '../../site/src/state/defaults.ts';
import type { TrainingSettings } from '../../site/src/state/settings.ts';
import { saidOf } from './refused.ts';
import { layersOf, startOf, Told } from './sessions.ts';

const adjust = (training: Partial<TrainingSettings>): Command => ({
  kind: 'adjust',
  training: { ...DEFAULTS.training, ...training },
});
const small = { data: { name: 'moons', samples: 100 }, training: { epochs: 40 } } as const;

test('it tells that it is there, once, with its kernels', () => {
  const told = new Told();
  told.session.begin();
  expect(told.events).toEqual([{ kind: 'ready', kernels: 'wasm', version: '1.2.3' }]);
});

describe('run, pause and step', () => {
  test('a start that does not run shows the network as it begins', async () => {
    const told = await new Told().after(startOf(small));
    expect(told.events.map(({ kind }) => kind)).toEqual(['started', 'stopped']);
    const { why, progress } = told.last('stopped');
    expect([why, progress.epoch, progress.best, progress.losses.train.length]).toEqual([
      { kind: 'paused' },
      0,
      null,
      0,
    ]);
    expect(progress.weights.map(({ length }) => length)).toEqual([2 * 16, 16 * 16, 16 * 2]);
  });

  test('a step is one epoch', async () => {
    const told = await new Told().after(startOf(small), { kind: 'step' }, { kind: 'step' });
    expect(told.all('stopped').map(({ progress, why }) => [progress.epoch, why.kind])).toEqual([
      [0, 'paused'],
      [1, 'paused'],
      [2, 'paused'],
    ]);
  });

  test('a pause stops it, and a run goes on from there to the end', async () => {
    const told = new Told();
    let isPaused = false;
    told.listener = (event) => {
      if (event.kind !== 'progress' || event.progress.epoch < 5 || isPaused) return;
      isPaused = true;
      void told.session.follow({ kind: 'pause' });
    };
    await told.after(startOf({ ...small, training: { epochs: 300 }, isRunning: true }));
    const paused = told.last('stopped');
    expect(paused.why).toEqual({ kind: 'paused' });
    expect(paused.progress.epoch).toBeGreaterThanOrEqual(5);
    expect(paused.progress.epoch).toBeLessThan(300);
    const before = told.events.length;
    await told.after({ kind: 'pause' }); // again: nothing is told
    expect(told.events.length).toBe(before);
    const done = (await told.after({ kind: 'run' })).last('stopped');
    expect([done.why, done.progress.epoch]).toEqual([{ kind: 'done' }, 300]);
    expect(done.progress.losses.train.slice(0, paused.progress.epoch)).toEqual(paused.progress.losses.train);
  });

  test('at the end there is nothing to run, until there are more epochs', async () => {
    const told = await new Told().after(startOf({ ...small, isRunning: true }), { kind: 'run' }, { kind: 'step' });
    for (const { reason } of told.all('refused')) expect(reason).toEqual({ kind: 'all epochs trained', epochs: 40 });
    expect(told.all('refused').map(({ of }) => of)).toEqual(['run', 'step']);
    await told.after(adjust({ epochs: 50 }), { kind: 'run' });
    expect(told.last('stopped').progress.epoch).toBe(50);
  });

  test('a start while it trains replaces what was', async () => {
    const told = new Told();
    let isReplaced = false;
    told.listener = (event) => {
      if (event.kind !== 'progress' || event.progress.epoch < 3 || isReplaced) return;
      isReplaced = true;
      void told.session.follow(
        startOf({ data: { name: 'sine', samples: 50 }, training: { epochs: 7 }, isRunning: true }),
      );
    };
    await told.after(startOf({ ...small, training: { epochs: 5000 }, isRunning: true }));
    expect(told.all('started').map(({ samples }) => samples.task)).toEqual(['classification', 'regression']);
    expect(told.all('stopped').map(({ progress }) => progress.epoch)).toEqual([7]);
    const second = told.events.map(({ kind }) => kind).lastIndexOf('started');
    for (const event of told.events.slice(second))
      if (event.kind === 'progress') expect(event.progress.picture.kind).toBe('curve');
  });

  test('before a start everything is refused, and says so', async () => {
    const commands: Command[] = [
      { kind: 'run' },
      { kind: 'pause' },
      { kind: 'step' },
      adjust({}),
      { kind: 'explain', layer: 0, unit: 0 },
      { kind: 'compress', settings: DEFAULTS.compress },
    ];
    const told = await new Told().after(...commands);
    expect(told.events).toEqual(
      commands.map(({ kind: of }) => ({ kind: 'refused', of, reason: { kind: 'nothing started' } })),
    );
  });

  test('a start that is refused leaves what was', async () => {
    const told = await new Told().after(
      startOf(small),
      { kind: 'step' },
      startOf({ data: { name: 'table' } }),
      startOf({ data: { name: 'gaussians' }, training: { loss: 'hinge' } }),
      { kind: 'step' },
    );
    expect(told.all('refused').map(({ reason }) => reason)).toEqual([
      { kind: 'no table' },
      { kind: 'hinge of classes', classes: 3 },
    ]);
    expect(told.last('stopped').progress.epoch).toBe(2);
  });

  test('while a start is refused what was comes to rest', async () => {
    const told = new Told();
    let isAsked = false;
    told.listener = (event) => {
      if (event.kind !== 'progress' || event.progress.epoch < 3 || isAsked) return;
      isAsked = true;
      void told.session.follow(startOf({ data: { name: 'table' }, isRunning: true }));
    };
    await told.after(startOf({ ...small, training: { epochs: 5000 }, isRunning: true }));
    expect(told.all('refused').map(({ reason }) => reason)).toEqual([{ kind: 'no table' }]);
    expect(told.last('stopped').why).toEqual({ kind: 'paused' });
    expect(told.last('stopped').progress.epoch).toBeLessThan(5000);
  });
});

test('what cannot be told when it stops ends no later training', async () => {
  const told = new Told();
  const start = startOf({ training: { epochs: 2 }, isRunning: true });
  told.listener = ({ kind }) => {
    if (kind === 'stopped') throw new Error('no memory');
  };
  await told.after(start);
  expect(told.last('refused')).toMatchObject({ of: 'run', reason: { kind: 'unexplained', sentence: 'no memory' } });
  told.listener = () => {};
  told.events.length = 0;
  await told.after(start);
  expect(told.last('stopped')).toMatchObject({ why: { kind: 'done' }, progress: { epoch: 2 } });
});

describe('what is told while it trains', () => {
  test('pictures come at most 15 times a second, and slices are short', async () => {
    const told = new Told(1);
    const times: number[] = [];
    told.listener = ({ kind }) => {
      if (kind === 'progress') times.push(told.time);
    };
    const told2 = await told.after(startOf({ ...small, training: { epochs: 200 }, isRunning: true }));
    expect(times.length).toBeGreaterThan(5);
    for (let i = 2; i < times.length; i++) expect(times[i]! - times[i - 1]!).toBeGreaterThanOrEqual(1000 / 15 - 2);
    // 200 epochs of 2 batches, a look at the clock each: a slice ends after 12.
    expect(told2.waits).toBeGreaterThanOrEqual(400 / 13);
  });

  test('numbers that are sent are made for it: none is sent twice', async () => {
    const told = await new Told().after(startOf({ ...small, isRunning: true }));
    const seen = new Set<ArrayBufferLike>();
    const buffersIn = (value: unknown): ArrayBufferLike[] =>
      ArrayBuffer.isView(value)
        ? [value.buffer]
        : typeof value === 'object' && value !== null
          ? Object.values(value).flatMap(buffersIn)
          : [];
    // Pictures of a layer are parts of one buffer
    for (const event of told.events as Event[])
      for (const buffer of event.kind === 'progress' || event.kind === 'stopped'
        ? new Set(buffersIn(event.progress))
        : []) {
        expect(seen.has(buffer)).toBe(false);
        seen.add(buffer);
      }
    expect(seen.size).toBeGreaterThan(10);
  });

  test('the best epoch is that of the lowest validation loss', async () => {
    const { progress } = (await new Told().after(startOf({ ...small, isRunning: true }))).last('stopped');
    const { validation } = progress.losses;
    expect(progress.best).toBe(1 + validation.indexOf(Math.min(...validation)));
  });
});

describe('early stopping', () => {
  const overfitting = {
    data: { name: 'moons', samples: 200, noise: 0.5, validation: 0.3, seed: 1 },
    network: { layers: layersOf([32, 32], 'relu') },
    training: { learningRate: 0.01, epochs: 300, earlyStopping: true, patience: 15 },
  } as const;

  test.each([true, false])('stops after its patience (restore: %s)', async (restoreBest) => {
    const told = await new Told().after(
      startOf({ ...overfitting, training: { ...overfitting.training, restoreBest }, isRunning: true }),
    );
    const { why, progress } = told.last('stopped');
    const { validation } = progress.losses;
    const best = 1 + validation.indexOf(Math.min(...validation));
    expect(why).toEqual({ kind: 'early', bestEpoch: best, isRestored: restoreBest });
    expect([progress.best, progress.epoch]).toEqual([best, best + 15]);
    // What one gets by training for just as long.
    const until = restoreBest ? best : best + 15;
    const other = await new Told().after(
      startOf({
        ...overfitting,
        training: { ...overfitting.training, earlyStopping: false, epochs: until },
        isRunning: true,
      }),
    );
    expect(other.last('stopped').progress.weights).toEqual(progress.weights);
    expect(other.last('stopped').progress.scores).toEqual(progress.scores);
  });

  test('after it a run goes on, with patience anew', async () => {
    const told = await new Told().after(startOf({ ...overfitting, isRunning: true }), { kind: 'run' });
    const [first, second] = told.all('stopped');
    expect([first?.why.kind, second?.why.kind]).toEqual(['early', 'early']);
    expect(second!.progress.epoch).toBeGreaterThanOrEqual(first!.progress.epoch + 15);
  });

  test('another patience while it trains counts from the same best epoch', async () => {
    const first = (await new Told().after(startOf({ ...overfitting, isRunning: true }))).last('stopped');
    const best = first.progress.best!;
    const told = await new Told().after(
      startOf({ ...overfitting, training: { ...overfitting.training, patience: 100 } }),
    );
    for (let i = 0; i < best + 10; i++) await told.after({ kind: 'step' });
    await told.after(adjust({ ...overfitting.training, patience: 14 }), { kind: 'run' });
    const { why, progress } = told.last('stopped');
    expect(why).toEqual({ kind: 'early', bestEpoch: best, isRestored: true });
    expect(progress.epoch).toBe(best + 14);
    expect(progress.weights).toEqual(first.progress.weights);
  });
});

describe('numbers that are none', () => {
  const wild = {
    data: { name: 'plane', samples: 200 },
    network: { layers: layersOf([16, 16], 'relu') },
    training: { optimizer: 'momentum', learningRate: 3, loss: 'meanSquaredError', epochs: 60 },
  } as const;

  test('stop it, are named, and a lower rate goes on from the last good epoch', async () => {
    const told = await new Told().after(startOf({ ...wild, isRunning: true }));
    const { why, progress, verdict } = told.last('stopped');
    if (why.kind !== 'nan') throw new Error(`it stopped by ${why.kind}`);
    expect(['loss', 'h1', 'h2', 'output']).toContain(why.where);
    expect(why.epoch).toBeGreaterThanOrEqual(1);
    expect(why.suggestedRate).toBeCloseTo(0.3, 10);
    expect(verdict.verdict).toBe('broken');
    for (const weights of progress.weights) expect(weights.every(Number.isFinite)).toBe(true);
    expect(Object.values(progress.scores).every(Number.isFinite)).toBe(true);
    expect(progress.losses.train).toHaveLength(progress.epoch);
    await told.after(adjust({ ...wild.training, learningRate: 0.003 }), { kind: 'run' });
    const after = told.last('stopped');
    expect(after.why).toEqual({ kind: 'done' });
    expect(after.progress.epoch).toBe(60);
    expect(after.progress.scores.test).toBeGreaterThan(0.9);
  });

  test('the same rate breaks down again, and nothing else happens', async () => {
    const told = await new Told().after(startOf({ ...wild, isRunning: true }), { kind: 'run' }, { kind: 'run' });
    expect(told.all('stopped').map(({ why }) => why.kind)).toEqual(['nan', 'nan', 'nan']);
    expect(told.all('refused')).toEqual([]);
  });
});

describe('adjusting', () => {
  test('the rate that is set is the one that trains', async () => {
    const lossesAt = async (rate: number): Promise<Float32Array> => {
      const told = await new Told().after(startOf(small), adjust({ ...small.training, learningRate: rate }), {
        kind: 'run',
      });
      return told.last('stopped').progress.losses.train;
    };
    const own = (await new Told().after(startOf({ ...small, isRunning: true }))).last('stopped').progress.losses.train;
    expect(await lossesAt(DEFAULTS.training.learningRate)).toEqual(own);
    const slow = await lossesAt(1e-5);
    expect(slow.at(-1)!).toBeGreaterThan(0.95 * slow[0]!);
    expect(own.at(-1)!).toBeLessThan(0.7 * own[0]!);
  });

  test('optimizer, batch size and a loss of the same output may change on the way', async () => {
    const told = await new Told().after(
      startOf(small),
      { kind: 'step' },
      adjust({ epochs: 40, optimizer: 'sgd', learningRate: 0.3, batchSize: 7 }),
      { kind: 'step' },
      adjust({ epochs: 40, loss: 'meanSquaredError' }),
      { kind: 'run' },
    );
    expect(told.all('refused')).toEqual([]);
    const { train } = told.last('stopped').progress.losses;
    expect(train).toHaveLength(40);
    expect(train[39]!).toBeLessThan(train[2]!);
  });

  test('a loss of another output is refused, and a rate that is none; what was stays', async () => {
    const told = await new Told().after(
      startOf(small),
      adjust({ epochs: 40, loss: 'hinge' }),
      adjust({ epochs: 40, learningRate: -1 }),
      { kind: 'run' },
    );
    const [other, negative] = told.all('refused');
    expect(other?.reason).toEqual({ kind: 'other output', loss: 'hinge' });
    expect(saidOf(negative!.reason)).toBe('The learning rate is -1: it must be from 0.00001 to 10.');
    const plain = await new Told().after(startOf({ ...small, isRunning: true }));
    expect(told.last('stopped').progress.losses).toEqual(plain.last('stopped').progress.losses);
  });
});

describe('what a neuron computes', () => {
  const started = (batchNorm = false): Promise<Told> =>
    new Told().after(startOf({ ...small, network: { layers: layersOf([4, 3], 'tanh'), batchNorm }, isRunning: true }));

  test.each([false, true])('is the sum of its terms, through its activation (normalized: %s)', async (batchNorm) => {
    const told = await started(batchNorm);
    const answers = [0, 1, 2, 3].map((unit) => ({ kind: 'explain', layer: 0, unit, sample: [0.3, -0.2] }) as const);
    await told.after(...answers, { kind: 'explain', layer: 1, unit: 2, sample: [0.3, -0.2] });
    const explained = told.all('explained').map(({ explanation }) => explanation);
    for (const { terms, bias, sum, output } of explained) {
      expect(terms.reduce((total, { weight, value }) => total + weight * value, bias)).toBeCloseTo(sum, 4);
      expect(output).toBeCloseTo(Math.tanh(sum), 5);
    }
    expect(explained[0]?.terms.map(({ from }) => from)).toEqual(['x1', 'x2']);
    // The second layer sees what the first gives.
    const second = explained.at(-1)!;
    expect(second.terms.map(({ from }) => from)).toEqual(['h1.1', 'h1.2', 'h1.3', 'h1.4']);
    for (const [i, { value }] of second.terms.entries()) expect(value).toBeCloseTo(explained[i]!.output, 5);
  });

  test.each([false, true])(
    'the outputs of softmax add up to 1, and are what the plane shows (normalized: %s)',
    async (batchNorm) => {
      const told = await started(batchNorm);
      const { picture } = told.last('stopped').progress;
      const { ranges } = told.last('started').samples;
      if (picture.kind !== 'plane') throw new Error('no plane');
      const [row, column] = [20, 31];
      const [[left, right], [low, high]] = ranges as [[number, number], [number, number]];
      const x1 = left + ((right - left) * (column + 0.5)) / picture.width;
      const x2 = high - ((high - low) * (row + 0.5)) / picture.height;
      await told.after(...[0, 1].map((unit) => ({ kind: 'explain', layer: 2, unit, sample: [x1, x2] }) as const));
      const [no, yes] = told.all('explained').map(({ explanation }) => explanation.output) as [number, number];
      expect(no + yes).toBeCloseTo(1, 5);
      expect(picture.values[row * picture.width + column]).toBeCloseTo(yes, 4);
    },
  );

  test('without a sample it is the last one trained on; others are refused', async () => {
    const told = await (await started()).after(
      { kind: 'explain', layer: 0, unit: 1 },
      { kind: 'explain', layer: 3, unit: 0 },
      { kind: 'explain', layer: 0, unit: 4 },
      { kind: 'explain', layer: 0, unit: 0, sample: [1] },
    );
    expect(told.all('explained')).toHaveLength(1);
    expect(told.all('refused').map(({ reason }) => saidOf(reason))).toEqual([
      'There is no neuron 1 in layer 4.',
      'There is no neuron 5 in layer 1.',
      'A sample has 2 numbers here, and 1 were given.',
    ]);
  });
});
