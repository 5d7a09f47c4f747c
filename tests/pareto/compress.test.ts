import { describe, expect, test } from 'vitest';
import {
  BatchNorm,
  type CompressData,
  type Compression,
  type CompressOptions,
  type CompressProgress,
  Conv2D,
  compress,
  cosineDecay,
  cpu,
  Dense,
  damage,
  decodeNetwork,
  Flatten,
  fromData,
  type Model,
  measure,
  memoryJournal,
  neg,
  networkCost,
  type Point,
  Random,
  recipeKey,
  Sequential,
  SGD,
  ShapeError,
  StateError,
  saveModel,
  setBackend,
  sum,
  ValueError,
} from '../../src/index.ts';
import { sha256 } from '../../src/io/sha256.ts';
import { classifier, data, dominates, HALF, INT8, RECIPES, recipe, SPACE, WORKER } from './tools.ts';

const standing = ({ bytes, validation: { score } }: Point) => ({ bytes, score });

/** All that a search found, files too. */
const everything = (found: Compression): unknown => [
  JSON.parse(JSON.stringify(found)),
  found.points.map(({ file, testDamage, validationDamage }) => [
    Array.from(file),
    String(validationDamage),
    String(testDamage),
  ]),
];

describe('compress', () => {
  test('gives points whose figures are those of their files, and leaves the model as it was', async () => {
    const model = classifier();
    const before = saveModel(model);
    const all = data();
    const found = await compress(model, all, { recipes: RECIPES, seeds: [0, 4] });
    expect(saveModel(model)).toEqual(before);
    expect(found.failures).toEqual([]);
    expect(found.points.map(({ recipe: own, seed, effort }) => [recipeKey(own), seed, effort])).toEqual(
      RECIPES.flatMap((own) => [0, 4].map((seed) => [recipeKey(own), seed, 1])),
    );
    for (const point of found.points) {
      const file = found.bytesOf(point);
      const network = found.networkOf(point);
      expect(file).toEqual(point.file);
      expect([point.bytes, point.digest]).toEqual([file.length, sha256(file)]);
      expect(String(network)).toBe(String(decodeNetwork(file).network));
      const { parameters, nonZeroParameters, macs } = networkCost(network);
      expect(point).toMatchObject({ parameters, nonZeroParameters, macs });
      const raw = measure(network, { latency: false });
      const coded = measure(network, { latency: false, coding: 'range' });
      expect([point.rawBytes, point.codedBytes]).toEqual([raw.bytes, coded.bytes]);
      for (const [score, report, samples] of [
        [point.validation, point.validationDamage, all.validation],
        [point.test, point.testDamage, all.test],
      ] as const) {
        expect(String(report)).toBe(String(damage(model, network, samples)));
        const [output] = report.outputs;
        expect(output?.kind === 'classes' && output.accuracy.after).toMatchObject({
          share: score.score,
          low: score.low,
          high: score.high,
        });
        expect(score.scoreName).toBe('accuracy');
      }
    }
    // seeds draw: of what is trained files differ, of what is not they are the same
    const digests = found.points.map(({ digest }) => digest);
    expect(RECIPES.map((_, i) => digests[2 * i] === digests[2 * i + 1])).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  test('does what recipes say', async () => {
    const found = await compress(classifier(), data(), { recipes: RECIPES });
    const [plain, int8, shared, narrow, student, scratch] = found.points;
    expect(plain).toMatchObject({ parameters: found.original.parameters, macs: found.original.macs });
    expect(plain!.validation).toEqual(found.original.validation);
    expect(int8!.energy.total.sram).toBeLessThan(plain!.energy.total.sram / 3);
    const kernels = [...found.networkOf(shared!).weights].filter(([key]) => key.endsWith('/kernel'));
    let zeros = 0;
    for (const [key, { encoding }] of kernels) {
      expect(encoding.type, key).toBe('palette');
      if (encoding.type !== 'palette') continue;
      expect(encoding.centroids.length, key).toBeLessThanOrEqual(8);
      zeros += encoding.values.filter((code) => encoding.centroids[code] === 0).length;
    }
    expect(zeros).toBe((4 * 16 + 16 * 8 + 8 * 2) / 2);
    const shape = 4 * 8 + 8 + 8 * 4 + 4 + 4 * 2 + 2; // half of the hidden neurons
    expect([narrow, scratch].map((each) => each!.parameters)).toEqual([shape, shape]);
    expect(student!.macs).toBe(4 * 8 + 8 * 4 + 4 * 2);
    expect(String(found.networkOf(student!))).toContain('int8');
    expect(found.points.map(({ isBaseline }) => isBaseline)).toEqual([false, false, false, false, false, true]);
  });

  test('draws networks from scratch by the seed, of a model’s kind and not of its weights', async () => {
    const recipes = [recipe({ student: { width: 0.5, epochs: 2 }, code: 'none' })];
    const digestsOf = async (model: Model): Promise<string[]> =>
      (await compress(model, data(), { recipes, seeds: [0, 1] })).points.map(({ digest }) => digest);
    const other = classifier();
    other.setWeights(other.getWeights().map((weight) => neg(weight)));
    const [first, second] = await digestsOf(classifier());
    expect(await digestsOf(other)).toEqual([first, second]);
    expect(first).not.toBe(second);
  });

  test('marks what others dominate, and what is within the limits, and finds the smallest of these', async () => {
    const found = await compress(classifier(), data(), {
      recipes: SPACE,
      budget: { bytes: 1400, macs: 210 },
      maxDamage: { accuracy: 0.1 },
    });
    for (const point of found.points) {
      const better = found.points.some(
        (other) =>
          other.bytes <= point.bytes &&
          other.validation.score >= point.validation.score &&
          (other.bytes < point.bytes || other.validation.score > point.validation.score),
      );
      expect(point.isDominated).toBe(better);
      const lost = found.original.validation.score - point.validation.score;
      expect(point.meets).toBe(point.bytes <= 1400 && point.macs <= 210 && lost <= 0.1 + 1e-12);
      expect(point.exceeds === null).toBe(point.meets);
    }
    const good = found.points.filter(({ meets }) => meets);
    expect(good.length).toBeGreaterThan(0);
    expect(good.length).toBeLessThan(found.points.length);
    expect(found.best?.bytes).toBe(Math.min(...good.map(({ bytes }) => bytes)));
    expect(found.pareto.map(({ bytes }) => bytes)).toEqual(
      [...found.pareto.map(({ bytes }) => bytes)].sort((p, q) => p - q),
    );
    expect(found.pareto).toHaveLength(found.points.filter(({ isDominated }) => !isDominated).length);
  });

  test('says why nothing is within the limits', async () => {
    const found = await compress(classifier(), data(), { recipes: RECIPES.slice(0, 2), budget: 100 });
    expect(found.best).toBe(null);
    expect(found.reason).toMatch(
      /^none of 2 files is within the limits: that with the highest score has \d+ bytes, where 100 are allowed$/,
    );
    expect(String(found)).toContain(found.reason);
  });

  test('is a failure with a reason where a pass refuses, and goes on', async () => {
    const model = new Sequential([new Dense(2, { activation: 'softmax', inputShape: [4] })]);
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    const found = await compress(model, data(), { recipes: RECIPES.slice(2, 5), maxDamage: { accuracy: 1 } });
    expect(found.points).toHaveLength(1);
    expect(found.failures).toHaveLength(2);
    for (const { reason } of found.failures) expect(reason).toMatch(/^pruneNeurons: .*neurons/);
    expect(String(found)).toContain('failed: ');
    expect(JSON.parse(JSON.stringify(found))).toMatchObject({ failures: [{}, {}], best: 0 });
  });

  test('gives the same to the bit with workers, on either table of kernels, and where others run', async () => {
    const model = classifier();
    const options = { recipes: RECIPES, seeds: [0, 1] };
    const alone = everything(await compress(model, data(), options));
    expect(everything(await compress(model, data(), { ...options, workers: 2, worker: WORKER }))).toEqual(alone);
    const before = setBackend(cpu);
    try {
      expect(everything(await compress(model, data(), options))).toEqual(alone);
    } finally {
      setBackend(before);
    }
  });

  test.each(['random', 'halving'] as const)(
    'by %s gives the same with workers, and draws by its seed',
    async (strategy) => {
      const options: CompressOptions = { recipes: SPACE, strategy, trials: 4 };
      const alone = await compress(classifier(), data(), options);
      const other = await compress(classifier(), data(), { ...options, workers: 3, worker: WORKER });
      expect(everything(other)).toEqual(everything(alone));
      const baselines = alone.points.filter((each) => each.isBaseline);
      expect(baselines.map(({ effort }) => effort)).toEqual([1, 1, 1, 1, 1, 1]);
      expect(alone.points.length - baselines.length).toBe(strategy === 'random' ? 4 : 4 + 2 + 1);
      const redrawn = await compress(classifier(), data(), { ...options, seed: 5 });
      expect(redrawn.points.map(({ recipe: own }) => own)).not.toEqual(alone.points.map(({ recipe: own }) => own));
    },
  );

  test('takes regression, and says R² with its interval', async () => {
    const [x, validX, testX] = [1, 2, 3].map((seed) => new Random(seed).normal([64, 3])) as [never, never, never];
    const [y, validY, testY] = [x, validX, testX].map((each) => sum(each, { axis: 1, keepDims: true })) as [
      never,
      never,
      never,
    ];
    const model = new Sequential([new Dense(8, { activation: 'tanh', inputShape: [3] }), new Dense(1)]);
    model.compile({ optimizer: 'adam', loss: 'mse' });
    model.fit(x, y, { epochs: 150 });
    const all: CompressData = { x, y, validation: [validX, validY], test: [testX, testY] };
    const found = await compress(model, all, { recipes: RECIPES });
    expect(found.failures).toEqual([]);
    for (const point of [found.original, ...found.points]) {
      const { score, low, high, scoreName } = point.test;
      expect(scoreName).toBe('r2');
      expect(score).toBeCloseTo(
        measure(decodeNetwork(point.file).network, { samples: [testX, testY], latency: false }).score!,
        12,
      );
      expect(low).toBeLessThanOrEqual(score);
      expect(high).toBeGreaterThanOrEqual(score);
    }
    expect(found.points[0]!.meets).toBe(true);
    const { exceeds } = found.points.find(({ meets }) => !meets)!;
    expect(exceeds).toMatch(/^loses .* hundredths of R²/);
  });

  test('takes convolutions with BatchNorm, which its files have folded', async () => {
    const [x, validX, testX] = [1, 2, 3].map((seed) => new Random(seed).uniform([24, 6, 6, 1])) as [
      never,
      never,
      never,
    ];
    const y = fromData(Int32Array.from({ length: 24 }, (_, i) => i % 2));
    const model = new Sequential([
      new Conv2D(4, 3, { inputShape: [6, 6, 1] }),
      new BatchNorm(),
      new Conv2D(4, 3, { activation: 'relu' }),
      new Flatten(),
      new Dense(2, { activation: 'softmax' }),
    ]);
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    model.fit(x, y, { epochs: 2 });
    const found = await compress(model, { x, y, validation: [validX, y], test: [testX, y] }, { recipes: RECIPES });
    expect(found.failures).toEqual([]);
    expect(String(found.networkOf(found.points[0]!))).not.toContain('batchNorm');
    expect(found.points[3]!.macs).toBeLessThan(found.original.macs / 2);
  });

  test('tells how far it is, each trial once, when it is in the journal', async () => {
    const told: CompressProgress[] = [];
    const journal = memoryJournal();
    const kept: number[] = [];
    const onProgress = (each: CompressProgress): void => {
      told.push(each);
      kept.push(journal.entries.length);
    };
    const found = await compress(classifier(), data(), { recipes: RECIPES.slice(0, 3), journal, onProgress });
    expect(told.map(({ finished, trials, resumed }) => [finished, trials, resumed])).toEqual([
      [1, 3, 0],
      [2, 3, 0],
      [3, 3, 0],
    ]);
    expect(kept).toEqual([2, 3, 4]);
    expect(told.map(({ last }) => 'digest' in last && last.digest)).toEqual(found.points.map(({ digest }) => digest));
  });

  test('trains less with less effort, and as much as without rungs with all', async () => {
    const recipes = [RECIPES[2]!, RECIPES[4]!, RECIPES[5]!];
    const rungs = await compress(classifier(), data(), { recipes, strategy: 'halving' });
    const whole = await compress(classifier(), data(), { recipes });
    const full = rungs.points.filter(({ effort }) => effort === 1);
    expect(rungs.points.map(({ effort }) => effort)).toEqual([0.25, 0.25, 0.5, 1, 1]);
    // A file is a file: whatever epochs it took, it stands among all others, and says what it had
    for (const [i, p] of rungs.points.entries()) {
      const beats = rungs.points.some((q) => dominates(standing(q), standing(p)));
      expect([i, p.isDominated]).toEqual([i, beats]);
    }
    const rows = String(rungs).split('\n');
    expect([25, 50].map((n) => rows.filter((row) => row.endsWith(`, ${n} % of the epochs`)).length)).toEqual([2, 1]);
    for (const point of full) {
      const { recipe: own, digest } = point;
      expect(whole.points.find((each) => recipeKey(each.recipe) === recipeKey(own))?.digest).toBe(digest);
      const earlier = rungs.points.filter((each) => each !== point && recipeKey(each.recipe) === recipeKey(own));
      for (const each of earlier) expect(each.digest).not.toBe(digest);
    }
  });

  test('ends with the reason of its signal, and keeps what has finished', async () => {
    const controller = new AbortController();
    const journal = memoryJournal();
    const reason = new Error('enough');
    const onProgress = ({ finished }: CompressProgress): void => {
      if (finished === 2) controller.abort(reason);
    };
    const options = { recipes: RECIPES, journal, signal: controller.signal, onProgress };
    await expect(compress(classifier(), data(), options)).rejects.toBe(reason);
    expect(journal.entries).toHaveLength(3);
    await expect(compress(classifier(), data(), { recipes: RECIPES, signal: controller.signal })).rejects.toBe(reason);
    const workers = {
      ...options,
      workers: 2,
      worker: WORKER,
      journal: memoryJournal(),
      signal: new AbortController().signal,
    };
    const late = new AbortController();
    const stopping = compress(classifier(), data(), {
      ...workers,
      signal: late.signal,
      onProgress: () => late.abort(),
    });
    await expect(stopping).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('measures what depends on the machine, of each point and last of the model', async () => {
    const found = await compress(classifier(), data(), { recipes: RECIPES.slice(0, 2) });
    const measured = await found.measured(found.points.slice(1));
    expect(measured.map(({ digest }) => digest)).toEqual([found.points[1]!.digest, found.original.digest]);
    for (const { gzipBytes, tables } of measured) {
      expect(gzipBytes).toBeGreaterThan(100);
      expect(tables.map(({ name }) => name)).toEqual(['cpu', 'wasm']);
      for (const { latency, load, memory } of tables) {
        for (const time of [latency.batch1, latency.batch64, load]) expect(time).toBeGreaterThan(0);
        expect(memory.batch64).toBeGreaterThan(memory.batch1);
        expect(memory.batch1).toBeGreaterThan(memory.weights);
      }
    }
    const other = await compress(classifier(), data(), { recipes: RECIPES.slice(0, 1) });
    expect(() => found.bytesOf(other.points[0]!)).toThrow('Compression.bytesOf: the point must be one of its points');
    expect(() => found.networkOf(other.points[0]!)).toThrow(ValueError);
  });
});

describe('before anything is trained', () => {
  const good = { recipes: RECIPES.slice(0, 1) };
  const cases: readonly (readonly [what: string, options: object, message: string])[] = [
    ['budget', { budget: 0 }, 'compress: budget must be at least 1, got 0'],
    ['budget', { budget: { latency: 1 } }, 'compress: budget: latency must be one of the options bytes'],
    ['budget', { budget: { bytes: 'few' } }, 'compress: budget.bytes must be at least 1, got "few"'],
    ['budget', { budget: { bytes: 0 } }, 'compress: budget.bytes must be at least 1, got 0'],
    ['budget', { budget: { macs: 0.5 } }, 'compress: budget.macs must be at least 1, got 0.5'],
    ['maxDamage', { maxDamage: 0.02 }, 'Write { accuracy: 0.02 }'],
    ['maxDamage', { maxDamage: { r2: 0.1 } }, 'r2 of maxDamage must be left out for outputs of classes'],
    ['seeds', { seeds: [] }, 'compress: seeds must be a list of at least one'],
    ['seeds', { seeds: [1, 1] }, 'compress: seeds must be each given once'],
    ['seeds', { seeds: [-1] }, 'compress: seed must be an integer from 0'],
    ['recipes', { recipes: [] }, 'compress: recipes must be a list of at least one'],
    ['recipes', { recipes: [RECIPES[0], RECIPES[0]] }, 'compress: recipes[1] must be another than those before it'],
    ['recipes', { recipes: [{ ...RECIPES[0], code: 'zip' }] }, 'compress: recipes[0].code must be'],
    ['recipes', { recipes: 3 }, 'compress: the space: options must be an object'],
    ['strategy', { strategy: 'bayes' }, 'compress: strategy must be grid or random or halving'],
    [
      'strategy',
      { strategy: 'random', recipes: RECIPES.slice(5) },
      'compress: strategy must be grid where all recipes are from scratch',
    ],
    ['trials', { trials: 1 }, 'compress: trials must be left out with grid'],
    ['trials', { trials: 2, strategy: 'random' }, 'compress: trials must be an integer from 1 to 1'],
    ['batchSize', { batchSize: 0 }, 'compress: batchSize must be'],
    ['learningRate', { learningRate: 0 }, 'compress: learningRate must be positive'],
    ['workers', { workers: -1 }, 'compress: workers must be an integer from 0 to 64'],
    ['worker', { worker: 3 }, 'compress: worker must be a text'],
    ['worker', { worker: WORKER }, 'compress: worker must be left out without workers'],
    ['journal', { journal: [] }, 'compress: journal must be an object with entries and append'],
    ['onProgress', { onProgress: true }, 'compress: onProgress must be a function'],
    ['signal', { signal: true }, 'compress: signal must be a function addEventListener'],
  ];
  test.each(cases)('a wrong %s is refused: %o', async (_, options, message) => {
    const error = await compress(classifier(), data(), { ...good, ...options } as never).catch((each: unknown) => each);
    expect(error).toBeInstanceOf(ValueError);
    expect((error as ValueError).message).toContain(message);
  });

  test('samples that do not fit are refused, each part by its name', async () => {
    const all = data();
    const few = fromData(new Int32Array(3));
    const wide = new Random(1).normal([4, 5]);
    const refused = async (own: object, kind: new (...given: never[]) => Error, message: string): Promise<void> => {
      const error = await compress(classifier(), { ...all, ...own } as never, good).catch((each: unknown) => each);
      expect(error).toBeInstanceOf(kind);
      expect((error as Error).message).toContain(message);
    };
    await refused({ y: few }, ShapeError, 'x');
    await refused({ test: undefined }, ValueError, 'compress: test: samples must be a list of x and y');
    await refused({ validation: [wide, few] }, ShapeError, '');
    await refused({ z: 1 }, ValueError, 'compress: data: z must be one of the options x, y, validation, test');
    const [x] = all.test;
    await refused({ test: [x, fromData(new Int32Array(80).fill(7))] }, ValueError, 'y of test');
  });

  test('a model that cannot be trained again is refused', async () => {
    const refusal = async (model: Model, options: CompressOptions = good): Promise<unknown> =>
      compress(model, data(), options).catch((each: unknown) => each);
    const model = new Sequential([new Dense(2, { activation: 'softmax', inputShape: [4] })]);
    expect(await refusal(model)).toMatchObject({
      message: expect.stringContaining('compress: the model is not compiled'),
    });
    model.compile({
      optimizer: new SGD({ learningRate: cosineDecay(0.1, 10) }),
      loss: 'sparseCategoricalCrossentropy',
    });
    expect(await refusal(model)).toMatchObject({ message: expect.stringContaining('give learningRate') });
    expect(await refusal(model, { ...good, learningRate: 0.1 })).not.toBeInstanceOf(Error);
    expect(await refusal(3 as never)).toBeInstanceOf(ValueError);
  });

  test('a loss of the user’s own goes without workers and journal, which know the model by its file', async () => {
    const { x, y } = data();
    const model = new Sequential([
      new Dense(4, { activation: 'relu', inputShape: [4] }),
      new Dense(2, { activation: 'softmax' }),
    ]);
    const loss = { ...own(model), name: 'mine' };
    model.compile({ optimizer: 'adam', loss });
    model.fit(x, y, { epochs: 1 });
    const recipes = [recipe({ prune: HALF, quantize: INT8 })];
    const error = await compress(model, data(), { recipes, workers: 1, worker: WORKER }).catch((each: unknown) => each);
    expect(error).toBeInstanceOf(StateError);
    expect((error as Error).message).toContain(
      'workers get the model as a file, and there is none: saveModel: the loss mine',
    );
    const journal = memoryJournal();
    await expect(compress(model, data(), { recipes, journal })).rejects.toMatchObject({
      constructor: StateError,
      message: expect.stringMatching(
        /^compress: the journal knows the model by its file, and there is none: saveModel: the loss mine is code.*Leave out `journal`$/,
      ),
    });
    expect(journal.entries).toEqual([]);
    const found = await compress(model, data(), { recipes });
    expect(found.failures).toEqual([]);
    const metric = { name: 'mine', create: () => ({ update: () => {}, result: () => 0 }) };
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: [metric] });
    await expect(compress(model, data(), { recipes, journal })).rejects.toThrow('saveModel: the metric mine is code');
  });
});

/** A loss that files know, of which a copy is none. */
function own(model: Model): Model['loss'] {
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  return model.loss;
}
