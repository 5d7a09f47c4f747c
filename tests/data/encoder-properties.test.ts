import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EncoderOptions, readCSV, TableEncoder, tableOf } from '../../src/data/index.ts';

/** Columns of a table and what to do with them. Cells are as in the file; '' is missing. */
interface Given {
  readonly numbers: (number | null)[][];
  readonly texts: string[][];
  readonly labels: number[];
  readonly options: EncoderOptions;
}

const given: fc.Arbitrary<Given> = fc.integer({ min: 2, max: 30 }).chain((rows) =>
  fc.record({
    numbers: fc.array(
      fc.array(fc.option(fc.double({ noNaN: true, min: -1e30, max: 1e30 }), { freq: 5 }), {
        minLength: rows,
        maxLength: rows,
      }),
      { maxLength: 4 },
    ),
    texts: fc.array(
      fc.array(fc.constantFrom('a', 'b', 'B', 'é', 'tóo long', '(other)', '(missing)', ''), {
        minLength: rows,
        maxLength: rows,
      }),
      { minLength: 1, maxLength: 3 },
    ),
    labels: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: rows, maxLength: rows }),
    options: fc.record({
      missing: fc.constantFrom('mean', 'median', 'frequent', 'category'),
      scale: fc.constantFrom('none', 'standard', 'minmax'),
    }),
  }),
);

const HEADER = 'y';
/** The table as CSV, columns in the order of `order` (by default as they are, the target last). */
function csvOf({ numbers, texts, labels }: Given, order?: readonly number[]): string {
  const columns: [string, (row: number) => string][] = [
    ...numbers.map((cells, i): [string, (row: number) => string] => [`n${i}`, (row) => String(cells[row] ?? '')]),
    ...texts.map((cells, i): [string, (row: number) => string] => [`t${i}`, (row) => cells[row]!]),
    [HEADER, (row) => String(labels[row])],
  ];
  const sorted = (order ?? columns.map((_, i) => i)).map((i) => columns[i]!);
  const rows = labels.map((_, row) => sorted.map(([, cell]) => cell(row)).join(','));
  return `${[sorted.map(([name]) => name).join(','), ...rows].join('\n')}\n`;
}

/** The features by the formulas of the documentation, a column at a time. */
function expected({ numbers, texts, options }: Given): number[][] {
  const columns: number[][] = [];
  for (const cells of numbers) {
    const present = cells.filter((x) => x !== null);
    const sorted = [...present].sort((a, b) => a - b);
    const counts = new Map(sorted.map((x) => [x, sorted.filter((other) => other === x).length]));
    const n = present.length;
    const fill = {
      mean: present.reduce((sum, x) => sum + x, 0) / n,
      median: n % 2 === 1 ? sorted[(n - 1) / 2]! : (sorted[n / 2 - 1]! + sorted[n / 2]!) / 2,
      frequent: sorted.find((x) => counts.get(x) === Math.max(...counts.values()))!,
      category: present.reduce((sum, x) => sum + x, 0) / n,
      error: Number.NaN,
    }[options.missing!];
    columns.push(cells.map((x) => x ?? fill));
    if (options.missing === 'category' && n < cells.length) columns.push(cells.map((x) => Number(x === null)));
  }
  for (const cells of texts) {
    const found = [...new Set(cells.filter((cell) => cell !== ''))].sort((a, b) => (a < b ? -1 : 1));
    const counts = found.map((text) => cells.filter((cell) => cell === text).length);
    const frequent = found[counts.indexOf(Math.max(...counts))]!;
    const fill = options.missing === 'frequent' ? frequent : '(missing)';
    const filled = cells.map((cell) => (cell === '' ? fill : cell));
    const categories = filled.includes('(missing)') && !found.includes('(missing)') ? [...found, '(missing)'] : found;
    for (const text of categories) columns.push(filled.map((cell) => Number(cell === text)));
  }
  return columns;
}

const usable = ({ numbers, texts, labels }: Given): boolean =>
  new Set(labels).size > 1 &&
  numbers.every((cells) => cells.some((x) => x !== null)) &&
  texts.every((cells) => cells.some((c) => c !== ''));

describe('an encoder of any table', () => {
  test('makes what the formulas give in float64, rounded once', () => {
    fc.assert(
      fc.property(given.filter(usable), (table) => {
        const encoder = new TableEncoder({ target: HEADER, ...table.options });
        const { features } = encoder.fitTransform(readCSV(csvOf(table)));
        const columns = expected(table);
        const width = columns.length;
        expect(features.shape).toEqual([table.labels.length, width]);
        const scalings = encoder.columns.flatMap(
          ({ scaling }) => scaling?.center.map((c, k) => [c, scaling.scale[k]!] as const) ?? [],
        );
        for (const [k, column] of columns.entries()) {
          const [center, scale] = scalings[k] ?? [0, 1];
          const n = column.length;
          const spread = Math.max(...column) - Math.min(...column);
          if (table.options.scale === 'minmax')
            expect([center + 0, scale]).toEqual([Math.min(...column) + 0, spread || 1]);
          if (table.options.scale === 'standard') {
            const mean = column.reduce((sum, x) => sum + x, 0) / n;
            const deviation = Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n);
            expect(Math.abs(center - mean)).toBeLessThanOrEqual(1e-12 * spread + 1e-15 * Math.abs(mean));
            if (spread > 0 && deviation > 1e-7 * Math.abs(mean))
              expect(Math.abs(scale - deviation)).toBeLessThanOrEqual(1e-6 * deviation);
          }
          const round = features.dtype === 'float32' ? Math.fround : (x: number) => x;
          const own = Array.from({ length: n }, (_, row) => features.data[row * width + k]! + 0);
          expect(own).toEqual(column.map((x) => round((x - center) / scale) + 0));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('gives the same bits for columns in another order, by way of JSON, and row by row', () => {
    fc.assert(
      fc.property(given.filter(usable), fc.infiniteStream(fc.nat()), (table, random) => {
        const encoder = new TableEncoder({ target: HEADER, ...table.options });
        const { features } = encoder.fitTransform(readCSV(csvOf(table)));
        const order = Array.from({ length: table.numbers.length + table.texts.length + 1 }, (_, i) => ({
          i,
          at: random.next().value,
        }));
        const shuffled = order.sort((a, b) => a.at - b.at).map(({ i }) => i);
        const again = TableEncoder.fromJSON(JSON.parse(JSON.stringify(encoder)));
        const other = again.transform(readCSV(csvOf(table, shuffled))).features;
        expect(other.dtype).toBe(features.dtype);
        expect([...other.data]).toEqual([...features.data]);
        const records = table.labels.map((_, row) => ({
          ...Object.fromEntries(table.texts.map((cells, i) => [`t${i}`, cells[row]])),
          ...Object.fromEntries(table.numbers.map((cells, i) => [`n${i}`, cells[row]])),
        }));
        const rows = records.flatMap((record) => [...again.transform(tableOf([record])).features.data]);
        expect(rows).toEqual([...features.data]);
      }),
      { numRuns: 200 },
    );
  });
});
