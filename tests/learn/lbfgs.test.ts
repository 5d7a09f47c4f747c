import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ValueError } from '../../src/base/errors.ts';
import { minimizeLBFGS, type Objective } from '../../src/learn/lbfgs.ts';

interface Path {
  readonly start: number[];
  readonly iterations: number;
  readonly evaluations: number;
  readonly value: number;
  readonly x: number[];
  readonly path: Readonly<Record<string, number[]>>;
}

const golden = JSON.parse(readFileSync(new URL('../golden/learn/logistic.json', import.meta.url), 'utf8')) as {
  readonly lbfgs: Readonly<Record<string, Path>>;
  /** Of each function from each first step: evaluations, and where the search ends. */
  readonly searches: [number, number][][];
};

const rosenbrock: Objective = (x, gradient) => {
  gradient.fill(0);
  let sum = 0;
  for (let i = 0; i + 1 < x.length; i++) {
    const a = x[i + 1]! - x[i]! * x[i]!;
    const b = 1 - x[i]!;
    sum += 100 * a * a + b * b;
    gradient[i]! += -400 * a * x[i]! - 2 * b;
    gradient[i + 1]! += 200 * a;
  }
  return sum;
};

const quartic: Objective = (x, gradient) =>
  x.reduce((sum, each, i) => {
    const d = each - 1 / (i + 1);
    gradient[i] = 4 * (i + 1) * d * d * d;
    return sum + (i + 1) * d * d * d * d;
  }, 0);

const waves: Objective = (x, gradient) =>
  x.reduce((sum, each, i) => {
    const root = Math.sqrt(1 + each * each);
    gradient[i] = each / root + 0.9 * Math.cos(each);
    return sum + root + 0.9 * Math.sin(each);
  }, 0);

/** The functions of section 5 of More & Thuente 1994, each with its derivative; as in scripts/golden/learn-logistic.py. */
function along(a: number): [value: number, slope: number][] {
  const b = a + 0.004;
  const isBent = Math.abs(a - 1) < 0.01;
  const hook = isBent ? (a - 1) ** 2 / 0.02 + 0.005 : Math.abs(a - 1);
  const angle = ((39 * Math.PI) / 2) * a;
  const slope = (isBent ? (a - 1) / 0.01 : Math.sign(a - 1)) + 0.99 * Math.cos(angle);
  const yanai = [
    [0.001, 0.001],
    [0.01, 0.001],
    [0.001, 0.01],
  ] as const; // prettier-ignore
  return [
    [-a / (a * a + 2), (a * a - 2) / (a * a + 2) ** 2],
    [b ** 5 - 2 * b ** 4, 5 * b ** 4 - 8 * b ** 3],
    [hook + (1.98 / (39 * Math.PI)) * Math.sin(angle), slope],
    ...yanai.map(([b1, b2]): [number, number] => {
      const g1 = Math.sqrt(1 + b1 * b1) - b1;
      const g2 = Math.sqrt(1 + b2 * b2) - b2;
      const r1 = Math.sqrt((1 - a) ** 2 + b2 * b2);
      const r2 = Math.sqrt(a * a + b1 * b1);
      return [g1 * r1 + g2 * r2, (g1 * (a - 1)) / r1 + (g2 * a) / r2];
    }),
  ];
}

const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));

describe('minimizeLBFGS', () => {
  const cases: [string, Objective, number][] = [
    ['rosenbrock', rosenbrock, 10],
    ['quartic', quartic, 10],
    ['waves', waves, 10],
    ['short', rosenbrock, 3],
  ];
  test.each(cases)("takes scipy's way: %s", (name, objective, history) => {
    const wanted = golden.lbfgs[name]!;
    const found = minimizeLBFGS(objective, wanted.start, { gradientTolerance: 1e-8, history });
    expect(found.converged).toBe(true);
    expect([found.iterations, found.evaluations]).toEqual([wanted.iterations, wanted.evaluations]);
    expect(distance(found.x, wanted.x)).toBeLessThan(1e-5);
    for (const [iterations, x] of Object.entries(wanted.path)) {
      const part = minimizeLBFGS(objective, wanted.start, {
        gradientTolerance: 0,
        valueTolerance: 0,
        maxIter: Number(iterations),
        history,
      });
      expect(part.iterations).toBe(Number(iterations));
      expect(distance(part.x, x), `after ${iterations}`).toBeLessThan(1e-7);
    }
  });

  test("searches along a line as scipy does, on the paper's functions from near and far", () => {
    golden.searches.forEach((wanted, which) => {
      wanted.forEach(([evaluations, at], i) => {
        const first = [1e-3, 0.1, 1, 10, 1e3][i]!;
        const objective: Objective = (x, gradient) => {
          const [value, slope] = along(first * x[0]!)[which]!;
          gradient[0] = first * slope;
          return value;
        };
        const found = minimizeLBFGS(objective, [0], { gradientTolerance: 0, valueTolerance: 0, maxIter: 1 });
        expect(found.evaluations, `function ${which + 1} from ${first}`).toBe(evaluations);
        expect(Math.abs(first * found.x[0]! - at) / at).toBeLessThan(1e-9);
      });
    });
  });

  test('finds the least of any parabola, and leaves the start as it was', () => {
    const number = fc.double({ min: -100, max: 100, noNaN: true });
    const bowl = fc.array(fc.tuple(number, fc.double({ min: 0.01, max: 100, noNaN: true }), number), { minLength: 1 });
    fc.assert(
      fc.property(bowl, (axes) => {
        const start = axes.map(([, , from]) => from);
        const objective: Objective = (x, gradient) =>
          axes.reduce((sum, [center, curvature], i) => {
            gradient[i] = curvature * (x[i]! - center);
            return sum + (curvature / 2) * (x[i]! - center) * (x[i]! - center);
          }, 0);
        const found = minimizeLBFGS(objective, start, { gradientTolerance: 1e-9, valueTolerance: 0 });
        expect(['gradient', 'search', 'value']).toContain(found.reason);
        axes.forEach(([center, curvature], i) => {
          expect(Math.abs(found.x[i]! - center) * curvature).toBeLessThan(1e-5);
        });
        expect(start).toEqual(axes.map(([, , from]) => from));
      }),
      { numRuns: 100 },
    );
  });

  test('says why it ended', () => {
    expect(minimizeLBFGS(rosenbrock, [1, 1])).toMatchObject({ iterations: 0, evaluations: 1, reason: 'gradient' });
    expect(minimizeLBFGS(rosenbrock, [-1, 2], { maxIter: 3 })).toMatchObject({
      iterations: 3,
      converged: false,
      reason: 'iterations',
    });
    const none = { gradientTolerance: 0, valueTolerance: 1e-3 };
    expect(minimizeLBFGS(quartic, [3, 3], none)).toMatchObject({ converged: true, reason: 'value' });
    const wrong: Objective = (x, gradient) => {
      gradient[0] = -2 * x[0]!; // the sign of the gradient is wrong
      return x[0]! * x[0]!;
    };
    const found = minimizeLBFGS(wrong, [1], { maxSearch: 20 });
    expect(found).toMatchObject({ converged: false, reason: 'search', iterations: 0, evaluations: 21, value: 1 });
    expect([...found.x]).toEqual([1]);
  });

  test('shortens a step to where the function is finite', () => {
    const walled: Objective = (x, gradient) => {
      const room = 1 - x[0]!;
      gradient[0] = 1 / room - 10;
      return room > 0 ? -Math.log(room) - 10 * x[0]! : Number.NaN;
    };
    const found = minimizeLBFGS(walled, [-3], { gradientTolerance: 1e-9 });
    expect(found.converged).toBe(true);
    expect(found.x[0]).toBeCloseTo(0.9, 9);
  });

  test('refuses what it cannot begin with', () => {
    const nowhere: Objective = (_, gradient) => {
      gradient[1] = Number.NaN;
      return 1;
    };
    expect(() => minimizeLBFGS(() => Number.NaN, [1])).toThrow(
      'minimizeLBFGS: the value at the start must be finite, got NaN',
    );
    expect(() => minimizeLBFGS(nowhere, [1, 2])).toThrow('derivative 1 at the start must be finite, got NaN');
    expect(() => minimizeLBFGS(3 as never, [1])).toThrow(ValueError);
    expect(() => minimizeLBFGS(rosenbrock, [1], { history: 0 })).toThrow('history must be an integer of at least 1');
    expect(() => minimizeLBFGS(rosenbrock, [1], { gradientTolerance: -1 })).toThrow('gradientTolerance');
    expect(() => minimizeLBFGS(rosenbrock, [1], { tol: 1 } as never)).toThrow('tol must be one of the options');
  });
});

test.each([[null], [undefined], [3], ['12'], [[1n]], [['1']], [Array(2)]])('a start of %s is refused', (start) => {
  const objective = (): number => 0;
  expect(() => minimizeLBFGS(objective, start as unknown as number[])).toThrow(ValueError);
});
