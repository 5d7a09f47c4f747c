import { Problems } from './problems.ts';
import type { Note, NoteKind, RawTable } from './raw.ts';

/** What looking at the columns of a table leaves: what does not fit, and what was done to what did not quite. */
export class Findings {
  readonly problems: Problems;
  readonly notes: Note[] = [];

  constructor(problems: Problems = new Problems()) {
    this.problems = problems;
  }

  refuse(column: string, problem: string): undefined {
    this.problems.add(`column ${shown(column)}`, problem);
  }

  note(kind: NoteKind, column: string, text: string): void {
    this.notes.push({ kind, column, text: `${shown(column)}: ${text}` });
  }
}

/** Cells of one kind: how many, and the row of the first. */
export class Tally {
  count = 0;
  first = -1;

  add(row: number): void {
    if (this.count++ === 0) this.first = row;
  }

  /** `2 cells are missing, the first in line 7`, or `the first "x" in line 7`. */
  say(table: RawTable, what: string, index?: number): string {
    const first = index === undefined ? `in line ${table.line(this.first)}` : cellOf(table, this.first, index);
    return `${this.count} ${this.count === 1 ? 'cell is' : 'cells are'} ${what}, the first ${first}`;
  }
}

/** A text of a file as messages show it: in quotes, at most 40 characters. */
export const shown = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}...` : text);

/** A few texts of a list, and how many more there are. */
export const listed = (texts: readonly string[]): string =>
  `${texts.slice(0, 8).map(shown).join(', ')}${texts.length > 8 ? ` and ${texts.length - 8} more` : ''}`;

/** `"abc" in line 7`: a cell of a table. */
export const cellOf = (table: RawTable, row: number, index: number): string =>
  `${shown((table.cells(row)[index] ?? '').trim())} in line ${table.line(row)}`;
