/** Values of options and arguments that are of another kind than they should be: refused where they are given, by name. */
import { describe, expect, test, vi } from 'vitest';
import { checkListeners, didYouMean } from '../../src/base/options.ts';
import * as data from '../../src/data/index.ts';
import * as w from '../../src/index.ts';

/** What the compiler would refuse. */
const any = (value: unknown): never => value as never;

const x = w.tensor([[0], [1], [2], [3]]);
const y = w.tensor([[0], [0], [1], [1]]);

function model(options: Partial<w.CompileOptions> = {}): w.Sequential {
  const made = new w.Sequential([new w.Dense(1, { activation: 'sigmoid', inputShape: [1] })], { seed: 4 });
  made.compile({ loss: 'binaryCrossentropy', optimizer: 'sgd', ...options });
  return made;
}

function messageOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    expect(error).toBeInstanceOf(w.ValueError);
    return (error as Error).message;
  }
  return 'nothing was refused';
}

describe('callbacks', () => {
  test.each([
    ['patience', { patience: '5' }, 'EarlyStopping: patience must be at least 0, got "5"'],
    ['startFromEpoch', { startFromEpoch: null }, 'EarlyStopping: startFromEpoch must be at least 0, got null'],
    ['minDelta', { minDelta: Number.NaN }, 'EarlyStopping: minDelta must be a number, got NaN'],
    ['baseline', { baseline: '0.5' }, 'EarlyStopping: baseline must be a number, got "0.5"'],
    ['restoreBestWeights', { restoreBestWeights: 'no' }, 'restoreBestWeights must be true or false, got "no"'],
    ['monitor', { monitor: 3 }, 'EarlyStopping: monitor must be the name of a figure such as val_loss, got 3'],
  ])('EarlyStopping refuses %s of another kind', (_, options, message) => {
    expect(() => new w.EarlyStopping(any(options))).toThrow(message);
  });

  test('the options of others are of their kinds too', () => {
    for (const field of ['patience', 'cooldown', 'minLearningRate'])
      for (const wrong of ['1', -1, null])
        expect(() => new w.ReduceLROnPlateau(any({ [field]: wrong }))).toThrow(`${field} must be at least 0, got`);
    expect(() => new w.ReduceLROnPlateau(any({ factor: '0.5' }))).toThrow('factor must be in [0, 1), got "0.5"');
    expect(() => new w.ReduceLROnPlateau(any({ minDelta: 'x' }))).toThrow('minDelta must be a number, got "x"');
    expect(() => new w.ModelCheckpoint(() => {}, any({ saveBestOnly: 1 }))).toThrow('must be true or false, got 1');
    expect(() => new w.TerminateOnNaN(any({ patience: 2 }))).toThrow('the options must be left out');
    expect(() => new w.EarlyStopping({ patience: Infinity, minDelta: -1, baseline: any(null) })).not.toThrow();
  });

  test('that need a function say where to get one', () => {
    expect(() => new w.ModelCheckpoint(any('best.bin'))).toThrow(
      'ModelCheckpoint: sink must be a function (bytes, epoch) => ..., got "best.bin". For a file: new ModelCheckpoint(checkpointFile(path)) with checkpointFile of whittle-ml/node',
    );
    expect(() => new w.CSVLogger(any('log.csv'))).toThrow('new CSVLogger(lineFile(path)) with lineFile');
    expect(() => new w.LearningRateScheduler(any(0.05))).toThrow(
      'LearningRateScheduler: schedule must be a function (epoch, learningRate) => learningRate, got 0.05',
    );
  });

  test('know what a figure is called elsewhere', () => {
    for (const [monitor, meant] of [
      ['val_acc', 'val_accuracy'],
      ['acc', 'accuracy'],
      ['val_los', 'val_loss'],
    ] as const)
      expect(() => new w.EarlyStopping({ monitor })).toThrow(`got "auto". Did you mean ${meant}?`);
    expect(messageOf(() => new w.EarlyStopping({ monitor: 'mine' }))).not.toContain('Did you mean');
  });

  test('that miss their figure say how it comes about', () => {
    const warned = (monitor: string, logs: w.Logs): string => {
      const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
      new w.EarlyStopping({ monitor, mode: 'max' }).onEpochEnd(0, logs, model());
      const text = String(warn.mock.calls[0]![0]);
      warn.mockRestore();
      return text;
    };
    expect(warned('val_acc', { loss: 1, accuracy: 1 })).toContain('. Hold samples out: validationSplit: 0.2');
    expect(warned('val_acc', { loss: 1, val_loss: 1, val_accuracy: 1 })).toContain('. Did you mean val_accuracy?');
    expect(warned('acc', { loss: 1, accuracy: 1 })).toContain('. Did you mean accuracy?');
    expect(warned('mine', { loss: 1 })).toBe('EarlyStopping: mine is not among loss');
  });
});

describe('what fit is given as callbacks', () => {
  const trainWith = (callbacks: unknown) => () => model().fit(x, y, { callbacks: any(callbacks) });

  test('is a list of objects that can be told something', () => {
    const stop = new w.EarlyStopping({ monitor: 'loss' });
    expect(trainWith(stop)).toThrow(
      'fit: callbacks must be a list of objects, got an object of EarlyStopping. Put it in a list: callbacks: [...]',
    );
    for (const wrong of [null, 'stop', () => {}]) {
      expect(trainWith(wrong)).toThrow('fit: callbacks must be a list of objects, got');
      expect(trainWith([stop, wrong])).toThrow(
        'fit: callbacks[1] must be an object with onTrainBegin or onTrainEnd or',
      );
    }
    expect(trainWith([w.EarlyStopping])).toThrow('Make an object of the class with new');
    for (const name of ['on_epoch_end', 'onepochend', 'onEpochEnds'])
      expect(trainWith([{ [name]: () => {} }])).toThrow('Did you mean onEpochEnd?');
    class Near {
      on_batch_begin(): void {}
    }
    expect(trainWith([new Near()])).toThrow('got an object of Near. Did you mean onBatchBegin?');
    expect(trainWith([{ onEpochEnd: 'print' }])).toThrow('onEpochEnd of callbacks[0] must be a function, got "print"');
    expect(trainWith([{}])).toThrow('callbacks[0] must be an object with');
    expect(trainWith([Object.create(null)])).toThrow('callbacks[0] must be an object with');
  });

  test('is taken if it has a hook, its own or inherited, and there may be none', () => {
    const seen: number[] = [];
    class Own {
      onEpochEnd(epoch: number): void {
        seen.push(epoch);
      }
    }
    class Heir extends Own {}
    trainWith([new Heir(), { name: 'mine', onTrainEnd: () => seen.push(-1) }])();
    expect(seen).toEqual([0, -1]);
    for (const none of [[], undefined]) expect(trainWith(none)).not.toThrow();
  });

  test('changes no weight when it is refused', () => {
    const trained = model();
    const before = w.digest(trained);
    expect(() => trained.fit(x, y, { callbacks: any([{}]) })).toThrow(w.ValueError);
    expect(() => trained.fit(x, y, { shuffle: any('no') })).toThrow('fit: shuffle must be true or false, got "no"');
    expect(w.digest(trained)).toBe(before);
    expect(() => checkListeners<{ a?(): void }, 'a'>('op', 'list', [{ a() {} }], 'a')).not.toThrow();
  });
});

describe('choices that were not called, or are of no kind', () => {
  test('of an optimizer show the line to write', () => {
    for (const [wrong, own] of [
      [w.SGD, 'SGD'],
      [null, 'Adam'],
      [0.1, 'Adam'],
      [{ learningRate: 0.1 }, 'Adam'],
      [() => 0, 'Adam'],
    ] as const) {
      const message = messageOf(() => model({ optimizer: any(wrong) }));
      expect(message).toContain(
        'compile: optimizer must be an optimizer, or sgd or adam or adamW or rmsprop or adagrad',
      );
      expect(message).toContain(`. Write new ${own}({ learningRate: 0.1 })`);
    }
    for (const wrong of ['proximal', 'Proximal', w.Proximal])
      expect(messageOf(() => model({ optimizer: any(wrong) }))).toMatch(
        /optimizer must be an optimizer, or sgd .*\. Write new Proximal\(new Adam\(\), \{ lambda: 0\.1 \}\)$/,
      );
  });

  test('of activations and penalties are named without their source', () => {
    const relu = messageOf(() => new w.Dense(1, { activation: any(w.relu) }));
    expect(relu).toMatch(/got an object of Function\. Did you mean relu\?$/);
    const dense = (kernelRegularizer: unknown) => () =>
      new w.Sequential([new w.Dense(1, { kernelRegularizer: any(kernelRegularizer), inputShape: [1] })]);
    expect(messageOf(dense(w.l2))).toBe(
      'regularizer: the name must be l1, l2 or l1_l2, got an object of Function. Call it: l2(0.01)',
    );
    expect(dense('L2')).toThrow('Did you mean l2?');
  });
});

describe('figures that would overwrite each other', () => {
  const own = (name: string): w.Metric => ({ ...w.r2(), name });

  test.each([
    [['accuracy', 'mae', 'accuracy'], 'accuracy'],
    [['mse', 'rmse', 'mse'], 'mse'],
    [[own('loss')], 'loss'],
    [[own('learning_rate')], 'learning_rate'],
    [[own('val_loss')], 'val_loss'],
    [['mae', own('val_mae')], 'val_mae'],
  ])('are refused by name: %#', (metrics, name) => {
    expect(() => model({ metrics: any(metrics) })).toThrow(
      `compile: metrics must be of names that no other figure has, got "${name}". Leave it out, or give a metric of your own another name`,
    );
  });

  test('may have one name on several outputs', () => {
    const a = w.input([1]);
    const heads = ['p', 'p_q'].map((name) => new w.Dense(1, { name }).apply(a));
    const two = new w.Model(a, heads);
    two.compile({ loss: 'mse', metrics: [['mae'], ['mae']] });
    expect(() => two.compile({ loss: 'mse', metrics: [[own('q_r')], [own('r')]] })).toThrow('got "p_q_r"');
    expect(() => two.compile({ loss: 'mse', metrics: [[own('loss')], []] })).toThrow('got "p_loss"');
  });
});

describe('numbers', () => {
  test('are not taken out of objects', () => {
    const random = new w.Random(5);
    expect(() => random.normal([2], any({ std: 2 }))).toThrow('normal: mean must be a number by itself, got');
    expect(() => random.normal([2], 0, any('1'))).toThrow('normal: deviation must be at least 0, got "1"');
    for (const low of [{ low: 0 }, '0', [0]]) expect(() => random.uniform([2], any(low))).toThrow('uniform: low must');
    expect(() => random.uniform([2], 0, any({ high: 1 }))).toThrow('uniform: low must be at most high');
    expect(() => w.full([2], any({ value: 1 }))).toThrow('full: value must be a number by itself, got { value }');
    expect(w.full([1], Number.NaN).item()).toBeNaN();
    expect(() => w.varianceScaling({ scale: -1 })).toThrow('varianceScaling: scale must be at least 0, got -1');
    expect(() => w.constant(Number.NaN)).not.toThrow();
  });

  test('of schedules are numbers', () => {
    expect(() => w.cosineDecay(any({ initial: 1 }), 10)).toThrow(
      'cosineDecay: initial must be a number, got { initial }',
    );
    expect(() => w.cosineDecay(1, any('10'))).toThrow('cosineDecay: steps must be a positive number, got "10"');
    expect(() => w.cosineDecay(1, 10, any('0'))).toThrow('alpha must be a number, got "0"');
    expect(() => w.exponentialDecay(any('1'), 10, 0.5)).toThrow('initial must be a number');
    expect(() => w.exponentialDecay(1, 10, 0.5, any('no'))).toThrow('staircase must be true or false, got "no"');
    expect(() => w.stepDecay(1, 10, any(null))).toThrow('factor must be a number, got null');
    expect(() => w.piecewiseConstant(any(1), [1])).toThrow('boundaries and values must be lists');
    expect(() => w.piecewiseConstant([any('3')], [1, 2])).toThrow('boundaries[0] must be a number, got "3"');
    expect(() => w.piecewiseConstant([3], [1, any('2')])).toThrow('values[1] must be a number, got "2"');
    expect(() => w.warmup(5, any(0.1))).toThrow('warmup: after must be a function of the step: a schedule, got 0.1');
  });

  const { meanSquaredError, meanAbsoluteError, hinge, klDivergence, r2 } = w;
  const MAKERS: Readonly<Record<string, unknown>> = { meanSquaredError, meanAbsoluteError, hinge, klDivergence, r2 };
  test.each(Object.keys(MAKERS))('%s has no options', (name) => {
    const make = MAKERS[name] as (...given: unknown[]) => unknown;
    expect(() => make({ reduction: 'sum' })).toThrow(
      `${name}: the options must be left out: there are none, got { reduction }`,
    );
    expect(() => make()).not.toThrow();
  });
});

test('flags are true or false', () => {
  expect(() => new w.Dense(1, { useBias: any('no') })).toThrow('Dense: useBias must be true or false, got "no"');
  expect(() => new w.Dropout(0.5, { training: any(1) })).toThrow('Dropout: training must be true or false, got 1');
  for (const call of [
    () => data.trainTestSplit([x], { shuffle: any('false') }),
    () => data.kFold(4, { folds: 2, shuffle: any('false') }),
    () => data.stratifiedKFold([0, 0, 1, 1], { folds: 2, shuffle: any('false') }),
  ])
    expect(call).toThrow('shuffle must be true or false, got "false"');
  expect(() => new data.StandardScaler(any({ withMean: false }))).toThrow('StandardScaler: the options');
  const trained = model();
  expect(() => w.pruneNeurons(trained, any({ mask: 'yes' }))).toThrow('pruneNeurons: mask must be true or false');
  expect(() => w.measure(trained, any({ latency: 'no' }))).toThrow('measure: latency must be true or false');
  expect(() => w.compare(trained, trained, any({ latency: 'no' }))).toThrow('compare: latency must be true or false');
  for (const field of ['weightsOnly', 'withoutCode'])
    expect(() => w.saveModel(trained, { [field]: 'no' })).toThrow(`saveModel: ${field} must be true or false`);
});

describe('classWeight', () => {
  const trainWith =
    (classWeight: unknown, sampleWeight = [1, 1, 1, 1]) =>
    () =>
      model().fit(x, y, { classWeight: any(classWeight), sampleWeight, epochs: 2 });

  test('is a number for each class', () => {
    for (const wrong of [null, 'balanced', 2])
      expect(trainWith(wrong)).toThrow('fit: classWeight must be a number for each class, as { 0: 1, 1: 5 }, got');
    expect(trainWith({ 0: 1, 1: '5' })).toThrow('fit: classWeight[1] must be a number, got "5"');
    expect(trainWith({ 0: 1, yes: 5 })).toThrow('fit: a class of classWeight must be a whole number, got "yes"');
    for (const wrong of [{}, { 7: 2 }])
      expect(trainWith(wrong)).toThrow('fit: classWeight must be a number for a class of the targets or more (0, 1)');
  });

  test('is 1 for a class that it does not name, as in Keras', () => {
    const [a, b] = [{ 0: 3 }, { 0: 3, 1: 1 }].map((classWeight) => {
      const own = model();
      own.fit(x, y, { classWeight, epochs: 2 });
      return w.digest(own);
    });
    expect(a).toBe(b);
  });

  test('is asked of no class of which all samples are absent', () => {
    expect(trainWith({ 0: 1 }, [1, 1, 0, 0])).not.toThrow();
    const unknown = w.tensor([[0], [1], [Number.NaN], [0.5]]);
    const given = { classWeight: { 0: 1, 1: 3 }, sampleWeight: [1, 1, 0, 0] };
    const [a, b] = [model(), model()];
    a.fit(x, unknown, given);
    b.fit(x, w.tensor([[0], [1], [0], [0]]), given);
    expect(w.digest(a)).toBe(w.digest(b));
  });
});

describe('names of other libraries', () => {
  test.each([
    ['swish', 'silu'],
    ['identity', 'linear'],
    ['none', 'linear'],
    ['logistic', 'sigmoid'],
    ['top_k_categorical_accuracy', 'topKAccuracy'],
    ['roc_auc', 'auc'],
    ['roc_auc_score', 'auc'],
    ['accuracy_score', 'accuracy'],
    ['HuberLoss', 'huber'],
    ['huber_loss', 'huber'],
    ['hinge_loss', 'hinge'],
    ['l1', 'mae'],
    ['kld', 'klDivergence'],
    ['MSELoss', 'mse'],
    ['nn.MSELoss', 'mse'],
    ['torch.nn.MSELoss', 'mse'],
    ['nn.CrossEntropyLoss', 'sparseCategoricalCrossentropy'],
    ['BCEWithLogitsLoss', 'binaryCrossentropy({ fromLogits: true })'],
    ['nn.BCELoss', 'binaryCrossentropy'],
  ])('%s is %s here', (given, ours) => {
    const calls = [
      () => model({ loss: any(given) }),
      () => model({ metrics: [any(given)] }),
      () => new w.Dense(1, { activation: any(given) }),
    ];
    const hints = calls.map(messageOf).filter((message) => message.endsWith(`. Did you mean ${ours}?`));
    expect(hints).not.toEqual([]);
  });

  test('for which there is nothing here are not taken for others', () => {
    for (const name of ['msle', 'mape', 'MAPE']) expect(didYouMean(name, ['mse', 'mae'])).toBeUndefined();
    expect(messageOf(() => model({ loss: any('msle') }))).not.toContain('Did you mean');
  });
});
