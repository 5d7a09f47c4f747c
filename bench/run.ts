import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cpu, type Kernels } from 'whittle-ml/kernels';
import { arrayRows } from './array-rows.ts';
import { comparisons } from './compare.ts';
import { besideProductRow, convLadderRows } from './convolutions.ts';
import { copyRows } from './copies.ts';
import { csvRow } from './csv.ts';
import { environment, load } from './environment.ts';
import { exportRow } from './exports.ts';
import { fitRows } from './fits.ts';
import { BENCH } from './folder.ts';
import { collectGarbage } from './garbage.ts';
import { gemmRows, gemmTransposedRows } from './gemm.ts';
import { gemmInt8Rows } from './gemm-int8.ts';
import { imageInferenceRows } from './image-inference.ts';
import { imageStepRows } from './image-steps.ts';
import { inferenceRows } from './inference.ts';
import { kernelRows } from './kernels.ts';
import { levelRows } from './levels.ts';
import { measure, type RowResult } from './measure.ts';
import { operationRows } from './operation-rows.ts';
import { chosenOf, exitCodeOf, HELP, type Options, parseOptions, UsageError } from './options.ts';
import { renderPage } from './page.ts';
import { Peers } from './peers.ts';
import { renderComparisons, renderFailures, renderRow, renderStart } from './report.ts';
import type { Results } from './results.ts';
import { measurePeak } from './roofline.ts';
import { sink } from './sampler.ts';
import { sparseRows } from './sparse.ts';
import { sparseImageRows } from './sparse-images.ts';
import { stepRows } from './steps.ts';
import { tableRows } from './table-rows.ts';
import { builtIn, ownTable, reserve } from './tables.ts';

/** What the program needs from outside. */
export interface Surroundings {
  /** Relative paths start here. */
  readonly folder: string;
  readonly output: { write(text: string): unknown };
  readonly errors: { write(text: string): unknown };
}

/** Returns the exit code: 0, 1 when a kernel of ours computes something wrong, 2 for a wrong option (one line on `errors`). */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { folder, output, errors } = surroundings;
  return exitCodeOf(async () => {
    const options = parseOptions(args, folder);
    if (!options.help) return runRows(options, surroundings);
    output.write(HELP);
    return 0;
  }, errors);
}

async function runRows(options: Options, { output, errors }: Surroundings): Promise<number> {
  const path = options.out ?? fileURLToPath(new URL('report/results.json', BENCH));
  if (options.out === null) mkdirSync(dirname(path), { recursive: true });
  checkPath(path);
  const { tables, missing } = builtIn();
  if (options.kernel !== null) tables.push(ownTable(await loadKernels(options.kernel)));
  const peers = new Peers();
  const rows = [
    ...gemmRows(tables, peers),
    ...gemmTransposedRows(tables, peers),
    ...gemmInt8Rows(tables, peers),
    ...kernelRows(tables),
    ...levelRows(tables),
    ...sparseRows(tables),
    ...sparseImageRows(tables),
    ...copyRows(tables, peers),
    ...arrayRows(tables, peers),
    ...tableRows(tables, peers),
    ...convLadderRows(tables),
    besideProductRow(tables),
    ...operationRows(tables, peers),
    ...stepRows(tables, peers),
    ...imageStepRows(tables, peers),
    ...inferenceRows(tables, peers),
    ...imageInferenceRows(tables, peers),
    exportRow(),
    csvRow(peers),
    ...fitRows(peers),
  ];
  const chosen = chosenOf(rows, options);
  if (options.peers && chosen.some((row) => row.peers)) peers.find();
  const stamp = environment();
  const peak = measurePeak();
  const start = performance.now();
  const gaps = [...missing, ...peers.missing];
  output.write(`${renderStart(stamp, peak, peers.installed, gaps)}\n`);
  const measured: RowResult[] = [];
  try {
    for (const row of chosen) {
      await collectGarbage();
      reserve(tables);
      const result = await measure(row, options.settings);
      output.write(`${renderRow(result, peak.gflops)}\n`);
      measured.push(result);
    }
  } finally {
    await peers.close();
  }
  const results: Results = {
    environment: { ...stamp, loadAtEnd: load(), seconds: (performance.now() - start) / 1000 },
    settings: options.settings,
    peak,
    peers: peers.installed.map(({ name, version }) => ({ name, version })),
    missing: gaps,
    rows: measured,
    comparisons: comparisons(measured),
    sink: sink.total,
  };
  output.write(renderComparisons(results.comparisons));
  const page = path.replace(/\.json$/, '.html');
  writeFileSync(path, `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(page, renderPage(results));
  output.write(`\nSamples: ${path}\nPage: ${page}\n`);
  const wrong = measured.flatMap(({ failures }) => failures.filter(({ ours }) => ours));
  errors.write(renderFailures(wrong));
  return wrong.length > 0 ? 1 : 0;
}

/** Before the first row, so that a long run cannot end in vain. */
function checkPath(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`cannot write ${path}: it is a folder`);
  if (statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UsageError(`cannot write ${path}: there is no such folder`);
  }
}

/** The exports of a module that are named after kernels. */
async function loadKernels(path: string): Promise<Partial<Kernels>> {
  let exported: Record<string, unknown>;
  try {
    exported = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    throw new UsageError(`cannot load ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const kernels = Object.entries(exported).filter(([name, value]) => name in cpu && typeof value === 'function');
  if (kernels.length === 0) throw new UsageError(`${path} exports no kernel, such as a function gemm`);
  return Object.fromEntries(kernels) as Partial<Kernels>;
}
