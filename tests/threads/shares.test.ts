import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeModules } from './modules.ts';

let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whittle-threads-'));
  await writeModules(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a scenario printed; it runs in a process of its own. Node 20 has relaxed SIMD behind an option. */
function run(scenario: string): unknown {
  const [major] = process.versions.node.split('.').map(Number) as [number];
  const options = major < 22 ? ['--experimental-wasm-relaxed-simd'] : [];
  const script = fileURLToPath(new URL('shares.mjs', import.meta.url));
  return JSON.parse(execFileSync(process.execPath, [...options, script, folder, scenario], { encoding: 'utf8' }));
}

const right = { wrong: 0, late: 0 };

describe('shares of a product that workers compute while the caller computes its own', () => {
  test('are exact after relaxed ones of the same size, and relaxed after exact ones', () => {
    const outcome = run('modules');
    // Where relaxed SIMD is missing, or rounds each product as exact sums do, nothing tells the two apart.
    expect(outcome).toMatchObject({ ...right, hasRelaxed: expect.any(Boolean), isFused: expect.any(Boolean) });
  });

  test('have the bits of one thread when operands are packed, now or beforehand, where they add to C, and if no worker delivers', () => {
    expect(run('packed')).toEqual({ plain: right, accumulated: right, panels: right, undelivered: [0, 4] });
  });

  test('use scratch memory of their own, each its, and leave the caller’s alone', () => {
    expect(run('scratch')).toEqual({ ...right, caller: Array(5).fill(true), own: Array(5).fill([true, true]) });
  });
});

describe('the memory of a worker', () => {
  test('for its result grows when it must, and is no other’s', () => {
    const outcome = run('results') as { sizes: number[]; used: number[]; refused: { at: number } };
    const [small, large] = [64 * 128 * 4, 128 * 256 * 4];
    expect(outcome).toMatchObject({ ...right, guards: [true, true] });
    expect(outcome.sizes).toEqual([small, large, large, large, large, large]);
    expect(outcome.refused).toEqual({ wrong: 0, own: 1, size: 0, at: 0 });
    const [first, ...later] = outcome.used as [number, ...number[]];
    const GUARD = 512 * 1024;
    expect(later.map((used) => used - first)).toEqual([
      GUARD + large - small,
      GUARD + large - small,
      GUARD + large - small,
      large - small,
      GUARD + large - small,
    ]);
  });

  test('is given back when it is retired: at once, or in the middle of a product once it has ended', () => {
    const gone = { ...right, left: 0, blocks: 0 };
    expect(run('retired')).toEqual([
      { ...gone, held: 3, atOnce: 1 },
      { ...gone, held: 9, atOnce: 9 },
      { ...gone, held: 6, atOnce: 2 },
    ]);
  });
});
