/** Pruning of weights in the five networks: every criterion, pattern, scope and schedule. */
import { beforeAll, describe, expect, test } from 'vitest';
import { patternOf } from '../../src/graph/sparse.ts';
import {
  Adam,
  ConstantSparsity,
  isPruned,
  type Model,
  MovementScores,
  makePermanent,
  type Parameter,
  type PruneOptions,
  PruningSchedule,
  predictNetwork,
  prune,
  pruneWith,
  type Tensor,
  toNetwork,
  type WeightCriterion,
  weightScores,
} from '../../src/index.ts';
import { FIVE, tenClasses, trained } from './five-networks.ts';
import { values } from './tools.ts';

const kernelsIn = (model: Model): Parameter[] => model.weights.filter(({ name }) => name.endsWith('/kernel'));
const bitsOf = ({ mask, value }: Parameter): number[] => (mask === null ? Array(value.size).fill(1) : values(mask));
const count = (bits: readonly number[]): number => bits.filter((bit) => bit === 0).length;

/** Whether all that masks hold is +0, and nothing else was masked. */
function expectHeld(model: Model): void {
  for (const weight of model.weights) {
    if (!weight.name.endsWith('/kernel')) expect(weight.mask).toBeNull();
    weight.mask?.data.forEach((bit, i) => {
      if (bit === 0) expect(Object.is(weight.value.data[i], 0)).toBe(true);
    });
  }
}

describe.each(Object.keys(FIVE))('%s', (name) => {
  let model: Model;
  let samples: [x: Tensor, y: Tensor];
  let total: number;
  beforeAll(() => {
    model = trained(name);
    samples = tenClasses(model);
    total = kernelsIn(model).reduce((sum, { value }) => sum + value.size, 0);
  });

  const criteria: WeightCriterion[] = ['magnitude', 'random', 'taylor', 'wanda'];
  test.each(criteria)('by %s: exact, at least one of each, held in training, the same in a program', (criterion) => {
    const pruned = prune(model, { sparsity: 0.7, criterion, samples });
    const bits = kernelsIn(pruned).map(bitsOf);
    expect(count(bits.flat())).toBe(Math.round(0.7 * total));
    for (const own of bits) expect(own).toContain(1);
    // Of the weights of all layers no living one has a lower score than a pruned one, but for the best of a layer
    const scores = weightScores(model, { criterion, samples });
    const keys = kernelsIn(model).map((kernel) => kernel.name);
    const best = keys.map((key) => Math.max(...scores.get(key)!));
    const all = bits.flatMap((own, k) => own.map((bit, i) => ({ bit, k, score: scores.get(keys[k]!)![i]! })));
    const worst = Math.max(...all.filter(({ bit }) => bit === 0).map(({ score }) => score));
    for (const { bit, k, score } of all)
      if (bit === 1 && score !== best[k]) expect(score).toBeGreaterThanOrEqual(worst);
    if (criterion !== 'random' || name === 'MLP') {
      pruned.fit(...samples, { batchSize: 10 });
      expectHeld(pruned);
      expect(kernelsIn(pruned).map(bitsOf)).toEqual(bits);
      expect(values(predictNetwork(toNetwork(pruned), samples[0]))).toEqual(values(pruned.predict(samples[0])));
    }
    expect(isPruned(model)).toBe(false);
  });

  test('by snip before training, and by movement in it', () => {
    const fresh = FIVE[name]!();
    fresh.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'sparseCategoricalCrossentropy' });
    const early = prune(fresh, { sparsity: 0.5, criterion: 'snip', samples, scope: 'layer' });
    kernelsIn(early).forEach((kernel) => {
      const n = kernel.value.size;
      expect(count(bitsOf(kernel))).toBe(Math.min(n - 1, Math.round(0.5 * n)));
    });
    const movement = new MovementScores();
    early.fit(...samples, { batchSize: 5, callbacks: [movement] });
    expectHeld(early);
    const late = prune(early, { sparsity: 0.8, criterion: movement.scores });
    expect(count(kernelsIn(late).flatMap(bitsOf))).toBe(Math.round(0.8 * total));
    kernelsIn(late).forEach((kernel, k) => {
      const before = bitsOf(kernelsIn(early)[k]!);
      bitsOf(kernel).forEach((bit, i) => {
        expect(bit).toBeLessThanOrEqual(before[i]!);
      });
    });
  });

  const patterns: PruneOptions[] = [
    { pattern: 'panels', sparsity: 0.5 },
    { pattern: 'quads', sparsity: 0.6, scope: 'layer', criterion: 'wanda' },
    { pattern: { n: 2, m: 4 } },
    { pattern: { block: [3, 2], pooling: 'max' }, sparsity: 0.5, criterion: 'taylor' },
    { sparsity: 0.5, scope: 'unit', criterion: 'wanda' },
  ];
  test.each(patterns)('in blocks and lines, %j', (options) => {
    const pruned = prune(model, { ...options, samples });
    pruned.fit(...samples, { batchSize: 10 });
    expectHeld(pruned);
    for (const kernel of kernelsIn(pruned)) {
      const bits = bitsOf(kernel);
      const units = kernel.shape.at(-1)!;
      const terms = bits.length / units;
      expect(bits).toContain(1);
      if (options.pattern === 'panels' || options.pattern === 'quads') {
        const width = options.pattern === 'panels' ? 16 : 4;
        const held = patternOf(kernel.value.data, units, width, bits);
        const numbers = [...held.rows.keys()].reduce((sum, i) => {
          const p = held.starts.findIndex((start) => start > i) - 1;
          return sum + Math.min(width, units - p * width);
        }, 0);
        expect(numbers).toBe(bits.length - count(bits)); // no block is held for a part of it
      }
      if (typeof options.pattern === 'object' && 'm' in options.pattern)
        for (let unit = 0; unit < units; unit++)
          for (let start = 0; start < terms; start += 4) {
            const group = Array.from(
              { length: Math.min(4, terms - start) },
              (_, r) => bits[(start + r) * units + unit]!,
            );
            expect(group.length - count(group)).toBe(Math.min(2, group.length));
          }
    }
    expect(prune(toNetwork(model), { ...options, criterion: 'magnitude', samples })).toEqual(
      toNetwork(prune(model, { ...options, criterion: 'magnitude', samples })),
    );
  });

  test('by schedules, with masks of its own, and without masks in the end', () => {
    const schedules = [
      new PruningSchedule({ finalSparsity: 0.6, end: 4, frequency: 2, criterion: 'taylor', samples }),
      new ConstantSparsity({ sparsity: 0.3, begin: 1, criterion: 'movement', frequency: 2 }),
    ];
    const first = prune(model, { count: 1 });
    for (const schedule of schedules) first.fit(...samples, { batchSize: 5, callbacks: [schedule] });
    expect(count(kernelsIn(first).flatMap(bitsOf))).toBe(Math.round(0.6 * total));
    expectHeld(first);
    const masks = new Map(first.weights.flatMap(({ name: key, mask }) => (mask === null ? [] : [[key, mask.data]])));
    const second = pruneWith(model, masks);
    second.fit(...samples, { batchSize: 10 });
    expectHeld(second);
    expect(kernelsIn(second).map(bitsOf)).toEqual(kernelsIn(first).map(bitsOf));
    const free = makePermanent(second);
    expect([isPruned(second), isPruned(free)]).toEqual([true, false]);
    expect(values(free.predict(samples[0]))).toEqual(values(second.predict(samples[0])));
  });
});
