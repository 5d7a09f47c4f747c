import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  Activation,
  ActivityRegularization,
  Adagrad,
  Adam,
  AdamW,
  auc,
  binaryCrossentropy,
  calibrationError,
  categoricalCrossentropy,
  constant,
  Dense,
  type DenseOptions,
  Dropout,
  huber,
  type Loss,
  type LossName,
  l1l2,
  loadModel,
  type Metric,
  type MetricName,
  type Model,
  orthogonal,
  RMSprop,
  randomNormal,
  randomUniform,
  Sequential,
  SGD,
  saveModel,
  sparseCategoricalCrossentropy,
  topKAccuracy,
  truncatedNormal,
  varianceScaling,
  WhittleError,
} from '../../src/index.ts';
import { recipeOf } from '../../src/nn/recipes.ts';

// Usual values most of the time, so that whole models are made, and anything else now and then.
const odd = fc.constantFrom<unknown>(Number.NaN, Infinity, -Infinity, -1, 0, 1e308, 2 ** 53, 'no', '', null, [], {});
const number = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom<unknown>(undefined, 0.125, 0.5) },
  { weight: 1, arbitrary: odd },
);
const positive = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom<unknown>(undefined, 1, 2, 5) },
  { weight: 1, arbitrary: odd },
);
const flag = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom<unknown>(undefined, true, false) },
  { weight: 1, arbitrary: odd },
);
const among = (...values: unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 40, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: odd });

// biome-ignore lint/suspicious/noExplicitAny: options of any kind are what is tested
type Any = any;
const clipping = { clipNorm: number, globalClipNorm: number, clipValue: number, learningRate: number };
const adam = {
  ...{ beta1: number, beta2: number, epsilon: number, weightDecay: number },
  ...{ amsgrad: flag, epsilonMode: among('hat', 'paper') },
};
const options = (shape: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Any> =>
  fc.record(shape, { requiredKeys: [] });
const made = <T>(make: (given: Any) => T, shape: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<() => T> =>
  options(shape).map((given) => () => make(given));

const optimizer = fc.oneof(
  made((o) => new SGD(o), { ...clipping, momentum: number, nesterov: flag }),
  made((o) => new Adam(o), { ...clipping, ...adam }),
  made((o) => new AdamW(o), { ...clipping, ...adam }),
  made((o) => new RMSprop(o), { ...clipping, rho: number, momentum: number, epsilon: number }),
  made((o) => new Adagrad(o), { ...clipping, initialAccumulator: number, epsilon: number }),
);
const entropy = { fromLogits: flag, labelSmoothing: number };
const loss = fc.oneof(
  ...(['mse', 'mae', 'hinge', 'klDivergence'] as const).map((name) => fc.constant(() => name as LossName | Loss)),
  made<Loss>(huber, { delta: number }),
  made<Loss>(binaryCrossentropy, entropy),
  made<Loss>(categoricalCrossentropy, entropy),
  made<Loss>(sparseCategoricalCrossentropy, entropy),
);
const metric = fc.oneof(
  fc
    .constantFrom<MetricName>('accuracy', 'mae', 'r2', 'f1', 'logLoss')
    .map((name) => () => name as MetricName | Metric),
  fc.constant(auc),
  made<Metric>(({ k }) => topKAccuracy(k), { k: positive }),
  made<Metric>(({ bins }) => calibrationError(bins), { bins: positive }),
);
const initializer = fc.oneof(
  fc.constantFrom(undefined, 'zeros', 'heNormal', 'orthogonal', 'no').map((name) => () => name),
  made(({ value }) => constant(value), { value: number }),
  made(({ low, high }) => randomUniform(low, high), { low: number, high: positive }),
  made(({ mean, deviation }) => randomNormal(mean, deviation), { mean: number, deviation: number }),
  made(({ mean, deviation }) => truncatedNormal(mean, deviation), { mean: number, deviation: number }),
  made(({ gain }) => orthogonal(gain), { gain: number }),
  made(varianceScaling, { scale: number, mode: among('fanIn', 'fanOut'), distribution: among('normal', 'uniform') }),
);
const regularizer = fc.oneof(
  among(undefined, 'l1', 'l2', 'l1_l2').map((name) => () => name as Any),
  made(l1l2, { l1: number, l2: number }),
);
const activation = fc.oneof(
  among(undefined, 'relu', 'softmax', 'gelu'),
  fc.record({ name: among('elu', 'leakyRelu', 'tanh'), alpha: number }),
);
const dense = fc
  .record({
    ...{ activation, useBias: fc.boolean(), trainable: fc.boolean() },
    ...{ kernelInitializer: initializer, biasInitializer: initializer },
    ...{ kernelRegularizer: regularizer, biasRegularizer: regularizer, activityRegularizer: regularizer },
  })
  .map(({ activation, useBias, trainable, ...rules }) => () => {
    const given = Object.fromEntries(Object.entries(rules).map(([name, make]) => [name, make()])) as Any;
    return Object.assign(new Dense(3, { inputShape: [3], activation, useBias, ...given } as Any), { trainable });
  });
const layer = fc.oneof(
  { weight: 3, arbitrary: dense },
  made(({ rate, training }) => new Dropout(rate ?? 0.5, { training }), { rate: number, training: flag }),
  made(({ spec }) => new Activation(spec), { spec: activation }),
  regularizer.map((make) => () => new ActivityRegularization(make() ?? 'l1')),
);

/** All that was chosen for a model, as plain values. */
function configuration(model: Model): unknown {
  const { optimizer, objectives, replay, seed, steps, layers } = model;
  return {
    ...{ replay, seed, steps },
    optimizer: optimizer.config(),
    objectives: objectives.map(({ loss, weight, metrics }) => [recipeOf(loss), weight, metrics.map(recipeOf)]),
    nodes: model.graph.nodes.map(({ name, op, attrs, inputs }) => [name, op, { ...attrs }, inputs]),
    layers: layers.map((each) => [each.name, each.type, each.trainable]),
    drawn: layers.map((each) => {
      const { kernelInitializer, biasInitializer, useBias } = (each.rules ?? {}) as DenseOptions;
      return [kernelInitializer, useBias === false ? undefined : biasInitializer].map((rule) =>
        typeof rule === 'function' ? recipeOf(rule) : rule,
      );
    }),
    weights: model.weights.map(({ name, shape, regularizer: rule }) => [name, shape, rule]),
  };
}

test('what a model was given comes back from its file, or one of the two refuses it', () => {
  let kept = 0;
  let refused = 0;
  fc.assert(
    fc.property(
      fc.array(layer, { minLength: 1, maxLength: 3 }),
      fc.tuple(optimizer, loss, fc.array(metric, { maxLength: 3 }), number, flag, positive),
      (layers, [makeOptimizer, makeLoss, metrics, weight, replay, seed]) => {
        try {
          const model = new Sequential([new Dense(3, { inputShape: [3] }), ...layers.map((make) => make())], {
            seed: seed as number,
          });
          model.compile({
            optimizer: makeOptimizer(),
            loss: makeLoss(),
            metrics: metrics.map((make) => make()),
            ...(weight !== undefined && { lossWeights: [weight as number] }),
            replay: replay as boolean,
          });
          const bytes = saveModel(model);
          const loaded = loadModel(bytes);
          expect(configuration(loaded)).toEqual(configuration(model));
          expect(saveModel(loaded)).toEqual(bytes);
          kept++;
        } catch (error) {
          if (!(error instanceof WhittleError)) throw error;
          expect(error.message).not.toMatch(/file: /); // what was saved can be read
          refused++;
        }
      },
    ),
    { numRuns: 500, seed: 3 },
  );
  expect(kept).toBeGreaterThan(150);
  expect(refused).toBeGreaterThan(50);
});
