import { DATE_FORMATS, type DateFormat, daysOf, guessDates } from './dates.ts';
import { distinctIn } from './numbers.ts';
import type { RawTable } from './raw.ts';
import { numberPattern } from './scan.ts';
import { cellOf } from './words.ts';

/** What a column may be said to be. A form of dates says what it would be ambiguous without. */
export type ColumnType = 'number' | 'category' | 'date' | 'd/m/y' | 'm/d/y';

/** What a column is taken for. */
export type Kind =
  | { readonly kind: 'number' }
  | { readonly kind: 'date'; readonly format: DateFormat }
  | { readonly kind: 'category'; readonly numeric: boolean };

/** A kind, or why there is none. */
export type Verdict =
  | { readonly kind: Kind; readonly problem?: undefined }
  | { readonly kind?: undefined; readonly problem: string };

/** Share of the cells of a column that may be something else than the rest, to be called odd. */
const FEW = 0.05;
/** Few different texts, as marks for a missing value are, may be that share of them. */
const FEW_MARKS = { different: 3, share: 0.5 };

/**
 * What a column is: numbers when all cells are, dates when all fit one form, else texts, which become categories. A column
 * that is nearly one of the first two is not made categories of without a word.
 */
export function kindOf(
  table: RawTable,
  index: number,
  type: ColumnType | undefined,
  { odd, maxDistinctIntegers }: { odd: 'error' | 'missing'; maxDistinctIntegers: number },
): Verdict {
  const column = table.column(index);
  if (type === 'category') return { kind: { kind: 'category', numeric: column.texts === 0 && areSafe(table, index) } };
  if (type === 'number' || (type === undefined && column.texts === 0)) return { kind: { kind: 'number' } };
  if (type === 'd/m/y' || type === 'm/d/y') return { kind: { kind: 'date', format: type } };

  const { codes, texts } = table.texts(index);
  const words = texts.map((text) => (table.dialect.na.includes(text) ? '' : text));
  const counts = new Float64Array(texts.length);
  for (const code of codes) if (code >= 0 && words[code] !== '') counts[code]!++;
  const first = (isStray: (text: string) => boolean): string =>
    cellOf(
      table,
      codes.findIndex((code) => counts[code]! > 0 && isStray(texts[code]!)),
      index,
    );
  const split = (format: DateFormat): Share => {
    const used = words.filter((_, code) => counts[code]! > 0);
    const different = used.filter((text) => Number.isNaN(daysOf(text, format))).length;
    return { cells: counts.reduce((sum, x) => sum + x, 0), values: used.length - different, different };
  };
  if (type === undefined) {
    const asText = `types: { ${JSON.stringify(table.names[index])}: 'category' }`;
    const others = otherNumbersOf(table, index, asText);
    if (others !== undefined) return { problem: others };
    const oddNumbers = oddNumbersOf(table, index, maxDistinctIntegers);
    if (oddNumbers !== undefined) return odd === 'missing' ? { kind: { kind: 'number' } } : { problem: oddNumbers };
  }
  const guess = guessDates(words, counts);
  const isDate =
    guess !== undefined && (guess.misses === 0 || areOdd(split(guess.format), guess.misses, maxDistinctIntegers));
  if (guess !== undefined && (isDate || type === 'date')) {
    if (guess.ambiguous) {
      const choice = `types: { ${JSON.stringify(table.names[index])}: 'd/m/y' } or 'm/d/y'`;
      return {
        problem: `holds dates such as ${first(() => true)}, day or month first? Say which with ${choice}, or drop it`,
      };
    }
    if (guess.misses === 0 || odd === 'missing' || type === 'date')
      return { kind: { kind: 'date', format: guess.format } };
    const stray = first((text) => Number.isNaN(daysOf(text, guess.format)));
    return { problem: oddly(`dates (${guess.format})`, guess.misses, stray, table.names[index]!) };
  }
  if (type === 'date') return { problem: `${first(() => true)} is no date of the forms ${DATE_FORMATS.join(', ')}` };
  return { kind: { kind: 'category', numeric: false } };
}

/** What to say of a column that is nearly all numbers, more than `limit` different ones; undefined if it is none. */
export function oddNumbersOf(table: RawTable, index: number, limit: number): string | undefined {
  const { numbers, texts, firstText, missing } = table.column(index);
  const cells = table.rows - missing;
  if (texts === 0 || texts > FEW_MARKS.share * cells) return undefined;
  const values = distinctIn(numbers);
  if (!areOdd({ cells, values, different: straysOf(table, index).size }, texts, limit)) return undefined;
  return oddly('numbers', texts, cellOf(table, firstText, index), table.names[index]!);
}

/** Of a column: its cells that are not missing, its different values, and the different texts that are none. */
interface Share {
  readonly cells: number;
  readonly values: number;
  readonly different: number;
}

/** Whether the strays of a column are odd: few, or few different ones, among many values or values that hardly repeat. */
function areOdd({ cells, values, different }: Share, strays: number, limit: number): boolean {
  const areFew = strays < FEW * cells || (different <= FEW_MARKS.different && strays <= FEW_MARKS.share * cells);
  return areFew && (values > limit || (values > TELLING && 2 * values > cells - strays));
}

/** Codes of the texts of a column that are neither numbers nor missing. */
function straysOf(table: RawTable, index: number): Set<number> {
  const { numbers } = table.column(index);
  const { codes, texts } = table.texts(index);
  const strays = new Set<number>();
  for (let row = 0; row < codes.length; row++)
    if (Number.isNaN(numbers[row]) && codes[row]! >= 0) strays.add(codes[row]!);
  for (const code of strays) if (table.dialect.na.includes(texts[code]!)) strays.delete(code);
  return strays;
}

/** Ways to write numbers, in all of which plain ones look alike. */
const WAYS = [',.', ', ', '.,', '. ', ".'"].map(([decimal, thousands]) => numberPattern(decimal!, thousands!));

/** What to say of a column whose texts are all numbers in another way of writing; undefined if they are not. */
export function otherNumbersOf(table: RawTable, index: number, asText: string): string | undefined {
  const { texts, firstText } = table.column(index);
  if (texts === 0) return undefined;
  const { texts: words } = table.texts(index);
  const strays = [...straysOf(table, index)];
  if (!WAYS.some((way) => strays.every((code) => way.test(words[code]!)))) return undefined;
  return `holds ${cellOf(table, firstText, index)}. Say decimal or thousands if that is a number, or ${asText}`;
}

const oddly = (kind: string, strays: number, first: string, name: string): string =>
  `holds ${kind}, but also ${strays} of other cells, the first ${first}. Take such for missing with na or odd: 'missing', ` +
  `or the column for texts with types: { ${JSON.stringify(name)}: 'category' }`;

/** Whether its numbers tell the cells of a column apart: beyond 2^53 different texts are one number. */
export function areSafe(table: RawTable, index: number): boolean {
  const { numbers } = table.column(index);
  return numbers.every((x) => !(Math.abs(x) > Number.MAX_SAFE_INTEGER));
}

/** Fewer values than this say nothing about a column. */
const TELLING = 10;
const LAST_WORDS = ['id', 'ids', 'key', 'index', 'idx', 'number', 'num', 'no', 'nr', 'uuid', 'guid'];
const FIRST_WORDS = ['id', 'key', 'index', 'idx', 'uuid', 'guid', 'unnamed'];

/** Why a column is of no use to a network, as the end of a sentence; undefined if it may be. */
export function uselessBecause(table: RawTable, index: number, { kind }: Kind): string | undefined {
  const { numbers, missing } = table.column(index);
  const present = table.rows - missing;
  if (kind === 'date' || present <= TELLING) return undefined;
  const isNumber = kind === 'number';
  if (isNumber && !numbers.every((x) => Number.isNaN(x) || Number.isInteger(x))) return undefined;
  const values = isNumber ? distinctIn(numbers) : 0;
  const distinct = isNumber && areSafe(table, index) ? values : table.texts(index).texts.length;
  if (distinct === present) {
    if (isNumber && values < distinct) return 'its numbers are so long that float64 cannot tell them apart, as ids are';
    if (isNumber && missing === 0 && numbers.every((x, row) => row === 0 || x === numbers[row - 1]! + 1))
      return 'whole numbers that run on by 1, as row numbers do';
    if (isNamedLikeId(table.names[index]!)) return 'no two rows are alike, and it is named like an id';
  }
  if (isNumber || distinct <= TELLING || distinct <= present / 2) return undefined;
  return `its texts hardly repeat, ${distinct} different ones in ${present} rows`;
}

function isNamedLikeId(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  return LAST_WORDS.includes(words.at(-1) ?? '') || FIRST_WORDS.includes(words[0] ?? '');
}
