import { readCSV } from 'whittle-ml/data';
import { READING } from '../../engine/table-reading.ts';

/** Of a text so many characters and lines are looked at, which is more than the reader decides by. */
const LOOKED_AT = { characters: 300_000, lines: 400 };

/** The names of a table's columns, for choosing among them: those that the reader finds, or, where it refuses the table, those that the first line seems to have. */
export function columnsOf(text: string): readonly string[] {
  try {
    return readCSV(beginning(text), READING).names.filter((name) => name !== '');
  } catch {
    return firstLine(text.slice(0, LOOKED_AT.characters));
  }
}

/** The first lines, whole. */
function beginning(text: string): string {
  const part = text.slice(0, LOOKED_AT.characters);
  const lines = part.split('\n', LOOKED_AT.lines);
  if (part.length < text.length && lines.length > 1 && lines.length < LOOKED_AT.lines) lines.pop();
  return lines.join('\n');
}

function firstLine(text: string): readonly string[] {
  const line = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/, 200)
    .find((each) => each.trim() !== '' && !each.startsWith('#'));
  if (line === undefined) return [];
  const cells = [',', ';', '\t'].map((delimiter) => cellsOf(line, delimiter));
  const most = cells.reduce((best, each) => (each.length > best.length ? each : best));
  return [...new Set(most.map((cell) => cell.trim()).filter((cell) => cell !== ''))];
}

/** RFC 4180: a quoted cell may hold the delimiter, and a quote as two. */
function cellsOf(line: string, delimiter: string): readonly string[] {
  const cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let at = 0; at < line.length; at++) {
    const character = line[at]!;
    if (character === '"') {
      if (isQuoted && line[at + 1] === '"') {
        cell += '"';
        at++;
      } else isQuoted = !isQuoted;
    } else if (character === delimiter && !isQuoted) {
      cells.push(cell);
      cell = '';
    } else cell += character;
  }
  return [...cells, cell];
}

/** A table to try: parts that are kept if their sizes lie within a circle. Made by a formula. */
export function exampleTable(): string {
  const rows = Array.from({ length: 120 }, (_, i) => {
    const width = (((i * 37) % 120) / 12).toFixed(1);
    const height = (((i * 53 + 11) % 120) / 12).toFixed(1);
    const isInside = (Number(width) - 5) ** 2 + (Number(height) - 5) ** 2 < 12;
    return `${width},${height},${isInside ? 'keep' : 'discard'}`;
  });
  return ['width,height,decision', ...rows].join('\n');
}
