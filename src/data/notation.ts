import type { Settings } from './dialect.ts';
import type { Dialect } from './raw.ts';
import { decodeCell, NUMBER, numberPattern, Scanner, TEXT, UNCLOSED } from './scan.ts';

type Notation = Pick<Dialect, 'decimal' | 'thousands'>;

/** Ways to write numbers, the plain one first. */
const WAYS: readonly (Notation & { readonly pattern: RegExp })[] = [
  ...['.', ',', '.,', ',.', '. ', ', ', ".'", ",'"].map(([decimal = '', thousands = '']) => ({
    decimal,
    thousands,
    pattern: numberPattern(decimal, thousands),
  })),
];
const [PLAIN, COMMA, COMMAS_GROUP, POINTS_GROUP] = [0, 1, 2, 3] as const;

/** Whether a cell is a number in some way of writing. */
export const isAnyNumber = (cell: string): boolean => WAYS.some(({ pattern }) => pattern.test(cell));

/** The cells of a column by their shape, those left out that stand for a missing value. */
interface Shapes {
  cells: number;
  /** Integers, and whether there are some of up to three digits, but for 0, and longer ones. */
  whole: number;
  short: boolean;
  long: boolean;
  /** Plain numbers with a point that can only stand before a fraction. */
  point: number;
  /** Like `1.234`, where it may group. */
  group: number;
  /** Of the others, how many each of WAYS reads. */
  others: Uint32Array | undefined;
}

const noShapes = (): Shapes => ({
  ...{ cells: 0, whole: 0, short: false, long: false, point: 0, group: 0 },
  others: undefined,
});

/** So many of a column's cells make it one of numbers. */
const NEARLY_ALL = 0.95;

/**
 * The way of writing numbers that makes most columns numbers, and in these most cells, looked at in the whole table, so
 * that cells decide that one way alone explains. The plain way unless another makes more; a column of plain numbers with
 * points is never read otherwise, but where a cell shows that points group.
 */
export function notationOf(bytes: Uint8Array, from: number, dialect: Dialect, settings: Settings): Notation {
  const { decimal, thousands } = settings;
  const isOpen = (way: Notation): boolean =>
    (decimal === 'auto' || way.decimal === decimal) &&
    (thousands === 'auto' || way.thousands === thousands) &&
    !(way.thousands === ' ' && dialect.delimiter === ' ');
  const open = WAYS.map((_, i) => i).filter((i) => isOpen(WAYS[i]!));
  if (open.length === 0) return { decimal: decimal === 'auto' ? '.' : decimal, thousands };
  const columns = shapesOf(bytes, from, dialect, settings.maxCells).filter(({ cells }) => cells > 0);

  const othersOf = (column: Shapes, way: number): number => column.others?.[way] ?? 0;
  const pointsGroup = columns.some(
    (column) =>
      column.point === 0 &&
      (othersOf(column, POINTS_GROUP) > othersOf(column, COMMA) || (column.group > 0 && column.short && !column.long)),
  );
  const readBy = (column: Shapes, way: number): number => {
    const { decimal: point, thousands: mark } = WAYS[way]!;
    const pointed = point === '.' ? column.point + column.group : mark === '.' ? column.group : 0;
    return column.whole + pointed + othersOf(column, way);
  };
  const isPointed = (column: Shapes): boolean => {
    if (column.point === 0 && (column.group === 0 || pointsGroup)) return false;
    const most = (mark: string): number =>
      Math.max(...WAYS.map((way, i) => (way.decimal === mark ? readBy({ ...column, group: 0 }, i) : 0)));
    return most('.') + column.group >= NEARLY_ALL * column.cells && most('.') + column.group >= most(',');
  };
  const withPoint = open.filter((way) => WAYS[way]!.decimal === '.');
  const rest = withPoint.length > 0 && columns.some(isPointed) ? withPoint : open;

  // `1,234` alone says nothing: between commas it was put into quotes for its group, and beside `987` it has one too.
  const commasGroup =
    dialect.delimiter === ',' ||
    columns.some((column) => othersOf(column, COMMAS_GROUP) > 0 && column.short && !column.long);
  const first = commasGroup ? [PLAIN, COMMAS_GROUP] : [PLAIN, COMMA];
  const inOrder = [...first.filter((way) => rest.includes(way)), ...rest];
  const scores = inOrder.map((way) => {
    const read = columns.map((column) => readBy(column, way)).filter((n, i) => n >= NEARLY_ALL * columns[i]!.cells);
    return { way, columns: read.length, cells: read.reduce((sum, n) => sum + n, 0) };
  });
  const better = (a: (typeof scores)[0], b: (typeof scores)[0]): boolean =>
    b.columns > a.columns || (b.columns === a.columns && b.cells > a.cells);
  const best = WAYS[scores.reduce((a, b) => (better(a, b) ? b : a)).way]!;
  return { decimal: best.decimal, thousands: best.thousands };
}

/** Looks at all cells below the header, in plain notation. */
function shapesOf(bytes: Uint8Array, from: number, dialect: Dialect, maxCells: number): Shapes[] {
  const scanner = new Scanner(bytes, { ...dialect, decimal: '.', thousands: '' }, from);
  const columns: Shapes[] = [];
  const number = new Float64Array(1);
  let cells = 0;
  for (let row = dialect.header ? -1 : 0; scanner.nextRow(); row++) {
    let index = 0;
    do {
      const kind = scanner.cell(number, 0);
      // What is wrong with the table is told when it is read.
      if (++cells > maxCells || scanner.fault === UNCLOSED) return columns;
      if (row < 0) continue;
      if (index === columns.length) columns.push(noShapes());
      const column = columns[index++]!;
      if (kind === NUMBER) addPlain(column, scanner, dialect.delimiter === ',');
      else if (kind === TEXT) addOther(column, scanner);
    } while (!scanner.ended);
  }
  return columns;
}

const [COMMA_BYTE, POINT_BYTE, ZERO, NINE] = [0x2c, 0x2e, 0x30, 0x39] as const;

/** Between commas what stands outside quotes has no groups. */
function addPlain(column: Shapes, { bytes, start, end, quotes }: Scanner, betweenCommas: boolean): void {
  column.cells++;
  const signs = bytes[start]! < ZERO && bytes[start] !== POINT_BYTE ? 1 : 0;
  const digits = end - start - signs;
  let at = start + signs;
  while (at < end && bytes[at] !== POINT_BYTE) at++;
  if (at === end) {
    column.whole++;
    if (digits > 3) column.long = true;
    else if (digits > 1 || bytes[end - 1] !== ZERO) column.short = true;
  } else {
    const mayGroup = end - at === 4 && at > start + signs && at - start - signs <= 3 && bytes[start + signs] !== ZERO;
    if (mayGroup && (quotes || !betweenCommas) && bytes.subarray(at + 1, end).every(isDigit)) column.group++;
    else column.point++;
  }
}

const isDigit = (code: number): boolean => code >= ZERO && code <= NINE;

/** What a number in some way can hold: blanks, two of which do not break, and `'+,-.Ee`. */
const inNumbers = new Set([...new TextEncoder().encode(" '+,-.Ee0123456789\u00a0\u202f")]);

function addOther(column: Shapes, { bytes, start, end }: Scanner): void {
  column.cells++;
  const first = bytes[start]!;
  if (end - start > 40 || !(isDigit(first) || first === COMMA_BYTE || first < COMMA_BYTE + 2)) return;
  if (!bytes.subarray(start, end).every((code) => inNumbers.has(code))) return;
  const cell = decodeCell(bytes, start, end);
  column.others ??= new Uint32Array(WAYS.length);
  for (const [i, { pattern }] of WAYS.entries()) if (pattern.test(cell)) column.others[i]!++;
}
