/** What is wrong with a table, as data. */
export type TableProblem =
  | { readonly what: 'column alone' }
  | { readonly what: 'no rows' }
  | { readonly what: 'cells'; readonly line: string; readonly cells: string; readonly wanted: string }
  | { readonly what: 'open quote'; readonly line: string }
  | { readonly what: 'one class'; readonly column: string; readonly name: string }
  | { readonly what: 'classes'; readonly column: string; readonly classes: string; readonly most: string }
  | { readonly what: 'number'; readonly column: string; readonly number: string; readonly line: string }
  | { readonly what: 'no text' }
  /** One that is met seldom: the library's sentence. */
  | { readonly what: 'other'; readonly problem: string };

/** A table that cannot be learned from. */
export interface TableReason {
  readonly kind: 'bad table';
  readonly problem: TableProblem;
}

type Known = Exclude<TableProblem['what'], 'other'>;
/** The library's sentences, and the names of what stands in them. */
const KNOWN: { readonly [W in Known]: RegExp } = {
  'column alone': /^csv: header: has no column but the target/,
  'no rows': /^csv: file: (?:has a header but no rows|is empty)/,
  cells: /^csv: line (?<line>\d+): has (?<cells>\d+) cells?, the header has (?<wanted>\d+)/,
  'open quote': /^csv: line (?<line>\d+): .*a quote that is never closed/,
  'one class': /^csv: column "(?<column>.*)": classification needs at least 2 classes, every row has "?(?<name>.*?)"?$/,
  classes: /^csv: column "(?<column>.*)": has (?<classes>\d+) classes, more than (?<most>\d+)/,
  number: /^csv: column "(?<column>.*)": the number "(?<number>.*)" in line (?<line>\d+) is past the range/,
  'no text': /has a byte of 0: this is no text/,
};

/** What the reader's sentence says. */
export function tableProblem(message: string): TableProblem {
  for (const [what, pattern] of Object.entries(KNOWN)) {
    const found = pattern.exec(message);
    if (found !== null) return { what, ...found.groups } as TableProblem;
  }
  return { what: 'other', problem: message };
}

export const TABLE_SENTENCES = {
  'bad table': ({ problem }: TableReason): string => {
    switch (problem.what) {
      case 'column alone':
        return 'Beside the column to learn, none is left to learn from: add a column of numbers that differ, other than row numbers.';
      case 'no rows':
        return 'The table has a header and no rows: add rows below the line of names.';
      case 'cells':
        return `The header has ${problem.wanted} cells, and line ${problem.line} has ${problem.cells}: each line needs as many.`;
      case 'open quote':
        return `In line ${problem.line} a quotation mark is opened and never closed: close it, or take it out.`;
      case 'one class':
        return `Each row of “${problem.column}” says ${problem.name}, and two classes are needed: choose another column to learn.`;
      case 'classes':
        return `“${problem.column}” has ${problem.classes} classes, and ${problem.most} are the most: choose another column to learn.`;
      case 'number':
        return `${problem.number} in line ${problem.line} of “${problem.column}” is too large to compute with: scale the column down.`;
      case 'no text':
        return 'This is no text, or none in UTF-8: save the table as CSV in UTF-8.';
      case 'other':
        return `The table cannot be used: ${problem.problem}`;
    }
  },
};
