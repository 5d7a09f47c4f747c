import { resolve } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Settings } from './measure.ts';
import type { Row } from './row.ts';

export const HELP = `Usage: npm run bench -- [options]

Times kernels, training steps and inference, each in several ways, in turns, and other libraries that are installed
(npm run bench:peers) beside them. Prints tables and writes every sample to a JSON file and a page to look at.

  --filter <text>   only rows whose name contains the text, such as "gemm", "512" or "step"
  --quick           fewer and shorter samples, and without a filter fewer rows
  --no-peers        without other libraries
  --kernel <file>   a JavaScript module that exports kernels, such as gemm: they join the rows as "own" (bench/README.md)
  --out <file>      the JSON file (default bench/report/results.json); the page gets the same name with .html
  --help            this text
`;

/** An option that does not fit, in words for the person who typed it. */
export class UsageError extends Error {}

export interface Options {
  readonly help: boolean;
  readonly filter: string;
  readonly quick: boolean;
  readonly peers: boolean;
  readonly settings: Settings;
  /** Absolute path. */
  readonly kernel: string | null;
  /** Absolute path, or null for the default. */
  readonly out: string | null;
}

export const FULL: Settings = { rounds: 21, minTime: 0.02, warmUp: 0.3, budget: 8 };
export const QUICK: Settings = { rounds: 7, minTime: 0.01, warmUp: 0.15, budget: 1 };

/** Reads the arguments; relative paths start at `folder`. Throws UsageError, whose message is one line. */
export function parseOptions(args: readonly string[], folder: string): Options {
  const { help, quick, filter, kernel, out, 'no-peers': alone } = parse(args, OPTIONS);
  if (out !== undefined && !out.endsWith('.json')) {
    throw new UsageError(`--out must name a .json file, got ${JSON.stringify(out)}`);
  }
  return {
    help,
    filter: filter ?? '',
    quick,
    peers: !alone,
    settings: quick ? QUICK : FULL,
    kernel: kernel === undefined ? null : resolve(folder, kernel),
    out: out === undefined ? null : resolve(folder, out),
  };
}

const OPTIONS = {
  filter: { type: 'string' },
  quick: { type: 'boolean', default: false },
  'no-peers': { type: 'boolean', default: false },
  kernel: { type: 'string' },
  out: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** What was given for each option. Throws UsageError. */
export function parse<T extends NonNullable<ParseArgsConfig['options']>>(args: readonly string[], options: T) {
  const { values } = attempt(() => parseArgs({ args: [...args], options }));
  for (const [name, value] of Object.entries(values)) {
    if (value === '') throw new UsageError(`--${name} is empty`);
  }
  return values;
}

function attempt<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Node adds advice about dashes, over several lines.
    const [problem] = error.message.split(/\.\s|\n/);
    throw new UsageError(`${problem}; --help lists the options`);
  }
}

/** The rows to time. Throws UsageError when the filter leaves none. */
export function chosenOf<R extends Pick<Row, 'name' | 'quick'>>(
  rows: readonly R[],
  { filter, quick }: Pick<Options, 'filter' | 'quick'>,
): readonly R[] {
  if (filter === '') return quick ? rows.filter((row) => row.quick) : rows;
  const chosen = rows.filter(({ name }) => name.includes(filter));
  if (chosen.length > 0) return chosen;
  const groups = [...new Set(rows.map(({ name }) => name.split(' ')[0]))].join(', ');
  throw new UsageError(`no row's name contains ${JSON.stringify(filter)}; there are ${groups}`);
}

/** The exit code of a program: 2 for a wrong option, with one line on `errors` that begins with its name. */
export async function exitCodeOf(
  program: () => Promise<number>,
  errors: { write(text: string): unknown },
  name = 'bench',
): Promise<number> {
  try {
    return await program();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    errors.write(`${name}: ${error.message.replace(/\s*\n\s*/g, ' ')}\n`);
    return 2;
  }
}
