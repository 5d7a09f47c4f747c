import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runInThisContext } from 'node:vm';
import { expect, test } from 'vitest';

interface Packed {
  readonly name: string;
  readonly files: readonly { readonly path: string }[];
}

const root = new URL('../../', import.meta.url);
const { faultsOf } = (await import(new URL('scripts/check-package.mjs', root).href)) as {
  faultsOf: (packed: readonly Packed[]) => string[];
};

const args = ['pack', '--workspace=whittle-cli', '--include-workspace-root', '--dry-run', '--json', '--ignore-scripts'];
const packed = JSON.parse(
  execFileSync('npm', args, { cwd: fileURLToPath(root), encoding: 'utf8', shell: process.platform === 'win32' }),
) as Packed[];

test('both packages hold what their package.json promises, and nothing else', () => {
  expect(packed.map(({ name }) => name)).toEqual(['whittle-ml', 'whittle-cli']);
  expect(faultsOf(packed)).toEqual([]);
});

test('what is missing and what is too much is named', () => {
  const [library, lab] = packed as [Packed, Packed];
  const without = { ...library, files: library.files.filter(({ path }) => !path.startsWith('dist/bundle/index')) };
  const more = { ...lab, files: [...lab.files, { path: 'dist/main.test.ts' }] };
  expect(faultsOf([without, more])).toEqual([
    'whittle-ml lacks dist/bundle/index.js',
    'whittle-cli holds dist/main.test.ts, which no user needs',
  ]);
  expect(faultsOf([library])).toEqual(['whittle-cli is not packed']);
});

test('the minified files hold all of the main entry point, and four others under their names', async () => {
  const load = async (path: string): Promise<object> => (await import(new URL(path, root).href)) as object;
  const script = readFileSync(new URL('dist/whittle.min.js', root), 'utf8');
  const made = runInThisContext(`(() => { ${script}; return whittle; })()`) as object;
  const spaces = ['data', 'io', 'infer', 'kernels'] as const;
  for (const all of [await load('dist/whittle.esm.min.js'), made] as Record<string, object>[]) {
    const names = Object.keys(await load('dist/src/index.js'));
    expect(Object.keys(all).sort()).toEqual([...names, ...spaces].sort());
    for (const space of spaces) {
      const path = space === 'kernels' ? 'dist/kernels/index.js' : `dist/src/${space}/index.js`;
      expect(Object.keys(all[space]!).sort(), space).toEqual(Object.keys(await load(path)).sort());
    }
  }
});

test('npm is told to build before it packs, and in a clone', () => {
  const scriptsOf = (path: string): Record<string, string> =>
    (JSON.parse(readFileSync(new URL(path, root), 'utf8')) as { scripts: Record<string, string> }).scripts;
  expect(scriptsOf('package.json').prepare).toBe('node scripts/build.mjs');
  expect(scriptsOf('lab/package.json').prepack).toBe('node ../scripts/build.mjs lab');
  expect(readFileSync(new URL('.npmrc', root), 'utf8')).not.toContain('ignore-scripts');
});

test('both have the same licence', () => {
  expect(readFileSync(new URL('lab/LICENSE', root), 'utf8')).toBe(readFileSync(new URL('LICENSE', root), 'utf8'));
});
