import { compare } from './figures.ts';
import { above, listed, shown } from './findings.ts';
import { percent, signed } from './format.ts';
import type { Figure } from './types-base.ts';
import type { Criteria, CriterionName } from './types-compared.ts';

type Compared = Omit<Criteria, 'findings' | 'digests'>;

/** Rows that nobody would prune by: what the others have to beat. */
export const BASELINES: readonly CriterionName[] = ['random', 'small network'];

/** Sentences with numbers about criteria beside each other, whichever way these fall. */
export function criteriaFindings(criteria: Compared, scoreName: string): string[] {
  const { levels, whole, seeds } = criteria;
  const rowOf = (name: CriterionName): readonly Figure[] => criteria.rows.find((row) => row.name === name)!.scores;
  const chosen = criteria.rows.filter(({ name }) => !BASELINES.includes(name));
  const bests = levels.map((level, i) => {
    const best = Math.max(...chosen.map(({ scores }) => Number(shown(scores[i]!))));
    const names = chosen.filter(({ scores }) => Number(shown(scores[i]!)) === best).map(({ name }) => name);
    return `${percent(level)}: ${listed(names)} (${shown(best)})`;
  });
  return [
    `Best at each share of zeros, the whole network having ${shown(whole)}: ${bests.join('; ')}.`,
    beside('Choosing at random', rowOf('random'), criteria, scoreName),
    beside(
      'A small dense network with as many parameters, trained from the start',
      rowOf('small network'),
      criteria,
      scoreName,
    ),
    free(chosen, criteria),
    `Means of ${seeds.length} seeds: differences as small as those between seeds say nothing about which criterion is better.`,
  ];
}

/** How far a baseline is below magnitude at each level, and in how many seeds. */
function beside(
  what: string,
  baseline: readonly Figure[],
  { levels, rows, seeds }: Compared,
  scoreName: string,
): string {
  const magnitude = rows.find(({ name }) => name === 'magnitude')!.scores;
  const parts = levels.map((level, i) => {
    const { mean, worse } = compare(baseline[i]!, magnitude[i]!);
    return `${signed(mean)} at ${percent(level)} (worse in ${worse} of ${seeds.length} seeds)`;
  });
  return `${what}, against magnitude: ${scoreName} ${parts.join(', ')}.`;
}

/** How many weights each criterion does without before its mean score falls below that of the whole network. */
function free(chosen: Compared['rows'], { levels, whole }: Compared): string {
  const most = chosen.map(({ name, scores }) => {
    const kept = levels.filter((_, i) => levels.slice(0, i + 1).every((__, j) => !above(whole, scores[j]!)));
    return [name, kept.at(-1) ?? 0] as const;
  });
  const best = Math.max(...most.map(([, level]) => level));
  if (best === 0) return `No criterion leaves the score as it was, even at ${percent(levels[0]!)}.`;
  const names = most.filter(([, level]) => level === best).map(([name]) => name);
  return `The mean score is not below that of the whole network up to ${percent(best)} zeros with ${listed(names)}.`;
}
