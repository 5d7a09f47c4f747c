/** Neurons that training itself brings to exact zeros, and what becomes of them. */
import { describe, expect, test } from 'vitest';
import {
  Adam,
  Dense,
  digest,
  type Model,
  networkCost,
  Proximal,
  Sequential,
  SGD,
  shrink,
  type Tensor,
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
