import type { Bilingual } from '../../../lab/src/article/bilingual.ts';
import type { Verdict } from '../../../lab/src/article/claim.ts';
import type { ShownReport } from '../../../lab/src/article/shown.ts';

export type Entry = ShownReport['claims'][number];

export const FILTERS = ['all', 'holds', 'fails', 'depends'] as const;
export type Filter = (typeof FILTERS)[number];

/** The verdict as a sign, so that colour is not all that tells it. */
export const signOf = (verdict: Verdict): string => ({ holds: '✓', fails: '✗', depends: '≈' })[verdict];

export interface Section {
  /** Its number in the article. */
  readonly name: string;
  readonly title: Bilingual;
  readonly claims: readonly Entry[];
}

/** By part and section of the article, in its order; those without claims are left out. */
export function grouped(
  claims: readonly Entry[],
): readonly { readonly name: 'I' | 'II'; readonly sections: readonly Section[] }[] {
  const names = [...new Set(claims.map(({ claim }) => claim.section))];
  const sections = names.map((name): Section => {
    const own = claims.filter(({ claim }) => claim.section === name);
    return { name, title: own[0]!.claim.sectionName, claims: own };
  });
  return (['I', 'II'] as const)
    .map((name) => ({ name, sections: sections.filter((section) => section.name.split('.')[0] === name) }))
    .filter((part) => part.sections.length > 0);
}
