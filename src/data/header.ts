import { FormatError } from '../base/errors.ts';
import { ANY_NUMBER, type Settings } from './dialect.ts';
import type { Problems } from './problems.ts';
import type { Dialect, Note } from './raw.ts';
import { decodeCell, type Scanner } from './scan.ts';
import { undouble } from './texts.ts';

/** The names of the row that the scanner is at. */
export function readHeader(scanner: Scanner, { quote }: Dialect, problems: Problems): string[] {
  const number = new Float64Array(1);
  const names: string[] = [];
  do {
    scanner.cell(number, 0);
    names.push(undouble(decodeCell(scanner.bytes, scanner.start, scanner.end), quote).trim());
    if (scanner.fault !== '') problems.add('header', `cell ${names.length} ${scanner.fault}`);
    scanner.fault = '';
  } while (!scanner.ended);
  return names;
}

/**
 * Throws FormatError when names look like data: numbers that do not count on by one, as years or pixels do. A lone
 * integer is data too, but for the `0` that pandas gives a column without a name.
 */
export function refuseData(names: readonly string[]): void {
  const numbers = names.filter((name) => ANY_NUMBER.test(name));
  const counted = numbers.every((name, i) => /^\d+$/.test(name) && (i === 0 || +name === +numbers[i - 1]! + 1));
  if (numbers.length === 0 || (counted && (numbers.length > 1 || numbers[0] === '0'))) return;
  const problem = `looks like data, as the names ${listed(numbers)} are numbers. Is there no header (header: false)?`;
  throw new FormatError('csv', 'header', `${problem} Names such as these are read with header: true`);
}

/** Looks after empty and equal names, in place. */
export function nameColumns(names: string[], { header, sameNames }: Settings, problems: Problems): Note[] {
  const notes: Note[] = [];
  const taken = new Set(names);
  const seen = new Set<string>();
  let twice = false;
  for (const [i, name] of names.entries()) {
    if (name === '') problems.add('header', `the name of column ${i + 1} is empty`);
    else if (seen.has(name) && sameNames === 'error') {
      twice = true;
      problems.add('header', `the name ${JSON.stringify(name)} occurs twice`);
    } else if (seen.has(name)) {
      let n = 2;
      while (taken.has(`${name} (${n})`)) n++;
      names[i] = `${name} (${n})`;
      taken.add(names[i]);
      notes.push({ kind: 'renamed', column: names[i], text: `The second column ${name} is called ${names[i]}.` });
    }
    seen.add(names[i]!);
  }
  const remedy = "Is there no header (header: false), or shall the second be renamed (sameNames: 'number')?";
  problems.check(twice && header !== true ? remedy : twice ? "sameNames: 'number' renames the second" : '');
  return notes;
}

const listed = (names: readonly string[]): string =>
  `${names
    .slice(0, 3)
    .map((name) => JSON.stringify(name))
    .join(', ')}${names.length > 3 ? ', ...' : ''}`;
