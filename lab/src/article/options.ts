import { Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../options.ts';
import { LANGUAGES, type Language } from './bilingual.ts';
import type { Loaded } from './load.ts';

export interface ArticleFlags {
  readonly seeds: number;
  readonly quick: boolean;
  readonly only?: readonly string[];
  readonly lang: Language;
  readonly out: string;
  readonly record?: string;
  readonly progress: boolean;
  readonly cache: boolean;
}

/** Fewer say little: an interval of four seeds is half as wide again as one of five. */
const FEWEST_SEEDS = 5;
const MOST_SEEDS = 1000;

/** Reads the command line. Throws CommanderError (for help with exit code 0) or UsageError. */
export function parseArticle(args: readonly string[], show: (text: string) => void): ArticleFlags {
  const program = new Command('article')
    .usage('[options]')
    .description(
      'Measures what an introductory article on underfitting, overfitting and compression says, claim by claim, over several ' +
        'seeds, and writes claims.json and a page in English and Chinese.',
    )
    .exitOverride()
    .configureOutput({ writeOut: show, writeErr: () => {}, outputError: () => {} })
    .option('--seeds <n>', `how many seeds, from ${FEWEST_SEEDS}`, seeds, FEWEST_SEEDS)
    .option('--quick', 'some of the claims, on less data: less than a minute in all', false)
    .option('--only <ids>', 'these claims, or those of a section, such as 6.4, with commas between', listed)
    .addOption(new Option('--lang <language>', 'of the terminal').choices(LANGUAGES).default('en'))
    .option('--out <folder>', 'where claims.json, index.html and the cache go', 'article')
    .option('--record <file>', 'also write the verdicts to a file that tests read')
    .option('--no-progress', 'show no progress')
    .option('--no-cache', 'measure anew what was measured before, and keep nothing for later');
  program.parse(args, { from: 'user' });
  const flags = program.opts<ArticleFlags>();
  for (const [name, text] of Object.entries({ out: flags.out, record: flags.record, only: flags.only?.join('') })) {
    if (text === '') throw new UsageError(`--${name} is empty`);
  }
  return flags;
}

function seeds(text: string): number {
  const value = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= FEWEST_SEEDS && value <= MOST_SEEDS) return value;
  throw new InvalidArgumentError(`It must be an integer from ${FEWEST_SEEDS} to ${MOST_SEEDS}.`);
}

const listed = (text: string, before: readonly string[] = []): string[] => [
  ...before,
  ...text.split(',').map((word) => word.trim()),
];

/** Whether a word of --only names it: by its id or its section, which may lack the part of the article, `6.4` for `I.6.4`. */
const isNamed = ({ claim: { id, section } }: Loaded, word: string): boolean =>
  [id, section].some((name) => name === word || name.replace(/^I+\./, '') === word);

/** The claims to measure: those that --only names, or all, of which --quick leaves some. Throws UsageError. */
export function chosenOf(all: readonly Loaded[], { only, quick }: Pick<ArticleFlags, 'only' | 'quick'>): Loaded[] {
  if (only === undefined) return all.filter(({ claim }) => claim.quick || !quick);
  const unknown = only.find((word) => !all.some((each) => isNamed(each, word)));
  if (unknown === undefined) return all.filter((each) => only.some((word) => isNamed(each, word)));
  const there = all.map(({ claim }) => claim.id).join(', ');
  throw new UsageError(`--only knows no claim or section ${JSON.stringify(unknown)}; there are ${there}`);
}
