import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FormatError, StateError, ValueError } from '../../src/base/errors.ts';
import { MinMaxScaler, readCSV, StandardScaler, TableEncoder } from '../../src/data/index.ts';
import { cast, compare, measure, predictNetwork, prune, quantize, tensor } from '../../src/index.ts';
import { decodeNetwork, encodeNetwork } from '../../src/io/index.ts';
import { DummyClassifier } from '../../src/learn/dummy-classifier.ts';
import { DummyRegressor } from '../../src/learn/dummy-regressor.ts';
import type { Label } from '../../src/learn/estimator.ts';
import { estimatorFromJSON } from '../../src/learn/from-json.ts';
import { LinearRegression } from '../../src/learn/linear-regression.ts';
import { LogisticRegression } from '../../src/learn/logistic.ts';
import { type Lowered, networkOf } from '../../src/learn/lower.ts';
import { decodeLowered, encodeLowered } from '../../src/learn/lowered-file.ts';
import { Pipeline } from '../../src/learn/pipeline.ts';
import { PolynomialFeatures } from '../../src/learn/polynomial-features.ts';
import { TablePipeline } from '../../src/learn/table-pipeline.ts';
import { fromData, type Tensor } from '../../src/tensor/tensor.ts';
import { whittle } from '../lab/run.ts';
import { mutants } from '../mutants.ts';
import { C_HALF, golden, wine, wineClasses, wineFeatures } from './wine.ts';

type Logistic = { readonly probabilities: number[][] };
const { three, two } = golden<{ three: Logistic; two: Logistic }>('pipeline');
const inputs = tensor(wineFeatures);
const pairs = wineClasses.flatMap((label, i) => (label < 2 ? [i] : []));
const pairFeatures = pairs.map((i) => wineFeatures[i]!);
const pairClasses = pairs.map((i) => wineClasses[i]!);

/** How far the outputs of a network are from numbers, of which it may be given a few. */
const farthest = (given: ArrayLike<number>, wanted: readonly number[]): number =>
  wanted.reduce((most, value, i) => Math.max(most, Math.abs(given[i]! - value)), 0);

const logistic = (): Pipeline<LogisticRegression> =>
  new Pipeline([new StandardScaler(), new LogisticRegression(C_HALF)]).fit(wineFeatures, wineClasses);

describe('networkOf', () => {
  test('of a scaler and a logistic model is one dense layer with the probabilities of scikit-learn', () => {
    const { network, before, encoder, classes } = networkOf(logistic());
    expect([before, encoder, classes]).toEqual([null, null, [0, 1, 2]]);
    expect(network.nodes.map(({ op, attrs }) => [op, attrs])).toEqual([['dense', { activation: { name: 'softmax' } }]]);
    const y = predictNetwork(network, inputs);
    expect(y.shape).toEqual([178, 3]);
    three.probabilities.forEach((own, i) => {
      expect(farthest(y.data.subarray(27 * i), own)).toBeLessThan(2e-5);
    });
  });

  test('of two classes is one output, the probability of the second', () => {
    const model = new Pipeline([new MinMaxScaler(), new LogisticRegression(C_HALF)]).fit(
      pairFeatures,
      pairClasses.map((label) => (label === 0 ? 'first' : 'second')),
    );
    const { network, classes } = networkOf(model);
    expect(classes).toEqual(['first', 'second']);
    const y = predictNetwork(network, tensor(pairFeatures));
    expect(y.shape).toEqual([pairs.length, 1]);
    two.probabilities.forEach((own, i) => {
      expect(Math.abs(y.data[9 * i]! - own[1]!)).toBeLessThan(2e-5);
    });
  });

  test('of two classes and a softmax is the same, and of one class against all others there is none', () => {
    const model = new Pipeline([
      new MinMaxScaler(),
      new LogisticRegression({ ...C_HALF, multiClass: 'multinomial' }),
    ]).fit(pairFeatures, pairClasses);
    const chances = model.predictProba(pairFeatures).data;
    const y = predictNetwork(networkOf(model).network, tensor(pairFeatures));
    expect(
      farthest(
        y.data,
        pairs.map((_, i) => chances[2 * i + 1]!),
      ),
    ).toBeLessThan(2e-5);
    const rest = new LogisticRegression({ multiClass: 'ovr', maxIter: 10000 }).fit(wineFeatures, wineClasses);
    expect(() => networkOf(rest)).toThrow(
      'multiClass must be multinomial, whose probabilities are a softmax, got "ovr"',
    );
  });

  test('of a linear model predicts its numbers, of one output or several', () => {
    const x = wineFeatures.map((row) => row.slice(1, 5));
    const one = new LinearRegression().fit(
      x,
      wineFeatures.map((row) => row[0]!),
    );
    const y = predictNetwork(networkOf(one).network, tensor(x));
    expect(y.shape).toEqual([178, 1]);
    expect(farthest(y.data, Array.from(one.predict(x).data))).toBeLessThan(1e-5);
    const several = new Pipeline([
      new StandardScaler(),
      new MinMaxScaler({ featureRange: [-3, 1] }),
      new LinearRegression(),
    ]);
    several.fit(
      x,
      wineFeatures.map((row) => [row[0]!, row[5]!, row[6]!]),
    );
    const { network, before, classes } = networkOf(several);
    expect([before, classes]).toEqual([null, null]);
    const ys = predictNetwork(network, tensor(x));
    expect(ys.shape).toEqual([178, 3]);
    expect(farthest(ys.data, Array.from(several.predict(x).data))).toBeLessThan(1e-5);
  });

  test('folds scalers before it rounds: weights are those of float64, rounded once', () => {
    const model = new Pipeline([
      new StandardScaler(),
      new MinMaxScaler({ featureRange: [2, 5] }),
      new LinearRegression(),
    ]);
    const x = [[1000.5], [1003], [1007.25], [1009]];
    model.fit(x, [1, 2, 4, 4.5]);
    const plain = new LinearRegression().fit(x, [1, 2, 4, 4.5]);
    const { weights } = networkOf(model).network;
    const numbers = (key: string): number => (weights.get(key)!.encoding as { values: Float32Array }).values[0]!;
    expect(numbers('linear/kernel')).toBe(Math.fround(plain.coefficients.data[0]!));
    expect(Math.abs(numbers('linear/bias') / (plain.intercept as number) - 1)).toBeLessThan(1e-7);
  });

  test('leaves what no network is before it, of pipelines within pipelines too', () => {
    const x = wineFeatures.map((row) => row.slice(1, 4));
    const y = wineFeatures.map((row) => row[0]!);
    const inner = new Pipeline([
      new MinMaxScaler(),
      new PolynomialFeatures({ includeBias: false }),
      new StandardScaler(),
    ]);
    const model = new Pipeline([['made', inner], new StandardScaler(), new LinearRegression()]).fit(x, y);
    const { network, before } = networkOf(model);
    expect(before!.steps.map(([name]) => name)).toEqual(['made.minMaxScaler', 'made.polynomialFeatures']);
    expect(network.inputs[0]!.shape).toEqual([9]);
    const outputs = predictNetwork(network, cast(before!.transform(x), 'float32'));
    expect(farthest(outputs.data, Array.from(model.predict(x).data))).toBeLessThan(2e-5);
  });

  test('of a table has the classes of its encoder', () => {
    const table = readCSV(wine);
    const encoder = new TableEncoder({ target: 'class' });
    const model = new TablePipeline(encoder, logistic()).fit(table);
    const lowered = networkOf(model);
    expect([lowered.encoder, lowered.before, lowered.classes]).toEqual([encoder, null, ['0', '1', '2']]);
    const { labels } = encoder.decode(predictNetwork(lowered.network, encoder.transform(table).features));
    expect(labels).toEqual(model.predict(table));
    model.fit(table, { rows: pairs });
    expect(() => networkOf(model)).toThrow('no sample was of the class 2. Fit to rows with all classes');
  });

  test('is measured, pruned, quantized and compared like any network', () => {
    const { network } = networkOf(logistic());
    const samples = [inputs, tensor(Int32Array.from(wineClasses))] as const;
    const figures = measure(network, { samples, latency: false });
    expect(figures).toMatchObject({ parameters: 42, macs: 39 });
    expect(figures.score).toBeGreaterThan(0.97);
    const pruned = prune(network, { sparsity: 0.5 });
    expect(measure(pruned, { latency: false }).nonZeroParameters).toBeLessThan(25);
    const int8 = quantize(network, { calibration: inputs });
    const { after, notes } = compare(network, int8, { samples, latency: false });
    expect(after.score).toBeGreaterThan(0.9);
    expect(Array.isArray(notes)).toBe(true);
    const regression = new Pipeline([new StandardScaler(), new LinearRegression()]).fit(
      wineFeatures.map((row) => row.slice(1)),
      wineFeatures.map((row) => row[0]!),
    );
    const x = tensor(wineFeatures.map((row) => row.slice(1)));
    const line = networkOf(regression).network;
    const integers = predictNetwork(quantize(line, { calibration: x }), x);
    const errors = Array.from(integers.data, (value, i) => Math.abs(value - regression.predict(x).data[i]!));
    expect(errors.reduce((a, b) => a + b) / errors.length).toBeLessThan(0.1);
  });

  test('makes of dummies networks that give the same for any sample', () => {
    const x = wineFeatures.slice(0, 6);
    const few = tensor(x);
    const texts = ['c', 'a', 'c', 'b', 'c', 'a'];
    for (const options of [{}, { strategy: 'mostFrequent' }, { strategy: 'constant', constant: 'b' }] as const) {
      const model = new Pipeline([new StandardScaler(), new DummyClassifier(options)]).fit(x, texts, {
        sampleWeight: [1, 2, 3, 4, 5, 0],
      });
      const lowered = decodeLowered(encodeLowered(networkOf(model)));
      expect(lowered.classes).toEqual(['a', 'b', 'c']);
      expect(lowered.before).toBeNull();
      const shares = model.predictProba(x).data;
      expect(farthest(predictNetwork(lowered.network, few).data, [...shares])).toBeLessThan(1e-7);
    }
    const always = networkOf(new DummyClassifier({ strategy: 'mostFrequent' }).fit(x, texts)).network;
    expect([...predictNetwork(always, few).data.slice(0, 3)]).toEqual([0, 0, 1]);
    const numbers = new DummyRegressor().fit(x, texts.map((_, i) => [i, -i])); // biome-ignore format: one line
    const read = estimatorFromJSON(JSON.parse(JSON.stringify(numbers))) as DummyRegressor;
    expect([...predictNetwork(networkOf(read).network, few).data.slice(0, 4)]).toEqual([2.5, -2.5, 2.5, -2.5]);
    for (const strategy of ['stratified', 'uniform'] as const)
      expect(() => networkOf(new DummyClassifier({ strategy }).fit(x, texts))).toThrow(
        `networkOf: the dummy's strategy must be prior, mostFrequent or constant, since a network draws nothing, got "${strategy}"`,
      );
    expect(() => networkOf(new DummyRegressor())).toThrow(StateError);
  });

  test('refuses what is no linear model, is not fitted, or does not fit into float32', () => {
    expect(() => networkOf(new PolynomialFeatures() as never)).toThrow(
      'networkOf: the estimator must be a linear or a logistic model, or a dummy, got an object of PolynomialFeatures',
    );
    expect(() => networkOf(new Pipeline([new StandardScaler(), new LinearRegression()]))).toThrow(StateError);
    const large = new LinearRegression().fit([[0], [1e-30]], [0, 1e30]);
    expect(() => networkOf(large)).toThrow('networkOf: every weight must be finite in float32, got Infinity');
    const own = (classes: number[], intercept: number[]): DummyClassifier =>
      Object.assign(
        new DummyClassifier().fit(
          classes.map((each) => [each]),
          classes,
        ),
        { coefficients: tensor([[1], [2]]), intercept },
      );
    const odd = own([1, 2, 3], [0, 0]);
    expect(() => networkOf(odd)).toThrow('the outputs must be one for each of 3 classes, or one for two, got 2');
    expect(() => networkOf(own([1, 2], [0]))).toThrow(ValueError);
  });
});

describe('the file of a lowered estimator', () => {
  const x = wineFeatures.map((row) => row.slice(1, 4));
  const curved = new Pipeline([
    new PolynomialFeatures({ includeBias: false }),
    new StandardScaler(),
    new LogisticRegression(),
  ]).fit(
    x,
    wineClasses.map((label) => (label === 1 ? 'b' : 'a')),
  );

  const outputsOf = ({ network, before }: Lowered): Tensor =>
    predictNetwork(network, cast(before!.transform(x), 'float32'));

  test('has all of it, to the bit', () => {
    const lowered = networkOf(curved);
    for (const coding of ['none', 'range'] as const) {
      const again = decodeLowered(encodeLowered(lowered, { coding }));
      expect(again.classes).toEqual(['a', 'b']);
      expect(again.encoder).toBeNull();
      expect(outputsOf(again).data).toEqual(outputsOf(lowered).data);
    }
    const small = quantize(lowered.network, {
      calibration: tensor(lowered.before!.transform(x), { dtype: 'float32' }),
    });
    const again = decodeLowered(encodeLowered({ ...lowered, network: small }));
    expect(outputsOf(again).data).toEqual(outputsOf({ ...lowered, network: small }).data);
    expect(() => encodeLowered(lowered, { codes: 'range' } as never)).toThrow('codes');
    const plain = decodeLowered(encodeNetwork(lowered.network));
    expect([plain.before, plain.encoder, plain.classes]).toEqual([null, null, null]);
  });

  test('is read by the command line, which predicts with it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'whittle-learn-'));
    try {
      const table = readCSV(wine);
      const model = new TablePipeline(new TableEncoder({ target: 'class' }), logistic()).fit(table);
      const file = encodeLowered(networkOf(model));
      expect([...decodeNetwork(file).metadata.keys()]).toEqual(['encoder']);
      expect(decodeLowered(file).classes).toEqual(['0', '1', '2']);
      writeFileSync(join(folder, 'model.safetensors'), file);
      writeFileSync(join(folder, 'wine.csv'), wine);
      const { code, out } = await whittle(folder, ['predict', 'model.safetensors', 'wine.csv', '--out', 'out.csv']);
      expect(code).toBe(0);
      expect(out).toContain('178 rows predicted');
      const [header, ...lines] = readFileSync(join(folder, 'out.csv'), 'utf8').trim().split('\n');
      const at = header!.split(',').indexOf('prediction');
      expect(lines.map((line) => line.split(',')[at])).toEqual(model.predict(table));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('is refused with what is none of the parts', () => {
    const lowered = networkOf(curved);
    const metadata = new Map(decodeNetwork(encodeLowered(lowered)).metadata);
    const read = (key: string, text: string): unknown =>
      decodeLowered(encodeNetwork(lowered.network, { metadata: new Map([...metadata, [key, text]]) }));
    expect(() => read('before', '{')).toThrow('network file: before: is no JSON');
    expect(() => read('before', JSON.stringify(new StandardScaler().fit([[1]])))).toThrow(
      'is no pipeline of transformers',
    );
    expect(() => read('before', JSON.stringify(new Pipeline([dummyOf([1, 2])])))).toThrow(
      'is no pipeline of transformers',
    );
    expect(() => read('classes', '["b","a"]')).toThrow(FormatError);
    expect(() => read('encoder', '{}')).toThrow(FormatError);
    expect(() => decodeLowered(new Uint8Array(10))).toThrow(FormatError);
    for (const { path, text } of mutants(JSON.parse(metadata.get('before')!))) {
      try {
        const { before } = read('before', text) as { before: Pipeline<StandardScaler> };
        before.transform(fromData(new Float64Array(before.transformers.length * 3), [before.transformers.length, 3]));
      } catch (error) {
        if (!(error instanceof FormatError))
          expect((error as { code?: string }).code, `${path}: ${text}`).toBeDefined();
      }
    }
  });
});

const dummyOf = (y: Label[]): DummyClassifier =>
  new DummyClassifier().fit(
    y.map(() => [0]),
    y,
  );

test.each([[null], [undefined], [1], ['abc'], [{}]])('%j is no estimator, and nothing to write', (given) => {
  expect(() => networkOf(given as unknown as LinearRegression)).toThrow(ValueError);
  expect(() => encodeLowered(given as unknown as Lowered)).toThrow(ValueError);
});
