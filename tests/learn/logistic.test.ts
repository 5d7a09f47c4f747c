import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest';
import { FormatError, ShapeError, StateError, ValueError } from '../../src/base/errors.ts';
import { StandardScaler } from '../../src/data/scale.ts';
import type { Label } from '../../src/learn/estimator.ts';
import { LogisticRegression } from '../../src/learn/logistic.ts';
import { logisticLoss } from '../../src/learn/logistic-loss.ts';
import type { LogisticRegressionOptions } from '../../src/learn/logistic-options.ts';
import { minimizeSparse } from '../../src/learn/proximal-newton.ts';
import { backend, run } from '../../src/memory/runtime.ts';
import { tensor } from '../../src/tensor/create.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';

interface Golden {
  readonly coefficients: number[];
  readonly intercept: number[];
  readonly iterations: number;
  readonly warning: string | null;
  readonly predictions: string;
  readonly decision?: number[];
  readonly proba?: number[];
}

const golden = JSON.parse(readFileSync(new URL('../golden/learn/logistic.json', import.meta.url), 'utf8')) as {
  readonly wine: Golden;
  readonly wineNewton: Golden;
  readonly wineRaw: Golden;
  readonly wineL1: Golden;
  readonly binary: Readonly<Record<string, Golden>>;
  readonly four: Readonly<Record<string, Golden>>;
  readonly three: Readonly<Record<string, Golden>>;
};

/** The same formula as in scripts/golden/learn-logistic.py. */
function table(rows: number, columns: number, classes: number): { x: number[][]; y: number[] } {
  const x = Array.from({ length: rows }, (_, i) =>
    Array.from(
      { length: columns },
      (_, j) => ((i * 7919 + j * 104729 + ((i * i) % 1009) * (j + 3) * 31) % 1001) / 500 - 1,
    ),
  );
  const y = x.map((row, i) => {
    const noise = ((i * 613 + ((i * i) % 389)) % 17) / 8 - 1;
    const score = row[0]! * 1.5 - row[1]! + 0.5 * row[2]! + 0.6 * noise;
    return Math.min(Math.max(Math.floor(((score + 1.5) / 3) * classes), 0), classes - 1);
  });
  return { x, y };
}

const sampleWeight = (rows: number): number[] => Array.from({ length: rows }, (_, i) => ((i * 37) % 11) / 4);

const wine = readFileSync(new URL('../../data/wine.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(',').map(Number));
const wineX = Float64Array.from(wine.flatMap((row) => row.slice(0, 13)));
const wineY = wine.map((row) => row[13]!);
const raw = tensor(wineX, { shape: [178, 13] });
const scaled = new StandardScaler().fitTransform(raw);

/** Products of pairs behind the features themselves, in the order of PolynomialFeatures. */
function squaresOf(t: Tensor): Tensor {
  const rows = t.toArray() as number[][];
  const made = rows.map((row) => [...row, ...row.flatMap((a, i) => row.slice(i).map((b) => a * b))]);
  return tensor(Float64Array.from(made.flat()), { shape: [rows.length, made[0]!.length] });
}

const distance = (a: Tensor | ArrayLike<number>, b: ArrayLike<number>): number => {
  const data = 'data' in a ? a.data : a;
  expect(data.length).toBe(b.length);
  return Math.max(...Array.from(data, (value, i) => Math.abs(value - b[i]!)));
};

const exact = { tol: 1e-10, maxIter: 10000 };
const zeros = (values: ArrayLike<number>): number[] =>
  Array.from(values).flatMap((value, i) => (value === 0 ? [i] : []));

let warn: MockInstance<typeof console.warn>;
beforeEach(() => {
  warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});
afterEach(() => {
  warn.mockRestore();
});

const tables = { binary: table(120, 4, 2), four: table(200, 5, 4), three: table(200, 5, 3) };

describe('equals scikit-learn', () => {
  test('on wine with products of pairs', () => {
    const x = squaresOf(scaled);
    const model = new LogisticRegression(exact).fit(x, wineY);
    expect(model.converged).toBe(true);
    expect(warn).not.toHaveBeenCalled();
    expect(model.coefficients.shape).toEqual([3, 104]);
    expect(distance(model.coefficients, golden.wine.coefficients)).toBeLessThan(1e-3);
    expect(distance(model.intercept, golden.wine.intercept)).toBeLessThan(1e-3);
    expect(model.predict(x).join('')).toBe(golden.wine.predictions);
    // Its Newton method has no tolerance on the value, and comes nearer to the minimum
    expect(distance(model.coefficients, golden.wineNewton.coefficients)).toBeLessThan(1e-6);
    expect(distance(model.intercept, golden.wineNewton.intercept)).toBeLessThan(1e-6);
  });

  test('in not converging on wine as it is, and in saying so', () => {
    const model = new LogisticRegression().fit(raw, wineY);
    expect(golden.wineRaw.warning).toBe('lbfgs failed to converge (status=1):');
    expect(model.converged).toBe(false);
    expect(model.iterations).toBe(golden.wineRaw.iterations);
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(
          /^LogisticRegression\.fit: has not converged in 100 iterations: a partial derivative is \S+, tol is 0\.0001\. Scale the features \(StandardScaler\) or raise maxIter$/,
        ),
      ],
    ]);
  });

  test('on wine with l1, zeros included', () => {
    const model = new LogisticRegression({ penalty: 'l1', tol: 1e-9 }).fit(scaled, wineY);
    expect(warn).not.toHaveBeenCalled();
    expect(zeros(model.coefficients.data)).toEqual(zeros(golden.wineL1.coefficients));
    expect(zeros(model.coefficients.data).length).toBeGreaterThan(10);
    expect(distance(model.coefficients, golden.wineL1.coefficients)).toBeLessThan(1e-4);
    expect(distance(model.intercept, golden.wineL1.intercept)).toBeLessThan(1e-4);
    expect(model.predict(scaled).join('')).toBe(golden.wineL1.predictions);
  });

  const cases: [keyof typeof tables, string, LogisticRegressionOptions, weighted?: 'weighted'][] = [
    ['binary', 'defaults', {}],
    ['binary', 'lbfgs', exact],
    ['binary', 'exact', exact],
    ['binary', 'noIntercept', { ...exact, fitIntercept: false }],
    ['binary', 'C', { ...exact, C: 0.05 }],
    ['binary', 'none', { ...exact, penalty: 'none' }],
    ['binary', 'balanced', { ...exact, classWeight: 'balanced' }],
    ['binary', 'weights', exact, 'weighted'],
    ['binary', 'classWeights', { ...exact, classWeight: { 0: 0.5, 1: 3 } }, 'weighted'],
    ['binary', 'multinomial', { ...exact, multiClass: 'multinomial' }],
    ['binary', 'multinomialL1', { ...exact, multiClass: 'multinomial', penalty: 'l1', C: 0.3 }],
    ['binary', 'l1', { ...exact, penalty: 'l1', C: 0.2 }],
    ['binary', 'elasticNet', { ...exact, penalty: 'elasticNet', l1Ratio: 0.3, C: 0.1 }],
    ['four', 'defaults', {}],
    ['four', 'lbfgs', exact],
    ['four', 'exact', exact],
    ['four', 'noIntercept', { ...exact, fitIntercept: false }],
    ['four', 'none', { ...exact, penalty: 'none' }],
    ['four', 'balanced', { ...exact, classWeight: 'balanced' }],
    [
      'four',
      'weights',
      {
        ...exact,
        classWeight: new Map([
          [0, 2],
          [2, 0.25],
        ]),
      },
      'weighted',
    ], // prettier-ignore
    ['four', 'ovr', { ...exact, multiClass: 'ovr' }],
    ['four', 'ovrBalanced', { ...exact, multiClass: 'ovr', classWeight: 'balanced' }],
    ['four', 'ovrL1', { ...exact, multiClass: 'ovr', penalty: 'l1', C: 0.2 }],
    ['three', 'l1', { ...exact, penalty: 'l1', C: 0.2 }],
    ['three', 'l1Weights', { ...exact, penalty: 'l1', C: 0.3 }, 'weighted'],
    ['four', 'elasticNet', { ...exact, penalty: 'elasticNet', l1Ratio: 0.5, C: 0.15 }],
  ];
  test.each(cases)('%s table: %s', (name, kind, options, weighted) => {
    const { x, y } = tables[name];
    const wanted = golden[name][kind]!;
    // Stopped early, by their lbfgs for its change of the value and by saga for its tolerance
    const near =
      kind === 'lbfgs' || kind === 'defaults'
        ? 1e-3
        : options.penalty === 'l1' || options.penalty === 'elasticNet'
          ? 1e-4
          : 1e-5;
    const model = new LogisticRegression(options);
    model.fit(x, y, weighted ? { sampleWeight: sampleWeight(y.length) } : {});
    expect(warn).not.toHaveBeenCalled();
    expect(model.converged).toBe(true);
    expect(zeros(model.coefficients.data)).toEqual(zeros(wanted.coefficients));
    expect(distance(model.coefficients, wanted.coefficients)).toBeLessThan(near);
    expect(distance(model.intercept, wanted.intercept)).toBeLessThan(near);
    expect(distance(model.decisionFunction(x.slice(0, 4)), wanted.decision!)).toBeLessThan(near);
    expect(distance(model.predictProba(x.slice(0, 4)), wanted.proba!)).toBeLessThan(near);
    expect(model.predict(x).join('')).toBe(wanted.predictions);
    if (options.penalty === 'l2' || options.penalty === undefined) {
      const newton = new LogisticRegression({ ...options, solver: 'coordinate', tol: 1e-10 });
      newton.fit(x, y, weighted ? { sampleWeight: sampleWeight(y.length) } : {});
      expect(distance(newton.coefficients, wanted.coefficients)).toBeLessThan(near);
      expect(distance(newton.intercept, wanted.intercept)).toBeLessThan(near);
    }
  });
});

/** The gradient of the data's loss by coefficients and intercepts, from probabilities alone. */
function gradientOf(model: LogisticRegression, x: readonly number[][], y: readonly Label[]): number[][] {
  const proba = model.predictProba(x).toArray() as number[][];
  const { classes } = model;
  const own = classes.length === 2 ? [1] : [...classes.keys()];
  return own.map((k) =>
    [...x[0]!.keys(), -1].map((j) =>
      x.reduce((sum, row, i) => sum + (proba[i]![k]! - (y[i] === classes[k] ? 1 : 0)) * (j < 0 ? 1 : row[j]!), 0),
    ),
  );
}

describe('conditions of the minimum', () => {
  const samples = fc
    .tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 12, max: 25 }), fc.integer({ min: 1, max: 6 }), fc.nat())
    .map(([classes, rows, columns, seed]) => {
      const cell = (i: number, j: number): number => ((i * 7919 + j * 331 + seed + i * i * (j + 2) * 17) % 97) / 24 - 2;
      const x = Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => cell(i, j)));
      return { x, y: x.map((_, i) => (i < classes ? i : Math.abs(Math.round(cell(i, 99) * 5)) % classes)) };
    });
  const penalties: fc.Arbitrary<LogisticRegressionOptions & { C: number }> = fc
    .tuple(fc.constantFrom('l2', 'l1', 'elasticNet' as const), fc.constantFrom(0.05, 0.3, 1, 4))
    .map(([penalty, C]) => ({ penalty, C, ...(penalty === 'elasticNet' ? { l1Ratio: 0.4 } : {}) }) as never);

  test('hold for every penalty, in the derivative of loss and penalty', () => {
    fc.assert(
      fc.property(samples, penalties, ({ x, y }, options) => {
        const model = new LogisticRegression({ ...options, tol: 1e-8, maxIter: 1000 }).fit(x, y);
        expect(model.converged).toBe(true);
        const l1 = (options.penalty === 'l1' ? 1 : (options.l1Ratio ?? 0)) / options.C;
        const l2 = 1 / options.C - l1;
        const w = model.coefficients.toArray() as number[][];
        gradientOf(model, x, y).forEach((row, k) => {
          row.forEach((slope, j) => {
            const value = w[k]![j] ?? 0; // the intercept has no penalty
            const strength = j < w[k]!.length ? l1 : 0;
            const smooth = j < w[k]!.length ? slope + l2 * value : slope;
            const left = value === 0 ? Math.max(Math.abs(smooth) - strength, 0) : smooth + strength * Math.sign(value);
            expect(Math.abs(left)).toBeLessThan(1e-5);
          });
        });
      }),
      { numRuns: 60 },
    );
  });

  test('a large l1 leaves the intercept alone, which gives the shares of the classes', () => {
    const { x, y } = tables.four;
    const model = new LogisticRegression({ penalty: 'l1', C: 1e-4, tol: 1e-10 }).fit(x, y);
    expect(model.coefficients.data.every((w) => w === 0)).toBe(true);
    const shares = [0, 1, 2, 3].map((k) => y.filter((each) => each === k).length / y.length);
    expect(distance(model.predictProba([[5, 5, 5, 5, 5]]), shares)).toBeLessThan(1e-9);
  });
});

describe('probabilities', () => {
  test('add up to 1, agree with their logarithms, with classes and with the decision', () => {
    for (const multiClass of ['ovr', 'multinomial'] as const) {
      for (const { x, y } of Object.values(tables)) {
        const model = new LogisticRegression({ multiClass }).fit(x, y);
        const proba = model.predictProba(x).toArray() as number[][];
        const logs = model.predictLogProba(x).toArray() as number[][];
        const predicted = model.predict(x);
        proba.forEach((row, i) => {
          expect(row.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
          expect(distance(logs[i]!.map(Math.exp), row)).toBeLessThan(1e-12);
          expect(predicted[i]).toBe(row.indexOf(Math.max(...row)));
        });
        expect(model.score(x, y)).toBe(predicted.filter((label, i) => label === y[i]).length / y.length);
      }
    }
  });

  test('of samples far away are 0 and 1, with logarithms that are numbers', () => {
    for (const multiClass of ['ovr', 'multinomial'] as const) {
      for (const { x, y } of Object.values(tables)) {
        const model = new LogisticRegression({ multiClass }).fit(x, y);
        const far = [x[0]!.map(() => 1e6), x[0]!.map((_, j) => (j === 0 ? -1e9 : 0))];
        const proba = model.predictProba(far).toArray() as number[][];
        for (const row of proba) expect(row.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
        expect(model.predictLogProba(far).data.every((value) => Number.isFinite(value))).toBe(true);
      }
    }
  });
});

describe('hard tables', () => {
  test('without a penalty, classes that can be separated end in a warning and in numbers', () => {
    for (const classes of [2, 3]) {
      const x = Array.from({ length: 30 }, (_, i) => [i, 1]);
      const y = x.map(([at]) => Math.floor((at! * classes) / 30));
      for (const solver of ['lbfgs', 'coordinate'] as const) {
        const model = new LogisticRegression({ penalty: 'none', solver, maxIter: 1000 }).fit(x, y);
        expect(model.converged).toBe(false);
        expect(warn.mock.lastCall![0]).toBe(
          'LogisticRegression.fit: the classes can be separated, so that without a penalty coefficients only grow and none are best. Give a penalty',
        );
        expect([...model.coefficients.data, ...model.intercept].every(Number.isFinite)).toBe(true);
        expect(model.score(x, y)).toBe(1);
      }
    }
    expect(warn).toHaveBeenCalledTimes(4);
    const weights = { sampleWeight: [1, 1, 1, 1, 0] };
    const model = new LogisticRegression({ penalty: 'none' }).fit([[1], [2], [3], [4], [0]], [0, 0, 1, 1, 1], weights);
    expect(model.converged).toBe(false); // the one in between does not count
  });

  test('large numbers overflow nowhere', () => {
    const { x, y } = tables.binary;
    const large = x.map((row) => row.map((value) => value * 1e8));
    const model = new LogisticRegression().fit(large, y);
    expect([...model.coefficients.data, ...model.intercept].every(Number.isFinite)).toBe(true);
    expect(model.score(large, y)).toBeGreaterThan(0.7);
  });

  test('constant and repeated columns, one sample a class, and more features than samples', () => {
    const { x, y } = tables.four;
    const doubled = x.map((row) => [...row, 3, 0, ...row]);
    for (const penalty of ['l2', 'l1', 'none'] as const) {
      const model = new LogisticRegression({ penalty, tol: 1e-8, maxIter: 10000 }).fit(doubled, y);
      expect(model.converged).toBe(true);
      const w = model.coefficients.toArray() as number[][];
      for (const row of w) expect(row[6]).toBe(0);
      if (penalty === 'l2') for (const row of w) expect(distance(row.slice(0, 5), row.slice(7))).toBeLessThan(1e-6);
    }
    const two = new LogisticRegression({ penalty: 'l1', C: 10 }).fit(
      [
        [1, 0, 2, 0],
        [0, 1, 2, 0],
      ],
      [7, 3],
    ); // prettier-ignore
    expect(two.predict([[1, 0, 2, 0]])).toEqual([7]);
    const wide = x
      .slice(0, 8)
      .map((row, i) => [...row, ...Array.from({ length: 60 }, (_, j) => ((i * 31 + j * 7) % 11) - 5)]);
    expect(new LogisticRegression().fit(wide, y.slice(0, 8)).score(wide, y.slice(0, 8))).toBe(1);
  });

  test('a sample of weight 2 is that sample twice, one of weight 0 is none', () => {
    const { x, y } = tables.binary;
    const weights = x.map((_, i) => i % 3);
    const repeat = <T>(list: readonly T[]): T[] => list.flatMap((each, i) => Array.from({ length: i % 3 }, () => each));
    for (const options of [{}, { penalty: 'l1' }, { multiClass: 'multinomial' }] as const) {
      const a = new LogisticRegression({ ...options, ...exact }).fit(x, y, { sampleWeight: weights });
      const b = new LogisticRegression({ ...options, ...exact }).fit(repeat(x), repeat(y));
      expect(distance(a.coefficients, b.coefficients.data)).toBeLessThan(1e-7);
    }
  });
});

describe('the estimator', () => {
  const { x, y } = tables.four;

  test('keeps labels of each type, in their order', () => {
    const names = y.map((code) => ['d', 'b', 'a', 'c'][code]!);
    const model = new LogisticRegression({ classWeight: { a: 2 } }).fit(x, names);
    expect(model.classes).toEqual(['a', 'b', 'c', 'd']);
    expect(model.score(x, names)).toBeGreaterThan(0.5);
    const flags = tables.binary.y.map((code) => code === 1);
    const binary = new LogisticRegression({ classWeight: new Map([[true, 2]]) }).fit(tables.binary.x, flags);
    expect(binary.classes).toEqual([false, true]);
    expect(binary.coefficients.shape).toEqual([1, 4]);
    expect(binary.intercept).toHaveLength(1);
    expect(binary.decisionFunction(tables.binary.x).shape).toEqual([120]);
    expect(binary.score(tables.binary.x, flags, { sampleWeight: flags.map(Number) })).toBeGreaterThan(0.8);
  });

  test('gives the same bits each time, and leaves no memory taken', () => {
    const first = new LogisticRegression().fit(x, y);
    const used = run.kernels.heap?.counters().used;
    const again = first.clone().fit(x, y);
    expect(run.kernels.heap?.counters().used).toBe(used);
    expect(again.coefficients.data).toEqual(first.coefficients.data);
    if (backend().name === 'wasm') expect(used).toBeDefined();
  });

  test('begins anew with each fit, and one that throws changes nothing', () => {
    const model = new LogisticRegression();
    expect(() => model.predict(x)).toThrow(StateError);
    expect(() => model.coefficients).toThrow('LogisticRegression.coefficients: is not fitted. Call fit() first');
    expect(() => model.toJSON()).toThrow(StateError);
    model.fit(x, y);
    const before = model.coefficients.data;
    expect(() => model.fit(x, y.slice(1))).toThrow(ShapeError);
    expect(() =>
      model.fit(
        x,
        y.map(() => 1),
      ),
    ).toThrow('y must be of at least two classes, got [1]'); // prettier-ignore
    expect(() => model.fit([[1, Number.NaN]], [1])).toThrow('x in row 0, column 1 must be finite, got NaN');
    expect(() => model.fit(x, y, { sampleWeight: y.map(() => 0) })).toThrow(ValueError);
    expect(() => model.fit(x, y, { weights: [] } as never)).toThrow('weights must be one of the options sampleWeight');
    expect(model.coefficients.data).toEqual(before);
    expect(() => model.predict([[1, 2]])).toThrow(ShapeError);
    expect(() => model.score(x, y.slice(1))).toThrow(ShapeError);
    model.fit(tables.binary.x, tables.binary.y);
    expect(model.classes).toEqual([0, 1]);
  });

  const wrong: [LogisticRegressionOptions, string][] = [
    [{ C: 0 }, 'C must be positive, got 0'],
    [{ C: Infinity }, 'C must be positive'],
    [{ tol: -1 }, 'tol must be at least 0'],
    [{ maxIter: 0 }, 'maxIter must be an integer of at least 1'],
    [{ penalty: 'L2' as never }, 'penalty must be l2 or l1 or elasticNet or none, got "L2"'],
    [{ penalty: 'l1', solver: 'lbfgs' }, 'solver must be coordinate for the penalty l1, got "lbfgs"'],
    [{ penalty: 'elasticNet' }, 'l1Ratio must be given for the penalty elasticNet, got undefined'],
    [{ penalty: 'elasticNet', l1Ratio: 2 }, 'l1Ratio must be between 0 and 1'],
    [{ l1Ratio: 0.5 }, 'l1Ratio must be left out for the penalty l2, got 0.5. It goes with elasticNet'],
    [{ fitIntercept: 1 as never }, 'fitIntercept must be true or false'],
    [{ multiClass: 'ovo' as never }, 'multiClass must be'],
    [{ classWeight: 'even' as never }, 'classWeight must be null'],
    [{ classWeight: { 0: -1 } }, 'classWeight of 0 must be at least 0, got -1'],
    [{ alpha: 1 } as never, 'alpha must be one of the options'],
  ];
  test.each(wrong)('refuses %o', (options, text) => {
    expect(() => new LogisticRegression(options)).toThrow(text);
    expect(() => new LogisticRegression(options)).toThrow(ValueError);
  });

  test('refuses weights for a class that is not there', () => {
    const model = new LogisticRegression({ classWeight: { 9: 2 } });
    expect(() => model.fit(x, y)).toThrow('a label of classWeight must be one of 0, 1, 2, 3, got "9"');
  });

  test('comes back from JSON with the same bits', () => {
    const all: LogisticRegressionOptions[] = [
      {},
      { penalty: 'elasticNet', l1Ratio: 0.5, classWeight: 'balanced' },
      { multiClass: 'ovr', classWeight: { 0: 2 } },
      { classWeight: new Map([[2, 0.5]]) },
    ];
    for (const options of all) {
      const model = new LogisticRegression(options).fit(x, y);
      const back = LogisticRegression.fromJSON(JSON.parse(JSON.stringify(model)));
      expect(back.options).toEqual(model.options);
      expect(back.predictProba(x).data).toEqual(model.predictProba(x).data);
      expect(back.coefficients.data).toEqual(model.coefficients.data);
      expect([back.iterations, back.converged]).toEqual([model.iterations, model.converged]);
      expect(back.toJSON()).toEqual(model.toJSON());
      expect(back.fit(x, y).coefficients.data).toEqual(model.coefficients.data);
    }
  });

  const good = JSON.parse(JSON.stringify(new LogisticRegression().fit(x, y))) as Record<string, unknown>;
  const broken: [string, unknown][] = [
    ['type', 'Ridge'],
    ['options', null],
    ['options', { C: -1 }],
    ['options', { D: 1 }],
    ['options', { classWeight: [[0]] }],
    ['classes', [1]],
    ['classes', [0, 2, 1, 3]],
    ['classes', [0, 1, 1, 3]],
    ['classes', [0, 1, 2, 'a']],
    ['classes', [0, 1, 2]],
    ['coefficients', []],
    ['coefficients', [1, 2, 3]],
    ['coefficients', [1, 2, 3, '4']],
    ['intercept', [0, 0, 0]],
    ['intercept', [0, 0, 0, null]],
    ['iterations', -1],
    ['converged', 1],
    ['extra', 1],
  ];
  test.each(broken)('refuses a file with another %s: %j', (field, value) => {
    expect(() => LogisticRegression.fromJSON({ ...good, [field]: value })).toThrow(FormatError);
  });

  test('refuses a file that is no object', () => {
    for (const json of [null, 3, 'x', [], [good], undefined])
      expect(() => LogisticRegression.fromJSON(json)).toThrow(FormatError);
  });
});

describe('the proximal Newton method', () => {
  test('ends in a few iterations, where no derivative of loss and penalty is left', () => {
    const { x, y } = tables.three;
    const data = Float64Array.from(x.flat());
    const problem = {
      codes: Int32Array.from(y),
      weights: data.slice(0, 200).fill(1),
      outputs: 3,
      fitIntercept: true,
      l2: 0.1,
    };
    const logits = { data: new Float64Array(600), rows: 200, columns: 3 };
    const loss = logisticLoss({ data, rows: 200, columns: 5 }, problem, logits);
    const found = minimizeSparse(loss, { l1: 3, tol: 1e-9, maxIter: 100 });
    expect(found.reason).toBe('gradient');
    expect(found.iterations).toBeLessThan(10);
    expect(found.gradient.every((slope) => Math.abs(slope) <= 1e-9)).toBe(true);
  });

  test('shortens steps that would lead away: whole ones of √(1 + (x - 3)²) go ever farther', () => {
    let at = 0;
    const loss = {
      size: 1,
      coefficients: 1,
      evaluate: (x: Float64Array, gradient: Float64Array): number => {
        at = x[0]! - 3;
        gradient[0] = at / Math.sqrt(1 + at * at);
        return Math.sqrt(1 + at * at);
      },
      curvature: () => Float64Array.of((1 + at * at) ** -1.5),
      isSeparatedBy: () => false,
    };
    const found = minimizeSparse(loss, { l1: 0, tol: 1e-9, maxIter: 100 });
    expect(found.reason).toBe('gradient');
    expect(found.x[0]).toBeCloseTo(3, 8);
    const pulled = minimizeSparse(loss, { l1: 0.6, tol: 1e-9, maxIter: 100 }); // where the slope is -0.6
    expect(pulled.x[0]).toBeCloseTo(2.25, 8);
    expect([...minimizeSparse(loss, { l1: 0.95, tol: 1e-9, maxIter: 100 }).x]).toEqual([0]);
  });
});
