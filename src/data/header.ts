import { FormatError } from '../base/errors.ts';
import { ANY_NUMBER, type Settings } from './dialect.ts';
import type { Problems } from './problems.ts';
import type { Dialect, Note } from './raw.ts';
import { decodeCell, type Scanner } from './scan.ts';
import { undouble } from './texts.ts';
import { shown } from './words.ts';

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
  /** The number that the next column of a name gets. */
  const next = new Map<string, number>();
  let twice = false;
  for (const [i, name] of names.entries()) {
    if (name === '') problems.add('header', `the name of column ${i + 1} is empty`);
    else if (next.has(name) && sameNames === 'error') {
      twice = true;
      problems.add('header', `the name ${shown(name)} occurs twice`);
    } else if (next.has(name)) {
      let n = next.get(name)!;
      while (taken.has(`${name} (${n})`)) n++;
      next.set(name, n + 1);
      names[i] = `${name} (${n})`;
      taken.add(names[i]);
      notes.push({
        kind: 'renamed',
        column: names[i],
        text: `${shown(names[i])}: a column more of the name ${shown(name)}`,
      });
    }
    if (!next.has(names[i]!)) next.set(names[i]!, 2);
  }
  const remedy = "Is there no header (header: false), or shall the second be renamed (sameNames: 'number')?";
  problems.check(twice && header !== true ? remedy : twice ? "sameNames: 'number' renames the second" : '');
  return notes;
}

const listed = (names: readonly string[]): string =>
  `${names.slice(0, 3).map(shown).join(', ')}${names.length > 3 ? ', ...' : ''}`;
