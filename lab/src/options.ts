import { Command, InvalidArgumentError, Option } from 'commander';
import type { ImageShape, ModelKind } from './types-base.ts';

/** How a table is written, as it was typed; what is left out is looked for. */
export interface ReadFlags {
  delimiter?: string;
  decimal?: string;
  thousands?: string;
  quote?: string;
  comment?: string;
  header?: boolean;
  na?: readonly string[];
  encoding?: 'utf-8' | 'windows-1252';
}

export interface TrainFlags extends ReadFlags {
  seed: number;
  seeds: number;
  epochs: number;
  out: string;
  csv?: string;
  target?: string;
  task?: 'classification' | 'regression';
  types?: readonly string[];
  drop?: readonly string[];
  keep?: readonly string[];
  missing?: 'refuse' | 'mean' | 'median' | 'frequent' | 'category';
  unlabelled?: 'refuse' | 'skip';
  maxCategories?: number;
  model: ModelKind;
  image?: ImageShape;
  light: boolean;
  criteria: boolean;
  students: boolean;
  smallest: boolean;
  kernels?: 'wasm' | 'cpu' | 'reference';
  open?: boolean;
  progress: boolean;
}

export interface PredictFlags extends ReadFlags {
  out: string;
}

/** A command with what was typed behind it. */
export type Typed =
  | { readonly command: 'train'; readonly file: string | undefined; readonly flags: TrainFlags }
  | { readonly command: 'predict'; readonly model: string; readonly file: string; readonly flags: PredictFlags };

/** An option that does not fit, in words for the person who typed it. */
export class UsageError extends Error {}

const MAX_SEEDS = 100;
const MAX_EPOCHS = 100_000;

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
  let typed: Typed | undefined;
  const program = trainCommand(defaultEpochs, version, show);
  program.action((file: string | undefined) => {
    const flags = program.opts<TrainFlags>();
    typed = { command: 'train', file: fileOf(file, flags.csv), flags };
    const given = OF_TABLES.find((name) => program.getOptionValueSource(name) === 'cli');
    if (typed.file === undefined && given !== undefined) {
      const isOff = program.getOptionValue(given) === false;
      const { long } = program.options.find((o) => o.attributeName() === given && o.negate === isOff)!;
      throw new UsageError(`${long} needs a table: whittle data.csv --target <column>`);
    }
    if (typed.file !== undefined && flags.target === undefined) {
      throw new UsageError('a table needs --target <column>, the column to predict');
    }
    checkImage(typed.file, flags);
    checkNotEmpty({ 'the file': typed.file, '--out': flags.out, '--target': flags.target });
  });
  const predict = predictCommand(program);
  predict.action((model: string, file: string, flags: PredictFlags) => {
    const before = program.options.find((o) => program.getOptionValueSource(o.attributeName()) === 'cli');
    if (before !== undefined) throw new UsageError(`${before.long} stands before predict: its options stand behind it`);
    checkNotEmpty({ 'the file of the model': model, 'the file': file, '--out': flags.out });
    typed = { command: 'predict', model, file, flags };
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
    .configureOutput({ writeOut: show, writeErr: () => {}, outputError: () => {} })
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
    );
  return addReading(program)
    .addOption(
      choice(
        '--model <kind>',
        'what is trained and compressed: mlp, a perceptron on columns or pixels; or on images cnn, one convolution and dense ' +
          'layers, or mobilenet, many small convolutions',
        ...['mlp', 'cnn', 'mobilenet'],
      ).default('mlp'),
    )
    .option(
      '--image <shape>',
      'what a row is, height x width x channels, such as 28x28x1: pixels row by row, the channels of each side by side; all ' +
        'have one scale then, for any model',
      imageOf,
    )
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
    .option('--seed <n>', 'first seed', integer(0, Number.MAX_SAFE_INTEGER - MAX_SEEDS), 0)
    .option('--seeds <count>', 'how many seeds to run: more give means and ranges', integer(1, MAX_SEEDS), 1)
    .option('--epochs <n>', 'scales the epochs of every training run', integer(1, MAX_EPOCHS), defaultEpochs)
    .option('--out <folder>', 'folder for report.json, index.html and models/', 'report')
    .option('--open', 'show the report when it is done')
    .addOption(
      choice(
        '--kernels <table>',
        'which kernels compute: the same bits at different speed; default: wasm where it runs, else cpu',
        ...['wasm', 'cpu', 'reference'],
      ),
    )
    .option('--no-progress', 'show no progress')
    .addOption(new Option('--csv <file>', 'the table, as an option').hideHelp());
}

const predictCommand = (program: Command): Command =>
  addReading(
    program
      .command('predict')
      .description(
        'Reads a network that a run has left in models/ and writes a copy of the table with a prediction for every row, and ' +
          'for classes their probabilities.',
      )
      .argument('<model>', 'the network, such as report/models/combined.safetensors')
      .argument('<file>', 'the table: CSV with the columns that the network was trained on, in any order')
      .option('--out <file>', 'where to write; - for the standard output', 'predictions.csv'),
  );

/** Words for characters that a shell makes hard to type. */
const CHARACTERS: Readonly<Record<string, string>> = {
  tab: '\t',
  '\\t': '\t',
  blank: ' ',
  blanks: ' ',
  space: ' ',
  comma: ',',
  semicolon: ';',
  pipe: '|',
  point: '.',
  apostrophe: "'",
  none: '',
};
const character = (text: string): string => (Object.hasOwn(CHARACTERS, text) ? CHARACTERS[text]! : text);

const addReading = (command: Command): Command =>
  command
    .option('--delimiter <character>', 'what stands between cells, also tab or blanks; default: looked for', character)
    .option('--decimal <character>', 'what stands before a fraction; default: looked for', character)
    .option('--thousands <character>', 'what groups digits by three, also none; default: looked for', character)
    .option('--quote <character>', 'what stands around cells, also none; default: "', character)
    .option('--comment <mark>', 'lines that begin with it are left out, also none; default: # where it fits', character)
    .option('--header', 'the first line has the names, though they look like data')
    .option('--no-header', 'the first line is data; columns are called "column 1" and so on')
    .option(
      '--na <marks>',
      'marks of a missing value, with commas between, such as ?,NA,-999; an empty cell is one. Default: the usual ones',
      (text: string, before: readonly string[] = []) => [...before, ...text.split(',')],
    )
    .addOption(choice('--encoding <name>', 'of the file; default: utf-8', 'utf-8', 'windows-1252'));

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

/** Throws UsageError for a network for images without an image. */
function checkImage(file: string | undefined, { model, image }: TrainFlags): void {
  if (model !== 'mlp' && image === undefined && file !== undefined) {
    throw new UsageError(
      `--model ${model} needs --image, which says what a row is: height x width x channels, as in --image 28x28x1`,
    );
  }
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
