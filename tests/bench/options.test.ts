import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseOptions } from '../../bench/options.ts';
import { run } from '../../bench/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function bench(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  const text = { output: '', errors: '' };
  const sinkOf = (name: keyof typeof text) => ({
    write: (part: string): void => {
      text[name] += part;
    },
  });
  const code = await run(args, { folder, output: sinkOf('output'), errors: sinkOf('errors') });
  return { code, ...text };
}

test('without options every row is timed at full length', () => {
  const options = parseOptions([], folder);
  expect(options).toMatchObject({ help: false, filter: '', quick: false, peers: true, kernel: null, out: null });
  expect(parseOptions(['--no-peers'], folder).peers).toBe(false);
  expect(parseOptions(['--quick'], folder).settings.rounds).toBeLessThan(options.settings.rounds);
  for (const { settings } of [options, parseOptions(['--quick'], folder)]) {
    expect(settings.warmUp).toBeGreaterThanOrEqual(0.15);
  }
});

test('relative paths start at the folder of the caller', () => {
  const { kernel, out, filter } = parseOptions(['--kernel', 'mine.js', '--out=a/b.json', '--filter', 'gemm'], folder);
  expect([kernel, out, filter]).toEqual([join(folder, 'mine.js'), join(folder, 'a', 'b.json'), 'gemm']);
});

test('help lists every option', async () => {
  const { code, output } = await bench('--help');
  expect(code).toBe(0);
  for (const option of ['--filter', '--quick', '--no-peers', '--kernel', '--out', '--help'])
    expect(output).toContain(option);
});

describe('a wrong option gives one line and exit code 2', () => {
  mkdirSync(join(folder, 'folder.json'));
  writeFileSync(join(folder, 'empty.mjs'), '');
  writeFileSync(join(folder, 'broken.mjs'), 'export const gemm = ;\n');
  test.each([
    [['--fast'], "bench: Unknown option '--fast'; --help lists the options"],
    [['gemm'], "bench: Unexpected argument 'gemm'"],
    [['--out'], "bench: Option '--out <value>' argument missing"],
    [['--quick=yes'], "bench: Option '--quick' does not take an argument"],
    [['--filter', ''], 'bench: --filter is empty'],
    [['--filter', 'nothing'], `bench: no row's name contains "nothing"; there are gemm, gemmInt8, `],
    [['--out', 'results.txt'], '--out must name a .json file, got "results.txt"'],
    [['--out', 'folder.json'], 'it is a folder'],
    [['--out', 'none/results.json'], 'there is no such folder'],
    [['--out', 'r.json', '--kernel', 'none.mjs'], 'bench: cannot load '],
    [['--out', 'r.json', '--kernel', 'broken.mjs'], 'bench: cannot load '],
    [['--out', 'r.json', '--kernel', 'empty.mjs'], 'exports no kernel, such as a function gemm'],
  ])('%j', async (args, message) => {
    const { code, output, errors } = await bench(...args);
    expect(errors).toContain(message);
    expect(errors.indexOf('\n')).toBe(errors.length - 1);
    expect([code, output]).toEqual([2, '']);
  });
});

test("a reader's kernel that is wrong is not timed, the others are, and the exit code tells", async () => {
  writeFileSync(join(folder, 'wrong.mjs'), 'export const gemm = (m, n, k, a, ta, b, tb, bias, act, c) => c.fill(0);\n');
  const args = ['--out', 'r.json', '--quick', '--no-peers', '--filter', 'gemm 32x64x10', '--kernel', 'wrong.mjs'];
  const { code, output, errors } = await bench(...args);
  expect(code).toBe(1);
  expect(errors).toMatch(/^bench: own: own: gemm 32x64x10 gives 0 at \[0, 0\], should be near -?\d.*\n$/);
  expect(output).toMatch(/^ {2}own: WRONG: own: gemm/m);
  expect(output).toMatch(/^ {2}cpu +\d/m);
  const results = JSON.parse(readFileSync(join(folder, 'r.json'), 'utf8')) as { rows: { failures: unknown[] }[] };
  expect(results.rows[0]!.failures).toHaveLength(1);
  expect(existsSync(join(folder, 'r.html'))).toBe(true);
});
