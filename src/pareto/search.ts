import { StateError } from '../base/errors.ts';
import { Random } from '../tensor/random.ts';
import { bestOf, type Standing } from './fronts.ts';
import { isBaseline, recipeKey } from './recipes.ts';
import type { Point, Recipe, StrategyName, Trial } from './types.ts';

/** What a search is told of a point. */
export type Told = Pick<Point, 'bytes' | 'validation'>;

/**
 * Which trials are run. The same trials are asked for in the same order whatever the order in which results come: who runs
 * them, and how many at once, changes nothing.
 */
export interface Search {
  /** How many trials it asks for in all, by what it was told: fewer where so many made nothing that a rung is not filled. */
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
  /** How many recipes are drawn, where any are, of those that are no baselines. */
  readonly trials: number;
  /** Of what is drawn. */
  readonly seed: number;
}

/** One row a strategy. */
const STRATEGIES: { readonly [S in StrategyName]: (space: SearchSpace) => Search } = {
  grid: ({ recipes, seeds }) => new Rungs(recipes, [], seeds, [1]),
  random: (space) => new Rungs(drawn(space), space.recipes.filter(isBaseline), space.seeds, [1]),
  halving: (space) => new Rungs(drawn(space), space.recipes.filter(isBaseline), space.seeds, EFFORTS),
};

export const STRATEGY_NAMES = Object.keys(STRATEGIES) as StrategyName[];

/** Each rung has half as many recipes as the one before, and twice the epochs. */
const EFFORTS = [0.25, 0.5, 1];

export const searchOf = (strategy: StrategyName, space: SearchSpace): Search => STRATEGIES[strategy](space);

/** What recipes are drawn of: baselines are followed whatever is drawn, for what compression is worth is what it has over them. */
export const drawable = (recipes: readonly Recipe[]): Recipe[] => recipes.filter((recipe) => !isBaseline(recipe));

/** Recipes drawn without replacement, all alike likely (Bergstra & Bengio 2012), in the order in which they are drawn. */
function drawn({ recipes, trials, seed }: SearchSpace): Recipe[] {
  const others = drawable(recipes);
  const order = new Random(seed, 'recipes').permutation(others.length).data;
  return Array.from(order.subarray(0, trials), (i) => others[i]!);
}

/**
 * Successive halving (Jamieson & Talwalkar 2016, algorithm 1) on two objectives: recipes are tried with a part of the epochs, and
 * those that `bestOf` ranks first go on to the next rung, which begins when all results of the one before are there. A recipe is
 * ranked by its means over the seeds; one that made nothing with one of them goes no further. Baselines join the last rung, which
 * has all epochs and ranks nothing. With one rung it is a grid.
 */
class Rungs implements Search {
  private readonly baselines: readonly Recipe[];
  private readonly seeds: readonly number[];
  private readonly efforts: readonly number[];
  private rung = 0;
  /** Trials of the rungs before this one. */
  private earlier = 0;
  private recipes: readonly Recipe[];
  private asked = 0;
  /** Results of this rung by the key of their trial; undefined before they come. */
  private results: Map<string, Told | null | undefined> = new Map();

  constructor(
    recipes: readonly Recipe[],
    baselines: readonly Recipe[],
    seeds: readonly number[],
    efforts: readonly number[],
  ) {
    this.baselines = baselines;
    this.seeds = seeds;
    this.efforts = efforts;
    this.recipes = this.withBaselines(recipes);
  }

  get count(): number {
    const { recipes, seeds } = this;
    if (this.isLast) return this.earlier + seeds.length * recipes.length;
    const failed = recipes.filter((recipe) =>
      seeds.some((seed) => this.results.get(this.keyOf(recipe, seed)) === null),
    );
    let next = Math.min(Math.ceil(recipes.length / 2), recipes.length - failed.length);
    let sum = recipes.length + this.baselines.length;
    for (let rung = this.rung + 1; rung < this.efforts.length; rung++, next = Math.ceil(next / 2)) sum += next;
    return this.earlier + seeds.length * sum;
  }

  private get isLast(): boolean {
    return this.rung + 1 === this.efforts.length;
  }

  private withBaselines(recipes: readonly Recipe[]): readonly Recipe[] {
    return this.isLast ? [...recipes, ...this.baselines] : recipes;
  }

  private keyOf(recipe: Recipe, seed: number): string {
    return trialKey({ recipe, seed, effort: this.efforts[this.rung]! });
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

  /** Goes to the next rung if this one is over, and past those that nothing is left for. */
  private climb(): void {
    while (!this.isLast && this.isOver) {
      const { recipes } = this;
      const standings = recipes.map((recipe) => this.standingOf(recipe));
      const sound = recipes.flatMap((_, i) => (standings[i] === null ? [] : [i]));
      const best = bestOf(
        sound.map((i) => standings[i]!),
        Math.ceil(recipes.length / 2),
      );
      this.rung++;
      this.recipes = this.withBaselines(best.map((at) => recipes[sound[at]!]!));
      this.earlier += this.asked;
      this.asked = 0;
      this.results = new Map();
    }
  }

  private get isOver(): boolean {
    const { recipes, seeds, asked, results } = this;
    return asked === recipes.length * seeds.length && [...results.values()].every((told) => told !== undefined);
  }

  /** The means over the seeds; null where one made nothing. */
  private standingOf(recipe: Recipe): Standing | null {
    let bytes = 0;
    let score = 0;
    for (const seed of this.seeds) {
      const told = this.results.get(this.keyOf(recipe, seed));
      if (told == null) return null;
      bytes += told.bytes / this.seeds.length;
      score += told.validation.score / this.seeds.length;
    }
    return { bytes, score };
  }
}
