/** Of every m weights in a row n stay, whatever ties there are. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Conv2D,
  Conv2DTranspose,
  constant,
  Dense,
  DepthwiseConv2D,
  Flatten,
  fromData,
  type Parameter,
  prune,
  Sequential,
  toNetwork,
  type WeightScope,
} from '../../src/index.ts';
import { kernelsOf, smallModel } from './tools.ts';

const SCOPES: readonly WeightScope[] = ['global', 'layer', 'unit'];

/** Where the weights of each unit are, in groups of m; `unitAxis` is counted from the end. */
function groupsOf(shape: readonly number[], unitAxis: number, m: number): number[][] {
  const lines = Array.from({ length: shape.at(unitAxis)! }, (): number[] => []);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
  const size = shape.reduce((product, n) => product * n, 1);
  for (let i = 0; i < size; i++) lines[Math.floor(i / strides.at(unitAxis)!) % shape.at(unitAxis)!]!.push(i);
  return lines.flatMap((line) =>
    Array.from({ length: Math.ceil(line.length / m) }, (_, g) => line.slice(g * m, (g + 1) * m)),
  );
}

const bitsOf = ({ mask, value }: Parameter): number[] => Array.from(mask?.data ?? Array<number>(value.size).fill(1));

/** Of every group the n of the largest scores that were alive, and of equals the later ones. */
function kept(groups: readonly number[][], scores: readonly number[], before: readonly number[], n: number): number[] {
  const bits = before.map(() => 0);
  for (const group of groups) {
    const left = group.filter((i) => before[i] === 1);
    for (let k = 0; k < n && left.length > 0; k++) {
      const rank = (i: number): number => (Number.isNaN(scores[i]) ? Infinity : scores[i]!);
      const best = left.reduce((p, q) => (rank(q) >= rank(p) ? q : p));
      left.splice(left.indexOf(best), 1);
      bits[best] = 1;
    }
  }
  return bits;
}

const network = (sizes: readonly number[]): Sequential => {
  const model = new Sequential(
    sizes.slice(1).map((units) => new Dense(units, { kernelInitializer: constant(-0.5), useBias: false })),
  );
  model.build([sizes[0]!]);
  return model;
};

const form = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))
  .map(([n, more]) => ({ n, m: n + more }));
const sizes = fc.array(fc.integer({ min: 1, max: 13 }), { minLength: 2, maxLength: 4 });

describe('{ n, m }', () => {
  test.each(SCOPES)('leaves the last n of equals in every group, scope %s', (scope) => {
    fc.assert(
      fc.property(sizes, form, fc.constantFrom('magnitude', 'wanda', 'own'), (sizes, pattern, by) => {
        const model = network(sizes);
        const samples = [
          fromData(new Float32Array(3 * sizes[0]!), [3, sizes[0]!]),
          fromData(new Float32Array(3)),
        ] as const;
        const own = new Map(kernelsOf(model).map(({ name, value }) => [name, new Float32Array(value.size)]));
        const how =
          by === 'own' ? { criterion: own } : by === 'wanda' ? ({ criterion: 'wanda', samples } as const) : {};
        for (const each of kernelsOf(prune(model, { pattern, scope, ...how })))
          expect(bitsOf(each)).toEqual(
            kept(
              groupsOf(each.shape, -1, pattern.m),
              bitsOf(each).map(() => 0),
              bitsOf(each).map(() => 1),
              pattern.n,
            ),
          );
      }),
      { numRuns: 60 },
    );
  });

  test.each(SCOPES)('is exact whatever was pruned before and whatever ties, scope %s', (scope) => {
    const score = fc.constantFrom(0, 0, 1, 1, 2, -1, Number.NaN, Infinity, -Infinity);
    const drawn = fc.tuple(sizes, form, fc.double({ min: 0, max: 0.9, noNaN: true }), fc.infiniteStream(score));
    fc.assert(
      fc.property(drawn, ([sizes, pattern, first, stream]) => {
        const given = prune(network(sizes), { sparsity: first, criterion: 'random' });
        const draw = (n: number): number[] => Array.from({ length: n }, () => stream.next().value as number);
        const scores = new Map(kernelsOf(given).map(({ name, value }) => [name, draw(value.size)]));
        const pruned = prune(given, { pattern, scope, criterion: scores });
        kernelsOf(pruned).forEach((each, k) => {
          const groups = groupsOf(each.shape, -1, pattern.m);
          const before = bitsOf(kernelsOf(given)[k]!);
          expect(bitsOf(each)).toEqual(kept(groups, scores.get(each.name)!, before, pattern.n));
          for (const group of groups) {
            const living = group.filter((i) => bitsOf(each)[i] === 1).length;
            expect(living).toBeLessThanOrEqual(pattern.n);
            expect(living > 0).toBe(group.some((i) => before[i] === 1));
          }
        });
        expect(prune(toNetwork(given), { pattern, scope, criterion: scores })).toEqual(toNetwork(pruned));
      }),
      { numRuns: 80 },
    );
  });

  test.each(SCOPES)('of the largest share that it lets go is the same as of none, scope %s', (scope) => {
    for (const [n, m] of [
      [2, 4],
      [1, 2],
      [1, 4],
      [9, 10],
      [3, 10],
      [2, 3],
    ] as const) {
      const model = network([3 * m, 5, 2]);
      const first = new Sequential([model.layers[0]!.clone()]);
      first.build([3 * m]);
      const options = { pattern: { n, m }, scope } as const;
      const all = prune(first, { ...options, sparsity: (m - n) / m });
      expect(bitsOf(kernelsOf(all)[0]!)).toEqual(bitsOf(kernelsOf(prune(first, options))[0]!));
      expect(bitsOf(kernelsOf(all)[0]!).filter((bit) => bit === 1).length).toBe(3 * n * 5);
    }
  });

  test.each([
    ['Conv2D', () => new Conv2D(4, 3, { inputShape: [5, 5, 4], kernelInitializer: constant(1) }), -1],
    ['DepthwiseConv2D', () => new DepthwiseConv2D(3, { inputShape: [5, 5, 3], depthwiseInitializer: constant(1) }), -1],
    ['Conv2DTranspose', () => new Conv2DTranspose(4, 3, { inputShape: [5, 5, 4], kernelInitializer: constant(1) }), -2],
  ] as const)('is exact in %s of equal weights', (_, make, unitAxis) => {
    const model = new Sequential([make(), new Flatten()]);
    for (const scope of SCOPES) {
      const [kernel] = prune(model, { pattern: { n: 2, m: 4 }, scope }).weights;
      for (const group of groupsOf(kernel!.shape, unitAxis, 4))
        expect(group.map((i) => bitsOf(kernel!)[i])).toEqual(
          [0, 0, 1, 1].slice(group.length < 4 ? 4 - group.length : 0),
        );
    }
  });

  test('with fewer zeros asked for lets groups keep more, and is exact in their number', () => {
    const model = network([8, 6]);
    for (const scope of SCOPES) {
      const [kernel] = kernelsOf(prune(model, { pattern: { n: 2, m: 4 }, scope, sparsity: 0.25 }));
      expect(bitsOf(kernel!).filter((bit) => bit === 0).length).toBe(12);
    }
  });
});

test('of equals the lower index goes in every pattern: the last stays', () => {
  const last = (bits: readonly number[]): number[] => bits.flatMap((bit, i) => (bit === 1 ? [i] : []));
  const [weights] = kernelsOf(prune(network([5, 2]), { sparsity: 0.9 }));
  expect(last(bitsOf(weights!))).toEqual([9]);
  const [units] = kernelsOf(prune(network([5, 2]), { sparsity: 0.8, scope: 'unit' }));
  expect(last(bitsOf(units!))).toEqual([8, 9]);
  const [quads] = kernelsOf(prune(network([3, 8]), { sparsity: 0.99, pattern: 'quads' }));
  expect(last(bitsOf(quads!))).toEqual([20, 21, 22, 23]);
  expect(kernelsOf(prune(smallModel(), { sparsity: 0.99 })).every((each) => bitsOf(each).includes(1))).toBe(true);
});
