// Breaks the code on purpose, one fault at a time, and expects the named tests to fail. Each plant is a textual patch of one
// file; `find` must match exactly once. The repository is copied to a temporary folder first: nothing here is changed, and
// the code has no hook for this. One Vitest serves all plants, since starting it takes ten times as long as most tests; each
// file of tests runs in a process of its own. Usage: node scripts/plants.mjs [part of a plant's name]
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { createVitest } from 'vitest/node';
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
process.chdir(copy);

// A page may not read outside its folder, so plants of shaders are run in Node.
const projects = ['node', 'gpu in Node'];
const vitest = await createVitest('test', { root: copy, watch: false, bail: 1, project: projects, reporters: [{}] });

/** What a file of tests says: how many of its tests ran, and how many of them failed. */
async function run(file) {
  const specifications = await vitest.globTestSpecifications([join(copy, file)]);
  const { testModules } = await vitest.runTestSpecifications(specifications);
  const own = testModules.filter(({ moduleId }) => moduleId === join(copy, file)); // the others are of earlier runs
  const states = own.flatMap(({ children }) => [...children.allTests()].map((test) => test.result().state));
  const count = (state) => states.filter((one) => one === state).length;
  return { passed: count('passed'), failed: count('failed') };
}

function write(path, text) {
  writeFileSync(path, text);
  vitest.invalidateFile(path);
}

// The tests must pass before anything is planted, or their failing would prove nothing.
const broken = [];
for (const file of new Set(chosen.flatMap(({ mustFail }) => mustFail))) {
  const { passed, failed } = await run(file);
  if (passed === 0 || failed > 0) broken.push(`${file}: ${passed} passed, ${failed} failed`);
}
if (broken.length > 0) {
  console.error(`plants: the tests fail without any plant\n${broken.join('\n')}`);
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
  write(
    path,
    original.replace(find, () => replace),
  );
  // A test that fails to start has not noticed anything: one must have run and failed.
  const survivors = [];
  for (const test of mustFail) if ((await run(test)).failed === 0) survivors.push(test);
  write(path, original);
  if (survivors.length > 0) missed++;
  console.log(survivors.length > 0 ? `MISSED  ${name}: ${survivors.join(', ')} do not fail` : `caught  ${name}`);
}
console.log(`${chosen.length - missed} plants caught, ${missed} missed`);
await vitest.close();
process.exit(missed === 0 ? 0 : 1);
