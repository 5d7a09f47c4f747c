// Exports networks as modules and compares the digests of their answers to a thousand samples on several JavaScript engines, in
// a page under a strict content security policy and in workerd, with those of the library on every table.
// WHITTLE_WITHOUT_CHROMIUM=1 lets Chromium be absent.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import {
  Conv2D,
  cpu,
  Dense,
  Flatten,
  MaxPool2D,
  mobileNetV2,
  quantize,
  Random,
  reference,
  Sequential,
  toNetwork,
  wasm,
} from 'whittle-ml';
import { toModule } from 'whittle-ml/export';
import { compileNetwork } from 'whittle-ml/infer';
import { inChromium } from './chromium.mjs';
import { engines, workerd } from './fetch-engines.mjs';
import { adviceOnChromium, findChromium } from './find-chromium.mjs';

const SAMPLES = 1000;
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.cache', 'modules');

const relu = { activation: 'relu' };
const softmax = { activation: 'softmax' };
const layers = {
  mlp: [new Dense(64, { ...relu, inputShape: [100] }), new Dense(64, relu), new Dense(10, softmax)],
  cnn: [
    new Conv2D(8, 3, { ...relu, inputShape: [12, 12, 1] }),
    new MaxPool2D(),
    new Conv2D(12, 3, relu),
    new Flatten(),
    new Dense(10, softmax),
  ],
};
const mobile = () =>
  mobileNetV2({ inputShape: [16, 16, 3], classes: 10, width: 0.25, stemStride: 1, blocks: 4, features: 32, seed: 1 });
const int8 = (model) => {
  const { shape } = toNetwork(model).inputs[0];
  return quantize(model, { calibration: new Random(1, 'modules').normal([50, ...shape], 0, 2) });
};
const networks = {
  mlp: int8(new Sequential(layers.mlp, { seed: 1 })),
  cnn: int8(new Sequential(layers.cnn, { seed: 1 })),
  mobile: int8(mobile()),
  real: toNetwork(mobile()),
};

/** The digest of the engine's answers, on a table of kernels. */
function digestOn(network, table) {
  const program = compileNetwork(network, 1, table);
  const x = new Float32Array(program.inputShape.reduce((product, n) => product * n, 1));
  let state = 1;
  let hash = 2166136261;
  for (let i = 0; i < SAMPLES; i++) {
    for (let j = 0; j < x.length; j++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      x[j] = (state >> 16) / 8192;
    }
    const y = program.run(x);
    for (const byte of new Uint8Array(y.buffer, y.byteOffset, y.byteLength)) hash = Math.imul(hash ^ byte, 16777619);
  }
  program.dispose();
  return (hash >>> 0).toString(16).padStart(8, '0');
}

mkdirSync(folder, { recursive: true });
const names = Object.keys(networks);
for (const name of names) writeFileSync(join(folder, `${name}.mjs`), toModule(networks[name], { name }).source);
copyFileSync(join(root, 'scripts', 'module-digests.mjs'), join(folder, 'digests.mjs'));
const SCRIPT = `import { digests } from './digests.mjs';\nconsole.log(JSON.stringify(digests()));\n`;
writeFileSync(join(folder, 'run.mjs'), SCRIPT);
const WORKER = `import { digests } from './digests.mjs';
export default { test() { console.log(JSON.stringify(digests())); } };
`;
writeFileSync(join(folder, 'worker.mjs'), WORKER);
const parts = ['worker', 'digests', ...names];
const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = (
  modules = [${parts.map((part) => `(name = "${part}.mjs", esModule = embed "${part}.mjs")`).join(', ')}],
  compatibilityDate = "2025-01-01",
))]);
`;
writeFileSync(join(folder, 'workerd.capnp'), CONFIG);

const expected = Object.fromEntries(names.map((name) => [name, digestOn(networks[name], cpu)]));
const problems = [];
const rows = [];
/** Counts what an engine found. */
function judge(title, found, problem) {
  const wrong = names.filter((name) => found?.[name] !== expected[name]);
  if (problem === undefined && wrong.length === 0) rows.push(title);
  else problems.push(`${title}: ${problem ?? wrong.map((name) => `${name} is ${found?.[name]}`).join(', ')}`);
}
const lastLine = (text) => text?.trim().split('\n').at(-1);

/** What a program printed, as JSON in one of its lines. */
function ran(title, [binary, ...args]) {
  const env = { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' };
  const { status, stdout, stderr, error } = spawnSync(binary, args, { cwd: folder, encoding: 'utf8', env });
  const line = `${stdout}\n${stderr}`.split('\n').find((each) => each.includes('{"'));
  if (status !== 0 || line === undefined)
    return judge(title, undefined, error?.message ?? `its exit status is ${status}: ${lastLine(stderr)}`);
  judge(title, JSON.parse(line.slice(line.indexOf('{'), line.lastIndexOf('}') + 1)));
}

for (const [title, table] of [
  ['the library on reference', reference],
  ['the library on wasm', wasm()],
])
  judge(title, Object.fromEntries(names.map((name) => [name, digestOn(networks[name], table)])));
for (const { title, command, missing } of engines()) {
  if (missing !== undefined) problems.push(`${title}: ${missing}`);
  else ran(title, [...command, join(folder, 'run.mjs')]);
}
const { title, command, missing } = workerd();
if (missing !== undefined) problems.push(`${title}: ${missing}`);
else ran(title, [...command, 'test', join(folder, 'workerd.capnp')]);

const chromium = findChromium();
if (chromium !== null) {
  const policy = "default-src 'self'; script-src 'self'";
  const [result] = await inChromium(chromium, [{ query: { modules: 'all' }, policy }]);
  judge(`Chromium under ${policy}`, result.digests, result.error);
} else if (process.env.WHITTLE_WITHOUT_CHROMIUM !== '1') problems.push(`Chromium: ${adviceOnChromium()}.`);

for (const name of names) console.log(`${name.padEnd(8)}${expected[name]}`);
console.log(rows.map((row) => `as on cpu: ${row}`).join('\n'));
console.log([...problems, `${rows.length} agree, ${problems.length} do not`].join('\n'));
process.exitCode = problems.length === 0 ? 0 : 1;
