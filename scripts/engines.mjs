// Trains on several JavaScript engines, with every exact table, eager and replayed, with one thread and two, and compares
// the digests of the weights with the published ones. Then two pages under a content security policy: the library must
// choose a table by itself, say why, and log nothing. WHITTLE_WITHOUT_CHROMIUM=1 lets Chromium be absent.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { inChromium } from './chromium.mjs';
import { engines } from './fetch-engines.mjs';
import { adviceOnChromium, findChromium } from './find-chromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const published = JSON.parse(readFileSync(join(root, 'tests/golden/digests.json'), 'utf8'));

const variants = [
  { title: 'reference', table: 'reference', replay: 'off', threads: 1 },
  { title: 'cpu eager', table: 'cpu', replay: 'off', threads: 1 },
  { title: 'cpu replayed', table: 'cpu', replay: 'on', threads: 1 },
  { title: 'wasm eager', table: 'wasm', replay: 'off', threads: 1 },
  { title: 'wasm replayed', table: 'wasm', replay: 'on', threads: 1 },
  { title: '2 threads eager', table: 'wasm', replay: 'off', threads: 2 },
  { title: '2 threads replayed', table: 'wasm', replay: 'on', threads: 2 },
];

const policies = [
  { policy: "script-src 'self'", table: 'cpu', names: 'Content Security' },
  { policy: "script-src 'self' 'wasm-unsafe-eval'", table: 'wasm', names: 'WebAssembly' },
];

const notes = [];
let passed = 0;
let failed = 0;

/** Counts a result and returns its word in the table; `problem` is a sentence, or null. */
function judge(where, found, problem = null) {
  const wrong = Object.keys(published).filter((name) => found?.[name] !== published[name]);
  if (problem === null && wrong.length === 0) {
    passed++;
    return 'ok';
  }
  failed++;
  notes.push(`${where}: ${problem ?? wrong.map((name) => `${name} is ${found[name]}`).join(', ')}`);
  return problem === null ? 'differs' : 'failed';
}

function fail(where, problem) {
  failed++;
  notes.push(`${where}: ${problem}`);
}

/** One row of the table: an engine with a command line. */
function row([binary, ...run], title) {
  return variants.map(({ table, replay, threads, title: variant }) => {
    const script = join(root, 'scripts', 'digests.mjs');
    const options = ['--table', table, '--replay', replay, '--threads', String(threads)];
    const { status, stdout, stderr, error } = spawnSync(binary, [...run, script, ...options], {
      cwd: root,
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
    });
    const last = stderr?.trim().split('\n').at(-1);
    const problem = status === 0 ? null : (error?.message ?? `its exit status is ${status}: ${last}`);
    const found = Object.fromEntries((stdout ?? '').split('\n').map((line) => line.split(' ', 2)));
    return judge(`${title}, ${variant}`, found, problem);
  });
}

async function chromiumRow(binary) {
  const asked = variants.map(({ table, replay, threads }) => ({ query: { table, replay, threads } }));
  const free = policies.map(({ policy }) => ({ query: { table: 'chosen', replay: 'on', threads: 1 }, policy }));
  const results = await inChromium(binary, [...asked, ...free]);
  const words = variants.map(({ title }, i) => {
    const { digests, error, isIsolated } = results[i];
    const problem = error ?? (isIsolated ? null : 'the page is not cross-origin isolated');
    return judge(`Chromium, ${title}`, digests, problem);
  });
  const lines = policies.map(({ policy, table, names }, i) => {
    const result = results[variants.length + i];
    const where = `Chromium under ${policy}`;
    const word = judge(where, result.digests, result.error ?? problemOf(result, table, names));
    return result.error === undefined ? `${where}: ${result.table} (${result.reason}), ${word}` : `${where}: ${word}`;
  });
  return { words, lines };
}

function problemOf({ table, reason, said, console: logged }, expected, names) {
  if (table !== expected) return `it chose ${table}, because ${reason}`;
  if (!reason.includes(names)) return `its reason does not name ${names}: ${reason}`;
  const lines = [...said, ...logged];
  return lines.length === 0 ? null : `it logged ${lines.join(' | ')}`;
}

const rows = [];
for (const { title, command, missing } of engines()) {
  if (missing === undefined) rows.push([title, ...row(command, title)]);
  else fail(title, missing);
}

const chromium = findChromium();
let policyLines = [];
if (chromium !== null) {
  const version = spawnSync(chromium, ['--version'], { encoding: 'utf8' }).stdout ?? '';
  const { words, lines } = await chromiumRow(chromium);
  rows.push([`Chromium ${/\d+/.exec(version)?.[0] ?? ''}`.trim(), ...words]);
  policyLines = lines;
} else {
  const advice = `${adviceOnChromium()}.`;
  if (process.env.WHITTLE_WITHOUT_CHROMIUM === '1') notes.push(`Chromium: ${advice} Left out, as asked.`);
  else fail('Chromium', advice);
}

const table = [['', ...variants.map(({ title }) => title)], ...rows];
const widths = table[0].map((_, column) => Math.max(...table.map((cells) => cells[column].length)));
const text = table.map((cells) =>
  cells
    .map((cell, i) => cell.padEnd(widths[i]))
    .join('  ')
    .trimEnd(),
);
console.log([...text, ...policyLines, ...notes, `${passed} passed, ${failed} failed`].join('\n'));
process.exitCode = failed === 0 ? 0 : 1;
