import { describe, expect, test } from 'vitest';
import {
  Adagrad,
  Adam,
  AdamW,
  binaryCrossentropy,
  Dense,
  DTypeError,
  type FloatDType,
  fromData,
  type Optimizer,
  parameter,
  RMSprop,
  Sequential,
  SGD,
  ShapeError,
  StateError,
  type Tensor,
  ValueError,
  zeros,
} from '../../src/index.ts';
import { isNamedOptimizer, optimizerByName, optimizerOf } from '../../src/nn/optimizers.ts';
import { expectClose, of } from './tools.ts';

interface Row {
  readonly make: (options?: object) => Optimizer;
  /** What `config` tells of the defaults, but for the name. */
  readonly defaults: Readonly<Record<string, number | boolean | string>>;
  /** Other values of all options. */
  readonly others: Readonly<Record<string, number | boolean | string>>;
}

const common = { learningRate: 0.25, clipNorm: 2, globalClipNorm: 3, clipValue: 4 };
const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, epsilonMode: 'hat', amsgrad: false };
const otherAdam = { beta1: 0, beta2: 0, epsilon: 0.5, epsilonMode: 'paper', amsgrad: true };
const ROWS: Readonly<Record<string, Row>> = {
  SGD: {
    make: (options) => new SGD(options),
    defaults: { learningRate: 0.01, momentum: 0, nesterov: false },
    others: { ...common, momentum: 0.5, nesterov: true },
  },
  Adam: {
    make: (options) => new Adam(options),
    defaults: { learningRate: 0.001, ...adam, weightDecay: 0 },
    others: { ...common, ...otherAdam, weightDecay: 2 },
  },
  AdamW: {
    make: (options) => new AdamW(options),
    defaults: { learningRate: 0.001, ...adam, weightDecay: 0.004 },
    others: { ...common, ...otherAdam, weightDecay: 0 },
  },
  RMSprop: {
    make: (options) => new RMSprop(options),
    defaults: { learningRate: 0.001, rho: 0.9, momentum: 0, epsilon: 1e-7 },
    others: { ...common, rho: 0, momentum: 0.5, epsilon: 0.5 },
  },
  Adagrad: {
    make: (options) => new Adagrad(options),
    defaults: { learningRate: 0.001, initialAccumulator: 0.1, epsilon: 1e-7 },
    others: { ...common, initialAccumulator: 0, epsilon: 0.5 },
  },
};
const names = Object.keys(ROWS);

/** Which numbers an option may be: a bound that is allowed, and those that are not. */
const POSITIVE = { allowed: [1e-9, 5], refused: [0, -1], words: 'positive' };
const RATE = { allowed: [0, 0.999], refused: [1, -0.1], words: 'in [0, 1)' };
const NOT_NEGATIVE = { allowed: [0, 5], refused: [-1e-9], words: 'at least 0' };
const RANGES: Readonly<Record<string, typeof POSITIVE>> = {
  learningRate: POSITIVE,
  clipNorm: POSITIVE,
  globalClipNorm: POSITIVE,
  clipValue: POSITIVE,
  beta1: RATE,
  beta2: RATE,
  rho: RATE,
  momentum: RATE,
  initialAccumulator: NOT_NEGATIVE,
  epsilon: POSITIVE,
  weightDecay: NOT_NEGATIVE,
};

describe.each(names)('%s', (name) => {
  const { make, defaults, others } = ROWS[name]!;

  test('tells its defaults, every option that it was given, and is made again of what it tells', () => {
    expect(make().config()).toEqual({ name, ...defaults });
    for (const [option, value] of Object.entries(others))
      expect(make({ [option]: value }).config()).toEqual({ name, ...defaults, [option]: value });
    const all = make(others);
    expect(all.config()).toEqual({ name, ...others });
    const { name: _, ...options } = all.config();
    const again = optimizerByName(name, options);
    expect(again.config()).toEqual(all.config());
    expect(again.constructor).toBe(all.constructor);
    expect(isNamedOptimizer(again)).toBe(true);
  });

  test('tells a rate that was set, 0 too, and is made again with it', () => {
    const optimizer = make();
    optimizer.learningRate = 0;
    const { name: _, ...options } = optimizer.config();
    expect([options.learningRate, optimizerByName(name, options).learningRate]).toEqual([0, 0]);
    expect(() => {
      optimizer.learningRate = -1;
    }).toThrow(`${name}: learningRate must be at least 0, got -1`);
    expect(optimizer.learningRate).toBe(0);
  });

  test.each(Object.keys(others).filter((option) => option in RANGES))('keeps %s in its range', (option) => {
    const { allowed, refused, words } = RANGES[option]!;
    for (const value of allowed) expect(make({ [option]: value }).config()[option]).toBe(value);
    for (const value of [...refused, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => make({ [option]: value })).toThrow(ValueError);
      expect(() => make({ [option]: value })).toThrow(`${name}: ${option} must be ${words}, got ${value}`);
    }
  });

  test('names itself and shows what came first where gradients or a state do not fit', () => {
    const optimizer = make();
    const p = parameter(of([1, 2], [2]));
    const state = { scalars: {}, slots: [] };
    const cases: [() => unknown, new (...args: never[]) => Error, string][] = [
      [() => optimizer.apply([p, p], [p]), StateError, 'got 1 gradients for 2 parameters'],
      [
        () => optimizer.apply([p], [zeros([2], 'float32')]),
        DTypeError,
        'a parameter and its gradient must be floats of one type, got float64 and float32',
      ],
      [
        () => optimizer.apply([fromData(Int32Array.of(1))], [fromData(Int32Array.of(1))]),
        DTypeError,
        'a parameter and its gradient must be floats of one type, got int32 and int32',
      ],
      [
        () => optimizer.apply([p], [zeros([3], 'float64')]),
        ShapeError,
        'a parameter and its gradient differ, got [2] and [3]',
      ],
      [() => optimizer.restore([p], state), StateError, 'the state is of 0 parameters, the model has 1'],
    ];
    for (const [use, kind, message] of cases) {
      expect(use).toThrow(kind);
      expect(use).toThrow(`${name}: ${message}`);
    }
    expect([[...p.data], optimizer.iterations]).toEqual([[1, 2], 0]);
  });

  test('moves parameters of both float types in one step as each by itself', () => {
    for (const options of [{}, { ...others, globalClipNorm: undefined }]) {
      const types: FloatDType[] = ['float32', 'float64', 'float32'];
      const ps = types.map((dtype) => parameter(of([1, -2], [2], dtype)));
      const together = make(options);
      const apart = types.map((dtype) => ({ p: parameter(of([1, -2], [2], dtype)), optimizer: make(options) }));
      for (const values of [
        [3, -0.5],
        [-1, 0.25],
      ]) {
        together.apply(
          ps,
          types.map((dtype) => of(values, [2], dtype)),
        );
        for (const { p, optimizer } of apart) optimizer.apply([p], [of(values, [2], p.dtype as FloatDType)]);
      }
      expect(ps.map(({ data }) => [...data])).toEqual(apart.map(({ p }) => [...p.data]));
      expect(ps[0]!.data).not.toEqual(of([1, -2], [2], 'float32').data);
    }
  });

  test('steps of no parameters count', () => {
    const optimizer = make(others);
    optimizer.apply([], []);
    expect(optimizer.iterations).toBe(1);
  });

  test('gradients of 0 move nothing but by decay, clipped in every way', () => {
    const optimizer = make(others);
    const p = parameter(of([1, -2], [2]));
    optimizer.apply([p], [zeros([2], 'float64')]);
    const kept = name === 'Adam' ? 1 - 0.25 * 2 : 1;
    expect([...p.data]).toEqual([kept, -2 * kept]);
  });

  test('a state that does not fit is told by the number of the parameter and the name of the slot', () => {
    const optimizer = make(others);
    const ps = [1, 2].map((v) => parameter(of([v, v], [2])));
    const ones = (dtype: FloatDType, size: number): Tensor => of(Array(size).fill(1), [size], dtype);
    optimizer.apply(ps, [ones('float64', 2), ones('float64', 2)]);
    const before = optimizer.state(ps);
    const [first, second] = before.slots as [Record<string, Tensor>, Record<string, Tensor>];
    for (const slot of Object.keys(second)) {
      for (const bad of [undefined, ones('float32', 2), ones('float64', 3)]) {
        const { [slot]: _, ...rest } = second;
        const broken = bad === undefined ? rest : { ...rest, [slot]: bad };
        // Without a single slot it is a parameter that has made no step.
        if (Object.keys(broken).length === 0) continue;
        expect(() => optimizer.restore(ps, { scalars: {}, slots: [first, broken] })).toThrow(
          `${name}: the state has no fitting ${slot} for parameter 1`,
        );
        expect(optimizer.state(ps)).toEqual(before);
      }
    }
  });
});

test('an optimizer by its name, in any case, has the default options; another name is shown as it came', () => {
  for (const [choice, name] of [
    ['sgd', 'SGD'],
    ['adam', 'Adam'],
    ['adamW', 'AdamW'],
    ['rmsprop', 'RMSprop'],
    ['adagrad', 'Adagrad'],
  ] as const) {
    expect(optimizerOf(choice).config()).toEqual({ name, ...ROWS[name]!.defaults });
  }
  expect(() => optimizerOf('SGDx' as 'sgd')).toThrow(
    'compile: optimizer must be sgd, adam, adamW, rmsprop or adagrad, got "SGDx"',
  );
  const model = new Sequential([new Dense(1)]);
  model.compile({ loss: 'mse' });
  expect(model.optimizer.config()).toEqual(new RMSprop().config());
});

test('an optimizer of a class derived from one of the library is not known by name', () => {
  class Mine extends SGD {}
  expect(isNamedOptimizer(new Mine())).toBe(false);
});

test('an epsilonMode that is none is refused by name', () => {
  for (const [name, make] of [
    ['Adam', (o: object) => new Adam(o)],
    ['AdamW', (o: object) => new AdamW(o)],
  ] as const)
    expect(() => make({ epsilonMode: 'Hat' })).toThrow(`${name}: epsilonMode must be hat or paper, got "Hat"`);
});

test('a flag that is none is refused by name, also of a loss and of compile', () => {
  const model = new Sequential([new Dense(1)]);
  const cases: [string, (flag: boolean) => unknown][] = [
    ['SGD: nesterov', (nesterov) => new SGD({ nesterov })],
    ['AdamW: amsgrad', (amsgrad) => new AdamW({ amsgrad })],
    ['binaryCrossentropy: fromLogits', (fromLogits) => binaryCrossentropy({ fromLogits })],
    ['compile: replay', (replay) => model.compile({ loss: 'mse', replay })],
  ];
  for (const [what, use] of cases) {
    for (const flag of [true, false]) use(flag);
    for (const bad of ['no', 0, null])
      expect(() => use(bad as unknown as boolean)).toThrow(`${what} must be true or false, got `);
  }
});

test('a state with scalars of another kind is refused, and nothing is changed', () => {
  const p = parameter(of([1], [1]));
  const optimizer = new Adam();
  optimizer.apply([p], [of([1], [1])]);
  const before = optimizer.state([p]);
  const { scalars, slots } = before;
  const bad: [object, RegExp][] = [
    [{ ...scalars, power1: undefined }, /scalars\.power1 must be between 0 and 1, got undefined/],
    [{ ...scalars, power2: 1.5 }, /scalars\.power2 must be between 0 and 1/],
    [{ ...scalars, iterations: 0.5 }, /scalars\.iterations must be an integer of at least 0/],
    [{ ...scalars, stray: 1 }, /keeps no stray/],
    [{}, /scalars\.iterations/],
  ];
  for (const [changed, message] of bad)
    expect(() => optimizer.restore([p], { slots, scalars: changed as typeof scalars })).toThrow(message);
  const stray = [{ ...slots[0], vMax: of([1], [1]) }];
  expect(() => optimizer.restore([p], { scalars, slots: stray })).toThrow('keeps no vMax, which the state has for');
  expect(optimizer.state([p])).toEqual(before);
});

test.each([0, 3])('the accumulator of Adagrad begins at %s', (initialAccumulator) => {
  const p = parameter(of([1, 1], [2]));
  new Adagrad({ initialAccumulator, learningRate: 0.5 }).apply([p], [of([1, -2], [2])]);
  const moved = [1, -2].map((g) => 1 - (0.5 * g) / Math.sqrt(initialAccumulator + g * g));
  expectClose(p.data, moved, 1e-6);
});

test('a schedule is asked for the step to come, from 0, once the rate is read', () => {
  const p = parameter(of([1], [1]));
  const optimizer = new SGD({ learningRate: (step) => (step + 1) / 8 });
  const seen: number[] = [];
  for (let i = 0; i < 3; i++) {
    seen.push(optimizer.learningRate);
    optimizer.apply([p], [of([1], [1])]);
  }
  expect(seen).toEqual([0.125, 0.25, 0.375]);
  expect(p.data[0]).toBe(1 - 0.75);
});
