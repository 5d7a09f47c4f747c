import { expect, test, vi } from 'vitest';
import { toC } from '../../src/export/index.ts';
import {
  Conv2D,
  Conv2DTranspose,
  Dense,
  Flatten,
  type Graph,
  input,
  type Layer,
  Model,
  quantize,
  Random,
  Sequential,
  type Stored,
  toNetwork,
} from '../../src/index.ts';
import { describeWith, folder, STRICT } from './c-compilers.ts';
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
