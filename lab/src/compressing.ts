import {
  type Compression,
  type CompressProgress,
  compress,
  type DamageReport,
  fromNetwork,
  type Journal,
  type MeasuredPoint,
  type Model,
  type Network,
  type OutputDamage,
  type PointFigures,
  recipeText,
  type Trial,
  usualRecipes,
} from 'whittle-ml';
import { dataOf, environment } from './facts.ts';
import { compressFindings } from './findings-compress.ts';
import { decimals, whole } from './format.ts';
import { DEFAULT_EPOCHS } from './job.ts';
import { recipeMeans } from './means-compress.ts';
import { planOf, REFERENCE } from './plans.ts';
import { type JobData, prepare } from './prepare.ts';
import { recipeName, withEpochs } from './recipe-names.ts';
import type { ModelKind, Progress, SamplesAs } from './types-base.ts';
import type {
  CompressReport,
  CompressSettings,
  DamageTold,
  FailedTrial,
  PointResult,
  Sized,
} from './types-compress.ts';
import { Workbench } from './workbench.ts';

/** What the search begins with: a network of a kind, which is trained, or one that has been. */
export type Start = ModelKind | { readonly file: string; readonly network: Network };

export interface CompressJob {
  readonly start: Start;
  readonly as: SamplesAs;
  readonly settings: CompressSettings;
  readonly journal: Journal;
  readonly progress: Progress;
  /** Told how many finished trials the journal has, once that is known to be right. */
  readonly onResumed: (finished: number) => void;
}

export interface Compressed {
  readonly report: CompressReport;
  readonly compression: Compression;
}

/** How large the first steps of a training are where nobody knows what the network was trained with. */
const RATES: { readonly [S in SamplesAs]: number } = { columns: 0.001, images: 0.003 };

/** Samples as a network that was trained takes them. */
export const samplesOf = ({ inputs }: Network): SamplesAs => (inputs[0]!.shape.length === 1 ? 'columns' : 'images');

/**
 * Trains a network as a run does, searches for smaller ones, and measures what was found. All but what depends on the machine
 * follows from table, network and settings. A journal is gone on with.
 */
export async function compressJob(data: JobData, job: CompressJob): Promise<Compressed> {
  const { start, as, journal, progress } = job;
  const { workers, ...settings } = job.settings;
  const { seed, strategy, trials, budget, maxDamage } = settings;
  const began = performance.now();
  const prepared = prepare(data, seed, as);
  const { train, validation, test, task } = prepared;
  const samples = train[1].shape[0]!;
  const bench = new Workbench(prepared, seed, settings.epochs / DEFAULT_EPOCHS, progress);
  const { model, named } = started(bench, start, as, progress);
  const isClassification = task === 'classification';
  const seeds = Array.from({ length: settings.seeds }, (_, i) => seed + i);
  const most = maxDamage / 100;
  const searching = performance.now();
  const compression = await compress(
    model,
    { x: train[0], y: train[1], validation, test },
    {
      ...{ seeds, seed, strategy, journal, workers, batchSize: bench.batchSize(samples) },
      recipes: usualRecipes().map((recipe) => withEpochs(recipe, (usual) => bench.epochs(usual, samples, REFERENCE))),
      maxDamage: isClassification ? { accuracy: most } : { r2: most },
      ...(budget !== null && { budget }),
      ...(trials !== null && { trials }),
      onProgress: showing(job, most),
    },
  );
  const search = (performance.now() - searching) / 1000;
  progress.stage('Measuring', 1);
  const measured = await compression.measured();
  progress.tick('latency');
  const facts = {
    version: 1 as const,
    environment: environment(),
    data: dataOf(data, prepared),
    options: { ...settings, model: typeof start === 'string' ? start : start.file, seeds },
    scoreName: isClassification ? ('accuracy' as const) : ('R²' as const),
    model: named,
    ...resultsOf(compression, measured, seeds.length),
  };
  const findings = compressFindings(facts);
  const seconds = { search, total: (performance.now() - began) / 1000 };
  return { compression, report: { ...facts, findings, seconds } };
}

/** The model to make smaller, compiled with the rate that trainings begin with. */
function started(
  bench: Workbench,
  start: Start,
  as: SamplesAs,
  progress: Progress,
): { readonly model: Model; readonly named: string } {
  if (typeof start !== 'string') {
    const model = fromNetwork(start.network);
    bench.compile(model, RATES[as]);
    return { model, named: `${start.file}, ${whole(model.parameterCount)} parameters` };
  }
  const { teacher, epochs, rate, named } = planOf(bench, start);
  const count = epochs('teacher');
  const learningRate = rate('teacher');
  progress.stage('Training the model', count);
  bench.fit('model', teacher, bench.data.train, { epochs: count, learningRate });
  bench.compile(teacher, typeof learningRate === 'number' ? learningRate : learningRate(0));
  return { model: teacher, named: named(teacher) };
}

/** By how much a network is worse than the model. */
const lostIn = ({ outputs: [output] }: { readonly outputs: readonly OutputDamage[] }) =>
  output!.kind === 'numbers' ? output!.r2.lost : output!.accuracy.lost;

/** Tells how far the search is, and the smallest within the limits so far. */
function showing(
  { progress, journal, settings, onResumed }: CompressJob,
  most: number,
): (now: CompressProgress) => void {
  const { budget } = settings;
  const kept = journal.entries.length - 1;
  let best: PointFigures | null = null;
  return ({ finished, trials, last }) => {
    if (finished === 1) {
      if (kept > 0) onResumed(kept);
      progress.stage('Following recipes', trials);
    }
    if ('file' in last) {
      const lost = lostIn(last.validationDamage)?.lost ?? Infinity;
      const isWithin = last.bytes <= (budget ?? Infinity) && lost <= most;
      if (isWithin && last.bytes < (best?.bytes ?? Infinity)) best = last;
    }
    progress.tick(
      best === null
        ? 'none within the limits so far'
        : `best so far ${whole(best.bytes)} bytes, ${decimals(best.validation.score)}`,
      trials,
    );
  };
}

const sizedOf = (figures: PointFigures, { gzipBytes, tables }: MeasuredPoint): Sized => {
  const { bytes, rawBytes, codedBytes, parameters, nonZeroParameters, macs, validation, test, energy, digest } =
    figures;
  return {
    bytes: { file: bytes, raw: rawBytes, gzip: gzipBytes, coded: codedBytes },
    ...{ parameters, nonZeroParameters, macs, validation, test, energy, tables, digest },
  };
};

/** A trial in words; of fewer epochs or another seed than most it says so. */
function trialOf({ recipe, seed, effort }: Trial): Omit<FailedTrial, 'reason'> {
  return { recipe, name: recipeName(recipe), text: recipeText(recipe), seed, effort };
}

/** A report line by line, without the name of the only output that networks have here. */
function linesOf(report: DamageReport): string[] {
  const [head = '', ...lines] = String(report).split('\n');
  return [head, ...lines.slice(1)].map((line) => line.trim());
}

const toldOf = (report: DamageReport): DamageTold => ({ report, lines: linesOf(report) });

function resultsOf(
  { original, points, failures, best, reason }: Compression,
  measured: readonly MeasuredPoint[],
  seeds: number,
): Pick<CompressReport, 'original' | 'points' | 'recipes' | 'failures' | 'best' | 'reason' | 'damage'> {
  const results = points.map((point, i): PointResult => {
    const { isBaseline, isDominated, meets, exceeds } = point;
    return {
      number: i + 1,
      ...trialOf(point),
      smaller: original.bytes / point.bytes,
      ...sizedOf(point, measured[i]!),
      lost: { validation: lostIn(point.validationDamage), test: lostIn(point.testDamage) },
      damage: toldOf(point.testDamage),
      ...{ isBaseline, isDominated, meets, exceeds },
      file: null,
    };
  });
  const numberOf = (point: (typeof points)[number]): number => points.indexOf(point) + 1;
  const [highest] = [...points].sort((p, q) => q.validation.score - p.validation.score || p.bytes - q.bytes);
  const told = best ?? highest;
  return {
    original: sizedOf(original, measured.at(-1)!),
    points: results,
    recipes: seeds > 1 ? recipeMeans(results) : [],
    failures: failures.map((failure) => ({ ...trialOf(failure), reason: failure.reason })),
    best: best === null ? null : numberOf(best),
    reason,
    damage: told === undefined ? null : { number: numberOf(told), ...toldOf(told.testDamage) },
  };
}
