/** Neurons that training itself brings to exact zeros, and what becomes of them. */
import { describe, expect, test } from 'vitest';
import {
  Adam,
  BatchNorm,
  Conv2D,
  Conv2DTranspose,
  Dense,
  DepthwiseConv2D,
  digest,
  fromData,
  GlobalAvgPool2D,
  type Model,
  networkCost,
  Proximal,
  Sequential,
  SGD,
  shrink,
  type Tensor,
  tensor,
  toNetwork,
} from '../../src/index.ts';
import { FIVE, tenClasses } from './five-networks.ts';
import { normal } from './tools.ts';

const parametersOf = (model: Model): number => networkCost(toNetwork(model)).parameters;

/** Of the units of all kernels, how many are 0 altogether, and how many in part. */
function unitsOf(model: Model): { whole: number; parts: number } {
  const found = { whole: 0, parts: 0 };
  for (const { value, unitAxis, shape } of model.weights) {
    if (unitAxis !== -1) continue;
    const units = shape.at(-1)!;
    for (let unit = 0; unit < units; unit++) {
      const own = value.data.filter((_, i) => i % units === unit);
      const zeros = own.filter((w) => w === 0).length;
      if (zeros === own.length) found.whole++;
      else if (zeros > 0) found.parts++;
    }
  }
  return found;
}

const furthest = (a: Tensor, b: Tensor): number =>
  Math.max(...Array.from(a.data, (each, i) => Math.abs(each - b.data[i]!)));

describe.each(Object.keys(FIVE))('of %s', (name) => {
  test('neurons die whole by the group lasso, and shrink removes them: a smaller network, the same outputs', () => {
    const model = FIVE[name]!();
    const optimizer = new Proximal(new Adam({ learningRate: 0.02 }), { lambda: 0.6, groups: 'column' });
    model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
    const [x, y] = tenClasses(model, 40);
    model.fit(x, y, { epochs: 40 });
    const { whole, parts } = unitsOf(model);
    expect(whole).toBeGreaterThan(2);
    expect(parts).toBe(0);
    const smaller = shrink(model);
    expect(parametersOf(smaller)).toBeLessThan(parametersOf(model));
    expect(furthest(smaller.predict(x), model.predict(x))).toBeLessThan(1e-6);
    expect(digest(shrink(smaller))).toBe(digest(smaller));
  });
});

describe('by hand', () => {
  const x = normal([30, 4], 1);
  const trained = (groups: 'row' | 'column', useBias: boolean): Sequential => {
    const hidden = new Dense(12, { activation: 'relu', inputShape: [4], useBias, biasInitializer: 'ones' });
    const model = new Sequential([hidden, new Dense(2)], { seed: 4 });
    const optimizer = new Proximal(new SGD({ learningRate: 0.1 }), { lambda: 0.02, groups });
    model.compile({ optimizer, loss: 'mse' });
    model.fit(x, normal([30, 2], 2), { epochs: 300, batchSize: 30 });
    return model;
  };

  test.each(['column', 'row'] as const)('without a bias by %ss, to the bit', (groups) => {
    const model = trained(groups, false);
    const smaller = shrink(model);
    expect((smaller.layer(0) as Dense).units).toBeLessThan(12);
    expect([...smaller.predict(x).data]).toEqual([...model.predict(x).data]);
  });

  test('with a bias, what a dead neuron gives is a constant that goes into the layer behind', () => {
    const model = trained('column', true);
    const [kernel, bias] = model.layers[0]!.weights.map(({ value }) => value.data);
    const dead = Array.from({ length: 12 }, (_, j) => j).filter((j) =>
      kernel!.every((w, i) => i % 12 !== j || w === 0),
    );
    expect(dead.some((j) => bias![j]! > 0)).toBe(true); // relu lets it through
    const smaller = shrink(model);
    expect((smaller.layer(0) as Dense).units).toBe(12 - dead.length);
    expect(furthest(smaller.predict(x), model.predict(x))).toBeLessThan(1e-6);
    smaller.fit(x, normal([30, 2], 2), { epochs: 2 });
    expect(smaller.optimizer).toBeInstanceOf(Proximal);
  });

  test('the penalty by its gradient lets no neuron die', () => {
    const make = (): Sequential =>
      new Sequential(
        [new Dense(12, { activation: 'relu', inputShape: [4], kernelRegularizer: { l1: 0.02, l2: 0 } }), new Dense(2)],
        { seed: 4 },
      );
    const model = make();
    model.compile({ optimizer: new SGD({ learningRate: 0.1 }), loss: 'mse' });
    model.fit(x, normal([30, 2], 2), { epochs: 300, batchSize: 30 });
    expect(unitsOf(model)).toEqual({ whole: 0, parts: 0 });
    expect(digest(shrink(model))).toBe(digest(model));
  });
});

describe('what is always 0 is not read', () => {
  const x = normal([20, 2], 3);

  test.each([
    ['relu', 0.5],
    ['relu', 0],
    ['relu', -0.5],
    ['relu6', -0.5],
    ['relu6', 7],
    ['tanh', 0],
    ['leakyRelu', -0.5], // not 0: folded
    ['sigmoid', -0.5],
    ['sigmoid', 0],
    ['hardSwish', -4],
  ] as const)('a unit of a zero column under %s with bias %d goes', (activation, bias) => {
    const hidden = new Dense(3, { activation, inputShape: [2] });
    const model = new Sequential([hidden, new Dense(1)], { seed: 1 });
    const behind = [tensor([[2], [3], [-1]]), tensor([0.25])];
    model.setWeights([tensor([[1, 0, 1], [1, 0, -1]]), tensor([0, bias, 0]), ...behind]); // biome-ignore format: rows
    const smaller = shrink(model);
    expect((smaller.layer(0) as Dense).units).toBe(2);
    expect(furthest(smaller.predict(x), model.predict(x))).toBeLessThan(1e-5);
    expect(digest(shrink(smaller))).toBe(digest(smaller));
  });

  test('so does one of a masked column, to the bit, and one that reads nothing but such units', () => {
    const [first, second] = [
      new Dense(3, { activation: 'relu', inputShape: [2] }),
      new Dense(2, { activation: 'relu' }),
    ];
    const model = new Sequential([first, second, new Dense(1)], { seed: 1 });
    const kernel = tensor([[1, 0, 1], [1, 0, -1]]); // biome-ignore format: rows
    const between = tensor([[1, 0], [5, 7], [2, 0]]); // biome-ignore format: rows
    const weights = [kernel, tensor([0, -0.5, 0]), between, tensor([1, -2]), tensor([[1], [9]]), tensor([0])];
    model.setWeights(weights);
    first.parameter('kernel').mask = fromData(Uint8Array.of(1, 0, 1, 1, 0, 1), [2, 3], 'bool');
    const smaller = shrink(model);
    expect(smaller.layers.map((layer) => (layer as Dense).units)).toEqual([2, 1, 1]);
    expect([...smaller.predict(x).data]).toEqual([...model.predict(x).data]);
  });

  test.each([-0.5, 0.5])('a filter of bias %d goes with what BatchNorm makes of it', (bias) => {
    const image = normal([4, 5, 5, 1], 5);
    const model = new Sequential([
      new Conv2D(3, 3, { activation: 'relu', inputShape: [5, 5, 1] }),
      new BatchNorm(),
      new Conv2D(2, 2),
      new GlobalAvgPool2D(),
    ]);
    const [kernel, biases] = model.getWeights();
    kernel!.data.forEach((_, at) => {
      if (at % 3 === 1) kernel!.data[at] = 0;
    });
    biases!.data[1] = bias;
    model.setWeights([kernel!, biases!, ...model.getWeights().slice(2)]);
    const smaller = shrink(model);
    expect((smaller.layer(0) as Conv2D).filters).toBe(2);
    expect(furthest(smaller.predict(image), model.predict(image))).toBeLessThan(1e-6);
  });

  test('zeros around an image are 0 as well, and a kernel of its own for each channel reads nothing', () => {
    const image = normal([4, 5, 5, 1], 5);
    const model = new Sequential([
      new Conv2D(3, 3, { activation: 'relu', padding: 'same', inputShape: [5, 5, 1] }),
      new DepthwiseConv2D(3, { activation: 'relu', padding: 'same' }),
      new Conv2DTranspose(2, 3, { activation: 'relu', padding: 'same' }),
      new GlobalAvgPool2D(),
    ]);
    const [kernel, biases, ...others] = model.getWeights();
    kernel!.data.forEach((_, at) => {
      if (at % 3 === 1) kernel!.data[at] = 0;
    });
    biases!.data[1] = -0.5;
    others[1]!.data[1] = -0.1;
    model.setWeights([kernel!, biases!, ...others]);
    const smaller = shrink(model);
    expect((smaller.layer(0) as Conv2D).filters).toBe(2);
    expect([...smaller.predict(image).data]).toEqual([...model.predict(image).data]);
  });
});
