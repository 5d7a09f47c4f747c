import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DATE_FORMATS, type DateFormat, dayOf } from '../../src/data/dates.ts';
import { readCSV } from '../../src/data/index.ts';
import { CELLS, datesText } from '../../src/export/module-cells.ts';

const loaded = async (text: string): Promise<object> =>
  (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(text)}`)) as object;

/** Ways in which `readCSV` can be told that numbers are written. */
const WAYS = [',', '.'].flatMap((decimal) =>
  ['', ',', '.', "'", ' '].filter((mark) => mark !== decimal).map((thousands) => ({ decimal, thousands })),
);

/** What the reader makes of a cell, told how numbers are written; NaN for a text. */
const readIn = (word: string, way: { decimal: string; thousands: string }): number =>
  readCSV(`x\n"${word}"`, { ...way, header: true }).column(0).numbers[0]!;

const digits = fc.stringMatching(/^\d{1,4}$/);
/** Texts that are numbers in some way, or nearly. */
const written = fc.oneof(
  fc.stringMatching(/^[+-]?\d{0,4}[.,]?\d{0,4}(e[+-]?\d)?$/),
  fc.stringMatching(/^[0-9.,' +e-]{1,9}$/),
  fc
    .tuple(fc.constantFrom('', '-', '+'), fc.array(digits, { minLength: 1, maxLength: 4 }), fc.string({ maxLength: 1 }))
    .chain(([sign, groups, end]) =>
      fc
        .tuple(fc.constantFrom('.', ',', "'", ' ', '\u00a0', '\u202f'), fc.constantFrom('', '.5', ',5', ',250', '.'))
        .map(([mark, rest]) => `${sign}${groups.join(mark)}${rest}${/["\0\ud800-\udfff]/.test(end) ? '' : end}`),
    ),
);

test('numbers are those that the reader makes in every way that reads them, and refused where two ways differ', async () => {
  const { numberOf } = (await loaded(`${CELLS.numberOf}\nexport { numberOf };`)) as {
    readonly numberOf: (word: string, refuse: (why: string) => never) => number;
  };
  const refuse = (why: string): never => {
    throw new RangeError(why);
  };
  const counts = { plain: 0, other: 0, none: 0, two: 0 };
  fc.assert(
    fc.property(
      written.map((word) => word.replace(/^[\s\u00a0]+|[\s\u00a0]+$/g, '')).filter((word) => word !== ''),
      (word) => {
        const plain = readIn(word, { decimal: '.', thousands: '' });
        const found = new Set(WAYS.map((way) => readIn(word, way)).filter((x) => !Number.isNaN(x)));
        if (!Number.isNaN(plain)) {
          counts.plain++;
          expect(numberOf(word, refuse)).toBe(plain);
        } else if (found.size > 1) {
          counts.two++;
          expect(() => numberOf(word, refuse)).toThrow(/^may be .+ or .+, so write it without groups/);
        } else {
          counts[found.size === 0 ? 'none' : 'other']++;
          expect(numberOf(word, refuse)).toBe([...found][0] ?? Number.NaN);
        }
      },
    ),
    { numRuns: 600 },
  );
  for (const [kind, count] of Object.entries(counts)) expect(count, kind).toBeGreaterThan(5);
});

test.each([
  ['1,5', 1.5],
  ['-0,125', -0.125],
  ['1.234,5', 1234.5],
  ['1,234.5', 1234.5],
  ['1,234,567', 1_234_567],
  ["12'345", 12_345],
  ['12 345,75', 12_345.75],
  ['1.234', 1.234],
])('%s is one number alone', async (word, number) => {
  const { numberOf } = (await loaded(`${CELLS.numberOf}\nexport { numberOf };`)) as {
    readonly numberOf: (word: string) => number;
  };
  expect(numberOf(word)).toBe(number);
});

const two = (n: number): string => String(n).padStart(2, '0');
const time = fc.oneof(
  fc.constantFrom(
    '',
    '',
    ' 7:05',
    'T23:59:59.25',
    ' 12:00 am',
    ' 12:30PM',
    ' 13:00 pm',
    ' 00:00Z',
    ' 24:00',
    ' 3:60',
    'Z',
  ),
  fc
    .tuple(
      fc.nat(24),
      fc.nat(60),
      fc.constantFrom('', ':07', ':59.999', ':60'),
      fc.constantFrom('', 'Z', ' UTC', '+05:30', '-0830'),
    )
    .map(([hour, minute, rest, zone]) => `T${two(hour)}:${two(minute)}${rest}${zone}`),
);
const MONTHS = ['Jan', 'february', 'MAR', 'Sept', 'Dec.', 'Dez', 'Jun', 'june', 'Mayo'];

/** Days and months that there are and that there are not, in a form of dates. */
function datesIn(format: DateFormat): fc.Arbitrary<string> {
  const parts = fc.record({
    year: fc.oneof(fc.nat(9999), fc.constantFrom(1900, 2000, 2024, 4, 69)),
    month: fc.nat(13),
    day: fc.oneof(fc.nat(32), fc.constantFrom(28, 29, 30, 31)),
    pad: fc.boolean(),
    short: fc.boolean(),
    sep: fc.constantFrom('/', '-', '.'),
    name: fc.constantFrom(...MONTHS),
    time,
  });
  return parts.map(({ year, month, day, pad, short, sep, name, time: rest }) => {
    const y = short ? two(year % 100) : String(year).padStart(4, '0');
    const [d, m] = [day, month].map((n) => (pad ? two(n) : String(n)));
    const text: Readonly<Record<DateFormat, string>> = {
      'y-m-d': `${y}-${m}${short && pad ? '' : `-${d}`}`,
      'y/m/d': `${y}/${m}/${d}`.replaceAll('/', sep),
      'd.m.y': `${d}.${m}.${y}`,
      'd/m/y': `${d}/${m}/${y}`.replaceAll('/', sep),
      'm/d/y': `${m}/${d}/${y}`.replaceAll('/', sep),
      yyyymmdd: `${y}${two(month)}${two(day)}`,
      'd mon y': `${d} ${name} ${y}`,
      'mon d y': `${name} ${d}, ${y}`,
    };
    return `${text[format]}${format === 'yyyymmdd' && rest !== '' ? `T${two(day)}${two(month)}` : rest}`;
  });
}

describe.each(DATE_FORMATS)('dates of the form %s', (format) => {
  test('are the days of the encoder, to the bit, and what is none is none', async () => {
    const name = format === 'y-m-d' ? 'daysOf' : 'dayOf';
    const { own } = (await loaded(`${datesText([format]).join('\n')}\nexport { ${name} as own };`)) as {
      readonly own: (word: string, form: DateFormat) => number;
    };
    const counts = { days: 0, none: 0 };
    const other = fc.constantFrom(...DATE_FORMATS).chain(datesIn);
    fc.assert(
      fc.property(fc.oneof({ weight: 6, arbitrary: datesIn(format) }, { weight: 1, arbitrary: other }), (word) => {
        const day = dayOf(word, format);
        counts[Number.isNaN(day) ? 'none' : 'days']++;
        expect(own(word, format), word).toBe(day);
      }),
      { numRuns: 600 },
    );
    expect(counts.days).toBeGreaterThan(30);
    expect(counts.none).toBeGreaterThan(30);
  });
});

test('every day of four hundred years is its own', async () => {
  const { daysOf } = (await loaded(`${datesText(['y-m-d']).join('\n')}\nexport { daysOf };`)) as {
    readonly daysOf: (word: string, form: DateFormat) => number;
  };
  for (let day = -90_000; day < 56_097; day += 7)
    expect(daysOf(new Date(day * 86_400_000).toISOString().slice(0, 10), 'y-m-d')).toBe(day);
});
