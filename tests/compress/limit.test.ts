import { describe, expect, test } from 'vitest';
import { damage } from '../../src/compress/damage.ts';
import { excessOf } from '../../src/compress/limit.ts';
import {
  type Callback,
  ConstantSparsity,
  Dense,
  digest,
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
      [0.1, 'options must be an object of accuracy'],
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
  const course = { finalSparsity: 0.95, begin: 0, end: 60, frequency: 10 } as const;
  const start = (): Sequential => {
    const copy = smallModel();
    copy.fit(...threeClasses(120, 5), { epochs: 30 });
    return copy;
  };
  const train = (one: Sequential, ...callbacks: Callback[]): void =>
    void one.fit(...threeClasses(120, 5), { epochs: 4, batchSize: 6, callbacks }); // 80 steps
  const dead = (one: Sequential): number =>
    kernelsOf(one).reduce((sum, { mask }) => sum + (mask?.data.filter((bit) => bit === 0).length ?? 0), 0);

  test('takes back the pruning that breaks it, to the bit, and prunes no more', () => {
    const schedule = new PruningSchedule({ ...course, limit: { samples, maxDamage: fine } });
    const held = start();
    const seen: number[] = [];
    train(held, schedule, { onBatchEnd: () => void seen.push(dead(held)) });
    const { step, sparsity, excess, damage: report } = schedule.stopped!;
    expect(step % 10).toBe(0);
    expect(step > 0 && step < 60).toBe(true);
    expect(sparsity).toBe(schedule.sparsityAt(step));
    expect(excess).toMatchObject([{ limit: 'changed', allowed: 0.08 }]);
    const [d] = report.outputs;
    expect(d?.kind === 'classes' && d.changed.share).toBe(excess[0]!.found);
    const last = Math.round(schedule.sparsityAt(step - 10) * 95);
    expect([...new Set(seen.slice(step - 10))]).toEqual([last]);

    // The same fit with a schedule that ends there, and no limit
    const other = start();
    const plain = new PruningSchedule(course);
    let steps = 0;
    train(other, {
      onTrainBegin: (one) => plain.onTrainBegin(one),
      onBatchEnd: (batch, logs, one) => {
        if (++steps < step) plain.onBatchEnd(batch, logs, one);
      },
    });
    expect(digest(held)).toBe(digest(other));
  });

  test('prunes as without one where it is not broken, and is free again in the next fit', () => {
    const [held, plain] = [start(), start()];
    const schedule = new PruningSchedule({ ...course, limit: { samples, maxDamage: { changed: 1 } } });
    train(held, schedule);
    train(plain, new PruningSchedule(course));
    expect(schedule.stopped).toBeNull();
    expect(digest(held)).toBe(digest(plain));

    const strict = new PruningSchedule({ ...course, limit: { samples, maxDamage: fine } });
    train(start(), strict);
    const { stopped } = strict;
    train(start(), strict);
    expect(strict.stopped).toEqual(stopped);
    expect(strict.stopped).not.toBe(stopped);
  });

  test('of one sparsity stays without any where that is too much, masks and all', () => {
    const schedule = new ConstantSparsity({ sparsity: 0.9, begin: 10, limit: { samples, maxDamage: fine } });
    const [held, plain] = [start(), start()];
    train(held, schedule);
    train(plain);
    expect(schedule.stopped).toMatchObject({ step: 10, sparsity: 0.9 });
    expect(kernelsOf(held).map(({ mask }) => mask)).toEqual([null, null, null]);
    expect(digest(held)).toBe(digest(plain));
  });

  test('counts damage from before its first pruning, or from what it is told', () => {
    const worst = prune(start(), { sparsity: 0.9 });
    const schedule = (limit: { against?: Model }) =>
      new ConstantSparsity({ sparsity: 0.9, frequency: 20, limit: { samples, maxDamage: { changed: 0 }, ...limit } });
    const [own, told] = [schedule({}), schedule({ against: worst })];
    train(start(), own);
    train(start(), told);
    expect(own.stopped).toMatchObject({ step: 0 });
    expect(told.stopped).toBeNull(); // it makes the very network that it is held against, and masks no more later
    const network = new ConstantSparsity({
      sparsity: 0.9,
      end: 0,
      limit: { samples, maxDamage: { changed: 0 }, against: toNetwork(worst) },
    });
    train(start(), network);
    expect(network.stopped).toBeNull();
  });

  test('refuses limits that are none', () => {
    const limited = (limit: unknown) => () => new PruningSchedule({ ...course, limit: limit as never });
    expect(limited({ samples, maxDamage: {} })).toThrow('PruningSchedule: maxDamage must be an object with accuracy');
    expect(limited({ maxDamage: fine })).toThrow('PruningSchedule: samples must be a list of x and y');
    expect(limited({ samples, maxDamage: fine, gainst: 1 })).toThrow('Did you mean against?');
    expect(limited(0.1)).toThrow('options must be an object');
  });
});
