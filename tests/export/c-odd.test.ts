import { expect, test, vi } from 'vitest';
import { AVR, digestOn, told } from '../../scripts/boards.mjs';
import { toC } from '../../src/export/index.ts';
import { testDigest } from '../../src/export/self-test.ts';
import {
  BatchNorm,
  Conv2D,
  Conv2DTranspose,
  Dense,
  Embedding,
  Flatten,
  type Graph,
  input,
  type Layer,
  Model,
  prune,
  quantize,
  Random,
  Sequential,
  type Stored,
  toNetwork,
} from '../../src/index.ts';
import { describeWith, folder, STRICT, written } from './c-compilers.ts';
import { type Case, differing, GCC } from './c-harness.ts';

vi.setConfig({ testTimeout: 200_000 }); // compilers, beside other work

/** Names and forms that few networks have. */

const SANITIZED = [...STRICT, '-O1', '-g', '-fsanitize=undefined,address', '-fno-sanitize-recover=all'];

const chain = (layers: Layer[]): Model => new Sequential(layers, { seed: 2 });
const inInt8 = (model: Model): Graph<Stored> => {
  const { shape } = toNetwork(model).inputs[0]!;
  return quantize(model, { calibration: new Random(3).normal([30, ...shape]) });
};

/** A dense layer for each name. */
const called = (...names: readonly string[]): Model =>
  chain(names.map((name, i) => new Dense(3, { name, ...(i === 0 ? { inputShape: [4] } : {}) })));

const ODD_NAMES = [
  ...['a', 'a_bias', 'a_1_bias', 'a_scales', 'a_level_scales', 'a_1', 'A', 'run', 'self_test'],
  ...['int', '2x', 'a-b', 'numbers', 'memory', 'struct layer', 'π', '漢字', '??/'],
  ...['*\\ int evil; /*', '*/ int evil; /*', '/\\*', '\\', '\\n', '// \\', '"%s"'],
];

function withUnreadInput(): Model {
  const [read, unread] = [input([2], { name: 'read' }), input([3], { name: 'unread' })];
  return new Model([read, unread], [new Dense(1).apply(read)]);
}

/** Its input is an output as well. */
function withGivenOutput(): Model {
  const x = input([3]);
  return new Model(x, [new Embedding(4, 2).apply(x), x]);
}

/** Neighbours of which one is raised and one lowered, by numbers that a compiler knows. */
function alternating(channels: number): Model {
  const model = chain([new BatchNorm({ inputShape: [3, channels] })]);
  for (const { value } of model.weights)
    value.data.forEach((x, i, data) => {
      data[i] = x + (i % 2 === 0 ? 0.1 : -0.2);
    });
  return model;
}

const transposed = (): Model =>
  chain([
    new Conv2DTranspose(2, 3, { strides: 2, padding: 'same', inputShape: [4, 4, 1] }),
    new Conv2D(2, 3, { strides: 2, dilationRate: 1, padding: 'same' }),
    new Flatten(),
    new Dense(2),
  ]);

describeWith('C of odd networks', [GCC], () => {
  const at = folder();
  const bare = (): Layer[] => [new Dense(3, { useBias: false, inputShape: [4] }), new Dense(2, { useBias: false })];
  const biased = (): Layer[] => [new Dense(3, { useBias: false, inputShape: [4] }), new Dense(2)];
  const cases: Case[] = [
    { name: 'names', network: toNetwork(called(...ODD_NAMES)) },
    { name: 'names in int8', network: inInt8(called(...ODD_NAMES)) },
    { name: 'an input that nothing reads', network: toNetwork(withUnreadInput()) },
    { name: 'transposed', network: toNetwork(transposed()) },
    { name: 'transposed in int8', network: inInt8(transposed()) },
    { name: 'dynamic without a bias', network: quantize(chain(bare()), { format: 'dynamic' }) },
    { name: 'dynamic with one bias', network: quantize(chain(biased()), { format: 'dynamic' }) },
    { name: 'real without a bias', network: toNetwork(chain(bare())) },
  ];

  test('has their bits, without a warning, and nothing that C leaves undefined', () => {
    expect(differing(cases, SANITIZED, at, {})).toEqual([]);
  });

  test('has them where numbers stand as they are', () => {
    expect(differing(cases, SANITIZED, at, { storage: 'plain' })).toEqual([]);
  });
});

describeWith('C whose output is an input of whole numbers', [GCC], () => {
  const at = folder();

  test('gives them as they are', () => {
    const file = written(at, toNetwork(withGivenOutput()), { name: 'given' });
    const main = at(
      'main.c',
      `#include <stdio.h>
#include "given.h"
int main(void)
{
  const int32_t x[3] = {3, 0, 2};
  float rows[6];
  int32_t y[3];
  if (given_run(x, rows, y)) return 1;
  printf("%d %d %d, %d", (int)y[0], (int)y[1], (int)y[2], given_self_test());
  return 0;
}
`,
    );
    told('gcc', [...SANITIZED, '-o', at('given'), main, file]);
    expect(told(at('given'), []).toString()).toBe('3 0 2, 1');
  });
});

describeWith('C and what compilers make of it', [GCC], () => {
  const at = folder();

  test('has its bits where gcc makes one rounding of neighbours', () => {
    const cases = [2, 4, 8].map((n): Case => ({ name: `${n} channels`, network: toNetwork(alternating(n)) }));
    for (const level of ['-O2', '-O3'])
      expect(differing(cases, [...STRICT, level, '-march=haswell'], at, {}), level).toEqual([]);
  });

  test.each([
    '-ffast-math',
    '-funsafe-math-optimizations',
    '-fassociative-math',
    '-freciprocal-math',
    '-ffinite-math-only',
  ])('refuses %s', (flag) => {
    const file = written(at, toNetwork(called('a')), { name: 'strict' });
    const flags = ['-O2', '-fno-signed-zeros', '-fno-trapping-math', flag];
    expect(() => told('gcc', [...flags, '-c', '-o', at('strict.o'), file])).toThrow(
      '#error "the bits of the network need',
    );
  });

  test('refuses a double of fewer bits where its compiler does not say how many it has', () => {
    const file = written(at, toNetwork(chain([new Dense(3, { activation: 'softmax', inputShape: [4] })])), {
      name: 'wide',
    });
    const build = (...flags: readonly string[]): unknown =>
      told('gcc', ['-std=c99', '-U__DBL_MANT_DIG__', ...flags, '-c', '-o', at('wide.o'), file]);
    build();
    expect(() => build('-Ddouble=float')).toThrow('double_of_64_bits');
    expect(() => build('-D__DBL_MANT_DIG__=24')).toThrow('softmax of this network: float64 inside');
  });

  test('says how many bytes a run works in, with rows of 16 bits', () => {
    const { header, source } = toC(
      quantize(chain([new Dense(40, { inputShape: [100] }), new Dense(5)]), { format: 'float16' }),
    );
    const floats = Number(/static float memory\[(\d+)\]/.exec(source)![1]);
    const halves = Number(/static uint16_t uint16_t_numbers\[(\d+)\]/.exec(source)![1]);
    expect(halves).toBe(100);
    expect(header).toContain(`#define NETWORK_MEMORY ${4 * floats + 2 * halves} `);
  });
});

describeWith('C for AVR', AVR.tools, () => {
  const at = folder();
  const build = (network: Graph<Stored>, flags: readonly string[] = ['-std=gnu99']): Buffer =>
    told('avr-gcc', [
      '-mmcu=atmega1284p',
      '-Os',
      ...flags,
      '-c',
      '-o',
      at('a.o'),
      written(at, network, { name: 'large' }),
    ]);
  const dense = (...widths: readonly number[]): Graph<Stored> =>
    inInt8(chain(widths.slice(1).map((n, i) => new Dense(n, i === 0 ? { inputShape: [widths[0]!] } : {}))));

  test('refuses constants that addresses of 16 bits do not reach, and arrays that are too long', () => {
    expect(() => build(dense(150, 150, 150, 150))).toThrow(/the constants of this network take 6\d{4} bytes/);
    expect(() => build(dense(190, 180))).toThrow(/an array of this network takes 34200 bytes/);
    build(dense(150, 150, 150));
  });

  test('runs a layer of more weights than 16 bits count, where zeros take few bytes', () => {
    const wide = prune(chain([new Dense(300, { inputShape: [300] }), new Dense(4)]), { sparsity: 0.98 });
    const network = inInt8(wide);
    const expected = testDigest(network, 2).toString(16).padStart(8, '0');
    expect(digestOn(AVR, { name: 'wide', ...toC(network, { name: 'wide' }) }, 2, at)).toBe(expected);
  });

  test('says which standard it needs', () => {
    expect(() => build(dense(4, 2), ['-std=c99'])).toThrow('build this file with -std=gnu99');
  });

  test('names what needs float64, and the remedy where it is one', () => {
    const softmax = inInt8(chain([new Dense(3, { activation: 'softmax', inputShape: [4] })]));
    expect(() => build(softmax)).toThrow(/softmax of this network: float64 inside.*toC with logits: true/);
    const tanh = toNetwork(chain([new Dense(3, { activation: 'tanh', inputShape: [4] })]));
    expect(() => build(tanh)).toThrow(/each_tanh of this network: float64 inside/);
    expect(toC(tanh).source).not.toContain('logits: true');
    expect(toC(softmax, { logits: true }).source).not.toContain('float64');
  });
});

test('refuses an input without numbers', () => {
  const network = toNetwork(chain([new Dense(3, { inputShape: [0], name: 'a' })]));
  expect(() => toC(network)).toThrow(/^toC: input "input" has no numbers/);
});

test('text of a name stays in its comment', () => {
  for (const name of ODD_NAMES) {
    const { source } = toC(toNetwork(called(name)));
    const code = source.replace(/\/\*[\s\S]*?\*\//g, '');
    expect(code, name).not.toMatch(/int evil|\\/);
  }
});

test('the guard of a header is none of the system', () => {
  const { header } = toC(toNetwork(called('a')), { name: '_string' });
  expect(header).toContain('#ifndef WHITTLE__STRING_H\n#define WHITTLE__STRING_H\n');
});
