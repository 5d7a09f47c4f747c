import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder = '';

const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const read = (path: string): string => readFileSync(join(folder, path), 'utf8');

/** Builds: exit code and what it says. */
function build(target = 'library', where = folder): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(where, 'scripts/build.mjs'), target]);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        said += text;
      });
    }
    child.on('close', (code) => resolve({ code, said }));
  });
}

/** When an output was made: a build that makes nothing leaves it. */
const madeAt = (): number => statSync(join(folder, 'dist/src/index.js')).mtimeMs;

async function expectToBuild(): Promise<void> {
  const before = madeAt();
  expect(await build()).toEqual({ code: 0, said: '' });
  expect(madeAt()).toBeGreaterThan(before);
}

/** Stands in for the compiler, which takes seconds: copies, and finds a fault in a file that says so. */
const COMPILER = `
const { cpSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const out = process.argv[process.argv.indexOf('--outDir') + 1];
for (const folder of ['src', 'kernels']) cpSync(folder, join(out, folder), { recursive: true });
if (readFileSync('src/index.js', 'utf8').includes('fault')) { console.log('src/index.js: a fault'); process.exit(2); }
`;

/** A library like this one, but small. Its sources are JavaScript already. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whittle-build-'));
  for (const path of [
    'scripts/build.mjs',
    'scripts/bundle.mjs',
    'package.json',
    'lab/package.json',
    'tsconfig.build.json',
  ]) {
    cpSync(join(root, path), join(folder, path));
  }
  write('node_modules/typescript/package.json', '{ "version": "1.0.0" }');
  write('node_modules/typescript/bin/tsc', COMPILER);
  symlinkSync(join(root, 'node_modules/rolldown'), join(folder, 'node_modules/rolldown'), 'dir');
  const { exports } = JSON.parse(read('package.json')) as {
    exports: Record<string, { node?: string; default: string }>;
  };
  for (const { node, default: file } of Object.values(exports)) {
    if (node !== undefined) write(file.replace('./dist/', ''), 'export const name = "?";\n');
  }
  write('src/threads/worker.js', 'export {};\n');
  write('src/pareto/trial-worker.js', 'export {};\n');
  write('src/index.js', 'export const answer = 42;\n');
  expect(await build()).toEqual({ code: 0, said: '' });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a build', () => {
  test('makes nothing where nothing has changed', async () => {
    const before = madeAt();
    expect(await build()).toEqual({ code: 0, said: '' });
    expect(madeAt()).toBe(before);
  });

  test('follows a changed source, and what a removed one has left goes', async () => {
    write('src/index.js', "export const answer = 43;\nexport { more } from './more.js';\n");
    write('src/more.js', 'export const more = 1;\n');
    await expectToBuild();
    expect(existsSync(join(folder, 'dist/src/more.js'))).toBe(true);
    for (const file of [
      'dist/src/index.js',
      'dist/bundle/index.js',
      'dist/whittle.esm.min.js',
      'dist/whittle.min.js',
    ]) {
      expect(read(file), file).toContain('43');
    }
    expect(read('dist/whittle.min.js')).toMatch(/^\/\*! whittle-ml [\d.]+, MIT licence \*\/\nvar whittle=/);
    rmSync(join(folder, 'src/more.js'));
    write('src/index.js', 'export const answer = 44;\n');
    await expectToBuild();
    expect(readdirSync(join(folder, 'dist/src')).filter((name) => name.startsWith('more'))).toEqual([]);
  });

  test('brings back an output that is gone or was changed', async () => {
    rmSync(join(folder, 'dist/whittle.min.js'));
    write('dist/src/index.js', 'export const answer = 0;\n');
    await expectToBuild();
    expect(read('dist/whittle.min.js')).toContain('44');
    expect(read('dist/src/index.js')).toContain('44');
  });

  test('follows the settings of the compiler, and its version', async () => {
    write('tsconfig.build.json', read('tsconfig.build.json').replace('"sourceMap": true', '"sourceMap": false'));
    await expectToBuild();
    write('node_modules/typescript/package.json', '{ "version": "1.0.1" }');
    await expectToBuild();
  });

  test('that does not compile says so, changes nothing, and is not taken for done', async () => {
    const good = read('src/index.js');
    write('src/index.js', '// a fault\n');
    for (let i = 0; i < 2; i++) {
      const { code, said } = await build();
      expect(code).toBe(1);
      expect(said).toMatch(/^src\/index\.js: a fault\nbuild: the compiler finds faults \(tsconfig\.build\.json\)/);
      expect(read('dist/src/index.js')).toContain('44');
    }
    write('src/index.js', good);
    expect(await build()).toEqual({ code: 0, said: '' });
  });

  test('and another at the same time both end well, and leave nothing else', async () => {
    write('src/index.js', 'export const answer = 45;\n');
    const results = await Promise.all([build(), build()]);
    expect(results).toEqual([
      { code: 0, said: '' },
      { code: 0, said: '' },
    ]);
    expect(read('dist/whittle.min.js')).toContain('45');
    expect(readdirSync(folder).filter((name) => name.startsWith('dist'))).toEqual(['dist']);
    const before = madeAt();
    await build();
    expect(madeAt()).toBe(before);
  });

  test('makes the same bytes whatever folder they were made in', async () => {
    const files = readdirSync(join(folder, 'dist'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(folder, 'dist', name)).isFile(),
    );
    const contents = () => files.map((name) => [name, read(join('dist', name))]);
    const before = contents();
    expect(before.length).toBeGreaterThan(10);
    rmSync(join(folder, 'dist'), { recursive: true });
    expect(await build()).toEqual({ code: 0, said: '' });
    expect(contents()).toEqual(before);
  });

  test('refuses the command line of another version, an unknown target, and a folder without tools', async () => {
    const manifest = read('lab/package.json');
    write('lab/package.json', manifest.replace(/"whittle-ml": "[\d.]+"/, '"whittle-ml": "0.0.1"'));
    expect(await build('lab')).toEqual({
      code: 1,
      said: expect.stringMatching(
        /^build: whittle-cli [\d.]+ wants whittle-ml 0\.0\.1, and this is [\d.]+: write .*\n$/,
      ),
    });
    write('lab/package.json', manifest);
    expect(await build('labs')).toEqual({ code: 1, said: 'build: there is no labs: library, lab, bench\n' });
    const bare = mkdtempSync(join(tmpdir(), 'whittle-bare-'));
    cpSync(join(root, 'scripts/build.mjs'), join(bare, 'scripts/build.mjs'));
    const { code, said } = await build('library', bare);
    rmSync(bare, { recursive: true });
    expect({ code, said }).toEqual({
      code: 1,
      said: 'build: it needs typescript, which is not installed here: run npm install first, without --omit=dev\n',
    });
  });
});
