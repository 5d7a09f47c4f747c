import { Command, InvalidArgumentError, Option } from 'commander';
import { commandNear, isWord } from './misspelled.ts';
import {
  type ExportFlags,
  exportCommand,
  type InspectFlags,
  inspectCommand,
  kindOf,
  type PageFlags,
  pageCommand,
} from './options-export.ts';
import { addReading, type ReadFlags } from './options-reading.ts';
import type { ImageShape, ModelKind } from './types-base.ts';

/** What the columns of a table are. */
export interface TableFlags extends ReadFlags {
  target?: string;
  task?: 'classification' | 'regression';
  types?: readonly string[];
  drop?: readonly string[];
  keep?: readonly string[];
  missing?: 'refuse' | 'mean' | 'median' | 'frequent' | 'category';
  unlabelled?: 'refuse' | 'skip';
  maxCategories?: number;
  image?: ImageShape;
}

/** How long it takes, and where it goes. */
export interface RunFlags {
  seed: number;
  seeds: number;
  epochs: number;
  out: string;
  kernels?: 'wasm' | 'cpu' | 'reference';
  open?: boolean;
  progress: boolean;
}

export interface TrainFlags extends TableFlags, RunFlags {
  csv?: string;
  model: ModelKind;
  light: boolean;
  criteria: boolean;
  students: boolean;
  smallest: boolean;
}

export interface CompressFlags extends TableFlags, RunFlags {
  /** What is trained, or the file of what has been. */
  model: ModelKind | { readonly file: string };
  /** Bytes. */
  budget?: number;
  /** Points of a hundred. */
  maxDamage: number;
  strategy: 'grid' | 'random' | 'halving';
  trials?: number;
  workers: number;
  save: 'front' | 'all' | 'best';
}

export interface PredictFlags extends ReadFlags {
  out: string;
}

/** A command with what was typed behind it. */
export type Typed =
  | { readonly command: 'train'; readonly file: string | undefined; readonly flags: TrainFlags }
  | { readonly command: 'compress'; readonly file: string | undefined; readonly flags: CompressFlags }
  | { readonly command: 'export'; readonly model: string; readonly flags: ExportFlags }
  | { readonly command: 'inspect'; readonly file: string; readonly flags: InspectFlags }
  | { readonly command: 'page'; readonly model: string; readonly flags: PageFlags }
  | { readonly command: 'predict'; readonly model: string; readonly file: string; readonly flags: PredictFlags };

/** An option that does not fit, in words for the person who typed it. */
export class UsageError extends Error {}

const MAX_SEEDS = 100;
const MAX_EPOCHS = 100_000;
const MAX_WORKERS = 64;
const KINDS: readonly ModelKind[] = ['mlp', 'cnn', 'mobilenet'];

/** Options that say something about a table of one's own. */
const OF_TABLES = [
  ...['target', 'task', 'types', 'drop', 'keep', 'missing', 'unlabelled', 'maxCategories'],
  ...['delimiter', 'decimal', 'thousands', 'quote', 'comment', 'header', 'na', 'encoding'],
];

/** Reads the command line. Throws CommanderError (for help and version with exit code 0) or UsageError. */
export function parse(
  args: readonly string[],
  { defaultEpochs, version, show }: { defaultEpochs: number; version: string; show(text: string): void },
): Typed {
  const [first = ''] = args;
  const meant = commandNear(first);
  if (meant !== undefined)
    throw new UsageError(`there is no command ${first}. Did you mean ${meant}? If it is your table, write ./${first}`);
  let typed: Typed | undefined;
  const program = trainCommand(defaultEpochs, version, show);
  program.action((given: string | undefined) => {
    const flags = program.opts<TrainFlags>();
    const file = fileOf(given, flags.csv);
    checkTable(program, 'whittle', file, flags);
    checkImage(file, flags.model, flags.image);
    typed = { command: 'train', file, flags };
  });
  const compress = compressCommand(program, defaultEpochs);
  compress.action((file: string | undefined, flags: CompressFlags) => {
    checkNoneBefore(program, 'compress');
    checkTable(compress, 'whittle compress', file, flags);
    if (typeof flags.model === 'string') checkImage(file, flags.model, flags.image);
    if (flags.trials !== undefined && flags.strategy === 'grid')
      throw new UsageError('--trials needs --strategy random or halving: grid tries all recipes');
    typed = { command: 'compress', file, flags };
  });
  const predict = predictCommand(program);
  predict.action((model: string, file: string, flags: PredictFlags) => {
    checkNoneBefore(program, 'predict');
    checkNotEmpty({ 'the file of the model': model, 'the file': file, '--out': flags.out });
    typed = { command: 'predict', model, file, flags };
  });
  exportCommand(program).action((model: string, flags: ExportFlags) => {
    checkNoneBefore(program, 'export');
    checkNotEmpty({ 'the name of the file': model, '--out': flags.out, '--name': flags.name });
    checkExport(flags);
    typed = { command: 'export', model, flags };
  });
  inspectCommand(program).action((file: string, flags: InspectFlags) => {
    checkNoneBefore(program, 'inspect');
    checkNotEmpty({ 'the name of the file': file });
    typed = { command: 'inspect', file, flags };
  });
  pageCommand(program).action((model: string, flags: PageFlags) => {
    checkNoneBefore(program, 'page');
    checkNotEmpty({ 'the file of the model': model, '--out': flags.out, '--name': flags.name });
    typed = { command: 'page', model, flags };
  });
  program.parse(args, { from: 'user' });
  return typed!;
}

function trainCommand(defaultEpochs: number, version: string, show: (text: string) => void): Command {
  const program = new Command('whittle')
    .description(
      'Trains networks on a table, says whether they under- or overfit, applies the remedies, compresses the network, and ' +
        'writes a report with pictures and the networks. Without a file it takes the handwritten digits that come with it.',
    )
    .argument('[file]', 'your own table: CSV, may be packed with gzip')
    .version(version)
    .enablePositionalOptions()
    .helpCommand(true)
    .exitOverride()
    .configureOutput({ writeOut: show, writeErr: () => {}, outputError: () => {} });
  addTable(program)
    .addOption(choice('--model <kind>', `what is trained and compressed: ${KINDS_TEXT}`, ...KINDS).default('mlp'))
    .option(
      '--no-light',
      'leave out the comparison of networks for images, which the digits and tables with --image get',
    )
    .option('--no-criteria', 'leave out the comparison of criteria of pruning, which takes three seeds or more')
    .option('--no-students', 'leave out what distillation changed, for which more students are trained')
    .option(
      '--no-smallest',
      'leave out where the bytes of the smallest file are, for which networks are pruned, shared and coded',
    )
    .addOption(new Option('--csv <file>', 'the table, as an option').hideHelp());
  return addRun(program, defaultEpochs, {
    seed: 'first seed',
    seeds: 'how many seeds to run: more give means and ranges',
    out: ['folder for report.json, index.html and models/', 'report'],
  });
}

const KINDS_TEXT =
  'mlp, a perceptron on columns or pixels; or on images cnn, one convolution and dense layers, or mobilenet, many small convolutions';

function compressCommand(program: Command, defaultEpochs: number): Command {
  const command = program
    .command('compress')
    .description(
      'Trains a network on a table, makes it smaller by many recipes (pruned, shared, in fewer bits, narrower, taught, coded), ' +
        'and writes a report that says what each is worth, and the networks that no other one beats. A search that was ended ' +
        'goes on where it was when it is called again. Without a file it takes the handwritten digits that come with it.',
    )
    .argument('[file]', 'your own table: CSV, may be packed with gzip');
  addTable(command)
    .option(
      '--model <kind or file>',
      `what is trained: ${KINDS_TEXT}; or the file of a network that a run has left in models/, trained on the same table with the same options and seed`,
      kindOrFile,
      'mlp',
    )
    .option('--budget <size>', 'the most bytes that a file may have, such as 20000, 20kB or 1.5MB', bytesOf)
    .option(
      '--max-damage <points>',
      'the most points of accuracy, or hundredths of R², that a network may lose on the validation samples',
      pointsOf,
      2,
    )
    .addOption(
      choice(
        '--strategy <name>',
        'which recipes are tried: grid, all; random, some; halving, some with a part of the epochs, and the best of these with all',
        ...['grid', 'random', 'halving'],
      ).default('grid'),
    )
    .option(
      '--trials <n>',
      'how many recipes random and halving draw, besides those from scratch; default: 16',
      integer(1, 1_000_000),
    )
    .option(
      '--workers <n>',
      'how many recipes are followed at once; the networks are the same',
      integer(0, MAX_WORKERS),
      0,
    )
    .addOption(
      choice(
        '--save <which>',
        'networks to write to points/: front, those that no other one beats in bytes and score; all; or the best',
        ...['front', 'all', 'best'],
      ).default('front'),
    );
  return addRun(command, defaultEpochs, {
    seed: 'of the split, of the network that is trained, and the first of the recipes',
    seeds: 'with how many seeds each recipe is followed',
    out: ['folder for report.json, report.html, points/ and journal.jsonl, by which a search goes on', 'compressed'],
  });
}

/** Options of all commands that train. */
const addRun = (
  command: Command,
  defaultEpochs: number,
  { seed, seeds, out }: { seed: string; seeds: string; out: readonly [what: string, usual: string] },
): Command =>
  command
    .option('--seed <n>', seed, integer(0, Number.MAX_SAFE_INTEGER - MAX_SEEDS), 0)
    .option('--seeds <count>', seeds, integer(1, MAX_SEEDS), 1)
    .option('--epochs <n>', 'scales the epochs of every training run', integer(1, MAX_EPOCHS), defaultEpochs)
    .option('--out <folder>', ...out)
    .option('--open', 'show the report when it is done')
    .addOption(
      choice(
        '--kernels <table>',
        'which kernels compute: the same bits at different speed; default: wasm where it runs, else cpu',
        ...['wasm', 'cpu', 'reference'],
      ),
    )
    .option('--no-progress', 'show no progress');

/** Options that say what a table is. */
const addTable = (command: Command): Command =>
  addReading(
    command
      .option('--target <column>', 'column to predict: its name, or its number from 1')
      .addOption(choice('--task <task>', 'what the target is; default: by its values', 'classification', 'regression'))
      .option('--drop <columns>', 'columns to leave out: names or numbers, with commas between', listed)
      .option('--keep <columns>', 'columns to keep that would be left out, such as ids and names', listed)
      .option(
        '--types <column=type>',
        'what a column is, with commas between: number, category, date, or d/m/y or m/d/y where a date could be either',
        listed,
      )
      .addOption(
        choice(
          '--missing <how>',
          'cells without a value: refuse, or fill them with the mean, the median or the most frequent value of the column, or ' +
            'make "missing" a category; default: mean',
          ...['refuse', 'mean', 'median', 'frequent', 'category'],
        ),
      )
      .addOption(choice('--unlabelled <how>', 'rows without a target; default: skip', 'refuse', 'skip'))
      .option(
        '--max-categories <n>',
        'texts of a column that count, the rest is "other"; default: 50',
        integer(1, 1_000_000),
      ),
  ).option(
    '--image <shape>',
    'what a row is, height x width x channels, such as 28x28x1: pixels row by row, the channels of each side by side; all ' +
      'have one scale then, for any model',
    imageOf,
  );

const predictCommand = (program: Command): Command =>
  addReading(
    program
      .command('predict')
      .description(
        'Reads a network that a run has left in models/, or a module that whittle export has made of one and that is run, and ' +
          'writes a copy of the table with a prediction for every row, and for classes their probabilities.',
      )
      .argument('<model>', 'the network, such as report/models/combined.safetensors')
      .argument('<file>', 'the table: CSV with the columns that the network was trained on, in any order')
      .option('--out <file>', 'where to write; - for the standard output', 'predictions.csv'),
  );

const choice = (flags: string, description: string, ...choices: string[]): Option =>
  new Option(flags, description).choices(choices);

const listed = (text: string, before: readonly string[] = []): string[] => [...before, text];

/** Reads an option as plain decimal digits. */
function integer(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw new InvalidArgumentError(`It must be an integer from ${low} to ${high}.`);
  };
}

/** Reads `28x28x1`. */
function imageOf(text: string): ImageShape {
  const [height = 0, width = 0, channels = 0] = (
    /^\d{1,4}(?:[x×]\d{1,4}){2}$/i.test(text) ? text.split(/[x×]/i) : []
  ).map(Number);
  if (height * width * channels > 0) return [height, width, channels];
  throw new InvalidArgumentError('It must be height x width x channels, such as 28x28x1.');
}

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 1e3, mb: 1e6, kib: 2 ** 10, mib: 2 ** 20 };

/** Reads `20kB`. */
function bytesOf(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,12}(?:\.\d{1,6})?) ?([kmi]*b)?$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(number) * (UNITS[unit.toLowerCase()] ?? 0));
  if (bytes >= 1) return bytes;
  throw new InvalidArgumentError('It must be a number of bytes, such as 20000, 20kB, 20KiB or 1.5MB.');
}

/** Reads points of a hundred. */
function pointsOf(text: string): number {
  const points = /^\d{1,3}(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (points <= 100) return points;
  throw new InvalidArgumentError('It must be a number of points from 0 to 100, such as 2 or 0.5.');
}

/** Reads a kind of network, or the name of a file. Throws for a word, which is no name of such a file. */
function kindOrFile(text: string): CompressFlags['model'] {
  const kind = KINDS.find((each) => each === text);
  if (kind === undefined && isWord(text))
    throw new InvalidArgumentError(
      `It must be ${KINDS.join(', ')}, or the file of a network, such as report/models/teacher.safetensors; if ${text} is one, write ./${text}.`,
    );
  return kind ?? { file: text };
}

/** Throws UsageError for options before a command that has its own. */
function checkNoneBefore(program: Command, command: string): void {
  const before = program.options.find((o) => program.getOptionValueSource(o.attributeName()) === 'cli');
  if (before !== undefined)
    throw new UsageError(`${before.long} stands before ${command}: its options stand behind it`);
}

/** Throws UsageError for options of a table without one, and a table without what is to be predicted. */
function checkTable(
  command: Command,
  called: string,
  file: string | undefined,
  { target, out }: TableFlags & RunFlags,
): void {
  const given = OF_TABLES.find((name) => command.getOptionValueSource(name) === 'cli');
  if (file === undefined && given !== undefined) {
    const isOff = command.getOptionValue(given) === false;
    const { long } = command.options.find((o) => o.attributeName() === given && o.negate === isOff)!;
    throw new UsageError(`${long} needs a table: ${called} data.csv --target <column>`);
  }
  if (file !== undefined && target === undefined)
    throw new UsageError('a table needs --target <column>, the column to predict');
  checkNotEmpty({ 'the file': file, '--out': out, '--target': target });
}

/** Throws UsageError for a network for images without an image. */
function checkImage(file: string | undefined, model: ModelKind, image: ImageShape | undefined): void {
  if (model !== 'mlp' && image === undefined && file !== undefined) {
    throw new UsageError(
      `--model ${model} needs --image, which says what a row is: height x width x channels, as in --image 28x28x1`,
    );
  }
}

/** Throws UsageError for options of the other form. */
function checkExport(flags: ExportFlags): void {
  const { readable, plain, logits, int8Inputs } = flags;
  const as = kindOf(flags);
  if (as === 'c' && readable === true) throw new UsageError('--readable is of modules: C is always readable');
  if (as !== 'module' && readable === true) throw new UsageError('--readable is of modules: this is no text');
  const ofC = Object.entries({ '--plain': plain, '--logits': logits, '--int8-inputs': int8Inputs });
  const given = ofC.find(([, isGiven]) => isGiven === true)?.[0];
  if (as !== 'c' && given !== undefined) throw new UsageError(`${given} needs --as c`);
}

function fileOf(file: string | undefined, csv: string | undefined): string | undefined {
  if (file !== undefined && csv !== undefined) {
    throw new UsageError(`two tables are given, ${file} and --csv ${csv}: one is enough`);
  }
  return file ?? csv;
}

function checkNotEmpty(texts: Readonly<Record<string, string | undefined>>): void {
  for (const [name, text] of Object.entries(texts)) if (text === '') throw new UsageError(`${name} is empty`);
}
