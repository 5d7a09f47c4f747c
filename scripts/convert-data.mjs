// Converts the two raw tables to the CSV files in data/: ordinary CSV with a header row and the class last.
//
//   node scripts/convert-data.mjs <digits.csv.gz> <wine_data.csv> [output folder, default data]
//
// The inputs are in the form in which scikit-learn distributes the UCI tables (sklearn/datasets/data). Numbers are
// copied as text, so no digit changes; every row is checked first, and a file of another shape is refused.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

const [digitsPath, winePath, folder = 'data'] = process.argv.slice(2);
if (digitsPath === undefined || winePath === undefined) {
  console.error('usage: node scripts/convert-data.mjs <digits.csv.gz> <wine_data.csv> [output folder]');
  process.exit(2);
}

const WINE = (
  'alcohol malic_acid ash alcalinity_of_ash magnesium total_phenols flavanoids nonflavanoid_phenols ' +
  'proanthocyanins color_intensity hue od280_od315_of_diluted_wines proline class'
).split(' ');

/** Cells of every non-empty line, after checking that there are `rows` lines of `columns` plain numbers. */
function table(name, text, rows, columns) {
  const cells = text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) => line.split(','));
  if (cells.length !== rows) throw new Error(`${name}: expected ${rows} rows, got ${cells.length}`);
  cells.forEach((row, i) => {
    const plain = row.length === columns && row.every((cell) => /^\d+(?:\.\d+)?$/.test(cell));
    if (!plain) throw new Error(`${name}: row ${i + 1} is not ${columns} plain numbers`);
  });
  return cells;
}

/** Throws unless every cell of `cells`, columns `from` to `to`, is an integer from 0 to `max`. */
function integers(name, cells, from, to, max) {
  for (const row of cells) {
    for (const cell of row.slice(from, to)) {
      if (!/^\d+$/.test(cell) || Number(cell) > max) throw new Error(`${name}: ${cell} is no integer from 0 to ${max}`);
    }
  }
}

const csv = (header, cells) => `${[header, ...cells].map((row) => row.join(',')).join('\n')}\n`;

const digits = table('digits', gunzipSync(readFileSync(digitsPath)).toString('utf8'), 1797, 65);
integers('digits', digits, 0, 64, 16);
integers('digits', digits, 64, 65, 9);
const digitsCSV = csv([...Array.from({ length: 64 }, (_, i) => `pixel${i}`), 'digit'], digits);

const wineText = readFileSync(winePath, 'utf8');
const firstLine = wineText.slice(0, wineText.indexOf('\n')).trim();
if (!firstLine.startsWith('178,13,'))
  throw new Error(`wine: expected "178,13,<class names>" first, got "${firstLine}"`);
const wine = table('wine', wineText.slice(wineText.indexOf('\n') + 1), 178, 14);
integers('wine', wine, 13, 14, 2);
const wineCSV = csv(WINE, wine);

// Bytes 4..7 of a gzip header are the time, which Node leaves 0; byte 9 is the operating system: 255 is "unknown"
// (RFC 1952). Other versions of zlib may pack the same text into other bytes: the digest of the text is the invariant.
const packed = gzipSync(digitsCSV, { level: 9 });
packed[9] = 255;

for (const [file, bytes, text] of [
  ['digits.csv.gz', packed, digitsCSV],
  ['wine.csv', wineCSV, wineCSV],
]) {
  writeFileSync(join(folder, file), bytes);
  console.log(
    `${file}: ${text.length} characters, SHA-256 of the text ${createHash('sha256').update(text).digest('hex')}`,
  );
}
