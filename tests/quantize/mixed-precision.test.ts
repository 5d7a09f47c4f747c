import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  Dense,
  Embedding,
  encodeNetwork,
  Flatten,
  fromData,
  type Sequential as Layers,
  ledger,
  type MixedPrecisionOptions,
  type Model,
  mixedPrecision,
  observeRanges,
  predictNetwork,
  quantize,
  Sequential,
} from '../../src/index.ts';
import { cheapest, costOf, type Way, withinBudget } from '../../src/quantize/knapsack.ts';
import { formatText } from '../../src/quantize/layer-formats.ts';
import { FIVE, tenClasses, trained } from '../compress/five-networks.ts';
import { normal, smallModel, threeClasses, values } from '../compress/tools.ts';
import { digitsModel, type Pair, sharpened } from './sensitive.ts';

const way: fc.Arbitrary<Way> = fc.record({
  cost: fc.integer({ min: 1, max: 40 }),
  harm: fc.integer({ min: 0, max: 20 }),
});
const things = fc.array(fc.array(way, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 });

/** All choices there are. */
const all = (list: readonly (readonly Way[])[]): number[][] =>
  list.reduce<number[][]>((sofar, ways) => sofar.flatMap((taken) => ways.map((_, i) => [...taken, i])), [[]]);

const harmIn = (list: readonly (readonly Way[])[], taken: readonly number[]): number =>
  list.reduce((sum, ways, i) => sum + ways[taken[i]!]!.harm, 0);

describe('ways within a budget', () => {
  test('are within it wherever any are, and none else', () => {
    fc.assert(
      fc.property(things, fc.integer({ min: 0, max: 120 }), (list, budget) => {
        const taken = withinBudget(list, budget);
        const fits = all(list).filter((each) => costOf(list, each) <= budget);
        expect(taken === null).toBe(fits.length === 0);
        if (taken !== null) expect(costOf(list, taken)).toBeLessThanOrEqual(budget);
      }),
    );
  });

  test('are the least harmful of all where all fit, and cannot be bettered by one step', () => {
    fc.assert(
      fc.property(things, fc.integer({ min: 0, max: 120 }), (list, budget) => {
        const taken = withinBudget(list, budget);
        if (taken === null) return;
        const free = withinBudget(list, Infinity)!;
        expect(harmIn(list, free)).toBe(Math.min(...all(list).map((each) => harmIn(list, each))));
        list.forEach((ways, i) => {
          ways.forEach((_, other) => {
            const changed = taken.map((own, j) => (j === i ? other : own));
            if (costOf(list, changed) <= budget)
              expect(harmIn(list, changed)).toBeGreaterThanOrEqual(harmIn(list, taken));
          });
        });
      }),
    );
  });

  test('are the best there are for two alike things with a clear difference', () => {
    const list = [
      [
        { cost: 8, harm: 0 },
        { cost: 4, harm: 1 },
      ],
      [
        { cost: 8, harm: 0 },
        { cost: 4, harm: 9 },
      ],
    ];
    expect(withinBudget(list, 12)).toEqual([1, 0]);
    expect(withinBudget(list, 7)).toBeNull();
    expect(cheapest(list)).toEqual([1, 1]);
  });

  test('take what harms infinitely only where nothing else fits', () => {
    const list = [
      [
        { cost: 8, harm: Infinity },
        { cost: 9, harm: 1 },
      ],
    ];
    expect(withinBudget(list, 9)).toEqual([1]);
    expect(withinBudget(list, 8)).toEqual([0]);
  });
});

describe('a budget of bytes', () => {
  let model: Model;
  let even: Layers;
  let train: Pair;
  let samples: Pair;
  beforeAll(async () => {
    ({ model: even, train, test: samples } = await digitsModel());
    model = sharpened(even, 'first', 'second', 40);
  });
  const sizeOf = (subject: Model, format: 'int4' | 'float32' | 'ternary'): number =>
    encodeNetwork(quantize(subject, { format })).length;

  test('is kept by the file, whatever it is, and more bytes do no more harm', () => {
    let before = Infinity;
    for (const share of [0, 0.1, 0.3, 0.6, 1]) {
      const bytes = Math.ceil(sizeOf(model, 'ternary') * (1 - share) + sizeOf(model, 'float32') * share);
      const found = mixedPrecision(model, { samples, budget: { bytes } });
      expect(encodeNetwork(found.network).length).toBe(found.bytes);
      expect(found.bytes).toBeLessThanOrEqual(bytes);
      const harm = found.layers.reduce((sum, { format, options }) => {
        return sum + options.find((option) => formatText(option.format) === formatText(format))!.harm;
      }, 0);
      expect(harm).toBeLessThanOrEqual(before);
      before = harm;
    }
    expect(before).toBe(0);
  });

  test('leaves bits to the layer that needs them, and the score stays', () => {
    const bytes = Math.round(1.1 * sizeOf(model, 'int4'));
    const found = mixedPrecision(model, { samples, budget: { bytes } });
    const formats = Object.fromEntries(found.layers.map(({ name, format }) => [name, format.weights.type]));
    expect(['int8', 'float16', 'float32']).toContain(formats.second);
    const score = (network: Parameters<typeof ledger>[1]): number =>
      ledger(model, network, { samples }).quantized.score!;
    const real = ledger(model, found.network, { samples }).real.score!;
    expect(score(found.network)).toBeGreaterThan(real - 0.02);
    expect(score(quantize(model, { format: 'int4' }))).toBeLessThan(real - 0.05);
  });

  test('has harms that are those of the ledger, alone', () => {
    const found = mixedPrecision(model, {
      samples,
      budget: { bytes: 1e6 },
      formats: ['float32', 'int4', 'static'],
      calibration: train[0],
    });
    expect(found.measureBy).toBe('loss');
    for (const [at, format] of (['float32', 'int4', 'static'] as const).entries()) {
      const network = quantize(model, { calibration: train[0], format });
      const { layers, real } = ledger(model, network, { samples });
      layers.forEach(({ name, alone, bytes }, i) => {
        expect(found.layers[i]!.name).toBe(name);
        const option = found.layers[i]!.options[at]!;
        expect(option.harm).toBeCloseTo(Math.max(0, alone.loss! - real.loss!), 9);
        expect(option.bytes).toBe(bytes);
        expect(option.milliseconds).toBeNull();
      });
    }
  });

  test('tells formats apart that differ in what their levels reach over', () => {
    const formats = [{ weights: 'int4' }, { weights: { type: 'int4', fit: 'error' } }] as const;
    const found = mixedPrecision(model, { samples, budget: { bytes: 1e6 }, formats, measureBy: 'sqnr' });
    const [whole, shares] = formats.map((format) => quantize(model, { format }));
    found.layers.forEach(({ name, format, options }) => {
      expect(options.map((option) => formatText(option.format))).toEqual(['int4/32', 'int4/32 by error']);
      expect(options[0]!.harm).not.toBe(options[1]!.harm);
      const own = format.weights.fit === 'error' ? shares! : whole!;
      const key = `${name}/kernel`;
      expect(found.network.weights.get(key)).toEqual(own.weights.get(key));
    });
    expect(found.layers.some(({ format }) => format.weights.fit === 'error')).toBe(true);
    expect(String(found)).toMatch(/int4\/32 by error/);
  });

  test('goes by the noise in the outputs without labels, or where it is told to', () => {
    const bytes = Math.round(1.1 * sizeOf(model, 'int4'));
    const without = mixedPrecision(model, { calibration: samples[0], budget: { bytes } });
    const told = mixedPrecision(model, { samples, budget: { bytes }, measureBy: 'sqnr' });
    expect(without.measureBy).toBe('sqnr');
    expect(without.layers).toEqual(told.layers);
    const options = without.layers.flatMap((layer) => layer.options);
    expect(options.every(({ harm }) => harm >= 0 && harm < 10)).toBe(true);
    expect(String(without)).toMatch(/share of noise alone/);
  });

  test('that cannot be met is refused with the least that can be', () => {
    const least = sizeOf(even, 'ternary');
    expect(() => mixedPrecision(even, { samples, budget: { bytes: least - 1 } })).toThrow(
      `mixedPrecision: the budget of ${least - 1} bytes cannot be met: the least that was found is ${least}, with first in ternary/32, second in ternary`,
    );
    expect(mixedPrecision(even, { samples, budget: { bytes: least } }).bytes).toBe(least);
  });

  test('is met by small layers too, of which the header is most: whatever format has the smallest file', () => {
    const small = new Sequential(
      [new Dense(8, { inputShape: [5] }), new Dense(4), new Dense(3, { activation: 'softmax' })],
      { seed: 1 },
    );
    const x = fromData(
      Float32Array.from({ length: 40 }, (_, i) => Math.sin(i)),
      [8, 5],
    );
    const formats = ['float32', 'float16', 'int8', 'int4', 'ternary'] as const;
    const sizes = formats.flatMap((first) =>
      formats.flatMap((second) =>
        formats.map((format) => {
          const layers = { dense: first, dense_1: second };
          return encodeNetwork(quantize(small, { format, layers })).length;
        }),
      ),
    );
    const least = Math.min(...sizes);
    expect(least).toBe(encodeNetwork(quantize(small, { format: 'float16' })).length);
    for (const bytes of [least, least + 24, Math.max(...sizes)])
      expect(mixedPrecision(small, { samples: x, budget: { bytes } }).bytes).toBeLessThanOrEqual(bytes);
    expect(() => mixedPrecision(small, { samples: x, budget: { bytes: least - 1 } })).toThrow(
      `the least that was found is ${least}, with dense in float16, dense_1 in float16, dense_2 in float16`,
    );
  });

  test('is told in a table', () => {
    const lines = String(mixedPrecision(model, { samples, budget: { bytes: 6000 } })).split('\n');
    expect(lines[0]).toMatch(/^Formats of 3 layers: \d+ bytes$/);
    expect(lines[1]).toMatch(/^layer +format +bytes +loss added alone +of others$/);
    expect(lines).toHaveLength(5);
  });
});

test.each(Object.keys(FIVE))('formats of layers that share weights are one, in any network: %s', (name) => {
  const model = trained(name);
  const samples = tenClasses(model, 10);
  const [most, least] = (['float32', 'ternary'] as const).map(
    (format) => encodeNetwork(quantize(model, { format })).length,
  );
  const bytes = Math.round(0.8 * least! + 0.2 * most!);
  const found = mixedPrecision(model, { samples, budget: { bytes }, formats: ['float32', 'int8', 'int4', 'ternary'] });
  expect(encodeNetwork(found.network).length).toBeLessThanOrEqual(bytes);
  expect(new Set(found.layers.map((layer) => layer.name)).size).toBe(found.layers.length);
});

describe('a budget of time', () => {
  const model = smallModel(2);
  const [x, y] = threeClasses(40);
  const options: MixedPrecisionOptions = {
    samples: [x, y],
    calibration: x,
    budget: { milliseconds: 1e6, batchSize: 8 },
  };

  test('that everything meets leaves the network as it is', () => {
    const found = mixedPrecision(model, { ...options, measureBy: 'sqnr' });
    expect(found.layers.map(({ format }) => formatText(format))).toEqual(['float32', 'float32', 'float32']);
    expect(found.milliseconds).toBeGreaterThan(0);
    expect(values(predictNetwork(found.network, x))).toEqual(
      values(predictNetwork(quantize(model, { format: 'float32' }), x)),
    );
    for (const layer of found.layers)
      expect(layer.options.every(({ milliseconds }) => Number.isFinite(milliseconds))).toBe(true);
    expect(String(found)).toMatch(/^Formats of 3 layers: \d+ bytes, .* ms a call\n/);
  });

  test('that nothing meets is refused with the least that was measured', () => {
    expect(() => mixedPrecision(model, { ...options, budget: { milliseconds: 1e-9 } })).toThrow(
      /^mixedPrecision: the budget of 1e-9 milliseconds cannot be met: the least that was found is [\d.e-]+, with dense in /,
    );
  });
});

test('a layer has those formats alone that it can have', () => {
  const model = new Sequential([new Embedding(7, 3, { inputShape: [4] }), new Flatten(), new Dense(2)], { seed: 1 });
  const x = fromData(
    Int32Array.from({ length: 40 }, (_, i) => (i * 5) % 7),
    [10, 4],
  );
  const found = mixedPrecision(model, { samples: x, budget: { bytes: 1e6 }, formats: ['dynamic', 'int8'] });
  expect(found.layers.map(({ options }) => options.length)).toEqual([1, 2]);
  expect(() => mixedPrecision(model, { samples: x, budget: { bytes: 1e6 }, formats: ['dynamic'] })).toThrow(
    'layer "embedding" can have none of the formats: add float32 or int8',
  );
});

test('static layers are calibrated on the samples, where nothing else is given', () => {
  const model = smallModel(2);
  const [x, y] = threeClasses(30);
  const options = { budget: { bytes: 1e6 }, formats: ['static'] } as const;
  const found = mixedPrecision(model, { ...options, samples: [x, y] });
  const told = mixedPrecision(model, { ...options, samples: [x, y], calibration: x });
  expect(found).toEqual(told);
  expect(found.network.nodes.some(({ format }) => format !== null)).toBe(true);
  const other = mixedPrecision(model, { ...options, samples: [x, y], calibration: normal([30, 5], 3) });
  expect(other.network).not.toEqual(found.network);
  const ranges = observeRanges(model, normal([30, 5], 3));
  const known = mixedPrecision(model, { ...options, samples: [x, y], ranges });
  expect(known.network).toEqual(quantize(model, { ranges }));
  const inTime = mixedPrecision(model, { samples: [x, y], budget: { milliseconds: 1e6 } });
  expect(inTime.layers[0]!.options).toHaveLength(3);
});

test('refuses options that are none', () => {
  const model = smallModel(2);
  const [x, y] = threeClasses(10);
  const tell = (options: object) => (): unknown =>
    mixedPrecision(model, { samples: [x, y], budget: { bytes: 5000 }, ...options } as MixedPrecisionOptions);
  expect(tell({ budget: 5000 })).toThrow(
    'mixedPrecision: budget must be { bytes } or { milliseconds, batchSize }, got 5000',
  );
  expect(tell({ budget: { bytes: 0 } })).toThrow('bytes of budget');
  expect(tell({ budget: { bytes: 10, milliseconds: 3 } })).toThrow('milliseconds must be one of the options bytes');
  expect(tell({ budget: { milliseconds: 0 } })).toThrow('milliseconds of budget must be above 0, got 0');
  expect(tell({ budget: { milliseconds: Number.NaN } })).toThrow('milliseconds of budget');
  expect(tell({ budget: { milliseconds: 1, batchSize: 0 } })).toThrow('batchSize of budget');
  expect(tell({ formats: [] })).toThrow('mixedPrecision: formats must be a list of at least one format');
  expect(tell({ formats: ['int3'] })).toThrow('formats[0]');
  expect(tell({ measureBy: 'accuracy' })).toThrow('measureBy');
  expect(tell({ samples: x, measureBy: 'loss' })).toThrow('mixedPrecision: measureBy must be sqnr without a loss');
  expect(tell({ samples: undefined })).toThrow('samples');
  expect(tell({ bits: 4 })).toThrow('bits');
});
