import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isBaseline, recipeKey, recipesIn, type StrategyName } from '../../src/index.ts';
import { type Search, STRATEGY_NAMES, searchOf, type Told, trialKey } from '../../src/pareto/search.ts';
import type { Trial } from '../../src/pareto/types.ts';
import { SPACE, TAUGHT } from './tools.ts';

const space = { recipes: recipesIn({ ...SPACE, distil: [null, TAUGHT] }), seeds: [0, 7], trials: 9, seed: 3 };
const baselines = space.recipes.filter(isBaseline);
const others = space.recipes.length - baselines.length;

/** A result by the trial alone; some make nothing. */
function resultOf(trial: Trial): Told | null {
  let hash = 7;
  for (const character of trialKey(trial)) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0;
  if (hash % 11 === 0) return null;
  const score = (hash % 97) / 97;
  return { bytes: 100 + (hash % 13), validation: { score, low: score, high: score, scoreName: 'accuracy' } };
}

/** Runs a search with up to `slots` trials at once, which finish as `choices` say. */
function ran(search: Search, slots: number, choices: readonly number[], made = resultOf): string[] {
  const asked: string[] = [];
  const running: Trial[] = [];
  for (let turn = 0; ; turn++) {
    while (running.length < slots) {
      const trial = search.ask();
      if (trial === null) break;
      asked.push(trialKey(trial));
      running.push(trial);
    }
    if (running.length === 0) return asked;
    const [done] = running.splice((choices[turn % choices.length] ?? 0) % running.length, 1);
    search.tell(done!, made(done!));
  }
}

describe.each(STRATEGY_NAMES)('%s', (strategy: StrategyName) => {
  test('asks for the same trials in the same order, however many run and whichever ends first', () => {
    const alone = ran(searchOf(strategy, space), 1, [0]);
    expect(new Set(alone).size).toBe(alone.length);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.nat(5), { minLength: 1, maxLength: 40 }),
        (slots, choices) => {
          expect(ran(searchOf(strategy, space), slots, choices)).toEqual(alone);
        },
      ),
    );
  });

  test.each([
    ['some', resultOf],
    [
      'none',
      (trial: Trial) =>
        resultOf(trial) ?? { bytes: 9, validation: { score: 1, low: 1, high: 1, scoreName: 'accuracy' as const } },
    ],
    ['all', () => null],
  ])('says how many trials it asks for, where %s make nothing', (_, made) => {
    const search = searchOf(strategy, space);
    const { count } = search;
    const asked = ran(search, 2, [0], made).length;
    expect(asked).toBe(search.count);
    expect(asked).toBeLessThanOrEqual(count);
    if (strategy !== 'halving') expect(asked).toBe(count);
    else expect(count).toBe(2 * (9 + 5 + 3 + baselines.length));
  });

  test('has every baseline with every seed and all epochs, once and whatever fails', () => {
    for (const made of [resultOf, () => null]) {
      const trials = ran(searchOf(strategy, space), 3, [1], made).map((key) => JSON.parse(key) as Trial);
      const found = trials.filter(({ recipe }) => isBaseline(recipe));
      const wanted = baselines.flatMap((recipe) => space.seeds.map((seed) => trialKey({ recipe, seed, effort: 1 })));
      expect(found.map(trialKey).sort()).toEqual(wanted.sort());
    }
  });

  test('refuses a result that it does not wait for', () => {
    const search = searchOf(strategy, space);
    const trial = search.ask()!;
    search.tell(trial, resultOf(trial));
    expect(() => search.tell(trial, null)).toThrow('does not wait for');
    expect(() => search.tell({ ...trial, seed: 99 }, null)).toThrow('does not wait for');
  });
});

test('grid tries every recipe with every seed, and random so many as it is told, others with another seed', () => {
  const trials = (search: Search): Trial[] => ran(search, 1, [0]).map((key) => JSON.parse(key) as Trial);
  const grid = trials(searchOf('grid', space));
  expect(grid).toHaveLength(space.recipes.length * 2);
  const drawn = (seed: number): string[] =>
    trials(searchOf('random', { ...space, seed }))
      .filter(({ recipe }) => !isBaseline(recipe))
      .map((each) => recipeKey(each.recipe));
  expect(new Set(drawn(1)).size).toBe(9);
  expect(drawn(1)).toHaveLength(18);
  expect(drawn(1)).not.toEqual(drawn(2));
  expect(new Set(drawn(1))).not.toEqual(new Set(drawn(2)));
});

test('halving gives half as many recipes twice the epochs, and none that made nothing', () => {
  const trials = ran(searchOf('halving', { ...space, trials: 8 }), 1, [0])
    .map((key) => JSON.parse(key) as Trial)
    .filter(({ recipe }) => !isBaseline(recipe));
  expect(others).toBeGreaterThan(8);
  const rungs = [0.25, 0.5, 1].map((effort) => trials.filter((each) => each.effort === effort));
  expect(rungs.map(({ length }) => length)).toEqual([16, 8, 4]);
  rungs.slice(0, -1).forEach((rung, i) => {
    const next = new Set(rungs[i + 1]!.map((each) => recipeKey(each.recipe)));
    for (const each of rung) if (resultOf(each) === null) expect(next).not.toContain(recipeKey(each.recipe));
    for (const key of next) expect(rung.map((each) => recipeKey(each.recipe))).toContain(key);
  });
});
