/** What a network does on samples: gradients and values, as criteria see them. */
import { describe, expect, test } from 'vitest';
import { activationsOf, eachGradient, gradientsOf } from '../../src/compress/observe.ts';
import {
  BatchNorm,
  Dense,
  Dropout,
  fromData,
  Layer,
  l2,
  quantize,
  Sequential,
  type Tensor,
  toNetwork,
} from '../../src/index.ts';
import { FIVE, tenClasses, trained } from './five-networks.ts';
import { normal, smallModel, threeClasses, values } from './tools.ts';

/** A float64 model whose loss has penalties and whose training draws. */
function double(): Sequential {
  const model = new Sequential(
    [
      new Dense(4, { inputShape: [5], activation: 'tanh', kernelRegularizer: l2(0.3), activityRegularizer: l2(0.2) }),
      new Dropout(0.5, { training: true }),
      new BatchNorm(),
      new Dense(3, { activation: 'softmax' }),
    ],
    { seed: 2, dtype: 'float64' },
  );
  model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
  return model;
}

describe('gradientsOf', () => {
  test('is the sum over samples of the slope of the loss without penalties', () => {
    const model = new Sequential(
      [
        new Dense(4, { inputShape: [5], activation: 'tanh', kernelRegularizer: l2(0.3), activityRegularizer: l2(0.2) }),
        new BatchNorm(),
        new Dense(3, { activation: 'softmax' }),
      ],
      { seed: 2, dtype: 'float64' },
    );
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    const [x, y] = threeClasses(45);
    const rows = Float64Array.from(x.data);
    const samples = [fromData(rows, x.shape), y] as const;
    const found = gradientsOf('test', model, samples);
    expect([...found.keys()]).toEqual([
      'dense/kernel',
      'dense/bias',
      'batchNorm/gamma',
      'batchNorm/beta',
      'dense_1/kernel',
      'dense_1/bias',
    ]);
    const lossOf = (): number => {
      const p = values(model.predict(samples[0]));
      return [...y.data].reduce((sum, label, i) => sum - Math.log(p[3 * i + label]!), 0);
    };
    for (const [key, gradient] of found) {
      const numbers = model.graph.weights.get(key)!.value.storage.array;
      for (const at of [0, gradient.length - 1]) {
        const before = numbers[at]!;
        const [up, down] = [1e-5, -1e-5].map((h) => {
          numbers[at] = before + h;
          return lossOf();
        });
        numbers[at] = before;
        expect(gradient[at]).toBeCloseTo((up! - down!) / 2e-5, 4);
      }
    }
  });

  test('draws nothing, moves nothing, and is that of each sample where a batch is one', () => {
    const model = trained('article CNN');
    const before = model.getWeights().map(values);
    const samples = tenClasses(model, 40);
    const whole = gradientsOf('test', model, samples).get('dense/kernel')!;
    expect(gradientsOf('test', model, samples).get('dense/kernel')).toEqual(whole);
    const sum = new Float64Array(whole.length);
    let times = 0;
    const see = (gradients: ReadonlyMap<string, Tensor>, count: number): void => {
      expect([...gradients.keys(), count]).toEqual(['dense/kernel', 1]);
      times++;
      gradients.get('dense/kernel')!.data.forEach((g, i) => {
        sum[i]! += g;
      });
    };
    eachGradient('test', model, samples, { keys: new Set(['dense/kernel']), batchSize: 1, see });
    expect(times).toBe(40);
    sum.forEach((g, i) => {
      expect(g).toBeCloseTo(whole[i]!, 4);
    });
    expect(model.getWeights().map(values)).toEqual(before);
  });

  test('refuses what has no samples or no loss', () => {
    const model = smallModel();
    const [x, y] = threeClasses();
    const on =
      (samples: unknown, of = model) =>
      () =>
        gradientsOf('prune', of, samples as never);
    expect(on(undefined)).toThrow('prune: samples must be a list of x and y, as [xTrain, yTrain], got undefined');
    expect(on([x])).toThrow('samples must be a list of x and y');
    expect(on([x, normal([7])])).toThrow('x of samples and y of samples must have the same number of samples');
    expect(on([normal([60, 4]), y])).toThrow('samples do not have the shape the model was built for, [5]');
    expect(on([normal([0, 5]), normal([0])])).toThrow('there are no samples');
    const bare = new Sequential([new Dense(3, { inputShape: [5] })]);
    expect(on([x, y], bare)).toThrow('prune: the model is not compiled');
  });
});

describe('activationsOf', () => {
  const seenBy = (subject: Parameters<typeof activationsOf>[1], x: Tensor): Map<string, number[]> => {
    const seen = new Map<string, number[]>();
    activationsOf('test', subject, x, (name, batch) => {
      expect(batch.shape[0]).toBeLessThanOrEqual(32);
      seen.set(name, [...(seen.get(name) ?? []), ...values(batch)]);
    });
    return seen;
  };

  test.each(Object.keys(FIVE))('shows every value of %s, as the model and the network compute them', (name) => {
    const model = trained(name);
    const [x] = tenClasses(model, 40);
    const network = toNetwork(model);
    const seen = seenBy(network, x);
    expect([...seen.keys()].sort()).toEqual([...network.inputs, ...network.nodes].map((each) => each.name).sort());
    expect(seen.get(network.inputs[0]!.name)).toEqual(values(x));
    expect(seen.get(network.outputs[0]!)).toEqual(values(model.predict(x)));
    expect(seenBy(model, x)).toEqual(seen);
  });

  test('leaves out the dropout that Monte Carlo asks for, and runs layers of one’s own and float64', () => {
    class Twice extends Layer {
      override readonly type = 'twice';
      override build(inputShape: readonly number[]): readonly number[] {
        return inputShape;
      }
      override call(x: Tensor): Tensor {
        return fromData(
          Float64Array.from(x.data, (value) => 2 * value),
          x.shape,
        );
      }
      override clone(): Twice {
        return new Twice();
      }
    }
    const x = fromData(Float64Array.from(normal([3, 5]).data), [3, 5]);
    const seen = seenBy(double(), x);
    expect(seen.get('dropout')).toEqual(seen.get('dense'));
    const own = new Sequential([new Dense(5, { inputShape: [5] }), new Twice()], { dtype: 'float64' });
    const both = seenBy(own, x);
    expect(both.get('twice')).toEqual(both.get('dense')!.map((value) => 2 * value));
  });

  test('refuses what does not fit the network', () => {
    const model = smallModel();
    const [x] = threeClasses();
    const on =
      (given: unknown, of: Parameters<typeof activationsOf>[1] = model) =>
      () =>
        activationsOf('prune', of, given as never, () => {});
    expect(on(normal([4, 6]))).toThrow('samples do not have the shape the model was built for, [5]');
    expect(on(fromData(new Float64Array(10), [2, 5]))).toThrow('the input is not of the type of the model');
    expect(on(normal([0, 5]))).toThrow('at least one');
    expect(on([x, x])).toThrow('x of samples must be a tensor');
    expect(on(x, quantize(model, { calibration: x }))).toThrow(
      'the network is in int8: choose by its values before quantizing',
    );
  });
});
