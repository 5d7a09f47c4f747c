import type { TableProblem } from './table-problems.ts';

/** Tables are read as they come: what the reader can find out by itself it does. */
export const READING = {
  delimiter: 'auto',
  decimal: 'auto',
  thousands: 'auto',
  comment: 'auto',
  sameNames: 'number',
} as const;

/** Names and classes of a table may be of any length. */
const MOST_SHOWN = 60;
export const clipped = (text: string): string =>
  text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN - 1)}…` : text;

type Known = Exclude<TableProblem['what'], 'other' | 'too wide'>;
/** The library's sentences, and the names of what stands in them. */
const KNOWN: { readonly [W in Known]: RegExp } = {
  'column alone': /^csv: header: has no column but the target/,
  'no rows': /^csv: file: (?:has a header but no rows|is empty)/,
  cells: /^csv: line (?<line>\d+): has (?<cells>\d+) cells?, the header has (?<wanted>\d+)/,
  'open quote': /^csv: line (?<line>\d+): .*a quote that is never closed/,
  'one class': /^csv: column "(?<column>.*)": classification needs at least 2 classes, every row has "?(?<name>.*?)"?$/,
  classes: /^csv: column "(?<column>.*)": has (?<classes>\d+) classes, more than (?<most>\d+)/,
  number: /^csv: column "(?<column>.*)": the number "(?<number>.*)" in line (?<line>\d+) is past the range/,
  'not numbers':
    /^csv: column "(?<column>.*)": regression needs numbers, got (?<cell>"(?:[^"\\]|\\.)*") in line (?<line>\d+)/,
  'nothing to learn': /^csv: column "(?<column>.*)": no row has a value in the target/,
  'no column': /^TableEncoder: target must be one of (?<names>.*), got (?<column>"(?:[^"\\]|\\.)*")/,
  'after quote': /^csv: (?:line (?<line>\d+)|header): cell (?<cell>\d+) has text after its closing quote/,
  'same feature': /^csv: header: two features would be called (?<name>"(?:[^"\\]|\\.)*")/,
  'no text': /has a byte of 0: this is no text/,
  'no header': /^csv: header: looks like data, as the names (?<name>"(?:[^"\\]|\\.)*")/,
};

/** What the reader's sentence says. */
export function tableProblem(message: string): TableProblem {
  for (const [what, pattern] of Object.entries(KNOWN)) {
    const found = pattern.exec(message);
    if (found === null) continue;
    // What is said of the header names no line: it is the first.
    const facts = Object.entries(found.groups ?? {}).map(([name, fact]) => [name, clipped(fact ?? '1')]);
    return { what, ...Object.fromEntries(facts) } as TableProblem;
  }
  return { what: 'other', problem: message };
}
