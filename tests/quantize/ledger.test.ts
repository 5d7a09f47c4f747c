import { beforeAll, describe, expect, test } from 'vitest';
import { decodeWeight } from '../../src/graph/decode.ts';
import { tapped } from '../../src/graph/taps.ts';
import {
  Dense,
  Embedding,
  encodeNetwork,
  Flatten,
  fromData,
  type LayerFormatChoice,
  type Ledger,
  type LedgerRow,
  ledger,
  type Model,
  mixedPrecision,
  type Network,
  predictNetwork,
  quantize,
  repair,
  Sequential,
  type Tensor,
  toNetwork,
} from '../../src/index.ts';
import { decodeSafetensors } from '../../src/io/index.ts';
import { withOnly } from '../../src/quantize/alone.ts';
import { layersOf } from '../../src/quantize/layer-formats.ts';
import { plainOf } from '../../src/quantize/plain.ts';
import { FIVE, tenClasses, trained } from '../compress/five-networks.ts';
import { normal, smallModel, threeClasses, values } from '../compress/tools.ts';
import type { Plain } from '../plain.ts';
import { plainInt8 } from './plain-int8.ts';
import { digitsModel, type Pair, sharpened } from './sensitive.ts';

const plain = (x: Tensor): Plain => ({ shape: x.shape, data: values(x) }) as Plain;
const row = (found: Ledger, name: string): LedgerRow => found.layers.find((each) => each.name === name)!;
const sqnrOf = (y: readonly number[], other: readonly number[]): number => {
  let signal = 0;
  let noise = 0;
  y.forEach((value, i) => {
    signal += value ** 2;
    noise += (value - other[i]!) ** 2;
  });
  return 10 * Math.log10(signal / noise);
};

/** The values of a network in int8 as real numbers, by plain loops. */
function realValues(network: Network, x: Tensor): Map<string, number[]> {
  const formats = new Map(network.nodes.map(({ name, format }) => [name, format]));
  return new Map(
    [...plainInt8(network, plain(x))].map(([name, { data }]) => {
      const format = formats.get(name);
      return [name, format ? data.map((q) => (q - format.zeroPoint) * format.scale) : [...data]];
    }),
  );
}

const FORMATS: readonly LayerFormatChoice[] = ['static', 'dynamic', 'fixed', 'int8', 'int4', 'ternary', 'float16'];

describe('signal over noise', () => {
  const model = smallModel(2);
  const [x, y] = threeClasses(40);

  test('of the results equals plain loops over integers', () => {
    const network = quantize(model, { calibration: x });
    const found = ledger(model, network, { samples: [x, y] });
    const whole = realValues(network, x);
    const real = realValues(plainOf('test', toNetwork(model)) as Network, x);
    expect(found.layers.map(({ name }) => name)).toEqual(['dense', 'dense_1', 'dense_2']);
    for (const { name, sqnr } of found.layers) expect(sqnr).toBeCloseTo(sqnrOf(real.get(name)!, whole.get(name)!), 3);
    const [output] = network.outputs;
    expect(found.quantized.sqnr).toBeCloseTo(sqnrOf(real.get(output!)!, whole.get(output!)!), 3);
  });

  test.each(FORMATS)('of the weights equals a plain computation (%j)', (format) => {
    const network = quantize(model, { calibration: x, format });
    const found = ledger(model, network, { samples: [x] });
    const given = toNetwork(model);
    for (const { name, weightSqnr } of found.layers) {
      const [own, other] = [given, network].map(({ weights }) => [...decodeWeight(weights.get(`${name}/kernel`)!)!]);
      expect(weightSqnr).toBeCloseTo(sqnrOf(own!, other!), 6);
    }
  });

  test('is infinite where nothing differs, and only there', () => {
    const network = quantize(model, { format: 'float32', layers: { dense_1: 'int4' } });
    const found = ledger(model, network, { samples: [x, y] });
    expect(found.layers.map(({ weightSqnr }) => weightSqnr === Infinity)).toEqual([true, false, true]);
    expect(found.layers.map(({ sqnr }) => sqnr === Infinity)).toEqual([true, false, false]);
    expect(found.layers.map(({ alone }) => alone.sqnr === Infinity)).toEqual([true, false, true]);
    expect(found.real.sqnr).toBe(Infinity);
    expect(found.layers[1]!.alone).toEqual(found.quantized);
  });

  test('of weights looks through a product that makes features alike', () => {
    const sizes = [1, 1000, 1, 1, 0.01];
    const uneven = fromData(
      x.data.map((value: number, i: number) => value * sizes[i % 5]!),
      x.shape,
    );
    const first = new Sequential([new Dense(4, { inputShape: [5], activation: 'relu' }), new Dense(2)], { seed: 1 });
    const network = quantize(first, { calibration: uneven });
    expect(network.nodes.some(({ name }) => name.endsWith('/scaled'))).toBe(true);
    const found = ledger(first, network, { samples: uneven });
    expect(found.layers).toHaveLength(2);
    expect(found.layers[0]!.weightSqnr).toBeGreaterThan(35);
    expect(found.layers[0]!.sqnr).toBeGreaterThan(30);
    expect(found.layers[0]!.saturated).toBe(0);
  });
});

describe('a layer alone', () => {
  test.each(Object.keys(FIVE))('with all others equals the whole network where values are real: %s', (name) => {
    const model = trained(name);
    const [x] = tenClasses(model, 5);
    const real = plainOf('test', toNetwork(model));
    const every = new Set([...layersOf(real).values()].flat().map((node) => node.name));
    for (const format of ['int4', 'dynamic'] as const) {
      const network = quantize(model, { format });
      const whole = predictNetwork(network, x);
      expect(values(predictNetwork(withOnly(real, network, every).graph, x))).toEqual(values(whole));
      expect(values(predictNetwork(withOnly(real, network, new Set()).graph, x))).toEqual(
        values(predictNetwork(real, x)),
      );
    }
  });

  test('with all others equals the whole network in int8 where layers follow each other', () => {
    const model = smallModel(3);
    const [x] = threeClasses(30);
    const real = plainOf('test', toNetwork(model));
    for (const rule of ['float32', 'multiplier'] as const) {
      const network = quantize(model, { calibration: x, rule });
      const { graph } = withOnly(real, network, new Set(['dense', 'dense_1', 'dense_2']));
      expect(values(predictNetwork(graph, x))).toEqual(values(predictNetwork(network, x)));
    }
  });

  test('is held to what it gives where its activation is a node of its own in the quantized network', () => {
    const model = smallModel(2);
    const [x] = threeClasses(40);
    for (const options of [{ format: 'fixed' }, { rule: 'multiplier' }] as const) {
      const network = quantize(model, { calibration: x, ...options });
      expect(network.nodes.some(({ name }) => name === 'dense_1/tanh')).toBe(true);
      const { layers } = ledger(model, network, { samples: x });
      for (const { sqnr, alone } of layers) expect(Math.min(sqnr, alone.sqnr)).toBeGreaterThan(25);
    }
  });

  test('has the loss and the score of the model with its weights replaced', () => {
    const model = smallModel(2);
    const [x, y] = threeClasses(60);
    model.fit(x, y, { epochs: 15 });
    const network = quantize(model, { format: 'ternary' });
    const found = ledger(model, network, { samples: [x, y] });
    const evaluate = (): { loss: number; score: number } => {
      const logs = model.evaluate(x, y);
      return { loss: logs.loss!, score: logs.accuracy! };
    };
    expect(found.real.loss).toBeCloseTo(evaluate().loss, 5);
    for (const [i, { name, alone }] of found.layers.entries()) {
      const kernel = model.weights.filter((weight) => weight.name.endsWith('kernel'))[i]!;
      const { array } = kernel.value.storage;
      const old = array.slice();
      array.set(decodeWeight(network.weights.get(`${name}/kernel`)!)!);
      const { loss, score } = evaluate();
      expect(alone.loss).toBeCloseTo(loss, 5);
      expect(alone.score).toBeCloseTo(score, 9);
      array.set(old);
    }
  });
});

test('the share of saturated numbers equals a plain count', () => {
  const model = smallModel(2);
  const [x] = threeClasses(200);
  const network = quantize(model, { calibration: x, ranges: { name: 'percentile', percent: 97 } });
  const found = ledger(model, network, { samples: x });
  const real = realValues(plainOf('test', toNetwork(model)) as Network, x);
  const formats = new Map(network.nodes.map(({ name, format }) => [name, format]));
  const outside = (list: readonly number[], name: string): number => {
    const { scale, zeroPoint } = formats.get(name)!;
    return list.filter((value) => value / scale + zeroPoint >= 127.5 || value / scale + zeroPoint < -128.5).length;
  };
  for (const { name, saturated } of found.layers) {
    const node = network.nodes.find((each) => each.name === name)!;
    const read = real.get(node.inputs[0]!.replace('/quantize', ''))!;
    const gives = node.format === null ? [] : real.get(name)!;
    const count = outside(read, node.inputs[0]!) + (node.format === null ? 0 : outside(gives, name));
    expect(saturated).toBeCloseTo(count / (read.length + gives.length), 12);
  }
  expect(found.layers[0]!.saturated).toBeGreaterThan(0.01);
});

test('bytes are those of the tensors in the file', () => {
  const model = trained('residual with a shared layer');
  const network = quantize(model, { format: 'int4', layers: { dense: 'float16' } });
  const found = ledger(model, network, { samples: tenClasses(model)[0] });
  const file = encodeNetwork(network);
  const { tensors } = decodeSafetensors(file);
  for (const { name, bytes } of found.layers) {
    const own = [...tensors].filter(([key]) => key.startsWith(`${name}/`));
    expect(bytes).toBe(own.reduce((sum, [, { data }]) => sum + data.byteLength, 0));
  }
  expect(found.bytes).toBe(file.length);
});

test('nodes that share a weight are one row, and BatchNorms belong to what they follow', () => {
  const shared = trained('residual with a shared layer');
  const samples = tenClasses(shared, 20);
  const found = ledger(shared, quantize(shared, { calibration: samples[0] }), { samples });
  expect(found.layers.map(({ name, nodes }) => [name, nodes.length])).toEqual([
    ['stem', 1],
    ['shared', 2],
    ['dense', 1],
  ]);
  const [own, other] = [plainOf('test', toNetwork(shared)), quantize(shared, { calibration: samples[0] })].map(
    (graph) => found.layers[1]!.nodes.flatMap((name) => values(predictNetwork(tapped(graph, [name]), samples[0]))),
  );
  expect(own!.length).toBe(2 * 20 * 8 * 8 * 6);
  expect(found.layers[1]!.sqnr).toBeCloseTo(sqnrOf(own!, other!), 3);
  const mobile = trained('MobileNetV2');
  const others = tenClasses(mobile, 20);
  for (const format of ['static', 'int8'] as const) {
    const { layers } = ledger(mobile, quantize(mobile, { calibration: others[0], format }), { samples: others });
    expect(layers).toHaveLength(mobile.weights.filter(({ name }) => name.endsWith('/kernel')).length);
    for (const { sqnr } of layers) expect(sqnr).toBeGreaterThan(20);
  }
});

test('a table is a layer too', () => {
  const model = new Sequential([new Embedding(7, 3, { inputShape: [4] }), new Flatten(), new Dense(2)], { seed: 1 });
  const x = fromData(
    Int32Array.from({ length: 40 }, (_, i) => (i * 5) % 7),
    [10, 4],
  );
  const found = ledger(model, quantize(model, { format: 'int4' }), { samples: x });
  expect(found.layers.map(({ op }) => op)).toEqual(['embedding', 'dense']);
  expect(found.layers[0]!.weightSqnr).toBeGreaterThan(15);
  expect(found.layers[0]!.float32Bytes).toBe(84);
  expect(found.real).toEqual({ loss: null, score: null, agreement: null, sqnr: Infinity });
});

describe('a layer that is hard to quantize', () => {
  let model: Model;
  let train: Pair;
  let samples: Pair;
  beforeAll(async () => {
    const made = await digitsModel();
    model = sharpened(made.model, 'first', 'second', 40);
    train = made.train;
    samples = made.test;
  });

  test('is the worst by the loss alone, by the noise at the outputs and by its own', () => {
    const network = quantize(model, { calibration: train[0], format: 'int4' });
    const found = ledger(model, network, { samples });
    expect(found.worst.name).toBe('second');
    const least = (of: (row: LedgerRow) => number): string =>
      found.layers.reduce((p, q) => (of(q) < of(p) ? q : p)).name;
    expect(least(({ alone }) => alone.sqnr)).toBe('second');
    expect(row(found, 'second').sqnr).toBeLessThan(row(found, 'first').sqnr - 6);
    expect(row(found, 'second').alone.score!).toBeLessThan(found.real.score! - 0.05);
    expect(row(found, 'third').alone.score!).toBeGreaterThan(found.real.score! - 0.05);
    expect(found.notes.join('\n')).toMatch(/chooses other classes than float32 on .* of the calibration samples/);
  });

  test('is told in a table', () => {
    const network = quantize(model, { calibration: train[0], format: 'int4', layers: { third: 'static' } });
    const text = String(ledger(model, network, { samples }));
    const lines = text.split('\n');
    expect(lines[0]).toBe('Layers on 450 samples, and what each does alone');
    expect(lines[1]).toMatch(/^layer +operation +format +bytes +of float32 +weights dB/);
    expect(lines[3]).toMatch(/^second +dense +int4\/column +\d+ +1600 /);
    expect(lines[4]).toMatch(/^third +dense +int8, static +\d+ +680 .* 0 % /);
    expect(lines[5]).toMatch(/^real network .* exact$/);
    expect(lines[6]).toMatch(/^quantized network +\d+ /);
  });
});

describe('the notes', () => {
  const model = smallModel(2);
  const [x, y] = threeClasses(60);
  model.fit(x, y, { epochs: 20 });
  const network = quantize(model, { format: 'binary' });

  test('say where both networks disagree, on the calibration samples if these are given', () => {
    expect(network.notes).toEqual([]);
    const [note] = ledger(model, network, { samples: [x, y] }).notes;
    expect(note).toMatch(/^of "dense_2", the quantized network chooses other classes than float32 on \d+ % of the/);
    const few = fromData(x.data.slice(0, 5), [1, 5]);
    expect(ledger(model, network, { samples: [x, y], calibration: few }).notes).toEqual([]);
  });

  test('say once what quantize has said', () => {
    const told = quantize(model, { format: 'binary', calibration: x });
    expect(ledger(model, told, { samples: [x, y] }).notes).toEqual(told.notes);
    expect(told.notes).toHaveLength(1);
  });
});

test('a loss makes figures of a network that is no model; without labels there is agreement alone', () => {
  const model = smallModel(2);
  const [x, y] = threeClasses(30);
  const network = quantize(model, { format: 'int4' });
  const plainNetwork = toNetwork(model);
  const loss = 'sparseCategoricalCrossentropy';
  const a = ledger(model, network, { samples: [x, y] });
  expect(ledger(plainNetwork, network, { samples: [x, y], loss }).layers).toEqual(a.layers);
  const without = ledger(plainNetwork, network, { samples: [x, y] });
  expect(without.real).toEqual({ ...a.real, loss: null });
  const bare = ledger(plainNetwork, network, { samples: [x] });
  expect(bare.real).toEqual({ loss: null, score: null, agreement: 1, sqnr: Infinity });
  expect(bare.layers.map(({ alone }) => alone.agreement)).toEqual(a.layers.map(({ alone }) => alone.agreement));
});

test('refuses what it cannot judge', () => {
  const model = smallModel(2);
  const [x, y] = threeClasses(30);
  const network = quantize(model, { format: 'int4' });
  const tell =
    (options: object, other: unknown = network) =>
    (): unknown =>
      ledger(model, other as Network, options as Parameters<typeof ledger>[2]);
  expect(tell({})).toThrow(
    'ledger: samples must be a list of x and y, as [xTest, yTest], or of x alone, got undefined',
  );
  expect(tell({ samples: [x, y, y] })).toThrow('ledger: samples must be a list of x and y');
  expect(tell({ samples: [normal([3, 6]), y] })).toThrow(/ledger: /);
  expect(tell({ samples: [normal([0, 5])] })).toThrow('at least one');
  expect(tell({ samples: [x, fromData(Int32Array.of(0))] })).toThrow('the same number of samples');
  expect(tell({ samples: [x, y], loss: ['mse', 'mse'] })).toThrow('ledger: loss must be one for all or a list of 1');
  expect(tell({ samples: [x, y], outputs: { coding: 'class' } })).toThrow(/coding/);
  expect(tell({ samples: [x, y], bits: 4 })).toThrow('ledger: bits must be one of the options');
  expect(tell({ samples: [x, y] }, null)).toThrow(
    'ledger: the quantized network must be a network, as quantize makes it of the subject, got null',
  );
  const other = quantize(new Sequential([new Dense(3, { inputShape: [5], name: 'other' })]), { format: 'int4' });
  expect(tell({ samples: [x, y] }, other)).toThrow(
    'ledger: the quantized network has no layer "dense" (dense) with a kernel [5, 7], which the subject has: pass the model or network that it was made of',
  );
  const wider = quantize(new Sequential([new Dense(4, { inputShape: [5], name: 'dense' })]), { format: 'int4' });
  expect(tell({ samples: [x, y] }, wider)).toThrow(
    'ledger: the quantized network has inputs [5] and outputs [4], the subject inputs [5] and outputs [3]: pass the model',
  );
  expect(tell({ samples: [x, y] }, model)).toThrow(
    'ledger: the quantized network must be a network, as quantize makes it of the subject, got an object of Sequential',
  );
  expect(() => ledger(null as never, network, { samples: [x, y] })).toThrow('ledger: the subject must be a model or a');
  for (const second of [model, network, { samples: [x, y] }])
    expect(() => ledger(network, second as Network, { samples: [x, y] })).toThrow(
      'ledger: dense/kernel of the subject is int4: give the real model or network first, then what was made of it',
    );
  const bare = new Sequential([new Flatten({ inputShape: [5] })]);
  const held = quantize(bare, { calibration: x });
  const wanted = (op: string): string => `${op}: the network has no layer with weights: there is nothing to `;
  expect(() => ledger(bare, held, { samples: [x] })).toThrow(wanted('ledger'));
  expect(() => mixedPrecision(bare, { calibration: x, budget: { bytes: 10 } })).toThrow(wanted('mixedPrecision'));
  expect(() => repair(bare, held, { samples: [x, x] })).toThrow(wanted('repair'));
});
