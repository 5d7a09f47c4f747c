import { type CriteriaRun, criteriaOf, criteriaRun, criteriaSeeds } from './criteria.ts';
import { damagesOf, unitOf } from './damages.ts';
import { dataOf, environment } from './facts.ts';
import { figure, histograms } from './figures.ts';
import { distillationConclusion, findings } from './findings.ts';
import { ledgersOf } from './ledgers.ts';
import { type LightRun, lightDigests, lightOf, lightRun } from './light.ts';
import { mistakesOf, predictionsOf, type Tested } from './mistakes.ts';
import { type Chosen, SHIPPED } from './models.ts';
import { fitResults, overfit } from './overfitting.ts';
import { countClasses, type JobData, type Prepared, prepare } from './prepare.ts';
import { recommend } from './recommend.ts';
import { ROUNDING_SEEDS, type RoundingRun, roundingOf, roundingRun } from './rounding.ts';
import { SMALLEST_SEEDS, type SmallestRun, smallestOf, smallestRun } from './smallest.ts';
import { softTargetsOf } from './soft-targets.ts';
import { type TaughtRun, taughtOf, taughtRun } from './taught.ts';
import type { JobOptions, JobReport } from './types.ts';
import type { Progress, SamplesAs } from './types-base.ts';
import type { FormName, FormResult } from './types-forms.ts';
import type { Taught } from './types-taught.ts';
import { digests, formResults, type Whittled, whittle } from './whittling.ts';
import { Workbench } from './workbench.ts';

/** Epochs of the runs that overfit on 200 samples, as they were tuned; all other runs are scaled along. */
export const DEFAULT_EPOCHS = 100;

export interface JobResult {
  readonly report: JobReport;
  /** Of the first seed. */
  readonly networks: readonly Chosen[];
}

/**
 * The main job: over- and underfitting with its remedies, then a teacher and its compressed forms, and where rows are images
 * other networks for them beside each other, for every seed. All
 * but the milliseconds, and which kernels run in panels, follows from table, seeds and epochs. Throws a WhittleError for a table it cannot work with.
 */
export async function runJob(data: JobData, options: JobOptions, progress: Progress): Promise<JobResult> {
  const start = performance.now();
  const { task, classNames, image } = data;
  const { model = 'mlp', as = model === 'mlp' ? 'columns' : 'images', light = false, criteria = false } = options;
  const { students = false, smallest = false } = options;
  const runs: ReturnType<typeof overfit>[] = [];
  const whittled: Whittled[] = [];
  const parts: Prepared[] = [];
  const lights: LightRun[] = [];
  const rounded: RoundingRun[] = [];
  const taughtRuns: TaughtRun[] = [];
  const smallestRuns: SmallestRun[] = [];
  let training = 0;
  const benchOf = (seed: number, samples: SamplesAs): Workbench =>
    new Workbench(prepare(data, seed, samples), seed, options.epochs / DEFAULT_EPOCHS, progress);
  for (const [i, seed] of options.seeds.entries()) {
    const of = options.seeds.length === 1 ? '' : `, seed ${seed} (${i + 1} of ${options.seeds.length})`;
    const bench = benchOf(seed, as);
    await breath();
    runs.push(overfit(bench, `Over- and underfitting${of}`, progress));
    await breath();
    const { forms: made } = whittled[whittled.push(whittle(bench, `Whittling${of}`, progress, model)) - 1]!;
    if (i < ROUNDING_SEEDS) {
      await breath();
      rounded.push(roundingRun(bench, `Kernels of 4 bits${of}`, progress, made[0]!.network));
    }
    if (students) {
      await breath();
      const told = { kind: model, forms: made, seeds: options.seeds.length, isFirst: i === 0 };
      taughtRuns.push(taughtRun(bench, `Students${of}`, progress, told));
    }
    if (smallest && i < SMALLEST_SEEDS) {
      await breath();
      smallestRuns.push(smallestRun(bench, `Smallest files${of}`, progress, made, model));
    }
    parts.push(bench.data);
    training += bench.seconds;
    if (!light || image === null || classNames === undefined) continue;
    await breath();
    const lightBench = benchOf(seed, 'images');
    lights.push(lightRun(lightBench, `Networks for images${of}`, progress));
    training += lightBench.seconds;
  }
  const compared: CriteriaRun[] = [];
  const comparing = criteria ? criteriaSeeds(options.seeds) : [];
  for (const [i, seed] of comparing.entries()) {
    await breath();
    const bench = benchOf(seed, as);
    compared.push(
      criteriaRun(bench, `Criteria of pruning, seed ${seed} (${i + 1} of ${comparing.length})`, progress, model),
    );
    training += bench.seconds;
  }
  progress.stage('Measuring', options.seeds.length + lights.length);
  await breath();
  const tick = (): void => progress.tick('latency');
  const forms = formResults(whittled, tick);

  const [{ encoder, validation }] = parts as [Prepared];
  const tested = whittled.map(({ forms }, i): Tested => ({ forms, test: parts[i]!.test, rows: parts[i]!.testRows }));
  const scoreName = task === 'classification' ? 'accuracy' : 'R²';
  const taught = students
    ? taughtOf(
        taughtRuns,
        classNames === undefined ? unitOf(encoder) : null,
        softTargetsOf(tested[0]!, classNames, encoder, data.table),
      )
    : null;
  const facts = dataOf(data, parts[0]!);
  const report = {
    version: 2 as const,
    environment: environment(),
    data: facts,
    options: { seeds: options.seeds, epochs: options.epochs, model },
    scoreName,
    fits: fitResults(runs),
    forms,
    recommendation: recommend({ forms, scoreName, data: facts }),
    damage: damagesOf(tested, classNames !== undefined, encoder, data.table),
    ledger: ledgersOf({ ...tested[0]!, validation }, classNames !== undefined),
    rounding: roundingOf(rounded, scoreName),
    taught,
    smallest: smallest ? smallestOf(smallestRuns, forms, scoreName) : null,
    mistakes: classNames === undefined ? null : mistakesOf(tested, classNames.length, data.table),
    predictions: classNames === undefined ? predictionsOf(tested[0]!, encoder) : null,
    light: lights.length === 0 ? null : lightOf(lights, scoreName, tick),
    criteria: compared.length === 0 ? null : criteriaOf(compared, comparing, model, scoreName),
    histograms: histograms(whittled[0]!.forms.map(({ name, network }) => [name, network])),
    distillation: distillation(forms, whittled, scoreName, taught),
    digests: [...digests(options.seeds, whittled), ...lightDigests(options.seeds, lights)],
  };
  const majority = classNames === undefined ? null : figure(parts.map(majorityOf));
  const sentences = findings({ ...report, majority });
  const seconds = { training, total: (performance.now() - start) / 1000 };
  const shipped = whittled[0]!.forms.filter(({ name }) => SHIPPED.includes(name));
  const networks = shipped.map(({ name, network }): Chosen => ({ name, network, encoder }));
  if (report.smallest !== null) {
    const network = smallestRuns[0]!.networks.get(report.smallest.subject)!;
    networks.push({ name: 'smallest', network, encoder });
  }
  return { report: { ...report, findings: sentences, seconds }, networks };
}

/** Lets the terminal show what has happened. */
const breath = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

function distillation(
  forms: readonly FormResult[],
  whittled: readonly Whittled[],
  scoreName: string,
  taught: Taught | null,
): JobReport['distillation'] {
  const score = (name: FormName): FormResult['score'] => forms.find((form) => form.name === name)!.score;
  const distilled = score('student (distilled)');
  const labelsOnly = score('student (labels only)');
  const agreements = whittled.flatMap(({ agreement }) => (agreement === null ? [] : [agreement]));
  return {
    distilled,
    labelsOnly,
    agreement: agreements.length === 0 ? null : figure(agreements),
    conclusion: taught?.findings[0] ?? distillationConclusion(distilled, labelsOnly, scoreName),
  };
}

/** Share of the test samples that are of the class most frequent in training. */
function majorityOf({ train, test, outputs }: Prepared): number {
  const counts = countClasses(train[1].data, outputs);
  const most = counts.indexOf(Math.max(...counts));
  return countClasses(test[1].data, outputs)[most]! / test[1].shape[0]!;
}
