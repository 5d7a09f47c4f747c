import { describe, expect, test } from 'vitest';
import {
  Adam,
  type Callback,
  CSVLogger,
  Dense,
  digest,
  type FitOptions,
  type History,
  LearningRateScheduler,
  loadModel,
  type Metric,
  ModelCheckpoint,
  ReduceLROnPlateau,
  type Schedule,
  Sequential,
  SGD,
  stepDecay,
  TerminateOnNaN,
  ValueError,
} from '../../src/index.ts';
import { expectClose, list, noise, of, scripted, warnings } from './tools.ts';

const draw = noise(9);
const x = of(list(24, draw), [12, 2], 'float32');
const y = of(list(12, draw), [12, 1], 'float32');

function network(metrics: Metric[] = [], learningRate = 1): Sequential {
  const model = new Sequential([new Dense(1, { inputShape: [2] })]);
  model.compile({ optimizer: new SGD({ learningRate }), loss: 'mse', metrics });
  return model;
}

/** The learning rate after each epoch. */
function rates(values: readonly number[], callback: Callback, learningRate = 1): readonly number[] {
  const model = network([scripted('error', values)], learningRate);
  const after: number[] = [];
  const log: Callback = { onEpochEnd: (_epoch, _logs, m) => after.push(m.optimizer.learningRate) };
  model.fit(x, y, { epochs: values.length, callbacks: [callback, log] });
  return after;
}

describe('ReduceLROnPlateau', () => {
  const monitor = 'error';

  test('reduces after `patience` epochs without improvement, and counts anew', () => {
    const reduce = new ReduceLROnPlateau({ monitor, factor: 0.5, patience: 2 });
    const values = [5, 4, 4, 4, 4, 4, 3, 3, 3];
    const wanted = [1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125];
    expect(rates(values, reduce)).toEqual(wanted);
    expect(rates(values, reduce)).toEqual(wanted); // the object serves again
  });

  test('waits out the cooldown', () => {
    const reduce = new ReduceLROnPlateau({ monitor, factor: 0.5, patience: 1, cooldown: 2 });
    // Reduced in epoch 1; epochs 2 and 3 cool down, where the last one counts again.
    expect(rates([5, 5, 5, 5, 5, 5, 5], reduce)).toEqual([1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]);
  });

  test('stops at minLearningRate', () => {
    const reduce = new ReduceLROnPlateau({ monitor, factor: 0.1, patience: 1, minLearningRate: 0.05 });
    expectClose(rates([5, 5, 5, 5], reduce), [1, 0.1, 0.05, 0.05], 1e-15);
    expect(rates([5, 5, 5, 5], reduce, 0.01)).toEqual([0.01, 0.01, 0.01, 0.01]); // a rate below is not raised to it
  });

  test('takes NaN as no improvement, and what is within minDelta too', () => {
    const reduce = new ReduceLROnPlateau({ monitor, factor: 0.5, patience: 1, minDelta: 0.1 });
    expect(rates([5, Number.NaN, 4.95, 4], reduce)).toEqual([1, 0.5, 0.25, 0.25]);
  });

  test('looks for a rise where the figure should rise', () => {
    const reduce = new ReduceLROnPlateau({ monitor, mode: 'max', factor: 0.5, patience: 1 });
    expect(rates([1, 2, 1, 3], reduce)).toEqual([1, 1, 0.5, 0.5]);
  });

  test('refuses a factor that does not reduce', () => {
    for (const factor of [1, 2, -0.1, Number.NaN]) expect(() => new ReduceLROnPlateau({ factor })).toThrow(ValueError);
    expect(() => new ReduceLROnPlateau({ patience: -1 })).toThrow(ValueError);
  });
});

describe('LearningRateScheduler', () => {
  test('sets the rate of each epoch before it begins', () => {
    const during: number[] = [];
    const model = network();
    const callbacks: Callback[] = [
      new LearningRateScheduler((epoch, rate) => (epoch === 0 ? 0.5 : rate / 2)),
      { onBatchBegin: (_batch, m) => during.push(m.optimizer.learningRate) },
    ];
    const { history } = model.fit(x, y, { epochs: 3, callbacks });
    expect(during).toEqual([0.5, 0.25, 0.125]);
    expect(history.learning_rate).toEqual([0.5, 0.25, 0.125]);
  });

  test('a rate of NaN is refused, one of 0 changes nothing', () => {
    const model = network();
    expect(() => model.fit(x, y, { callbacks: [new LearningRateScheduler(() => Number.NaN)] })).toThrow(ValueError);
    const before = digest(model);
    model.fit(x, y, { callbacks: [new LearningRateScheduler(() => 0)] });
    expect(digest(model)).toBe(before);
  });
});

describe('TerminateOnNaN', () => {
  test('stops after the batch whose loss is not finite, and says which step it was', async () => {
    for (const bad of [Number.NaN, Infinity]) {
      const guard = new TerminateOnNaN();
      const model = network([], 1e-3);
      const inputs = of(
        [...x.data].map((v, i) => (i === 8 ? bad : v)),
        [12, 2],
        'float32',
      ); // sample 4
      const options = { batchSize: 2, epochs: 5, shuffle: false, callbacks: [guard] };
      const said = await warnings(() => expect(model.fit(inputs, y, options).epochs).toEqual([0]));
      expect(said).toEqual([
        `fit: the loss is ${bad === Infinity ? 'Infinity' : 'NaN'} in epoch 1, batch 3: the inputs of sample 4 are not finite. Training stops there`,
      ]);
      expect([guard.badStep, model.steps]).toEqual([3, 3]);
      const fine = network([], 1e-3);
      expect(fine.fit(x, y, { epochs: 2, callbacks: [guard] }).epochs).toEqual([0, 1]);
      expect(guard.badStep).toBe(null);
    }
  });
});

describe('ModelCheckpoint', () => {
  test('hands over the model whenever the figure is better', () => {
    const values = [3, Number.NaN, 2, 2, 1, 4];
    const saved: [number, Uint8Array][] = [];
    const digests: string[] = [];
    const model = network([scripted('error', values)], 0.1);
    const checkpoint = new ModelCheckpoint((bytes, epoch) => saved.push([epoch, bytes]), {
      monitor: 'error',
      withoutCode: true,
    });
    const log: Callback = { onEpochEnd: (_epoch, _logs, m) => digests.push(digest(m)) };
    model.fit(x, y, { epochs: values.length, callbacks: [checkpoint, log] });
    expect(saved.map(([epoch]) => epoch)).toEqual([0, 2, 4]);
    for (const [epoch, bytes] of saved) expect(digest(loadModel(bytes))).toBe(digests[epoch]);
  });

  test('hands over every epoch when asked', () => {
    const seen: number[] = [];
    const sink = (_bytes: Uint8Array, epoch: number): void => {
      seen.push(epoch);
    };
    network([], 0.1).fit(x, y, { epochs: 3, callbacks: [new ModelCheckpoint(sink, { saveBestOnly: false })] });
    expect(seen).toEqual([0, 1, 2]);
  });

  test('its files resume the run to the bit', () => {
    const make = (): Sequential => {
      const model = new Sequential([new Dense(3, { activation: 'relu', inputShape: [2] }), new Dense(1)]);
      model.compile({ optimizer: new Adam(), loss: 'mse' });
      return model;
    };
    const files: Uint8Array[] = [];
    const checkpoint = new ModelCheckpoint((bytes) => files.push(bytes), { saveBestOnly: false });
    const whole = make();
    whole.fit(x, y, { epochs: 6, batchSize: 5, callbacks: [checkpoint] });
    const resumed = loadModel(files[2]!);
    resumed.fit(x, y, { epochs: 6, initialEpoch: 3, batchSize: 5 });
    expect(digest(resumed)).toBe(digest(whole));
  });
});

describe('CSVLogger', () => {
  test('hands over a header and one line an epoch', () => {
    const lines: string[] = [];
    const logger = new CSVLogger((line) => lines.push(line));
    const model = network([scripted('error', [1.5, Number.NaN, 0.25, 7])], 0.1);
    const { history } = model.fit(x, y, { epochs: 2, callbacks: [logger] });
    model.fit(x, y, { epochs: 4, initialEpoch: 2, callbacks: [logger] });
    expect(lines.slice(0, 3)).toEqual([
      'epoch,loss,error,learning_rate',
      `0,${history.loss![0]},1.5,0.1`,
      `1,${history.loss![1]},NaN,0.1`,
    ]);
    expect(lines.length).toBe(6); // a new fit, a new header
    expect(lines[4]).toMatch(/^2,.*,0\.25,0\.1$/);
  });

  test('leaves the cell of a missing figure empty, and refuses one that was not there in the first epoch', () => {
    const lines: string[] = [];
    const logger = new CSVLogger((line) => lines.push(line));
    logger.onTrainBegin();
    logger.onEpochEnd(0, { loss: 1, mae: 2 });
    logger.onEpochEnd(1, { loss: 0 });
    expect(lines).toEqual(['epoch,loss,mae', '0,1,2', '1,0,']);
    expect(() => logger.onEpochEnd(2, { loss: 0, mae: 1, val_loss: 3 })).toThrow(
      'CSVLogger: the figure val_loss was not there in the first epoch',
    );
    expect(lines).toHaveLength(3);
  });
});

test('the rate in the history is what the last step of the epoch took, by a schedule as by a callback', () => {
  const fitted = (learningRate: number | Schedule, options: FitOptions = {}): History => {
    const model = new Sequential([new Dense(1, { inputShape: [2] })]);
    model.compile({ optimizer: new SGD({ learningRate }), loss: 'mse' });
    return model.fit(x, y, { epochs: 3, batchSize: 6, ...options });
  };
  const byCallback = [new LearningRateScheduler((epoch) => 0.1 * 0.5 ** epoch)];
  const lines: string[] = [];
  const { history } = fitted(stepDecay(0.1, 2, 0.5), { callbacks: [new CSVLogger((line) => lines.push(line))] });
  expect(history.learning_rate).toEqual([0.1, 0.05, 0.025]);
  expect(history).toEqual(fitted(0.1, { callbacks: byCallback }).history);
  expect(lines.slice(1).map((line) => line.split(',').at(-1))).toEqual(['0.1', '0.05', '0.025']);
  expect(fitted(stepDecay(0.1, 1, 0.5), { accumulate: 2 }).history.learning_rate).toEqual([0.1, 0.05, 0.025]);
});
