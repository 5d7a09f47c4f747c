import { CommanderError } from 'commander';
import { WhittleError } from 'whittle-ml';
import { compressTable } from './compress.ts';
import { exportModel } from './export.ts';
import { plain } from './format.ts';
import { inspect } from './inspect.ts';
import { writePage } from './network-page.ts';
import { parse, UsageError } from './options.ts';
import { predict } from './predict.ts';
import type { Surroundings } from './surroundings.ts';
import { train } from './train.ts';
import { FileError } from './write.ts';

/** Codes of errors that speak of what was given, not of what went wrong in the job. */
const OF_INPUT = ['format', 'limit', 'value'];

/**
 * Runs the command. Returns the exit code: 0, 2 for a wrong option or file (one line on `errors`, nothing written), or 1
 * when the job itself fails. Everything that can be wrong with options and files is found before training begins.
 */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const fail = (code: number, message: string): number => {
    around.errors.write(`whittle: ${message.split('\n').map(plain).join(' ').trim()}\n`);
    return code;
  };
  try {
    const { defaultEpochs, version, output } = around;
    const typed = parse(args, { defaultEpochs, version, show: (text) => void output.write(text) });
    if (typed.command === 'train') await train(typed.file, typed.flags, around);
    else if (typed.command === 'compress') await compressTable(typed.file, typed.flags, around);
    else if (typed.command === 'export') await exportModel(typed.model, typed.flags, around);
    else if (typed.command === 'inspect') await inspect(typed.file, typed.flags, around);
    else if (typed.command === 'page') await writePage(typed.model, typed.flags, around);
    else await predict(typed.model, typed.file, typed.flags, around);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : fail(2, error.message.replace(/^error: /, ''));
    }
    if (error instanceof UsageError || error instanceof FileError) return fail(2, error.message);
    if (error instanceof WhittleError) return fail(OF_INPUT.includes(error.code) ? 2 : 1, error.message);
    throw error;
  }
}
