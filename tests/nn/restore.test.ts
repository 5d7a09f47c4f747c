import { describe, expect, test } from 'vitest';
import {
  Adagrad,
  Adam,
  AdamW,
  type Optimizer,
  type OptimizerState,
  parameter,
  RMSprop,
  SGD,
  StateError,
  stepDecay,
  type Tensor,
} from '../../src/index.ts';
import { list, noise, of } from './tools.ts';

const optimizers: Readonly<Record<string, () => Optimizer>> = {
  SGD: () => new SGD({ learningRate: 0.1 }),
  'SGD with momentum': () => new SGD({ learningRate: 0.1, momentum: 0.9 }),
  Adam: () => new Adam({ learningRate: 0.1 }),
  'Adam with amsgrad, in paper mode': () => new Adam({ learningRate: 0.1, amsgrad: true, epsilonMode: 'paper' }),
  AdamW: () => new AdamW({ learningRate: 0.1, weightDecay: 0.1 }),
  RMSprop: () => new RMSprop({ learningRate: 0.1 }),
  'RMSprop with momentum': () => new RMSprop({ learningRate: 0.1, momentum: 0.5 }),
  Adagrad: () => new Adagrad({ learningRate: 0.1, initialAccumulator: 0.3 }),
  'a schedule': () => new SGD({ learningRate: stepDecay(0.1, 2, 0.5) }),
};

const shapes = [[3, 2], [5]] as const;
const draw = noise(17);
const start = [list(6, draw), list(5, draw)];
const pulls = Array.from({ length: 12 }, () => [list(6, draw), list(5, draw)]);

type Float = 'float32' | 'float64';
const tensors = (numbers: readonly (readonly number[])[], dtype: Float): Tensor[] =>
  numbers.map((values, i) => of(values, shapes[i]!, dtype));
const parameters = (dtype: Float): Tensor[] => tensors(start, dtype).map(parameter);
const numbers = (list: readonly Tensor[]): number[][] => list.map(({ data }) => [...data]);

/** Steps `from` ... `to - 1` on fresh parameters; where they end. */
function train(optimizer: Optimizer, ps: readonly Tensor[], from: number, to: number): number[][] {
  for (let t = from; t < to; t++) optimizer.apply(ps, tensors(pulls[t]!, ps[0]!.dtype as Float));
  return numbers(ps);
}

const reset = (ps: readonly Tensor[]): void =>
  ps.forEach((p, i) => {
    p.storage.array.set(start[i]!);
  });

const all = Object.keys(optimizers).flatMap((name) => (['float32', 'float64'] as const).map((d) => [name, d] as const));

describe('restoring', () => {
  test.each(all)('a state saved before the first step begins anew: %s, %s', (name, dtype) => {
    const make = optimizers[name]!;
    const wanted = train(make(), parameters(dtype), 0, 5);
    const ps = parameters(dtype);
    const optimizer = make();
    const before = optimizer.state(ps);
    train(optimizer, ps, 5, 12);
    optimizer.restore(ps, before);
    expect(optimizer.state(ps)).toEqual(before);
    expect(optimizer.iterations).toBe(0);
    reset(ps);
    expect(train(optimizer, ps, 0, 5)).toEqual(wanted);
  });

  test.each(all)('one saved between steps takes back those after it, as often as wanted: %s, %s', (name, dtype) => {
    const ps = parameters(dtype);
    const optimizer = optimizers[name]!();
    train(optimizer, ps, 0, 4);
    const [state, middle] = [optimizer.state(ps), numbers(ps)];
    const wanted = train(optimizer, ps, 4, 9);
    for (let i = 0; i < 2; i++) {
      optimizer.restore(ps, state);
      ps.forEach((p, at) => {
        p.storage.array.set(middle[at]!);
      });
      expect(optimizer.state(ps)).toEqual(state);
      expect(train(optimizer, ps, 4, 9)).toEqual(wanted);
    }
  });

  test.each(all)('one of which a parameter had no part begins that parameter anew: %s, %s', (name, dtype) => {
    const make = optimizers[name]!;
    const run = (makeState: (ps: readonly Tensor[]) => { optimizer: Optimizer; state: OptimizerState }): number[][] => {
      const ps = parameters(dtype);
      const { optimizer, state } = makeState(ps);
      optimizer.restore(ps, state);
      reset(ps);
      return train(optimizer, ps, 4, 8);
    };
    /** Only the first parameter is trained, as with a frozen layer. */
    const halfTrained = (ps: readonly Tensor[]): Optimizer => {
      const optimizer = make();
      for (let t = 0; t < 4; t++) optimizer.apply([ps[0]!], [tensors(pulls[t]!, dtype)[0]!]);
      return optimizer;
    };
    const fresh = run((ps) => ({ optimizer: make(), state: halfTrained(ps).state(ps) }));
    const used = run((ps) => {
      const state = halfTrained(ps).state(ps);
      const optimizer = make();
      train(optimizer, ps, 4, 12);
      return { optimizer, state };
    });
    expect(used).toEqual(fresh);
  });

  test('a state that does not fit changes nothing', () => {
    const ps = parameters('float32');
    const optimizer = new Adam({ amsgrad: true });
    train(optimizer, ps, 0, 3);
    const before = optimizer.state(ps);
    const { slotsVersion } = optimizer;
    const [first, second] = before.slots as [Record<string, Tensor>, Record<string, Tensor>];
    const { vMax: _, ...partial } = second;
    const bad = [
      partial,
      { ...second, v: of([1, 2], [2], 'float32') },
      { ...second, m: of(start[1]!, [5], 'float64') },
    ];
    for (const slots of bad) {
      const state = { scalars: { iterations: 9, power1: 0.5, power2: 0.5 }, slots: [first, slots] };
      expect(() => optimizer.restore(ps, state)).toThrow(StateError);
      expect(optimizer.state(ps)).toEqual(before);
    }
    expect(() => optimizer.restore(ps, { ...before, slots: [first] })).toThrow(StateError);
    expect(optimizer.state(ps)).toEqual(before);
    expect(optimizer.slotsVersion).toBe(slotsVersion);
  });
});
