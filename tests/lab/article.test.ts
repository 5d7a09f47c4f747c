import { describe, expect, test } from 'vitest';
import { claimsJSON, verdictsJSON } from '../../lab/src/article/results.ts';
import { effectOf, estimate, studentT, summarize, verdictOf } from '../../lab/src/article/statistics.ts';
import { renderTable } from '../../lab/src/article/tables.ts';
import { number, reasonOf, unknownPlaces, wantedText } from '../../lab/src/article/words.ts';
import { claim, clocked, report } from './article-fixture.ts';

describe('figures', () => {
  test('quantiles of Student’s t are those of tables', () => {
    const tables = [
      [4, 2.776445],
      [5, 2.570582],
      [9, 2.262157],
      [29, 2.04523],
      [99, 1.984217],
    ] as const;
    for (const [degrees, t] of tables) expect(Math.abs(studentT(degrees) - t)).toBeLessThan(0.001);
  });

  test('an interval is the mean and as much of the standard error to both sides', () => {
    const { mean, low, high } = estimate([1, 2, 3, 4, 5]);
    expect(mean).toBe(3);
    expect(high - 3).toBeCloseTo(2.7764 * Math.sqrt(2.5 / 5), 2);
    expect(3 - low).toBeCloseTo(high - 3, 12);
    expect(estimate([2, 2, 2, 2, 2])).toMatchObject({ mean: 2, low: 2, high: 2 });
  });

  test('differences are taken within each seed, so that what a seed does to both arms cancels', () => {
    const noise = [5, -3, 8, 0, -9];
    const rows = noise.map((n, seed) => ({ seed, figures: { before: n, after: n + 2, loss: 0 } }));
    const { effect, figures } = summarize(claim, rows);
    expect(effect).toMatchObject({ mean: 2, low: 2, high: 2 });
    expect(figures.after!.high - figures.after!.low).toBeGreaterThan(10);
    expect(effectOf(clocked, { time: 4 })).toBe(4);
  });

  test('are told with three digits, counts whole, and what is just below 1 not as 1', () => {
    const told = [0, 0.1, -0.25, 12.345, 999.6, -12_345.6, 0.00123, 1.2e-9, 0.9973, 0.99998545, 1, 0.99].map(number);
    expect(told).toEqual([
      ...['0', '0.1', '−0.25', '12.3', '1,000', '−12,346', '0.00123', '1.20e−9', '0.997', '0.99999', '1', '0.99'],
    ]);
  });
});

describe('the verdict', () => {
  const of = (low: number, high: number) => ({ mean: (low + high) / 2, low, high, values: [] });
  const higher = (smallest: number) => ({ better: 'higher', smallest }) as const;
  const lower = (smallest: number) => ({ better: 'lower', smallest }) as const;

  test.each([
    ['an interval beyond the smallest effect', higher(1), of(1.1, 2), 'holds'],
    ['one that begins there', higher(1), of(1, 2), 'holds'],
    ['one that has it within', higher(1), of(0.9, 2), 'depends'],
    ['one that ends there', higher(1), of(0.5, 1), 'depends'],
    ['one above 0 that falls short', higher(1), of(0.2, 0.9), 'fails'],
    ['the other direction', higher(1), of(-3, -2), 'fails'],
    ['a decrease where lower is better', lower(1), of(-3, -1.5), 'holds'],
    ['a decrease that is too small', lower(1), of(-0.5, -0.1), 'fails'],
    ['an increase where lower is better', lower(1), of(2, 3), 'fails'],
    ['a loss that is allowed', higher(-0.5), of(-0.4, 0.1), 'holds'],
    ['a loss that is not', higher(-0.5), of(-2, -0.6), 'fails'],
    ['an increase that is allowed', lower(-0.5), of(-0.1, 0.4), 'holds'],
  ] as const)('of %s', (_, effect, interval, verdict) => {
    expect(verdictOf(effect, interval)).toBe(verdict);
  });

  test('may be the claim’s own', () => {
    expect(report().results.map(({ verdict }) => verdict)).toEqual(['holds', 'depends']);
  });

  test('has its reason with the figures in it, or one for all claims', () => {
    const [small, clock] = report().results;
    expect(reasonOf(claim, 'holds', small!.summary).en).toBe('From 1 to 3.2, by 2.2.');
    expect(reasonOf(claim, 'holds', small!.summary).zh).toBe('从 1 到 3.2，增加 2.2。');
    expect(reasonOf(clocked, 'depends', clock!.summary).en).toContain('lies within the interval');
    const odd = { ...claim, reasons: { fails: { en: '{after} and {aftre}', zh: '{effect}' } } };
    expect([unknownPlaces(claim), unknownPlaces(odd)]).toEqual([[], ['aftre']]);
  });

  test('says what the effect must be, in the direction of the claim', () => {
    expect(wantedText(claim, 'en')).toBe('1 points or more');
    expect(wantedText(clocked, 'en')).toBe('1 or less');
    expect(wantedText(claim, 'zh')).toBe('不小于 1 个百分点');
  });
});

describe('results', () => {
  test('claims.json has all figures by seed, and is the same text for the same figures', () => {
    expect(claimsJSON(report())).toBe(claimsJSON(report()));
    const { claims, ...run } = JSON.parse(claimsJSON(report())) as { claims: Record<string, unknown>[] };
    expect(run).toEqual({ version: '1.2.3', quick: true, seeds: [0, 1, 2, 3, 4] });
    const [small, clock] = claims;
    expect(Object.keys(small!)).toEqual([
      ...['id', 'section', 'mistake', 'title', 'verdict', 'effect', 'figures', 'seeds'],
    ]);
    expect(small).toMatchObject({
      ...{ id: 'I.1-small', mistake: 3, verdict: 'holds' },
      figures: { before: { mean: 1, low: 1, high: 1 } },
      effect: { of: ['after', 'before'], better: 'higher', smallest: 1 },
    });
    expect((small!.seeds as unknown[])[2]).toEqual({ seed: 2, before: 1, after: 3.2, loss: 1 });
    expect((small!.effect as { values: number[] }).values).toHaveLength(5);
    expect(clock).toMatchObject({ clock: true, verdict: 'depends', effect: { mean: 2 } });
    expect(clock).not.toHaveProperty('mistake');
  });

  test('what tests hold leaves out what rests on a clock', () => {
    expect(JSON.parse(verdictsJSON(report().results))).toEqual({ 'I.1-small': 'holds' });
  });

  test('the terminal has a row a claim in either language', () => {
    const en = renderTable(report(), 'en');
    expect(en).toMatch(/I\.1-small +│ A <title> & more +│ 2\.2 points +│ 2 to 2\.4 +│ holds/);
    expect(en).toMatch(/depends, by a clock/);
    expect(en).toContain('holds 1, does not hold 0, depends 1; 5 seeds, quick');
    const zh = renderTable(report(), 'zh');
    expect(zh).toMatch(/标题 <b> +│ 2\.2 个百分点 +│ 2 至 2\.4 +│ 成立/);
  });
});
