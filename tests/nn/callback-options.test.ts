import { describe, expect, test, vi } from 'vitest';
import {
  type Callback,
  CSVLogger,
  Dense,
  EarlyStopping,
  type Logs,
  ModelCheckpoint,
  ReduceLROnPlateau,
  Sequential,
  SGD,
  TerminateOnNaN,
} from '../../src/index.ts';

function model(learningRate = 1): Sequential {
  const made = new Sequential([new Dense(1, { inputShape: [1] })]);
  made.compile({ optimizer: new SGD({ learningRate }), loss: 'mse' });
  return made;
}

/** The rate after each of these epochs, whose figures are `val_loss` unless they have another name. */
function rates(callback: Callback, values: readonly number[], key = 'val_loss', rate = 1): number[] {
  const trained = model(rate);
  callback.onTrainBegin?.(trained);
  return values.map((value, epoch) => {
    callback.onEpochEnd?.(epoch, { [key]: value }, trained);
    return trained.optimizer.learningRate;
  });
}

/** Epochs after which the callback lets training go on; then it is stopped. */
function stopsAfter(callback: Callback, values: readonly number[], key = 'val_loss'): number | null {
  const trained = model();
  callback.onTrainBegin?.(trained);
  for (const [epoch, value] of values.entries()) {
    callback.onEpochEnd?.(epoch, { [key]: value }, trained);
    if (trained.stopTraining) return epoch;
  }
  return null;
}

/** Epochs whose model is saved. */
function saved(options: ConstructorParameters<typeof ModelCheckpoint>[1], logs: readonly Logs[]): number[] {
  const epochs: number[] = [];
  const checkpoint = new ModelCheckpoint((_bytes, epoch) => epochs.push(epoch), options);
  const trained = model();
  checkpoint.onTrainBegin(trained);
  logs.forEach((figures, epoch) => {
    checkpoint.onEpochEnd(epoch, figures, trained);
  });
  return epochs;
}

function warnings(body: () => void): string[] {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  try {
    body();
    return warn.mock.calls.map(([text]) => String(text));
  } finally {
    warn.mockRestore();
  }
}

describe('ReduceLROnPlateau', () => {
  test('by default waits 10 epochs for val_loss to fall by more than 1e-4, then takes a tenth, without end', () => {
    const level = Array<number>(22).fill(5);
    const wanted = [...Array<number>(10).fill(1), ...Array<number>(10).fill(0.1), 0.1 * 0.1, 0.1 * 0.1];
    expect(rates(new ReduceLROnPlateau(), level)).toEqual(wanted);
    const falling = (by: number): number[] => level.map((v, i) => v - i * by);
    expect(rates(new ReduceLROnPlateau(), falling(2e-4)).at(-1)).toBe(1);
    expect(rates(new ReduceLROnPlateau({ patience: 1 }), [5, 5 - 0.9e-4])).toEqual([1, 0.1]);
    expect(rates(new ReduceLROnPlateau({ patience: 1 }), [5, 5 - 1.1e-4])).toEqual([1, 1]);
  });

  test('a minDelta of 0 takes every fall, and no tie', () => {
    const reduce = (): Callback => new ReduceLROnPlateau({ minDelta: 0, patience: 1, factor: 0.5 });
    expect(rates(reduce(), [5, 5 - 1e-12, 5 - 2e-12])).toEqual([1, 1, 1]);
    expect(rates(reduce(), [5, 5])).toEqual([1, 0.5]);
  });

  test('a factor of 0 sets the rate to its least', () => {
    expect(rates(new ReduceLROnPlateau({ factor: 0, patience: 1 }), [1, 1, 1])).toEqual([1, 0, 0]);
    const least = { factor: 0, patience: 1, minLearningRate: 0.25 };
    expect(rates(new ReduceLROnPlateau(least), [1, 1, 1])).toEqual([1, 0.25, 0.25]);
  });

  test('a patience of 0 or 1 reduces after each epoch that is not better', () => {
    for (const patience of [0, 1])
      expect(rates(new ReduceLROnPlateau({ patience, factor: 0.5 }), [1, 1, 0.5, 1])).toEqual([1, 0.5, 0.5, 0.25]);
  });

  test('remembers what is best while it cools down, and counts no epoch of it', () => {
    const reduce = new ReduceLROnPlateau({ patience: 2, factor: 0.5, cooldown: 2 });
    // Reduced in epoch 2. Epoch 3 cools down and has the best figure, which 4, the last to cool down, and 5 do not beat.
    expect(rates(reduce, [5, 5, 5, 1, 2, 2, 2])).toEqual([1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]);
  });

  test('begins a fit without the cooldown and the waiting of the last one', () => {
    const reduce = new ReduceLROnPlateau({ patience: 2, factor: 0.5, cooldown: 5 });
    expect(rates(reduce, [5, 5, 5])).toEqual([1, 1, 0.5]); // ends as it begins to cool down
    expect(rates(reduce, [5, 5])).toEqual([1, 1]); // ends while it waits
    expect(rates(reduce, [5, 5, 5])).toEqual([1, 1, 0.5]);
  });

  test('a rate at its least begins no cooldown', () => {
    const reduce = new ReduceLROnPlateau({ patience: 1, factor: 0.5, cooldown: 5, minLearningRate: 1 });
    const trained = model(1);
    reduce.onTrainBegin();
    const step = (value: number, epoch: number): void => reduce.onEpochEnd(epoch, { val_loss: value }, trained);
    [1, 1, 1].forEach(step);
    trained.optimizer.learningRate = 4; // as another callback may
    step(1, 3);
    expect(trained.optimizer.learningRate).toBe(2);
  });

  test('names what is wrong with it', () => {
    for (const factor of [1, -0.1, Number.NaN])
      expect(() => new ReduceLROnPlateau({ factor })).toThrow(
        `ReduceLROnPlateau: factor must be in [0, 1), got ${factor}`,
      );
    for (const patience of [-1, Number.NaN])
      expect(() => new ReduceLROnPlateau({ patience })).toThrow(
        `ReduceLROnPlateau: patience must be at least 0, got ${patience}`,
      );
  });
});

describe('EarlyStopping', () => {
  test('names what is wrong with it', () => {
    for (const patience of [-1, Number.NaN])
      expect(() => new EarlyStopping({ patience })).toThrow(
        `EarlyStopping: patience must be at least 0, got ${patience}`,
      );
  });

  test('by default stops at the first epoch in which val_loss does not fall, though other figures do', () => {
    expect(stopsAfter(new EarlyStopping(), [3, 2, 2, 1])).toBe(2);
    expect(stopsAfter(new EarlyStopping(), [3, 2, 1, 0, -1])).toBe(null);
  });

  test('a figure that is 0 is a figure', () => {
    const stopping = new EarlyStopping();
    expect(warnings(() => expect(stopsAfter(stopping, [1, 0, 0])).toBe(2))).toEqual([]);
    expect([stopping.best, stopping.bestEpoch]).toEqual([0, 1]);
  });

  test('a baseline of 0 has to be beaten, by more than minDelta', () => {
    // Only a figure below the baseline makes the waiting begin anew; with minDelta 1 none is.
    const values = [3, 2, 1, -1, -1];
    expect(stopsAfter(new EarlyStopping({ baseline: 0, patience: 4 }), values)).toBe(null);
    expect(stopsAfter(new EarlyStopping({ baseline: 0, patience: 4, minDelta: 1 }), values)).toBe(4);
    expect(stopsAfter(new EarlyStopping({ baseline: 0, patience: 4, minDelta: 0.5 }), values)).toBe(null);
  });

  test('every epoch short of the baseline is waited in, but none that improves is the last', () => {
    const stopping = (): EarlyStopping => new EarlyStopping({ baseline: 0.1, patience: 3 });
    expect(stopsAfter(stopping(), [1, 0.9, 0.8, 0.85, 0.9, 0.9])).toBe(3);
    expect(stopsAfter(stopping(), [1, 0.9, 0.8, 0.7, 0.6, 0.7])).toBe(5);
    expect(stopsAfter(stopping(), [1, 1, 0.9, 1, 1])).toBe(3);
    expect(stopsAfter(stopping(), [1, 0.9, 0.05, 0.9, 0.9, 0.9])).toBe(5);
  });
});

describe('every callback that watches a figure', () => {
  const EVERY: Readonly<Record<string, (options: object) => Callback>> = {
    EarlyStopping: (options) => new EarlyStopping(options),
    ReduceLROnPlateau: (options) => new ReduceLROnPlateau(options),
    ModelCheckpoint: (options) => new ModelCheckpoint(() => {}, options),
  };

  test.each(Object.keys(EVERY))('%s warns once a fit, by its own name, of one that is missing', (name) => {
    const callback = EVERY[name]!({});
    const epochs = (): void => {
      const trained = model();
      callback.onTrainBegin?.(trained);
      for (let epoch = 0; epoch < 3; epoch++) callback.onEpochEnd?.(epoch, { loss: 1, mae: 0 }, trained);
    };
    const text = `${name}: val_loss is not among loss, mae. Hold samples out: validationSplit: 0.2`;
    expect(warnings(epochs)).toEqual([text]);
    expect(warnings(epochs)).toEqual([text]);
  });

  test.each(Object.keys(EVERY))('%s asks for a direction by name, and takes none but two', (name) => {
    const make = EVERY[name]!;
    expect(() => make({ monitor: 'mine' })).toThrow(
      `${name}: mode must be min or max when monitoring mine, got "auto"`,
    );
    expect(() => make({ mode: 'up' })).toThrow(`${name}: mode must be auto, min or max, got "up"`);
    for (const mode of ['min', 'max']) expect(() => make({ monitor: 'mine', mode })).not.toThrow();
  });

  test('goes by the direction that it is told, against the name of the figure too', () => {
    const rising = [1, 2, 3];
    expect(stopsAfter(new EarlyStopping({ mode: 'max' }), rising)).toBe(null);
    expect(stopsAfter(new EarlyStopping({ monitor: 'accuracy', mode: 'min' }), rising, 'accuracy')).toBe(1);
    expect(rates(new ReduceLROnPlateau({ mode: 'max', patience: 1 }), rising)).toEqual([1, 1, 1]);
    const figures = rising.map((val_loss) => ({ val_loss, accuracy: val_loss }));
    expect(saved({ mode: 'max' }, figures)).toEqual([0, 1, 2]);
    expect(saved({}, figures)).toEqual([0]);
    expect(saved({ monitor: 'accuracy' }, figures)).toEqual([0, 1, 2]);
    expect(saved({ monitor: 'accuracy', mode: 'min' }, figures)).toEqual([0]);
  });

  test('takes no infinity on the wrong side for a best figure, and one on the right side', () => {
    const infinities = [Infinity, -Infinity].map((val_loss) => ({ val_loss }));
    expect(saved({}, infinities)).toEqual([1]);
    expect(saved({ mode: 'max' }, infinities)).toEqual([0]);
  });
});

test('ModelCheckpoint that saves every epoch needs no figure and warns of none', () => {
  expect(warnings(() => expect(saved({ saveBestOnly: false }, [{ loss: 1 }, { loss: 2 }])).toEqual([0, 1]))).toEqual(
    [],
  );
});

test('CSVLogger writes 0, -0, NaN and infinities as they are', () => {
  const lines: string[] = [];
  const logger = new CSVLogger((line) => lines.push(line));
  logger.onTrainBegin();
  logger.onEpochEnd(0, { loss: 0, mae: Number.NaN, val_loss: -Infinity });
  expect(lines).toEqual(['epoch,loss,mae,val_loss', '0,0,NaN,-Infinity']);
  expect(() => logger.onEpochEnd(1, { first: 1, loss: 0, second: 2 })).toThrow(
    'CSVLogger: the figure first was not there in the first epoch',
  );
});

test('TerminateOnNaN remembers the first bad step and takes large numbers for good', () => {
  const guard = new TerminateOnNaN();
  const trained = model();
  guard.onTrainBegin();
  const after = (steps: number, loss: number): unknown => {
    trained.steps = steps;
    guard.onBatchEnd(0, { loss }, trained);
    return [guard.badStep, trained.stopTraining];
  };
  expect(after(1, Number.MAX_VALUE)).toEqual([null, false]);
  expect(after(2, -Infinity)).toEqual([2, true]);
  trained.stopTraining = false; // as another callback may
  expect(after(3, Number.NaN)).toEqual([2, true]);
});
