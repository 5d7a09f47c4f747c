import { describe, expect, test } from 'vitest';
import { Activation, type ActivationChoice, compileInference, Dense, Sequential, ValueError } from '../../src/index.ts';
import { of } from './tools.ts';

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
