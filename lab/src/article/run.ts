import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CommanderError } from 'commander';
import type { Table } from 'whittle-ml/data';
import { readTable, writeFileAtomic } from 'whittle-ml/node';
import { plain } from '../format.ts';
import { UsageError } from '../options.ts';
import { type Output, showProgress } from '../progress.ts';
import { checkFolder, FileError, reasonOf } from '../write.ts';
import { Cache } from './cache.ts';
import type { Context } from './claim.ts';
import { type Loaded, libraryDigest, loadClaims } from './load.ts';
import { MeasureError, measureClaim } from './measure.ts';
import { type ArticleFlags, chosenOf, parseArticle } from './options.ts';
import { claimsJSON, type Report, type Result, resultOf, verdictsJSON } from './results.ts';
import { renderTable } from './tables.ts';

/** What the program needs from outside. */
export interface Surroundings {
  /** Relative paths start here. */
  readonly folder: string;
  /** Of whittle-ml. */
  readonly version: string;
  /** The handwritten digits. */
  readonly digits: string;
  /** Default: those of the folder `claims`. */
  readonly claims?: readonly Loaded[];
  readonly output: Output & NodeJS.WritableStream;
  readonly errors: Output;
}

/** Returns the exit code: 0, 2 for a wrong option or folder, 1 for a measurement that went wrong; one line on `errors`. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const fail = (code: number, message: string): number => {
    around.errors.write(`article: ${message.split('\n').map(plain).join(' ').trim()}\n`);
    return code;
  };
  try {
    await article(
      parseArticle(args, (text) => void around.output.write(text)),
      around,
    );
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : fail(2, error.message.replace(/^error: /, ''));
    }
    if (error instanceof UsageError || error instanceof FileError) return fail(2, error.message);
    if (error instanceof MeasureError) return fail(1, error.message);
    throw error;
  }
}

async function article(flags: ArticleFlags, around: Surroundings): Promise<void> {
  const { quick, lang } = flags;
  const all = around.claims ?? (await loadClaims());
  const chosen = chosenOf(all, flags);
  const out = resolve(around.folder, flags.out);
  await checkFolder(out, ['claims.json', 'index.html']);
  const { renderPage } = await import('./page.ts'); // Plot takes a while, which a wrong option need not wait for
  const start = performance.now();
  const seeds = Array.from({ length: flags.seeds }, (_, i) => i);
  const results = await measureAll(chosen, all, flags, { seeds, out }, around);
  const report: Report = { version: around.version, quick, seeds, results };
  write(join(out, 'claims.json'), claimsJSON(report));
  write(join(out, 'index.html'), renderPage(report));
  const asked = results.filter(({ claim }) => chosen.some((each) => each.claim === claim));
  if (flags.record !== undefined) write(resolve(around.folder, flags.record), verdictsJSON(asked));
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  around.output.write(`${renderTable({ ...report, results: asked }, lang)}\n`);
  around.output.write(`${join(out, 'index.html')} (${seconds} s)\n`);
}

/** What was chosen, measured or from the cache, and of the rest what the cache has, so that the page keeps it. */
async function measureAll(
  chosen: readonly Loaded[],
  all: readonly Loaded[],
  flags: ArticleFlags,
  { seeds, out }: { readonly seeds: readonly number[]; readonly out: string },
  { digits, output, errors }: Surroundings,
): Promise<Result[]> {
  const { quick } = flags;
  const progress = showProgress(flags.progress, output);
  const warn = (sentence: string): void => void errors.write(`article: ${plain(sentence)}\n`);
  const cache = flags.cache ? new Cache(join(out, 'cache'), { library: libraryDigest(), seeds, quick }, warn) : null;
  let table: Promise<Table> | undefined;
  const context: Context = {
    quick,
    digits: () => {
      table ??= readTable(digits, { target: 'digit' });
      return table;
    },
  };
  const results: Result[] = [];
  try {
    for (const each of all) {
      let rows = cache?.read(each) ?? null;
      if (rows === null && chosen.includes(each)) {
        progress.stage(each.claim.id, seeds.length);
        rows = await measureClaim(each.claim, seeds, context, (seed) => progress.tick(`seed ${seed}`));
        inWords(out, () => cache?.write(each, rows!));
      }
      if (rows !== null) results.push(resultOf(each, rows));
    }
  } finally {
    progress.end();
  }
  return results;
}

function write(path: string, content: string): void {
  inWords(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileAtomic(path, content);
  });
}

/** Throws FileError for an error of the system. */
function inWords(path: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    throw new FileError(`cannot write to ${path}: ${reasonOf(error)}`);
  }
}
