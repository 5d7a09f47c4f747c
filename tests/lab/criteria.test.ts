import { readFileSync } from 'node:fs';
import { parseHTML } from 'linkedom';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Callback, digest, MovementScores, prune } from 'whittle-ml';
import { readCSV } from 'whittle-ml/data';
import { spread } from '../../lab/src/charts-criteria.ts';
import { type CriteriaRun, criteriaOf, criteriaRun, criteriaSeeds, LEVELS } from '../../lab/src/criteria.ts';
import { CRITERIA } from '../../lab/src/explain.ts';
import { criteriaFindings } from '../../lab/src/findings-criteria.ts';
import { renderPage } from '../../lab/src/page.ts';
import { planOf } from '../../lab/src/plans.ts';
import { type JobData, prepare, understand } from '../../lab/src/prepare.ts';
import { renderTables } from '../../lab/src/tables.ts';
import type { JobReport } from '../../lab/src/types.ts';
import type { Progress } from '../../lab/src/types-base.ts';
import type { Criteria, CriterionName } from '../../lab/src/types-compared.ts';
import { Workbench } from '../../lab/src/workbench.ts';
import { fixture, withCriteria } from './fixture.ts';

const NAMES = Object.keys(CRITERIA) as CriterionName[];
const wineText = readFileSync(new URL('../../data/wine.csv', import.meta.url), 'utf8');
const wine: JobData = understand('wine', readCSV(wineText), { target: 'class' });

/** As many ticks as steps were announced, and of what. */
function counter(): Progress & { steps: number; ticks: number } {
  const counted = {
    steps: 0,
    ticks: 0,
    stage: (_: string, steps: number) => {
      counted.steps += steps;
    },
    tick: () => {
      counted.ticks++;
    },
  };
  return counted;
}

/** Short, and yet longer trainings than fine-tunings. */
const FACTOR = 0.05;

const runWith = (seed: number, progress: Progress = counter()): CriteriaRun =>
  criteriaRun(new Workbench(prepare(wine, seed, 'columns'), seed, FACTOR, progress), 'stage', progress, 'mlp');

describe('criteria of pruning beside each other', () => {
  let run: CriteriaRun;
  const progress = counter();
  beforeAll(() => {
    run = runWith(3, progress);
  });

  test('have a score for each criterion and level, and tick as often as they said', () => {
    expect([...run.scores.keys()].sort()).toEqual([...NAMES].sort());
    for (const scores of run.scores.values()) {
      expect(scores).toHaveLength(LEVELS.mlp.length);
      for (const score of scores) expect(score >= 0 && score <= 1).toBe(true);
    }
    expect(progress.ticks).toBe(progress.steps);
    expect(run.digests).toHaveLength(NAMES.length * LEVELS.mlp.length);
  });

  test('leave as many weights as the level says, and the small network has no more, and is no smaller than it need be', () => {
    const kernels = planOf(new Workbench(prepare(wine, 3, 'columns'), 3, FACTOR, counter()), 'mlp').teacher.weights;
    const [all, biases] = ['/kernel', '/bias'].map((end) =>
      kernels.flatMap(({ name, value }) => (name.endsWith(end) ? [value.size] : [])).reduce((sum, n) => sum + n, 0),
    ) as [number, number];
    LEVELS.mlp.forEach((level, i) => {
      // Biases are 0 before training
      expect(run.left[i]).toBe(all - Math.round(level * all));
      expect(run.small[i]).toBeLessThanOrEqual(run.left[i]!);
    });
    expect(run.small[0]).toBeGreaterThan(0.9 * run.left[0]!);
    expect(run.parameters).toBe(all + biases);
  });

  test('are the same again with the same seed, and others with another', () => {
    expect(runWith(3).digests).toEqual(run.digests);
    expect(runWith(4).digests).not.toEqual(run.digests);
  });

  test('start from the trained network, and not from one that moved on', () => {
    const bench = new Workbench(prepare(wine, 3, 'columns'), 3, FACTOR, counter());
    const { teacher, epochs, rate } = planOf(bench, 'mlp');
    bench.fit('whole', teacher, bench.data.train, { epochs: epochs('teacher'), learningRate: rate('teacher') });
    const pruned = prune(teacher, { sparsity: LEVELS.mlp[0]! });
    bench.fit('magnitude', pruned, bench.data.train, { epochs: epochs('pruned'), learningRate: rate('pruned') });
    expect(run.digests[0]).toEqual({ model: 'magnitude, 50 % zero', sha256: digest(pruned) });
  });

  test('start alike where movement chooses too, which watches the end of the training', () => {
    const bench = new Workbench(prepare(wine, 3, 'columns'), 3, FACTOR, counter());
    const { teacher, epochs, rate } = planOf(bench, 'mlp');
    const long = epochs('teacher');
    const watched: number[] = [];
    const movement = new MovementScores();
    let epoch = 0;
    const seen: Callback = {
      onEpochBegin: (begun) => {
        epoch = begun;
      },
      onBatchBegin: (batch, model) => void (epoch >= long - epochs('pruned') && movement.onBatchBegin(batch, model)),
      onBatchEnd: (batch, logs, model) => {
        if (epoch < long - epochs('pruned')) return;
        movement.onBatchEnd(batch, logs, model);
        watched.push(epoch);
      },
    };
    bench.fit('whole', teacher, bench.data.train, { epochs: long, learningRate: rate('teacher'), callbacks: [seen] });
    expect(new Set(watched).size).toBe(epochs('pruned'));
    expect(long).toBeGreaterThan(epochs('pruned'));
    const pruned = prune(teacher, { sparsity: LEVELS.mlp[0]!, criterion: movement.scores });
    bench.fit('movement', pruned, bench.data.train, { epochs: epochs('pruned'), learningRate: rate('pruned') });
    expect(run.digests).toContainEqual({ model: 'movement, 50 % zero', sha256: digest(pruned) });
  });

  test('are summed up over seeds', () => {
    const criteria = criteriaOf([run, run, run], [3, 4, 5], 'mlp', 'accuracy');
    const { levels, rows, whole, digests } = criteria;
    expect(digests).toHaveLength(3 * run.digests.length);
    expect(digests[run.digests.length]).toEqual({ seed: 4, ...run.digests[0] });
    expect(levels).toEqual(LEVELS.mlp);
    expect(whole.values).toEqual([run.whole, run.whole, run.whole]);
    for (const { name, scores } of rows)
      expect(scores.map(({ mean }) => mean)).toEqual(run.scores.get(name)!.map((score) => expect.closeTo(score, 12)));
  });
});

test('the seeds of a comparison are those of the job, and three at least', () => {
  expect(criteriaSeeds([0])).toEqual([0, 1, 2]);
  expect(criteriaSeeds([7, 8])).toEqual([7, 8, 9]);
  expect(criteriaSeeds([1, 2, 3, 4])).toEqual([1, 2, 3, 4]);
});

describe('findings', () => {
  const { criteria } = withCriteria() as JobReport & { criteria: Criteria };
  const changed = (change: (name: CriterionName, mean: number, i: number) => number): string[] => {
    const figureOf = (mean: number) => ({ mean, min: mean, max: mean, values: [mean, mean, mean] });
    const rows = criteria.rows.map(({ name, scores }) => ({
      name,
      scores: scores.map(({ mean }, i) => figureOf(change(name, mean, i))),
    }));
    return criteriaFindings({ ...criteria, rows }, 'accuracy');
  };

  test('name the best at each level, baselines left out, and how far these are below', () => {
    const [best, random, small, free, seeds] = criteria.findings;
    expect(best).toContain(
      'the whole network having 0.978: 50 %: magnitude and gradient × weight (0.978); 90 %: gradient × weight (0.977); 98 %: SNIP (0.925)',
    );
    expect(random).toContain(
      'at random, against magnitude: accuracy -0.008 at 50 % (worse in 3 of 3 seeds), -0.075 at 90 %',
    );
    expect(small).toContain('+0.040 at 98 % (worse in 0 of 3 seeds)');
    expect(free).toContain('up to 50 % zeros with magnitude and gradient × weight.');
    expect(seeds).toContain('Means of 3 seeds');
  });

  test('are decided by the numbers', () => {
    expect(changed((name, mean) => (name === 'random' ? 1 : mean))[0]).not.toContain('random');
    expect(changed((name, mean) => (name === 'random' ? 1 : mean))[1]).toContain(
      '+0.022 at 50 % (worse in 0 of 3 seeds)',
    );
    expect(changed((_, mean, i) => (i === 0 ? 0.5 : mean))[3]).toBe(
      'No criterion leaves the score as it was, even at 50 %.',
    );
    expect(changed((name) => (name === 'Wanda' ? 0.99 : 0.5))[3]).toContain('up to 98 % zeros with Wanda.');
  });
});

describe('the page', () => {
  const sectionOf = (report: JobReport) =>
    parseHTML(renderPage(report)).document.querySelector('section[aria-labelledby="criteria"]')!;

  test('has a section and a link where criteria were compared', () => {
    expect(sectionOf(fixture())).toBeNull();
    expect(renderPage(fixture())).not.toContain('href="#criteria"');
    expect(renderPage(withCriteria())).toContain('href="#criteria"');
    expect(renderTables(fixture())).not.toContain('Criteria of pruning');
  });

  test('shows every figure in a table and a chart, what each criterion is, and what was found', () => {
    const report = withCriteria();
    const { rows, findings } = report.criteria!;
    const section = sectionOf(report);
    const text = (section.textContent ?? '').replaceAll('\u00a0', ' ');
    for (const finding of findings) expect(text).toContain(finding);
    const cells = [...section.querySelectorAll('tbody tr')].map((row) =>
      [...row.querySelectorAll('th, td')].map((cell) => cell.textContent),
    );
    expect(cells.map(([name]) => name)).toEqual(rows.map(({ name }) => name));
    expect(cells[0]).toEqual(['magnitude', '0.978 (0.973..0.983)', '0.975 (0.970..0.980)', '0.860 (0.855..0.865)']);
    const tips: [number, number, string][] = JSON.parse(section.querySelector('svg.plot')!.getAttribute('data-tips')!);
    expect(tips).toHaveLength(rows.length * 3);
    expect(tips[2]![2]).toBe('magnitude, 98\u00a0% zero: accuracy 0.8600 (0.8550..0.8650)');
    expect(tips[2]![0]).toBeGreaterThan(tips[0]![0]);
    expect(tips[2]![1]).toBeGreaterThan(tips[0]![1]);
    for (const { name } of rows) expect(text).toContain(CRITERIA[name].what);
    expect(renderTables(report)).toContain('Criteria of pruning');
    for (const { sha256 } of report.criteria!.digests) expect(renderTables(report)).not.toContain(sha256);
  });

  test('draws each line, with the range of its seeds, as a part that a spot brings forward', () => {
    const chart = sectionOf(withCriteria()).querySelector('svg.plot')!;
    const { rows } = withCriteria().criteria!;
    const found: [number, number, string, number][] = JSON.parse(chart.getAttribute('data-tips')!);
    for (const [, , text, part] of found) {
      const marks = [...chart.querySelectorAll(`.part.of-${part}`)];
      expect(text.startsWith(`${rows[part]!.name}, `)).toBe(true);
      expect(marks.map(({ textContent }) => textContent).join('')).toBe(rows[part]!.name);
      const ranges = [...marks[0]!.querySelectorAll('line')].map((line) =>
        ['y1', 'y2'].map((end) => Number(line.getAttribute(end))),
      );
      expect(ranges).toHaveLength(3);
      for (const [low, high] of ranges) expect(low! - high!).toBeGreaterThan(0.5);
    }
  });

  test('keeps names of lines that end alike apart, in their order, and in the picture', () => {
    const ends = NAMES.map((name, i) => ({ name, at: 300 + (i % 2) }));
    const placed = spread(ends, 310);
    const heights = placed.map(({ y }) => y);
    for (let i = 1; i < heights.length; i++) expect(heights[i]! - heights[i - 1]!).toBeGreaterThanOrEqual(15);
    expect(Math.max(...heights)).toBeLessThanOrEqual(310);
    const high = spread(
      NAMES.slice(0, 3).map((name) => ({ name, at: 40 })),
      310,
    );
    expect(high.map(({ y }) => y)).toEqual([40, 55, 70]);
    expect(spread([{ name: 'random', at: 40 }], 310)[0]!.y).toBe(40);
  });
});
