import { type Bilingual, LANGUAGES, type Language, NO_UNIT } from './bilingual.ts';
import { effectStrip } from './charts.ts';
import type { Citation, Claim, Estimate, Example, Verdict } from './claim.ts';
import type { Result } from './results.ts';
import { SECTIONS, type Section } from './sections.ts';
import { estimateText, reasonOf, wantedText } from './words.ts';

/** A claim and its result as plain data, for pages that are made elsewhere: all of it can be written as JSON and sent by a message. */

export interface ShownClaim {
  readonly id: string;
  readonly section: Section;
  readonly sectionName: Bilingual;
  readonly title: Bilingual;
  readonly claim: Bilingual;
  /** Whether it is part of --quick. */
  readonly quick: boolean;
  /** Whether the verdict rests on a clock. */
  readonly clock: boolean;
  readonly effect: Bilingual;
  /** What the effect must be for the claim to hold. */
  readonly wanted: Bilingual;
  readonly citations: readonly Citation[];
  /** The code of the article, and ours; empty where there is none. */
  readonly example: Example | null;
}

/** A figure with its interval, in words. */
export interface ShownFigure {
  readonly name: Bilingual;
  readonly text: Bilingual;
}

export interface ShownResult {
  readonly verdict: Verdict;
  readonly reason: Bilingual;
  readonly effect: Bilingual;
  readonly figures: readonly ShownFigure[];
  /** An SVG. */
  readonly chart: Bilingual;
  /** What each seed gave, by the arm. */
  readonly seeds: readonly (Readonly<Record<string, number>> & { readonly seed: number })[];
}

export interface ShownReport {
  readonly version: string;
  readonly quick: boolean;
  /** In the order of the article; `result` is null where nothing was measured. */
  readonly claims: readonly { readonly claim: ShownClaim; readonly result: ShownResult | null }[];
}

const inBoth = (make: (language: Language) => string): Bilingual => {
  const [en, zh] = LANGUAGES.map(make) as [string, string];
  return { en, zh };
};

const figureText = (of: Estimate, unit: Bilingual = NO_UNIT): Bilingual =>
  inBoth((language) => estimateText(of, unit, language));

/** `after` is the source of the example that the claim names. */
export function shownClaim(claim: Claim, after: string): ShownClaim {
  const { id, section, title, quick, clock = false, effect, citations, example } = claim;
  return {
    ...{ id, section, title, quick, clock, citations },
    claim: claim.claim,
    sectionName: SECTIONS[section],
    effect: effect.name,
    wanted: inBoth((language) => wantedText(claim, language)),
    example: example === undefined ? null : { before: example.before.trim(), after: after.trim() },
  };
}

export function shownResult({ claim, rows, summary, verdict }: Omit<Result, 'example'>): ShownResult {
  const draw = claim.charts ?? effectStrip;
  return {
    verdict,
    reason: reasonOf(claim, verdict, summary),
    effect: figureText(summary.effect, claim.effect.unit),
    figures: Object.entries(claim.arms).map(([name, { en, zh, unit }]) => ({
      name: { en, zh },
      text: figureText(summary.figures[name]!, unit),
    })),
    chart: inBoth((language) => draw(claim, summary, language)),
    seeds: rows.map(({ seed, figures }) => ({ seed, ...figures })),
  };
}
