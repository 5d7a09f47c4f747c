import { excessOf, excessText, excessWords, type MaxDamage } from '../compress/limit.ts';
import { encodeNetwork } from '../io/network-file.ts';
import type { Model } from '../nn/model.ts';
import { toNetwork } from '../nn/network.ts';
import { Compression } from './compression.ts';
import { drive } from './drive.ts';
import { inline, workers } from './executors.ts';
import { figuresOf } from './figures.ts';
import { dominatedIn } from './fronts.ts';
import { headOf, keptIn, outcomeIn } from './journal.ts';
import { isBaseline } from './recipes.ts';
import { searchOf } from './search.ts';
import { benchFor, digestOf, type Setting, settingOf } from './settings.ts';
import type { Outcome } from './trials.ts';
import type {
  CompressData,
  CompressOptions,
  Failure,
  Original,
  ParetoPoint,
  Point,
  PointFigures,
  Trial,
} from './types.ts';

const OP = 'compress';

/**
 * Makes a model smaller in many ways and says which are worth it: a search over recipes (pruned, shared, in fewer bits, narrower,
 * taught by the model, coded), each of which is followed for real and judged on the file that it makes. The given model, which
 * has to be compiled, is unchanged.
 *
 * Samples have three parts. Recipes train on x and y. What `validation` says chooses: which trials go on, which points are
 * dominated, which are within the limits, and the best. The best of many looks better there than it is, so `test` chooses nothing,
 * and its figures are those to report. No sample should be in two of them, nor have trained the model and be in the last two.
 *
 * The same model, data and options give the same points, to the bit, with workers or without, and with a search that was ended
 * and goes on by its `journal`. What a recipe's passes refuse is a failure with its reason, and the search goes on. It lets other
 * work of the program in between trials, and with workers at any time. Rejects with ValueError, StateError and ShapeError for what cannot be searched, before
 * anything is trained; with the reason of `signal`; with StateError where a worker and its replacement end.
 *
 * @example
 * const data = { x, y, validation: [x, y], test: [xTest, yTest] } as const;
 * const recipes = usualRecipes().slice(0, 3);
 * const { best, points } = await compress(model, data, { recipes, budget: 900, maxDamage: { accuracy: 0.02 } });
 * points.map(({ bytes, meets }) => [bytes, meets]); // [ [ 1218, false ], [ 891, true ], [ 698, true ] ]
 * best && recipeText(best.recipe); // int4, rounded; range coded
 */
export async function compress(model: Model, data: CompressData, options: CompressOptions = {}): Promise<Compression> {
  const setting = settingOf(options);
  const bench = benchFor(model, data, options);
  const { journal, onProgress, signal, worker = null } = options;
  const file = encodeNetwork(toNetwork(bench.model));
  const original: Original = { ...figuresOf(OP, file, bench), file };
  const limits = { ...setting, maxDamage: setting.maxDamage ?? usualDamage(original) };
  exceeds(original, limits); // a limit that is about none of the outputs is refused before anything is trained
  const record = journal && { journal, digest: digestOf(bench, setting) }; // of all samples: not made for nothing
  const kept = record === undefined ? new Map() : keptIn(record.journal, record.digest);
  const search = searchOf(setting.strategy, setting);
  const executor = setting.workers === 0 ? inline(bench) : workers(bench, setting.workers, worker);
  if (record?.journal.entries.length === 0) await record.journal.append(headOf(record.digest));
  let finished = 0;
  let resumed = 0;
  const all = await drive({
    ...{ search, executor, signal, journal: journal ?? null },
    keptOf: (key) => (kept.has(key) ? outcomeIn(kept.get(key)!, bench) : null),
    onFinished: ({ trial, outcome }, wasKept) => {
      finished++;
      if (wasKept) resumed++;
      onProgress?.({ finished, trials: search.count, resumed, last: resultOf(trial, outcome) });
    },
  });
  const results = all.map(({ trial, outcome }) => resultOf(trial, outcome));
  const made = results.filter((each): each is Point => !('reason' in each));
  const failures = results.filter((each): each is Failure => 'reason' in each);
  const dominated = dominatedIn(made.map(({ bytes, validation: { score } }) => ({ bytes, score })));
  const points = made.map((point, i): ParetoPoint => {
    const reason = exceeds(point, limits);
    const marks = {
      isBaseline: isBaseline(point.recipe),
      isDominated: dominated[i]!,
      meets: reason === null,
      exceeds: reason,
    };
    return { ...point, ...marks };
  });
  return new Compression({ original, points, failures, ...bestOf(points, original) });
}

const resultOf = (trial: Trial, outcome: Outcome): Point | Failure =>
  'failed' in outcome ? { ...trial, reason: outcome.failed } : { ...trial, ...outcome.figures, file: outcome.file };

/** Two points of a hundred, of what the outputs are judged by. */
function usualDamage({ validationDamage: { outputs } }: PointFigures): MaxDamage {
  const decide = outputs.some(({ kind }) => kind !== 'numbers');
  const areNumbers = outputs.some(({ kind }) => kind === 'numbers');
  return { ...(decide && { accuracy: 0.02 }), ...(areNumbers && { r2: 0.02 }) };
}

/** What a network exceeds, in one sentence; null if nothing. */
function exceeds(
  figures: PointFigures,
  { budget, maxDamage }: Pick<Setting, 'budget'> & { readonly maxDamage: MaxDamage },
): string | null {
  const costs = [
    ['bytes', figures.bytes, budget.bytes],
    ['parameters', figures.parameters, budget.parameters],
    ['multiply-adds', figures.macs, budget.macs],
  ] as const;
  const words = figures.validationDamage.outputs.length === 1 ? excessWords : excessText;
  const found = [
    ...costs.flatMap(([what, own, most = Infinity]) =>
      own > most ? [`has ${own} ${what}, where ${most} are allowed`] : [],
    ),
    ...excessOf(OP, figures.validationDamage, maxDamage).map(words),
  ];
  return found.length === 0 ? null : found.join('; ');
}

function bestOf(points: readonly ParetoPoint[], original: Original): Pick<Compression, 'best' | 'reason'> {
  const good = points.filter(({ meets }) => meets);
  const [best = null] = good.sort((p, q) => p.bytes - q.bytes || q.validation.score - p.validation.score);
  if (best !== null) {
    const smaller = (original.bytes / best.bytes).toFixed(1);
    return {
      best,
      reason: `${best.bytes} bytes, ${smaller} times smaller than the model, is the smallest of the ${good.length} files within the limits`,
    };
  }
  const [nearest] = [...points].sort((p, q) => q.validation.score - p.validation.score || p.bytes - q.bytes);
  const told = nearest === undefined ? 'no trial made a network' : `that with the highest score ${nearest.exceeds}`;
  return { best, reason: `none of ${points.length} files is within the limits: ${told}` };
}
