import { describe, expect, test } from 'vitest';
import { decimals, percent, size, time } from '../../lab/src/format.ts';
import { renderPage } from '../../lab/src/page.ts';
import { renderTables } from '../../lab/src/tables.ts';
import type { JobReport } from '../../lab/src/types.ts';
import { fixture, regression, withCriteria } from './fixture.ts';

describe('renderTables', () => {
  const row = (text: string, name: string): string =>
    text.split('\n').find((line) => line.startsWith(`│ ${name} `)) ?? '';
  const cells = (line: string): string[] =>
    line
      .split('│')
      .slice(1, -1)
      .map((cell) => cell.trim());

  test('shows the fits, the forms, the distillation, the digests and the findings', () => {
    const text = renderTables(fixture());
    expect(cells(row(text, 'overfit'))).toEqual(['overfit', '50,826', '200', '0.998', '0.871', '0.127', 'overfit']);
    expect(cells(row(text, 'combined'))).toEqual([
      ...['combined', '0.955', '3,900', '1.9 %', '2,410', '1,600', '1,580', '5.00 µs', '50.0 µs'],
    ]);
    expect(text).toContain('1,078 training, 359 validation, 360 test');
    expect(text).toContain('AMD EPYC 9654, 2 cores');
    expect(text).toContain('Distillation helped: 0.958 against 0.951');
    expect(text).toContain('9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08');
    expect(text).toContain('- More data closes the gap best');
  });

  test('shows what the forms changed in the answers, and in numbers', () => {
    const of = (text: string): string => text.slice(text.indexOf('What compression changed'));
    expect(cells(row(of(renderTables(fixture())), 'combined'))).toEqual([
      ...[
        'combined',
        '6.4 %',
        '20',
        '2',
        '5.0 (3.1 to 6.9)',
        'below 0.001',
        '8 (36 samples): 13.9 (5.6 to 22.2)',
        '0.070',
      ],
    ]);
    expect(cells(row(of(renderTables(regression())), 'int8'))).toEqual([
      ...['int8', '0.010', '-0.2 to 3.0', '1.25', '7.5', '12'],
    ]);
  });

  test('leaves the digests of criteria, which are many, to the file of the report', () => {
    const report = withCriteria();
    const [{ sha256 }] = report.criteria!.digests as [JobReport['digests'][number]];
    expect(renderTables(report)).not.toContain(sha256);
    expect(renderTables(report)).toContain(report.digests[0]!.sha256);
    expect(renderPage(report)).not.toContain(sha256);
    expect(JSON.stringify(report)).toContain(sha256);
  });

  test('says what a single seed means, and gives means and ranges with several', () => {
    expect(renderTables(fixture(1))).toContain('one seed (0); use --seeds 5 for means and ranges');
    const several = renderTables(fixture(5));
    expect(several).toContain('5 seeds (0..4): mean (min..max)');
    expect(cells(row(several, 'overfit'))[4]).toBe('0.871 (0.861..0.881)');
    expect(cells(row(several, 'combined'))[2]).toBe('3,900');
  });

  test('a text of a file cannot steer the terminal or begin a line', () => {
    const text = renderTables(fixture(1, 'a\u001b[2J\u009b31m\nb\u202e'));
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{C}/u);
    expect(text).toContain('a\uFFFD[2J\uFFFD31m\uFFFDb\uFFFD');
  });
});

test('numbers are written in the unit that reads best, and a missing one as a dash', () => {
  expect([time(0.0042), time(0.61), time(12.345), time(Number.NaN)]).toEqual(['4.20 µs', '610 µs', '12.3 ms', '–']);
  expect([size(980), size(3900), size(204_120)]).toEqual(['980 B', '3.90 kB', '204 kB']);
  expect([percent(0.019), percent(0.256), percent(1)]).toEqual(['1.9 %', '26 %', '100 %']);
  expect([decimals(-0.0001), decimals(-0.7)]).toEqual(['0.000', '-0.700']);
});
