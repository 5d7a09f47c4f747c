import { describe, expect, test, vi } from 'vitest';
import {
  Activation,
  BatchNorm,
  type BatchNormOptions,
  Dense,
  type DenseOptions,
  Dropout,
  digest,
  Flatten,
  fromNetwork,
  type Initializer,
  type InitializerName,
  type Layer,
  LayerNorm,
  type LayerNormOptions,
  l1l2,
  loadModel,
  maxNorm,
  nonNegative,
  Random,
  randomUniform,
  Sequential,
  saveModel,
  toNetwork,
} from '../../src/index.ts';
import { list, noise, of } from './tools.ts';

const SHAPE = [2, 3];
const x = of(list(30, noise(51)), [5, ...SHAPE], 'float32');

/** What a layer does in a model by itself: each option of ours shows in it. */
function behaviour(layer: Layer): unknown {
  const { trainable, inputShape, type } = layer;
  const model = new Sequential([layer], { seed: 6 });
  const { isBuilt } = model;
  model.build(SHAPE);
  const output = model.predict(x);
  model.compile({ optimizer: 'sgd', loss: 'mae' });
  const { loss } = model.evaluate(x, output); // 0 and the penalties, but where dropout draws anew
  const weights = model.weights.map(({ name, regularizer, constraint }) => {
    return { name, regularizer, constraint: constraint && [constraint.name, constraint.options] };
  });
  const attrs = model.graph.nodes.map((node) => node.attrs);
  const { name } = layer; // chosen by the model if it had none
  return {
    ...{ type, trainable, inputShape, isBuilt, weights, attrs, name, loss },
    ...{ output: [...output.data], digest: digest(model) },
  };
}

/** How a layer is made of options, and all options that it has. */
interface Row {
  readonly make: (options: object) => Layer;
  readonly options: object;
}

const shared = { name: 'mine', inputShape: SHAPE };
const dense: Required<DenseOptions> = {
  ...shared,
  activation: { name: 'leakyRelu', alpha: 0.35 },
  useBias: true,
  kernelInitializer: 'heNormal',
  biasInitializer: 'ones',
  kernelRegularizer: l1l2({ l1: 0.1, l2: 0.2 }),
  biasRegularizer: 'l1',
  kernelConstraint: maxNorm(3),
  biasConstraint: nonNegative(),
  activityRegularizer: l1l2({ l2: 0.3 }),
  kernelBits: 4,
  learnedStep: true,
};
const scales: Required<LayerNormOptions> = {
  ...shared,
  epsilon: 0.01,
  scale: true,
  center: true,
  gammaInitializer: 'zeros',
  betaInitializer: 'ones',
  gammaRegularizer: l1l2({ l1: 0.1, l2: 0.2 }),
  betaRegularizer: l1l2({ l2: 0.3 }),
  gammaConstraint: maxNorm(3),
  betaConstraint: nonNegative(),
};
const normal: Required<BatchNormOptions> = {
  ...scales,
  convention: 'pytorch',
  momentum: 0.75,
  movingMeanInitializer: 'ones',
  movingVarianceInitializer: 'zeros',
};
const rows: Readonly<Record<string, Row>> = {
  Dense: { make: (options) => new Dense(4, options), options: dense },
  'Dense with functions': {
    make: (options) => new Dense(4, options),
    options: { ...dense, kernelInitializer: randomUniform(1, 2), biasInitializer: randomUniform(3, 4) },
  },
  'Dense without bias': {
    make: (options) => new Dense(4, options),
    options: {
      ...{ ...dense, useBias: false, biasInitializer: undefined, biasRegularizer: undefined },
      biasConstraint: undefined,
    },
  },
  Activation: { make: (options) => new Activation({ name: 'elu', alpha: 1.7 }, options), options: shared },
  Dropout: { make: (options) => new Dropout(0.4, options), options: { ...shared, training: true } },
  Flatten: { make: (options) => new Flatten(options), options: shared },
  BatchNorm: { make: (options) => new BatchNorm(options), options: normal },
  LayerNorm: { make: (options) => new LayerNorm(options), options: scales },
};

/** Options that are refused without another one. */
const NEEDED_BY: Readonly<Record<string, string>> = { kernelBits: 'learnedStep' };

describe('clone() of a layer', () => {
  test.each(Object.keys(rows))('keeps every option: %s', (name) => {
    const { make, options } = rows[name]!;
    const wanted = behaviour(make(options));
    const layer = make(options);
    expect(behaviour(layer.clone().clone())).toEqual(wanted);
    expect(behaviour(layer)).toEqual(wanted);
    // ... which proves something, since each of them shows.
    for (const [option, value] of Object.entries(options)) {
      if (value === undefined || (['useBias', 'scale', 'center'].includes(option) && value === true)) continue;
      const without = { ...options, [option]: undefined, ...(NEEDED_BY[option] && { [NEEDED_BY[option]]: undefined }) };
      expect(behaviour(make(without)), option).not.toEqual(wanted);
    }
  });

  test.each<[string, (options: object) => Layer, (options: object) => Layer]>([
    ['units', (o) => new Dense(4, o), (o) => new Dense(5, o)],
    [
      'alpha of leakyRelu',
      (o) => new Activation({ name: 'leakyRelu', alpha: 0.7 }, o),
      (o) => new Activation('leakyRelu', o),
    ],
    ['alpha of elu', (o) => new Activation({ name: 'elu', alpha: 0.7 }, o), (o) => new Activation('elu', o)],
    ['rate', (o) => new Dropout(0.2, { ...o, training: true }), (o) => new Dropout(0.6, { ...o, training: true })],
  ])('keeps what is no option: %s', (_name, make, other) => {
    const options = { name: 'own' };
    expect(behaviour(make(options).clone())).toEqual(behaviour(make(options)));
    expect(behaviour(other(options))).not.toEqual(behaviour(make(options)));
  });

  test('shares no numbers, though an initializer hands out one tensor each time', () => {
    const start = of(list(12, noise(52)), [3, 4], 'float32');
    const before = [...start.data];
    const layer = new Dense(4, { inputShape: [3], kernelInitializer: () => start, useBias: false });
    const [model, copy] = [layer, layer.clone()].map((one) => new Sequential([one])) as [Sequential, Sequential];
    const [input, target] = [of([1, 2, 3], [1, 3], 'float32'), of([1, 1, 1, 1], [1, 4], 'float32')];
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    model.fit(input, target);
    expect([...model.weights[0]!.value.data]).not.toEqual(before);
    for (const t of [copy.weights[0]!.value, start]) expect([...t.data]).toEqual(before);
    expect(start.requiresGrad).toBe(false);
  });
});

const INITIALIZERS: readonly InitializerName[] = [
  'zeros',
  'ones',
  'glorotUniform',
  'glorotNormal',
  'heUniform',
  'heNormal',
  'lecunUniform',
  'lecunNormal',
  'orthogonal',
  'torchUniform',
];

describe('layers of a loaded model', () => {
  const make = (options: DenseOptions, seed = 8): Sequential =>
    new Sequential(
      [new Flatten({ inputShape: SHAPE }), new Dense(5, { ...options, activation: 'relu' }), new Dense(2, options)],
      { seed },
    );
  /** A model of clones of the layers, which draws weights of its own. */
  const anew = ({ layers, seed }: Sequential): Sequential =>
    new Sequential(
      layers.map((layer) => layer.clone()),
      { seed },
    );
  const trained = (model: Sequential): Sequential => {
    model.setWeights(model.getWeights().map((w) => of(list(w.size, noise(53)), w.shape, 'float32')));
    return model;
  };

  test.each(INITIALIZERS)('begin anew as those of the first model: %s', (name) => {
    for (const options of [{ kernelInitializer: name }, { biasInitializer: name }, {}]) {
      const loaded = loadModel(saveModel(trained(make(options))));
      expect(digest(loaded)).toBe(digest(trained(make(options))));
      expect(digest(anew(loaded))).toBe(digest(make(options)));
      expect(digest(anew(loadModel(saveModel(loaded))))).toBe(digest(make(options)));
    }
  });

  test('begin anew by default where code of the user tells how, and as they did where weights are all that is kept', () => {
    const draw: Initializer = (shape, random, dtype) => random.uniform(shape, 0, 1, dtype);
    const drawn = { kernelInitializer: draw, biasInitializer: draw };
    expect(digest(anew(loadModel(saveModel(make(drawn), { withoutCode: true }))))).toBe(digest(make({})));
    const ones = make({ kernelInitializer: 'ones', biasInitializer: 'ones' });
    expect(digest(anew(loadModel(saveModel(ones, { weightsOnly: true }))))).toBe(digest(ones));
    expect(digest(anew(fromNetwork(toNetwork(ones), { seed: 8 })))).toBe(digest(make({})));
  });

  test('do what those of the first model do', () => {
    for (const { make: layer, options } of Object.values(rows)) {
      if (options === rows['Dense with functions']!.options) continue;
      const model = new Sequential([layer(options)], { seed: 6 });
      const loaded = loadModel(saveModel(model));
      expect(behaviour(loaded.layers[0]!.clone())).toEqual(behaviour(layer(options)));
    }
  });

  test('draw nothing while the model is loaded', () => {
    const bytes = saveModel(make({ kernelInitializer: 'orthogonal', biasInitializer: 'heUniform' }));
    const draws = (['normal', 'uniform'] as const).map((name) => vi.spyOn(Random.prototype, name));
    try {
      loadModel(bytes);
      for (const draw of draws) expect(draw).not.toHaveBeenCalled();
      make({ kernelInitializer: 'orthogonal', biasInitializer: 'heUniform' });
      for (const draw of draws) expect(draw).toHaveBeenCalled();
    } finally {
      vi.restoreAllMocks();
    }
  });
});

describe('a blank model', () => {
  test('begins at 0, built at once or later, with the names, options and draws of any other', () => {
    const layers = (options: DenseOptions = {}): Layer[] => [
      new Dense(3, { ...options, kernelInitializer: 'ones', biasInitializer: randomUniform(1, 2) }),
      new Dropout(0.5, { training: true }),
    ];
    const drawn = new Sequential(layers({ inputShape: [3] }), { seed: 9, dtype: 'float64' });
    const atOnce = new Sequential(layers({ inputShape: [3] }), { seed: 9, dtype: 'float64', blank: true });
    const later = new Sequential(layers(), { seed: 9, dtype: 'float64', blank: true });
    later.build([3]);
    for (const model of [atOnce, later]) {
      for (const { value } of model.weights) expect(value.data.every((v) => v === 0)).toBe(true);
      model.setWeights(drawn.getWeights());
      expect(digest(model)).toBe(digest(drawn));
      const input = of([1, 2, 3], [1, 3]);
      expect(model.predict(input).data).toEqual(drawn.predict(input).data);
    }
  });
});
