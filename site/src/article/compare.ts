import type { ShownResult } from '../../../lab/src/article/shown.ts';

/** How many figures of all seeds are the recorded ones to the last bit, of how many that both have. */
export function compared(here: ShownResult, recorded: ShownResult): { readonly same: number; readonly of: number } {
  const before = new Map(recorded.seeds.map((row) => [row.seed, row]));
  const pairs = here.seeds.flatMap((row) => {
    const other = before.get(row.seed);
    const names = Object.keys(row).filter((name) => name !== 'seed' && other?.[name] !== undefined);
    return names.map((name) => [row[name], other?.[name]] as const);
  });
  return { same: pairs.filter(([a, b]) => Object.is(a, b)).length, of: pairs.length };
}
