import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/**
 * The published digests of the trainings in scripts/training.mjs, to which `npm run test:engines` holds other engines. A
 * change of these is a change of the bits, and belongs in the changelog.
 */
const PUBLISHED: Record<string, string> = JSON.parse(
  readFileSync(new URL('golden/digests.json', import.meta.url), 'utf8'),
);

const script = fileURLToPath(new URL('../scripts/digests.mjs', import.meta.url));
const variants = ['reference', 'cpu', 'wasm', 'wasm with 2 threads'].flatMap((title) =>
  ['off', 'on'].map((replay) => ({ title, replay })),
);

describe('training digests', () => {
  test.each(variants)('are the published ones with $title, replay $replay', ({ title, replay }) => {
    const [table = ''] = title.split(' ');
    const threads = title === table ? '1' : '2';
    const options = [script, '--table', table, '--replay', replay, '--threads', threads];
    const printed = execFileSync(process.execPath, options, { encoding: 'utf8' }).trim().split('\n');
    const name = table === 'reference' ? 'reference' : table;
    const lines = Object.entries(PUBLISHED).map((pair) => pair.join(' '));
    expect(printed).toEqual([...lines, `table ${name}: set by setBackend`]);
  });
});
