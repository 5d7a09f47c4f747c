import type { Claim, Context } from './claim.ts';
import type { Row } from './statistics.ts';

/** A measurement that went wrong, in words for who writes the claim. */
export class MeasureError extends Error {}

/** Measures a claim, seed by seed, and says so after each. Throws MeasureError for what is no number. */
export async function measureClaim(
  claim: Claim,
  seeds: readonly number[],
  context: Context,
  done: (seed: number) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const seed of seeds) {
    const figures = await claim.measure(seed, context);
    for (const name of Object.keys(claim.arms)) {
      if (Number.isFinite(figures[name])) continue;
      throw new MeasureError(`${claim.id}, seed ${seed}: ${name} is ${String(figures[name])}, and must be a number`);
    }
    rows.push({ seed, figures });
    done(seed);
    await new Promise((resolve) => setTimeout(resolve)); // for the bar to be drawn, and keys or messages to be heard
  }
  return rows;
}
