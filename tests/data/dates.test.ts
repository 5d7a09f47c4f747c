import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DATE_FORMATS, daysOf, guessDates } from '../../src/data/dates.ts';

const guess = (...texts: string[]): ReturnType<typeof guessDates> =>
  guessDates(
    texts,
    texts.map(() => 1),
  );

describe('days', () => {
  test.each([
    ['1970-01-01', 'y-m-d', 0],
    ['1969-12-31', 'y-m-d', -1],
    ['2000-02-29', 'y-m-d', 11016],
    ['1900-03-01', 'y-m-d', -25508],
    ['1899-12-30', 'y-m-d', -25569],
    ['2024-2-9', 'y-m-d', 19762],
    ['1949-02', 'y-m-d', -7639],
    ['2020-01-01T18:00', 'y-m-d', 18262.75],
    ['2020-01-01 06:00:00.000', 'y-m-d', 18262.25],
    ['2020-01-01T00:00:00Z', 'y-m-d', 18262],
    ['2020-01-01T01:30:00+01:30', 'y-m-d', 18262],
    ['2019-12-31T18:00:00-0600', 'y-m-d', 18262],
    ['2020/1/1', 'y/m/d', 18262],
    ['1.1.2020', 'd.m.y', 18262],
    ['31.12.69', 'd.m.y', -1],
    ['31.12.68', 'd.m.y', 36159],
    ['13/1/2020', 'd/m/y', 18274],
    ['1/13/2020 12:00 PM', 'm/d/y', 18274.5],
    ['1/13/2020 12:00 am', 'm/d/y', 18274],
    ['01-13-20', 'm/d/y', 18274],
    ['20200101', 'yyyymmdd', 18262],
    ['20141013T000000', 'yyyymmdd', 16356],
    ['20200101120000', 'yyyymmdd', 18262.5],
    ['1-Jan-20', 'd mon y', 18262],
    ['1 January 2020', 'd mon y', 18262],
    ['30 Sept. 2020', 'd mon y', 18535],
    ['Jan 1 2020', 'mon d y', 18262],
    ['january 1, 2020', 'mon d y', 18262],
  ] as const)('%s as %s is day %d', (text, format, day) => {
    expect(daysOf(text, format)).toBe(day);
  });

  test.each([
    ['2023-02-29', 'y-m-d'],
    ['1900-02-29', 'y-m-d'],
    ['2020-02-30', 'y-m-d'],
    ['2020-13-01', 'y-m-d'],
    ['2020-00-10', 'y-m-d'],
    ['2020-01-00', 'y-m-d'],
    ['2020-01-01T24:00', 'y-m-d'],
    ['2020-01-01T10:60', 'y-m-d'],
    ['2020-01-01T10:00:60', 'y-m-d'],
    ['2020-01-01x', 'y-m-d'],
    ['20-01-01', 'y-m-d'],
    ['2020/1-1', 'y/m/d'],
    ['31.4.2020', 'd.m.y'],
    ['1.1.020', 'd.m.y'],
    ['1/1-2020', 'd/m/y'],
    ['1/1/2020 0:30 PM', 'd/m/y'],
    ['1/1/2020 13:30 PM', 'd/m/y'],
    ['20200230', 'yyyymmdd'],
    ['2020010', 'yyyymmdd'],
    ['1 Ja 2020', 'd mon y'],
    ['1 Janus 2020', 'd mon y'],
    ['Feb 30 2020', 'mon d y'],
  ] as const)('%s is no date as %s', (text, format) => {
    expect(daysOf(text, format)).toBeNaN();
  });

  test('are those of the calendar of Date, over 4,000 years', () => {
    fc.assert(
      fc.property(fc.integer({ min: -719162, max: 2932896 }), (day) => {
        const text = new Date(day * 86_400_000).toISOString().slice(0, 10);
        expect(daysOf(text, 'y-m-d')).toBe(day);
      }),
    );
  });

  test('take linear time', () => {
    for (const format of DATE_FORMATS)
      for (const text of [
        `${'1'.repeat(300_000)}x`,
        `1-Jan-${' '.repeat(300_000)}x`,
        `2020-01-01${' '.repeat(300_000)}`,
      ])
        expect(daysOf(text, format)).toBeNaN();
  });
});

describe('the form of dates', () => {
  test('is the one that all cells have, and day and month are told by any day past 12', () => {
    expect(guess('2020-01-02', '2020-01-02 10:00')).toEqual({ format: 'y-m-d', misses: 0, ambiguous: false });
    expect(guess('1/2/2020', '13/2/2020')).toEqual({ format: 'd/m/y', misses: 0, ambiguous: false });
    expect(guess('1/2/2020', '2/13/2020')).toEqual({ format: 'm/d/y', misses: 0, ambiguous: false });
    expect(guess('1/2/2020', '2/12/2020')).toMatchObject({ misses: 0, ambiguous: true });
  });

  test('does not matter where day and month are the same', () => {
    expect(guess('1/1/2020', '12/12/2020')).toMatchObject({ misses: 0, ambiguous: false });
  });

  test('is counted by cells, not by texts', () => {
    expect(guessDates(['2020-01-01', '5.1.2020', '6.1.2020'], [7, 1, 2])).toEqual({
      format: 'y-m-d',
      misses: 3,
      ambiguous: false,
    });
  });

  test('is none where there are none', () => {
    expect(guess('red', '1.2', '2020')).toBeUndefined();
    expect(guess()).toBeUndefined();
  });
});
