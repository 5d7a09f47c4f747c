import { expect, test } from 'vitest';
import {
  Dense,
  Dropout,
  digest,
  Flatten,
  loadModel,
  ones,
  parameter,
  Sequential,
  type Shape,
  SpatialDropout2D,
  saveModel,
  sum,
  tensor,
  toNetwork,
  valueAndGrad,
} from '../../src/index.ts';

const SHAPE: Shape = [3, 2, 5];
const alone = (rate: number, seed = 3): Sequential =>
  new Sequential([new SpatialDropout2D(rate, { inputShape: SHAPE })], { seed });

test('drops whole channels of a sample, others in others, and by the step', () => {
  const model = alone(0.4);
  const y = model.forward(ones([40, ...SHAPE]), { training: true });
  const kept = Math.fround(1 / 0.6);
  const isKept = Array.from({ length: 200 }, (_, i) => {
    const [sample, channel] = [Math.floor(i / 5), i % 5];
    const places = Array.from({ length: 6 }, (__, place) => y.data[(sample * 6 + place) * 5 + channel]!);
    expect(places).toEqual(Array(6).fill(places[0] === 0 ? 0 : kept));
    return places[0] !== 0;
  });
  expect(isKept.filter(Boolean).length).toBeGreaterThan(95);
  expect(isKept.filter(Boolean).length).toBeLessThan(145);
  // As a Dropout of its name draws for samples of the channels alone
  const plain = new Sequential([new Dropout(0.4, { inputShape: [5], name: 'spatialDropout2D' })], { seed: 3 });
  expect([...plain.forward(ones([40, 5]), { training: true }).data].map((v) => v !== 0)).toEqual(isKept);
  const other = model.forward(ones([40, ...SHAPE]), { training: true, step: 1 });
  expect([...other.data]).not.toEqual([...y.data]);
  expect([...model.predict(ones([2, ...SHAPE])).data]).toEqual(Array(60).fill(1));
});

test('what is dropped is 0 whatever it was, and has no gradient', () => {
  const model = alone(0.5);
  const x = parameter(tensor(new Float32Array(4 * 30).fill(Number.NaN), { shape: [4, ...SHAPE] }));
  const { value, grads } = valueAndGrad(() => sum(model.forward(x, { training: true })), [x]);
  expect(value.item()).toBeNaN();
  const y = model.forward(x, { training: true }).data;
  expect([...new Set(y)]).toEqual(expect.arrayContaining([0, Number.NaN]));
  expect([...grads[0]!.data]).toEqual([...y].map((v) => (v === 0 ? 0 : 2)));
  for (const rate of [0, 1])
    expect([...alone(rate).forward(ones([1, ...SHAPE]), { training: true }).data]).toEqual(Array(30).fill(1 - rate));
});

test('trains to the same bits eager and replayed, and comes back from its file', () => {
  const x = tensor(
    Float32Array.from({ length: 8 * 30 }, (_, i) => Math.sin(i)),
    { shape: [8, ...SHAPE] },
  );
  const y = tensor(
    Float32Array.from({ length: 8 }, (_, i) => i % 3),
    { shape: [8, 1] },
  );
  const models = [true, false].map((replay) => {
    const layers = [new SpatialDropout2D(0.3, { inputShape: SHAPE }), new Flatten(), new Dropout(0.1), new Dense(1)];
    const model = new Sequential(layers, { seed: 5 });
    model.compile({ optimizer: 'adam', loss: 'mse', replay });
    model.fit(x, y, { epochs: 6, batchSize: 4 });
    expect(model.replayStatus.isReplaying).toBe(replay);
    return model;
  });
  const [model, eager] = models as [Sequential, Sequential];
  expect(digest(model)).toBe(digest(eager));
  const loaded = loadModel(saveModel(model));
  expect(loaded.layers.map(({ type }) => type)).toEqual(['spatialDropout2D', 'flatten', 'dropout', 'dense']);
  expect(toNetwork(loaded).nodes.map(({ attrs }) => 'spatial' in attrs)).toEqual([true, false, false, false]);
  for (const each of [model, loaded]) each.fit(x, y, { epochs: 1 });
  expect(digest(loaded)).toBe(digest(model));
});

test('is refused for samples without places', () => {
  expect(() => new Sequential([new SpatialDropout2D(0.5, { inputShape: [4, 5] })])).toThrow(
    /node "spatialDropout2D" drops whole channels of samples \[height, width, channels\]/,
  );
  expect(() => new SpatialDropout2D(2)).toThrow(/rate must be between 0 and 1/);
  expect(() => new SpatialDropout2D(0.5, { dataFormat: 'nhwc' } as never)).toThrow(/dataFormat/);
});
