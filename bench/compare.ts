import type { RowResult, VariantResult } from './measure.ts';
import { type Ratio, ratioOf } from './statistics.ts';

/** One of our tables against another library in one row. */
export interface Comparison {
  readonly row: string;
  readonly ours: string;
  readonly peer: string;
  /** The peer without what it does, such as `int8`. */
  readonly library: string;
  /** How often ours is as fast as the peer: above 1 ours is faster. */
  readonly speed: Ratio;
  readonly noisy: boolean;
}

/** The tables that stand for us: the SIMD ones, else the TypeScript one. */
const SIMD = ['wasm', 'relaxed'];

/** Our fastest tables against every peer that does the same in the same element type. */
export function comparisons(rows: readonly RowResult[]): Comparison[] {
  return rows.flatMap(({ name, variants }) => {
    const ours = variants.filter((variant) => variant.ours);
    const standing = ours.filter(({ who }) => SIMD.includes(who));
    const heads = standing.length > 0 ? standing : ours.filter(({ who }) => who === 'cpu');
    return variants
      .filter((variant) => !variant.ours)
      .flatMap((peer) => heads.filter(({ how }) => how === peer.how).map((head) => comparison(name, head, peer)));
  });
}

const comparison = (row: string, ours: VariantResult, peer: VariantResult): Comparison => ({
  row,
  ours: ours.name,
  peer: peer.name,
  library: peer.who,
  speed: ratioOf(peer, ours),
  noisy: ours.noisy || peer.noisy,
});
