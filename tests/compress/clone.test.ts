import { describe, expect, test } from 'vitest';
import {
  Adam,
  AdamW,
  cloneModel,
  cosineDecay,
  Dense,
  Dropout,
  digest,
  prune,
  Sequential,
  SGD,
  sparseCategoricalCrossentropy,
  topKAccuracy,
} from '../../src/index.ts';
import { denseOf, kernelsOf, smallModel, threeClasses, values } from './tools.ts';

const [x, y] = threeClasses();

describe('cloneModel', () => {
  test('gives the same weights, names, shapes and predictions', () => {
    const model = smallModel();
    model.fit(x, y, { epochs: 2 });
    model.layers[3]!.trainable = false;
    const copy = cloneModel(model);
    expect(digest(copy)).toBe(digest(model));
    expect(copy.summary()).toBe(model.summary());
    expect([copy.seed, copy.steps, copy.dtype]).toEqual([model.seed, model.steps, model.dtype]);
    expect(copy.layers.map(({ trainable }) => trainable)).toEqual(model.layers.map(({ trainable }) => trainable));
    expect(values(copy.predict(x))).toEqual(values(model.predict(x)));
    expect(digest(cloneModel(smallModel(1, 'float64')))).toBe(digest(smallModel(1, 'float64')));
  });

  test('is independent: training either leaves the other as it is', () => {
    const model = prune(smallModel(), { sparsity: 0.4 });
    const before = digest(model);
    const copy = cloneModel(model);
    copy.fit(x, y);
    kernelsOf(copy)[0]!.mask!.storage.array.fill(1);
    expect(digest(model)).toBe(before);
    expect(kernelsOf(model)[0]!.mask!.data).toContain(0);
    const after = digest(copy);
    model.fit(x, y);
    expect(digest(copy)).toBe(after);
  });

  test('trains to the bits that the original would reach with a new optimizer', () => {
    const make = (): Sequential => {
      const model = smallModel(); // with Dropout, whose draws go by steps
      model.fit(x, y, { epochs: 1 });
      return model;
    };
    const [model, copy] = [make(), cloneModel(make())];
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    for (const one of [model, copy]) one.fit(x, y, { epochs: 2 });
    expect(digest(copy)).toBe(digest(model));
  });

  test('is compiled with an optimizer of its own and the same options', () => {
    const model = smallModel();
    const optimizer = new AdamW({ learningRate: 0.005, clipNorm: 2, amsgrad: true, epsilonMode: 'paper' });
    model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy', 'logLoss'] });
    model.fit(x, y);
    const copy = cloneModel(model);
    expect(copy.optimizer).not.toBe(optimizer);
    expect(copy.optimizer).toBeInstanceOf(AdamW);
    expect(copy.optimizer.config()).toEqual(optimizer.config());
    expect([optimizer.iterations, copy.optimizer.iterations]).toEqual([2, 0]);
    expect(Object.keys(copy.evaluate(x, y))).toEqual(['loss', 'accuracy', 'logLoss']);
    optimizer.learningRate = 0; // as a callback may do, though a constructor refuses it
    expect(cloneModel(model).optimizer.learningRate).toBe(0);
  });

  test('is compiled with the loss, the metrics and the replay of the model', () => {
    const model = smallModel();
    const loss = sparseCategoricalCrossentropy({ labelSmoothing: 0.1 });
    for (const replay of [false, true]) {
      model.compile({ optimizer: 'sgd', loss, metrics: ['accuracy', topKAccuracy(2)], replay });
      const copy = cloneModel(model);
      expect(copy.loss).toBe(loss);
      expect(copy.metrics).toEqual(model.metrics);
      expect(copy.replay).toBe(replay);
      expect(cloneModel(copy).replay).toBe(replay);
      for (let i = 0; i < 4; i++) copy.trainOnBatch(x, y);
      expect(copy.replayStatus.replayed).toBe(replay ? 2 : 0);
    }
  });

  test('keeps masks, frozen layers and names beside layers that are made anew, which take the names of the old', () => {
    const model = prune(smallModel(), { sparsity: 0.5 });
    model.layer('dense_1').trainable = false;
    const copy = cloneModel(model, (layer, i) => (i === 0 ? layer.clone() : i === 1 ? new Dropout(0.1) : null));
    expect(copy.layers[1]).toMatchObject({ type: 'dropout', name: 'activation' });
    expect(copy.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name));
    expect(copy.trainable.length).toBe(model.trainable.length);
    expect(denseOf(copy, 'dense_1').trainable).toBe(false);
    const [first, ...others] = kernelsOf(copy);
    expect(first!.mask).toBeNull();
    const masks = kernelsOf(model).map(({ mask }) => values(mask!));
    expect(others.map(({ mask }) => values(mask!))).toEqual(masks.slice(1));
  });

  test('is not compiled when the model is not, or when only code could make its optimizer', () => {
    class Mine extends SGD {}
    for (const optimizer of [new Mine(), new Adam({ learningRate: cosineDecay(0.1, 10) })]) {
      const model = smallModel();
      model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', replay: false });
      model.fit(x, y, { epochs: 12 });
      const pruned = prune(model, { sparsity: 0.5 });
      expect(pruned.isCompiled).toBe(false);
      expect(() => pruned.fit(x, y)).toThrow('call compile({ optimizer, loss }) first');
    }
    expect(cloneModel(new Sequential([new Dense(2, { inputShape: [3] })])).isCompiled).toBe(false);
  });

  test('of a model not built is not built, and is built to the same weights', () => {
    const model = new Sequential([new Dense(4), new Dense(2)], { seed: 7 });
    const copy = cloneModel(model);
    expect(copy.isBuilt).toBe(false);
    for (const one of [model, copy]) one.build([3]);
    expect(digest(copy)).toBe(digest(model));
  });

  test('may put other layers in the place of some', () => {
    const model = smallModel();
    const copy = cloneModel(model, (layer) => (layer instanceof Dropout ? new Dropout(0.5) : null));
    expect(copy.layers[2]).toMatchObject({ name: 'dropout', rate: 0.5 });
    expect(digest(copy)).toBe(digest(model));
    const fresh = cloneModel(model, (layer, i) => (i === 3 ? layer.clone() : null));
    expect(values(denseOf(fresh, 0).kernel)).toEqual(values(denseOf(model, 0).kernel));
  });
});
