/** A spot of a chart, in the units of its picture, and the figure there. */
export type Spot = readonly [x: number, y: number, text: string];

/** What the chart says of itself; nothing where it says nothing that can be read. */
export function spotsOf(tips: string | undefined): readonly Spot[] {
  try {
    const read: unknown = JSON.parse(tips ?? '[]');
    if (!Array.isArray(read)) return [];
    return read.filter((spot): spot is Spot => Array.isArray(spot) && typeof spot[2] === 'string');
  } catch {
    return [];
  }
}

/** The index of the spot that is nearest; -1 where there is none. */
export const nearest = (spots: readonly Spot[], x: number, y: number): number =>
  spots.reduce((best, [left, top], i) => {
    const far = (left - x) ** 2 + (top - y) ** 2;
    const least = spots[best];
    return least === undefined || far < (least[0] - x) ** 2 + (least[1] - y) ** 2 ? i : best;
  }, -1);

/** Where an arrow key leads from a spot. Null for other keys, and where there is no spot. */
export function stepped(key: string, at: number, count: number): number | null {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key];
  if (step === undefined || count === 0) return null;
  return at < 0 ? 0 : (at + step + count) % count;
}
