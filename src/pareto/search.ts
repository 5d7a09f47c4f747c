import { StateError } from '../base/errors.ts';
import { Random } from '../tensor/random.ts';
import { bestOf, type Standing } from './fronts.ts';
import { recipeKey } from './recipes.ts';
import type { Point, Recipe, StrategyName, Trial } from './types.ts';

/** What a search is told of a point. */
export type Told = Pick<Point, 'bytes' | 'validation'>;

/**
 * Which trials are run. The same trials are asked for in the same order whatever the order in which results come: who runs
 * them, and how many at once, changes nothing.
 */
export interface Search {
  /** How many trials it asks for in all. */
  readonly count: number;
  /** The next one; null where none is left, or where it waits for results of those that are running. */
  ask(): Trial | null;
  /** The result of a trial that was asked for; null where it made nothing. */
  tell(trial: Trial, point: Told | null): void;
}

/** A text that two trials have in common only if they are the same: their JSON. */
export const trialKey = ({ recipe, seed, effort }: Trial): string =>
  `{"seed":${seed},"effort":${effort},"recipe":${recipeKey(recipe)}}`;

/** What a search goes through. */
export interface SearchSpace {
  /** Each once. */
  readonly recipes: readonly Recipe[];
  readonly seeds: readonly number[];
  /** How many recipes are drawn, where any are. */
  readonly trials: number;
  /** Of what is drawn. */
  readonly seed: number;
}

/** One row a strategy. */
const STRATEGIES: { readonly [S in StrategyName]: (space: SearchSpace) => Search } = {
  grid: ({ recipes, seeds }) => new Halving(recipes, seeds, [1]),
  random: (space) => new Halving(drawn(space), space.seeds, [1]),
  halving: (space) => new Halving(drawn(space), space.seeds, EFFORTS),
};

export const STRATEGY_NAMES = Object.keys(STRATEGIES) as StrategyName[];

/** Each rung has half as many recipes as the one before, and twice the epochs. */
const EFFORTS = [0.25, 0.5, 1];

export const searchOf = (strategy: StrategyName, space: SearchSpace): Search => STRATEGIES[strategy](space);

/** Recipes drawn without replacement, all alike likely (Bergstra & Bengio 2012), in the order in which they are drawn. */
function drawn({ recipes, trials, seed }: SearchSpace): Recipe[] {
  const order = new Random(seed, 'recipes').permutation(recipes.length).data;
  return Array.from(order.subarray(0, trials), (i) => recipes[i]!);
}

/**
 * Successive halving (Jamieson & Talwalkar 2016, algorithm 1) on two objectives: recipes are tried with a part of the epochs, and
 * those that `bestOf` ranks first go on to the next rung, which begins when all results of the one before are there. A recipe is
 * ranked by its means over the seeds; one that made nothing with one of them goes no further. With one rung it is a grid.
 */
class Halving implements Search {
  readonly count: number;
  private readonly seeds: readonly number[];
  private readonly efforts: readonly number[];
  /** How many recipes each rung has, at most. */
  private readonly sizes: readonly number[];
  private rung = 0;
  private recipes: readonly Recipe[];
  private asked = 0;
  /** Results of this rung by the key of their trial; undefined before they come. */
  private results: Map<string, Told | null | undefined> = new Map();

  constructor(recipes: readonly Recipe[], seeds: readonly number[], efforts: readonly number[]) {
    this.seeds = seeds;
    this.efforts = efforts;
    this.recipes = recipes;
    const sizes: number[] = [];
    for (let size = recipes.length, i = 0; i < efforts.length; i++, size = Math.ceil(size / 2)) sizes.push(size);
    this.sizes = sizes;
    this.count = seeds.length * sizes.reduce((sum, size) => sum + size, 0);
  }

  ask(): Trial | null {
    this.climb();
    const { recipes, seeds, asked } = this;
    const recipe = recipes[Math.floor(asked / seeds.length)];
    if (recipe === undefined) return null;
    const trial = { recipe, seed: seeds[asked % seeds.length]!, effort: this.efforts[this.rung]! };
    this.asked++;
    this.results.set(trialKey(trial), undefined);
    return trial;
  }

  tell(trial: Trial, point: Told | null): void {
    const key = trialKey(trial);
    if (!this.results.has(key) || this.results.get(key) !== undefined)
      throw new StateError('compress', 'a search was told the result of a trial that it does not wait for');
    this.results.set(key, point);
  }

  /** Goes to the next rung if this one is over. */
  private climb(): void {
    const { recipes, seeds, asked, results, rung } = this;
    const isOver = asked === recipes.length * seeds.length && [...results.values()].every((told) => told !== undefined);
    if (!isOver || rung + 1 === this.efforts.length) return;
    const standings = recipes.map((recipe) => this.standingOf(recipe));
    const sound = recipes.flatMap((_, i) => (standings[i] === null ? [] : [i]));
    const best = bestOf(
      sound.map((i) => standings[i]!),
      this.sizes[rung + 1]!,
    );
    this.recipes = best.map((at) => recipes[sound[at]!]!);
    this.rung++;
    this.asked = 0;
    this.results = new Map();
  }

  /** The means over the seeds; null where one made nothing. */
  private standingOf(recipe: Recipe): Standing | null {
    let bytes = 0;
    let score = 0;
    for (const seed of this.seeds) {
      const told = this.results.get(trialKey({ recipe, seed, effort: this.efforts[this.rung]! }));
      if (told == null) return null;
      bytes += told.bytes / this.seeds.length;
      score += told.validation.score / this.seeds.length;
    }
    return { bytes, score };
  }
}
