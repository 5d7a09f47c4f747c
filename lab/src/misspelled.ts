const COMMANDS = ['compress', 'export', 'page', 'predict', 'help'];

/** Whether a text that may be a file is a bare word: no folder, no ending. */
export const isWord = (text: string): boolean => /^\w+$/.test(text);

/** The command that a first word nearly is, which would be taken for the file of a table. */
export function commandNear(first: string): string | undefined {
  if (!isWord(first) || COMMANDS.includes(first)) return undefined;
  return COMMANDS.find((command) => editsOf(first.toLowerCase(), command) <= (command.length > 5 ? 2 : 1));
}

/** How many letters to put in, leave out or replace make one word the other (Levenshtein 1966). */
function editsOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
