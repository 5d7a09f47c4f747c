import { describe, expect, test } from 'vitest';
import {
  Adam,
  type Constraint,
  cloneModel,
  Dense,
  digest,
  encodeNetwork,
  fromData,
  loadModel,
  maxNorm,
  minMaxNorm,
  mul,
  nonNegative,
  Parameter,
  parameter,
  prune,
  Sequential,
  SGD,
  saveModel,
  sum,
  type Tensor,
  tensor,
  toNetwork,
  unitNorm,
} from '../../src/index.ts';
import { expectClose, list, noise, of } from './tools.ts';

const EPSILON = 1e-7;
const any = (value: unknown): never => value as never;

/** w [rows, cols] with each column, or each row, times what `factor` says of its norm. */
function byNorm(
  w: readonly number[],
  [rows, cols]: readonly [number, number],
  axis: 0 | 1,
  factor: (n: number) => number,
) {
  const norms = Array.from({ length: axis === 0 ? cols : rows }, (_, unit) =>
    Math.sqrt(
      w.reduce(
        (total, value, i) => ((axis === 0 ? i % cols : Math.floor(i / cols)) === unit ? total + value * value : total),
        0,
      ),
    ),
  );
  return w.map((value, i) => value * factor(norms[axis === 0 ? i % cols : Math.floor(i / cols)]!));
}

describe('values', () => {
  const draw = noise(4);
  const w = list(12, () => 3 * draw());
  const shape = [3, 4] as const;
  const clip = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

  test.each([0, 1] as const)('are those of the formulas along axis %i', (axis) => {
    const given = of(w, shape);
    const cases: [Constraint, (norm: number) => number][] = [
      [maxNorm(1.5, axis), (n) => clip(n, 0, 1.5) / (n + EPSILON)],
      [unitNorm(axis), (n) => 1 / (n + EPSILON)],
      [minMaxNorm({ min: 2, max: 2.5, rate: 0.25, axis }), (n) => (0.25 * clip(n, 2, 2.5) + 0.75 * n) / (n + EPSILON)],
    ];
    for (const [{ call, name }, factor] of cases)
      expectClose(call(given).data, byNorm(w, shape, axis, factor), 1e-14, name);
  });

  test('have defaults', () => {
    const given = of(w, shape);
    expectClose(maxNorm().call(given).data, maxNorm(2, 0).call(given).data, 0);
    expectClose(unitNorm().call(given).data, unitNorm(0).call(given).data, 0);
    const usual = minMaxNorm().call(given).data;
    expectClose(usual, minMaxNorm({ min: 0, max: 1, rate: 1, axis: 0 }).call(given).data, 0);
    expectClose(usual, maxNorm(1).call(given).data, 0);
  });

  test('a norm may go over several axes, and every axis of a bias', () => {
    const kernel = of(w, [1, 3, 2, 2]);
    expectClose(unitNorm([0, 1, 2]).call(kernel).data, unitNorm(0).call(of(w, [6, 2])).data, 0);
    expectClose(unitNorm().call(of([3, 4], [2])).data, [0.6, 0.8], 1e-7);
  });

  test('what is small enough stays nearly as it is, 0 as 0, NaN as NaN', () => {
    expectClose(maxNorm(2).call(of([0.6, 0.8], [2, 1])).data, [0.6, 0.8], 2e-7);
    for (const { call } of [maxNorm(), unitNorm(), minMaxNorm({ min: 1 })]) {
      expect([...call(of([0, 0], [2, 1])).data]).toEqual([0, 0]);
      expect([...call(of([Number.NaN, 1], [2, 1])).data]).toEqual([Number.NaN, Number.NaN]);
    }
    expect([...nonNegative().call(of([-1, 0, 2, Number.NaN], [4])).data]).toEqual([0, 0, 2, Number.NaN]);
  });

  test.each<[string, () => unknown, RegExp]>([
    ['a negative limit', () => maxNorm(-1), /maxNorm: limit must be at least 0, got -1/],
    ['a limit of NaN', () => maxNorm(Number.NaN), /limit/],
    ['an axis that is none', () => unitNorm(any('0')), /axis must be an integer or a list of them/],
    ['no axes', () => unitNorm([]), /axis/],
    ['bounds the wrong way round', () => minMaxNorm({ min: 2, max: 1 }), /max must be at least min, 2/],
    ['a rate above 1', () => minMaxNorm({ rate: 2 }), /rate must be between 0 and 1/],
    ['an option that is unknown', () => minMaxNorm(any({ maxValue: 1 })), /maxValue must be one of/],
    ['a function that is not called', () => built(any(maxNorm)), /got .*Call it: maxNorm\(\)/],
    [
      'a name',
      () => built(any('maxNorm')),
      /kernelConstraint must be one such as maxNorm\(2\).*Call the function: maxNorm\(2\)/,
    ],
    ['an axis that the kernel has not', () => built(maxNorm(1, 2)), /axis 2/],
    [
      'a result of another shape',
      () => built({ name: 'own', call: (w) => sum(w) }),
      /own of dense\/kernel gives another/,
    ],
  ])('%s is refused', (_, make, message) => expect(make).toThrow(message));
});

const built = (kernelConstraint: Constraint): Sequential =>
  new Sequential([new Dense(2, { inputShape: [3], kernelConstraint })]);

const normsOf = ({ data, shape }: Tensor): number[] =>
  Array.from({ length: shape[1]! }, (_, unit) =>
    Math.sqrt([...data].reduce((total, value, i) => (i % shape[1]! === unit ? total + value * value : total), 0)),
  );

describe('after each step', () => {
  test('the weight holds to it, and the momentum goes on as it was', () => {
    const free = parameter(of([1, 2], [2]));
    const held = new Parameter('held', parameter(of([1, 2], [2])), null, nonNegative());
    const [one, two] = [new SGD({ learningRate: 1, momentum: 0.5 }), new SGD({ learningRate: 1, momentum: 0.5 })];
    const g = of([3, 1], [2]);
    one.apply([free], [g]);
    two.apply([held], [g]);
    expect([...held.value.data]).toEqual([0, 1]);
    expect([...two.state([held]).slots[0]!.velocity!.data]).toEqual([...one.state([free]).slots[0]!.velocity!.data]);
    two.apply([held], [of([0, 0], [2])]);
    expect([...held.value.data]).toEqual([0, 0.5]);
  });

  test('a mask holds as well, and last', () => {
    const own: Constraint = { name: 'three', call: () => of([3, 3], [2]) };
    const weight = new Parameter('w', parameter(of([1, 2], [2])), null, own);
    weight.mask = fromData(Uint8Array.of(1, 0), [2], 'bool');
    new SGD().apply([weight], [of([1, 1], [2])]);
    expect([...weight.value.data]).toEqual([3, 0]);
  });

  test('minimize holds to it too; setWeights and the first weights do not', () => {
    const model = built(maxNorm(0.5));
    const given = of([1, 2, 3, 4, 5, 6], [3, 2], 'float32');
    model.setWeights([given, of([0, 0], [2], 'float32')]);
    expect([...model.weights[0]!.value.data]).toEqual([...given.data]);
    new SGD().minimize(() => sum(model.forward(tensor([[1, 1, 1]]))), model.weights);
    for (const norm of normsOf(model.weights[0]!.value)) expect(norm).toBeCloseTo(0.5, 5);
  });
});

/** A model that every constraint has a part in, pruned, with its data. */
function trained(options: { readonly replay?: boolean; readonly own?: Constraint } = {}) {
  const draw = noise(7);
  const x = tensor(Float32Array.from(list(40 * 3, draw)), { shape: [40, 3] });
  const y = tensor(Float32Array.from(list(40 * 2, () => 4 * draw())), { shape: [40, 2] });
  const model = prune(
    new Sequential(
      [
        new Dense(5, {
          inputShape: [3],
          activation: 'tanh',
          kernelConstraint: maxNorm(0.7),
          biasConstraint: nonNegative(),
        }),
        new Dense(4, { kernelConstraint: minMaxNorm({ min: 0.5, rate: 0.5 }), biasConstraint: unitNorm() }),
        new Dense(2, { kernelConstraint: options.own ?? unitNorm([0]) }),
      ],
      { seed: 3 },
    ),
    { sparsity: 0.3 },
  );
  model.compile({ optimizer: new Adam({ learningRate: 0.05 }), loss: 'mse', replay: options.replay ?? true });
  return { model, x, y };
}

describe('a model', () => {
  test('trains to the same bits step by step, recorded and in a fit', () => {
    const digests = [true, false].flatMap((replay) => {
      const one = trained({ replay });
      one.model.fit(one.x, one.y, { epochs: 6, batchSize: 40, shuffle: false });
      expect(one.model.replayStatus.isReplaying).toBe(replay);
      const two = trained({ replay });
      for (let i = 0; i < 6; i++) two.model.trainOnBatch(two.x, two.y);
      return [one.model, two.model].map((model) => model.getWeights().map((w) => [...w.data]));
    });
    for (const each of digests) expect(each).toEqual(digests[0]);
    const [kernel, bias] = digests[0]!;
    expect(kernel!.filter((w) => w === 0).length).toBeGreaterThan(0);
    for (const b of bias!) expect(b).toBeGreaterThanOrEqual(0);
    for (const norm of normsOf(tensor(Float32Array.from(kernel!), { shape: [3, 5] })))
      expect(norm).toBeLessThan(0.7 + 1e-5);
  });

  test('goes on from its file and its copy with them', () => {
    const { model, x, y } = trained();
    model.fit(x, y, { epochs: 2 });
    const loaded = loadModel(saveModel(model));
    const copy = cloneModel(model);
    expect(digest(loaded)).toBe(digest(model));
    model.fit(x, y, { epochs: 2, initialEpoch: 0 });
    loaded.fit(x, y, { epochs: 2, initialEpoch: 0 });
    expect(digest(loaded)).toBe(digest(model));
    for (const other of [loaded, copy])
      expect(other.weights.map(({ constraint }) => [constraint?.name, constraint?.options])).toEqual([
        ['maxNorm', { limit: 0.7, axis: 0 }],
        ['nonNegative', {}],
        ['minMaxNorm', { min: 0.5, max: 1, rate: 0.5, axis: 0 }],
        ['unitNorm', { axis: 0 }],
        ['unitNorm', { axis: [0] }],
        [undefined, undefined],
      ]);
  });

  test('of code of the user is eager unless it says otherwise, and is no part of a file', () => {
    const own: Constraint = { name: 'halved', call: (w) => mul(w, 0.5) };
    for (const [each, why] of [
      [own, /the constraint halved of dense_2\/kernel does not say that it is replayable/],
      [{ ...own, replayable: true }, /repeats/],
    ] as const) {
      const { model, x, y } = trained({ own: each });
      model.fit(x, y, { epochs: 5, batchSize: 40 });
      expect(model.replayStatus.reason).toMatch(why);
      expect(() => saveModel(model)).toThrow(/the constraint halved of dense_2\/kernel is code/);
      expect(loadModel(saveModel(model, { withoutCode: true })).weights[4]!.constraint).toBeNull();
      expect(cloneModel(model).weights[4]!.constraint).toBe(each);
    }
    const copy = { ...maxNorm(1), options: { limit: 9 } };
    expect(() => saveModel(trained({ own: copy }).model)).toThrow(/is code/);
  });

  test('of code of the user takes it again after loading, and goes on to the bit', () => {
    const own: Constraint = { name: 'halved', call: (w) => mul(w, 0.5), replayable: true };
    const { model, x, y } = trained({ own });
    model.fit(x, y, { epochs: 2 });
    const bytes = saveModel(model, { withoutCode: true });
    const loaded = loadModel(bytes, { constraints: { 'dense_2/kernel': own, 'dense/bias': unitNorm() } });
    expect(loaded.weights.map(({ constraint }) => constraint?.name)).toEqual([
      ...['maxNorm', 'unitNorm', 'minMaxNorm', 'unitNorm', 'halved', undefined],
    ]);
    expect(loaded.weights[4]!.constraint).toBe(own);
    const same = loadModel(bytes, { constraints: { 'dense_2/kernel': own } });
    for (const each of [model, same]) each.fit(x, y, { epochs: 2, initialEpoch: 0 });
    expect(digest(same)).toBe(digest(model));
    const plain = loadModel(encodeNetwork(toNetwork(model)), { constraints: { 'dense/kernel': nonNegative() } });
    expect(plain.weights[0]!.constraint!.name).toBe('nonNegative');
    for (const [constraints, message] of [
      [
        { 'dense_3/kernel': own },
        /^loadModel: constraints\["dense_3\/kernel"\] must be for one of the weights dense\/ker/,
      ],
      [{ 'dense/kernle': own }, /Did you mean dense\/kernel\?/],
      [{ 'dense/kernel': maxNorm }, /^constraint: that of dense\/kernel must be .* Call it: maxNorm\(\)/],
      [null, /^loadModel: constraints must be an object of them by names of weights, got null/],
    ] as const)
      expect(() => loadModel(bytes, { constraints: constraints as never })).toThrow(message);
  });
});
