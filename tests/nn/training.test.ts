import { describe, expect, test } from 'vitest';
import { Dense, Dropout, dropout, fromData, l1, l2, ones, Random, Sequential, SGD, tensor } from '../../src/index.ts';
import { expectClose, of } from './tools.ts';

describe('penalties and dropout in training', () => {
  test('an activity penalty is divided by the batch size', () => {
    const model = new Sequential([
      new Dense(2, { inputShape: [1], useBias: false, kernelInitializer: 'ones', activityRegularizer: l1(0.5) }),
    ]);
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const x = tensor([[1], [-2], [3], [4]]);
    // Outputs are [x, x], so the mse against themselves is 0 and what is left is 0.5·Σ|x|·2/4.
    expect(
      model.evaluate(
        x,
        tensor([
          [1, 1],
          [-2, -2],
          [3, 3],
          [4, 4],
        ]),
      ).loss,
    ).toBeCloseTo((0.5 * 20) / 4, 6);
  });

  test('bias penalties count, and L2 has no half', () => {
    const model = new Sequential([
      new Dense(1, {
        inputShape: [1],
        kernelInitializer: 'ones',
        biasInitializer: 'ones',
        biasRegularizer: l2(0.25),
        kernelRegularizer: l2(2),
      }),
    ]);
    model.compile({ optimizer: new SGD({ learningRate: 0.1 }), loss: 'mse' });
    const [x, y] = [tensor([[1]]), tensor([[2]])];
    expect(model.evaluate(x, y).loss).toBeCloseTo(2.25, 6);
    model.trainOnBatch(x, y);
    const [kernel, bias] = model.getWeights();
    expect(kernel!.item()).toBeCloseTo(1 - 0.1 * 4, 6);
    expect(bias!.item()).toBeCloseTo(1 - 0.1 * 0.5, 6);
  });

  test('dropout in training is the mask of the generator at the training step, and nothing in predict', () => {
    const model = new Sequential(
      [
        new Dropout(0.4, { inputShape: [50], name: 'drop' }),
        new Dense(50, { useBias: false, kernelInitializer: 'zeros' }),
      ],
      { seed: 9 },
    );
    model.compile({ optimizer: new SGD({ learningRate: 1 }), loss: 'mse' });
    const x = ones([1, 50]);
    const random = new Random(9, 'drop/dropout');
    for (let step = 0; step < 3; step++) {
      model.setWeights([fromData(new Float32Array(2500), [50, 50])]);
      model.trainOnBatch(x, x);
      // From zero weights the first step moves row i by its dropped-out input times 2/50.
      const expected = dropout(x, 0.4, random).data;
      const kernel = model.getWeights()[0]!.data;
      for (let i = 0; i < 50; i++) expect(kernel[i * 50]! * 25).toBeCloseTo(expected[i]!, 5);
    }
    expect(model.predict(x).data).toEqual(model.predict(x).data);
  });
});

test('penalties of all layers count, frozen ones too, in fit, evaluate and trainOnBatch', () => {
  const rules = { kernelRegularizer: l2(0.5), biasRegularizer: l2(0.25), activityRegularizer: l2(0.125) };
  const ones = { kernelInitializer: 'ones', biasInitializer: 'ones' } as const;
  const make = (): Sequential => {
    const layers = [{ inputShape: [1] }, {}, {}].map((options) => new Dense(1, { ...rules, ...ones, ...options }));
    layers[1]!.trainable = false;
    const model = new Sequential(layers, { dtype: 'float64' });
    model.compile({ optimizer: new SGD({ learningRate: 1e-300 }), loss: 'mse' });
    return model;
  };
  // From 1 the outputs are 2, 3 and 4.
  const [one, four] = [of([1, 1], [2, 1]), of([4, 4], [2, 1])];
  const wanted = 3 * (0.5 + 0.25) + 0.125 * (4 + 9 + 16);
  expectClose([make().evaluate(one, four).loss!], [wanted], 1e-12);
  expectClose([make().trainOnBatch(one, four).loss!], [wanted], 1e-12);
  expectClose(make().fit(one, four).history.loss!, [wanted], 1e-12);
});
