import { expect, test, vi } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import type { COptions } from '../../src/export/index.ts';
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
import { describeWith, folder, STRICT, told, written } from './c-compilers.ts';
import { type Answer, answersOf, everyNetwork } from './networks.ts';

vi.setConfig({ testTimeout: 200_000 }); // compilers and simulators, beside other work

const GCC = { command: 'gcc', packages: 'gcc libc6-dev' };

interface Case {
  readonly name: string;
  readonly network: Graph<Stored>;
  /** As many of each case; by default those to ordinary numbers. */
  readonly answers?: readonly Answer[];
}

/** Reads inputs of samples of one network after the other, and writes outputs; a byte after each network is its self-test. */
function harness(cases: readonly Case[], samples: number): string {
  const runs = cases.map(({ network }, i) => {
    const types = network.inputs.map(({ dtype }) => (dtype === 'int32' ? 'int32_t' : 'float'));
    const sizes = (what: string, n: number): string[] =>
      Array.from({ length: n }, (_, at) => `NET_${i}_${what}${n === 1 ? '' : `_${at + 1}`}_SIZE`);
    const inputs = sizes('INPUT', types.length);
    const outputs = sizes('OUTPUT', network.outputs.length);
    return `{
    ${types.map((type, at) => `static ${type} in_${at}[${inputs[at]}];`).join(' ')}
    ${outputs.map((size, at) => `static float out_${at}[${size}];`).join(' ')}
    for (int sample = 0; sample < ${samples}; sample++) {
      if (${inputs.map((_, at) => `fread(in_${at}, sizeof in_${at}, 1, stdin) != 1`).join(' || ')}) return 2;
      if (net_${i}_run(${[...inputs.map((_, at) => `in_${at}`), ...outputs.map((_, at) => `out_${at}`)].join(', ')})) return 3;
      ${outputs.map((_, at) => `fwrite(out_${at}, sizeof out_${at}, 1, stdout);`).join(' ')}
    }
    putchar(net_${i}_self_test());
  }`;
  });
  const headers = cases.map((_, i) => `#include "net_${i}.h"\n`).join('');
  return `#include <stdio.h>\n${headers}int main(void)\n{\n  ${runs.join('\n  ')}\n  return 0;\n}\n`;
}

const bytesOf = (numbers: Iterable<number>, isWhole: boolean): Uint8Array =>
  new Uint8Array((isWhole ? Int32Array : Float32Array).from([...numbers]).buffer);

/** Names of cases whose numbers are not those of the engine, or whose self-test does not hold. */
function differing(
  cases: readonly Case[],
  flags: readonly string[],
  at: ReturnType<typeof folder>,
  options: COptions,
): string[] {
  const answers = cases.map(({ network, answers }) => answers ?? answersOf(network));
  const input = Buffer.concat(
    cases.flatMap(({ network }, i) =>
      answers[i]!.flatMap(({ inputs }) => inputs.map((x, n) => bytesOf(x, network.inputs[n]!.dtype === 'int32'))),
    ),
  );
  const files = cases.map(({ network }, i) => written(at, network, { ...options, name: `net_${i}` }));
  const main = at('main.c', harness(cases, answers[0]!.length));
  told('gcc', [...flags, '-o', at('all'), main, ...files]);
  const results = told(at('all'), [], input);
  const wrong: string[] = [];
  let from = 0;
  for (const [i, { name }] of cases.entries()) {
    const expected = answers[i]!.flatMap(({ outputs }) => outputs.flat());
    const found = Array.from(expected, (_, n) => results.readFloatLE(from + 4 * n));
    from += 4 * expected.length;
    if (!expected.every((x, n) => Object.is(x, found[n]))) wrong.push(`${name} (net_${i})`);
    if (results[from++] !== 1) wrong.push(`${name} (net_${i}): self-test`);
  }
  expect(from).toBe(results.length);
  return wrong;
}

/** A compiler that may make one rounding of a product and a sum, and does wherever the file does not forbid it. */
const CONTRACTING = ['-O1', '-march=haswell', '-ffp-contract=fast'];

describeWith('C on this machine', [GCC], () => {
  const at = folder();

  const words = new Sequential([new Embedding(6, 3, { inputShape: [4] }), new Flatten(), new Dense(2)], { seed: 3 });
  const indices = Int32Array.from({ length: 40 }, (_, i) => i % 6);
  const inInt8 = quantize(words, { calibration: fromData(indices, [10, 4]), rule: 'multiplier' });
  const all = [...everyNetwork(), ['a table in int8', inInt8] as const].map(
    ([name, network]): Case => ({ name, network }),
  );
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

  test('gives them for numbers that are none, infinite, subnormal or -0', () => {
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
