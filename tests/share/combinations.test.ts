import { describe, expect, test } from 'vitest';
import {
  Adam,
  BatchNorm,
  convert,
  Dense,
  decodeNetwork,
  decodeWeight,
  distill,
  Embedding,
  encodeNetwork,
  equalize,
  Flatten,
  factorize,
  foldBatchNorm,
  fromData,
  hashWeights,
  type Model,
  type Network,
  type PrepareOptions,
  PruningSchedule,
  predictNetwork,
  prepareQAT,
  prune,
  quantize,
  Sequential,
  shareWeights,
  toNetwork,
  unshare,
} from '../../src/index.ts';
import { broken, keysOfShared, numbersOf, small, x, y } from './tools.ts';

const KERNELS = ['conv/kernel', 'hidden/kernel', 'out/kernel'];
const CLUSTERS = 5;

const trained = (sparsity: number): Model => {
  const model = small();
  model.fit(x, y, { batchSize: 8 });
  return sparsity === 0 ? model : prune(model, { sparsity });
};

/** What is wrong with an integer network: '' if columns have at most so many numbers, and what was pruned before is 0. */
function brokenIn(network: Network, before: Model, most: number): string {
  for (const key of KERNELS) {
    const weight = network.weights.get(key)!;
    if (['float32', 'palette', 'hashed'].includes(weight.encoding.type)) return `${key} is ${weight.encoding.type}`;
    const numbers = decodeWeight(weight)!;
    const { mask, shape } = before.graph.weights.get(key)!;
    const columns = Array.from({ length: shape.at(-1)! }, () => new Set<number>());
    for (const [i, w] of numbers.entries()) {
      if (mask?.data[i] === 0 && w !== 0) return `${key}[${i}] was pruned and is ${w}`;
      columns[i % columns.length]!.add(w + 0);
    }
    const largest = Math.max(...columns.map(({ size }) => size));
    if (largest > most) return `a column of ${key} has ${largest} numbers`;
  }
  return '';
}

describe.each([0, 0.5])('of sparsity %s', (sparsity) => {
  const given = trained(sparsity);
  const shared = shareWeights(given, { clusters: CLUSTERS });

  test.each<[string, Omit<PrepareOptions, 'calibration'>]>([
    ['8 bits', {}],
    ['4 bits', { bits: 4 }],
    ['learned steps', { bits: 3, learnedStep: true }],
  ])('clusters and zeros stay through training for integers in %s, whichever comes first', (_, options) => {
    const prepared = prepareQAT(shared, { ...options, calibration: x });
    expect(keysOfShared(prepared)).toEqual(KERNELS);
    const other = shareWeights(prepareQAT(given, { ...options, calibration: x }), { clusters: CLUSTERS });
    for (const model of [prepared, other]) {
      model.fit(x, y, { batchSize: 8, epochs: 2 });
      expect(broken(model, CLUSTERS)).toBe('');
      expect(brokenIn(convert(model), given, CLUSTERS)).toBe('');
    }
    // Of a model that is prepared alone they do not
    if (options.bits !== undefined) return;
    const loose = prepareQAT(given, { ...options, calibration: x });
    loose.fit(x, y, { batchSize: 8, epochs: 2 });
    expect(brokenIn(convert(loose), given, CLUSTERS)).toContain('a column of');
  });

  test('and through quantization after training, with a BatchNorm folded', () => {
    const network = quantize(shared, { calibration: x });
    expect(network.nodes.some(({ op }) => op === 'batchNorm')).toBe(false);
    expect(brokenIn(network, given, CLUSTERS)).toBe('');
    expect(brokenIn(quantize(toNetwork(shared), { calibration: x }), given, CLUSTERS)).toBe('');
  });

  test('and through distillation', () => {
    const { model } = distill({ teacher: trained(0), student: shared, x, y, epochs: 2, batchSize: 8 });
    expect(broken(model, CLUSTERS)).toBe('');
    expect(keysOfShared(model)).toEqual(KERNELS);
    expect(
      broken(shareWeights(distill({ teacher: shared, student: given, x, y, epochs: 1 }).model, { clusters: 4 }), 4),
    ).toBe('');
  });

  test('a BatchNorm stays behind a shared kernel, and goes into one that is not', () => {
    const isNorm = (model: Model): boolean => model.layers.some((layer) => layer instanceof BatchNorm);
    const folded = foldBatchNorm(shared);
    expect(isNorm(folded)).toBe(true);
    expect([...folded.predict(x).data]).toEqual([...shared.predict(x).data]);
    expect(isNorm(foldBatchNorm(unshare(shared)))).toBe(false);
    const later = shareWeights(foldBatchNorm(given), { clusters: CLUSTERS });
    expect(broken(later, CLUSTERS)).toBe('');
  });

  test('channels are scaled before weights are shared', () => {
    expect(() => equalize(shared)).toThrow(
      'equalize: conv/kernel is shared, and its channels would be scaled apart: equalize it first',
    );
    const later = shareWeights(equalize(given), { clusters: CLUSTERS });
    expect(broken(later, CLUSTERS)).toBe('');
    later.fit(x, y, { batchSize: 8 });
    expect(broken(later, CLUSTERS)).toBe('');
  });
});

test('hashed numbers stay one through training for integers and distillation', () => {
  const hashed = hashWeights(small(), { buckets: 4 });
  const prepared = prepareQAT(hashed, { calibration: x, bits: 4 });
  prepared.fit(x, y, { batchSize: 8, epochs: 2 });
  expect(broken(prepared)).toBe('');
  expect(brokenIn(convert(prepared), hashed, 8)).toBe(''); // with their signs
  const { model } = distill({ teacher: small(), student: hashed, x, y, epochs: 1, batchSize: 8 });
  expect(broken(model)).toBe('');
  expect(keysOfShared(model)).toEqual(KERNELS);
});

test('a schedule that one kernel refuses leaves the others as they were', () => {
  const model = hashWeights(small(), { ratio: 0.25, layers: ['out'] });
  const before = numbersOf(model);
  const schedule = new PruningSchedule({ finalSparsity: 0.5, end: 1, frequency: 1 });
  expect(() => model.fit(x, y, { callbacks: [schedule] })).toThrow('out/kernel is hashed');
  expect(numbersOf(model)).toEqual(before);
  expect(model.weights.every(({ mask }) => mask === null)).toBe(true);
});

test('a layer is meant by its whole name, for pruning, sharing and hashing alike', () => {
  const narrow = factorize(small(), { rank: 2, layers: ['hidden'] });
  expect(keysOfShared(shareWeights(narrow, { layers: ['hidden'] }))).toEqual(['hidden/kernel']);
  expect(keysOfShared(shareWeights(narrow, { clusters: { hidden: 4 } }))).toEqual(['hidden/kernel']);
  expect(keysOfShared(hashWeights(narrow, { ratio: 0.5, layers: ['hidden/in/kernel'] }))).toEqual(['hidden/in/kernel']);
  const pruned = prune(narrow, { sparsity: 0.5, layers: ['hidden'] });
  expect(pruned.weights.flatMap(({ name, mask }) => (mask === null ? [] : [name]))).toEqual(['hidden/kernel']);
  for (const layers of [[], ['hid']]) {
    expect(() => shareWeights(narrow, { layers })).toThrow('shareWeights: ');
    expect(() => hashWeights(narrow, { ratio: 0.5, layers })).toThrow('hashWeights: ');
    expect(() => prune(narrow, { sparsity: 0.5, layers })).toThrow('prune: ');
  }
  expect(() => shareWeights(narrow, { clusters: {} })).toThrow('shareWeights: clusters must be');
  expect(() => shareWeights(toNetwork(narrow), { gradient: 'mean' })).toThrow(
    'gradient must be left out for a network',
  );
});

test('tables of embeddings are shared and hashed, and programs and files have them', () => {
  const words = Int32Array.from({ length: 24 * 5 }, (_, i) => (i * i) % 11);
  const model = new Sequential(
    [new Embedding(11, 4, { inputShape: [5], name: 'words' }), new Flatten(), new Dense(3, { name: 'out' })],
    { seed: 2 },
  );
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'meanSquaredError' });
  const input = fromData(words, [24, 5]);
  for (const own of [shareWeights(model, { clusters: 5 }), hashWeights(model, { ratio: 0.25 })]) {
    expect(keysOfShared(own)).toEqual(expect.arrayContaining(['words/embeddings', 'out/kernel']));
    own.fit(input, y, { batchSize: 8, epochs: 2 });
    expect(broken(own, 5)).toBe('');
    const { network } = decodeNetwork(encodeNetwork(toNetwork(own), { coding: 'range' }));
    expect(['palette', 'hashed']).toContain(network.weights.get('words/embeddings')!.encoding.type);
    expect([...predictNetwork(network, input).data]).toEqual([...own.predict(input).data]);
  }
});
