import { statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Kernels } from 'whittle-ml/kernels';
import { environment, load } from './environment.ts';
import { gemmInt8Rows, gemmRows } from './gemm.ts';
import { kernelRows } from './kernels.ts';
import { CheckError, measure, type Row, sink } from './measure.ts';
import { HELP, type Options, parseOptions, UsageError } from './options.ts';
import { renderEnvironment, renderRow } from './report.ts';
import { stepRows } from './steps.ts';

/** What the program needs from outside. */
export interface Surroundings {
  /** Relative paths start here. */
  readonly folder: string;
  readonly output: { write(text: string): unknown };
  readonly errors: { write(text: string): unknown };
}

/** Returns the exit code: 0, 1 when a kernel computes something wrong, 2 for a wrong option (one line on `errors`). */
export async function run(args: readonly string[], { folder, output, errors }: Surroundings): Promise<number> {
  try {
    const options = parseOptions(args, folder);
    if (options.help) output.write(HELP);
    else await runRows(options, output);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof CheckError)) throw error;
    errors.write(`bench: ${error.message.replace(/\s*\n\s*/g, ' ')}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function runRows({ filter, settings, kernel, out }: Options, output: Surroundings['output']): Promise<void> {
  const path = out ?? fileURLToPath(new URL('../results.json', import.meta.url));
  checkPath(path);
  const own = kernel === null ? {} : { own: await loadGemm(kernel) };
  const rows = [...gemmRows(own), ...gemmInt8Rows(), ...kernelRows(), ...stepRows()];
  const chosen = rows.filter(({ name }) => name.includes(filter));
  if (chosen.length === 0) {
    throw new UsageError(`no row's name contains ${JSON.stringify(filter)}; there are ${groups(rows)}`);
  }
  const stamp = environment();
  output.write(`${renderEnvironment(stamp)}\n`);
  const results = chosen.map((row) => {
    const result = measure(row, settings);
    output.write(`${renderRow(result)}\n`);
    return result;
  });
  const report = { environment: { ...stamp, loadAtEnd: load() }, settings, rows: results, sink: sink.total };
  writeFileSync(path, `${JSON.stringify(report, null, 1)}\n`);
  output.write(`Samples: ${path}\n`);
}

/** The first words of the rows' names. */
function groups(rows: readonly Row[]): string {
  return [...new Set(rows.map(({ name }) => name.split(' ')[0]))].join(', ');
}

/** Before the first row, so that a long run cannot end in vain. */
function checkPath(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`cannot write ${path}: it is a folder`);
  if (statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UsageError(`cannot write ${path}: there is no such folder`);
  }
}

async function loadGemm(path: string): Promise<Kernels['gemm']> {
  let gemm: unknown;
  try {
    ({ gemm } = (await import(pathToFileURL(path).href)) as { gemm?: unknown });
  } catch (error) {
    throw new UsageError(`cannot load ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof gemm !== 'function') throw new UsageError(`${path} exports no function gemm`);
  return gemm as Kernels['gemm'];
}
