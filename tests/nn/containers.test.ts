import { describe, expect, test } from 'vitest';
import {
  Activation,
  Add,
  add,
  Concat,
  concat,
  Dense,
  Dropout,
  dense,
  Flatten,
  input,
  type Layer,
  Model,
  Part,
  Residual,
  relu,
  Sequential,
  Split,
  StateError,
  slice,
  type Tensor,
  tanh,
} from '../../src/index.ts';
import { list, noise, of } from './tools.ts';

const x = of(list(30, noise(1)), [5, 6], 'float32');
const numbers = (t: Tensor): number[] => [...t.data];

/** What a model of these layers gives, and its layers by name. */
function run(layers: readonly Layer[]): { readonly y: number[]; readonly of: (name: string) => (t: Tensor) => Tensor } {
  const model = new Sequential(layers, { seed: 4 });
  const y = numbers(model.predict(x));
  const of = (name: string) => (t: Tensor) => {
    const { kernel, bias } = model.layer(name) as Dense;
    return dense(t, kernel, bias);
  };
  return { y, of };
}

describe('containers compute what they say:', () => {
  test('Residual adds its input to what its layers give', () => {
    const { y, of } = run([
      new Residual([new Dense(4, { activation: 'relu', name: 'in' }), new Dense(6, { name: 'out' })], {
        inputShape: [6],
      }),
    ]);
    expect(y).toEqual(numbers(add(x, of('residual/out')(relu(of('residual/in')(x))))));
  });

  test('Residual of nothing doubles', () => {
    expect(run([new Residual([], { inputShape: [6] })]).y).toEqual(numbers(add(x, x)));
  });

  test('Concat puts its branches side by side', () => {
    const branches = [[new Dense(2, { name: 'a' }), new Activation('tanh')], [], [new Dense(1, { name: 'b' })]];
    const { y, of } = run([new Concat(branches, { inputShape: [6] })]);
    expect(y).toEqual(numbers(concat([tanh(of('concat/a')(x)), x, of('concat/b')(x)], 1)));
  });

  test('Split hands each branch its part', () => {
    const { y, of } = run([
      new Split([[new Dense(3, { name: 'a' })], [], [new Dense(1, { name: 'b' })]], { inputShape: [6] }),
    ]);
    const part = (from: number): Tensor => slice(x, [null, [from, from + 2]]);
    expect(y).toEqual(numbers(concat([of('split/a')(part(0)), part(2), of('split/b')(part(4))], 1)));
  });

  test('Part and Add take values as they are', () => {
    const a = input([6]);
    const model = new Model(a, new Add().apply([new Part(0, 3).apply(a), new Part(3, 6).apply(a)]));
    expect(numbers(model.predict(x))).toEqual(numbers(add(slice(x, [null, [0, 3]]), slice(x, [null, [3, 6]]))));
  });

  test('containers hold containers, and samples of several axes', () => {
    const a = input([2, 3]);
    const inner = new Split([[new Residual([new Dense(1)])], [], [new Residual([new Activation('relu')])]]);
    const model = new Model(a, new Flatten().apply(inner.apply(a)), { seed: 1 });
    expect(model.graph.nodes.map(({ name, op }) => `${name} ${op}`)).toEqual([
      'split/part0 split',
      'split/residual/dense dense',
      'split/residual add',
      'split/part1 split',
      'split/part2 split',
      'split/residual_1/activation activation',
      'split/residual_1 add',
      'split concat',
      'flatten flatten',
    ]);
    expect(model.outputShape).toEqual([6]);
  });
});

describe('containers are layers:', () => {
  test('their clones have clones of what is inside, under the same names and as frozen', () => {
    const frozen = new Dense(6, { name: 'frozen' });
    frozen.trainable = false;
    const layers = [
      new Residual([frozen, new Dropout(0.5)]),
      new Concat([[new Dense(2)], []]),
      new Split([[new Dense(2)], []]),
      new Part(1, 3),
      new Add(),
    ];
    for (const layer of layers) {
      const copy = layer.clone();
      expect(copy.type).toBe(layer.type);
      expect(copy).not.toBe(layer);
      copy.inner.forEach((inner, i) => {
        expect(inner).not.toBe(layer.inner[i]);
        expect([inner.name, inner.type, inner.trainable]).toEqual([
          layer.inner[i]!.name,
          layer.inner[i]!.type,
          layer.inner[i]!.trainable,
        ]);
      });
      expect(copy.inner.length).toBe(layer.inner.length);
    }
  });

  test('they refuse what is no list of layers, and values that they cannot join', () => {
    expect(() => new Residual(['dense' as never])).toThrow(
      'Residual: needs a list of layers: new Residual([layer, layer])',
    );
    expect(() => new Split('x' as never)).toThrow(StateError);
    const a = input([6]);
    const joined = (layer: Layer, count: number) => () => new Model(a, layer.apply(Array(count).fill(a)));
    expect(joined(new Residual([]), 2)).toThrow(
      'the number of inputs of layer residual (residual) must be 1 (Concat or Add makes one of several), got 2',
    );
    expect(joined(new Concat([[]]), 2)).toThrow(
      'the number of inputs of layer concat (concat) must be 1 (Concat or Add makes one of several), got 2',
    );
    expect(joined(new Part(4, 7), 1)).toThrow('has no part from 4 to 7');
    expect(joined(new Part(3, 3), 1)).toThrow('has no part from 3 to 3');
    expect(joined(new Part(-1, 3), 1)).toThrow('node "part" from must be an integer of at least 0, got -1');
    expect(joined(new Concat(), 3)).not.toThrow();
  });
});
