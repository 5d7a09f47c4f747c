import { createHash } from 'node:crypto';
import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { FITS, FORMS } from '../../lab/src/explain.ts';
import { renderPage } from '../../lab/src/page.ts';
import { grays } from '../../lab/src/pictures.ts';
import type { JobReport } from '../../lab/src/types.ts';
import { fixture, regression } from './fixture.ts';

const documentOf = (report: JobReport) => parseHTML(renderPage(report)).document;
type Page = ReturnType<typeof documentOf>;

const all = (page: Page, selector: string) => [...page.querySelectorAll(selector)];
const texts = (page: Page, selector: string): string[] => all(page, selector).map((node) => node.textContent ?? '');
const tips = (page: Page): string[] => [
  ...all(page, '[data-tips]').flatMap((chart) =>
    (JSON.parse(chart.getAttribute('data-tips')!) as [number, number, string][]).map(([, , text]) => text),
  ),
  ...all(page, '[data-tip]').map((cell) => cell.getAttribute('data-tip')!),
];

/** The page without its script, which names what no figure may be. */
const shownOf = (report: JobReport): string => renderPage(report).replace(/<script>.*<\/script>/s, '');

describe('the top of the page', () => {
  test('has the numbers that count: times smaller, times faster, the score now and before', () => {
    const tiles = all(documentOf(fixture()), '.tiles li');
    expect(tiles.map((tile) => tile.querySelector('strong')?.textContent)).toEqual(['3.9×', '2.0×', '0.972', '0.975']);
    expect(tiles.map((tile) => tile.querySelector('b')?.textContent)).toEqual([
      ...['smaller', 'faster', 'accuracy now', 'accuracy before'],
    ]);
    expect(tiles[0]?.textContent).toContain('52,900 instead of 204,120 bytes');
    expect(tiles[1]?.textContent).toContain('300\u00a0µs instead of 610\u00a0µs for 64 samples; 1.3× faster for one');
  });

  test('turns the words round for a form that is larger, slower or neither', () => {
    const base = fixture();
    const worse: JobReport = { ...base, recommendation: { ...base.recommendation, smaller: 0.5, faster64: 1.01 } };
    const tiles = all(documentOf(worse), '.tiles li').map((tile) => tile.textContent);
    expect(tiles[0]).toMatch(/^2\.0× larger/);
    expect(tiles[1]).toMatch(/^1× as fast/);
  });

  test('says which form is recommended and why, what was found, and what was done to the table', () => {
    const page = documentOf(fixture());
    const top = page.querySelector('header')?.textContent ?? '';
    const { recommendation, findings, data } = fixture();
    for (const text of [recommendation.rule, ...findings.short, ...findings.caveats, ...data.notes]) {
      expect(top).toContain(text);
    }
    expect(top).toContain('“digits” is predicted, one of 10 classes, from 64 features in 1,797 rows; one seed (0)');
    expect(top).toContain('Recommended: int8.');
    expect(top).toContain('npx whittle-cli predict models/int8.safetensors new.csv');
  });

  test('shows no box of notes where nothing was done, and folds away all but six', () => {
    const base = fixture();
    const of = (count: number): Page => {
      const notes = Array.from({ length: count }, (_, i) => `note ${i}.`);
      return documentOf({ ...base, data: { ...base.data, notes } });
    };
    expect(of(0).querySelector('aside')).toBeNull();
    expect(of(6).querySelector('aside details')).toBeNull();
    const many = of(9);
    expect(texts(many, 'aside > ul > li')).toHaveLength(6);
    expect(texts(many, 'aside details li')).toEqual(['note 6.', 'note 7.', 'note 8.']);
  });
});

describe('the figures', () => {
  test('are drawn, each with a title, a caption and a label for readers who do not see it', () => {
    const page = documentOf(fixture());
    expect(texts(page, 'figure h3')).toEqual([
      'Accuracy on training and test samples',
      'The images that it gets wrong',
      'What it takes for what',
      'Accuracy against bytes',
      'Time of one call',
      'Which classes each form made worse',
      'Answers that turned',
      'The soft targets of one sample',
      'What distillation changed',
      'Loss added by a layer alone',
      'Signal over noise at the outputs',
      'Files, part by part',
      'The smallest, layer by layer',
    ]);
    const charts = all(page, 'svg.plot');
    // the scores, loss and score of 8 fits, the trade-off, 2 latencies, 4 histograms, answers that turned, one sample at 3
    // temperatures, 3 figures of students, 2 of layers, 2 of bytes
    expect(charts).toHaveLength(1 + 16 + 1 + 2 + 4 + 1 + 3 + 3 + 2 + 2);
    for (const chart of charts) {
      expect(chart.getAttribute('role')).toBe('img');
      expect(chart.getAttribute('aria-label')?.length).toBeGreaterThan(10);
      expect(chart.getAttribute('viewBox')).toMatch(/^0 0 \d+ \d+$/);
      expect(chart.hasAttribute('width')).toBe(false);
      const [, , width, height] = chart.getAttribute('viewBox')!.split(' ').map(Number);
      const spots = JSON.parse(chart.getAttribute('data-tips')!) as [number, number, string][];
      expect(spots.length).toBeGreaterThan(0);
      for (const [x, y] of spots) expect(x >= 0 && x <= width! && y >= 0 && y <= height!).toBe(true);
    }
  });

  test('tell the exact figures of the report', () => {
    const report = fixture(3);
    const shown = tips(documentOf(report)).join('\n');
    for (const { name, score, bytes } of report.forms) {
      const [mean, min, max] = [score.mean, score.min, score.max].map((x) => x.toFixed(4));
      const [size] = [bytes.mean.toLocaleString('en-US')];
      expect(shown).toContain(`${name}: accuracy ${mean} (${min}..${max}), ${size} bytes`);
    }
    for (const { name } of report.fits) expect(shown).toContain(`${name}: training `);
    expect(shown).toContain(`test ${report.fits[1]!.test.mean.toFixed(4)} (`);
    expect(shown).toMatch(/^epoch 60: training \d\.\d{4}, validation \d\.\d{4}$/m);
  });

  test('have an axis of scores that shows differences, and name what lies outside of it', () => {
    const page = documentOf(fixture());
    const [chart] = all(page, 'svg.plot');
    expect(chart!.textContent).toContain('◂ 0.580 to 0.610');
    expect(page.querySelector('figcaption')?.textContent).toContain('The axis runs from 0.861 to 1.000');
    expect(chart!.textContent).toMatch(/^0\.900\.951\.00underfit/); // its ticks
  });

  test('a matrix has a cell for each pair of classes, coloured where they are taken for each other', () => {
    const page = documentOf(fixture());
    const [confusion, changes] = all(page, '.matrix');
    const rows = [...confusion!.querySelectorAll('tbody tr')].map((row) =>
      [...row.querySelectorAll('td')].map((cell) => Number(cell.textContent)),
    );
    expect(rows).toEqual(fixture().mistakes!.confusion);
    expect(confusion!.querySelectorAll('td.test')).toHaveLength(10);
    const combined = [...changes!.querySelectorAll('tbody tr')].at(-1)!;
    expect([...combined.querySelectorAll('td')].map((cell) => cell.textContent).join(' ')).toBe(
      '· +1 · · · · · · −6 ·',
    );
    expect(tips(page)).toContain('combined, 8: 24 of 36 right (0.667), the teacher 30 (0.833)');
  });

  test('say in words which classes a form made worse and better', () => {
    const page = documentOf(fixture());
    expect(texts(page, '.words li')).toContain('combined: worse on 8 (−6 of 36); better on 1 (+1 of 36)');
    const base = fixture();
    const { mistakes } = base;
    const same = mistakes!.right.map(({ form }) => ({ form, counts: mistakes!.right[0]!.counts }));
    const unchanged = documentOf({ ...base, mistakes: { ...mistakes!, right: same } });
    expect(texts(unchanged, '.words li')).toContain('int8: every class as the teacher');
  });

  test('more than twenty classes are told in words, and long names get letters', () => {
    const base = fixture();
    const none = documentOf({ ...base, mistakes: { ...base.mistakes!, confusion: null } });
    expect(none.querySelector('.matrix')).toBeNull();
    expect(texts(none, '.words li')[0]).toBe('8 taken for digits: 6 of 36');
    const [confusion] = all(documentOf(base), '.matrix'); // the tenth class is called digits
    expect([...confusion!.querySelectorAll('thead th')].map((head) => head.textContent).join('')).toBe(
      'right ↓ said →ABCDEFGHIJ',
    );
  });

  test('images are drawn from their pixels, with what was said and what is right', () => {
    const page = documentOf(fixture());
    const images = all(page, '.pictures svg');
    expect(images.map((image) => image.getAttribute('aria-label'))).toEqual([
      'line 812: the teacher says digits, sure to 0.930; right is 8',
      'line 17: the teacher says 2, sure to 0.610; right is 1',
    ]);
    // Pixel (1, 0) is ff, (2, 0) is 80, and so on: the darkest shade is drawn where it is.
    expect(images[0]!.querySelector('path[fill-opacity="1.00"]')?.getAttribute('d')).toBe(
      'M1 0h1v1h-1zM2 1h1v1h-1zM2 2h1v1h-1zM3 3h1v1h-1z',
    );
    expect(images[0]!.querySelector('path[fill-opacity="0.53"]')?.getAttribute('d')).toBe('M2 0h1v1h-1z');
    expect(grays([0, 8, 16], 0, 16)).toBe('0080ff');
  });

  test('a regression shows predicted against true numbers of the teacher and of the recommended form', () => {
    const page = documentOf(regression());
    expect(texts(page, 'figure h3')).toContain('The recommended form: int8');
    expect(tips(page)).toContain('true 33.25, predicted 31.25');
    expect(page.querySelector('.lead')?.textContent).toContain('“the price” is predicted, a number, from');
    expect(all(page, '#mistakes ~ * svg.plot').map((chart) => chart.getAttribute('aria-label'))).toEqual([
      'Predicted against true the price of 4 test samples, by teacher',
      'Predicted against true the price of 4 test samples, by int8',
    ]);
    expect(page.querySelector('.matrix, .pictures')).toBeNull();
  });
});

describe('what compression changed', () => {
  const cellsOf = (report: JobReport, form: string): string[] => {
    const rows = all(documentOf(report), '#damage ~ .sideways tbody tr');
    const row = rows.find((each) => each.querySelector('th')?.textContent === form);
    return [...row!.querySelectorAll('td')].map((cell) => cell.textContent ?? '');
  };

  test('is a row for each form: answers, the test, the class that paid, calibration, the edge', () => {
    expect(cellsOf(fixture(), 'combined')).toEqual([
      ...['6.4\u00a0%', '20', '2', '1', '5.0 (3.1 to 6.9)', 'below 0.001', '8 (36 samples): 13.9 (5.6 to 22.2)'],
      ...['0.070', '6.0\u00a0%'],
    ]);
    expect(cellsOf(fixture(), 'pruned')).toContain('none lost');
    const several = cellsOf(fixture(3), 'combined');
    expect(several).toContain('below 0.05 in 3 of 3 seeds');
    expect(several).toContain('0.070 (0.065..0.075)');
    expect(documentOf(fixture(3)).querySelector('#damage')?.parentElement?.textContent).toContain(
      'intervals are of seed 0',
    );
  });

  test('says what is measured, what the teacher has, and which lines turned', () => {
    const section = documentOf(fixture()).querySelector('#damage')!.parentElement!.textContent!;
    expect(section).toContain('over 15 bins: 0.021 for the teacher');
    expect(section).toContain('less than 0.1 ahead of the next in probability: 1.2\u00a0% of the teacher’s');
    expect(section).toContain('neurons pruned: 2, 7, 12, 17');
    expect(section).toContain('pruned: none');
    expect(section).toMatch(/combined: 2, 7, .*, 97(?! and)/);
    expect(tips(documentOf(fixture()))).toContain('combined: 20 wrong that the teacher gets right');
  });

  test('of numbers is how far they moved, and the R² that it cost', () => {
    expect(cellsOf(regression(), 'combined')).toEqual(['0.020', '1.1 to 3.0 hundredths', '2.5', '7.5', '12']);
    expect(documentOf(regression()).querySelector('#damage ~ * svg')).toBeNull();
  });
});

test('no line breaks between a number and its unit', () => {
  const page = documentOf(fixture(3));
  for (const picture of all(page, 'svg, script')) picture.remove();
  const text = page.querySelector('main')!.textContent!;
  expect(text).toMatch(/\d\u00a0%/);
  expect(text).toMatch(/\d\u00a0µs/);
  expect(text).not.toMatch(/\d (%|µs|ms|kB)/);
});

test('what a form holds is in the table, beside what it has', () => {
  const rows = all(documentOf(fixture()), 'details table').find((table) => table.textContent?.includes('held'))!;
  const row = [...rows.querySelectorAll('tbody tr')].find((each) => each.textContent?.startsWith('sparse panels'))!;
  const of = (title: string): string => row.querySelector(`[data-label="${title}"]`)!.textContent!;
  expect([of('parameters'), of('not zero'), of('held')]).toEqual(['50,826', '15,260', '15,260']);
});

test('each form has a sign of its own in the chart', () => {
  const chart = all(documentOf(fixture()), 'svg.plot').find((each) =>
    each.getAttribute('aria-label')?.startsWith('accuracy against bytes'),
  )!;
  const shapes = [...chart.querySelectorAll('g > path')]
    .map((path) => path.getAttribute('d')!)
    .filter((d) => !/^M[\d.,-]+L[\d.,-]+$/.test(d));
  expect(new Set(shapes).size).toBeGreaterThanOrEqual(fixture().forms.length);
});

test('every fit and every form is explained, with a source', () => {
  const page = documentOf(fixture());
  const cards = texts(page, '.card');
  for (const [name, { what, source }] of [...Object.entries(FITS), ...Object.entries(FORMS)]) {
    const card = cards.find((text) => text.startsWith(name) && text.includes(what));
    expect(card).toContain(source);
    expect(source).toMatch(/\b(19|20)\d\d\b/);
  }
  expect(cards).toHaveLength(16);
});

test('tables name the role of every part, and every cell its column, for screens on which they are cards', () => {
  const page = documentOf(fixture());
  const tables = all(page, 'table.cards');
  expect(tables.length).toBe(14);
  for (const table of tables) {
    expect(table.getAttribute('role')).toBe('table');
    const heads = [...table.querySelectorAll('thead th')].map((head) => head.textContent);
    for (const row of table.querySelectorAll('tbody tr')) {
      expect(row.getAttribute('role')).toBe('row');
      expect([...row.querySelectorAll('td')].map((cell) => cell.getAttribute('data-label'))).toEqual(heads.slice(1));
    }
  }
  const digests = page.querySelector('#again')?.parentElement?.querySelector('details');
  expect(digests?.hasAttribute('open')).toBe(false);
  expect(digests?.textContent).toContain(fixture().digests[0]!.sha256);
});

test('needs no other file, and allows no script but its own', () => {
  const page = renderPage(fixture(3));
  expect(page).not.toMatch(/<link|<img|<iframe|\bsrc=|url\(|@import|fetch|XMLHttp|eval/i);
  expect(page.match(/https?:\/\/[^"]*/g) ?? []).toEqual(
    (page.match(/http:\/\/www\.w3\.org\/[^"]*/g) ?? []) as string[],
  );
  const [script] = [.../<script>(.*?)<\/script>/s.exec(page)!].slice(1);
  expect(page.match(/<script/g)).toHaveLength(1);
  const digest = createHash('sha256').update(script!).digest('base64');
  const policy = parseHTML(page).document.querySelector('meta[http-equiv]')?.getAttribute('content');
  expect(policy).toBe(
    `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`,
  );
});

test('texts of a file stay texts, wherever they stand', () => {
  const evil = `<script>alert("x")</script>'"><img src=x onerror=alert(1)>&amp;`;
  const base = fixture(1, evil);
  const report: JobReport = {
    ...base,
    scoreName: evil,
    findings: { short: [evil], fits: [evil], forms: [evil], caveats: [evil] },
    data: { ...base.data, notes: [evil], classes: base.data.classes!.map((name) => name + evil) },
    recommendation: { ...base.recommendation, rule: evil },
    environment: { ...base.environment, cpu: evil },
    fits: base.fits.map((fit) => ({ ...fit, description: evil })),
    forms: base.forms.map((form) => ({ ...form, notes: [evil] })),
  };
  const page = renderPage(report);
  expect(page.match(/<script|<img/gi)).toEqual(['<script']);
  const { document } = parseHTML(page);
  expect(document.querySelectorAll('img')).toHaveLength(0);
  expect([...document.querySelectorAll('*')].filter((node) => node.hasAttribute('onerror'))).toHaveLength(0);
  for (const selector of ['h1', 'title', 'aside', '.words li', '.pictures li', '.card', '.tiles']) {
    expect(document.querySelector(selector)?.textContent).toContain(evil);
  }
  expect(tips(document as Page).filter((text) => text.includes(evil)).length).toBeGreaterThan(100);
});

test('draws the range of the seeds only when there are several', () => {
  expect(renderPage(fixture(1))).not.toContain('highest seed');
  const several = renderPage(fixture(3));
  expect(several).toContain('lowest to highest seed');
  expect(several).toContain('0.871<br> (0.861..0.881)');
});

test('a number that is missing is a dash, not NaN', () => {
  const base = fixture();
  const gone = { mean: Number.NaN, min: Number.NaN, max: Number.NaN, values: [Number.NaN] };
  const report: JobReport = {
    ...base,
    fits: base.fits.map((fit, i) =>
      i === 0 ? { ...fit, test: gone, gap: gone, history: { loss: [Number.NaN, Number.POSITIVE_INFINITY] } } : fit,
    ),
    forms: base.forms.map((form, i) => (i === 0 ? { ...form, score: gone, latency1: gone } : form)),
  };
  expect(shownOf(report)).not.toMatch(/NaN|Infinity|undefined/);
});

test('R² below zero and reports without any fit, form or histogram can be drawn', () => {
  const low = { mean: -0.7, min: -0.7, max: -0.7, values: [-0.7] };
  const base = regression();
  expect(renderPage({ ...base, fits: base.fits.map((fit) => ({ ...fit, test: low })) })).toContain('-0.700');
  const findings = { short: [], fits: [], forms: [], caveats: [] };
  const empty = shownOf({ ...fixture(), fits: [], forms: [], histograms: [], digests: [], findings });
  expect(empty).not.toMatch(/NaN|Infinity|undefined/);
});

test('is the same text for the same report, well below what a mailbox takes', () => {
  const [first, second] = [renderPage(fixture(2)), renderPage(fixture(2))];
  expect(first === second).toBe(true);
  expect(first.length).toBeLessThan(500_000);
});
