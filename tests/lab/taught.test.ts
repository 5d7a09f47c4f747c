import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { beforeAll, describe, expect, test } from 'vitest';
import { compare, damage, fromNetwork, noGrad, Random, softmax, toNetwork } from 'whittle-ml';
import { readCSV, takeRows } from 'whittle-ml/data';
import { unitOf } from '../../lab/src/damages.ts';
import { probability, softFinding, taughtFindings, verdictOf } from '../../lab/src/findings-taught.ts';
import { renderPage } from '../../lab/src/page.ts';
import { planOf } from '../../lab/src/plans.ts';
import { type Prepared, prepare, understand } from '../../lab/src/prepare.ts';
import { softened, softTargetsOf, telling } from '../../lab/src/soft-targets.ts';
import { renderTables } from '../../lab/src/tables.ts';
import { type TaughtRun, taughtOf, taughtRun } from '../../lab/src/taught.ts';
import { distilledBy } from '../../lab/src/teaching.ts';
import type { JobReport } from '../../lab/src/types.ts';
import type { SoftTargets, Taught } from '../../lab/src/types-taught.ts';
import { type Whittled, whittle } from '../../lab/src/whittling.ts';
import { Workbench } from '../../lab/src/workbench.ts';
import { fixture, regression } from './fixture.ts';
import { softTargets, taught, taughtNumbers } from './fixture-taught.ts';

const quiet = { stage: () => {}, tick: () => {} };
const wine = understand('wine', readCSV(readFileSync(new URL('../../data/wine.csv', import.meta.url), 'utf8')), {
  target: 'class',
});

const sectionOf = (report: JobReport) =>
  parseHTML(renderPage(report)).document.querySelector('section[aria-labelledby="taught"]');

describe('softened answers', () => {
  test('sum to 1, keep their order, and are nearer to each other the higher the temperature', () => {
    const logits = fc.array(fc.double({ min: -2000, max: 2000, noNaN: true }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(logits, fc.double({ min: 0.5, max: 20, noNaN: true }), (z, T) => {
        const [p, softer] = [softened(z, T), softened(z, 2 * T)];
        expect(p.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
        expect(Math.max(...softer)).toBeLessThanOrEqual(Math.max(...p) + 1e-12);
        const turned = z.some((a, i) => z.some((b, j) => a < b && p[i]! > p[j]!));
        expect(turned).toBe(false);
      }),
    );
  });

  test('a sample is shown that the teacher gets right, fairly sure, and whose second class stands out', () => {
    const wrong = [3, 3.2, -9];
    const [flat, hint, unsure] = [
      [9, 0, 0],
      [6, 4, -5],
      [4, 3.8, -9],
    ];
    expect(telling([wrong, flat, unsure, hint], [0, 0, 0, 0])).toBe(3);
    expect(telling([wrong, unsure], [0, 0])).toBe(1); // of those that are right, if it is sure of none
    expect(telling([flat, wrong], [1, 0])).toBe(1); // of all, if none is right
    expect(telling([hint, hint], [0, 0])).toBe(0);
  });
});

describe('what the teacher taught', () => {
  let data: Prepared;
  let made: Whittled;
  let run: TaughtRun;
  let found: Taught;
  let soft: Extract<SoftTargets, { kind: 'classes' }>;
  const ticks = { announced: 0, ticked: 0 };
  beforeAll(() => {
    data = prepare(wine, 1);
    const bench = new Workbench(data, 1, 0.1, quiet);
    made = whittle(bench, '', quiet);
    const counting = new Workbench(data, 1, 0.1, { ...quiet, tick: () => void ticks.ticked++ });
    const progress = {
      stage(_: string, steps: number) {
        ticks.announced = steps;
      },
      tick: () => {},
    };
    run = taughtRun(counting, '', progress, { kind: 'mlp', forms: made.forms, seeds: 1, isFirst: true });
    const tested = { forms: made.forms, test: data.test, rows: data.testRows };
    soft = softTargetsOf(tested, wine.classNames, data.encoder, wine.table) as typeof soft;
    found = taughtOf([run], null, soft);
  });

  const networkOf = (name: string) => made.forms.find((form) => form.name === name)!.network;

  test('is five pairs of students of one teacher, the forms of the job the first, and others that differ', () => {
    expect(found.runs.map(({ seed }) => seed)).toEqual([1, 1, 1, 1, 1]);
    expect(found.runs.map(({ start }) => start)).toEqual([1, 101, 201, 301, 401]);
    expect(run.pairs[0]!.alone).toBe(networkOf('student (labels only)'));
    expect(run.pairs[0]!.distilled).toBe(networkOf('student (distilled)'));
    const first = (network: TaughtRun['teacher']): unknown => [...network.weights.values()][0]!.encoding.values;
    expect(first(run.pairs[1]!.alone)).not.toEqual(first(run.pairs[2]!.alone));
    // Both of a pair begin with the weights of its start.
    const bench = new Workbench(data, 1, 0.1, quiet);
    const plan = planOf(bench, 'mlp');
    const [alone, student] = [plan.student(101), plan.student(101)];
    bench.fit('', alone, data.train, { epochs: plan.epochs('student'), learningRate: plan.rate('student') });
    expect(first(toNetwork(alone))).toEqual(first(run.pairs[1]!.alone));
    const distilled = distilledBy({ teacher: fromNetwork(run.teacher), student }, bench, plan);
    expect(first(toNetwork(distilled))).toEqual(first(run.pairs[1]!.distilled));
    expect(ticks.ticked).toBe(ticks.announced);
  });

  test('has the figures of the library', () => {
    const [accuracy, agreement, calibration] = found.figures;
    run.pairs.forEach(({ alone, distilled }, i) => {
      const [output] = damage(alone, distilled, run.test, { bins: 15 }).outputs;
      if (output?.kind !== 'classes') throw new Error('classes are expected');
      expect(accuracy!.alone.values[i]).toBeCloseTo(output.accuracy.before.share, 12);
      expect(accuracy!.distilled.values[i]).toBeCloseTo(output.accuracy.after.share, 12);
      expect(calibration!.alone.values[i]).toBeCloseTo(output.calibration!.before!, 6);
      expect(calibration!.distilled.values[i]).toBeCloseTo(output.calibration!.after!, 6);
      const agrees = compare(run.teacher, distilled, { samples: run.test, latency: false }).agreement;
      expect(agreement!.distilled.values[i]).toBeCloseTo(agrees!, 12);
    });
    expect(agreement!.teacher).toBeNull();
    expect(calibration!.teacher!.values).toHaveLength(1);
    for (const { gain, alone, distilled } of found.figures) {
      expect(gain.gain).toBe(distilled.mean - alone.mean);
      expect(gain.low).toBeLessThanOrEqual(gain.high);
    }
  });

  test('has a control: with alpha 0 distillation is the training on labels, to the bit', () => {
    expect(found.control).toEqual({ isSame: true, largest: 0 });
    expect(found.findings.at(-1)).toContain('to the bit');
  });

  test('has soft targets of a test sample: the softmax of the networks, whose probabilities sum to 1', () => {
    const row = data.testRows.findIndex((at) => wine.table.line(at) === soft.sample.line);
    expect(data.test[1].data[row]).toBe(soft.truth);
    const x = takeRows(data.test[0], [row]);
    expect(soft.answers.map(({ temperature }) => temperature)).toEqual([1, 1, 1, 3, 3, 3, 10, 10, 10]);
    for (const { by, temperature, probabilities, others } of soft.answers) {
      expect(probabilities.reduce((a, b) => a + b) + others).toBeCloseTo(1, 12);
      const logits = noGrad(() => fromNetwork(networkOf(by)).forward(x, { logits: true }));
      if (temperature === 1) {
        const p = softmax(logits).data;
        for (const [i, c] of soft.classes.entries()) expect(probabilities[i]).toBeCloseTo(p[c]!, 6);
      }
    }
    const teacher = soft.answers[3]!.probabilities;
    expect(teacher).toEqual([...teacher].sort((a, b) => b - a));
    expect(soft.sample.cells[0]).toEqual({
      name: 'alcohol',
      text: wine.table.cells(data.testRows[row]!)[wine.table.names.indexOf('alcohol')],
    });
  });

  test('is the same again, and survives as JSON', () => {
    expect(taughtOf([run], null, soft)).toEqual(found);
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });
});

test('students that answer alike are not told apart, and those that all gain are', () => {
  const data = prepare(wine, 2);
  const forms = whittle(new Workbench(data, 2, 0.2, quiet), '', quiet).forms;
  const [teacher, alone, distilled] = ['teacher', 'student (labels only)', 'student (distilled)'].map(
    (name) => forms.find((form) => form.name === name)!.network,
  );
  const run = (before: typeof alone, after: typeof alone): TaughtRun => ({
    ...{ seed: 0, epochs: 1, teacher: teacher!, test: data.test, rows: data.testRows },
    pairs: [0, 1].map((start) => ({ start, alone: before!, distilled: after! })),
    control: { isSame: true, largest: 0 },
  });
  const verdicts = (of: TaughtRun) =>
    taughtOf([of], null, softTargets(['a', 'b'])).figures.map((f) => verdictOf(f.name, f.gain));
  expect(verdicts(run(distilled, distilled))).toEqual(Array(3).fill('not told apart'));
  const poor = whittle(new Workbench(data, 2, 0.001, quiet), '', quiet).forms.find(
    ({ name }) => name === 'student (labels only)',
  )!;
  expect(verdicts(run(poor.network, teacher)).slice(0, 2)).toEqual(['better', 'better']);
  expect(verdicts(run(teacher, poor.network)).slice(0, 2)).toEqual(['worse', 'worse']);
});

describe('findings', () => {
  const names = Array.from('0123456789');

  test('say which way the numbers fall, and that nothing can be told apart', () => {
    expect(taught().findings).toEqual([
      'Of 5 pairs of students of one teacher, those distilled have an accuracy of 0.958, those on labels alone 0.951 (+0.007, from -0.004 to +0.016): 360 test samples and so few students cannot tell the two apart.',
      'Those distilled agree with the teacher on a share of 0.970, those on labels alone 0.955 (+0.015, from +0.004 to +0.026): better, and hardly by chance.',
      'Those distilled have a calibration error of 0.031, those on labels alone 0.018 (+0.013, from +0.002 to +0.020): worse, and hardly by chance.',
      expect.stringMatching(/^With alpha 0, .*the same training.*to the bit/),
    ]);
    const { figures, ...rest } = taught(3);
    const turned = figures.map((f) => ({ ...f, gain: { gain: -f.gain.gain, low: -f.gain.high, high: -f.gain.low } }));
    expect(turned.map(({ name, gain }) => verdictOf(name, gain))).toEqual(['not told apart', 'worse', 'better']);
    const found = taughtFindings({ ...rest, figures: turned, control: { isSame: false, largest: 0.25 } });
    expect(found[0]).toMatch(/^Of 5 pairs of students of 3 teachers/);
    expect(found.at(-1)).toContain('other weights than the training on labels alone, by 0.25 at most');
    expect(taughtNumbers().findings[1]).toContain('3.5, those on labels alone 4.25 (-0.75, from -1.2 to -0.3): better');
  });

  test('of one sample say whether the distilled student is nearer to the teacher', () => {
    const soft = softTargets(names);
    expect(soft.finding).toMatch(/^The label says “8” and nothing else. The teacher gives “8” 0\.\d+ and “9” 0\.\d+;/);
    expect(soft.finding).toContain('the distilled student is nearer to the teacher than');
    const swapped = soft.answers.map((answer) => ({
      ...answer,
      by: (
        {
          teacher: 'teacher',
          'student (distilled)': 'student (labels only)',
          'student (labels only)': 'student (distilled)',
        } as const
      )[answer.by],
    }));
    expect(softFinding({ ...soft, answers: swapped }, names)).toContain('is farther from the teacher than');
    expect(softFinding({ ...soft, truth: 3 }, names)).toContain('where “3” is right');
    expect([0.5, 0.01, 0.0023, 1e-9, 0, Number.NaN].map(probability)).toEqual([
      '0.500',
      '0.010',
      '0.0023',
      '1e-9',
      '0.000',
      '–',
    ]);
  });
});

describe('the section', () => {
  test('has a chart for each temperature whose bars are the numbers of the table, and one for each figure', () => {
    const section = sectionOf(fixture())!;
    const charts = [...section.querySelectorAll('svg.plot')];
    expect(charts).toHaveLength(6);
    const soft = softTargets(Array.from('0123456789'));
    const tips = charts.map((chart) => JSON.parse(chart.getAttribute('data-tips')!) as [number, number, string][]);
    expect(tips[0]!.map(([, , text]) => text)).toEqual(
      soft.answers
        .slice(0, 3)
        .flatMap(({ by, probabilities }) =>
          probabilities.map((p, i) => `${fixture().data.classes![soft.classes[i]!]}, by ${by}: ${probability(p)}`),
        ),
    );
    // Bars lie one below the other, in the order of the classes and of the answers.
    const heights = tips[0]!.map(([, y]) => y);
    for (let c = 0; c < 10; c++) {
      const rows = [0, 10, 20].map((start) => heights[start + c]!);
      expect(rows).toEqual([...rows].sort((a, b) => a - b));
    }
    const cells = [...section.querySelectorAll('details table tbody tr:first-child td')].map(
      (cell) => cell.textContent,
    );
    expect(cells).toEqual(soft.answers.map(({ probabilities }) => probability(probabilities[0]!)));
    expect(section.querySelector('.sample > svg')?.getAttribute('aria-label')).toContain('line 812');
    for (const finding of taught().findings) expect(section.textContent!.replaceAll('\u00a0', ' ')).toContain(finding);
  });

  test('of many classes shows nine and all others together, which sum to 1', () => {
    const many = Array.from({ length: 30 }, (_, i) => `class ${i}`);
    const base = fixture();
    const section = sectionOf({ ...base, data: { ...base.data, classes: many }, taught: taught(1, many) })!;
    const rows = [...section.querySelectorAll('details table tbody tr')];
    expect(rows).toHaveLength(10);
    expect(rows.at(-1)!.textContent).toContain('21 others');
    const sum = rows.reduce((total, row) => total + Number(row.querySelector('td')!.textContent), 0);
    expect(Math.abs(sum - 1)).toBeLessThan(0.006);
  });

  test('of a regression shows the number that the student is trained towards, and no soft targets', () => {
    const section = sectionOf(regression())!;
    expect(section.querySelectorAll('svg.plot')).toHaveLength(3);
    const [told] = [...section.querySelectorAll('table')];
    expect([...told!.querySelectorAll('td')].map((cell) => cell.textContent)).toEqual(['40', '30', '33', '38.5', '34']);
    expect(section.textContent).not.toMatch(/softmax|temperature|calibration/i);
    expect(section.textContent).toContain('Distance from the teacher');
  });

  test('is not there where nobody asked', () => {
    const page = renderPage({ ...fixture(), taught: null });
    expect(page).not.toContain('#taught');
    expect(page).not.toContain('id="taught"');
  });

  test('is in text too', () => {
    const text = renderTables(fixture(3));
    expect(text).toContain('What distillation changed (5 pairs of students of 3 teachers');
    expect(text).toMatch(/Agreement with the teacher .*better/);
    expect(renderTables({ ...fixture(), taught: null })).not.toContain('What distillation changed');
  });
});

/** What a job says of a table of two columns, hardly trained. */
function taughtOfTable(y: (a: number, b: number, i: number) => string | number): JobReport {
  const x = new Random(3, 'features').normal([60, 2]).data;
  const rows = Array.from({ length: 60 }, (_, i) => [x[2 * i], x[2 * i + 1], y(x[2 * i]!, x[2 * i + 1]!, i)].join(','));
  const data = understand('table', readCSV(['a,b,y', ...rows].join('\n')), { target: 'y' });
  const bench = new Workbench(prepare(data, 0), 0, 0.01, quiet);
  const { forms } = whittle(bench, '', quiet);
  const run = taughtRun(bench, '', quiet, { kind: 'mlp', forms, seeds: 1, isFirst: true });
  const { classNames, table } = data;
  const { encoder, test: samples, testRows } = bench.data;
  const soft = softTargetsOf({ forms, test: samples, rows: testRows }, classNames, encoder, table);
  const found = taughtOf([run], classNames === undefined ? unitOf(encoder) : null, soft);
  expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  expect(found.control.isSame).toBe(true);
  const base = classNames === undefined ? regression() : fixture();
  return { ...base, data: { ...base.data, classes: classNames ?? null }, taught: found };
}

test.each([
  ['two classes', 6, (a: number, b: number) => (a + b > 0 ? 'yes' : 'no')],
  ['a class of one test sample', 6, (_: number, __: number, i: number) => (i < 5 ? 'rare' : i % 2 === 0 ? 'x' : 'y')],
  ['numbers', 3, (a: number, b: number) => 500 + 40 * a * a + 10 * b],
] as const)('%s: there is no empty chart, and no figure that is none', (_, count, y) => {
  const report = taughtOfTable(y);
  const section = sectionOf(report)!;
  const charts = [...section.querySelectorAll('svg.plot')];
  expect(charts).toHaveLength(count);
  for (const chart of charts) expect(JSON.parse(chart.getAttribute('data-tips')!).length).toBeGreaterThan(0);
  expect(section.innerHTML).not.toMatch(/NaN|Infinity|undefined/);
  const { soft } = report.taught!;
  if (soft.kind === 'numbers') expect(soft.target).toBeCloseTo(0.3 * soft.truth + 0.7 * soft.teacher, 9);
});
