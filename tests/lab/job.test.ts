import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeNetwork, fromData, predictNetwork, Random, r2, type Stored, type Tensor, toDense } from 'whittle-ml';
import { readCSV } from 'whittle-ml/data';
import { decodeNetwork, sha256 } from 'whittle-ml/io';
import { figure, histograms } from '../../lab/src/figures.ts';
import { distillationConclusion } from '../../lab/src/findings.ts';
import { DEFAULT_EPOCHS, type JobResult, runJob } from '../../lab/src/job.ts';
import { renderPage } from '../../lab/src/page.ts';
import { type JobData, prepare, understand } from '../../lab/src/prepare.ts';
import { renderTables } from '../../lab/src/tables.ts';
import type { JobReport } from '../../lab/src/types.ts';
import type { Figure, Progress } from '../../lab/src/types-base.ts';
import { type Form, panelsTaken, whittle } from '../../lab/src/whittling.ts';
import { Workbench } from '../../lab/src/workbench.ts';

const wineText = readFileSync(new URL('../../data/wine.csv', import.meta.url), 'utf8');
const dataOf = (name: string, text: string, target: string): JobData => understand(name, readCSV(text), { target });
const wine = dataOf('wine', wineText, 'class');

/** y = 500 + 40·a² + 10·b with a text column beside, 60 rows. */
function numbers(): JobData {
  const x = new Random(7, 'features').normal([60, 2]).data;
  const rows = Array.from({ length: 60 }, (_, i) => {
    const [a, b] = [x[2 * i]!, x[2 * i + 1]!];
    return `${a},${b},${i % 3 === 0 ? 'red' : 'green'},${500 + 40 * a * a + 10 * b}`;
  });
  return dataOf('numbers', `a,b,color,y\n${rows.join('\n')}\n`, 'y');
}

/** Counts the stages and ticks; a stage must get as many ticks as it announced. */
function counter(): Progress & { readonly stages: { name: string; steps: number; ticks: number }[] } {
  const stages: { name: string; steps: number; ticks: number }[] = [];
  return {
    stages,
    stage: (name, steps) => void stages.push({ name, steps, ticks: 0 }),
    tick: () => {
      stages.at(-1)!.ticks++;
    },
  };
}

const quiet: Progress = { stage: () => {}, tick: () => {} };

function figuresOf(report: JobReport): Figure[] {
  const fits = report.fits.flatMap(({ train, test, gap }) => [train, test, gap]);
  const forms = report.forms.flatMap((f) => [f.score, f.bytes, f.parameters, f.nonZeroParameters, f.macs]);
  const times = report.forms.flatMap(({ latency1, latency64, load, memory }) => [latency1, latency64, load, memory]);
  return [...fits, ...forms, ...times];
}

const FITS = ['underfit', 'overfit', 'more data', 'L1', 'L2', 'dropout', 'early stopping', 'smaller network'];
const FORMS = [
  'teacher',
  'pruned',
  'sparse panels',
  'neurons pruned',
  'int8',
  'student (labels only)',
  'student (distilled)',
  'combined',
];

describe('the report of a classification', () => {
  const progress = counter();
  let report: JobReport;
  let networks: JobResult['networks'];
  beforeAll(async () => {
    ({ report, networks } = await runJob(wine, { seeds: [3, 4], epochs: 4, students: true, smallest: true }, progress));
  });

  test('holds every experiment and every form with finite figures for each seed', () => {
    expect(report.fits.map(({ name }) => name)).toEqual(FITS);
    expect(report.forms.map(({ name }) => name)).toEqual(FORMS);
    for (const { values, mean, min, max } of figuresOf(report)) {
      expect(values).toHaveLength(2);
      expect([...values, mean, min, max].every(Number.isFinite)).toBe(true);
      expect(min).toBe(Math.min(...values));
      expect(max).toBe(Math.max(...values));
    }
    expect(report.data.split).toEqual({ train: 106, validation: 36, test: 36 });
    expect(report.scoreName).toBe('accuracy');
    expect(report.distillation.agreement?.values).toHaveLength(2);
    expect(report.distillation.conclusion).toBe(report.taught?.findings[0]);
    expect(report.taught?.runs.map(({ seed }) => seed)).toEqual([3, 3, 3, 4, 4, 4]);
    expect(report.smallest?.files[0]?.bytes.values).toHaveLength(2);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test('has gaps of training minus test, and one number an epoch in every curve', () => {
    for (const { train, test: held, gap, history } of report.fits) {
      expect(gap.values).toEqual(train.values.map((value, i) => value - held.values[i]!));
      const lengths = Object.values(history).map(({ length }) => length);
      expect(new Set(lengths).size).toBe(1);
      expect(Object.keys(history).sort()).toEqual(['accuracy', 'loss', 'val_accuracy', 'val_loss']);
    }
  });

  test('has verdicts that are about the figures beside them, the same in table and page', () => {
    const show = (value: number): number => Number(value.toPrecision(4));
    const [text, drawn] = [renderTables(report), renderPage(report)];
    expect(report.fits.map(({ name }) => name)).toEqual(FITS);
    for (const { name, train, test: held, diagnosis } of report.fits) {
      const { verdict, reasons } = diagnosis;
      expect(reasons[0]).toContain(`training accuracy ${show(train.mean)}, validation ${show(held.mean)}: a gap of`);
      if (verdict === 'overfit') expect(train.mean - held.mean).toBeGreaterThan(0.05);
      if (verdict === 'good fit') expect(train.mean - held.mean).toBeLessThanOrEqual(0.05);
      expect(text).toMatch(new RegExp(`│ ${name} .*│ ${verdict} +│`));
      expect(drawn).toContain(`<b>${name}</b>: ${verdict}. `);
    }
  });

  test('comes with the networks of the first seed that are worth a file, and what they need', () => {
    const shipped = FORMS.filter((name) => name !== 'student (labels only)');
    expect(networks.map(({ name }) => name)).toEqual([...shipped, 'smallest']);
    const first = report.digests.find(({ seed, model }) => seed === 3 && model === 'int8')!;
    const int8 = networks.find(({ name }) => name === 'int8')!;
    expect(sha256(encodeNetwork(int8.network))).toBe(first.sha256);
    const { train } = prepare(wine, 3);
    expect(int8.encoder.toJSON()).toEqual(prepare(wine, 3).encoder.toJSON());
    expect(int8.encoder.columns.every(({ scaling }) => scaling !== null)).toBe(true);
    expect(train[0].shape[1]).toBe(int8.encoder.featureNames.length);
  });

  test('says of panels what was held and measured', () => {
    const { notes, heldParameters, parameters } = report.forms.find(({ name }) => name === 'sparse panels')!;
    expect(heldParameters.mean).toBeLessThan(0.5 * parameters.mean);
    for (const { name, heldParameters: held, parameters: all } of report.forms)
      if (name !== 'sparse panels') expect(held).toEqual(all);
    expect(notes.slice(-3)).toEqual([
      expect.stringContaining(`${Math.round(heldParameters.mean).toLocaleString('en-US')} of `),
      expect.stringMatching(/^measured here with 64 samples, (none|[123]) of its /),
      expect.stringMatching(/^measured here with one sample, (none|[123]) of its /),
    ]);
  });

  test('says what was found in the table', () => {
    expect(report.data.notes).toEqual([]);
  });

  test('was announced step by step', () => {
    expect(progress.stages.map(({ name }) => name)).toEqual([
      'Over- and underfitting, seed 3 (1 of 2)',
      'Whittling, seed 3 (1 of 2)',
      'Kernels of 4 bits, seed 3 (1 of 2)',
      'Students, seed 3 (1 of 2)',
      'Smallest files, seed 3 (1 of 2)',
      'Over- and underfitting, seed 4 (2 of 2)',
      'Whittling, seed 4 (2 of 2)',
      'Kernels of 4 bits, seed 4 (2 of 2)',
      'Students, seed 4 (2 of 2)',
      'Smallest files, seed 4 (2 of 2)',
      'Measuring',
    ]);
    for (const { steps, ticks } of progress.stages) expect(ticks).toBe(steps);
  });

  test('has one digest per seed and form; a seed gives the same ones alone, another seed others', async () => {
    const { report: again } = await runJob(wine, { seeds: [4], epochs: 4 }, quiet);
    expect(again.digests).toEqual(report.digests.filter(({ seed }) => seed === 4));
    expect(new Set(report.digests.map(({ sha256 }) => sha256)).size).toBe(2 * FORMS.length);
  });
});

test('a table of numbers gives a report of R² without agreement, with all ticks though early stopping stopped', async () => {
  const progress = counter();
  const { report } = await runJob(numbers(), { seeds: [0], epochs: DEFAULT_EPOCHS / 5 }, progress);
  const early = report.fits.find(({ name }) => name === 'early stopping')!;
  expect(early.history.loss!.length).toBeLessThan(report.fits[1]!.history.loss!.length);
  for (const { steps, ticks } of progress.stages) expect(ticks).toBe(steps);
  expect(report.scoreName).toBe('R²');
  expect(report.data.classes).toBeNull();
  expect(report.distillation.agreement).toBeNull();
  expect(figuresOf(report).every(({ mean }) => Number.isFinite(mean))).toBe(true);
  const teacher = report.forms[0]!.score.mean;
  expect(teacher).toBeGreaterThan(0.5);
  expect(teacher).toBeLessThanOrEqual(1);
  expect(Object.values(report.findings).flat().length).toBeGreaterThan(5);
});

describe('the forms', () => {
  const data = prepare(wine, 1);
  let forms: Map<string, Form>;
  const form = (name: string): Form => forms.get(name)!;
  beforeAll(() => {
    forms = new Map(whittle(new Workbench(data, 1, 0.1, quiet), '', quiet).forms.map((made) => [made.name, made]));
  });

  test('report the bytes of their real files, which hold the same network', () => {
    for (const { network, measurement } of forms.values()) {
      const file = encodeNetwork(network);
      expect(measurement.bytes).toBe(file.length);
      expect(encodeNetwork(decodeNetwork(file).network)).toEqual(file);
    }
  });

  test('are as small as they say', () => {
    const size = (name: string): number => form(name).measurement.parameters;
    const teacher = size('teacher');
    expect(size('student (distilled)')).toBeLessThanOrEqual(teacher / 8);
    expect(size('student (labels only)')).toBe(size('student (distilled)'));
    expect(size('neurons pruned')).toBeLessThan(teacher / 2);
    expect(size('int8')).toBe(teacher);
    const kernels = (name: string): Stored[] =>
      [...form(name).network.weights].flatMap(([key, stored]) => (key.endsWith('kernel') ? [stored] : []));
    expect(kernels('int8').map(({ encoding }) => encoding.type)).toEqual(['int8', 'int8', 'int8']);
    const weights = kernels('pruned').flatMap(({ encoding }) => [...encoding.values]);
    const zeros = weights.filter((weight) => weight === 0).length;
    expect(zeros).toBe(Math.round(0.8 * weights.length));
  });

  test('in panels hold the weights of panels that live, the others are zero, and answers are those of the whole', () => {
    const { network, measurement } = form('sparse panels');
    const whole = toDense(network);
    const kernels = [...network.weights].filter(([key]) => key.endsWith('kernel'));
    let zeros = 0;
    let places = 0;
    for (const [key, { encoding }] of kernels) {
      const { shape, encoding: dense } = whole.weights.get(key)!;
      const units = shape.at(-1)!;
      expect(encoding).toMatchObject({ type: 'sparse', width: 16 });
      for (let start = 0; start < dense.values.length; start += units)
        for (let column = 0; column < units; column += 16) {
          const end = start + Math.min(units, column + 16);
          const panel = [...dense.values.slice(start + column, end)];
          const dead = panel.filter((weight) => weight === 0).length;
          if (dead === panel.length) zeros += dead;
          places += panel.length;
        }
    }
    expect(Math.abs(zeros / places - 0.6)).toBeLessThan(0.002); // to the panel
    const others = measurement.parameters - places;
    expect(measurement.heldParameters).toBe(others + places - zeros);
    expect(measurement.bytes).toBeLessThan(0.5 * form('teacher').measurement.bytes);
    const [x] = data.test;
    expect(predictNetwork(network, x).data).toEqual(predictNetwork(whole, x).data);
  });

  test('have histograms over one range that count every weight once', () => {
    const all = histograms([...forms.values()].map(({ name, network }) => [name, network]));
    expect(new Set(all.map(({ low, high }) => `${low} ${high}`)).size).toBe(1);
    for (const { name, counts } of all) {
      const weights = [...form(name).network.weights.values()].reduce(
        (sum, { shape }) => sum + (shape.length === 2 ? shape[0]! * shape[1]! : 0),
        0,
      );
      expect(counts.reduce((p, n) => p + n)).toBe(weights);
    }
  });
});

test('how many kernels run in panels is told, and that none does', () => {
  const layer = { name: '', op: 'dense', held: 0.2, dense: 2, sparse: 1, why: '' } as const;
  const slow = { ...layer, pattern: 'panels', taken: 'dense' } as const;
  const fast = { ...layer, pattern: 'panels', taken: 'sparse' } as const;
  const full = { ...layer, pattern: null, taken: 'dense' } as const;
  expect(panelsTaken({ batchSize: 64, layers: [fast, slow, fast] })).toBe(
    'measured here with 64 samples, 2 of its 3 kernels ran faster in panels, and so they are multiplied',
  );
  expect(panelsTaken({ batchSize: 1, layers: [slow, full] })).toBe(
    'measured here with one sample, none of its kernels ran faster in panels: they are multiplied as whole matrices, and ' +
      'the zeros save bytes alone; 1 would be no smaller in panels, or no kernel multiplies theirs',
  );
});

test.each([1, 42, 43, 45, 63, 64, 80])('a table of %i columns gives networks of whole neurons', (columns) => {
  const names = Array.from({ length: columns }, (_, i) => `c${i}`);
  const rows = Array.from({ length: 20 }, (_, row) => [...names.map((__, i) => (row * (i + 3)) % 11), 'ab'[row % 2]]);
  const data = prepare(dataOf('wide', [[...names, 'y'], ...rows].join('\n'), 'y'), 0);
  const { forms: made } = whittle(new Workbench(data, 0, 0.01, quiet), '', quiet);
  const [teacher] = made;
  const half = Math.min(96, Math.max(64, Math.ceil(1.5 * columns)));
  expect(teacher!.description).toContain(`${columns}-${2 * half}-${half}-2,`);
  expect(made).toHaveLength(FORMS.length);
});

describe('preparing a table', () => {
  const [header = '', ...wineRows] = wineText.trim().split('\n');
  const withCells = (change: (cells: string[], row: number) => void): JobData => {
    const rows = wineRows.map((line, row) => {
      const cells = line.split(',');
      change(cells, row);
      return cells.join(',');
    });
    return dataOf('wine', [header, ...rows].join('\n'), 'class');
  };

  test('keeps the shares of the classes in all parts', () => {
    const { train, validation, test: held, few } = prepare(wine, 5);
    const counts = ([, y]: readonly [Tensor, Tensor]): number[] =>
      [0, 1, 2].map((label) => Array.from(y.data).filter((value) => value === label).length);
    for (const part of [train, validation, held]) {
      const share = part[1].size / 178;
      counts(part).forEach((count, label) => {
        expect(Math.abs(count - share * [59, 71, 48][label]!)).toBeLessThan(1);
      });
    }
    expect(Math.min(...counts(few))).toBeGreaterThanOrEqual(5);
  });

  test('lets no value of the other parts change the training part', () => {
    const before = prepare(wine, 5);
    const trained = new Set(Array.from({ length: 178 }, (_, row) => row));
    // A row is in the training part if changing it changes that part.
    const probe = (row: number): boolean => {
      const changed = withCells((cells, at) => {
        if (at === row) cells[0] = String(Number(cells[0]) + 50);
      });
      return !Buffer.from(prepare(changed, 5).train[0].data.buffer).equals(Buffer.from(before.train[0].data.buffer));
    };
    for (const row of [...trained]) if (!probe(row)) trained.delete(row);
    expect(trained.size).toBe(106);
  });

  test('cuts off features far outside the training part and keeps constant columns', () => {
    const odd = withCells((cells, row) => {
      cells[1] = '7';
      if (row === 0) cells[0] = '1e30';
    });
    for (const [x] of [prepare(odd, 0).train, prepare(odd, 0).test]) {
      for (let i = 0; i < x.size; i++) expect(Math.abs(x.data[i]!)).toBeLessThanOrEqual(4);
      expect(x.data[1]).toBe(0);
    }
  });

  test('standardises the target of a regression, which leaves R² as it is', () => {
    const { target } = numbers();
    const guess = fromData(
      Float32Array.from(target.data, (value, i) => value + (i % 5) - 2),
      target.shape,
    );
    const scaled = (t: Tensor): Tensor =>
      fromData(
        Float32Array.from(t.data, (value) => (value - 540) / 60),
        t.shape,
      );
    const score = (truth: Tensor, predicted: Tensor): number => {
      const state = r2().create();
      state.update(truth, predicted);
      return state.result();
    };
    expect(score(scaled(target), scaled(guess))).toBeCloseTo(score(target, guess), 5);
    const [, y] = prepare(numbers(), 0).train;
    expect(Array.from(y.data).reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 4);
  });
});

describe('a table that cannot be split is refused with a sentence', () => {
  const lines = (count: number, y: (i: number) => string | number): string =>
    `x,y\n${Array.from({ length: count }, (_, i) => `${i},${y(i)}`).join('\n')}\n`;

  test.each([
    ['a rare class', lines(40, (i) => (i < 4 ? 'rare' : 'usual')), '1 of 2 classes has fewer than 5 rows: "rare" (4)'],
    [
      'rare numbers',
      lines(40, (i) => Math.min(i, 9)),
      '9 of 10 classes have fewer than 5 rows: "0" (1), "1" (1), "2" (1)',
    ],
    ['few rows', lines(19, (i) => (i % 2 === 0 ? 'a' : 'b')), 'has 19 rows, and the job needs at least 20'],
    ['a constant target', lines(30, () => 1.5), 'the target is the same number in every row'],
  ])('%s', (_, text, problem) => {
    const refused = expect.objectContaining({ code: 'value', message: expect.stringContaining(problem) });
    expect(() => dataOf('text', text, 'y')).toThrow(refused);
  });

  test('few rows with a target, and numbers that may be a regression', () => {
    const holes = lines(30, (i) => (i < 12 ? '' : 'ab'[i % 2]!));
    expect(() => understand('text', readCSV(holes), { target: 'y', unlabelled: 'skip' })).toThrow(
      'has 18 rows with a target',
    );
    const say = 'or say --task regression';
    expect(() =>
      dataOf(
        'text',
        lines(40, (i) => (i < 3 ? 1 : 2)),
        'y',
      ),
    ).toThrow(say);
    expect(() =>
      dataOf(
        'text',
        lines(40, (i) => (i < 3 ? 'a' : 'b')),
        'y',
      ),
    ).not.toThrow(say);
  });

  test('five rows of each class are enough', async () => {
    const data = dataOf(
      'text',
      lines(20, (i) => 'abcd'[i % 4]!),
      'y',
    );
    const { report } = await runJob(data, { seeds: [0], epochs: 1 }, quiet);
    expect(report.data.split).toEqual({ train: 12, validation: 4, test: 4 });
  });
});

test('the conclusion about distillation follows the numbers, whichever way they fall', () => {
  const [low, high] = [figure([0.9, 0.92]), figure([0.93, 0.91])];
  expect(distillationConclusion(high, low, 'accuracy')).toBe(
    'Distillation helped: the student that also learned from the teacher reaches accuracy 0.920, the same student on ' +
      'labels alone 0.910 (+0.010). It was better in 1 of 2 seeds and worse in 1.',
  );
  expect(distillationConclusion(low, high, 'R²')).toMatch(
    /^Distillation did not help: .* 0\.910, .* 0\.920 \(-0\.010\)/,
  );
  expect(distillationConclusion(low, low, 'R²')).toMatch(/^Distillation made no difference: /);
});

test('a figure that is not finite is an error that says so, not a hole in the report', () => {
  expect(() => figure([0.5, Number.NaN])).toThrow(/not finite: training broke down/);
  expect(figure([1, 2, 6])).toEqual({ mean: 3, min: 1, max: 6, values: [1, 2, 6] });
});
