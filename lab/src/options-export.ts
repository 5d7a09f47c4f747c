import { type Command, Option } from 'commander';

/** Options of the commands that make something of one network. */

export interface ExportFlags {
  /** What was typed, or what the ending of the file says. */
  as?: 'module' | 'c';
  /** A folder, or a file by its ending. */
  out: string;
  name?: string;
  readable?: boolean;
  plain?: boolean;
  logits?: boolean;
  int8Inputs?: boolean;
}

export interface PageFlags {
  out?: string;
  name?: string;
  open?: boolean;
}

export const languageOf = ({ as, out }: Pick<ExportFlags, 'as' | 'out'>): 'module' | 'c' =>
  as ?? (out.endsWith('.c') ? 'c' : 'module');

const MODEL = ['<model>', 'a network of a run with its encoder, such as report/models/int8.safetensors'] as const;

export const exportCommand = (program: Command): Command =>
  program
    .command('export')
    .description(
      'Writes a network that a run has left in models/ or points/ as source code that needs nothing else: an ES module with its ' +
        'encoder and its types, or C99 with a header that says what the inputs are. Their answers are those of the network, to the bit.',
    )
    .argument(...MODEL)
    .addOption(
      new Option('--as <language>', 'what is written; default: c where --out ends in .c, else module').choices([
        'module',
        'c',
      ]),
    )
    .option('--out <folder or file>', 'where to: a folder, or the file, which ends in .mjs, .js or .c', '.')
    .option(
      '--name <name>',
      'what files are called, and in C what names begin with; default: as the file of the network',
    )
    .option('--readable', 'a module to read, with comments and long names')
    .option('--plain', 'numbers in C as they are, which runs fastest, not in the form of the fewest bytes')
    .option('--logits', 'C without a softmax or sigmoid at the end: the largest is the same')
    .option('--int8-inputs', 'C whose inputs are int8, as a network in int8 makes them');

export const pageCommand = (program: Command): Command =>
  program
    .command('page')
    .description(
      'Writes a network as one page that works offline, opened as a file too: a form with a field for each column, or for ' +
        'images a place to draw on, with the answers, and predictions for whole tables.',
    )
    .argument(...MODEL)
    .option('--out <file>', 'where to write; default: as the file of the network, with .html')
    .option('--name <name>', 'what the page is called; default: as the file of the network')
    .option('--open', 'show the page when it is done');
