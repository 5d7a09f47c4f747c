// Breaks the code on purpose, one fault at a time, and expects the named tests to fail. Each plant is a textual patch
// of one file; `find` must match exactly once. The repository is copied to a temporary folder first: nothing here is
// changed, and the code has no hook for this. Usage: node scripts/plants.mjs [part of a plant's name]
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plants } from './plants-list.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = process.argv[2] ?? '';
const chosen = plants.filter(({ name }) => name.includes(wanted));
if (chosen.length === 0) {
  console.error(`plants: no plant is called like ${JSON.stringify(wanted)}`);
  process.exit(2);
}

const copy = mkdtempSync(join(tmpdir(), 'whittle-plants-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
for (const entry of [
  'src',
  'kernels',
  'tests',
  'bench',
  'data',
  'scripts',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
]) {
  cpSync(join(root, entry), join(copy, entry), {
    recursive: true,
    filter: (path) => !/[\\/](dist|node_modules)([\\/]|$)/.test(path),
  });
}
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');

function run(files) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const projects = ['--project', 'node', '--project', 'gpu in Node']; // a page may not read outside its folder
  return spawnSync(process.execPath, [vitest, 'run', '--bail=1', ...projects, ...files], {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, CI: 'true', NO_COLOR: '1' },
  });
}

// The tests must pass before anything is planted, or their failing would prove nothing.
const files = [...new Set(chosen.flatMap(({ mustFail }) => mustFail))];
const clean = run(files);
if (clean.status !== 0) {
  console.error(
    `plants: the tests fail without any plant\n${clean.stdout.slice(-2000)}\n${clean.stderr.slice(0, 1500)}`,
  );
  process.exit(1);
}

let missed = 0;
for (const { name, file, find, replace, mustFail } of chosen) {
  const path = join(copy, file);
  const original = readFileSync(path, 'utf8');
  const places = original.split(find).length - 1;
  if (places !== 1) {
    console.log(`BROKEN  ${name}: its text is found ${places} times in ${file}`);
    missed++;
    continue;
  }
  writeFileSync(
    path,
    original.replace(find, () => replace),
  );
  // A test that fails to start has not noticed anything: one must have run and failed.
  const survivors = mustFail.filter((test) => !/Tests\s.*\d+ failed/.test(run([test]).stdout));
  writeFileSync(path, original);
  if (survivors.length > 0) missed++;
  console.log(survivors.length > 0 ? `MISSED  ${name}: ${survivors.join(', ')} do not fail` : `caught  ${name}`);
}
console.log(`${chosen.length - missed} plants caught, ${missed} missed`);
process.exit(missed === 0 ? 0 : 1);
