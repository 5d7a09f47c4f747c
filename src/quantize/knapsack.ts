/** One of the ways in which a thing can be taken: exactly one of each thing's is. */
export interface Way {
  readonly cost: number;
  readonly harm: number;
}

/** The index of the way taken of each thing. */
export type Taken = readonly number[];

export const costOf = (things: readonly (readonly Way[])[], taken: Taken): number =>
  things.reduce((sum, ways, i) => sum + ways[taken[i]!]!.cost, 0);

/** The way of each thing that costs least, of equals the one that harms least. */
export const cheapest = (things: readonly (readonly Way[])[]): Taken =>
  things.map((ways) => best(ways, (a, b) => a.cost - b.cost || a.harm - b.harm));

/**
 * Ways within a budget, by greedy steps: from the least harm of all, the step that adds least harm for what it saves, to any
 * cheaper way of any thing, until the costs fit; then, with what is left, the steps that take back most harm for what they
 * cost. Harms and costs add up. It is the usual heuristic for knapsacks with choices (Sinha and Zoltners 1979): not always
 * the best there is, and as good where the budget meets a step. Null where not even the cheapest ways fit.
 */
export function withinBudget(things: readonly (readonly Way[])[], budget: number): Taken | null {
  const taken = things.map((ways) => best(ways, (a, b) => a.harm - b.harm || a.cost - b.cost));
  while (costOf(things, taken) > budget) {
    const step = bestStep(things, taken, (from, to) =>
      to.cost < from.cost ? [(added(from, to) / (from.cost - to.cost)) * -1, from.cost - to.cost] : null,
    );
    if (step === null) return null;
    taken[step.thing] = step.way;
  }
  for (;;) {
    const left = budget - costOf(things, taken);
    const step = bestStep(things, taken, (from, to) =>
      to.harm < from.harm && to.cost - from.cost <= left
        ? [(from.harm - to.harm) / Math.max(0, to.cost - from.cost), from.harm - to.harm]
        : null,
    );
    if (step === null) return taken;
    taken[step.thing] = step.way;
  }
}

/** Harm that is added; none between two that are infinite. */
const added = (from: Way, to: Way): number => (to.harm === from.harm ? 0 : to.harm - from.harm);

function best(ways: readonly Way[], compare: (a: Way, b: Way) => number): number {
  let at = 0;
  ways.forEach((way, i) => {
    if (compare(way, ways[at]!) < 0) at = i;
  });
  return at;
}

/** The step of one thing to another way that is worth most, and of equals by the second number; null where none is any. */
function bestStep(
  things: readonly (readonly Way[])[],
  taken: Taken,
  worth: (from: Way, to: Way) => readonly [number, number] | null,
): { readonly thing: number; readonly way: number } | null {
  let found: { thing: number; way: number; worth: readonly [number, number] } | null = null;
  things.forEach((ways, thing) => {
    ways.forEach((to, way) => {
      const own = worth(ways[taken[thing]!]!, to);
      if (own === null) return;
      const [first, second] = found?.worth ?? [-Infinity, -Infinity];
      if (found === null || own[0] > first || (own[0] === first && own[1] > second)) found = { thing, way, worth: own };
    });
  });
  return found;
}
