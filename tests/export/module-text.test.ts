import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { toModule } from '../../src/export/module.ts';
import {
  Conv2DTranspose,
  Dense,
  Embedding,
  Flatten,
  fromData,
  type Graph,
  input,
  Model,
  prune,
  quantize,
  Random,
  Sequential,
  type Stored,
  toNetwork,
} from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/index.ts';
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

test('an input of whole numbers that is an output too stays what it is', async () => {
  const x = input([3]);
  const network = toNetwork(new Model(x, [new Embedding(4, 2).apply(x), x], { seed: 1 }));
  const { source, types } = toModule(network);
  const { run, selfTest } = await imported(source);
  expect(types).toContain('run(inputs: readonly [ArrayLike<number>]): readonly [Float32Array, Int32Array];');
  expect(selfTest()).toBe(true);
  const program = compileNetwork(network, 2, cpu);
  const asked = Int32Array.of(0, 3, 1, 2, 2, 0);
  expect(run([asked])).toEqual(program.run([asked], 2));
});

describe('what a module cannot take', () => {
  test('what is no list of numbers, or of other numbers than whole samples, is refused in one sentence', async () => {
    const { run } = await imported(sourceOf(toNetwork(small())));
    const wrong: readonly (readonly [given: unknown, got: string])[] = [
      ...[
        undefined,
        null,
        3,
        '123',
        new Set([1, 2, 3]),
        {},
        () => 1,
        new ArrayBuffer(12),
        fromData(new Float32Array(3)),
      ].map((given) => [given, 'no list'] as const),
      [[1, 2], '2'],
      [{ length: -3 }, '-3'],
      [{ 0: 1, length: 0.5 }, '0.5'],
      [{ 0: 1, 1: 2, 2: 3, length: '3' }, '3'],
      [
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        'object at 0',
      ],
      [['1', '2', '3'], 'string at 0'],
      [Array(3), 'undefined at 0'],
      [[1, null, 3], 'object at 1'],
      [[1, 2, Symbol('3')], 'symbol at 2'],
      [{ length: 3 }, 'undefined at 0'],
      [new BigInt64Array(3), 'bigint at 0'],
    ];
    for (const [given, got] of wrong) {
      const message = `run: input "input" takes numbers, samples of 3 one behind the other, got ${got}`;
      expect(() => run(given as never)).toThrow(new RangeError(message));
    }
    expect(run([])).toEqual(new Float32Array(0));
    expect(run({ 0: 1, 1: 2, 2: 3, length: 3 })).toEqual(run([1, 2, 3]));
    expect(run([Number.NaN, Infinity, -0])).toHaveLength(2);
  });

  test('inputs of different numbers of samples are refused, and more or fewer inputs', async () => {
    const [, network] = [...everyNetwork()].find(([name]) => name === 'two inputs and outputs')!;
    const { run } = await imported(sourceOf(network));
    const zeros = Array(4).fill(0);
    const [, { name }] = network.inputs as [unknown, { readonly name: string }];
    expect(() => run([[...zeros, ...zeros], zeros])).toThrow(
      new RangeError(`run: input "${name}" takes as many samples as the first, got numbers: 4`),
    );
    expect(() => run([zeros, [1, 2, 3, '4']] as never)).toThrow(`run: input "${name}" takes numbers`);
    for (const other of [undefined, null, 5, zeros, [zeros], [zeros, zeros, zeros]])
      expect(() => run(other as never)).toThrow(new RangeError('run: takes a list of 2 inputs'));
    expect(run([zeros, zeros])).toHaveLength(2);
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

  test('whole numbers of 32 bits alone are taken where no table is', async () => {
    const table: Graph<Stored> = toNetwork(new Sequential([new Embedding(6, 2, { inputShape: [2] })], { seed: 1 }));
    const network = { ...table, inputs: [...table.inputs, { name: 'code', shape: [2], dtype: 'int32' as const }] };
    const { run, selfTest } = await imported(sourceOf({ ...network, outputs: [...network.outputs, 'code'] }));
    expect(
      run([
        [0, 5],
        [-(2 ** 31), 77_777_777],
      ])[1],
    ).toEqual(Int32Array.of(-(2 ** 31), 77_777_777));
    expect(selfTest()).toBe(true);
    for (const wrong of [0.5, 2 ** 31, Number.NaN])
      expect(() =>
        run([
          [0, 5],
          [1, wrong],
        ]),
      ).toThrow(`run: number 1 of sample 0 of input "code" is no whole number of 32 bits: ${wrong}`);
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
    for (const name of [''])
      expect(() => toModule(toNetwork(small()), { name })).toThrow(/^toModule: name must be a text that is not empty/);
  });
});

test('a module that was changed says so', async () => {
  const source = sourceOf(toNetwork(small()), { minify: false });
  const [, digits] = /const digits = "(.+)"/.exec(source)!;
  const other = `${digits!.slice(0, 3)}${digits![3] === 'A' ? 'B' : 'A'}${digits!.slice(4)}`;
  expect((await imported(source.replace(digits!, () => other))).selfTest()).toBe(false);
});
