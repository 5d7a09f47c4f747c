import { beforeAll, describe, expect, test } from 'vitest';
import { toModule } from '../../src/export/module.ts';
import {
  Conv2DTranspose,
  Dense,
  Embedding,
  Flatten,
  fromData,
  type Graph,
  prune,
  quantize,
  Random,
  Sequential,
  type Stored,
  toNetwork,
} from '../../src/index.ts';
import { imported } from './imported.ts';
import { everyNetwork } from './networks.ts';

const small = (): Sequential => new Sequential([new Dense(2, { inputShape: [3] })], { seed: 1 });
const sourceOf = (...to: Parameters<typeof toModule>): string => toModule(...to).source;
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

describe('the article’s 100-64-64-10, four fifths of its weights pruned, in int8', () => {
  let network: Graph<Stored>;

  beforeAll(() => {
    const random = new Random(3, 'article');
    const x = random.normal([1000, 100]);
    const w = random.normal([100, 10]).data;
    const scores = (i: number): number[] =>
      Array.from({ length: 10 }, (_, j) =>
        Array.from({ length: 100 }, (_, p) => x.data[100 * i + p]! * w[10 * p + j]!).reduce((a, b) => a + b),
      );
    const y = Int32Array.from({ length: 1000 }, (_, i) => scores(i).indexOf(Math.max(...scores(i))));
    const relu = { activation: 'relu' } as const;
    const model = new Sequential(
      [new Dense(64, { ...relu, inputShape: [100] }), new Dense(64, relu), new Dense(10, { activation: 'softmax' })],
      { seed: 1 },
    );
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    model.fit(x, fromData(y), { epochs: 10 });
    network = quantize(prune(model, { sparsity: 0.8 }), { calibration: x });
  });

  test('is a module of less than 8 kB, with all that it needs', async () => {
    const source = sourceOf(network);
    expect(bytesOf(source)).toBeLessThan(8000);
    expect((await imported(source)).selfTest()).toBe(true);
  });

  test('is one of less than 10 kB to read', () => {
    expect(bytesOf(sourceOf(network, { minify: false }))).toBeLessThan(10_000);
  });
});

describe('every text', () => {
  const all = [...everyNetwork()].map(([name, network]) => [name, toModule(network, { minify: false })] as const);

  test.each(all)('has nothing that it does not use, and no code from elsewhere: %s', (_, { source: whole }) => {
    const source = whole.replace(/const digits = .*/, 'const digits;').replace(/\/\/.*/g, '');
    for (const [, name] of source.matchAll(/^(?:function|const|let) (\w+)/gm))
      expect(source.match(new RegExp(`\\b${name}\\b`, 'g'))!.length, name).toBeGreaterThan(1);
    expect(source).not.toMatch(/\b(eval|Function|import|require|WebAssembly|globalThis|process)\b/);
    expect(source).not.toMatch(/\*\*|Math\.(exp|log|pow|tanh|sin|cos)\b/); // whose bits differ between engines
  });
});

describe('what a module cannot take', () => {
  test('numbers that are no samples are refused', async () => {
    const { run } = await imported(sourceOf(toNetwork(small())));
    expect(() => run([1, 2])).toThrow('run: 2 numbers are no samples of 3 for input "input"');
    expect(run([])).toEqual(new Float32Array(0));
  });

  test('inputs of different numbers of samples are refused', async () => {
    const [, network] = [...everyNetwork()].find(([name]) => name === 'two inputs and outputs')!;
    const { run } = await imported(sourceOf(network));
    expect(() => run([Array(8).fill(0), Array(4).fill(0)])).toThrow(
      /run: 4 numbers are no samples of 4 for input ".+", as many as of the first/,
    );
  });

  test('entries that a table does not have are refused', async () => {
    const model = new Sequential([new Embedding(6, 2, { inputShape: [2] }), new Flatten(), new Dense(1)], { seed: 1 });
    const { run } = await imported(sourceOf(toNetwork(model)));
    for (const wrong of [6, -1, 0.5, Number.NaN])
      expect(() => run([0, 1, 2, wrong])).toThrow(
        `run: number 1 of sample 1 of input "input" is no whole number from 0 to 5: ${wrong}`,
      );
    expect(run([0, 5])).toHaveLength(1);
  });

  test('a transposed convolution with weights that are no finite numbers is refused by its name', () => {
    const model = new Sequential([new Conv2DTranspose(1, 2, { strides: 2, inputShape: [2, 2, 1], name: 'up' })]);
    model.weights[0]!.value.data[0] = Infinity;
    expect(() => toModule(toNetwork(model))).toThrow(/toModule: node "up" is a transposed convolution .+infinite/);
  });

  test('options that there are not are refused', () => {
    expect(() => toModule(toNetwork(small()), { minified: true } as object)).toThrow(/toModule: minified/);
    expect(() => toModule(toNetwork(small()), { minify: 1 } as object)).toThrow(/toModule: minify/);
    expect(() => toModule(toNetwork(small()), { name: 1 } as object)).toThrow(/toModule: name/);
  });
});

test('a module that was changed says so', async () => {
  const source = sourceOf(toNetwork(small()), { minify: false });
  const [, digits] = /const digits = "(.+)"/.exec(source)!;
  const other = `${digits!.slice(0, 3)}${digits![3] === 'A' ? 'B' : 'A'}${digits!.slice(4)}`;
  expect((await imported(source.replace(digits!, () => other))).selfTest()).toBe(false);
});
