// Exports networks as modules and as C, and compares the digests of their answers to a thousand samples with that of the
// library: on its three tables, on machines that C is built for, on JavaScript engines, in a page under a strict content
// security policy and in workerd. WHITTLE_WITHOUT_CHROMIUM=1 lets Chromium be absent; a compiler that is absent is a failure
// in CI and with REQUIRE_C=1.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { toC, toModule } from '../dist/src/export/index.js';
import { testDigest } from '../dist/src/export/self-test.js';
import * as library from '../dist/src/index.js';
import { AVR, areToolsAsked, CORTEX_M4, digestOn, missingOf, RISC_V, X86 } from './boards.mjs';
import { inChromium } from './chromium.mjs';
import { networksBy, SAMPLES } from './exported-networks.mjs';
import { engines, workerd } from './fetch-engines.mjs';
import { adviceOnChromium, findChromium } from './find-chromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.cache', 'modules');
const { cpu, reference, wasm } = library;

const networks = networksBy(library).networks.map(({ name, isSmall = false, make }) => ({
  ...{ name, isSmall, network: make() },
}));
const names = networks.map(({ name }) => name);
const digestsOn = (table) =>
  Object.fromEntries(
    networks.map(({ name, network }) => [name, testDigest(network, SAMPLES, table).toString(16).padStart(8, '0')]),
  );

const write = (name, text) => {
  const path = join(folder, name);
  if (text !== undefined) writeFileSync(path, text);
  return path;
};
mkdirSync(folder, { recursive: true });
for (const { name, network } of networks) write(`${name}.mjs`, toModule(network, { name }).source);
write('modules.mjs', names.map((name) => `export * as ${name} from './${name}.mjs';\n`).join(''));
copyFileSync(join(root, 'scripts', 'module-digests.mjs'), write('digests.mjs'));
const SCRIPT = `import { digests } from './digests.mjs';\nconsole.log(JSON.stringify(digests(${SAMPLES})));\n`;
write('run.mjs', SCRIPT);
const WORKER = `import { digests } from './digests.mjs';
export default { test() { console.log(JSON.stringify(digests(${SAMPLES}))); } };
`;
write('worker.mjs', WORKER);
const parts = ['worker', 'digests', 'modules', ...names];
const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = (
  modules = [${parts.map((part) => `(name = "${part}.mjs", esModule = embed "${part}.mjs")`).join(', ')}],
  compatibilityDate = "2025-01-01",
))]);
`;
write('workerd.capnp', CONFIG);

const expected = digestsOn(cpu);
const rows = [
  ['', ...names],
  ['the library on cpu', ...names.map((name) => expected[name])],
];
const problems = [];
const notes = [];
/** Adds a row: what a machine found for the networks that it was asked for. */
function judge(title, found, problem, asked = names) {
  if (problem !== undefined) problems.push(`${title}: ${problem}`);
  const cells = names.map((name) => {
    if (!asked.includes(name)) return '-';
    if (problem !== undefined) return 'failed';
    if (found[name] === expected[name]) return 'same';
    problems.push(`${title}: ${name} is ${found[name]}`);
    return found[name] ?? 'none';
  });
  rows.push([title, ...cells]);
}
const lastLine = (text) => text?.trim().split('\n').at(-1);

/** C of networks, built for a board and run there. */
function onBoard({ title, ...board }, asked) {
  const missing = missingOf(board.tools);
  if (missing !== null) {
    rows.push([title, ...names.map(() => 'absent')]);
    (areToolsAsked() ? problems : notes).push(`${title}: ${missing}`);
    return;
  }
  const found = {};
  try {
    for (const { name, network } of asked)
      found[name] = digestOn(board, { name, ...toC(network, { name }) }, SAMPLES, write);
  } catch (error) {
    judge(title, found, lastLine(String(error.message)));
    return;
  }
  judge(
    title,
    found,
    undefined,
    asked.map(({ name }) => name),
  );
}

/** What a program printed, as JSON in one of its lines. */
function ran(title, [binary, ...args]) {
  const env = { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' };
  const { status, stdout, stderr, error } = spawnSync(binary, args, { cwd: folder, encoding: 'utf8', env });
  const line = `${stdout}\n${stderr}`.split('\n').find((each) => each.includes('{"'));
  if (status !== 0 || line === undefined)
    judge(title, {}, error?.message ?? `its exit status is ${status}: ${lastLine(stderr)}`);
  else judge(title, JSON.parse(line.slice(line.indexOf('{'), line.lastIndexOf('}') + 1)));
}

judge('the library on reference', digestsOn(reference));
judge('the library on wasm', digestsOn(wasm()));
for (const board of [X86, CORTEX_M4, RISC_V]) onBoard(board, networks);
onBoard(
  AVR,
  networks.filter(({ isSmall }) => isSmall),
);
for (const { title, command, missing } of engines()) {
  if (missing !== undefined) judge(title, {}, missing);
  else ran(`module in ${title}`, [...command, write('run.mjs')]);
}
const { title, command, missing } = workerd();
if (missing !== undefined) judge(title, {}, missing);
else ran(`module in ${title}`, [...command, 'test', write('workerd.capnp')]);

const chromium = findChromium();
if (chromium !== null) {
  const policy = "default-src 'self'; script-src 'self'";
  const [result] = await inChromium(chromium, [{ query: { modules: 'all' }, policy }]);
  judge(`module in Chromium under script-src 'self'`, result.digests, result.error);
} else if (process.env.WHITTLE_WITHOUT_CHROMIUM === '1') notes.push('Chromium: left out, as asked');
else judge('module in Chromium', {}, `${adviceOnChromium()}.`);

const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
const padded = (cells) => cells.map((cell, i) => cell.padEnd(widths[i])).join('  ');
const lines = rows.map((cells) => padded(cells).trimEnd());
const same = rows.slice(2).flatMap((cells) => cells.filter((cell) => cell === 'same')).length;
console.log([...lines, ...notes, ...problems, `${same} digests agree, ${problems.length} problems`].join('\n'));
process.exitCode = problems.length === 0 ? 0 : 1;
