import { Command, CommanderError } from 'commander';

const COMMANDS = ['compress', 'export', 'inspect', 'page', 'predict', 'help'];

/** Whether a text that may be a file is a bare word: no folder, no ending. */
export const isWord = (text: string): boolean => /^\w+$/.test(text);

/** The command that a first word nearly is, which would be taken for the file of a table. */
export function commandNear(first: string): string | undefined {
  if (!isWord(first) || COMMANDS.includes(first)) return undefined;
  const lower = first.toLowerCase();
  if (COMMANDS.includes(lower)) return lower;
  const asked = new Command()
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  for (const name of COMMANDS) asked.command(name);
  try {
    asked.parse([lower], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return /Did you mean (\w+)\?/.exec(error.message)?.[1];
    throw error;
  }
  return undefined;
}
