import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import {
  Adam,
  type Callback,
  Dense,
  EarlyStopping,
  type EarlyStoppingOptions,
  type MonitorMode,
  matmul,
  PruningSchedule,
  Random,
  Sequential,
  SGD,
  ValueError,
} from '../../src/index.ts';
import { of, scripted } from './tools.ts';

/** A model whose only weight is -n after n epochs and whose figure `name` is scripted. */
function scriptedModel(name: string, values: readonly number[]): Sequential {
  const model = new Sequential([new Dense(1, { useBias: false, inputShape: [1], kernelInitializer: 'zeros' })]);
  model.compile({
    optimizer: new SGD({ learningRate: 1 }),
    loss: (_, p) => p,
    metrics: [scripted(name, values)],
  });
  return model;
}

function fitted(model: Sequential, epochs: number, callbacks: Callback[]): { ran: number; weight: number } {
  const one = of([1], [1, 1], 'float32');
  const ran = model.fit(one, one, { epochs, callbacks }).epochs.length;
  return { ran, weight: -model.getWeights()[0]!.data[0]! };
}

interface Outcome {
  readonly ran: number;
  /** Epochs whose training is in the weights. */
  readonly weight: number;
  readonly stopped: number | null;
  readonly best: number | null;
  readonly bestEpoch: number | null;
}

/** The rules in words of their own: a search over prefixes instead of running state. */
function simulate(values: readonly number[], rises: boolean, options: EarlyStoppingOptions): Outcome {
  const { patience = 0, baseline, minDelta = 0, startFromEpoch = 0, restoreBestWeights = false } = options;
  const sign = rises ? 1 : -1;
  const better = (a: number, b: number): boolean => sign * a - Math.abs(minDelta) > sign * b;
  // Records: epochs whose figure beats every record before.
  const records: number[] = [];
  for (let e = startFromEpoch; e < values.length; e++) {
    const last = records.at(-1);
    if (better(values[e]!, last === undefined ? -sign * Infinity : values[last]!)) records.push(e);
  }
  let stopped: number | null = null;
  for (let e = Math.max(1, startFromEpoch); e < values.length && stopped === null; e++) {
    if (records.includes(e)) continue;
    const resets = records.filter((r) => r < e && (baseline === undefined || better(values[r]!, baseline)));
    if (e - (resets.at(-1) ?? startFromEpoch - 1) >= patience) stopped = e;
  }
  const ran = stopped === null ? values.length : stopped + 1;
  const bestEpoch = records.filter((r) => r < ran).at(-1) ?? null;
  const weight = restoreBestWeights && bestEpoch !== null ? bestEpoch + 1 : ran;
  return { ran, weight, stopped, best: bestEpoch === null ? null : values[bestEpoch]!, bestEpoch };
}

const figure = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 8 }).map((n) => n / 4) }, // few values: many ties
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity) },
);
const options = fc.record(
  {
    patience: fc.integer({ min: 0, max: 3 }),
    baseline: fc.integer({ min: 0, max: 8 }).map((n) => n / 4),
    minDelta: fc.constantFrom(0, 0.25, -0.25, 0.6),
    startFromEpoch: fc.integer({ min: 0, max: 3 }),
    restoreBestWeights: fc.boolean(),
  },
  { requiredKeys: ['patience', 'restoreBestWeights'] },
);
const direction = fc.constantFrom<[monitor: string, mode: MonitorMode, rises: boolean]>(
  ['figure', 'min', false],
  ['figure', 'max', true],
  ['my_loss', 'auto', false],
  ['binaryAccuracy', 'auto', true],
);

function outcome(stopping: EarlyStopping, monitor: string, values: readonly number[]): Outcome {
  const { ran, weight } = fitted(scriptedModel(monitor, values), values.length, [stopping]);
  const { stoppedEpoch: stopped, best, bestEpoch } = stopping;
  return { ran, weight, stopped, best, bestEpoch };
}

describe('EarlyStopping', () => {
  test('stops, remembers and restores as the rules say', () => {
    let stops = 0;
    fc.assert(
      fc.property(
        fc.array(figure, { minLength: 1, maxLength: 10 }),
        fc.array(figure, { minLength: 1, maxLength: 4 }),
        direction,
        options,
        (values, again, [monitor, mode, rises], chosen) => {
          const stopping = new EarlyStopping({ ...chosen, monitor, mode });
          const wanted = simulate(values, rises, chosen);
          expect(outcome(stopping, monitor, values)).toEqual(wanted);
          if (wanted.stopped !== null) stops++;
          expect(outcome(stopping, monitor, again)).toEqual(simulate(again, rises, chosen)); // the object serves again
        },
      ),
      { numRuns: 400, seed: 1 },
    );
    expect(stops).toBeGreaterThan(100);
  });

  test.each([
    ['a first NaN does not block what follows', [Number.NaN, 3, 2, 1], { patience: 2 }, 4, 3],
    ['ties are no improvement', [2, 2, 2, 2], { patience: 2 }, 3, 0],
    ['patience 0 stops at the first epoch that is not better', [3, 2, 2, 1], {}, 3, 1],
    ['the first epoch never stops', [Number.NaN, Number.NaN], { patience: 0 }, 2, null],
    ['a change within minDelta is none', [2, 1.9, 1.8, 1.7], { patience: 2, minDelta: 0.5 }, 3, 0],
    ['epochs before startFromEpoch are not seen', [0, 5, 4, 3], { startFromEpoch: 1, patience: 1 }, 4, 3],
  ] as const)('%s', (_name, values, chosen, ran, bestEpoch) => {
    const stopping = new EarlyStopping({ monitor: 'my_loss', ...chosen });
    expect(fitted(scriptedModel('my_loss', values), values.length, [stopping]).ran).toBe(ran);
    expect(stopping.bestEpoch).toBe(bestEpoch);
  });

  test('restores the best weights too when training ends by itself or by an exception', () => {
    const values = [3, 1, 2, 2.5];
    const make = (): EarlyStopping => new EarlyStopping({ monitor: 'my_loss', patience: 9, restoreBestWeights: true });
    expect(fitted(scriptedModel('my_loss', values), 4, [make()])).toEqual({ ran: 4, weight: 2 });
    const model = scriptedModel('my_loss', values);
    const bomb: Callback = {
      onEpochEnd(epoch) {
        if (epoch === 3) throw new Error('mine');
      },
    };
    expect(() => fitted(model, 4, [make(), bomb])).toThrow('mine');
    expect(model.getWeights()[0]!.data[0]).toBe(-2);
  });

  test('warns once and does nothing when the figure is missing', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    try {
      expect(fitted(scriptedModel('figure', [1, 2, 3]), 3, [new EarlyStopping()]).ran).toBe(3);
      expect(warn.mock.calls.length).toBe(1);
      expect(warn.mock.calls[0]![0]).toMatch(/EarlyStopping: val_loss is not among loss, figure/);
    } finally {
      warn.mockRestore();
    }
  });

  test('refuses a figure of unknown direction and options out of range', () => {
    expect(() => new EarlyStopping({ monitor: 'figure' })).toThrow(/min or max/);
    expect(() => new EarlyStopping({ mode: 'up' as 'max' })).toThrow(ValueError);
    expect(() => new EarlyStopping({ patience: -1 })).toThrow(ValueError);
    expect(() => new EarlyStopping({ patience: Number.NaN })).toThrow(ValueError);
  });
});

test('the best weights come back with the masks that they had, though a schedule has pruned since', () => {
  const random = new Random(1);
  const x = random.normal([60, 8]);
  const y = matmul(x, random.normal([8, 1]));
  const model = new Sequential([new Dense(16, { activation: 'relu' }), new Dense(1)], { seed: 3 });
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'mse' });
  model.fit(x, y, { epochs: 30 });
  const pruning = new PruningSchedule({ initialSparsity: 0.1, finalSparsity: 0.9, end: 20, frequency: 2 });
  const stop = new EarlyStopping({ patience: 50, restoreBestWeights: true });
  const { history } = model.fit(x, y, { epochs: 12, validationData: [x, y], callbacks: [pruning, stop] });
  expect(history.val_loss!.at(-1)).toBeGreaterThan(2 * stop.best!);
  expect(model.evaluate(x, y).loss).toBe(stop.best);
  const zeros = model.layers.map((layer) => layer.parameter('kernel').mask!.data.filter((bit) => bit === 0).length);
  expect(zeros.reduce((a, b) => a + b)).toBeLessThan(100); // of 144, where 130 were masked in the end
  model.fit(x, y, { epochs: 1 });
  for (const layer of model.layers) {
    const { mask, value } = layer.parameter('kernel');
    mask!.data.forEach((bit, i) => {
      if (bit === 0) expect(value.data[i]).toBe(0);
    });
  }
});
