import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Activation,
  type ActivationChoice,
  Adagrad,
  Adam,
  AdamW,
  auc,
  binaryCrossentropy,
  categoricalCrossentropy,
  constant,
  Dense,
  Dropout,
  digest,
  encodeNetwork,
  Flatten,
  FormatError,
  fromData,
  huber,
  type Initializer,
  type Loss,
  type LossFunction,
  type LossName,
  l1,
  l1l2,
  l2,
  loadModel,
  type Metric,
  type MetricName,
  ModelCheckpoint,
  type ModelCheckpointOptions,
  type Optimizer,
  orthogonal,
  prune,
  quantize,
  RMSprop,
  randomNormal,
  randomUniform,
  Sequential,
  SGD,
  StateError,
  saveModel,
  square,
  stepDecay,
  sub,
  type Tensor,
  topKAccuracy,
  truncatedNormal,
  varianceScaling,
  WhittleError,
  zeros,
} from '../../src/index.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/index.ts';
import { list, noise, of } from './tools.ts';

type Float = 'float32' | 'float64';
const x = (dtype: Float = 'float32'): Tensor => of(list(24, noise(1)), [8, 3], dtype);
const y = (dtype: Float = 'float32'): Tensor => {
  const bit = noise(2);
  const bits = list(8, () => Number(bit() > 0));
  return of(
    bits.flatMap((b) => [b, 1 - b]),
    [8, 2],
    dtype,
  );
};

function small(
  optimizer: Optimizer,
  loss: LossName | Loss | LossFunction = 'mse',
  metrics: readonly (MetricName | Metric)[] = [],
  activation: 'linear' | 'softmax' = 'linear',
): Sequential {
  const layers = [new Dense(4, { activation: 'tanh', inputShape: [3] }), new Dense(2, { activation })];
  const model = new Sequential(layers, { seed: 3 });
  model.compile({ optimizer, loss, metrics });
  return model;
}

/** Trains both a little further: they must agree to the bit. */
function expectSameFuture(a: Sequential, b: Sequential): void {
  expect(digest(b)).toBe(digest(a));
  const options = { batchSize: 3, epochs: 3 };
  expect(b.fit(x(b.dtype), y(b.dtype), options)).toEqual(a.fit(x(a.dtype), y(a.dtype), options));
  expect(digest(b)).toBe(digest(a));
}

describe('a model file keeps', () => {
  const optimizers: [string, () => Optimizer][] = [
    ['SGD', () => new SGD({ learningRate: 0.1, clipNorm: 0.5 })],
    ['SGD with nesterov', () => new SGD({ momentum: 0.9, nesterov: true, clipValue: 0.1 })],
    ['Adam', () => new Adam({ beta1: 0.8, beta2: 0.99, epsilon: 1e-5, epsilonMode: 'paper' })],
    ['Adam with amsgrad', () => new Adam({ amsgrad: true, weightDecay: 0.01, globalClipNorm: 1 })],
    ['AdamW', () => new AdamW()],
    ['RMSprop', () => new RMSprop({ rho: 0.8, momentum: 0.5 })],
    ['Adagrad', () => new Adagrad({ initialAccumulator: 0.2 })],
  ];
  test.each(optimizers)('%s with its options and slots', (_name, make) => {
    const model = small(make());
    model.fit(x(), y(), { epochs: 4, batchSize: 3 });
    const loaded = loadModel(saveModel(model));
    expect(loaded.optimizer.config()).toEqual(model.optimizer.config());
    expectSameFuture(model, loaded);
  });

  const losses: [string, LossName | Loss][] = [
    ['mse', 'mse'],
    ['mae', 'mae'],
    ['hinge', 'hinge'],
    ['huber', huber({ delta: 0.3 })],
    ['klDivergence', 'klDivergence'],
    ['binaryCrossentropy', binaryCrossentropy({ fromLogits: true, labelSmoothing: 0.1 })],
    ['categoricalCrossentropy', categoricalCrossentropy({ labelSmoothing: 0.2 })],
  ];
  test.each(losses)('the loss %s with its options, and metrics', (name, loss) => {
    const metrics = ['accuracy', 'mse', 'rmse'] as const;
    const ending = name === 'klDivergence' || name === 'categoricalCrossentropy' ? 'softmax' : 'linear';
    const model = small(new Adam(), loss, metrics, ending);
    const loaded = loadModel(saveModel(model));
    expect([loaded.loss.name, loaded.loss.options]).toEqual([model.loss.name, model.loss.options]);
    expect(loaded.metrics.map(({ name }) => name)).toEqual(metrics);
    expectSameFuture(model, loaded);
  });

  test.each(['float32', 'float64'] as const)('layers with every option, names, seed and masks, %s', (dtype) => {
    const activations: ActivationChoice[] = [
      { name: 'leakyRelu', alpha: 0.3 },
      { name: 'elu', alpha: 2 },
      'gelu',
      'silu',
    ];
    const model = new Sequential(
      [
        new Flatten({ inputShape: [3], name: 'flat' }),
        ...activations.map((activation, i) => new Dense(4, { activation, name: `é ${i}`, useBias: i !== 1 })),
        new Dropout(0.25, { name: 'always', training: true }),
        new Dropout(0),
        new Dense(3, { kernelRegularizer: l1(0.001), biasRegularizer: l2(0.002), activityRegularizer: 'l1_l2' }),
        new Dense(3, { kernelInitializer: 'orthogonal', biasInitializer: 'ones' }),
        new Activation({ name: 'leakyRelu', alpha: 0.05 }),
        new Dense(2, { kernelRegularizer: l1l2({ l1: 0.01, l2: 0.02 }), name: '__proto__' }),
        new Activation('softmax', { name: 'constructor' }),
      ],
      { seed: 2 ** 53 - 1, dtype },
    );
    model.layer('é 2').trainable = false;
    model.layer('é 0').weights[0]!.mask = fromData(
      Uint8Array.from({ length: 12 }, (_, i) => i % 2),
      [3, 4],
      'bool',
    );
    model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
    model.fit(x(dtype), y(dtype), { epochs: 2 });
    const bytes = saveModel(model);
    const loaded = loadModel(bytes);
    expect(saveModel(loaded)).toEqual(bytes);
    const facts = ({ layers, seed, dtype: type, steps }: Sequential): unknown => [
      layers.map((layer) => [layer.name, layer.type, layer.trainable]),
      [seed, type, steps],
    ];
    expect(facts(loaded)).toEqual(facts(model));
    expect(loaded.predict(x(dtype)).data).toEqual(model.predict(x(dtype)).data);
    expectSameFuture(model, loaded);
    const after = (loaded.layer('é 0') as Dense).kernel;
    for (let i = 0; i < 12; i += 2) expect(after.data[i]).toBe(0);
  });

  test('NaN, infinities and negative zero', () => {
    const model = small(new SGD());
    const odd = of([Number.NaN, Infinity, -Infinity, -0, 0, 1e-45, ...list(6, noise(3))], [3, 4], 'float32');
    model.setWeights([odd, ...model.getWeights().slice(1)]);
    const loaded = loadModel(saveModel(model));
    expect(digest(loaded)).toBe(digest(model));
    expect(Object.is(loaded.getWeights()[0]!.data[3], -0)).toBe(true);
  });

  test('the zeros of a pruned model, and is smaller for them', () => {
    const dense = new Sequential([new Dense(64, { inputShape: [3] }), new Dense(64), new Dense(2)]);
    const model = prune(dense, { sparsity: 0.8 });
    model.compile({ optimizer: 'adam', loss: 'mse' });
    const bytes = saveModel(model, { weightsOnly: true });
    expect(bytes.length).toBeLessThan(saveModel(dense, { weightsOnly: true }).length / 2);
    const loaded = loadModel(saveModel(model));
    expectSameFuture(model, loaded);
    expect([...(loaded.layers[1] as Dense).kernel.data].filter((w) => w === 0).length).toBeGreaterThan(0.7 * 64 * 64);
  });

  test('a rate that a callback set, 0 too', () => {
    const model = small(new Adam());
    model.optimizer.learningRate = 0;
    expect(loadModel(saveModel(model)).optimizer.learningRate).toBe(0);
  });

  test('a model never compiled, never trained; one never built is refused', () => {
    const bare = new Sequential([new Dense(2, { inputShape: [3] })], { seed: 5 });
    expect(loadModel(saveModel(bare)).isCompiled).toBe(false);
    expectSameFuture(small(new Adam()), loadModel(saveModel(small(new Adam()))));
    expect(() => saveModel(new Sequential([new Dense(2)]))).toThrow(StateError);
  });
});

describe('what is code', () => {
  const custom = (t: Tensor, p: Tensor): Tensor => square(sub(t, p));
  class Mine extends SGD {}
  const judge: Metric = { name: 'mine', create: () => ({ update() {}, result: () => 7 }) };
  const huberLike: Loss = { ...huber(), call: custom };
  const aucLike: Metric = { ...auc(), create: judge.create };
  const cases: [string, () => Sequential, RegExp][] = [
    ['a function as loss', () => small(new Adam(), custom), /the loss custom is code/],
    ['a loss object', () => small(new Adam(), { name: 'mine', call: custom }), /the loss mine is code/],
    ['a loss under a name of the library', () => small(new Adam(), { name: 'mse', call: custom }), /the loss mse/],
    ['a changed copy of a loss', () => small(new Adam(), huberLike), /the loss huber/],
    ['a metric', () => small(new Adam(), 'mse', ['mae', judge]), /the metric mine is code/],
    [
      'a metric under a name of the library',
      () => small(new Adam(), 'mse', [{ ...judge, name: 'mae' }]),
      /the metric mae/,
    ],
    ['a changed copy of a metric', () => small(new Adam(), 'mse', [aucLike]), /the metric auc/],
    ['a renamed metric', () => small(new Adam(), 'mse', [{ ...topKAccuracy(1), name: 'hit' }]), /the metric hit/],
    ['a schedule', () => small(new Adam({ learningRate: stepDecay(0.1, 4, 0.5) })), /schedule of the learning rate/],
    ['an optimizer', () => small(new Mine()), /the optimizer Mine/],
  ];
  test.each(cases)('is refused by name, or left out where that is asked for: %s', (_name, make, message) => {
    const model = make();
    expect(() => saveModel(model)).toThrow(StateError);
    expect(() => saveModel(model)).toThrow(message);
    expect(() => saveModel(model)).toThrow(/withoutCode: true leaves it out/);
    const loaded = [
      loadModel(saveModel(model, { withoutCode: true })),
      loadModel(saveModel(model, { weightsOnly: true })),
    ];
    for (const each of loaded) expect(digest(each)).toBe(digest(model));
  });

  const odd: [string, (model: Sequential) => object, RegExp][] = [
    ['steps', (m) => Object.assign(m, { steps: 0.5 }), /model\.steps must be an integer of at least 0, got 0.5/],
    ['steps of the optimizer', (m) => Object.assign(m.optimizer, { iterations: -1 }), /scalars\.iterations must be/],
    [
      'a schedule without a rate',
      (m) => Object.assign(m.optimizer, { learningRate: () => -1 }),
      /rate must be at least 0/,
    ],
  ];
  test.each(odd)('is not needed for what no file can hold: %s', (_name, change, message) => {
    const model = small(new Adam());
    change(model);
    expect(() => saveModel(model, { withoutCode: true })).toThrow(message);
  });

  test('an initializer is refused, one of the library comes back', () => {
    const drawn = (kernelInitializer: Initializer, biasInitializer: Initializer = 'ones'): Sequential =>
      new Sequential([new Dense(2, { inputShape: [3], kernelInitializer, biasInitializer })], { seed: 9 });
    const own = drawn((shape) => zeros(shape));
    expect(() => saveModel(own)).toThrow('the kernelInitializer of layer dense is code, which no file holds');
    expect(() => saveModel(own, { weightsOnly: true })).toThrow('the kernelInitializer of layer dense');
    expect(loadModel(saveModel(own, { withoutCode: true })).layer(0)).toMatchObject({
      options: { biasInitializer: 'ones' },
    });
    for (const bad of [Number.NaN, Infinity])
      expect(() => saveModel(drawn(constant(bad)))).toThrow(`value is ${bad}, which no file holds`);
    const makers = [
      constant(-0.25),
      randomUniform(-1, 3),
      randomNormal(1, 0.5),
      truncatedNormal(0.5, 2),
      varianceScaling({ scale: 3, mode: 'fanOut', distribution: 'uniform' }),
      orthogonal(0.5),
    ];
    for (const make of makers)
      for (const weightsOnly of [true, false]) {
        const model = drawn(make, make);
        const loaded = loadModel(saveModel(model, { weightsOnly }));
        const anew = new Sequential([loaded.layer(0).clone()], { seed: 9 });
        expect(digest(anew)).toBe(digest(model));
      }
  });

  test('a loss of the user is asked for, never replaced, and goes on with the moments', () => {
    for (const loss of [custom, { name: 'mine', call: custom }]) {
      const model = small(new Adam(), loss, ['mae']);
      model.fit(x(), y(), { epochs: 3 });
      const bytes = saveModel(model, { withoutCode: true });
      const loaded = loadModel(bytes);
      expect([loaded.isCompiled, digest(loaded)]).toEqual([false, digest(model)]);
      expect(() => loaded.fit(x(), y())).toThrow(/not compiled/);
      expectSameFuture(model, loadModel(bytes, { loss }));
    }
  });

  test('a metric that was left out may be given', () => {
    const model = small(new Adam(), 'mse', ['mae', judge]);
    const bytes = saveModel(model, { withoutCode: true });
    expect(loadModel(bytes).metrics.map(({ name }) => name)).toEqual(['mae']);
    expect(loadModel(bytes, { metrics: ['mse', judge] }).metrics.map(({ name }) => name)).toEqual(['mse', 'mine']);
  });

  test('of a schedule the rate of the next step remains, and the schedule may be set again', () => {
    const schedule = stepDecay(0.1, 4, 0.5);
    const model = small(new SGD({ learningRate: schedule, momentum: 0.5 }));
    model.fit(x(), y(), { epochs: 3, batchSize: 4 }); // 6 steps
    const loaded = loadModel(saveModel(model, { withoutCode: true }));
    const { optimizer } = loaded;
    expect([optimizer.hasSchedule, optimizer.learningRate, optimizer.iterations]).toEqual([false, 0.05, 6]);
    optimizer.learningRate = schedule;
    expect([optimizer.hasSchedule, optimizer.learningRate]).toEqual([true, 0.05]);
    expectSameFuture(model, loaded);
    expect(optimizer.learningRate).toBe(model.optimizer.learningRate);
  });

  test('with an optimizer of the user the weights remain', () => {
    const loaded = loadModel(saveModel(small(new Mine()), { withoutCode: true }));
    expect([loaded.isCompiled, digest(loaded)]).toEqual([false, digest(small(new SGD()))]);
  });

  test('a checkpoint says so before the first epoch, and takes the same options', () => {
    const model = small(new Adam(), custom);
    const saved: Uint8Array[] = [];
    const train = (options: ModelCheckpointOptions): unknown =>
      model.fit(x(), y(), { callbacks: [new ModelCheckpoint((bytes) => void saved.push(bytes), options)] });
    expect(() => train({ monitor: 'loss' })).toThrow(/the loss custom is code/);
    expect([model.steps, saved.length]).toEqual([0, 0]);
    for (const options of [{ withoutCode: true }, { weightsOnly: true }]) train({ monitor: 'loss', ...options });
    expect(saved.map((bytes) => loadModel(bytes, { loss: custom }).isCompiled)).toEqual([true, false]);
  });

  test('a quantized network is no model to train', () => {
    const network = quantize(small(new SGD()), { calibration: x() });
    expect(() => loadModel(encodeNetwork(network))).toThrow(/quantized/);
  });
});

describe('a file that is not to be trusted', () => {
  const model = new Sequential(
    [new Dense(3, { activation: 'relu', inputShape: [3], kernelRegularizer: 'l2' }), new Dropout(0.1), new Dense(2)],
    { seed: 3 },
  );
  model.compile({ optimizer: new Adam(), loss: huber({ delta: 2 }), metrics: ['mae'] });
  model.fit(x(), y(), { epochs: 2 });
  const bytes = saveModel(model);

  /** The file with its training text changed. */
  function rewritten(change: (text: string) => string): Uint8Array {
    const { tensors, metadata } = decodeSafetensors(bytes);
    const entries = [...metadata].map(([key, text]) => [key, key === 'training' ? change(text) : text] as const);
    return encodeSafetensors(tensors, Object.fromEntries(entries));
  }

  /** Loads and uses the file, or throws an error of ours. */
  function survives(file: Uint8Array): 'loaded' | 'refused' {
    let loaded: Sequential;
    try {
      loaded = loadModel(file);
    } catch (error) {
      if (error instanceof WhittleError) return 'refused';
      throw error;
    }
    expect(loaded.parameterCount).toBeLessThan(1000);
    loaded.predict(x());
    if (loaded.isCompiled) loaded.fit(x(), y());
    return 'loaded';
  }

  test('with changed, missing or added bytes loads or throws an error of ours', () => {
    const flipped = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, bits]) => {
      const copy = bytes.slice();
      copy[at]! ^= bits;
      return copy;
    });
    const cut = fc.nat(bytes.length - 1).map((length) => bytes.slice(0, length));
    const longer = fc.tuple(fc.nat(bytes.length), fc.uint8Array({ minLength: 1, maxLength: 9 })).map(([at, more]) => {
      return Uint8Array.from([...bytes.subarray(0, at), ...more, ...bytes.subarray(at)]);
    });
    fc.assert(
      fc.property(fc.oneof(flipped, cut, longer), (file) => void survives(file)),
      { numRuns: 300, seed: 1 },
    );
  });

  test('with a training text changed word by word loads or throws an error of ours', () => {
    const words = decodeSafetensors(bytes)
      .metadata.get('training')!
      .split(/([{}[\]:,])/);
    const word = fc.oneof(
      fc.constantFrom(
        'null',
        'true',
        '-1',
        '1e999',
        '1e300',
        '0.5',
        '9007199254740993',
        '""',
        '[]',
        '{}',
        '"adam"',
        '',
      ),
      fc.constantFrom('"__proto__"', '"constructor"', '"toString"', '"custom"', '"hasOwnProperty"', ',', ':', '}', ']'),
      fc.constantFrom(...words),
    );
    let loaded = 0;
    fc.assert(
      fc.property(fc.nat(words.length - 1), word, (at, value) => {
        if (survives(rewritten(() => words.map((w, i) => (i === at ? value : w)).join(''))) === 'loaded') loaded++;
      }),
      { numRuns: 500, seed: 1 },
    );
    expect(loaded).toBeGreaterThan(10);
    expect(loaded).toBeLessThan(400);
  });

  const replaced =
    (from: string | RegExp, to: string) =>
    (text: string): string => {
      const changed = text.replace(from, to);
      expect(changed).not.toBe(text);
      return changed;
    };
  const initialized = (value: string): ((text: string) => string) =>
    replaced('"layers":{', `"layers":{"dense_1":{"kernelInitializer":${value}},`);
  test.each([
    ['an unknown optimizer', replaced('"name":"Adam"', '"name":"Eval"'), /optimizer must be/],
    [
      'an optimizer named like an object method',
      replaced('"name":"Adam"', '"name":"constructor"'),
      /optimizer must be/,
    ],
    ['an unknown loss', replaced('"name":"huber"', '"name":"__proto__"'), /loss must be/],
    ['a rate that is text', replaced(/"learningRate":[^,]*/, '"learningRate":"0.1"'), /learningRate/],
    ['a rate below 0', replaced(/"learningRate":[^,]*/, '"learningRate":-1'), /learningRate/],
    ['an option out of range', replaced(/"beta1":[^,]*/, '"beta1":2'), /beta1/],
    ['a flag that is text', replaced('"amsgrad":false', '"amsgrad":"no"'), /amsgrad must be true or false, got "no"/],
    ['a power above 1', replaced(/"power2":[^,}]*/, '"power2":1.5'), /scalars\.power2 must be between 0 and 1/],
    ['a scalar too many', replaced('"power1"', '"power3":1,"power1"'), /keeps no power3/],
    ['an infinite counter', replaced(/"iterations":\d+/, '"iterations":1e999'), /iterations/],
    ['a negative seed', replaced(/"seed":\d+/, '"seed":-1'), /seed/],
    ['a broken step', replaced(/"steps":\d+/, '"steps":0.5'), /steps/],
    ['another element type', replaced('"seed":3', '"seed":3,"dtype":"float64"'), /dtype: is not that/],
    ['a key twice', replaced('"seed":3', '"seed":3,"seed":4'), /twice/],
    ['a key too many', replaced('"seed":3', '"seed":3,"__proto__":{"polluted":1}'), /__proto__/],
    ['no layers', replaced('"layers"', '"others"'), /layers: is missing/],
    ['a layer that there is not', replaced('"layers":{', '"layers":{"x":{},'), /layers\.x: belongs to no layer/],
    ['a flag that is none', replaced('"layers":{', '"layers":{"dropout":{"trainable":1},'), /trainable/],
    ['an unknown initializer', initialized('"eval"'), /layers\.dense_1\.kernelInitializer: must name an initializer/],
    ['an initializer named like an object method', initialized('"constructor"'), /must name an initializer/],
    ['an initializer that is no text', initialized('["zeros"]'), /kernelInitializer: must be an object/],
    [
      'an initializer where there are no weights',
      replaced('"layers":{', '"layers":{"dropout":{"biasInitializer":"zeros"},'),
      /layers\.dropout\.biasInitializer: this reader does not know the field/,
    ],
    ['a replay that is no flag', replaced('"seed":3', '"seed":3,"replay":0'), /replay: must be true or false/],
    ['text that is no JSON', () => 'seed', /JSON/],
    ['deep nesting', () => '['.repeat(100_000), /nesting/],
  ] as const)('with %s is refused by name', (_name, change, text) => {
    const load = (): Sequential => loadModel(rewritten(change));
    expect(load).toThrow(FormatError);
    expect(load).toThrow(text);
    expect(({} as Record<string, unknown>).polluted).toBe(undefined);
  });

  const tiny = { dtype: 'F32', shape: [1], data: new Float32Array(1) } as const;
  const wide = { dtype: 'F64', shape: [3], data: new Float64Array(3) } as const;
  test.each([
    ['is missing', 'optimizer/dense/kernel/m', null],
    ['has another shape', 'optimizer/dense/bias/v', tiny],
    ['is of another type', 'optimizer/dense/bias/v', wide],
    ['belongs to no parameter', 'optimizer/other/v', tiny],
    ['is numbered, as version 1 had it', 'optimizer/0/m', tiny],
    ['has the name of a prototype', '__proto__', tiny],
  ] as const)('whose optimizer tensor %s is refused', (_name, name, tensor) => {
    const { tensors, metadata } = decodeSafetensors(bytes);
    if (tensor === null) tensors.delete(name);
    else tensors.set(name, tensor);
    expect(() => loadModel(encodeSafetensors(tensors, Object.fromEntries(metadata)))).toThrow(FormatError);
  });

  test('of weights alone may hold no other tensor either', () => {
    const { tensors, metadata } = decodeSafetensors(saveModel(model, { weightsOnly: true }));
    tensors.set('more', tiny);
    const file = encodeSafetensors(tensors, Object.fromEntries(metadata));
    expect(() => loadModel(file)).toThrow(/belongs to nothing/);
  });
});
