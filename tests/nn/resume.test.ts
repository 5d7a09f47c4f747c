/** Training that is saved with what callbacks know, and goes on from the file to the same bits. */
import { describe, expect, test } from 'vitest';
import {
  Adam,
  BatchNorm,
  type Callback,
  type CallbackState,
  ConstantSparsity,
  cosineDecay,
  Dense,
  Dropout,
  digest,
  EarlyStopping,
  ExponentialMovingAverage,
  FormatError,
  LearningRateScheduler,
  loadModel,
  type Model,
  ModelCheckpoint,
  PruningSchedule,
  prepareQAT,
  prune,
  QATSchedule,
  ReduceLROnPlateau,
  type Resumable,
  RMSprop,
  Sequential,
  SGD,
  StateError,
  StochasticWeightAverage,
  saveModel,
  TerminateOnNaN,
  ValueError,
} from '../../src/index.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/index.ts';
import { list, noise, of } from './tools.ts';

const draw = noise(77);
const N = 40;
const x = of(list(N * 3, draw), [N, 3], 'float32');
const y = of(list(N, draw), [N, 1], 'float32');

type Maker = () => Callback[];

function network(replay: boolean): Sequential {
  const layers = [
    new Dense(8, { activation: 'relu', inputShape: [3] }),
    new BatchNorm(),
    new Dropout(0.2),
    new Dense(1, { kernelRegularizer: 'l2' }),
  ];
  const model = new Sequential(layers, { seed: 4 });
  model.compile({ optimizer: new Adam({ learningRate: 0.03 }), loss: 'mse', metrics: ['mae'], replay });
  return model;
}

const options = { batchSize: 8, validationSplit: 0.3 };

/** The file after `epochs` epochs, as a checkpoint that comes last hands it on. */
function checkpoint(model: Model, callbacks: Callback[], epochs: number, all: number): Uint8Array {
  let file: Uint8Array | null = null;
  const sink = (bytes: Uint8Array, epoch: number): void => {
    if (epoch === epochs - 1) file = bytes;
  };
  const saving = new ModelCheckpoint(sink, { saveBestOnly: false, withoutCode: true, callbacks });
  const stop: Callback = {
    onEpochEnd: (epoch, _logs, m) => {
      if (epoch === epochs - 1 && all > epochs) m.stopTraining = true;
    },
  };
  model.fit(x, y, { ...options, epochs, callbacks: [...callbacks, saving, stop] });
  return file!;
}

const makers: Record<string, Maker> = {
  'no callbacks': () => [],
  EarlyStopping: () => [new EarlyStopping({ patience: 12, restoreBestWeights: true })],
  'EarlyStopping that stops': () => [new EarlyStopping({ patience: 3, restoreBestWeights: true })],
  'EarlyStopping of another figure': () => [new EarlyStopping({ monitor: 'mae', patience: 2 })],
  ReduceLROnPlateau: () => [new ReduceLROnPlateau({ patience: 2, cooldown: 1, factor: 0.5, minDelta: 0.01 })],
  LearningRateScheduler: () => [new LearningRateScheduler((epoch, rate) => (epoch > 4 ? rate * 0.9 : rate))],
  ExponentialMovingAverage: () => [new ExponentialMovingAverage({ decay: 0.9, startEpoch: 1, validate: true })],
  StochasticWeightAverage: () => [new StochasticWeightAverage({ startEpoch: 2, every: 2, samples: x, validate: true })],
  PruningSchedule: () => [new PruningSchedule({ finalSparsity: 0.6, begin: 5, end: 40, frequency: 4 })],
  ConstantSparsity: () => [new ConstantSparsity({ sparsity: 0.4, begin: 4, frequency: 3 })],
  'all together': () => [
    new ReduceLROnPlateau({ patience: 1 }),
    new TerminateOnNaN(),
    new ExponentialMovingAverage({ decay: 0.8, validate: true }),
    new EarlyStopping({ patience: 9, restoreBestWeights: true }),
  ],
};

describe.each([true, false])('with replay: %s, training that is resumed', (replay) => {
  test.each(Object.entries(makers))('ends as training in one go: %s', (_, make) => {
    const whole = network(replay);
    const { history } = whole.fit(x, y, { ...options, epochs: 16, callbacks: make() });
    for (const cut of [1, 6, 11]) {
      const file = checkpoint(network(replay), make(), cut, 16);
      if (file === null) {
        expect(history.loss!.length).toBeLessThan(cut); // it had stopped before
        continue;
      }
      const callbacks = make();
      const model = loadModel(file, { callbacks });
      expect(model.replay).toBe(replay);
      const rest = model.fit(x, y, { ...options, initialEpoch: cut, epochs: 16, callbacks });
      expect(rest.history.loss ?? []).toEqual(history.loss!.slice(cut));
      expect(rest.history.val_loss ?? []).toEqual(history.val_loss!.slice(cut));
      expect(digest(model)).toBe(digest(whole));
    }
  });

  test('goes on with a schedule that is given again, and with masks', () => {
    const rate = cosineDecay(0.1, 60);
    const make = (): Sequential => {
      const model = prune(network(replay), { sparsity: 0.5 });
      model.compile({ optimizer: new RMSprop({ learningRate: rate }), loss: 'mse', replay });
      return model as Sequential;
    };
    const stopping = (): EarlyStopping => new EarlyStopping({ patience: 20, restoreBestWeights: true });
    const whole = make();
    whole.fit(x, y, { ...options, epochs: 12, callbacks: [stopping()] });
    const file = checkpoint(make(), [stopping()], 5, 12);
    const callbacks = [stopping()];
    const model = loadModel(file, { callbacks });
    model.optimizer.learningRate = rate;
    model.fit(x, y, { ...options, initialEpoch: 5, epochs: 12, callbacks });
    expect(digest(model)).toBe(digest(whole));
    expect([...model.weights[0]!.value.data].filter((w) => w === 0)).toHaveLength(12);
  });
});

describe('a state', () => {
  test('of a schedule for integers counts its steps on', () => {
    const make = (): Callback[] => [new QATSchedule({ unit: 'steps', freezeObserversAt: 12, freezeBatchNormAt: 20 })];
    const prepared = (): Model => {
      const model = prepareQAT(network(true));
      model.compile({ optimizer: 'adam', loss: 'mse' });
      return model;
    };
    const whole = prepared();
    whole.fit(x, y, { ...options, epochs: 8, callbacks: make() });
    const callbacks = make();
    const model = loadModel(checkpoint(prepared(), make(), 2, 8), { callbacks });
    model.fit(x, y, { ...options, initialEpoch: 2, epochs: 8, callbacks });
    expect(digest(model)).toBe(digest(whole));
  });

  test('is refused by pruning that knows more', () => {
    const schedule = new PruningSchedule({ finalSparsity: 0.6, begin: 5, end: 40, criterion: 'movement' });
    expect(() => saveModel(network(true), { callbacks: [schedule] })).toThrow(
      /PruningSchedule: cannot go on in another fit/,
    );
  });

  test('of one that has stopped stops the next fit before it begins, unless it may wait longer', () => {
    const stopping = new EarlyStopping({ monitor: 'mae', patience: 1 });
    const model = network(true);
    model.optimizer.learningRate = 0;
    model.fit(x, y, { epochs: 9, callbacks: [stopping] });
    const { stoppedEpoch } = stopping;
    expect(stoppedEpoch).not.toBeNull();
    const bytes = saveModel(model, { callbacks: [stopping] });
    const again = new EarlyStopping({ monitor: 'mae', patience: 1 });
    const loaded = loadModel(bytes, { callbacks: [again] });
    expect(loaded.fit(x, y, { initialEpoch: 3, epochs: 20, callbacks: [again] }).epochs).toEqual([]);
    expect([again.stoppedEpoch, again.best, again.bestEpoch]).toEqual([
      stoppedEpoch,
      stopping.best,
      stopping.bestEpoch,
    ]);
    const patient = new EarlyStopping({ monitor: 'mae', patience: 5 });
    const other = loadModel(bytes, { callbacks: [patient] });
    expect(other.fit(x, y, { initialEpoch: 3, epochs: 5, callbacks: [patient] }).epochs).toEqual([3, 4]);
    expect(patient.stoppedEpoch).toBeNull();
  });

  test('holds for one fit, and the next begins anew', () => {
    const stopping = new EarlyStopping({ monitor: 'loss', patience: 100 });
    const model = network(true);
    const callbacks = [stopping];
    stopping.restore(
      { kind: 'EarlyStopping', values: { monitor: 'loss', best: -5, wait: 3, restoreBestWeights: false } },
      model,
    );
    model.fit(x, y, { epochs: 2, callbacks });
    expect(stopping.best).toBe(-5);
    model.fit(x, y, { epochs: 2, callbacks });
    expect(stopping.best).toBeGreaterThan(0);
  });

  test('keeps infinite figures, and of a saving that keeps the best its figure', () => {
    const saving = new ModelCheckpoint(() => undefined, { monitor: 'loss' });
    const state: CallbackState = { kind: 'ModelCheckpoint', values: { monitor: 'loss', best: '-Infinity' } };
    saving.restore(state);
    expect(saving.state()).toEqual(state);
    let saved = 0;
    const best = new ModelCheckpoint(() => void saved++, { monitor: 'loss' });
    best.restore({ kind: 'ModelCheckpoint', values: { monitor: 'loss', best: 1e-9 } });
    network(true).fit(x, y, { epochs: 3, callbacks: [best] });
    expect(saved).toBe(0);
  });

  test('of a callback of your own goes with the others', () => {
    class Counter implements Callback, Resumable {
      epochs = 0;
      onEpochEnd(): void {
        this.epochs++;
      }
      state(): CallbackState {
        return { kind: 'Counter', values: { epochs: this.epochs, of: 'epochs', all: [1, 2] }, tensors: { x } };
      }
      restore({ kind, values, tensors }: CallbackState): void {
        expect([kind, values.of, values.all]).toEqual(['Counter', 'epochs', [1, 2]]);
        expect(tensors!.x!.data).toEqual(x.data);
        this.epochs = values.epochs as number;
      }
    }
    const own = new Counter();
    const model = network(true);
    model.fit(x, y, { epochs: 3, callbacks: [own] });
    const later = new Counter();
    loadModel(saveModel(model, { callbacks: [own, new TerminateOnNaN()] }), { callbacks: [later] });
    expect(later.epochs).toBe(3);
  });

  test('is left alone by who does not ask, and other callbacks than the file has are refused', () => {
    const model = network(true);
    const stopping = new EarlyStopping();
    const bytes = saveModel(model, { callbacks: [stopping] });
    expect(digest(loadModel(bytes))).toBe(digest(model));
    const load =
      (callbacks: Callback[], file = bytes) =>
      (): Model =>
        loadModel(file, { callbacks });
    expect(load([])).toThrow(/the file has states of 1 callbacks, and 0 of those given can go on/);
    expect(load([new EarlyStopping(), new EarlyStopping()])).toThrow(StateError);
    expect(load([new EarlyStopping()], saveModel(model))).toThrow(StateError);
    expect(load([new EarlyStopping()], saveModel(model, { weightsOnly: true }))).toThrow(StateError);
    expect(load([new ReduceLROnPlateau()])).toThrow(/ReduceLROnPlateau: the state is one of EarlyStopping/);
    expect(load([new EarlyStopping({ monitor: 'loss' })])).toThrow(/watches loss, and the state is of val_loss/);
    expect(load([new EarlyStopping({ restoreBestWeights: true })])).toThrow(/restoreBestWeights: false/);
    expect(load([new EarlyStopping()])).not.toThrow();
    const callbacks = [stopping];
    expect(() => saveModel(model, { weightsOnly: true, callbacks })).toThrow(ValueError);
    expect(() => saveModel(model, { callbacks: stopping as never })).toThrow(/callbacks must be a list/);
    expect(() => loadModel(bytes, { callbacks: stopping as never })).toThrow(/callbacks must be a list/);
  });
});

describe('a hostile file', () => {
  const model = prune(network(true), { sparsity: 0.5 });
  model.compile({ optimizer: new SGD(), loss: 'mse' });
  const make = (): (Callback & Resumable)[] => [
    new EarlyStopping({ monitor: 'loss', patience: 50, restoreBestWeights: true }),
    new ReduceLROnPlateau({ monitor: 'loss' }),
    new ExponentialMovingAverage(),
  ];
  const bytes = checkpoint(model, make(), 3, 4);
  const rewritten = (change: (text: string) => string, tensors = decodeSafetensors(bytes).tensors): Uint8Array => {
    const { metadata } = decodeSafetensors(bytes);
    const entries = [...metadata].map(([key, text]) => [key, key === 'training' ? change(text) : text] as const);
    return encodeSafetensors(tensors, Object.fromEntries(entries));
  };
  const refused = (file: Uint8Array, text: RegExp): void => {
    const callbacks = make();
    const before = callbacks.map((each) => each.state());
    expect(() => loadModel(file, { callbacks })).toThrow(FormatError);
    expect(() => loadModel(file, { callbacks: make() })).toThrow(text);
    if (!text.source.includes('average')) expect(callbacks[0]!.state()).toEqual(before[0]);
    expect(callbacks[2]!.state()).toEqual(before[2]);
  };

  test('as it is loads', () => {
    expect(() => loadModel(bytes, { callbacks: make() })).not.toThrow();
  });

  test.each([
    ['a wait that is none', /"wait":\d+/, '"wait":-1', /wait must be an integer/],
    ['a wait that is text', /"wait":\d+/, '"wait":"0"', /wait must be/],
    ['no wait', /"wait":\d+,/, '', /wait must be/],
    ['a best figure that is text', /"best":[^,]*/, '"best":"x"', /best must be a number/],
    ['a flag that is none', '"restoreBestWeights":true', '"restoreBestWeights":1', /restoreBestWeights: 1/],
    ['an epoch that is none', /"bestEpoch":\d+/, '"bestEpoch":0.5', /bestEpoch must be/],
    ['another kind', '"kind":"EarlyStopping"', '"kind":"__proto__"', /the state is one of __proto__/],
    ['a field too many', /"wait":/, '"more":1,"wait":', /keeps no more/],
    ['a record too many', '"kind":"EarlyStopping"', '"more":1,"kind":"EarlyStopping"', /does not know the field/],
    ['a value that is an object', /"wait":\d+/, '"wait":{}', /wait: must be/],
    ['no list', '"callbacks":[', '"callbacks":[1,', /callbacks\[0\]: must be an object/],
    ['another count of averages', /"count":\d+/, '"count":0', /an average of 0 weights/],
  ] as const)('with %s is refused', (_, from, to, text) => {
    const change = (old: string): string => {
      const made = old.replace(from, to);
      expect(made).not.toBe(old);
      return made;
    };
    refused(rewritten(change), text);
  });

  const same = (text: string): string => text;
  test.each([
    ['lacks a weight', 'callbacks/0/values/dense/bias', null, /has no values of dense\/bias/],
    ['has a weight of another shape', 'callbacks/0/values/dense/bias', [2], /dense\/bias does not fit/],
    ['has one too many', 'callbacks/0/values/other', [1], /no weight for values\/other/],
    ['has a mask of another shape', 'callbacks/0/masks/dense/kernel', [2], /mask of dense\/kernel .* does not fit/],
    ['lacks an average', 'callbacks/2/dense/bias', null, /an average of \d+ weights/],
    ['has tensors of a callback that is not there', 'callbacks/7/x', [1], /belongs to nothing/],
  ] as const)('whose state %s is refused', (_, name, shape, text) => {
    const { tensors } = decodeSafetensors(bytes);
    if (shape === null) expect(tensors.delete(name)).toBe(true);
    else tensors.set(name, { dtype: 'F32', shape, data: new Float32Array(shape[0]) });
    refused(rewritten(same, tensors), text);
  });

  test('whose masks are no masks, or of a type that holds no state, is refused', () => {
    const { tensors } = decodeSafetensors(bytes);
    const mask = tensors.get('callbacks/0/masks/dense/kernel')!;
    tensors.set('callbacks/0/masks/dense/kernel', { ...mask, data: new Uint8Array(mask.data.length).fill(2) });
    refused(rewritten(same, tensors), /must be 0 or 1/);
    tensors.set('callbacks/0/masks/dense/kernel', { dtype: 'U16', shape: [1], data: new Uint16Array(1) });
    refused(rewritten(same, tensors), /U16 holds no state/);
  });

  test('with changed bytes loads or throws an error of ours', () => {
    const at = noise(5);
    for (let i = 0; i < 300; i++) {
      const copy = bytes.slice();
      copy[Math.floor(((at() + 1) / 2) * copy.length)]! ^= 1 + Math.floor(((at() + 1) / 2) * 254);
      try {
        const callbacks = make();
        loadModel(copy, { callbacks }).fit(x, y, { epochs: 1, callbacks });
      } catch (error) {
        expect((error as Error).name).toMatch(/Whittle|Format|State|Value|Shape|DType|Limit/);
      }
    }
  });
});
