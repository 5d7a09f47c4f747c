/** The planted faults themselves (scripts/plants.mjs): code that has changed must not leave one behind that plants nothing. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Plant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly mustFail: readonly string[];
}

const root = new URL('../', import.meta.url);
const { plants } = (await import(new URL('scripts/plants-list.mjs', root).href)) as { plants: readonly Plant[] };

test('every planted fault finds its place once, changes it, and has tests that must fail', () => {
  const wrong = plants.filter(({ file, find, replace, mustFail }) => {
    const times = readFileSync(new URL(file, root), 'utf8').split(find).length - 1;
    const areThere = mustFail.length > 0 && mustFail.every((path) => existsSync(new URL(path, root)));
    return times !== 1 || find === replace || !areThere;
  });
  expect(wrong.map(({ name }) => name)).toEqual([]);
  expect(new Set(plants.map(({ name }) => name)).size).toBe(plants.length);
});
