import type { RawTable } from './raw.ts';

/** How messages about tables name things. */

/** A column as messages name it. */
export const columnNamed = (name: string): string => `column ${shown(name)}`;

/** A text of a file as messages show it: in quotes, at most 40 characters. */
export const shown = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}...` : text);

/** A few texts of a list, and how many more there are. */
export const listed = (texts: readonly string[]): string =>
  `${texts.slice(0, 8).map(shown).join(', ')}${texts.length > 8 ? ` and ${texts.length - 8} more` : ''}`;

/** `"abc" in line 7`: a cell of a table. */
export const cellOf = (table: RawTable, row: number, index: number): string =>
  `${shown((table.cells(row)[index] ?? '').trim())} in line ${table.line(row)}`;

/** 1 cell, 2 cells. */
export const counted = (n: number, thing: string): string => `${n} ${thing}${n === 1 ? '' : 's'}`;
