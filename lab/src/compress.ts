import { basename, join, resolve } from 'node:path';
import {
  type Compression,
  FormatError,
  fromNetwork,
  isBaseline,
  type Journal,
  StateError,
  usualRecipes,
  WhittleError,
} from 'whittle-ml';
import type { TableEncoder } from 'whittle-ml/data';
import { journalFile } from 'whittle-ml/node';
import { compressJob, type Start, samplesOf } from './compressing.ts';
import { bestOf } from './findings-compress.ts';
import { inShell } from './format.ts';
import { modelFile, readModel } from './models.ts';
import { checkNetwork } from './networks.ts';
import { type CompressFlags, UsageError } from './options.ts';
import { type JobData, prepare } from './prepare.ts';
import { showProgress } from './progress.ts';
import { inWords, readBytes, readTraining } from './reading.ts';
import { pointPath } from './recipe-names.ts';
import { chooseKernels, openPage } from './running.ts';
import type { Surroundings } from './surroundings.ts';
import type { SamplesAs } from './types-base.ts';
import type { CompressReport, PointResult } from './types-compress.ts';
import { sentencesOf } from './words.ts';
import { checkFolder, FileError, type Files, makeFolder, reasonOf, writeFiles } from './write.ts';

const PAGE = 'report.html';
const JOURNAL = 'journal.jsonl';

/** Searches for smaller networks and writes the report and those that are worth it. Whatever can be wrong is found before. */
export async function compressTable(
  file: string | undefined,
  flags: CompressFlags,
  around: Surroundings,
): Promise<void> {
  chooseKernels(flags);
  const out = resolve(around.folder, flags.out);
  const recipes = usualRecipes();
  const all = recipes.length;
  const drawn = recipes.filter((recipe) => !isBaseline(recipe)).length;
  const { trials = null } = flags;
  if (trials !== null && trials > drawn)
    throw new UsageError(`--trials ${trials} is more than there are: ${drawn} recipes besides those from scratch`);
  const data = await readTraining(file, flags, around);
  const { start, as } = await startOf(data, flags, around);
  await checkFolder(out, ['report.json', PAGE, JOURNAL, pointPath(1, 'as it is', all)]);
  const journal = journalIn(out);
  const { renderCompressPage } = await import('./page-compress.ts');
  const { renderCompressTables } = await import('./tables-compress.ts');
  const { notes, encoder } = inWords(data.name, () => prepare(data, flags.seed, as));
  for (const sentence of sentencesOf(notes, 'train')) around.output.write(`${sentence}\n`);
  const progress = showProgress(flags.progress, around.output);
  const { seed, seeds, epochs, strategy, maxDamage, workers, budget = null } = flags;
  const settings = { seed, seeds, epochs, strategy, trials, maxDamage, budget, workers };
  const onResumed = (finished: number): void => {
    progress.end();
    const trials = finished === 1 ? '1 trial is' : `${finished} trials are`;
    around.output.write(`The search goes on: ${trials} in ${join(out, JOURNAL)}.\n`);
  };
  const { report, compression } = await compressJob(data, { start, as, settings, journal, progress, onResumed })
    .catch((error: unknown) => {
      throw inWordsOfJournal(error, flags.out);
    })
    .finally(progress.end);
  const { saved, files } = savedOf(report, compression, encoder, data, flags);
  await writeFiles(out, {
    'report.json': `${JSON.stringify(saved, null, 2)}\n`,
    [PAGE]: renderCompressPage(saved),
    ...files,
  });
  around.output.write(`\n${renderCompressTables(saved)}\n`);
  const names = Object.keys(files).map((path) => basename(path));
  if (names.length > 0)
    around.output.write(
      `Networks in ${join(out, 'points')}, with their encoder, which is not in the bytes above: ${names.join(', ')}\n`,
    );
  const best = bestOf(saved)?.file;
  if (best != null)
    around.output.write(`To use the best: npx whittle-cli predict ${inShell(join(out, best))} new.csv\n`);
  const page = join(out, PAGE);
  around.output.write(`Report: ${page}\n`);
  await openPage(page, flags, around);
}

/** What is to be made smaller. Throws UsageError and FileError for what cannot be, or was not trained on this very table. */
async function startOf(
  data: JobData,
  { model, image, seed }: CompressFlags,
  around: Surroundings,
): Promise<{ readonly start: Start; readonly as: SamplesAs }> {
  if (typeof model === 'string') {
    checkNetwork(data, model);
    return { start: model, as: model === 'mlp' && image === undefined ? 'columns' : 'images' };
  }
  const { file } = model;
  const { network, encoder } = readModel(await readBytes(resolve(around.folder, file)), file);
  const as = samplesOf(network);
  const own = inWords(data.name, () => prepare(data, seed, as).encoder);
  // The scales of another split or table are others, and what trained the network must not judge what is made of it
  if (JSON.stringify(own) !== JSON.stringify(encoder))
    throw new UsageError(
      `${file}: was not trained on the training part of ${data.name} with these options and seed, so what it is judged by may have trained it: ` +
        'give the table, options and --seed of its run',
    );
  try {
    fromNetwork(network);
  } catch (error) {
    if (error instanceof WhittleError)
      throw new UsageError(
        `${file}: cannot be trained any more: ${error.message}. Take teacher.safetensors of the run?`,
      );
    throw error;
  }
  return { start: { file, network }, as };
}

/** The journal of a folder, which is made with the first line. */
function journalIn(folder: string): Journal {
  const path = join(folder, JOURNAL);
  const ofSystem = (error: unknown): unknown =>
    error instanceof Error && 'syscall' in error ? new FileError(`cannot use ${path}: ${reasonOf(error)}`) : error;
  try {
    const { entries, append } = journalFile(path);
    return {
      entries,
      append: async (entry) => {
        if (entries.length === 0) await makeFolder(folder);
        try {
          await append(entry);
        } catch (error) {
          throw ofSystem(error);
        }
      },
    };
  } catch (error) {
    throw inWordsOfJournal(ofSystem(error), folder);
  }
}

/** What is wrong with a journal, with the remedy. */
function inWordsOfJournal(error: unknown, folder: string): unknown {
  const path = join(folder, JOURNAL);
  if (error instanceof StateError && error.op === 'journal')
    return new UsageError(
      `${path}: is the journal of a call with another table, network or search: name another folder with --out, or remove it`,
    );
  if (error instanceof StateError && error.op === 'journalFile')
    return new UsageError(
      `${path}: another call writes to it: name another folder with --out, or wait until that one has ended, and call again`,
    );
  if (error instanceof FormatError && error.op === 'journal')
    return new UsageError(`${path}: ${error.message.replace(/^journal: /, '')}: remove it to begin anew`);
  return error;
}

/** The report with the names of the files that are written, and these. */
function savedOf(
  report: CompressReport,
  compression: Compression,
  encoder: TableEncoder,
  { table }: JobData,
  flags: CompressFlags,
): { readonly saved: CompressReport; readonly files: Files } {
  const isSaved = ({ isDominated, number }: PointResult): boolean =>
    flags.save === 'all' || number === report.best || (flags.save === 'front' && !isDominated);
  const files: Record<string, Uint8Array> = {};
  const points = report.points.map((point, i) => {
    if (!isSaved(point)) return point;
    const file = pointPath(point.number, point.name, report.points.length);
    const network = compression.networkOf(compression.points[i]!);
    files[file] = modelFile({ network, encoder }, table, flags, point.recipe.code);
    return { ...point, file };
  });
  return { saved: { ...report, points }, files };
}
