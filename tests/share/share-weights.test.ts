import { describe, expect, test } from 'vitest';
import {
  assign,
  cloneModel,
  Dense,
  decodeNetwork,
  EarlyStopping,
  encodeNetwork,
  fromData,
  fromNetwork,
  kMeans,
  loadModel,
  lotteryTicket,
  type Model,
  ModelCheckpoint,
  makePermanent,
  type Network,
  PruningSchedule,
  prune,
  pruneNeurons,
  pruneWith,
  quantize,
  Sequential,
  saveModel,
  shareWeights,
  shrink,
  toNetwork,
  toSparse,
  unshare,
} from '../../src/index.ts';
import { broken, keysOfShared, numbersOf, small, x, y } from './tools.ts';

const KERNELS = ['conv/kernel', 'hidden/kernel', 'out/kernel'];
const palettes = ({ weights }: Network): string[] =>
  [...weights].flatMap(([key, { encoding }]) => (encoding.type === 'palette' ? [key] : []));
const trained = (rules?: object): Sequential => {
  const model = small(undefined, rules);
  model.fit(x, y, { batchSize: 8 });
  return model;
};

describe('what becomes few numbers', () => {
  test('kernels become the means of their clusters, to the nearest, and nothing else changes', () => {
    const model = trained();
    const before = numbersOf(model);
    for (const start of ['linear', 'kmeans++'] as const) {
      const shared = shareWeights(model, { clusters: 7, start, seed: 4 });
      shared.weights.forEach(({ name, value }, i) => {
        if (!KERNELS.includes(name)) expect([...value.data]).toEqual(before[i]);
        else {
          const { centroids, codes } = kMeans(before[i]!, 7, { start, seed: 4 });
          expect([...value.data]).toEqual([...codes].map((code) => Math.fround(centroids[code]!)));
        }
      });
      expect(keysOfShared(shared)).toEqual(KERNELS);
      const network = shareWeights(toNetwork(model), { clusters: 7, start, seed: 4 });
      expect(palettes(network)).toEqual(KERNELS);
      expect(encodeNetwork(network)).toEqual(encodeNetwork(toNetwork(shared)));
    }
    expect(numbersOf(model)).toEqual(before);
    expect(keysOfShared(model)).toEqual([]);
  });

  test('layers by name or key, with counts of their own', () => {
    const model = trained();
    const sizes = (shared: Model): number[] =>
      KERNELS.map((key) => new Set(shared.graph.weights.get(key)!.value.data).size);
    expect(sizes(shareWeights(model, { clusters: { hidden: 3, 'out/kernel': 5 } }))).toEqual([72, 3, 5]);
    expect(sizes(shareWeights(model, { clusters: 2, layers: ['conv'] }))[0]).toBe(2);
    expect(keysOfShared(shareWeights(model, { layers: ['conv', 'conv/kernel'] }))).toEqual(['conv/kernel']);
    expect(sizes(shareWeights(shareWeights(model, { clusters: 9 }), { clusters: 3 }))).toEqual([3, 3, 3]);
  });

  test('0 of what is pruned is a number of its own, and counts', () => {
    const model = prune(trained(), { sparsity: 0.5 });
    const shared = shareWeights(model, { clusters: 4 });
    expect(broken(shared, 4)).toBe('');
    for (const [key, { encoding, mask }] of toNetwork(shared).weights) {
      if (encoding.type !== 'palette') continue;
      expect(encoding.centroids[0]).toBe(0);
      expect(encoding.centroids.length).toBe(4);
      expect([...encoding.values].every((code, i) => (code === 0) === (mask![i] === 0))).toBe(true);
      const alive = [...model.graph.weights.get(key)!.value.data].filter((_, i) => mask![i] === 1);
      const found = [...kMeans(alive, 3).centroids].map(Math.fround);
      expect([...encoding.centroids.slice(1)]).toEqual(found);
    }
    const all = shareWeights(pruneWith(model, new Map([['out/kernel', new Uint8Array(18)]])), { clusters: 4 });
    expect([...all.graph.weights.get('out/kernel')!.value.data]).toEqual(new Array(18).fill(0));
    expect(() => shareWeights(model, { clusters: 1 })).toThrow(
      'clusters of conv/kernel must be at least 2, since some of it is pruned, got 1',
    );
  });

  test('what cannot be shared is refused', () => {
    const model = trained();
    const fails = (options: object, text: string): void =>
      expect(() => shareWeights(model, options)).toThrow(`shareWeights: ${text}`);
    fails({ clusters: 0 }, 'clusters must be an integer of at least 1, got 0');
    fails({ clusters: 257 }, 'clusters must be at most 256, which a byte holds, got 257');
    fails(
      { clusters: { hiden: 4 } },
      'a layer must be one with a kernel: conv, hidden, out, got "hiden". Did you mean hidden?',
    );
    fails({ clusters: { hidden: 4 }, layers: ['out'] }, 'layers must be left out where clusters name them');
    fails({ gradient: 'average' }, 'gradient must be sum or mean');
    fails({ cluster: 3 }, 'cluster must be one of the options clusters, start, gradient, layers, seed, iterations');
    const wide = new Sequential([new Dense(3, { inputShape: [2] })], { dtype: 'float64' });
    expect(() => shareWeights(wide)).toThrow('shareWeights: dense/kernel cannot be shared');
    expect(() => shareWeights(quantize(model, { calibration: x }), { clusters: 3 })).toThrow('share float32 weights');
    model.weights[0]!.value.data[3] = Number.NaN;
    expect(() => shareWeights(model)).toThrow('shareWeights: conv/kernel [3] must be finite, got NaN');
  });
});

describe('ties are kept', () => {
  const given = shareWeights(prune(trained(), { sparsity: 0.4 }), { clusters: 5, gradient: 'mean' });

  /** That a model is what the given one is, and becomes what it becomes. */
  function same(model: Model): void {
    expect(numbersOf(model)).toEqual(numbersOf(given));
    expect(model.weights.map(({ sharing }) => sharing?.gradient)).toEqual(
      given.weights.map(({ sharing }) => sharing?.gradient),
    );
    const other = cloneModel(given);
    for (const each of [model, other]) each.fit(x, y, { batchSize: 8, epochs: 2 });
    expect(broken(model, 5)).toBe('');
    expect(numbersOf(model)).toEqual(numbersOf(other));
  }

  test('by copies', () => same(cloneModel(given)));

  test('by files, in the midst of training too', () => {
    same(loadModel(saveModel(given)));
    const model = cloneModel(given);
    model.fit(x, y, { batchSize: 8 });
    const loaded = loadModel(saveModel(model));
    for (const each of [model, loaded]) each.fit(x, y, { batchSize: 8 });
    expect(numbersOf(loaded)).toEqual(numbersOf(model));
    const file = saveModel(shareWeights(trained(), { clusters: 4 }), { weightsOnly: true });
    expect(file.length).toBeLessThan(saveModel(trained(), { weightsOnly: true }).length);
  });

  test('by networks', () => {
    const network = decodeNetwork(encodeNetwork(toNetwork(given))).network;
    const model = fromNetwork(network);
    expect(encodeNetwork(toNetwork(model))).toEqual(encodeNetwork(network));
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    model.fit(x, y, { batchSize: 8 });
    expect(broken(model, 5)).toBe('');
    expect(palettes(toNetwork(model))).toEqual(KERNELS);
  });

  test('by EarlyStopping and ModelCheckpoint', () => {
    const model = cloneModel(given);
    const files: Uint8Array[] = [];
    const stop = new EarlyStopping({ monitor: 'loss', patience: 1, mode: 'max', restoreBestWeights: true });
    const keep = new ModelCheckpoint((file) => void files.push(file), { monitor: 'loss' });
    model.fit(x, y, { batchSize: 8, epochs: 3, callbacks: [stop, keep] });
    expect(stop.stoppedEpoch).not.toBeNull();
    expect(broken(model, 5)).toBe('');
    for (const file of files) expect(broken(loadModel(file), 5)).toBe('');
  });

  test('in what is written by the user: by setWeights at once, by assign from the next step on and in networks', () => {
    const model = cloneModel(given);
    const kernel = model.weights.find(({ name }) => name === 'hidden/kernel')!;
    const codes = kernel.sharing!.codes.data;
    const values = Float32Array.from(kernel.value.data, (_, i) => Math.sin(i));
    const mean = (code: number): number => {
      const own = [...values].filter((_, i) => codes[i] === code && kernel.mask!.data[i] === 1);
      return Math.fround(own.reduce((a, b) => a + b, 0) / own.length);
    };
    const wanted = [...values].map((_, i) => (kernel.mask!.data[i] === 0 ? 0 : mean(codes[i]!)));
    const write = fromData(values, kernel.shape);
    model.setWeights(model.weights.map((weight) => (weight === kernel ? write : weight.value)));
    expect([...kernel.value.data]).toEqual(wanted);
    assign(kernel.value, write);
    expect(broken(model)).not.toBe('');
    expect([...(numbersOf(fromNetwork(toNetwork(model)))[model.weights.indexOf(kernel)] ?? [])]).toEqual(wanted);
    model.trainOnBatch(x, y);
    expect(broken(model, 5)).toBe('');
  });

  test('until unshare', () => {
    const model = unshare(given);
    expect(keysOfShared(model)).toEqual([]);
    expect(numbersOf(model)).toEqual(numbersOf(given));
    model.fit(x, y, { batchSize: 8 });
    expect(model.weights.find(({ name }) => name === 'conv/kernel')!.mask).not.toBeNull();
    expect(new Set(numbersOf(model)[0]).size).toBeGreaterThan(5);
    const network = unshare(toNetwork(given));
    expect(palettes(network)).toEqual([]);
    expect(encodeNetwork(network)).toEqual(encodeNetwork(toNetwork(unshare(given))));
  });
});

describe('pruning what is shared', () => {
  test('weights: members of no cluster, in models, networks and schedules', () => {
    const shared = shareWeights(trained(), { clusters: 6 });
    const model = prune(shared, { sparsity: 0.5 });
    expect(broken(model, 7)).toBe('');
    model.fit(x, y, { batchSize: 8, epochs: 2 });
    expect(broken(model, 7)).toBe('');
    const network = prune(toNetwork(shared), { sparsity: 0.5 });
    expect(palettes(network)).toEqual(KERNELS);
    expect(numbersOf(fromNetwork(network))).toEqual(numbersOf(prune(shared, { sparsity: 0.5 })));
    const scheduled = cloneModel(shared);
    const schedule = new PruningSchedule({ finalSparsity: 0.6, end: 6, frequency: 1 });
    scheduled.fit(x, y, { batchSize: 8, epochs: 3, callbacks: [schedule] });
    expect(broken(scheduled, 7)).toBe('');
    const loaded = loadModel(saveModel(scheduled));
    expect(numbersOf(loaded)).toEqual(numbersOf(scheduled));
  });

  test('256 numbers leave no room for a 0', () => {
    const values = Float32Array.from({ length: 300 }, (_, i) => 1 + (i % 256));
    const model = new Sequential([new Dense(300, { inputShape: [1], useBias: false })]);
    model.setWeights([fromData(values, [1, 300])]);
    const shared = shareWeights(model, { clusters: 256 });
    expect(() => prune(shared, { count: 1 })).toThrow('dense/kernel has 256 numbers that are shared');
    expect(() => prune(toNetwork(shared), { count: 1 })).toThrow('the palette of dense/kernel is full');
    expect(prune(shared, { count: 290 }).weights[0]!.sharing).not.toBeNull(); // some clusters are gone
  });

  test('made permanent, the zeros are a cluster of their own', () => {
    const model = makePermanent(prune(shareWeights(trained(), { clusters: 4 }), { sparsity: 0.5 }));
    const zeros = numbersOf(model)[0]!.flatMap((w, i) => (w === 0 ? [i] : []));
    expect(zeros.length).toBeGreaterThan(9);
    model.fit(x, y, { batchSize: 8 });
    expect(broken(model, 5)).toBe('');
    const after = numbersOf(model)[0]!;
    expect(new Set(zeros.map((i) => after[i])).size).toBe(1);
    expect(after[zeros[0]!]).not.toBe(0);
  });

  test('neurons: palettes are cut', () => {
    const shared = shareWeights(trained(), { clusters: 4 });
    for (const mask of [true, false]) {
      const model = pruneNeurons(shared, { layer: 'hidden', amount: 0.5, mask });
      const left = mask ? shrink(model) : model;
      expect(left.graph.weights.get('hidden/kernel')!.shape).toEqual([16, 3]);
      expect(keysOfShared(left)).toEqual(KERNELS);
      left.fit(x, y, { batchSize: 8 });
      expect(broken(left, 5)).toBe('');
    }
  });

  test('a lottery ticket draws anew without palettes', () => {
    const shared = shareWeights(small(), { clusters: 4 });
    const { ticket, random } = lotteryTicket(shared, (model, callbacks) => model.fit(x, y, { callbacks }), {
      sparsity: 0.5,
      rounds: 1,
    });
    expect(broken(ticket, 5)).toBe('');
    expect(keysOfShared(ticket)).toEqual(KERNELS);
    expect(keysOfShared(random)).toEqual([]);
  });

  test('a sparse network is shared with its zeros', () => {
    const network = toSparse(toNetwork(prune(trained(), { sparsity: 0.9 })));
    const shared = shareWeights(network, { clusters: 4 });
    expect(palettes(shared)).toEqual(KERNELS);
    expect(broken(fromNetwork(shared), 4)).toBe('');
  });
});
