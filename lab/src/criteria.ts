import { type Callback, cloneModel, type Model, MovementScores, measure, type PruneOptions, prune } from 'whittle-ml';
import { figure } from './figures.ts';
import { criteriaFindings } from './findings-criteria.ts';
import { measured } from './measuring.ts';
import { type Plan, planOf } from './plans.ts';
import type { ModelKind, Progress } from './types-base.ts';
import type { Criteria, CriterionName } from './types-compared.ts';
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

/** Ways to choose which weights of a trained network go; `movement` has watched the end of its training. */
const CHOICES: {
  readonly [N in Exclude<CriterionName, 'SNIP' | 'small network'>]: (
    bench: Workbench,
    movement: MovementScores,
  ) => Pruning;
} = {
  magnitude: () => ({ criterion: 'magnitude' }),
  'magnitude, each layer': () => ({ criterion: 'magnitude', scope: 'layer' }),
  'magnitude, panels': () => ({ criterion: 'magnitude', pattern: 'panels' }),
  'gradient × weight': ({ data }) => ({ criterion: 'taylor', samples: data.train }),
  Wanda: ({ data }) => ({ criterion: 'wanda', scope: 'unit', samples: data.train }),
  movement: (_, { scores }) => ({ criterion: scores }),
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

/** Trains a network and prunes it by every criterion to every level, each fine-tuned alike, and trains what these have to beat. */
export function criteriaRun(bench: Workbench, stage: string, progress: Progress, kind: ModelKind): CriteriaRun {
  const plan = planOf(bench, kind);
  const levels = LEVELS[kind];
  const names = Object.keys(CHOICES) as (keyof typeof CHOICES)[];
  const [long, short] = [plan.epochs('teacher'), plan.epochs('pruned')];
  progress.stage(stage, long + levels.length * (names.length * short + 2 * long));
  const fit = (
    name: string,
    model: Model,
    training: 'teacher' | 'pruned',
    callbacks: readonly Callback[] = [],
  ): void => {
    const learningRate = plan.rate(training);
    bench.fit(name, model, bench.data.train, { epochs: plan.epochs(training), learningRate, callbacks });
  };
  const scoreOf = (model: Model): number =>
    measure(model, { samples: bench.data.test, latency: false }).score ?? Number.NaN;

  const { teacher } = plan;
  const untrained = cloneModel(teacher);
  const movement = new MovementScores();
  // The end of the training alone, as long as a fine-tuning: at first all weights move
  const end: Callback = { onEpochBegin: (epoch) => void (epoch === long - short && movement.onTrainBegin()) };
  fit('whole', teacher, 'teacher', [movement, end]);

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
    const how = CHOICES[name](bench, movement);
    scores.set(
      name,
      levels.map((sparsity) => {
        const pruned = prune(teacher, { ...how, sparsity });
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
  const digests = runs.flatMap((run, i) => run.digests.map((each) => ({ seed: seeds[i]!, ...each })));
  return { ...result, digests, findings: criteriaFindings(result, scoreName) };
}
