import { type Command, Option } from 'commander';
import { addModel, type ModelFlags } from './options-model.ts';

/** Options of the commands that make something of one network. */

/** What a network is written as, by the ending of its file: the first of two, where there are two. */
const BY_ENDING = {
  '.mjs': 'module',
  '.js': 'module',
  '.c': 'c',
  '.onnx': 'onnx',
  '.tflite': 'tflite',
  '.safetensors': 'safetensors',
} as const;
export type ExportKind = (typeof BY_ENDING)[keyof typeof BY_ENDING];
const KINDS: readonly ExportKind[] = [...new Set(Object.values(BY_ENDING))];

export interface ExportFlags extends ModelFlags {
  /** What was typed, or what the ending of the file says. */
  as?: ExportKind;
  /** A folder, or a file by its ending. */
  out: string;
  name?: string;
  readable?: boolean;
  plain?: boolean;
  logits?: boolean;
  int8Inputs?: boolean;
}

export interface InspectFlags extends ModelFlags {
  /** Names and numbers in full. */
  wide?: boolean;
}

export interface PageFlags {
  out?: string;
  name?: string;
  open?: boolean;
}

export const kindOf = ({ as, out }: Pick<ExportFlags, 'as' | 'out'>): ExportKind =>
  as ?? Object.entries(BY_ENDING).find(([ending]) => out.endsWith(ending))?.[1] ?? 'module';

const MODEL = ['<model>', 'a network of a run with its encoder, such as report/models/int8.safetensors'] as const;
const ANY_MODEL = [
  '<model>',
  'a network of a run, such as report/models/int8.safetensors, or one of another program: .onnx, .tflite, model.json of TensorFlow.js',
] as const;

export const exportCommand = (program: Command): Command =>
  addModel(
    program
      .command('export')
      .description(
        'Writes a network as source code that needs nothing else, an ES module with its encoder and its types or C99 with a header ' +
          'that says what the inputs are, whose answers are those of the network, to the bit; or as a file for other programs.',
      )
      .argument(...ANY_MODEL)
      .addOption(new Option('--as <form>', 'what is written; default: what --out ends in, else module').choices(KINDS))
      .option(
        '--out <folder or file>',
        `where to: a folder, or the file, which ends in ${Object.keys(BY_ENDING).join(', ')}`,
        '.',
      )
      .option(
        '--name <name>',
        'what files are called, and in C what names begin with; default: as the file of the network',
      )
      .option('--readable', 'a module to read, with comments and long names')
      .option('--plain', 'numbers in C as they are, which runs fastest, not in the form of the fewest bytes')
      .option('--logits', 'C without a softmax or sigmoid at the end: the largest is the same')
      .option('--int8-inputs', 'C whose inputs are int8, as a network in int8 makes them'),
  );

export const inspectCommand = (program: Command): Command =>
  addModel(
    program
      .command('inspect')
      .description(
        'Prints what a file holds: of a network a line for each node, with the bytes of its weights and its multiply-adds, of arrays a ' +
          'line for each. It reads what this library writes, ONNX, TFLite, model.json of TensorFlow.js, safetensors, .npy and .npz.',
      )
      .argument('<file>', 'the file')
      .option('--wide', 'names and numbers in full, in lines as long as they are'),
  );

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
