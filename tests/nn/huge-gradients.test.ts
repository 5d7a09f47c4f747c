/** Gradients whose squares no float32 holds: a step stays one of about the learning rate, and training goes on. */
import { describe, expect, test } from 'vitest';
import {
  Adagrad,
  Adam,
  AdamW,
  cpu,
  type Optimizer,
  parameter,
  RMSprop,
  reference,
  setBackend,
  wasm,
} from '../../src/index.ts';
import { of } from './tools.ts';

const RATE = 0.5;
const KINDS: Readonly<Record<string, () => Optimizer>> = {
  Adam: () => new Adam({ learningRate: RATE }),
  'Adam in paper mode': () => new Adam({ learningRate: RATE, epsilonMode: 'paper' }),
  'Adam with amsgrad': () => new Adam({ learningRate: RATE, amsgrad: true }),
  AdamW: () => new AdamW({ learningRate: RATE, weightDecay: 0.01 }),
  RMSprop: () => new RMSprop({ learningRate: RATE }),
  Adagrad: () => new Adagrad({ learningRate: RATE }),
};
const TABLES = { reference: () => reference, cpu: () => cpu, wasm };
const all = Object.keys(TABLES).flatMap((table) =>
  Object.keys(KINDS).map((kind) => [table, kind] as [keyof typeof TABLES, string]),
);
/** Four make a vector of WebAssembly, the fifth is left over. */
const PULLS = [1e20, -1e30, 3.4e38, -1e16, 1e19];

function walk(kind: string, dtype: 'float32' | 'float64', pulls: readonly (readonly number[])[]): number[][] {
  const start = pulls[0]!.map(() => 0);
  const p = parameter(of(start, [start.length], dtype));
  const optimizer = KINDS[kind]!();
  return pulls.map((pull) => {
    const before = [...p.data];
    optimizer.apply([p], [of(pull, [pull.length], dtype)]);
    return [...p.data].map((value, i) => value - before[i]!);
  });
}

describe.each(all)('with %s kernels, %s', (table, kind) => {
  const within = <T>(body: () => T): T => {
    const before = setBackend(TABLES[table]());
    try {
      return body();
    } finally {
      setBackend(before);
    }
  };

  test.each(['float32', 'float64'] as const)('steps by about the rate, against the gradient, in %s', (dtype) => {
    const steps = within(() => walk(kind, dtype, Array(8).fill(PULLS)));
    for (const [t, step] of steps.entries())
      step.forEach((change, i) => {
        const ratio = -change / (RATE * Math.sign(PULLS[i]!));
        expect(ratio, `step ${t}, gradient ${PULLS[i]}`).toBeGreaterThan(0.3);
        expect(ratio, `step ${t}, gradient ${PULLS[i]}`).toBeLessThan(3.3);
      });
  });

  test('takes all gradients beyond 2⁵⁰ for that, an infinite one too, and NaN for what it is', () => {
    const most = 2 ** 50;
    const beyond = [2 * most, -1e30, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
    const bounded = [most, -most, most, -most, Number.NaN];
    const run = (pull: readonly number[]): number[][] => within(() => walk(kind, 'float32', [pull, pull, pull]));
    expect(run(beyond)).toEqual(run(bounded));
    const less = run(bounded.map((g) => g / 2 ** 10));
    expect(less.flat().filter(Number.isNaN).length).toBe(3);
  });

  test('walks on by ordinary gradients afterwards', () => {
    const steps = within(() => walk(kind, 'float32', [[1e30], ...Array(1000).fill([1])]));
    const last = -steps.at(-1)![0]!;
    expect(Number.isFinite(last)).toBe(true);
    if (kind === 'RMSprop') expect(last).toBeCloseTo(RATE, 4); // the others forget more slowly, or never
  });
});

test('gradients up to 2⁵⁰ are taken as they are', () => {
  const [first, second] = walk('Adam', 'float32', [[2 ** 50], [2 ** 48]]) as [number[], number[]];
  expect(first[0]).toBeCloseTo(-RATE, 5);
  // m = 0.09 + 0.025, v = 0.000999 + 0.0000625 of 2⁵⁰ and its square
  const expected = (RATE * (0.115 / (1 - 0.81))) / Math.sqrt(0.0010615 / (1 - 0.999 ** 2));
  expect(second[0]).toBeCloseTo(-expected, 4);
});
