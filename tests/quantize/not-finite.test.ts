import { describe, expect, test } from 'vitest';
import {
  Activation,
  adaRound,
  BatchNorm,
  convert,
  correctBias,
  Dense,
  fromData,
  gptq,
  ledger,
  type Model,
  mixedPrecision,
  prepareQAT,
  quantize,
  repair,
  Sequential,
  type Tensor,
} from '../../src/index.ts';
import { normal, smallModel, threeClasses } from '../compress/tools.ts';

const [x, y] = threeClasses(20);

/** The same samples, one number of which is this. */
function spoiled({ data, shape }: Tensor, number: number): Tensor {
  const numbers = Float32Array.from(data as Float32Array);
  numbers[7] = number;
  return fromData(numbers, shape);
}

describe('samples that are not finite', () => {
  const model = smallModel(2);
  const quantized = quantize(model, { calibration: x, format: 'int4' });

  test.each([
    ['correctBias', correctBias],
    ['adaRound', adaRound],
    ['gptq', gptq],
  ] as const)('are refused by %s', (name, done) => {
    for (const number of [Number.NaN, Infinity, -Infinity])
      expect(() => done(model, quantized, { calibration: spoiled(x, number) })).toThrow(
        `${name}: calibration must be finite, got ${number}`,
      );
  });

  test('and so is what overflows on the way', () => {
    const wide = new Sequential([new Dense(4, { inputShape: [5] }), new Dense(2)], { seed: 1 });
    const made = quantize(wide, { format: 'int8' });
    wide.weights[0]!.value.storage.array.fill(3e38);
    const large = fromData(new Float32Array(50).fill(10), [10, 5]);
    expect(() => correctBias(wide, made, { calibration: large })).toThrow(
      /^correctBias: the value "dense\/sums" on the calibration samples must be finite, got Infinity/,
    );
  });

  test('are no measure of harm: formats are not chosen by them, and a ledger says so', () => {
    const samples = [spoiled(x, Number.NaN), y] as const;
    const options = { loss: 'sparseCategoricalCrossentropy', samples } as const;
    const problem = 'the real network gives numbers on the samples that are not finite';
    const refusal = `${problem}, which no harm can be measured by. Give finite samples and a trained network`;
    for (const measureBy of ['loss', 'sqnr'] as const) {
      const own = { ...options, measureBy };
      expect(() => mixedPrecision(model, { ...own, budget: { bytes: 5000 } })).toThrow(`mixedPrecision: ${refusal}`);
      expect(() => repair(model, quantized, own)).toThrow(`repair: ${refusal}`);
    }
    const { notes } = ledger(model, quantized, options);
    expect(notes[0]).toBe(`${problem}: nothing here can be measured by it`);
    expect(ledger(model, quantized, { ...options, samples: [x, y] }).notes.join()).not.toMatch(/not finite/);
  });

  test('nor is a loss that labels make infinite; the noise in the outputs is', () => {
    const regression = new Sequential([new Dense(3, { inputShape: [5] }), new Dense(1)], { seed: 1 });
    const targets = fromData(new Float32Array(20).fill(1e30), [20, 1]);
    const options = { loss: 'meanSquaredError', samples: [normal([20, 5], 1), targets] } as const;
    const budget = { bytes: 5000 };
    expect(() => mixedPrecision(regression, { ...options, budget })).toThrow(
      'mixedPrecision: the loss of the real network on the samples is Infinity, which no harm can be measured by',
    );
    expect(mixedPrecision(regression, { ...options, budget, measureBy: 'sqnr' }).measureBy).toBe('sqnr');
    const made = quantize(regression, { format: 'int8' });
    expect(ledger(regression, made, options).notes[0]).toMatch(/^the loss of the real network on the samples is Infin/);
  });
});

test.each(['static', 'fixed', 'int8'] as const)('weights that are not finite are named: %s', (format) => {
  for (const [at, number] of [
    [0, Number.NaN],
    [2, Infinity],
  ] as const) {
    const model = new Sequential([new Dense(4, { inputShape: [5] }), new Dense(3), new Dense(2)], { seed: 1 });
    const { name, value } = model.weights[at]!;
    value.storage.array[1] = number;
    expect(() => quantize(model, { format, calibration: normal([20, 5], 1) })).toThrow(
      `quantize: ${name} must be finite, got ${number}`,
    );
  }
});

test('weights of layers that no integers follow may be as they are', () => {
  const model = new Sequential([new Dense(4, { inputShape: [5] }), new Dense(3)], { seed: 1 });
  model.weights.at(-1)!.value.storage.array[0] = Infinity;
  const network = quantize(model, { layers: { dense_1: 'float32' }, calibration: normal([20, 5], 1) });
  expect(network.nodes.some(({ format }) => format !== null)).toBe(true);
});

describe('what training left that is no number', () => {
  const prepared = (learnedStep: boolean): Model => {
    const model = new Sequential(
      [new Dense(4, { inputShape: [5] }), new BatchNorm(), new Activation('relu'), new Dense(3)],
      { seed: 1 },
    );
    return prepareQAT(model, { calibration: normal([20, 5], 1), bits: 4, learnedStep });
  };
  const changed = (learnedStep: boolean, end: string, ...numbers: number[]): Model => {
    const model = prepared(learnedStep);
    const weights = model.weights.filter(({ name }) => name.endsWith(end));
    numbers.forEach((number, i) => {
      weights[i]!.value.storage.array[0] = number;
    });
    return model;
  };

  test.each([Number.NaN, Infinity])('is named by convert: %s', (number) => {
    const tells = (model: Model, what: string): void =>
      expect(() => convert(model)).toThrow(new RegExp(`${what} must be from .* to .*, got ${number}`));
    tells(changed(true, 'Quantize/scale', number), 'node "input/fakeQuantize" scale');
    tells(changed(false, 'Quantize/low', number), 'node "input/fakeQuantize" low');
    tells(changed(false, 'Quantize/high', 1, number), 'node "activation/fakeQuantize" high');
    tells(changed(true, '/steps', number), 'node "dense" steps');
  });

  test('or has its ends in the wrong order', () => {
    const model = changed(false, 'Quantize/low', 1e3);
    expect(() => convert(model)).toThrow('node "input/fakeQuantize" low must be from -1e+30 to 0, got 1000');
  });
});
