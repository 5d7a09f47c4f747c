import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  assign,
  decodeNetwork,
  digest,
  encodeNetwork,
  isPruned,
  loadModel,
  type Masks,
  makePermanent,
  ones,
  prune,
  pruneNeurons,
  pruneWith,
  quantize,
  saveModel,
  toNetwork,
} from '../../src/index.ts';
import { kernelsOf, smallModel, threeClasses, values } from './tools.ts';

const SIZES = { 'dense/kernel': 35, 'dense/bias': 7, 'dense_1/kernel': 42, 'dense_2/kernel': 18 };

/** Masks of some of the weights of smallModel(). */
const masks = fc
  .record(
    Object.fromEntries(
      Object.entries(SIZES).map(([key, n]) => [key, fc.array(fc.boolean(), { minLength: n, maxLength: n })]),
    ),
    { requiredKeys: [] },
  )
  .map((fields): Masks => new Map(Object.entries(fields as Record<string, boolean[]>)));

describe('pruneWith', () => {
  test('masks what is 0 or false and leaves the rest, whatever was pruned before', () => {
    fc.assert(
      fc.property(masks, fc.boolean(), (own, isAgain) => {
        const model = isAgain ? prune(smallModel(), { sparsity: 0.4 }) : smallModel();
        const before = digest(model);
        const pruned = pruneWith(model, own);
        expect(digest(model)).toBe(before);
        pruned.weights.forEach((weight, i) => {
          const old = model.weights[i]!;
          const mask = own.get(weight.name);
          if (mask === undefined) {
            expect(weight.mask && values(weight.mask)).toEqual(old.mask && values(old.mask));
            expect(values(weight)).toEqual(values(old));
            return;
          }
          const bits = values(old).map((_, at) => Number(mask[at] && old.mask?.data[at] !== 0));
          expect(values(weight.mask!)).toEqual(bits);
          expect(values(weight)).toEqual(values(old).map((w, at) => (bits[at] === 1 ? w : 0)));
        });
        expect(pruneWith(toNetwork(model), own)).toEqual(toNetwork(pruned));
      }),
      { numRuns: 40 },
    );
  });

  test('takes the masks of another model, numbers of any kind, and they hold through training and files', () => {
    const winner = pruneNeurons(prune(smallModel(), { sparsity: 0.5 }), { layer: 0, amount: 2, mask: true });
    const found = new Map(winner.weights.flatMap(({ name, mask }) => (mask === null ? [] : [[name, mask.data]])));
    expect(found.has('dense/bias')).toBe(true);
    const model = pruneWith(smallModel(9), found);
    const [x, y] = threeClasses();
    model.fit(x, y, { epochs: 2, batchSize: 16 });
    const loaded = loadModel(saveModel(model));
    for (const each of [model, loaded])
      for (const weight of each.weights)
        found.get(weight.name)?.forEach((bit, i) => {
          if (bit === 0) expect(Object.is(weight.value.data[i], 0)).toBe(true);
          else expect(weight.mask!.data[i]).toBe(1);
        });
  });

  test.each<[unknown, string]>([
    [{ 'dense/kernel': [] }, 'masks must be a Map of numbers by the keys of weights'],
    [new Map([['dense/kernal', [1]]]), 'Did you mean dense/kernel?'],
    [new Map([['dense/kernel', Array(34).fill(1)]]), 'masks of dense/kernel must be a list of 35, one for each number'],
    [new Map([['dense/kernel', Array(35).fill(2)]]), 'masks of dense/kernel [0] must be 0 or 1, got 2'],
    [new Map([['dense/kernel', [...Array(34).fill(true), null]]]), 'masks of dense/kernel [34] must be 0 or 1'],
    [new Map([['dense/kernel', 1]]), 'masks of dense/kernel must be a list of 35'],
    [undefined, 'masks must be a Map'],
  ])('refuses masks %#', (own, message) => {
    const model = smallModel();
    expect(() => pruneWith(model, own as Masks)).toThrow(`pruneWith: `);
    expect(() => pruneWith(model, own as Masks)).toThrow(message);
    expect(() => pruneWith(toNetwork(model), own as Masks)).toThrow(message);
    expect(isPruned(model)).toBe(false);
  });

  test('refuses what is in int8', () => {
    const model = smallModel();
    const int8 = quantize(model, { calibration: threeClasses()[0] });
    expect(() => pruneWith(int8, new Map())).toThrow('is int8 already: prune before quantizing');
  });
});

describe('isPruned and makePermanent', () => {
  test('tell and drop masks, and leave the zeros', () => {
    const model = smallModel();
    const pruned = prune(model, { sparsity: 0.6 });
    const [x, y] = threeClasses();
    for (const [dense, masked] of [
      [model, pruned],
      [toNetwork(model), toNetwork(pruned)],
    ] as const) {
      expect(isPruned(dense)).toBe(false);
      expect(isPruned(masked)).toBe(true);
    }
    const free = makePermanent(pruned);
    expect([isPruned(free), isPruned(pruned)]).toEqual([false, true]);
    expect(kernelsOf(free).map(values)).toEqual(kernelsOf(pruned).map(values));
    expect(free.weights.every(({ mask }) => mask === null)).toBe(true);
    expect(makePermanent(toNetwork(pruned))).toEqual(toNetwork(free));
    expect(isPruned(decodeNetwork(encodeNetwork(makePermanent(toNetwork(pruned)))).network)).toBe(false);
    free.fit(x, y, { epochs: 2 });
    expect(
      kernelsOf(free)
        .flatMap(values)
        .filter((w) => w === 0).length,
    ).toBeLessThan(10);
  });

  test('a mask without zeros prunes nothing', () => {
    expect(isPruned(prune(smallModel(), { sparsity: 0 }))).toBe(false);
    expect(isPruned(pruneWith(smallModel(), new Map([['dense/bias', [1, 1, 1, 1, 1, 1, 0]]])))).toBe(true);
  });

  test('makePermanent first zeroes what was written to since', () => {
    const pruned = prune(smallModel(), { sparsity: 0.6 });
    const kernel = kernelsOf(pruned)[0]!;
    assign(kernel.value, ones(kernel.shape));
    expect(values(kernelsOf(makePermanent(pruned))[0]!)).toEqual(values(kernel.mask!));
  });

  test.each([isPruned, makePermanent, (subject: never) => pruneWith(subject, new Map())])(
    'refuse what is neither a model nor a network, %#',
    (ask) => {
      for (const subject of [undefined, null, 3, 'model'])
        expect(() => ask(subject as never)).toThrow('the subject must be a model or a network');
      expect(() => ask({ nodes: [] } as never)).toThrow('the network: inputs must be a list of inputs');
    },
  );
});
