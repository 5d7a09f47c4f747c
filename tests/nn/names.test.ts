/** Names of layers, nodes and weights, by which files, seeds and optimizers know them; and what layers of the user's own may do. */
import { describe, expect, test } from 'vitest';
import {
  Activation,
  ActivityRegularization,
  add,
  Dense,
  digest,
  encodeNetwork,
  input,
  Layer,
  loadModel,
  Model,
  matmul,
  mul,
  ones,
  Parameter,
  parameter,
  Residual,
  Sequential,
  Split,
  saveModel,
  slice,
  type Tensor,
  toNetwork,
} from '../../src/index.ts';
import { list, noise, of } from './tools.ts';

const x = of(list(20, noise(3)), [5, 4], 'float32');

describe('two layers never have one name', () => {
  test('though one of them stands in a container', () => {
    const inside = (): Layer => new Residual([new Dense(4, { name: 'b' })], { name: 'a', inputShape: [4] });
    expect(() => new Sequential([inside(), new Dense(4, { name: 'a/b' })])).toThrow(
      'Sequential: layer name must be unique, got "a/b"',
    );
    expect(() => new Sequential([new Dense(4, { name: 'a/b', inputShape: [4] }), inside()])).toThrow('must be unique');
    const named = new Sequential([
      new Dense(4, { name: 'residual/dense', inputShape: [4] }),
      new Residual([new Dense(4)]),
    ]);
    expect(named.layers.map(({ name }) => name)).toEqual(['residual/dense', 'residual/dense_1', 'residual']);
    expect(named.parameterCount).toBe(40);
  });

  test('nor has a node the name of a layer', () => {
    const parts = new Sequential(
      [
        new Split([[new Dense(2), new Dense(2, { name: 'part1' })], [new Dense(2, { name: 'c' })]], {
          inputShape: [4],
        }),
      ],
      { seed: 1 },
    );
    expect(new Set(parts.graph.nodes.map(({ name }) => name)).size).toBe(parts.graph.nodes.length);
    const [first, second, third] = ['split/dense', 'split/part1', 'split/c'].map((name) => parts.layer(name) as Dense);
    const through = (t: Tensor, { kernel, bias }: Dense): Tensor => add(matmul(t, kernel), bias!);
    const left = through(through(slice(x, [null, [0, 2]]), first!), second!);
    const right = through(slice(x, [null, [2, 4]]), third!);
    const y = parts.predict(x);
    for (let i = 0; i < 5; i++) {
      const row = [...left.data.slice(2 * i, 2 * i + 2), ...right.data.slice(2 * i, 2 * i + 2)];
      row.forEach((value, j) => {
        expect(y.data[4 * i + j]).toBeCloseTo(value, 5);
      });
    }
    const penalized = new Sequential([
      new Dense(3, { name: 'a', activityRegularizer: 'l2', inputShape: [4] }),
      new ActivityRegularization('l1', { name: 'a/activity' }),
    ]);
    expect(() => encodeNetwork(toNetwork(penalized))).not.toThrow();
    expect(digest(loadModel(saveModel(penalized)))).toBe(digest(penalized));
  });
});

test('a model that is refused leaves the layers of another as they were', () => {
  const a = input([4]);
  const shared = new Dense(4, { name: 'd' });
  const plain = new Activation('relu');
  shared.trainable = false;
  const model = new Model(a, new Dense(2).apply(plain.apply(shared.apply(a))), { seed: 1 });
  for (const layer of [shared, plain])
    expect(() => new Model(a, new Residual([layer]).apply(a))).toThrow(
      `Model: layer ${layer.name} already belongs to a model: clone() it, or give one model all outputs that are wanted`,
    );
  expect(model.layers.map(({ name }) => name)).toEqual(['d', 'activation', 'dense']);
  expect(digest(loadModel(saveModel(model)))).toBe(digest(model));
});

describe('a layer of the user', () => {
  class Own extends Layer {
    override readonly type = 'own';
    private readonly names: readonly string[];
    private readonly gives: (t: Tensor) => unknown;
    private readonly shape: readonly number[];
    constructor(names: readonly string[], gives: (t: Tensor) => unknown, shape: readonly number[]) {
      super();
      this.names = names;
      this.gives = gives;
      this.shape = shape;
    }
    override build(): readonly number[] {
      this.weights = this.names.map((name) => new Parameter(name, parameter(ones([4], 'float32'))));
      return this.shape;
    }
    override call(t: Tensor): Tensor {
      return this.gives(t) as Tensor;
    }
    override clone(): Own {
      return new Own(this.names, this.gives, this.shape);
    }
  }
  const of4 = (...layers: Layer[]): Sequential => new Sequential([new Dense(4, { inputShape: [4] }), ...layers]);
  const own = (...names: string[]): Own => new Own(names, (t) => t, [4]);

  test('cannot have a weight of a name that another one has', () => {
    expect(() => of4(own('w'), own('w'))).toThrow(
      'build: the name of a weight of layer own_1 must be new, as own_1/kernel, got "w"',
    );
    expect(() => of4(own('w', 'w'))).toThrow('the name of a weight of layer own must be new');
    expect(of4(own('w'), own('v')).getWeights()).toHaveLength(4);
  });

  test('has Parameters for weights', () => {
    class Wrong extends Own {
      override build(): readonly number[] {
        this.weights = [ones([4]) as never];
        return [4];
      }
    }
    expect(() => of4(new Wrong([], (t) => t, [4]))).toThrow('build: a weight of layer own must be a Parameter');
  });

  test('gives what it said that it gives', () => {
    const predict = (gives: (t: Tensor) => unknown, shape: readonly number[]) => () =>
      of4(new Own([], gives, shape)).predict(x);
    expect(predict((t) => t, [5])).toThrow(
      'forward: call() of layer own gives another shape than build() says, got [5, 4] and [5, 5]',
    );
    expect(predict((t) => slice(t, [[0, 1]]), [4])).toThrow('got [1, 4] and [5, 4]');
    expect(predict(() => undefined, [4])).toThrow('forward: what call() of layer own gives must be a tensor');
    expect(predict((t) => mul(t, 2), [4])).not.toThrow();
  });
});
