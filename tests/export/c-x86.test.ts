import { expect, test, vi } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import {
  Activation,
  BatchNorm,
  Dense,
  Embedding,
  Flatten,
  fromData,
  type Graph,
  type Layer,
  LayerNorm,
  Model,
  quantize,
  Random,
  Sequential,
  type Stored,
  toNetwork,
} from '../../src/index.ts';
import { ACTIVATIONS, compileNetwork } from '../../src/infer/index.ts';
import { describeWith, folder, STRICT } from './c-compilers.ts';
import { type Case, CONTRACTING, differing, GCC } from './c-harness.ts';
import { type Answer, everyNetwork } from './networks.ts';

vi.setConfig({ testTimeout: 200_000 }); // compilers and simulators, beside other work

describeWith('C on this machine', [GCC], () => {
  const at = folder();

  const words = new Sequential([new Embedding(6, 3, { inputShape: [4] }), new Flatten(), new Dense(2)], { seed: 3 });
  const indices = Int32Array.from({ length: 40 }, (_, i) => i % 6);
  const inInt8 = quantize(words, { calibration: fromData(indices, [10, 4]), rule: 'multiplier' });
  const all = [...everyNetwork(), ['a table in int8', inInt8] as const].map(
    ([name, network]): Case => ({ name, network }),
  );
  const sparse = new Sequential([new Dense(3, { inputShape: [700] })]);
  const { data } = sparse.weights[0]!.value;
  data.fill(0);
  for (const [i, at] of [3, 1200, 1201, 1500, 1999].entries()) data[at] = (i % 2) - 0.5;
  const calibration = new Random(6).normal([30, 700]);
  all.push({ name: 'hundreds of zeros', network: toNetwork(sparse) });
  all.push({ name: 'hundreds of zeros, int8', network: quantize(sparse, { calibration }) });
  const third = Math.ceil(all.length / 3);

  // In parts, since a compiler takes a tenth of a second for each
  test.each([0, 1, 2])('gives the bits of the engine for every network, without a warning, part %i', (part) => {
    const cases = all.slice(part * third, (part + 1) * third);
    expect(differing(cases, [...STRICT, ...CONTRACTING], at, {})).toEqual([]);
  });

  test('gives them where numbers stand as they are, as GNU C', () => {
    const cases = all.filter(({ name }) => /^(sparse|convolutions|encoding (palette|levels))/.test(name));
    expect(differing(cases, ['-O3', '-march=haswell'], at, { storage: 'plain' })).toEqual([]);
  });

  test('gives them for numbers that are none, infinite, subnormal, -0 or halves', () => {
    const cases = unusual().map(([name, model]): Case => {
      const network = model instanceof Model ? toNetwork(model) : model;
      return { name, network, answers: answersTo(network, WIDTH) };
    });
    expect(differing(cases, [...STRICT, ...CONTRACTING], at, {})).toEqual([]);
  });
});

const WIDTH = 600;

/** Networks of one row of numbers, of each kernel for which it matters what the numbers are. */
function unusual(): [string, Model | Graph<Stored>][] {
  const single = (layer: Layer): Model => new Sequential([layer], { seed: 1 });
  const inputShape = [WIDTH];
  const activations = ACTIVATIONS.map((name): [string, Model] => [
    name,
    single(new Activation({ name }, { inputShape })),
  ]);
  const dense = single(new Dense(3, { inputShape }));
  const calibration = new Random(3).normal([20, WIDTH]);
  return [
    ...activations,
    ['layerNorm', single(new LayerNorm({ inputShape }))],
    ['batchNorm', single(new BatchNorm({ inputShape }))],
    ['dense', dense],
    ['int8', quantize(dense, { calibration })],
    ['dynamic', quantize(dense, { format: 'dynamic' })],
    ['fixed', quantize(dense, { calibration, format: 'fixed' })],
  ];
}

/** Samples of such numbers, some with one or two of them alone, and what the engine makes of them. */
function answersTo(network: Graph<Stored>, width: number): Answer[] {
  const special = [
    0,
    -0,
    1,
    -1,
    Infinity,
    -Infinity,
    Number.NaN,
    1e-45,
    -1e-45,
    1.2e-38,
    3.4e38,
    -3.4e38,
    88.8,
    -104,
    0.5,
    1.5,
  ];
  const bits = new Random(7).uniform([width], -(2 ** 31), 2 ** 31).data;
  const any = new Float32Array(Int32Array.from(bits, Math.trunc).buffer);
  const wide = new Random(8).normal([width], 0, 12).data;
  const small = new Random(9).normal([width], 0, 1e-3).data;
  const placed = (values: readonly number[]): Float32Array => {
    const x = Float32Array.from(wide);
    for (const [i, value] of values.entries()) x[(i * 37) % width] = value;
    return x;
  };
  const samples = [
    ...[any, Float32Array.from(wide), Float32Array.from(small), placed(special), new Float32Array(width)],
    ...[
      placed([Infinity]),
      placed([-Infinity]),
      placed([Number.NaN]),
      placed([3e38, -3e38]),
      new Float32Array(width).fill(-0),
    ],
    ...[
      // Halves of the powers of two that fixed formats have
      ...[4, 5, 6].map((bits) => Float32Array.from({ length: width }, (_, i) => (i - width / 2) * 2 ** -bits)),
      new Float32Array(width).fill(1e-40),
      new Float32Array(width).fill(-Infinity),
      any.map((x) => (x - x === 0 ? x : 0)),
    ],
  ];
  const program = compileNetwork(network, 1, reference);
  const answers = samples.map((x) => ({ inputs: [x], outputs: program.run([x], 1).map((y) => [...y]) }));
  program.dispose();
  return answers;
}
