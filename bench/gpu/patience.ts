import type { RowResult } from '../measure.ts';
import { type Contest, nameOf, type Row } from '../row.ts';

/** Seconds that a call may take; a run has five calls of a variant at least. */
export const LONGEST = 3;

/** A variant that a row goes without, and why. */
export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

const kindOf = ({ name }: Pick<Row, 'name'>): string => name.split(' ')[0]!;

/** Leaves out of a row what would take too long, judged by the smaller rows of its kind. */
export class Patience {
  /** Seconds an operation took at best, by kind of row and name of variant. */
  private readonly paces = new Map<string, number>();

  /** Takes note of how fast the variants of a row are. */
  learn(row: Pick<RowResult, 'name' | 'work' | 'variants'>): void {
    for (const { name, median } of row.variants) {
      const key = `${kindOf(row)} ${name}`;
      this.paces.set(key, Math.min(this.paces.get(key) ?? Number.POSITIVE_INFINITY, median / row.work));
    }
  }

  /** The variants that a row can have, and those that it must do without. */
  sort(
    row: Pick<Row, 'name' | 'work'>,
    variants: Contest['variants'],
  ): { readonly kept: Contest['variants']; readonly skipped: readonly Skipped[] } {
    const skipped = variants.flatMap((variant): Skipped[] => {
      const name = nameOf(variant);
      const seconds = row.work * (this.paces.get(`${kindOf(row)} ${name}`) ?? 0);
      if (seconds <= LONGEST) return [];
      return [{ name, reason: `a call would take about ${Math.round(seconds)} s, judged by smaller rows` }];
    });
    const names = new Set(skipped.map(({ name }) => name));
    return { kept: variants.filter((variant) => !names.has(nameOf(variant))), skipped };
  }
}
