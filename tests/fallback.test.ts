import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const PUBLISHED: Record<string, string> = JSON.parse(
  readFileSync(new URL('golden/digests.json', import.meta.url), 'utf8'),
);
const script = fileURLToPath(new URL('../scripts/digests.mjs', import.meta.url));
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whittle-fallback-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Trains in a fresh process, after `before` has changed what there is; returns what was printed, which is all of it. */
function train(flags: readonly string[], before = ''): { digests: Record<string, string>; table: string } {
  const preload = join(folder, 'before.cjs');
  writeFileSync(preload, before);
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, '--require', preload, script], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const pairs = stdout
    .trim()
    .split('\n')
    .map((line) => /^(\S+) (.*)$/.exec(line)!.slice(1) as [string, string]);
  const { table, ...digests } = Object.fromEntries(pairs);
  return { digests, table: table! };
}

describe('the table chosen by itself', () => {
  test('is wasm, and trains to the published digests', () => {
    expect(train([])).toEqual({ digests: PUBLISHED, table: 'wasm: WebAssembly may be compiled here' });
  });

  test('is wasm where code may not be made of strings: there is no eval', () => {
    const { digests, table } = train(['--disallow-code-generation-from-strings']);
    expect(digests).toEqual(PUBLISHED);
    expect(table).toMatch(/^wasm: /);
  });

  test('is cpu without WebAssembly, with the same digests', () => {
    const outcome = train([], 'delete globalThis.WebAssembly;');
    expect(outcome).toEqual({ digests: PUBLISHED, table: 'cpu: this runtime has no WebAssembly' });
  });

  test('is cpu where SIMD does not validate, with the same digests', () => {
    const outcome = train([], 'WebAssembly.validate = () => false;');
    expect(outcome).toEqual({ digests: PUBLISHED, table: 'cpu: this runtime has no WebAssembly SIMD' });
  });

  test('is cpu where modules may not be compiled, and says what the runtime said', () => {
    const { digests, table } = train(
      [],
      "WebAssembly.Module = class { constructor() { throw new WebAssembly.CompileError('forbidden by policy'); } };",
    );
    expect(digests).toEqual(PUBLISHED);
    expect(table).toBe('cpu: WebAssembly may not be compiled here: CompileError: forbidden by policy');
  });
});
