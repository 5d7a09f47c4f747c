import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BENCH } from '../folder.ts';
import { parse, UsageError } from '../options.ts';

export const HELP = `Usage: npm run papers -- [options]

Trains the networks of published papers on MNIST with this library, and prints a table a paper: our errors and bytes beside
the published ones, the mean and the worst of several seeds, and what differs. All of it takes hours.

  --mnist <folder>  the four IDX files of MNIST, plain or .gz; without it Fashion-MNIST where Debian's package
                    dataset-fashion-mnist put it, and no published figures, which are of MNIST
  --only <names>    some papers: $NAMES, with commas between
  --seeds <n>       how many seeds, from 1 (default 3)
  --quick           few images and epochs: half a minute, says that all works and nothing about the papers
  --out <folder>    where tables, results and files of networks go (default bench/report/papers); a run that was stopped
                    goes on from what is there, if data and settings are the same
  --help            this text
`;

export interface PapersOptions {
  readonly help: boolean;
  /** Absolute path, or null: none was given. */
  readonly mnist: string | null;
  /** Names of papers, in the order in which they run. */
  readonly only: readonly string[];
  readonly seeds: number;
  readonly quick: boolean;
  /** Absolute path. */
  readonly out: string;
}

const OPTIONS = {
  mnist: { type: 'string' },
  only: { type: 'string' },
  seeds: { type: 'string' },
  quick: { type: 'boolean', default: false },
  out: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Reads the arguments; relative paths start at `folder`. `names` are those of all papers. Throws UsageError. */
export function parsePapersOptions(args: readonly string[], folder: string, names: readonly string[]): PapersOptions {
  const { help, mnist, only, seeds, quick, out } = parse(args, OPTIONS);
  const wanted = only?.split(',').map((name) => name.trim()) ?? names;
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`--only knows no paper ${JSON.stringify(unknown)}; there are ${names.join(', ')}`);
  const count = Number(seeds ?? (quick ? 1 : 3));
  if (!(Number.isInteger(count) && count >= 1 && count <= 100))
    throw new UsageError(`--seeds must be a whole number from 1 to 100, got ${JSON.stringify(seeds)}`);
  return {
    help,
    mnist: mnist === undefined ? null : resolve(folder, mnist),
    only: names.filter((name) => wanted.includes(name)),
    seeds: count,
    quick,
    out: out === undefined ? fileURLToPath(new URL('report/papers', BENCH)) : resolve(folder, out),
  };
}
