import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Adagrad,
  Adam,
  AdamW,
  assign,
  cast,
  compare,
  Dense,
  decodeNetwork,
  digest,
  EarlyStopping,
  encodeNetwork,
  fromData,
  input,
  Layer,
  l1l2,
  l2,
  loadModel,
  Model,
  mul,
  type Optimizer,
  ones,
  Parameter,
  PruningSchedule,
  parameter,
  prune,
  pruneNeurons,
  RMSprop,
  Sequential,
  SGD,
  saveModel,
  step,
  type Tensor,
  tensor,
  toNetwork,
  type WhittleError,
} from '../../src/index.ts';
import { kernelsOf, normal, quick, smallModel, threeClasses, values } from './tools.ts';

/** A model of Dense layers with the given kernels, row-major. */
function modelOf(shape: readonly number[], weights: readonly (readonly number[])[]): Sequential {
  const layers = shape.slice(1).map((units) => new Dense(units, { biasInitializer: 'ones' }));
  const model = new Sequential(layers);
  model.build([shape[0]!]);
  layers.forEach((layer, i) => {
    layer.kernel.storage.array.set(weights[i]!);
  });
  return model;
}

const isMasked = (model: Sequential): number[] =>
  kernelsOf(model).flatMap((kernel) => (kernel.mask === null ? [] : values(kernel.mask).map((bit) => 1 - bit)));

const total = (list: readonly number[]): number => list.reduce((sum, x) => sum + x, 0);

/** Places of the `count` smallest magnitudes except the largest of each group, of equals the last, chosen one after another. */
function smallest(groups: readonly (readonly number[])[], count: number): Set<number> {
  const flat = groups.flat().map((w) => (Number.isNaN(w) ? Infinity : Math.abs(w)));
  const safe = new Set<number>();
  let base = 0;
  for (const group of groups) {
    const own = flat.slice(base, base + group.length);
    safe.add(base + own.lastIndexOf(Math.max(...own)));
    base += group.length;
  }
  const chosen = new Set<number>();
  while (chosen.size < Math.min(count, flat.length - safe.size)) {
    let best = -1;
    for (let i = 0; i < flat.length; i++) {
      if (!safe.has(i) && !chosen.has(i) && (best < 0 || flat[i]! < flat[best]!)) best = i;
    }
    chosen.add(best);
  }
  return chosen;
}

const weight = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 1, -1, 0.5, Number.NaN, Infinity, -Infinity),
);
const chain = fc
  .array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 4 })
  .chain((shape) =>
    fc.tuple(
      fc.constant(shape),
      fc.tuple(
        ...shape.slice(1).map((n, i) => fc.array(weight, { minLength: n * shape[i]!, maxLength: n * shape[i]! })),
      ),
    ),
  );
// fc.double would draw nearly always a number too small to prune a single weight.
const share = fc.integer({ min: 0, max: 999 }).map((n) => n / 1000);

describe('magnitude pruning', () => {
  test('masks exactly the smallest weights of all layers, whatever ties, zeros and NaN', () => {
    fc.assert(
      fc.property(chain, share, ([shape, weights], sparsity) => {
        const model = prune(modelOf(shape, weights), { sparsity });
        const flat = weights.flat();
        const dead = smallest(weights, Math.round(sparsity * flat.length));
        expect(isMasked(model)).toEqual(flat.map((_, i) => Number(dead.has(i))));
        const after = kernelsOf(model).flatMap(values);
        after.forEach((w, i) => {
          expect(w).toBe(dead.has(i) ? 0 : Math.fround(flat[i]!));
        });
      }),
      { numRuns: 60 },
    );
  });

  test('masks the share in each layer by itself with scope layer', () => {
    fc.assert(
      fc.property(chain, share, ([shape, weights], sparsity) => {
        const model = prune(modelOf(shape, weights), { sparsity, scope: 'layer' });
        kernelsOf(model).forEach((kernel, i) => {
          const dead = smallest([weights[i]!], Math.round(sparsity * weights[i]!.length));
          expect(values(kernel.mask!)).toEqual(weights[i]!.map((_, at) => Number(!dead.has(at))));
        });
      }),
      { numRuns: 40 },
    );
  });

  test('done twice changes nothing, and revives nothing when asked for less', () => {
    fc.assert(
      fc.property(chain, share, share, ([shape, weights], p, q) => {
        const once = prune(modelOf(shape, weights), { sparsity: Math.max(p, q) });
        const again = prune(once, { sparsity: Math.min(p, q) });
        expect(isMasked(again)).toEqual(isMasked(once));
        expect(digest(again)).toBe(digest(once));
      }),
      { numRuns: 30 },
    );
  });

  test('counts weights pruned before and goes on among the others', () => {
    const half = prune(smallModel(), { sparsity: 0.5 });
    const more = prune(half, { sparsity: 0.75 });
    const [first, second] = [isMasked(half), isMasked(more)];
    expect(total(second)).toBe(Math.round(0.75 * second.length));
    expect(second.every((bit, i) => bit >= first[i]!)).toBe(true);
    const direct = prune(smallModel(), { sparsity: 0.75 });
    expect(second).toEqual(isMasked(direct));
  });

  test('does not swap a pruned weight for a living one that became 0', () => {
    const model = prune(modelOf([2, 2], [[3, 4, 5, 0.1]]), { sparsity: 0.25 });
    kernelsOf(model)[0]!.value.storage.array[0] = 0;
    expect(isMasked(prune(model, { sparsity: 0.25 }))).toEqual([0, 0, 0, 1]);
    expect(isMasked(prune(model, { sparsity: 0.5 }))).toEqual([1, 0, 0, 1]);
  });

  test('leaves biases and the given model as they were', () => {
    const model = smallModel();
    const before = digest(model);
    const pruned = prune(model, { sparsity: 0.9 });
    expect(digest(model)).toBe(before);
    expect(kernelsOf(model).every((kernel) => kernel.mask === null)).toBe(true);
    pruned.layers.forEach((layer, i) => {
      if (layer instanceof Dense) expect(values(layer.bias!)).toEqual(values((model.layers[i] as Dense).bias!));
    });
  });

  test('takes small layers almost whole under scope global but keeps one weight of each', () => {
    const small = Array.from({ length: 4 }, (_, i) => 1e-3 * (i + 1));
    const large = Array.from({ length: 4 }, (_, i) => 10 + i);
    const model = prune(modelOf([2, 2, 2], [small, large]), { sparsity: 0.5 });
    expect(isMasked(model)).toEqual([1, 1, 1, 0, 1, 0, 0, 0]);
  });

  test('works on float64 models', () => {
    const pruned = prune(smallModel(1, 'float64'), { sparsity: 0.5 });
    expect(pruned.dtype).toBe('float64');
    expect(total(isMasked(pruned))).toBe(Math.round(0.5 * isMasked(pruned).length));
    const { network } = decodeNetwork(encodeNetwork(toNetwork(pruned)));
    expect(network).toEqual(toNetwork(pruned));
  });

  test('makes masks that outlive a step of the caller', () => {
    const pruned = step(() => prune(smallModel(), { sparsity: 0.5 }));
    step(() => normal([50, 50]));
    expect(total(isMasked(pruned))).toBe(Math.round(0.5 * isMasked(pruned).length));
  });

  test('refuses a sparsity outside [0, 1) and an unknown scope', () => {
    for (const sparsity of [-0.1, 1, 1.5, Number.NaN]) {
      expect(() => prune(smallModel(), { sparsity })).toThrow(/prune: sparsity must be in \[0, 1\), got/);
    }
    const scope = 'layers' as 'layer';
    expect(() => prune(smallModel(), { sparsity: 0.5, scope })).toThrow('prune: scope must be global or layer');
    expect(() => prune(new Sequential([new Dense(2)]), { sparsity: 0.5 })).toThrow(
      expect.objectContaining<Partial<WhittleError>>({ code: 'state' }),
    );
  });

  test('changes what it should, and nothing else', () => {
    const model = smallModel();
    const report = compare(model, prune(model, { sparsity: 0.5 }), { samples: threeClasses(), ...quick });
    expect(report.after.parameters).toBe(report.before.parameters);
    expect(report.after.macs).toBe(report.before.macs);
    expect(report.after.nonZeroParameters).toBe(report.before.nonZeroParameters - Math.round(0.5 * (35 + 42 + 18)));
    expect(report.after.scoreName).toBe('accuracy');
    expect(report.notes[0]).toMatch(/parameters and \d+ multiply-adds, as many as before/);
  });
});

describe('masks through further training', () => {
  const optimizers: [string, () => Optimizer][] = [
    ['SGD', () => new SGD({ learningRate: 0.1 })],
    ['SGD with momentum', () => new SGD({ learningRate: 0.05, momentum: 0.9 })],
    ['SGD with Nesterov momentum', () => new SGD({ learningRate: 0.05, momentum: 0.9, nesterov: true })],
    ['Adam', () => new Adam({ learningRate: 0.01, globalClipNorm: 1 })],
    ['Adam with amsgrad', () => new Adam({ learningRate: 0.01, amsgrad: true })],
    ['AdamW', () => new AdamW({ learningRate: 0.01, weightDecay: 0.1 })],
    ['RMSprop with momentum', () => new RMSprop({ learningRate: 0.01, momentum: 0.9 })],
    ['Adagrad', () => new Adagrad({ learningRate: 0.1 })],
  ];
  const build = (): Sequential => {
    const options = { kernelRegularizer: l2(0.01), activation: 'relu' } as const;
    return new Sequential([
      new Dense(8, { ...options, inputShape: [5] }),
      new Dense(8, { ...options, kernelRegularizer: l1l2({ l1: 0.001, l2: 0.01 }) }),
      new Dense(3, { activation: 'softmax' }),
    ]);
  };

  test.each(optimizers)('hold weights and moments at +0 with %s', (_, make) => {
    const [x, y] = threeClasses();
    const dense = build();
    dense.compile({ optimizer: make(), loss: 'sparseCategoricalCrossentropy' });
    dense.fit(x, y, { epochs: 2, batchSize: 16 }); // so that there is momentum to forget
    const model = prune(dense, { sparsity: 0.6 });
    // Going on with the old optimizer's moments must not bring weights back either.
    const optimizer = make();
    optimizer.restore(
      model.weights.map(({ value }) => value),
      dense.optimizer.state(dense.weights.map(({ value }) => value)),
    );
    model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
    const before = kernelsOf(model).map(values);
    model.fit(x, y, { epochs: 3, batchSize: 16 });
    const { slots } = optimizer.state(kernelsOf(model));
    kernelsOf(model).forEach((kernel, i) => {
      let moved = 0;
      values(kernel.mask!).forEach((alive, at) => {
        if (alive === 1 && kernel.value.data[at] !== before[i]![at]) moved++;
        if (alive === 1) return;
        expect(Object.is(kernel.value.data[at], 0)).toBe(true);
        for (const slot of Object.values(slots[i]!)) expect(Object.is(slot.data[at], 0)).toBe(true);
      });
      expect(moved).toBeGreaterThan(0);
    });
  });

  test.each(['float32', 'float64'] as const)(
    'hold when weights are set, be they NaN, and written otherwise, %s',
    (dtype) => {
      const model = prune(smallModel(1, dtype), { sparsity: 0.6 });
      const masks = kernelsOf(model).map(({ mask }) => values(mask!));
      const expectHeld = (alive: (at: number) => number): void =>
        kernelsOf(model).forEach((kernel, i) => {
          expect(kernel.mask!.dtype).toBe('bool');
          values(kernel).forEach((w, at) => {
            expect(w).toBe(masks[i]![at] === 1 ? alive(at) : 0);
          });
        });
      const filled = (value: (at: number) => number): Tensor[] =>
        model.getWeights().map((w) =>
          tensor(
            Array.from(w.data, (_, at) => value(at)),
            { shape: w.shape, dtype },
          ),
        );
      for (const value of [(at: number) => at + 1, () => Number.NaN, () => -Infinity]) {
        model.setWeights(filled(value));
        expectHeld(value);
      }
      // assign() writes what it is told; the next step of an optimizer puts the pruned ones back to 0.
      const given = filled((at) => -at - 1);
      model.weights.forEach(({ value }, i) => {
        assign(value, given[i]!);
      });
      expect(values(kernelsOf(model)[0]!)).toEqual(values(given[0]!));
      model.optimizer.learningRate = 0;
      const [x, y] = threeClasses();
      model.trainOnBatch(cast(x, dtype), y);
      expectHeld((at) => -at - 1);
    },
  );

  test('hold in a file whose pruned weights were written over, and in the model of it', () => {
    const model = prune(smallModel(), { sparsity: 0.6 });
    const kernel = kernelsOf(model)[0]!;
    assign(kernel.value, ones(kernel.shape));
    const loaded = loadModel(saveModel(model));
    expect(digest(loaded)).toBe(digest(model));
    expect(isMasked(loaded)).toEqual(isMasked(model));
    for (const one of [model, loaded]) one.fit(...threeClasses());
    expect(digest(loaded)).toBe(digest(model));
    values(kernelsOf(loaded)[0]!).forEach((w, at) => {
      if (kernel.mask!.data[at] === 0) expect(Object.is(w, 0)).toBe(true);
    });
  });

  test('are those of the best epoch when its weights come back, from before some were pruned', () => {
    const model = smallModel();
    const [x, y] = threeClasses();
    const stopping = new EarlyStopping({ monitor: 'loss', mode: 'max', patience: 9, restoreBestWeights: true });
    const schedule = new PruningSchedule({ finalSparsity: 0.6, begin: 3, end: 5, frequency: 1 });
    const first: number[][] = [];
    const log = {
      onEpochEnd: (epoch: number): void => void (epoch === 0 && first.push(...kernelsOf(model).map(values))),
    };
    model.fit(x, y, { epochs: 4, callbacks: [log, stopping, schedule] });
    expect(stopping.bestEpoch).toBe(0);
    kernelsOf(model).forEach((kernel, i) => {
      expect(kernel.mask).toBeNull();
      expect(values(kernel)).toEqual(first[i]);
    });
  });

  test('hold when fine-tuned in float64', () => {
    const [x, y] = threeClasses();
    const model = prune(smallModel(1, 'float64'), { sparsity: 0.6 });
    model.fit(fromData(Float64Array.from(x.data), x.shape), y, { epochs: 2 });
    for (const kernel of kernelsOf(model)) {
      values(kernel.mask!).forEach((alive, at) => {
        if (alive === 0) expect(Object.is(kernel.value.data[at], 0)).toBe(true);
      });
    }
  });

  test('hold after the file, which codes the zeros and is read back to the bit', () => {
    const x = normal([64, 40], 5);
    const y = fromData(Int32Array.from({ length: 64 }, (_, i) => i % 4));
    const model = new Sequential([
      new Dense(80, { activation: 'relu', inputShape: [40] }),
      new Dense(60, { activation: 'relu' }),
      new Dense(4, { activation: 'softmax' }),
    ]);
    model.compile({ optimizer: new SGD({ momentum: 0.9 }), loss: 'sparseCategoricalCrossentropy' });
    const dense = encodeNetwork(toNetwork(model)).length;
    const pruned = prune(model, { sparsity: 0.8 });
    pruned.fit(x, y, { epochs: 3 });
    const bytes = encodeNetwork(toNetwork(pruned));
    expect(bytes.length).toBeLessThan(0.3 * dense);
    expect(decodeNetwork(bytes).network).toEqual(toNetwork(pruned));

    const loaded = loadModel(saveModel(pruned));
    expect(digest(loaded)).toBe(digest(pruned));
    expect(isMasked(loaded)).toEqual(isMasked(pruned));
    for (const one of [loaded, pruned]) one.fit(x, y, { epochs: 2 });
    expect(digest(loaded)).toBe(digest(pruned));
    expect(isMasked(loaded)).toEqual(isMasked(pruned));
  });
});

describe('a layer of the user with weights, applied twice', () => {
  class Scale extends Layer {
    override readonly type = 'scale';
    override readonly replayable = true;
    override build(shape: readonly number[]): readonly number[] {
      const made = (role: string): Parameter =>
        new Parameter(`${this.name}/${role}`, parameter(ones([...shape], 'float32')));
      this.weights = [made('gain'), made('kernel')];
      return shape;
    }
    override call(t: Tensor): Tensor {
      return mul(mul(t, this.parameter('kernel').value), this.parameter('gain').value);
    }
    override clone(): Scale {
      return new Scale({ name: this.name });
    }
  }
  const make = (replay: boolean): Model => {
    const a = input([6]);
    const mine = new Scale({ name: 'mine' });
    const b = mine.apply(new Dense(8, { activation: 'relu' }).apply(new Dense(6).apply(a)));
    const model = new Model(a, new Dense(2).apply(mine.apply(b)), { seed: 5 });
    model.compile({ optimizer: 'adam', loss: 'mse', replay });
    model.fit(normal([20, 6]), normal([20, 2]), { epochs: 3 });
    return model;
  };
  const alive = (model: Model): number[] => model.weights.map(({ mask }) => (mask === null ? -1 : sumOf(mask)));
  const sumOf = ({ data }: Tensor): number => [...data].reduce((n, bit) => n + bit, 0);

  test('trains, and its weight called kernel is pruned once, and stays so', () => {
    const [replayed, eager] = [make(true), make(false)];
    expect(digest(replayed)).toBe(digest(eager));
    expect(replayed.replayStatus.replayed).toBeGreaterThan(0);
    const pruned = prune(replayed, { sparsity: 0.5, scope: 'layer' });
    // Weights and biases of two layers, gain and kernel of one's own, and those of the last
    expect(alive(pruned)).toEqual([18, -1, 24, -1, -1, 4, 8, -1]);
    pruned.compile({ optimizer: 'adam', loss: 'mse' });
    pruned.fit(normal([20, 6]), normal([20, 2]), { epochs: 3 });
    const { value, mask } = pruned.layer('mine').parameter('kernel');
    mask!.data.forEach((bit, i) => {
      expect(value.data[i] === 0).toBe(bit === 0);
    });
  });

  test('keeps its weights and masks when neurons of other layers go, and stays one layer', () => {
    const pruned = prune(make(true), { sparsity: 0.5, scope: 'layer' });
    const less = pruneNeurons(pruned, { layer: 0, amount: 2 });
    expect(less.layers.map(({ name }) => name)).toEqual(pruned.layers.map(({ name }) => name));
    expect((less.layer(0) as Dense).units).toBe(4);
    for (const role of ['kernel', 'gain']) {
      const [before, after] = [pruned, less].map((model) => model.layer('mine').parameter(role));
      expect([values(after!.value), after!.mask && values(after!.mask)]).toEqual([
        values(before!.value),
        before!.mask && values(before!.mask),
      ]);
    }
    expect(() => pruneNeurons(pruned, { layer: 1, amount: 2 })).toThrow(
      'neurons of dense_1 cannot be removed: it is not known how mine of type scale treats them',
    );
    expect(() => toNetwork(pruned)).toThrow('layer mine of type scale is code, which no network holds');
  });
});
