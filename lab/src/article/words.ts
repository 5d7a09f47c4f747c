import { type Bilingual, LANGUAGES, type Language, NO_UNIT } from './bilingual.ts';
import type { Claim, Estimate, Summary, Verdict } from './claim.ts';

export const VERDICTS: Readonly<Record<Verdict, Bilingual & { readonly sign: string }>> = {
  holds: { en: 'holds', zh: '成立', sign: '✓' },
  fails: { en: 'does not hold', zh: '不成立', sign: '✗' },
  depends: { en: 'depends', zh: '视情况而定', sign: '≈' },
};

export const VERDICT_NAMES = Object.keys(VERDICTS) as readonly Verdict[];

/** Said where a claim has no reason of its own for its verdict. */
const REASONS: Readonly<Record<Verdict, Bilingual>> = {
  holds: {
    en: 'The whole interval is at the smallest effect that matters or beyond.',
    zh: '整个置信区间都达到或超过了有意义的最小效应。',
  },
  fails: {
    en: 'The whole interval falls short of the smallest effect that matters.',
    zh: '整个置信区间都没有达到有意义的最小效应。',
  },
  depends: {
    en: 'The smallest effect that matters lies within the interval: some seeds reach it, or there are too few to tell.',
    zh: '有意义的最小效应落在置信区间之内：有的种子达到了它，或者种子太少，无法判断。',
  },
};

/** Three digits that count, from a thousand on whole numbers, and just below 1 as many as tell it from 1. */
export function number(x: number): string {
  if (x > 0.995 && x < 1) return Number(x.toFixed(Math.min(6, Math.ceil(-Math.log10(1 - x))))).toString();
  const size = Math.abs(Number(x.toPrecision(3)));
  const text = size >= 1000 ? Math.round(x).toLocaleString('en-US') : size < 1e-6 ? tiny(x) : x.toPrecision(3);
  return (size < 1000 && size >= 1e-6 && text.includes('.') ? text.replace(/\.?0+$/, '') : text).replace('-', '−');
}

const tiny = (x: number): string => (x === 0 ? '0' : x.toExponential(2));

/** A number with its unit, which may be empty. */
export const withUnit = (x: number, unit: string): string => (unit === '' ? number(x) : `${number(x)} ${unit}`);

/** An interval alone. */
export const intervalText = ({ low, high }: Estimate, language: Language): string =>
  language === 'en' ? `${number(low)} to ${number(high)}` : `${number(low)} 至 ${number(high)}`;

/** Mean, unit and interval. */
export function estimateText(of: Estimate, unit: Bilingual, language: Language): string {
  const mean = withUnit(of.mean, unit[language]);
  return language === 'en' ? `${mean} (${intervalText(of, language)})` : `${mean}（${intervalText(of, language)}）`;
}

const PLACE = /\{(\w+)\}/g;

/** Names that the texts of a claim have in braces, without those that stand for a figure. */
export const unknownPlaces = ({ reasons, arms }: Pick<Claim, 'reasons' | 'arms'>): string[] =>
  Object.values(reasons)
    .flatMap((text) => LANGUAGES.flatMap((language) => [...text[language].matchAll(PLACE)]))
    .flatMap(([, name]) => (name === 'effect' || Object.hasOwn(arms, name!) ? [] : [name!]));

const filled = (text: string, { figures, effect }: Summary): string =>
  text.replace(PLACE, (_, name: string) => number((name === 'effect' ? effect : figures[name]!).mean));

/** Why, with the figures that were measured. */
export function reasonOf(claim: Pick<Claim, 'reasons'>, verdict: Verdict, summary: Summary): Bilingual {
  const { en, zh } = claim.reasons[verdict] ?? REASONS[verdict];
  return { en: filled(en, summary), zh: filled(zh, summary) };
}

/** The smallest effect that matters, as what the effect must be. */
export function wantedText({ effect }: Pick<Claim, 'effect'>, language: Language): string {
  const isUp = effect.better === 'higher';
  const bound = withUnit(isUp ? effect.smallest : 0 - effect.smallest, (effect.unit ?? NO_UNIT)[language]);
  if (language === 'en') return isUp ? `${bound} or more` : `${bound} or less`;
  return isUp ? `不小于 ${bound}` : `不大于 ${bound}`;
}
