import { checkCount, checkOneOf, checkText, ShapeError, StateError, ValueError } from '../base/errors.ts';
import { checkFunction, checkNumbers, checkOptions } from '../base/options.ts';
import { cloneModel } from '../compress/clone.ts';
import { checkMaxDamage, type MaxDamage } from '../compress/limit.ts';
import { checkPair } from '../compress/observe.ts';
import { sha256 } from '../io/sha256.ts';
import { checkModel } from '../nn/check-model.ts';
import type { Model } from '../nn/model.ts';
import { choicesOf } from '../nn/objective.ts';
import { isNamedOptimizer, optimizerByName } from '../nn/optimizers.ts';
import { checkSamples, listOf, oneOrAll, type SampleLists, type Tensors } from '../nn/samples.ts';
import { checkSeed } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkJournal } from './journal.ts';
import { checked as checkedRecipe, plainRecipe, recipeKey, recipesOf } from './recipes.ts';
import { drawable, type SearchSpace, STRATEGY_NAMES } from './search.ts';
import type { Bench } from './trials.ts';
import type { CompressBudget, CompressData, CompressOptions, Recipe, StrategyName } from './types.ts';
import { usualRecipes } from './usual.ts';
import { fileOf } from './wire.ts';

const OP = 'compress';

/** Options that were checked, with their defaults. */
export interface Setting extends SearchSpace {
  readonly strategy: StrategyName;
  readonly budget: CompressBudget;
  /** Null: the usual, which depends on the outputs. */
  readonly maxDamage: MaxDamage | null;
  readonly workers: number;
}

/** Throws for options that are none. */
export function settingOf(options: CompressOptions): Setting {
  checkOptions(
    OP,
    options,
    'budget maxDamage seeds recipes strategy trials seed batchSize learningRate workers worker journal onProgress signal',
  );
  const { maxDamage, strategy = 'grid', seeds = [0], seed = 0, batchSize, learningRate, workers = 0, worker } = options;
  const { journal, onProgress, signal } = options;
  if (maxDamage !== undefined) checkMaxDamage(OP, maxDamage);
  checkOneOf(OP, 'strategy', strategy, STRATEGY_NAMES);
  if (!Array.isArray(seeds) || seeds.length === 0) throw new ValueError(OP, 'seeds', 'a list of at least one', seeds);
  for (const each of seeds) checkSeed(OP, each);
  if (new Set(seeds).size < seeds.length) throw new ValueError(OP, 'seeds', 'each given once', seeds);
  checkSeed(OP, seed);
  if (batchSize !== undefined) checkCount(OP, 'batchSize', batchSize);
  if (learningRate !== undefined && !(learningRate > 0 && Number.isFinite(learningRate)))
    throw new ValueError(OP, 'learningRate', 'positive', learningRate);
  checkCount(OP, 'workers', workers, 0, 64);
  if (worker !== undefined) checkText(OP, 'worker', worker);
  if (worker !== undefined && workers === 0)
    throw new ValueError(OP, 'worker', 'left out without workers, whose file it is', worker);
  if (journal !== undefined) checkJournal(OP, journal);
  if (onProgress !== undefined) checkFunction(OP, 'onProgress', onProgress, 'of what has finished');
  if (signal !== undefined)
    checkFunction(
      OP,
      'signal',
      Object(signal).addEventListener,
      'addEventListener, as that of new AbortController().signal has',
    );
  const recipes = checkedRecipes(options.recipes ?? usualRecipes());
  if (strategy === 'grid' && options.trials !== undefined)
    throw new ValueError(OP, 'trials', 'left out with grid, which tries all recipes', options.trials);
  const others = drawable(recipes).length;
  if (strategy !== 'grid' && others === 0)
    throw new ValueError(OP, 'strategy', 'grid where all recipes are from scratch, of which none is drawn', strategy);
  const { trials = Math.min(16, others) } = options;
  if (strategy !== 'grid') checkCount(OP, 'trials', trials, 1, others);
  return {
    strategy,
    seeds,
    seed,
    recipes,
    trials,
    budget: budgetOf(options.budget),
    maxDamage: maxDamage ?? null,
    workers,
  };
}

function budgetOf(budget: CompressOptions['budget'] = {}): CompressBudget {
  if (typeof budget === 'number') {
    checkNumbers(OP, { budget }, 1);
    return { bytes: budget };
  }
  checkOptions(`${OP}: budget`, budget, 'bytes parameters macs');
  const given = Object.entries(budget).filter(([, most]) => most !== undefined);
  checkNumbers(OP, Object.fromEntries(given.map(([what, most]) => [`budget.${what}`, most])), 1);
  return budget;
}

/** Recipes, checked, each once. */
function checkedRecipes(given: NonNullable<CompressOptions['recipes']>): Recipe[] {
  if (!Array.isArray(given)) return recipesOf(OP, given as Exclude<typeof given, readonly Recipe[]>);
  if (given.length === 0) throw new ValueError(OP, 'recipes', 'a list of at least one', given);
  for (const [i, recipe] of given.entries()) checkedRecipe(OP, `recipes[${i}]`, recipe);
  const keys = given.map(recipeKey);
  const twice = keys.findIndex((key, i) => keys.indexOf(key) !== i);
  if (twice >= 0) throw new ValueError(OP, `recipes[${twice}]`, 'another than those before it', given[twice]);
  return given.map(plainRecipe);
}

/** Model and samples, checked, as trials are run with them. The model is a copy. */
export function benchFor(model: Model, data: CompressData, { batchSize = 32, learningRate }: CompressOptions): Bench {
  checkModel(OP, 'the model', model);
  if (!model.isCompiled) throw new StateError(OP, 'the model is not compiled: call compile({ optimizer, loss }) first');
  const { optimizer } = model;
  if (!isNamedOptimizer(optimizer))
    throw new StateError(OP, `the optimizer ${optimizer.name} cannot be made anew: compile the model with another`);
  if (learningRate === undefined && (optimizer.hasSchedule || optimizer.learningRate === 0))
    throw new StateError(
      OP,
      'the learning rate of the model follows a schedule, or is 0: give learningRate, from which each training falls to 0',
    );
  checkOptions(`${OP}: data`, data, 'x y validation test');
  const copy = cloneModel(model);
  const rate = learningRate ?? optimizer.learningRate;
  copy.compile({
    optimizer: optimizerByName(optimizer.name, { ...optimizer.config(), learningRate: rate }),
    ...choicesOf(model.objectives),
    replay: model.replay,
  });
  const own = (called: string, [x, y]: SampleLists): SampleLists & readonly [Tensors, Tensors] => {
    const names = [`x of ${called}`, `y of ${called}`] as const;
    const lists = checkSamples(OP, copy, x, y, names);
    copy.prepare(OP, lists, names[1]);
    return [oneOrAll(lists.xs), oneOrAll(lists.ys)];
  };
  for (const called of ['validation', 'test'] as const) checkPair(`${OP}: ${called}`, data[called]);
  const [x, y] = own('the training', [data.x, data.y]);
  const samples = listOf(x as Tensor | readonly Tensor[])[0]!.shape[0]!;
  if (samples === 0) throw new ShapeError(OP, [], 'there are no samples');
  const validation = own('validation', data.validation);
  return { model: copy, x, y, validation, test: own('test', data.test), samples, batchSize, learningRate: rate };
}

/** What all outcomes of a search depend on. Throws StateError for a model with code of the user's own, which no file tells. */
export function digestOf({ model, x, y, validation, test, batchSize }: Bench, setting: Setting): string {
  const all = [x, y, ...validation, ...test].flatMap((each) => listOf(each as Tensor | readonly Tensor[]));
  const { strategy, seeds, seed, trials, recipes } = setting;
  const text = JSON.stringify({
    // With optimizer, and so the rate, and with losses: two that are code cannot be told apart
    model: sha256(fileOf(model, 'the journal knows the model by its file', 'journal')),
    samples: all.map(({ data: { buffer, byteOffset, byteLength }, shape, dtype }) => {
      return { dtype, shape, sha256: sha256(new Uint8Array(buffer, byteOffset, byteLength)) };
    }),
    ...(strategy !== 'grid' && { seed, trials }), // a grid draws nothing
    ...{ strategy, seeds, batchSize, recipes: recipes.map(recipeKey) },
  });
  return sha256(new TextEncoder().encode(text));
}
