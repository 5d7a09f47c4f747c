import { beforeAll, describe, expect, test } from 'vitest';
import {
  correctBias,
  Dense,
  encodeNetwork,
  fromData,
  gptq,
  ledger,
  type Model,
  measure,
  type QuantizedNetwork,
  quantize,
  type Repair,
  type RepairOptions,
  repair,
  Sequential,
} from '../../src/index.ts';
import { bitsOf } from '../../src/quantize/encode.ts';
import { FIVE, tenClasses, trained } from '../compress/five-networks.ts';
import { normal, quick, smallModel, threeClasses } from '../compress/tools.ts';
import { digitsModel, type Pair, sharpened } from './sensitive.ts';

const scoreOf = (network: Model | QuantizedNetwork, samples: Pair): number =>
  measure(network, { samples, ...quick }).score!;
const lengthOf = (network: QuantizedNetwork): number => encodeNetwork(network).length;

describe('a network with a layer that is hard to quantize', () => {
  let model: Model;
  let train: Pair;
  let samples: Pair;
  let broken: QuantizedNetwork;
  let found: Repair;
  beforeAll(async () => {
    const made = await digitsModel();
    model = sharpened(made.model, 'first', 'second', 40);
    train = made.train;
    samples = made.test;
    broken = quantize(model, { calibration: train[0], format: 'int4' });
    found = repair(model, broken, { samples });
  });

  test('has its score again, for a tenth of its bytes', () => {
    expect(scoreOf(broken, samples)).toBeLessThan(scoreOf(model, samples) - 0.05);
    expect(scoreOf(found.network, samples)).toBeGreaterThanOrEqual(scoreOf(model, samples) - 0.01);
    expect(lengthOf(found.network)).toBeLessThanOrEqual(1.1 * lengthOf(broken));
    expect(found.excess).toEqual([]);
    expect(found.bytes).toEqual({
      before: lengthOf(broken),
      after: lengthOf(found.network),
      most: Math.floor(1.1 * lengthOf(broken)),
    });
  });

  test('gives bits to that layer first, and each step lowers the loss of the whole network', () => {
    expect(found.steps[0]!.layer).toBe('second');
    for (const { from, to, before, after } of found.steps) {
      expect(bitsOf(to.weights)).toBeGreaterThanOrEqual(bitsOf(from.weights));
      expect(after).toBeLessThan(before);
    }
    const last = found.steps.at(-1)!;
    const whole = ledger(model, found.network, { samples });
    expect(last.after).toBe(whole.quantized.loss);
    expect(last.bytes).toBe(found.bytes.after);
    expect(whole.layers.find(({ name }) => name === 'second')!.format).toEqual(
      found.steps.filter(({ layer }) => layer === 'second').at(-1)!.to,
    );
  });

  test('says what it bought', () => {
    const text = String(found).split('\n');
    expect(text[0]).toBe(
      `${found.bytes.before} bytes became ${found.bytes.after} of ${found.bytes.most} allowed, in ${found.steps.length} ${found.steps.length === 1 ? 'step' : 'steps'}`,
    );
    expect(text[1]).toMatch(/^layer +from +to +bytes +loss$/);
    expect(text[2]).toMatch(/^second +int4\/column +int/);
    const { before, after } = found.damage;
    expect(before.outputs[0]).toMatchObject({ kind: 'classes' });
    const lost = [before, after].map(
      (each) => (each.outputs[0] as { accuracy: { lost: { lost: number } } }).accuracy.lost.lost,
    );
    expect(lost[0]).toBeGreaterThan(0.05);
    expect(lost[1]).toBeLessThanOrEqual(0.01);
  });

  test('stays as it is where there are no bytes, and says that it is not enough', () => {
    const same = repair(model, broken, { samples, share: 0 });
    expect(same.network).toBe(broken);
    expect(same.steps).toEqual([]);
    expect(same.excess).toMatchObject([{ limit: 'accuracy', output: 'third' }]);
    expect(String(same)).toMatch(/in 0 steps\nstill "third" loses [\d.]+ points of accuracy, where 1.00 are allowed$/);
  });

  test('goes on until a stricter limit is kept, or the bytes are spent', () => {
    const strict = repair(model, broken, { samples, share: 0.8, until: { changed: 0 }, formats: ['int8', 'float32'] });
    expect(strict.bytes.after).toBeLessThanOrEqual(strict.bytes.most);
    expect(strict.steps.length).toBeGreaterThan(found.steps.length);
    for (const { to } of strict.steps) expect(['int8', 'float32']).toContain(to.weights.type);
  });

  test('in static int8 may get real values for its weights, which costs no bytes', () => {
    const coarse = quantize(model, { calibration: train[0], ranges: { name: 'percentile', percent: 75 } });
    const lost = scoreOf(model, samples) - scoreOf(coarse, samples);
    expect(lost).toBeGreaterThan(0.01);
    const better = repair(model, coarse, {
      samples,
      calibration: train[0],
      ranges: { name: 'percentile', percent: 75 },
      share: 0.01,
    });
    expect(better.excess).toEqual([]);
    expect(better.steps.every(({ to }) => to.values === 'real')).toBe(true);
    expect(better.bytes.after).toBeLessThanOrEqual(1.01 * better.bytes.before);
  });
});

describe('a layer that gets no bits back', () => {
  let model: Model;
  let train: Pair;
  let samples: Pair;
  beforeAll(async () => {
    const made = await digitsModel();
    model = sharpened(made.model, 'first', 'second', 40);
    train = made.train;
    samples = made.test;
  });

  /** All that a network holds of a layer, and the format of what it reads. */
  const heldOf = ({ nodes, weights }: QuantizedNetwork, layer: string): unknown => {
    const { inputs, weights: keys } = nodes.find(({ name }) => name === layer)!;
    const { format = null } = nodes.find(({ name }) => name === inputs[0]) ?? {};
    return { format, weights: Object.entries(keys).map(([role, key]) => [role, weights.get(key)]) };
  };

  const EACH: Record<string, () => { broken: QuantizedNetwork; options?: Partial<RepairOptions> }> = {
    'with levels that reach over a share of their range': () => ({
      broken: quantize(model, { format: { weights: { type: 'int4', fit: 'error' } } }),
    }),
    'with rows rounded by GPTQ and corrected biases': () => {
      const [calibration] = train;
      const broken = gptq(model, quantize(model, { calibration, format: 'int4' }), { calibration });
      return { broken: correctBias(model, broken, { calibration }) };
    },
    'with static values and corrected biases': () => {
      const [calibration] = train;
      const broken = quantize(model, { calibration, format: { weights: 'ternary', values: 'static' } });
      const formats = ['static', 'float16'] as const;
      return {
        broken: correctBias(model, broken, { calibration }),
        options: { calibration, formats, share: 0.3 },
      };
    },
    'with fixed point': () => {
      const broken = quantize(model, {
        calibration: train[0],
        format: 'fixed',
        ranges: { name: 'percentile', percent: 60 },
        layers: { second: 'ternary' },
      });
      return {
        broken,
        options: { calibration: train[0], formats: ['fixed', 'float16'], share: 0.1, until: { changed: 0 } },
      };
    },
  };

  test.each(Object.keys(EACH))('stays to the bit: %s', (name) => {
    const { broken, options = {} } = EACH[name]!();
    const found = repair(model, broken, { samples, ...options });
    const changed = new Set(found.steps.map(({ layer }) => layer));
    expect(changed.size).toBeGreaterThan(0);
    const others = ['first', 'second', 'third'].filter((layer) => !changed.has(layer));
    expect(others.length).toBeGreaterThan(0);
    for (const layer of others) expect(heldOf(found.network, layer), layer).toEqual(heldOf(broken, layer));
    for (const layer of changed) expect(heldOf(found.network, layer), layer).not.toEqual(heldOf(broken, layer));
    expect(found.steps.at(-1)!.after).toBe(ledger(model, found.network, { samples }).quantized.loss);
  });
});

test('a step that lowers the loss and loses answers is not in the result', () => {
  const model = smallModel(1);
  const [x] = threeClasses(60, 8);
  const until = { changed: 0 };
  for (let seed = 0; seed < 6; seed++) {
    // Labels that nobody learned: what lowers their loss need not bring back answers of the real network
    const draws = normal([60], seed).data;
    const y = fromData(Int32Array.from(draws, (draw) => (draw < -0.4 ? 0 : draw < 0.4 ? 1 : 2)));
    const network = quantize(model, { format: 'ternary' });
    const options = { until, samples: [x, y], formats: ['ternary', 'int4'] } as const;
    const found = repair(model, network, { ...options, share: 0.08 });
    const changed = (other: QuantizedNetwork): number =>
      repair(model, other, { ...options, share: 0 }).excess.reduce((sum, each) => sum + each.found, 0);
    expect(changed(found.network)).toBeLessThanOrEqual(changed(network));
  }
});

test('what is good enough is left as it is', () => {
  const model = smallModel(2);
  const [x, y] = threeClasses(60);
  model.fit(x, y, { epochs: 20 });
  const network = quantize(model, { format: 'float16' });
  const found = repair(model, network, { samples: [x, y] });
  expect(found.network).toBe(network);
  expect(found.steps).toEqual([]);
  expect(found.damage.after).toBe(found.damage.before);
});

test('numbers are held to R²', () => {
  const model = new Sequential([new Dense(12, { inputShape: [4], activation: 'relu' }), new Dense(1)], { seed: 1 });
  model.compile({ optimizer: 'adam', loss: 'mse' });
  const x = normal([200, 4], 5);
  const y = fromData(
    Float32Array.from({ length: 200 }, (_, i) => x.data[4 * i]! - x.data[4 * i + 1]!),
    [200, 1],
  );
  model.fit(x, y, { epochs: 60 });
  const found = repair(model, quantize(model, { format: 'ternary' }), { samples: [x, y], share: 0.5 });
  expect(found.measureBy).toBe('loss');
  expect(found.steps.length).toBeGreaterThan(0);
  expect(found.excess).toEqual([]);
  expect(found.damage.after.outputs[0]).toMatchObject({ kind: 'numbers' });
});

test.each(Object.keys(FIVE))('any network is repaired by its own rule, and by noise without a loss: %s', (name) => {
  const model = trained(name);
  const samples = tenClasses(model, 10);
  const network = quantize(model, { calibration: samples[0], format: 'fixed', rule: 'multiplier', layers: {} });
  const found = repair(model, network, {
    samples,
    calibration: samples[0],
    measureBy: 'sqnr',
    until: { changed: 0 },
    formats: ['static'],
    share: 0.05,
  });
  // `static` has as many bits as fixed point and no finer values: there is no step to take
  expect(found.steps).toEqual([]);
  const finer = repair(model, quantize(model, { format: 'ternary' }), {
    samples,
    measureBy: 'sqnr',
    until: { changed: 0 },
    formats: ['int8'],
    share: 0.3,
  });
  expect(finer.bytes.after).toBeLessThanOrEqual(finer.bytes.most);
  for (const { before, after } of finer.steps) expect(after).toBeLessThan(before);
});

test('static layers are calibrated on the samples, where nothing else is given', () => {
  const model = smallModel(2);
  const [x, y] = threeClasses(60);
  model.fit(x, y, { epochs: 20 });
  const network = quantize(model, { format: 'int8', layers: { dense_1: 'binary' } });
  const options = { samples: [x, y], until: { changed: 0 }, formats: ['static'], share: 0.5 } as const;
  const found = repair(model, network, options);
  expect(found.steps.length).toBeGreaterThan(0);
  expect(found.network.nodes.some(({ format }) => format !== null)).toBe(true);
  expect(found).toEqual(repair(model, network, { ...options, calibration: x }));
  expect(found).not.toEqual(repair(model, network, { ...options, calibration: normal([9, 5], 1) }));
});

test('refuses what it cannot do', () => {
  const model = smallModel(2);
  const [x, y] = threeClasses(30);
  const network = quantize(model, { calibration: x });
  const tell =
    (options: object, other = network) =>
    (): unknown =>
      repair(model, other, { samples: [x, y], ...options } as RepairOptions);
  expect(tell({ samples: x })).toThrow('repair: samples must be a list of x and y, as [xTrain, yTrain]');
  expect(tell({ share: -0.1 })).toThrow('repair: share must be a share of the file from 0 to 10, as 0.1, got -0.1');
  expect(tell({ share: Number.NaN })).toThrow('repair: share');
  expect(tell({ share: 500 })).toThrow('repair: share must be a share of the file from 0 to 10, as 0.1, got 500');
  expect(tell({ bytes: 500 })).toThrow('repair: bytes must be one of the options samples, share');
  expect(tell({ until: 0.01 })).toThrow('Write { accuracy: 0.01 }');
  expect(tell({ until: { r2: 0.1 } })).toThrow('r2 of maxDamage must be left out for outputs of classes');
  expect(tell({ formats: [] })).toThrow('repair: formats must be a list');
  expect(tell({ measureBy: 'bytes' })).toThrow('measureBy');
  expect(tell({ budget: 4 })).toThrow('budget');
  const other = quantize(new Sequential([new Dense(3, { inputShape: [5], name: 'other' })]), { format: 'int4' });
  expect(tell({}, other)).toThrow('the quantized network has no layer "dense"');
});
