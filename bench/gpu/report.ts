import { aligned } from '../report.ts';
import type { MissingMode, ModeResults } from './results.ts';
import { HEADS, headOf, linesOf, remarksOf } from './table.ts';

/** A mode's table for a terminal, a block of lines for each row. */
export function renderMode(results: ModeResults): string {
  const blank = HEADS.map(() => '');
  const blocks = results.rows.map((row) => ({
    lines: [[row.name, ...blank.slice(1)], ...linesOf(row).map(([name, ...cells]) => [`  ${name}`, ...cells])],
    remarks: remarksOf(row).map((remark) => `  ${remark}\n`),
  }));
  // One table, so that its columns stand below each other; remarks go between its lines.
  const [title, ...lines] = aligned([[...HEADS], ...blocks.flatMap((block) => block.lines)]).split(/(?<=\n)/);
  const body = blocks.map(({ lines: own, remarks }) => [...lines.splice(0, own.length), ...remarks].join(''));
  const head = headOf(results).map((text) => `${text}\n`);
  return [...head, title, ...body].join('');
}

export const renderMissing = ({ mode, where, reason }: MissingMode): string =>
  `${mode} is missing in ${where}: ${reason}\n`;
