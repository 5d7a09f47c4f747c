/** The names of a table's first line, for choosing among them. What the table says in full the engine reads. */
export function columnsOf(text: string): readonly string[] {
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
