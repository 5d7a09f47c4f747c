import * as w from '../../src/index.ts';
import { at, generate, type Plain, reduce } from '../plain.ts';
import { momentsOf } from '../plain-images.ts';
import { shapeError, typeError, valueError } from './rows.ts';
import type { Draw, ErrorCase, OpCase, Sample } from './types.ts';

const SHAPES: readonly (readonly number[])[] = [[4, 3], [2, 3, 4, 2], [3, 5, 1], [7, 9], [2, 1], [5], [0, 3], [4, 0]];
/** Large, so that rows of numbers that are near are smooth enough for differences. */
const EPSILON = 0.1;

/** gamma·(x - mean)/√(variance + epsilon) + beta, of which mean and variance are those of `x`'s own place. */
const normal = (x: number, mean: number, variance: number, gamma = 1, beta = 0): number =>
  (gamma * (x - mean)) / Math.sqrt(variance + EPSILON) + beta;

const axesBut = (x: Plain): number[] => x.shape.map((_, axis) => axis).slice(0, -1);

/** Gamma and beta, one of them or none. */
const withAffine = (draw: Draw, x: Plain, ...more: Plain[]) =>
  [
    [true, true],
    [false, false],
    [true, false],
    [false, true],
  ].map(([hasGamma, hasBeta]) => {
    const vector = (): Plain => draw.floats([x.shape.at(-1)!]);
    const inputs = [x, ...more, ...(hasGamma ? [vector()] : []), ...(hasBeta ? [vector()] : [])];
    const pick = <T>(given: readonly T[]): readonly [gamma: T | null, beta: T | null] => {
      const rest = given.slice(1 + more.length);
      return [hasGamma ? rest[0]! : null, hasBeta ? rest.at(-1)! : null];
    };
    return { inputs, pick };
  });

const errors = (
  name: string,
  op: (x: w.Tensor, gamma: w.Tensor | null, beta: w.Tensor | null, epsilon: number) => unknown,
): ErrorCase[] => [
  shapeError(
    () => op(w.zeros([4, 3]), w.ones([4]), null, EPSILON),
    new RegExp(`^${name}: what belongs to the channels must have shape \\[3\\], got \\[4, 3\\] and \\[4\\]`),
  ),
  shapeError(() => op(w.zeros([4, 3]), null, w.ones([1, 3]), EPSILON), /\[1, 3\]/),
  shapeError(() => op(w.zeros([]), null, null, EPSILON), new RegExp(`^${name}: axis -1 is out of range for rank 0`)),
  valueError(() => op(w.zeros([4, 3]), null, null, -1), new RegExp(`^${name}: epsilon must be at least 0, got -1`)),
  valueError(() => op(w.zeros([4, 3]), null, null, Number.NaN), /epsilon must be at least 0, got NaN/),
  typeError(() => op(w.zeros([4, 3], 'int32'), null, null, EPSILON), new RegExp(`^${name}: .*int32`)),
  typeError(() => op(w.zeros([4, 3]), w.ones([3], 'float64'), null, EPSILON), /float32 and float64/),
];

const batchNorm: OpCase = {
  name: 'batchNorm',
  gradient: 'differences',
  tolerance: 1e-5,
  flops: (n) => 8 * n,
  samples: (draw) =>
    SHAPES.flatMap((shape) =>
      withAffine(draw, draw.floats(shape)).map(
        ({ inputs, pick }): Sample => ({
          inputs,
          apply: (...given) => {
            const { y, mean, variance } = w.batchNorm(given[0]!, ...pick(given), EPSILON);
            return [y, mean, variance];
          },
          expected: (...given) => {
            const x = given[0]!;
            const [gamma, beta] = pick(given);
            const [mean, variance] = [0, 1].map((i) => reduce((list) => momentsOf(list)[i]!, x, axesBut(x))) as [
              Plain,
              Plain,
            ];
            const of = (p: Plain | null, index: readonly number[]) => (p === null ? undefined : at(p, index.slice(-1)));
            const y = generate(x.shape, (i) =>
              normal(at(x, i), of(mean, i)!, of(variance, i)!, of(gamma, i), of(beta, i)),
            );
            return [y, mean, variance];
          },
          smooth: shape[0] !== 0,
        }),
      ),
    ),
  errors: errors('batchNorm', w.batchNorm),
};

const batchNormWith: OpCase = {
  name: 'batchNormWith',
  gradient: 'differences',
  tolerance: 1e-5,
  flops: (n) => 3 * n,
  samples: (draw) =>
    SHAPES.flatMap((shape) => {
      const n = [shape.at(-1)!];
      return withAffine(draw, draw.floats(shape), draw.floats(n), draw.floats(n, 0.5, 2)).map(
        ({ inputs, pick }): Sample => ({
          inputs,
          apply: (...given) => w.batchNormWith(given[0]!, given[1]!, given[2]!, ...pick(given), EPSILON),
          expected: (...given) => {
            const [x, mean, variance] = given as [Plain, Plain, Plain];
            const [gamma, beta] = pick(given);
            const of = (p: Plain | null, index: readonly number[]) => (p === null ? undefined : at(p, index.slice(-1)));
            return generate(x.shape, (i) =>
              normal(at(x, i), of(mean, i)!, of(variance, i)!, of(gamma, i), of(beta, i)),
            );
          },
        }),
      );
    }),
  errors: [
    ...errors('batchNormWith', (x, gamma, beta, epsilon) => {
      const n = x.rank === 0 ? [] : [x.shape.at(-1)!];
      return w.batchNormWith(x, w.zeros(n), w.ones(n), gamma, beta, epsilon);
    }),
    shapeError(
      () => w.batchNormWith(w.zeros([4, 3]), w.zeros([3]), w.ones([2]), null, null, 0),
      /shape \[3\], got \[4, 3\] and \[2\]/,
    ),
    typeError(
      () => w.batchNormWith(w.zeros([4, 3]), w.zeros([3], 'float64'), w.ones([3]), null, null, 0),
      /float32 and float64/,
    ),
  ],
};

const layerNorm: OpCase = {
  name: 'layerNorm',
  gradient: 'differences',
  tolerance: 1e-5,
  flops: (n) => 8 * n,
  samples: (draw) =>
    SHAPES.flatMap((shape) =>
      withAffine(draw, draw.floats(shape)).map(
        ({ inputs, pick }): Sample => ({
          inputs,
          apply: (...given) => w.layerNorm(given[0]!, ...pick(given), EPSILON),
          expected: (...given) => {
            const x = given[0]!;
            const [gamma, beta] = pick(given);
            const of = (p: Plain | null, index: readonly number[]) => (p === null ? undefined : at(p, index.slice(-1)));
            return generate(x.shape, (index) => {
              const row = generate([x.shape.at(-1)!], ([j]) => at(x, [...index.slice(0, -1), j!]));
              const [mean, variance] = momentsOf(row.data);
              return normal(at(x, index), mean, variance, of(gamma, index), of(beta, index));
            });
          },
        }),
      ),
    ),
  errors: errors('layerNorm', w.layerNorm),
};

export const normalizationCases: readonly OpCase[] = [batchNorm, batchNormWith, layerNorm];
