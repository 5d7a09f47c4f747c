import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { cpu, reference, setBackend, ValueError, WhittleError, wasm, wasmSupport } from 'whittle-ml';
import { type Table, type TableOptions, type Task, tableFromBytes } from 'whittle-ml/data';
import { plain } from './format.ts';
import { type Output, showProgress } from './progress.ts';
import { renderTables } from './tables.ts';
import type { JobOptions, JobReport, Progress } from './types.ts';
import { checkFolder, FileError, reasonOf, writeFiles } from './write.ts';

/** What the command line needs from outside. */
export interface Surroundings {
  readonly runJob: (
    table: Table,
    data: { name: string },
    options: JobOptions,
    progress: Progress,
  ) => Promise<JobReport>;
  readonly defaultEpochs: number;
  readonly version: string;
  /** The table for runs without `--csv`. */
  readonly digits: string;
  /** Relative paths start here. */
  readonly folder: string;
  readonly output: Output & NodeJS.WritableStream;
  readonly errors: Output;
}

const MAX_SEEDS = 100;
const MAX_EPOCHS = 100_000;
const MAX_FILE = 256 * 2 ** 20;
const FILES = ['report.json', 'index.html'] as const;

interface Flags {
  seed: number;
  seeds: number;
  epochs: number;
  out: string;
  csv?: string;
  target?: string;
  task?: Task;
  missing?: 'error' | 'mean';
  kernels?: 'wasm' | 'cpu' | 'reference';
  progress: boolean;
}

/** An option that does not fit, in words for the person who typed it. */
class UsageError extends Error {}

/**
 * Runs the command. Returns the exit code: 0, 2 for a wrong option or file (one line on `errors`, nothing written), or 1
 * when the job itself fails. Everything that can be wrong with options and files is found before training begins.
 */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const fail = (code: number, message: string): number => {
    around.errors.write(`whittle: ${message.split('\n').map(plain).join(' ').trim()}\n`);
    return code;
  };
  try {
    const flags = parse(args, around);
    chooseKernels(flags);
    const out = resolve(around.folder, flags.out);
    const { table, name } = await readTable(flags, around);
    await checkFolder(out, FILES);
    const { renderPage } = await import('./page.ts');
    const seeds = Array.from({ length: flags.seeds }, (_, i) => flags.seed + i);
    const progress = showProgress(flags.progress, around.output);
    const options = { seeds, epochs: flags.epochs };
    const report = await around.runJob(table, { name }, options, progress).finally(progress.end);
    await writeFiles(out, { 'report.json': `${JSON.stringify(report, null, 2)}\n`, 'index.html': renderPage(report) });
    around.output.write(`\n${renderTables(report)}\nReport: ${join(out, 'index.html')}\n`);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : fail(2, error.message.replace(/^error: /, ''));
    }
    if (error instanceof UsageError || error instanceof FileError) return fail(2, error.message);
    if (error instanceof WhittleError)
      return fail(['format', 'limit', 'value'].includes(error.code) ? 2 : 1, error.message);
    throw error;
  }
}

function parse(args: readonly string[], { defaultEpochs, version, output }: Surroundings): Flags {
  const command = new Command('whittle')
    .description(
      'Trains networks on a table, says whether they under- or overfit, applies the remedies, compresses the network, ' +
        'and writes a report with pictures. Without --csv it takes the handwritten digits that come with it.',
    )
    .version(version)
    .option('--seed <n>', 'first seed', integer(0, Number.MAX_SAFE_INTEGER - MAX_SEEDS), 0)
    .option('--seeds <count>', 'how many seeds to run: more give means and ranges', integer(1, MAX_SEEDS), 1)
    .option('--epochs <n>', 'scales the epochs of every training run', integer(1, MAX_EPOCHS), defaultEpochs)
    .option('--out <folder>', 'folder for report.json and index.html', 'report')
    .option('--csv <file>', 'your own table: CSV with a header, may be packed with gzip')
    .option('--target <column>', 'column of the CSV to predict')
    .addOption(
      new Option('--task <task>', 'what the target is; default: by its values').choices([
        'classification',
        'regression',
      ]),
    )
    .addOption(
      new Option(
        '--missing <how>',
        'empty cells of the CSV: refuse, or take the mean of the column; default: error',
      ).choices(['error', 'mean']),
    )
    .addOption(
      new Option(
        '--kernels <table>',
        'which kernels compute: the same bits at different speed; default: wasm where it runs, else cpu',
      ).choices(['wasm', 'cpu', 'reference']),
    )
    .option('--no-progress', 'show no progress')
    .exitOverride()
    .configureOutput({ writeOut: (text) => void output.write(text), writeErr: () => {}, outputError: () => {} });
  command.parse(args, { from: 'user' });
  const flags = command.opts<Flags>();
  for (const name of ['target', 'task', 'missing'] as const) {
    if (flags[name] !== undefined && flags.csv === undefined) throw new UsageError(`--${name} needs --csv <file>`);
  }
  if (flags.csv !== undefined && flags.target === undefined) {
    throw new UsageError('--csv needs --target <column>, the column to predict');
  }
  for (const name of ['out', 'csv'] as const) {
    if (flags[name] === '') throw new UsageError(`--${name} is empty`);
  }
  return flags;
}

function chooseKernels({ kernels }: Flags): void {
  if (kernels === 'cpu') setBackend(cpu);
  else if (kernels === 'reference') setBackend(reference);
  else if (kernels === 'wasm') {
    const { available, reason } = wasmSupport();
    if (!available) throw new UsageError(`--kernels wasm cannot be had: ${reason}`);
    setBackend(wasm());
  }
}

/** Reads an option as plain decimal digits. */
function integer(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw new InvalidArgumentError(`It must be an integer from ${low} to ${high}.`);
  };
}

async function readTable(flags: Flags, around: Surroundings): Promise<{ table: Table; name: string }> {
  if (flags.csv === undefined) {
    return { table: await tableFromBytes(await readBytes(around.digits), { target: 'digit' }), name: 'digits' };
  }
  const path = resolve(around.folder, flags.csv);
  const options: TableOptions = {
    target: flags.target ?? '',
    missing: flags.missing ?? 'error',
    ...(flags.task === undefined ? {} : { task: flags.task }),
  };
  const bytes = await readBytes(path);
  try {
    return { table: await tableFromBytes(bytes, options), name: basename(path) };
  } catch (error) {
    if (!(error instanceof WhittleError)) throw error;
    if (error instanceof ValueError && error.field === 'target') {
      throw new UsageError(error.message.replace(/^.*?target/, '--target'));
    }
    const fillable =
      error.message.endsWith(': the cell is empty') && !error.message.includes(JSON.stringify(flags.target));
    throw new UsageError(`${flags.csv}: ${error.message}${fillable ? '. Fill it with --missing mean?' : ''}`);
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const file = await stat(path);
    if (file.isDirectory()) throw new FileError(`cannot read ${path}: it is a folder`);
    if (!file.isFile()) throw new FileError(`cannot read ${path}: it is no ordinary file`);
    if (file.size > MAX_FILE) throw new FileError(`cannot read ${path}: it is larger than ${MAX_FILE / 2 ** 20} MiB`);
    return await readFile(path);
  } catch (error) {
    throw error instanceof FileError ? error : new FileError(`cannot read ${path}: ${reasonOf(error)}`);
  }
}
