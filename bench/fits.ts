import { tensor } from 'whittle-ml';
import { ElasticNet, Lasso, LinearRegression, LogisticRegression, Ridge } from 'whittle-ml/learn';
import { checkNear, normal } from './data.ts';
import type { FitProblem } from './peer.ts';
import type { Peers } from './peers.ts';
import { type Contest, join, type Row } from './row.ts';

const ROWS = 10_000;
const COLUMNS = 50;

/** Features, and targets that a third of them explain but for noise; of the classes the one with the largest of such numbers. */
function problemOf(model: FitProblem['model'], classes: number): FitProblem {
  const x = Float64Array.from(normal(ROWS * COLUMNS, 1));
  const outputs = Math.max(1, classes);
  const weights = normal(outputs * COLUMNS, 2).map((weight, i) => (i % 3 === 0 ? weight : 0));
  const y = Float64Array.from(normal(ROWS * outputs, 3), (noise, i) => {
    const row = Math.floor(i / outputs) * COLUMNS;
    const at = (i % outputs) * COLUMNS;
    let sum = 2 * noise;
    for (let j = 0; j < COLUMNS; j++) sum += x[row + j]! * weights[at + j]!;
    return sum;
  });
  const problem = { model, rows: ROWS, columns: COLUMNS, x };
  if (classes === 0) return { ...problem, y };
  const codes = Int32Array.from({ length: ROWS }, (_, i) => {
    const own = y.subarray(i * classes, (i + 1) * classes);
    return own.indexOf(Math.max(...own));
  });
  return { ...problem, y: codes };
}

function open(problem: FitProblem): () => Float64Array {
  const x = tensor(problem.x, { shape: [problem.rows, problem.columns] });
  const y = tensor(problem.y);
  const makers = {
    linear: () => new LinearRegression().fit(x, y),
    ridge: () => new Ridge().fit(x, y),
    lasso: () => new Lasso({ alpha: 0.05 }).fit(x, y),
    'elastic net': () => new ElasticNet({ alpha: 0.05 }).fit(x, y),
    logistic: () => new LogisticRegression().fit(x, y),
  };
  return () => makers[problem.model]().coefficients.data as Float64Array;
}

/** Fits of classic learners in float64, beside scikit-learn. */
export const fitRows = (peers: Peers): Row[] =>
  (
    [
      ['linear', 0],
      ['ridge', 0],
      ['lasso', 0],
      ['elastic net', 0],
      ['logistic', 2],
      ['logistic', 5],
    ] as const
  ).map(([model, classes]) => ({
    name: `learn ${model}${classes === 0 ? '' : ` of ${classes} classes`} ${ROWS}x${COLUMNS}`,
    work: 1,
    unit: 'calls/s',
    ratio: 'time',
    quick: false,
    peers: true,
    open: async (): Promise<Contest> => {
      const problem = problemOf(model, classes);
      const coefficients = open(problem);
      // scikit-learn ends a logistic fit while derivatives are still above its tol.
      const near = model === 'logistic' ? 1e-2 : 1e-4;
      const check = (name: string, found: ArrayLike<number>): void => checkNear(name, found, coefficients(), near);
      return join(
        {
          variants: [
            {
              who: 'whittle-ml',
              how: '',
              ours: true,
              run: () => coefficients()[0]!,
              check: () => check('whittle-ml', coefficients()),
            },
          ],
          failures: [],
          close: () => {},
        },
        await peers.enter('', (peer) => peer.fit?.(problem), check),
      );
    },
  }));
