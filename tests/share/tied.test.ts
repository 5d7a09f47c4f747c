import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  Adagrad,
  Adam,
  AdamW,
  backend,
  cpu,
  Dense,
  fromData,
  gather,
  hashWeights,
  l2,
  matmul,
  maxNorm,
  mean,
  mul,
  nonNegative,
  type Optimizer,
  Proximal,
  parameter,
  prune,
  Random,
  RMSprop,
  reference,
  reshape,
  Sequential,
  SGD,
  type SharedGradient,
  setBackend,
  shareWeights,
  square,
  sub,
  type Tensor,
  unitNorm,
  valueAndGrad,
  wasm,
  wasmSupport,
} from '../../src/index.ts';
import { broken, numbersOf, small, x, y } from './tools.ts';

const before = backend().kernels;
afterEach(() => void setBackend(before));
const tables = [reference, cpu, ...(wasmSupport().available ? [wasm()] : [])];

const OPTIMIZERS: Readonly<Record<string, () => Optimizer>> = {
  sgd: () => new SGD({ learningRate: 0.003 }),
  momentum: () => new SGD({ learningRate: 0.003, momentum: 0.9, clipNorm: 1 }),
  nesterov: () => new SGD({ learningRate: 0.003, momentum: 0.9, nesterov: true, globalClipNorm: 2 }),
  adam: () => new Adam({ learningRate: 0.01, clipValue: 0.1 }),
  amsgrad: () => new Adam({ learningRate: 0.01, amsgrad: true, epsilonMode: 'paper' }),
  adamW: () => new AdamW({ learningRate: 0.01, weightDecay: 0.1 }),
  rmsprop: () => new RMSprop({ learningRate: 0.003, momentum: 0.5 }),
  adagrad: () => new Adagrad({ learningRate: 0.01 }),
  proximal: () => new Proximal(new Adam({ learningRate: 0.01 }), { lambda: 0.05 }),
};

describe('members of a cluster are one after every step, in every table, repeated or not', () => {
  test.each(Object.keys(OPTIMIZERS))('%s', (name) => {
    const make = OPTIMIZERS[name]!;
    const rules = { kernelRegularizer: l2(0.01), kernelConstraint: nonNegative() };
    const gradient = name === 'sgd' ? 'mean' : 'sum';
    const shared = shareWeights(prune(small(make(), rules), { sparsity: 0.5 }), { clusters: 5, gradient });
    const hashed = hashWeights(small(make(), { kernelRegularizer: l2(0.01) }), { ratio: 0.25 });
    for (const given of [shared, hashed]) {
      const results = tables.flatMap((table) =>
        [true, false].map((replay) => {
          setBackend(table);
          const model =
            given === shared ? shareWeights(shared, { clusters: 5, gradient }) : hashWeights(hashed, { ratio: 0.25 });
          model.compile({ optimizer: make(), loss: 'meanSquaredError', replay });
          const problems = [broken(model, 5)];
          const onBatchEnd = (): void => void problems.push(broken(model, 5));
          model.fit(x, y, { batchSize: 8, epochs: 2, callbacks: [{ onBatchEnd }] });
          expect([...new Set([...problems, broken(model, 5)])]).toEqual(['']);
          expect(model.replayStatus.replayed).toBe(replay ? 4 : 0);
          return numbersOf(model);
        }),
      );
      for (const result of results) expect(result).toEqual(results[0]);
      expect(results[0]).not.toEqual(numbersOf(given));
    }
  });
});

describe('the gradient of a centroid', () => {
  const random = new Random(1, 'tests');
  const [inputs, targets] = [random.normal([9, 7]), random.normal([9, 5])];
  const dense = (optimizer: Optimizer): Sequential => {
    const model = new Sequential([new Dense(5, { inputShape: [7], useBias: false })], { seed: 2 });
    model.compile({ optimizer, loss: 'meanSquaredError' });
    return model;
  };

  /** Gradients of what the members of each centroid have in common, from a network written with gather. */
  function gathered(model: Sequential): { centroids: number[]; grads: number[]; counts: number[]; indices: number[] } {
    const { sharing, value, mask } = model.weights[0]!;
    const codes = [...(sharing!.codes.data as Int32Array)];
    const indices = codes.map((code) => (code < 0 ? -1 - code : code));
    const signs = fromData(Float32Array.from(codes, (code) => (code < 0 ? -1 : 1)));
    const centroids = new Float32Array(sharing!.count);
    const counts = new Array<number>(sharing!.count).fill(0);
    indices.forEach((c, i) => {
      if (mask?.data[i] === 0) return;
      centroids[c] = value.data[i]! * signs.data[i]!;
      counts[c]!++;
    });
    const c = parameter(fromData(centroids));
    const at = fromData(Int32Array.from(indices));
    const { grads } = valueAndGrad(() => {
      const kernel = reshape(mul(gather(c, at), signs), [7, 5]);
      return mean(square(sub(matmul(inputs, kernel), targets)));
    }, [c]);
    return { centroids: [...centroids], grads: [...grads[0]!.data], counts, indices: codes };
  }

  const cases: readonly [string, (model: Sequential) => Sequential, SharedGradient, number][] = [
    ['of a palette', (model) => shareWeights(model, { clusters: 6 }), 'sum', Infinity],
    ['as a mean', (model) => shareWeights(model, { clusters: 6, gradient: 'mean' }), 'mean', Infinity],
    ['of hashed numbers', (model) => hashWeights(model, { buckets: 9 }), 'sum', Infinity],
    ['clipped', (model) => shareWeights(model, { clusters: 6 }), 'sum', 0.01],
  ];

  test.each(cases)('%s is that of a network written with gather', (_, share, gradient, clipNorm) => {
    const options = { learningRate: 0.5, ...(clipNorm < Infinity && { clipNorm }) };
    const model = share(dense(new SGD(options)));
    const { centroids, grads, counts, indices } = gathered(model);
    const own = grads.map((g, c) => (gradient === 'mean' ? g / Math.max(1, counts[c]!) : g));
    const norm = Math.hypot(...own);
    const factor = Math.min(1, clipNorm / norm);
    if (clipNorm < Infinity) expect(norm).toBeGreaterThan(2 * clipNorm);
    model.fit(inputs, targets, { batchSize: 9 });
    const after = model.weights[0]!.value.data;
    indices.forEach((code, i) => {
      const c = code < 0 ? -1 - code : code;
      const moved = centroids[c]! - 0.5 * factor * own[c]!;
      expect(after[i]).toBeCloseTo(code < 0 ? -moved : moved, 5);
    });
  });

  test.each([true, false])('what is pruned has no part in it, before sharing (%s) or after', (isFirst) => {
    const given = dense(new SGD({ learningRate: 0.5 }));
    const model = isFirst
      ? shareWeights(prune(given, { sparsity: 0.4 }), { clusters: 4 })
      : prune(shareWeights(given, { clusters: 4 }), { sparsity: 0.4 });
    const { mask, value } = model.weights[0]!;
    const { centroids, indices } = gathered(model);
    const loose = dense(new SGD({ learningRate: 0.5 }));
    loose.setWeights([value]);
    loose.fit(inputs, targets, { batchSize: 9 });
    const moves = [...loose.weights[0]!.value.data].map((w, i) => w - value.data[i]!); // of each number by itself
    model.fit(inputs, targets, { batchSize: 9 });
    indices.forEach((c, i) => {
      const together = moves.reduce((sum, move, j) => (indices[j] === c && mask!.data[j] === 1 ? sum + move : sum), 0);
      expect(value.data[i]).toBeCloseTo(mask!.data[i] === 0 ? 0 : centroids[c]! + together, 5);
    });
  });
});

test('another sharing, or none, is a step of its own', () => {
  const model = shareWeights(small(), { clusters: 4 });
  for (let i = 0; i < 3; i++) model.trainOnBatch(x, y);
  expect(model.replayStatus.isReplaying).toBe(true);
  const [kernel] = model.weights;
  const { codes, count } = kernel!.sharing!;
  const others = Int32Array.from(codes.data as Int32Array, (code) => (code + 1) % count).reverse();
  kernel!.sharing = { ...kernel!.sharing!, codes: fromData(others, codes.shape) };
  kernel!.prune();
  for (let i = 0; i < 3; i++) {
    model.trainOnBatch(x, y);
    expect(model.replayStatus.isReplaying).toBe(i === 2);
    expect(broken(model, 4)).toBe('');
  }
  kernel!.sharing = null;
  model.trainOnBatch(x, y);
  expect(new Set(kernel!.value.data).size).toBeGreaterThan(4);
});

describe('what would pull members apart', () => {
  test('constraints are refused that do not say they are elementwise, and of hashed weights all', () => {
    for (const [rule, name] of [
      [maxNorm(2), 'maxNorm'],
      [unitNorm(), 'unitNorm'],
    ] as const)
      expect(() => shareWeights(small(undefined, { kernelConstraint: rule }))).toThrow(
        `shareWeights: hidden/kernel has the constraint ${name}, which does not say that it is elementwise`,
      );
    expect(() => hashWeights(small(undefined, { kernelConstraint: nonNegative() }), { ratio: 0.5 })).toThrow(
      'hashWeights: hidden/kernel has the constraint nonNegative, and its hashed numbers would have signs',
    );
    // One of the user's own too, unless it says that it may be
    const own = { name: 'halve', call: (w: Tensor) => mul(w, 0.5) };
    expect(() => shareWeights(small(undefined, { kernelConstraint: own }))).toThrow('has the constraint halve, which');
    expect(() => hashWeights(small(undefined, { kernelConstraint: own }), { ratio: 0.5 })).toThrow('constraint halve');
  });

  test('a constraint that is not what it says, and an optimizer of the user, are followed by the mean', () => {
    const random = new Random(4, 'tests');
    class Jitter extends SGD {
      override update(...given: Parameters<SGD['update']>): void {
        super.update(...given);
        const [, w] = given;
        const noise = random.normal([w.length], 0, 0.01).data;
        for (let i = 0; i < w.length; i++) w[i]! += noise[i]!;
      }
    }
    const shrink = { name: 'rows', elementwise: true, call: (w: Tensor) => mul(w, random.uniform([1, 6])) };
    const model = shareWeights(small(undefined, { kernelConstraint: shrink }), { clusters: 3 });
    model.compile({ optimizer: new Jitter(), loss: 'meanSquaredError' });
    model.fit(x, y, { batchSize: 8, epochs: 2 });
    expect(broken(model, 3)).toBe('');
  });

  test('proximal maps of groups are refused before anything moves', () => {
    const model = shareWeights(small(), { clusters: 3 });
    const optimizer = new Proximal(new Adam(), { lambda: 0.1, groups: 'column' });
    model.compile({ optimizer, loss: 'meanSquaredError' });
    const trained = (): number[][] => model.trainable.map(({ value }) => [...value.data]);
    const held = trained();
    expect(() => model.trainOnBatch(x, y)).toThrow('Proximal: conv/kernel is shared, and the map group');
    expect(trained()).toEqual(held);
  });
});

test('tied numbers stay what they are, to the bit, however many are one', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true }), fc.integer({ min: 1, max: 300 }), (w, n) => {
      const kernel = new Dense(n, { inputShape: [1], useBias: false });
      const model = shareWeights(new Sequential([kernel]), { clusters: 1 });
      model.setWeights([fromData(new Float32Array(n).fill(w), [1, n])]);
      expect([...new Set(model.weights[0]!.value.data)]).toEqual([w + 0]);
    }),
    { numRuns: 50 },
  );
});
