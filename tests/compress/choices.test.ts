/** Amounts, layers, criteria and subjects that are of another type than those that are asked for. */
import { describe, expect, test } from 'vitest';
import { gpuTrain } from '../../src/gpu/index.ts';
import {
  cloneModel,
  compileInference,
  Dense,
  distill,
  latencies,
  lotteryTicket,
  type Model,
  type Network,
  outputsOf,
  pruneLayers,
  pruneNeurons,
  Sequential,
  saveModel,
  toNetwork,
  ValueError,
  weightScores,
} from '../../src/index.ts';
import { values } from './tools.ts';

const model = new Sequential(
  [
    new Dense(6, { inputShape: [6], name: 'one' }),
    new Dense(6, { name: 'two' }),
    new Dense(6, { name: 'three' }),
    new Dense(2, { name: 'last' }),
  ],
  { seed: 3 },
);
const network = toNetwork(model);

const any = (value: unknown): never => value as never;
const bare: unknown = Object.create(null);
const named = (value: unknown): string => (Object(value) === value ? JSON.stringify(value) : String(value));

const AMOUNTS = ['0.5', '', '1', [], [0.5], null, true, Symbol('half'), 10n, {}, bare, new Date(1), Number.NaN, -1];

describe.each([
  ['model', model],
  ['network', network],
] as const)('of a %s', (_, subject) => {
  const neurons = (options: object) => () => pruneNeurons(any(subject), any(options));
  const layers = (options: object) => () => pruneLayers(any(subject), any(options));

  test.each(AMOUNTS.map((amount) => [named(amount), amount] as const))('an amount of %s is none', (_, amount) => {
    for (const run of [
      neurons({ amount }),
      neurons({ amount, layer: 'one' }),
      neurons({ amount, scope: 'layer' }),
      layers({ amount }),
    ]) {
      expect(run).toThrow(ValueError);
      expect(run).toThrow('amount must be a share below 1');
    }
  });

  const WRONG = [
    Number.NaN,
    0.5,
    -0.5,
    99,
    -99,
    Infinity,
    '0',
    'nothing',
    null,
    [0],
    [],
    0n,
    Symbol('one'),
    bare,
    true,
  ];
  test.each(WRONG.map((layer) => [named(layer), layer] as const))('%s is no layer', (_, layer) => {
    for (const run of [neurons({ amount: 1, layer }), layers({ layers: [layer] })]) {
      expect(run).toThrow(ValueError);
      expect(run).toThrow('must be one of one, two, three');
    }
  });

  test('layers go by name, and by index from both ends', () => {
    const shapes = (layer: string | number): unknown[] => {
      const left = pruneNeurons(any(subject), { amount: 2, layer }) as Model | Network;
      return [...('nodes' in left ? left : toNetwork(left)).weights.values()].map(({ shape }) => [...shape]);
    };
    expect(shapes('two')).toContainEqual([6, 4]);
    expect(shapes(1)).toEqual(shapes('two'));
    expect(shapes(-3)).toEqual(shapes('two'));
  });

  const CRITERIA = [null, bare, [], ['magnitude'], Symbol('l2'), 5n, 7, true, {}, 'toString', 'magnitud'];
  test.each(CRITERIA.map((criterion) => [named(criterion), criterion] as const))(
    '%s is no criterion',
    (_, criterion) => {
      for (const run of [
        neurons({ amount: 1, criterion }),
        layers({ amount: 1, criterion }),
        () => weightScores(any(subject), any({ criterion })),
      ]) {
        expect(run).toThrow(ValueError);
        expect(run).toThrow('criterion must be ');
      }
    },
  );
});

test('a layer of a model is asked for by a name or an integer', () => {
  for (const which of [Number.NaN, 0.5, null, '0', bare, Symbol('one')])
    expect(() => model.layer(any(which))).toThrow('the layer must be one of one, two, three, last');
  expect([model.layer(0), model.layer(-1), model.layer('two')].map(({ name }) => name)).toEqual(['one', 'last', 'two']);
});

describe('what takes a model', () => {
  const WRONG = [network, null, undefined, 5, 'model', {}, [], bare, Symbol('model'), Sequential, model.layers[0]];
  const takers: Record<string, (subject: never) => unknown> = {
    cloneModel,
    outputsOf,
    saveModel,
    toNetwork,
    lotteryTicket: (subject) => lotteryTicket(subject, () => 0, { sparsity: 0.5 }),
    'distill, a student': (student) => distill({ teacher: model, student, x: any([[1]]), y: any([1]) }),
  };
  test.each(Object.keys(takers))('says so: %s', (name) => {
    for (const subject of WRONG) {
      expect(() => takers[name]!(any(subject))).toThrow(ValueError);
      expect(() => takers[name]!(any(subject))).toThrow(/must be a model of layers/);
    }
  });

  test('says so: gpuTrain', async () => {
    for (const subject of WRONG)
      await expect(gpuTrain(any(subject), any([[1]]), any([1]))).rejects.toThrow(/must be a model of layers/);
  });

  test('or a network says so: compileInference', () => {
    for (const subject of WRONG.slice(1))
      expect(() => compileInference(any(subject))).toThrow(/must be a model of layers/);
    const x = new Float32Array(6).fill(0.5);
    const results = [model, network].map((subject) => Array.from(compileInference(subject).run([x], 1)[0]!));
    expect(results[0]).toEqual(results[1]);
    expect(values(model.weights[0]!)).toHaveLength(36);
  });

  test('or a network says so: distill, a teacher', () => {
    for (const teacher of WRONG.slice(1)) {
      const run = (): unknown => distill({ teacher: any(teacher), student: model, x: any([[1]]), y: any([1]) });
      expect(run).toThrow(ValueError);
      expect(run).toThrow(/^distill: (teacher|the network)/);
    }
  });

  test('latencies are of a list', () => {
    for (const subject of [network, null, 5, bare])
      expect(() => latencies(any(subject), { batchSize: 1 })).toThrow('latencies: the networks must be a list');
  });
});
