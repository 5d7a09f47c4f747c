import { recipeText, usualRecipes } from 'whittle-ml';
import { compressFindings } from '../../lab/src/findings-compress.ts';
import { recipeMeans } from '../../lab/src/means-compress.ts';
import { recipeName } from '../../lab/src/recipe-names.ts';
import type { CompressReport, PointResult, Sized } from '../../lab/src/types-compress.ts';
import { fixture } from './fixture.ts';

const scoreOf = (score: number): Sized['test'] => ({
  score,
  low: Math.max(0, score - 0.02),
  high: Math.min(1, score + 0.012),
  scoreName: 'accuracy',
});

function sized(bytes: number, validation: number, test: number): Sized {
  const latency = { batch1: bytes / 1e8, batch64: bytes / 3e6 };
  const memory = { weights: bytes, batch1: bytes + 512, batch64: bytes + 32_768 };
  const total = { dram: bytes / 8, sram: bytes / 200 };
  return {
    bytes: { file: bytes, raw: bytes + 900, gzip: bytes + 80, coded: bytes },
    ...{ parameters: bytes * 2, nonZeroParameters: bytes, macs: bytes * 2 - 10 },
    ...{ validation: scoreOf(validation), test: scoreOf(test) },
    energy: {
      ...{ arithmetic: bytes / 300, values: 0.5, weights: { dram: bytes / 9, sram: bytes / 999 }, total },
      source: 'a model, no measurement: Horowitz 2014',
    },
    tables: (['cpu', 'wasm'] as const).map((name, i) => ({
      ...{ name, load: 0.4 + i, memory },
      latency: i === 0 ? { batch1: 4 * latency.batch1, batch64: 9 * latency.batch64 } : latency,
    })),
    digest: bytes.toString(16).padStart(64, '0'),
  };
}

/** Bytes and the score on the validation samples of each point, the second of which the third dominates; the last is poor. */
const POINTS = [
  [30_000, 0.982],
  [9_000, 0.97],
  [6_000, 0.98],
  [3_000, 0.975],
  [2_000, 0.965],
  [1_500, 0.955],
  [1_000, 0.6],
] as const;

/** A search on the digits that found seven networks, of which the fifth is the best and the second from scratch. */
export function compressFixture(name = 'digits'): CompressReport {
  const { data, environment } = fixture(1, name);
  const recipes = usualRecipes();
  const [scratch] = recipes.filter(({ student, distil }) => student !== null && distil === null);
  const points = POINTS.map(([bytes, validation], i): PointResult => {
    const recipe = i === 1 ? scratch! : recipes[i]!;
    const lost = { lost: 0.983 - validation, low: 0.97 - validation, high: 0.99 - validation };
    const meets = validation >= 0.963;
    return {
      ...{ number: i + 1, recipe, name: recipeName(recipe), text: recipeText(recipe), seed: 0, effort: 1 },
      ...sized(bytes, validation, validation - 0.002),
      ...{
        smaller: 128_000 / bytes,
        lost: { validation: lost, test: lost },
        damage: { report: { samples: 360, outputs: [] }, lines: ['Damage on 360 samples'] },
        isBaseline: i === 1,
        isDominated: i === 1,
      },
      ...{ meets, exceeds: meets ? null : 'loses 2.8 points of accuracy, where 2 are allowed' },
      file: i === 1 ? null : `points/${i + 1}.safetensors`,
    };
  });
  const failed = recipes[10]!;
  const facts = {
    ...{ version: 1 as const, environment, data },
    options: {
      ...{ model: 'mlp', seed: 0, seeds: [0], epochs: 100, strategy: 'grid' as const, trials: null },
      ...{ budget: null, maxDamage: 2 },
    },
    ...{
      scoreName: 'accuracy' as const,
      model: '64-192-96-10',
      original: sized(128_000, 0.983, 0.98),
      points,
      recipes: [],
    },
    failures: [
      {
        ...{ recipe: failed, name: recipeName(failed), text: recipeText(failed), seed: 0, effort: 1 },
        reason: 'pruneNeurons: "<b>" has one neuron',
      },
    ],
    ...{ best: 5, reason: '2000 bytes is the smallest' },
    damage: {
      number: 5,
      report: { samples: 360, outputs: [] },
      lines: ['Damage on 360 samples', '12 of 360 answers changed', 'no class lost recall'],
    },
  };
  return { ...facts, findings: compressFindings(facts), seconds: { search: 20, total: 30 } };
}

/** With seed 1 each of its networks has 100 bytes more and a score 0.004 lower; one of the last recipe made none. */
export function seededFixture(): CompressReport {
  const { findings: _, seconds, ...base } = compressFixture();
  const points = base.points
    .flatMap((point) => [
      point,
      {
        ...{ ...point, ...sized(point.bytes.file + 100, point.validation.score - 0.004, point.test.score - 0.004) },
        ...{ seed: 1, meets: point.validation.score - 0.004 >= 0.963, isDominated: true, file: null },
      },
    ])
    .slice(0, -1)
    .map((point, i) => ({ ...point, number: i + 1 }));
  const options = { ...base.options, seeds: [0, 1] };
  const facts = { ...base, options, points, recipes: recipeMeans(points), best: 9 };
  return { ...facts, findings: compressFindings(facts), seconds };
}

/** A search by halving: the first and the second have had a part of the epochs. */
export function halvingFixture(): CompressReport {
  const { findings: _, seconds, ...base } = compressFixture();
  const points = base.points.map((point, i) => ({ ...point, effort: [0.25, 0.5][i] ?? 1 }));
  const facts = { ...base, points, options: { ...base.options, strategy: 'halving' as const, trials: 4 } };
  return { ...facts, findings: compressFindings(facts), seconds };
}

/** The same search where nothing is within a budget. */
export function withoutBest(): CompressReport {
  const { findings: _, seconds, ...base } = compressFixture();
  const points = base.points.map((point) => ({
    ...point,
    meets: false,
    exceeds: `has ${point.bytes.file} bytes, where 500 are allowed`,
  }));
  const facts = {
    ...base,
    points,
    best: null,
    reason: 'none of 7 files is within the limits',
    options: { ...base.options, budget: 500 },
  };
  return { ...facts, findings: compressFindings(facts), seconds };
}
