import { recipeKey } from 'whittle-ml';
import { figure } from './figures.ts';
import type { PointResult, RecipeMeans } from './types-compress.ts';

/** What each recipe made on average over the seeds, with every share of the epochs that it was followed with. */
export function recipeMeans(points: readonly PointResult[]): RecipeMeans[] {
  const groups = new Map<string, PointResult[]>();
  for (const point of points) {
    const key = `${point.effort} ${recipeKey(point.recipe)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [point]);
    else group.push(point);
  }
  const means = [...groups.values()].map((group) => {
    const { recipe, name, text, effort } = group[0]!;
    return {
      ...{ recipe, name, text, effort },
      points: group.map(({ number }) => number),
      bytes: figure(group.map(({ bytes }) => bytes.file)),
      validation: figure(group.map(({ validation }) => validation.score)),
      test: figure(group.map(({ test }) => test.score)),
      meets: group.filter(({ meets }) => meets).length,
    };
  });
  return means.map((own) => ({ ...own, isDominated: means.some((other) => dominates(other, own)) }));
}

type Means = Pick<RecipeMeans, 'bytes' | 'validation'>;

/** Whether the first has on average no more bytes and no lower score, and is better in one of them. */
function dominates(p: Means, q: Means): boolean {
  const bytes = q.bytes.mean - p.bytes.mean;
  const score = p.validation.mean - q.validation.mean;
  return bytes >= 0 && score >= 0 && (bytes > 0 || score > 0);
}
