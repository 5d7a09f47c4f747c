import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest';
import { FormatError, ShapeError, StateError, ValueError } from '../../src/base/errors.ts';
import * as learn from '../../src/learn/index.ts';
import { ElasticNet, Lasso, LinearRegression, lassoPath, Ridge } from '../../src/learn/index.ts';
import { tensor } from '../../src/tensor/create.ts';
import { mutants } from '../mutants.ts';
import { inputs, numbers, rows } from './linear-inputs.ts';

type Any = LinearRegression | Ridge | Lasso | ElasticNet;
/** Options, of which the compiler shall not see what they are. */
type Given = never;

const CLASSES = { LinearRegression, Ridge, Lasso, ElasticNet };
const MADE: Record<keyof typeof CLASSES, (alpha?: number) => Any> = {
  LinearRegression: () => new LinearRegression(),
  Ridge: (alpha = 0.5) => new Ridge({ alpha }),
  Lasso: (alpha = 0.05) => new Lasso({ alpha, tol: 1e-10 }),
  ElasticNet: (alpha = 0.05) => new ElasticNet({ alpha, tol: 1e-10 }),
};
const models = Object.entries(MADE) as [keyof typeof CLASSES, (alpha?: number) => Any][];
const { x, y } = inputs('plain');
const weightsOf = (model: Any): number[] => Array.from(model.coefficients.data);
const far = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));

let warn: MockInstance;
beforeEach(() => {
  warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(models)('%s', (name, make) => {
  test('predicts a float64 list, scores by R², and gives the same bits each time', () => {
    const model = make().fit(x, y);
    const predicted = model.predict(x);
    expect([predicted.shape, predicted.dtype]).toEqual([[40], 'float64']);
    const mean = (y as number[]).reduce((sum, value) => sum + value, 0) / 40;
    const squares = (of: (i: number) => number): number => x.reduce((sum, _, i) => sum + of(i) * of(i), 0);
    const left = squares((i) => (y as number[])[i]! - predicted.data[i]!);
    expect(model.score(x, y)).toBeCloseTo(1 - left / squares((i) => (y as number[])[i]! - mean), 12);
    const again = make().fit(tensor(x, { dtype: 'float64' }), Float64Array.from(y as number[]));
    expect(again.toJSON()).toEqual(model.toJSON());
    expect(model.kind).toBe('regressor');
    expect(model.coefficients.shape).toEqual([6]);
  });

  test('of y with outputs gives what each output gives by itself', () => {
    const { x, y } = inputs('outputs');
    const table = y as number[][];
    const model = make().fit(x, y);
    expect(model.coefficients.shape).toEqual([3, 6]);
    expect(model.predict(x).shape).toEqual([40, 3]);
    for (let c = 0; c < 3; c++) {
      const alone = make().fit(
        x,
        table.map((row) => row[c]!),
      );
      const own = weightsOf(model).slice(c * 6, c * 6 + 6);
      expect(far(own, weightsOf(alone))).toBeLessThan(1e-12 * (1 + Math.max(...own.map(Math.abs))));
      expect((model.intercept as number[])[c]!).toBeCloseTo(alone.intercept as number, 12);
    }
    const column = make().fit(
      x,
      table.map((row) => [row[0]!]),
    );
    expect([column.coefficients.shape, column.predict(x).shape]).toEqual([
      [1, 6],
      [40, 1],
    ]);
    expect(Array.isArray(column.intercept)).toBe(true);
  });

  test('takes whole weights for repeated samples, and 0 for a sample that is not there', () => {
    const counts = x.map((_, i) => i % 4);
    const repeated = x.flatMap((row, i) => Array.from({ length: counts[i]! }, () => row));
    const targets = (y as number[]).flatMap((value, i) => Array.from({ length: counts[i]! }, () => value));
    const weighted = make().fit(x, y, { sampleWeight: counts });
    const plain = make().fit(repeated, targets);
    expect(far(weightsOf(weighted), weightsOf(plain))).toBeLessThan(1e-9);
    expect(weighted.score(x, y, { sampleWeight: counts })).toBeCloseTo(plain.score(repeated, targets), 9);
  });

  test('has 0 for a constant column and finite coefficients for collinear ones', () => {
    const constant = make().fit(inputs('constant').x, inputs('constant').y);
    expect([weightsOf(constant)[2], weightsOf(constant)[4]]).toEqual([0, 0]);
    const same = make().fit(
      x.map((row) => [row[0]!, row[0]!, row[1]!]),
      y,
    );
    const [a, b] = weightsOf(same) as [number, number];
    if (name === 'Lasso')
      expect(Math.abs(b)).toBeLessThan(1e-12); // at the edge of 0, to rounding
    else expect(Math.abs(a - b)).toBeLessThan(1e-6);
  });

  test('of one sample predicts its target, and of constant targets these', () => {
    const one = make().fit([[1, 2]], [7]);
    expect([...one.predict([[3, 4]]).data, one.score([[1, 2]], [7]), one.score([[1, 2]], [8])]).toEqual([7, 1, 0]);
    const constant = make().fit(
      x,
      (y as number[]).map(() => 0.1),
    );
    expect(weightsOf(constant)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(constant.intercept).toBe(0.1);
    expect(constant.score(x, new Array(40).fill(0.1))).toBe(1);
    expect(warn).not.toHaveBeenCalled();
  });

  test('without an intercept goes through 0', () => {
    const model = new CLASSES[name]({ fitIntercept: false }).fit(x, y);
    expect([model.intercept, ...model.predict([[0, 0, 0, 0, 0, 0]]).data]).toEqual([0, 0]);
    expect(model.options.fitIntercept).toBe(false);
  });

  test('goes through JSON to the bit, and begins anew as a clone', () => {
    for (const kind of ['plain', 'outputs', 'wide']) {
      const data = inputs(kind);
      const model = make().fit(data.x, data.y);
      const text = JSON.stringify(model);
      const back = CLASSES[name].fromJSON(JSON.parse(text));
      expect(JSON.stringify(back)).toBe(text);
      expect(back.predict(data.x).data).toEqual(model.predict(data.x).data);
      expect(back.options).toEqual(model.options);
      if (back instanceof Lasso && model instanceof Lasso)
        expect([back.iterations, back.dualGap, back.converged]).toEqual([model.iterations, model.dualGap, true]);
      const clone = model.clone();
      expect(clone).toBeInstanceOf(CLASSES[name]);
      expect(clone.options).toEqual(model.options);
      expect(() => clone.predict(data.x)).toThrow(StateError);
    }
  });

  test('refuses JSON that is none, with the field', () => {
    const json = JSON.parse(JSON.stringify(make().fit(inputs('outputs').x, inputs('outputs').y))) as object;
    const refused = (given: unknown): FormatError => {
      try {
        CLASSES[name].fromJSON(given);
      } catch (error) {
        if (error instanceof FormatError) return error;
        throw error;
      }
      return expect.fail(`taken: ${JSON.stringify(given)}`);
    };
    const wrong: [object, string][] = [
      [{ type: 'Other' }, 'type'],
      [{ extra: 1 }, 'extra'],
      [{ options: [] }, 'options'],
      [{ options: { nonsense: 1 } }, 'options'],
      [{ options: { fitIntercept: 1 } }, 'options'],
      [{ coefficients: null }, 'coefficients'],
      [{ coefficients: [] }, 'coefficients'],
      [{ coefficients: [[]] }, 'coefficients'],
      [{ coefficients: [[1, 2], [1], [1, 2]] }, 'coefficients'],
      [{ coefficients: [[1], [null], [1]] }, 'coefficients'],
      [{ coefficients: [[1], 2, [1]] }, 'coefficients'],
      [{ intercept: [1] }, 'intercept'],
      [{ intercept: 1 }, 'intercept'],
      [{ intercept: [1, 2, Infinity] }, 'intercept'],
      [{ figures: null }, 'figures'],
      [{ figures: { nonsense: [1, 1, 1] } }, 'nonsense'],
    ];
    for (const [change, field] of wrong)
      expect(refused({ ...json, ...change }).field, JSON.stringify(change)).toBe(field);
    for (const given of [null, 3, 'x', [], undefined]) expect(refused(given).field).toBe('type');
    if (name !== 'Ridge') {
      expect(refused({ ...json, figures: {} }).field).toBe('iterations');
      const figures = { ...(json as { figures: object }).figures, iterations: [1, -1, 1] };
      expect(refused({ ...json, figures }).field).toBe('iterations');
      expect(refused({ ...json, figures: { ...(json as { figures: object }).figures, converged: [1] } }).field).toBe(
        'converged',
      );
    }
    // What is cut or changed somewhere is refused as a file, or is another model; nothing else is thrown.
    for (const { text } of mutants(json)) {
      try {
        expect(CLASSES[name].fromJSON(JSON.parse(text)).predict(x).size).toBeGreaterThan(0);
      } catch (error) {
        if (!(error instanceof ShapeError)) expect(error).toBeInstanceOf(FormatError);
      }
    }
  });

  test('says that it is not fitted', () => {
    for (const ask of [
      (model: Any) => model.predict(x),
      (model: Any) => model.score(x, y),
      (model: Any) => model.coefficients,
      (model: Any) => model.intercept,
      (model: Any) => model.toJSON(),
    ]) {
      expect(() => ask(make())).toThrow(StateError);
      expect(() => ask(make())).toThrow(new RegExp(`^${name}\\.\\w+: is not fitted. Call fit\\(\\) first`));
    }
  });

  test('refuses wrong samples, and stays as it was', () => {
    const model = make().fit(x, y);
    const before = JSON.stringify(model);
    const wrong: [() => unknown, typeof ShapeError | typeof ValueError][] = [
      [() => model.fit([1, 2], [1, 2]), ShapeError],
      [() => model.fit([], []), ShapeError],
      [() => model.fit(x, [1, 2]), ShapeError],
      [() => model.fit([[Number.NaN]], [1]), ValueError],
      [() => model.fit([[1]], [Infinity]), ValueError],
      [() => model.fit(x, y, { sampleWeight: [1] }), ShapeError],
      [() => model.fit(x, y, { sampleWeight: x.map(() => 0) }), ValueError],
      [() => model.fit(x, y, { sampleWeight: x.map((_, i) => i - 1) }), ValueError],
      [() => model.fit(x, y, { weights: [1] } as Given), ValueError],
      [
        () =>
          model.fit(
            rows(3, 5, 2).map((row) => row.map((value) => value * 1e200)),
            numbers(4, 5),
          ),
        ValueError,
      ],
      [() => model.predict([[1, 2]]), ShapeError],
      [() => model.score(x, inputs('outputs').y), ShapeError],
      [() => model.score(x, y, { weights: [1] } as Given), ValueError],
    ];
    for (const [call, error] of wrong) expect(call).toThrow(error);
    expect(JSON.stringify(model)).toBe(before);
    model.coefficients.data.fill(0);
    expect(JSON.stringify(model)).toBe(before);
  });

  test('refuses unknown and wrong options', () => {
    const Class = CLASSES[name];
    expect(() => new Class({ nonsense: 1 } as Given)).toThrow(/nonsense must be one of the options/);
    expect(() => new Class(3 as Given)).toThrow(/options must be an object of/);
    expect(() => new Class({ fitIntercept: 0 } as Given)).toThrow(/fitIntercept must be true or false/);
    const wrong: object[] =
      name === 'LinearRegression'
        ? [{ solver: 'sgd' }, { learningRate: 0 }, { learningRate: 'x' }, { maxIter: 0 }, { tol: -1 }]
        : [{ alpha: -1 }, { alpha: Number.NaN }, { alpha: '1' }];
    if (name === 'Ridge') wrong.push({ alpha: [] }, { alpha: [1, -1] }, { solver: 'svd' });
    if (name === 'Lasso' || name === 'ElasticNet')
      wrong.push({ maxIter: 1.5 }, { tol: -1 }, { positive: 1 }, { selection: 'none' }, { seed: -1 });
    if (name === 'ElasticNet') wrong.push({ l1Ratio: 1.1 }, { l1Ratio: -0.1 });
    for (const options of wrong) expect(() => new Class(options as Given), JSON.stringify(options)).toThrow(ValueError);
  });
});

describe('LinearRegression by gradient descent', () => {
  test('arrives at the closed form, and says after how many steps', () => {
    for (const kind of ['plain', 'outputs', 'weighted', 'wide', 'constant']) {
      const { x, y, weights } = inputs(kind);
      const options = weights === undefined ? {} : { sampleWeight: weights };
      const exact = new LinearRegression().fit(x, y, options);
      const found = new LinearRegression({ solver: 'gradient', tol: 1e-12, maxIter: 100000 }).fit(x, y, options);
      expect(found.converged).toBe(true);
      expect(found.iterations).toBeGreaterThan(1);
      expect(far(weightsOf(found), weightsOf(exact))).toBeLessThan(1e-8);
      expect([exact.iterations, exact.converged]).toEqual([0, true]);
    }
    expect(warn).not.toHaveBeenCalled();
  });

  test('with one feature and the learning rate 1 by its variance takes one step', () => {
    const line = [[0], [1], [2], [3]];
    const model = new LinearRegression({ solver: 'gradient', learningRate: 0.8 }).fit(line, [1, 3, 5, 7]);
    expect([model.iterations, ...weightsOf(model), model.intercept]).toEqual([1, 2, 1]);
    const short = new LinearRegression({ solver: 'gradient', learningRate: 0.2, maxIter: 1 }).fit(line, [1, 3, 5, 7]);
    expect(weightsOf(short)[0]).toBeCloseTo(2 * 0.2 * 1.25, 15);
  });

  test('takes the same steps whatever size all weights have', () => {
    const options = { solver: 'gradient', learningRate: 0.5, tol: 1e-9 } as const;
    const plain = new LinearRegression(options).fit(x, y);
    const heavy = new LinearRegression(options).fit(x, y, { sampleWeight: x.map(() => 4) });
    expect(heavy.iterations).toBe(plain.iterations);
    expect(far(weightsOf(heavy), weightsOf(plain))).toBeLessThan(1e-12);
  });

  test('says where it ended too early, and which learning rate is too large', () => {
    const model = new LinearRegression({ solver: 'gradient', maxIter: 3 }).fit(x, y);
    expect([model.iterations, model.converged]).toEqual([3, false]);
    expect(warn.mock.calls).toEqual([
      [
        'LinearRegression.fit: gradient descent did not get below tol in 3 steps. Raise maxIter, or scale the features, as with StandardScaler',
      ],
    ]);
    const fast = new LinearRegression({ solver: 'gradient', learningRate: 1.7 });
    expect(() => fast.fit([[0], [1], [2], [3]], [1, 3, 5, 7])).toThrow(
      'LinearRegression.fit: learningRate must be below 1.60 for these samples, got 1.7',
    );
  });
});

describe('Ridge', () => {
  test('with alpha 0 is LinearRegression, also of collinear and of wide samples', () => {
    for (const kind of ['plain', 'collinear', 'wide', 'constant']) {
      const { x, y } = inputs(kind);
      const plain = new LinearRegression().fit(x, y);
      expect(weightsOf(new Ridge({ alpha: 0 }).fit(x, y))).toEqual(weightsOf(plain));
    }
  });

  test('solves its own normal equations, wide and long, and comes to LinearRegression as alpha goes to 0', () => {
    for (const kind of ['plain', 'wide', 'collinear']) {
      const { x, y } = inputs(kind);
      const model = new Ridge({ alpha: 2 }).fit(x, y);
      const errors = Array.from(model.predict(x).data, (value, i) => (y as number[])[i]! - value);
      weightsOf(model).forEach((w, j) => {
        const slope = x.reduce((sum, row, i) => sum + row[j]! * errors[i]!, 0);
        expect(slope).toBeCloseTo(2 * w, 11);
      });
      const near = new Ridge({ alpha: 1e-9 }).fit(x, y);
      expect(far(weightsOf(near), weightsOf(new LinearRegression().fit(x, y)))).toBeLessThan(1e-7);
    }
  });

  test('takes one alpha for each output, and says how many there have to be', () => {
    const { x, y } = inputs('outputs');
    expect(() => new Ridge({ alpha: [1, 2] }).fit(x, y)).toThrow(
      /alpha must be a number, or one for each of 3 outputs/,
    );
    const given = [1, 2, 3];
    const model = new Ridge({ alpha: given });
    given[0] = 100;
    expect(model.options.alpha).toEqual([1, 2, 3]);
  });
});

describe('Lasso and ElasticNet', () => {
  /** The objective of ElasticNet, as scikit-learn writes it. */
  const objective = (model: Lasso | ElasticNet, w: number[], b: number, share: number): number => {
    const { alpha } = model.options;
    const squares = x.reduce((sum, row, i) => {
      const error = (y as number[])[i]! - b - row.reduce((total, value, j) => total + value * w[j]!, 0);
      return sum + error * error;
    }, 0);
    const absolute = w.reduce((sum, value) => sum + Math.abs(value), 0);
    const l2 = w.reduce((sum, value) => sum + value * value, 0);
    return squares / 80 + alpha * share * absolute + (alpha * (1 - share) * l2) / 2;
  };

  test.each([1, 0.9, 0.5, 0.1])('no coefficient moved a little lowers the objective, for l1Ratio %d', (share) => {
    const model = share === 1 ? new Lasso({ alpha: 0.1, tol: 1e-12 }) : new ElasticNet({ l1Ratio: share, tol: 1e-12 });
    model.fit(x, y);
    const w = weightsOf(model);
    const b = model.intercept as number;
    const least = objective(model, w, b, share);
    for (let j = 0; j < 6; j++)
      for (const step of [1e-4, -1e-4]) {
        const moved = w.map((value, i) => (i === j ? value + step : value));
        expect(objective(model, moved, b, share)).toBeGreaterThan(least);
      }
    for (const step of [1e-4, -1e-4]) expect(objective(model, w, b + step, share)).toBeGreaterThan(least);
  });

  test('the gap bounds how far the objective is above the least, and shrinks with tol', () => {
    const best = new Lasso({ alpha: 0.05, tol: 1e-13 }).fit(x, y);
    const least = objective(best, weightsOf(best), best.intercept as number, 1);
    let before = Infinity;
    for (const tol of [1e-1, 1e-3, 1e-5]) {
      const model = new Lasso({ alpha: 0.05, tol }).fit(x, y);
      const above = objective(model, weightsOf(model), model.intercept as number, 1) - least;
      expect(above).toBeLessThanOrEqual((model.dualGap as number) + 1e-13);
      expect(model.dualGap as number).toBeLessThan(before);
      before = model.dualGap as number;
    }
  });

  test('the two forms of the descent are the same: by a Gram matrix, and by residuals where features are many', () => {
    // 60 samples of 40 features have a Gram matrix; with 30 columns of 0 more, which change nothing, they have none.
    const few = rows(21, 60, 40);
    const targets = few.map((row, i) => row[0]! - 2 * row[5]! + row[11]! + 0.1 * numbers(22, 60)[i]!);
    const many = few.map((row) => [...row, ...new Array<number>(30).fill(0)]);
    for (const options of [
      { alpha: 0.02 },
      { alpha: 0.005, positive: true },
      { alpha: 0.02, selection: 'random' as const },
    ]) {
      const a = new Lasso({ ...options, tol: 1e-12, maxIter: 100000 }).fit(few, targets);
      const b = new Lasso({ ...options, tol: 1e-12, maxIter: 100000 }).fit(many, targets);
      const w = weightsOf(a);
      expect(far(w, weightsOf(b))).toBeLessThan(1e-8);
      expect(w.map((value) => value === 0)).toEqual(
        weightsOf(b)
          .slice(0, 40)
          .map((value) => value === 0),
      );
      expect(w.filter((value) => value === 0).length).toBeGreaterThan(5);
      if (options.positive) expect(Math.min(...w)).toBe(0);
    }
  });

  test('in random order arrive at the same, for each seed in its own number of rounds and always the same', () => {
    const cyclic = new Lasso({ alpha: 0.02, tol: 1e-12 }).fit(x, y);
    const random = [1, 2, 3].map((seed) => new Lasso({ alpha: 0.02, tol: 1e-12, selection: 'random', seed }).fit(x, y));
    for (const model of random) expect(far(weightsOf(model), weightsOf(cyclic))).toBeLessThan(1e-9);
    expect(weightsOf(random[0]!.clone().fit(x, y))).toEqual(weightsOf(random[0]!));
    expect(random.some((model) => weightsOf(model).some((value, j) => value !== weightsOf(cyclic)[j]))).toBe(true);
  });

  test('without absolute values in the penalty are the closed form', () => {
    const { x, y } = inputs('outputs');
    const plain = new LinearRegression().fit(x, y);
    const lasso = new Lasso({ alpha: 0 }).fit(x, y);
    expect(weightsOf(lasso)).toEqual(weightsOf(plain));
    expect([lasso.iterations, lasso.dualGap, lasso.converged]).toEqual([[0, 0, 0], [0, 0, 0], true]);
    const net = new ElasticNet({ alpha: 0.5, l1Ratio: 0 }).fit(x, y);
    expect(far(weightsOf(net), weightsOf(new Ridge({ alpha: 20 }).fit(x, y)))).toBeLessThan(1e-12);
    expect(new ElasticNet({ l1Ratio: 1, alpha: 0.1 }).fit(x, y).coefficients.data).toEqual(
      new Lasso({ alpha: 0.1 }).fit(x, y).coefficients.data,
    );
    expect(() => new Lasso({ alpha: 0, positive: true }).fit(x, y)).toThrow(/must be positive where coefficients/);
  });

  test('say once, in one sentence, that they did not converge', () => {
    const { x, y } = inputs('outputs');
    const model = new ElasticNet({ alpha: 1e-4, tol: 1e-12, maxIter: 2 }).fit(x, y);
    expect([model.converged, model.iterations]).toEqual([false, [2, 2, 2]]);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]![0]).toMatch(
      /^ElasticNet\.fit: coordinate descent did not converge: the duality gap is still [\d.e+-]+ after 2 rounds\. Raise maxIter or alpha, or scale the features$/,
    );
  });
});

describe('lassoPath', () => {
  test('begins where all coefficients are 0 and has what Lasso has for each alpha', () => {
    const path = lassoPath(x, y, { alphas: 8, tol: 1e-11, epsilon: 0.01 });
    expect(path.coefficients.shape).toEqual([6, 8]);
    const w = path.coefficients.toArray() as number[][];
    expect(w.map((row) => row[0])).toEqual([0, 0, 0, 0, 0, 0]);
    expect(path.alphas[7]! / path.alphas[0]!).toBeCloseTo(0.01, 14);
    expect(path.converged).toBe(true);
    let rounds = 0;
    path.alphas.forEach((alpha, a) => {
      const model = new Lasso({ alpha, tol: 1e-11 }).fit(x, y);
      rounds += model.iterations as number;
      expect(
        far(
          w.map((row) => row[a]!),
          weightsOf(model),
        ),
      ).toBeLessThan(1e-7);
      expect(path.intercepts[a]!).toBeCloseTo(model.intercept as number, 7);
      expect(path.dualGaps[a]!).toBeLessThan(1e-9);
    });
    // Each alpha begins at the one before.
    expect(path.iterations.reduce((sum, each) => sum + each, 0)).toBeLessThan(rounds);
    expect(w.flatMap((row) => row.filter((_, a) => a === 1)).filter((value) => value !== 0).length).toBeLessThan(3);
  });

  test('takes a list of alphas in any order, one of them, and targets that no feature has to do with', () => {
    const path = lassoPath(x, y, { alphas: [0.01, 0.5, 0.1] });
    expect(path.alphas).toEqual([0.5, 0.1, 0.01]);
    expect(lassoPath(x, y, { alphas: 1 }).alphas).toHaveLength(1);
    const nothing = lassoPath(
      x,
      x.map(() => 3),
      { alphas: 2 },
    );
    expect([...nothing.coefficients.data].every((value) => value === 0)).toBe(true);
    expect([nothing.intercepts, nothing.converged]).toEqual([[3, 3], true]);
    expect(lassoPath(x, y, { alphas: [0.5], fitIntercept: false }).intercepts).toEqual([0]);
  });

  test('refuses wrong options and targets', () => {
    for (const options of [{ alphas: 0 }, { alphas: [] }, { alphas: [0] }, { epsilon: 1 }, { epsilon: 0 }, { tol: -1 }])
      expect(() => lassoPath(x, y, options), JSON.stringify(options)).toThrow(ValueError);
    expect(() => lassoPath(x, y, { alpha: 1 } as Given)).toThrow(/alpha must be one of the options/);
    expect(() => lassoPath(x, inputs('outputs').y)).toThrow(/y must be one output/);
    expect(() =>
      lassoPath(
        x.map((row) => row.map((value) => value * 1e200)),
        y,
      ),
    ).toThrow(ValueError);
  });
});

test('the entry point has them', () => {
  expect(learn).toMatchObject({ ElasticNet, Lasso, LinearRegression, lassoPath, Ridge });
});

describe('collinear columns with means far beyond their spread', () => {
  test('are collinear for all that, whatever small columns are beside them', () => {
    for (const [offset, tiny] of [
      [1e3, 1],
      [1e5, 1e-3],
    ] as const) {
      const a = numbers(3, 40).map((value) => offset + value);
      const b = numbers(5, 40).map((value) => 2 * offset + value);
      const small = numbers(7, 40).map((value) => value * tiny);
      const x = a.map((value, i) => [value, b[i]!, value - 2 * b[i]!, small[i]!, -3.7e5]);
      const y = a.map((value, i) => value + 3 * b[i]! + (5 / tiny) * small[i]!);
      const model = new LinearRegression().fit(x, y);
      const [first, second, third, last, constant] = model.coefficients.data;
      // The least norm stands upright on (1, -2, -1), which changes no prediction.
      expect(Math.abs(first! - 2 * second! - third!)).toBeLessThan(1e-4);
      expect(Math.abs(first! + third! - 1) + Math.abs(second! - 2 * third! - 3)).toBeLessThan(1e-4);
      expect(Math.abs(last! * tiny - 5)).toBeLessThan(1e-4);
      expect(constant).toBe(0);
      expect(1 - model.score(x, y)).toBeLessThan(1e-12);
    }
  });

  test('so that a column of large numbers hides no small one', () => {
    const u = numbers(3, 30);
    const v = numbers(5, 30);
    const x = u.map((value, i) => [value, v[i]!, value + v[i]!, 1e15 * numbers(7, 30)[i]!]);
    const y = u.map((value, i) => value - v[i]!);
    expect(new LinearRegression().fit(x, y).score(x, y)).toBeGreaterThan(1 - 1e-12);
  });
});

describe('R² of targets that are all the same where they count', () => {
  test('is 1 for exact predictions and 0 for others, also behind a sample of weight 0', () => {
    const model = new LinearRegression({ fitIntercept: false }).fit([[1], [2]], [0, 0]);
    const sampleWeight = [0, 0.3, 0.7, 0.1];
    expect(model.score([[1], [2], [3], [4]], [1e9 / 3, 0.1, 0.1, 0.1], { sampleWeight })).toBe(0);
  });
});
