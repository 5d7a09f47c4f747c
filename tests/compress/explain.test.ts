import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import { explained } from '../../src/compress/explain.ts';
import {
  Conv2D,
  Conv2DTranspose,
  Dense,
  Explanation,
  explain,
  Flatten,
  type Network,
  quantize,
  Random,
  Sequential,
  toNetwork,
  ValueError,
} from '../../src/index.ts';
import { inPanels, zeroed } from '../sparse-networks.ts';

/**
 * A table and its clock: a product of a whole matrix takes a millisecond, one of panels as many times more as `slower` says
 * for their width, and less by what they do not hold. Nothing is computed.
 */
function planted(slower: Readonly<Record<number, number>>) {
  let time = 0;
  const whole = (): void => {
    time += 1;
  };
  const panels = (terms: number, units: number, width: number, { length }: Float32Array): void => {
    time += (slower[width]! * length) / (terms * width * Math.ceil(units / width));
  };
  const table: Kernels = {
    ...cpu,
    gemmPanels: whole,
    conv2dPanels: whole,
    conv2d: whole,
    conv2dTransposed: whole,
    gemmInt8: whole,
    gemmSparse: (_, n, k, __, width, ___, ____, values) => panels(k, n, width, values),
    conv2dSparse: (s, _, width, __, ___, values) =>
      panels(s.channels * s.kernelHeight * s.kernelWidth, s.units, width, values),
    gemmSparseInt8: () => panels(1, 1, 1, new Float32Array(1)),
  };
  return { table, now: (): number => (time += 1e-9) };
}

const explainedOn = (network: Network, slower: Readonly<Record<number, number>>, batchSize = 2): Explanation => {
  const { table, now } = planted(slower);
  return explained(network, { table, batchSize }, now);
};

const factors = { 1: 2.5, 4: 2, 16: 1.25 };

describe('what explain says', () => {
  const model = new Sequential(
    [
      new Dense(32, { activation: 'relu', inputShape: [40], name: 'first' }),
      new Dense(32, { activation: 'relu', name: 'second' }),
      new Dense(32, { name: 'third' }),
    ],
    { seed: 2 },
  );
  /** With so many of a hundred rows of each kernel at 0. */
  function withRows(network: Network, percent: number): Network {
    const weights = [...network.weights].map(([key, weight]) => {
      const { shape, encoding } = weight;
      if (shape.length === 1 || encoding.type !== 'float32') return [key, weight] as const;
      const values = encoding.values.slice().fill(0, 0, Math.round((percent / 100) * shape[0]!) * shape[1]!);
      return [key, { ...weight, encoding: { ...encoding, values } }] as const;
    });
    return { ...network, weights: new Map(weights) } as Network;
  }

  test('of a kernel in panels is what measured faster, and by how much', () => {
    for (const width of [1, 4, 16] as const) {
      const { layers } = explainedOn(inPanels(withRows(toNetwork(model), 75), width), factors);
      const pattern = { 1: 'columns', 4: 'quads', 16: 'panels' }[width];
      const sparse = factors[width] / 4;
      expect(layers[1]).toMatchObject({ name: 'second', op: 'dense', pattern, held: 0.25, taken: 'sparse' });
      expect(layers[1]!.dense).toBeCloseTo(1, 6);
      expect(layers[1]!.sparse).toBeCloseTo(sparse, 6);
      expect(layers[1]!.why).toBe(`${pattern} measured ${(1 / sparse).toFixed(2)} times as fast`);
    }
    const [slow] = explainedOn(inPanels(withRows(toNetwork(model), 10), 16), factors).layers;
    expect(slow).toMatchObject({ taken: 'dense', held: 0.9, why: 'all numbers measured 1.12 times as fast' });
  });

  test('of zeros is from where on each pattern is faster', () => {
    const { curves } = explainedOn(toNetwork(model), factors);
    expect(curves.map(({ layers }) => layers)).toEqual([['first'], ['second', 'third']]);
    const [{ dense, patterns, sparsities, shape }] = curves as [(typeof curves)[0]];
    expect([shape, dense]).toEqual([[40, 32], expect.closeTo(1, 6)]);
    expect(sparsities).toEqual([0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]);
    for (const [name, width] of [
      ['columns', 1],
      ['quads', 4],
      ['panels', 16],
    ] as const) {
      expect(patterns[name]!.breakEven).toBeCloseTo(1 - 1 / factors[width], 6);
      patterns[name]!.times.forEach((time, i) => {
        expect(time).toBeCloseTo(factors[width] * (1 - sparsities[i]!), 6);
      });
    }
    const [always] = explainedOn(toNetwork(model), { 1: 30, 4: 1, 16: 0.5 }).curves;
    expect([always!.patterns.columns, always!.patterns.panels].map((each) => each!.breakEven)).toEqual([null, 0]);
  });

  test('of a kernel with all its numbers is which pattern its zeros have', () => {
    const whys = (network: Network): string[] => explainedOn(network, factors).layers.map(({ why }) => why);
    expect(whys(toNetwork(model))).toEqual(Array(3).fill('no weight is 0'));
    expect(whys(withRows(toNetwork(model), 75))).toEqual(
      Array(3).fill(
        "75 % of the weights are 0: toSparse(network, { pattern: 'panels' }) would hold 25 % of the blocks",
      ),
    );
    const scattered = withRows(toNetwork(model), 0);
    for (const { shape, encoding } of scattered.weights.values())
      if (shape.length > 1) encoding.values.set(encoding.values.map((w, i) => (i % 4 < 2 ? 0 : w)));
    expect(whys(scattered)[0]).toBe(
      '50 % of the weights are 0, yet in no pattern that a kernel could skip: numbers may be in 40 % of columns or 50 % of quads or 80 % of panels, and are in 50 %, 100 %, 100 %',
    );
  });

  test('of convolutions is the same, but for those that have no kernel for panels', () => {
    const images = new Sequential([
      new Conv2D(16, 3, { inputShape: [6, 6, 4], name: 'plain' }),
      new Conv2D(32, 1, { groups: 2, name: 'grouped' }),
      new Conv2DTranspose(16, 2, { name: 'transposed' }),
    ]);
    const network = zeroed(toNetwork(images), 16, 0.5);
    const { layers, curves } = explainedOn(inPanels(network, 16), factors);
    expect(layers.map(({ taken }) => taken)).toEqual(['sparse', 'dense', 'dense']);
    const none = 'no kernel multiplies panels in a convolution that is transposed or has groups';
    expect(layers.slice(1).map(({ why, dense }) => [why, dense])).toEqual([none, none].map((why) => [why, null]));
    expect(curves.map(({ layers: names }) => names)).toEqual([['plain']]);
    expect(explainedOn(network, factors).layers[1]!.why).toMatch(
      /% of the weights are 0, and no kernel here skips them$/,
    );
  });

  test('of int8 is about panels alone', () => {
    const calibration = new Random(1, 'explain').normal([30, 40]);
    const network = inPanels(zeroed(quantize(model, { calibration }), 16, 0.7), 16);
    const { layers, curves } = explainedOn(network, { ...factors, 1: 0.25 });
    expect(layers.map(({ pattern, taken, why }) => [pattern, taken, why])).toEqual(
      Array(3).fill(['panels', 'sparse', 'panels measured 4.00 times as fast']),
    );
    for (const { patterns } of curves) expect(Object.keys(patterns)).toEqual(['panels']);
    expect(curves).not.toEqual([]);
  });

  test('of a machine without a clock, or a table without the kernel, is no time', () => {
    const network = inPanels(withRows(toNetwork(model), 75), 4);
    const still = explained(network, { table: cpu, batchSize: 2 }, () => 3);
    expect(still.curves).toEqual([]);
    expect(still.layers[0]).toMatchObject({ dense: null, sparse: null, taken: 'sparse' });
    expect(still.layers[0]!.why).toBe(
      'nothing could be measured here, and quads count as faster up to 60 % of the blocks',
    );
    const { gemmSparse: _, ...others } = cpu;
    const missing = explained(network, { table: others });
    expect(missing.curves).toEqual([]);
    expect(missing.layers[0]).toMatchObject({ taken: 'dense', why: 'the table has no gemmSparse' });
  });

  test('of zeros is not moved by what else the machine does at a point', () => {
    const network = toNetwork(new Sequential([new Dense(32, { inputShape: [40] })], { seed: 2 }));
    const quiet = explainedOn(network, factors).curves;
    /** The same where each call of a kernel takes 7 ms more at one point, once. */
    function busy(kernel: 'gemmPanels' | 'gemmSparse', at: number): typeof quiet {
      const { table, now } = planted(factors);
      const seen: string[] = [];
      let more = 0;
      const slow = (name: typeof kernel): void => {
        if (name === kernel && seen.length === at + 1) more += 7;
      };
      const gemmSparse: typeof table.gemmSparse = (...args) => {
        const point = `${args[4]} ${args[7].length}`;
        if (seen.at(-1) !== point) seen.push(point);
        table.gemmSparse(...args);
        slow('gemmSparse');
      };
      const gemmPanels: typeof table.gemmPanels = (...args) => {
        table.gemmPanels(...args);
        slow('gemmPanels');
      };
      const on = { ...table, gemmSparse, gemmPanels };
      return explained(network, { table: on, batchSize: 2 }, () => now() + more).curves;
    }
    for (const kernel of ['gemmPanels', 'gemmSparse'] as const)
      for (const at of [1, 2, 3, 10]) {
        const [{ dense, patterns }] = busy(kernel, at) as [(typeof quiet)[0]];
        expect(dense).toBeCloseTo(quiet[0]!.dense, 5);
        for (const name of ['columns', 'quads', 'panels'] as const)
          expect(patterns[name]!.breakEven).toBeCloseTo(quiet[0]!.patterns[name]!.breakEven!, 5);
      }
  });

  test('reads as a table', () => {
    const one = new Sequential([new Flatten({ inputShape: [20] }), new Dense(16, { name: 'only' })]);
    expect(String(explainedOn(inPanels(withRows(toNetwork(one), 75), 16), factors, 3)).split('\n')).toEqual([
      'milliseconds of each layer by itself for 3 samples, all numbers of its kernel and those held',
      'layer  operation  pattern  held  dense  sparse  taken',
      'only   dense      panels   25 %  1.00   0.313   sparse: panels measured 3.20 times as fast',
      '',
      'only: dense [20, 16], milliseconds for 3 samples by share of blocks at 0',
      '         0 %   50 %   60 %   70 %   80 %   90 %   95 %    faster from',
      'all      1.00',
      'columns  2.50  1.25   1.00   0.750  0.500  0.250  0.125   60 %',
      'quads    2.00  1.00   0.800  0.600  0.400  0.200  0.100   50 %',
      'panels   1.25  0.625  0.500  0.375  0.250  0.125  0.0625  20 %',
    ]);
  });

  test('is measured on the kernels in use, and given back', () => {
    const table = wasm();
    const before = table.heap!.counters().used;
    const explanation = explain(model, { table, batchSize: 1 });
    expect(explanation).toBeInstanceOf(Explanation);
    expect(explanation.batchSize).toBe(1);
    expect(String(explanation)).not.toContain('1 samples');
    for (const { dense, patterns } of explanation.curves)
      for (const time of [dense, ...Object.values(patterns).flatMap(({ times }) => times)])
        expect(time).toBeGreaterThan(0);
    expect(explanation.layers.map(({ taken }) => taken)).toEqual(['dense', 'dense', 'dense']);
    expect(table.heap!.counters().used).toBe(before);
    expect(explain(toNetwork(model)).batchSize).toBe(64);
    expect(() => explain(model, { batchSize: 0 })).toThrow(ValueError);
    expect(() => explain(model, { table: { relu: cpu.relu } })).toThrow(
      'explain: node "first" (dense) needs the kernel',
    );
  });
});
