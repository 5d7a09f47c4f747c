import { beforeAll, describe, expect, test } from 'vitest';
import {
  Activation,
  Adam,
  BatchNorm,
  Conv2D,
  Dense,
  fromData,
  GlobalMaxPool2D,
  measure,
  Random,
  Sequential,
  toNetwork,
} from 'whittle-ml';
import { readCSV, TableEncoder } from 'whittle-ml/data';
import { lightFindings } from '../../lab/src/findings-light.ts';
import { resized, withOneScale } from '../../lab/src/images.ts';
import { runJob } from '../../lab/src/job.ts';
import { type LightRun, lightRun } from '../../lab/src/light.ts';
import { measured } from '../../lab/src/measuring.ts';
import { checkNetwork } from '../../lab/src/networks.ts';
import { type JobData, prepare, understand } from '../../lab/src/prepare.ts';
import type { JobReport } from '../../lab/src/types.ts';
import type { Figure, ImageShape, Progress } from '../../lab/src/types-base.ts';
import type { LightResult } from '../../lab/src/types-compared.ts';
import { Workbench } from '../../lab/src/workbench.ts';
import { withLight } from './fixture.ts';

const quiet: Progress = { stage: () => {}, tick: () => {} };

/** Rows of images with a bright column (a) or row (b) somewhere, a border that is always dark, and some noise. */
function strokes([height, width, channels]: ImageShape, rows = 60): string {
  const names = Array.from({ length: height * width * channels }, (_, i) => `v${i}`);
  const lines = Array.from({ length: rows }, (_, row) => {
    const noise = new Random(row, 'strokes').uniform([names.length]).data;
    const isColumn = row % 2 === 0;
    const at = 1 + (Math.floor(row / 2) % (Math.min(height, width) - 2));
    const cells = names.map((__, i) => {
      const [y, x] = [Math.floor(i / channels / width), Math.floor(i / channels) % width];
      const isBorder = y === 0 || x === 0 || y === height - 1 || x === width - 1;
      return isBorder ? 0 : Math.round(40 * noise[i]! + ((isColumn ? x : y) === at ? 200 : 0));
    });
    return [...cells, 'ab'[row % 2]].join(',');
  });
  return [[...names, 'kind'].join(','), ...lines].join('\n');
}

const imagesOf = (image: ImageShape, rows?: number): JobData =>
  understand('strokes', readCSV(strokes(image, rows)), { target: 'kind' }, image);

describe('images at another size', () => {
  const image = (values: readonly number[], shape: readonly number[]) => fromData(Float32Array.from(values), shape);

  test('have pixels between those that were there, by hand', () => {
    const row = resized(image([0, 8], [1, 1, 2, 1]), [1, 4]);
    expect([...row.data]).toEqual([0, 2, 6, 8]);
    const square = resized(image([0, 4, 8, 12], [1, 2, 2, 1]), [4, 4]);
    expect([...square.data].slice(0, 8)).toEqual([0, 1, 3, 4, 2, 3, 5, 6]);
    expect(square.shape).toEqual([1, 4, 4, 1]);
  });

  test('keep their channels apart, and one another', () => {
    const two = resized(image([1, 10, 3, 30, 5, 50, 7, 70], [2, 1, 2, 2]), [1, 4]);
    expect([...two.data]).toEqual([1, 10, 1.5, 15, 2.5, 25, 3, 30, 5, 50, 5.5, 55, 6.5, 65, 7, 70]);
  });

  test('are the same at the same size', () => {
    const same = image([3, 1, 4, 1, 5, 9], [1, 2, 3, 1]);
    expect(resized(same, [2, 3]).data).toEqual(same.data);
  });
});

describe('pixels have one scale', () => {
  const data = imagesOf([5, 4, 1]);

  test('which makes the mean of the training part 0 and its deviation 1, and is the same in every column', () => {
    const { encoder, train, inputShape } = prepare(data, 3, 'images');
    expect(inputShape).toEqual([5, 4, 1]);
    expect(train[0].shape).toEqual([36, 5, 4, 1]);
    const values = Array.from(train[0].data);
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    expect(mean).toBeCloseTo(0, 5);
    expect(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length).toBeCloseTo(1, 5);
    expect(new Set(encoder.columns.map(({ scaling }) => JSON.stringify(scaling))).size).toBe(1);
    const columns = prepare(data, 3).encoder.columns.map(({ scaling }) => JSON.stringify(scaling));
    expect(new Set(columns).size).toBeGreaterThan(3);
  });

  test('by hand, with missing cells as they are filled, and of images without any difference it is 1', () => {
    const table = readCSV('a,b,y\n1,\n5,7,0\n3,9,1\n'.replace('1,\n', '1,,0\n'));
    const encoder = new TableEncoder({ target: 'y', missing: 'mean', scale: 'standard' }).fit(table);
    const { center, scale } = withOneScale(encoder, table, [0, 1]).columns[0]!.scaling!;
    // 1, 5 and of the second column 8, the mean, and 7
    expect(center).toEqual([5.25]);
    expect(scale[0]).toBeCloseTo(Math.sqrt((4.25 ** 2 + 0.25 ** 2 + 2.75 ** 2 + 1.75 ** 2) / 4), 12);
    const flat = readCSV('a,b,y\n2,2,0\n2,2,1\n');
    const same = new TableEncoder({ target: 'y', scale: 'standard' }).fit(flat);
    expect(withOneScale(same, flat, [0, 1]).columns[0]!.scaling).toEqual({ center: [2], scale: [1] });
  });
});

describe('networks for images beside each other', () => {
  const ticks = { steps: 0, done: 0 };
  let run: LightRun;
  beforeAll(() => {
    const progress: Progress = {
      stage: (_, steps) => {
        ticks.steps += steps;
      },
      tick: () => {
        ticks.done++;
      },
    };
    const bench = new Workbench(prepare(imagesOf([6, 6, 1]), 0, 'images'), 0, 0.01, progress);
    run = lightRun(bench, 'light', progress);
  });

  test('are five, each as trained, with half of its channels and in int8', () => {
    expect(run.networks.map(({ name }) => name)).toEqual([
      ...['plain CNN', 'plain CNN, channel means', 'depthwise-separable', 'MobileNetV2-like', 'ShuffleNetV2-like'],
    ]);
    expect(run.forms.map(({ variant }) => variant)).toEqual(
      run.networks.flatMap(() => ['float32', 'half the channels', 'int8']),
    );
    expect(ticks.done).toBe(ticks.steps);
    expect(run.networks[0]!.training).toBe('1 epoch at a rate from 0.003 down to 0; with half the channels 1 more');
    expect(new Set(run.forms.map(({ sha256 }) => sha256)).size).toBe(15);
  });

  test('take the images of the table, the plain ones at 28×28', () => {
    const takes = run.forms.map(({ network }) => network.inputs[0]!.shape.join('×'));
    expect(takes).toEqual([...Array<string>(6).fill('28×28×1'), ...Array<string>(9).fill('6×6×1')]);
    expect(run.networks.map(({ image }) => image.join('×'))).toEqual(takes.filter((_, i) => i % 3 === 0));
  });

  test('get smaller as they say', () => {
    for (let i = 0; i < run.forms.length; i += 3) {
      const [whole, half, int8] = run.forms.slice(i, i + 3).map(({ measurement }) => measurement);
      expect(half!.macs / whole!.macs).toBeLessThan(0.55);
      expect(half!.parameters / whole!.parameters).toBeLessThan(0.45);
      expect(int8!.bytes / whole!.bytes).toBeLessThan(0.5);
      expect(int8!.macs).toBe(whole!.macs);
      expect(int8!.parameters).toBe(whole!.parameters); // both have their BatchNorms folded
    }
    expect(run.forms[0]!.measurement.parameters).toBe(320 + 692_352 + 258);
    expect(run.forms[3]!.measurement.parameters).toBe(320 + 4224 + 258);
  });

  test('are summed up in sentences that have their numbers', () => {
    const { results } = withLight(3).light!;
    const findings = lightFindings(results, 'accuracy', run.forms[0]!.network);
    expect(findings[0]).toContain(
      'Of the 693,962 parameters of the plain CNN, 692,352 (99.77 %) are in one dense layer',
    );
    expect(findings[1]).toContain('5,834 parameters, and accuracy is 0.581 instead of 0.972');
    expect(findings[2]).toContain('ShuffleNetV2-like is best: accuracy 0.986, with 2.3 % of the parameters');
    expect(findings[2]).toContain('20 % of its multiply-adds and 20 % of its time');
    expect(findings[3]).toContain(
      'accuracy changes by -0.002, files have 40 % of the bytes, and 64 samples are 2.5 times',
    );
    expect(findings[4]).toMatch(
      /^In int8, .* changes by -0\.004, files have 30 % of the bytes, and 64 samples are 3\.3 times/,
    );
    expect(findings.join('\n')).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe('sentences about networks for images follow the figures', () => {
  const one = (mean: number): Figure => ({ mean, min: mean, max: mean, values: [mean] });
  const LIGHT = ['depthwise-separable', 'MobileNetV2-like', 'ShuffleNetV2-like'];
  const plain = { weights: new Map() };
  type Change = (result: LightResult) => Partial<LightResult>;
  const said = (change: Change): string[] =>
    lightFindings(
      withLight().light!.results.map((result) => ({ ...result, ...change(result) })),
      'accuracy',
      plain,
    );

  test('means of channels are said to lose what they lose, and nothing else', () => {
    const means = (score: number) =>
      said(({ name }) => ({ score: one(name === 'plain CNN, channel means' ? score : 0.8) }))[1]!;
    expect(means(0.7)).toMatch(/accuracy is 0\.700 instead of 0\.800: behind a single convolution/);
    expect(means(0.9)).toMatch(/accuracy is 0\.900 instead of 0\.800\.$/);
    expect(means(0.80004)).toMatch(/accuracy stays 0\.800\.$/);
  });

  test('networks that are equally good are named together, with what the smallest of them costs', () => {
    const among = (scores: readonly number[]) =>
      said(({ name }) => ({ score: one(scores[LIGHT.indexOf(name)] ?? 0.1) }))[2]!;
    const [a, b, c] = LIGHT;
    const share = 'with 1.6 % of the parameters of the plain CNN, 25 % of its multiply-adds and 25 % of its time';
    expect(among([0.5, 0.6, 0.4])).toContain(`${b} is best: accuracy 0.600, ${share}`);
    expect(among([0.5, 0.50004, 0.49996])).toContain(
      `${a}, ${b} and ${c} are equally good: accuracy 0.500; ${a}, the smallest, has 1.4 % of the parameters`,
    );
    expect(among([0.4, 0.5, 0.5])).toContain(`${b} and ${c} are equally good: accuracy 0.500; ${b}, the smallest, has`);
  });

  test('a variant that makes calls slower is named, and one that changes nothing is no gain', () => {
    const int8 = (gains: readonly [number, number, number], rest: number) =>
      said(({ name, variant, score }) => {
        const gain = variant === 'int8' ? (gains[LIGHT.indexOf(name)] ?? rest) : 1;
        return { latency64: one(3 / gain), score: one(variant === 'float32' ? score.mean : 0.5) };
      })[4]!;
    expect(int8([1.5, 2.7, 1.02], 1.2)).toMatch(/64 samples are 1\.0 to 2\.7 times as fast\.$/);
    expect(int8([1.5, 2.7, 0.25], 1.2)).toMatch(
      /64 samples are 1\.2 to 2\.7 times as fast, but slower with ShuffleNetV2-like \(4\.0 times as long\)\.$/,
    );
    expect(int8([1, 0.5, 0.25], 1.02)).toMatch(
      /take as long as before, but slower with MobileNetV2-like \(2\.0 times as long\) and ShuffleNetV2-like \(4\.0/,
    );
    expect(int8([0.5, 0.5, 0.8], 0.5)).toMatch(/take longer with all: plain CNN \(2\.0 times as long\), .* \(1\.3/);
    expect(said(() => ({ score: one(0.5) }))[4]).toContain('accuracy stays the same, files have 30 % of the bytes');
  });
});

test('a trained network is measured with its BatchNorms folded, and is as good as before', () => {
  const { train, test: held } = prepare(imagesOf([6, 6, 1], 200), 0, 'images');
  const model = new Sequential(
    [
      new Conv2D(6, 3),
      new BatchNorm({ momentum: 0.8 }),
      new Activation('relu'),
      new GlobalMaxPool2D(),
      new Dense(2, { activation: 'softmax' }),
    ],
    { seed: 2 },
  );
  model.build([6, 6, 1]);
  const loss = 'sparseCategoricalCrossentropy';
  model.compile({ optimizer: new Adam({ learningRate: 0.02 }), loss, metrics: ['accuracy'] });
  model.fit(...train, { epochs: 30, batchSize: 8 });
  const before = measure(toNetwork(model), { samples: held, latency: false });
  const { network, measurement } = measured(model, held);
  expect(network.nodes.some(({ op }) => op === 'batchNorm')).toBe(false);
  expect(measurement.parameters).toBe(before.parameters - 4 * 6); // the convolution has a bias already
  expect(measurement.score).toBe(before.score);
  expect(measurement.score).toBeGreaterThan(0.8);
});

describe('a job on images with the perceptron', () => {
  test('trains it on the pixels with one scale, and shows networks for images beside each other', async () => {
    const options = { seeds: [0], epochs: 1, model: 'mlp', as: 'images', light: true } as const;
    const { report, networks } = await runJob(imagesOf([4, 5, 1]), options, quiet);
    expect(report.options.model).toBe('mlp');
    expect(report.forms[0]!.description).toMatch(/^4×5×1-128-64-2, /);
    expect(report.forms[0]!.notes.join()).toContain('pixels have one scale');
    expect(report.light!.results).toHaveLength(15);
    for (const { network, encoder } of networks) {
      expect(network.inputs[0]!.shape).toEqual([4, 5, 1]);
      expect(new Set(encoder.columns.map(({ scaling }) => JSON.stringify(scaling))).size).toBe(1);
    }
  });
});

describe.each([
  ['cnn', [6, 5, 2], 'cnn of ', false],
  ['mobilenet', [3, 3, 1], 'mobilenet of ', true],
] as const)('a job on images with --model %s', (model, image, name, light) => {
  let report: JobReport;
  beforeAll(async () => {
    ({ report } = await runJob(imagesOf(image), { seeds: [0], epochs: 1, model, light }, quiet));
  });

  test('makes all forms of such a network, and says what it is', () => {
    expect(report.options.model).toBe(model);
    expect(report.data.image).toEqual(image);
    expect(report.data.features).toBe(image[0] * image[1] * image[2]);
    expect(report.forms).toHaveLength(8);
    const [teacher, pruned, panels, narrow, int8, labels] = report.forms;
    expect(panels!.heldParameters.mean).toBeLessThan(panels!.parameters.mean);
    expect(panels!.notes.join()).toMatch(/measured here with 64 samples, (none|\d+) of its /);
    expect(teacher!.description).toContain(
      `${name}${teacher!.parameters.mean.toLocaleString('en-US')} parameters on images`,
    );
    expect(pruned!.nonZeroParameters.mean).toBeLessThan(pruned!.parameters.mean);
    expect(narrow!.description).toContain('50 % of the channels are gone');
    expect(narrow!.macs.mean / teacher!.macs.mean).toBeLessThan(0.55);
    expect(int8!.bytes.mean).toBeLessThan(teacher!.bytes.mean);
    expect(labels!.parameters.mean).toBeLessThan(teacher!.parameters.mean / 3);
    expect(report.findings.forms.join(' ')).toContain('With channels, and so');
    expect(int8!.parameters.mean).toBe(teacher!.parameters.mean);
    expect(teacher!.notes.some((note) => note.includes('BatchNorms'))).toBe(model === 'mobilenet');
  });

  test(`${light ? 'has' : 'has no'} networks for images beside each other`, () => {
    expect(report.light?.results.length ?? 0).toBe(light ? 15 : 0);
    expect(report.digests).toHaveLength(light ? 23 : 8);
    if (light) expect(report.digests.at(-1)).toMatchObject({ seed: 0, model: 'ShuffleNetV2-like, int8' });
    for (const { score, latency1, latency64 } of report.light?.results ?? []) {
      for (const figure of [score, latency1, latency64]) expect(figure.values).toHaveLength(1);
    }
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });
});

test('what a network for images cannot be had for is refused with the reason', () => {
  const numbers = understand(
    'numbers',
    readCSV(strokes([4, 4, 1]).replace(/[ab]$/gm, '$&1').replace(/a1$/gm, '1.5').replace(/b1$/gm, '2.5')),
    { target: 'kind', task: 'regression' },
    [4, 4, 1],
  );
  expect(() => checkNetwork(numbers, 'cnn')).toThrow(/names classes, and "kind" is a number: --task classification/);
  expect(() => checkNetwork(numbers, 'mlp')).not.toThrow();
  const small = imagesOf([3, 8, 1]);
  expect(() => checkNetwork(small, 'cnn')).toThrow(
    /4×4 pixels, and 3×8×1 is smaller: --model mobilenet takes any size/,
  );
  expect(() => checkNetwork(small, 'mobilenet')).not.toThrow();
  expect(() => imagesOf([6, 6, 1], 10)).toThrow(/needs at least 20/);
  const table = readCSV(strokes([4, 4, 1]));
  expect(() => understand('strokes', table, { target: 'kind' }, [4, 5, 1])).toThrow(
    /--image 4x5x1 is 20 numbers a row, and the table has 16 columns beside the target \("v0", "v1", "v2", \.\.\., "v13", "v14", "v15"\)$/,
  );
  expect(() => understand('strokes', table, { target: 'kind' }, [3, 4, 1])).toThrow(/; --drop leaves columns out$/);
  expect(() => understand('strokes', table, { target: 'v5', task: 'regression' }, [4, 4, 1])).toThrow(
    /"kind" holds categories, and pixels are numbers: .* with --na$/,
  );
  expect(() => understand('strokes', table, { target: 'v5', task: 'regression' }, [3, 5, 1])).toThrow(
    /with --na, or leave a column that is no pixel out with --drop$/,
  );
  const cells = (text: string) => strokes([4, 4, 1]).replace(/^0,0,0,0/m, `${text},0,0,0`);
  const odd = readCSV(cells('abc'));
  expect(() => understand('strokes', odd, { target: 'kind' }, [4, 4, 1])).toThrow(
    /"v0" holds categories, .*: say types: \{ "v0": 'number' \}, which .*, or name these with --na$/,
  );
  const asNumbers = { target: 'kind', types: { v0: 'number' }, missing: 'mean', odd: 'missing' } as const;
  expect(understand('strokes', odd, asNumbers, [4, 4, 1]).image).toEqual([4, 4, 1]);
  const gap = readCSV(cells(''));
  expect(() => understand('strokes', gap, { target: 'kind' }, [4, 4, 1])).toThrow(
    /"v0": 1 cell is missing, .* Fill with missing: 'mean', 'median' or 'frequent'\?$/,
  );
  expect(() => understand('strokes', gap, { target: 'kind' })).toThrow(/'frequent' or 'category'\?$/);
});
