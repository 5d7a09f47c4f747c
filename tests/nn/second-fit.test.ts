import { describe, expect, test, vi } from 'vitest';
import {
  Adam,
  type Callback,
  CSVLogger,
  cloneModel,
  Dense,
  Dropout,
  digest,
  EarlyStopping,
  type FitOptions,
  LearningRateScheduler,
  loadModel,
  ModelCheckpoint,
  mul,
  PruningSchedule,
  prune,
  ReduceLROnPlateau,
  Sequential,
  SGD,
  saveModel,
  setBackend,
  shrink,
  slice,
  type Tensor,
  TerminateOnNaN,
  wasm,
} from '../../src/index.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.ts';
import { list, noise, of, scripted, warnings } from './tools.ts';

const N = 12;
const draw = noise(31);
const x = of(list(N * 2, draw), [N, 2], 'float32');
const y = of(list(N, draw), [N, 1], 'float32');

/** Dropout draws by the step, Adam corrects by it: both show a step that is counted wrongly. */
function network(): Sequential {
  const model = new Sequential(
    [new Dense(6, { activation: 'tanh', inputShape: [2] }), new Dropout(0.4), new Dense(1)],
    { seed: 4 },
  );
  model.compile({ optimizer: new Adam({ learningRate: 0.02 }), loss: 'mse', metrics: ['mae'] });
  return model;
}

describe('a second fit of a model', () => {
  test('goes on with the steps, the dropout and the moments of the first', () => {
    const options = { batchSize: 5, shuffle: false, epochs: 2 };
    const fitted = network();
    for (let i = 0; i < 3; i++) fitted.fit(x, y, options);
    const byHand = network();
    for (let i = 0; i < 6; i++)
      for (const range of [
        [0, 5],
        [5, 10],
        [10, 12],
      ] as const)
        byHand.trainOnBatch(slice(x, [range]), slice(y, [range]));
    expect([fitted.steps, fitted.optimizer.iterations]).toEqual([18, 18]);
    expect(digest(fitted)).toBe(digest(byHand));
    expect(fitted.replayStatus.replayed).toBeGreaterThan(0);
  });

  test('from the epoch where the first ended is one fit of all epochs, figures too', () => {
    const options = { batchSize: 5, validationSplit: 0.25 };
    const [whole, parts] = [network(), network()];
    const { history } = whole.fit(x, y, { ...options, epochs: 4 });
    parts.fit(x, y, { ...options, epochs: 1 });
    const rest = parts.fit(x, y, { ...options, epochs: 4, initialEpoch: 1 });
    expect(rest.epochs).toEqual([1, 2, 3]);
    for (const [key, figures] of Object.entries(history)) expect(rest.history[key]).toEqual(figures.slice(1));
    expect(digest(parts)).toBe(digest(whole));
  });

  test('runs though the first was stopped, or the flag was left set, unless it is stopped itself', () => {
    const model = network();
    const stop: Callback = {
      onBatchEnd: (_batch, _logs, m) => {
        m.stopTraining = true;
      },
    };
    expect(model.fit(x, y, { epochs: 3, callbacks: [stop] }).epochs).toEqual([0]);
    expect(model.stopTraining).toBe(true);
    expect(model.fit(x, y, { epochs: 3 }).epochs).toEqual([0, 1, 2]);
    expect(model.stopTraining).toBe(false);
    const early: Callback = {
      onTrainBegin: (m) => {
        m.stopTraining = true;
      },
    };
    expect(model.fit(x, y, { epochs: 3, callbacks: [early] }).epochs).toEqual([]);
    const between: Callback = {
      onEpochBegin: (epoch, m) => {
        m.stopTraining = epoch === 1;
      },
    };
    const { epochs, history } = model.fit(x, y, { epochs: 3, callbacks: [between] });
    expect([epochs, history.loss!.length, history.loss!.every(Number.isFinite)]).toEqual([[0], 1, true]);
  });
});

describe('the orders of samples', () => {
  /** A model that notes what it is shown, an epoch a list. */
  function watched(): { model: Sequential; show: (options?: FitOptions) => number[][]; seen: number[] } {
    const seen: number[] = [];
    const model = new Sequential([new Dense(1, { inputShape: [2] })]);
    const loss = (yTrue: Tensor, yPred: Tensor): Tensor => {
      seen.push(...yTrue.data);
      return mul(yPred, 0);
    };
    model.compile({ optimizer: 'sgd', loss });
    const show = (options: FitOptions = {}): number[][] => {
      model.fit(x, y, { batchSize: 5, ...options });
      const shown = seen.splice(0);
      return Array.from({ length: Math.ceil(shown.length / N) }, (_, i) => shown.slice(i * N, (i + 1) * N));
    };
    return { model, show, seen };
  }
  const six = watched().show({ epochs: 6 });

  test('of a loop of fits are those of one fit', () => {
    const { show, model } = watched();
    expect([show(), show({ epochs: 2 }), show(), show({ epochs: 2 })].flat()).toEqual(six);
    expect(model.epochs).toBe(6);
    expect(new Set(six.map(String)).size).toBe(6);
  });

  test('go on from the epoch that is given where the model was trained for fewer, else from where it is', () => {
    const { show, model } = watched();
    expect(show({ initialEpoch: 2, epochs: 4 })).toEqual(six.slice(2, 4));
    expect(model.epochs).toBe(4);
    expect(show({ initialEpoch: 1, epochs: 2 })).toEqual([six[4]]);
    expect(show({ initialEpoch: 5, epochs: 6 })).toEqual([six[5]]);
  });

  test('without shuffling are counted like others', () => {
    const { show } = watched();
    expect(show({ shuffle: false })).toEqual([[...y.data]]);
    expect(show()).toEqual([six[1]]);
  });

  test('go on in files, of which older ones do not hold the count, and in copies', () => {
    const { show, model, seen } = watched();
    show({ epochs: 2 });
    const { tensors, metadata } = decodeSafetensors(saveModel(model, { withoutCode: true }));
    const { epochs, ...older } = JSON.parse(metadata.get('training')!);
    expect(epochs).toBe(2);
    const file = encodeSafetensors(tensors, { ...Object.fromEntries(metadata), training: JSON.stringify(older) });
    const pruned = prune(model, { sparsity: 0.5 });
    for (const [copy, next] of [
      [loadModel(saveModel(model, { withoutCode: true })), 2],
      [cloneModel(model), 2],
      [pruned, 2],
      [shrink(pruned), 2],
      [loadModel(file), 0],
    ] as const) {
      copy.compile({ optimizer: 'sgd', loss: model.loss });
      copy.fit(x, y, { batchSize: 5 });
      expect(seen.splice(0)).toEqual(six[next]);
    }
    const resumed = loadModel(file, { loss: model.loss });
    resumed.compile({ optimizer: 'sgd', loss: model.loss });
    resumed.fit(x, y, { batchSize: 5, initialEpoch: 2, epochs: 3 });
    expect(seen.splice(0)).toEqual(six[2]);
  });

  test('are counted from the first step of an epoch on, whatever ends it', async () => {
    const { show, model, seen } = watched();
    const failing = (callback: Callback): void => {
      expect(() => show({ callbacks: [callback] })).toThrow('as planned');
      seen.length = 0;
    };
    const fail = (): never => {
      throw new Error('as planned');
    };
    failing({ onBatchBegin: fail });
    expect(model.epochs).toBe(0);
    failing({ onBatchEnd: fail });
    expect(model.epochs).toBe(1);
    const stop: Callback = {
      onBatchEnd: (_batch, _logs, m) => {
        m.stopTraining = true;
      },
    };
    expect(show({ epochs: 3, callbacks: [stop] })).toEqual([six[1]!.slice(0, 5)]);
    const ahead: Callback = { onTrainBegin: stop.onBatchEnd!.bind(null, 0, {}) };
    expect(show({ callbacks: [ahead] })).toEqual([]);
    const signal = { aborted: false };
    const abort: Callback = {
      onBatchEnd: () => {
        signal.aborted = true;
      },
    };
    await expect(model.fitAsync(x, y, { batchSize: 5, signal, callbacks: [abort] })).rejects.toThrow('aborted');
    expect(seen.splice(0)).toEqual(six[2]!.slice(0, 5));
    await model.fitAsync(x, y, { batchSize: 5 });
    expect(seen.splice(0)).toEqual(six[3]);
    expect(show()).toEqual([six[4]]);
  });
});

test('models that were fitted take turns in the heap like others when they are trained by batch', () => {
  const { heap } = wasm();
  const models = Array.from({ length: 10 }, network);
  const before = setBackend(wasm());
  try {
    for (const model of models) {
      model.fit(x, y);
      model.trainOnBatch(x, y);
    }
    const held = models.map(({ weights }) => heap.has(weights[0]!.value.data));
    expect(held).toEqual(models.map((_, i) => i >= 2));
    for (const model of models) model.fit(x, y, { epochs: 0 });
    expect(models.some(({ weights }) => heap.has(weights[0]!.value.data))).toBe(false);
  } finally {
    setBackend(before);
  }
});

/** A model whose figure `error` is scripted, one value an epoch; its only weight is -n after n epochs. */
function scriptedModel(values: readonly number[], learningRate = 1): Sequential {
  const model = new Sequential([new Dense(1, { useBias: false, inputShape: [1], kernelInitializer: 'zeros' })]);
  model.compile({ optimizer: new SGD({ learningRate }), loss: (_, p) => p, metrics: [scripted('error', values)] });
  return model;
}
const one = of([1], [1, 1], 'float32');

/** What a fit with the callback leads to: epochs, weight, and the learning rate after each epoch. */
function run(callback: Callback, values: readonly number[]): { epochs: number; weight: number; rates: number[] } {
  const model = scriptedModel(values);
  const rates: number[] = [];
  const log: Callback = { onEpochEnd: (_epoch, _logs, m) => rates.push(m.optimizer.learningRate) };
  const { epochs } = model.fit(one, one, { epochs: values.length, callbacks: [callback, log] });
  return { epochs: epochs.length, weight: model.getWeights()[0]!.data[0]!, rates };
}

const NONE = Number.NaN;
const monitor = { monitor: 'error', mode: 'min' } as const;

describe('a callback that has served one fit begins the next anew:', () => {
  // What the first fit leaves behind would change the second, as the name says.
  test.each<[string, () => Callback, first: number[], second: number[]]>([
    [
      'EarlyStopping has not waited yet',
      () => new EarlyStopping({ ...monitor, patience: 3 }),
      [1, 2, 2],
      [NONE, NONE, NONE, 5],
    ],
    [
      'EarlyStopping knows no best figure',
      () => new EarlyStopping({ ...monitor, patience: 1 }),
      [1, 0.5],
      [4, 3, 2, 1],
    ],
    [
      'EarlyStopping keeps no weights',
      () => new EarlyStopping({ ...monitor, patience: 9, restoreBestWeights: true }),
      [1, 2, 2],
      [NONE, NONE],
    ],
    [
      'ReduceLROnPlateau has not waited yet',
      () => new ReduceLROnPlateau({ ...monitor, patience: 2 }),
      [5, 5],
      [NONE, 5],
    ],
    [
      'ReduceLROnPlateau knows no best figure',
      () => new ReduceLROnPlateau({ ...monitor, patience: 2 }),
      [1],
      [5, 4, 3],
    ],
    [
      'ReduceLROnPlateau does not cool down',
      () => new ReduceLROnPlateau({ ...monitor, patience: 1, cooldown: 5 }),
      [5, 5],
      [NONE, 5],
    ],
  ])('%s', (_name, make, first, second) => {
    const used = make();
    run(used, first);
    expect(run(used, second)).toEqual(run(make(), second));
  });

  test('EarlyStopping has stopped nowhere and found no best epoch', () => {
    const stopping = new EarlyStopping({ ...monitor, patience: 1 });
    run(stopping, [1, 2, 3]);
    expect([stopping.stoppedEpoch, stopping.bestEpoch, stopping.best]).toEqual([1, 0, 1]);
    run(stopping, [NONE]);
    expect([stopping.stoppedEpoch, stopping.bestEpoch, stopping.best]).toEqual([null, null, null]);
  });

  test('EarlyStopping gives no weights of an earlier fit to one that fails before it has begun', () => {
    const stopping = new EarlyStopping({ ...monitor, patience: 9, restoreBestWeights: true });
    const other = scriptedModel([1, 2]);
    other.fit(one, one, { epochs: 2, callbacks: [stopping] });
    expect(other.getWeights()[0]!.data[0]).toBe(-1);
    other.setWeights([of([7], [1, 1], 'float32')]);
    const bad: Callback = {
      onTrainBegin: () => {
        throw new Error('mine');
      },
    };
    expect(() => other.fit(one, one, { callbacks: [bad, stopping] })).toThrow('mine');
    expect(other.getWeights()[0]!.data[0]).toBe(7);
  });

  test('TerminateOnNaN has seen no bad step', async () => {
    const guard = new TerminateOnNaN();
    const bad = of([NONE], [1, 1], 'float32');
    const train = (input = bad): (number | null)[] => {
      const model = scriptedModel([1, 1, 1]);
      model.steps = input === bad ? 4 : 0;
      const { epochs } = model.fit(input, one, { epochs: 2, callbacks: [guard] });
      return [guard.badStep, epochs.length];
    };
    const said = await warnings(() => {
      expect(train()).toEqual([5, 1]);
      expect(train(one)).toEqual([null, 2]);
      expect(train()).toEqual([5, 1]);
    });
    expect(said.length).toBe(2);
  });

  test('ModelCheckpoint saves what is best in this fit', () => {
    const saved: number[] = [];
    const checkpoint = new ModelCheckpoint((_bytes, epoch) => void saved.push(epoch), {
      ...monitor,
      withoutCode: true,
    });
    run(checkpoint, [1, 2]);
    run(checkpoint, [5, 6, 4]);
    expect(saved).toEqual([0, 0, 2]);
  });

  test('CSVLogger takes the columns of this fit', () => {
    const lines: string[] = [];
    const logger = new CSVLogger((line) => lines.push(line));
    run(logger, [1]);
    const model = network();
    model.fit(x, y, { callbacks: [logger], validationSplit: 0.5 });
    expect(lines.filter((line) => line.startsWith('epoch'))).toEqual([
      'epoch,loss,error,learning_rate',
      'epoch,loss,mae,val_loss,val_mae,learning_rate',
    ]);
  });

  test('PruningSchedule counts its steps from 0', () => {
    const schedule = new PruningSchedule({ finalSparsity: 0.5, begin: 2, end: 4, frequency: 1 });
    const pruned = (): boolean[] => {
      const model = network();
      const seen: boolean[] = [];
      const log: Callback = {
        onBatchEnd: (_batch, _logs, m) => void seen.push(m.weights[0]!.mask !== null),
      };
      model.fit(x, y, { batchSize: 3, callbacks: [schedule, log] });
      return seen;
    };
    expect(pruned()).toEqual([false, true, true, true]);
    expect(pruned()).toEqual([false, true, true, true]);
  });

  test('LearningRateScheduler asks with the epochs of this fit and the rate that the last one left', () => {
    const asked: [epoch: number, rate: number][] = [];
    const scheduler = new LearningRateScheduler((epoch, rate) => {
      asked.push([epoch, rate]);
      return rate / 2;
    });
    const model = network();
    model.optimizer.learningRate = 1;
    for (let i = 0; i < 2; i++) model.fit(x, y, { epochs: 2, callbacks: [scheduler] });
    expect(asked).toEqual([
      [0, 1],
      [1, 0.5],
      [0, 0.25],
      [1, 0.125],
    ]);
  });

  test.each<[string, () => Callback]>([
    ['EarlyStopping', () => new EarlyStopping()],
    ['ReduceLROnPlateau', () => new ReduceLROnPlateau()],
    ['ModelCheckpoint', () => new ModelCheckpoint(() => {}, { withoutCode: true })],
  ])('%s warns of a missing figure again, once', (_name, make) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    try {
      const callback = make();
      for (const wanted of [1, 2]) {
        run(callback, [3, 2, 1]);
        expect(warn.mock.calls.length).toBe(wanted);
      }
    } finally {
      warn.mockRestore();
    }
  });
});
