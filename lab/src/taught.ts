import {
  classesOf,
  cloneModel,
  decodeWeight,
  fromNetwork,
  type Network,
  predictNetwork,
  Random,
  type Samples,
} from 'whittle-ml';
import { figure } from './figures.ts';
import { taughtFindings } from './findings-taught.ts';
import { asUsed } from './measuring.ts';
import type { Tested } from './mistakes.ts';
import { type Plan, planOf } from './plans.ts';
import { ALPHA, distilledBy, TEMPERATURE } from './teaching.ts';
import type { Figure, ModelKind, Progress } from './types-base.ts';
import type { Gain } from './types-layers.ts';
import type { SoftTargets, Taught, TaughtFigure, TaughtName } from './types-taught.ts';
import type { Workbench } from './workbench.ts';

/** Pairs of students, at least: so many of one teacher where there is one seed. Those of networks for images take long. */
const PAIRS: { readonly [K in ModelKind]: number } = { mlp: 5, cnn: 3, mobilenet: 3 };
/** Seeds of a job are less than this apart, so that no student begins with the weights of another seed's. */
const APART = 100;
const BINS = 15;
/** Draws of the bootstrap: enough for an interval to two digits, and no time to speak of. */
const RESAMPLES = 200;

/** Students that began alike. */
interface Pair {
  readonly start: number;
  readonly alone: Network;
  readonly distilled: Network;
}

/** What one seed made: its teacher, and pairs of students. */
export interface TaughtRun {
  readonly seed: number;
  readonly epochs: number;
  readonly teacher: Network;
  readonly pairs: readonly Pair[];
  readonly test: Samples;
  /** Rows of the table, from 0, that the samples of `test` are. */
  readonly rows: readonly number[];
  readonly control: Taught['control'] | null;
}

/**
 * Trains further students of a seed's teacher alone and distilled, beside the pair that are forms of the job, until all seeds
 * have `PAIRS` of them; for the first seed also one that is distilled with alpha 0.
 */
export function taughtRun(
  bench: Workbench,
  stage: string,
  progress: Progress,
  {
    kind,
    forms,
    seeds,
    isFirst,
  }: {
    readonly kind: ModelKind;
    readonly forms: Tested['forms'];
    readonly seeds: number;
    readonly isFirst: boolean;
  },
): TaughtRun {
  const plan = planOf(bench, kind);
  const epochs = plan.epochs('student');
  const starts = Math.ceil(PAIRS[kind] / seeds);
  progress.stage(stage, (2 * (starts - 1) + (isFirst ? 1 : 0)) * epochs);
  const networkOf = (name: Tested['forms'][number]['name']): Network =>
    forms.find((form) => form.name === name)!.network;
  const teacher = networkOf('teacher');
  const first: Pair = {
    start: bench.seed,
    alone: networkOf('student (labels only)'),
    distilled: networkOf('student (distilled)'),
  };
  const others = Array.from({ length: starts - 1 }, (_, i) =>
    pairOf(bench, plan, teacher, bench.seed + APART * (i + 1)),
  );
  return {
    ...{
      seed: bench.seed,
      epochs,
      teacher,
      pairs: [first, ...others],
      test: bench.data.test,
      rows: bench.data.testRows,
    },
    control: isFirst ? controlOf(bench, plan, teacher, first.alone) : null,
  };
}

function pairOf(bench: Workbench, plan: Plan, teacher: Network, start: number): Pair {
  const student = plan.student(start);
  const alone = cloneModel(student);
  const [epochs, learningRate] = [plan.epochs('student'), plan.rate('student')];
  bench.fit('student (labels only)', alone, bench.data.train, { epochs, learningRate });
  const distilled = distilledBy({ teacher: fromNetwork(teacher), student }, bench, plan);
  return { start, alone: asUsed(alone), distilled: asUsed(distilled) };
}

/** Whether distillation is the training on labels where the teacher's word weighs nothing. */
function controlOf(bench: Workbench, plan: Plan, teacher: Network, alone: Network): Taught['control'] {
  const told = { alpha: 0, name: 'student (distilled, alpha 0)' };
  const { weights } = asUsed(
    distilledBy({ teacher: fromNetwork(teacher), student: plan.student() }, bench, plan, told),
  );
  let largest = 0;
  for (const [key, stored] of alone.weights) {
    const [a, b] = [decodeWeight(stored)!, decodeWeight(weights.get(key)!)!];
    for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  }
  return { isSame: largest === 0, largest };
}

/** Figures of the samples that are drawn, by how often each row of the table is. */
type Judge = (drawn: ArrayLike<number>) => readonly number[];

/** What is judged of classes and of numbers, in the order in which a judge has it. */
const CLASSES: readonly TaughtName[] = ['accuracy', 'agreement', 'calibration'];
const NUMBERS: readonly TaughtName[] = ['R²', 'distance'];

/** Sums up the pairs of all seeds. `unit` is of the table, for a step of a regression's numbers, null for classes. */
export function taughtOf(runs: readonly TaughtRun[], unit: number | null, soft: SoftTargets): Taught {
  const [first] = runs as [TaughtRun, ...TaughtRun[]];
  const judge = (network: Network, run: TaughtRun): Judge =>
    unit === null ? classJudge(network, run) : numberJudge(network, run, unit);
  const pairs = runs.flatMap((run) =>
    run.pairs.map(({ start, ...pair }) => ({
      run: { seed: run.seed, start },
      alone: judge(pair.alone, run),
      distilled: judge(pair.distilled, run),
    })),
  );
  const rows = [...new Set(runs.flatMap((run) => run.rows))];
  const once = new Float64Array(Math.max(...rows) + 1).fill(1);
  const teachers = runs.map((run) => judge(run.teacher, run)(once));
  const over = (of: 'alone' | 'distilled', f: number): Figure => figure(pairs.map((pair) => pair[of](once)[f]!));
  const intervals = intervalsOf(pairs, rows);
  const figures = (unit === null ? CLASSES : NUMBERS).map((name, f): TaughtFigure => {
    const [alone, distilled] = [over('alone', f), over('distilled', f)];
    const gain = { gain: distilled.mean - alone.mean, ...intervals[f]! };
    const isOfTeachers = name !== 'agreement' && name !== 'distance';
    return { name, teacher: isOfTeachers ? figure(teachers.map((all) => all[f]!)) : null, alone, distilled, gain };
  });
  const told = {
    ...{ temperature: TEMPERATURE, alpha: ALPHA, epochs: first.epochs, samples: first.test[1].shape[0]!, bins: BINS },
    ...{ runs: pairs.map(({ run }) => run), figures, control: first.control! },
  };
  return { ...told, soft, findings: taughtFindings(told) };
}

/**
 * Intervals of 95 % of the mean gains, by a percentile bootstrap over rows of the table and pairs of students at once (Owen
 * 2007, The pigeonhole bootstrap): a gain must hold for other rows and for other students. Pairs share rows, so that rows
 * are drawn once for all pairs. Draws of n pairs vary by (n - 1)/n of what n new pairs do, and n is small: the intervals are
 * widened by the root of that around the mean of the draws.
 */
function intervalsOf(
  pairs: readonly { readonly alone: Judge; readonly distilled: Judge }[],
  rows: readonly number[],
): Omit<Gain, 'gain'>[] {
  const random = new Random(0, 'students');
  const drawn = new Float64Array(Math.max(...rows) + 1);
  const all: number[][] = [];
  for (let i = 0; i < RESAMPLES; i++) {
    drawn.fill(0);
    for (const at of random.uniform([rows.length]).data) drawn[rows[Math.floor(at * rows.length)]!]!++;
    const chosen = Array.from(random.uniform([pairs.length]).data, (at) => pairs[Math.floor(at * pairs.length)]!);
    const gains = chosen.map(({ alone, distilled }) => {
      const before = alone(drawn);
      return distilled(drawn).map((figure, f) => figure - before[f]!);
    });
    gains[0]!.forEach((_, f) => {
      const mean = gains.reduce((sum, each) => sum + each[f]!, 0) / gains.length;
      all[f] ??= [];
      if (Number.isFinite(mean)) all[f].push(mean);
    });
  }
  const wider = Math.sqrt(pairs.length / Math.max(1, pairs.length - 1));
  return all.map((means) => {
    const sorted = means.sort((a, b) => a - b);
    const middle = sorted.reduce((sum, x) => sum + x, 0) / sorted.length;
    const at = (share: number): number =>
      middle + wider * ((sorted[Math.round(share * (sorted.length - 1))] ?? 0) - middle);
    return sorted.length === 0 ? { low: 0, high: 0 } : { low: at(0.025), high: at(0.975) };
  });
}

/**
 * Accuracy, agreement with the teacher, and expected calibration error (Guo et al. 2017, section 2) of the samples drawn. The
 * library's metrics count a sample once, and a draw of the bootstrap counts it any number of times: where all count once, these
 * are the library's figures.
 */
function classJudge(network: Network, { teacher, test: [x, y], rows }: TaughtRun): Judge {
  const told = { scale: 'probabilities' } as const;
  const outputs = predictNetwork(network, x);
  const classes = outputs.shape.at(-1)!;
  const own = classesOf(outputs, told);
  const other = network === teacher ? own : classesOf(predictNetwork(teacher, x), told);
  const sure = Float64Array.from(own, (label, i) => outputs.data[i * classes + label]!);
  const bin = Int32Array.from(sure, (p) => Math.min(BINS - 1, Math.floor(p * BINS)));
  return (drawn) => {
    let [all, right, same] = [0, 0, 0];
    const gaps = new Float64Array(BINS);
    for (let i = 0; i < own.length; i++) {
      const times = drawn[rows[i]!]!;
      const isRight = own[i] === y.data[i] ? 1 : 0;
      all += times;
      right += times * isRight;
      if (own[i] === other[i]) same += times;
      gaps[bin[i]!]! += times * (sure[i]! - isRight);
    }
    const calibration = gaps.reduce((sum, gap) => sum + Math.abs(gap), 0);
    return [right / all, same / all, calibration / all];
  };
}

/** R², and the root mean square of what is between student and teacher, in the unit of the table. */
function numberJudge(network: Network, { teacher, test: [x, y], rows }: TaughtRun, unit: number): Judge {
  const own = predictNetwork(network, x).data;
  const other = predictNetwork(teacher, x).data;
  return (drawn) => {
    let [all, sum, squares, errors, apart] = [0, 0, 0, 0, 0];
    for (let i = 0; i < own.length; i++) {
      const times = drawn[rows[i]!]!;
      const truth = y.data[i]!;
      all += times;
      sum += times * truth;
      squares += times * truth * truth;
      errors += times * (own[i]! - truth) ** 2;
      apart += times * (own[i]! - other[i]!) ** 2;
    }
    return [1 - errors / (squares - (sum * sum) / all), Math.abs(unit) * Math.sqrt(apart / all)];
  };
}
