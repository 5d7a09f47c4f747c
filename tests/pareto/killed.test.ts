import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const program = fileURLToPath(new URL('killed.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'whittle-killed-'));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (path: string, lines: number, isWithin: boolean, workers = 0) =>
  spawnSync(process.execPath, [program, path, String(lines), String(isWithin), String(workers)], { encoding: 'utf8' });

const wholeLines = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];

test('a search whose process is killed twenty times loses no point, and ends as one that was not, to the bit', () => {
  const calm = join(folder, 'calm');
  const { status, stderr } = run(calm, -1, false);
  expect([status, stderr]).toEqual([0, '']);
  const path = join(folder, 'killed');
  let before: string[] = [];
  for (let kill = 0; kill < 20; kill++) {
    const lines = [1, 0, 2, 1][kill % 4]!;
    const { signal } = run(path, lines, kill % 3 !== 0, kill % 5 === 4 ? 2 : 0);
    expect(signal).toBe('SIGKILL');
    const now = wholeLines(path);
    expect(now.slice(0, before.length)).toEqual(before);
    expect(now).toHaveLength(before.length + lines);
    before = now;
  }
  expect(run(path, -1, false).status).toBe(0);
  expect(readFileSync(`${path}.json`, 'utf8')).toBe(readFileSync(`${calm}.json`, 'utf8'));
  expect(wholeLines(path).sort()).toEqual(wholeLines(calm).sort());
}, 300_000);
