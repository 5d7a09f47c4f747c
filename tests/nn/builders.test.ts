import { describe, expect, test } from 'vitest';
import * as w from '../../src/index.ts';

const PHOTO = { inputShape: [224, 224, 3], classes: 1000 } as const;
const DIGIT = { inputShape: [28, 28, 1], classes: 10 } as const;
const TINY = { inputShape: [8, 8, 1], classes: 3, stemStride: 1 } as const;

/** Numbers that training changes, and statistics of normalizations. */
function countOf(model: w.Model): { readonly trained: number; readonly statistics: number } {
  const count = (isStatistic: boolean): number =>
    model.weights
      .filter((weight) => weight.isStatistic === isStatistic)
      .reduce((sum, { value }) => sum + value.size, 0);
  return { trained: count(false), statistics: count(true) };
}

/** In millions. */
const macsOf = (model: w.Model): number => w.networkCost(w.toNetwork(model)).macs / 1e6;

describe('weights are as many as published', () => {
  test('LeNet-5: 61,706 for 28×28 and for 32×32', () => {
    expect(countOf(w.lenet5(DIGIT))).toEqual({ trained: 61_706, statistics: 0 });
    expect(countOf(w.lenet5({ ...DIGIT, inputShape: [32, 32, 1] }))).toEqual({ trained: 61_706, statistics: 0 });
  });

  test('the small network: 693,962, and 5,834 without a neuron for each pixel', () => {
    expect(countOf(w.smallCNN(DIGIT)).trained).toBe(693_962);
    expect(countOf(w.smallCNN({ ...DIGIT, head: 'average' })).trained).toBe(5_834);
  });

  // keras.applications counts statistics too; its notes give millions of multiply-adds
  test.each([
    [1, 4_253_864, 569],
    [0.75, 2_601_976, 325],
    [0.5, 1_342_536, 149],
    [0.25, 475_544, 41],
  ])('MobileNet at width %d: %d, and %d million multiply-adds', (width, count, macs) => {
    const model = w.mobileNetV1({ ...PHOTO, width });
    const { trained, statistics } = countOf(model);
    expect(trained + statistics).toBe(count);
    expect(Math.abs(macsOf(model) - macs)).toBeLessThan(1);
  });

  test.each([
    [1, 3_538_984, 300],
    [0.35, 1_691_208, 59],
    [1.4, 6_156_712, 582],
  ])('MobileNetV2 at width %d: %d, and %d million multiply-adds', (width, count, macs) => {
    const model = w.mobileNetV2({ ...PHOTO, width });
    const { trained, statistics } = countOf(model);
    expect(trained + statistics).toBe(count);
    expect(Math.abs(macsOf(model) - macs)).toBeLessThan(1.5);
  });

  // torchvision counts no statistics, and tells billions of multiply-adds to three digits
  test.each([
    [0.5, 1_366_792, 40],
    [1, 2_278_604, 145],
    [1.5, 3_503_624, 296],
    [2, 7_393_996, 583],
  ])('ShuffleNetV2 at width %d: %d, and %d million multiply-adds', (width, count, macs) => {
    const model = w.shuffleNetV2({ ...PHOTO, width });
    expect(countOf(model).trained).toBe(count);
    expect(Math.abs(macsOf(model) - macs)).toBeLessThan(2);
  });

  // Zhang et al. 2018, table 2: complexity in millions at 224×224
  test.each([
    [1, 143],
    [2, 140],
    [3, 137],
    [4, 133],
    [8, 137],
  ] as const)('ShuffleNet with %d groups: %d million multiply-adds', (groups, macs) => {
    expect(Math.abs(macsOf(w.shuffleNetV1({ ...PHOTO, groups })) - macs)).toBeLessThan(2);
  });
});

/** Every network that there is, as small as it gets. */
const NETWORKS: Readonly<Record<string, (seed: number) => w.Model>> = {
  lenet5: (seed) => w.lenet5({ inputShape: [12, 14, 2], classes: 3, seed }),
  smallCNN: (seed) => w.smallCNN({ inputShape: [8, 8, 1], classes: 3, filters: 4, units: 8, seed }),
  mobileNetV1: (seed) => w.mobileNetV1({ ...TINY, width: 0.125, blocks: 3, dropout: 0.1, seed }),
  mobileNetV2: (seed) => w.mobileNetV2({ ...TINY, width: 0.35, blocks: 4, features: 16, seed }),
  shuffleNetV1: (seed) => w.shuffleNetV1({ ...TINY, width: 0.1, groups: 2, stemPool: false, blocks: 5, seed }),
  shuffleNetV2: (seed) => w.shuffleNetV2({ ...TINY, width: 0.1, stemPool: false, blocks: 5, features: 16, seed }),
};

describe.each(Object.entries(NETWORKS))('%s', (_, make) => {
  const model = make(1);
  const shape = model.inputShapes[0]!;
  const x = new w.Random(3).normal([12, ...shape]);
  const y = w.tensor(Array.from({ length: 12 }, (_each, i) => i % 3));

  test('is made by its seed', () => {
    expect(w.digest(make(1))).toBe(w.digest(model));
    expect(w.digest(make(2))).not.toBe(w.digest(model));
  });

  test('gives shares of its classes, and learns', () => {
    const learner = make(4);
    const shares = learner.predict<w.Tensor>(x);
    expect(shares.shape).toEqual([12, 3]);
    for (const total of w.sum(shares, { axis: 1 }).data) expect(total).toBeCloseTo(1, 5);
    learner.compile({ optimizer: new w.Adam({ learningRate: 0.01 }), loss: 'sparseCategoricalCrossentropy' });
    const { loss } = learner.fit(x, y, { epochs: 12, batchSize: 6 }).history;
    expect(loss!.at(-1)!).toBeLessThan(0.8 * loss![0]!);
  });

  test('goes through files, and runs without the training code with the same numbers', () => {
    expect(w.digest(w.loadModel(w.saveModel(model)))).toBe(w.digest(model));
    const loaded = w.decodeNetwork(w.encodeNetwork(w.toNetwork(model))).network;
    const program = w.compileInference(w.fromNetwork(loaded), 12);
    expect([...program.run(Float32Array.from(x.data))]).toEqual([...model.predict<w.Tensor>(x).data]);
    program.dispose();
  });
});

describe('options', () => {
  test('halve the image as often as they say', () => {
    const sides = (model: w.Model): unknown =>
      w
        .networkCost(w.toNetwork(model))
        .nodes.flatMap(({ outputShape }) => (outputShape.length === 3 ? [outputShape[0]] : []));
    const last = (model: w.Model): unknown => (sides(model) as number[]).at(-1);
    const image = { inputShape: [96, 96, 3], classes: 2, width: 0.25 } as const;
    expect(last(w.mobileNetV1(image))).toBe(3);
    expect(last(w.mobileNetV1({ ...image, stemStride: 1 }))).toBe(6);
    expect(last(w.mobileNetV2({ ...image, blocks: 3 }))).toBe(24);
    expect(last(w.shuffleNetV1(image))).toBe(3);
    expect(last(w.shuffleNetV1({ ...image, stemPool: false }))).toBe(6);
    expect(last(w.shuffleNetV2({ ...image, stemStride: 1, stemPool: false, blocks: 4 }))).toBe(48);
  });

  test('make channels as the papers do', () => {
    const channels = (model: w.Model): number[] =>
      model.weights.filter(({ name }) => name.endsWith('/gamma')).map(({ value }) => value.size);
    const small = { inputShape: [32, 32, 3], classes: 2 } as const;
    // 32, 16, 24 and 32 times 0.35 are 11.2, 5.6, 8.4 and 11.2: no multiple of 8 below nine tenths of that
    const seen = new Set(channels(w.mobileNetV2({ ...small, width: 0.35, blocks: 4 })));
    expect([...seen]).toEqual([16, 8, 48, 1280]);
    expect(channels(w.mobileNetV2({ ...small, width: 1.4, blocks: 1 }))).toEqual([48, 48, 24, 1792]);
    expect(channels(w.shuffleNetV2({ ...small, width: 0.3, blocks: 1 })).slice(0, 2)).toEqual([24, 24]);
    expect(channels(w.mobileNetV1({ ...small, width: 0.3, blocks: 1 }))).toEqual([9, 9, 19]);
  });

  test.each<[call: () => unknown, message: string]>([
    [
      () => w.lenet5({ inputShape: [8, 8, 1], classes: 10 }),
      'lenet5: inputShape must be of at least 12×12 pixels, got [8, 8, 1]',
    ],
    [() => w.lenet5({ ...DIGIT, clases: 3 } as never), 'Did you mean classes?'],
    [
      () => w.lenet5({ inputShape: [28, 28], classes: 10 }),
      'lenet5: inputShape must be a list [height, width, channels], got [28, 28]',
    ],
    [() => w.lenet5({ inputShape: [28, 28, 0], classes: 10 }), 'must be a list [height, width, channels]'],
    [() => w.lenet5({ ...DIGIT, classes: 1 }), 'lenet5: classes must be an integer of at least 2, got 1'],
    [
      () => w.smallCNN({ ...DIGIT, inputShape: [3, 9, 1] }),
      'smallCNN: inputShape must be of at least 4 pixels a side, got [3, 9, 1]',
    ],
    [() => w.smallCNN({ ...DIGIT, filters: 0 }), 'smallCNN: filters must be an integer of at least 1, got 0'],
    [() => w.smallCNN({ ...DIGIT, dropout: 1 }), 'smallCNN: dropout must be in [0, 1), got 1'],
    [() => w.smallCNN({ ...DIGIT, head: 'gap' as never }), 'smallCNN: head must be flatten or average, got "gap"'],
    [() => w.mobileNetV1({ ...PHOTO, width: 0 }), 'mobileNetV1: width must be positive, got 0'],
    [() => w.mobileNetV1({ ...PHOTO, blocks: 14 }), 'mobileNetV1: blocks must be at most 13, got 14'],
    [() => w.mobileNetV2({ ...PHOTO, blocks: 18 }), 'mobileNetV2: blocks must be at most 17, got 18'],
    [() => w.mobileNetV2({ ...PHOTO, blocks: 0 }), 'mobileNetV2: blocks must be an integer of at least 1, got 0'],
    [
      () => w.mobileNetV2({ ...PHOTO, features: 0.5 }),
      'mobileNetV2: features must be an integer of at least 1, got 0.5',
    ],
    [() => w.mobileNetV2({ ...PHOTO, stemStride: 3 as never }), 'mobileNetV2: stemStride must be 1 or 2, got 3'],
    [() => w.mobileNetV2({ ...PHOTO, momentum: 2 }), 'mobileNetV2: momentum must be between 0 and 1, got 2'],
    [() => w.shuffleNetV1({ ...PHOTO, groups: 5 as never }), 'shuffleNetV1: groups must be 1, 2, 3, 4 or 8, got 5'],
    [() => w.shuffleNetV1({ ...PHOTO, stemPool: 1 as never }), 'shuffleNetV1: stemPool must be true or false, got 1'],
    [() => w.shuffleNetV2({ ...PHOTO, blocks: 17 }), 'shuffleNetV2: blocks must be at most 16, got 17'],
  ])('that are wrong are refused: row %#', (call, message) => {
    expect(call).toThrow(w.ValueError);
    expect(call).toThrow(message);
  });
});

describe('images of any size are taken, or refused by the network that is too deep for them:', () => {
  const sizes = [
    [1, 1, 1],
    [2, 9, 3],
    [11, 12, 1],
    [16, 16, 3],
  ] as const;
  const { mobileNetV1, mobileNetV2, shuffleNetV1, shuffleNetV2 } = w;
  test.each(Object.entries({ mobileNetV1, mobileNetV2, shuffleNetV1, shuffleNetV2 }))('%s takes all', (_, make) => {
    for (const inputShape of sizes) {
      const model = make({ inputShape, classes: 3, width: 0.25 });
      expect([model.inputShape, model.outputShape]).toEqual([inputShape, [3]]);
    }
  });

  test.each([
    ['lenet5', w.lenet5, 'of at least 12×12 pixels'],
    ['smallCNN', w.smallCNN, 'of at least 4 pixels a side'],
  ] as const)('%s says its smallest', (name, make, least) => {
    for (const inputShape of sizes) {
      const isBuilt = Math.min(inputShape[0], inputShape[1]) >= (name === 'lenet5' ? 12 : 4);
      const use = (): unknown => make({ inputShape, classes: 3 });
      if (isBuilt) expect(use).not.toThrow();
      else expect(use).toThrow(`${name}: inputShape must be ${least}, got [${inputShape.join(', ')}]`);
    }
  });
});

test('one convolution that is applied to three images has its weights once, and the gradient of all three', () => {
  const images = [0, 1, 2].map((i) => w.input([6, 6, 1], { name: `image${i}` }));
  const shared = new w.Conv2D(3, 3, { activation: 'relu', name: 'shared' });
  const means = images.map((image) => new w.GlobalAvgPool2D().apply(shared.apply(image)));
  const model = new w.Model(images, new w.Dense(1).apply(new w.Concat().apply(means)), { seed: 5 });
  const alone = 3 * 3 * 3 + 3;
  expect(model.parameterCount).toBe(alone + 10);
  const random = new w.Random(9);
  const xs = images.map(() => random.normal([4, 6, 6, 1]));
  const target = random.normal([4, 1]);
  // the plain formula, on the same weights
  const kernel = w.parameter(w.keep(model.layer('shared').parameter('kernel').value));
  const bias = w.parameter(w.keep(model.layer('shared').parameter('bias').value));
  const dense = model.layer('dense');
  const each = xs.map((x) => w.mean(w.conv2d(x, kernel, bias, { activation: 'relu' }), { axis: [1, 2] }));
  const y = w.dense(w.concat(each, 1), dense.parameter('kernel').value, dense.parameter('bias').value);
  expect([...model.predict<w.Tensor>(xs).data]).toEqual([...y.data]);
  w.backward(w.mean(w.square(w.sub(y, target))));
  const before = w.keep(kernel);
  const learningRate = 0.5;
  model.compile({ optimizer: new w.SGD({ learningRate }), loss: 'mse' });
  model.fit(xs, target, { batchSize: 4, shuffle: false });
  const after = model.layer('shared').parameter('kernel').value.data;
  for (const [i, value] of before.data.entries())
    expect(after[i]).toBeCloseTo(value - learningRate * kernel.grad!.data[i]!, 6);
});
