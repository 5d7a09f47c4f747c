import { describe, expect, test } from 'vitest';
import {
  Adam,
  type Callback,
  ConstantSparsity,
  type ConstantSparsityOptions,
  Dense,
  digest,
  EarlyStopping,
  isPruned,
  PruningSchedule,
  type PruningScheduleOptions,
  prune,
  Sequential,
} from '../../src/index.ts';
import { kernelsOf, smallModel, threeClasses, values } from './tools.ts';

const sparsityOf = (model: Sequential): number => {
  const kernels = kernelsOf(model);
  const dead = kernels.reduce((sum, { mask }) => sum + (mask?.data.filter((bit) => bit === 0).length ?? 0), 0);
  return dead / kernels.reduce((sum, { value }) => sum + value.size, 0);
};
const WEIGHTS = 35 + 42 + 18;
const rounded = (sparsity: number): number => Math.round(sparsity * WEIGHTS) / WEIGHTS;

/** Sparsity after each step of a fit of 10 batches an epoch; the first entry is before the first step. */
function follow(
  schedule: PruningSchedule | ConstantSparsity,
  epochs: number,
  model: Sequential = smallModel(),
): number[] {
  const seen: number[] = [];
  const watch: Callback = {
    onTrainBegin: (m) => seen.push(sparsityOf(m)),
    onBatchEnd: (_batch, _logs, m) => seen.push(sparsityOf(m)),
  };
  model.fit(...threeClasses(60), { epochs, batchSize: 6, callbacks: [schedule, watch] });
  return seen;
}

describe('PruningSchedule', () => {
  test('follows s_f + (s_i - s_f)(1 - t)³', () => {
    const schedule = new PruningSchedule({ initialSparsity: 0.2, finalSparsity: 0.8, begin: 10, end: 30 });
    expect(schedule.sparsityAt(0)).toBeCloseTo(0.2, 12);
    expect(schedule.sparsityAt(10)).toBeCloseTo(0.2, 12);
    expect(schedule.sparsityAt(15)).toBeCloseTo(0.8 - 0.6 * 0.75 ** 3, 12);
    expect(schedule.sparsityAt(20)).toBeCloseTo(0.8 - 0.6 / 8, 12);
    expect(schedule.sparsityAt(30)).toBe(0.8);
    expect(schedule.sparsityAt(1000)).toBe(0.8);
  });

  test('prunes every `frequency` steps from begin to end, and at the end exactly', () => {
    const schedule = new PruningSchedule({
      finalSparsity: 0.7,
      initialSparsity: 0.1,
      begin: 5,
      end: 27,
      frequency: 10,
    });
    const seen = follow(schedule, 4);
    const at = (step: number): number => rounded(schedule.sparsityAt(step));
    const wanted = Array.from({ length: 41 }, (_, t) =>
      t < 5 ? 0 : t < 15 ? at(5) : t < 25 ? at(15) : t < 27 ? at(25) : rounded(0.7),
    );
    expect(seen).toEqual(wanted);
  });

  test('with begin 0 prunes before the first step', () => {
    const seen = follow(new PruningSchedule({ initialSparsity: 0.5, finalSparsity: 0.6, end: 10, frequency: 5 }), 1);
    expect(seen[0]).toBe(rounded(0.5));
    expect(seen.at(-1)).toBe(rounded(0.6));
  });

  test('starts anew in each fit and does not revive what an earlier one pruned', () => {
    const schedule = new PruningSchedule({ finalSparsity: 0.5, end: 10, frequency: 2 });
    const model = smallModel();
    follow(schedule, 1, model);
    expect(follow(schedule, 1, model)).toEqual(Array(11).fill(rounded(0.5)));
    const pruned = prune(smallModel(), { sparsity: 0.3 });
    const seen = follow(schedule, 1, pruned);
    expect(seen[0]).toBe(rounded(0.3));
    expect(seen.at(-1)).toBe(rounded(0.5));
    expect(seen).toEqual([...seen].sort());
  });

  test('prunes each layer by itself with scope layer', () => {
    const model = smallModel();
    follow(new PruningSchedule({ finalSparsity: 0.5, end: 10, frequency: 2, scope: 'layer' }), 1, model);
    const dead = kernelsOf(model).map(({ mask }) => mask!.data.filter((bit) => bit === 0).length);
    expect(dead).toEqual([18, 21, 9]);
  });

  test('leaves pruned weights at +0', () => {
    const model = smallModel();
    follow(new PruningSchedule({ finalSparsity: 0.5, end: 10, frequency: 2 }), 2, model);
    for (const kernel of kernelsOf(model)) {
      kernel.mask!.data.forEach((alive, at) => {
        if (alive === 0) expect(Object.is(kernel.value.data[at], 0)).toBe(true);
      });
    }
  });

  test('refuses numbers out of range', () => {
    const make = (change: object) => () => new PruningSchedule({ finalSparsity: 0.5, end: 10, ...change });
    expect(make({ finalSparsity: 1 })).toThrow('PruningSchedule: finalSparsity must be in [0, 1), got 1');
    expect(make({ initialSparsity: Number.NaN })).toThrow('initialSparsity must be in [0, 1)');
    expect(make({ begin: -1 })).toThrow('begin must be an integer of at least 0');
    expect(make({ begin: 10 })).toThrow('end must be an integer of at least 11, got 10');
    expect(make({ frequency: 0 })).toThrow('frequency must be an integer of at least 1');
    expect(make({ scope: 'model' })).toThrow('scope must be global or layer');
  });
});

describe('ConstantSparsity', () => {
  test('prunes at begin, and at every `frequency` steps to the end again', () => {
    const schedule = new ConstantSparsity({ sparsity: 0.5, begin: 4, frequency: 5, end: 12 });
    const wanted = Array.from({ length: 21 }, (_, t) => (t < 4 ? 0 : rounded(0.5)));
    expect(follow(schedule, 2)).toEqual(wanted);
    expect([0, 3, 4, 1000].map((step) => schedule.sparsityAt(step))).toEqual([0, 0, 0.5, 0.5]);
    // Masks that go in between come back when it is time, as long as it is
    const reached = (options: ConstantSparsityOptions): number[] => {
      const seen: number[] = [];
      const model = smallModel();
      const free: Callback = {
        onBatchBegin: () => {
          for (const kernel of kernelsOf(model)) kernel.mask = null;
        },
        onBatchEnd: (_batch, _logs, m) => seen.push(sparsityOf(m as Sequential)),
      };
      model.fit(...threeClasses(60), { epochs: 2, batchSize: 6, callbacks: [new ConstantSparsity(options), free] });
      return seen.flatMap((sparsity, i) => (sparsity > 0 ? [i + 1] : []));
    };
    expect(reached({ sparsity: 0.5, begin: 4, frequency: 5, end: 14 })).toEqual([4, 9, 14]);
    expect(reached({ sparsity: 0.5, begin: 4, frequency: 5 })).toEqual([4, 9, 14, 19]);
    expect(reached({ sparsity: 0.5, frequency: 7, end: 12 })).toEqual([7, 12]);
  });

  test('prunes before the first step by default, every layer alike with scope layer', () => {
    const model = smallModel();
    const seen = follow(new ConstantSparsity({ sparsity: 0.5, scope: 'layer' }), 1, model);
    expect(seen).toEqual(Array(11).fill((18 + 21 + 9) / WEIGHTS));
  });

  test.each<[object, string]>([
    [{ sparsity: 1 }, 'ConstantSparsity: sparsity must be in [0, 1), got 1'],
    [{}, 'sparsity must be in [0, 1), got undefined'],
    [{ sparsity: 0.5, begin: -1 }, 'begin must be an integer of at least 0'],
    [{ sparsity: 0.5, begin: 10, end: 9 }, 'end must be an integer of at least 10, got 9'],
    [{ sparsity: 0.5, end: -2 }, 'end must be an integer of at least 0, got -2'],
    [{ sparsity: 0.5, frequency: 0 }, 'frequency must be an integer of at least 1'],
    [{ sparsity: 0.5, finalSparsity: 0.5 }, 'must be one of the options sparsity, begin'],
  ])('refuses %j', (options, message) => {
    expect(() => new ConstantSparsity(options as ConstantSparsityOptions)).toThrow(message);
  });
});

describe('schedules with criteria and patterns', () => {
  const samples = threeClasses(60);
  const steady = { end: 20, frequency: 5, finalSparsity: 0.5 } as const;
  const rows: [string, Omit<PruningScheduleOptions, 'end' | 'finalSparsity'>][] = [
    ['random', { criterion: 'random', seed: 4 }],
    ['taylor', { criterion: 'taylor', samples }],
    ['wanda by unit', { criterion: 'wanda', samples, scope: 'unit' }],
    ['movement', { criterion: 'movement', begin: 5 }],
    ['quads', { pattern: 'quads' }],
    ['2 of 4', { pattern: { n: 2, m: 4 } }],
  ];

  test.each(rows)('prune by %s as prune does, with recorded steps and without to the bit', (_, options) => {
    const [replayed, eager] = [true, false].map((replay) => {
      const model = smallModel();
      model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', replay });
      const schedule = new PruningSchedule({ ...steady, ...options });
      const before: number[][][] = [];
      const watch: Callback = {
        onBatchEnd: () => {
          const bits = kernelsOf(model).map(({ mask, value }) => (mask ? values(mask) : Array(value.size).fill(1)));
          before.push(bits);
        },
      };
      model.fit(...samples, { epochs: 3, batchSize: 6, callbacks: [schedule, watch] });
      before.slice(1).forEach((bits, t) => {
        bits.flat().forEach((bit, i) => {
          expect(bit).toBeLessThanOrEqual(before[t]!.flat()[i]!);
        });
      });
      return model;
    }) as [Sequential, Sequential];
    expect(replayed.replayStatus.replayed).toBeGreaterThan(10);
    expect(eager.replayStatus.replayed).toBe(0);
    expect(digest(replayed)).toBe(digest(eager));
    expect(sparsityOf(replayed)).toBeGreaterThanOrEqual(0.4);
    for (const kernel of kernelsOf(replayed))
      kernel.mask!.data.forEach((bit, i) => {
        if (bit === 0) expect(Object.is(kernel.value.data[i], 0)).toBe(true);
      });
  });

  test('rank as prune does at that time', () => {
    for (const options of rows.map(([, each]) => each).filter(({ criterion }) => criterion !== 'movement')) {
      const model = smallModel();
      let wanted: number[][] = [];
      const before: Callback = {
        onBatchEnd: (batch) => {
          const { begin: _, ...how } = options;
          if (batch === 7)
            wanted = kernelsOf(prune(model, { ...how, sparsity: 0.45 })).map(({ mask }) => values(mask!));
        },
      };
      const schedule = new ConstantSparsity({ ...options, sparsity: 0.45, begin: 8 });
      model.fit(...samples, { batchSize: 6, callbacks: [before, schedule] });
      expect(kernelsOf(model).map(({ mask }) => values(mask!))).toEqual(wanted);
    }
  });

  test('what is pruned enough keeps its masks, and the recorded steps that know them', () => {
    const model = smallModel();
    const masks = new Set<unknown>();
    const watch: Callback = { onBatchEnd: () => void kernelsOf(model).map(({ mask }) => masks.add(mask)) };
    const schedule = new ConstantSparsity({ sparsity: 0.5, frequency: 1 });
    model.fit(...samples, { epochs: 3, batchSize: 6, callbacks: [schedule, watch] });
    expect(masks.size).toBe(3);
    expect(model.replayStatus.recorded).toBe(1);
  });

  test('leave weights and masks of one epoch when early stopping goes back', () => {
    const [x, y] = samples;
    for (const schedule of [
      new ConstantSparsity({ sparsity: 0.6, begin: 25, pattern: 'quads' }),
      new PruningSchedule({ finalSparsity: 0.9, begin: 5, end: 60, frequency: 7, criterion: 'taylor', samples }),
    ]) {
      const model = new Sequential(
        [new Dense(16, { activation: 'relu', inputShape: [5] }), new Dense(3, { activation: 'softmax' })],
        { seed: 3 },
      );
      model.compile({ optimizer: new Adam({ learningRate: 0.02 }), loss: 'sparseCategoricalCrossentropy' });
      const stopping = new EarlyStopping({ patience: 50, restoreBestWeights: true });
      const { history } = model.fit(x, y, {
        epochs: 8,
        batchSize: 6,
        validationData: [x, y],
        callbacks: [schedule, stopping],
      });
      expect(stopping.best).toBe(Math.min(...history.val_loss!));
      expect(model.evaluate(x, y).loss).toBeCloseTo(stopping.best!, 6);
      expect(isPruned(model)).toBe(kernelsOf(model).some((kernel) => values(kernel).includes(0)));
    }
  });

  test.each<[object, string]>([
    [{ criterion: 'snip', samples }, 'criterion must be another than snip, which ranks before training'],
    [{ criterion: 'taylor' }, 'samples must be a list of x and y'],
    [{ criterion: 'movement' }, 'begin must be at least 1 with movement'],
    [{ criterion: 'size' }, 'criterion must be one of magnitude'],
    [{ pattern: { n: 3, m: 4 } }, '$ must be at most 0.25, which 3 of 4 let go'],
    [{ pattern: 'panels', scope: 'unit' }, 'scope must be global or layer where blocks are pruned'],
    [{ seed: 1.5 }, 'seed must be an integer'],
  ])('refuse %#', (options, message) => {
    const { end, finalSparsity: sparsity } = steady;
    const called = (op: string, field: string): string => `${op}: ${message.replace('$', field)}`;
    expect(() => new PruningSchedule({ ...steady, ...options })).toThrow(called('PruningSchedule', 'finalSparsity'));
    expect(() => new ConstantSparsity({ end, sparsity, ...options })).toThrow(called('ConstantSparsity', 'sparsity'));
  });

  test('layers by name are pruned each by its own schedule, by prune too, and others stay', () => {
    const model = smallModel();
    const course = { begin: 1, end: 8, frequency: 2 };
    const callbacks = [
      new PruningSchedule({ ...course, layers: ['dense'], finalSparsity: 0.8 }),
      new PruningSchedule({ ...course, layers: ['dense_2'], finalSparsity: 0.5, criterion: 'movement' }),
    ];
    model.fit(...threeClasses(60), { epochs: 1, batchSize: 6, callbacks });
    const zeros = kernelsOf(model).map(({ value }) => values(value).filter((x) => x === 0).length);
    expect(zeros).toEqual([28, 0, 9]);
    const first = kernelsOf(smallModel())[0]!.value.size;
    const once = prune(smallModel(), { sparsity: 0.6, layers: ['dense', 'dense_1'] });
    expect(kernelsOf(once).map(({ mask }) => mask === null)).toEqual([false, false, true]);
    expect(kernelsOf(once).reduce((sum, { value }) => sum + values(value).filter((x) => x === 0).length, 0)).toBe(
      Math.round(0.6 * (first + 42)),
    );
    expect(() => prune(smallModel(), { sparsity: 0.6, layers: ['dense_3'] })).toThrow(
      'prune: a layer must be one with a kernel: dense, dense_1, dense_2, got "dense_3". Did you mean dense?',
    );
    const badly = new PruningSchedule({ ...course, layers: ['activation'], finalSparsity: 0.8 });
    expect(() => smallModel().fit(...threeClasses(60), { batchSize: 6, callbacks: [badly] })).toThrow(
      'PruningSchedule: a layer must be one with a kernel',
    );
  });
});
