import { describe, expect, test } from 'vitest';
import { drawnAnew } from '../../src/compress/clone.ts';
import {
  Dense,
  decodeNetwork,
  encodeNetwork,
  fromNetwork,
  hashWeights,
  loadModel,
  prune,
  pruneNeurons,
  Sequential,
  saveModel,
  shareWeights,
  shrink,
  toNetwork,
  unshare,
} from '../../src/index.ts';
import { broken, keysOfShared, numbersOf, small, x, y } from './tools.ts';

const KERNELS = ['conv/kernel', 'hidden/kernel', 'out/kernel'];

describe('hashed weights', () => {
  test('have as many numbers as asked for, each with its negative', () => {
    const model = small();
    for (const options of [{ ratio: 0.25 }, { buckets: 18 }]) {
      const hashed = hashWeights(model, options);
      expect(broken(hashed)).toBe('');
      const counts = hashed.weights.flatMap(({ sharing }) => (sharing === null ? [] : [sharing.count]));
      expect(counts).toEqual('ratio' in options ? [18, 24, 5] : [18, 18, 18]);
      const [kernel] = numbersOf(hashed);
      expect(new Set(kernel!.map(Math.abs)).size).toBeLessThanOrEqual(18);
      expect(kernel!.some((w) => w !== 0 && kernel!.includes(-w))).toBe(true);
    }
    expect(keysOfShared(model)).toEqual([]);
    expect(keysOfShared(hashWeights(model, { buckets: 4, layers: ['out'] }))).toEqual(['out/kernel']);
  });

  test('begin with the variance that the initializer meant', () => {
    const model = new Sequential([new Dense(200, { inputShape: [100], useBias: false })], { seed: 1 });
    const power = (list: readonly number[]): number => list.reduce((sum, w) => sum + w * w, 0) / list.length;
    const before = power(numbersOf(model)[0]!);
    for (const ratio of [1 / 2, 1 / 8, 1 / 64])
      expect(power(numbersOf(hashWeights(model, { ratio }))[0]!) / before).toBeCloseTo(1, 0.8);
  });

  test('by seed and layer', () => {
    const model = small();
    const numbers = (seed?: number): number[][] =>
      numbersOf(hashWeights(model, { ratio: 0.2, ...(seed !== undefined && { seed }) }));
    expect(numbers(3)).toEqual(numbers()); // the model's
    expect(numbers(4)).not.toEqual(numbers());
    const seeds = hashWeights(model, { ratio: 0.2 }).weights.flatMap(({ sharing }) => sharing?.seed ?? []);
    expect(new Set(seeds).size).toBe(3);
    expect(numbers(2 ** 40 + 1)).toEqual(numbers(1));
  });

  test('go on as they are from networks, files and copies', () => {
    const model = hashWeights(small(), { ratio: 0.25 });
    model.fit(x, y, { batchSize: 8 });
    const loaded = loadModel(saveModel(model));
    expect(keysOfShared(loaded)).toEqual(KERNELS);
    const network = decodeNetwork(encodeNetwork(toNetwork(model))).network;
    const again = fromNetwork(network);
    expect(numbersOf(again)).toEqual(numbersOf(model));
    for (const key of KERNELS) expect(network.weights.get(key)!.encoding.type).toBe('hashed');
    expect(encodeNetwork(toNetwork(again))).toEqual(encodeNetwork(network));
    for (const each of [model, loaded]) each.fit(x, y, { batchSize: 8 });
    expect(numbersOf(loaded)).toEqual(numbersOf(model));
    expect(broken(loaded)).toBe('');
    const drawn = drawnAnew(model, 9);
    expect(broken(drawn)).toBe('');
    expect(keysOfShared(drawn)).toEqual(KERNELS);
    expect(numbersOf(drawn)).not.toEqual(numbersOf(model));
  });

  test('cannot lose single numbers', () => {
    const model = hashWeights(small(), { ratio: 0.25 });
    expect(() => prune(model, { sparsity: 0.5 })).toThrow(
      'conv/kernel is hashed, and its numbers cannot be pruned: unshare(model) first',
    );
    for (const mask of [true, false])
      expect(() => pruneNeurons(model, { layer: 'hidden', amount: 0.5, mask })).toThrow(
        'hidden/kernel is hashed, which goes by the places of all its numbers: unshare(model) first',
      );
    expect(numbersOf(shrink(model))).toEqual(numbersOf(model));
    expect(keysOfShared(pruneNeurons(unshare(model), { layer: 'hidden', amount: 0.5 }))).toEqual([]);
    expect(() => hashWeights(prune(small(), { sparsity: 0.5 }), { ratio: 0.5 })).toThrow(
      'hashWeights: conv/kernel is pruned, and hashed numbers cannot be: leave its layer out',
    );
    expect(broken(shareWeights(model, { clusters: 4 }), 4)).toBe('');
  });

  test('what is no size is refused', () => {
    const fails = (options: object, text: string): void =>
      expect(() => hashWeights(small(), options)).toThrow(`hashWeights: ${text}`);
    fails({}, 'ratio must be given, unless buckets is, got undefined. Write { ratio: 1 / 8 }');
    fails({ ratio: 0.5, buckets: 3 }, 'buckets must be left out where ratio is given, got 3');
    fails({ ratio: 1.5 }, 'ratio must be at most 1, got 1.5');
    fails({ ratio: 0 }, 'ratio must be positive');
    fails({ buckets: 0 }, 'buckets must be an integer of at least 1');
    fails({ ratio: 0.5, layers: ['norm'] }, 'a layer must be one with a kernel');
  });
});
