import type { Claim, Estimate, Summary, Verdict } from './claim.ts';
import type { Loaded } from './load.ts';
import { type Row, summarize, verdictOf } from './statistics.ts';

/** A claim that was measured. */
export interface Result {
  readonly claim: Claim;
  readonly example: string;
  readonly rows: readonly Row[];
  readonly summary: Summary;
  readonly verdict: Verdict;
}

/** All of a run, for the page and for claims.json. */
export interface Report {
  /** Of whittle-ml. */
  readonly version: string;
  readonly quick: boolean;
  readonly seeds: readonly number[];
  readonly results: readonly Result[];
}

export function resultOf({ claim, example }: Loaded, rows: readonly Row[]): Result {
  const summary = summarize(claim, rows);
  return {
    ...{ claim, example, rows, summary },
    verdict: claim.verdict?.(summary) ?? verdictOf(claim.effect, summary.effect),
  };
}

/** The same text for the same figures: no date and no machine is in it. */
export function claimsJSON({ results, ...run }: Report): string {
  const short = ({ mean, low, high }: Estimate): object => ({ mean, low, high });
  const claims = results.map(({ claim, rows, summary, verdict }) => ({
    id: claim.id,
    section: claim.section,
    ...(claim.mistake !== undefined && { mistake: claim.mistake }),
    title: claim.title,
    ...(claim.clock && { clock: true }),
    verdict,
    effect: { ...claim.effect, ...short(summary.effect), values: summary.effect.values },
    figures: Object.fromEntries(Object.entries(summary.figures).map(([name, of]) => [name, short(of)])),
    seeds: rows.map(({ seed, figures }) => ({ seed, ...figures })),
  }));
  return `${JSON.stringify({ ...run, claims }, null, 2)}\n`;
}

/** The verdicts that tests hold: those of clocks are left out. One a line, so that two who record meet in few. */
export function verdictsJSON(results: readonly Result[]): string {
  const held = results.filter(({ claim }) => claim.clock === undefined);
  const entries = held.map(({ claim, verdict }) => [claim.id, verdict] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}
