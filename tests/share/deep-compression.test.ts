import { describe, expect, test } from 'vitest';
import {
  Adam,
  Conv2D,
  cloneModel,
  cosineDecay,
  type DeepCompressionOptions,
  Dense,
  decodeNetwork,
  deepCompression,
  distill,
  encodeNetwork,
  Flatten,
  type Model,
  predictNetwork,
  prune,
  Sequential,
  type StageTraining,
  StateError,
  toNetwork,
  unshare,
  ValueError,
} from '../../src/index.ts';
import { normal, smallModel, threeClasses, values } from '../compress/tools.ts';

const [x, y] = threeClasses(48);
const [xTest, yTest] = threeClasses(30, 9);
const epochs = { prune: 4, retrain: 2, centroids: 2 };
const options: DeepCompressionOptions = { x, y, epochs, sparsity: 0.6, clusters: 6, coding: 'range' };
const zerosIn = (model: Model): number[] =>
  model.weights.flatMap(({ name, value }) =>
    name.endsWith('/kernel') ? [values(value).filter((w) => w === 0).length] : [],
  );

function learned(seed = 1): Sequential {
  const model = smallModel(seed);
  model.fit(x, y, { epochs: 4 });
  return model;
}

describe('deepCompression', () => {
  test('goes through its stages, each judged, and the file computes what the model does, to the bit', () => {
    const model = learned();
    const before = encodeNetwork(toNetwork(model));
    const result = deepCompression(model, { ...options, validationData: [xTest, yTest], biases: 'float16' });
    const { model: made, network, file, parts, stages } = result;
    expect(stages.map(({ stage }) => stage)).toEqual(['dense', 'prune', 'retrain', 'share', 'centroids', 'code']);
    expect(encodeNetwork(toNetwork(model))).toEqual(before);
    expect(stages[0]!.bytes).toBe(before.length);
    expect(stages.at(-1)!.bytes).toBe(file.length);
    expect(stages.map(({ sparsity }) => Math.round(95 * sparsity))).toEqual([0, 57, 57, 57, 57, 57]);
    expect(stages.at(-1)!.bitsPerWeight).toBeCloseTo((8 * file.length) / 38, 10);
    expect(stages.at(-1)!.figures).toEqual(made.evaluate(xTest, yTest));
    expect(parts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(file.length);
    expect(values(predictNetwork(network, xTest))).toEqual(values(made.predict(xTest)));
    expect(values(predictNetwork(decodeNetwork(file).network, xTest))).toEqual(values(made.predict(xTest)));
    for (const { name, value } of made.weights)
      if (name.endsWith('/kernel')) expect(new Set(values(value)).size).toBeLessThanOrEqual(6);
    for (const [key, { encoding }] of network.weights)
      expect(encoding.type).toBe(key.endsWith('/bias') ? 'float16' : 'palette');
    expect(String(result)).toMatch(
      /^stage +bytes +zeros +bits a weight +loss +accuracy\ndense .*\n(.*\n)*code .*\n\npart/,
    );
    // Further training keeps what is zero and what is one
    const zeros = zerosIn(made);
    made.fit(x, y);
    expect(zerosIn(made)).toEqual(zeros);
    for (const { name, value } of made.weights)
      if (name.endsWith('/kernel')) expect(new Set(values(value)).size).toBeLessThanOrEqual(6);
  });

  test('the same model and options give the same file, and layers are pruned as told', () => {
    const sparsity = { dense: 0.8, dense_2: 0.5 };
    const first = deepCompression(learned(), { ...options, sparsity });
    expect(deepCompression(learned(), { ...options, sparsity }).file).toEqual(first.file);
    expect(zerosIn(first.model)).toEqual([28, 0, 9]);
    expect(first.stages.every(({ figures }) => figures === null)).toBe(true);
    const atOnce = deepCompression(learned(), { ...options, sparsity, epochs: 0 });
    expect(zerosIn(atOnce.model)).toEqual([28, 0, 9]);
    expect(atOnce.stages[1]!.bytes).toBe(atOnce.stages[2]!.bytes);
  });

  test('with optimizers and callbacks for each stage, and a training of ones own that hears a teacher', () => {
    const model = smallModel();
    model.compile({
      optimizer: new Adam({ learningRate: cosineDecay(0.01, 100) }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    });
    model.fit(x, y);
    expect(() => deepCompression(model, options)).toThrow(StateError);
    const seen: string[] = [];
    const { model: made, stages } = deepCompression(model, {
      ...options,
      validationData: [xTest, yTest],
      batchSize: 16,
      optimizer: (stage, steps) => {
        seen.push(`${stage} ${steps}`);
        return new Adam({ learningRate: cosineDecay(0.01, steps) });
      },
      callbacks: (stage) => [{ onTrainBegin: () => seen.push(`begins ${stage}`) }],
      train: (student, { stage, ...training }) => {
        seen.push(`trains ${stage}`);
        return distill({ teacher: model, student, x, y, optimizer: student.optimizer, ...training }).model;
      },
    });
    for (const [stage, steps] of [
      ['prune', 12],
      ['retrain', 6],
      ['centroids', 6],
    ])
      expect(seen).toEqual(expect.arrayContaining([`${stage} ${steps}`, `begins ${stage}`, `trains ${stage}`]));
    expect(zerosIn(made).reduce((p, q) => p + q)).toBe(57);
    expect(stages.at(-1)!.figures!.accuracy).toBeGreaterThan(0.8);
  });

  test('gives convolutions 256 numbers and dense layers 32, unless told', () => {
    const model = new Sequential(
      [
        new Conv2D(40, 3, { inputShape: [6, 6, 1], activation: 'relu', name: 'conv' }),
        new Flatten(),
        new Dense(3, { activation: 'softmax', name: 'dense' }),
      ],
      { seed: 1 },
    );
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    const samples = { x: normal([12, 6, 6, 1]), y: Int32Array.from({ length: 12 }, (_, i) => i % 3) };
    const { network } = deepCompression(model, { ...samples, sparsity: 0.1, epochs: 1 });
    const sizes = [...network.weights.values()].flatMap(({ encoding }) =>
      encoding.type === 'palette' ? [encoding.centroids.length] : [],
    );
    expect(sizes[0]).toBeGreaterThan(200);
    expect(sizes[1]).toBeLessThanOrEqual(32);
    expect(sizes[1]).toBeGreaterThan(20);
  });

  test('refuses what it cannot do', () => {
    const model = learned();
    const bad = (given: object): unknown => deepCompression(model, { ...options, ...given });
    expect(() => bad({ sparsity: 1 })).toThrow(ValueError);
    expect(() => bad({ sparsity: 'much' })).toThrow('a share in [0, 1), or shares by names of layers');
    expect(() => bad({ sparsity: { densa: 0.5 } })).toThrow(/Did you mean dense\?/);
    expect(() => bad({ coding: 'zip' })).toThrow(ValueError);
    expect(() => bad({ biases: 'int8' })).toThrow(ValueError);
    expect(() => bad({ epochs: { tune: 1 } })).toThrow(ValueError);
    expect(() => bad({ epochs: 1.5 })).toThrow(ValueError);
    for (const wrong of ['1', 'a', true, () => 1, null, { prune: '1' }])
      expect(() => bad({ epochs: wrong })).toThrow('deepCompression: epochs must be');
    expect(() => bad({ sparsity: 1.2 })).toThrow('deepCompression: sparsity must be in [0, 1)');
    // Before anything is trained
    const train = (): never => expect.unreachable();
    expect(() => bad({ train, clusters: 300 })).toThrow(ValueError);
    expect(() => bad({ train, start: 'kmeans' })).toThrow(
      /^deepCompression: start must be .*Did you mean kmeans\+\+\?/,
    );
    expect(() => bad({ train, gradient: 'most' })).toThrow('deepCompression: gradient must be');
    // What a training gives has to be what it was given, trained
    expect(() => bad({ train: () => cloneModel(model) })).toThrow('what train gives for prune is not pruned');
    expect(() =>
      bad({
        train: (own: Model, { stage }: StageTraining) => (stage === 'prune' ? prune(own, { sparsity: 0.6 }) : model),
      }),
    ).toThrow('in what train gives for retrain, dense/kernel is pruned no more');
    const loose = (own: Model, { stage, ...training }: StageTraining): Model => {
      own.fit(x, y, training);
      return stage === 'centroids' ? unshare(own) : own;
    };
    expect(() => bad({ train: loose })).toThrow('in what train gives for centroids, dense/kernel is shared no more');
    expect(() => bad({ train: 1 })).toThrow(ValueError);
    expect(() => bad({ callbacks: () => 5 })).toThrow(
      'deepCompression: callbacks("prune") must be a list of callbacks',
    );
    expect(() => bad({ train: () => null })).toThrow(ValueError);
    expect(() => bad({ validationData: x })).toThrow(ValueError);
    const fresh = new Sequential([new Dense(3, { inputShape: [5] })]);
    expect(() => deepCompression(fresh, options)).toThrow(/not compiled/);
  });
});
