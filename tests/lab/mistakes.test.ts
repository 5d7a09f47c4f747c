import { beforeAll, describe, expect, test } from 'vitest';
import { Dense, fromData, type Network, Random, Sequential, tensor, toNetwork } from 'whittle-ml';
import { readCSV, TableEncoder, tableOf } from 'whittle-ml/data';
import { runJob } from '../../lab/src/job.ts';
import { mistakesOf, predictionsOf, type Tested } from '../../lab/src/mistakes.ts';
import { screenOf, shares } from '../../lab/src/pictures.ts';
import { type JobData, understand } from '../../lab/src/prepare.ts';
import type { JobReport } from '../../lab/src/types.ts';

/** A network whose output is softmax(4·x): it says the class of the largest feature. */
function largest(classes: number): Network {
  const model = new Sequential([new Dense(classes, { activation: 'softmax' })]);
  model.build([classes]);
  model.setWeights([
    tensor(Array.from({ length: classes }, (_, i) => Array.from({ length: classes }, (__, j) => (i === j ? 4 : 0)))),
    tensor(Array<number>(classes).fill(0)),
  ]);
  return toNetwork(model);
}

/** Samples for which `largest` says `said` where `truth` is right. */
function samples(classes: number, answers: readonly (readonly [truth: number, said: number])[]): Tested['test'] {
  const x = answers.flatMap(([, said]) => Array.from({ length: classes }, (_, j) => (j === said ? 1 : 0)));
  const y = Int32Array.from(answers, ([truth]) => truth);
  return [fromData(Float32Array.from(x), [answers.length, classes]), fromData(y, [answers.length])];
}

const noImages = tableOf([{ a: 1, b: 2, c: 3 }]);

describe('mistakes', () => {
  const network = largest(3);
  const forms = [
    { name: 'teacher', network },
    { name: 'pruned', network },
  ] as const;
  const first = samples(3, [
    [0, 0],
    [0, 0],
    [1, 2],
    [1, 2],
    [2, 0],
  ]);
  const second = samples(3, [
    [1, 1],
    [0, 1],
  ]);

  test('are counted over the test parts of all seeds', () => {
    const seeds = [first, second].map(
      (part, i): Tested => ({ forms, test: part, rows: i === 0 ? [0, 1, 2, 3, 4] : [7, 8] }),
    );
    const { samples: count, right, confusion, confused, pictures } = mistakesOf(seeds, 3, noImages);
    expect(count).toEqual([3, 3, 1]);
    expect(right.map(({ form, counts }) => [form, counts])).toEqual([
      ['teacher', [2, 1, 0]],
      ['pruned', [2, 1, 0]],
    ]);
    expect(confusion).toEqual([
      [2, 1, 0],
      [0, 1, 2],
      [1, 0, 0],
    ]);
    expect(confused).toEqual([
      { truth: 1, said: 2, count: 2 },
      { truth: 0, said: 1, count: 1 },
      { truth: 2, said: 0, count: 1 },
    ]);
    expect(pictures).toBeNull();
  });

  test('of more than twenty classes are the most frequent pairs alone', () => {
    const answers = Array.from({ length: 26 }, (_, t): [number, number] => [t, (t + 1) % 26]);
    const part = samples(26, [...answers, [9, 3], [9, 3]]);
    const many: Tested = { forms: [{ name: 'teacher', network: largest(26) }], test: part, rows: [] };
    const { confusion, confused } = mistakesOf([many], 26, noImages);
    expect(confusion).toBeNull();
    expect(confused).toHaveLength(20);
    expect(confused[0]).toEqual({ truth: 9, said: 3, count: 2 });
  });

  test('of images come with their pixels from the table, the surest first', () => {
    const size = 16;
    const x = new Float32Array(3 * size);
    x[2] = 0.5; // says 2
    x[size + 7] = 1; // says 7, and is surer of it
    x[2 * size] = 1; // says 0, which is right
    const part: Tested['test'] = [fromData(x, [3, size]), fromData(Int32Array.of(5, 5, 0), [3])];
    const tableWith = (low: number) => {
      const rows = Array.from({ length: 50 }, (_, row) => {
        const value = (i: number): number => (row === 41 && i === 15 ? 200 : i === 0 ? 100 : low);
        return [row, ...Array.from({ length: size }, (__, i) => value(i))].join(',');
      });
      return readCSV(`id,${Array.from({ length: size }, (_, i) => `pixel${i}`).join(',')}\n\n${rows.join('\n')}\n`);
    };
    const tested: Tested = { forms: [{ name: 'teacher', network: largest(size) }], test: part, rows: [40, 41, 42] };
    const { pictures } = mistakesOf([tested], size, tableWith(0));
    expect(pictures).toMatchObject({ side: 4, count: 2 });
    // The header and a blank line stand before row 0.
    expect(pictures!.wrong.map(({ line, truth, said }) => [line, truth, said])).toEqual([
      [44, 5, 7],
      [43, 5, 2],
    ]);
    expect(pictures!.wrong[0]!.probability).toBeCloseTo(Math.exp(4) / (Math.exp(4) + 15), 5);
    const [surest] = pictures!.wrong;
    expect(shares(surest!).map((share) => Math.round(share * 2) / 2)).toEqual([0.5, ...Array<number>(14).fill(0), 1]);
    expect(mistakesOf([tested], size, tableWith(-1)).pictures).toBeNull();
    expect(mistakesOf([tested], size, tableWith(Number.NaN)).pictures).toBeNull();
  });
});

test('predictions are in the unit of the table, of some samples when there are many', () => {
  const model = new Sequential([new Dense(1)]);
  model.build([1]);
  model.setWeights([tensor([[2]]), tensor([0])]);
  const part = (n: number): Tested['test'] => {
    const x = Float32Array.from({ length: n }, (_, i) => i);
    return [fromData(x, [n, 1]), fromData(x.slice(), [n, 1])];
  };
  // y of 90 and 110: on the scale of the network, -1 and 1
  const table = readCSV('x,y\n1,90\n2,110\n');
  const encoder = new TableEncoder({ target: 'y', task: 'regression', scaleTarget: true }).fit(table);
  const of = (n: number) =>
    predictionsOf({ forms: [{ name: 'teacher', network: toNetwork(model) }], test: part(n), rows: [] }, encoder);
  expect(of(3)).toEqual({ truth: [100, 110, 120], forms: [{ form: 'teacher', values: [100, 120, 140] }] });
  const many = of(901);
  expect(many.truth).toHaveLength(226);
  expect(many.truth[1]).toBe(140);
  expect(many.forms[0]!.values[1]).toBe(180);
});

describe('columns are images', () => {
  const named = (n: number, name: (i: number) => string): string[] => Array.from({ length: n }, (_, i) => name(i));

  test.each([
    ['pixel0 and on', named(64, (i) => `pixel${i}`), 8],
    ['counted from 1, with a sign between', named(784, (i) => `Pixel_${i + 1}`), 28],
    ['row and column', named(64, (i) => `pixel_${Math.floor(i / 8)}_${i % 8}`), 8],
    ['row and column from 1, no word', named(16, (i) => `${Math.floor(i / 4) + 1}x${(i % 4) + 1}`), 4],
  ])('%s', (_, names, side) => {
    expect(screenOf(['label', ...names, 'note'])).toEqual({ side, columns: names.map((__, i) => i + 1) });
  });

  test.each([
    ['no square number of them', named(63, (i) => `pixel${i}`)],
    ['too few', named(9, (i) => `pixel${i}`)],
    ['a gap', [...named(63, (i) => `pixel${i}`), 'pixel64']],
    ['another order', named(64, (i) => `pixel${63 - i}`)],
    ['numbers that begin late', named(64, (i) => `pixel${i + 2}`)],
    ['features that are only numbered', named(64, (i) => `feature${i}`)],
    ['columns that run faster than rows', named(64, (i) => `pixel_${i % 8}_${Math.floor(i / 8)}`)],
  ])('unless there is %s', (_, names) => {
    expect(screenOf(names)).toBeNull();
  });
});

describe('in a whole job', () => {
  /** Images of 4 × 4 pixels with a bright spot in one of three places, hard to tell at times. */
  function spots(): JobData {
    const random = new Random(11, 'noise');
    const noise = random.normal([90, 16]).data;
    const rows = Array.from({ length: 90 }, (_, row) => {
      const at = [0, 7, 13][row % 3];
      const pixels = Array.from({ length: 16 }, (__, i) =>
        Math.max(0, Math.round(40 * Math.abs(noise[row * 16 + i]!) + (i === at ? 50 : 0))),
      );
      return [...pixels, 'abc'[row % 3]].join(',');
    });
    const names = Array.from({ length: 16 }, (_, i) => `px${i}`);
    const table = readCSV(`${[...names, 'place'].join(',')}\n${rows.join('\n')}\n`);
    return understand('spots', table, { target: 'place' });
  }

  let report: JobReport;
  const data = spots();
  beforeAll(async () => {
    const quiet = { stage: () => {}, tick: () => {} };
    ({ report } = await runJob(data, { seeds: [0, 1], epochs: 10 }, quiet));
  });

  test('the counts are those of the scores beside them', () => {
    const { samples: count, right, confusion } = report.mistakes!;
    const total = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0);
    expect(total(count)).toBe(2 * report.data.split.test);
    expect(right.map(({ form }) => form)).toEqual(report.forms.map(({ name }) => name));
    right.forEach(({ counts }, i) => {
      expect(total(counts) / total(count)).toBeCloseTo(report.forms[i]!.score.mean, 12);
    });
    expect(confusion!.map(total)).toEqual(count);
    expect(confusion!.map((row, t) => row[t])).toEqual(right[0]!.counts);
    expect(report.predictions).toBeNull();
  });

  test('an image is the row of the table that it names, with its class', () => {
    const { pictures } = report.mistakes!;
    expect(pictures!.count).toBeGreaterThan(0);
    const [score] = report.forms[0]!.score.values;
    expect(pictures!.count).toBe(Math.round((1 - score!) * report.data.split.test));
    for (const image of pictures!.wrong) {
      const row = image.line - 2; // the header is line 1
      const pixels = Array.from({ length: 16 }, (_, i) => data.table.column(i).numbers[row]!);
      const order = (values: readonly number[]): number => values.indexOf(Math.max(...values));
      expect(order(shares(image))).toBe(order(pixels));
      expect(image.truth).toBe(data.target.data[row]);
      expect(image.said).not.toBe(image.truth);
    }
  });

  test('the findings in short name the recommended numbers as they are', () => {
    const [fit, wrong] = report.findings.short;
    expect(fit).toContain(report.fits.find(({ name }) => name === 'overfit')!.test.mean.toFixed(3));
    const [most] = report.mistakes!.confused;
    expect(wrong).toContain(
      `"${report.data.classes![most!.truth]}" is taken for "${report.data.classes![most!.said]}"`,
    );
    expect(JSON.stringify(report).length).toBeLessThan(300_000);
  });
});
