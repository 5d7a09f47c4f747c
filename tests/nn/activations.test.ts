import { describe, expect, test } from 'vitest';
import {
  Activation,
  type ActivationChoice,
  compileInference,
  Dense,
  digest,
  quantize,
  Sequential,
  ValueError,
} from '../../src/index.ts';
import { expectClose, of } from './tools.ts';

const x = of([-2, -0.5, 0, 3], [4, 1], 'float32');

/** What a model of this activation alone, and its program, make of x. */
function outputs(activation: ActivationChoice): number[][] {
  const model = new Sequential([new Activation(activation, { inputShape: [1] })]);
  return [[...model.predict(x).data], [...compileInference(model, 4).run(x.data as Float32Array)]];
}

describe('the parameter of an activation', () => {
  test.each([
    ['leakyRelu', undefined, 0.2],
    ['leakyRelu', 0, 0],
    ['leakyRelu', 0.5, 0.5],
  ] as const)('of %s is %s: the slope below 0 is %d', (name, alpha, slope) => {
    const choice = alpha === undefined ? name : { name, alpha };
    const f = Math.fround;
    for (const y of outputs(choice))
      expect(y.map((v) => v + 0)).toEqual([f(-2 * f(slope)) + 0, f(-0.5 * f(slope)) + 0, 0, 3]);
  });

  test.each([
    ['elu', undefined, 1],
    ['elu', 0, 0],
    ['elu', 2, 2],
  ] as const)('of %s is %s: it goes down to -%d', (name, alpha, depth) => {
    const choice = alpha === undefined ? name : { name, alpha };
    for (const y of outputs(choice)) {
      expect(y[0]).toBeCloseTo(depth * Math.expm1(-2), 5);
      expect(y[3]).toBe(3);
    }
  });

  test('shows in the layer, with its default, and stands for nothing elsewhere', () => {
    expect(new Dense(1, { activation: { name: 'leakyRelu', alpha: 0 } }).activation).toEqual({
      name: 'leakyRelu',
      alpha: 0,
    });
    expect(new Dense(1, { activation: 'elu' }).activation).toEqual({ name: 'elu', alpha: 1 });
    expect(new Dense(1, { activation: { name: 'relu', alpha: 3 } }).activation).toEqual({ name: 'relu' });
  });
});

test.each(['Relu', '', 'constructor'])('an activation called %j is refused by name', (name) => {
  expect(() => new Dense(1, { activation: name as 'relu' })).toThrow(ValueError);
  expect(() => new Activation({ name: name as 'relu' })).toThrow(
    /^activation: the name must be one of linear, relu, .*, got /,
  );
});

describe('relu6', () => {
  const wide = of([-9, -0, 0.5, 5.5, 6, 7, Infinity, Number.NaN], [8, 1], 'float32');
  const wanted = [0, 0, 0.5, 5.5, 6, 6, 6, Number.NaN];
  const dense = (activation: ActivationChoice): Dense =>
    new Dense(1, { activation, kernelInitializer: 'ones', inputShape: [1] });

  test.each([
    ['alone', () => new Activation('relu6', { inputShape: [1] })],
    ['of a product', () => dense('relu6')],
  ])('%s gives 0 to 6 and keeps NaN, in the model and in its program', (_, layer) => {
    const model = new Sequential([layer()]);
    const program = compileInference(model, 8).run(wide.data as Float32Array);
    for (const y of [model.predict(wide).data, program]) expect([...y].map((v) => v + 0)).toEqual(wanted);
  });

  test('trains to the same bits in the product and behind it, and stops where it is cut off', () => {
    const y = of([1, 2, 3, 4, 5, 6, 7, 8], [8, 1], 'float32');
    const trained = (layers: readonly (Dense | Activation)[]): Sequential => {
      const model = new Sequential([...layers, new Dense(1, { name: 'last' })], { seed: 2 });
      model.compile({ optimizer: 'sgd', loss: 'mse' });
      const x = of([-3, 1, 2, 3, 4, 5, 8, 9], [8, 1], 'float32');
      for (let i = 0; i < 4; i++) model.trainOnBatch(x, y);
      return model;
    };
    const fused = trained([dense('relu6')]);
    const apart = trained([dense('linear'), new Activation('relu6')]);
    expect(digest(fused)).toBe(digest(apart));
    const stuck = new Sequential([dense('relu6')]);
    stuck.compile({ optimizer: 'sgd', loss: 'mse' });
    const before = digest(stuck);
    stuck.trainOnBatch(of([-3, 9], [2, 1], 'float32'), of([1, 1], [2, 1], 'float32'));
    expect(digest(stuck)).toBe(before);
  });

  test('of a quantized product is the integer for 6, at most', () => {
    const model = new Sequential([dense('relu6'), new Dense(3, { activation: 'relu6' }), new Dense(2)], { seed: 1 });
    const x = of([-3, 1, 2, 3, 4, 5, 8, 9], [8, 1], 'float32');
    const network = quantize(model, { calibration: x });
    const formats = network.nodes.filter(({ op }) => op === 'dense').map(({ format }) => format?.zeroPoint ?? null);
    expect(formats).toEqual([-128, -128, null]);
    const program = compileInference(network, 8)
      .run(x.data as Float32Array)
      .slice();
    const real = compileInference(model, 8).run(x.data as Float32Array);
    expectClose(program, real, 0.1, 'output', 2);
  });
});
