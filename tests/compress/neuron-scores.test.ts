/** What neurons are ranked by, against loops of the definitions; multiples and budgets. */
import { describe, expect, test } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import { Channels } from '../../src/graph/channels.ts';
import type { Network } from '../../src/graph/network.ts';
import {
  Activation,
  Add,
  BatchNorm,
  Conv2D,
  Dense,
  Dropout,
  digest,
  Flatten,
  foldConstants,
  fromData,
  fromNetwork,
  GlobalAvgPool2D,
  input,
  Model,
  type NeuronCriterion,
  networkCost,
  type PruneNeuronsOptions,
  predictNetwork,
  pruneNeurons,
  quantize,
  Sequential,
  StateError,
  shrink,
  type Tensor,
  toNetwork,
  WhittleError,
} from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { Drawn, inputsFor } from '../graph/random-networks.ts';
import { drawnWiring } from '../graph/random-wirings.ts';
import { FIVE, tenClasses, trained } from './five-networks.ts';
import { articleModel, denseOf, normal, smallModel, threeClasses, values } from './tools.ts';

const tables = { reference, wasm: wasm() };

/** What a network gives, signed zeros aside. */
function outputsOf(network: Network, kernels = tables.reference): number[][] {
  const program = compileNetwork(network, 3, kernels);
  const outputs = program.run(inputsFor(network, 3, 5), 3).map((output) => Array.from(output, (y) => y + 0));
  program.dispose();
  return outputs;
}

/** The neurons of a dense layer in the order in which they go, by what is left when one more goes. */
function order(model: Sequential, layer: string, options: PruneNeuronsOptions): number[] {
  const { kernel, units } = denseOf(model, layer);
  const columnsOf = ({ shape: [rows, n], data }: Tensor): string[] =>
    Array.from({ length: n! }, (_, j) => String(Array.from({ length: rows! }, (_, i) => data[i * n! + j])));
  const all = columnsOf(kernel);
  let left = all.map((_, j) => j);
  const gone: number[] = [];
  for (let amount = 1; amount < units; amount++) {
    const pruned = pruneNeurons(model, { ...options, layer, amount }) as Sequential;
    const now = columnsOf(denseOf(pruned, layer).kernel).map((column) => all.indexOf(column));
    gone.push(...left.filter((j) => !now.includes(j)));
    left = now;
  }
  return [...gone, ...left];
}

const rising = (scores: readonly number[]): number[] =>
  scores.map((_, j) => j).sort((p, q) => scores[p]! - scores[q]! || q - p);

/** What a model gives under a name for samples. */
const behind = (model: Model, name: string, x: Tensor): Tensor =>
  predictNetwork({ ...toNetwork(model), outputs: [name] }, x);

describe('neurons go in the order of', () => {
  const [x, y] = threeClasses(30);
  const model = smallModel(4);
  model.fit(x, y, { epochs: 2 });

  test('the L2 norms of their weights', () => {
    const { kernel } = denseOf(model, 0);
    const scores = Array.from({ length: 7 }, (_, j) =>
      Math.hypot(...Array.from({ length: 5 }, (_, i) => kernel.data[7 * i + j]!)),
    );
    expect(order(model, 'dense', { criterion: 'l2' })).toEqual(rising(scores));
    const odd = new Sequential([new Dense(3, { inputShape: [2] }), new Dense(1)]);
    denseOf(odd, 0).kernel.storage.array.set([4, 2.5, 9, 0, 2.5, 9]); // [4, 0] is less than [2.5, 2.5] by L1 alone
    expect(order(odd, 'dense', { criterion: 'magnitude' })).toEqual([0, 1, 2]);
    expect(order(odd, 'dense', { criterion: 'l2' })).toEqual([1, 0, 2]);
  });

  test('the mean size, and the share that is not 0, of what is behind their activation', () => {
    const after = behind(model, 'activation', x).data;
    const meanOf = (measure: (value: number) => number): number[] =>
      Array.from({ length: 7 }, (_, j) => {
        let sum = 0;
        for (let i = j; i < after.length; i += 7) sum += measure(after[i]!);
        return sum;
      });
    const sizes = meanOf(Math.abs);
    const alive = meanOf((value) => Number(value !== 0));
    const samples = [x, y] as const;
    expect(order(model, 'dense', { criterion: 'activation', samples })).toEqual(rising(sizes));
    expect(order(model, 'dense', { criterion: 'zeros', samples })).toEqual(rising(alive));
    expect(rising(sizes)).not.toEqual(rising(alive));
    expect(order(model, 'dense', { criterion: 'activation', samples: [x.data.slice(0, 50), []] })).not.toEqual(
      rising(sizes),
    );
  });

  test('their part in the loss of a sample, to first order', () => {
    const double = smallModel(4, 'float64');
    double.setWeights(model.getWeights().map((t) => fromData(Float64Array.from(t.data), [...t.shape])));
    const rows = fromData(Float64Array.from(x.data), [30, 5]);
    const { kernel } = denseOf(double, 3);
    /** The loss of each sample with the weights that read a neuron scaled. */
    const lossesOf = (neuron: number, scale: number): number[] => {
      const before = kernel.storage.array.slice();
      for (let j = 0; j < 6; j++) kernel.storage.array[6 * neuron + j]! *= scale;
      const p = double.predict(rows).data;
      kernel.storage.array.set(before);
      return Array.from(y.data, (label, i) => -Math.log(p[3 * i + label]!));
    };
    const scores = Array.from({ length: 7 }, (_, neuron) => {
      const [more, less] = [lossesOf(neuron, 1 + 1e-6), lossesOf(neuron, 1 - 1e-6)];
      return more.reduce((sum, loss, i) => sum + Math.abs(loss - less[i]!), 0);
    });
    expect(order(double, 'dense', { criterion: 'taylor', samples: [rows, y] })).toEqual(rising(scores));
    expect(rising(scores)).not.toEqual(order(double, 'dense', {}));
  });

  test('the sizes of gamma behind them, and of the mean where a sum has several', () => {
    const norm = new BatchNorm({ name: 'norm' });
    const image = new Sequential([
      new Conv2D(4, 3, { inputShape: [6, 6, 2], name: 'first' }),
      norm,
      new Activation('relu'),
      new Flatten(),
      new Dense(2),
    ]);
    norm.parameter('gamma').value.storage.array.set([0.5, -2, 1, -0.25]);
    const left = (amount: number): number[] => {
      const pruned = pruneNeurons(image, { layer: 'first', amount, criterion: 'gamma' });
      return values(pruned.layer('norm').weights[0]!);
    };
    expect([1, 2, 3].map(left)).toEqual([[0.5, -2, 1], [-2, 1], [-2]]);
    const a = input([3]);
    const term = (name: string) => new BatchNorm({ name: `${name}/norm` }).apply(new Dense(2, { name }).apply(a));
    const sum = new Model(a, new Dense(1).apply(new Add().apply([term('one'), term('two')])));
    for (const [one, two, stays] of [
      [[3, 1], [1, 4], 1],
      [[1, 3], [4, 1.5], 0],
    ] as const) {
      sum.layer('one/norm').weights[0]!.value.storage.array.set(one);
      sum.layer('two/norm').weights[0]!.value.storage.array.set(two);
      const pruned = pruneNeurons(sum, { amount: 1, criterion: 'gamma' });
      expect(values(pruned.layer('one/norm').weights[0]!)).toEqual([one[stays]]);
    }
  });

  test('scores of one’s own, the lowest first', () => {
    const scores = [3, -1, 0, Number.NaN, 2, 2, -7];
    const criterion = new Map<string, ArrayLike<number>>([['dense', Float32Array.from(scores)]]);
    expect(order(model, 'dense', { criterion })).toEqual([6, 1, 2, 5, 4, 0, 3]);
    const all = new Map([...criterion, ['dense_1', [9, 9, 9, 9, 9, -9]]]);
    const pruned = pruneNeurons(model, { amount: 2, criterion: all });
    expect(pruned.weights.map(({ shape }) => shape)).toEqual([[5, 6], [6], [6, 5], [5], [5, 3], [3]]);
  });

  test.each(['taylor', 'activation', 'zeros'] as const)('%s: those that make no difference go first', (criterion) => {
    const dead = smallModel(4);
    const { kernel } = denseOf(dead, 3);
    for (let j = 0; j < 6; j++) kernel.storage.array[6 * 2 + j] = 0;
    if (criterion === 'taylor') expect(order(dead, 'dense', { criterion, samples: [x, y] })[0]).toBe(2);
    const constant = smallModel(4);
    for (let i = 0; i < 5; i++) denseOf(constant, 0).kernel.storage.array[7 * i + 3] = 0;
    denseOf(constant, 0).bias!.storage.array[3] = criterion === 'zeros' ? -1 : 1e-6;
    expect(order(constant, 'dense', { criterion, samples: [x, y] })[0]).toBe(3);
  });
});

describe('what cannot be ranked is refused in a sentence', () => {
  const [x, y] = threeClasses(30);
  const refusal = (model: Model | Network, options: object): string => {
    try {
      pruneNeurons(model as Model, { amount: 1, ...options });
    } catch (error) {
      expect(error).toBeInstanceOf(WhittleError);
      return (error as Error).message;
    }
    return 'nothing';
  };

  test.each([
    ['no gamma', { criterion: 'gamma' }, 'there is none behind those of dense, dense_1: name a layer that has them'],
    [
      'no samples',
      { criterion: 'activation' },
      'samples must be a list of x and y, as [xTrain, yTrain], got undefined',
    ],
    ['no targets', { criterion: 'taylor', samples: [x] }, 'samples must be a list of x and y'],
    [
      'samples of another shape',
      { criterion: 'zeros', samples: [normal([4, 6]), y] },
      'samples do not have the shape the model was built for, [5]',
    ],
    [
      'an unknown criterion',
      { criterion: 'l1' },
      'criterion must be magnitude, l2, flow, gamma, taylor, activation, zeros or random, or a Map',
    ],
    [
      'too few scores',
      { criterion: new Map([['dense', [1, 2]]]) },
      'scores of dense must be 7 numbers, one for each neuron',
    ],
    ['scores that are none', { criterion: new Map([['dense', '1234567']]) }, 'scores of dense must be 7 numbers'],
    [
      'scores of no layer',
      { criterion: new Map([['dropout', [1]]]) },
      'a layer with scores must be one of dense, dense_1',
    ],
    [
      'scores of one layer of two',
      { criterion: new Map([['dense', [1, 2, 3, 4, 5, 6, 7]]]) },
      'the scores say nothing of neurons of dense_1',
    ],
    ['a multiple of nothing', { roundTo: 0 }, 'roundTo must be an integer of at least 1, got 0'],
    ['a multiple of a half', { roundTo: 2.5 }, 'roundTo must be an integer of at least 1, got 2.5'],
    [
      'a multiple that is too large',
      { roundTo: 8 },
      'every layer keeps all of its neurons, to have a multiple of 8 or no fewer: remove more of them',
    ],
    ['no amount', { amount: undefined }, 'amount must be a share below 1'],
    ['an amount and a budget', { budget: { macs: 10 } }, 'amount must be left out where a budget is given, got 1'],
    [
      'two budgets',
      { amount: undefined, budget: { macs: 10, parameters: 3 } },
      'budget must be { parameters } or { macs }',
    ],
    ['a budget without a name', { amount: undefined, budget: 10 }, 'budget must be { parameters } or { macs }, got 10'],
    ['a budget of bytes', { amount: undefined, budget: { bytes: 10 } }, 'budget must be { parameters } or { macs }'],
    [
      'a budget that is no number',
      { amount: undefined, budget: { macs: Number.NaN } },
      'budget.macs must be positive, got NaN',
    ],
    [
      'a budget out of reach',
      { amount: undefined, budget: { parameters: 12 } },
      'removing neurons does not make the network fit 12: without all 11 that can go there are 14 parameters left',
    ],
  ] as const)('%s', (_, options, wanted) => {
    const model = smallModel();
    const before = digest(model);
    expect(refusal(model, options)).toContain(wanted);
    expect(digest(model)).toBe(before);
  });

  test('a network has no loss, int8 no real values, and a model that is not compiled no gradients', () => {
    const model = smallModel();
    const samples = [x, y];
    expect(refusal(toNetwork(model), { criterion: 'taylor', samples })).toContain(
      'taylor needs gradients, and a network has no loss: pass the compiled model',
    );
    expect(refusal(quantize(model, { calibration: x }), { criterion: 'zeros', samples })).toContain(
      'the network is in int8: choose by its values before quantizing',
    );
    const bare = new Sequential([new Dense(4, { inputShape: [5] }), new Dense(3)]);
    expect(refusal(bare, { criterion: 'taylor', samples })).toContain('the model is not compiled');
  });
});

/** How many neurons each layer makes. */
const widths = (network: Network): Map<string, number> =>
  new Map([...new Channels(network).makers].map(([name, ids]) => [name, ids.length]));

describe('a multiple of neurons', () => {
  test('is what a layer keeps that loses some, rounded up, in each layer and over all', () => {
    const left = (options: PruneNeuronsOptions): number[] =>
      articleLayers(pruneNeurons(articleModel(), { criterion: 'l2', ...options }));
    expect(left({ amount: 0.4, scope: 'layer' })).toEqual([38, 38]);
    expect(left({ amount: 0.4, scope: 'layer', roundTo: 8 })).toEqual([40, 40]);
    expect(left({ amount: 0.9, scope: 'layer', roundTo: 8 })).toEqual([8, 8]);
    expect(left({ amount: 30, layer: 0, roundTo: 16 })).toEqual([48, 64]);
    expect(left({ amount: 10, layer: 0, roundTo: 7 })).toEqual([56, 64]);
    expect(left({ amount: 0, roundTo: 7 })).toEqual([64, 64]);
    const over = left({ amount: 0.5, roundTo: 8 });
    const free = left({ amount: 0.5 });
    expect(over).toEqual(free.map((n) => 8 * Math.ceil(n / 8)));
  });

  test('is that of the best', () => {
    const model = articleModel();
    const seven = pruneNeurons(model, { layer: 0, amount: 0.5, roundTo: 7 });
    expect(digest(seven)).toBe(digest(pruneNeurons(model, { layer: 0, amount: 29 })));
  });
});

const articleLayers = (model: Model): number[] => [0, 2].map((i) => denseOf(model as Sequential, i).units);

const kinds = {
  'dense layers': (seed: number) => new Drawn(seed).network(),
  'images of any wiring': drawnWiring,
} as const;

describe.each(Object.entries(kinds))('on random networks of %s', (_kind, drawn) => {
  const criteria: readonly NeuronCriterion[] = ['l2', 'activation', 'zeros', 'gamma', 'flow', 'random'];

  /** What a pass makes of a network; null if it says that it cannot be. */
  const attempt = (network: Network, options: PruneNeuronsOptions): Network | null => {
    try {
      return pruneNeurons(network, options);
    } catch (error) {
      expect(error).toBeInstanceOf(StateError);
      return null;
    }
  };

  test.each(Object.entries(tables))(
    'neurons of each criterion, in multiples and to budgets, are masked and shrunk as they are removed, on %s',
    (_, kernels) => {
      let removed = 0;
      const rounded = new Set<string>();
      for (let seed = 1; seed <= (kernels === tables.wasm ? 16 : 45); seed++) {
        const network = drawn(seed);
        const xs = inputsFor(network, 3, seed).map((data, i) => fromData(data, [3, ...network.inputs[i]!.shape]));
        const samples = [xs.length === 1 ? xs[0]! : xs, []] as const;
        const roundTo = [1, 2, 3][seed % 3]!;
        const field = seed % 2 === 0 ? 'macs' : 'parameters';
        const most = Math.ceil(0.7 * networkCost(network)[field]);
        const budget = field === 'macs' ? { macs: most } : { parameters: most };
        const options: PruneNeuronsOptions = {
          criterion: criteria[seed % criteria.length]!,
          scope: seed % 5 < 3 ? 'global' : 'layer',
          samples,
          roundTo,
          ...(seed % 4 === 0 ? { amount: 0.5 } : { budget }),
        };
        const direct = attempt(network, options);
        if (direct === null) continue;
        const masked = pruneNeurons(network, { ...options, mask: true });
        expect(shrink(masked), `seed ${seed}`).toEqual(direct);
        expect(outputsOf(masked, kernels), `seed ${seed}`).toEqual(outputsOf(direct, kernels));
        if (options.budget !== undefined) expect(networkCost(direct)[field]).toBeLessThanOrEqual(most);
        const before = widths(network);
        for (const [name, now] of widths(direct)) {
          if (now === before.get(name)) continue;
          expect(now % roundTo, `seed ${seed}, ${name}`).toBe(0);
          if (roundTo > 1) rounded.add(`${seed} ${name}`);
        }
        removed++;
      }
      expect(removed).toBeGreaterThan(kernels === tables.wasm ? 4 : 12);
      expect(rounded.size).toBeGreaterThan(2);
    },
  );

  test('a budget is reached by the fewest neurons that do', () => {
    let reached = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const network = foldConstants(drawn(seed));
      const field = seed % 2 === 0 ? 'macs' : 'parameters';
      const most = Math.ceil([0.5, 0.8, 0.95][seed % 3]! * networkCost(network)[field]);
      const found = attempt(network, { budget: field === 'macs' ? { macs: most } : { parameters: most } });
      if (found === null) continue;
      let fewest: Network | null = null;
      for (let amount = 0; fewest === null; amount++) {
        const pruned = attempt(network, { amount });
        expect(pruned, `seed ${seed}, ${amount}`).not.toBeNull();
        if (networkCost(pruned!)[field] <= most) fewest = pruned;
      }
      expect(found, `seed ${seed}`).toEqual(fewest);
      reached++;
    }
    expect(reached).toBeGreaterThan(8);
  });

  test('what a sample’s loss loses is told of models of any wiring', () => {
    let ranked = 0;
    for (let seed = 1; seed <= 24; seed++) {
      const network = drawn(seed);
      let model: Model;
      try {
        model = fromNetwork(network, { seed });
      } catch {
        continue; // what no model can be
      }
      model.compile({ optimizer: 'sgd', loss: 'mse' });
      const xs = inputsFor(network, 4, seed).map((data, i) => fromData(data, [4, ...network.inputs[i]!.shape]));
      const ys = model.outputShapes.map((shape) => normal([4, ...shape], seed));
      const samples = [xs.length === 1 ? xs[0]! : xs, ys.length === 1 ? ys[0]! : ys] as const;
      const options = { amount: 0.4, criterion: 'taylor', samples, roundTo: 1 + (seed % 2) } as const;
      let direct: Model;
      try {
        direct = pruneNeurons(model, options);
      } catch (error) {
        expect(error).toBeInstanceOf(StateError);
        continue;
      }
      const masked = pruneNeurons(model, { ...options, mask: true });
      expect(toNetwork(shrink(masked)), `seed ${seed}`).toEqual(toNetwork(direct));
      ranked++;
    }
    expect(ranked).toBeGreaterThan(6);
  });
});

describe.each(Object.keys(FIVE))('%s', (name) => {
  const model = trained(name);
  const samples = tenClasses(model, 6, 4);
  const cost = (one: Model) => networkCost(toNetwork(one));

  test.each(['l2', 'taylor', 'gamma', 'activation', 'zeros'] as const)(
    'loses neurons by %s, a multiple of 4 staying, as if they were masked, and what is left trains',
    (criterion) => {
      const options = { criterion, samples, roundTo: 4, scope: 'layer', amount: 0.4 } as const;
      if (criterion === 'gamma' && !name.endsWith('NetV2')) {
        expect(() => pruneNeurons(model, options)).toThrow('gamma is of a BatchNorm behind the neurons');
        return;
      }
      const direct = pruneNeurons(model, options);
      const masked = pruneNeurons(model, { ...options, mask: true });
      const shrunk = shrink(masked);
      expect(digest(shrunk)).toBe(digest(direct));
      for (const kernels of criterion === 'l2' ? Object.values(tables) : [tables.reference])
        expect(outputsOf(toNetwork(masked), kernels)).toEqual(outputsOf(toNetwork(shrunk), kernels));
      const before = widths(toNetwork(model));
      const lost = [...widths(toNetwork(direct))].filter(([layer, n]) => n < before.get(layer)!);
      expect(lost.length).toBeGreaterThan(0);
      expect(lost.filter(([, n]) => n % 4 !== 0)).toEqual([]);
      if (criterion === 'l2') direct.fit(...samples, { epochs: 1 });
    },
  );

  test.each([
    ['macs', 'global', 1],
    ['macs', 'layer', 2],
    ['parameters', 'global', 2],
    ['parameters', 'layer', 1],
  ] as const)('fits a budget of %s, ranked by scope %s, multiples of %d left', (field, scope, roundTo) => {
    const most = Math.floor(0.6 * cost(model)[field]);
    const budget = field === 'macs' ? { macs: most } : { parameters: most };
    const options = { budget, scope, roundTo, criterion: 'l2' } as const;
    const direct = pruneNeurons(model, options);
    expect(cost(direct)[field]).toBeLessThanOrEqual(most);
    expect(cost(direct)[field]).toBeGreaterThan(0.4 * most);
    expect(digest(shrink(pruneNeurons(model, { ...options, mask: true })))).toBe(digest(direct));
    if (scope === 'global' || roundTo > 1) return;
    const shares = [...widths(toNetwork(direct))].map(([layer, n]) => n / widths(toNetwork(model)).get(layer)!);
    const own = shares.filter((share) => share < 1);
    expect(Math.max(...own) - Math.min(...own)).toBeLessThan(0.35); // of each layer about the same share
    direct.fit(...samples, { epochs: 1 });
  });
});

test('masking twice is removing twice, in multiples and to a budget', () => {
  const model = new Sequential([new Dense(9, { inputShape: [6] }), new Dense(8), new Dense(2)], { seed: 2 });
  for (const more of [{ amount: 3 }, { budget: { parameters: 40 } }] as const) {
    const twice = (mask: boolean): Model =>
      pruneNeurons(pruneNeurons(model, { layer: 0, amount: 4, roundTo: 3, mask }), { ...more, roundTo: 2, mask });
    expect(digest(shrink(twice(true)))).toBe(digest(twice(false)));
    expect(twice(false).parameterCount).toBeLessThan(100);
  }
});

test('a network that keeps to its budget already stays as it is', () => {
  const model = new Sequential([
    new Conv2D(4, 3, { inputShape: [6, 6, 1] }),
    new Dropout(0.2),
    new GlobalAvgPool2D(),
    new Dense(2),
  ]);
  const { parameters } = networkCost(toNetwork(model));
  expect(digest(pruneNeurons(model, { budget: { parameters } }))).toBe(digest(model));
  expect(pruneNeurons(model, { budget: { parameters: parameters - 1 } }).parameterCount).toBe(parameters - 12);
});
