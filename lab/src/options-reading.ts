import { type Command, Option } from 'commander';

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

/** Options that say how a table is written. */
export const addReading = (command: Command): Command =>
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
    .addOption(new Option('--encoding <name>', 'of the file; default: utf-8').choices(['utf-8', 'windows-1252']));
