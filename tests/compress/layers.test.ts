/** Whole layers and residual branches that are removed. */
import { describe, expect, test } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import type { Node } from '../../src/graph/graph.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import {
  Activation,
  Add,
  BatchNorm,
  Dense,
  Dropout,
  digest,
  Flatten,
  input,
  Layer,
  LayerNorm,
  Model,
  networkCost,
  predictNetwork,
  prune,
  pruneLayers,
  quantize,
  Residual,
  removableLayers,
  Sequential,
  type Tensor,
  toNetwork,
  WhittleError,
} from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { Drawn, inputsFor } from '../graph/random-networks.ts';
import { drawnWiring } from '../graph/random-wirings.ts';
import { Draw } from '../kernels/draw.ts';
import { FIVE, tenClasses, trained } from './five-networks.ts';
import { articleModel, denseOf, normal, values } from './tools.ts';

const tables = { reference, wasm: wasm() };

/** What a network gives, signed zeros aside. */
function outputsOf(network: Network, kernels = tables.reference): number[][] {
  const program = compileNetwork(network, 3, kernels);
  const outputs = program.run(inputsFor(network, 3, 5), 3).map((output) => Array.from(output, (y) => y + 0));
  program.dispose();
  return outputs;
}

const namesOf = ({ nodes }: Network): string[] => nodes.map(({ name }) => name);

const removable = (subject: Model | Network): string[] =>
  removableLayers(subject).flatMap(({ name, why }) => (why === null ? [name] : []));

/**
 * The whole network with what `less` lacks left without effect: layers give on what they read, and a sum adds 0 in the place
 * of a branch.
 */
function silenced(network: Network, less: Network, which: string): Network {
  const stays = new Set(namesOf(less));
  const weights = new Map<string, Stored>(network.weights);
  const isSum = network.nodes.find(({ name }) => name === which)!.op === 'add';
  const nodes = network.nodes.flatMap((node) => {
    if (!isSum && !stays.has(node.name))
      return [nodeOf('activation', node.name, [node.inputs[0]!], { activation: { name: 'linear' } })];
    if (!isSum || node.name !== which) return [node];
    const terms = node.inputs.map((term, i) =>
      stays.has(term) || network.inputs.some((x) => x.name === term) ? null : ([term, `zero${i}`] as const),
    );
    const zeros = terms.flatMap((term) => {
      if (term === null) return [];
      const width = shapeAt(network, term[0]).at(-1)!;
      const store = (role: string, value: number): [string, string] => {
        const numbers = new Float32Array(width).fill(value);
        weights.set(`${term[1]}/${role}`, {
          shape: [width],
          encoding: { type: 'float32', values: numbers },
          mask: null,
        });
        return [role, `${term[1]}/${role}`];
      };
      const own = Object.fromEntries([store('gamma', 0), store('mean', 0), store('variance', 1)]);
      return [
        nodeOf('batchNorm', term[1], [term[0]], { epsilon: 0.1, momentum: 0.9, isUnbiased: false }, { weights: own }),
      ];
    });
    return [...zeros, { ...node, inputs: node.inputs.map((term, i) => terms[i]?.[1] ?? term) }];
  });
  const keys = new Set(nodes.flatMap((node) => Object.values(node.weights)));
  return new Network({ ...network, nodes, weights: new Map([...weights].filter(([key]) => keys.has(key))) });
}

const shapeAt = (network: Network, name: string): readonly number[] =>
  networkCost(network).nodes.find((node) => node.name === name)!.outputShape;

/** A network of residual blocks in each other, some with two branches and some without an identity, drawn from a seed. */
function drawnBlocks(seed: number): Network {
  const draw = new Draw(seed);
  const nodes: Node[] = [];
  const weights = new Map<string, Stored>();
  const put = (node: Node, of: Readonly<Record<string, readonly number[]>> = {}): string => {
    for (const [role, shape] of Object.entries(of)) {
      const numbers = Float32Array.from(
        { length: shape.reduce((p, n) => p * n, 1) },
        () => draw.bits() / 2 ** 32 + 0.1,
      );
      weights.set(`${node.name}/${role}`, { shape, encoding: { type: 'float32', values: numbers }, mask: null });
    }
    const keys = Object.fromEntries(Object.keys(of).map((role) => [role, `${node.name}/${role}`]));
    nodes.push({ ...node, weights: keys } as Node);
    return node.name;
  };
  const next = (): string => `n${nodes.length}`;
  const dense = (x: string, from: number, to: number): string => {
    const activation = { name: draw.pick(['linear', 'relu', 'tanh', 'softmax'] as const) };
    const y = put(nodeOf('dense', next(), [x], { activation }), { kernel: [from, to], bias: [to] });
    if (draw.below(3) > 0) return y;
    const scales = { gamma: [to], beta: [to], mean: [to], variance: [to] };
    return put(nodeOf('batchNorm', next(), [y], { epsilon: 0.1, momentum: 0.9, isUnbiased: false }), scales);
  };
  const body = (x: string, depth: number): string => {
    let y = x;
    for (let i = 1 + draw.below(2); i > 0; i--) y = depth > 0 && draw.below(3) === 0 ? block(y, depth) : wide(y);
    return y;
  };
  const wide = (x: string): string => (draw.bool() ? dense(x, 4, 4) : dense(dense(x, 4, 3), 3, 4));
  const block = (x: string, depth: number): string => {
    const terms = [
      draw.below(4) === 0 ? wide(x) : x,
      ...Array.from({ length: 1 + draw.below(2) }, () => body(x, depth - 1)),
    ];
    return put(nodeOf('add', next(), draw.bool() ? terms : terms.reverse(), {}));
  };
  let y = 'x';
  for (let i = 1 + draw.below(3); i > 0; i--) y = draw.below(4) === 0 ? wide(y) : block(y, 2);
  const outputs = [dense(y, 4, 2), ...(draw.below(3) === 0 ? [y] : [])];
  return new Network({ inputs: [{ name: 'x', shape: [4], dtype: 'float32' }], nodes, outputs, weights });
}

const kinds = {
  'dense layers': (seed: number) => new Drawn(seed).network(),
  'images of any wiring': drawnWiring,
  'residual blocks': drawnBlocks,
} as const;

test.each(Object.entries(kinds))(
  'what goes from random networks of %s is passed over, and nothing else',
  (_, drawn) => {
    const found = { sums: 0, layers: 0 };
    for (let seed = 1; seed <= 100; seed++) {
      const network = drawn(seed);
      for (const name of removable(network)) {
        const less = pruneLayers(network, { layers: [name] });
        expect(outputsOf(less), `seed ${seed}, ${name}`).toEqual(outputsOf(silenced(network, less, name)));
        if (seed % 10 === 0)
          expect(outputsOf(less, tables.wasm)).toEqual(outputsOf(silenced(network, less, name), tables.wasm));
        const isSum = network.nodes.find((node) => node.name === name)!.op === 'add';
        found[isSum ? 'sums' : 'layers']++;
        expect(networkCost(less).macs).toBeLessThanOrEqual(networkCost(network).macs);
        expect(less.nodes.length).toBeLessThan(network.nodes.length);
        expect(less.outputs).toEqual(network.outputs);
      }
      const pieces = removable(network);
      if (pieces.length === 0) continue;
      const most = pruneLayers(network, { amount: 0.99, criterion: 'random' });
      expect(outputsOf(most).map(({ length }) => length)).toEqual(outputsOf(network).map(({ length }) => length));
    }
    expect(found.layers).toBeGreaterThan(25);
    if (drawn === drawnBlocks) expect(found.sums).toBeGreaterThan(60);
  },
);

const relu = { activation: 'relu' } as const;

/** A residual block between two layers, whose branch is two layers deep. */
function residual(): Model {
  return new Sequential(
    [
      new Dense(5, { ...relu, inputShape: [6] }),
      new Residual([new Dense(4, relu), new Dense(5)]),
      new Dense(5, { name: 'even' }),
      new BatchNorm(),
      new Activation('relu'),
      new Dropout(0.2),
      new Dense(3, { activation: 'softmax' }),
    ],
    { seed: 2 },
  );
}

describe('what can go', () => {
  const whys = (subject: Model | Network): Record<string, string | null> =>
    Object.fromEntries(removableLayers(subject).map(({ name, why }) => [name, why]));

  test.each([
    ['MLP', ['dense_1'], { dense: 'it makes [64] of [100]', dense_2: 'it makes an output' }],
    ['article CNN', [], { conv2D: 'it makes [6, 6, 32] of [8, 8, 1]', dense_1: 'it makes an output' }],
    [
      'MobileNetV2',
      ['depthwiseConv2D', 'residual/depthwiseConv2D', 'residual'],
      { conv2D_1: 'it makes [8, 8, 8] of [8, 8, 16]' },
    ],
    [
      'ShuffleNetV2',
      [
        ...['concat/conv2D', 'concat/conv2D_1', 'concat/conv2D_2'],
        ...['split', 'split_1'].flatMap((name) =>
          ['conv2D', 'depthwiseConv2D', 'conv2D_1'].map((own) => `${name}/${own}`),
        ),
      ],
      { 'concat/depthwiseConv2D': 'it makes [4, 4, 24] of [8, 8, 24]' },
    ],
    [
      'residual with a shared layer',
      ['add', 'add_1'],
      {
        shared_1: 'without it add_1 would add what it reads to itself: remove add_1',
        stem: 'it makes [8, 8, 6] of [8, 8, 1]',
      },
    ],
  ] as const)('of %s', (name, free, others) => {
    const model = trained(name);
    expect(removable(model)).toEqual(free);
    expect(whys(model)).toMatchObject(others);
    expect(whys(toNetwork(model))).toEqual(whys(model));
    const samples = tenClasses(model, 12);
    for (const criterion of ['magnitude', 'similarity', 'random'] as const) {
      const options = { amount: 0.5, criterion, samples } as const;
      if (free.length === 0) {
        expect(() => pruneLayers(model, options)).toThrow(
          'pruneLayers: no layers can be removed (conv2D: it makes [6, 6, 32] of [8, 8, 1]; dense: ',
        );
        continue;
      }
      const before = digest(model);
      const less = pruneLayers(model, options);
      expect(digest(model)).toBe(before);
      const direct = pruneLayers(toNetwork(model), options);
      const [x] = samples;
      if (criterion !== 'random') expect(values(less.predict(x))).toEqual(values(predictNetwork(direct, x)));
      for (const kernels of Object.values(tables))
        expect(outputsOf(toNetwork(less), kernels)).toEqual(outputsOf(toNetwork(less)));
      expect(networkCost(toNetwork(less)).macs).toBeLessThan(networkCost(toNetwork(model)).macs);
      less.fit(...samples, { epochs: 1 });
    }
  });

  test('a layer goes with what follows it alone, and a branch as a whole', () => {
    const model = residual();
    expect(removable(model)).toEqual(['residual', 'even']);
    const names = (layers: readonly (string | number)[]): string[] =>
      pruneLayers(model, { layers }).layers.map(({ name }) => name);
    expect(names(['even'])).toEqual(['dense', 'residual/dense', 'residual/dense_1', 'residual', 'dense_1']);
    expect(names(['residual'])).toEqual(['dense', 'even', 'batchNorm', 'activation', 'dropout', 'dense_1']);
    expect(names([4, 'residual'])).toEqual(['dense', 'dense_1']);
    expect(names([])).toEqual(
      model.topLayers.flatMap(({ name }) =>
        name === 'residual' ? ['residual/dense', 'residual/dense_1', name] : [name],
      ),
    );
    expect(namesOf(pruneLayers(toNetwork(model), { layers: [-6] }))).toEqual(names(['residual']));
  });

  test('what others read, what ends in a softmax, and layers of one’s own stay', () => {
    class Same extends Layer {
      override readonly type = 'same';
      override readonly replayable = true;
      override build(shape: readonly number[]): readonly number[] {
        return shape;
      }
      override call(t: Tensor): Tensor {
        return t;
      }
      override clone(): Same {
        return new Same();
      }
    }
    const chain = new Sequential([
      new Dense(4, { name: 'soft', activation: 'softmax', inputShape: [4] }),
      new Dense(4, { name: 'late' }),
      new Activation('softmax'),
      new Same({ name: 'mine' }),
      new Dense(4, { name: 'normed' }),
      new LayerNorm(),
      new Dropout(0.1, { training: true, name: 'drawn' }),
      new Dense(4, { name: 'last' }),
      new Activation('relu'),
      new Flatten({ name: 'flat' }),
    ]);
    expect(whys(chain)).toEqual({
      soft: 'its softmax ties its neurons together',
      late: 'its softmax ties its neurons together',
      normed: null,
      last: 'it makes an output',
    });
    const left = pruneLayers(chain, { layers: ['normed'] });
    expect(left.layers.map(({ name }) => name)).toEqual([
      'soft',
      'late',
      'activation',
      'mine',
      'drawn',
      'last',
      'activation_1',
      'flat',
    ]);
    // Of two readers none is taken along, and a sum is not made of one value twice
    const x = input([4]);
    const h = new Dense(4, { name: 'h' }).apply(x);
    const y = new Activation('relu').apply(h);
    const model = new Model(x, new Dense(2).apply(new Add().apply([y, h, x])));
    expect(whys(model)).toMatchObject({ h: 'without it add would add what it reads to itself: remove add' });
  });

  test('not the only layer of a branch, whatever stands before it, but one of two', () => {
    const of = (layers: Layer[]) =>
      whys(new Sequential([new Residual(layers, { name: 'r', inputShape: [4] }), new Dense(2)]));
    const stays = 'without it r would add what it reads to itself: remove r';
    expect(of([new BatchNorm(), new Activation('relu'), new Dense(4)])).toMatchObject({ 'r/dense': stays, r: null });
    expect(of([new BatchNorm(), new Dense(4), new Dense(4)])).toMatchObject({ 'r/dense': null, 'r/dense_1': null });
    expect(() =>
      pruneLayers(
        new Sequential([new Residual([new Dense(4), new Dense(4)], { name: 'r', inputShape: [4] }), new Dense(2)]),
        {
          layers: ['r/dense', 'r/dense_1'],
        },
      ),
    ).toThrow(`r/dense_1 cannot be removed: ${stays}`);
  });

  test('of int8 only what keeps its format', () => {
    const model = articleModel();
    const int8 = quantize(model, { calibration: normal([20, 100]) });
    const [, second] = int8.nodes.filter(({ op }) => op === 'dense');
    expect(whys(int8)[second!.name]).toBe('it gives int8 of another format than it reads: remove it before quantizing');
  });

  test('leaves masks, frozen layers and the count of steps, and shared weights that others read', () => {
    const model = residual();
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    const sparse = prune(model, { sparsity: 0.5 });
    sparse.layer('dense').trainable = false;
    sparse.steps = 9;
    const less = pruneLayers(sparse, { layers: ['even'] });
    expect(less.steps).toBe(9);
    expect(less.layer('dense').trainable).toBe(false);
    expect(less.layer('residual/dense').weights[0]!.mask?.data).toEqual(
      sparse.layer('residual/dense').weights[0]!.mask!.data,
    );
    const shared = FIVE['residual with a shared layer']!();
    for (const name of ['add', 'add_1'])
      expect(pruneLayers(shared, { layers: [name] }).parameterCount).toBe(shared.parameterCount);
    expect(pruneLayers(shared, { layers: ['add_1', 'add'] }).parameterCount).toBe(shared.parameterCount - 330);
  });
});

describe('layers go in the order of', () => {
  /** Four layers of one shape, with kernels of the sizes given. */
  const four = (sizes: readonly number[]): Sequential => {
    const model = new Sequential(
      [
        ...sizes.map((_, i) => new Dense(3, { name: `l${i}`, ...(i === 0 && { inputShape: [3] }) })),
        new Dense(2, { name: 'out' }),
      ],
      { seed: 3 },
    );
    sizes.forEach((size, i) => {
      const { kernel } = denseOf(model, i);
      kernel.storage.array.forEach((_, at) => {
        kernel.storage.array[at] = (at % 4 === 0 ? 1 : 0.01 * size) * (i % 2 === 0 ? 1 : -size / 10);
      });
    });
    return model;
  };
  const order = (model: Model, options: object): string[] => {
    const gone: string[] = [];
    const count = removable(model).length;
    for (let amount = 1; amount <= count; amount++) {
      const left = pruneLayers(model, { amount, ...options }).layers.map(({ name }) => name);
      gone.push(...removable(model).filter((name) => !left.includes(name) && !gone.includes(name)));
    }
    return gone;
  };

  test('magnitude, similarity, scores of one’s own and chance', () => {
    const model = four([5, 9, 2, 4]);
    const size = (name: string): number => values(denseOf(model, name).kernel).reduce((sum, w) => sum + Math.abs(w), 0);
    const names = ['l0', 'l1', 'l2', 'l3'];
    expect(order(model, {})).toEqual([...names].sort((a, b) => size(a) - size(b)));
    // [4, 0, 0] is less than [2, 2, 2] by L1 alone
    const odd = four([1, 1, 1, 1]);
    for (const [i, w] of [0.1, 4, 2, 9].entries())
      denseOf(odd, i).kernel.storage.array.forEach((_, at, all) => {
        all[at] = i === 1 && at >= 3 ? 0 : w;
      });
    expect(order(odd, { criterion: 'magnitude' })).toEqual(['l0', 'l1', 'l2', 'l3']);
    expect(order(odd, { criterion: 'l2' })).toEqual(['l0', 'l2', 'l1', 'l3']);
    const x = normal([40, 3]);
    const at = (name: string): Tensor => predictNetwork({ ...toNetwork(model), outputs: [name] }, x);
    const change = (name: string, i: number): number => {
      const [before, after] = [i === 0 ? x : at(names[i - 1]!), at(name)];
      const norm = (of: (k: number) => number, row: number): number =>
        Math.hypot(of(3 * row), of(3 * row + 1), of(3 * row + 2));
      const [p, q] = [(k: number) => before.data[k]!, (k: number) => after.data[k]!];
      return Array.from(
        { length: 40 },
        (_, row) => norm((k) => p(k) - q(k), row) / Math.max(norm(p, row), norm(q, row)),
      ).reduce((a, b) => a + b, 0);
    };
    const changes = new Map(names.map((name, i) => [name, change(name, i)]));
    const closest = [...names].sort((a, b) => changes.get(a)! - changes.get(b)!);
    expect(order(model, { criterion: 'similarity', samples: [x, []] })).toEqual(closest);
    expect(closest).not.toEqual(order(model, {}));
    expect(
      order(model, {
        criterion: new Map([
          ['l0', 3],
          ['l1', Number.NaN],
          ['l2', -1],
          ['l3', 3],
        ]),
      }),
    ).toEqual(['l2', 'l3', 'l0', 'l1']);
    const chance = (seed: number): string =>
      order(
        new Sequential(
          model.layers.map((layer) => layer.clone()),
          { seed },
        ),
        { criterion: 'random' },
      ).join();
    expect(chance(1)).toBe(chance(1));
    expect(new Set([1, 2, 3, 4, 5].map(chance)).size).toBeGreaterThan(1);
    expect(order(model, { criterion: 'random', seed: 1 }).join()).toBe(chance(1));
    expect(order(model, { criterion: 'random', seed: 3 })).toEqual(order(model, { criterion: 'random' }));
    // A share is rounded, and of what is equal the later goes
    const equal = new Map(names.map((name) => [name, 1]));
    expect(pruneLayers(model, { amount: 0.4, criterion: equal }).layers.map(({ name }) => name)).toEqual([
      'l0',
      'l1',
      'out',
    ]);
    expect(pruneLayers(model, { amount: 0, criterion: equal }).layers.length).toBe(5);
  });

  test('what goes with another is not counted twice', () => {
    const x = input([4]);
    const inner = new Residual([new Dense(4), new Dense(4)], { name: 'inner' });
    const model = new Model(x, new Dense(2).apply(new Residual([inner, new Dense(4)], { name: 'outer' }).apply(x)), {
      seed: 1,
    });
    const pieces = removable(model);
    expect(pieces).toContain('outer');
    const criterion = new Map(pieces.map((name) => [name, name === 'outer' ? 0 : 1]));
    expect(pruneLayers(model, { amount: 1, criterion }).layers.length).toBe(1);
    expect(() => pruneLayers(model, { amount: 2, criterion })).toThrow(
      'pruneLayers: 1 of the 2 layers can go: the others go with these, or stay without them',
    );
    expect(pruneLayers(model, { amount: 0.9, criterion }).layers.length).toBe(1);
  });
});

describe('what cannot be is refused in a sentence', () => {
  test.each([
    ['a layer that has to stay', { layers: ['dense'] }, 'pruneLayers: dense cannot be removed: it makes [5] of [6]'],
    ['an output', { layers: ['dense_1'] }, 'dense_1 cannot be removed: it makes an output'],
    [
      'one that is gone',
      { layers: ['residual', 'residual'] },
      'residual cannot be removed: it is in another that goes',
    ],
    ['no layer', { layers: ['nothing'] }, 'a layer to remove must be one of dense, residual/dense, '],
    ['what is none', { layers: ['batchNorm'] }, 'a layer to remove must be one of dense, residual/dense, '],
    ['a name by itself', { layers: 'even' }, 'layers must be a list of names or indices, got "even"'],
    ['both', { layers: ['even'], amount: 1 }, 'amount must be left out where layers are named, got 1'],
    [
      'neither',
      {},
      'amount must be a share below 1, or a number of layers, got undefined. Or name the layers: removableLayers',
    ],
    ['a misspelt layer', { layers: ['evan'] }, 'got "evan". Did you mean even?'],
    ['a seed that is none', { amount: 1, seed: -1 }, 'pruneLayers: seed must be'],
    ['a half', { amount: 1.5 }, 'amount must be a share below 1, or a number of layers, got 1.5'],
    ['too many', { amount: 3 }, 'pruneLayers: 2 layers can be removed, not 3 (dense: it makes [5] of [6]; '],
    [
      'a criterion',
      { amount: 1, criterion: 'l1' },
      'similarity or random, or a Map of scores by name, got "l1". Did you mean',
    ],
    [
      'one of neurons',
      { amount: 1, criterion: 'taylor' },
      'criterion must be magnitude, l2, similarity or random, or a Map of scores by name, got "taylor". What a layer reads',
    ],
    ['no samples', { amount: 1, criterion: 'similarity' }, 'samples must be a list of x and y, as [xTrain, yTrain]'],
    [
      'no score',
      { amount: 1, criterion: new Map([['even', 1]]) },
      'the score of residual must be a number, as for every',
    ],
    [
      'an option',
      { amount: 1, scope: 'layer' },
      'scope must be one of the options layers, amount, criterion, samples, ',
    ],
  ] as const)('%s', (_, options, wanted) => {
    const model = residual();
    const before = digest(model);
    expect(() => pruneLayers(model, options as never)).toThrow(WhittleError);
    expect(() => pruneLayers(model, options as never)).toThrow(wanted);
    expect(digest(model)).toBe(before);
  });

  test('what is neither a model nor a network', () => {
    expect(() => removableLayers(7 as never)).toThrow(
      'removableLayers: the subject must be a model or a network, got 7',
    );
    expect(() => pruneLayers(null as never, { amount: 1 })).toThrow(
      'pruneLayers: the subject must be a model or a network',
    );
    expect(() => pruneLayers(new Sequential([new Dense(2)]), { amount: 1 })).toThrow('the model is not built');
  });
});
