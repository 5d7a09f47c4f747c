import type { TableReason } from '../../engine/table-problems.ts';

/** What is wrong with a table. */
export const tableRefusals = {
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
      case 'no header':
        return `The first line looks like data (${problem.name}): put a line with the names of the columns above it.`;
      case 'too wide':
        return `The table gives ${problem.columns} numbers a row, each text counted as one, and ${problem.most} are the most with so many rows: leave columns out.`;
      case 'not numbers':
        return `“${problem.column}” has ${problem.cell} in line ${problem.line}, which is no number, and the loss is one of numbers: choose cross-entropy, or another column to learn.`;
      case 'nothing to learn':
        return `Each cell of “${problem.column}” is empty: choose another column to learn.`;
      case 'no column':
        return `The table has no column ${problem.column}: choose one that it has to learn, such as ${problem.names}.`;
      case 'after quote':
        return `In line ${problem.line}, cell ${problem.cell} has text after its closing quotation mark: put a comma between them, or double the marks within the text.`;
      case 'same feature':
        return `Two numbers of a row would both be called ${problem.name}: rename or leave out a column.`;
      case 'other':
        return `The table cannot be used: ${problem.problem}`;
    }
  },
};
