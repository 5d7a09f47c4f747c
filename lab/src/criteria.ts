import { cloneModel, type Model, MovementScores, measure, type PruneOptions, prune } from 'whittle-ml';
import { figure } from './figures.ts';
import { criteriaFindings } from './findings-criteria.ts';
import { measured } from './measuring.ts';
import { type Plan, planOf } from './plans.ts';
import type { Criteria, CriterionName, JobReport, ModelKind, Progress } from './types.ts';
import type { Workbench } from './workbench.ts';

/** Shares of the weights that are zero. Networks for images take longer to train, so there are fewer of them. */
export const LEVELS: { readonly [K in ModelKind]: readonly number[] } = {
  mlp: [0.5, 0.8, 0.9, 0.95, 0.98],
  cnn: [0.5, 0.8, 0.95],
  mobilenet: [0.3, 0.5, 0.7],
};

/** Seeds of a comparison: fewer say little about which of two is better. */
const SEEDS = 3;

/** The seeds of a job, and those behind the last until there are three. */
export const criteriaSeeds = (seeds: readonly number[]): number[] => [
  ...seeds,
  ...Array.from({ length: Math.max(0, SEEDS - seeds.length) }, (_, i) => seeds.at(-1)! + 1 + i),
];

type Pruning = Omit<PruneOptions, 'sparsity' | 'count'>;

/** Ways to choose which weights of a trained network go; those of `movement` come from a training of their own. */
const CHOICES: { readonly [N in Exclude<CriterionName, 'SNIP' | 'small network'>]: (bench: Workbench) => Pruning } = {
  magnitude: () => ({ criterion: 'magnitude' }),
  'magnitude, each layer': () => ({ criterion: 'magnitude', scope: 'layer' }),
  'magnitude, panels': () => ({ criterion: 'magnitude', pattern: 'panels' }),
  'gradient × weight': ({ data }) => ({ criterion: 'taylor', samples: data.train }),
  Wanda: ({ data }) => ({ criterion: 'wanda', scope: 'unit', samples: data.train }),
  movement: () => ({}),
  random: () => ({ criterion: 'random' }),
};

/** Scores of one seed: the whole network's, and by criterion one for each level. */
export interface CriteriaRun {
  readonly whole: number;
  readonly scores: ReadonlyMap<CriterionName, readonly number[]>;
  readonly parameters: number;
  /** Of each level, the weights that are left, and the parameters of the small network. */
  readonly left: readonly number[];
  readonly small: readonly number[];
  readonly digests: readonly { readonly model: string; readonly sha256: string }[];
}

/** Trains a network and prunes it by every criterion to every level, each fine-tuned alike; and what it is compared with. */
export function criteriaRun(bench: Workbench, stage: string, progress: Progress, kind: ModelKind): CriteriaRun {
  const plan = planOf(bench, kind);
  const levels = LEVELS[kind];
  const names = Object.keys(CHOICES) as (keyof typeof CHOICES)[];
  const [long, short] = [plan.epochs('teacher'), plan.epochs('pruned')];
  progress.stage(stage, long + short + levels.length * (names.length * short + 2 * long));
  const fit = (
    name: string,
    model: Model,
    training: 'teacher' | 'pruned',
    callbacks: readonly MovementScores[] = [],
  ): void => {
    const learningRate = plan.rate(training);
    bench.fit(name, model, bench.data.train, { epochs: plan.epochs(training), learningRate, callbacks });
  };
  const scoreOf = (model: Model): number =>
    measure(model, { samples: bench.data.test, latency: false }).score ?? Number.NaN;

  const { teacher } = plan;
  const untrained = cloneModel(teacher);
  fit('whole', teacher, 'teacher');
  const moved = cloneModel(teacher);
  const movement = new MovementScores();
  fit('movement', moved, 'pruned', [movement]);

  const digests: { model: string; sha256: string }[] = [];
  const note = (name: string, level: number, model: Model): number => {
    digests.push({
      model: `${name}, ${Math.round(100 * level)} % zero`,
      sha256: measured(model, bench.data.test).sha256,
    });
    return scoreOf(model);
  };
  const scores = new Map<CriterionName, number[]>();
  for (const name of names) {
    const choice = CHOICES[name](bench);
    const [from, how]: [Model, Pruning] =
      name === 'movement' ? [moved, { criterion: movement.scores }] : [teacher, choice];
    scores.set(
      name,
      levels.map((sparsity) => {
        const pruned = prune(from, { ...how, sparsity });
        fit(name, pruned, 'pruned');
        return note(name, sparsity, pruned);
      }),
    );
  }
  const left: number[] = [];
  const small: number[] = [];
  const atFirst = levels.map((sparsity) => {
    const pruned = prune(untrained, { criterion: 'snip', sparsity, samples: bench.data.train });
    left.push(measure(pruned, { latency: false }).nonZeroParameters);
    fit('SNIP', pruned, 'teacher');
    return note('SNIP', sparsity, pruned);
  });
  scores.set('SNIP', atFirst);
  scores.set(
    'small network',
    levels.map((sparsity, i) => {
      const model = smallest(plan, left[i]!);
      small.push(model.parameterCount);
      fit('small network', model, 'teacher');
      return note('small network', sparsity, model);
    }),
  );
  return { whole: scoreOf(teacher), scores, parameters: teacher.parameterCount, left, small, digests };
}

/** The widest network of a plan with no more parameters than this. */
function smallest(plan: Plan, parameters: number): Model {
  let [low, high] = [0, 1];
  for (let i = 0; i < 12; i++) {
    const middle = (low + high) / 2;
    if (plan.scaled(middle).parameterCount <= parameters) low = middle;
    else high = middle;
  }
  return plan.scaled(low);
}

/** Sums up the runs of all seeds. */
export function criteriaOf(
  runs: readonly CriteriaRun[],
  seeds: readonly number[],
  kind: ModelKind,
  scoreName: string,
): Criteria {
  const [first] = runs as [CriteriaRun, ...CriteriaRun[]];
  const levels = LEVELS[kind];
  const rows = [...first.scores.keys()].map((name) => ({
    name,
    scores: levels.map((_, i) => figure(runs.map(({ scores }) => scores.get(name)![i]!))),
  }));
  const { parameters, left, small } = first;
  const result = { seeds, levels, whole: figure(runs.map(({ whole }) => whole)), rows, parameters, left, small };
  return { ...result, findings: criteriaFindings(result, scoreName) };
}

/** Digests by seed, criterion and level. */
export const criteriaDigests = (seeds: readonly number[], runs: readonly CriteriaRun[]): JobReport['digests'] =>
  runs.flatMap(({ digests }, i) => digests.map((each) => ({ seed: seeds[i]!, ...each })));
