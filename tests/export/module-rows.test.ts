import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DATE_FORMATS, type DateFormat } from '../../src/data/dates.ts';
import { type EncoderOptions, readCSV, TableEncoder, tableOf } from '../../src/data/index.ts';
import { toModule } from '../../src/export/module.ts';
import { Dense, predictNetwork, Sequential, toNetwork } from '../../src/index.ts';
import { imported } from './imported.ts';
import { type Predicting, told } from './rows.ts';

type Row = Readonly<Record<string, unknown>>;

/** How a column is written: names and categories hold what ends strings, lines, scripts and objects elsewhere. */
const NAMES = [
  'price',
  'a "b"',
  '</script>',
  'x\\',
  '__proto__',
  'line\nend',
  '\u2028',
  '\ud800',
  'constructor',
  "it's",
  'softmax(',
];
const WORDS = [
  'cat',
  '</script><!--',
  '"',
  '\\',
  "'",
  '__proto__',
  'toString',
  'a\u2029b',
  '\udfff',
  'NO',
  '-',
  '(other)',
  '🦊',
];

const day = (format: DateFormat, n: number, time: string): string => {
  const date = new Date(n * 86_400_000).toISOString().slice(0, 10);
  const [y, m, d] = date.split('-') as [string, string, string];
  const month = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')[Number(m) - 1]!;
  const texts: Readonly<Record<DateFormat, string>> = {
    ...{
      'y-m-d': date + time,
      'y/m/d': `${y}/${m}/${d}${time}`,
      'd.m.y': `${d}.${m}.${y}${time}`,
      yyyymmdd: y + m + d,
    },
    ...{ 'd/m/y': `${d}/${m}/${y}${time}`, 'm/d/y': `${m}/${d}/${y}${time}` },
    ...{ 'd mon y': `${d} ${month} ${y}${time}`, 'mon d y': `${month} ${d}, ${y}${time}` },
  };
  return texts[format];
};

const dates = (format: DateFormat): fc.Arbitrary<unknown> =>
  fc
    .tuple(fc.integer({ min: -9000, max: 30_000 }), fc.constantFrom('', '', ' 07:30', 'T23:59:59.5Z'))
    .map(([n, time]) => day(format, n, time));
const numbers: fc.Arbitrary<unknown> = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((x) => ` ${x.toFixed(2)}\t`),
);
const codes: fc.Arbitrary<unknown> = fc.oneof(fc.constantFrom(1, 2, 3, '1.0', '2', '\u00a03\u00a0', '+1', 10n));
const words: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.constantFrom(' cat\t', 'cat\n', true, 7, '\ud800'),
);
const GAPS = [null, undefined, '', ' ', 'NA', 'NaN', '?', Number.NaN, '\u00a0', '-', ' - '];
/** Cells that hardly a column takes. */
const STRANGE = [
  'dear',
  '0x10',
  'Infinity',
  '1e999',
  '1e300',
  '2020-02-30',
  '2021-02-28',
  'tent',
  [1],
  {},
  Symbol('s'),
  () => 1,
].concat([new Date(Number.NaN), new Date(1.7e12), false, -0, '\ufffd', '\u00a0 5', '\ufeff1', '1 '] as never[]);

interface Column {
  readonly name: string;
  readonly type: 'number' | 'category' | 'date' | 'd/m/y' | 'm/d/y';
  readonly cells: fc.Arbitrary<unknown>;
}

const kinds = fc.oneof(
  fc.constant(['number', numbers] as const),
  fc.constant(['category', words] as const),
  fc.constant(['category', codes] as const),
  fc
    .constantFrom(...DATE_FORMATS)
    .map((format) => [format === 'd/m/y' || format === 'm/d/y' ? format : 'date', dates(format)] as const),
);
const columns: fc.Arbitrary<readonly Column[]> = fc
  .tuple(fc.shuffledSubarray(NAMES, { minLength: 1, maxLength: 5 }), fc.array(kinds, { minLength: 5, maxLength: 5 }))
  .map(([names, own]) => names.map((name, i) => ({ name, type: own[i]![0], cells: own[i]![1] })));

const scaling = fc.oneof(
  fc.constant({ scale: 'none' as const }),
  fc.record({ scale: fc.constantFrom('standard', 'minmax') }),
  fc.record({ scale: fc.constantFrom('standard', 'minmax'), clip: fc.constantFrom(0.75, 2) }),
);
const options: fc.Arbitrary<EncoderOptions> = fc
  .tuple(
    fc.record({
      missing: fc.constantFrom('error', 'mean', 'median', 'frequent', 'category'),
      unknown: fc.constantFrom('zeros', 'error'),
      odd: fc.constantFrom('error', 'missing'),
      rare: fc.constant('other' as const),
      maxCategories: fc.constantFrom(3, 50),
    }),
    scaling,
  )
  .map(([some, rest]) => ({ ...some, ...rest }));

/** A row of cells that the columns are made of, with gaps, and where it is said with cells that are not theirs. */
const row = (own: readonly Column[], gaps: number, strange: number): fc.Arbitrary<Row> =>
  fc
    .tuple(
      ...own.map(({ cells }) =>
        fc.oneof(
          { weight: 20, arbitrary: cells },
          { weight: gaps, arbitrary: fc.constantFrom(...GAPS) },
          { weight: strange, arbitrary: fc.constantFrom(...STRANGE) },
        ),
      ),
    )
    .map((cells) => Object.fromEntries(own.map(({ name }, i) => [name, cells[i]])));

const table = columns.chain((own) =>
  fc.record({
    own: fc.constant(own),
    options,
    known: fc.array(row(own, 1, 0), { minLength: 3, maxLength: 12 }),
    asked: fc.array(row(own, 2, 1), { minLength: 1, maxLength: 8 }),
    seed: fc.nat(1000),
  }),
);

/** The same, but that its first column is not scaled, as no option has it and JSON may. */
function withBareColumn(encoder: TableEncoder): TableEncoder {
  const json = encoder.toJSON();
  return TableEncoder.fromJSON({
    ...json,
    columns: json.columns.map((own, i) => (i === 0 ? { ...own, scaling: null } : own)),
  });
}

test('every row of every table gets what encoder and engine say, to the bit, or is refused by both', async () => {
  const counts = { unfitted: 0, answered: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(table, async ({ own, options: given, known, asked, seed }) => {
      const fitted = new TableEncoder({
        ...given,
        types: Object.fromEntries(own.map(({ name, type }) => [name, type])),
      });
      try {
        fitted.fit(tableOf(known));
      } catch {
        counts.unfitted++;
        return;
      }
      const encoder = seed % 3 === 0 ? withBareColumn(fitted) : fitted;
      const inputShape = [encoder.featureNames.length];
      const network = toNetwork(new Sequential([new Dense(3, { activation: 'tanh', inputShape })], { seed }));
      const { predict } = (await imported(toModule(network, { encoder, minify: seed % 2 === 0 }).source)) as Predicting;
      const answers = new Map<Row, unknown>();
      for (const one of [...asked, ...known]) {
        const wanted = told(encoder, network, one);
        counts[wanted === null ? 'refused' : 'answered']++;
        if (wanted === null) expect(() => predict(one)).toThrow(/^predict: column [\s\S]+ (is|has|may) /);
        else answers.set(one, wanted);
        if (wanted !== null) expect(predict(one)).toEqual(wanted);
      }
      expect(predict([...answers.keys()])).toEqual([...answers.values()]);
    }),
    { numRuns: 150 },
  );
  for (const [kind, count] of Object.entries(counts)) expect(count, kind).toBeGreaterThan(10);
});

describe('a list of rows', () => {
  const encoder = new TableEncoder({ target: 'kind', task: 'classification' });
  encoder.fit(tableOf([1, 2, 3, 4].map((size) => ({ size, kind: size % 2 === 0 ? 'cat' : 'dog' }))));
  const network = toNetwork(new Sequential([new Dense(2, { activation: 'softmax', inputShape: [1] })], { seed: 1 }));
  const { source } = toModule(network, { encoder });

  test('has a list of answers, also where there are none', async () => {
    const { predict } = (await imported(source)) as Predicting;
    const rows = [{ size: 7 }, { size: '-2,5' }, { size: 1 }];
    expect(predict(rows)).toEqual([
      told(encoder, network, { size: 7 }),
      told(encoder, network, { size: -2.5 }),
      told(encoder, network, { size: 1 }),
    ]);
    expect(predict([])).toEqual([]);
  });

  test('has the missing cells that its marks say, which a call may replace', async () => {
    const known = ['NA', 'red', '-', 'red', 'NA', '-'].map((color, i) => ({ color, size: i % 3 === 1 ? null : i }));
    const csv = (rows: readonly (readonly unknown[])[]): string =>
      `color,size\n${rows.map((cells) => cells.join(',')).join('\n')}\n`;
    const na = ['', '?', '-1'];
    const own = new TableEncoder({ missing: 'category' });
    own.fit(readCSV(csv(known.map(({ color, size }) => [color, size ?? '?'])), { na }));
    const net = toNetwork(
      new Sequential([new Dense(2, { activation: 'tanh', inputShape: [own.featureNames.length] })], { seed: 2 }),
    );
    const ask = (await imported(toModule(net, { encoder: own, na }).source)) as Predicting;
    for (const [color, size] of [['NA', '-1'], ['?', '4'], ['-', ''], ['', 2], ['red', '?']] as const) // biome-ignore format: rows
      for (const marks of [undefined, ['', 'red', '-1', '?']]) {
        const { features } = own.transform(readCSV(csv([[color, size]]), { na: marks ?? na, header: true }));
        expect(ask.predict({ color, size }, marks)).toEqual(Float32Array.from(predictNetwork(net, features).data));
      }
    expect(() => ask.predict({ color: 'NA', size: 'NA' })).toThrow('column size is no number: NA');
    for (const given of ['NA', [1], null])
      expect(() => toModule(net, { encoder: own, na: given as never })).toThrow('toModule: na must be a list of texts');
  });

  test('is refused with the row and the column of what does not fit', async () => {
    const { predict } = (await imported(source)) as Predicting;
    expect(() => predict([{ size: 1 }, { size: 'big' }])).toThrow('predict: row 1: column size is no number: big');
    expect(() => predict([{ size: '' }])).toThrow('predict: row 0: column size is missing');
    expect(() => predict({ size: '1,234' })).toThrow(
      'predict: column size may be 1234 or 1.234, so write it without groups and with a point: 1,234',
    );
    expect(() => predict({ kind: 'dog' })).toThrow('predict: column size is not there');
    expect(() => predict({ size: {} })).toThrow('predict: column size is no number, text, true or false');
    expect(() => predict([[{ size: 1 }]])).toThrow('predict: row 0: a row is an object of columns');
    for (const other of [null, undefined, 3, 'size'])
      expect(() => predict(other)).toThrow('predict: a row is an object of columns');
  });
});

describe('a module has of the reader of rows', () => {
  const textsFor = (records: readonly Row[]): { readonly text: string; readonly added: number } => {
    const encoder = new TableEncoder({ missing: 'median', scale: 'standard' });
    encoder.fit(tableOf(records));
    const inputShape = [encoder.featureNames.length];
    const network = toNetwork(new Sequential([new Dense(1, { inputShape })]));
    const added = toModule(network, { encoder }).source.length - toModule(network).source.length;
    return { text: toModule(network, { encoder, minify: false }).source, added };
  };
  const SIZES = [{ size: 1 }, { size: 2.5 }];
  const KINDS = [{ kind: 'flat' }, { kind: 'house' }];
  const DAYS = [{ day: '31.1.2020' }, { day: '2.2.2021' }];
  const joined = (...of: readonly (readonly Row[])[]): Row[] =>
    [0, 1].map((i) => Object.assign({}, ...of.map((own) => own[i])));

  test.each([
    ['numbers', SIZES, ['numberOf'], 2000],
    ['texts', KINDS, [], 1400],
    ['year-month-day', [{ day: '2020-01-02' }, { day: '2020-03-04' }], ['daysOf'], 2400],
    ['dates with names of months', [{ day: '2 Jan 2020' }, { day: '2 Feb 2021' }], ['dayOf', 'daysOf', 'MONTHS'], 2700],
    ['numbers and texts', joined(SIZES, KINDS), ['numberOf'], 2300],
    ['numbers, texts and dates', joined(SIZES, KINDS, DAYS), ['numberOf', 'dayOf', 'daysOf'], 3500],
  ] as const)('what its columns need, for %s', (_, records, wanted, bytes) => {
    const { text, added } = textsFor(records);
    expect(['numberOf', 'dayOf', 'daysOf', 'MONTHS'].filter((name) => text.includes(name))).toEqual(wanted);
    expect(added).toBeLessThan(bytes);
    for (const [, name] of text.replace(/\/\/.*/g, '').matchAll(/^(?:function|const|let) (\w+)/gm))
      expect(text.match(new RegExp(`\\b${name}\\b`, 'g'))!.length, name).toBeGreaterThan(1);
  });
});
