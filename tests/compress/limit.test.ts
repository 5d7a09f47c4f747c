import { describe, expect, test } from 'vitest';
import { damage } from '../../src/compress/damage.ts';
import { excessOf } from '../../src/compress/limit.ts';
import {
  type Callback,
  ConstantSparsity,
  cloneModel,
  Dense,
  digest,
  EarlyStopping,
  heldTo,
  type MaxDamage,
  type Model,
  PruningSchedule,
  prune,
  quantize,
  Sequential,
  StateError,
  strongest,
  type Tensor,
  toNetwork,
  ValueError,
} from '../../src/index.ts';
import { FIVE, tenClasses, trained } from './five-networks.ts';
import { kernelsOf, normal, smallModel, threeClasses } from './tools.ts';

const samples = threeClasses(90, 4);
const model = smallModel();
model.fit(...threeClasses(120, 5), { epochs: 30 });
const pruned = (sparsity: number): Model => prune(model, { sparsity });

/** What a level loses, by kind of limit. */
function lossesOf(sparsity: number) {
  const [d] = damage(model, pruned(sparsity), samples).outputs;
  if (d?.kind !== 'classes') throw new Error('there are classes');
  return { accuracy: d.accuracy.lost, changed: d.changed, worstClass: d.worst.lost };
}

describe('heldTo', () => {
  test('gives what the pass makes, where it keeps to the limit', () => {
    const maxDamage = { accuracy: 0.02, changed: 0.05, worstClass: 0.1 };
    const int8 = heldTo(model, (m) => quantize(m, { calibration: samples[0] }), { samples, maxDamage });
    expect(int8.weights.size).toBeGreaterThan(0);
    const network = heldTo(toNetwork(model), (n) => n, { samples, maxDamage: { changed: 0 } });
    expect(network.nodes.length).toBeGreaterThan(0);
  });

  test('compares with the model as it was, whatever the pass does to it', () => {
    const own = cloneModel(model);
    const train = (one: Model): Model => {
      one.setWeights(prune(model, { sparsity: 0.9 }).getWeights());
      return one;
    };
    expect(() => heldTo(own, train, { samples, maxDamage: { accuracy: 0.1 } })).toThrow('does too much damage');
    const again = cloneModel(model);
    expect(() => strongest(again, [1], () => train(again), { samples, maxDamage: { accuracy: 0.1 } })).toThrow(
      'every level does too much damage',
    );
    const own2 = cloneModel(model);
    own2.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    const limit = { samples, maxDamage: { accuracy: 0.1 }, against: own2 };
    const schedule = new ConstantSparsity({ sparsity: 0.9, begin: 1, frequency: 1, limit });
    own2.fit(...samples, { epochs: 1, batchSize: 1000, callbacks: [schedule] });
    expect(schedule.stopped).not.toBeNull();
    expect(() => new ConstantSparsity({ sparsity: 0.9, limit: { ...limit, against: 5 as never } })).toThrow(
      'ConstantSparsity: against must be a model or a network, got 5',
    );
  });

  test('refuses with the figures where it does not', () => {
    const { accuracy, changed, worstClass } = lossesOf(0.9);
    expect(accuracy.lost).toBeGreaterThan(0.1);
    const held = (maxDamage: MaxDamage) => () =>
      heldTo(model, (m) => prune(m, { sparsity: 0.9 }), { samples, maxDamage });
    const of = (x: number): string => (100 * x).toFixed(2);
    expect(held({ accuracy: 0.1 })).toThrow(StateError);
    expect(held({ accuracy: 0.1 })).toThrow(
      `heldTo: the pass does too much damage: "dense_2" loses ${of(accuracy.lost)} points of accuracy, where 10.00 are allowed`,
    );
    expect(held({ changed: 0.05 })).toThrow(`changes ${of(changed.share)} % of the answers, where 5.00 % are allowed`);
    expect(held({ worstClass: 0.05 })).toThrow(
      new RegExp(`takes ${of(worstClass.lost)} points of recall from class \\d, where 5.00 are allowed`),
    );
    expect(held({ accuracy: 0.1, changed: 0.05 })).toThrow(/accuracy, .* changes /);
  });

  test('says so where a pass returns nothing, or a promise', () => {
    const options = { samples, maxDamage: { changed: 1 } };
    const held = (pass: () => unknown) => () => heldTo(model, pass as () => Model, options);
    expect(held(() => {})).toThrow('heldTo: what the pass returns must be a model or a network, got undefined');
    expect(held(async () => model)).toThrow(/must be a model or a network, got .* It is a promise/);
    expect(() => strongest(model, [1], (() => 3) as never, options)).toThrow(
      'strongest: what the pass returns must be a model or a network, got 3',
    );
  });

  test('is met by what is just allowed, and broken by what is a little more', () => {
    const { accuracy, changed } = lossesOf(0.9);
    const broken = (maxDamage: MaxDamage) => excessOf('test', damage(model, pruned(0.9), samples), maxDamage).length;
    expect(broken({ accuracy: accuracy.lost, changed: changed.share })).toBe(0);
    expect(broken({ accuracy: accuracy.lost - 1e-6, changed: changed.share })).toBe(1);
    expect(broken({ accuracy: accuracy.lost, changed: changed.share - 1e-6 })).toBe(1);
  });

  test('judges the unfavourable end of the interval where that is asked for', () => {
    const { accuracy, changed } = lossesOf(0.5);
    const allowed = (accuracy.lost + accuracy.high) / 2;
    const held = (judge: 'measured' | 'interval', limit: number) => () =>
      heldTo(model, () => pruned(0.5), { samples, maxDamage: { accuracy: limit, judge } });
    expect(held('measured', allowed)).not.toThrow();
    expect(held('interval', allowed)).toThrow('(at the unfavourable end of the interval)');
    expect(held('interval', accuracy.high)).not.toThrow();
    const report = damage(model, pruned(0.5), samples);
    expect(excessOf('test', report, { changed: changed.high - 1e-6, judge: 'interval' })).toMatchObject([
      { limit: 'changed', found: changed.high },
    ]);
    const [d] = report.outputs;
    const highest = Math.max(...(d?.kind === 'classes' ? d.classes : []).map(({ lost }) => lost.high));
    expect(excessOf('test', report, { worstClass: 0, judge: 'interval' })).toMatchObject([{ found: highest }]);
  });
});

describe('R² as a limit', () => {
  const x = normal([80, 4], 6);
  const numbers = new Sequential([new Dense(8, { activation: 'relu', inputShape: [4] }), new Dense(1)], { seed: 4 });
  numbers.compile({ optimizer: 'adam', loss: 'mse' });
  const y = numbers.predict(x) as Tensor; // what it says itself: R² 1

  test('holds and breaks', () => {
    const held = (r2: number) => () =>
      heldTo(numbers, (m) => prune(m, { sparsity: 0.5 }), { samples: [x, y], maxDamage: { r2 } });
    expect(held(1e-9)).toThrow(/loses \d+\.\d\d hundredths of R², where 0\.00 are allowed/);
    expect(held(100)).not.toThrow();
  });

  test('is broken by numbers that are none, whatever is allowed', () => {
    const broken = prune(numbers, { sparsity: 0 });
    broken.layers[1]!.weights[1]!.value.storage.array.fill(Number.NaN);
    expect(() => heldTo(numbers, () => broken, { samples: [x, y], maxDamage: { r2: 1000 } })).toThrow(
      'loses all hundredths',
    );
  });

  test('and limits of classes are refused for each other', () => {
    const run = (maxDamage: MaxDamage) => () => heldTo(numbers, (m) => m, { samples: [x, y], maxDamage });
    expect(run({ accuracy: 0.1 })).toThrow(
      'heldTo: accuracy of maxDamage must be left out for outputs of numbers, got 0.1',
    );
    expect(() => heldTo(model, (m) => m, { samples, maxDamage: { r2: 0.1 } })).toThrow(
      'r2 of maxDamage must be left out',
    );
  });
});

describe('strongest', () => {
  const levels = [0.1, 0.3, 0.5, 0.7, 0.9];

  test('is the highest level within the limit, and those above it were tried', () => {
    const limit = 0.06;
    const within = levels.filter((level) => lossesOf(level).changed.share <= limit);
    const found = strongest(model, levels, pruned, { samples, maxDamage: { changed: limit } });
    expect(within.length > 0 && within.length < levels.length).toBe(true);
    expect(found.level).toBe(within.at(-1));
    expect(found.tried.map(({ level }) => level)).toEqual(levels.slice(levels.indexOf(found.level)).reverse());
    expect(found.tried.map(({ excess }) => excess.length)).toEqual([...Array(found.tried.length - 1).fill(1), 0]);
    expect(found.damage).toBe(found.tried.at(-1)!.damage);
    expect(damage(model, found.result, samples)).toEqual(found.damage);
  });

  test('need not be a number, and need not do more damage than one below', () => {
    const passes = {
      none: () => model,
      much: () => pruned(0.9),
      int8: () => quantize(model, { calibration: samples[0] }),
    };
    const { level, tried } = strongest(model, ['none', 'much', 'int8'] as const, (name) => passes[name](), {
      samples,
      maxDamage: { changed: 0.05 },
    });
    expect([level, tried.length]).toEqual(['int8', 1]);
  });

  test('tells all that were tried where none is within the limit', () => {
    const run = () => strongest(model, [0.8, 0.9], pruned, { samples, maxDamage: { changed: 0 } });
    expect(run).toThrow(StateError);
    expect(run).toThrow(
      /^strongest: every level does too much damage\. 0\.9: "dense_2" changes .* % are allowed\. 0\.8: "dense_2" changes /,
    );
  });

  test('refuses levels that do not ascend, no level, and no limit', () => {
    const options = { samples, maxDamage: { changed: 0.1 } };
    expect(() => strongest(model, [0.5, 0.5], pruned, options)).toThrow(
      'strongest: levels[1] must be more than 0.5: levels ascend',
    );
    expect(() => strongest(model, [], pruned, options)).toThrow('levels must be a list of at least one');
    expect(() => strongest(model, [0.5], 0.5 as never, options)).toThrow('the pass must be a function');
    for (const [maxDamage, message] of [
      [{}, 'maxDamage must be an object with accuracy or changed or worstClass or r2'],
      [{ judge: 'interval' }, 'maxDamage must be an object with accuracy'],
      [{ accuracy: -1 }, 'accuracy must be at least 0'],
      [{ accuracy: 0.1, judge: 'mean' }, 'judge of maxDamage must be measured or interval'],
      [{ acuracy: 0.1 }, 'Did you mean accuracy?'],
      [0.01, /maxDamage must be an object with accuracy .* got 0\.01\. Write \{ accuracy: 0\.01 \}/],
      [[0.1], 'maxDamage must be an object with accuracy'],
    ] as const) {
      const run = () => strongest(model, [0.5], pruned, { samples, maxDamage: maxDamage as MaxDamage });
      expect(run).toThrow(ValueError);
      expect(run).toThrow(message);
    }
    expect(() => heldTo(model, pruned as never, { maxDamage: { changed: 1 } } as never)).toThrow('samples must be');
  });
});

test.each(Object.keys(FIVE))('%s is pruned as far as a limit allows', (name) => {
  const one = trained(name);
  const own = tenClasses(one, 60, 8);
  const { level, tried, result } = strongest(one, [0, 0.2, 0.5, 0.9], (sparsity) => prune(one, { sparsity }), {
    samples: own,
    maxDamage: { changed: 0.2, worstClass: 0.4 },
  });
  expect(heldTo(one, () => result, { samples: own, maxDamage: { changed: 0.2, worstClass: 0.4 } })).toBe(result);
  expect(tried.at(-1)!.level).toBe(level);
  expect(tried.slice(0, -1).every(({ excess }) => excess.length > 0)).toBe(true);
});

describe('a schedule with a limit', () => {
  const fine = { changed: 0.08 };
  const course = { finalSparsity: 0.9, begin: 0, end: 240, frequency: 40 } as const;
  const data = threeClasses(120, 5);
  const start = (): Sequential => {
    const copy = smallModel();
    copy.fit(...data, { epochs: 30 });
    return copy;
  };
  const first = start();
  const train = (one: Sequential, epochs: number, ...callbacks: Callback[]): void =>
    void one.fit(...data, { epochs, batchSize: 6, callbacks }); // 20 steps an epoch
  const changedIn = (one: Model): number => {
    const [d] = damage(first, one, samples).outputs;
    return d?.kind === 'classes' ? d.changed.share : Number.NaN;
  };
  const dead = (one: Model): number =>
    kernelsOf(one).reduce((sum, { mask }) => sum + (mask?.data.filter((bit) => bit === 0).length ?? 0), 0);
  /** What training goes on from: weights, masks, and the optimizer's moments and rates of decay. */
  const stateOf = (one: Model) => {
    const { slots, scalars } = one.optimizer.state(one.weights);
    return {
      weights: one.weights.map(({ value, mask }) => [[...value.data], mask && [...mask.data]]),
      slots: slots.map((own) => Object.entries(own).map(([name, t]) => [name, [...t.data]])),
      powers: [scalars.power1, scalars.power2],
    };
  };
  /** Sees a model behind each step, and before the first. */
  const eachStep = (see: (step: number, one: Model) => void): Callback => {
    let step = 0;
    return { onTrainBegin: (one) => see(0, one), onBatchEnd: (_batch, _logs, one) => see(++step, one) };
  };

  test('judges a pruning when training has had its chance, takes back one that breaks it, and prunes no more', () => {
    const schedule = new PruningSchedule({ ...course, limit: { samples, maxDamage: fine } });
    const held = start();
    const seen: number[] = [];
    const changed: number[] = [];
    const states = new Map<number, ReturnType<typeof stateOf>>();
    const before = eachStep((step, one) => {
      if (step === 120) states.set(step, stateOf(one));
      if (step % 40 === 0) changed.push(changedIn(one)); // as the schedule finds it
    });
    const after = eachStep((step, one) => {
      seen.push(dead(one));
      if (step === 80) expect(changedIn(one)).toBeGreaterThan(0.15); // the training that follows repairs it
      if (step === 160) states.set(step, stateOf(one));
    });
    train(held, 16, before, schedule, after);
    expect(changed.slice(0, 4).every((share) => share <= 0.08)).toBe(true);
    expect(schedule.stopped).toMatchObject({ step: 120, sparsity: schedule.sparsityAt(120) });
    const { excess, damage: report } = schedule.stopped!;
    expect(excess).toMatchObject([{ limit: 'changed', allowed: 0.08, found: changed[4] }]);
    const [d] = report.outputs;
    expect(d?.kind === 'classes' && d.changed.share).toBe(changed[4]);
    const zeros = (step: number): number => Math.round(schedule.sparsityAt(step) * 95);
    expect([0, 40, 80, 120, 159, 160, 320].map((step) => seen[step])).toEqual([0, 40, 80, 120, 120, 80, 80].map(zeros));
    expect(states.get(160)).toEqual(states.get(120)); // as it was before, to the bit
    expect(held.optimizer.iterations).toBe(first.optimizer.iterations + 320);
  });

  test('goes on as if the steps between had not moved it', () => {
    const [held, other] = [start(), start()];
    train(held, 10, new PruningSchedule({ ...course, limit: { samples, maxDamage: fine } }));
    const plain = new PruningSchedule(course);
    let back = (): void => {};
    const by = eachStep((step, one) => {
      if (step === 0) plain.onTrainBegin(one);
      else if (step < 120) plain.onBatchEnd(step, { loss: 0 }, one);
      if (step === 160) back();
      if (step !== 120) return;
      const [weights, state] = [one.getWeights(), one.optimizer.state(one.weights)];
      back = () => {
        one.setWeights(weights);
        one.optimizer.restore(one.weights, {
          ...state,
          scalars: { ...state.scalars, iterations: one.optimizer.iterations },
        });
      };
    });
    train(other, 10, by);
    expect(digest(held)).toBe(digest(other));
    expect(stateOf(held)).toEqual(stateOf(other));
  });

  test('prunes as without one where it is not broken, and is free again in the next fit', () => {
    const [held, plain] = [start(), start()];
    const schedule = new PruningSchedule({ ...course, limit: { samples, maxDamage: { changed: 1 } } });
    train(held, 13, schedule);
    train(plain, 13, new PruningSchedule(course));
    expect(schedule.stopped).toBeNull();
    expect(digest(held)).toBe(digest(plain));

    const strict = new PruningSchedule({ ...course, limit: { samples, maxDamage: fine } });
    train(start(), 9, strict);
    const { stopped } = strict;
    expect(stopped).not.toBeNull();
    train(start(), 9, strict);
    expect(strict.stopped).toEqual(stopped);
    expect(strict.stopped).not.toBe(stopped);
    train(start(), 3, strict);
    expect(strict.stopped).toBeNull(); // only now is it a fit that keeps to it
  });

  test('judges the last at the end of the fit, masks and all', () => {
    const options = { sparsity: 0.9, begin: 10, limit: { samples, maxDamage: fine } };
    const schedule = new ConstantSparsity(options);
    const [held, plain] = [start(), start()];
    let then = stateOf(held);
    const see = eachStep((step, one) => {
      if (step === 10) then = stateOf(one);
      if (step > 10) expect(dead(one)).toBe(86);
    });
    train(held, 2, see, schedule);
    train(plain, 2);
    expect(schedule.stopped).toMatchObject({ step: 10, sparsity: 0.9 });
    expect(kernelsOf(held).map(({ mask }) => mask)).toEqual([null, null, null]);
    expect(stateOf(held)).toEqual(then);
    expect(held.steps).toBe(plain.steps);

    // By an error too: what is left keeps to the limit
    const broken = start();
    const fail = eachStep((step) => {
      if (step === 15) throw new Error('stopped by hand');
    });
    expect(() => train(broken, 2, schedule, fail)).toThrow('stopped by hand');
    expect([schedule.stopped?.step, dead(broken)]).toEqual([10, 0]);
  });

  /** Keeps the weights of one epoch. */
  const keeping = (epoch: number): EarlyStopping => {
    const early = new EarlyStopping({ monitor: 'loss', mode: 'min', patience: 99, restoreBestWeights: true });
    const { onEpochEnd } = EarlyStopping.prototype;
    early.onEpochEnd = (at, _logs, one) => onEpochEnd.call(early, at, { loss: at === epoch ? 0 : 1 }, one);
    return early;
  };

  test('has the last word behind an EarlyStopping, which brings back what was taken back', () => {
    const schedule = () => new PruningSchedule({ ...course, limit: { samples, maxDamage: fine } });
    const zeros = (step: number): number => Math.round(schedule().sparsityAt(step) * 95);
    const [held, broken, within] = [start(), start(), start()];
    const own = schedule();
    train(held, 10, keeping(6), own); // the pruning at 120 is in force, and judged at 160
    expect(own.stopped?.step).toBe(120);
    expect(dead(held)).toBe(zeros(80));
    expect(changedIn(held)).toBeLessThanOrEqual(0.08);
    for (const { value, mask } of kernelsOf(held))
      expect(mask!.data.every((bit: number, i: number) => bit === 1 || value.data[i] === 0)).toBe(true);

    train(broken, 10, schedule(), keeping(6));
    expect(dead(broken)).toBe(zeros(120));

    train(within, 10, keeping(3), schedule()); // epoch 3 ends behind the pruning at 80
    expect(dead(within)).toBe(zeros(80));
  });

  test('counts damage from before its first pruning, or from what it is told', () => {
    const worst = prune(start(), { sparsity: 0.9 });
    const schedule = (limit: { against?: Model }) =>
      new ConstantSparsity({ sparsity: 0.9, limit: { samples, maxDamage: { changed: 0 }, ...limit } });
    const [own, told, network] = [
      schedule({}),
      schedule({ against: worst }),
      schedule({ against: toNetwork(worst) as never }),
    ];
    for (const each of [own, told, network]) train(start(), 0, each);
    expect(own.stopped).toMatchObject({ step: 0 });
    expect([told.stopped, network.stopped]).toEqual([null, null]); // it makes the very network that it is held against
  });

  test('refuses limits that are none, those of other outputs before anything is pruned', () => {
    const limited = (limit: unknown) => () => new PruningSchedule({ ...course, limit: limit as never });
    expect(limited({ samples, maxDamage: {} })).toThrow('PruningSchedule: maxDamage must be an object with accuracy');
    expect(limited({ maxDamage: fine })).toThrow('PruningSchedule: samples must be a list of x and y');
    expect(limited({ samples, maxDamage: fine, gainst: 1 })).toThrow('Did you mean against?');
    expect(limited(0.1)).toThrow('PruningSchedule: limit must be an object with samples and maxDamage, got 0.1');
    expect(() => new PruningSchedule({ ...course, maxDamage: fine } as never)).toThrow('Did you mean limit?');
    const one = start();
    const other = limited({ samples, maxDamage: { r2: 0.1 } })();
    expect(() => train(one, 1, other)).toThrow('PruningSchedule: r2 of maxDamage must be left out');
    expect([dead(one), one.steps]).toEqual([0, first.steps]);
  });
});
