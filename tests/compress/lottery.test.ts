import { describe, expect, test } from 'vitest';
import {
  Adam,
  BatchNorm,
  type Callback,
  cloneModel,
  Dense,
  digest,
  type History,
  lotteryTicket,
  type Model,
  type Optimizer,
  prune,
  Sequential,
  SGD,
  StateError,
  stepDecay,
  type Tensor,
  ValueError,
} from '../../src/index.ts';
import { FIVE, tenClasses } from './five-networks.ts';
import { smallModel, threeClasses, values } from './tools.ts';

const any = (value: unknown): never => value as never;
const [x, y] = threeClasses(60);
/** Ten steps an epoch. */
const learn =
  (epochs: number) =>
  (model: Model, callbacks: readonly Callback[] = []): History =>
    model.fit(x, y, { epochs, batchSize: 6, callbacks });

const kernelsOf = (model: Model) => model.weights.filter(({ unitAxis }) => unitAxis !== null);
const masksOf = (model: Model): number[][] => kernelsOf(model).map(({ mask }) => [...(mask?.data ?? [])]);
const deadIn = (masks: readonly number[][]): number => masks.flat().filter((bit) => bit === 0).length;
const sizeOf = (model: Model): number => kernelsOf(model).reduce((n, { value }) => n + value.size, 0);

/** Whether the numbers of a model are those of another under its own masks, and 0 elsewhere. */
function expectMasked(model: Model, other: Model): void {
  model.weights.forEach((weight, i) => {
    const from = values(other.weights[i]!);
    expect(values(weight)).toEqual(from.map((each, j) => (weight.mask?.data[j] === 0 ? 0 : each)));
  });
}

describe('a ticket', () => {
  test('of one round has the mask of the trained network, and the weights that training began with', () => {
    const model = smallModel();
    const before = digest(model);
    const trained = cloneModel(model);
    learn(5)(trained);
    const { ticket, rounds } = lotteryTicket(model, learn(5), { sparsity: 0.6, rounds: 1 });
    expect(masksOf(ticket)).toEqual(masksOf(prune(trained, { sparsity: 0.6 })));
    expectMasked(ticket, model);
    expect([ticket.steps, ticket.epochs, ticket.optimizer.iterations]).toEqual([0, 0, 0]);
    expect(rounds.map(({ sparsity }) => sparsity)).toEqual([0]);
    expect([digest(model), model.steps]).toEqual([before, 0]);
    expect(ticket.seed).toBe(model.seed);
  });

  test('of several rounds loses the same share of what is left in each, and what is gone stays gone', () => {
    const model = smallModel();
    const seen: number[][][] = [];
    const { ticket, rounds } = lotteryTicket(
      model,
      (m, callbacks) => {
        seen.push(masksOf(m));
        expect([m.steps, m.epochs, m.optimizer.iterations]).toEqual([0, 0, 0]);
        expectMasked(m, model);
        return learn(2)(m, callbacks).epochs.length;
      },
      { sparsity: 0.784, rounds: 3 },
    );
    seen.push(masksOf(ticket));
    const shares = [0, 0.4, 0.64, 0.784]; // 0.6 of what was left stays each time
    expect(rounds.length).toBe(3);
    rounds.forEach(({ sparsity, result }, i) => {
      expect(sparsity).toBe(Math.round(shares[i]! * sizeOf(model)) / sizeOf(model));
      expect(result).toBe(2);
    });
    expect(seen.slice(1).map(deadIn)).toEqual(shares.slice(1).map((share) => Math.round(share * sizeOf(model))));
    for (let round = 2; round < seen.length; round++)
      seen[round]!.flat().forEach((bit, i) => {
        expect(bit).toBeLessThanOrEqual(seen[round - 1]!.flat()[i]!);
      });
  });

  test('takes about a fifth of what is left in each round if none are asked for, and one round at least', () => {
    const roundsOf = (sparsity: number): number => {
      let count = 0;
      lotteryTicket(smallModel(), () => void count++, { sparsity });
      return count;
    };
    expect([0, 0.2, 0.5, 0.8, 0.36].map(roundsOf)).toEqual([1, 1, 4, 8, 2]);
  });

  test('prunes in each layer by itself where that is asked for', () => {
    const { ticket } = lotteryTicket(smallModel(), learn(1), { sparsity: 0.5, rounds: 2, scope: 'layer' });
    expect(kernelsOf(ticket).map((_, i) => deadIn([masksOf(ticket)[i]!]))).toEqual([18, 21, 9]);
  });

  test('rewound to a step goes on from there as the network itself does, with its optimizer', () => {
    const layers = () => [
      new Dense(8, { activation: 'relu', inputShape: [5] }),
      new BatchNorm({ momentum: 0.8 }),
      new Dense(3, { activation: 'softmax' }),
    ];
    const made = (): Sequential => {
      const model = new Sequential(layers(), { seed: 3 });
      model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'sparseCategoricalCrossentropy' });
      return model;
    };
    const dense = made();
    learn(2)(dense);
    const { ticket } = lotteryTicket(made(), learn(5), { sparsity: 0, rewindTo: 20 });
    expect([ticket.steps, ticket.epochs, ticket.optimizer.iterations]).toEqual([20, 2, 20]);
    expect(digest(ticket)).toBe(digest(dense));
    for (const model of [ticket, dense]) learn(3)(model);
    expect(digest(ticket)).toBe(digest(dense));

    const sparse = lotteryTicket(made(), learn(5), { sparsity: 0.5, rewindTo: 20 }).ticket;
    const again = made();
    learn(2)(again);
    expectMasked(sparse, again);
  });

  test('of a network that has been trained counts steps from there', () => {
    const model = smallModel();
    learn(1)(model);
    const { ticket, random } = lotteryTicket(model, learn(2), { sparsity: 0.3, rounds: 1, rewindTo: 5 });
    expect([model.steps, ticket.steps, random.steps]).toEqual([10, 15, 0]);
    expect(lotteryTicket(model, learn(1), { sparsity: 0.3, rounds: 1 }).ticket.steps).toBe(10);
  });

  test('of a network that was pruned has its mask too', () => {
    const model = prune(smallModel(), { sparsity: 0.3 });
    const { ticket, random } = lotteryTicket(model, learn(1), { sparsity: 0.6, rounds: 2 });
    for (const each of [ticket, random]) {
      expect(deadIn(masksOf(each))).toBe(Math.round(0.6 * sizeOf(model)));
      masksOf(model)
        .flat()
        .forEach((bit, i) => {
          if (bit === 0) expect(masksOf(each).flat()[i]).toBe(0);
        });
    }
  });

  test('of a network that was pruned begins with what is left, and its rounds tell what was pruned', () => {
    const model = prune(smallModel(), { sparsity: 0.5 });
    const dead: number[] = [];
    const learnt = (m: Model, callbacks: readonly Callback[]) => {
      dead.push(deadIn(masksOf(m)));
      return learn(1)(m, callbacks);
    };
    const n = sizeOf(model);
    const { ticket, rounds } = lotteryTicket(model, learnt, { sparsity: 0.8, rounds: 2 });
    expect(rounds.map(({ sparsity }) => sparsity)).toEqual(dead.map((count) => count / n));
    // Half of the weights live; of them √0.4 live after a round, and 0.4 after both
    expect(dead).toEqual([0.5, 1 - 0.5 * Math.sqrt(0.4)].map((share) => Math.round(share * n)));
    expect(deadIn(masksOf(ticket))).toBe(Math.round(0.8 * n));
    const counted = (sparsity: number): number => lotteryTicket(model, () => 0, { sparsity }).rounds.length;
    expect([0, 0.3, 0.6, 0.8].map(counted)).toEqual([1, 1, 1, 5]); // a fifth of what is left at a time
    const [only] = lotteryTicket(model, () => 0, { sparsity: 0.3 }).rounds;
    expect(only!.sparsity).toBe(Math.round(0.5 * n) / n);
    expect(deadIn(masksOf(lotteryTicket(model, () => 0, { sparsity: 0.3 }).ticket))).toBe(Math.round(0.5 * n));
  });

  test('is found for an optimizer with a schedule, or of a class of the user, where training compiles', () => {
    class Plain extends SGD {}
    const optimizers: readonly (() => Optimizer)[] = [
      () => new Adam({ learningRate: stepDecay(0.01, 10, 0.5) }),
      () => new Plain(),
    ];
    for (const make of optimizers) {
      const compiled = (model: Model, callbacks: readonly Callback[]): void => {
        model.compile({ optimizer: make(), loss: 'sparseCategoricalCrossentropy', replay: false });
        learn(2)(model, callbacks);
      };
      const { ticket } = lotteryTicket(smallModel(), compiled, { sparsity: 0.5, rounds: 2, rewindTo: 3 });
      expect(ticket.steps).toBe(3);
      expect(ticket.isCompiled).toBe(false);
      expect(deadIn(masksOf(ticket))).toBe(Math.round(0.5 * sizeOf(ticket)));
    }
  });
});

describe('the random network beside it', () => {
  test('has the mask, weights of another seed, and the order of samples of this one', () => {
    const model = smallModel(4);
    const { ticket, random } = lotteryTicket(model, learn(1), { sparsity: 0.5, rounds: 1 });
    expect(masksOf(random)).toEqual(masksOf(ticket));
    expectMasked(random, smallModel(5));
    expect([random.seed, random.steps, random.isCompiled]).toEqual([4, 0, true]);
    const other = lotteryTicket(model, learn(1), { sparsity: 0.5, rounds: 1, seed: 9 }).random;
    expectMasked(other, smallModel(9));
  });

  test('keeps what is frozen', () => {
    const model = smallModel();
    model.layers[0]!.trainable = false;
    const { random } = lotteryTicket(model, learn(1), { sparsity: 0.2, rounds: 1 });
    const [kernel, bias] = random.layers[0]!.weights.map(values);
    expect(bias).toEqual(values(model.layers[0]!.weights[1]!));
    expect(kernel!.filter((w) => w !== 0).every((w) => values(model.layers[0]!.weights[0]!).includes(w))).toBe(true);
    expect(values(random.layers.at(-1)!.weights[0]!)).not.toEqual(values(model.layers.at(-1)!.weights[0]!));
  });
});

test.each(Object.keys(FIVE))('of %s: as sparse as asked for, before and after it is trained', (name) => {
  const model = FIVE[name]!();
  const [samples, targets] = tenClasses(model) as [Tensor, Tensor];
  const train = (m: Model, callbacks: readonly Callback[] = []): void => {
    m.compile({ optimizer: new Adam(), loss: 'sparseCategoricalCrossentropy' });
    m.fit(samples, targets, { epochs: 2, batchSize: 10, callbacks });
  };
  const { ticket, random } = lotteryTicket(model, train, { sparsity: 0.7, rounds: 2, rewindTo: 2 });
  for (const each of [ticket, random]) {
    const masks = masksOf(each);
    expect(deadIn(masks)).toBe(Math.round(0.7 * sizeOf(each)));
    train(each);
    expect(masksOf(each)).toEqual(masks);
    kernelsOf(each).forEach(({ value }, k) => {
      value.data.forEach((w, i) => {
        if (masks[k]![i] === 0) expect(w).toBe(0);
      });
    });
  }
});

describe('refusals', () => {
  const model = smallModel();
  test.each<[string, () => unknown, string]>([
    ['no model', () => lotteryTicket(any({}), learn(1), { sparsity: 0.5 }), 'the first argument must be a model'],
    ['no training', () => lotteryTicket(model, any(undefined), { sparsity: 0.5 }), 'train must be a function'],
    ['no sparsity', () => lotteryTicket(model, learn(1), any({})), 'sparsity must be in [0, 1)'],
    ['all of it', () => lotteryTicket(model, learn(1), { sparsity: 1 }), 'sparsity must be in [0, 1)'],
    ['no round', () => lotteryTicket(model, learn(1), { sparsity: 0.5, rounds: 0 }), 'rounds must be'],
    ['half a step', () => lotteryTicket(model, learn(1), { sparsity: 0.5, rewindTo: 0.5 }), 'rewindTo must be'],
    ['a wrong name', () => lotteryTicket(model, learn(1), any({ sparsity: 0.5, rewind: 3 })), 'rewind'],
    ['a scope', () => lotteryTicket(model, learn(1), { sparsity: 0.5, scope: any('all') }), 'scope must be'],
    ['a seed', () => lotteryTicket(model, learn(1), { sparsity: 0.5, seed: -1 }), 'seed must be'],
    [
      'a promise',
      () => lotteryTicket(model, async (m) => learn(1)(m), { sparsity: 0.5 }),
      'train must be done when it returns: model.fit, not fitAsync',
    ],
  ])('%s', (_, use, message) => {
    expect(use).toThrow(ValueError);
    expect(use).toThrow(message);
  });

  test('a step that training does not reach, or does not tell of', () => {
    const late = (): unknown => lotteryTicket(model, learn(1), { sparsity: 0.5, rewindTo: 11 });
    expect(late).toThrow(StateError);
    expect(late).toThrow('10 steps');
    const silent = (): unknown => lotteryTicket(model, (m) => learn(1)(m), { sparsity: 0.5, rewindTo: 5 });
    expect(silent).toThrow('rewindTo is 5: give model.fit the callbacks, or more epochs');
  });

  test('a model that is not built', () => {
    expect(() => lotteryTicket(new Sequential([new Dense(2)]), learn(1), { sparsity: 0.5 })).toThrow(StateError);
  });

  test('one that is not compiled, by the training', () => {
    const bare = new Sequential([new Dense(2, { inputShape: [5] })]);
    expect(() => lotteryTicket(bare, learn(1), { sparsity: 0.5 })).toThrow('not compiled');
  });
});
