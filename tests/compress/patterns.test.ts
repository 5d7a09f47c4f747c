import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { patternOf } from '../../src/graph/sparse.ts';
import {
  Conv2D,
  Conv2DTranspose,
  Dense,
  DepthwiseConv2D,
  type Model,
  type PruneOptions,
  prune,
  Sequential,
  toNetwork,
  type WeightPattern,
  type WeightScope,
} from '../../src/index.ts';
import { kernelsOf, smallModel, values } from './tools.ts';

/** A chain of Dense layers, and a score for each weight of each kernel. */
interface Drawn {
  readonly model: Sequential;
  readonly scores: ReadonlyMap<string, readonly number[]>;
}

// Few different scores, so that there are ties, and some that are none
const score = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 6 }) },
  fc.constantFrom(-3, Number.NaN, Infinity, 0.25),
);
const drawn: fc.Arbitrary<Drawn> = fc
  .array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 4 })
  .chain((shape) => {
    const model = new Sequential(shape.slice(1).map((units) => new Dense(units, { biasInitializer: 'ones' })));
    model.build([shape[0]!]);
    const lists = kernelsOf(model).map(({ value: { size } }) => fc.array(score, { minLength: size, maxLength: size }));
    return fc.tuple(...lists).map((all) => ({
      model,
      scores: new Map(kernelsOf(model).map(({ name }, i) => [name, all[i]!])),
    }));
  });
const share = fc.integer({ min: 0, max: 999 }).map((n) => n / 1000);
const pattern: fc.Arbitrary<WeightPattern> = fc.oneof(
  fc.constantFrom<WeightPattern>('weights', 'panels', 'quads'),
  fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })).map(([n, more]) => ({ n, m: n + more })),
  fc
    .tuple(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom('mean' as const, 'max' as const),
    )
    .map(([rows, columns, pooling]) => ({ block: [rows, columns] as const, pooling })),
);

const alive = (model: Model): number[][] =>
  kernelsOf(model as Sequential).map(({ mask, value }) => (mask === null ? Array(value.size).fill(1) : values(mask)));
const zerosIn = (bits: readonly (readonly number[])[]): number => bits.flat().filter((bit) => bit === 0).length;

const BLOCKS = { weights: [1, 1], quads: [1, 4], panels: [1, 16] } as const;

/** What stays, found by taking the worst block again and again as long as that comes nearer to what is asked for. */
function survivors(
  { model, scores }: Drawn,
  before: readonly (readonly number[])[],
  sparsity: number | null,
  how: WeightPattern,
  scope: WeightScope,
): number[][] {
  const after = before.map((bits) => [...bits]);
  const lines = typeof how === 'object' && 'm' in how ? how : null;
  const [height, width] =
    typeof how === 'string' ? BLOCKS[how] : lines ? BLOCKS.weights : (how as { block: [number, number] }).block;
  const isMax = typeof how === 'object' && 'block' in how && how.pooling === 'max';
  interface Block {
    readonly layer: number;
    readonly unit: number;
    readonly places: number[];
    readonly living: number;
    readonly score: number;
    readonly isFixed: boolean;
  }
  const blocks: Block[] = kernelsOf(model).flatMap((kernel, layer): Block[] => {
    const [rows, columns] = kernel.shape as [number, number];
    const own = scores.get(kernel.name)!.map((each) => (Number.isNaN(each) ? Infinity : each));
    const isFixed = (at: number): boolean => {
      if (lines === null) return false;
      const [row, unit] = [Math.floor(at / columns), at % columns];
      const group = Array.from({ length: rows }, (_, r) => r).filter(
        (r) => Math.floor(r / lines.m) === Math.floor(row / lines.m),
      );
      const better = group.filter((r) => {
        const other = own[r * columns + unit]!;
        return before[layer]![r * columns + unit] === 1 && (other > own[at]! || (other === own[at] && r > row));
      });
      return before[layer]![at] === 1 && better.length < lines.n;
    };
    const found: Block[] = [];
    for (let top = 0; top < rows; top += height)
      for (let left = 0; left < columns; left += width) {
        const places: number[] = [];
        for (let r = top; r < Math.min(top + height, rows); r++)
          for (let c = left; c < Math.min(left + width, columns); c++) places.push(r * columns + c);
        const living = places.filter((at) => before[layer]![at] === 1);
        const sum = living.reduce((total, at) => total + own[at]!, 0);
        const pooled = isMax || places.length === 1 ? Math.max(...living.map((at) => own[at]!)) : sum / places.length;
        found.push({ layer, unit: left, places, living: living.length, score: pooled, isFixed: isFixed(places[0]!) });
      }
    return found;
  });
  const groups = new Map<string, Block[]>();
  for (const block of blocks) {
    const key = scope === 'global' ? '' : scope === 'layer' ? `${block.layer}` : `${block.layer}/${block.unit}`;
    groups.set(key, [...(groups.get(key) ?? []), block]);
  }
  for (const group of groups.values()) {
    const total = group.reduce((sum, { places }) => sum + places.length, 0);
    const wanted = sparsity === null ? Infinity : Math.round(sparsity * total);
    let pruned = total - group.reduce((sum, { living }) => sum + living, 0);
    const living = group.filter((block) => block.living > 0);
    const isBest = (block: Block): boolean => {
      const peers = living.filter(({ layer }) => layer === block.layer);
      return peers.filter((each) => each.score === Math.max(...peers.map((peer) => peer.score))).at(-1) === block;
    };
    const left = living.filter((block) => !block.isFixed && !isBest(block));
    while (left.length > 0) {
      const least = left.reduce((worst, block) => (block.score < worst.score ? block : worst));
      if (wanted < Infinity && Math.abs(pruned + least.living - wanted) > Math.abs(wanted - pruned)) break;
      if (pruned >= wanted) break;
      pruned += least.living;
      left.splice(left.indexOf(least), 1);
      for (const at of least.places) after[least.layer]![at] = 0;
    }
  }
  return after;
}

/** Options that fit a pattern and a scope, with a share that the pattern lets go. */
function fitting(how: WeightPattern, sparsity: number | null, scope: WeightScope): [PruneOptions, number | null] {
  const isLines = typeof how === 'object' && 'm' in how;
  const own = isLines ? (sparsity === null ? null : sparsity * (1 - how.n / how.m)) : (sparsity ?? 0.5);
  return [{ pattern: how, scope, ...(own !== null && { sparsity: own }) }, own];
}

describe('patterns of weights', () => {
  test('prune the least blocks one after another, whatever ties, shapes and earlier masks', () => {
    const scopes = fc.constantFrom<WeightScope>('global', 'layer', 'unit');
    fc.assert(
      fc.property(drawn, pattern, fc.option(share), scopes, fc.option(share), (net, how, sparsity, wide, first) => {
        const isSingle = how === 'weights' || (typeof how === 'object' && 'm' in how);
        const scope = isSingle ? wide : wide === 'unit' ? 'layer' : wide;
        const criterion = net.scores;
        const given = first === null ? net.model : prune(net.model, { sparsity: first, criterion: 'random' });
        const before = alive(given);
        const [options, share] = fitting(how, sparsity, scope);
        const pruned = prune(given, { ...options, criterion });
        expect(alive(pruned)).toEqual(survivors(net, before, share, how, scope));
        expect(alive(given)).toEqual(before);
      }),
      { numRuns: 120 },
    );
  });

  test('are exact in their own unit, keep a block of every layer, and hold zeros', () => {
    fc.assert(
      fc.property(drawn, pattern, share, (net, how, sparsity) => {
        const [options, share] = fitting(how, sparsity, 'layer');
        const pruned = prune(net.model, { ...options, criterion: net.scores });
        const sizes = typeof how === 'string' ? BLOCKS[how] : 'block' in how ? how.block : BLOCKS.weights;
        kernelsOf(pruned).forEach(({ mask, value, shape: [rows, columns] }) => {
          const bits = values(mask!);
          const dead = zerosIn([bits]);
          const wanted = Math.round(share! * bits.length);
          const most = Math.min(sizes[0], rows!) * Math.min(sizes[1], columns!);
          // Nothing but the last block of a layer, and what { n, m } holds back, keeps it from the share
          if (typeof how === 'string' || 'block' in how)
            expect(Math.abs(dead - Math.min(wanted, bits.length - 1))).toBeLessThanOrEqual(most === 1 ? 0 : most);
          expect(dead).toBeLessThan(bits.length);
          bits.forEach((bit, i) => {
            if (bit === 0) expect(Object.is(value.data[i], 0)).toBe(true);
          });
        });
      }),
      { numRuns: 60 },
    );
  });

  test('act on what is left when called again, and bring nothing back', () => {
    fc.assert(
      fc.property(drawn, pattern, pattern, share, share, (net, one, two, p, q) => {
        const [first] = fitting(one, p, 'global');
        const [second] = fitting(two, q, 'global');
        const once = prune(net.model, { ...first, criterion: net.scores });
        const twice = prune(once, { ...second, criterion: net.scores });
        const [old, young] = [alive(once), alive(twice)];
        young.forEach((bits, i) => {
          bits.forEach((bit, at) => {
            expect(bit).toBeLessThanOrEqual(old[i]![at]!);
          });
          expect(bits).toContain(1);
        });
        expect(alive(prune(once, { ...first, criterion: net.scores }))).toEqual(old);
      }),
      { numRuns: 60 },
    );
  });

  test('take a number of weights for a share, over all layers, of each, or of each unit', () => {
    const model = smallModel(); // kernels [5, 7], [7, 6] and [6, 3]
    const dead = (options: PruneOptions): number[] => alive(prune(model, options)).map((bits) => zerosIn([bits]));
    expect(dead({ count: 41 }).reduce((sum, n) => sum + n)).toBe(41);
    expect(dead({ count: 11, scope: 'layer' })).toEqual([11, 11, 11]);
    expect(dead({ count: 2, scope: 'unit' })).toEqual([14, 12, 6]);
    expect(dead({ sparsity: 0.4, scope: 'unit' })).toEqual([14, 18, 6]);
    expect(dead({ count: 0 })).toEqual([0, 0, 0]);
    expect(dead({ count: 12, pattern: 'quads', scope: 'layer' }).every((n) => n >= 10 && n <= 14)).toBe(true);
    expect(alive(prune(prune(model, { count: 10 }), { count: 30 }))).toEqual(alive(prune(model, { count: 30 })));
  });

  test('with scope unit leave every unit a weight', () => {
    fc.assert(
      fc.property(drawn, share, (net, sparsity) => {
        const pruned = prune(net.model, { sparsity, scope: 'unit', criterion: net.scores });
        for (const { mask, shape } of kernelsOf(pruned)) {
          const [rows, columns] = shape as [number, number];
          for (let unit = 0; unit < columns; unit++) {
            const own = Array.from({ length: rows }, (_, row) => mask!.data[row * columns + unit]!);
            expect(zerosIn([own])).toBe(Math.min(rows - 1, Math.round(sparsity * rows)));
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  test('panels and quads are what sparse panels hold', () => {
    const model = new Sequential([new Dense(37, { inputShape: [30] }), new Dense(16)], { seed: 4 });
    for (const [pattern, width] of [
      ['panels', 16],
      ['quads', 4],
      ['weights', 1],
    ] as const) {
      const pruned = prune(model, { sparsity: 0.8, pattern, scope: 'layer' });
      kernelsOf(pruned).forEach(({ value, shape: [rows, columns] }) => {
        const held = patternOf(value.data, columns!, width).rows.length;
        const blocks = rows! * Math.ceil(columns! / width);
        expect(held / blocks).toBeGreaterThan(0.15);
        expect(held / blocks).toBeLessThan(0.25);
      });
    }
  });

  /** Of each unit of a kernel the bits of what it sums over, taps first, then channels. */
  const sums = (shape: readonly number[], bits: readonly number[], unitAxis: number): number[][] => {
    const places = bits.map((_, i) => {
      let rest = i;
      return [...shape].reverse().map((n) => {
        const at = rest % n;
        rest = Math.floor(rest / n);
        return at;
      });
    });
    const units = shape.at(unitAxis)!;
    return Array.from({ length: units }, (_, unit) => bits.filter((_, i) => places[i]![-unitAxis - 1] === unit));
  };

  test.each([
    ['Conv2D', () => new Conv2D(4, 3, { inputShape: [6, 6, 3] }), -1, [3, 3, 3, 4]],
    ['DepthwiseConv2D', () => new DepthwiseConv2D(3, { inputShape: [6, 6, 3] }), -1, [3, 3, 1, 3]],
    ['Conv2DTranspose', () => new Conv2DTranspose(4, 3, { inputShape: [6, 6, 3] }), -2, [3, 3, 4, 3]],
  ] as const)('{ n, m } goes along taps and channels of a unit of %s', (_, make, unitAxis, shape) => {
    const model = new Sequential([make()], { seed: 2 });
    const { mask, shape: own } = prune(model, { pattern: { n: 2, m: 4 } }).weights[0]!;
    expect([...own]).toEqual(shape);
    for (const line of sums(shape, values(mask!), unitAxis))
      for (let start = 0; start < line.length; start += 4) {
        const group = line.slice(start, start + 4);
        expect(group.filter((bit) => bit === 1)).toHaveLength(Math.min(2, group.length));
      }
  });

  test('blocks are ranked by the mean or the largest of their weights', () => {
    const model = new Sequential([new Dense(4, { inputShape: [2] })]);
    model.build([2]);
    kernelsOf(model)[0]!.value.storage.array.set([9, 0, 4, 4, 0, 0, 4, 4]);
    const dead = (pooling: 'mean' | 'max'): number[] =>
      alive(prune(model, { count: 4, pattern: { block: [2, 2], pooling } }))[0]!;
    expect(dead('mean')).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
    expect(dead('max')).toEqual([1, 1, 0, 0, 1, 1, 0, 0]);
    expect(alive(prune(model, { count: 4, pattern: { block: [2, 2] } }))[0]).toEqual(dead('mean'));
  });

  test('are the same for a network as for its model', () => {
    fc.assert(
      fc.property(drawn, pattern, share, (net, how, sparsity) => {
        const [options] = fitting(how, sparsity, 'global');
        const all = { ...options, criterion: net.scores };
        expect(prune(toNetwork(net.model), all)).toEqual(toNetwork(prune(net.model, all)));
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    [{ sparsity: 0.5, count: 3 }, 'count must be left out where sparsity is given, got 3'],
    [{}, 'sparsity must be a share in [0, 1), or count given in its place, got undefined'],
    [{ sparsity: 80 }, 'sparsity must be in [0, 1), got 80. It is a share: write 0.8'],
    [{ count: 95 }, 'count must be below the 95 weights of the network, got 95'],
    [{ count: 18, scope: 'layer' }, 'count must be below the 18 weights of a layer, got 18'],
    [{ count: 5, scope: 'unit' }, 'count must be below the 5 weights of a unit, got 5'],
    [{ count: 1.5 }, 'count must be an integer of at least 0'],
    [
      { sparsity: 0.5, pattern: 'rows' },
      'pattern must be weights, panels, quads, { n, m } or { block: [rows, columns] }',
    ],
    [{ sparsity: 0.5, pattern: null }, 'pattern must be weights, panels'],
    [{ pattern: { n: 4, m: 4 } }, 'm must be an integer of at least 5, got 4'],
    [{ pattern: { n: 0, m: 4 } }, 'n must be an integer of at least 1, got 0'],
    [{ pattern: { n: 2, m: 4 }, sparsity: 0.6 }, 'sparsity must be at most 0.5, which 2 of 4 let go, got 0.6'],
    [{ pattern: { n: 2, m: 4, k: 1 } }, 'must be one of the options n, m'],
    [{ sparsity: 0.5, pattern: { block: 4 } }, 'block must be a list of two, [rows, columns], got 4'],
    [{ sparsity: 0.5, pattern: { block: [2, 0] } }, 'block[1] must be an integer of at least 1, got 0'],
    [{ sparsity: 0.5, pattern: { block: [2, 2], pooling: 'sum' } }, 'pooling must be mean or max'],
    [{ sparsity: 0.5, pattern: 'panels', scope: 'unit' }, 'scope must be global or layer where blocks are pruned'],
    [{ sparsity: 0.5, scope: 'model' }, 'scope must be global or layer or unit'],
  ])('refuse %j', (options, message) => {
    const model = smallModel();
    expect(() => prune(model, options as PruneOptions)).toThrow(message);
    expect(kernelsOf(model).every(({ mask }) => mask === null)).toBe(true);
  });
});
