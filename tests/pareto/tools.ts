import { Dense, fromData, Random, Sequential, type Tensor } from '../../src/index.ts';
import type { Standing } from '../../src/pareto/fronts.ts';
import type { CompressData, Recipe, RecipeSpace } from '../../src/pareto/types.ts';

export const NOTHING: Recipe = { student: null, distil: null, prune: null, share: null, quantize: null, code: 'range' };
export const recipe = (own: Partial<Recipe>): Recipe => ({ ...NOTHING, ...own });

export const INT8: Recipe['quantize'] = { method: 'rounded', format: 'static' };
export const TAUGHT: Recipe['distil'] = { temperature: 2, alpha: 0.5 };
export const HALF: Recipe['prune'] = { structure: 'weights', amount: 0.5, criterion: 'magnitude', epochs: 2 };

/** A few of each kind, quick to follow. */
export const RECIPES: readonly Recipe[] = [
  recipe({}),
  recipe({ quantize: INT8 }),
  recipe({ prune: HALF, share: { clusters: 8, epochs: 1 }, distil: TAUGHT }),
  recipe({ prune: { structure: 'neurons', amount: 0.5, criterion: 'magnitude', epochs: 1 } }),
  recipe({ student: { width: 0.5, epochs: 4 }, distil: TAUGHT, quantize: { method: 'trained', bits: 4, epochs: 2 } }),
  recipe({ student: { width: 0.5, epochs: 4 }, code: 'none' }),
];

export const SPACE: RecipeSpace = {
  student: [null, { width: 0.5, epochs: 4 }],
  distil: [null],
  prune: [null, HALF],
  share: [null, { clusters: 8, epochs: 1 }],
  quantize: [null, INT8],
  code: ['range'],
};

/** Points on both sides of a curve, so that small networks lose something. */
function samples(seed: number, n: number): readonly [x: Tensor, y: Tensor] {
  const x = new Random(seed).normal([n, 4]);
  const labels = Int32Array.from({ length: n }, (_, i) => {
    const [a = 0, b = 0, c = 0, d = 0] = x.data.subarray(4 * i, 4 * i + 4);
    return Number(a * b + c > 0.3 * d);
  });
  return [x, fromData(labels)];
}

export function data(): CompressData {
  const [x, y] = samples(1, 96);
  return { x, y, validation: samples(2, 80), test: samples(3, 80) };
}

export function classifier(): Sequential {
  const { x, y } = data();
  const layers = [
    new Dense(16, { activation: 'relu', inputShape: [4] }),
    new Dense(8, { activation: 'relu' }),
    new Dense(2, { activation: 'softmax' }),
  ];
  const model = new Sequential(layers, { seed: 1 });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  model.fit(x, y, { epochs: 40 });
  return model;
}

/** The workers' file, which Node starts as JavaScript alone. */
export const WORKER = new URL('../../dist/src/pareto/trial-worker.js', import.meta.url).href;

/** Whether the first is no worse in both and better in one. */
export const dominates = (p: Standing, q: Standing): boolean =>
  p.bytes <= q.bytes && p.score >= q.score && (p.bytes < q.bytes || p.score > q.score);
