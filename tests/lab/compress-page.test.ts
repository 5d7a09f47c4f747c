import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { bestOf, compressFindings, frontOf } from '../../lab/src/findings-compress.ts';
import { recipeMeans } from '../../lab/src/means-compress.ts';
import { renderCompressPage } from '../../lab/src/page-compress.ts';
import { pointPath } from '../../lab/src/recipe-names.ts';
import { renderCompressTables } from '../../lab/src/tables-compress.ts';
import type { CompressReport } from '../../lab/src/types-compress.ts';
import { compressFixture, halvingFixture, seededFixture, withoutBest } from './fixture-compress.ts';

const documentOf = (report: CompressReport) => parseHTML(renderCompressPage(report)).document;
type Page = ReturnType<typeof documentOf>;
const all = (page: Page, selector: string) => [...page.querySelectorAll(selector)];
const texts = (page: Page, selector: string): string[] => all(page, selector).map((node) => node.textContent ?? '');
const whole = (n: number): string => n.toLocaleString('en-US');

/** Three corners. */
const TRIANGLE = /^M[^LZ]+L[^LZ]+L[^LZ]+Z$/;

/** What the two pictures tell. */
const tipsOf = (page: Page): string[][] =>
  all(page, 'svg.plot').map((chart) =>
    (JSON.parse(chart.getAttribute('data-tips')!) as [number, number, string][]).map(([, , text]) =>
      text.replaceAll('\u00a0', ' '),
    ),
  );

describe('the page of a search', () => {
  const report = compressFixture();
  const page = documentOf(report);

  test('begins with what the best gains and costs, where it is, and what was found', () => {
    expect(texts(page, '.tiles strong')).toEqual(['64×', '64×', '0.963', '0.980']);
    const top = page.querySelector('header')!.textContent!;
    expect(top).toContain('at most 2 points of accuracy lost, on the validation samples');
    expect(top).toContain('npx whittle-cli predict points/5.safetensors new.csv');
    for (const text of report.findings) expect(top.replaceAll('\u00a0', ' ')).toContain(text);
  });

  test('draws every point with its interval, by the samples that chose and by those that did not', () => {
    const [validation, tested] = tipsOf(page);
    // The last is so poor that it would push all others together
    expect(validation).toHaveLength(report.points.length - 1 + 1);
    expect(texts(page, 'figcaption')[0]).toContain('Below the picture: 7.');
    const [, second] = report.points;
    expect(validation).toContain(`2: ${second!.name}: 9,000 bytes, accuracy 0.9700 (0.9500 to 0.9820); dominated`);
    expect(tested!.find((text) => text.startsWith('5: '))).toMatch(
      /2,000 bytes, accuracy 0\.9630 \(0\.9430 to 0\.9750\); on the front, the best$/,
    );
    expect(validation!.at(-1)).toBe('the model: 128,000 bytes, accuracy 0.9830 (0.9630 to 0.9950)');
    const outside = tipsOf(page).flat().length;
    const spots = all(page, 'svg.plot').flatMap((chart) => {
      const [, , width, height] = chart.getAttribute('viewBox')!.split(' ').map(Number);
      const tips = JSON.parse(chart.getAttribute('data-tips')!) as [number, number, string][];
      return tips.filter(([x, y]) => x >= 0 && x <= width! && y >= 0 && y <= height!);
    });
    expect(spots).toHaveLength(outside);
  });

  test('draws the limits where there are any', () => {
    const dashed = (of: CompressReport): number[] =>
      all(documentOf(of), 'svg.plot').map(
        (chart) => chart.querySelectorAll('[stroke-dasharray] line, line[stroke-dasharray]').length,
      );
    expect(dashed(report)).toEqual([1, 0]);
    expect(dashed(withoutBest())).toEqual([2, 1]);
  });

  test('tells baselines and the dominated from the others', () => {
    const stands = texts(page, 'td[data-label="stands"]');
    expect(stands.filter((text) => text === 'dominated')).toHaveLength(1);
    expect(stands.filter((text) => text === 'best')).toHaveLength(1);
    expect(stands.filter((text) => text === 'front')).toHaveLength(5);
    expect(texts(page, 'th[scope="row"]')).toContain('2\u00a0 from scratch 50\u00a0%');
    expect(texts(page, '.keys li').join()).toContain('trained from scratch');
    const without = report.points.map((point) => ({ ...point, isBaseline: false }));
    expect(texts(documentOf({ ...report, points: without }), '.keys li').join()).not.toContain('scratch');
  });

  test('has all figures of all points and of the model in its tables', () => {
    const tables = texts(page, 'table').join(' ').replaceAll('\u00a0', ' ');
    for (const { bytes, parameters, macs, text, digest } of report.points)
      for (const shown of [whole(bytes.raw), whole(bytes.gzip!), whole(parameters), whole(macs), text, digest])
        expect(tables).toContain(shown);
    expect(texts(page, 'td[data-label="energy, DRAM"]')).toHaveLength(report.points.length + 1);
    expect(page.querySelector('#points')!.parentElement!.textContent).toContain(
      'a model, no measurement: Horowitz 2014',
    );
    expect(texts(page, 'td[data-label="64 samples, wasm"]').at(-1)).toMatch(/^42\.7.µs$/);
    const unpacked = { ...report, original: { ...report.original, bytes: { ...report.original.bytes, gzip: null } } };
    expect(texts(documentOf(unpacked), 'td[data-label="gzip"]').at(-1)).toBe('–');
  });

  test('says what the best changed, and what made no network, as text only', () => {
    expect(texts(page, 'section[aria-labelledby="damage"] li')).toEqual([
      '12 of 360 answers changed.',
      'No class lost recall.',
    ]);
    const failures = page.querySelector('section[aria-labelledby="failures"]')!;
    expect(failures.textContent).toContain('pruneNeurons: "<b>" has one neuron.');
    expect(failures.querySelector('b b')).toBeNull();
    const name = '<script>alert(1)</script>';
    expect(renderCompressPage(compressFixture(name)).match(/<script>/g)).toHaveLength(1);
  });

  test('says so where nothing is within the limits', () => {
    const vain = documentOf(withoutBest());
    expect(vain.querySelector('.tiles')).toBeNull();
    expect(vain.querySelector('header')!.textContent).toContain('No network is within the limits.');
    expect(vain.querySelector('section[aria-labelledby="damage"]')!.textContent).toMatch(
      /that with the highest validation score, 5/,
    );
    expect(texts(vain, 'td[data-label="exceeds"]')[0]).toBe('has 1000 bytes, where 500 are allowed');
  });

  test('says of each recipe what its seeds made on average, and of the best what its recipe does', () => {
    const seeded = seededFixture();
    const many = documentOf(seeded);
    const tables = all(many, 'table').filter((node) => (node.textContent ?? '').includes('on average'));
    const rowsOf = (node: (typeof tables)[number]): string[][] =>
      [...node.querySelectorAll('tbody tr')].map((row) =>
        [...row.children].map((cell) => (cell.textContent ?? '').replaceAll('\u00a0', ' ')),
      );
    const name = (i: number): string => report.points[i]!.name.replaceAll('\u00a0', ' ');
    const [front, dominated] = tables.map(rowsOf);
    expect(front).toEqual([
      [name(6), '13', '1 of 2', '1,000', '0.600', '0.598', '0 of 2'],
      [
        name(5),
        '11, 12',
        '2 of 2',
        ...['1,550 (1,500..1,600)', '0.953 (0.951..0.955)', '0.951 (0.949..0.953)', '0 of 2'],
      ],
      [
        ...[name(4), '9, 10, the best among them', '2 of 2', '2,050 (2,000..2,100)', '0.963 (0.961..0.965)'],
        ...['0.961 (0.959..0.963)', '1 of 2'],
      ],
      [
        name(3),
        '7, 8',
        '2 of 2',
        ...['3,050 (3,000..3,100)', '0.973 (0.971..0.975)', '0.971 (0.969..0.973)', '2 of 2'],
      ],
      [
        name(2),
        '5, 6',
        '2 of 2',
        ...['6,050 (6,000..6,100)', '0.978 (0.976..0.980)', '0.976 (0.974..0.978)', '2 of 2'],
      ],
      [
        ...[name(0), '1, 2', '2 of 2', '30,050 (30,000..30,100)', '0.980 (0.978..0.982)', '0.978 (0.976..0.980)'],
        '2 of 2',
      ],
    ]);
    expect(dominated!.map(([first]) => first)).toEqual([name(1)]);
    expect(many.querySelector('header')!.textContent).toContain(
      'Over the seeds the recipe of the best makes files of 2,050 (2,000..2,100) bytes, whose accuracy on the test samples is 0.961 (0.959..0.963); with 1 of 2 seeds it is within the limits.',
    );
    expect(many.querySelector('header')!.textContent).toContain('range coded, seed 0.');
    const vain = { ...seeded, best: 13 };
    expect(compressFindings(vain)[1]).toMatch(/with 0 of 2 seeds .* and with 1 it made no network\.$/);
    expect(page.querySelector('#recipes')).toBeNull();
    expect(report.findings.join()).not.toContain('Over the seeds');
  });

  test('marks what was trained with a part of the epochs, in tables, pictures and words', () => {
    const halved = halvingFixture();
    const early = documentOf(halved);
    const heads = texts(early, 'th[scope="row"]').map((text) => text.replaceAll('\u00a0', ' '));
    expect(heads.filter((text) => text.endsWith(', 25 % of the epochs'))).toHaveLength(4);
    expect(tipsOf(early)[0]![0]).toMatch(/^1: .*, 25 % of the epochs: 30,000 bytes.*; on the front$/);
    expect(early.querySelector('svg.plot')!.getAttribute('aria-label')!.replaceAll('\u00a0', ' ')).toContain(
      '1 0.982 in 30.0 kB with 25 % of the epochs',
    );
    const triangles = (of: Page): number =>
      all(of, 'svg.plot path').filter((node) => TRIANGLE.test(node.getAttribute('d') ?? '')).length;
    expect([triangles(early), triangles(page)]).toEqual([4, 0]);
    expect(texts(early, '.keys li')).toContain('with a part of the epochs');
    expect(texts(page, '.keys li')).not.toContain('with a part of the epochs');
    expect(halved.findings[2]).toBe(
      '1 of the 6 that no other beats was trained with a part of the epochs alone, in an early rung of halving: a file counts whatever it took.',
    );
    expect(renderCompressTables(halved)).toContain('25 % of the epochs');
  });

  test('shows most of the networks where all are poor', () => {
    const poor = report.points.map((point, i) => ({
      ...point,
      validation: { ...point.validation, score: 0.5 + i / 100, low: 0.4, high: 0.6 },
    }));
    const [validation] = tipsOf(documentOf({ ...report, points: poor }));
    expect(validation).toHaveLength(6 + 1);
  });

  test('has room for a search that made nothing, and for one of several seeds and efforts', () => {
    const nothing = { ...report, points: [], best: null, damage: null };
    const empty = documentOf({ ...nothing, findings: compressFindings(nothing) });
    expect(texts(empty, 'h2')).not.toContain('All networks');
    const seeded = { ...report, options: { ...report.options, seeds: [0, 1] } };
    const points = report.points.map((point, i) => ({ ...point, seed: i % 2, effort: i === 0 ? 0.25 : 1 }));
    const heads = texts(documentOf({ ...seeded, points }), 'th[scope="row"]');
    expect(
      heads.some((text) => text.endsWith('as it is, seed 0, 25 % of the epochs'.replace('25 %', '25\u00a0%'))),
    ).toBe(true);
  });
});

describe('the table of a search', () => {
  test('has the front, the smallest first, with the best marked, its recipe in all words, and the failures', () => {
    const report = compressFixture();
    const text = renderCompressTables(report);
    const rows = text.split('\n').filter((line) => /^│ (\* )?\d/.test(line));
    expect(rows.map((row) => row.split('│')[1]!.trim())).toEqual(['7', '6', '* 5', '4', '3', '1']);
    expect(rows[2]).toMatch(/ 2,000 │ +64× │ +0\.965 │ 0\.963 \(0\.943 to 0\.975\) │ +1\.8 \(0\.5 to 2\.5\) │ yes /);
    expect(rows[0]).toMatch(/ no +│$/);
    expect(text).toContain(`The best is 5\n${bestOf(report)!.text}`);
    expect(text).toContain('pruneNeurons: "<b>" has one neuron');
    for (const finding of report.findings) expect(text).toContain(`- ${finding}`);
  });

  test('has the recipes that no other one beats on average, where there are several seeds', () => {
    const text = renderCompressTables(seededFixture());
    const [, after = ''] = text.split('Recipes that no other one beats on average over the seeds: mean (min..max)');
    const rows = after
      .split('\n\n')[0]!
      .split('\n')
      .filter((line) => /of 2 +│$/.test(line));
    expect(rows).toHaveLength(6);
    expect(rows[2]).toMatch(/^│ \* .* │ +2 of 2 │ +2,050 \(2,000\.\.2,100\) │ .* │ +1 of 2 │$/);
    expect(renderCompressTables(compressFixture())).not.toContain('on average');
  });

  test('says so where nothing is within the limits', () => {
    const text = renderCompressTables(withoutBest());
    expect(text).not.toContain('The best is');
    expect(text).toContain('No network is within the limits (at most 500 bytes and at most 2 points of accuracy lost');
  });
});

describe('findings', () => {
  test('count the front and the dominated, and hold networks from scratch against the best', () => {
    const report = compressFixture();
    expect(frontOf(report)).toHaveLength(6);
    expect(report.findings).toEqual([
      'The smallest within the limits (at most 2 points of accuracy lost, on the validation samples) has 2,000 bytes, 64 times smaller than the model’s 128,000; on the test samples, which chose nothing, its accuracy is 0.963 (0.943 to 0.975), the model’s 0.980 (0.960 to 0.992).',
      'Of 7 networks 6 are beaten by no other in bytes and validation accuracy, and 1 is dominated.',
      'Of 1 network trained from scratch, by the labels alone, the smallest within the limits has 9,000 bytes.',
      '1 trial made no network.',
    ]);
    expect(compressFindings({ ...report, best: 2 })[2]).toMatch(/is the best of all\.$/);
    expect(withoutBest().findings[2]).toMatch(/none is within the limits\.$/);
  });
});

test('a network from scratch is none to compare with where it had a part of the epochs', () => {
  const base = compressFixture();
  const early = base.points.map((point) => (point.isBaseline ? { ...point, effort: 0.25 } : point));
  expect(compressFindings(base).join()).toContain('Of 1 network trained from scratch');
  expect(compressFindings({ ...base, points: early }).join()).not.toContain('from scratch');
});

test('means of a recipe are those of one rung of halving', () => {
  const [point] = compressFixture().points;
  const rungs = [0.25, 0.25, 1].map((effort, i) => ({ ...point!, effort, number: i + 1 }));
  expect(recipeMeans(rungs).map(({ effort, points }) => [effort, points])).toEqual([
    [0.25, [1, 2]],
    [1, [3]],
  ]);
});

test('names of files sort as their numbers do, and have no character that a shell reads', () => {
  expect(pointPath(7, 'student 18 %, taught, 60 % pruned, 8 shared', 39)).toBe(
    'points/07-student-18-taught-60-pruned-8-shared.safetensors',
  );
  expect(pointPath(7, 'as it is', 9)).toBe('points/7-as-it-is.safetensors');
});
